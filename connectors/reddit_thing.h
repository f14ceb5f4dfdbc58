/* reddit_thing.h: Reddit's things as messages: comments (t1), posts (t3), private messages (t4), alone, in listings, or in
 * the trees of a post's comments. Private to the connector.
 *
 * A person is called by name: names never change there, and not every answer has another id. What says "[deleted]" or
 * "[removed]" in place of author and words is gone.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an element that cannot be read goes to outcome.bad; only an answer that is no list of
 *          messages at all fails. */
#ifndef ANSWERD_CONNECTORS_REDDIT_THING_H
#define ANSWERD_CONNECTORS_REDDIT_THING_H

#include "answerd/connector.h"

#define REDDIT_MORE_MOST 800 /* ids of comments that a tree only names */

struct reddit_item {
	struct text name; /* "t1_kx1"; empty where there is none */
	struct wall at;   /* 0: unknown */
};

struct reddit_page {
	struct reddit_item *items; /* of the listing itself, as served */
	size_t n;
	struct text after; /* the next page; empty: there is none */
	struct text link;  /* the post that the first comment stands below */
	struct text *more; /* comments that the tree only names, without "t1_" */
	size_t n_more;
	bool is_cut;       /* more are named than there is room for */
	struct text *deep; /* comments below which the tree goes on elsewhere, without "t1_" */
	size_t n_deep;
};

/* `is_watch`: a subreddit or a search: what does not name us is about us. */
bool reddit_page_read(const struct connector_ctx *ctx, bool is_watch, struct text page,
		      struct outcome *out, struct reddit_page *ret, struct err *err);

/* "t1_kx1": a kind that we ask for by its id ('1' comment, '3' post, '4' private message). */
bool reddit_is_name(struct text name, char kind);

#endif
