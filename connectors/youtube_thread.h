/* youtube_thread.h: one thread with all its replies, and the video that it stands below. Private
 * to the connector.
 *
 * A page of threads shows a few replies only, so a thread with more is read on by comments.list. A
 * video is asked for once; which ones we have stands in the facts.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   as page.h says; what is not there, or not to be read, is no failure. */
#ifndef ANSWERD_CONNECTORS_YOUTUBE_THREAD_H
#define ANSWERD_CONNECTORS_YOUTUBE_THREAD_H

#include "answerd/connector.h"

bool youtube_thread_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool youtube_thread_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err);

#endif
