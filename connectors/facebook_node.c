#include "facebook_node.h"

#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/url.h"

#define POST   TEXT("post:")
#define REVIEW TEXT("review:")
#define DIRECT TEXT("dm:")
#define TAGS   LIMIT_NAMES

/* ---- ids ---- */

bool facebook_place_parse(struct text external_id, struct facebook_place *ret)
{
	struct facebook_place p = { 0 };
	struct text rest = external_id;

	if (text_starts(rest, DIRECT)) {
		p.is_direct = true;
		p.post = text_slice(rest, 3, SIZE_MAX);
		*ret = p;
		return graph_is_plain(p.post, LIMIT_ID_BYTES);
	}
	if (text_starts(rest, POST)) {
		p.post = text_slice(rest, 5, SIZE_MAX);
		*ret = p;
		return graph_is_node(p.post);
	}
	if (text_starts(rest, REVIEW)) {
		p.is_review = true;
		rest = text_slice(rest, 7, SIZE_MAX);
	}
	if (!text_cut(rest, '/', &p.post, &p.comment) && !p.is_review) {
		return false;
	}
	*ret = p;
	return graph_is_node(p.post) && (p.comment.len == 0 || graph_is_node(p.comment));
}

struct text facebook_post_id(struct arena *a, const struct facebook_place *p)
{
	return text_printf(a, "%s%.*s", p->is_review ? "review:" : "post:", TEXT_ARG(p->post));
}

struct text facebook_comment_id(struct arena *a, const struct facebook_place *p,
				struct text comment)
{
	return text_printf(a, "%s%.*s/%.*s", p->is_review ? "review:" : "", TEXT_ARG(p->post),
			   TEXT_ARG(comment));
}

/* ---- what all of them have ---- */

static void attached_add(struct strbuf *b, struct text kind, struct text title)
{
	strbuf_add_str(b, b->len > 0 ? "\n[" : "[");
	strbuf_add(b, kind.len > 0 ? text_clip(kind, LIMIT_NAME_BYTES) : TEXT("attachment"));
	if (title.len > 0) {
		strbuf_add_str(b, ": ");
		strbuf_add(b, text_clip(title, LIMIT_NAME_BYTES));
	}
	strbuf_add_byte(b, ']');
}

struct text facebook_body(struct arena *a, struct jx v)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 2 * LIMIT_MESSAGE_BYTES };
	struct jx one = jx_get(v, "attachment"), many = jx_path(v, "attachments.data");
	struct text words = jx_text_or(a, v, "message", TEXT_NONE);

	strbuf_add(&b, text_clip(words, LIMIT_MESSAGE_BYTES));
	if (jx_is_object(one)) {
		attached_add(&b, jx_text_or(a, one, "type", TEXT_NONE),
			     jx_text_or(a, one, "title", TEXT_NONE));
	}
	for (size_t i = 0; i < jx_len(many); i++) {
		struct jx each = jx_at(many, i);

		attached_add(&b, jx_text_or(a, each, "media_type", TEXT_NONE),
			     jx_text_or(a, each, "title", TEXT_NONE));
	}
	if (b.len == 0) {
		strbuf_add(&b,
			   text_clip(jx_text_or(a, v, "story", TEXT_NONE), LIMIT_MESSAGE_BYTES));
	}
	return text_dup(a, text_clip(strbuf_text(&b), LIMIT_MESSAGE_BYTES));
}

/* `from` is missing where the person has not let us see who they are: unknown, and not dropped. */
static void author_read(const struct connector_ctx *ctx, struct jx from, struct text node,
			struct message *m)
{
	struct arena *a = ctx->arena;

	m->author_id = page_id_or_none(a, from, "id");
	m->author_name = text_clip(jx_text_or(a, from, "name", TEXT_NONE), LIMIT_NAME_BYTES);
	if (m->author_id.len == 0) {
		m->author_id = text_printf(a, "unknown:%.*s", TEXT_ARG(node));
	}
	m->direction = page_is_ours(ctx, m->author_id) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
}

