#include "bluesky_reply.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "bluesky_chat.h"
#include "bluesky_post.h"
#include "bluesky_session.h"

#define POST_MOST       300
#define DIRECT_MOST     1000
#define BYTES_A_PIECE   10 /* 3000 bytes of 300, 10000 of 1000 */
#define MESSAGES        100
#define LOOK_PAGES      10
#define LOOK_BEFORE_S   300
#define CURSOR_BYTES    512
#define REQUEST_BYTES   ((size_t)4 * LIMIT_MESSAGE_BYTES)
#define COLLECTION      "app.bsky.feed.post"
#define CONVO           "convo:"
#define KEY_EPOCH_LEAST INT64_C(1000000000000000) /* a key that holds an older time is no TID */

/* ---- what is posted ---- */

static bool is_direct(const struct posting *p)
{
	return p->visibility == MESSAGE_PRIVATE;
}

static struct text convo_of(const struct posting *p)
{
	return text_starts(p->thread_id, TEXT(CONVO))
		       ? text_slice(p->thread_id, sizeof(CONVO) - 1, SIZE_MAX)
		       : TEXT_NONE;
}

void bluesky_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		     int64_t *ret_most)
{
	int64_t n = (int64_t)posting_graphemes(p->text);
	int64_t by_bytes = (int64_t)(p->text.len + BYTES_A_PIECE - 1) / BYTES_A_PIECE;

	(void)ctx; /* these limits are the network's, not a server's */
	*ret_length = n > by_bytes ? n : by_bytes;
	*ret_most = is_direct(p) ? DIRECT_MOST : POST_MOST;
}

struct ref {
	struct text uri, cid;
};

static bool is_ref(const struct ref *r)
{
	return bluesky_is_post_uri(r->uri) && page_is_id(r->cid);
}

enum thread_place { PLACE_UNKNOWN, PLACE_TOP, PLACE_BELOW };

/* Where the parent's own record says that it stands, and below which root. */
static enum thread_place place_read(struct arena *a, struct text raw, struct ref *ret_root)
{
	struct text page, inner, root;
	struct ref found;

	if (raw.len == 0 || !jx_scan(raw, &page, NULL)) {
		return PLACE_UNKNOWN;
	}
	if (jx_member(page, TEXT("post"), &inner)) { /* of a feed, of a thread */
		page = inner;
	}
	if (!jx_member(page, TEXT("record"), &inner) || jx_slice_kind(inner) != '{') {
		return PLACE_UNKNOWN;
	}
	if (!jx_member(inner, TEXT("reply"), &inner)) {
		return PLACE_TOP;
	}
	if (!jx_member(inner, TEXT("root"), &root)) {
		return PLACE_UNKNOWN;
	}
	found.uri = bluesky_slice_text(a, root, TEXT("uri"));
	found.cid = bluesky_slice_text(a, root, TEXT("cid"));
	if (!is_ref(&found)) {
		return PLACE_UNKNOWN;
	}
	*ret_root = found;
	return PLACE_BELOW;
}

/* The parent's cid as its raw element says; for a parent whose revision is not known. */
static struct text cid_read(struct arena *a, struct text raw)
{
	struct text page, inner;

	if (raw.len == 0 || !jx_scan(raw, &page, NULL)) {
		return TEXT_NONE;
	}
	if (jx_member(page, TEXT("post"), &inner)) {
		page = inner;
	}
	return bluesky_slice_text(a, page, TEXT("cid"));
}

static bool refs_find(struct arena *a, const struct posting *p, struct ref *ret_root,
		      struct ref *ret_parent, struct err *err)
{
	struct ref parent = { p->parent_id, p->parent_revision };
	struct ref root = { p->root_id, p->root_revision };
	enum thread_place place;

	if (parent.cid.len == 0) {
		parent.cid = cid_read(a, p->parent_raw);
	}
	if (!is_ref(&parent)) {
		return err_set(err, ERR_DATA,
			       "what it answers is no post whose version we know: answer in the "
			       "platform's own app");
	}
	place = place_read(a, p->parent_raw, &root);
	if (place == PLACE_UNKNOWN && p->parent_kind != MESSAGE_REPLY) {
		place = PLACE_TOP;
	}
	if (place == PLACE_TOP) {
		root = parent;
	} else if (!is_ref(&root)) {
		return err_set(err, ERR_DATA,
			       "nothing here says where its thread begins: answer in the "
			       "platform's own app");
	}
	*ret_root = root;
	*ret_parent = parent;
	return true;
}

