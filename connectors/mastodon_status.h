/* mastodon_status.h: elements of Mastodon's answers as messages, whatever operation brought them.
 * Private to the connector.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an element that cannot be read goes to outcome.bad; only an answer that is no list of
 *          messages at all fails. */
#ifndef ANSWERD_CONNECTORS_MASTODON_STATUS_H
#define ANSWERD_CONNECTORS_MASTODON_STATUS_H

#include "answerd/connector.h"

/* Where an element stands in its list: what paging goes by. A notification's id is not its
 * status's. */
struct mastodon_item {
	struct text id; /* empty where there is none */
	struct wall at; /* 0: unknown */
};

struct mastodon_page {
	struct mastodon_item *items; /* as served */
	size_t n;
	int64_t most; /* asked for; 0: nobody knows */
};

/* Reads a list of notifications, statuses or conversations, a context, a search result, or one of
 * these alone. `source` tells only is_about. */
bool mastodon_page_read(const struct connector_ctx *ctx, struct text source, struct text page,
			struct outcome *out, struct mastodon_page *ret, struct err *err);

#endif
