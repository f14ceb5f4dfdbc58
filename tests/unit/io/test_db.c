/* What this protects: a unit of work is committed or it is not there, is answered exactly once and
 * in order, whatever happens to the connection; arrays arrive as they were sent. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/io/db.h"

#define MAX_ANSWERS 2000

static struct loop *loop;
static const char *conninfo;

struct answer {
	int64_t number; /* which unit */
	bool is_ok;
	enum err_kind kind;
	char sqlstate[6], said[80], value[200], why[256];
	int n_rows;
};

struct town {
	struct db *db;
	int n_ups, n_downs, n_notified, n_sent, n_answers;
	struct err why;
	char payload[64];
	int stop_at_answers, stop_at_ups, stop_at_downs, stop_at_notified;
	struct answer answers[MAX_ANSWERS];
	bool is_inside_send, must_destroy;
	int resend_left;
};

static struct town t;
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

static const struct db_events events = { on_up, on_down, on_notify };

static void run_until(int answers, int ups, int downs, int notified)
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

static void done(const struct db_result *r, void *owner)
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

static void send_params(const char *name, const char *sql, struct db_params **p)
{
	t.is_inside_send = true;
	assert_true(db_send(t.db, name, sql, p, done, (void *)(intptr_t)t.n_sent));
	t.n_sent++;
	t.is_inside_send = false;
}

static void ask(const char *name, const char *sql)
{
	struct db_params *p = NULL;

	send_params(name, sql, &p);
}

/* Waits for all that was sent. */
static const struct answer *last_answer(void)
{
	run_until(t.n_sent, 0, 0, 0);
	assert_int_equal(t.n_answers, t.n_sent);
	return &t.answers[t.n_answers - 1];
}

static void open_db(const char *where, const char *channel, const char *settings)
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

static void sync_run(const char *sql)
{
	struct err err = { .kind = ERR_NONE };
	struct db_sync *s = db_sync_open(conninfo, NULL, "answerd test admin", &err);

	if (s == NULL || !db_sync_script(s, sql, &err)) {
		fail_msg("%s", err.text);
	}
	db_sync_close(&s);
}

static int64_t sync_count(const char *sql)
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

static void server(const char *action)
{
	const char *form = getenv("ANSWERD_TEST_PG");
	const char *at = strstr(form, "%s");
	char command[600];

	(void)snprintf(command, sizeof(command), "%.*s%s%s", (int)(at - form), form, action,
		       at + 2);
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	(void)state;
	loop = loop_create();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (t.db != NULL) {
		db_destroy(&t.db);
	}
	loop_destroy(&loop);
	return 0;
}

/* ---- tests ---- */

static void test_answers_come_in_order(void **state)
{
	(void)state;
	open_db(conninfo, NULL, NULL);
	for (int i = 0; i < 1000; i++) {
		struct db_params *p = db_params_create();

		db_add_i64(p, i);
		send_params("echo", "SELECT $1::int8 + 1, now()", &p);
		assert_null(p);
	}
	(void)last_answer();
	for (int i = 0; i < 1000; i++) {
		char want[16];

		(void)snprintf(want, sizeof(want), "%d", i + 1);
		assert_true(t.answers[i].is_ok);
		assert_int_equal(t.answers[i].number, i);
		assert_string_equal(t.answers[i].value, want);
	}
}

static void test_session_is_as_the_house_wants_it(void **state)
{
	(void)state;
	open_db(conninfo, NULL, "-c statement_timeout=1234");
	ask("settings", "SELECT concat_ws(' ', current_setting('search_path'),"
			" current_setting('TimeZone'), current_setting('statement_timeout'),"
			" current_setting('lock_timeout'), current_setting('application_name'),"
			" current_setting('client_encoding'), current_setting('jit'))");
	assert_string_equal(last_answer()->value,
			    "answerd,pg_catalog,pg_temp UTC 1234ms 10s answerd test UTF8 off");
}