static void ref_add(struct strbuf *b, const char *name, const struct ref *r)
{
	strbuf_printf(b, "\"%s\":{\"cid\":", name);
	strbuf_add_json(b, r->cid);
	strbuf_add_str(b, ",\"uri\":");
	strbuf_add_json(b, r->uri);
	strbuf_add_byte(b, '}');
}

/* Links, and the customer where the text names them: nobody else's DID is known. */
static void facets_add(struct strbuf *b, const struct posting *p)
{
	struct posting_part part;
	size_t n = 0;

	for (size_t at = 0; posting_part_next(p->text, &at, &part);) {
		struct text whole = text_slice(p->text, part.from, part.len);
		bool is_link = part.kind == POSTING_LINK;

		if (!is_link &&
		    (!text_eq_nocase(text_slice(whole, 1, SIZE_MAX), p->author_handle) ||
		     !text_starts(p->author_id, TEXT("did:")))) {
			continue;
		}
		strbuf_add_str(b, n++ == 0 ? ",\"facets\":[" : ",");
		strbuf_printf(b, "{\"features\":[{\"$type\":\"app.bsky.richtext.facet#%s\",\"%s\":",
			      is_link ? "link" : "mention", is_link ? "uri" : "did");
		strbuf_add_json(b, is_link ? whole : p->author_id);
		strbuf_printf(b, "}],\"index\":{\"byteEnd\":%zu,\"byteStart\":%zu}}",
			      part.from + part.len, part.from);
	}
	strbuf_add_str(b, n > 0 ? "]" : "");
}

static bool record_add(struct strbuf *b, struct arena *a, const struct posting *p, struct err *err)
{
	struct wall made_at = posting_key_time(p->key);
	struct text language = posting_language(p->language);
	char when[WALL_TEXT_BYTES];
	struct ref root = { 0 }, parent = { 0 };

	if (made_at.us < KEY_EPOCH_LEAST) {
		return err_set(err, ERR_DATA, "the reply's key is no TID");
	}
	if (!refs_find(a, p, &root, &parent, err)) {
		return false;
	}
	(void)wall_format(made_at, when);
	strbuf_printf(b, "{\"$type\":\"" COLLECTION "\",\"createdAt\":\"%s\"", when);
	facets_add(b, p);
	if (language.len > 0) {
		strbuf_add_str(b, ",\"langs\":[");
		strbuf_add_json(b, language);
		strbuf_add_byte(b, ']');
	}
	strbuf_add_str(b, ",\"reply\":{");
	ref_add(b, "parent", &parent);
	strbuf_add_byte(b, ',');
	ref_add(b, "root", &root);
	strbuf_add_str(b, "},\"text\":");
	strbuf_add_json(b, p->text);
	strbuf_add_byte(b, '}');
	return true;
}

static struct text own_did(const struct connector_ctx *ctx)
{
	struct bluesky_session s;

	if (ctx->own_id.len > 0) {
		return ctx->own_id;
	}
	(void)bluesky_session_load(ctx, &s); /* none: its did is empty */
	return s.did;
}

static bool body_fill(const struct connector_ctx *ctx, const struct posting *p, struct strbuf *b,
		      struct err *err)
{
	if (is_direct(p)) {
		if (convo_of(p).len == 0) {
			return err_set(err, ERR_DATA,
				       "nothing says which conversation this direct message is in");
		}
		strbuf_add_str(b, "{\"convoId\":");
		strbuf_add_json(b, convo_of(p));
		strbuf_add_str(b, ",\"message\":{\"text\":");
		strbuf_add_json(b, p->text);
		strbuf_add_str(b, "}}");
		return true;
	}
	strbuf_add_str(b, "{\"collection\":\"" COLLECTION "\",\"record\":");
	if (!record_add(b, ctx->arena, p, err)) {
		return false;
	}
	strbuf_add_str(b, ",\"repo\":");
	strbuf_add_json(b, own_did(ctx));
	strbuf_add_str(b, ",\"rkey\":");
	strbuf_add_json(b, p->key);
	strbuf_add_str(b, ",\"swapRecord\":null}");
	return true;
}

