#include "reddit_thread.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "reddit_session.h"
#include "reddit_thing.h"

#define TREE_MOST  500
#define MORE_EACH  100
#define KEPT_BYTES 12 /* of an id that is kept in the state */
#define STEPS_MOST 40

/* ---- recheck ---- */

static bool has_name(const struct question *q)
{
	for (size_t i = 0; i < q->n_subjects; i++) {
		if (reddit_is_name(q->subjects[i], '1') || reddit_is_name(q->subjects[i], '3')) {
			return true;
		}
	}
	return false;
}

bool reddit_recheck_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct strbuf b;
	size_t n = 0;

	if (!has_name(q)) {
		return true; /* private messages cannot be asked for */
	}
	reddit_url_start(ctx, &b, "/api/info?id=");
	for (size_t i = 0; i < q->n_subjects && n < REDDIT_RECHECK_BATCH; i++) {
		if (reddit_is_name(q->subjects[i], '1') || reddit_is_name(q->subjects[i], '3')) {
			strbuf_printf(&b, "%s%.*s", n++ > 0 ? "," : "", TEXT_ARG(q->subjects[i]));
		}
	}
	return reddit_url_finish(ctx, &b, ret, err);
}

bool reddit_recheck_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct reddit_page page;
	struct text body;

	if (r->status == 204 && !has_name(q)) {
		return true;
	}
	return reddit_check(ctx, r, ret, err) && page_scan(r, &body, err) &&
	       reddit_page_read(ctx, /* is_watch= */ false, body, ret, &page, err);
}

/* ---- threads ---- */

/* The state: the post, what is still to be fetched, and how many steps were taken. */
struct thread {
	struct text look; /* a comment whose post is not known yet */
	struct text link; /* "t3_abc" */
	bool is_read;     /* the tree itself */
	struct text *more, *deep;
	size_t n_more, n_deep;
	int64_t n_steps;
};

static size_t ids_load(struct arena *a, struct jx list, size_t most, struct text **ret)
{
	size_t n = 0;

	*ret = ARENA_ARRAY(a, struct text, most);
	for (size_t i = 0; i < jx_len(list) && n < most; i++) {
		n += jx_as_text(a, jx_at(list, i), &(*ret)[n]) &&
		     reddit_is_name(text_printf(a, "t1_%.*s", TEXT_ARG((*ret)[n])), '1');
	}
	return n;
}

static void thread_load(struct arena *a, const struct question *q, struct thread *ret)
{
	struct text subject = q->n_subjects > 0 ? q->subjects[0] : TEXT_NONE;
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct thread){ .look = reddit_is_name(subject, '1') ? subject : TEXT_NONE,
				.link = reddit_is_name(subject, '3') ? subject : TEXT_NONE };
	if (q->state.len == 0 || !jx_parse(a, q->state, &v, &doc, NULL)) {
		return;
	}
	ret->look = TEXT_NONE;
	ret->link = jx_text_or(a, v, "link", TEXT_NONE);
	ret->is_read = jx_bool_or(v, "read", false);
	ret->n_steps = jx_i64_or(v, "steps", 0);
	ret->n_more = ids_load(a, jx_get(v, "more"), REDDIT_MORE_MOST, &ret->more);
	ret->n_deep = ids_load(a, jx_get(v, "deep"), REDDIT_MORE_MOST, &ret->deep);
	jx_release(&doc);
}

static void ids_save(struct strbuf *b, const char *name, const struct text *ids, size_t n)
{
	bool is_first = true;

	strbuf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		if (ids[i].len <= KEPT_BYTES) {
			strbuf_printf(b, "%s\"%.*s\"", is_first ? "" : ",", TEXT_ARG(ids[i]));
			is_first = false;
		}
	}
	strbuf_add_byte(b, ']');
}

static struct text thread_save(struct arena *a, const struct thread *t)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"link\":\"%.*s\",\"read\":%s,\"steps\":%d", TEXT_ARG(t->link),
		      t->is_read ? "true" : "false", (int)t->n_steps);
	ids_save(&b, "more", t->more, t->n_more);
	ids_save(&b, "deep", t->deep, t->n_deep);
	strbuf_add_byte(&b, '}');
	return b.is_full ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}

