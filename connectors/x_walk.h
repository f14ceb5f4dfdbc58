/* x_walk.h: how we walk through X's lists: newest first, page by page with a token, under one since_id from the first
 * page to the last. Only the first page's newest id becomes the next since_id, and only when the walk is over.
 * Private to the connector.
 *
 * since_id is a minute below the newest that we know: ids grow with time, but not perfectly.
 *
 * Owner:   everything lives in the arena given.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: a state that does not parse is a fresh start, which costs duplicates only. */
#ifndef ANSWERD_CONNECTORS_X_WALK_H
#define ANSWERD_CONNECTORS_X_WALK_H

#include "x_post.h"

#define X_WEEK_SPARE_S 600 /* a search refuses what is older than a week, by its own clock */

struct x_walk {
	struct text since; /* highest id of the last finished walk; empty: none was */
	/* of an unfinished walk */
	struct text newest, next, turtle;
	int64_t n_pages, n_read, n_broken;
	bool has_met; /* what we knew was seen again */
	/* of a walk that closes a gap */
	struct text lowest; /* what the list showed last */
	bool is_search;     /* the list is at its end, and what lies behind it is searched for */
};

/* What a list can do. */
struct x_list {
	bool has_since; /* it takes since_id and start_time */
	bool is_week;   /* it reaches seven days back, and refuses an older since_id */
	int64_t most;   /* so many elements deep; 0: nobody says */
};

void x_walk_load(struct arena *a, struct text state, struct x_walk *ret);
struct text x_walk_save(struct arena *a, const struct x_walk *w);

/* since_id of every page of this walk; empty: without. ret_is_lost: what we knew is older than the list reaches. */
struct text x_walk_since(const struct connector_ctx *ctx, const struct x_walk *w,
			 const struct x_list *list, bool *ret_is_lost);

/* A page came. False when the walk is over; ret_has_hole: it did not come to what we knew. `stop`: what is older is
 * not wanted, where the list cannot be told so. */
bool x_walk_step(const struct connector_ctx *ctx, struct x_walk *w, const struct x_list *list,
		 const struct x_page *page, struct wall stop, bool *ret_has_hole);

#endif
