/* wordpress_walk.h: how we walk through a site's lists. Private to the connector.
 *
 * Lists come newest first by number, in portions from an offset. What is deleted while we walk moves the
 * rest up, so every portion reads the last few of the one before again; where none of them comes back,
 * the walk steps back. A first walk and a sweep ask the site for what is newer than `since` and go on to
 * the list's end; later walks end below the numbers that were read before. A portion may be short or
 * empty in the middle of a list (the site leaves out what this user may not read): only what X-WP-Total
 * says, or an empty portion where it is not said, is the end.
 *
 * Owner:   everything lives in the arena given.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: a state that does not parse is a fresh start, which costs duplicates only. */
#ifndef ANSWERD_CONNECTORS_WORDPRESS_WALK_H
#define ANSWERD_CONNECTORS_WORDPRESS_WALK_H

#include "answerd/connector.h"
#include "wordpress_comment.h"

struct wordpress_walk {
	int64_t floor; /* a walk ends below it; 0: nothing is known yet */
	/* of an unfinished walk */
	int64_t next_floor, low; /* the lowest number read so far; 0: none */
	int64_t offset;
	int64_t n_pages, n_stuck;
	/* of this step */
	bool has_hole;
};

struct wordpress_portion {
	const struct wordpress_page *page;
	int64_t asked; /* elements */
	int64_t total; /* X-WP-Total; -1: not said */
	bool is_blind; /* one element, larger than we read */
};

void wordpress_walk_load(struct arena *a, struct text state, struct wordpress_walk *ret);
struct text wordpress_walk_save(struct arena *a, const struct wordpress_walk *w);

/* A portion came: false when the walk is over. */
bool wordpress_walk_step(struct wordpress_walk *w, const struct wordpress_portion *p);

#endif
