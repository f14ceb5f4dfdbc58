/* How a connection comes up, goes down and comes back: the part of db's state machine that knows
 * hosts, deadlines and waits. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/base/backoff.h"
#include "daemon/io/db_inside.h"

#define ATTEMPT_LIMIT DUR_S(10)
#define FIRST_WAIT    DUR_MS(100)  /* of reconnecting, full jitter; doubled each time … */
#define QUICK_WAIT    DUR_MS(1500) /* … up to this in the first minutes … */
#define QUICK_FOR     DUR_S(300)   /* … which are these, … */
#define SLOW_WAIT     DUR_S(30)    /* … then up to this */
#define GOOD_AFTER    DUR_S(5)     /* a connection that held so long starts the waits anew */

/* Stop, set, start: the socket of a connection changes between polls and keeps its number. */
void db_arm(struct db *d, int events)
{
	int fd = d->pg != NULL ? PQsocket(d->pg) : -1;

	if (ev_is_active(&d->io) && fd == d->io.fd && d->state >= DB_LISTENING &&
	    (d->io.events & (EV_READ | EV_WRITE)) == events) {
		return;
	}
	ev_io_stop(loop_ev(d->loop), &d->io);
	if (fd < 0 || events == 0) {
		return;
	}
	ev_io_set(&d->io, fd, events);
	ev_io_start(loop_ev(d->loop), &d->io);
}

/* Answers all of a ring that nobody else sees. The db may be destroyed by one of them: then no
 * other is called. A unit whose error came before the end keeps it. */
void db_fail_all(const struct db *d, struct ring *r, enum err_kind kind, const char *why)
{
	struct unit *u;

	while ((u = ring_take(r)) != NULL) {
		if (d->is_dead) {
			unit_destroy(u);
		} else if (u->has_failed) {
			unit_answer(u);
		} else {
			unit_fail(u, kind, why);
		}
	}
}

void db_set_state(struct db *d, enum db_state state)
{
	d->state = state;
	ev_io_stop(loop_ev(d->loop), &d->io);
	loop_disarm(d->loop, &d->due);
	loop_disarm(d->loop, &d->more);
}

void db_hang_up(struct db *d)
{
	ev_io_stop(loop_ev(d->loop), &d->io);
	if (d->pg != NULL) {
		PQfinish(d->pg);
		d->pg = NULL;
	}
	d->is_ended = false;
	d->is_broken = false;
	d->must_leave = false;
	statements_forget(&d->statements);
}

static struct dur next_wait(struct db *d)
{
	bool is_quick = !dur_more(mono_since(d->down_from, loop_mono(d->loop)), QUICK_FOR);
	uint64_t random = 0;

	arc4random_buf(&random, sizeof(random));
	return backoff_after(d->n_waits++, FIRST_WAIT, is_quick ? QUICK_WAIT : SLOW_WAIT, random);
}

static void wait_and_retry(struct db *d)
{
	d->host = 0;
	loop_arm(d->loop, &d->due, next_wait(d));
}

void db_tell_down(struct db *d, const struct err *why)
{
	struct err copy = *why;

	if (d->events.on_down != NULL) {
		d->events.on_down(d, &copy, d->owner);
	}
}

/* The connection that was up is gone: everybody is answered, then it is tried again. */
void db_lost(struct db *d, const struct err *why)
{
	struct ring flight, waiting;
	struct err reason = *why;

	if (dur_more(mono_since(d->up_from, loop_mono(d->loop)), GOOD_AFTER)) {
		d->n_waits = 0;
	}
	db_set_state(d, DB_DOWN);
	db_hang_up(d);
	d->down_from = loop_mono(d->loop);
	ring_move(&d->flight, &flight);
	ring_move(&d->waiting, &waiting);
	wait_and_retry(d);
	db_fail_all(d, &flight, ERR_UNSURE, "the connection was lost on the way");
	db_fail_all(d, &waiting, ERR_RETRY, "the connection was lost before it was sent");
	if (!d->is_dead) {
		db_tell_down(d, &reason);
	}
}

