/* x_thread.h: threads of X, and whether what we know is still there. Private to the connector.
 *
 * A thread is found by its conversation's id: one look at the post that is asked about, then a search, which reaches
 * seven days back. What is older is climbed, post by post.
 *
 * Owner, clock, blocks, calls back, fails: as connector.h. */
#ifndef ANSWERD_CONNECTORS_X_THREAD_H
#define ANSWERD_CONNECTORS_X_THREAD_H

#include "answerd/connector.h"

#define X_RECHECK_BATCH 100

bool x_thread_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		  struct err *err);
bool x_thread_digest(const struct connector_ctx *ctx, const struct question *q,
		     const struct response *r, struct outcome *ret, struct err *err);
bool x_recheck_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		   struct err *err);
bool x_recheck_digest(const struct connector_ctx *ctx, const struct question *q,
		      const struct response *r, struct outcome *ret, struct err *err);

#endif
