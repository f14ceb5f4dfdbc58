/* json_cut.h: what the parser asks the cutter. Inside daemon/base only; others use json.h.
 *
 * Owner:   plain values.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_DATA with the place. */
#ifndef ANSWERD_BASE_JSON_CUT_H
#define ANSWERD_BASE_JSON_CUT_H

#include "answerd/json.h"

/* How deep a slice nests and how many values it holds. */
bool json_measure(struct text slice, size_t *ret_depth, size_t *ret_values, struct err *err);

#endif
