/* url.h: addresses, built and judged without the network.
 *
 * Owner:   results borrow from the input or live in the arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   false with the output untouched. */
#ifndef ANSWERD_URL_H
#define ANSWERD_URL_H

#include "answerd/text.h"

struct url {
	struct text scheme, host, port, path,
		query; /* borrowed; query without '?'; fragment dropped */
};

/* Absolute http and https URLs only; userinfo, backslashes, control bytes and blanks are refused.
 */
bool url_parse(struct text in, struct url *ret);

/* Same scheme, host (case-folded) and port? Default ports count as given. */
bool url_same_origin(struct text a, struct text b);

/* A literal loopback address: 127.0.0.0/8, [::1]; not "localhost". */
bool url_is_loopback(struct text url);

/* Value of a query parameter, percent-decoded into the arena. */
bool url_query_get(struct arena *a, struct text url, struct text name, struct text *ret);

/* The target with rel=`rel` of a Link header (RFC 8288). */
bool url_link_rel(struct text link_header, struct text rel, struct text *ret);

#endif
