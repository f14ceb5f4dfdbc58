/* youtube_comment.h: comments and videos as messages. Private to the connector.
 *
 * A comment's id is YouTube's own; a reply's is its thread's, a dot, and its own part, for there
 * is one level only. A top-level comment stands below its video ("video:" and its id) and is to us
 * where that is ours. A reply is to us where it names us; that it answers ours is seen by its
 * parent. What is held back says so in `warning`. YouTube's words: published, heldForReview,
 * likelySpam, rejected; the last is gone. An account that was deleted has no id: it is
 * "anonymous:" and its name.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an element that cannot be read goes to outcome.bad; only an answer that is no list of
 *          elements fails. */
#ifndef ANSWERD_CONNECTORS_YOUTUBE_COMMENT_H
#define ANSWERD_CONNECTORS_YOUTUBE_COMMENT_H

#include "answerd/connector.h"

#define YOUTUBE_VIDEO     TEXT("video:")
#define YOUTUBE_PAGE_MOST 100
#define YOUTUBE_PLAIN     "&textFormat=plainText"

struct youtube_count {
	struct text id;
	int64_t n;
};

struct youtube_page {
	struct wall oldest, latest; /* of top-level comments; 0: none has a time */
	struct text next;           /* token of the next page */
	struct text video;          /* of the last thread; empty: none */
	struct youtube_count
		*more; /* threads with more replies than the page shows, and how many */
	size_t n_more, n;
};

/* A list of threads, comments or videos, or one of them alone. */
bool youtube_page_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
		       struct youtube_page *ret, struct err *err);

/* A comment that is held back, and why. */
void youtube_hold(struct arena *a, struct message *m, struct text why);

/* A comment, or what is below it, that is not there or not to be read: that stops nothing else. */
bool youtube_is_out_of_reach(const struct response *r);

/* The thread that a comment stands in: what is before the dot. False: it is no id of YouTube's. */
bool youtube_id_cut(struct text id, struct text *ret_thread);
bool youtube_is_reply_id(struct text id);
/* Of a video, a post, a channel. */
bool youtube_is_id(struct text id);

#endif
