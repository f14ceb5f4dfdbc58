/* The event loop of a process, its clock and its graveyard: see loop.h. */
#include "daemon/io/loop.h"

#include <stdlib.h>
#include <time.h>

#include "answerd/log.h"

#define CLOCK_TOLERANCE_US 1000000

/* Something that will be freed when no callback is on the stack. */
struct grave {
	void *what;
	void (*bury)(void *);
};

struct loop {
	struct ev_loop *ev;
	ev_prepare reap; /* just before the process sleeps */
	ev_check tick;   /* just after it woke up */
	struct wall wall;
	struct mono mono;
	struct dur shift;
	struct dur error; /* how far the machine's clock is behind the database's */
	int64_t apart_us; /* the machine's wall clock less its own count, when last read */
	bool is_told;     /* the database has said what time it is */
	struct grave *graves;
	size_t n_graves, room_graves;
};

static int64_t clock_us(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) != 0) {
		not_reached("the system has no clock");
	}
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Mono counts the time of a suspended machine too (CLOCK_BOOTTIME): a lease that ran out while the
 * machine slept must be seen as run out (RELIABILITY I3). */
static void read_clocks(struct loop *l)
{
	int64_t before, real, after, apart;
	int tries = 0;

	/* Both at one moment: whoever is put to sleep between them reads again. */
	do {
		before = clock_us(CLOCK_BOOTTIME);
		real = clock_us(CLOCK_REALTIME);
		after = clock_us(CLOCK_BOOTTIME);
	} while (after - before > CLOCK_TOLERANCE_US / 2 && ++tries < 10);
	apart = real - after;
	/* A clock that has jumped since is not believed until the database is heard again. */
	if (l->is_told && (apart - l->apart_us > CLOCK_TOLERANCE_US ||
			   l->apart_us - apart > CLOCK_TOLERANCE_US)) {
		l->error.us -= apart - l->apart_us;
	}
	l->apart_us = apart;
	l->wall = wall_add(wall_add((struct wall){ real }, l->error), l->shift);
	l->mono = (struct mono){ after };
}

static void on_tick(struct ev_loop *ev, ev_check *w, int revents)
{
	struct loop *l = container_of(w, struct loop, tick);

	(void)ev;
	(void)revents;
	read_clocks(l);
}

static void reap(struct loop *l)
{
	/* A burial may bury more: always the last one, until there is none. */
	while (l->n_graves > 0) {
		struct grave g = l->graves[--l->n_graves];

		g.bury(g.what);
	}
}

static void on_reap(struct ev_loop *ev, ev_prepare *w, int revents)
{
	struct loop *l = container_of(w, struct loop, reap);

	(void)ev;
	(void)revents;
	reap(l);
}

struct loop *loop_create(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	/* Without NOENV the variable LIBEV_FLAGS would choose the backend. */
	l->ev = ev_default_loop(EVFLAG_NOENV);
	if (l->ev == NULL) {
		not_reached("the system gives no event loop");
	}
	ev_prepare_init(&l->reap, on_reap);
	ev_set_priority(&l->reap, EV_MINPRI);
	ev_prepare_start(l->ev, &l->reap);
	ev_check_init(&l->tick, on_tick);
	ev_set_priority(&l->tick, EV_MAXPRI);
	ev_check_start(l->ev, &l->tick);
	read_clocks(l);
	return l;
}

void loop_destroy(struct loop **l)
{
	struct loop *gone = *l;

	if (gone == NULL) {
		return;
	}
	reap(gone);
	ev_prepare_stop(gone->ev, &gone->reap);
	ev_check_stop(gone->ev, &gone->tick);
	ev_loop_destroy(gone->ev);
	free(gone->graves);
	free(gone);
	*l = NULL;
}

void loop_run(struct loop *l)
{
	read_clocks(l);
	(void)ev_run(l->ev, 0); /* says whether watchers are left: ours always are */
	reap(l);
}

void loop_stop(struct loop *l)
{
	ev_break(l->ev, EVBREAK_ALL);
}

struct ev_loop *loop_ev(struct loop *l)
{
	return l->ev;
}

struct wall loop_wall(struct loop *l)
{
	return l->wall;
}

struct wall loop_wall_machine(struct loop *l)
{
	return wall_add(l->wall, DUR_US(-l->shift.us));
}

struct mono loop_mono(struct loop *l)
{
	return l->mono;
}

struct mono loop_mono_now(struct loop *l)
{
	l->mono = (struct mono){ clock_us(CLOCK_BOOTTIME) };
	return l->mono;
}

void loop_shift_wall(struct loop *l, struct dur shift)
{
	l->shift = shift;
	read_clocks(l);
}

void loop_correct_wall(struct loop *l, struct wall theirs)
{
	struct dur error;

	read_clocks(l);
	error = wall_since((struct wall){ l->mono.us + l->apart_us }, theirs);
	/* An answer is on its way for a while: what is nearly right stays as it is. */
	l->error =
		error.us < -CLOCK_TOLERANCE_US || error.us > CLOCK_TOLERANCE_US ? error : DUR_US(0);
	l->is_told = true;
	read_clocks(l);
}

void loop_arm(struct loop *l, ev_timer *w, struct dur in)
{
	double after = dur_seconds(in);

	/* libev counts from the start of the turn, which may be long ago (LIBS §1.5). */
	ev_now_update(l->ev);
	ev_timer_stop(l->ev, w);
	ev_timer_set(w, after > 0 ? after : 0., 0.);
	ev_timer_start(l->ev, w);
}

void loop_disarm(struct loop *l, ev_timer *w)
{
	ev_timer_stop(l->ev, w);
}

void loop_bury(struct loop *l, void *what, void (*bury)(void *))
{
	if (l->n_graves == l->room_graves) {
		l->room_graves = l->room_graves == 0 ? 16 : l->room_graves * 2;
		l->graves = xrealloc(l->graves, l->room_graves * sizeof(*l->graves));
	}
	l->graves[l->n_graves++] = (struct grave){ what, bury };
}
