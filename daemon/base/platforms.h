/* platforms.h: what `answerd platforms` prints, made from the connectors' own capabilities.
 *
 * Owner:   the caller owns the buffer.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_BASE_PLATFORMS_H
#define ANSWERD_BASE_PLATFORMS_H

#include "answerd/strbuf.h"

enum platforms_form {
	PLATFORMS_PERSON,
	PLATFORMS_JSON, /* a bare array of name, about, status (live|dead), heirs, can{…} (DESIGN §6) */
	PLATFORMS_MARKDOWN, /* README's table of networks; tests/lints/networks.py puts it there */
};

/* For a person each line is as wide as output_columns() says. */
void platforms_print(enum platforms_form form, struct strbuf *out);

#endif
