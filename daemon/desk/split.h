/* split.h: a reply as the platform will count it: signed, and where it is too long and may be, cut into numbered parts.
 *
 * Owner:   the parts live in the arena given.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   ERR_DATA with a sentence for people: too long, or too many parts. */
#ifndef ANSWERD_DESK_SPLIT_H
#define ANSWERD_DESK_SPLIT_H

#include "answerd/connector.h"

#define SPLIT_MOST 20 /* parts of one answer */

struct split {
	const struct connector *connector;
	struct connector_ctx ctx; /* its arena is used for measuring */
	struct posting posting;   /* all but its text */
	struct text signature;    /* first name, or empty */
	bool is_parts;            /* may be cut */
};

/* How long the words are, and how long they may be. */
void split_measure(const struct split *s, struct text words, int64_t *ret_length,
		   int64_t *ret_most);
/* What the customer reads if it goes in one, however long. */
struct text split_whole(struct arena *a, const struct split *s, struct text body);
/* What the platform charges for the words, in millionths of a US dollar; 0: nothing. */
int64_t split_price(const struct split *s, struct text words);
/* What the customer reads: ret has room for SPLIT_MOST. */
bool split_words(struct arena *a, const struct split *s, struct text body, struct text *ret,
		 size_t *ret_n, struct err *err);

#endif
