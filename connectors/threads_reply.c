#include "threads_reply.h"

#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "threads_post.h"

#define FORM_BYTES    ((size_t)8 * LIMIT_MESSAGE_BYTES)
#define LOOK_BEFORE_S 300
#define LOOK_MOST     50
#define PAGES_MOST    40

/* Emoji count as many as their bytes, says Meta; letters of all languages count one. */
void threads_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		     int64_t *ret_most)
{
	int64_t n = 0;

	(void)ctx;
	for (size_t i = 0; i < p->text.len; i++) {
		unsigned char c = (unsigned char)p->text.at[i];

		n += c >= 0xf0 ? 4 : (c & 0xc0) != 0x80;
	}
	*ret_length = n;
	*ret_most = THREADS_TEXT_MOST;
}

static bool can_post(const struct question *q, struct err *err)
{
	return (q->posting != NULL && q->posting->text.len > 0 &&
		graph_is_node(q->posting->parent_id)) ||
	       err_set(err, ERR_DATA, "there is nothing to post, or nothing to answer");
}

bool threads_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct strbuf b, form;

	if (!can_post(q, err)) {
		return false;
	}
	strbuf_init(&form, FORM_BYTES);
	strbuf_add_str(&form, "media_type=TEXT&auto_publish_text=true&reply_to_id=");
	strbuf_add_url(&form, q->posting->parent_id);
	strbuf_add_str(&form, "&text=");
	strbuf_add_url(&form, q->posting->text);
	graph_url_start(ctx, &threads_graph, &b, "/me/threads");
	return graph_post_finish(ctx, &b, &form, ret, err);
}

bool threads_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page, id = TEXT_NONE;
	struct jx_doc *doc = NULL;
	struct jx v;

	if (!can_post(q, err) || !graph_check_reply(ctx, &threads_graph, r, ret, err)) {
		return false;
	}
	if (page_scan(r, &page, NULL) && jx_parse(ctx->arena, page, &v, &doc, NULL)) {
		id = jx_text_or(ctx->arena, v, "id", TEXT_NONE);
		jx_release(&doc);
	}
	if (!graph_is_node(id) || text_eq(id, q->posting->parent_id)) {
		return err_set(err, ERR_UNSURE,
			       "Threads answers %d without the reply: it may have been posted",
			       r->status);
	}
	ret->sent_id = id;
	return true;
}

/* ---- did it arrive? ---- */

bool threads_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct text next;
	struct strbuf b;

	if (!can_post(q, err)) {
		return false;
	}
	(void)posting_look_load(q->state, PAGES_MOST, &next);
	graph_url_start(ctx, &threads_graph, &b, "/me/replies");
	graph_url_add(&b, "fields", TEXT(THREADS_FIELDS));
	graph_url_page(&b, LOOK_MOST, next);
	return graph_url_finish(ctx, &b, ret, err);
}

/* True when the list has gone back behind the first attempt. */
static bool look_through(const struct posting *p, const struct outcome *o, struct outcome *ret)
{
	struct wall least = wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S)), latest = { 0 };
	bool is_behind = false;

	for (size_t i = 0; i < o->n_messages; i++) {
		const struct message *m = &o->messages[i];
		bool is_old = wall_is_set(m->posted_at) && wall_before(m->posted_at, least);

		is_behind = is_behind || is_old;
		if (!is_old && text_eq(m->parent_id, p->parent_id) &&
		    posting_is_same(p->text, m->body) &&
		    (ret->sent_id.len == 0 || wall_before(latest, m->posted_at))) {
			ret->sent_id = m->external_id;
			ret->sent_permalink = m->permalink;
			latest = m->posted_at;
		}
	}
	return is_behind;
}

bool threads_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page, next, before;
	struct threads_seen seen;
	struct outcome o = { 0 };
	struct graph_page list;
	int64_t n_read;
	bool is_behind;

	if (!can_post(q, err) || !graph_check(ctx, &threads_graph, r, NULL, ret, err) ||
	    !page_scan(r, &page, err) || !graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	for (size_t i = 0; i < list.n; i++) {
		threads_post_add(ctx, /* is_search= */ false, list.slices[i], &o, &seen);
	}
	is_behind = look_through(q->posting, &o, ret);
	if (ret->sent_id.len > 0) {
		return true;
	}
	if (o.n_bad > 0) {
		return err_set(err, ERR_DATA, "a reply of ours cannot be read: it may be this one");
	}
	next = threads_next(ctx->arena, &list);
	if (is_behind || next.len == 0) {
		return true;
	}
	n_read = posting_look_load(q->state, PAGES_MOST, &before);
	if (text_eq(next, before) || n_read + 1 >= PAGES_MOST) {
		return err_set(err, ERR_DATA,
			       "the list of our replies has no end: look there yourself");
	}
	ret->is_more = true;
	ret->state = posting_look_save(ctx->arena, n_read + 1, next);
	return true;
}
