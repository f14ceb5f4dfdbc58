/* threads_post.h: what a post or reply of Threads is as a message. Its author has a name only, so people are known as "@ann".
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   one element that cannot be read goes to outcome.bad. */
#ifndef CONNECTORS_THREADS_POST_H
#define CONNECTORS_THREADS_POST_H

#include "graph.h"

#define THREADS_FIELDS                                                                             \
	"id,text,username,timestamp,permalink,media_type,has_replies,root_post,replied_to,is_"     \
	"reply,"                                                                                   \
	"is_reply_owned_by_me,hide_status"

struct threads_seen {
	struct text id; /* empty: it could not be read */
	struct text root, parent;
	struct wall at;
	uint64_t revision;
	bool is_ours, has_replies;
};

void threads_post_add(const struct connector_ctx *ctx, bool is_search, struct text slice,
		      struct outcome *out, struct threads_seen *ret);

/* Graph gives no address of the next page here, only a cursor. Empty: the end. */
struct text threads_next(struct arena *a, const struct graph_page *list);

#endif
