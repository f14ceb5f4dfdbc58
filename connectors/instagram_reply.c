#include "instagram_reply.h"

#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "instagram_comment.h"
#include "instagram_login.h"

#define FORM_BYTES    ((size_t)8 * LIMIT_MESSAGE_BYTES)
#define LOOK_BEFORE_S 300
#define LOOK_MOST     50

static const struct graph by_instagram = { "Instagram", "https://graph.instagram.com", "v25.0" };
static const struct graph by_facebook = { "Instagram", "https://graph.facebook.com", "v25.0" };

const struct graph *instagram_graph(const struct connector_ctx *ctx)
{
	return instagram_is_by_facebook(ctx) ? &by_facebook : &by_instagram;
}

struct graph_chat instagram_chat(const struct connector_ctx *ctx)
{
	return (struct graph_chat){ instagram_graph(ctx), "/me/conversations", "instagram" };
}

void instagram_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *edge)
{
	struct text account = connector_option(ctx, "account");

	if (instagram_is_by_facebook(ctx) && graph_is_node(account)) {
		graph_url_start(ctx, instagram_graph(ctx), b, "/");
		strbuf_add(b, account);
	} else {
		graph_url_start(ctx, instagram_graph(ctx), b, "/me");
	}
	strbuf_add_str(b, edge);
}

/* ---- posting ---- */

static bool place_of(const struct question *q, struct instagram_place *ret, struct err *err)
{
	return (q->posting != NULL && q->posting->text.len > 0 &&
		instagram_place_parse(q->posting->parent_id, ret)) ||
	       err_set(err, ERR_DATA, "there is nothing to post, or nothing to answer");
}

/* The person is told only when the text names them. */
static struct text words_of(struct arena *a, const struct posting *p, bool is_private)
{
	if (p->visibility == MESSAGE_PRIVATE || is_private ||
	    !posting_is_handle(p->author_handle) || posting_names(p->text, p->author_handle)) {
		return p->text;
	}
	return text_printf(a, "@%.*s %.*s", TEXT_ARG(p->author_handle), TEXT_ARG(p->text));
}

/* Is this comment answered by a private message? */
static bool is_private(const struct connector_ctx *ctx, const struct instagram_place *p)
{
	return p->comment.len > 0 && graph_chat_is_private(ctx);
}

void instagram_measure(const struct connector_ctx *ctx, const struct posting *p,
		       int64_t *ret_length, int64_t *ret_most)
{
	struct instagram_place at = { 0 };
	bool is_direct;
	struct text words;

	(void)instagram_place_parse(p->parent_id, &at); /* none: publicly */
	is_direct = p->visibility == MESSAGE_PRIVATE || is_private(ctx, &at);
	words = words_of(ctx->arena, p, is_direct);
	*ret_length = is_direct ? (int64_t)words.len : posting_characters(words);
	*ret_most = is_direct ? INSTAGRAM_DIRECT_MOST : INSTAGRAM_COMMENT_MOST;
}

bool instagram_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	struct graph_chat chat = instagram_chat(ctx);
	struct instagram_place p = { 0 };
	struct strbuf b, form;

	if (!place_of(q, &p, err)) {
		return false;
	}
	if (p.is_direct) {
		return graph_chat_reply_ask(ctx, &chat, q->posting, ret, err);
	}
	if (is_private(ctx, &p)) {
		return graph_chat_private_ask(ctx, &chat, q->posting, p.comment, ret, err);
	}
	strbuf_init(&form, FORM_BYTES);
	strbuf_add_str(&form, "message=");
	strbuf_add_url(&form, words_of(ctx->arena, q->posting, /* is_private= */ false));
	if (p.comment.len > 0) {
		graph_url_start(ctx, instagram_graph(ctx), &b, "/");
		strbuf_add(&b, p.comment);
		strbuf_add_str(&b, "/replies");
	} else {
		strbuf_add_str(&form, "&media_id=");
		strbuf_add_url(&form, p.medium);
		instagram_url_start(ctx, &b, "/mentions");
	}
	return graph_post_finish(ctx, &b, &form, ret, err);
}

bool instagram_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	struct graph_chat chat = instagram_chat(ctx);
	struct text page, id = TEXT_NONE;
	struct jx_doc *doc = NULL;
	struct instagram_place p = { 0 };
	struct jx v;

	if (!place_of(q, &p, err)) {
		return false;
	}
	if (p.is_direct || is_private(ctx, &p)) {
		return graph_chat_reply_digest(ctx, &chat, q->posting, r, ret, err);
	}
	if (!graph_check_reply(ctx, instagram_graph(ctx), r, ret, err)) {
		return false;
	}
	if (page_scan(r, &page, NULL) && jx_parse(ctx->arena, page, &v, &doc, NULL)) {
		id = jx_text_or(ctx->arena, v, "id", TEXT_NONE);
		jx_release(&doc);
	}
	if (!graph_is_node(id) || text_eq(id, p.medium) || text_eq(id, p.comment)) {
		return err_set(err, ERR_UNSURE,
			       "Instagram answers %d without the comment: it may have been posted",
			       r->status);
	}
	ret->sent_id = text_printf(ctx->arena, "%.*s/%.*s", TEXT_ARG(p.medium), TEXT_ARG(id));
	return true;
}

/* ---- did it arrive? ---- */

/* The walk: which comment is on top (a reply's own words may be lost), then all replies below it. State: the top comment, a blank,
 * the parameters of the next page. */
