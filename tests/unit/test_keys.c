/* Protects RELIABILITY S8-S12: what is a key, a cookie, a token and a code, and what is none. */
#include "tests/cm.h"

#include "answerd/arena.h"
#include "daemon/desk/keys.h"
#include "daemon/desk/password.h"

#define SECRET                                                                                     \
	"3132333435363738393031323334353637383930" /* RFC 6238, Appendix B: "12345678901234567890" */

static void test_keys_are_formed_and_differ(void **state)
{
	char one[KEY_BYTES], two[KEY_BYTES], hash[KEY_HASH_BYTES];

	(void)state;
	key_make(one);
	key_make(two);
	assert_true(key_is_formed(text_of(one)) && key_is_formed(text_of(two)));
	assert_string_not_equal(one, two);
	assert_false(key_is_formed(TEXT("")) || key_is_formed(TEXT("short")));
	one[7] = '/';
	assert_false(key_is_formed(text_of(one)));
	key_hash(TEXT("abc"), hash);
	assert_string_equal(hash,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	key_hash(TEXT_NONE, hash);
	assert_string_equal(hash,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_true(key_is_same(TEXT("ab"), TEXT("ab")));
	assert_false(key_is_same(TEXT("ab"), TEXT("ac")) || key_is_same(TEXT("ab"), TEXT("abc")) ||
		     key_is_same(TEXT(""), TEXT("")));
}

static void test_cookies(void **state)
{
#define GOOD "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	static const struct {
		const char *header;
		bool is_found;
	} rows[] = {
		{ KEY_COOKIE "=" GOOD, true },
		{ "a=b; " KEY_COOKIE "=" GOOD "; c", true },
		{ "a=b;" KEY_COOKIE "=" GOOD ";", true },
		{ "", false },
		{ ";;;=;", false },
		{ KEY_COOKIE, false },
		{ KEY_COOKIE "=", false },
		{ KEY_COOKIE "=" GOOD "A", false },
		{ KEY_COOKIE "=\"" GOOD "\"", false },
		{ "__host-session=" GOOD, false },
		{ "x" KEY_COOKIE "=" GOOD, false },
		{ "Session=" GOOD, false },
		/* Somebody planted one: then neither. */
		{ KEY_COOKIE "=" GOOD "; " KEY_COOKIE "=" GOOD, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text key = TEXT_NONE;

		assert_int_equal(key_of_cookie(text_of(rows[i].header), &key), rows[i].is_found);
		assert_true(!rows[i].is_found || text_eq(key, TEXT(GOOD)));
	}
	assert_false(key_of_cookie(TEXT_NONE, &(struct text){ 0 }));
}

static void test_the_page_s_token(void **state)
{
	char a[KEY_BYTES], b[KEY_BYTES], again[KEY_BYTES];

	(void)state;
	key_csrf(TEXT(GOOD), a);
	key_csrf(TEXT("BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), b);
	key_csrf(TEXT(GOOD), again);
	assert_true(key_is_formed(text_of(a)));
	assert_string_equal(a, again);
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, GOOD);
}

static void test_tokens(void **state)
{
	char token[KEY_TOKEN_BYTES];

	(void)state;
	key_make_token(token);
	assert_true(key_is_token(text_of(token)));
	assert_false(key_is_token(TEXT("")) || key_is_token(text_slice(text_of(token), 0, 53)) ||
		     key_is_token(text_slice(text_of(token), 1, 53)));
	for (size_t i = 0; i < KEY_TOKEN_BYTES - 1; i++) {
		char was = token[i];

		token[i] = was == 'A' ? 'B' : 'A';
		assert_false(key_is_token(text_of(token))); /* each single typing error */
		token[i] = was;
	}
}

/* RFC 6238, Appendix B: the last six of its eight digits. */
static void test_codes(void **state)
{
	static const struct {
		int64_t s;
		const char *code;
	} rows[] = {
		{ 59, "287082" },         { 1111111109, "081804" }, { 1111111111, "050471" },
		{ 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" }
	};
	char recovery[KEY_HASH_BYTES];
	int64_t step;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text code = text_of(rows[i].code);
		int64_t wanted = rows[i].s / 30;

		for (int at = -2; at <= 2; at++) {
			struct wall now = { (wanted + at) * 30 * 1000000 };

			assert_int_equal(code_find(TEXT(SECRET), code, now, &step, recovery),
					 at >= -1 && at <= 1);
			assert_true(at < -1 || at > 1 || step == wanted);
			assert_int_equal(recovery[0], '\0');
		}
	}
	assert_false(code_find(TEXT(SECRET), TEXT(""), (struct wall){ 59000000 }, &step, recovery));
	assert_false(
		code_find(TEXT(SECRET), TEXT("28708"), (struct wall){ 59000000 }, &step, recovery));
	assert_false(
		code_find(TEXT(""), TEXT("287082"), (struct wall){ 59000000 }, &step, recovery));
	assert_false(
		code_find(TEXT("zz"), TEXT("287082"), (struct wall){ 59000000 }, &step, recovery));
}

static void test_recovery_codes(void **state)
{
	static const char *const same[] = { "ABCD-EFGH-2345-WXYZ", "abcdefgh2345wxyz",
					    "abcd efgh 2345 wxyz", "-a-b-c-d-EFGH2345WXYZ-" };
	static const char *const none[] = { "ABCD-EFGH-2345-WXY", "ABCD-EFGH-2345-WXYZA",
					    "ABCD-EFGH-1345-WXYZ", "ABCD_EFGH_2345_WXYZ", "-" };
	char first[KEY_HASH_BYTES], other[KEY_HASH_BYTES];
	int64_t step;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_true(code_find(TEXT(SECRET), text_of(same[i]), (struct wall){ 0 }, &step,
				      i == 0 ? first : other));
		assert_int_equal(step, 0);
		assert_string_equal(i == 0 ? first : other, first);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(code_find(TEXT(SECRET), text_of(none[i]), (struct wall){ 0 }, &step,
				       other));
	}
}

static void test_base32(void **state)
{
	static const char *const rows[][2] = {
		{ "f", "MY" },         { "fo", "MZXQ" },        { "foo", "MZXW6" },
		{ "foob", "MZXW6YQ" }, { "fooba", "MZXW6YTB" }, { "foobar", "MZXW6YTBOI" }
	};
	struct arena *a = arena_create(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(text_eq(
			key_base32(a, (const unsigned char *)rows[i][0], strlen(rows[i][0])),
			text_of(rows[i][1])));
	}
	arena_destroy(&a);
}

static void test_passwords(void **state)
{
	static const char *const good[] = { "correct horse battery", "twelve chars",
					    "żółć gęślą jaźń", "            x" };
	static const char *const bad[] = { "", "eleven char", "Ann.Antonia.Ash",
					   "ａｎｎ．ａｎｔｏｎｉａ．ａｓｈ" };
	struct secret one = { 0 }, two = { 0 };
	char long_one[2 * PASSWORD_BYTES];
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(password_normalise(text_of(good[i]), &one));
		assert_true(password_judge(secret_reveal(&one), TEXT("ann.antonia.ash"), &err));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(password_normalise(text_of(bad[i]), &one) &&
			     password_judge(secret_reveal(&one), TEXT("ann.antonia.ash"), &err));
	}
	/* Composed and decomposed, narrow and wide: the same password on every keyboard. */
	assert_true(password_normalise(TEXT("caf\xc3\xa9 \xef\xac\x81"), &one) &&
		    password_normalise(TEXT("cafe\xcc\x81 fi"), &two));
	assert_true(text_eq(secret_reveal(&one), secret_reveal(&two)));
	memset(long_one, 'x', sizeof(long_one));
	assert_false(password_normalise((struct text){ long_one, sizeof(long_one) }, &one));
	assert_false(password_normalise(TEXT("bad \xff bytes here"), &one));
	secret_done(&one);
	secret_done(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_formed_and_differ),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_the_page_s_token),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_recovery_codes),
		cmocka_unit_test(test_base32),
		cmocka_unit_test(test_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
