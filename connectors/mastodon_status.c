#include "mastodon_status.h"

#include "answerd/html.h"
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"

/* One element on its way to a message. */
struct reading {
	const struct connector_ctx *ctx;
	bool is_search;
	bool is_to_us; /* came as a notification that says so */
	struct text raw;
};

/* ---- fields ---- */

static bool author_read(const struct connector_ctx *ctx, struct jx account, struct message *m,
			struct err *err)
{
	struct text acct;

	m->author_id = page_id_or_none(ctx->arena, account, "id");
	if (m->author_id.len == 0) {
		return err_set(err, ERR_DATA, "nobody is named as its author");
	}
	acct = jx_text_or(ctx->arena, account, "acct", TEXT_NONE);
	if (text_starts(acct, TEXT("@"))) {
		acct = text_slice(acct, 1, SIZE_MAX);
	}
	m->author_handle = text_clip(text_trim(acct), LIMIT_NAME_BYTES);
	m->author_name =
		text_clip(text_trim(jx_text_or(ctx->arena, account, "display_name", TEXT_NONE)),
			  LIMIT_NAME_BYTES);
	m->direction = page_is_ours(ctx, m->author_id) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	return true;
}

static enum message_visibility visibility_read(struct text name)
{
	if (text_eq(name, TEXT("public"))) {
		return MESSAGE_PUBLIC;
	}
	if (text_eq(name, TEXT("unlisted"))) {
		return MESSAGE_UNLISTED;
	}
	/* What other servers invent ("local", "list") is at least not for everybody. */
	return text_eq(name, TEXT("direct")) ? MESSAGE_PRIVATE : MESSAGE_FOLLOWERS;
}

/* Fills names; true when we are among those mentioned. */
static bool names_read(const struct connector_ctx *ctx, struct jx mentions, struct message *m)
{
	bool is_us = false;

	for (size_t i = 0; i < jx_len(mentions); i++) {
		struct text id = page_id_or_none(ctx->arena, jx_at(mentions, i), "id");
		bool is_known = id.len == 0 || text_eq(id, m->author_id);

		if (page_is_ours(ctx, id)) {
			is_us = true;
			continue;
		}
		for (size_t j = 0; j < m->n_names && !is_known; j++) {
			is_known = text_eq(m->names[j], id);
		}
		if (!is_known && m->n_names < LIMIT_NAMES) {
			m->names[m->n_names++] = id;
		}
	}
	return is_us;
}

static struct text body_read(struct arena *a, struct jx status)
{
	scoped(strbuf_done) struct strbuf b = { 0 };
	struct text body = html_to_text(a, jx_text_or(a, status, "content", TEXT_NONE));
	struct jx media = jx_get(status, "media_attachments");
	size_t n = jx_len(media);

	strbuf_init(&b, (size_t)4 * LIMIT_MESSAGE_BYTES);
	strbuf_add(&b, body);
	for (size_t i = 0; i < n && i < 16; i++) {
		struct text words = jx_text_or(a, jx_at(media, i), "description", TEXT_NONE);

		words = text_trim(words);
		if (words.len > 0) {
			strbuf_add_str(&b, b.len > 0 ? "\n[image: " : "[image: ");
			strbuf_add(&b, words);
			strbuf_add_byte(&b, ']');
		}
	}
	if (b.len == 0 && n > 0) {
		strbuf_add_str(&b, "[image]");
	}
	return text_dup(a, text_clip(strbuf_text(&b), LIMIT_MESSAGE_BYTES));
}

static struct text permalink_read(struct arena *a, struct jx status)
{
	struct text at = jx_text_or(a, status, "url", TEXT_NONE);
	struct url u;

	if (url_parse(at, &u)) {
		return at;
	}
	at = jx_text_or(a, status, "uri", TEXT_NONE);
	return url_parse(at, &u) ? at : TEXT_NONE;
}

/* The option `automatic`: names of applications whose statuses no person wrote. */
static bool automatic_is(const struct connector_ctx *ctx, struct jx status)
{
	struct text rest = connector_option(ctx, "automatic"), one;
	struct text name = jx_text_or(ctx->arena, jx_get(status, "application"), "name", TEXT_NONE);

	while (rest.len > 0) {
		(void)text_cut(rest, ',', &one, &rest);
		one = text_trim(one);
		if (one.len > 0 && text_eq_nocase(one, text_trim(name))) {
			return true;
		}
	}
	return false;
}

static enum message_kind kind_of(const struct message *m, bool is_naming_us)
{
	if (m->visibility == MESSAGE_PRIVATE) {
		return MESSAGE_DIRECT;
	}
	if (m->parent_id.len > 0) {
		return MESSAGE_REPLY;
	}
	return is_naming_us && m->direction == MESSAGE_INBOUND ? MESSAGE_MENTION : MESSAGE_POST;
}

/* ---- elements ---- */

static bool is_quoting_us(const struct connector_ctx *ctx, struct jx status)
{
	return page_is_ours(
		ctx,
		page_id_or_none(ctx->arena, jx_path(status, "quote.quoted_status.account"), "id"));
}