bool bluesky_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = REQUEST_BYTES };
	const struct posting *p = q->posting;
	struct strbuf url;

	if (p == NULL || p->text.len == 0) {
		return err_set(err, ERR_DATA, "there is nothing to post");
	}
	if (!body_fill(ctx, p, &b, err)) {
		return false;
	}
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than any server takes");
	}
	if (!bluesky_url_start(ctx, &url,
			       is_direct(p) ? "chat.bsky.convo.sendMessage"
					    : "com.atproto.repo.putRecord",
			       err) ||
	    !bluesky_url_finish(ctx, &url, ret, err)) {
		return false;
	}
	ret->method = HTTP_POST;
	ret->once = true;
	ret->body = text_dup(ctx->arena, strbuf_text(&b));
	ret->content_type = TEXT("application/json");
	if (is_direct(p)) {
		bluesky_chat_address(ret);
	}
	return true;
}

/* ---- what the server says to it ---- */

/* Refusals that are no HTTP status of their own. True: err is filled. */
static bool is_refused(const struct connector_ctx *ctx, const struct question *q,
		       const struct response *r, struct outcome *ret, struct err *err)
{
	bool is_chat = q->posting != NULL && is_direct(q->posting);
	struct text missing = is_chat ? bluesky_chat_refused(ctx, r) : TEXT_NONE;
	struct err why = { 0 };

	if (missing.len > 0) {
		(void)err_set(err, ERR_DATA, "the platform refuses the reply: %.*s",
			      TEXT_ARG(missing));
		return true;
	}
	if (text_eq(bluesky_error_name(ctx, r), TEXT("InvalidSwap"))) {
		(void)err_set(err, ERR_UNSURE,
			      "under the reply's own name stands another record: it may be an "
			      "earlier attempt");
		return true;
	}
	if ((r->status == 400 || r->status == 401 || r->status == 403) && !page_is_html(r) &&
	    !bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, &why) && why.kind == ERR_AUTH) {
		if (err != NULL) {
			*err = why;
		}
		return true;
	}
	return false;
}

/* The answer's uri must be the one that we chose. */
static bool post_read(const struct connector_ctx *ctx, const struct posting *p, struct text page,
		      struct outcome *ret)
{
	struct text did = own_did(ctx);
	struct text uri = bluesky_slice_text(ctx->arena, page, TEXT("uri"));
	struct text mine = text_printf(ctx->arena, "at://%.*s/" COLLECTION "/%.*s", TEXT_ARG(did),
				       TEXT_ARG(p->key));

	if (!text_eq(uri, mine) || bluesky_slice_text(ctx->arena, page, TEXT("cid")).len == 0) {
		return false;
	}
	ret->sent_id = uri;
	ret->sent_permalink = bluesky_permalink(ctx->arena, uri);
	return true;
}

static bool direct_read(const struct connector_ctx *ctx, struct text page, struct outcome *ret)
{
	struct text id = bluesky_slice_text(ctx->arena, page, TEXT("id")), sender;

	if (!page_is_id(id) || id.len > LIMIT_ID_BYTES - 16 ||
	    !jx_member(page, TEXT("sender"), &sender) ||
	    !text_eq(bluesky_slice_text(ctx->arena, sender, TEXT("did")), own_did(ctx))) {
		return false;
	}
	ret->sent_id = text_printf(ctx->arena, "dm:%.*s", TEXT_ARG(id));
	return true;
}

bool bluesky_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	const struct posting *p = q->posting;
	bool is_same_for_ever = p != NULL && !is_direct(p);
	struct text page;

	if (is_refused(ctx, q, r, ret, err) ||
	    !posting_check(ctx, r, &ret->rate, is_same_for_ever,
			   r->status >= 300 ? bluesky_error_message(ctx, r) : TEXT_NONE, err)) {
		return false;
	}
	if (p == NULL || !page_scan(r, &page, NULL) || jx_slice_kind(page) != '{' ||
	    !(is_direct(p) ? direct_read(ctx, page, ret) : post_read(ctx, p, page, ret))) {
		return err_set(err, ERR_UNSURE,
			       "the server answers %d without what was posted: it may have been",
			       r->status);
	}
	return true;
}

/* ---- did it arrive? ---- */

