/* mail_reply.h: answers by SMTP, and looking for them among the sent mails. Private to the connector.
 *
 * A reply goes to one address: that of the person who wrote. Everything in it comes from the posting: its Message-ID and its date
 * from the key, so that every attempt is the same bytes. No header of it holds anything that could end a line.
 *
 * Owner:   ctx->arena. Clock: none. Blocks: never. Calls back: never.
 * Fails:   as connector.h says for OP_REPLY, OP_LOOKUP and OP_FILE. */
#ifndef ANSWERD_CONNECTORS_MAIL_REPLY_H
#define ANSWERD_CONNECTORS_MAIL_REPLY_H

#include "mail_box.h"

bool mail_reply_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		    struct err *err);
bool mail_reply_digest(const struct connector_ctx *ctx, const struct question *q,
		       const struct response *r, struct outcome *ret, struct err *err);

bool mail_lookup_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		     struct err *err);
bool mail_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			const struct response *r, struct outcome *ret, struct err *err);

/* The copy among the sent mails: looked for by its Message-ID, then, in the next step, put there. */
bool mail_file_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		   struct err *err);
bool mail_file_digest(const struct connector_ctx *ctx, const struct question *q,
		      const struct response *r, struct outcome *ret, struct err *err);

/* The mailbox, with the login; the commands are the caller's. */
bool mail_box_request(const struct connector_ctx *ctx, struct text commands, struct request *ret,
		      struct err *err);
/* The folder of sent mails, as the server writes it: `sent`, or what IDENTIFY found; empty: there is none. */
struct text mail_sent_folder(const struct connector_ctx *ctx);

#endif
