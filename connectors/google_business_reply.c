#include "google_business_reply.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "google.h"
#include "google_business_review.h"

#define LOOK_BEFORE_S 300 /* Google's clock may be behind ours */

/* ---- what stands there ---- */

/* The reply in a review as Google served it. */
static bool standing_read(struct arena *a, struct text raw, struct text review,
			  struct google_reply *ret)
{
	struct jx_doc *doc = NULL;
	bool is_there = false;
	struct jx v;

	if (raw.len > 0 && jx_parse(a, raw, &v, &doc, NULL)) {
		is_there = google_reply_read(a, jx_get(v, "reviewReply"), review, ret);
		jx_release(&doc);
	}
	return is_there;
}

/* What is answered: the review; false where there is none. `*ret_edited` is when it was changed
 * after our reply, or 0. */
static bool target_of(const struct posting *p, struct text *ret_review, struct wall *ret_edited)
{
	struct wall at = { 0 };
	enum google_part part =
		p != NULL ? google_id_cut(p->parent_id, ret_review, &at) : GOOGLE_NONE;

	*ret_edited = part == GOOGLE_EDIT ? at : (struct wall){ 0 };
	return part == GOOGLE_REVIEW || part == GOOGLE_EDIT;
}

/* ---- posting ---- */

bool google_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		      struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = (size_t)8 * LIMIT_MESSAGE_BYTES };
	const struct posting *p = q->posting;
	struct google_reply standing;
	struct text review;
	struct wall edited;
	struct strbuf url;

	if (!target_of(p, &review, &edited) || p->text.len == 0) {
		return err_set(err, ERR_DATA, "there is nothing to post, or no review to answer");
	}
	if (ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "Google has not said yet which account is ours");
	}
	if (!wall_is_set(edited) && standing_read(ctx->arena, p->parent_raw, review, &standing) &&
	    !posting_is_same(p->text, standing.body)) {
		return err_set(err, ERR_DATA,
			       "this review has a reply already, and a review has only one: this "
			       "text would replace it; change it in the Business Profile");
	}
	google_review_url(ctx, &url, review, "/reply");
	if (!google_url_finish(ctx, &url, ret, err)) {
		return false;
	}
	strbuf_add_str(&b, "{\"comment\":");
	strbuf_add_json(&b, p->text);
	strbuf_add_byte(&b, '}');
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than Google takes");
	}
	ret->method = HTTP_PUT;
	ret->once = true;
	ret->body = text_dup(ctx->arena, strbuf_text(&b));
	ret->content_type = TEXT("application/json");
	return true;
}

bool google_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			 const struct response *r, struct outcome *ret, struct err *err)
{
	const struct posting *p = q->posting;
	struct google_reply reply = { 0 };
	struct jx_doc *doc = NULL;
	struct text body, review = TEXT_NONE;
	struct wall edited;
	struct jx v;

	if (!google_check_door(ctx, r, ret, err) ||
	    !posting_check(ctx, r, &ret->rate, /* is_429_unsent= */ false, google_words(ctx, r),
			   err)) {
		return false;
	}
	if (target_of(p, &review, &edited) && page_scan(r, &body, NULL) &&
	    jx_parse(ctx->arena, body, &v, &doc, NULL)) {
		if (google_reply_read(ctx->arena, v, review, &reply) && wall_is_set(reply.at) &&
		    posting_is_same(p->text, reply.body)) {
			ret->sent_id = reply.id;
		}
		jx_release(&doc);
	}
	if (ret->sent_id.len > 0 && reply.is_rejected) {
		ret->sent_id = TEXT_NONE;
		return err_set(err, ERR_DATA, "Google rejects the reply: nobody is shown it");
	}
	return ret->sent_id.len > 0 ||
	       err_set(err, ERR_UNSURE,
		       "Google answers %d without our reply: it may have been posted", r->status);
}

/* ---- did it arrive? ---- */

bool google_look_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		     struct err *err)
{
	struct text review;
	struct wall edited;
	struct strbuf b;

	if (!target_of(q->posting, &review, &edited)) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "Google has not said yet which account is ours");
	}
	google_review_url(ctx, &b, review, "");
	return google_url_finish(ctx, &b, ret, err);
}

/* Is it one that stood there before we began, and that whoever wrote ours has seen? */
static bool is_known(const struct posting *p, struct wall edited, const struct google_reply *reply)
{
	struct wall since =
		wall_is_set(edited) ? edited : wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S));

	return wall_is_set(reply->at) && wall_before(reply->at, since);
}

bool google_look_digest(const struct connector_ctx *ctx, const struct question *q,
			const struct response *r, struct outcome *ret, struct err *err)
{
	struct google_reviews page;
	struct google_reply reply;
	struct text review, body;
	struct outcome o = { 0 };
	struct wall edited;

	if (!target_of(q->posting, &review, &edited)) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (google_is_missing(r)) {
		return true; /* with the review, its reply is gone */
	}
	if (!google_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !google_reviews_read(ctx, body, &o, &page, err)) {
		return false;
	}
	if (o.n_messages == 0 || !text_eq(o.messages[0].external_id, review)) {
		return err_set(err, ERR_DATA, "the review cannot be read: our reply may be there");
	}
	if (!standing_read(ctx->arena, body, review, &reply)) {
		return true;
	}
	if (posting_is_same(q->posting->text, reply.body)) {
		ret->sent_id = reply.is_rejected ? TEXT_NONE : reply.id;
		return !reply.is_rejected ||
		       err_set(err, ERR_DATA, "Google rejects the reply: nobody is shown it");
	}
	return is_known(q->posting, edited, &reply) ||
	       err_set(err, ERR_DATA,
		       "somebody else's reply stands there now, and ours would replace it: look at "
		       "the review");
}
