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
 * Calls back: go(), from share_leave().
 * Fails:   cannot. */
#ifndef ANSWERD_DESK_SHARE_H
#define ANSWERD_DESK_SHARE_H

#include "daemon/desk/inside.h"

/* What the work asks for, for share_enter(): in the request's arena. */
struct text share_key(struct work *w);

/* True: it leads, and is to be run now. False: it waits; it will be answered with another, or go() runs it. */
bool share_enter(struct list *flights, struct work *w, struct text key, void (*go)(struct work *w));

/* The next of those who get the leader's answer, taken out; NULL: no more. */
struct work *share_rider(struct work *leader);

/* It was answered, and is about to go. */
void share_leave(struct work *w);

/* Nobody is answered any more. */
void share_forget(struct list *flights);

#endif
