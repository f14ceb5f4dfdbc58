/* One connection in pipeline mode that comes back by itself: the state machine. See db.h.
 *
 * A unit goes through two lists: `waiting` (not handed to libpq) and `flight` (handed over, in
 * order). libpq tells results one after the other, and after the last one of a pipeline it tells
 * NULL for ever; so each unit remembers which of its results comes next (LIBS §3.5). */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/io/db_inside.h"

#define DB_MAGIC UINT32_C(0x64625f31)

#define MAX_FLIGHT      64  /* units handed to libpq; the rest waits with us */
#define MAX_RESULTS     128 /* looked at in one turn */
#define MAX_EMPTY       4   /* NULL results in a row where a sync is due */
#define ATTEMPT_LIMIT   DUR_S(10)
#define WAIT_WHILE_AWAY DUR_S(1)   /* units sent while there is no connection */
#define STALL_SPARE     DUR_S(30)  /* beyond statement_timeout, without any result */
#define FIRST_WAIT_MS   100        /* of reconnecting; doubled each time … */
#define QUICK_WAIT_MS   1500       /* … up to this in the first minutes … */
#define QUICK_FOR       DUR_S(300) /* … which are these, … */
#define SLOW_WAIT_MS    30000      /* … then up to this */
#define GOOD_AFTER      DUR_S(5)   /* a connection that held so long starts the waits anew */

enum db_state { DB_DOWN, DB_CONNECTING, DB_LISTENING, DB_UP };

/* A statement of the house, known by its name. */
struct statement {
	char *name, *sql;
	enum { NOT_PREPARED, BEING_PREPARED, PREPARED } how;
};

enum unit_step { STEP_PREPARE, STEP_RUN, STEP_SYNC };

struct unit {
	struct unit *next;
	struct statement *statement;
	struct db_params *params; /* NULL once handed over */
	db_done *done;
	void *owner;
	enum unit_step step;
	struct db_result result; /* its error, as soon as there is one */
	bool has_failed, is_unsure;
	PGresult *rows;
	int n_empty;
};

struct unit_list {
	struct unit *first, *last;
	int n;
};

struct db {
	uint32_t magic;
	bool is_dead;
	struct loop *loop;
	struct db_events events;
	void *owner;
	struct db_target *target; /* NULL: conninfo cannot be read, target_err says why */
	struct err target_err;
	char *channel;
	int max_queued;

	enum db_state state;
	PGconn *pg;
	int host;              /* number of the host that is tried or connected */
	int n_waits;           /* reconnection waits since it was last good */
	struct mono down_from; /* since when it is away */
	struct mono up_from;
	struct err why;  /* of the last failed attempt */
	bool is_ended;   /* nothing more will arrive; what has arrived is still true */
	bool is_broken;  /* what arrives makes no sense any more */
	bool must_leave; /* this server is not the one (read-only): after the unit's answer */

	ev_io io;
	ev_timer due;     /* end of an attempt, of a wait, or of patience with a silent server */
	ev_timer more;    /* there are results left to look at */
	ev_timer give_up; /* units that wait for a connection */
	ev_timer push;    /* never armed: fed, runs when this turn's other work is done */

	struct unit_list waiting, flight;
	struct statement **statements;
	size_t n_statements, room_statements;
};

static void lost(struct db *d, const struct err *why);

/* ---- units ---- */

static void list_add(struct unit_list *l, struct unit *u)
{
	u->next = NULL;
	if (l->last != NULL) {
		l->last->next = u;
	} else {
		l->first = u;
	}
	l->last = u;
	l->n++;
}

static struct unit *list_take(struct unit_list *l)
{
	struct unit *u = l->first;

	if (u != NULL) {
		l->first = u->next;
		if (l->first == NULL) {
			l->last = NULL;
		}
		l->n--;
	}
	return u;
}

static void unit_destroy(struct unit *u)
{
	db_params_destroy(&u->params);
	PQclear(u->rows);
	free(u);
}

/* The one place that calls back for a unit. The unit is in no list any more; the db may be
 * destroyed by the callback. */
static void unit_answer(struct unit *u)
{
	if (!u->has_failed && u->is_unsure) {
		/* A commit that comes with a warning is not known to be one (RELIABILITY I7). */
		u->has_failed = true;
		(void)err_set(&u->result.err, ERR_UNSURE, "%s: the server warned at the commit",
			      u->statement->name);
	}
	u->result.is_ok = !u->has_failed;
	if (u->result.is_ok) {
		u->result.pg = u->rows;
		u->result.n_rows = PQntuples(u->rows);
	}
	if (u->done != NULL) {
		u->done(&u->result, u->owner);
	}
	unit_destroy(u);
}

static void unit_fail(struct unit *u, enum err_kind kind, const char *why)
{
	u->has_failed = true;
	(void)err_set(&u->result.err, kind, "%s: %s", u->statement->name, why);
	unit_answer(u);
}

