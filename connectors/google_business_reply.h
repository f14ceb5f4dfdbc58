/* google_business_reply.h: the one reply that a review has, and looking whether ours stands there.
 * Private to the connector.
 *
 * Writing it is an upsert: the same again changes nothing, another one replaces what stands there.
 * So it may always be sent again, but never over somebody else's: a reply that stands there
 * already, or that came while we were not sure, is told to a person. Who answers a review that was
 * changed after our reply means to replace it (google_business_review.h).
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   as posting.h says. */
#ifndef ANSWERD_CONNECTORS_GOOGLE_BUSINESS_REPLY_H
#define ANSWERD_CONNECTORS_GOOGLE_BUSINESS_REPLY_H

#include "answerd/connector.h"

bool google_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		      struct request *ret, struct err *err);
bool google_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			 const struct response *r, struct outcome *ret, struct err *err);
bool google_look_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		     struct err *err);
bool google_look_digest(const struct connector_ctx *ctx, const struct question *q,
			const struct response *r, struct outcome *ret, struct err *err);

#endif
