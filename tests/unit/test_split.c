/* Protects how a reply is counted, signed and cut: what the customer reads is what the person wrote, and no part is too long for its
 * platform. */
#include "tests/cm.h"

#include "answerd/posting.h"
#include "daemon/desk/split.h"

#define ARENA (64u * 1024 * 1024)

static struct connector platform(enum length_unit unit, int64_t most)
{
	return (struct connector){ .name = "paper",
				   .can = { .length_unit = unit, .max_length = most } };
}

static int64_t length_of(enum length_unit unit, const char *words)
{
	struct connector c = platform(unit, 10);
	struct split s = { .connector = &c };
	int64_t length, most;

	split_measure(&s, text_of(words), &length, &most);
	assert_int_equal(most, 10);
	return length;
}

static void test_counts(void **state)
{
	(void)state;
	/* é as two code points, a family of four, a flag */
	static const char words[] = "e\xcc\x81 \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9 "
				    "\xf0\x9f\x87\xac\xf0\x9f\x87\xa7";

	assert_int_equal(length_of(LENGTH_CHARACTERS, words), 9);
	assert_int_equal(length_of(LENGTH_GRAPHEMES, words), 5);
	assert_int_equal(length_of(LENGTH_UTF16, words), 13);
	assert_int_equal(length_of(LENGTH_BYTES, words), (int64_t)sizeof(words) - 1);
	assert_int_equal(length_of(LENGTH_WEIGHTED, "plain \xe2\x80\x9cwords\xe2\x80\x9d"), 13);
	assert_int_equal(length_of(LENGTH_WEIGHTED, "\xe6\x97\xa5\xe6\x9c\xac"), 4);
	assert_int_equal(length_of(LENGTH_WEIGHTED,
				   "see https://shop.example/a/very/long/address/of/some/thing"),
			 27);
}

static size_t split(struct arena *a, const struct connector *c, const char *name, bool is_parts,
		    struct text body, struct text *ret, struct err *err)
{
	struct split s = { .connector = c, .signature = text_of(name), .is_parts = is_parts };
	size_t n = 0;

	return split_words(a, &s, body, ret, &n, err) ? n : 0;
}

static void test_signature(void **state)
{
	struct connector c = platform(LENGTH_GRAPHEMES, 30);
	struct arena *a = arena_create(ARENA);
	struct text words[SPLIT_MOST];
	struct err err = { 0 };

	(void)state;
	assert_int_equal(split(a, &c, "Maria", false, TEXT("It is here.\n"), words, &err), 1);
	assert_true(text_eq(words[0], TEXT("It is here.\n\xe2\x80\x94 Maria")));
	assert_int_equal(split(a, &c, "Maria", false, TEXT("Yours, Maria."), words, &err), 1);
	assert_true(text_eq(words[0], TEXT("Yours, Maria.")));
	/* It fits without the name and not with it: that counts. */
	assert_int_equal(
		split(a, &c, "Maria", false, TEXT("Twenty-seven letters there."), words, &err), 0);
	assert_int_equal(err.kind, ERR_DATA);
	assert_non_null(strstr(err.text, "35 characters"));
	assert_non_null(strstr(err.text, "--parts"));
	arena_destroy(&a);
}

/* Every word in its order, nothing else, each part within the limit. */
static void judge(struct arena *a, const struct connector *c, struct text body)
{
	struct text words[SPLIT_MOST], piece;
	struct strbuf all;
	struct err err = { 0 };
	size_t n = split(a, c, "Jo", true, body, words, &err);
	int64_t length, most;
	struct split s = { .connector = c };

	assert_true(n > 1);
	strbuf_init(&all, ARENA);
	for (size_t i = 0; i < n; i++) {
		struct text number = text_printf(a, " (%zu/%zu)", i + 1, n);
		size_t at = text_find(words[i], number, 0);

		split_measure(&s, words[i], &length, &most);
		assert_true(length <= most);
		assert_true(at != SIZE_MAX);
		piece = text_slice(words[i], 0, at);
		strbuf_add(&all, piece);
	}
	/* White space at the cuts is the only thing that may be gone. */
	for (size_t i = 0, k = 0; i < body.len || k < all.len;) {
		if (i < body.len && (body.at[i] == ' ' || body.at[i] == '\n')) {
			i++;
		} else if (k < all.len && (all.at[k] == ' ' || all.at[k] == '\n')) {
			k++;
		} else {
			assert_true(i < body.len && k < all.len && body.at[i++] == all.at[k++]);
		}
	}
	strbuf_done(&all);
}

static void test_parts(void **state)
{
	static const enum length_unit units[] = { LENGTH_CHARACTERS, LENGTH_GRAPHEMES,
						  LENGTH_WEIGHTED, LENGTH_UTF16, LENGTH_BYTES };
	struct arena *a = arena_create(ARENA);
	struct strbuf b;

	(void)state;
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		struct connector c = platform(units[u], 120);

		strbuf_init(&b, ARENA);
		for (int i = 0; i < 40; i++) {
			strbuf_printf(&b, "Word%d \xe6\x97\xa5\xe6\x9c\xac%s", i,
				      i % 7 == 6    ? ". "
				      : i % 11 == 0 ? "\n\n"
						    : " ");
		}
		judge(a, &c, text_trim(strbuf_text(&b)));
		strbuf_done(&b);
		/* One word without an end, and a text that is too long for its signature alone. */
		judge(a, &c, text_printf(a, "%0300d", 7));
		judge(a, &c,
		      text_printf(a, "%s %058d",
				  "It fits, and its signature does not, so that there is a second "
				  "part of it. ab",
				  1));
	}
	arena_destroy(&a);
}

static void test_too_many_parts(void **state)
{
	struct connector c = platform(LENGTH_BYTES, 50);
	struct arena *a = arena_create(ARENA);
	struct text words[SPLIT_MOST];
	struct err err = { 0 };

	(void)state;
	assert_int_equal(split(a, &c, "", true, text_printf(a, "%05000d", 1), words, &err), 0);
	assert_int_equal(err.kind, ERR_DATA);
	arena_destroy(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_too_many_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
