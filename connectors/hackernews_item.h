/* hackernews_item.h: stories and comments of Hacker News as messages, in three shapes: hits of the search, items of the search with
 * all that is below them, and items of the official interface. Private to the connector.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an element that cannot be read goes to outcome.bad; only an answer that is none of the three fails. */
#ifndef ANSWERD_CONNECTORS_HACKERNEWS_ITEM_H
#define ANSWERD_CONNECTORS_HACKERNEWS_ITEM_H

#include "answerd/connector.h"

struct hackernews_page {
	size_t n; /* hits */
	int64_t page, n_pages,
		n_hits; /* as it says; -1: it does not. It counts more hits than it gives */
	int64_t newest_s, oldest_s;
	struct text stories[30]; /* that the hits are of, or are */
	size_t n_stories;
};

/* `words`: of a search; what does not hold them is a loose match and is left out. Empty: nothing is. */
bool hackernews_page_read(const struct connector_ctx *ctx, struct text words, struct text page,
			  struct outcome *out, struct hackernews_page *ret, struct err *err);

/* An item with all that is below it. Of more than LIMIT_PAGE_ITEMS those with the lowest ids above `after` are given, and *ret_last is
 * the highest of them: ask again with it. 0: nothing is left. Ids grow with time, so nothing slips in between. */
bool hackernews_item_read(const struct connector_ctx *ctx, int64_t after, struct text page,
			  struct outcome *out, int64_t *ret_last, struct err *err);

bool hackernews_is_id(struct text id);

#endif
