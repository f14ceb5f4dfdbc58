/* facebook_reply.h: posting below a post, a comment or a recommendation, and by Messenger; and the look whether it arrived. There
 * is no idempotency key: one request, then what was said since then below the comment on top (below the post, where nobody knows which
 * that is) is read for one of ours with this text.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none: every attempt is the same bytes.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   err says whether it was posted (connectors/README.md). */
#ifndef CONNECTORS_FACEBOOK_REPLY_H
#define CONNECTORS_FACEBOOK_REPLY_H

#include "graph_chat.h"

#define FACEBOOK_COMMENT_MOST 8000 /* unverified: the option `comment_length` overrides it */
#define FACEBOOK_DIRECT_MOST  2000

extern const struct graph facebook_graph;
extern const struct graph_chat facebook_chat;

void facebook_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		      int64_t *ret_most);
bool facebook_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool facebook_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err);
bool facebook_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err);
bool facebook_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err);

#endif
