#include "wordpress_comment.h"

#include "answerd/html.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"

#define HASH_LEAST 32 /* digits of MD5; newer ones write SHA-256 */

/* ---- fields ---- */

static int64_t number_or_none(struct arena *a, struct jx object, const char *name)
{
	int64_t n = jx_i64_or(object, name, 0);

	if (n == 0 && !num_parse_range(jx_text_or(a, object, name, TEXT_NONE), 1, INT64_MAX, &n)) {
		return 0;
	}
	return n > 0 ? n : 0;
}

struct text wordpress_number(struct arena *a, struct jx object, const char *name)
{
	int64_t n = number_or_none(a, object, name);

	return n > 0 ? text_printf(a, "%lld", (long long)n) : TEXT_NONE;
}

bool wordpress_is_comment_id(struct text id)
{
	int64_t n;

	return num_parse_range(id, 1, INT64_MAX, &n);
}

/* WordPress writes UTC without saying so: "2026-11-20T09:15:02". */
static struct wall time_read(struct arena *a, struct jx v, const char *name)
{
	struct text t = jx_text_or(a, v, name, TEXT_NONE);
	struct wall w = { 0 };

	if (!wall_parse(t, &w)) {
		(void)wall_parse(text_printf(a, "%.*sZ", TEXT_ARG(text_clip(t, 64))), &w);
	}
	return w;
}

/* A field that WordPress gives as {"rendered": HTML}. */
static struct text rendered(struct arena *a, struct jx v, const char *name)
{
	return html_to_text(a, jx_text_or(a, jx_get(v, name), "rendered", TEXT_NONE));
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The hash in ".../avatar/0bc83cb571cd1c50ba6f3e8a78ef1346?s=24", or empty. */
static struct text avatar_hash(struct arena *a, struct jx comment)
{
	struct text at = jx_text_or(a, jx_get(comment, "author_avatar_urls"), "24", TEXT_NONE);
	size_t from = text_find(at, TEXT("/avatar/"), 0), n = 0;

	if (from == SIZE_MAX) {
		return TEXT_NONE;
	}
	at = text_slice(at, from + TEXT("/avatar/").len, SIZE_MAX);
	while (n < at.len && is_hex(at.at[n])) {
		n++;
	}
	return n >= HASH_LEAST ? text_slice(at, 0, n) : TEXT_NONE;
}

/* The option `users`: numbers of users who write for us, too. */
static bool is_ours(const struct connector_ctx *ctx, struct text user)
{
	struct text rest = connector_option(ctx, "users"), one;

	if (page_is_ours(ctx, user)) {
		return true;
	}
	while (rest.len > 0) {
		(void)text_cut(rest, ',', &one, &rest);
		if (user.len > 0 && text_eq(text_trim(one), user)) {
			return true;
		}
	}
	return false;
}

static void author_read(const struct connector_ctx *ctx, struct jx v, struct message *m)
{
	struct arena *a = ctx->arena;
	struct text user = wordpress_number(a, v, "author"), hash;
	struct text name = text_trim(html_to_text(a, jx_text_or(a, v, "author_name", TEXT_NONE)));

	m->author_name = text_clip(name, LIMIT_NAME_BYTES);
	m->author_handle = m->author_name;
	m->direction = is_ours(ctx, user) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	if (user.len > 0) {
		m->author_id = user;
		return;
	}
	hash = avatar_hash(a, v);
	m->author_id = text_printf(a, "guest:%.*s", TEXT_ARG(hash.len > 0 ? hash : m->author_name));
}

static struct text permalink_read(struct arena *a, struct jx v)
{
	struct text at = jx_text_or(a, v, "link", TEXT_NONE);
	struct url u;

	return url_parse(at, &u) ? at : TEXT_NONE;
}

/* ---- elements ---- */

static enum message_kind kind_of(struct text type, bool is_reply)
{
	if (type.len == 0 || text_eq(type, TEXT("comment"))) {
		return is_reply ? MESSAGE_REPLY : MESSAGE_COMMENT;
	}
	if (text_eq(type, TEXT("review"))) { /* of a product (WooCommerce) */
		return is_reply ? MESSAGE_REPLY : MESSAGE_REVIEW;
	}
	return MESSAGE_OTHER; /* pingbacks, trackbacks, what plugins keep as comments */
}

static bool is_gone(struct arena *a, struct jx v)
{
	struct text status = jx_text_or(a, v, "status", TEXT_NONE);

	return text_eq(status, TEXT("trash")) || text_eq(status, TEXT("spam")) ||
	       text_eq(status, TEXT("post-trashed"));
}

/* A comment says nothing of its edits: its post, and a hash of what changes with them. */
static struct text revision_of(struct arena *a, struct text post, struct text status,
			       const struct message *m)
{
	uint64_t h = text_hash(text_hash(TEXT_HASH_SEED, status), m->body);

	return text_printf(a, "%.*s.%016llx", TEXT_ARG(post), (unsigned long long)h);
}

static bool comment_read(const struct connector_ctx *ctx, struct jx v, struct message *m,
			 struct err *err)
{
	struct arena *a = ctx->arena;
	struct text status = jx_text_or(a, v, "status", TEXT("approved"));
	struct text post = wordpress_number(a, v, "post");
	bool is_reply;

