/* Results and errors of the database: SQLSTATE is translated here, once, and libpq's sentences
 * stay here: they quote values. */
#include <assert.h>
#include <stdio.h>

#include "answerd/log.h"
#include "answerd/num.h"
#include "daemon/io/db_inside.h"

struct meaning {
	const char *prefix; /* of the SQLSTATE; longer ones come first */
	const char *about;
	enum err_kind kind;
	bool is_quotable; /* the server's sentence names only what our own SQL names */
};

static const struct meaning meanings[] = {
	{ "AN404", "what was asked for is not there", ERR_GONE, false },
	{ "AN5", "our own rules ask for another try", ERR_RETRY, false },
	{ "AN", "our own rules refuse it", ERR_DATA, false },
	{ "08007", "the end of the transaction is not known", ERR_UNSURE, false },
	{ "08", "the connection failed", ERR_RETRY, false },
	{ "0A", "the server cannot do this", ERR_CONFIG, true },
	{ "22", "a value does not fit", ERR_DATA, false },
	{ "23", "a constraint refuses it", ERR_DATA, false },
	{ "25", "the server cannot write now", ERR_RETRY, false },
	{ "26", "the statement is not prepared", ERR_RETRY, false },
	{ "28", "the database does not let us in", ERR_CONFIG, false },
	{ "3D", "there is no such database", ERR_CONFIG, false },
	{ "3F", "there is no such schema", ERR_CONFIG, true },
	{ "40003", "the end of the statement is not known", ERR_UNSURE, false },
	{ "40", "it lost against another transaction", ERR_RETRY, false },
	{ "42", "schema or rights do not fit", ERR_CONFIG, true },
	{ "53", "the server is short of something", ERR_RETRY, true },
	{ "54", "it is too much for the server", ERR_DATA, true },
	{ "55", "it is in use just now", ERR_RETRY, false },
	{ "57014", "it took too long and was cancelled", ERR_RETRY, false },
	{ "57P03", "the server is starting up or shutting down", ERR_RETRY, false },
	{ "57", "the server was told to stop", ERR_RETRY, false },
	{ "58", "the server's disk failed", ERR_RETRY, true },
	{ "F0", "the server's configuration is broken", ERR_CONFIG, false },
	{ "P0", "one of our functions gave up", ERR_DATA, false },
	{ "XX", "the server has an internal error", ERR_RETRY, false },
};

static const struct meaning *meaning_of(const char *sqlstate)
{
	static const struct meaning unknown = { "", "unexpected", ERR_RETRY, false };

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (strncmp(sqlstate, meanings[i].prefix, strlen(meanings[i].prefix)) == 0) {
			return &meanings[i];
		}
	}
	return &unknown;
}

enum err_kind db_kind_of(const char *sqlstate)
{
	return meaning_of(sqlstate)->kind;
}

