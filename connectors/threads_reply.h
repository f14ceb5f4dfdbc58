/* threads_reply.h: answering on Threads in one request, which makes and publishes, and the look whether it arrived, through our own
 * replies, the newest first. There is no idempotency key that lasts over one request.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none: every attempt is the same bytes.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   err says whether it was posted (connectors/README.md). */
#ifndef CONNECTORS_THREADS_REPLY_H
#define CONNECTORS_THREADS_REPLY_H

#include "graph.h"

#define THREADS_TEXT_MOST 500

extern const struct graph threads_graph;

void threads_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		     int64_t *ret_most);
bool threads_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err);
bool threads_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err);
bool threads_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool threads_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err);

#endif
