/* youtube_walk.h: where a walk through a source is. Private to the connector.
 *
 * Lists go from the newest thread backwards and know no "since"; a walk ends a little behind the
 * newest thread that the walk before it saw. A new reply moves no thread up and a page shows only
 * a few of them, so the number of replies of busy threads is kept: where it has changed, their
 * replies are read before the next page (`due`).
 *
 * A walk through what is held back keeps which comments these were: those that are there no more
 * are asked for by their ids at its end, and come without the warning or not at all.
 *
 * Owner:   everything lives in the arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   a state that cannot be read is a fresh one: that costs duplicates only. */
#ifndef ANSWERD_CONNECTORS_YOUTUBE_WALK_H
#define ANSWERD_CONNECTORS_YOUTUBE_WALK_H

#include "youtube_comment.h"

#define YOUTUBE_BUSY_MOST 120 /* threads whose number of replies is kept, the newest last */
#define YOUTUBE_DUE_MOST  100 /* as many as a page has */
#define YOUTUBE_HELD_MOST 120

struct youtube_counts {
	struct youtube_count at[YOUTUBE_BUSY_MOST];
	size_t n;
};

struct youtube_walk {
	struct wall known;          /* the newest thread that a finished walk has seen */
	struct youtube_counts busy; /* of `held`: the comments themselves, n is 0 */
	/* of an unfinished walk */
	struct wall from, latest;
	struct text next, turtle; /* tokens: of the page that is due, and Brent's */
	struct text token;        /* of the page of replies that is due */
	int64_t n_pages, n_broken, n_below;
	bool is_last; /* no page of threads is left */
	struct youtube_counts
		due; /* threads whose replies are due; of `held`: comments to ask for */
	struct youtube_counts seen; /* of `held`: in this walk */
};

void youtube_walk_load(struct arena *a, struct text state, struct youtube_walk *ret);
struct text youtube_walk_save(struct arena *a, const struct youtube_walk *w);

/* Behind a page of threads: which replies are due, and whether more threads are. */
void youtube_walk_step(struct youtube_walk *w, const struct youtube_page *page, struct wall from,
		       bool has_replies, bool *ret_is_circle);
/* Behind a page of replies of due[0]; `next` is the token of the next one. */
void youtube_walk_below(struct youtube_walk *w, struct text next);
/* Nothing more is to be read of due[0] (or, of `held`, of the first n). */
void youtube_walk_drop(struct youtube_walk *w, size_t n);
/* Behind the last page of what is held back: what is there no more becomes due. */
void youtube_walk_compare(struct youtube_walk *w);

/* True: ask again. False: the walk is over, and w is what is kept of it. */
bool youtube_walk_goes_on(struct youtube_walk *w);

void youtube_counts_put(struct youtube_counts *c, struct youtube_count one);

#endif
