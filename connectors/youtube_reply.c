#include "youtube_reply.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "google.h"
#include "youtube_comment.h"

#define SERVER        TEXT("https://www.googleapis.com")
#define A_PAGE        100
#define LOOK_PAGES    20
#define LOOK_BEFORE_S 300 /* YouTube's clock may be behind ours */
#define REQUEST_BYTES ((size_t)8 * LIMIT_MESSAGE_BYTES)

void youtube_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *method)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server.len > 0 ? ctx->server : SERVER);
	strbuf_add_str(b, "/youtube/v3/");
	strbuf_add_str(b, method);
}

void youtube_url_add(struct strbuf *b, const char *name, struct text value)
{
	strbuf_printf(b, "&%s=", name);
	strbuf_add_url(b, value);
}

/* ---- what is posted ---- */

/* Below a reply nobody knows whom we answer unless we say so. */
static struct text words_of(struct arena *a, const struct posting *p)
{
	if (!youtube_is_reply_id(p->parent_id) || !posting_is_handle(p->author_handle) ||
	    posting_names(p->text, p->author_handle)) {
		return p->text;
	}
	return text_printf(a, "@%.*s %.*s", TEXT_ARG(p->author_handle), TEXT_ARG(p->text));
}

void youtube_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		     int64_t *ret_most)
{
	*ret_length = posting_characters(words_of(ctx->arena, p));
	*ret_most = YOUTUBE_MOST_CHARACTERS;
}

bool youtube_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = REQUEST_BYTES };
	const struct posting *p = q->posting;
	struct strbuf url;
	struct text thread;

	if (p == NULL || p->text.len == 0 || !youtube_id_cut(p->parent_id, &thread)) {
		return err_set(err, ERR_DATA, "there is nothing to post, or no comment to answer");
	}
	if (p->warning.len > 0) { /* it is held back: youtube_comment.h */
		return err_set(err, ERR_DATA,
			       "the customer's comment is held back: approve it in YouTube Studio "
			       "first, an answer would be read by everybody");
	}
	youtube_url_start(ctx, &url, "comments?part=snippet");
	if (!google_url_finish(ctx, &url, ret, err)) {
		return false;
	}
	strbuf_add_str(&b, "{\"snippet\":{\"parentId\":");
	strbuf_add_json(&b, thread);
	strbuf_add_str(&b, ",\"textOriginal\":");
	strbuf_add_json(&b, words_of(ctx->arena, p));
	strbuf_add_str(&b, "}}");
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than YouTube takes");
	}
	ret->method = HTTP_POST;
	ret->once = true;
	ret->body = text_dup(ctx->arena, strbuf_text(&b));
	ret->content_type = TEXT("application/json");
	return true;
}

/* ---- what YouTube says to it ---- */

/* The comment in the answer, if it is ours and stands below the one that we answered. */
static bool sent_read(const struct connector_ctx *ctx, const struct posting *p,
		      const struct response *r, struct outcome *ret, struct err *err)
{
	struct youtube_page page = { 0 };
	struct outcome o = { 0 };
	const struct message *m = NULL;
	struct text body, thread;

	if (page_scan(r, &body, NULL) && youtube_page_read(ctx, body, &o, &page, NULL)) {
		m = o.n_messages == 1 ? &o.messages[0] : NULL;
	}
	if (m == NULL || m->direction != MESSAGE_OUTBOUND || m->kind != MESSAGE_REPLY ||
	    (p != NULL &&
	     !(youtube_id_cut(p->parent_id, &thread) && text_eq(m->parent_id, thread)))) {
		return err_set(err, ERR_UNSURE,
			       "YouTube answers %d without our comment: it may have been posted",
			       r->status);
	}
	if (m->warning.len > 0) {
		return err_set(err, ERR_DATA,
			       "YouTube has the reply and holds it back: approve it in YouTube "
			       "Studio, and do not send it again");
	}
	ret->sent_id = m->external_id;
	ret->sent_permalink = m->permalink;
	return true;
}

bool youtube_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct text words = google_words(ctx, r);

	if (!google_check_door(ctx, r, ret, err)) {
		return false;
	}
	/* Of this comment or this video, and no fault of the account's. */
	if (r->status == 403 &&
	    (google_says(r, TEXT("commentsDisabled")) || google_says(r, TEXT("forbidden")))) {
		return err_set(err, ERR_DATA, "YouTube refuses the reply (403): %.*s",
			       TEXT_ARG(text_clip(words, 150)));
	}
	if (r->status == 400 && google_says(r, TEXT("processingFailure"))) {
		return err_set(err, ERR_UNSURE,
			       "YouTube says that something went wrong with it (400): it may have "
			       "been posted");
	}
	return posting_check(ctx, r, &ret->rate, /* is_429_unsent= */ false, words, err) &&
	       sent_read(ctx, q->posting, r, ret, err);
}

/* ---- did it arrive? ---- */

bool youtube_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct strbuf b;
	struct text thread, token;

	if (q->posting == NULL || !youtube_id_cut(q->posting->parent_id, &thread)) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "YouTube has not said yet who we are");
	}
	youtube_url_start(ctx, &b, "comments?part=snippet&textFormat=plainText");
	youtube_url_add(&b, "parentId", thread);
	strbuf_printf(&b, "&maxResults=%d", page_size(q, A_PAGE));
	(void)posting_look_load(q->state, LOOK_PAGES, &token);
	if (token.len > 0) {
		youtube_url_add(&b, "pageToken", token);
	}
	return google_url_finish(ctx, &b, ret, err);
}

static bool is_it(const struct connector_ctx *ctx, const struct posting *p, const struct message *m)
{
	struct wall since = wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S));

	return page_is_ours(ctx, m->author_id) &&
	       !(wall_is_set(m->posted_at) && wall_is_set(p->begun_at) &&
		 wall_before(m->posted_at, since)) &&
	       (posting_is_same(words_of(ctx->arena, p), m->body) ||
		posting_is_same(p->text, m->body));
}

bool youtube_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	const struct posting *p = q->posting;
	struct youtube_page page = { 0 };
	const struct message *found = NULL;
	struct outcome o = { 0 };
	struct text body, before;
	int64_t n_read;

	if (p == NULL) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (google_is_missing(r)) {
		return true; /* with the comment, all below it is gone */
	}
	if (!google_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !youtube_page_read(ctx, body, &o, &page, err)) {
		return false;
	}
	for (size_t i = 0; i < o.n_messages; i++) {
		const struct message *m = &o.messages[i];

		if (is_it(ctx, p, m) &&
		    (found == NULL || wall_before(found->posted_at, m->posted_at))) {
			found = m;
		}
	}
	if (found != NULL) {
		ret->sent_id = found->external_id;
		ret->sent_permalink = found->permalink;
		return true;
	}
	if (o.n_bad > 0) {
		return err_set(err, ERR_DATA,
			       "a comment there cannot be read: it may be this reply");
	}
	n_read = posting_look_load(q->state, LOOK_PAGES, &before);
	ret->is_more = page.next.len > 0 && !text_eq(page.next, before);
	if (ret->is_more &&
	    (n_read + 1 >= LOOK_PAGES || google_is_circle(page.next, before, TEXT_NONE))) {
		return posting_look_ends(err);
	}
	ret->state =
		ret->is_more ? posting_look_save(ctx->arena, n_read + 1, page.next) : TEXT_NONE;
	return true;
}
