/* discourse_topic.h: what stands in one topic: reading it, posting into it, looking for what we posted.
 * Private to the connector.
 *
 * /t/ID.json brings the first posts and the ids of all (`stream`); the rest is asked for by ids, twenty
 * at a time, of a long topic the newest four hundred. Staff write plain text and the forum reads
 * Markdown, so what Markdown would take for marks is escaped; the look compares `raw`, for a link alone
 * on a line becomes a whole preview in `cooked`.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   REPLY as page_check_reply() says, but: 403 is about this topic as often as about the key, and
 *          a post that is held for approval is accepted: ERR_DATA, a person must see both. "Too similar"
 *          is evidence of a copy: ERR_UNSURE. */
#ifndef ANSWERD_CONNECTORS_DISCOURSE_TOPIC_H
#define ANSWERD_CONNECTORS_DISCOURSE_TOPIC_H

#include "answerd/connector.h"

#define DISCOURSE_TEXT_MOST 32000

void discourse_measure(const struct connector_ctx *ctx, const struct posting *p,
		       int64_t *ret_length, int64_t *ret_most);

bool discourse_thread_ask(const struct connector_ctx *ctx, const struct question *q,
			  struct request *ret, struct err *err);
bool discourse_thread_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err);
bool discourse_recheck_ask(const struct connector_ctx *ctx, const struct question *q,
			   struct request *ret, struct err *err);
bool discourse_recheck_digest(const struct connector_ctx *ctx, const struct question *q,
			      const struct response *r, struct outcome *ret, struct err *err);
bool discourse_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err);
bool discourse_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err);
bool discourse_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err);

#endif
