/* One connection in pipeline mode that comes back by itself: the state machine. See db.h.
 *
 * A unit goes through two rings: `waiting` (not handed to libpq) and `flight` (handed over, in
 * order). db_unit.c knows what happens to one of them. */
#include <assert.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/io/db_inside.h"

#define MAX_FLIGHT      64        /* units handed to libpq; the rest waits with us */
#define MAX_RESULTS     128       /* looked at in one turn */
#define WAIT_WHILE_AWAY DUR_S(1)  /* units sent while there is no connection */
#define STALL_SPARE     DUR_S(30) /* beyond statement_timeout, without any result */

/* ---- watchers ---- */

void db_push_soon(struct db *d)
{
	ev_feed_event(loop_ev(d->loop), &d->push, EV_CUSTOM);
}

static void watch_for_stall(struct db *d)
{
	struct dur patience = db_target_statement_timeout(d->target);

	if (d->flight.n == 0 || patience.us == 0) {
		loop_disarm(d->loop, &d->due);
		return;
	}
	loop_arm(d->loop, &d->due, dur_add(patience, STALL_SPARE));
}

/* ---- sending ---- */

/* libpq may have closed the socket: nobody must watch its number any more. */
static void end(struct db *d)
{
	d->is_ended = true;
	ev_io_stop(loop_ev(d->loop), &d->io);
}

static bool has_died(const struct db *d)
{
	return d->is_ended || d->is_broken || PQstatus(d->pg) == CONNECTION_BAD;
}

/* Hands waiting units to libpq while it can write. Never calls back: a fault is only noted. */
static void flush(struct db *d)
{
	int left = 0;
	bool had_flight = d->flight.n > 0;

	if (d->state != DB_UP || d->is_ended || d->is_broken) {
		return;
	}
	left = PQflush(d->pg);
	while (left == 0 && d->waiting.n > 0 && d->flight.n < MAX_FLIGHT && !d->must_leave) {
		struct unit *u = ring_take(&d->waiting);

		ring_add(&d->flight, u);
		if (!unit_hand_over(u, d->pg)) {
			left = -1;
			break;
		}
		if (d->waiting.n == 0 || d->flight.n % 8 == 0) {
			left = PQflush(d->pg);
		}
	}
	if (left == 0) {
		left = PQflush(d->pg);
	}
	if (left < 0) {
		end(d);
		db_push_soon(d);
		return;
	}
	/* Always reading too: while the server cannot write its answers it reads nothing. */
	db_arm(d, left > 0 ? EV_READ | EV_WRITE : EV_READ);
	if (!had_flight) {
		watch_for_stall(d);
	}
}

/* ---- results ---- */

void db_on_notice(void *owner, const PGresult *notice)
{
	struct db *d = owner;
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

	assert(d->magic == DB_MAGIC);
	if (severity != NULL && strcmp(severity, "WARNING") == 0 && d->flight.n > 0) {
		ring_first(&d->flight)->is_unsure = true;
	}
}

static void tell_notifications(struct db *d)
{
	PGnotify *n;

	while (!d->is_dead && d->state == DB_UP && (n = PQnotifies(d->pg)) != NULL) {
		if (d->events.on_notify != NULL) {
			d->events.on_notify(d, text_of(n->extra), d->owner);
		}
		PQfreemem(n);
	}
}

/* Answers what has arrived. The db may be dead or down afterwards. */
static void digest(struct db *d)
{
	int n_seen = 0;

	while (d->flight.n > 0 && !d->is_broken && PQisBusy(d->pg) == 0) {
		struct unit *u;

		if (++n_seen > MAX_RESULTS) {
			loop_arm(d->loop, &d->more, DUR_US(0));
			return;
		}
		u = ring_first(&d->flight);
		switch (unit_take_result(u, PQgetResult(d->pg))) {
		case UNIT_GOES_ON: continue;
		case UNIT_IS_BROKEN: d->is_broken = true; return;
		case UNIT_IS_COMPLETE: break;
		}
		(void)ring_take(&d->flight);
		if (strcmp(u->result.sqlstate, "25006") == 0) {
			d->must_leave = true; /* it is the primary no more */
		}
		d->n_waits = 0;
		watch_for_stall(d);
		unit_answer(u);
		if (d->is_dead || d->state != DB_UP) {
			return;
		}
	}
}

static void lost_by_server(struct db *d)
{
	struct err why = { .kind = ERR_NONE };

	(void)err_set(&why, ERR_RETRY, "database: the connection was lost");
	db_lost(d, &why);
}

/* All that can be done in the UP state when something happened. */
static void work(struct db *d)
{
	if (d->state != DB_UP) {
		return;
	}
	if (!d->is_ended && PQconsumeInput(d->pg) != 1) {
		end(d);
	}
	/* What arrived before the loss is still true. */
	tell_notifications(d);
	if (d->is_dead || d->state != DB_UP) {
		return;
	}
	digest(d);
	if (d->is_dead || d->state != DB_UP) {
		return;
	}
	tell_notifications(d); /* reading results may have brought some */
	if (d->is_dead || d->state != DB_UP) {
		return;
	}
	if (d->must_leave && d->flight.n == 0) {
		end(d);
	}
	/* With results left to look at, the loss is told when they were. */
	if ((has_died(d) || PQsocket(d->pg) < 0) && !ev_is_active(&d->more)) {
		lost_by_server(d);
		return;
	}
	flush(d);
}

/* ---- handlers: find self, one step ---- */

