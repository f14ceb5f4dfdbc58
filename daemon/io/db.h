/* db.h: one connection to PostgreSQL, in pipeline mode, that comes back by itself.
 *
 * A unit of work is one prepared statement with its own sync: it is committed or it is not there.
 * Units are answered in the order in which they were sent.
 *
 *   DOWN ──start──▶ CONNECTING ──ready──▶ UP ──lost──▶ DOWN (again after a full-jitter wait of at
 * most 30 s)
 *
 * Owner:   whoever created it. Parameters are copied (or moved) by db_send(); a result lives
 *          during its callback.
 * Clock:   deadlines are mono.
 * Blocks:  never (Unix socket, or hostaddr: a host name in conninfo blocks while it is looked
 *          up).
 * Calls back: done_* exactly once for each unit, never from inside db_send(), never after
 *          db_destroy().
 * Fails:   ERR_RETRY the unit was not sent or was rolled back (lost before, 08/40/53/57): do it
 *          again; ERR_UNSURE the connection was lost while it was on its way: all our writes are
 *          idempotent, do it again; ERR_DATA 22 and 23; ERR_CONFIG 42, 28: schema or rights do
 *          not fit; ERR_GONE 'AN404'; ERR_LIMITED never. Errors raised by our own SQL functions
 *          keep their SQLSTATE and message (class AN), see db_result. */
#ifndef ANSWERD_IO_DB_H
#define ANSWERD_IO_DB_H

#include "answerd/err.h"
#include "answerd/text.h"
#include "daemon/io/loop.h"

struct db;
struct db_params;

struct db_options {
	const char *conninfo; /* libpq's, as in the configuration; several hosts are tried one after
				 the other */
	const char *role;     /* SET ROLE to this when conninfo names a user; NULL: never */
	const char *purpose;  /* application_name: "answerd writer" */
	const char *settings; /* "-c statement_timeout=30000 …" added to our defaults; NULL: none */
	const char *channel; /* LISTEN on this; such a connection must not be sent anything; NULL:
				none */
	int max_queued;      /* units; db_has_room() says when it is full */
};

struct db_events {
	void (*on_up)(struct db *d, void *owner);
	/* It is gone (units in flight were answered first), and again after each vain round over
	 * the hosts: `why` says what a person should know. ERR_CONFIG: a person must act. */
	void (*on_down)(struct db *d, const struct err *why, void *owner);
	void (*on_notify)(struct db *d, struct text payload, void *owner);
};

/* A result: rows of text. Borrowed during the callback. */
struct db_result {
	bool is_ok;
	struct err err;   /* when not ok: message for the log, without values */
	char sqlstate[6]; /* when not ok and the server answered */
	struct text said; /* the server's message of class AN (our own functions wrote it for
			     people), else empty */
	struct text code; /* with `said`: its name, which never changes; may be empty */
	struct text with; /* with `code`: the sentence's values, a JSON array; may be empty */
	int n_rows;
	const void *pg;
};

typedef void db_done(const struct db_result *r, void *owner);

struct db *db_create(struct loop *l, const struct db_options *o, const struct db_events *e,
		     void *owner);
void db_start(struct db *d);
void db_destroy(struct db **d);
bool db_is_up(const struct db *d);
bool db_has_room(const struct db *d);
int db_queued(const struct db *d);

/* Writes and reads what can be written and read without waiting; callbacks come later, from the
 * loop. To be called after each page, or the database starves beside many HTTP sockets. */
void db_pump(struct db *d);

/* Parameters, in order. Arrays are sent in binary: text[], int8[], int4[], boolean[] and no other
 * type. All else is sent as text and takes the type that the statement gives it. */
struct db_params *db_params_create(void);
void db_params_destroy(struct db_params **p);
void db_add_text(struct db_params *p,
		 struct text t); /* any type, in text format; TEXT_NONE is '', not null */
void db_add_null(struct db_params *p);
void db_add_i64(struct db_params *p, int64_t n);              /* int8 */
void db_add_text_or_null(struct db_params *p, struct text t); /* null when empty */
void db_add_i64_or_null(struct db_params *p, int64_t n);      /* null when 0 */
void db_add_bool(struct db_params *p, bool b);
void db_add_wall(struct db_params *p, struct wall w); /* int8 microseconds; null when not set */
/* Arrays: begin, then n elements. Null elements for text: at == NULL. */
void db_add_text_array(struct db_params *p, const struct text *t, size_t n);
void db_add_i64_array(struct db_params *p, const int64_t *v, size_t n);
void db_add_i32_array(struct db_params *p, const int32_t *v, size_t n);
void db_add_bool_array(struct db_params *p, const bool *v, size_t n);

/* One statement: name (unique in the house, "queue_oldest") and text; prepared on first use of each
 * connection. Takes the parameters (*p becomes NULL; it may be NULL). `done` may be NULL. Refused
 * (false, *p stays) only when there is no room. While there is no connection a unit waits for at
 * most a second, then its answer is ERR_RETRY. A statement that raises a WARNING is answered
 * ERR_UNSURE: the server warns when a commit reached one node only (RELIABILITY I7). */
bool db_send(struct db *d, const char *name, const char *sql, struct db_params **p, db_done *done,
	     void *owner);

int db_columns(const struct db_result *r);
bool db_is_null(const struct db_result *r, int row, int col);
struct text db_text(const struct db_result *r, int row, int col); /* empty when null */
int64_t db_i64(const struct db_result *r, int row,
	       int col); /* 0 when null; our SQL returns int8 here */
bool db_bool(const struct db_result *r, int row, int col);

/* Blocking, for one-shot programs (migrate, checks at start): runs a script of many statements, or
 * one statement with text parameters. Never used once a loop runs. */
struct db_sync;
struct db_sync *db_sync_open(const char *conninfo, const char *role, const char *purpose,
			     struct err *err);
bool db_sync_script(struct db_sync *s, const char *sql, struct err *err);
bool db_sync_query(struct db_sync *s, const char *sql, const char *const *params, int n_params,
		   struct db_result *ret, struct err *err); /* result valid until the next call */
void db_sync_close(struct db_sync **s);
bool db_names_user(
	const char *conninfo); /* is there an explicit user= (also in a postgresql:// URL)? */

#endif
