#include "daemon/desk/can_reply.h"

#include <stdlib.h>

#include "answerd/log.h"
#include "store_sql.h"

#define MOST_AGE DUR_MS(500)

struct account_row {
	int64_t account_id, window_s, direct_window_s;  /* direct: 0, no window of its own */
	char *hindrance, *answers, *late, *direct_late; /* hindrance NULL: none */
	char *unnamed, *unnamed_why;                    /* " id id "; NULL: no matter */
};

struct can_reply {
	struct loop *loop;
	struct account_row *rows;
	size_t n_rows;
	char *attention;
	int64_t n_needs_human;
	bool is_panic;
	struct mono read_at; /* 0: never */
	bool is_asking;
};

static char *copy(struct text t)
{
	char *at = xcalloc(1, t.len + 1);

	memcpy(at, t.len > 0 ? t.at : "", t.len);
	return at;
}

static void forget(struct can_reply *c)
{
	for (size_t i = 0; i < c->n_rows; i++) {
		free(c->rows[i].hindrance);
		free(c->rows[i].answers);
		free(c->rows[i].late);
		free(c->rows[i].direct_late);
		free(c->rows[i].unnamed);
		free(c->rows[i].unnamed_why);
	}
	free(c->rows);
	free(c->attention);
	c->rows = NULL;
	c->attention = NULL;
	c->n_rows = 0;
}

struct can_reply *can_reply_create(struct loop *l)
{
	struct can_reply *c = xcalloc(1, sizeof(*c));

	c->loop = l;
	return c;
}

void can_reply_destroy(struct can_reply **c)
{
	if (*c != NULL) {
		forget(*c);
		free(*c);
		*c = NULL;
	}
}

static void done_ask(const struct db_result *r, void *owner)
{
	struct can_reply *c = owner;

	c->is_asking = false;
	if (!r->is_ok) {
		return; /* what was known stays until it can be asked */
	}
	forget(c);
	c->rows = xcalloc((size_t)r->n_rows + 1, sizeof(*c->rows));
	for (int i = 0; i < r->n_rows; i++) {
		struct account_row *row = &c->rows[c->n_rows++];

		row->account_id = db_i64(r, i, 0);
		row->hindrance = db_is_null(r, i, 1) ? NULL : copy(db_text(r, i, 1));
		row->answers = copy(db_text(r, i, 2));
		row->window_s = db_i64(r, i, 3);
		row->late = copy(db_text(r, i, 4));
		row->unnamed = db_is_null(r, i, 6) ? NULL : copy(db_text(r, i, 6));
		row->unnamed_why = copy(db_text(r, i, 7));
		row->direct_window_s = db_i64(r, i, 8);
		row->direct_late = copy(db_text(r, i, 9));
	}
	c->attention = r->n_rows > 0 && !db_is_null(r, 0, 5) ? copy(db_text(r, 0, 5)) : NULL;
	c->n_needs_human = r->n_rows > 0 ? db_i64(r, 0, 10) : 0;
	c->is_panic = r->n_rows > 0 && db_bool(r, 0, 11);
	c->read_at = loop_mono(c->loop);
}

void can_reply_ask(struct can_reply *c, struct db *line)
{
	struct db_params *p;

	if (c->is_asking || (c->read_at.us != 0 &&
			     !dur_more(mono_since(c->read_at, loop_mono(c->loop)), MOST_AGE))) {
		return;
	}
	p = db_params_create();
	c->is_asking = db_send(line, "desk_can_reply", SQL_DESK_CAN_REPLY, &p, done_ask, c);
	if (!c->is_asking) {
		db_params_destroy(&p);
	}
}

/* A sentence, or at NULL: it can be answered. */
static struct text why_not_of(const struct can_reply *c, struct arena *a,
			      const struct can_reply_entry *e)
{
	const struct account_row *row = NULL;
	bool is_own_window;
	int64_t window_s;

	for (size_t i = 0; i < c->n_rows; i++) {
		if (c->rows[i].account_id == e->account_id) {
			row = &c->rows[i];
		}
	}
	if (row == NULL) {
		return TEXT("It is not known whether it can be answered from here.");
	}
	if (row->hindrance != NULL) {
		return text_of(row->hindrance);
	}
	if (text_find(text_of(row->answers), text_printf(a, " %.*s ", TEXT_ARG(e->kind)), 0) ==
	    SIZE_MAX) {
		return text_printf(a,
				   "A %.*s cannot be answered from here; answer in the platform's "
				   "own app, answerd "
				   "will see it.",
				   TEXT_ARG(e->kind));
	}
	is_own_window = row->direct_window_s > 0 && text_eq(e->kind, TEXT("direct"));
	window_s = is_own_window ? row->direct_window_s : row->window_s;
	if (window_s > 0 && e->n_messages == 1 &&
	    wall_before(wall_add(e->since, DUR_S(window_s)), e->now)) {
		return text_of(is_own_window ? row->direct_late : row->late);
	}
	if (row->unnamed != NULL &&
	    text_find(text_of(row->unnamed), text_printf(a, " %.*s ", TEXT_ARG(e->id)), 0) !=
		    SIZE_MAX) {
		return text_of(row->unnamed_why);
	}
	return TEXT_NONE;
}

void can_reply_print(const struct can_reply *c, struct strbuf *out, struct arena *scratch,
		     const struct can_reply_entry *e)
{
	struct text why_not = why_not_of(c, scratch, e);

	if (why_not.at == NULL) {
		strbuf_add_str(out, ", \"can_reply\": true, \"why_not\": null");
		return;
	}
	strbuf_add_str(out, ", \"can_reply\": false, \"why_not\": ");
	strbuf_add_json(out, why_not);
}

void can_reply_print_attention(const struct can_reply *c, struct strbuf *out)
{
	if (c->attention != NULL) {
		strbuf_add_str(out, ", \"attention\": ");
		strbuf_add_json(out, text_of(c->attention));
		strbuf_printf(out, ", \"needs_human\": %lld, \"is_panic\": %s",
			      (long long)c->n_needs_human, c->is_panic ? "true" : "false");
	}
}
