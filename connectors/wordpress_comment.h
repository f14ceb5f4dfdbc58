/* wordpress_comment.h: comments and posts of a site as messages. Private to the connector.
 *
 * A comment's id is its number, a post's is "post:" and its number. A top-level comment stands below
 * its post and is to us; one that answers another is to us where that one is ours. One that awaits
 * moderation says so in `warning`. Our own is no answer before it is approved: until then it is "held:"
 * and its number, of kind other. A comment's revision is the number of its post, a dot, and a hash.
 *
 * A guest has no number: its id is "guest:" and the hash of its avatar's address (WordPress makes it of
 * the mail address), or its name where the site shows no avatars. Mail and network addresses of guests
 * are never asked for.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an element that cannot be read goes to outcome.bad; only an answer that is no list of
 *          elements fails. */
#ifndef ANSWERD_CONNECTORS_WORDPRESS_COMMENT_H
#define ANSWERD_CONNECTORS_WORDPRESS_COMMENT_H

#include "answerd/connector.h"
#include "answerd/json.h"

#define WORDPRESS_POST TEXT("post:")
#define WORDPRESS_HELD TEXT("held:")

struct wordpress_page {
	int64_t *ids; /* as served; 0 where there is none */
	size_t n;
};

/* A list, or one element alone. What is in the trash or is spam is gone. */
bool wordpress_page_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
			 struct wordpress_page *ret, struct err *err);

/* A number above 0 as an id, or empty. */
struct text wordpress_number(struct arena *a, struct jx object, const char *name);

bool wordpress_is_comment_id(struct text id);

#endif
