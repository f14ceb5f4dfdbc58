/* graph_inspect.h: what a token may do and when it ends, asked of Meta itself (GET /debug_token): the last step of IDENTIFY, for a
 * token that was pasted says nothing about itself. Facebook's host only: Instagram's own and Threads' say the end when they renew.
 *
 * The app asks, where its id and secret are known; else the token asks about itself. A refusal costs nothing but the knowledge.
 *
 * Owner:   ctx->arena. Clock: ctx->now. Blocks: never. Calls back: never.
 * Fails:   never: who we are was said in the step before. */
#ifndef CONNECTORS_GRAPH_INSPECT_H
#define CONNECTORS_GRAPH_INSPECT_H

#include "graph.h"

/* After /me: what it said is kept in the state of the walk, which goes on. */
void graph_inspect_begin(const struct connector_ctx *ctx, struct outcome *ret);
bool graph_inspect_ask(const struct connector_ctx *ctx, const struct graph *g, struct request *ret,
		       struct err *err);
bool graph_inspect_digest(const struct connector_ctx *ctx, const struct connector_right *rights,
			  const struct question *q, const struct response *r, struct outcome *ret);

#endif
