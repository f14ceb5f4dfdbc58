/* google.h: what all interfaces of Google share: sessions, refusals, quotas. Private to the
 * connectors.
 *
 * `token` is CLIENT ID:CLIENT SECRET:REFRESH TOKEN of an OAuth client (oauth.h), or the key of a
 * service account: the JSON that Google made, in one line. A service account signs a claim each
 * time; `user` is for whom it speaks.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where a person must let us in again; ERR_LIMITED until midnight in California where the
 *          day's quota is used up. */
#ifndef ANSWERD_CONNECTORS_GOOGLE_H
#define ANSWERD_CONNECTORS_GOOGLE_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

/* What the options `oauth` and `user` are about. */
#define GOOGLE_ABOUT_OAUTH                                                                         \
	"Address that makes sessions, https://oauth2.googleapis.com/token where nothing is said."
#define GOOGLE_ABOUT_USER                                                                          \
	"Of a service account: the mail address of the person for whom it speaks (delegation for " \
	"the whole domain); where nothing is said it speaks for itself."

/* OP_REFRESH; `rights` is what a service account claims. */
bool google_refresh_ask(const struct connector_ctx *ctx, const struct connector_right *rights,
			struct request *ret, struct err *err);
bool google_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
			   struct outcome *ret, struct err *err);

/* authorize() and OP_CONNECT. */
bool google_authorize(const struct connector_ctx *ctx, const struct connector_right *rights,
		      const struct granting *g, struct text *ret, struct err *err);
bool google_connect_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool google_connect_digest(const struct connector_ctx *ctx, const struct connector_right *rights,
			   const struct response *r, struct outcome *ret, struct err *err);

/* What the session was not given, for IDENTIFY. */
struct text google_missing(const struct connector_ctx *ctx, const struct connector_right *rights);

/* A GET of b with our session; frees b. */
bool google_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
		       struct err *err);

/* page_check(), and what Google means by it: 403 may be a limit, 401 a session that has ended. */
bool google_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
		  struct err *err);
/* The half of it that holds of a reply too: sessions, quotas, rights. True: it is none of these. */
bool google_check_door(const struct connector_ctx *ctx, const struct response *r,
		       struct outcome *ret, struct err *err);

/* Does the error of this answer have this word anywhere ("commentsDisabled")? */
bool google_says(const struct response *r, struct text word);
/* Does Google itself say that it is not there, and not something in between? */
bool google_is_missing(const struct response *r);
/* The sentence of its error, or empty. */
struct text google_words(const struct connector_ctx *ctx, const struct response *r);

/* The next midnight in California, when quotas begin anew. */
struct wall google_midnight(struct wall now);

/* The token of the next page; empty: this is the last one. */
struct text google_page_token(struct arena *a, struct text page);
/* Is that token no way forward: one that was followed before, or too long to be kept? What lies behind it is a hole. */
bool google_is_circle(struct text token, struct text last, struct text turtle);

#endif
