/* What this protects: whatever happens to the connection, every unit of work is answered exactly once, and
 * the next good server is found. */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/io/house.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_a_killed_backend_is_replaced),
		T(test_an_idle_connection_that_dies_is_replaced),
		T(test_a_restarted_server_is_found),
		T(test_notifications_arrive),
		T(test_destroyed_inside_an_answer),
		T(test_other_hosts_are_tried),
		T(test_a_silent_server_is_left),
		T(test_a_read_only_server_is_left),
		T(test_a_frozen_server_is_left),
	};

	return house_find() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
