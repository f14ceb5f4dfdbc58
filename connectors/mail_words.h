/* mail_words.h: what a person wrote, and what only stands below it: quoted mails, a signature. Private to the connector.
 *
 * Nothing is ever left out: what is quoted comes behind the words, below a line that says so. Where it is not clear which is
 * which (answers between quoted lines), all stays in its order.
 *
 * Owner:   the arena. Clock: none. Blocks: never. Calls back: never. Fails: cannot. */
#ifndef ANSWERD_CONNECTORS_MAIL_WORDS_H
#define ANSWERD_CONNECTORS_MAIL_WORDS_H

#include "answerd/text.h"

#define MAIL_QUOTED "[quoted:]"

struct mail_words {
	struct text whole; /* for people */
	struct text own;   /* of it, or taken together from it: what its author wrote now */
};

struct mail_words mail_words_part(struct arena *a, struct text text);

#endif