static struct statement *statement_of(struct db *d, const char *name, const char *sql)
{
	struct statement *s;

	for (size_t i = 0; i < d->n_statements; i++) {
		s = d->statements[i];
		if (strcmp(s->name, name) == 0) {
			assert(strcmp(s->sql, sql) == 0);
			return s;
		}
	}
	if (d->n_statements == d->room_statements) {
		d->room_statements = d->room_statements == 0 ? 32 : d->room_statements * 2;
		d->statements =
			xrealloc(d->statements, d->room_statements * sizeof(struct statement *));
	}
	s = xcalloc(1, sizeof(*s));
	s->name = xstrdup(name);
	s->sql = xstrdup(sql);
	d->statements[d->n_statements++] = s;
	return s;
}

/* ---- watchers ---- */

/* Stop, set, start: the socket of a connection changes between polls and keeps its number. */
static void arm(struct db *d, int events)
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

static void push_soon(struct db *d)
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

static bool hand_over(struct db *d, struct unit *u)
{
	struct statement *s = u->statement;
	struct db_param_view v = db_params_view(u->params);
	bool is_first = s->how == NOT_PREPARED;

	if (is_first && PQsendPrepare(d->pg, s->name, s->sql, 0, NULL) != 1) {
		return false;
	}
	u->step = is_first ? STEP_PREPARE : STEP_RUN;
	if (is_first) {
		s->how = BEING_PREPARED;
	}
	if (PQsendQueryPrepared(d->pg, s->name, v.n, v.values, v.lengths, v.formats,
				/* resultFormat= */ 0) != 1 ||
	    PQpipelineSync(d->pg) != 1) {
		return false;
	}
	db_params_destroy(&u->params);
	return true;
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
		struct unit *u = list_take(&d->waiting);

		list_add(&d->flight, u);
		if (!hand_over(d, u)) {
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
		d->is_ended = true;
		push_soon(d);
		return;
	}
	/* Always reading too: while the server cannot write its answers it reads nothing. */
	arm(d, left > 0 ? EV_READ | EV_WRITE : EV_READ);
	if (!had_flight) {
		watch_for_stall(d);
	}
}

/* ---- results ---- */

static void on_notice(void *owner, const PGresult *notice)
{
	struct db *d = owner;
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

	assert(d->magic == DB_MAGIC);
	if (severity != NULL && strcmp(severity, "WARNING") == 0 && d->flight.first != NULL) {
		d->flight.first->is_unsure = true;
	}
}

/* The first error of a unit is its reason; what follows is only its echo. */
static void unit_note_error(struct db *d, struct unit *u, const PGresult *r)
{
	struct statement *s = u->statement;

	if (u->step == STEP_PREPARE) {
		s->how = NOT_PREPARED;
	}
	u->has_failed = true;
	db_explain_error(r, s->name, &u->result);
	if (strcmp(u->result.sqlstate, "26000") == 0) {
		s->how = NOT_PREPARED;
	}
	if ((u->step == STEP_SYNC || u->rows != NULL) && db_is_fatal(r)) {
		/* It had run; whether it was committed we cannot know. */
		u->result.err.kind = ERR_UNSURE;
	}
	if (strcmp(u->result.sqlstate, "25006") == 0) {
		d->must_leave = true;
	}
}

/* Takes one result of the oldest unit. Returns the unit when it is complete. */
static struct unit *step(struct db *d, PGresult *r)
{
	struct unit *u = d->flight.first;

