/* mastodon_reply.h: posting an answer, and looking whether it arrived. Private to the connector.
 *
 * The reply begins with the customer's handle, for without it they are not told of it. It goes out with
 * Idempotency-Key: real Mastodon gives the same status for the same key for an hour; others post twice.
 * So the look is by parent, author and text: in the parent's context first, then in our own statuses
 * back to five minutes before the first attempt (where a server pages; one page where it does not).
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   REPLY as page_check_reply() says; 429 is ERR_UNSURE, for what stands between us and the
 *          server answers it as well, and the key may have ended when we may ask again. */
#ifndef ANSWERD_CONNECTORS_MASTODON_REPLY_H
#define ANSWERD_CONNECTORS_MASTODON_REPLY_H

#include "answerd/connector.h"

/* As Mastodon counts: graphemes of warning and text, a link 23, a name without its domain. */
void mastodon_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		      int64_t *ret_most);

bool mastodon_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool mastodon_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err);

bool mastodon_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err);
bool mastodon_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err);

#endif
