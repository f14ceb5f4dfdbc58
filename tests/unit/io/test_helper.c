/* Protects what stops no loop: a piece goes to a process beside ours; its death costs the piece that it had and no other. */
#include "tests/cm.h"

#include <stdio.h>
#include <unistd.h>

#include "daemon/io/helper.h"

struct heard {
	struct loop *loop;
	int n, n_lost, until;
	char words[8][16];
};

/* "die" kills it, all else comes back with the number of those that it did before. */
static size_t work(const void *piece, size_t n, void *answer)
{
	static int n_done;

	if (n == 3 && memcmp(piece, "die", 3) == 0) {
		_exit(7);
	}
	return (size_t)snprintf(answer, HELPER_BYTES, "%.*s %d", (int)n, (const char *)piece,
				n_done++);
}

static void done(const void *answer, size_t n, void *owner)
{
	struct heard *h = owner;

	if (n == 0) {
		h->n_lost++;
	} else {
		(void)snprintf(h->words[h->n], sizeof(h->words[0]), "%.*s", (int)n,
			       (const char *)answer);
	}
	if (++h->n == h->until) {
		loop_stop(h->loop);
	}
}

static void test_pieces_in_order_and_a_death(void **state)
{
	struct heard h = { .loop = loop_create(), .until = 4 };
	struct helper *helper = helper_create(h.loop, work, 4);
	static const char *const pieces[] = { "one", "two", "die", "four" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_true(helper_ask(helper, pieces[i], strlen(pieces[i]), done, &h));
		assert_int_equal(h.n, 0); /* never from inside */
	}
	assert_false(helper_ask(helper, "five", 4, done, &h)); /* as many wait as may */
	loop_run(h.loop);
	assert_string_equal(h.words[0], "one 0");
	assert_string_equal(h.words[1], "two 1");
	assert_int_equal(h.n_lost, 1);
	assert_string_equal(h.words[3], "four 0"); /* of another one */
	/* Nothing waits: it may die unseen, the next piece starts another. */
	h.until = 5;
	assert_true(helper_ask(helper, "six", 3, done, &h));
	loop_run(h.loop);
	assert_string_equal(h.words[4], "six 1");
	assert_true(helper_ask(helper, "die", 3, done,
			       &h)); /* destroyed with a piece under way: nobody is called */
	helper_destroy(&helper);
	assert_null(helper);
	assert_int_equal(h.n, 5);
	loop_destroy(&h.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pieces_in_order_and_a_death) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
