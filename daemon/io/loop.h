/* loop.h: the one event loop of a process, its clock and its graveyard.
 *
 * Owner:   main creates and destroys it; everything else borrows.
 * Clock:   loop_wall() and loop_mono() are read once a turn; nobody else in the house reads a
 *          clock. A test database may shift wall time (answerd.now(), DESIGN §5):
 *          loop_shift_wall(). Where the machine's clock differs from the database's by more than
 *          a second, the database is right (RELIABILITY I6): loop_correct_wall(); from then on a
 *          jump of the machine's clock is passed over until the database is heard again.
 * Blocks:  only in loop_run().
 * Calls back: watchers, from loop_run().
 * Fails:   creation ends the process when epoll cannot be had. */
#ifndef ANSWERD_IO_LOOP_H
#define ANSWERD_IO_LOOP_H

#include <ev.h>

#include "answerd/clock.h"
#include "daemon/base/list.h" /* container_of */

struct loop;

struct loop *loop_create(void);
void loop_destroy(struct loop **l);
void loop_run(struct loop *l);  /* until loop_stop() */
void loop_stop(struct loop *l); /* at the end of this turn */
struct ev_loop *loop_ev(struct loop *l);

struct wall loop_wall(struct loop *l);
struct mono loop_mono(struct loop *l);
/* Read this moment, not once a turn: is a lease still long enough, right before a byte leaves? */
struct mono loop_mono_now(struct loop *l);
struct wall loop_wall_machine(
	struct loop *l); /* never shifted: for signatures, which others judge by their own clocks */
void loop_shift_wall(struct loop *l,
		     struct dur shift); /* test databases only; replaces the shift before */
/* The database says what time it is, just now and without the shift. */
void loop_correct_wall(struct loop *l, struct wall theirs);

/* (Re)arms a one-shot timer `in` from the present moment; the callback and its data are set by
 * ev_init(). */
void loop_arm(struct loop *l, ev_timer *w, struct dur in);
void loop_disarm(struct loop *l, ev_timer *w);

/* Frees `what` with `bury` at the end of this turn, when none of its callbacks is on the stack. */
void loop_bury(struct loop *l, void *what, void (*bury)(void *));

#endif
