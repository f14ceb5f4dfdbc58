#include "bluesky_post.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"

struct reading {
	const struct connector_ctx *ctx;
	bool is_search;
	const struct bluesky_convo *convo;
	struct text raw;
};

/* ---- fields ---- */

bool bluesky_is_of(struct text uri, struct text did)
{
	struct text rest = text_slice(uri, 5, SIZE_MAX);

	return did.len > 0 && text_starts(uri, TEXT("at://")) && text_starts(rest, did) &&
	       rest.len > did.len && rest.at[did.len] == '/';
}

/* "at://did/app.bsky.feed.post/rkey" */
static bool post_uri_parse(struct text uri, struct text *ret_did, struct text *ret_rkey)
{
	struct text rest, collection;

	if (!page_is_id(uri) || !text_starts(uri, TEXT("at://did:"))) {
		return false;
	}
	return text_cut(text_slice(uri, 5, SIZE_MAX), '/', ret_did, &rest) &&
	       text_cut(rest, '/', &collection, ret_rkey) &&
	       text_eq(collection, TEXT("app.bsky.feed.post")) && ret_rkey->len > 0 &&
	       text_find(*ret_rkey, TEXT("/"), 0) == SIZE_MAX;
}

bool bluesky_is_post_uri(struct text uri)
{
	struct text did, rkey;

	return post_uri_parse(uri, &did, &rkey);
}

static bool is_plain(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == ':' || c == '.' || c == '-' || c == '_' || c == '~')) {
			return false;
		}
	}
	return t.len > 0;
}

struct text bluesky_permalink(struct arena *a, struct text uri)
{
	struct text did, rkey;

	if (!post_uri_parse(uri, &did, &rkey) || !is_plain(did) || !is_plain(rkey)) {
		return TEXT_NONE;
	}
	return text_printf(a, "https://bsky.app/profile/%.*s/post/%.*s", TEXT_ARG(did),
			   TEXT_ARG(rkey));
}

static bool author_read(const struct connector_ctx *ctx, struct jx who, struct message *m,
			struct err *err)
{
	m->author_id = page_id_or_none(ctx->arena, who, "did");
	if (m->author_id.len == 0) {
		return err_set(err, ERR_DATA, "nobody is named as its author");
	}
	m->author_handle = text_clip(text_trim(jx_text_or(ctx->arena, who, "handle", TEXT_NONE)),
				     LIMIT_NAME_BYTES);
	m->author_name = text_clip(text_trim(jx_text_or(ctx->arena, who, "displayName", TEXT_NONE)),
				   LIMIT_NAME_BYTES);
	m->direction = page_is_ours(ctx, m->author_id) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	return true;
}

static void name_add(struct message *m, struct text did)
{
	if (did.len == 0 || text_eq(did, m->author_id) || m->n_names >= LIMIT_NAMES) {
		return;
	}
	for (size_t i = 0; i < m->n_names; i++) {
		if (text_eq(m->names[i], did)) {
			return;
		}
	}
	m->names[m->n_names++] = did;
}

/* Whom the facets mention; true when we are among them. */
static bool facets_read(const struct connector_ctx *ctx, struct jx facets, struct message *m)
{
	bool is_us = false;

	for (size_t i = 0; i < jx_len(facets); i++) {
		struct jx features = jx_get(jx_at(facets, i), "features");

		for (size_t j = 0; j < jx_len(features); j++) {
			struct text did = page_id_or_none(ctx->arena, jx_at(features, j), "did");

			if (page_is_ours(ctx, did)) {
				is_us = true;
			} else {
				name_add(m, did);
			}
		}
	}
	return is_us;
}

/* The uri of a post that this one quotes. */
static struct text quoted_uri(struct arena *a, struct jx record)
{
	struct text uri = page_id_or_none(a, jx_path(record, "embed.record"), "uri");

	return uri.len > 0 ? uri
			   : page_id_or_none(a, jx_path(record, "embed.record.record"), "uri");
}

static struct text body_read(struct arena *a, struct jx record)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = (size_t)4 * LIMIT_MESSAGE_BYTES };
	struct jx embed = jx_get(record, "embed"), images = jx_get(embed, "images");

	strbuf_add(&b, jx_text_or(a, record, "text", TEXT_NONE));
	if (!jx_is_array(images)) {
		images = jx_path(embed, "media.images");
	}
	for (size_t i = 0; i < jx_len(images) && i < 16; i++) {
		struct text alt = text_trim(jx_text_or(a, jx_at(images, i), "alt", TEXT_NONE));

		if (alt.len > 0) {
			strbuf_add_str(&b, b.len > 0 ? "\n[image: " : "[image: ");
			strbuf_add(&b, alt);
			strbuf_add_byte(&b, ']');
		}
	}
	if (b.len == 0 && jx_is_object(embed)) {
		strbuf_add_str(&b, jx_len(images) > 0 ? "[image]" : "[attachment]");
	}
	return text_dup(a, text_clip(strbuf_text(&b), LIMIT_MESSAGE_BYTES));
}