/* Whom the text names. True when we are among them. */
static bool tags_read(const struct connector_ctx *ctx, struct jx v, struct message *m)
{
	struct jx tags = jx_get(v, "message_tags");
	bool is_named = false;

	for (size_t i = 0; i < jx_len(tags) && i < TAGS; i++) {
		struct text id = page_id_or_none(ctx->arena, jx_at(tags, i), "id");
		bool is_known = id.len == 0 || text_eq(id, m->author_id);

		if (page_is_ours(ctx, id)) {
			is_named = true;
			continue;
		}
		for (size_t k = 0; k < m->n_names && !is_known; k++) {
			is_known = text_eq(m->names[k], id);
		}
		if (!is_known && m->n_names < LIMIT_NAMES) {
			m->names[m->n_names++] = id;
		}
	}
	return is_named;
}

static void rest_read(struct arena *a, struct jx v, struct message *m)
{
	struct text at = jx_text_or(a, v, "permalink_url", TEXT_NONE);
	bool is_hidden = jx_bool_or(v, "is_hidden", false);
	struct url u;

	m->posted_at = page_wall_or_none(a, v, "created_time");
	m->body = facebook_body(a, v);
	m->permalink = url_parse(at, &u) ? at : TEXT_NONE;
	if (is_hidden) {
		m->warning = TEXT("hidden on the page");
	}
	/* Nobody tells when a text was edited: its words do. */
	m->revision = text_printf(
		a, "%016llx",
		(unsigned long long)text_hash(
			text_hash(TEXT_HASH_SEED, is_hidden ? TEXT("h") : TEXT("")), m->body));
}

/* Stands the node on our own page? Its id begins with the page's. */
static bool is_on_ours(const struct connector_ctx *ctx, struct text post)
{
	struct text owner, rest;

	return text_cut(post, '_', &owner, &rest) && page_is_ours(ctx, owner);
}

/* ---- one element each ---- */

static bool id_read(struct arena *a, struct jx v, struct text *ret, struct err *err)
{
	if (!jx_is_object(v)) {
		return err_set(err, ERR_DATA, "it is no object");
	}
	*ret = jx_text_or(a, v, "id", TEXT_NONE);
	return graph_is_node(*ret) ||
	       err_set(err, ERR_DATA,
		       "it has no id that can be stored: without the right to moderate Facebook "
		       "leaves it out");
}

static bool comment_read(const struct connector_ctx *ctx, const struct facebook_place *top,
			 struct jx v, struct text *id, struct message *m, struct err *err)
{
	struct arena *a = ctx->arena;
	struct text above, owner, rest;
	struct facebook_place p = *top;
	bool is_tagged;

	if (!id_read(a, v, id, err)) {
		return false;
	}
	if (p.post.len == 0) { /* recorded alone */
		(void)text_cut(*id, '_', &owner, &rest);
		p.post = owner;
	}
	above = jx_text_or(a, jx_get(v, "parent"), "id", TEXT_NONE);
	above = graph_is_node(above) && !text_eq(above, *id) ? above : TEXT_NONE;
	m->external_id = facebook_comment_id(a, &p, *id);
	m->parent_id = above.len > 0 ? facebook_comment_id(a, &p, above) : facebook_post_id(a, &p);
	m->kind = above.len > 0 ? MESSAGE_REPLY : MESSAGE_COMMENT;
	author_read(ctx, jx_get(v, "from"), *id, m);
	is_tagged = tags_read(ctx, v, m);
	rest_read(a, v, m);
	m->is_named = m->direction == MESSAGE_INBOUND &&
		      (is_tagged || (above.len == 0 && (p.is_review || is_on_ours(ctx, p.post))));
	return true;
}

/* A post of ours; or one by somebody else, which we are shown because it stands on our page or names it. */
static bool post_read(const struct connector_ctx *ctx, struct jx v, struct text *id,
		      struct message *m, struct err *err)
{
	if (!id_read(ctx->arena, v, id, err)) {
		return false;
	}
	m->external_id = text_printf(ctx->arena, "post:%.*s", TEXT_ARG(*id));
	author_read(ctx, jx_get(v, "from"), *id, m);
	(void)tags_read(ctx, v, m); /* that it names us is known */
	rest_read(ctx->arena, v, m);
	m->is_named = m->direction == MESSAGE_INBOUND;
	m->kind = m->is_named ? MESSAGE_MENTION : MESSAGE_POST;
	return true;
}