static bool status_read(const struct reading *r, struct jx status, struct message *m,
			struct err *err)
{
	const struct connector_ctx *ctx = r->ctx;
	struct arena *a = ctx->arena;
	struct jx boosted = jx_get(status, "reblog");
	bool is_naming_us;

	m->external_id = page_id_or_none(a, status, "id");
	if (m->external_id.len == 0) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	if (!author_read(ctx, jx_get(status, "account"), m, err)) {
		return false;
	}
	m->raw = r->raw;
	m->posted_at = page_wall_or_none(a, status, "created_at");
	m->edited_at = page_wall_or_none(a, status, "edited_at");
	m->visibility = visibility_read(jx_text_or(a, status, "visibility", TEXT_NONE));
	m->body = body_read(a, status);
	m->warning = text_clip(text_trim(jx_text_or(a, status, "spoiler_text", TEXT_NONE)),
			       LIMIT_NAME_BYTES);
	m->language = text_clip(jx_text_or(a, status, "language", TEXT_NONE), 64);
	m->permalink = permalink_read(a, status);
	m->is_automatic = m->direction == MESSAGE_OUTBOUND && automatic_is(ctx, status);
	if (jx_is_object(boosted)) {
		m->kind = MESSAGE_OTHER;
		m->parent_id = page_id_or_none(a, boosted, "id");
		return true;
	}
	m->parent_id = page_id_or_none(a, status, "in_reply_to_id");
	if (text_eq(m->parent_id, m->external_id)) {
		m->parent_id = TEXT_NONE; /* nobody answers himself */
	}
	is_naming_us = names_read(ctx, jx_get(status, "mentions"), m);
	/* What answers us is to us even if the parent was deleted before we ever read it. */
	is_naming_us = is_naming_us || r->is_to_us || is_quoting_us(ctx, status);
	m->kind = kind_of(m, is_naming_us);
	is_naming_us = is_naming_us || m->kind == MESSAGE_DIRECT ||
		       page_is_ours(ctx, page_id_or_none(a, status, "in_reply_to_account_id"));
	m->is_named = m->direction == MESSAGE_INBOUND && is_naming_us;
	m->is_about = m->direction == MESSAGE_INBOUND && r->is_search && !m->is_named;
	return true;
}

/* Likes, boosts, follows and whatever will be invented: attached, visible, nobody waits. Whose it is
 * says the caller. */
static bool event_read(const struct reading *r, struct jx event, const char *prefix,
		       struct message *m, struct err *err)
{
	struct arena *a = r->ctx->arena;
	struct text id = page_id_or_none(a, event, "id");

	if (id.len == 0 || id.len > LIMIT_ID_BYTES - 32) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	m->external_id = text_printf(a, "%s:%.*s", prefix, TEXT_ARG(id));
	m->kind = MESSAGE_OTHER;
	m->raw = r->raw;
	m->posted_at = page_wall_or_none(a, event, "created_at");
	m->parent_id = page_id_or_none(a, jx_get(event, "status"), "id");
	m->body = text_clip(jx_text_or(a, event, "type", TEXT_NONE), LIMIT_NAME_BYTES);
	return true;
}

static bool notification_read(struct reading *r, struct jx n, struct message *m, struct err *err)
{
	struct text type = jx_text_or(r->ctx->arena, n, "type", TEXT_NONE);
	struct jx status = jx_get(n, "status");

	r->is_to_us = text_eq(type, TEXT("mention")) || text_eq(type, TEXT("quote"));
	if (jx_is_object(status) &&
	    (r->is_to_us || text_eq(type, TEXT("status")) || text_eq(type, TEXT("update")) ||
	     text_eq(type, TEXT("poll")))) {
		return status_read(r, status, m, err);
	}
	return event_read(r, n, "notification", m, err) &&
	       author_read(r->ctx, jx_get(n, "account"), m, err);
}

/* Where all is deleted there is no last status; where nobody else takes part, older servers name
 * nobody at all. */
static bool conversation_read(const struct reading *r, struct jx v, struct message *m,
			      struct err *err)
{
	struct jx last = jx_get(v, "last_status"), others = jx_get(v, "accounts");

	if (jx_is_object(last)) {
		return status_read(r, last, m, err);
	}
	if (!event_read(r, v, "conversation", m, err)) {
		return false;
	}
	if (jx_len(others) > 0 || r->ctx->own_id.len == 0) {
		return author_read(r->ctx, jx_at(others, 0), m, err);
	}
	m->author_id = r->ctx->own_id;
	m->author_handle = r->ctx->own_handle;
	m->direction = MESSAGE_OUTBOUND;
	return true;
}

