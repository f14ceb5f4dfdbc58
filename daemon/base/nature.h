/* nature.h: is it a question, a complaint, praise or thanks? By word lists (nature.words, whose head
 * says the rules), because a rule that a person can read can be argued with.
 *
 * Owner:   nature_load() allocates; nature_destroy() frees. The rules do not change in between.
 * Clock:   none.
 * Blocks:  nature_load() reads a file. Calls back: never.
 * Fails:   ERR_CONFIG "FILE:LINE: what is wrong". Judging cannot fail; in doubt it is a question. */
#ifndef ANSWERD_BASE_NATURE_H
#define ANSWERD_BASE_NATURE_H

#include "answerd/err.h"
#include "answerd/text.h"

enum nature {
	NATURE_QUESTION,
	NATURE_COMPLAINT,
	NATURE_PRAISE,
	NATURE_THANKS,
	NATURE_NEUTRAL,
};

struct nature_rules;

/* `path` NULL: the shipped lists, which are part of the program. */
struct nature_rules *nature_load(const char *path, struct err *err);
void nature_destroy(struct nature_rules **r);

/* `language` as the platform says (BCP 47), empty: guessed. Only the first 4 KiB are read. */
enum nature nature_of(const struct nature_rules *r, struct text body, struct text language);

const char *nature_name(enum nature n); /* "question" … */

#endif
