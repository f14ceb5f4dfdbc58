/* google_business_identify.h: which account is ours, and which locations it has. Private to the
 * connector.
 *
 * First the accounts, then the account's locations, page by page; the state is what is known so
 * far. They become facts: {"locations": [{"id": "2", "title": …}]}, a hundred at most.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where a person must choose, or let us in. */
#ifndef ANSWERD_CONNECTORS_GOOGLE_BUSINESS_IDENTIFY_H
#define ANSWERD_CONNECTORS_GOOGLE_BUSINESS_IDENTIFY_H

#include "answerd/connector.h"

bool google_identify_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err);
bool google_identify_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct connector_right *rights, const struct response *r,
			    struct outcome *ret, struct err *err);

#endif
