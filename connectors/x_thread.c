#include "x_thread.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "x_post.h"
#include "x_session.h"

#define CLIMB_MOST   60
#define PAGES_MOST   30
#define SEARCH_MOST  100
#define SEARCH_LEAST 10
#define WEEK_S       (7 * 86400 - 600)
#define POST_PRICE   5000 /* of a post, in millionths of a dollar */

/* ---- posts by their ids ---- */

static bool ask_ids(const struct connector_ctx *ctx, const struct text *ids, size_t n,
		    struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf list = { .max_bytes = LIMIT_URL_BYTES };
	struct strbuf b;

	for (size_t i = 0; i < n && i < X_RECHECK_BATCH; i++) {
		strbuf_printf(&list, "%s%.*s", i > 0 ? "," : "", TEXT_ARG(ids[i]));
	}
	x_url_start(ctx, &b, "/2/tweets");
	x_url_add(&b, "ids", strbuf_text(&list));
	x_url_add_fields(ctx, &b);
	return x_url_finish(ctx, &b, HTTP_GET, TEXT_NONE, ret, err);
}

static bool is_about(struct arena *a, struct text problem, struct text id)
{
	static const char *const names[] = { "resource_id", "value" };
	struct text inner, said;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (jx_member(problem, text_of(names[i]), &inner) &&
		    jx_slice_text(a, inner, &said) && text_eq(said, id)) {
			return true;
		}
	}
	return false;
}

/* Asked, and X says that there is none. Protected and suspended ones are hidden, not gone. */
static void gone_note(const struct connector_ctx *ctx, const struct x_page *page,
		      const struct text *asked, size_t n, struct outcome *ret)
{
	for (size_t i = 0; i < page->n_errors; i++) {
		if (!x_problem_is(ctx->arena, page->errors[i], "/resource-not-found")) {
			continue;
		}
		for (size_t k = 0; k < n; k++) {
			if (is_about(ctx->arena, page->errors[i], asked[k])) {
				outcome_add_gone(ctx->arena, ret, asked[k]);
				break;
			}
		}
	}
}

static bool read_page(const struct connector_ctx *ctx, const struct response *r, bool keeps_stale,
		      struct outcome *ret, struct x_page *page, struct err *err)
{
	const struct x_reading how = { .keeps_stale = keeps_stale };
	struct text body;

	ret->read_price = POST_PRICE;
	return x_check(ctx, r, ret, err) && page_scan(r, &body, err) &&
	       x_page_read(ctx, &how, body, ret, page, err);
}

/* ---- recheck: the state lists the newest ids of what was edited ---- */

static size_t list_load(struct arena *a, struct text state, struct text *ret, size_t most)
{
	struct text value, *slices;
	size_t n, n_good = 0;

	if (!jx_scan(state, &value, NULL) || !jx_elements(a, value, &slices, &n, NULL)) {
		return 0;
	}
	for (size_t i = 0; i < n && n_good < most; i++) {
		n_good += jx_slice_text(a, slices[i], &ret[n_good]) && x_is_number(ret[n_good]);
	}
	return n_good;
}

static struct text list_save(struct arena *a, const struct text *ids, size_t n)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_add_byte(&b, '[');
	for (size_t i = 0; i < n; i++) {
		strbuf_printf(&b, "%s\"%.*s\"", i > 0 ? "," : "", TEXT_ARG(ids[i]));
	}
	strbuf_add_byte(&b, ']');
	return text_dup(a, strbuf_text(&b));
}

static size_t subjects_of(const struct connector_ctx *ctx, const struct question *q,
			  struct text *ret)
{
	size_t n = 0;

	if (q->state.len > 0) {
		return list_load(ctx->arena, q->state, ret, X_RECHECK_BATCH);
	}
	for (size_t i = 0; i < q->n_subjects && n < X_RECHECK_BATCH; i++) {
		if (x_is_number(q->subjects[i])) { /* not a direct message */
			ret[n++] = q->subjects[i];
		}
	}
	return n;
}

