/* mastodon_walk.h: how we walk through lists of Mastodon and of the many that speak like it.
 * Private to the connector.
 *
 * Two ways. Forward: min_id pages onward from what we know, nothing can be skipped; real Mastodon.
 * Back: newest first with max_id until something known, `since`, or the end is met; the first walk,
 * sweeps, conversations, searches, and servers that ignore min_id (found out, then remembered in
 * the state). A walk ends when a page brings nothing new, repeats, or a cursor comes back (Brent's
 * turtle), never because a page is short. Ids are compared for equality; for size only when both
 * are all digits.
 *
 * Owner:   everything lives in the arena given.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: a state that does not parse is a fresh start, which costs duplicates only. */
#ifndef ANSWERD_CONNECTORS_MASTODON_WALK_H
#define ANSWERD_CONNECTORS_MASTODON_WALK_H

#include "mastodon_status.h"

#define WALK_IDS 20

enum walk_way { WALK_BACK, WALK_FORWARD };

/* What a list understands. */
enum walk_paging {
	WALK_BY_ID,     /* min_id, max_id */
	WALK_BY_LINK,   /* its ids are internal: only the Link header knows the next page */
	WALK_BY_OFFSET, /* search */
};

struct walk_ids {
	struct text at[WALK_IDS]; /* newest first */
	size_t n;
};

struct walk {
	/* kept between polls */
	bool was_walked;       /* the first walk is over */
	bool is_newest_first;  /* the server ignores min_id */
	bool is_plain;         /* the server knows no type "quote" */
	int64_t full_page;     /* the most items that a page of this list ever held */
	struct walk_ids known; /* newest ids of the last finished walk */
	/* of an unfinished walk */
	bool is_walking;
	enum walk_way way;
	struct text at; /* cursor of the next request */
	struct walk_ids fresh;
	struct text page_first, page_last; /* of the page before */
	struct text turtle;
	int64_t n_pages;
	/* of this step */
	bool has_hole; /* it did not reach what we knew: the server gives one page for ever, or its cursors run in a
			  circle */
	bool is_adrift; /* it came to its end, and nothing of what we knew was there */
};

void walk_load(struct arena *a, struct text state, struct walk *ret);
struct text walk_save(struct arena *a, const struct walk *w);

/* Decides way and cursor of the next request. is_forward_fine: a poll of a list that has min_id. */
void walk_aim(struct walk *w, bool is_forward_fine);

/* A page came: where next? `w` was aimed, page->most was asked for. False when the walk is over. */
bool walk_step(struct arena *a, struct walk *w, enum walk_paging paging, struct wall since,
	       const struct mastodon_page *page, struct text link);

/* The one element of a page that was too large to be read, as the Link header names it; false where
 * that says nothing. A search needs no id. */
bool walk_blind_item(struct arena *a, const struct walk *w, enum walk_paging paging,
		     struct text link, struct mastodon_item *ret);

/* The server shows us no further page: the walk ends here, with a hole when what we knew was not
 * met. */
void walk_refuse(struct walk *w);

#endif