/* ---- elements ---- */

/* `v` is a post view or a notification about a post: both carry uri, cid, author and record. */
static bool post_read(const struct reading *r, struct jx v, struct message *m, struct err *err)
{
	const struct connector_ctx *ctx = r->ctx;
	struct jx record = jx_get(v, "record");
	bool is_naming_us;

	m->raw = r->raw;
	m->external_id = page_id_or_none(ctx->arena, v, "uri");
	if (m->external_id.len == 0) {
		return err_set(err, ERR_DATA, "it has no uri that can be stored");
	}
	if (!jx_is_object(record)) {
		return err_set(err, ERR_DATA, "it has no record");
	}
	if (!author_read(ctx, jx_get(v, "author"), m, err)) {
		return false;
	}
	m->revision = page_id_or_none(ctx->arena, v, "cid");
	m->posted_at = page_wall_or_none(ctx->arena, record, "createdAt");
	if (!wall_is_set(m->posted_at)) {
		m->posted_at = page_wall_or_none(ctx->arena, v, "indexedAt");
	}
	m->body = body_read(ctx->arena, record);
	(void)jx_as_text(ctx->arena, jx_at(jx_get(record, "langs"), 0), &m->language);
	m->language = text_clip(m->language, 64);
	m->permalink = bluesky_permalink(ctx->arena, m->external_id);
	m->parent_id = page_id_or_none(ctx->arena, jx_path(record, "reply.parent"), "uri");
	if (text_eq(m->parent_id, m->external_id)) {
		m->parent_id = TEXT_NONE; /* nobody answers himself */
	}
	/* A notification's reason "reply" also comes for customers who talk among themselves below
	 * our post: what it answers decides. */
	is_naming_us = facets_read(ctx, jx_get(record, "facets"), m) ||
		       bluesky_is_of(quoted_uri(ctx->arena, record), ctx->own_id) ||
		       text_eq(jx_text_or(ctx->arena, v, "reason", TEXT_NONE), TEXT("mention")) ||
		       text_eq(jx_text_or(ctx->arena, v, "reason", TEXT_NONE), TEXT("quote"));
	m->kind = m->parent_id.len > 0 ? MESSAGE_REPLY : MESSAGE_POST;
	if (m->kind == MESSAGE_POST && is_naming_us && m->direction == MESSAGE_INBOUND) {
		m->kind = MESSAGE_MENTION;
	}
	m->is_named = m->direction == MESSAGE_INBOUND &&
		      (is_naming_us || bluesky_is_of(m->parent_id, ctx->own_id));
	m->is_about = m->direction == MESSAGE_INBOUND && r->is_search && !m->is_named;
	return true;
}

/* Likes, reposts, follows and whatever will be invented: attached, visible, nobody waits. */
static bool event_read(const struct reading *r, struct jx v, struct message *m, struct err *err)
{
	struct arena *a = r->ctx->arena;
	struct text uri = page_id_or_none(a, v, "uri");
	struct text reason = text_clip(jx_text_or(a, v, "reason", TEXT_NONE), 64);

	if (!author_read(r->ctx, jx_get(v, "author"), m, err)) {
		return false;
	}
	if (uri.len == 0 || uri.len + m->author_id.len + reason.len > LIMIT_ID_BYTES - 16) {
		return err_set(err, ERR_DATA, "it has no uri that can be stored");
	}
	/* The record of a like is the author's own; what others point to (a starter pack of ours)
	 * comes once for each of them. */
	m->external_id = bluesky_is_of(uri, m->author_id)
				 ? uri
				 : text_printf(a, "%.*s#%.*s:%.*s", TEXT_ARG(uri), TEXT_ARG(reason),
					       TEXT_ARG(m->author_id));
	if (!page_is_id(m->external_id)) {
		return err_set(err, ERR_DATA, "its reason is no word");
	}
	m->raw = r->raw;
	m->kind = MESSAGE_OTHER;
	m->revision = page_id_or_none(a, v, "cid");
	m->parent_id = page_id_or_none(a, v, "reasonSubject");
	m->posted_at = page_wall_or_none(a, jx_get(v, "record"), "createdAt");
	if (!wall_is_set(m->posted_at)) {
		m->posted_at = page_wall_or_none(a, v, "indexedAt");
	}
	m->body = reason;
	return true;
}

