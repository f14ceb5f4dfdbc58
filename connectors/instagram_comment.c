#include "instagram_comment.h"

#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/url.h"

#define MEDIA  TEXT("media:")
#define DIRECT TEXT("dm:")

bool instagram_place_parse(struct text external_id, struct instagram_place *ret)
{
	struct instagram_place p = { 0 };

	if (text_starts(external_id, DIRECT)) {
		p.is_direct = true;
		p.medium = text_slice(external_id, 3, SIZE_MAX);
		*ret = p;
		return graph_is_plain(p.medium, LIMIT_ID_BYTES);
	}
	if (text_starts(external_id, MEDIA)) {
		p.medium = text_slice(external_id, 6, SIZE_MAX);
		*ret = p;
		return graph_is_node(p.medium);
	}
	if (!text_cut(external_id, '/', &p.medium, &p.comment)) {
		return false;
	}
	*ret = p;
	return graph_is_node(p.medium) && graph_is_node(p.comment);
}

/* ---- who ---- */

/* Everybody who speaks in one comment and its replies: a name in a text is one of them, or nobody that we know. */
struct voices {
	struct text names[LIMIT_NAMES], ids[LIMIT_NAMES];
	size_t n;
};

static struct text author_id(struct arena *a, struct jx v, struct text name, struct text id)
{
	struct text given = page_id_or_none(a, jx_get(v, "from"), "id");

	if (given.len > 0) {
		return given;
	}
	if (posting_is_handle(name)) {
		return text_printf(a, "@%.*s", TEXT_ARG(text_lower_ascii(a, name)));
	}
	return text_printf(a, "unknown:%.*s", TEXT_ARG(id));
}

static struct text name_of(struct arena *a, struct jx v)
{
	struct text name = jx_text_or(a, v, "username", TEXT_NONE);

	if (name.len == 0) {
		name = jx_text_or(a, jx_get(v, "from"), "username", TEXT_NONE);
	}
	return text_clip(name, LIMIT_NAME_BYTES);
}

static void author_read(const struct connector_ctx *ctx, struct jx v, struct text id,
			struct message *m)
{
	struct arena *a = ctx->arena;

	m->author_handle = name_of(a, v);
	m->author_name = m->author_handle;
	m->author_id = author_id(a, v, m->author_handle, id);
	if (page_is_ours(ctx, m->author_id) ||
	    (ctx->own_handle.len > 0 && text_eq_nocase(m->author_handle, ctx->own_handle))) {
		m->direction = MESSAGE_OUTBOUND;
		m->author_id = ctx->own_id.len > 0 ? ctx->own_id : m->author_id;
	} else {
		m->direction = MESSAGE_INBOUND;
	}
}

static void voice_add(struct arena *a, struct text slice, struct voices *all)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	if (all->n < LIMIT_NAMES && jx_parse(a, slice, &v, &doc, NULL)) {
		struct text name = jx_is_object(v) ? name_of(a, v) : TEXT_NONE;

		if (posting_is_handle(name)) {
			all->names[all->n] = name;
			all->ids[all->n++] = author_id(a, v, name, name);
		}
		jx_release(&doc);
	}
}

static bool is_listed(const struct text *ids, size_t n, struct text id)
{
	for (size_t i = 0; i < n; i++) {
		if (text_eq(ids[i], id)) {
			return true;
		}
	}
	return false;
}

/* What answers a reply hangs below the comment on top: only the text says whom it means. */
static bool names_read(const struct connector_ctx *ctx, const struct voices *all, struct message *m)
{
	for (size_t i = 0; i < all->n && m->n_names < LIMIT_NAMES; i++) {
		bool is_other = !text_eq(all->ids[i], m->author_id) &&
				!page_is_ours(ctx, all->ids[i]) &&
				!text_eq_nocase(all->names[i], ctx->own_handle);

		if (is_other && posting_names(m->body, all->names[i]) &&
		    !is_listed(m->names, m->n_names, all->ids[i])) {
			m->names[m->n_names++] = all->ids[i];
		}
	}
	return ctx->own_handle.len > 0 && posting_names(m->body, ctx->own_handle);
}

static void revision_write(struct arena *a, struct message *m)
{
	m->revision = text_printf(
		a, "%016llx",
		(unsigned long long)text_hash(text_hash(TEXT_HASH_SEED, m->warning), m->body));
}

/* ---- comments ---- */

static bool id_read(struct arena *a, struct jx v, struct text *ret, struct err *err)
{
	*ret = jx_is_object(v) ? jx_text_or(a, v, "id", TEXT_NONE) : TEXT_NONE;
	return graph_is_node(*ret) || err_set(err, ERR_DATA, "it has no id that can be stored");
}

struct comment_at {
	const struct connector_ctx *ctx;
	const struct voices *voices;
	struct text medium, above;
};

static bool comment_read(const struct comment_at *at, struct jx v, struct message *m,
			 struct instagram_seen *seen, struct err *err)
{
	struct arena *a = at->ctx->arena;
	struct text above = at->above, medium = at->medium;
	bool is_named;