	if (r == NULL) {
		if (u->step == STEP_SYNC) {
			/* Behind an error at the commit; but a dead connection says it for ever. */
			if (has_died(d) || ++u->n_empty > MAX_EMPTY) {
				d->is_broken = true;
			}
			return NULL;
		}
		u->step = u->step == STEP_PREPARE ? STEP_RUN : STEP_SYNC;
		return NULL;
	}
	switch (PQresultStatus(r)) {
	case PGRES_PIPELINE_SYNC:
		PQclear(r);
		if (u->step != STEP_SYNC && !u->has_failed) {
			d->is_broken = true;
			return NULL;
		}
		return list_take(&d->flight);
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		if (u->step == STEP_PREPARE) {
			u->statement->how = PREPARED;
			PQclear(r);
			return NULL;
		}
		if (u->has_failed) {
			PQclear(r);
			return NULL;
		}
		PQclear(u->rows);
		u->rows = r;
		return NULL;
	case PGRES_PIPELINE_ABORTED: PQclear(r); return NULL;
	case PGRES_FATAL_ERROR:
	case PGRES_BAD_RESPONSE:
		if (PQresultErrorField(r, PG_DIAG_SQLSTATE) == NULL) {
			d->is_broken = true;
			PQclear(r);
			return NULL;
		}
		if (!u->has_failed) {
			/* It stays until the answer is given: `said` lives in it. */
			unit_note_error(d, u, r);
			PQclear(u->rows);
			u->rows = r;
			return NULL;
		}
		PQclear(r);
		return NULL;
	case PGRES_EMPTY_QUERY:
	case PGRES_NONFATAL_ERROR: PQclear(r); return NULL;
	case PGRES_COPY_OUT:
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
	case PGRES_SINGLE_TUPLE: break;
	}
	/* Nothing of ours asks for these: the other end does not speak as a server should. */
	PQclear(r);
	d->is_broken = true;
	return NULL;
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
		u = step(d, PQgetResult(d->pg));
		if (u == NULL) {
			continue;
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
	lost(d, &why);
}

/* All that can be done in the UP state when something happened. */
static void work(struct db *d)
{
	if (d->state != DB_UP) {
		return;
	}
	if (!d->is_ended && PQconsumeInput(d->pg) != 1) {
		d->is_ended = true;
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
		d->is_ended = true;
	}
	/* With results left to look at, the loss is told when they were. */
	if ((has_died(d) || PQsocket(d->pg) < 0) && !ev_is_active(&d->more)) {
		lost_by_server(d);
		return;
	}
	flush(d);
}

/* ---- connecting ---- */

static void set_state(struct db *d, enum db_state state)
{
	d->state = state;
	ev_io_stop(loop_ev(d->loop), &d->io);
	loop_disarm(d->loop, &d->due);
	loop_disarm(d->loop, &d->more);
}

static void hang_up(struct db *d)
{
	ev_io_stop(loop_ev(d->loop), &d->io);
	if (d->pg != NULL) {
		PQfinish(d->pg);
		d->pg = NULL;
	}
	d->is_ended = false;
	d->is_broken = false;
	d->must_leave = false;
	for (size_t i = 0; i < d->n_statements; i++) {
		d->statements[i]->how = NOT_PREPARED;
	}
}

/* Full jitter: anything between nothing and the bound, so that not everybody comes at once. */
static struct dur next_wait(struct db *d)
{
	bool is_quick = !dur_more(mono_since(d->down_from, loop_mono(d->loop)), QUICK_FOR);
	int64_t bound = is_quick ? QUICK_WAIT_MS : SLOW_WAIT_MS;
	int64_t grown = d->n_waits < 16 ? (int64_t)FIRST_WAIT_MS << d->n_waits : bound;

	d->n_waits++;
	return DUR_MS(arc4random_uniform((uint32_t)(grown < bound ? grown : bound)) + 1);
}

static void wait_and_retry(struct db *d)
{
	d->host = 0;
	loop_arm(d->loop, &d->due, next_wait(d));
}

static void tell_down(struct db *d, const struct err *why)
{
	struct err copy = *why;

	if (d->events.on_down != NULL) {
		d->events.on_down(d, &copy, d->owner);
	}
}

/* The connection that was up is gone: everybody is answered, then it is tried again. */
static void lost(struct db *d, const struct err *why)
{
	struct unit_list flight = d->flight, waiting = d->waiting;
	struct err reason = *why;
	struct unit *u;

	if (dur_more(mono_since(d->up_from, loop_mono(d->loop)), GOOD_AFTER)) {
		d->n_waits = 0;
	}
	set_state(d, DB_DOWN);
	hang_up(d);
	d->down_from = loop_mono(d->loop);
	d->flight = (struct unit_list){ NULL, NULL, 0 };
	d->waiting = (struct unit_list){ NULL, NULL, 0 };
	wait_and_retry(d);
	while ((u = list_take(&flight)) != NULL) {
		if (d->is_dead) {
			unit_destroy(u);
		} else if (u->has_failed) {
			unit_answer(u); /* its error came before the end */
		} else {
			unit_fail(u, ERR_UNSURE, "the connection was lost on the way");
		}
	}
	while ((u = list_take(&waiting)) != NULL) {
		if (d->is_dead) {
			unit_destroy(u);
		} else {
			unit_fail(u, ERR_RETRY, "the connection was lost before it was sent");
		}
	}
	if (!d->is_dead) {
		tell_down(d, &reason);
	}
}

/* This attempt failed: the next host, or a wait when it was the last one. */
static void attempt_failed(struct db *d, const struct err *why)
{
	struct err reason = *why;

	set_state(d, DB_DOWN);
	hang_up(d);
	d->host++;
	if (d->host < db_target_hosts(d->target)) {
		loop_arm(d->loop, &d->due, DUR_US(0));
		return;
	}
	wait_and_retry(d);
	tell_down(d, &reason);
}

static void is_ready(struct db *d)
{
	set_state(d, DB_UP);
	d->up_from = loop_mono(d->loop);
	loop_disarm(d->loop, &d->give_up);
	arm(d, EV_READ);
	if (d->channel != NULL) {
		loop_arm(d->loop, &d->more, DUR_US(0)); /* notifications may have come along */
	}
	push_soon(d);
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
		attempt_failed(d, &why);
		return;
	}
	d->state = DB_LISTENING; /* the attempt's deadline goes on */
	arm(d, PQflush(d->pg) > 0 ? EV_READ | EV_WRITE : EV_READ);
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

static void go_on_connecting(struct db *d)
{
	struct err why = { .kind = ERR_NONE };

	switch (PQconnectPoll(d->pg)) {
	case PGRES_POLLING_READING: arm(d, EV_READ); return;
	case PGRES_POLLING_WRITING: arm(d, EV_WRITE); return;
	case PGRES_POLLING_OK: connected(d); return;
	case PGRES_POLLING_ACTIVE:
	case PGRES_POLLING_FAILED: break;
	}
	db_explain_attempt(d->pg, &why);
	attempt_failed(d, &why);
}

static void go_on_listening(struct db *d)
{
	struct err why = { .kind = ERR_NONE };
	PGresult *r;

	if (PQconsumeInput(d->pg) != 1) {
		(void)err_set(&why, ERR_RETRY, "database: the connection was lost");
		attempt_failed(d, &why);
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
			attempt_failed(d, &why);
			return;
		}
		PQclear(r);
	}
	arm(d, PQflush(d->pg) > 0 ? EV_READ | EV_WRITE : EV_READ);
}