bool x_recheck_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		   struct err *err)
{
	struct text ids[X_RECHECK_BATCH];
	size_t n = subjects_of(ctx, q, ids);

	return n == 0 || ask_ids(ctx, ids, n, ret, err); /* direct messages have no such question */
}

bool x_recheck_digest(const struct connector_ctx *ctx, const struct question *q,
		      const struct response *r, struct outcome *ret, struct err *err)
{
	struct text ids[X_RECHECK_BATCH];
	size_t n = subjects_of(ctx, q, ids);
	bool is_second = q->state.len > 0;
	struct x_page page;

	if (n == 0 && r->status == 204) {
		return true;
	}
	if (x_is_wrong_word(ctx, r) && x_words_turn(ctx, /* is_again= */ false, ret)) {
		return true; /* asked again with the next round */
	}
	if (!read_page(ctx, r, is_second, ret, &page, err)) {
		return false;
	}
	gone_note(ctx, &page, ids, n, ret);
	if (page.n_stale > 0 && !is_second) {
		ret->is_more = true;
		ret->state =
			list_save(ctx->arena, page.stale,
				  page.n_stale < X_RECHECK_BATCH ? page.n_stale : X_RECHECK_BATCH);
	}
	return true;
}

/* ---- threads ---- */

/* The state: which post is looked at, or how far the search is. */
struct thread {
	struct text look, conversation, next, turtle;
	int64_t depth, n_pages;
};

static void thread_load(struct arena *a, const struct question *q, struct thread *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct thread){ .look = q->n_subjects > 0 ? q->subjects[0] : TEXT_NONE };
	if (q->state.len > 0 && jx_parse(a, q->state, &v, &doc, NULL)) {
		ret->look = jx_text_or(a, v, "look", TEXT_NONE);
		ret->conversation = jx_text_or(a, v, "conversation", TEXT_NONE);
		ret->next = jx_text_or(a, v, "next", TEXT_NONE);
		ret->turtle = jx_text_or(a, v, "turtle", TEXT_NONE);
		ret->depth = jx_i64_or(v, "depth", 0);
		ret->n_pages = jx_i64_or(v, "pages", 0);
		jx_release(&doc);
	}
}

static struct text thread_save(struct arena *a, const struct thread *t)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"depth\":%d,\"pages\":%d,\"conversation\":", (int)t->depth,
		      (int)t->n_pages);
	strbuf_add_json(&b, t->conversation);
	strbuf_add_str(&b, ",\"look\":");
	strbuf_add_json(&b, t->look);
	strbuf_add_str(&b, ",\"next\":");
	strbuf_add_json(&b, t->next);
	strbuf_add_str(&b, ",\"turtle\":");
	strbuf_add_json(&b, t->turtle);
	strbuf_add_byte(&b, '}');
	return b.is_full ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}

static int search_size(const struct question *q)
{
	int n = page_size(q, SEARCH_MOST);

	return n < SEARCH_LEAST ? SEARCH_LEAST : n;
}

bool x_thread_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		  struct err *err)
{
	struct thread t;
	struct strbuf b;

	thread_load(ctx->arena, q, &t);
	if (t.look.len > 0 || t.conversation.len == 0) {
		/* A direct message has no thread but its conversation, which is read as a whole. */
		return !x_is_number(t.look) || ask_ids(ctx, &t.look, 1, ret, err);
	}
	x_url_start(ctx, &b, "/2/tweets/search/recent");
	x_url_add(&b, "query",
		  text_printf(ctx->arena, "conversation_id:%.*s", TEXT_ARG(t.conversation)));
	x_url_add(&b, "max_results", text_printf(ctx->arena, "%d", search_size(q)));
	x_url_add_fields(ctx, &b);
	if (t.next.len > 0) {
		x_url_add(&b, "next_token", t.next);
	}
	return x_url_finish(ctx, &b, HTTP_GET, TEXT_NONE, ret, err);
}

