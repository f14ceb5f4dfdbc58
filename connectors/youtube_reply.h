/* youtube_reply.h: posting a reply, and looking whether it arrived. Private to the connector.
 *
 * There is one level: whoever answers a reply writes below the same top-level comment and names
 * its author. Nothing makes a reply unique, so it is looked for below the comment, and who does
 * not find it asks a person.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   as posting.h says. */
#ifndef ANSWERD_CONNECTORS_YOUTUBE_REPLY_H
#define ANSWERD_CONNECTORS_YOUTUBE_REPLY_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

#define YOUTUBE_MOST_CHARACTERS 10000 /* unverified; what is longer is refused with words */

void youtube_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		     int64_t *ret_most);
bool youtube_reply_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err);
bool youtube_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err);
bool youtube_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err);
bool youtube_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err);

/* An address below youtube/v3/, from its method on ("comments?part=snippet"); for
 * google_url_finish(). */
void youtube_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *method);
void youtube_url_add(struct strbuf *b, const char *name, struct text value);

#endif
