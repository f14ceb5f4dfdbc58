/* blogger_session.h: tokens, addresses and refusals of Blogger's interface. Private to the connector.
 *
 * `token` is CLIENT ID:CLIENT SECRET:REFRESH TOKEN of a Google OAuth client; a session is an access token
 * made of it (oauth.h).
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where a person must let us in again. */
#ifndef ANSWERD_CONNECTORS_BLOGGER_SESSION_H
#define ANSWERD_CONNECTORS_BLOGGER_SESSION_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

bool blogger_refresh_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err);
bool blogger_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err);

/* An address below v3/, from its path on ("/users/self"); finish makes a GET of it and frees b. */
void blogger_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path);
/* The same below v3/blogs/BLOG. */
void blogger_url_blog(const struct connector_ctx *ctx, struct strbuf *b, const char *path);
bool blogger_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			struct err *err);

/* page_check(), and what Google means by it: 403 may be a limit, 401 a session that has ended. */
bool blogger_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
		   struct err *err);

/* Does Blogger itself say that it is not there? */
bool blogger_is_missing(const struct response *r);

#endif