static void test_a_failing_unit_fails_alone(void **state)
{
	(void)state;
	sync_run("DROP TABLE IF EXISTS public.one; CREATE TABLE public.one (n int PRIMARY KEY);");
	open_db(conninfo, NULL, NULL);
	for (int i = 0; i < 30; i++) {
		struct db_params *p = db_params_create();

		db_add_i64(p, i % 10 == 7 ? 0 : i); /* 7, 17, 27 repeat a key */
		send_params("one_insert", "INSERT INTO public.one VALUES ($1::int)", &p);
	}
	(void)last_answer();
	for (int i = 0; i < 30; i++) {
		assert_int_equal(t.answers[i].is_ok, i % 10 != 7);
	}
	assert_string_equal(t.answers[7].sqlstate, "23505");
	assert_int_equal(t.answers[7].kind, ERR_DATA);
	assert_non_null(strstr(t.answers[7].why, "one_pkey"));
	assert_null(strstr(t.answers[7].why, "(0)")); /* no values */
	assert_int_equal(sync_count("SELECT count(*) FROM public.one"), 27);
}

static void test_a_statement_that_cannot_be_prepared_fails_alone(void **state)
{
	(void)state;
	sync_run("DROP TABLE IF EXISTS public.later;");
	open_db(conninfo, NULL, NULL);
	ask("fine", "SELECT 1");
	ask("later_count", "SELECT count(*) FROM public.later");
	ask("later_count", "SELECT count(*) FROM public.later");
	ask("fine", "SELECT 1");
	(void)last_answer();
	assert_true(t.answers[0].is_ok && t.answers[3].is_ok);
	assert_int_equal(t.answers[1].kind, ERR_CONFIG);
	assert_string_equal(t.answers[1].sqlstate, "42P01");
	assert_false(t.answers[2].is_ok);
	/* It was not marked as prepared: once the table is there, it works. */
	sync_run("CREATE TABLE public.later (n int);");
	ask("later_count", "SELECT count(*) FROM public.later");
	assert_true(last_answer()->is_ok);
	assert_int_equal(t.n_downs, 0);
}

static void test_a_commit_that_fails_is_a_failure(void **state)
{
	(void)state;
	sync_run("DROP TABLE IF EXISTS public.slow; CREATE TABLE public.slow (n int,"
		 " UNIQUE (n) DEFERRABLE INITIALLY DEFERRED);");
	open_db(conninfo, NULL, NULL);
	ask("slow_insert", "INSERT INTO public.slow VALUES (1), (1)");
	ask("fine", "SELECT 1");
	(void)last_answer();
	assert_false(t.answers[0].is_ok);
	assert_string_equal(t.answers[0].sqlstate, "23505");
	assert_true(t.answers[1].is_ok);
	assert_int_equal(t.n_downs, 0);
	assert_int_equal(sync_count("SELECT count(*) FROM public.slow"), 0);
}

static void test_our_own_errors_speak(void **state)
{
	(void)state;
	sync_run("CREATE OR REPLACE FUNCTION public.complain(code text) RETURNS void LANGUAGE "
		 "plpgsql"
		 " AS $$ BEGIN RAISE EXCEPTION 'somebody else answered already' USING ERRCODE = "
		 "code;"
		 " END $$;"
		 "CREATE OR REPLACE FUNCTION public.mumble() RETURNS int LANGUAGE plpgsql"
		 " AS $$ BEGIN RAISE WARNING 'hm'; RAISE NOTICE 'hm'; RETURN 1; END $$;");
	open_db(conninfo, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		struct db_params *p = db_params_create();
		static const char *const codes[] = { "AN409", "AN404", "P0001" };

		db_add_text(p, text_of(codes[i]));
		send_params("complain", "SELECT public.complain($1)", &p);
	}
	ask("mumble", "SELECT public.mumble()");
	(void)last_answer();
	assert_string_equal(t.answers[0].said, "somebody else answered already");
	assert_string_equal(t.answers[0].sqlstate, "AN409");
	assert_int_equal(t.answers[0].kind, ERR_DATA);
	assert_int_equal(t.answers[1].kind, ERR_GONE);
	assert_string_equal(t.answers[2].said, "");
	assert_null(strstr(t.answers[2].why, "somebody"));
	assert_int_equal(t.answers[3].kind, ERR_UNSURE);
}

