/* What this protects: a unit of work is committed or it is not there, is answered exactly once and in
 * order; arrays arrive as they were sent. */
#include <stdio.h>

#include "tests/unit/io/house.h"

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
		T(test_much_goes_both_ways),
		T(test_room_is_limited),
		T(test_roles),
		T(test_sync_script_says_where),
	};

	return house_find() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