static void on_io(struct ev_loop *ev, ev_io *w, int revents)
{
	struct db *d = container_of(w, struct db, io);

	(void)ev;
	(void)revents;
	assert(d->magic == DB_MAGIC);
	switch (d->state) {
	case DB_CONNECTING: db_go_on_connecting(d); return;
	case DB_LISTENING: db_go_on_listening(d); return;
	case DB_UP: work(d); return;
	case DB_DOWN: return;
	}
}

static void on_due(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct db *d = container_of(w, struct db, due);
	struct err why = { .kind = ERR_NONE };

	(void)ev;
	(void)revents;
	assert(d->magic == DB_MAGIC);
	switch (d->state) {
	case DB_DOWN:
		if (d->target == NULL) {
			db_tell_down(d, &d->target_err);
			return;
		}
		db_attempt(d);
		return;
	case DB_CONNECTING:
	case DB_LISTENING:
		(void)err_set(&why, ERR_RETRY, "database: no answer within ten seconds");
		db_attempt_failed(d, &why);
		return;
	case DB_UP:
		(void)err_set(&why, ERR_RETRY, "database: it went silent in the middle of work");
		db_lost(d, &why);
		return;
	}
}

static void on_more(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct db *d = container_of(w, struct db, more);

	(void)ev;
	(void)revents;
	assert(d->magic == DB_MAGIC);
	work(d);
}

static void on_push(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct db *d = container_of(w, struct db, push);

	(void)ev;
	(void)revents;
	assert(d->magic == DB_MAGIC);
	if (d->is_ended || d->is_broken) {
		work(d);
	} else {
		flush(d);
	}
}

static void on_give_up(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct db *d = container_of(w, struct db, give_up);
	struct ring waiting;

	(void)ev;
	(void)revents;
	assert(d->magic == DB_MAGIC);
	ring_move(&d->waiting, &waiting);
	db_fail_all(d, &waiting, ERR_RETRY, "the database is away");
}

/* ---- what callers see ---- */

struct db *db_create(struct loop *l, const struct db_options *o, const struct db_events *e,
		     void *owner)
{
	struct db *d = xcalloc(1, sizeof(*d));

	assert(o->max_queued > 0 || o->channel != NULL);
	assert(o->channel == NULL ||
	       (strlen(o->channel) < 64 &&
		strspn(o->channel, "abcdefghijklmnopqrstuvwxyz_") == strlen(o->channel)));
	d->magic = DB_MAGIC;
	list_init(&d->statements);
	list_init(&d->waiting.head);
	list_init(&d->flight.head);
	d->loop = l;
	d->events = *e;
	d->owner = owner;
	d->max_queued = o->max_queued;
	d->channel = o->channel != NULL ? xstrdup(o->channel) : NULL;
	d->target = db_target_create(o, /* is_patient= */ false, &d->target_err);
	ev_init(&d->io, on_io);
	ev_init(&d->due, on_due);
	ev_init(&d->more, on_more);
	ev_init(&d->give_up, on_give_up);
	ev_init(&d->push, on_push);
	ev_set_priority(&d->push, EV_MINPRI);
	return d;
}

void db_start(struct db *d)
{
	assert(d->state == DB_DOWN && !ev_is_active(&d->due));
	d->down_from = loop_mono(d->loop);
	loop_arm(d->loop, &d->due, DUR_US(0));
}

/* Frees one list after the other; a unit's callback is not called any more. */
static void forget(struct ring *l)
{
	struct unit *u;

	while ((u = ring_take(l)) != NULL) {
		unit_destroy(u);
	}
}

static void bury(void *what)
{
	struct db *d = what;

	statements_done(&d->statements);
	free(d->channel);
	db_target_destroy(&d->target);
	d->magic = 0;
	free(d);
}

void db_destroy(struct db **d)
{
	struct db *gone = *d;

	if (gone == NULL) {
		return;
	}
	assert(gone->magic == DB_MAGIC && !gone->is_dead);
	*d = NULL;
	gone->is_dead = true;
	db_set_state(gone, DB_DOWN);
	loop_disarm(gone->loop, &gone->give_up);
	(void)ev_clear_pending(loop_ev(gone->loop), &gone->push);
	db_hang_up(gone);
	forget(&gone->flight);
	forget(&gone->waiting);
	loop_bury(gone->loop, gone, bury);
}

bool db_is_up(const struct db *d)
{
	return d->state == DB_UP && !d->is_ended && !d->is_broken;
}

bool db_has_room(const struct db *d)
{
	return db_queued(d) < d->max_queued;
}

int db_queued(const struct db *d)
{
	return d->flight.n + d->waiting.n;
}

bool db_send(struct db *d, const char *name, const char *sql, struct db_params **p, db_done *done,
	     void *owner)
{
	assert(d->magic == DB_MAGIC && !d->is_dead && d->channel == NULL);
	if (!db_has_room(d)) {
		return false;
	}
	ring_add(&d->waiting, unit_create(statement_of(&d->statements, name, sql), p, done, owner));
	if (d->state == DB_UP) {
		db_push_soon(d);
	} else if (!ev_is_active(&d->give_up)) {
		loop_arm(d->loop, &d->give_up, WAIT_WHILE_AWAY);
	}
	return true;
}

void db_pump(struct db *d)
{
	assert(d->magic == DB_MAGIC && !d->is_dead);
	if (d->state != DB_UP || d->is_ended || d->is_broken) {
		return;
	}
	flush(d);
	if (!d->is_ended && PQconsumeInput(d->pg) != 1) {
		end(d);
	}
	/* libpq has taken the bytes, so the socket will not wake us for them. */
	loop_arm(d->loop, &d->more, DUR_US(0));
}