static void test_arrays_go_round(void **state)
{
	struct text texts[] = {
		TEXT("a"), TEXT_NONE, { "", 0 }, TEXT("häß, \"{}\" NULL"), TEXT("\\x")
	};
	int64_t longs[] = { INT64_MIN, -1, 0, INT64_MAX };
	int32_t ints[] = { INT32_MIN, 7, INT32_MAX };
	bool bools[] = { true, false };
	struct db_params *p = db_params_create();

	(void)state;
	open_db(conninfo, NULL, NULL);
	db_add_text_array(p, texts, 5);
	db_add_i64_array(p, longs, 4);
	db_add_i32_array(p, ints, 3);
	db_add_bool_array(p, bools, 2);
	db_add_text_array(p, NULL, 0);
	db_add_null(p);
	db_add_bool(p, true);
	db_add_wall(p, (struct wall){ 0 });
	db_add_wall(p, (struct wall){ 5 });
	db_add_text(p, TEXT_NONE);
	send_params("round",
		    "SELECT jsonb_build_array($1::text[], $2::int8[], $3::int4[], $4::bool[],"
		    " $5::text[], $6::text, $7::bool, $8::int8, $9::int8, $10::text)",
		    &p);
	assert_string_equal(
		last_answer()->value,
		"[[\"a\", null, \"\", \"häß, \\\"{}\\\" NULL\", \"\\\\x\"],"
		" [-9223372036854775808, -1, 0, 9223372036854775807],"
		" [-2147483648, 7, 2147483647], [true, false], [], null, true, null, 5, \"\"]");
}

static void kill_ours(void)
{
	sync_run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
		 " WHERE application_name = 'answerd test'");
}

static void test_a_killed_backend_is_replaced(void **state)
{
	(void)state;
	sync_run("DROP TABLE IF EXISTS public.kept; CREATE TABLE public.kept (n int);");
	open_db(conninfo, NULL, NULL);
	ask("kept_insert", "INSERT INTO public.kept VALUES (1)");
	assert_true(last_answer()->is_ok);
	/* In the middle of work. */
	ask("nap", "SELECT pg_sleep(30)");
	for (int i = 0; i < 100; i++) {
		ask("kept_insert", "INSERT INTO public.kept VALUES (1)");
	}
	db_pump(t.db);
	kill_ours();
	run_until(0, 2, 0, 0); /* it comes back by itself */
	assert_int_equal(t.n_downs >= 1, 1);
	assert_int_equal(t.n_answers, t.n_sent);
	for (int i = 1; i < t.n_answers; i++) {
		assert_int_equal(t.answers[i].number, i);
		assert_false(t.answers[i].is_ok);
		assert_true(t.answers[i].kind == ERR_UNSURE || t.answers[i].kind == ERR_RETRY);
	}
	/* The sleeper's own error came before the end, the last ones had not been sent. */
	assert_int_equal(t.answers[t.n_answers - 1].kind, ERR_RETRY);
	ask("kept_insert", "INSERT INTO public.kept VALUES (1)");
	assert_true(last_answer()->is_ok);
	assert_int_equal(sync_count("SELECT count(*) FROM public.kept"), 2);
}

static void test_an_idle_connection_that_dies_is_replaced(void **state)
{
	(void)state;
	open_db(conninfo, NULL, NULL);
	run_until(0, 1, 0, 0);
	kill_ours();
	run_until(0, 2, 0, 0);
	assert_int_equal(t.n_downs, 1);
	ask("fine", "SELECT 1");
	assert_true(last_answer()->is_ok);
}

static void test_a_restarted_server_is_found(void **state)
{
	(void)state;
	open_db(conninfo, NULL, NULL);
	run_until(0, 1, 0, 0);
	server("stop");
	run_until(0, 0, 3, 0);
	assert_false(db_is_up(t.db));
	ask("fine", "SELECT 1");
	assert_int_equal(last_answer()->kind, ERR_RETRY); /* it does not wait for ever */
	server("start");
	run_until(0, 2, 0, 0);
	ask("fine", "SELECT 1");
	assert_true(last_answer()->is_ok);
}

static void test_notifications_arrive(void **state)
{
	(void)state;
	open_db(conninfo, "answerd_news", NULL);
	run_until(0, 1, 0, 0);
	sync_run("NOTIFY answerd_news, 'one'");
	run_until(0, 0, 0, 1);
	assert_string_equal(t.payload, "one");
	kill_ours();
	run_until(0, 2, 0, 0);
	sync_run("NOTIFY answerd_news, 'two'");
	run_until(0, 0, 0, 2);
	assert_string_equal(t.payload, "two");
}

static void test_destroyed_inside_an_answer(void **state)
{
	(void)state;
	open_db(conninfo, NULL, NULL);
	for (int i = 0; i < 50; i++) {
		ask("fine", "SELECT 1");
	}
	t.must_destroy = true;
	run_until(0, 0, 0, 0);
	assert_int_equal(t.n_answers, 1);
	assert_null(t.db);
}

