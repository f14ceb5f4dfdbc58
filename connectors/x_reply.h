/* x_reply.h: posting a reply or a direct message on X, and finding out whether it arrived. Private to the
 * connector.
 *
 * X keeps no key, and refuses the same words shortly afterwards: "duplicate" is evidence of a copy. It puts the names
 * of those who are answered before the text itself, and makes links of its own of ours.
 *
 * Owner, clock, blocks, calls back, fails: as connector.h. */
#ifndef ANSWERD_CONNECTORS_X_REPLY_H
#define ANSWERD_CONNECTORS_X_REPLY_H

#include "answerd/connector.h"

#define X_POST_MOST   280
#define X_DIRECT_MOST 10000

void x_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
	       int64_t *ret_most);
int64_t x_post_price(const struct connector_ctx *ctx, const struct posting *p);
bool x_reply_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		 struct err *err);
bool x_reply_digest(const struct connector_ctx *ctx, const struct question *q,
		    const struct response *r, struct outcome *ret, struct err *err);
bool x_lookup_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		  struct err *err);
bool x_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
		     const struct response *r, struct outcome *ret, struct err *err);

#endif