static bool element_read(struct reading *r, struct jx v, struct message *m, struct err *err)
{
	if (!jx_is_object(v)) {
		return err_set(err, ERR_DATA, "it is no object");
	}
	if (jx_is_set(jx_get(v, "last_status")) ||
	    (jx_is_set(jx_get(v, "unread")) && jx_is_set(jx_get(v, "accounts")))) {
		return conversation_read(r, v, m, err);
	}
	if (jx_is_text(jx_get(v, "type")) && !jx_is_set(jx_get(v, "content"))) {
		return notification_read(r, v, m, err);
	}
	if (jx_is_set(jx_get(v, "content")) || jx_is_object(jx_get(v, "account"))) {
		return status_read(r, v, m, err);
	}
	if (jx_is_set(jx_get(v, "acct"))) {
		return err_set(err, ERR_DATA, "it is an account, not a message");
	}
	return err_set(err, ERR_DATA, "it is no message");
}

/* ---- pages ---- */

/* The id and the time that paging goes by. */
static void item_read(struct arena *a, struct jx element, struct mastodon_item *ret)
{
	struct jx last = jx_get(element, "last_status");

	element = jx_is_object(last) ? last : element;
	ret->id = page_id_or_none(a, element, "id");
	ret->at = page_wall_or_none(a, element, "created_at");
}

/* The same of an element that does not parse. */
static void item_salvage(struct arena *a, struct text slice, struct mastodon_item *ret)
{
	struct text inner, found;

	*ret = (struct mastodon_item){ 0 };
	if (jx_member(slice, TEXT("last_status"), &inner) && jx_slice_kind(inner) == '{') {
		slice = inner;
	}
	if (jx_member(slice, TEXT("id"), &inner) && jx_slice_text(a, inner, &found) &&
	    page_is_id(found)) {
		ret->id = found;
	}
	if (jx_member(slice, TEXT("created_at"), &inner) && jx_slice_text(a, inner, &found)) {
		(void)wall_parse(found, &ret->at); /* unreadable: not known */
	}
}

static void element_add(const struct connector_ctx *ctx, bool is_search, struct text slice,
			struct outcome *out, struct mastodon_item *item)
{
	struct reading r = { .ctx = ctx, .is_search = is_search, .raw = slice };
	struct message m = { 0 };
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;
	bool is_read = jx_parse(ctx->arena, slice, &v, &doc, &err);

	if (is_read) {
		item_read(ctx->arena, v, item);
	} else {
		item_salvage(ctx->arena, slice, item);
	}
	if (is_read && element_read(&r, v, &m, &err)) {
		*outcome_add_message(ctx->arena, out) = m;
	} else {
		outcome_add_bad(ctx->arena, out, slice, item->id, err.text);
	}
	jx_release(&doc);
}

static bool list_add(const struct connector_ctx *ctx, bool is_search, struct text list,
		     struct outcome *out, struct mastodon_page *page, struct err *err)
{
	struct mastodon_item *items;
	struct text *slices;
	size_t n;

	if (!jx_elements(ctx->arena, list, &slices, &n, err)) {
		return false;
	}
	items = ARENA_ARRAY(ctx->arena, struct mastodon_item, page->n + n);
	if (page->n > 0) {
		memcpy(items, page->items, page->n * sizeof(items[0]));
	}
	for (size_t i = 0; i < n; i++) {
		element_add(ctx, is_search, slices[i], out, &items[page->n + i]);
	}
	page->items = items;
	page->n += n;
	return true;
}

/* Lists inside an object: a context or a search result. False when it has none of them. */
static bool object_lists_add(const struct connector_ctx *ctx, bool is_search, struct text object,
			     struct outcome *out, struct mastodon_page *page, bool *ret_is_any,
			     struct err *err)
{
	static const char *const names[] = { "ancestors", "descendants", "statuses", "accounts",
					     "hashtags" };
	struct text list, inner;

	*ret_is_any = false;
	if (jx_member(object, TEXT("id"), &inner)) { /* conversations have "accounts" as well */
		return true;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (jx_member(object, text_of(names[i]), &list) && jx_slice_kind(list) == '[') {
			*ret_is_any = true;
			if (!list_add(ctx, is_search, list, out, page, err)) {
				return false;
			}
		}
	}
	return true;
}

bool mastodon_page_read(const struct connector_ctx *ctx, struct text source, struct text page,
			struct outcome *out, struct mastodon_page *ret, struct err *err)
{
	bool is_search = text_starts(source, TEXT("search:")), is_any;
	struct mastodon_page p = { 0 };
	struct text inner;

	if (jx_slice_kind(page) == '[') {
		if (!list_add(ctx, is_search, page, out, &p, err)) {
			return false;
		}
		*ret = p;
		return true;
	}
	if (jx_slice_kind(page) != '{') {
		return err_set(err, ERR_DATA, "the answer is no list of messages");
	}
	if (!object_lists_add(ctx, is_search, page, out, &p, &is_any, err)) {
		return false;
	}
	if (!is_any) {
		if (!jx_member(page, TEXT("account"), &inner) &&
		    !jx_member(page, TEXT("last_status"), &inner)) {
			return err_set(err, ERR_DATA, "the answer is no list of messages");
		}
		p.items = ARENA_ARRAY(ctx->arena, struct mastodon_item, 1);
		p.n = 1;
		element_add(ctx, is_search, page, out, &p.items[0]);
	}
	*ret = p;
	return true;
}