static void test_other_hosts_are_tried(void **state)
{
	char two[300];
	const char *folder = getenv("ANSWERD_TEST_FOLDER");
	const char *user = strstr(conninfo, "user=");

	(void)state;
	(void)snprintf(two, sizeof(two), "host=/nowhere,%s dbname=postgres %s", folder, user);
	open_db(two, NULL, NULL);
	run_until(0, 1, 0, 0);
	assert_int_equal(t.n_downs, 0);
	db_destroy(&t.db);
	/* A standby, or who calls itself one, is not taken. */
	(void)snprintf(two, sizeof(two),
		       "host=%s dbname=postgres %s options='-c default_transaction_read_only=on'",
		       folder, user);
	open_db(two, NULL, NULL);
	run_until(0, 0, 2, 0);
	assert_int_equal(t.n_ups, 0);
	assert_non_null(strstr(t.why.text, "read-only"));
	db_destroy(&t.db);
	open_db("dbname='unfinished", NULL, NULL);
	run_until(0, 0, 1, 0);
	assert_int_equal(t.why.kind, ERR_CONFIG);
	assert_null(strstr(t.why.text, "unfinished"));
	db_destroy(&t.db);
	(void)snprintf(two, sizeof(two), "host=%s dbname=nothere %s", folder, user);
	open_db(two, NULL, NULL);
	run_until(0, 0, 1, 0);
	assert_int_equal(t.why.kind, ERR_CONFIG);
	assert_non_null(strstr(t.why.text, "3D000"));
}

static void test_a_silent_server_is_left(void **state)
{
	char where[300];
	const char *folder = getenv("ANSWERD_TEST_FOLDER");
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct mono before;

	(void)state;
	/* The test itself listens there and says nothing. */
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/.s.PGSQL.9999", folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 5), 0);
	(void)snprintf(where, sizeof(where), "host=%s port=9999 dbname=postgres user=nobody",
		       folder);
	open_db(where, NULL, NULL);
	before = loop_mono(loop);
	run_until(0, 0, 1, 0);
	assert_true(dur_seconds(mono_since(before, loop_mono(loop))) < 12);
	assert_int_equal(t.why.kind, ERR_RETRY);
	(void)close(fd);
}

/* A failover leaves us at a server that is the primary no more. */
static void test_a_read_only_server_is_left(void **state)
{
	char anyhow[400];
	const char *rw = conninfo;

	(void)state;
	sync_run("DROP TABLE IF EXISTS public.kept; CREATE TABLE public.kept (n int);");
	open_db(conninfo, NULL, NULL);
	ask("kept_insert", "INSERT INTO public.kept VALUES (1)");
	assert_true(last_answer()->is_ok);
	(void)snprintf(anyhow, sizeof(anyhow), "%s target_session_attrs=any", conninfo);
	conninfo = anyhow;
	sync_run("ALTER SYSTEM SET default_transaction_read_only = on");
	sync_run("SELECT pg_reload_conf()");
	do {
		ask("kept_insert", "INSERT INTO public.kept VALUES (1)");
	} while (last_answer()->is_ok);
	assert_string_equal(t.answers[t.n_answers - 1].sqlstate, "25006");
	assert_int_equal(t.answers[t.n_answers - 1].kind, ERR_RETRY);
	run_until(0, 0, 2, 0);
	assert_false(db_is_up(t.db));
	assert_non_null(strstr(t.why.text, "read-only"));
	sync_run("ALTER SYSTEM RESET default_transaction_read_only");
	sync_run("SELECT pg_reload_conf()");
	run_until(0, 2, 0, 0);
	ask("kept_insert", "INSERT INTO public.kept VALUES (1)");
	assert_true(last_answer()->is_ok);
	conninfo = rw;
}

/* A server that is frozen in the middle of work, for half a minute: only where somebody has time. */
static void test_a_frozen_server_is_left(void **state)
{
	int64_t pid;

	(void)state;
	if (getenv("ANSWERD_TEST_SLOW") == NULL) {
		skip();
	}
	open_db(conninfo, NULL, "-c statement_timeout=1000");
	ask("pid", "SELECT pg_backend_pid()");
	pid = strtoll(last_answer()->value, NULL, 10);
	assert_int_equal(kill((pid_t)pid, SIGSTOP), 0);
	ask("fine", "SELECT 1");
	assert_int_equal(last_answer()->kind, ERR_UNSURE);
	run_until(0, 2, 0, 0);
	assert_int_equal(kill((pid_t)pid, SIGCONT), 0);
	ask("fine", "SELECT 1");
	assert_true(last_answer()->is_ok);
}

