/* google_business_review.h: reviews and our replies to them as messages. Private to the connector.
 *
 * A review is "LOCATION/REVIEW". It holds our one reply, which has no id: it is the review's,
 * "/reply." and the microseconds of its time, so that one that replaces another is a message of
 * its own ("/rejected." where Google shows it to nobody). A review that was changed after our
 * reply is new words: beside the review, whose revision it is, stands "/edit." and the
 * microseconds of that time, and waits.
 *
 * Nobody on Google has an id: whoever wrote a review is "review:" and the review. The stars stand
 * in `warning`.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an element that cannot be read goes to outcome.bad; only an answer that is no list of
 *          reviews fails. */
#ifndef ANSWERD_CONNECTORS_GOOGLE_BUSINESS_REVIEW_H
#define ANSWERD_CONNECTORS_GOOGLE_BUSINESS_REVIEW_H

#include "answerd/connector.h"
#include "answerd/json.h"
#include "answerd/strbuf.h"

#define GOOGLE_REPLY_BYTES    4096
#define GOOGLE_LOCATIONS_MOST 100

struct google_reviews {
	struct wall oldest; /* time of change; 0: none has one */
	struct text next;   /* token of the next page */
	size_t n;
};

/* A list of reviews, or one alone. */
bool google_reviews_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
			 struct google_reviews *ret, struct err *err);

/* What an id of ours is about: the review's own id, and the time in it (0: it is the review
 * itself). */
enum google_part { GOOGLE_NONE, GOOGLE_REVIEW, GOOGLE_EDIT, GOOGLE_REPLY };
enum google_part google_id_cut(struct text id, struct text *ret_review, struct wall *ret_time);

/* The reply in a review, or the answer to a PUT of one: {"comment": …, "updateTime": …}. */
struct google_reply {
	struct text id, body;
	struct wall at;
	bool is_rejected;
};
bool google_reply_read(struct arena *a, struct jx v, struct text review, struct google_reply *ret);

/* Locations in the facts: {"locations": [{"id": "2", "title": …}]}. */
struct text google_location_at(const struct connector_ctx *ctx, size_t i); /* empty: no more */
bool google_is_location(struct text id);

/* An address below v4/, of our account: path is "locations/…"; for google_url_finish(). */
void google_review_url(const struct connector_ctx *ctx, struct strbuf *b, struct text review,
		       const char *more);

#endif
