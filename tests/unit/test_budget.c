/* Protects I14: in no stretch of a platform's window more than it allows, never deaf, replies first; also across workers. */
#include "answerd/arena.h"
#include "daemon/listen/inside.h"
#include "tests/cm.h"

#define MOST     60
#define WINDOW_S 60
#define HOURS    2
#define ROOM     (HOURS * 3600 * 20)

static const struct connector_can CAN = { .budget_requests = MOST, .budget_window_s = WINDOW_S };
static const struct wall WALL = { INT64_C(1763883000) * 1000000 };

static struct mono at_ms(int64_t ms)
{
	return (struct mono){ INT64_C(77000000123) + ms * 1000 };
}

/* When something was asked, in order. */
static int64_t asked[ROOM];
static size_t n_asked;

static size_t most_in_window(void)
{
	size_t first = 0, most = 0;

	for (size_t i = 0; i < n_asked; i++) {
		while (asked[i] - asked[first] >= WINDOW_S * 1000) {
			first++;
		}
		if (i - first + 1 > most) {
			most = i - first + 1;
		}
	}
	return most;
}

/* Asks whenever it may, as history that has no end does. */
static void ask_greedily(struct budget *b, int64_t from_ms, int64_t until_ms)
{
	for (int64_t ms = from_ms; ms < until_ms; ms += 50) {
		struct mono again = { 0 };

		if (budget_may_ask(b, &CAN, at_ms(ms), WALL, &again)) {
			budget_asked(b, &CAN, at_ms(ms));
			asked[n_asked++] = ms;
		} else {
			assert_true(mono_before(at_ms(ms), again)); /* never a time that is over */
		}
	}
}

static int64_t longest_silence(void)
{
	int64_t longest = 0;

	for (size_t i = 1; i < n_asked; i++) {
		longest = asked[i] - asked[i - 1] > longest ? asked[i] - asked[i - 1] : longest;
	}
	return longest;
}

static void test_four_fifths_in_any_stretch(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b);
	n_asked = 0;
	ask_greedily(&b, 0, HOURS * 3600 * 1000);
	assert_in_range(most_in_window(), MOST / 2, MOST * 4 / 5 + 1);
	assert_true(n_asked > HOURS * 3600 / WINDOW_S * MOST * 9 / 20); /* and no miser */
	assert_true(longest_silence() <= WINDOW_S * 1000 / (MOST / 10) + 50);
}

static void test_listening_yields_to_replies(void **state)
{
	struct budget b;
	size_t before;

	(void)state;
	budget_init(&b);
	n_asked = 0;
	budget_spent(&b, &CAN, MOST * 7 / 10, at_ms(0));
	ask_greedily(&b, 0, WINDOW_S * 1000);
	assert_in_range(n_asked, 2, MOST / 10 + 1); /* not deaf, and within what is allowed */
	before = n_asked;
	ask_greedily(&b, 2 * WINDOW_S * 1000, 2 * WINDOW_S * 1000 + 1000);
	assert_true(n_asked - before >= MOST / 4); /* a window later they are forgotten */
}

/* A round of rechecks is begun, and news are heard all the same. */
static void test_what_is_no_news_leaves_room(void **state)
{
	struct budget b;
	int n_rechecks = 0;

	(void)state;
	budget_init(&b);
	n_asked = 0;
	for (int64_t ms = 0; ms < WINDOW_S * 1000; ms += 50) {
		struct mono now = at_ms(ms), again = { 0 };
		bool is_news = ms % 10000 == 0;

		if (!budget_may_ask(&b, &CAN, now, WALL, &again)) {
			assert_false(is_news);
			continue;
		}
		if (is_news || !mono_before(now, budget_background_at(&b, &CAN, now, WALL))) {
			budget_asked(&b, &CAN, now);
			asked[n_asked++] = ms;
			if (!is_news) {
				b.background_at = now;
				n_rechecks++;
			}
		}
	}
	assert_in_range(n_rechecks, MOST * 3 / 10, MOST * 6 / 10);
	assert_true(most_in_window() <= MOST * 4 / 5);
}

static void test_counts_go_with_the_account(void **state)
{
	struct arena *arena = arena_create(/* max_bytes= */ 65536);
	struct budget b;
	int64_t ms = 0;

	(void)state;
	budget_init(&b);
	n_asked = 0;
	for (int worker = 0; worker < 40; worker++) {
		struct budget_facts f, read = { 0 };

		ask_greedily(&b, ms, ms + 7000);
		f = budget_tell(&b, &CAN, at_ms(ms + 7000), WALL);
		budget_read(budget_write(&f, arena), &read);
		assert_memory_equal(read.used, f.used, sizeof(f.used));
		ms += 9000;
		read.age_us = 2000000;
		budget_restore(&b, &CAN, &read, /* is_exact= */ true, at_ms(ms), WALL);
	}
	assert_in_range(most_in_window(), MOST / 2, MOST * 9 / 10);
	arena_destroy(&arena);
}

/* What was asked after the last heartbeat is known to nobody. */
static void test_after_a_kill_only_a_few(void **state)
{
	struct budget_facts f;
	struct budget b;
	int64_t ms = 0;

	(void)state;
	budget_init(&b);
	n_asked = 0;
	f = budget_tell(&b, &CAN, at_ms(ms), WALL);
	for (int worker = 0; worker < 12; worker++) {
		ask_greedily(&b, ms, ms + 5000);
		ms += 5000;
		f.age_us = 5000000;
		budget_restore(&b, &CAN, &f, /* is_exact= */ false, at_ms(ms), WALL);
		f = budget_tell(&b, &CAN, at_ms(ms), WALL);
	}
	assert_true(most_in_window() <= MOST);
}

static void test_what_the_platform_says_counts_more(void **state)
{
	struct rate told = { .is_known = true,
			     .limit = 100,
			     .remaining = 23,
			     .reset_at = wall_add(WALL, DUR_S(9)) };
	struct mono again = { 0 };
	struct budget b;

	(void)state;
	budget_init(&b);
	budget_spent(&b, &CAN, 1000, at_ms(0));
	budget_told(&b, &told);
	for (int i = 0; i < 3; i++) {
		assert_true(budget_may_ask(&b, &CAN, at_ms(i), WALL, &again));
		budget_asked(&b, &CAN, at_ms(i));
	}
	assert_false(budget_may_ask(&b, &CAN, at_ms(3), WALL, &again)); /* a fifth is kept */
	assert_int_equal(again.us, mono_add(at_ms(3), DUR_S(9)).us);
	assert_true(budget_may_ask(&b, &CAN, at_ms(9000), wall_add(WALL, DUR_S(10)), &again));
}

static void test_spoilt_counts(void **state)
{
	static const char *const words[] = { "", ",", "x", "1,2,,-3,99999999999999999999,4",
					     "1 2 3" };
	struct budget b;
	struct mono again;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct budget_facts f = { .age_us = -5 };

		budget_read(text_of(words[i]), &f);
		budget_restore(&b, &CAN, &f, /* is_exact= */ true, at_ms(0), WALL);
		assert_true(budget_may_ask(&b, &CAN, at_ms(0), WALL, &again));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_four_fifths_in_any_stretch),
		cmocka_unit_test(test_listening_yields_to_replies),
		cmocka_unit_test(test_what_is_no_news_leaves_room),
		cmocka_unit_test(test_counts_go_with_the_account),
		cmocka_unit_test(test_after_a_kill_only_a_few),
		cmocka_unit_test(test_what_the_platform_says_counts_more),
		cmocka_unit_test(test_spoilt_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
