/* bluesky_thread.h: trees of posts. Private to the connector.
 *
 * Asked 30 levels down and 80 up, read without recursion; where a branch or the line of parents is
 * cut off there, the walk goes on from that post (its uri waits in the state).
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   a root that is not there is outcome.gone, no error. */
#ifndef ANSWERD_CONNECTORS_BLUESKY_THREAD_H
#define ANSWERD_CONNECTORS_BLUESKY_THREAD_H

#include "answerd/connector.h"

bool bluesky_thread_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool bluesky_thread_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err);

bool bluesky_recheck_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err);
bool bluesky_recheck_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err);

/* A tree as it came ({"thread": …}): its posts become messages, what is gone outcome.gone. False
 * when `page` is none. */
bool bluesky_tree_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
		       struct err *err);

#endif