static bool messages_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	struct text cursor, convo = convo_of(q->posting);
	struct strbuf b;

	if (convo.len == 0) {
		return err_set(err, ERR_DATA,
			       "nothing says which conversation this direct message is in");
	}
	(void)posting_look_load(q->state, LOOK_PAGES, &cursor);
	if (!bluesky_url_start(ctx, &b, "chat.bsky.convo.getMessages", err)) {
		return false;
	}
	strbuf_printf(&b, "?limit=%d&convoId=", page_size(q, MESSAGES));
	strbuf_add_url(&b, convo);
	if (cursor.len > 0) {
		strbuf_add_str(&b, "&cursor=");
		strbuf_add_url(&b, cursor);
	}
	if (!bluesky_url_finish(ctx, &b, ret, err)) {
		return false;
	}
	bluesky_chat_address(ret);
	return true;
}

bool bluesky_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct strbuf b;

	if (q->posting == NULL || q->posting->key.len == 0) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (is_direct(q->posting)) {
		return messages_ask(ctx, q, ret, err);
	}
	if (!bluesky_url_start(ctx, &b, "com.atproto.repo.getRecord", err)) {
		return false;
	}
	strbuf_add_str(&b, "?collection=" COLLECTION "&repo=");
	strbuf_add_url(&b, own_did(ctx));
	strbuf_add_str(&b, "&rkey=");
	strbuf_add_url(&b, q->posting->key);
	return bluesky_url_finish(ctx, &b, ret, err);
}

static bool record_digest(const struct connector_ctx *ctx, const struct posting *p,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page;

	if (r->status == 400 && text_eq(bluesky_error_name(ctx, r), TEXT("RecordNotFound"))) {
		return true;
	}
	if (!bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, err) ||
	    !page_scan(r, &page, err)) {
		return false;
	}
	return post_read(ctx, p, page, ret) ||
	       err_set(err, ERR_DATA, "the answer is not the record that was asked for");
}

/* The latest message of ours with that text that is not older than the first attempt; true in
 * *ret_is_past when the page reached what is. */
static void messages_find(const struct posting *p, const struct outcome *page, struct outcome *ret,
			  bool *ret_is_past)
{
	struct wall since = wall_is_set(p->begun_at) ? wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S))
						     : (struct wall){ 0 };
	struct wall latest = { 0 };

	*ret_is_past = false;
	for (size_t i = 0; i < page->n_messages; i++) {
		const struct message *m = &page->messages[i];

		if (wall_is_set(m->posted_at) && wall_before(m->posted_at, since)) {
			*ret_is_past = true;
		} else if (m->direction == MESSAGE_OUTBOUND && posting_is_same(p->text, m->body) &&
			   (ret->sent_id.len == 0 || wall_before(latest, m->posted_at))) {
			ret->sent_id = m->external_id;
			latest = m->posted_at;
		}
	}
}

static bool messages_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page, cursor, before, missing = bluesky_chat_refused(ctx, r);
	struct bluesky_item *items;
	struct outcome o = { 0 };
	bool is_past;
	int64_t n;
	size_t n_items;

	if (missing.len > 0) {
		return err_set(err, ERR_DATA, "%.*s", TEXT_ARG(missing));
	}
	if (!bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, err) ||
	    !page_scan(r, &page, err) ||
	    !bluesky_list_read(ctx, /* is_search= */ false, NULL, page, &o, &items, &n_items,
			       err)) {
		return false;
	}
	messages_find(q->posting, &o, ret, &is_past);
	if (ret->sent_id.len > 0) {
		return true;
	}
	if (o.n_bad > 0) {
		return err_set(err, ERR_DATA,
			       "a message of this conversation cannot be read: it may be this one");
	}
	n = posting_look_load(q->state, LOOK_PAGES, &before);
	cursor = bluesky_slice_text(ctx->arena, page, TEXT("cursor"));
	ret->is_more = !is_past && n_items > 0 && cursor.len > 0 && !text_eq(cursor, before);
	if (ret->is_more && (n + 1 >= LOOK_PAGES || cursor.len > CURSOR_BYTES)) {
		return posting_look_ends(err);
	}
	ret->state = ret->is_more ? posting_look_save(ctx->arena, n + 1, cursor) : TEXT_NONE;
	return true;
}

bool bluesky_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	if (q->posting == NULL) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	return is_direct(q->posting) ? messages_digest(ctx, q, r, ret, err)
				     : record_digest(ctx, q->posting, r, ret, err);
}
