/* bluesky_reply.h: posting an answer, and looking whether it arrived. Private to the connector.
 *
 * A post is a record under a name that we choose (posting.key), put with swapRecord null: the same
 * record again is no change, another one under that name is refused, so nothing is ever written twice
 * or over. All of the record comes from the posting, its time from the key, so that every attempt is
 * the same bytes. It wants uri and cid of the thread's root. They stand in the parent's own record
 * (posting.parent_raw); without that a parent that answers nobody is the root itself, and for others the
 * posting's root counts. A root that nobody knows is refused: below a wrong one nobody sees the reply.
 * The look asks our repository for that very record, which is exact at once.
 *
 * Direct messages know no key: a look reads the conversation back to five minutes before the first
 * attempt, and who does not find it there must not send again by himself.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   REPLY as page_check_reply() says; a post's 429 is ERR_LIMITED, a direct message's is
 *          ERR_UNSURE. An ended session is ERR_AUTH with outcome.needs_refresh: nothing was done. */
#ifndef ANSWERD_CONNECTORS_BLUESKY_REPLY_H
#define ANSWERD_CONNECTORS_BLUESKY_REPLY_H

#include "answerd/connector.h"

/* 300 graphemes and 3000 bytes, 1000 and 10000 of a direct message: the fuller of both counts. */
void bluesky_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		     int64_t *ret_most);

bool bluesky_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err);
bool bluesky_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err);

bool bluesky_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool bluesky_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err);

#endif
