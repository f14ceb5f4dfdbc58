#include "tests/unit/io/house.h"

#include <stdio.h>

struct loop *loop;
const char *conninfo;
struct town t;
static ev_timer patience;

static void on_patience(struct ev_loop *ev, ev_timer *w, int revents)
{
	(void)ev;
	(void)w;
	(void)revents;
	fail_msg("nothing happened within the time: %d ups %d downs %d answers, last fault: %s",
		 t.n_ups, t.n_downs, t.n_answers, t.why.text);
}

static void check(void)
{
	if ((t.stop_at_answers > 0 && t.n_answers >= t.stop_at_answers) ||
	    (t.stop_at_ups > 0 && t.n_ups >= t.stop_at_ups) ||
	    (t.stop_at_downs > 0 && t.n_downs >= t.stop_at_downs) ||
	    (t.stop_at_notified > 0 && t.n_notified >= t.stop_at_notified)) {
		loop_stop(loop);
	}
}

static void on_up(struct db *d, void *owner)
{
	(void)owner;
	assert_ptr_equal(d, t.db);
	t.n_ups++;
	check();
}

static void on_down(struct db *d, const struct err *why, void *owner)
{
	(void)owner;
	assert_ptr_equal(d, t.db);
	t.n_downs++;
	t.why = *why;
	check();
}

static void on_notify(struct db *d, struct text payload, void *owner)
{
	(void)d;
	(void)owner;
	(void)snprintf(t.payload, sizeof(t.payload), "%.*s", TEXT_ARG(payload));
	t.n_notified++;
	check();
}

const struct db_events events = { on_up, on_down, on_notify };

void run_until(int answers, int ups, int downs, int notified)
{
	t.stop_at_answers = answers;
	t.stop_at_ups = ups;
	t.stop_at_downs = downs;
	t.stop_at_notified = notified;
	ev_init(&patience, on_patience);
	loop_arm(loop, &patience, DUR_S(40));
	loop_run(loop);
	loop_disarm(loop, &patience);
}

void done(const struct db_result *r, void *owner)
{
	struct answer *a;

	assert_false(t.is_inside_send);
	assert_true(t.n_answers < MAX_ANSWERS);
	a = &t.answers[t.n_answers++];
	a->number = (int64_t)(intptr_t)owner;
	a->is_ok = r->is_ok;
	a->kind = r->err.kind;
	a->n_rows = r->n_rows;
	(void)snprintf(a->sqlstate, sizeof(a->sqlstate), "%s", r->sqlstate);
	(void)snprintf(a->said, sizeof(a->said), "%.*s", TEXT_ARG(r->said));
	(void)snprintf(a->why, sizeof(a->why), "%s", r->err.text);
	if (r->is_ok && r->n_rows > 0) {
		(void)snprintf(a->value, sizeof(a->value), "%.*s", TEXT_ARG(db_text(r, 0, 0)));
	}
	if (t.must_destroy) {
		t.must_destroy = false;
		db_destroy(&t.db);
		loop_stop(loop);
	}
	check();
}

void send_params(const char *name, const char *sql, struct db_params **p)
{
	t.is_inside_send = true;
	assert_true(db_send(t.db, name, sql, p, done, (void *)(intptr_t)t.n_sent));
	t.n_sent++;
	t.is_inside_send = false;
}

void ask(const char *name, const char *sql)
{
	struct db_params *p = NULL;

	send_params(name, sql, &p);
}

const struct answer *last_answer(void)
{
	run_until(t.n_sent, 0, 0, 0);
	assert_int_equal(t.n_answers, t.n_sent);
	return &t.answers[t.n_answers - 1];
}

void open_db(const char *where, const char *channel, const char *settings)
{
	struct db_options o = { .conninfo = where,
				.purpose = "answerd test",
				.channel = channel,
				.settings = settings,
				.max_queued = 1500 };

	memset(&t, 0, sizeof(t));
	t.db = db_create(loop, &o, &events, NULL);
	db_start(t.db);
}

void sync_run(const char *sql)
{
	struct err err = { .kind = ERR_NONE };
	struct db_sync *s = db_sync_open(conninfo, NULL, "answerd test admin", &err);

	if (s == NULL || !db_sync_script(s, sql, &err)) {
		fail_msg("%s", err.text);
	}
	db_sync_close(&s);
}

int64_t sync_count(const char *sql)
{
	struct err err = { .kind = ERR_NONE };
	struct db_sync *s = db_sync_open(conninfo, NULL, "answerd test admin", &err);
	struct db_result r;
	int64_t n;

	if (s == NULL || !db_sync_query(s, sql, NULL, 0, &r, &err)) {
		fail_msg("%s", err.text);
	}
	n = db_i64(&r, 0, 0);
	db_sync_close(&s);
	return n;
}

void server(const char *action)
{
	const char *form = getenv("ANSWERD_TEST_PG");
	const char *at = strstr(form, "%s");
	char command[600];

	(void)snprintf(command, sizeof(command), "%.*s%s%s", (int)(at - form), form, action,
		       at + 2);
	assert_int_equal(system(command), 0);
}

int set_up(void **state)
{
	(void)state;
	loop = loop_create();
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	if (t.db != NULL) {
		db_destroy(&t.db);
	}
	loop_destroy(&loop);
	return 0;
}

bool house_find(void)
{
	conninfo = getenv("ANSWERD_TEST_DATABASE");
	if (conninfo == NULL) {
		print_message("skipped: ANSWERD_TEST_DATABASE is not set (see with_postgres.py)\n");
	}
	return conninfo != NULL;
}