static void attempt(struct db *d)
{
	struct err why = { .kind = ERR_NONE };

	set_state(d, DB_CONNECTING);
	d->pg = db_target_start(d->target, d->host);
	if (d->pg == NULL) {
		not_reached("out of memory in libpq");
	}
	db_quieten(d->pg, on_notice, d);
	if (PQstatus(d->pg) == CONNECTION_BAD) {
		db_explain_attempt(d->pg, &why);
		attempt_failed(d, &why);
		return;
	}
	loop_arm(d->loop, &d->due, ATTEMPT_LIMIT);
	arm(d, EV_WRITE); /* what PQconnectPoll() would have said before its first call */
}

/* ---- handlers: find self, one step ---- */

static void on_io(struct ev_loop *ev, ev_io *w, int revents)
{
	struct db *d = container_of(w, struct db, io);

	(void)ev;
	(void)revents;
	assert(d->magic == DB_MAGIC);
	switch (d->state) {
	case DB_CONNECTING: go_on_connecting(d); return;
	case DB_LISTENING: go_on_listening(d); return;
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
			tell_down(d, &d->target_err);
			return;
		}
		attempt(d);
		return;
	case DB_CONNECTING:
	case DB_LISTENING:
		(void)err_set(&why, ERR_RETRY, "database: no answer within %.0f s",
			      dur_seconds(ATTEMPT_LIMIT));
		attempt_failed(d, &why);
		return;
	case DB_UP:
		(void)err_set(&why, ERR_RETRY, "database: it went silent in the middle of work");
		lost(d, &why);
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
	struct unit_list waiting = d->waiting;
	struct unit *u;

	(void)ev;
	(void)revents;
	assert(d->magic == DB_MAGIC);
	d->waiting = (struct unit_list){ NULL, NULL, 0 };
	while ((u = list_take(&waiting)) != NULL) {
		if (d->is_dead) {
			unit_destroy(u);
		} else {
			unit_fail(u, ERR_RETRY, "the database is away");
		}
	}
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
static void forget(struct unit_list *l)
{
	struct unit *u;

	while ((u = list_take(l)) != NULL) {
		unit_destroy(u);
	}
}

static void bury(void *what)
{
	struct db *d = what;

	for (size_t i = 0; i < d->n_statements; i++) {
		free(d->statements[i]->name);
		free(d->statements[i]->sql);
		free(d->statements[i]);
	}
	free(d->statements);
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
	set_state(gone, DB_DOWN);
	loop_disarm(gone->loop, &gone->give_up);
	(void)ev_clear_pending(loop_ev(gone->loop), &gone->push);
	hang_up(gone);
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
	struct unit *u;

	assert(d->magic == DB_MAGIC && !d->is_dead && d->channel == NULL);
	if (!db_has_room(d)) {
		return false;
	}
	u = xcalloc(1, sizeof(*u));
	u->statement = statement_of(d, name, sql);
	u->params = *p != NULL ? *p : db_params_create();
	*p = NULL;
	u->done = done;
	u->owner = owner;
	list_add(&d->waiting, u);
	if (d->state == DB_UP) {
		push_soon(d);
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
		d->is_ended = true;
	}
	/* libpq has taken the bytes, so the socket will not wake us for them. */
	loop_arm(d->loop, &d->more, DUR_US(0));
}