	m->external_id = wordpress_number(a, v, "id");
	if (m->external_id.len == 0) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	m->parent_id = wordpress_number(a, v, "parent");
	if (text_eq(m->parent_id, m->external_id)) {
		m->parent_id = TEXT_NONE; /* nobody answers himself */
	}
	is_reply = m->parent_id.len > 0;
	if (!is_reply && post.len > 0) {
		m->parent_id = text_printf(a, "post:%.*s", TEXT_ARG(post));
	}
	author_read(ctx, v, m);
	m->kind = kind_of(jx_text_or(a, v, "type", TEXT_NONE), is_reply);
	m->posted_at = time_read(a, v, "date_gmt");
	m->body = text_clip(rendered(a, v, "content"), LIMIT_MESSAGE_BYTES);
	m->permalink = permalink_read(a, v);
	if (post.len > 0) {
		m->revision = revision_of(a, post, status, m);
	}
	if (!text_eq(status, TEXT("approved"))) {
		m->warning = text_eq(status, TEXT("hold"))
				     ? TEXT("awaiting moderation")
				     : text_printf(a, "not shown: %.*s",
						   TEXT_ARG(text_clip(status, 64)));
		if (m->direction == MESSAGE_OUTBOUND && !is_gone(a, v)) {
			m->external_id = text_printf(a, "held:%.*s", TEXT_ARG(m->external_id));
			m->kind = MESSAGE_OTHER;
		}
	}
	m->is_named = m->direction == MESSAGE_INBOUND && !is_reply && m->kind != MESSAGE_OTHER;
	return true;
}

/* Whoever wrote a post of our site: it is ours. */
static bool post_read(const struct connector_ctx *ctx, struct jx v, struct message *m,
		      struct err *err)
{
	struct arena *a = ctx->arena;
	struct text id = wordpress_number(a, v, "id"), author = wordpress_number(a, v, "author");
	struct wall modified = time_read(a, v, "modified_gmt");

	if (id.len == 0) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	m->external_id = text_printf(a, "post:%.*s", TEXT_ARG(id));
	m->kind = MESSAGE_POST;
	m->direction = MESSAGE_OUTBOUND;
	m->author_id = author.len > 0 ? author : TEXT("site");
	m->posted_at = time_read(a, v, "date_gmt");
	if (wall_is_set(m->posted_at) && wall_before(m->posted_at, modified)) {
		m->edited_at = modified;
	}
	m->warning = text_clip(text_trim(rendered(a, v, "title")), LIMIT_NAME_BYTES);
	m->body = text_clip(rendered(a, v, "content"), LIMIT_MESSAGE_BYTES);
	if (m->body.len == 0) {
		m->body = m->warning;
		m->warning = TEXT_NONE;
	}
	m->permalink = permalink_read(a, v);
	return true;
}

static bool element_read(const struct connector_ctx *ctx, struct jx v, struct message *m,
			 struct err *err)
{
	if (!jx_is_object(v)) {
		return err_set(err, ERR_DATA, "it is no object");
	}
	if (jx_is_set(jx_get(v, "post")) || jx_is_set(jx_get(v, "author_name"))) {
		return comment_read(ctx, v, m, err);
	}
	if (jx_is_set(jx_get(v, "title"))) {
		return post_read(ctx, v, m, err);
	}
	return err_set(err, ERR_DATA, "it is neither a comment nor a post");
}

/* The id of an element that does not parse. */
static int64_t id_salvage(struct text slice)
{
	struct text inner;
	int64_t n;

	return jx_slice_kind(slice) == '{' && jx_member(slice, TEXT("id"), &inner) &&
			       num_parse_range(inner, 1, INT64_MAX, &n)
		       ? n
		       : 0;
}

static void element_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
			int64_t *ret_id)
{
	struct message m = { .raw = slice };
	struct arena *a = ctx->arena;
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;
	bool is_read = jx_parse(a, slice, &v, &doc, &err);

	*ret_id = is_read && jx_is_object(v) ? number_or_none(a, v, "id") : id_salvage(slice);
	is_read = is_read && element_read(ctx, v, &m, &err);
	if (is_read && m.kind != MESSAGE_POST && is_gone(a, v)) {
		outcome_add_gone(a, out, m.external_id);
	} else if (is_read) {
		*outcome_add_message(a, out) = m;
	} else {
		outcome_add_bad(a, out, slice,
				*ret_id > 0 ? text_printf(a, "%lld", (long long)*ret_id)
					    : TEXT_NONE,
				err.text);
	}
	jx_release(&doc);
}

bool wordpress_page_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
			 struct wordpress_page *ret, struct err *err)
{
	struct text *slices, inner;
	size_t n;

	if (jx_slice_kind(page) == '{' && jx_member(page, TEXT("id"), &inner)) {
		slices = &page;
		n = 1;
	} else if (jx_slice_kind(page) != '[') {
		return err_set(err, ERR_DATA, "the answer is no list of comments");
	} else if (!jx_elements(ctx->arena, page, &slices, &n, err)) {
		return false;
	}
	ret->ids = ARENA_ARRAY(ctx->arena, int64_t, n);
	ret->n = n;
	for (size_t i = 0; i < n; i++) {
		element_add(ctx, slices[i], out, &ret->ids[i]);
	}
	return true;
}
