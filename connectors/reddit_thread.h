/* reddit_thread.h: the comments of a post, and whether what we know is still there. Private to the connector.
 *
 * A tree names comments that it does not show ("more"), and comments below which it goes on elsewhere: both are
 * fetched, within a bound.
 *
 * Owner, clock, blocks, calls back, fails: as connector.h. */
#ifndef ANSWERD_CONNECTORS_REDDIT_THREAD_H
#define ANSWERD_CONNECTORS_REDDIT_THREAD_H

#include "answerd/connector.h"

#define REDDIT_RECHECK_BATCH 100

bool reddit_thread_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err);
bool reddit_thread_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err);
bool reddit_recheck_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool reddit_recheck_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err);

#endif
