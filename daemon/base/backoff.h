/* backoff.h: how long to wait after the n-th failure: full jitter, so that many who failed together
 * do not come back together.
 *
 * Owner:   plain values; the caller keeps its count of failures. Clock: none, lengths only.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_BASE_BACKOFF_H
#define ANSWERD_BASE_BACKOFF_H

#include <stdint.h>

#include "answerd/clock.h"

/* Anything between 0 and min(most, first × 2^n_failed), evenly. n_failed counts the failures before
 * this one; `random` is 64 random bits of the caller (a seeded source in tests). */
struct dur backoff_after(unsigned n_failed, struct dur first, struct dur most, uint64_t random);

#endif
