/* nature_words.h: a body as plain words, the form in which lists and bodies are compared. Inside
 * daemon/base only.
 *
 * " | where is my parcel | thanks " : lower case, blanks between words, a bar where a sentence or a
 * part of one begins. Addresses, names (@shop) and signs vanish; a hashtag is its word.
 *
 * Owner:   the caller owns the buffer.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_BASE_NATURE_WORDS_H
#define ANSWERD_BASE_NATURE_WORDS_H

#include "answerd/strbuf.h"

struct words {
	struct strbuf line;
	size_t n;      /* words */
	bool is_asked; /* a question mark stands somewhere */
};

/* `in` must be clean. Adds to an initialised line. */
void words_of(struct text in, struct words *ret);

#endif
