/* output.h: what programs say to people: how wide a line is, and whether all of it was taken.
 *
 * Owner:   nothing. Clock: none. Blocks: output_write() does. Calls back: never.
 * Fails:   output_write() says why. */
#ifndef ANSWERD_BASE_OUTPUT_H
#define ANSWERD_BASE_OUTPUT_H

#include "answerd/text.h"

/* $COLUMNS (40 to 400), else those of the terminal on standard output, of which 120 at most are used; 80 where nobody says it. */
int output_columns(void);

/* 0, or the errno for which not all of it was written; that whoever reads it has gone is no fault. */
int output_write(int fd, struct text t);

/* To standard output. False: not all of it could be written; standard error says why. */
bool output_print(struct text t);

#endif