/* An entry of a feed that somebody (we) reposted. */
static bool repost_read(const struct reading *r, struct jx v, struct message *m, struct err *err)
{
	struct arena *a = r->ctx->arena;
	struct jx reason = jx_get(v, "reason");

	if (!author_read(r->ctx, jx_get(reason, "by"), m, err)) {
		return false;
	}
	m->parent_id = page_id_or_none(a, jx_get(v, "post"), "uri");
	m->external_id = page_id_or_none(a, reason, "uri");
	if (m->external_id.len == 0 && m->parent_id.len > 0 &&
	    m->parent_id.len < LIMIT_ID_BYTES / 2 && m->author_id.len < LIMIT_ID_BYTES / 4) {
		m->external_id = text_printf(a, "repost:%.*s:%.*s", TEXT_ARG(m->author_id),
					     TEXT_ARG(m->parent_id));
	}
	if (m->external_id.len == 0) {
		return err_set(err, ERR_DATA, "it has no uri that can be stored");
	}
	m->raw = r->raw;
	m->kind = MESSAGE_OTHER;
	m->posted_at = page_wall_or_none(a, reason, "indexedAt");
	m->body = TEXT("repost");
	return true;
}

/* What all messages of a conversation have: an id, the conversation, a time. */
static bool place_read(const struct reading *r, struct jx v, struct text convo_id,
		       struct message *m, struct err *err)
{
	struct arena *a = r->ctx->arena;
	struct text id = page_id_or_none(a, v, "id");

	if (id.len == 0 || id.len > LIMIT_ID_BYTES - 16 || convo_id.len > LIMIT_ID_BYTES - 16) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	m->external_id = text_printf(a, "dm:%.*s", TEXT_ARG(id));
	if (convo_id.len > 0) {
		m->thread_id = text_printf(a, "convo:%.*s", TEXT_ARG(convo_id));
	}
	m->raw = r->raw;
	m->visibility = MESSAGE_PRIVATE;
	m->posted_at = page_wall_or_none(a, v, "sentAt");
	return true;
}

static bool direct_read(const struct reading *r, struct jx v, struct text convo_id,
			struct message *m, struct err *err)
{
	struct arena *a = r->ctx->arena;
	struct text answered;

	if (!place_read(r, v, convo_id, m, err) ||
	    !author_read(r->ctx, jx_get(v, "sender"), m, err)) {
		return false;
	}
	if (r->convo != NULL && text_eq(m->author_id, r->convo->peer)) {
		m->author_handle = r->convo->handle;
		m->author_name = r->convo->name;
	}
	if (m->direction == MESSAGE_OUTBOUND && r->convo != NULL) {
		m->peer_id = r->convo->peer;
	}
	answered = page_id_or_none(a, jx_get(v, "replyTo"), "id");
	if (answered.len > 0 && answered.len <= LIMIT_ID_BYTES - 16) {
		m->parent_id = text_printf(a, "dm:%.*s", TEXT_ARG(answered));
	}
	m->kind = MESSAGE_DIRECT;
	m->is_named = m->direction == MESSAGE_INBOUND;
	m->body = body_read(a, v);
	return true;
}

/* "Ann joined", "the group has a new name": by nobody, and nobody waits. */
static bool system_read(const struct reading *r, struct jx v, struct text convo_id,
			struct message *m, struct err *err)
{
	struct arena *a = r->ctx->arena;
	struct jx data = jx_get(v, "data");
	struct text name, kind;

	if (!place_read(r, v, convo_id, m, err)) {
		return false;
	}
	m->author_id = page_id_or_none(a, jx_get(data, "member"), "did");
	if (m->author_id.len == 0) {
		m->author_id = r->convo != NULL && r->convo->peer.len > 0 ? r->convo->peer
									  : TEXT("bluesky");
	}
	m->direction = page_is_ours(r->ctx, m->author_id) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	m->kind = MESSAGE_OTHER;
	if (text_cut(jx_text_or(a, data, "$type", TEXT_NONE), '#', &name, &kind)) {
		m->body = text_clip(kind, LIMIT_NAME_BYTES);
	}
	return true;
}

