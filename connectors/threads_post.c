#include "threads_post.h"

#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"

#define CURSOR_MOST 1024

static struct text id_of_name(struct arena *a, struct text name)
{
	return text_printf(a, "@%.*s", TEXT_ARG(text_lower_ascii(a, name)));
}

static bool is_our_name(const struct connector_ctx *ctx, struct text name)
{
	return ctx->own_handle.len > 0 && text_eq_nocase(name, ctx->own_handle);
}

static void author_read(const struct connector_ctx *ctx, struct jx v, struct text id,
			struct message *m)
{
	struct arena *a = ctx->arena;
	struct text name = text_clip(jx_text_or(a, v, "username", TEXT_NONE), LIMIT_NAME_BYTES);
	bool is_ours = is_our_name(ctx, name) || jx_bool_or(v, "is_reply_owned_by_me", false);

	m->author_handle = m->author_name = name;
	m->direction = is_ours ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	if (is_ours && ctx->own_id.len > 0) {
		m->author_id = ctx->own_id;
	} else if (posting_is_handle(name)) {
		m->author_id = id_of_name(a, name);
	} else {
		m->author_id = text_printf(a, "unknown:%.*s", TEXT_ARG(id));
	}
}

/* Whom the text names. True when we are among them. */
static bool names_read(const struct connector_ctx *ctx, struct message *m)
{
	struct posting_part part;
	bool is_named = false;

	for (size_t at = 0; posting_part_next(m->body, &at, &part);) {
		struct text name = text_slice(m->body, part.from + 1, part.name_len - 1), id;
		bool is_known = false;

		if (part.kind != POSTING_NAME || part.name_len < 2) {
			continue;
		}
		if (is_our_name(ctx, name)) {
			is_named = true;
			continue;
		}
		id = id_of_name(ctx->arena, text_clip(name, LIMIT_NAME_BYTES));
		is_known = text_eq(id, m->author_id);
		for (size_t i = 0; i < m->n_names && !is_known; i++) {
			is_known = text_eq(m->names[i], id);
		}
		if (!is_known && m->n_names < LIMIT_NAMES) {
			m->names[m->n_names++] = id;
		}
	}
	return is_named;
}

/* A repost, or a kind that this version does not know: nobody waits for an answer to it. */
static bool is_said(struct text type)
{
	static const char *const known[] = { "TEXT_POST", "IMAGE", "VIDEO", "CAROUSEL_ALBUM",
					     "AUDIO" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (text_eq(type, text_of(known[i]))) {
			return true;
		}
	}
	return type.len == 0;
}

static void kind_read(struct text type, bool is_search, bool is_naming, struct message *m)
{
	bool is_inbound = m->direction == MESSAGE_INBOUND;

	m->is_named = is_inbound && is_naming;
	m->kind = m->parent_id.len > 0 ? MESSAGE_REPLY
		  : m->is_named        ? MESSAGE_MENTION
				       : MESSAGE_POST;
	m->is_about = is_search && is_inbound;
	if (!is_said(type)) {
		m->kind = MESSAGE_OTHER;
		m->is_named = m->is_about = false;
	}
}

static struct text node_of(struct arena *a, struct jx v, const char *name)
{
	struct text id = jx_text_or(a, jx_get(v, name), "id", TEXT_NONE);

	return graph_is_node(id) ? id : TEXT_NONE;
}

static bool post_read(const struct connector_ctx *ctx, bool is_search, struct jx v,
		      struct message *m, struct threads_seen *seen, struct err *err)
{
	struct arena *a = ctx->arena;
	struct text type, at, hidden;
	struct url u;

	seen->id = jx_is_object(v) ? jx_text_or(a, v, "id", TEXT_NONE) : TEXT_NONE;
	if (!graph_is_node(seen->id)) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	m->external_id = seen->id;
	seen->root = node_of(a, v, "root_post");
	m->parent_id = node_of(a, v, "replied_to");
	if (m->parent_id.len == 0 && jx_bool_or(v, "is_reply", false)) {
		m->parent_id = seen->root; /* a reply that says only in which thread it is */
	}
	m->parent_id = text_eq(m->parent_id, seen->id) ? TEXT_NONE : m->parent_id;
	seen->parent = m->parent_id;
	author_read(ctx, v, seen->id, m);
	m->posted_at = seen->at = page_wall_or_none(a, v, "timestamp");
	type = jx_text_or(a, v, "media_type", TEXT_NONE);
	m->body = text_clip(jx_text_or(a, v, "text", TEXT_NONE), LIMIT_MESSAGE_BYTES);
	kind_read(type, is_search, names_read(ctx, m), m);
	if (m->body.len == 0 && type.len > 0) {
		m->body = text_printf(a, "[%.*s]",
				      TEXT_ARG(text_clip(text_lower_ascii(a, type), 64)));
	}
	hidden = jx_text_or(a, v, "hide_status", TEXT_NONE);
	if (text_eq(hidden, TEXT("HIDDEN")) || text_eq(hidden, TEXT("COVERED")) ||
	    text_eq(hidden, TEXT("BLOCKED")) || text_eq(hidden, TEXT("RESTRICTED"))) {
		m->warning = TEXT("hidden on Threads");
	}
	at = jx_text_or(a, v, "permalink", TEXT_NONE);
	m->permalink = url_parse(at, &u) ? at : TEXT_NONE;
	seen->is_ours = m->direction == MESSAGE_OUTBOUND;
	seen->has_replies = jx_bool_or(v, "has_replies", true);
	/* An edit within the first minutes changes the words, and nothing else. */
	seen->revision = text_hash(text_hash(TEXT_HASH_SEED, m->warning), m->body);
	m->revision = text_printf(a, "%016llx", (unsigned long long)seen->revision);
	return true;
}

void threads_post_add(const struct connector_ctx *ctx, bool is_search, struct text slice,
		      struct outcome *out, struct threads_seen *ret)
{
	struct message *m = ARENA_NEW(ctx->arena, struct message);
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;

	*ret = (struct threads_seen){ 0 };
	m->raw = slice;
	if (jx_parse(ctx->arena, slice, &v, &doc, &err) &&
	    post_read(ctx, is_search, v, m, ret, &err)) {
		*outcome_add_message(ctx->arena, out) = *m;
	} else {
		ret->id = TEXT_NONE;
		outcome_add_bad(ctx->arena, out, slice, TEXT_NONE, err.text);
	}
	jx_release(&doc);
}

struct text threads_next(struct arena *a, const struct graph_page *list)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 4 * CURSOR_MOST };

	if (list->next.len > 0) {
		return list->next;
	}
	if (list->cursor.len == 0 || list->n == 0) {
		return TEXT_NONE;
	}
	strbuf_add_str(&b, "after=");
	strbuf_add_url(&b, list->cursor);
	return b.is_full || b.len > CURSOR_MOST ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}
