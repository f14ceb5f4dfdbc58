/* Results and errors of the database: SQLSTATE is translated here, once, and libpq's sentences
 * stay here: they quote values. */
#include <assert.h>
#include <stdio.h>

#include "answerd/log.h"
#include "answerd/num.h"
#include "daemon/io/db_inside.h"

struct meaning {
	const char *prefix; /* of the SQLSTATE; longer ones come first */
	enum err_kind kind;
	const char *about;
	bool is_quotable; /* the server's sentence names only what our own SQL names */
};

static const struct meaning meanings[] = {
	{ "AN404", ERR_GONE, "what was asked for is not there", false },
	{ "AN5", ERR_RETRY, "our own rules ask for another try", false },
	{ "AN", ERR_DATA, "our own rules refuse it", false },
	{ "08007", ERR_UNSURE, "the end of the transaction is not known", false },
	{ "08", ERR_RETRY, "the connection failed", false },
	{ "0A", ERR_CONFIG, "the server cannot do this", true },
	{ "22", ERR_DATA, "a value does not fit", false },
	{ "23", ERR_DATA, "a constraint refuses it", false },
	{ "25", ERR_RETRY, "the server cannot write now", false },
	{ "26", ERR_RETRY, "the statement is not prepared", false },
	{ "28", ERR_CONFIG, "the database does not let us in", false },
	{ "3D", ERR_CONFIG, "there is no such database", false },
	{ "3F", ERR_CONFIG, "there is no such schema", true },
	{ "40003", ERR_UNSURE, "the end of the statement is not known", false },
	{ "40", ERR_RETRY, "it lost against another transaction", false },
	{ "42", ERR_CONFIG, "schema or rights do not fit", true },
	{ "53", ERR_RETRY, "the server is short of something", true },
	{ "54", ERR_DATA, "it is too much for the server", true },
	{ "55", ERR_RETRY, "it is in use just now", false },
	{ "57014", ERR_RETRY, "it took too long and was cancelled", false },
	{ "57P03", ERR_RETRY, "the server is starting up or shutting down", false },
	{ "57", ERR_RETRY, "the server was told to stop", false },
	{ "58", ERR_RETRY, "the server's disk failed", true },
	{ "F0", ERR_CONFIG, "the server's configuration is broken", false },
	{ "P0", ERR_DATA, "one of our functions gave up", false },
	{ "XX", ERR_RETRY, "the server has an internal error", false },
};

static const struct meaning *meaning_of(const char *sqlstate)
{
	static const struct meaning unknown = { "", ERR_RETRY, "unexpected", false };

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