static const struct message *found(const struct outcome *o, struct text id)
{
	for (size_t i = 0; i < o->n_messages; i++) {
		if (text_eq(o->messages[i].external_id, id)) {
			return &o->messages[i];
		}
	}
	return NULL;
}

/* The next post above what this answer brought; empty: it reaches up to the root, or to what nobody can see. */
static struct text above(const struct outcome *o, const struct x_page *page, struct text from)
{
	const struct message *m = o->n_messages > 0 ? &o->messages[0] : NULL;

	for (int i = 0; m != NULL && i < CLIMB_MOST; i++) {
		if (m->parent_id.len == 0 || text_eq(m->parent_id, from)) {
			return TEXT_NONE;
		}
		if (found(o, m->parent_id) == NULL) {
			for (size_t k = 0; k < page->n_errors; k++) {
				if (text_find(page->errors[k], m->parent_id, 0) != SIZE_MAX) {
					return TEXT_NONE;
				}
			}
			return m->parent_id;
		}
		m = found(o, m->parent_id);
	}
	return TEXT_NONE;
}

static bool looked(const struct connector_ctx *ctx, struct thread *t, const struct response *r,
		   struct outcome *ret, struct err *err)
{
	struct wall week = wall_add(ctx->now, DUR_S(-WEEK_S));
	struct x_page page;
	struct text up;

	if (!read_page(ctx, r, /* keeps_stale= */ false, ret, &page, err)) {
		return false;
	}
	gone_note(ctx, &page, &t->look, 1, ret);
	if (t->depth == 0) {
		t->conversation = x_is_number(page.conversation) ? page.conversation : TEXT_NONE;
	}
	if (page.n_stale > 0 && t->depth < CLIMB_MOST) {
		t->look = page.stale[0];
		t->depth++;
		return true;
	}
	up = above(ret, &page, t->look);
	/* What is younger than a week is found by the search. */
	t->look = x_is_number(up) && t->depth < CLIMB_MOST && wall_is_set(x_id_time(up)) &&
				  wall_before(x_id_time(up), week)
			  ? up
			  : TEXT_NONE;
	t->depth++;
	return true;
}

static bool searched(const struct connector_ctx *ctx, struct thread *t, const struct response *r,
		     struct outcome *ret, struct err *err)
{
	struct x_page page;

	if (r->status ==
	    400) { /* the plan knows no such search: what names us is heard all the same */
		t->conversation = TEXT_NONE;
		return true;
	}
	if (!read_page(ctx, r, /* keeps_stale= */ true, ret, &page, err)) {
		return false;
	}
	if (page.next.len == 0 || text_eq(page.next, t->next) || text_eq(page.next, t->turtle) ||
	    ++t->n_pages >= PAGES_MOST) {
		t->conversation = TEXT_NONE;
		return true;
	}
	if ((t->n_pages & (t->n_pages - 1)) == 0) {
		t->turtle = page.next;
	}
	t->next = page.next;
	return true;
}

bool x_thread_digest(const struct connector_ctx *ctx, const struct question *q,
		     const struct response *r, struct outcome *ret, struct err *err)
{
	struct thread t;
	bool is_look;

	thread_load(ctx->arena, q, &t);
	is_look = t.look.len > 0 || t.conversation.len == 0;
	if (is_look && !x_is_number(t.look)) {
		return true;
	}
	if (x_is_wrong_word(ctx, r) && x_words_turn(ctx, /* is_again= */ false, ret)) {
		ret->state = thread_save(ctx->arena, &t);
		ret->is_more = true;
		return true;
	}
	if (is_look ? !looked(ctx, &t, r, ret, err) : !searched(ctx, &t, r, ret, err)) {
		return false;
	}
	ret->is_more = t.look.len > 0 || t.conversation.len > 0;
	ret->state = ret->is_more ? thread_save(ctx->arena, &t) : TEXT_NONE;
	return true;
}
