/* queue.h: the list of who waits, for staff.
 *
 * Owner:   the desk.
 * Clock:   the database's; mono for how old an answer about listening may be.
 * Blocks:  never.
 * Calls back: desk_work_*() exactly once for each queue_serve().
 * Fails:   to the caller, as a problem document. */
#ifndef ANSWERD_DESK_QUEUE_H
#define ANSWERD_DESK_QUEUE_H

#include "daemon/desk/inside.h"
#include "daemon/desk/names.h"

struct queue;

struct queue *queue_create(struct loop *l);
void queue_destroy(struct queue **q);

/* queue_clocks.c: answers with this page and, beside it, the office's clock of the first n rows ("office_s"). */
void queue_clocks(struct work *w, struct text page, const struct db_result *r, int n, int col_id);

#endif