static struct text verdict_of(struct arena *a, struct jx v)
{
	struct text type = jx_text_or(a, v, "recommendation_type", TEXT_NONE);
	int64_t stars = jx_i64_or(v, "rating", 0);

	if (text_eq_nocase(type, TEXT("positive"))) {
		return TEXT("recommends us");
	}
	if (text_eq_nocase(type, TEXT("negative"))) {
		return TEXT("does not recommend us");
	}
	return stars >= 1 && stars <= 5 ? text_printf(a, "%lld of 5 stars", (long long)stars)
					: TEXT("a recommendation");
}

static bool review_read(const struct connector_ctx *ctx, struct jx v, struct text *id,
			struct message *m, struct err *err)
{
	struct arena *a = ctx->arena;
	struct jx story = jx_get(v, "open_graph_story");
	struct text words, at;
	struct url u;

	if (!jx_is_object(v)) {
		return err_set(err, ERR_DATA, "it is no object");
	}
	*id = jx_text_or(a, story, "id", TEXT_NONE);
	if (!graph_is_node(*id)) {
		return err_set(err, ERR_DATA, "the recommendation has no story, so no id");
	}
	m->external_id = text_printf(a, "review:%.*s", TEXT_ARG(*id));
	author_read(ctx, jx_get(v, "reviewer"), *id, m);
	m->posted_at = page_wall_or_none(a, v, "created_time");
	m->warning = verdict_of(a, v);
	words = jx_text_or(a, v, "review_text", TEXT_NONE);
	m->body = text_clip(words.len > 0 ? words : TEXT("[without words]"), LIMIT_MESSAGE_BYTES);
	at = jx_text_or(a, story, "permalink_url", TEXT_NONE);
	m->permalink = url_parse(at, &u) ? at : TEXT_NONE;
	m->kind = MESSAGE_REVIEW;
	m->is_named = m->direction == MESSAGE_INBOUND;
	m->revision = text_printf(
		a, "%016llx",
		(unsigned long long)text_hash(text_hash(TEXT_HASH_SEED, m->warning), m->body));
	return true;
}

enum node_kind { NODE_COMMENT, NODE_POST, NODE_REVIEW };

static void element_add(const struct connector_ctx *ctx, enum node_kind kind,
			const struct facebook_place *top, struct text slice, struct outcome *out,
			struct text *ret_id)
{
	struct message *m = ARENA_NEW(ctx->arena, struct message);
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	bool is_read;
	struct jx v;

	*ret_id = TEXT_NONE;
	m->raw = slice;
	is_read = jx_parse(ctx->arena, slice, &v, &doc, &err);
	if (is_read) {
		is_read = kind == NODE_COMMENT ? comment_read(ctx, top, v, ret_id, m, &err)
			  : kind == NODE_POST  ? post_read(ctx, v, ret_id, m, &err)
					       : review_read(ctx, v, ret_id, m, &err);
	}
	if (is_read) {
		*outcome_add_message(ctx->arena, out) = *m;
	} else {
		*ret_id = TEXT_NONE;
		outcome_add_bad(ctx->arena, out, slice, TEXT_NONE, err.text);
	}
	jx_release(&doc);
}

void facebook_comment_add(const struct connector_ctx *ctx, const struct facebook_place *top,
			  struct text slice, struct outcome *out, struct text *ret_id)
{
	element_add(ctx, NODE_COMMENT, top, slice, out, ret_id);
}

void facebook_post_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
		       struct text *ret_id)
{
	element_add(ctx, NODE_POST, &(const struct facebook_place){ 0 }, slice, out, ret_id);
}

void facebook_review_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
			 struct text *ret_id)
{
	element_add(ctx, NODE_REVIEW, &(const struct facebook_place){ 0 }, slice, out, ret_id);
}

void facebook_node_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out)
{
	struct facebook_place nowhere = { 0 };
	struct text inner, id;
	bool is_comment = jx_member(slice, TEXT("comment_count"), &inner) ||
			  jx_member(slice, TEXT("parent"), &inner);
	bool is_review = jx_member(slice, TEXT("open_graph_story"), &inner);

	element_add(ctx,
		    is_comment  ? NODE_COMMENT
		    : is_review ? NODE_REVIEW
				: NODE_POST,
		    &nowhere, slice, out, &id);
}
