/* share.h: one answer for all who ask the same at the same time (a wave of pages that heard of one change).
 *
 *   asks ──nobody asks that──▶ LEADS ──answered──▶ gone; the first who waits leads, the others ride with it
 *    └───somebody asks it────▶ WAITS ─────────────▶ LEADS or RIDES ──the leader's answer──▶ gone
 *
 * Nobody gets an answer to a statement that was sent before they asked, and nothing is kept: who asks later asks anew. Who may ask was judged
 * for each of them before; what differs between persons has the person in its key.
 *
 * Owner:   desk.c owns the works; a flight lives as long as somebody leads it.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: queue_serve(), also from share_leave().
 * Fails:   cannot. */
#ifndef ANSWERD_DESK_SHARE_H
#define ANSWERD_DESK_SHARE_H

#include "daemon/desk/inside.h"

/* The next of those who get the leader's answer, taken out; NULL: no more. */
struct work *share_rider(struct work *leader);

/* It was answered, and is about to go. */
void share_leave(struct work *w);

/* Nobody is answered any more. */
void share_forget(struct list *flights);

#endif