/* A message that is deleted, for us or by its author. True: there is nothing to read. */
static bool gone_take(const struct reading *r, struct jx v, struct outcome *out)
{
	struct text type = jx_text_or(r->ctx->arena, v, "$type", TEXT_NONE);
	struct text id = page_id_or_none(r->ctx->arena, v, "id");

	if (!text_ends(type, TEXT("#deletedMessageView")) || id.len == 0 ||
	    id.len > LIMIT_ID_BYTES - 16) {
		return false;
	}
	outcome_add_gone(r->ctx->arena, out, text_printf(r->ctx->arena, "dm:%.*s", TEXT_ARG(id)));
	return true;
}

static void members_find(const struct connector_ctx *ctx, struct jx convo,
			 struct bluesky_convo *ret)
{
	struct jx members = jx_get(convo, "members");

	ret->id = page_id_or_none(ctx->arena, convo, "id");
	for (size_t i = 0; i < jx_len(members) && ret->peer.len == 0; i++) {
		struct jx who = jx_at(members, i);
		struct text did = page_id_or_none(ctx->arena, who, "did");

		if (did.len > 0 && !page_is_ours(ctx, did)) {
			ret->peer = did;
			ret->handle = text_clip(jx_text_or(ctx->arena, who, "handle", TEXT_NONE),
						LIMIT_NAME_BYTES);
			ret->name = text_clip(jx_text_or(ctx->arena, who, "displayName", TEXT_NONE),
					      LIMIT_NAME_BYTES);
		}
	}
}

/* A conversation is its last message; an empty one is an event. */
static bool convo_element_read(const struct reading *outer, struct jx v, struct message *m,
			       struct outcome *out, bool *ret_is_gone, struct err *err)
{
	struct bluesky_convo convo = { 0 };
	struct jx last = jx_get(v, "lastMessage");
	struct reading inner = *outer;
	const struct reading *r = &inner;

	inner.convo = &convo;
	members_find(r->ctx, v, &convo);
	*ret_is_gone = jx_is_object(last) && gone_take(r, last, out);
	if (*ret_is_gone) {
		return true;
	}
	if (jx_is_object(last) && jx_is_object(jx_get(last, "sender"))) {
		return direct_read(&inner, last, convo.id, m, err);
	}
	if (convo.peer.len == 0) { /* all others have left */
		convo.peer = r->ctx->own_id;
		convo.handle = r->ctx->own_handle;
		m->direction = MESSAGE_OUTBOUND;
	}
	if (convo.id.len == 0 || convo.id.len > LIMIT_ID_BYTES - 16 || convo.peer.len == 0) {
		return err_set(err, ERR_DATA, "a conversation without id or other member");
	}
	m->external_id = text_printf(r->ctx->arena, "convo:%.*s", TEXT_ARG(convo.id));
	m->author_id = convo.peer;
	m->author_handle = convo.handle;
	m->author_name = convo.name;
	m->kind = MESSAGE_OTHER;
	m->visibility = MESSAGE_PRIVATE;
	m->raw = r->raw;
	m->body = TEXT("conversation");
	return true;
}

static bool element_read(const struct reading *r, struct jx v, struct message *m,
			 struct outcome *out, bool *ret_is_gone, struct err *err)
{
	struct text reason = jx_text_or(r->ctx->arena, v, "reason", TEXT_NONE);
	struct text convo_id = r->convo != NULL ? r->convo->id : TEXT_NONE;

	*ret_is_gone = false;
	if (!jx_is_object(v)) {
		return err_set(err, ERR_DATA, "it is no object");
	}
	if (jx_is_object(jx_get(v, "message")) && jx_is_set(jx_get(v, "convoId"))) { /* chat log */
		convo_id = page_id_or_none(r->ctx->arena, v, "convoId");
		v = jx_get(v, "message");
	}
	if (reason.len > 0) {
		struct text type =
			jx_text_or(r->ctx->arena, jx_get(v, "record"), "$type", TEXT_NONE);

		return text_eq(type, TEXT("app.bsky.feed.post")) ? post_read(r, v, m, err)
								 : event_read(r, v, m, err);
	}
	if (jx_is_object(jx_get(v, "post"))) {
		struct text why =
			jx_text_or(r->ctx->arena, jx_get(v, "reason"), "$type", TEXT_NONE);

		return text_ends(why, TEXT("#reasonRepost"))
			       ? repost_read(r, v, m, err)
			       : post_read(r, jx_get(v, "post"), m, err);
	}
	if (jx_is_set(jx_get(v, "uri")) && jx_is_set(jx_get(v, "record"))) {
		return post_read(r, v, m, err);
	}
	if (jx_is_array(jx_get(v, "members"))) {
		return convo_element_read(r, v, m, out, ret_is_gone, err);
	}
	*ret_is_gone = gone_take(r, v, out);
	if (*ret_is_gone) {
		return true;
	}
	if (jx_is_object(jx_get(v, "sender"))) {
		return direct_read(r, v, convo_id, m, err);
	}
	if (text_ends(jx_text_or(r->ctx->arena, v, "$type", TEXT_NONE),
		      TEXT("#systemMessageView"))) {
		return system_read(r, v, convo_id, m, err);
	}
	return err_set(err, ERR_DATA, "it is no message");
}

