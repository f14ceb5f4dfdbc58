/* mastodon_connect.h: a person lets us in: we register as a client of the server, they consent, the code becomes a
 * token that has no end. Private to the connector.
 *
 * Owner:   everything lives in ctx->arena; all of it is secret.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where the server does not take client or code. */
#ifndef ANSWERD_CONNECTORS_MASTODON_CONNECT_H
#define ANSWERD_CONNECTORS_MASTODON_CONNECT_H

#include "answerd/connector.h"

extern const struct connector_right mastodon_rights[];

/* For request.bearer: the session's token, or a ready one. Empty: nobody has let us in, or there is no `token`. */
struct text mastodon_bearer(const struct connector_ctx *ctx);

bool mastodon_authorize(const struct connector_ctx *ctx, const struct granting *g,
			struct text *ret_address, struct err *err);
bool mastodon_connect_ask(const struct connector_ctx *ctx, const struct question *q,
			  struct request *ret, struct err *err);
bool mastodon_connect_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err);

#endif
