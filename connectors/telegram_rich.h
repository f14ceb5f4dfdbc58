/* telegram_rich.h: rich messages (Bot API 10.1): trees of blocks and texts. Private to the connector.
 *
 * Owner:   results live in the arena given.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: what is deeper or longer than any person writes is left out. */
#ifndef ANSWERD_CONNECTORS_TELEGRAM_RICH_H
#define ANSWERD_CONNECTORS_TELEGRAM_RICH_H

#include "answerd/json.h"
#include "answerd/strbuf.h"

#define TELEGRAM_RICH_NAMES 64

/* Somebody who is named: by handle, without '@', or by number. */
struct telegram_named {
	struct text handle;
	int64_t id;
};

struct telegram_rich {
	struct telegram_named names[TELEGRAM_RICH_NAMES];
	size_t n_names;
	bool is_said; /* there are words */
};

/* Adds the words as a person reads them, a block on a line. */
void telegram_rich_add(struct arena *a, struct jx message, struct strbuf *b,
		       struct telegram_rich *ret);

#endif
