/* secret.h: a value that must never be printed. There is no printer, and there will be none.
 *
 * Owner:   secret_set() copies; secret_done() wipes and frees.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot, except out of memory (process ends). */
#ifndef ANSWERD_SECRET_H
#define ANSWERD_SECRET_H

#include "answerd/text.h"

struct secret {
	char *bytes; /* NULL when empty; NUL-terminated otherwise */
	size_t len;
};

void secret_set(struct secret *s, struct text value); /* replaces and wipes what was there */
void secret_done(struct secret *s);
bool secret_is_set(const struct secret *s);
/* For the one place that puts it on the wire; borrowed until the next change. */
struct text secret_reveal(const struct secret *s);
/* Wipes memory so that the compiler cannot leave it out. */
void secret_wipe(void *p, size_t n);

#endif
