/* bluesky_walk.h: walking lists that have no `since`, newest first. Private to the connector.
 *
 * A poll goes back to ten minutes before the newest time of the walk before; the first walk and a
 * sweep go back to question.since. Where a cursor is a bare time with a strict "<", everything of
 * that very millisecond would be lost at a page's edge: such a cursor is asked again one
 * millisecond later, and the server's own is used when that brought nothing new. When even that
 * page ends in the millisecond where it began, the list can never show the rest: the walk makes a
 * detour through the search, whose cursor carries more than a time, and then steps on.
 *
 * Owner:   everything lives in the arena given.
 * Clock:   now is passed in.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: a state that does not parse is a fresh start, which costs duplicates only. */
#ifndef ANSWERD_CONNECTORS_BLUESKY_WALK_H
#define ANSWERD_CONNECTORS_BLUESKY_WALK_H

#include "bluesky_post.h"

#define FLOW_SEEN         100
#define BLUESKY_PAGE_MOST 100 /* elements that a list gives at once */

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
	int64_t full;   /* items of the fullest page so far */
	bool is_detour; /* the search is asked for all of one millisecond, then the walk goes on */
	struct detour {
		struct wall at;
		struct text cursor;
		int64_t n_pages;
		bool is_plain; /* by our name in the text: the search does not know who is mentioned
				*/
		bool is_good;  /* it showed something that the list had shown */
	} detour;
	struct wall leap_from; /* what was asked here is too large to be read: see flow_leap() */
	int64_t leap_s;
	/* of this step */
	bool has_hole; /* a whole page of one millisecond, and no way to the rest of it */
};

void flow_load(struct arena *a, struct text state, struct flow *ret);
struct text flow_save(struct arena *a, const struct flow *f);

/* Where this walk may stop. */
struct wall flow_stop(const struct flow *f, struct wall since, bool is_sweep);

/* A page came, with the server's cursor; page_limit as in the question. False when the walk is
 * over. True with has_hole: the walk stands behind a millisecond that the list cannot show, and flow_detour() may be called. */
bool flow_step(struct arena *a, struct flow *f, struct wall stop, struct wall now,
	       const struct bluesky_item *items, size_t n, int page_limit, struct text cursor);

/* The one element that was asked for is larger than we read. Its time is not known: from the cursor, or
 * from now, it goes back one second, two, four, until something can be read again. False when the
 * cursor is no time: then the walk is over here, and what is behind is a hole. */
bool flow_leap(struct arena *a, struct flow *f, struct wall now);

/* Begins the detour for the hole that flow_step() has just told; false when there is no time to
 * search for. */
bool flow_detour(struct flow *f);

/* A page of the search. False when the detour is over; has_hole tells whether it failed. can_plain:
 * a detour that found nothing may be tried again by our name in the text. */
bool flow_detour_step(struct flow *f, const struct bluesky_item *items, size_t n,
		      struct text cursor, bool can_plain);

#endif
