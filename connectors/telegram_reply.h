/* telegram_reply.h: posting an answer by sendMessage, and what Telegram says to it. Private to the
 * connector.
 *
 * Telegram has no key and shows a bot nothing of its own: what is unknown stays unknown until a person
 * looks. The text goes without a parse_mode: `<` and `_` are what staff wrote, not markup.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   as page_check_reply() says; 403 is about this customer (blocked, left), so ERR_DATA; 429
 *          with retry_after has applied nothing: ERR_LIMITED; any other 429 ERR_UNSURE. */
#ifndef ANSWERD_CONNECTORS_TELEGRAM_REPLY_H
#define ANSWERD_CONNECTORS_TELEGRAM_REPLY_H

#include "answerd/connector.h"

#define TELEGRAM_TEXT_MOST 4096 /* UTF-16 units */

/* What stands round every answer. */
struct telegram_answer {
	bool is_telegrams; /* JSON with "ok" */
	bool is_ok;
	struct text result;  /* slice; empty: none */
	struct text words;   /* description of a refusal */
	int64_t retry_after; /* seconds; 0: not said */
};

void telegram_answer_read(struct arena *a, const struct response *r, struct telegram_answer *ret);

/* The address of a method; false with ERR_AUTH where the token is none of a bot. */
bool telegram_url(const struct connector_ctx *ctx, const char *method, struct text parameters,
		  struct request *ret, struct err *err);

/* When we may ask again. */
struct wall telegram_not_before(const struct connector_ctx *ctx,
				const struct telegram_answer *said);

bool telegram_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool telegram_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err);

#endif
