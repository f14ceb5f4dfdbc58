/* instagram_reply.h: answering a comment, a medium that mentions us, and Instagram direct; and the look whether it arrived. A reply
 * hangs below the comment on top, so it names whom it answers. There is no idempotency key.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none: every attempt is the same bytes.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   err says whether it was posted (connectors/README.md). */
#ifndef CONNECTORS_INSTAGRAM_REPLY_H
#define CONNECTORS_INSTAGRAM_REPLY_H

#include "graph_chat.h"

#define INSTAGRAM_COMMENT_MOST 2200 /* characters */
#define INSTAGRAM_DIRECT_MOST  1000 /* bytes */

/* By which door: Instagram's own login, or Facebook's with a page's token (`login = "facebook"`). */
const struct graph *instagram_graph(const struct connector_ctx *ctx);
struct graph_chat instagram_chat(const struct connector_ctx *ctx);
/* "/me", or "/NUMBER" by Facebook's door. */
void instagram_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *edge);

void instagram_measure(const struct connector_ctx *ctx, const struct posting *p,
		       int64_t *ret_length, int64_t *ret_most);
bool instagram_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err);
bool instagram_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err);
bool instagram_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			  struct request *ret, struct err *err);
bool instagram_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err);

#endif
