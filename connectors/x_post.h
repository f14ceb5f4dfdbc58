/* x_post.h: posts and direct messages of X as messages. Private to the connector.
 *
 * An edit is a new post with a new id; all that belong together name each other in their history. To us they are
 * one message, called by the first id; its revision is the id of the version. What a post answers is named by
 * the version that was answered: X includes that post, so its first id is known.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an element that cannot be read goes to outcome.bad; only an answer that is no list of
 *          messages at all fails. */
#ifndef ANSWERD_CONNECTORS_X_POST_H
#define ANSWERD_CONNECTORS_X_POST_H

#include "answerd/connector.h"

#define X_DIRECT TEXT("dm:")

struct x_page {
	size_t n;                 /* elements, those that only belong to others apart */
	size_t n_bare;            /* of them posts without what we asked for: an author */
	struct text newest, last; /* the highest id and the lowest of them; empty: none */
	struct wall oldest;       /* time of the last element; 0: unknown */
	struct text next;         /* the next page's token; empty: there is none */
	struct text conversation; /* of the first element */
	struct text *stale;       /* newest ids of posts whose older version was given */
	size_t n_stale;
	struct text *errors; /* problems beside the data, as slices */
	size_t n_errors;
};

/* `is_search`: what is found is about us. `keeps_stale`: older versions become messages too. */
struct x_reading {
	bool is_search, keeps_stale;
};

bool x_page_read(const struct connector_ctx *ctx, const struct x_reading *how, struct text page,
		 struct outcome *out, struct x_page *ret, struct err *err);

#endif
