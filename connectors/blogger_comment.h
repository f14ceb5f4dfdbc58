/* blogger_comment.h: comments and posts of a blog as messages. Private to the connector.
 *
 * A comment is read and re-read below its post, so its id is "POST/COMMENT"; a post's is "post:" and its
 * number. A top-level comment stands below its post and is to us; one that answers another is to us where
 * that one is ours. One that is pending says so in `warning`. An anonymous author has no id: it is
 * "anonymous:" and the name.
 *
 * Where posts stand on the web is learned as facts, for comments have no address of their own.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an element that cannot be read goes to outcome.bad; only an answer that is no list of
 *          elements fails. */
#ifndef ANSWERD_CONNECTORS_BLOGGER_COMMENT_H
#define ANSWERD_CONNECTORS_BLOGGER_COMMENT_H

#include "answerd/connector.h"

#define BLOGGER_POST TEXT("post:")

struct blogger_page {
	struct wall latest; /* of what was published; 0: nothing */
	struct text next;   /* token of the next page */
	size_t n;
};

/* A list, or one element alone. What is spam or emptied is gone. */
bool blogger_page_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
		       struct blogger_page *ret, struct err *err);

bool blogger_comment_cut(struct text id, struct text *ret_post, struct text *ret_comment);
bool blogger_is_number(struct text id);

#endif
