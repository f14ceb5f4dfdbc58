/* dead.h: networks where customers once spoke and that are gone: what became of them, and which of our connectors hears those
 * customers today. Shown by `answerd platforms`; a configuration that names one is refused in the same words.
 *
 * Owner:   static data; the caller owns the buffer.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   dead_find() may find nothing. */
#ifndef ANSWERD_BASE_DEAD_H
#define ANSWERD_BASE_DEAD_H

#include "answerd/strbuf.h"

struct dead {
	const char *name;       /* as in `platform = "…"` */
	const char *other_name; /* under which it may be looked for too; NULL: none */
	const char *about;      /* "Network: what was heard there" */
	const char *fate;       /* what became of it, with dates; no full stop */
	const char *talk;       /* what is heard elsewhere: "those customers" */
	const char *heirs
		[5]; /* connectors, the best one first; NULL-ended. Not all are in every build */
};

extern const struct dead deads[];
extern const size_t n_deads;

const struct dead *dead_find(struct text name); /* ASCII case does not matter; NULL: not dead */

/* The names of those heirs that this build has, as a JSON array. */
void dead_print_heirs(const struct dead *d, struct strbuf *out);
/* One sentence: what became of it, and who hears those customers today. */
void dead_print_sentence(const struct dead *d, struct strbuf *out);

#endif
