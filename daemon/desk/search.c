/* See search.h: one statement, then a pause; a short one while there is more. */
#include "daemon/desk/search.h"

#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/base/list.h"
#include "store_sql.h"

#define SLICE      200
#define NEXT       DUR_S(5)
#define NEXT_SLICE DUR_MS(250) /* so that others have the connection in between */

struct search {
	struct loop *loop;
	struct db *db;
	ev_timer turn;
};

static void done_words(const struct db_result *r, void *owner)
{
	struct search *s = owner;
	bool is_more = r->is_ok && r->n_rows == 1 && db_i64(r, 0, 0) >= SLICE;

	if (!r->is_ok && r->err.kind != ERR_RETRY && r->err.kind != ERR_UNSURE) {
		log_err("statement_failed", "name", "desk_words", "sqlstate", r->sqlstate, "why",
			r->err.text, NULL);
	}
	loop_arm(s->loop, &s->turn, is_more ? NEXT_SLICE : NEXT);
}

static void on_turn(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct search *s = container_of(w, struct search, turn);
	struct db_params *p;

	(void)loop;
	(void)revents;
	if (!db_is_up(s->db)) {
		loop_arm(s->loop, &s->turn, NEXT);
		return;
	}
	p = db_params_create();
	db_add_i64(p, SLICE);
	if (!db_send(s->db, "desk_words", SQL_DESK_WORDS, &p, done_words, s)) {
		db_params_destroy(&p);
		loop_arm(s->loop, &s->turn, NEXT);
	}
}

struct search *search_create(struct loop *l, struct db *reports)
{
	struct search *s = xcalloc(1, sizeof(*s));

	s->loop = l;
	s->db = reports;
	ev_init(&s->turn, on_turn);
	return s;
}

void search_start(struct search *s)
{
	loop_arm(s->loop, &s->turn, NEXT_SLICE);
}

void search_destroy(struct search **at)
{
	struct search *s = *at;

	if (s == NULL) {
		return;
	}
	*at = NULL;
	loop_disarm(s->loop, &s->turn);
	free(s);
}
