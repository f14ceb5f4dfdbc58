/* Protects what colleagues see of each other at a conversation: who is there and who types, never oneself, forgotten in time, and never
 * more than there is room for. */
#include "tests/cm.h"

#include "daemon/desk/presence.h"

static struct mono at(int64_t s)
{
	return (struct mono){ (s + 1) * 1000000 };
}

static bool say(struct presence *p, int64_t conversation, int64_t staff, bool is_typing, int64_t s)
{
	return presence_take(p, &(struct presence_note){ .conversation = conversation,
							 .staff = staff,
							 .login = TEXT("ann"),
							 .name = TEXT("Ann \"A\" Ash"),
							 .is_typing = is_typing,
							 .now = at(s),
							 .at = { 1795341600000000 } });
}

static void assert_there(struct presence *p, int64_t conversation, int64_t but, int64_t s,
			 const char *want)
{
	scoped(strbuf_done) struct strbuf b = { 0 };

	strbuf_init(&b, 64u * 1024);
	presence_print(p, &b, conversation, but, at(s));
	assert_string_equal(b.at, want);
}

#define ANN(typing)                                                                                \
	"[{\"login\": \"ann\", \"name\": \"Ann \\\"A\\\" Ash\", \"is_typing\": " typing            \
	", \"since\": \"2026-11-22T10:00:00.000000Z\"}]"

static void test_seen_by_others(void **state)
{
	struct presence *p = presence_create();

	(void)state;
	assert_true(say(p, 7, 1, false, 0));
	assert_there(p, 7, 2, 0, ANN("false"));
	assert_there(p, 7, 1, 0, "[]"); /* never oneself */
	assert_there(p, 8, 2, 0, "[]"); /* nor elsewhere */
	assert_false(say(p, 7, 1, false, 20));
	assert_true(say(p, 7, 1, true, 21));
	assert_there(p, 7, 2, 21, ANN("true"));
	assert_true(say(p, 7, 1, true, 25)); /* goes on: told again */
	assert_there(p, 7, 2, 40, ANN("false"));
	assert_there(p, 7, 2, 75, "[]");
	assert_true(say(p, 7, 1, false, 80)); /* back again */
	assert_true(presence_take(
		p, &(struct presence_note){
			   .conversation = 7, .staff = 1, .is_gone = true, .now = at(81) }));
	assert_there(p, 7, 2, 81, "[]");
	presence_destroy(&p);
	assert_null(p);
}

static void test_bounded(void **state)
{
	struct presence *p = presence_create();

	(void)state;
	for (int64_t i = 0; i <= PRESENCE_MOST; i++) {
		(void)say(p, i, 1, false, 0);
	}
	assert_there(p, 0, 2, 0, "[]"); /* who spoke first made room */
	assert_there(p, 1, 2, 0, ANN("false"));
	assert_there(p, PRESENCE_MOST, 2, 0, ANN("false"));
	presence_destroy(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seen_by_others),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
