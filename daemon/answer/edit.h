/* edit.h: a person's words from their own editor, or from standard input.
 *
 * Owner:   the text lives in the arena given.
 * Clock:   none.
 * Blocks:  as long as the person writes. Calls back: never.
 * Fails:   false, with a sentence on stderr: no editor, it failed, or nothing was written. */
#ifndef ANSWERD_ANSWER_EDIT_H
#define ANSWERD_ANSWER_EDIT_H

#include "answerd/text.h"

/* `start` stands in the file; below a line that says so `context`, which is not part of the words. */
bool edit_words(struct arena *a, struct text start, struct text context, struct text *ret);
/* All of standard input, at most 64 KiB. */
bool edit_read_input(struct arena *a, struct text *ret);

#endif
