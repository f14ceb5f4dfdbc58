/* A unit of work: one statement with its own sync, from db_send() to its answer.
 *
 * libpq tells results one after the other, and after the last one of a pipeline NULL for ever; so
 * each unit remembers which of its results comes next (LIBS §3.5). */
#include <assert.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/io/db_inside.h"

#define MAX_EMPTY 4 /* NULL results in a row where a sync is due */

struct unit *unit_create(struct statement *s, struct db_params **p, db_done *done, void *owner)
{
	struct unit *u = xcalloc(1, sizeof(*u));

	list_init(&u->in);
	u->statement = s;
	u->params = *p != NULL ? *p : db_params_create();
	*p = NULL;
	u->done = done;
	u->owner = owner;
	return u;
}

void unit_destroy(struct unit *u)
{
	db_params_destroy(&u->params);
	PQclear(u->last);
	free(u);
}

void unit_answer(struct unit *u)
{
	if (!u->has_failed && u->is_unsure) {
		/* A commit that comes with a warning is not known to be one (RELIABILITY I7). */
		u->has_failed = true;
		(void)err_set(&u->result.err, ERR_UNSURE, "%s: the server warned at the commit",
			      u->statement->name);
	}
	u->result.is_ok = !u->has_failed;
	if (u->result.is_ok) {
		u->result.pg = u->last;
		u->result.n_rows = PQntuples(u->last);
	}
	if (u->done != NULL) {
		u->done(&u->result, u->owner);
	}
	unit_destroy(u);
}

void unit_fail(struct unit *u, enum err_kind kind, const char *why)
{
	u->has_failed = true;
	(void)err_set(&u->result.err, kind, "%s: %s", u->statement->name, why);
	unit_answer(u);
}

bool unit_hand_over(struct unit *u, PGconn *pg)
{
	struct statement *s = u->statement;
	struct db_param_view v = db_params_view(u->params);
	bool is_first = s->how == NOT_PREPARED;

	if (is_first && PQsendPrepare(pg, s->name, s->sql, 0, NULL) != 1) {
		return false;
	}
	u->step = is_first ? STEP_PREPARE : STEP_RUN;
	if (is_first) {
		s->how = BEING_PREPARED;
	}
	if (PQsendQueryPrepared(pg, s->name, v.n, v.values, v.lengths, v.formats,
				/* resultFormat= */ 0) != 1 ||
	    PQpipelineSync(pg) != 1) {
		return false;
	}
	db_params_destroy(&u->params);
	return true;
}

/* The first error of a unit is its reason. It stays until the answer is given: `said` points into
 * it. */
static enum unit_news note_error(struct unit *u, PGresult *r)
{
	struct statement *s = u->statement;

	if (PQresultErrorField(r, PG_DIAG_SQLSTATE) == NULL) {
		PQclear(r);
		return UNIT_IS_BROKEN; /* libpq's own words: there is no server any more */
	}
	if (u->has_failed) {
		PQclear(r); /* an echo */
		return UNIT_GOES_ON;
	}
	u->has_failed = true;
	db_explain_error(r, s->name, &u->result);
	if (u->step == STEP_PREPARE || strcmp(u->result.sqlstate, "26000") == 0) {
		s->how = NOT_PREPARED;
	}
	if ((u->step == STEP_SYNC || u->last != NULL) && db_is_fatal(r)) {
		/* It had run; whether it was committed we cannot know. */
		u->result.err.kind = ERR_UNSURE;
	}
	PQclear(u->last);
	u->last = r;
	return UNIT_GOES_ON;
}

static void note_success(struct unit *u, PGresult *r)
{
	if (u->step == STEP_PREPARE) {
		u->statement->how = PREPARED;
		PQclear(r);
	} else if (u->has_failed) {
		PQclear(r);
	} else {
		PQclear(u->last);
		u->last = r;
	}
}

static enum unit_news note_end(struct unit *u)
{
	if (u->step == STEP_SYNC) {
		/* Behind an error at the commit; but a dead connection says it for ever. */
		return ++u->n_empty > MAX_EMPTY ? UNIT_IS_BROKEN : UNIT_GOES_ON;
	}
	u->step = u->step == STEP_PREPARE ? STEP_RUN : STEP_SYNC;
	return UNIT_GOES_ON;
}

enum unit_news unit_take_result(struct unit *u, PGresult *r)
{
	if (r == NULL) {
		return note_end(u);
	}
	switch (PQresultStatus(r)) {
	case PGRES_PIPELINE_SYNC:
		PQclear(r);
		return u->step == STEP_SYNC || u->has_failed ? UNIT_IS_COMPLETE : UNIT_IS_BROKEN;
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK: note_success(u, r); return UNIT_GOES_ON;
	case PGRES_FATAL_ERROR:
	case PGRES_BAD_RESPONSE: return note_error(u, r);
	case PGRES_PIPELINE_ABORTED:
	case PGRES_EMPTY_QUERY:
	case PGRES_NONFATAL_ERROR: PQclear(r); return UNIT_GOES_ON;
	case PGRES_COPY_OUT:
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
	case PGRES_SINGLE_TUPLE: break;
	}
	/* Nothing of ours asks for these: the other end does not speak as a server should. */
	PQclear(r);
	return UNIT_IS_BROKEN;
}

/* ---- statements ---- */

struct statement *statement_of(struct list *all, const char *name, const char *sql)
{
	struct statement *s;

	list_each(at, all)
	{
		s = container_of(at, struct statement, in);
		if (strcmp(s->name, name) == 0) {
			assert(strcmp(s->sql, sql) == 0);
			return s;
		}
	}
	s = xcalloc(1, sizeof(*s));
	s->name = xstrdup(name);
	s->sql = xstrdup(sql);
	list_add_last(all, &s->in);
	return s;
}

void statements_forget(struct list *all)
{
	list_each(at, all)
	{
		container_of(at, struct statement, in)->how = NOT_PREPARED;
	}
}

void statements_done(struct list *all)
{
	list_each(at, all)
	{
		struct statement *s = container_of(at, struct statement, in);

		free(s->name);
		free(s->sql);
		free(s);
	}
	list_init(all);
}

/* ---- rings of units ---- */

void ring_add(struct ring *r, struct unit *u)
{
	list_add_last(&r->head, &u->in);
	r->n++;
}

struct unit *ring_first(const struct ring *r)
{
	return r->n > 0 ? container_of(r->head.next, struct unit, in) : NULL;
}

struct unit *ring_take(struct ring *r)
{
	struct unit *u = ring_first(r);

	if (u != NULL) {
		list_remove(&u->in);
		r->n--;
	}
	return u;
}

/* Empties a ring into another one, so that callbacks may fill the first again. */
void ring_move(struct ring *from, struct ring *to)
{
	struct unit *u;

	list_init(&to->head);
	to->n = 0;
	while ((u = ring_take(from)) != NULL) {
		ring_add(to, u);
	}
}