bool db_is_fatal(const PGresult *pg)
{
	const char *severity = PQresultErrorField(pg, PG_DIAG_SEVERITY_NONLOCALIZED);

	return severity != NULL &&
	       (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

void db_explain_error(const PGresult *pg, const char *name, struct db_result *ret)
{
	const char *sqlstate = PQresultErrorField(pg, PG_DIAG_SQLSTATE);
	const char *constraint = PQresultErrorField(pg, PG_DIAG_CONSTRAINT_NAME);
	const char *sentence = PQresultErrorField(pg, PG_DIAG_MESSAGE_PRIMARY);
	const struct meaning *m;

	ret->is_ok = false;
	if (sqlstate == NULL) {
		(void)err_set(&ret->err, ERR_UNSURE, "%s: the connection was lost", name);
		return;
	}
	m = meaning_of(sqlstate);
	(void)snprintf(ret->sqlstate, sizeof(ret->sqlstate), "%s", sqlstate);
	if (constraint != NULL && constraint[0] != '\0') {
		(void)err_set(&ret->err, m->kind, "%s: %s %s (%s)", name, sqlstate, m->about,
			      constraint);
	} else if (m->is_quotable && sentence != NULL) {
		(void)err_set(&ret->err, m->kind, "%s: %s %s: %s", name, sqlstate, m->about,
			      sentence);
	} else {
		(void)err_set(&ret->err, m->kind, "%s: %s %s", name, sqlstate, m->about);
	}
	if (strncmp(sqlstate, "AN", 2) == 0) {
		ret->said = text_of(sentence);
		ret->code = text_of(PQresultErrorField(pg, PG_DIAG_MESSAGE_HINT));
		ret->with = text_of(PQresultErrorField(pg, PG_DIAG_MESSAGE_DETAIL));
	}
}

static bool is_sqlstate(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		bool is_digit = t.at[i] >= '0' && t.at[i] <= '9';

		if (!is_digit && (t.at[i] < 'A' || t.at[i] > 'Z')) {
			return false;
		}
	}
	return true;
}

/* With PQERRORS_SQLSTATE the server's words are only "FATAL:  28000"; before the server speaks the
 * text is libpq's or the system's own and may name the host, which is no secret, but also anything
 * that stands in conninfo. So only what is known is passed on. */
void db_explain_attempt(const PGconn *pg, struct err *err)
{
	struct text said = text_of(PQerrorMessage(pg));
	size_t at = text_find(said, TEXT("FATAL:  "), 0);
	struct text state =
		at != SIZE_MAX ? text_slice(said, at + strlen("FATAL:  "), 5) : TEXT_NONE;
	char sqlstate[6] = "";

	if (state.len == 5 && is_sqlstate(state)) {
		memcpy(sqlstate, state.at, 5);
		(void)err_set(err, db_kind_of(sqlstate), "database: %s %s", sqlstate,
			      meaning_of(sqlstate)->about);
	} else if (text_find(said, TEXT("read-only"), 0) != SIZE_MAX) {
		(void)err_set(err, ERR_RETRY, "database: that server is read-only");
	} else if (text_find(said, TEXT("No such file"), 0) != SIZE_MAX ||
		   text_find(said, TEXT("refused"), 0) != SIZE_MAX) {
		(void)err_set(err, ERR_RETRY, "database: no server is listening there");
	} else if (text_find(said, TEXT("certificate"), 0) != SIZE_MAX ||
		   text_find(said, TEXT("SSL"), 0) != SIZE_MAX) {
		(void)err_set(err, ERR_CONFIG, "database: its certificate or TLS is not trusted");
	} else if (text_find(said, TEXT("translate host name"), 0) != SIZE_MAX) {
		(void)err_set(err, ERR_RETRY, "database: its host name is not known");
	} else if (text_find(said, TEXT("password"), 0) != SIZE_MAX) {
		(void)err_set(err, ERR_CONFIG, "database: it wants a password");
	} else {
		(void)err_set(err, ERR_RETRY, "database: it cannot be reached");
	}
}

static void drop_notice(void *owner, const PGresult *notice)
{
	(void)owner;
	(void)notice;
}

void db_quieten(PGconn *pg, PQnoticeReceiver receiver, void *owner)
{
	(void)PQsetNoticeReceiver(pg, receiver != NULL ? receiver : drop_notice, owner);
	(void)PQsetErrorVerbosity(pg, PQERRORS_SQLSTATE);
}

/* ---- what callers read ---- */

static const PGresult *rows(const struct db_result *r, int row, int col)
{
	assert(r->is_ok && row >= 0 && row < r->n_rows);
	assert(col >= 0 && col < PQnfields(r->pg));
	return r->pg;
}

int db_columns(const struct db_result *r)
{
	assert(r->is_ok);
	return PQnfields(r->pg);
}

bool db_is_null(const struct db_result *r, int row, int col)
{
	return PQgetisnull(rows(r, row, col), row, col) == 1;
}

struct text db_text(const struct db_result *r, int row, int col)
{
	const PGresult *pg = rows(r, row, col);

	return (struct text){ PQgetvalue(pg, row, col), (size_t)PQgetlength(pg, row, col) };
}

int64_t db_i64(const struct db_result *r, int row, int col)
{
	int64_t n = 0;

	if (db_is_null(r, row, col) || !num_parse_i64(db_text(r, row, col), &n)) {
		return 0;
	}
	return n;
}

bool db_bool(const struct db_result *r, int row, int col)
{
	return text_eq(db_text(r, row, col), TEXT("t"));
}