bool reddit_thread_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct thread t;
	struct strbuf b;

	thread_load(ctx->arena, q, &t);
	if (t.look.len > 0) {
		reddit_url_start(ctx, &b, "/api/info?id=");
		strbuf_add(&b, t.look);
		return reddit_url_finish(ctx, &b, ret, err);
	}
	if (!reddit_is_name(t.link, '3')) {
		return true; /* a private message: its exchange is read as a whole */
	}
	if (t.is_read && t.n_more > 0) {
		reddit_url_start(ctx, &b,
				 "/api/morechildren?api_type=json&limit_children=false&link_id=");
		strbuf_printf(&b, "%.*s&children=", TEXT_ARG(t.link));
		for (size_t i = 0; i < t.n_more && i < MORE_EACH; i++) {
			strbuf_printf(&b, "%s%.*s", i > 0 ? "," : "", TEXT_ARG(t.more[i]));
		}
		return reddit_url_finish(ctx, &b, ret, err);
	}
	reddit_url_start(ctx, &b, "/comments/");
	strbuf_printf(&b, "%.*s?sort=new&limit=%d", TEXT_ARG(text_slice(t.link, 3, SIZE_MAX)),
		      page_size(q, TREE_MOST));
	if (t.is_read && t.n_deep > 0) {
		strbuf_printf(&b, "&comment=%.*s", TEXT_ARG(t.deep[0]));
	}
	return reddit_url_finish(ctx, &b, ret, err);
}

static struct text *joined(struct arena *a, const struct text *rest, size_t n_rest,
			   const struct text *fresh, size_t n_fresh, size_t *ret_n)
{
	struct text *all = ARENA_ARRAY(a, struct text, n_rest + n_fresh);

	*ret_n = 0;
	for (size_t i = 0; i < n_rest + n_fresh && *ret_n < REDDIT_MORE_MOST; i++) {
		all[(*ret_n)++] = i < n_rest ? rest[i] : fresh[i - n_rest];
	}
	return all;
}

bool reddit_thread_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct reddit_page page;
	size_t took_more = 0, took_deep = 0;
	struct thread t;
	struct text body;

	thread_load(ctx->arena, q, &t);
	if (t.look.len == 0 && !reddit_is_name(t.link, '3')) {
		return true;
	}
	if ((r->status == 403 || r->status == 404) && !page_is_html(r)) {
		return true; /* private, banned, or only this post is: what is known stays */
	}
	if (!reddit_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !reddit_page_read(ctx, /* is_watch= */ false, body, ret, &page, err)) {
		return false;
	}
	if (t.look.len > 0) {
		t.look = TEXT_NONE;
		t.link = page.link;
	} else if (!t.is_read) {
		t.is_read = true;
	} else if (t.n_more > 0) {
		took_more = t.n_more < MORE_EACH ? t.n_more : MORE_EACH;
	} else {
		took_deep = t.n_deep > 0;
	}
	page.is_cut = page.is_cut || t.n_more - took_more + page.n_more > REDDIT_MORE_MOST;
	t.more = joined(ctx->arena, t.more + took_more, t.n_more - took_more, page.more,
			page.n_more, &t.n_more);
	/* Asked for what is below it, a comment may be named again: then there is no more. */
	t.deep = joined(ctx->arena, t.deep + took_deep, t.n_deep - took_deep, page.deep,
			took_deep > 0 ? 0 : page.n_deep, &t.n_deep);
	t.n_steps++;
	ret->is_more = t.n_steps < STEPS_MOST && reddit_is_name(t.link, '3') &&
		       (!t.is_read || t.n_more > 0 || t.n_deep > 0);
	ret->state = ret->is_more ? thread_save(ctx->arena, &t) : TEXT_NONE;
	ret->is_more = ret->is_more && ret->state.len > 0;
	if (page.is_cut || (!ret->is_more && (t.n_more > 0 || t.n_deep > 0))) {
		outcome_add_bad(ctx->arena, ret, t.link, t.link,
				"a thread of more comments than are read: see it there");
	}
	return true;
}
