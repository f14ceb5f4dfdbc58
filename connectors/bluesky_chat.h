/* bluesky_chat.h: direct messages, read through the account's server from the chat service. Private
 * to the connector.
 *
 * A walk lists conversations, latest first, and reads the messages of each that moved since the
 * walk before: one whose revision and last message are as they were is not read again. That costs
 * one request when nothing moved, leaves the state as it was, and unlike the event log it names the
 * other member each time.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   a refusal by the chat service alone (an app password without direct messages, a server
 *          that does not find the service) is no error: outcome.missing says it, the account goes on listening. */
#ifndef ANSWERD_CONNECTORS_BLUESKY_CHAT_H
#define ANSWERD_CONNECTORS_BLUESKY_CHAT_H

#include "answerd/connector.h"

/* Why there are no direct messages, as the account's facts say; empty: there are. */
struct text bluesky_chat_missing(const struct connector_ctx *ctx);

/* Why the chat service alone refuses this answer's question; empty: it does not. */
struct text bluesky_chat_refused(const struct connector_ctx *ctx, const struct response *r);

/* Sends a request on to the chat service. */
void bluesky_chat_address(struct request *r);

bool bluesky_chat_ask(const struct connector_ctx *ctx, const struct question *q,
		      struct request *ret, struct err *err);
bool bluesky_chat_digest(const struct connector_ctx *ctx, const struct question *q,
			 const struct response *r, struct outcome *ret, struct err *err);

#endif
