/* wordpress_reply.h: posting an answer below a comment, and looking whether it arrived. Private to the
 * connector.
 *
 * The site refuses the same words by the same author below the same comment (409): evidence of a copy,
 * never a reason to send again. So the look is by parent, author and text, at any time: first among our
 * comments below the parent. Where the parent was deleted, WordPress hangs its answers one up; then
 * among our latest comments below the post.
 *
 * A comment that awaits moderation takes no answer: everybody could read it, and nobody the question.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   REPLY as page_check_reply() says; a comment that the site holds back is ERR_DATA, for the
 *          customer does not see it and a person must approve it there. */
#ifndef ANSWERD_CONNECTORS_WORDPRESS_REPLY_H
#define ANSWERD_CONNECTORS_WORDPRESS_REPLY_H

#include "answerd/connector.h"

#define WORDPRESS_MOST_BYTES 65525

/* Bytes of the text as HTML. */
void wordpress_measure(const struct connector_ctx *ctx, const struct posting *p,
		       int64_t *ret_length, int64_t *ret_most);

bool wordpress_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err);
bool wordpress_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err);

bool wordpress_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			  struct request *ret, struct err *err);
bool wordpress_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err);

#endif
