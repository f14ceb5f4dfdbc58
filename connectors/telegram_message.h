/* telegram_message.h: updates of Telegram's Bot API as messages. Private to the connector.
 *
 * Ids: CHAT:MESSAGE, and b:CONNECTION:CHAT:MESSAGE in the chats of a connected business account, whose
 * message ids are counted apart. A private chat is one exchange, and its id is the customer's; so who
 * else writes in a business account's private chat is the business.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an update that cannot be read goes to outcome.bad. */
#ifndef ANSWERD_CONNECTORS_TELEGRAM_MESSAGE_H
#define ANSWERD_CONNECTORS_TELEGRAM_MESSAGE_H

#include "answerd/connector.h"

/* Where a message stands, as its id says. */
struct telegram_place {
	struct text business; /* connection; empty: the bot's own chat */
	int64_t chat, message;
};

/* False: an id that names no message (of an event). */
bool telegram_place_parse(struct text external_id, struct telegram_place *ret);
struct text telegram_place_id(struct arena *a, const struct telegram_place *p);

/* Reads one update. *ret_id is its number, -1 where it has none that can be read. */
void telegram_update_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
			 int64_t *ret_id);

/* An update that is too large to be read, of which this is the start. */
void telegram_blind_add(const struct connector_ctx *ctx, struct text start, struct outcome *out,
			int64_t *ret_id);

/* A message alone (the answer to sendMessage); false where it is none. */
bool telegram_message_read(const struct connector_ctx *ctx, struct text slice, struct message *ret);

#endif
