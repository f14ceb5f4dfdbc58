/* reddit_session.h: how Reddit lets us in, addresses, and what its refusals mean. Private to the connector.
 *
 * Owner, clock, blocks, calls back, fails: as connector.h. */
#ifndef ANSWERD_CONNECTORS_REDDIT_SESSION_H
#define ANSWERD_CONNECTORS_REDDIT_SESSION_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

extern const struct connector_right reddit_rights[];

bool reddit_refresh_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err);
bool reddit_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
			   struct outcome *ret, struct err *err);
bool reddit_connect_ask(const struct connector_ctx *ctx, const struct granting *g,
			struct request *ret, struct err *err);
bool reddit_connect_digest(const struct connector_ctx *ctx, const struct response *r,
			   struct outcome *ret, struct err *err);
bool reddit_authorize(const struct connector_ctx *ctx, const struct granting *g,
		      struct text *ret_address, struct err *err);
struct text reddit_missing(const struct connector_ctx *ctx);

/* An address from its path on, which ends with a query; finish makes a GET of it and frees b. */
void reddit_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path);
bool reddit_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
		       struct err *err);

struct rate reddit_rate(const struct response *r);
bool reddit_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
		  struct err *err);

#endif
