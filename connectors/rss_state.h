/* rss_state.h: what is kept of a feed between two polls. Private to the connector.
 *
 * A feed shows only its newest entries. When nothing that stood in it at the last poll is left, more
 * may have come than it can show: its older pages are walked where it has any (RFC 5005), else there
 * is a hole. Entries are known by id, and where none of the ids is left by what they say: some feeds
 * give new ids at every reading, or all at once when a site moves.
 *
 * Owner:   everything lives in the arena given.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: a state that does not parse is a fresh start, which costs duplicates only. */
#ifndef ANSWERD_CONNECTORS_RSS_STATE_H
#define ANSWERD_CONNECTORS_RSS_STATE_H

#include "rss_entry.h"

#define RSS_KNOWN 100
#define RSS_POSTS 40

struct rss_known {
	struct rss_print at[RSS_KNOWN];
	size_t n;
};

struct rss_state {
	struct text etag, modified; /* as the server wrote them */
	struct rss_known known;     /* what the last finished poll showed */
	/* of an unfinished walk through older pages */
	struct text next;
	struct rss_known fresh; /* its first page */
	int64_t n_pages;
};

void rss_state_load(struct arena *a, struct text state, struct rss_state *ret);
struct text rss_state_save(struct arena *a, const struct rss_state *s);

/* A page came. Leaves out of `out` what was heard before under another id. False when the walk is
 * over; then *ret_has_hole says whether older entries may be lost. */
bool rss_state_step(struct rss_state *s, struct wall since, const struct rss_page *page,
		    struct outcome *out, bool *ret_has_hole);

/* The account's facts: where the comments of our newest posts are. */
struct text rss_facts_learn(struct arena *a, struct text facts, const struct rss_page *page);
struct text rss_facts_find(struct arena *a, struct text facts, struct text message_id);

#endif
