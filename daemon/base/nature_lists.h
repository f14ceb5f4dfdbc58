/* nature_lists.h: the word lists in the form in which bodies are compared with them. Inside
 * daemon/base only; nature.h loads and destroys them.
 *
 * Owner:   everything lives as long as the rules.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_BASE_NATURE_LISTS_H
#define ANSWERD_BASE_NATURE_LISTS_H

#include "daemon/base/nature.h"

#define NATURE_LANGUAGES 32u
#define NATURE_STARTS    2048u

enum key {
	KEY_COMMON,
	KEY_ASKS,
	KEY_QUESTION,
	KEY_EXCLAIM,
	KEY_COMPLAINT,
	KEY_BUT,
	KEY_NOT,
	KEY_PRAISE,
	KEY_THANKS,
	KEY_GREETING,
	KEY_FILLER,
	KEY_COUNT
};

struct list {
	struct text *entries; /* " where is ", or " complain" for "complain*" */
	size_t n;
	uint16_t from[257]; /* entries[from[b]] is the first one whose word begins with byte b */
};

struct language {
	struct text name;
	struct list lists[KEY_COUNT];
	/* Which lists (bits, by key) have an entry that may begin like this: nearly every word of a
	 * body is done with here. */
	uint16_t by_start[NATURE_STARTS];
};

_Static_assert(KEY_COUNT <= 16, "by_start has a bit for each list");

struct nature_rules {
	struct arena *arena;
	struct language languages[NATURE_LANGUAGES];
	size_t n;
};

/* A number for the first bytes behind the blank at `at`, up to the end of the word. *ret_cut: the
 * text ends before. */
uint16_t nature_start(struct text line, size_t at, bool *ret_cut);

#endif
