#include "facebook_reply.h"

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "facebook_node.h"

#define FORM_BYTES    ((size_t)8 * LIMIT_MESSAGE_BYTES)
#define LOOK_BEFORE_S 300
#define LOOK_MOST     50
#define PAGES_MOST    40

/* Is this comment answered by a private message? */
static bool is_private(const struct connector_ctx *ctx, const struct facebook_place *p)
{
	return p->comment.len > 0 && !p->is_review && graph_chat_is_private(ctx);
}

void facebook_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		      int64_t *ret_most)
{
	int64_t most = FACEBOOK_COMMENT_MOST;
	struct facebook_place at = { 0 };

	(void)facebook_place_parse(p->parent_id, &at); /* none: publicly */
	(void)num_parse_range(connector_option(ctx, "comment_length"), 1, 1000000, &most);
	*ret_length = posting_characters(p->text);
	*ret_most = p->visibility == MESSAGE_PRIVATE || is_private(ctx, &at) ? FACEBOOK_DIRECT_MOST
									     : most;
}

static bool place_of(const struct question *q, struct facebook_place *ret, struct err *err)
{
	return (q->posting != NULL && q->posting->text.len > 0 &&
		facebook_place_parse(q->posting->parent_id, ret)) ||
	       err_set(err, ERR_DATA, "there is nothing to post, or nothing to answer");
}

bool facebook_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct facebook_place p = { 0 };
	struct strbuf b, form;

	if (!place_of(q, &p, err)) {
		return false;
	}
	if (p.is_direct) {
		return graph_chat_reply_ask(ctx, &facebook_chat, q->posting, ret, err);
	}
	if (is_private(ctx, &p)) {
		return graph_chat_private_ask(ctx, &facebook_chat, q->posting, p.comment, ret, err);
	}
	strbuf_init(&form, FORM_BYTES);
	strbuf_add_str(&form, "message=");
	strbuf_add_url(&form, q->posting->text);
	graph_url_start(ctx, &facebook_graph, &b, "/");
	strbuf_add(&b, p.comment.len > 0 ? p.comment : p.post);
	strbuf_add_str(&b, "/comments");
	return graph_post_finish(ctx, &b, &form, ret, err);
}

bool facebook_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page, id = TEXT_NONE;
	struct facebook_place p = { 0 };
	struct jx_doc *doc = NULL;
	struct jx v;

	if (!place_of(q, &p, err)) {
		return false;
	}
	if (p.is_direct || is_private(ctx, &p)) {
		return graph_chat_reply_digest(ctx, &facebook_chat, q->posting, r, ret, err);
	}
	if (!graph_check_reply(ctx, &facebook_graph, r, ret, err)) {
		return false;
	}
	if (page_scan(r, &page, NULL) && jx_parse(ctx->arena, page, &v, &doc, NULL)) {
		id = jx_text_or(ctx->arena, v, "id", TEXT_NONE);
		jx_release(&doc);
	}
	if (!graph_is_node(id) || text_eq(id, p.post) || text_eq(id, p.comment)) {
		return err_set(err, ERR_UNSURE,
			       "Facebook answers %d without the comment: it may have been posted",
			       r->status);
	}
	ret->sent_id = facebook_comment_id(ctx->arena, &p, id);
	return true;
}

/* ---- did it arrive? ---- */

/* The comment on top of the parent, which itself is a reply; empty: its words are lost. */
static struct text node_of_top(const struct connector_ctx *ctx, const struct posting *p)
{
	struct text parent, inner, id = TEXT_NONE;

	return jx_slice_kind(p->parent_raw) == '{' &&
			       jx_member(p->parent_raw, TEXT("parent"), &parent) &&
			       jx_slice_kind(parent) == '{' &&
			       jx_member(parent, TEXT("id"), &inner) &&
			       jx_slice_text(ctx->arena, inner, &id) && graph_is_node(id)
		       ? id
		       : TEXT_NONE;
}

/* The comment that a reply to this parent hangs below: one of two levels. */
static struct text top_of(const struct connector_ctx *ctx, const struct posting *p,
			  const struct facebook_place *at)
{
	struct text id = node_of_top(ctx, p);

	return id.len > 0 ? facebook_comment_id(ctx->arena, at, id) : TEXT_NONE;
}

/* What a look reads: what hangs below that comment; all below the post, perhaps thousands, only where nobody knows which it is. */
static struct text node_to_read(const struct connector_ctx *ctx, const struct posting *p,
				const struct facebook_place *at)
{
	struct text top = node_of_top(ctx, p);

	if (top.len > 0 && !text_eq(top, at->post)) {
		return top;
	}
	return at->comment.len > 0 && p->parent_kind == MESSAGE_COMMENT ? at->comment : at->post;
}