/* This attempt failed: the next host, or a wait when it was the last one. */
void db_attempt_failed(struct db *d, const struct err *why)
{
	struct err reason = *why;

	db_set_state(d, DB_DOWN);
	db_hang_up(d);
	d->host++;
	if (d->host < db_target_hosts(d->target)) {
		loop_arm(d->loop, &d->due, DUR_US(0));
		return;
	}
	wait_and_retry(d);
	db_tell_down(d, &reason);
}

static void is_ready(struct db *d)
{
	db_set_state(d, DB_UP);
	d->up_from = loop_mono(d->loop);
	loop_disarm(d->loop, &d->give_up);
	db_arm(d, EV_READ);
	if (d->channel != NULL) {
		loop_arm(d->loop, &d->more, DUR_US(0)); /* notifications may have come along */
	}
	db_push_soon(d);
	if (d->events.on_up != NULL) {
		d->events.on_up(d, d->owner);
	}
}

static void start_listening(struct db *d)
{
	char sql[80];

	(void)snprintf(sql, sizeof(sql), "LISTEN %s", d->channel);
	if (PQsendQuery(d->pg, sql) != 1) {
		struct err why = { .kind = ERR_NONE };

		db_explain_attempt(d->pg, &why);
		db_attempt_failed(d, &why);
		return;
	}
	d->state = DB_LISTENING; /* the attempt's deadline goes on */
	db_arm(d, PQflush(d->pg) > 0 ? EV_READ | EV_WRITE : EV_READ);
}

static void connected(struct db *d)
{
	if (PQsetnonblocking(d->pg, 1) != 0) {
		not_reached("libpq cannot be non-blocking");
	}
	if (d->channel != NULL) {
		start_listening(d);
		return;
	}
	if (PQenterPipelineMode(d->pg) != 1) {
		not_reached("a new connection is idle");
	}
	is_ready(d);
}

void db_go_on_connecting(struct db *d)
{
	struct err why = { .kind = ERR_NONE };

	switch (PQconnectPoll(d->pg)) {
	case PGRES_POLLING_READING: db_arm(d, EV_READ); return;
	case PGRES_POLLING_WRITING: db_arm(d, EV_WRITE); return;
	case PGRES_POLLING_OK: connected(d); return;
	case PGRES_POLLING_ACTIVE:
	case PGRES_POLLING_FAILED: break;
	}
	db_explain_attempt(d->pg, &why);
	db_attempt_failed(d, &why);
}

void db_go_on_listening(struct db *d)
{
	struct err why = { .kind = ERR_NONE };
	PGresult *r;

	if (PQconsumeInput(d->pg) != 1) {
		(void)err_set(&why, ERR_RETRY, "database: the connection was lost");
		db_attempt_failed(d, &why);
		return;
	}
	while (PQisBusy(d->pg) == 0) {
		r = PQgetResult(d->pg);
		if (r == NULL) {
			is_ready(d);
			return;
		}
		if (PQresultStatus(r) != PGRES_COMMAND_OK) {
			PQclear(r);
			(void)err_set(&why, ERR_RETRY, "database: LISTEN was refused");
			db_attempt_failed(d, &why);
			return;
		}
		PQclear(r);
	}
	db_arm(d, PQflush(d->pg) > 0 ? EV_READ | EV_WRITE : EV_READ);
}

void db_attempt(struct db *d)
{
	struct err why = { .kind = ERR_NONE };

	db_set_state(d, DB_CONNECTING);
	d->pg = db_target_start(d->target, d->host);
	if (d->pg == NULL) {
		not_reached("out of memory in libpq");
	}
	db_quieten(d->pg, db_on_notice, d);
	if (PQstatus(d->pg) == CONNECTION_BAD) {
		db_explain_attempt(d->pg, &why);
		db_attempt_failed(d, &why);
		return;
	}
	loop_arm(d->loop, &d->due, ATTEMPT_LIMIT);
	db_arm(d, EV_WRITE); /* what PQconnectPoll() would have said before its first call */
}
