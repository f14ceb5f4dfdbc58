/* db_inside.h: what the files of db share; nobody else includes it.
 *
 * Owner:   see each function. Clock: none. Blocks: db_target_open() only. Calls back: never.
 * Fails:   err filled; text of libpq is never passed on (it quotes values and passwords). */
#ifndef ANSWERD_IO_DB_INSIDE_H
#define ANSWERD_IO_DB_INSIDE_H

#include <libpq-fe.h>

#include "daemon/io/db.h"

/* Where to connect to and how: the conninfo taken apart, one entry a host. */
struct db_target;

/* NULL and ERR_CONFIG when conninfo cannot be read. `is_patient`: no statement_timeout. */
struct db_target *db_target_create(const struct db_options *o, bool is_patient, struct err *err);
void db_target_destroy(struct db_target **t);
int db_target_hosts(const struct db_target *t);
/* Begins one attempt at host number i; NULL when memory or conninfo do not allow it. */
PGconn *db_target_start(const struct db_target *t, int i);
/* The same, waiting for it (one-shot programs). */
PGconn *db_target_open(const struct db_target *t, int i);
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

/* Parameters as PQsendQueryPrepared() wants them; borrowed until p changes. */
struct db_param_view {
	int n;
	const char *const *values;
	const int *lengths, *formats;
};
struct db_param_view db_params_view(struct db_params *p);

#endif
