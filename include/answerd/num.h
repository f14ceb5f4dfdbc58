/* num.h: numbers from text, whole or not at all.
 *
 * Owner:   plain values.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   false and the output untouched: empty, blank, sign where none is due, trailing bytes,
 *          overflow. */
#ifndef ANSWERD_NUM_H
#define ANSWERD_NUM_H

#include "answerd/text.h"

bool num_parse_i64(struct text in, int64_t *ret);
bool num_parse_u64(struct text in, uint64_t *ret);
bool num_parse_range(struct text in, int64_t min, int64_t max, int64_t *ret);

#endif