static struct text top_of(const struct connector_ctx *ctx, const struct posting *p,
			  const struct instagram_place *at)
{
	struct text inner, id = TEXT_NONE;

	if (jx_slice_kind(p->parent_raw) == '{' &&
	    jx_member(p->parent_raw, TEXT("parent_id"), &inner) &&
	    jx_slice_text(ctx->arena, inner, &id) && graph_is_node(id)) {
		return id;
	}
	return p->parent_kind == MESSAGE_REPLY ? TEXT_NONE : at->comment;
}

static struct text look_at(const struct connector_ctx *ctx, const struct question *q,
			   const struct instagram_place *at, struct text *ret_next)
{
	struct text top;

	*ret_next = TEXT_NONE;
	if (q->state.len == 0) {
		return top_of(ctx, q->posting, at);
	}
	(void)text_cut(q->state, ' ', &top, ret_next); /* none: the first page */
	return graph_is_node(top) ? top : TEXT_NONE;
}

bool instagram_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			  struct request *ret, struct err *err)
{
	struct graph_chat chat = instagram_chat(ctx);
	struct instagram_place p = { 0 };
	struct text top, next;
	struct strbuf b;

	if (!place_of(q, &p, err)) {
		return false;
	}
	if (p.is_direct) {
		return graph_chat_lookup_ask(ctx, &chat, q->posting, ret, err);
	}
	if (is_private(ctx, &p)) {
		return graph_chat_private_lookup_ask(ctx, &chat, q->posting, ret, err);
	}
	if (p.comment.len == 0) {
		return err_set(err, ERR_DATA,
			       "Instagram does not show what we wrote below other people's posts: "
			       "look there");
	}
	top = look_at(ctx, q, &p, &next);
	graph_url_start(ctx, instagram_graph(ctx), &b, "/");
	strbuf_add(&b, top.len > 0 ? top : p.comment);
	if (top.len == 0) {
		graph_url_add(&b, "fields", TEXT("id,parent_id"));
		return graph_url_finish(ctx, &b, ret, err);
	}
	strbuf_add_str(&b, "/replies");
	graph_url_add(&b, "fields", TEXT(INSTAGRAM_REPLY_FIELDS));
	graph_url_page(&b, LOOK_MOST, next);
	return graph_url_finish(ctx, &b, ret, err);
}

static bool top_digest(const struct connector_ctx *ctx, const struct instagram_place *at,
		       const struct response *r, struct outcome *ret, struct err *err)
{
	struct jx_doc *doc = NULL;
	struct text page, top;
	struct jx v;

	if (!page_scan(r, &page, err) || !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	top = jx_text_or(ctx->arena, v, "parent_id", TEXT_NONE);
	jx_release(&doc);
	ret->is_more = true;
	ret->state =
		text_printf(ctx->arena, "%.*s ", TEXT_ARG(graph_is_node(top) ? top : at->comment));
	return true;
}

static bool look_through(const struct connector_ctx *ctx, const struct posting *p,
			 const struct outcome *o, struct outcome *ret, struct err *err)
{
	struct wall least = wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S)), latest = { 0 };
	struct text words = words_of(ctx->arena, p, /* is_private= */ false);
	size_t n_doubtful = 0;

	for (size_t i = 0; i < o->n_messages; i++) {
		const struct message *m = &o->messages[i];

		if ((wall_is_set(m->posted_at) && wall_before(m->posted_at, least)) ||
		    !posting_is_same(words, m->body)) {
			continue;
		}
		if (m->direction != MESSAGE_OUTBOUND) {
			n_doubtful++; /* nobody else says the same there by chance */
		} else if (ret->sent_id.len == 0 || wall_before(latest, m->posted_at)) {
			ret->sent_id = m->external_id;
			latest = m->posted_at;
		}
	}
	if (ret->sent_id.len == 0 && (n_doubtful > 0 || o->n_bad > 0)) {
		return err_set(err, ERR_DATA,
			       o->n_bad > 0 ? "a reply there cannot be read: it may be this one"
					    : "a reply with these words is not shown as ours: it "
					      "may be this one");
	}
	return true;
}

bool instagram_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err)
{
	struct graph_chat chat = instagram_chat(ctx);
	struct text page, top, next;
	struct instagram_seen *seen;
	struct outcome o = { 0 };
	struct graph_page list;
	struct instagram_place p = { 0 };

	if (!place_of(q, &p, err)) {
		return false;
	}
	if (p.is_direct) {
		return graph_chat_lookup_digest(ctx, &chat, q->posting, r, ret, err);
	}
	if (is_private(ctx, &p)) {
		return graph_chat_private_lookup_digest(ctx, &chat, q->posting, r, ret, err);
	}
	top = look_at(ctx, q, &p, &next);
	if (!graph_check(ctx, instagram_graph(ctx), r, NULL, ret, err)) {
		return false;
	}
	if (top.len == 0) {
		return top_digest(ctx, &p, r, ret, err);
	}
	if (!page_scan(r, &page, err) || !graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	seen = ARENA_ARRAY(ctx->arena, struct instagram_seen, list.n);
	instagram_replies_add(ctx, p.medium, top, &list, &o, seen);
	if (!look_through(ctx, q->posting, &o, ret, err)) {
		return false;
	}
	if (ret->sent_id.len == 0 && list.next.len > 0) {
		if (text_eq(list.next, next)) {
			return err_set(err, ERR_DATA,
				       "the list of replies has no end: look there yourself");
		}
		ret->is_more = true;
		ret->state =
			text_printf(ctx->arena, "%.*s %.*s", TEXT_ARG(top), TEXT_ARG(list.next));
	}
	return true;
}
