/* platforms.h: what `answerd platforms` prints, made from the connectors' own capabilities.
 *
 * Owner:   the caller owns the buffer.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_BASE_PLATFORMS_H
#define ANSWERD_BASE_PLATFORMS_H

#include "answerd/strbuf.h"

/* JSON: a bare array of name, about, status (live|dead), heirs, can{…} (DESIGN §6); else a table for people. */
void platforms_print(bool is_json, struct strbuf *out);

#endif
