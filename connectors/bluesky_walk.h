/* bluesky_walk.h: walking lists that have no `since`, newest first. Private to the connector.
 *
 * A poll goes back to ten minutes before the newest time of the walk before; the first walk and a
 * sweep go back to question.since. Where a cursor is a bare time with a strict "<", everything of
 * that very millisecond would be lost at a page's edge: such a cursor is asked again one
 * millisecond later, and the server's own is used when that brought nothing new.
 *
 * Owner:   everything lives in the arena given.
 * Clock:   now is passed in.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: a state that does not parse is a fresh start, which costs duplicates only. */
#ifndef ANSWERD_CONNECTORS_BLUESKY_WALK_H
#define ANSWERD_CONNECTORS_BLUESKY_WALK_H

#include "bluesky_post.h"

#define FLOW_SEEN 100

struct flow {
	struct wall high; /* newest time of the last finished walk; 0: none was */
	bool was_walked;
	/* of an unfinished walk */
	bool is_walking;
	struct wall next_high;
	struct text cursor; /* asked next */
	struct text own;    /* the server's, of the last page that brought something */
	struct text turtle; /* a cursor that came back ends the walk */
	bool is_stepped;    /* cursor is `own`, one millisecond later */
	int64_t n_pages;
	uint64_t seen[FLOW_SEEN]; /* ids of the page before, as hashes */
	size_t n_seen;
	/* The millisecond of which a list gave no more than a page: the search, whose cursor is not a bare
	 * time, is asked for the rest before the walk goes on. 0: none. */
	struct wall detour_at;
	struct text detour_cursor;
	/* of this step */
	bool has_hole; /* a whole page of one millisecond: there may be more of it */
};

/* The millisecond of a hole that flow_step() reported while it goes on; false when it has none. */
bool flow_hole_time(const struct flow *f, struct wall *ret);

void flow_load(struct arena *a, struct text state, struct flow *ret);
struct text flow_save(struct arena *a, const struct flow *f);

/* Where this walk may stop. */
struct wall flow_stop(const struct flow *f, struct wall since, bool is_sweep);

/* A page came, with the server's cursor. False when the walk is over. */
bool flow_step(struct arena *a, struct flow *f, struct wall stop, struct wall now,
	       const struct bluesky_item *items, size_t n, struct text cursor);

#endif