static void test_much_goes_both_ways(void **state)
{
	size_t n = (size_t)20 * 1024 * 1024;
	char *big = malloc(n);
	struct db_params *p = db_params_create();

	(void)state;
	memset(big, 'x', n);
	open_db(conninfo, NULL, NULL);
	/* The server writes 60 MB while we still send 20 MB: who waits only for writing waits for
	 * ever (LIBS §3.4). */
	ask("flood", "SELECT repeat('y', 1000) FROM generate_series(1, 60000)");
	db_add_text(p, (struct text){ big, n });
	send_params("big", "SELECT length($1::text)", &p);
	free(big);
	assert_string_equal(last_answer()->value, "20971520");
	assert_int_equal(t.answers[0].n_rows, 60000);
}

static void test_room_is_limited(void **state)
{
	struct db_options o = { .conninfo = conninfo, .max_queued = 3 };
	struct db_params *p = NULL;

	(void)state;
	memset(&t, 0, sizeof(t));
	t.db = db_create(loop, &o, &events, NULL);
	db_start(t.db);
	for (int i = 0; i < 3; i++) {
		ask("fine", "SELECT 1");
	}
	assert_false(db_has_room(t.db));
	p = db_params_create();
	assert_false(db_send(t.db, "fine", "SELECT 1", &p, done, NULL));
	assert_non_null(p);
	db_params_destroy(&p);
	assert_true(last_answer()->is_ok);
	assert_true(db_has_room(t.db));
}

static void test_roles(void **state)
{
	struct db_options o = { .conninfo = conninfo,
				.role = "answerd_test_role",
				.max_queued = 3 };

	(void)state;
	assert_true(db_names_user("user=x"));
	assert_true(db_names_user("postgresql://x@/y"));
	assert_false(db_names_user("postgresql:///y"));
	assert_false(db_names_user("dbname=user"));
	sync_run("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = "
		 "'answerd_test_role')"
		 " THEN CREATE ROLE answerd_test_role; END IF; END $$;");
	memset(&t, 0, sizeof(t));
	t.db = db_create(loop, &o, &events, NULL);
	db_start(t.db);
	ask("who", "SELECT current_user");
	assert_string_equal(last_answer()->value, "answerd_test_role");
}

static void test_sync_script_says_where(void **state)
{
	struct err err = { .kind = ERR_NONE };
	struct db_sync *s = db_sync_open(conninfo, NULL, "answerd test", &err);
	struct db_result r;
	const char *params[] = { "5" };

	(void)state;
	assert_non_null(s);
	assert_false(db_sync_script(s, "SELECT 1;\nSELECT 2;\nSELECT nothing_like_it;", &err));
	assert_non_null(strstr(err.text, "line 3"));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_true(db_sync_query(s, "SELECT $1::int + 1", params, 1, &r, &err));
	assert_int_equal(db_i64(&r, 0, 0), 6);
	db_sync_close(&s);
	assert_null(s);
	s = db_sync_open("host=/nowhere", NULL, "answerd test", &err);
	assert_null(s);
	assert_int_equal(err.kind, ERR_RETRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_answers_come_in_order),
		T(test_session_is_as_the_house_wants_it),
		T(test_a_failing_unit_fails_alone),
		T(test_a_statement_that_cannot_be_prepared_fails_alone),
		T(test_a_commit_that_fails_is_a_failure),
		T(test_our_own_errors_speak),
		T(test_arrays_go_round),
		T(test_a_killed_backend_is_replaced),
		T(test_an_idle_connection_that_dies_is_replaced),
		T(test_a_restarted_server_is_found),
		T(test_notifications_arrive),
		T(test_destroyed_inside_an_answer),
		T(test_other_hosts_are_tried),
		T(test_a_silent_server_is_left),
		T(test_a_read_only_server_is_left),
		T(test_a_frozen_server_is_left),
		T(test_much_goes_both_ways),
		T(test_room_is_limited),
		T(test_roles),
		T(test_sync_script_says_where),
	};

	conninfo = getenv("ANSWERD_TEST_DATABASE");
	if (conninfo == NULL) {
		print_message("skipped: ANSWERD_TEST_DATABASE is not set (see with_postgres.py)\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
