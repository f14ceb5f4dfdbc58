/* What this protects: `answer` finds the desk by the configuration's one section, whatever is wrong with the rest of it, and says what is wrong with
 * that section. */
#include <stdlib.h>
#include <unistd.h>

#include "daemon/conf/conf.h"
#include "tests/cm.h"

#define BROKEN "brands = { b = { accounts = { a = { platform = \"nonsense\"; }; }; };\n"

static bool find(struct arena *a, const char *text, struct conf_listener **ret, size_t *ret_n,
		 struct conf_problem *why)
{
	char path[] = "/tmp/answerd-desk-XXXXXX";
	int fd = mkstemp(path);
	bool is_found;

	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
	is_found = conf_find_desk(a, path, ret, ret_n, why);
	assert_int_equal(unlink(path), 0);
	return is_found;
}

static void test_where_it_is(void **state)
{
	struct arena *a = arena_create(/* max_bytes= */ 1024 * 1024);
	struct conf_listener *listen = NULL;
	struct conf_problem why;
	size_t n = 0;

	(void)state;
	assert_true(find(a, BROKEN "}; desk = { listen = [\"127.0.0.1:8701\", \"/run/x.sock\"]; };",
			 &listen, &n, &why));
	assert_int_equal(n, 2);
	assert_int_equal(listen[0].port, 8701);
	assert_true(text_eq(listen[0].host, TEXT("127.0.0.1")));
	assert_true(listen[1].is_unix);
	assert_true(text_eq(listen[1].address, TEXT("/run/x.sock")));
	assert_true(find(a, BROKEN "};", &listen, &n, &why));
	assert_int_equal(n, 1);
	assert_true(text_eq(listen[0].address, TEXT("/run/answerd/desk.sock"))); /* as shipped */
	arena_destroy(&a);
}

static void test_why_not(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ BROKEN "desk = ", "look for a missing quote" },
		{ "desk = { listen = [\"nowhere\"]; };", ":1: " },
		{ "desk = { lisen = [\"/run/x.sock\"]; };", "listen" },
		{ "desk = [];", "is a group" },
	};
	struct arena *a = arena_create(/* max_bytes= */ 1024 * 1024);
	struct conf_listener *listen = NULL;
	struct conf_problem why;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(find(a, cases[i].text, &listen, &n, &why));
		assert_true(why.is_error);
		assert_non_null(strstr(why.text, cases[i].why));
		assert_null(listen);
	}
	assert_false(conf_find_desk(a, "/nowhere/answerd.conf", &listen, &n, &why));
	assert_non_null(strstr(why.text, "/nowhere/answerd.conf: it cannot be read"));
	arena_destroy(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_it_is),
		cmocka_unit_test(test_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
