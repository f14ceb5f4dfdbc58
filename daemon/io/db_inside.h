/* db_inside.h: what the files of db share; nobody else includes it.
 *
 * Owner:   see each function.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   err filled; text of libpq is never passed on (it quotes values and passwords). */
#ifndef ANSWERD_IO_DB_INSIDE_H
#define ANSWERD_IO_DB_INSIDE_H

#include <libpq-fe.h>

#include "daemon/base/list.h"
#include "daemon/io/db.h"

/* Where to connect to and how: the conninfo taken apart, one entry a host. */
struct db_target;

/* NULL and ERR_CONFIG when conninfo cannot be read. `is_patient`: no statement_timeout. */
struct db_target *db_target_create(const struct db_options *o, bool is_patient, struct err *err);
void db_target_destroy(struct db_target **t);
int db_target_hosts(const struct db_target *t);
/* Begins one attempt at host number i; NULL when memory or conninfo do not allow it. */
PGconn *db_target_start(const struct db_target *t, int i);
/* The statement_timeout that a session will have, 0: none. */
struct dur db_target_statement_timeout(const struct db_target *t);

/* Fills err with why an attempt failed; the connection must speak SQLSTATEs (db_quieten()). */
void db_explain_attempt(const PGconn *pg, struct err *err);
/* No notice to stderr, SQLSTATEs instead of sentences in connection errors. */
void db_quieten(PGconn *pg, PQnoticeReceiver receiver, void *owner);

/* Fills a result from an error: kind by SQLSTATE, a short sentence, AN texts in `said`. */
void db_explain_error(const PGresult *pg, const char *name, struct db_result *ret);
enum err_kind db_kind_of(const char *sqlstate);
bool db_is_fatal(const PGresult *pg); /* the server ends the session with it */

/* ---- units of work (db_unit.c) ---- */

/* A statement of the house, known by its name; lives as long as its db. */
struct statement {
	struct list in;
	char *name, *sql;
	enum { NOT_PREPARED, BEING_PREPARED, PREPARED } how;
};

enum unit_step { STEP_PREPARE, STEP_RUN, STEP_SYNC };

struct unit {
	struct list in;
	struct statement *statement;
	struct db_params *params; /* NULL once handed over */
	db_done *done;
	void *owner;
	enum unit_step step;     /* which result comes next */
	struct db_result result; /* its error, as soon as there is one */
	bool has_failed, is_unsure;
	PGresult *last; /* its rows or its first error */
	int n_empty;
};

/* Units in order. */
struct ring {
	struct list head;
	int n;
};

enum unit_news { UNIT_GOES_ON, UNIT_IS_COMPLETE, UNIT_IS_BROKEN };

struct unit *unit_create(struct statement *s, struct db_params **p, db_done *done, void *owner);
void unit_destroy(struct unit *u);
/* To libpq, with its sync; false when the connection takes nothing any more. */
bool unit_hand_over(struct unit *u, PGconn *pg);
/* One result of PQgetResult() (taken over) for the oldest unit in flight. Broken: what the server
 * says does not fit, hang up. */
enum unit_news unit_take_result(struct unit *u, PGresult *r);
/* These call back once and free the unit; it is in no list any more. */
void unit_answer(struct unit *u);
void unit_fail(struct unit *u, enum err_kind kind, const char *why);

/* Finds or remembers a statement in the ring `all`. */
struct statement *statement_of(struct list *all, const char *name, const char *sql);
void statements_forget(struct list *all); /* a new connection has prepared nothing */
void statements_done(struct list *all);

void ring_add(struct ring *r, struct unit *u);
struct unit *ring_first(const struct ring *r); /* NULL: empty */
struct unit *ring_take(struct ring *r);
/* Empties a ring into another one, so that callbacks may fill the first again. */
void ring_move(struct ring *from, struct ring *to);

/* Parameters as PQsendQueryPrepared() wants them; borrowed until p changes. */
struct db_param_view {
	int n;
	const char *const *values;
	const int *lengths, *formats;
};
struct db_param_view db_params_view(struct db_params *p);

/* ---- the machine (db.c) and its link to a server (db_link.c) ---- */

#define DB_MAGIC UINT32_C(0x64625f31)

enum db_state { DB_DOWN, DB_CONNECTING, DB_LISTENING, DB_UP };

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
	unsigned n_waits;      /* reconnection waits since it was last good */
	struct mono down_from; /* since when it is away */
	struct mono up_from;
	bool is_ended;   /* nothing more will arrive; what has arrived is still true */
	bool is_broken;  /* what arrives makes no sense any more */
	bool must_leave; /* this server is not the one (read-only): after the unit's answer */

	ev_io io;
	ev_timer due;     /* end of an attempt, of a wait, or of patience with a silent server */
	ev_timer more;    /* there are results left to look at */
	ev_timer give_up; /* units that wait for a connection */
	ev_timer push;    /* never armed: fed, runs when this turn's other work is done */

	struct ring waiting, flight;
	struct list statements;
};

void db_push_soon(struct db *d); /* hand over and flush when this turn's other work is done */
void db_on_notice(void *owner, const PGresult *notice);
/* The one place where the socket is watched; events 0: not at all. */
void db_arm(struct db *d, int events);
void db_set_state(struct db *d, enum db_state state);
void db_hang_up(struct db *d);
void db_attempt(struct db *d);
void db_attempt_failed(struct db *d, const struct err *why);
void db_go_on_connecting(struct db *d);
void db_go_on_listening(struct db *d);
/* The connection that was up is gone: everybody is answered, then it is tried again. */
void db_lost(struct db *d, const struct err *why);
void db_tell_down(struct db *d, const struct err *why);
void db_fail_all(const struct db *d, struct ring *r, enum err_kind kind, const char *why);

#endif
