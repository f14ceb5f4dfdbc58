/* reddit_reply.h: posting a comment or a private message on Reddit, and finding out whether it arrived. Private to the
 * connector.
 *
 * Reddit has no key. What it refuses it says inside an answer with status 200.
 *
 * Owner, clock, blocks, calls back, fails: as connector.h. */
#ifndef ANSWERD_CONNECTORS_REDDIT_REPLY_H
#define ANSWERD_CONNECTORS_REDDIT_REPLY_H

#include "answerd/connector.h"

#define REDDIT_TEXT_MOST 10000

void reddit_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		    int64_t *ret_most);
bool reddit_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		      struct request *ret, struct err *err);
bool reddit_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			 const struct response *r, struct outcome *ret, struct err *err);
bool reddit_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err);
bool reddit_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err);

#endif