/* ---- pages ---- */

struct wall bluesky_later(struct wall high, struct wall at, struct wall now)
{
	bool is_ahead = wall_is_set(now) && wall_before(now, at);

	return !is_ahead && wall_before(high, at) ? at : high;
}

struct text bluesky_slice_text(struct arena *a, struct text slice, struct text name)
{
	struct text inner, out;

	if (jx_member(slice, name, &inner) && jx_slice_text(a, inner, &out)) {
		return out;
	}
	return TEXT_NONE;
}

/* Place and time in the list, also of an element that does not parse. */
static void item_read(struct arena *a, struct text slice, struct bluesky_item *ret)
{
	static const char *const times[] = { "indexedAt", "sentAt" };
	struct text inner, reason;

	if (jx_member(slice, TEXT("post"), &inner) && jx_slice_kind(inner) == '{') {
		/* A repost stands where it was made, not where the post was. */
		if (jx_member(slice, TEXT("reason"), &reason) && jx_slice_kind(reason) == '{') {
			(void)wall_parse(bluesky_slice_text(a, reason, TEXT("indexedAt")),
					 &ret->at);
		}
		slice = inner;
	}
	ret->id = bluesky_slice_text(a, slice, TEXT("uri"));
	if (ret->id.len == 0) {
		ret->id = bluesky_slice_text(a, slice, TEXT("id"));
	}
	for (size_t i = 0; i < 2 && !wall_is_set(ret->at); i++) {
		(void)wall_parse(bluesky_slice_text(a, slice, text_of(times[i])), &ret->at);
	}
	ret->id = page_is_id(ret->id) ? ret->id : TEXT_NONE;
}

void bluesky_element_add(const struct connector_ctx *ctx, bool is_search,
			 const struct bluesky_convo *convo, struct text slice, struct outcome *out,
			 struct bluesky_item *ret)
{
	struct reading r = { .ctx = ctx, .is_search = is_search, .convo = convo, .raw = slice };
	struct message m = { 0 };
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;
	bool is_gone;

	*ret = (struct bluesky_item){ 0 };
	item_read(ctx->arena, slice, ret);
	if (!jx_parse(ctx->arena, slice, &v, &doc, &err) ||
	    !element_read(&r, v, &m, out, &is_gone, &err)) {
		outcome_add_bad(ctx->arena, out, slice, ret->id, err.text);
	} else if (!is_gone) {
		*outcome_add_message(ctx->arena, out) = m;
	}
	jx_release(&doc);
}

bool bluesky_list_read(const struct connector_ctx *ctx, bool is_search,
		       const struct bluesky_convo *convo, struct text page, struct outcome *out,
		       struct bluesky_item **ret, size_t *ret_n, struct err *err)
{
	static const char *const names[] = { "notifications", "feed", "posts", "messages",
					     "convos",        "logs", "actors" };
	struct text list = TEXT_NONE, *slices;
	size_t n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && list.len == 0; i++) {
		if (!jx_member(page, text_of(names[i]), &list) || jx_slice_kind(list) != '[') {
			list = TEXT_NONE;
		}
	}
	if (list.len == 0) {
		return err_set(err, ERR_DATA, "the answer is no list of messages");
	}
	if (!jx_elements(ctx->arena, list, &slices, &n, err)) {
		return false;
	}
	*ret = ARENA_ARRAY(ctx->arena, struct bluesky_item, n);
	*ret_n = n;
	for (size_t i = 0; i < n; i++) {
		bluesky_element_add(ctx, is_search, convo, slices[i], out, &(*ret)[i]);
	}
	return true;
}

bool bluesky_convo_read(const struct connector_ctx *ctx, struct text slice,
			struct bluesky_convo *ret, struct wall *ret_last_at)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct bluesky_convo){ 0 };
	*ret_last_at = (struct wall){ 0 };
	if (!jx_parse(ctx->arena, slice, &v, &doc, NULL)) {
		return false;
	}
	members_find(ctx, v, ret);
	*ret_last_at = page_wall_or_none(ctx->arena, jx_get(v, "lastMessage"), "sentAt");
	jx_release(&doc);
	return ret->id.len > 0 && wall_is_set(*ret_last_at);
}
