/* Protects S1: what is sealed opens with the same key in the same place only, and never twice the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/seal.h"

static void test_opens_where_it_was_closed(void **state)
{
	struct arena *a = arena_create(/* max_bytes= */ 65536);
	struct text plain = TEXT("{\"access\":\"abc\"}");
	struct text first = seal_close(a, TEXT("app password"), TEXT("here"), plain);
	struct text second = seal_close(a, TEXT("app password"), TEXT("here"), plain);
	struct secret opened = { 0 };

	(void)state;
	assert_false(text_eq(first, second));
	assert_int_equal(text_find(first, TEXT("abc"), 0), SIZE_MAX);
	assert_true(seal_open(TEXT("app password"), TEXT("here"), first, &opened));
	assert_true(text_eq(secret_reveal(&opened), plain));
	assert_false(seal_open(TEXT("other"), TEXT("here"), first, &opened));
	assert_false(seal_open(TEXT("app password"), TEXT("there"), first, &opened));
	secret_done(&opened);
	arena_destroy(&a);
}

/* Cut anywhere and changed anywhere: false, no crash. */
static void test_refuses_what_was_changed(void **state)
{
	struct arena *a = arena_create(/* max_bytes= */ 65536);
	struct text sealed = seal_close(a, TEXT("k"), TEXT("p"), TEXT("secret words"));
	struct secret opened = { 0 };

	(void)state;
	for (size_t i = 0; i < sealed.len; i++) {
		char *copy = text_cstr(a, sealed);

		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		assert_false(seal_open(TEXT("k"), TEXT("p"), (struct text){ copy, sealed.len },
				       &opened));
		assert_false(seal_open(TEXT("k"), TEXT("p"), text_slice(sealed, 0, i), &opened));
	}
	assert_false(secret_is_set(&opened));
	arena_destroy(&a);
}

/* The library reads some bytes above 0x7f as letters: one text would have several spellings. */
static void test_has_one_spelling(void **state)
{
	struct arena *a = arena_create(/* max_bytes= */ 1024 * 1024);
	struct text sealed = seal_close(a, TEXT("k"), TEXT("p"), TEXT("secret words"));
	char *copy = text_cstr(a, sealed);
	struct secret opened = { 0 };

	(void)state;
	for (size_t i = 0; i < sealed.len; i++) {
		for (int byte = 0; byte <= 0xff; byte++) {
			copy[i] = (char)byte;
			assert_true(copy[i] == sealed.at[i] ||
				    !seal_open(TEXT("k"), TEXT("p"),
					       (struct text){ copy, sealed.len }, &opened));
		}
		copy[i] = sealed.at[i];
	}
	assert_false(secret_is_set(&opened));
	arena_destroy(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_where_it_was_closed),
		cmocka_unit_test(test_refuses_what_was_changed),
		cmocka_unit_test(test_has_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
