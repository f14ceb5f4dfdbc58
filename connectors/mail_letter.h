/* mail_letter.h: one mail as a message: whose it is, what it answers, whether a person wrote it. Private to the connector.
 *
 * Ids are Message-IDs without their brackets. "hash:…" where there is none that can be believed; "self:…" for what came to us
 * under our own address, so that nobody who writes our address into From can speak in our place.
 *
 * Owner:   the arena. Clock: ctx->now. Blocks: never. Calls back: never. Fails: cannot; a mail without an author is kept. */
#ifndef ANSWERD_CONNECTORS_MAIL_LETTER_H
#define ANSWERD_CONNECTORS_MAIL_LETTER_H

#include "mail_box.h"

#define MAIL_READ_BYTES (128u * 1024) /* of one mail; what is behind them is named by its size */
#define MAIL_UNPROVEN   "[sender not proven: DMARC failed] "

/* `is_ours`: it stands in a folder of sent mails. */
void mail_letter_read(const struct connector_ctx *ctx, bool is_ours, const struct mail_item *item,
		      struct message *ret);

/* A Message-ID that can be stored, without its brackets; empty: it is none. */
struct text mail_id(struct text raw);
/* The next "<…>" of a header's raw value from *at on; false: that was the last. */
bool mail_id_next(struct text raw, size_t *at, struct text *ret);

/* The Message-ID that we give to a reply: it comes from the reply's key alone. */
struct text mail_id_of_ours(const struct connector_ctx *ctx, struct text key);

/* Our address, small letters; empty when the option cannot be used. */
struct text mail_own_address(const struct connector_ctx *ctx);
/* Is it ours, or one of `aliases`? */
bool mail_is_own(const struct connector_ctx *ctx, struct text address);

#endif
