/* The blocking way to the database, for programs that do one thing and end: migrate, the checks at
 * a start. Once a loop runs, nobody calls this. */
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "answerd/log.h"
#include "answerd/num.h"
#include "daemon/io/db_inside.h"

#define ATTEMPT_SECONDS 10

struct db_sync {
	PGconn *pg;
	PGresult *last;
};

static time_t seconds(void)
{
	struct timespec now = { 0 };

	/* Cannot fail; and if it did, the server's own patience would end the attempt. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* One attempt of at most ten seconds. libpq's own blocking connect tells its errors in sentences
 * that quote the server; this way they are SQLSTATEs. */
static PGconn *open_one(const struct db_target *t, int i)
{
	PGconn *pg = db_target_start(t, i);
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	time_t until = seconds() + ATTEMPT_SECONDS;

	if (pg == NULL) {
		not_reached("out of memory in libpq");
	}
	db_quieten(pg, NULL, NULL);
	while (PQstatus(pg) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
	       next != PGRES_POLLING_FAILED && seconds() <= until) {
		struct pollfd p = { .fd = PQsocket(pg) };

		p.events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		/* Whatever poll() says, libpq looks for itself; a signal only makes it look early.
		 */
		if (p.fd >= 0 && poll(&p, 1, /* timeout= */ 1000) <= 0) {
			continue;
		}
		next = PQconnectPoll(pg);
	}
	return pg;
}

struct db_sync *db_sync_open(const char *conninfo, const char *role, const char *purpose,
			     struct err *err)
{
	struct db_options o = { .conninfo = conninfo, .role = role, .purpose = purpose };
	struct db_target *t = db_target_create(&o, /* is_patient= */ true, err);
	struct db_sync *s = NULL;

	if (t == NULL) {
		return NULL;
	}
	for (int i = 0; i < db_target_hosts(t) && s == NULL; i++) {
		PGconn *pg = open_one(t, i);

		if (PQstatus(pg) == CONNECTION_OK) {
			s = xcalloc(1, sizeof(*s));
			s->pg = pg;
			(void)PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
		} else {
			db_explain_attempt(pg, err);
			PQfinish(pg);
		}
	}
	db_target_destroy(&t);
	return s;
}

void db_sync_close(struct db_sync **s)
{
	if (*s == NULL) {
		return;
	}
	PQclear((*s)->last);
	PQfinish((*s)->pg);
	free(*s);
	*s = NULL;
}

/* The line of a script in which the server found the fault; 0: it does not say. */
static int64_t line_of(const char *sql, const PGresult *r)
{
	int64_t position = 0, line = 1;

	if (!num_parse_range(text_of(PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION)), 1,
			     INT32_MAX, &position)) {
		return 0;
	}
	/* The server counts characters, we count bytes: near enough to find the line, and exact in
	 * scripts of plain ASCII, as ours are. */
	for (int64_t i = 0; i < position - 1 && sql[i] != '\0'; i++) {
		line += sql[i] == '\n';
	}
	return line;
}

/* A script is ours and holds no values of customers: here the server's own sentence is shown. */
bool db_sync_script(struct db_sync *s, const char *sql, struct err *err)
{
	struct db_result why = { .is_ok = false };
	const char *sentence;

	PQclear(s->last);
	s->last = PQexec(s->pg, sql);
	switch (PQresultStatus(s->last)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY: return true;
	case PGRES_COPY_OUT:
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
	case PGRES_BAD_RESPONSE:
	case PGRES_NONFATAL_ERROR:
	case PGRES_FATAL_ERROR:
	case PGRES_SINGLE_TUPLE:
	case PGRES_PIPELINE_SYNC:
	case PGRES_PIPELINE_ABORTED: break;
	}
	db_explain_error(s->last, "script", &why);
	sentence = PQresultErrorField(s->last, PG_DIAG_MESSAGE_PRIMARY);
	if (sentence == NULL) {
		*err = why.err;
		return false;
	}
	return err_set(err, why.err.kind, "%s in line %lld: %s", why.sqlstate,
		       (long long)line_of(sql, s->last), sentence);
}

bool db_sync_query(struct db_sync *s, const char *sql, const char *const *params, int n_params,
		   struct db_result *ret, struct err *err)
{
	struct db_result r = { .is_ok = false };

	PQclear(s->last);
	s->last = PQexecParams(s->pg, sql, n_params, NULL, params, NULL, NULL,
			       /* resultFormat= */ 0);
	if (PQresultStatus(s->last) != PGRES_TUPLES_OK &&
	    PQresultStatus(s->last) != PGRES_COMMAND_OK) {
		db_explain_error(s->last, "query", &r);
		if (err != NULL) {
			*err = r.err;
		}
		if (ret != NULL) {
			*ret = r; /* sqlstate and said are of use to the caller too */
		}
		return false;
	}
	r.is_ok = true;
	r.n_rows = PQntuples(s->last);
	r.pg = s->last;
	if (ret != NULL) {
		*ret = r;
	}
	return true;
}
