/* letter.h: a telling as a mail (RFC 5322), such that nothing in it can become a second one (RELIABILITY S18).
 *
 * Header values hold printable ASCII or encoded words, never a CR, LF or NUL; the text is UTF-8 in base64; lines end with
 * CRLF and are at most 76 characters long.
 *
 * Owner:   the caller's buffer. Clock: the time is passed in.
 * Blocks:  never. Calls back: never.
 * Fails:   ERR_DATA when a header value cannot be written; the buffer is worthless then. */
#ifndef ANSWERD_ALERT_LETTER_H
#define ANSWERD_ALERT_LETTER_H

#include "answerd/clock.h"
#include "answerd/err.h"
#include "answerd/strbuf.h"

struct letter {
	struct text from;
	const struct text *to;
	size_t n_to;
	struct text subject; /* one line */
	struct text id;      /* of the delivery: the same at every attempt */
	struct text event;
	struct wall at;
	struct text text; /* lines ended by '\n' */
};

bool letter_write(const struct letter *l, struct strbuf *out, struct err *err);

#endif
