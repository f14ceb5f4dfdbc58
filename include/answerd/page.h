/* page.h: what every connector does with an answer before it looks at what is special about its
 * platform.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now, passed in.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   err's kind says what the listener does next; the text says what a person can do. It
 *          names hosts, never what a customer wrote. */
#ifndef ANSWERD_PAGE_H
#define ANSWERD_PAGE_H

#include "answerd/connector.h"
#include "answerd/json.h"

/* Names of the three headers in which a platform tells our budget. */
struct page_rate_names {
	struct text limit, remaining, reset;
};

/* The reset may be an RFC 3339 time, epoch seconds, or seconds from now. */
struct rate page_rate(const struct response *r, const struct page_rate_names *names);

/* Is it a 2xx? Else err by status: 401 and 403 ERR_AUTH (403 with a page of HTML comes from an edge
 * in between: ERR_RETRY), 404 and 410 ERR_GONE, 400 and 422 ERR_DATA, 429 ERR_LIMITED, 3xx
 * ERR_RETRY with the host that it points to, all others ERR_RETRY. */
bool page_check(const struct connector_ctx *ctx, const struct response *r, const struct rate *rate,
		struct err *err);

/* The same for the answer to a REPLY (RELIABILITY I3). 2xx: true, look for the id, and where there is
 * none say ERR_UNSURE. 400, 404, 405, 409, 410, 413, 415 and 422: ERR_DATA, it was refused and a person
 * must see why. 401 and 403: ERR_AUTH, not posted. 429: ERR_LIMITED where `is_429_unsent` (the
 * platform's sheet says that it applies nothing then), else ERR_UNSURE. Everything else ERR_UNSURE: it
 * may have been posted; look before anything is sent again. */
bool page_check_reply(const struct connector_ctx *ctx, const struct response *r,
		      const struct rate *rate, bool is_429_unsent, struct err *err);

/* When we may ask again: Retry-After, else the rate's reset, else in 5 minutes; between 1 s and 1 h
 * from now. */
struct wall page_not_before(const struct connector_ctx *ctx, const struct response *r,
			    const struct rate *rate);

/* The answer's JSON, cut but not parsed. An empty body or a page of HTML is ERR_DATA with a
 * sentence that says what to look at; so is one that was larger than we read. */
bool page_scan(const struct response *r, struct text *ret, struct err *err);
bool page_is_html(const struct response *r);

/* An id that can be stored: not empty, at most LIMIT_ID_BYTES, no blanks or control bytes. */
bool page_is_id(struct text id);

/* A member as an id, or empty when it is none; as a time, or not set when it cannot be read: RFC 3339, or a number of seconds or
 * microseconds. */
struct text page_id_or_none(struct arena *a, struct jx object, const char *name);
struct wall page_wall_or_none(struct arena *a, struct jx object, const char *name);
struct wall page_s_or_none(struct jx object, const char *name);
struct wall page_us_or_none(struct jx object, const char *name);

/* How many elements to ask for: `most`, or fewer where the question says so. */
int page_size(const struct question *q, int most);

/* When a token ends that says so itself (a JWT's "exp"); 0: it does not. It is not verified: this is for a reminder only. */
struct wall page_token_until(struct arena *a, struct text token);

/* Is this our own account? Never before IDENTIFY has said who we are. */
bool page_is_ours(const struct connector_ctx *ctx, struct text id);

/* The value of an Authorization header: "Basic" and USER:PASSWORD in base64. A secret. */
struct text page_basic(struct arena *a, struct text user_and_password);

/* Growing lists of an outcome. */
struct message *outcome_add_message(struct arena *a, struct outcome *o); /* zeroed */
void outcome_add_bad(struct arena *a, struct outcome *o, struct text raw, struct text external_id,
		     const char *reason);
void outcome_add_gone(struct arena *a, struct outcome *o, struct text id);

#endif
