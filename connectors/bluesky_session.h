/* bluesky_session.h: sessions, addresses and refusals of Bluesky. Private to the connector.
 *
 * Owner:   everything lives in ctx->arena; a session holds secrets and goes nowhere but into
 *          requests and outcome.session.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where a person must act; with outcome.needs_refresh where only the session
 *          ended. */
#ifndef ANSWERD_CONNECTORS_BLUESKY_SESSION_H
#define ANSWERD_CONNECTORS_BLUESKY_SESSION_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

struct bluesky_session {
	struct text access, refresh, did, pds;
};

/* False: there is none yet. */
bool bluesky_session_load(const struct connector_ctx *ctx, struct bluesky_session *ret);

/* createSession, or refreshSession while we hold a refresh token that has not expired. */
bool bluesky_refresh_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err);
bool bluesky_refresh_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err);

/* Is it a 2xx? Else err and, where the session ended, *ret_needs_refresh. */
bool bluesky_check(const struct connector_ctx *ctx, const struct response *r,
		   const struct rate *rate, bool *ret_needs_refresh, struct err *err);

/* The word in an error's "error" and the sentence in its "message"; empty when there are none. */
struct text bluesky_error_name(const struct connector_ctx *ctx, const struct response *r);
struct text bluesky_error_message(const struct connector_ctx *ctx, const struct response *r);

/* A GET of an XRPC method with the session; finish frees b. */
bool bluesky_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *method,
		       struct err *err);
bool bluesky_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			struct err *err);

#endif