	if (!id_read(a, v, &seen->id, err)) {
		return false;
	}
	if (above.len == 0) {
		above = jx_text_or(a, v, "parent_id", TEXT_NONE);
		above = graph_is_node(above) && !text_eq(above, seen->id) ? above : TEXT_NONE;
	}
	medium = medium.len > 0 ? medium : TEXT("0"); /* recorded alone */
	seen->parent = above;
	m->external_id = text_printf(a, "%.*s/%.*s", TEXT_ARG(medium), TEXT_ARG(seen->id));
	m->parent_id = above.len > 0
			       ? text_printf(a, "%.*s/%.*s", TEXT_ARG(medium), TEXT_ARG(above))
			       : text_printf(a, "media:%.*s", TEXT_ARG(medium));
	m->kind = above.len > 0 ? MESSAGE_REPLY : MESSAGE_COMMENT;
	author_read(at->ctx, v, seen->id, m);
	m->posted_at = seen->at = page_wall_or_none(a, v, "timestamp");
	m->body = text_clip(jx_text_or(a, v, "text", TEXT_NONE), LIMIT_MESSAGE_BYTES);
	m->warning = jx_bool_or(v, "hidden", false) ? TEXT("hidden on Instagram") : TEXT_NONE;
	is_named = names_read(at->ctx, at->voices, m);
	m->is_named = m->direction == MESSAGE_INBOUND && (above.len == 0 || is_named);
	revision_write(a, m);
	return true;
}

static void one_add(const struct comment_at *at, struct text slice, struct outcome *out,
		    struct instagram_seen *seen)
{
	struct arena *a = at->ctx->arena;
	struct message *m = ARENA_NEW(a, struct message);
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;

	*seen = (struct instagram_seen){ 0 };
	m->raw = slice;
	if (jx_parse(a, slice, &v, &doc, &err) && comment_read(at, v, m, seen, &err)) {
		*outcome_add_message(a, out) = *m;
	} else {
		seen->id = TEXT_NONE;
		outcome_add_bad(a, out, slice, TEXT_NONE, err.text);
	}
	jx_release(&doc);
}

/* The comment without its replies, which are cut out of it: one of them may be spoilt. */
static struct text replies_cut(struct arena *a, struct text slice, struct graph_page *ret)
{
	struct text replies, head, tail;

	*ret = (struct graph_page){ 0 };
	if (jx_slice_kind(slice) != '{' || !jx_member(slice, TEXT("replies"), &replies) ||
	    jx_slice_kind(replies) != '{' || !graph_page_read(a, replies, ret, NULL)) {
		return slice;
	}
	head = (struct text){ slice.at, (size_t)(replies.at - slice.at) };
	tail = text_slice(slice, head.len + replies.len, SIZE_MAX);
	return text_printf(a, "%.*snull%.*s", TEXT_ARG(head), TEXT_ARG(tail));
}

void instagram_comment_add(const struct connector_ctx *ctx, struct text medium, struct text slice,
			   struct outcome *out, struct instagram_seen *ret)
{
	struct voices *voices = ARENA_NEW(ctx->arena, struct voices);
	struct comment_at at = { .ctx = ctx, .voices = voices, .medium = medium };
	struct instagram_seen inner;
	struct graph_page replies;

	slice = replies_cut(ctx->arena, slice, &replies);
	voice_add(ctx->arena, slice, voices);
	for (size_t i = 0; i < replies.n; i++) {
		voice_add(ctx->arena, replies.slices[i], voices);
	}
	one_add(&at, slice, out, ret);
	at.above = ret->id;
	for (size_t i = 0; i < replies.n; i++) {
		one_add(&at, replies.slices[i], out, &inner);
	}
	ret->has_more_replies = replies.next.len > 0;
}

void instagram_replies_add(const struct connector_ctx *ctx, struct text medium, struct text above,
			   const struct graph_page *list, struct outcome *out,
			   struct instagram_seen *rets)
{
	struct voices *voices = ARENA_NEW(ctx->arena, struct voices);
	struct comment_at at = { .ctx = ctx, .voices = voices, .medium = medium, .above = above };

	for (size_t i = 0; i < list->n; i++) {
		voice_add(ctx->arena, list->slices[i], voices);
	}
	for (size_t i = 0; i < list->n; i++) {
		one_add(&at, list->slices[i], out, &rets[i]);
	}
}

/* ---- media ---- */

static bool medium_read(const struct connector_ctx *ctx, struct jx v, struct message *m,
			struct instagram_seen *seen, struct err *err)
{
	struct arena *a = ctx->arena;
	struct text at, type, caption;
	struct url u;

	if (!id_read(a, v, &seen->id, err)) {
		return false;
	}
	m->external_id = text_printf(a, "media:%.*s", TEXT_ARG(seen->id));
	author_read(ctx, v, seen->id, m);
	m->posted_at = seen->at = page_wall_or_none(a, v, "timestamp");
	at = jx_text_or(a, v, "permalink", TEXT_NONE);
	m->permalink = url_parse(at, &u) ? at : TEXT_NONE;
	type = text_lower_ascii(a, jx_text_or(a, v, "media_type", TEXT_NONE));
	caption = jx_text_or(a, v, "caption", TEXT_NONE);
	m->body = text_clip(caption.len > 0 ? caption
			    : type.len > 0  ? text_printf(a, "[%.*s]", TEXT_ARG(type))
					    : TEXT("[medium]"),
			    LIMIT_MESSAGE_BYTES);
	m->is_named =
		m->direction == MESSAGE_INBOUND; /* others' are shown to us because they tag us */
	m->kind = m->is_named ? MESSAGE_MENTION : MESSAGE_POST;
	revision_write(a, m);
	return true;
}

void instagram_medium_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
			  struct instagram_seen *ret)
{
	struct message *m = ARENA_NEW(ctx->arena, struct message);
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;

	*ret = (struct instagram_seen){ 0 };
	m->raw = slice;
	if (jx_parse(ctx->arena, slice, &v, &doc, &err) && medium_read(ctx, v, m, ret, &err)) {
		*outcome_add_message(ctx->arena, out) = *m;
	} else {
		ret->id = TEXT_NONE;
		outcome_add_bad(ctx->arena, out, slice, TEXT_NONE, err.text);
	}
	jx_release(&doc);
}
