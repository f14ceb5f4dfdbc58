/* helper.h: a process beside ours that does what would stop the loop (a password's hash takes a tenth of a second), one piece at a time.
 *
 * It is forked from ours and closes everything but its end of a socketpair. When it dies or takes too long, the piece it had is
 * answered with nothing, and the next piece starts another.
 *
 *   ABSENT ──ask──▶ IDLE ──piece──▶ BUSY ──answer──▶ IDLE
 *                                     └──died, or late──▶ ABSENT
 *
 * Owner:   whoever created it. What is asked is copied, and wiped when it was sent; an answer lives during its callback.
 * Clock:   deadlines are mono.
 * Blocks:  never, but for a fork.
 * Calls back: once for each piece, never from inside helper_ask(), never after helper_destroy().
 * Fails:   an answer of no bytes: do it again. */
#ifndef ANSWERD_IO_HELPER_H
#define ANSWERD_IO_HELPER_H

#include "daemon/io/loop.h"

#define HELPER_BYTES 2048 /* a piece, and its answer */

struct helper;

/* Runs in the helper: n bytes of a piece; returns how many of `answer` it wrote, at least one. */
typedef size_t helper_work(const void *piece, size_t n, void *answer);
typedef void helper_done(const void *answer, size_t n, void *owner);

struct helper *helper_create(struct loop *l, helper_work *work, int max_queued);
/* Early, before anything is opened that is none of the helper's business. */
void helper_start(struct helper *h);
/* False: as many wait as may. */
bool helper_ask(struct helper *h, const void *piece, size_t n, helper_done *done, void *owner);
void helper_destroy(struct helper **h);

#endif