bool facebook_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	struct facebook_place p = { 0 };
	struct text next;
	struct strbuf b;

	if (!place_of(q, &p, err)) {
		return false;
	}
	if (p.is_direct) {
		return graph_chat_lookup_ask(ctx, &facebook_chat, q->posting, ret, err);
	}
	if (is_private(ctx, &p)) {
		return graph_chat_private_lookup_ask(ctx, &facebook_chat, q->posting, ret, err);
	}
	(void)posting_look_load(q->state, PAGES_MOST, &next);
	graph_url_start(ctx, &facebook_graph, &b, "/");
	strbuf_add(&b, node_to_read(ctx, q->posting, &p));
	strbuf_add_str(&b, "/comments?filter=stream&order=reverse_chronological");
	if (wall_is_set(q->posting->begun_at)) {
		strbuf_printf(&b, "&since=%lld",
			      (long long)(q->posting->begun_at.us / 1000000 - LOOK_BEFORE_S));
	}
	graph_url_add(&b, "fields", TEXT(FACEBOOK_COMMENT_FIELDS));
	graph_url_page(&b, LOOK_MOST, next);
	return graph_url_finish(ctx, &b, ret, err);
}

enum likeness { OTHER_COMMENT, SAME_COMMENT, SAME_WORDS };

static enum likeness likeness_of(const struct posting *p, const struct message *m, struct text top)
{
	struct wall least = wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S));

	if ((wall_is_set(m->posted_at) && wall_before(m->posted_at, least)) ||
	    !posting_is_same(p->text, m->body)) {
		return OTHER_COMMENT;
	}
	if (text_eq(m->parent_id, p->parent_id) || (top.len > 0 && text_eq(m->parent_id, top))) {
		/* Nobody else says the same there by chance: whoever it is, a person looks. */
		return m->direction == MESSAGE_OUTBOUND ? SAME_COMMENT : SAME_WORDS;
	}
	/* A reply to a reply is moved up, and the parent's own words may be lost: it may be this one. */
	return m->direction == MESSAGE_OUTBOUND && top.len == 0 && p->parent_raw.len == 0 &&
			       p->parent_kind == MESSAGE_REPLY
		       ? SAME_WORDS
		       : OTHER_COMMENT;
}

static bool look_through(const struct connector_ctx *ctx, const struct posting *p,
			 const struct facebook_place *at, const struct outcome *o,
			 struct outcome *ret, struct err *err)
{
	struct text top = top_of(ctx, p, at);
	struct wall latest = { 0 };
	size_t n_doubtful = 0;

	for (size_t i = 0; i < o->n_messages; i++) {
		const struct message *m = &o->messages[i];
		enum likeness like = likeness_of(p, m, top);

		n_doubtful += like == SAME_WORDS;
		if (like == SAME_COMMENT &&
		    (ret->sent_id.len == 0 || wall_before(latest, m->posted_at))) {
			ret->sent_id = m->external_id;
			ret->sent_permalink = m->permalink;
			latest = m->posted_at;
		}
	}
	if (ret->sent_id.len == 0 && (n_doubtful > 0 || o->n_bad > 0)) {
		return err_set(err, ERR_DATA,
			       o->n_bad > 0
				       ? "a comment there cannot be read: it may be this reply"
				       : "a comment with these words hangs elsewhere, or is not "
					 "shown as ours: it may be this reply");
	}
	return true;
}

bool facebook_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	struct outcome o = { 0 };
	struct facebook_place p = { 0 };
	struct graph_page list;
	struct graph_said said;
	struct text page, next, id;
	int64_t n_read;

	if (!place_of(q, &p, err)) {
		return false;
	}
	if (p.is_direct) {
		return graph_chat_lookup_digest(ctx, &facebook_chat, q->posting, r, ret, err);
	}
	if (is_private(ctx, &p)) {
		return graph_chat_private_lookup_digest(ctx, &facebook_chat, q->posting, r, ret,
							err);
	}
	if (!graph_check(ctx, &facebook_graph, r, &said, ret, err)) {
		return false; /* also where the post is gone, or is not for us: a person looks */
	}
	if (!page_scan(r, &page, err) || !graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	for (size_t i = 0; i < list.n; i++) {
		facebook_comment_add(ctx, &p, list.slices[i], &o, &id);
	}
	if (!look_through(ctx, q->posting, &p, &o, ret, err) || ret->sent_id.len > 0) {
		return ret->sent_id.len > 0;
	}
	n_read = posting_look_load(q->state, PAGES_MOST, &next);
	if (list.next.len == 0) {
		return true;
	}
	if (text_eq(list.next, next) || n_read + 1 >= PAGES_MOST) {
		return err_set(err, ERR_DATA,
			       "the list of comments has no end: look there yourself");
	}
	ret->is_more = true;
	ret->state = posting_look_save(ctx->arena, n_read + 1, list.next);
	return true;
}
