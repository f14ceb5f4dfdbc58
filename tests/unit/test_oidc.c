/* Protects signing in by a service (RELIABILITY S8, S9): what is signed by whom, what is true of it, and where on our page somebody goes on.
 * Keys are made here, so that nothing secret stands in the sources. */
#include "tests/cm.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdio.h>

#include "answerd/arena.h"
#include "answerd/strbuf.h"
#include "daemon/base/jws.h"
#include "daemon/desk/oidc.h"
#include "daemon/vouch/judge.h"

#define CLAIMS                                                                                     \
	"{\"iss\":\"https://"                                                                      \
	"i.example\",\"aud\":\"us\",\"sub\":\"7\",\"nonce\":\"n\",\"iat\":1000,"                   \
	"\"exp\":1300,\"email\":\"ann@acme.example\",\"email_verified\":true}"

static struct arena *arena;
static EVP_PKEY *rsa, *small, *curve;

static int set_up(void **state)
{
	(void)state;
	arena = arena_create(64u * 1024 * 1024);
	rsa = EVP_RSA_gen(2048);
	small = EVP_RSA_gen(1024);
	curve = EVP_EC_gen("P-256");
	return rsa != NULL && small != NULL && curve != NULL ? 0 : 1;
}

static int tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(small);
	EVP_PKEY_free(curve);
	arena_destroy(&arena);
	return 0;
}

static struct text b64(const void *bytes, size_t n)
{
	char *out = arena_alloc(
		arena, sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING));

	(void)sodium_bin2base64(
		out, sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING), bytes,
		n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return text_of(out);
}

static struct text number(EVP_PKEY *key, const char *name)
{
	unsigned char bytes[300];
	BIGNUM *n = NULL;
	int len;

	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &n), 1);
	len = strcmp(name, "n") == 0 || strcmp(name, "e") == 0 ? BN_bn2bin(n, bytes)
							       : BN_bn2binpad(n, bytes, 32);
	BN_free(n);
	return b64(bytes, (size_t)len);
}

static struct text rsa_key(EVP_PKEY *key, const char *more)
{
	struct text n = number(key, "n"), e = number(key, "e");

	return text_printf(arena, "{\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%.*s\"%s}", TEXT_ARG(n),
			   TEXT_ARG(e), more);
}

static struct text curve_key(const char *more)
{
	struct text x = number(curve, "qx"), y = number(curve, "qy");

	return text_printf(arena,
			   "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\"%s}",
			   TEXT_ARG(x), TEXT_ARG(y), more);
}

static struct text keys_of(struct text one, struct text two)
{
	return text_printf(arena, "{\"keys\":[%.*s%s%.*s]}", TEXT_ARG(one), two.len > 0 ? "," : "",
			   TEXT_ARG(two));
}

/* RS256; of the curve the library's own form, which is not the standard's: for what must be refused. */
static struct text token(EVP_PKEY *key, const char *header, const char *claims)
{
	struct text head = b64(header, strlen(header)), body = b64(claims, strlen(claims)), all,
		    sig;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char bytes[512];
	size_t n = sizeof(bytes);

	all = text_printf(arena, "%.*s.%.*s", TEXT_ARG(head), TEXT_ARG(body));
	assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(md, bytes, &n, (const unsigned char *)all.at, all.len), 1);
	EVP_MD_CTX_free(md);
	sig = b64(bytes, n);
	return text_printf(arena, "%.*s.%.*s", TEXT_ARG(all), TEXT_ARG(sig));
}

static enum jws_said said(struct text t, struct text keys)
{
	struct err err = { 0 };
	struct jws read = { 0 };

	return jws_read(arena, t, &read, &err) ? jws_verify(arena, &read, keys, &err) : JWS_BAD;
}

static void test_who_signed_it(void **state)
{
	struct text good = token(rsa, "{\"alg\":\"RS256\",\"kid\":\"a\"}", CLAIMS);
	struct text key = rsa_key(rsa, ",\"kid\":\"a\"");
	static const struct {
		const char *more;
		enum jws_said said;
	} rows[] = {
		{ ",\"kid\":\"a\"", JWS_GOOD },
		{ ",\"kid\":\"a\",\"use\":\"sig\",\"alg\":\"RS256\"", JWS_GOOD },
		{ ",\"kid\":\"b\"", JWS_NO_KEY },
		{ "", JWS_NO_KEY },
		{ ",\"kid\":\"a\",\"use\":\"enc\"", JWS_NO_KEY },
		{ ",\"kid\":\"a\",\"alg\":\"PS256\"", JWS_NO_KEY },
		{ ",\"kid\":\"a\",\"kid\":\"a\"", JWS_NO_KEY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(said(good, keys_of(rsa_key(rsa, rows[i].more), TEXT_NONE)),
				 rows[i].said);
	}
	/* Others beside it, broken ones too; two that fit are none. */
	assert_int_equal(said(good, keys_of(curve_key(",\"kid\":\"a\""), key)), JWS_GOOD);
	assert_int_equal(said(good, keys_of(TEXT("7"), key)), JWS_GOOD);
	assert_int_equal(
		said(good, keys_of(TEXT("{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"\"}"), key)),
		JWS_GOOD);
	assert_int_equal(said(good, keys_of(key, key)), JWS_NO_KEY);
	assert_int_equal(said(token(rsa, "{\"alg\":\"RS256\"}", CLAIMS), keys_of(key, TEXT_NONE)),
			 JWS_GOOD);
	/* Too small, and no key at all. */
	assert_int_equal(said(token(small, "{\"alg\":\"RS256\",\"kid\":\"a\"}", CLAIMS),
			      keys_of(rsa_key(small, ",\"kid\":\"a\""), TEXT_NONE)),
			 JWS_NO_KEY);
	assert_int_equal(said(good, TEXT("")), JWS_NO_KEY);
	assert_int_equal(said(good, TEXT("[]")), JWS_NO_KEY);
	assert_int_equal(said(good, TEXT("{\"keys\":{}}")), JWS_NO_KEY);
	/* A signature of another form, or by another way, is none. */
	assert_int_equal(said(token(curve, "{\"alg\":\"ES256\"}", CLAIMS),
			      keys_of(curve_key(""), TEXT_NONE)),
			 JWS_BAD);
	assert_int_equal(
		said(token(rsa, "{\"alg\":\"ES256\"}", CLAIMS), keys_of(curve_key(""), TEXT_NONE)),
		JWS_BAD);
}

static void test_what_is_none(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\"}",
		"{\"alg\":\"HS256\"}",
		"{\"alg\":\"rs256\"}",
		"{\"alg\":\"RS512\"}",
		"{\"alg\":[\"RS256\"]}",
		"{}",
		"[]",
		"x",
		"{\"alg\":\"RS256\",\"crit\":[]}",
		"{\"alg\":\"none\",\"alg\":\"RS256\"}",
	};
	struct text keys = keys_of(rsa_key(rsa, ""), TEXT_NONE),
		    good = token(rsa, "{\"alg\":\"RS256\"}", CLAIMS);
	char *copy = text_cstr(arena, good);
	struct jws read = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		assert_false(jws_read(arena, token(rsa, headers[i], CLAIMS), &read, NULL));
	}
	assert_int_equal(said(good, keys), JWS_GOOD);
	/* Cut anywhere, and with any byte another: never good. */
	for (size_t i = 0; i < good.len; i++) {
		assert_int_not_equal(said(text_slice(good, 0, i), keys), JWS_GOOD);
	}
	for (size_t i = 0; i + 1 < good.len; i++) { /* the last letter has bits that say nothing */
		char was = copy[i];

		copy[i] = was == 'A' ? 'B' : 'A';
		assert_int_not_equal(said((struct text){ copy, good.len }, keys), JWS_GOOD);
		copy[i] = i % 3 == 0 ? '.' : i % 3 == 1 ? '\xff' : '=';
		if (copy[i] != was) {
			assert_int_not_equal(said((struct text){ copy, good.len }, keys), JWS_GOOD);
		}
		copy[i] = was;
	}
	assert_false(jws_read(arena, text_printf(arena, "%.*s.x", TEXT_ARG(good)), &read, NULL));
}

static const struct judge_want want = { .issuer = { "https://i.example", 17 },
					.client_id = { "us", 2 },
					.nonce = { "n", 1 },
					.claim = { "email", 5 },
					.now = { INT64_C(1100) * 1000000 } };

static void test_what_is_true(void **state)
{
	static const struct {
		int64_t now_s;
		const char *failure;
	} times[] = {
		{ 1000, NULL }, { 939, "early" },    { 940, NULL },
		{ 1359, NULL }, { 1360, "expired" }, { 5000, "expired" },
	};
	struct judge_found found = { 0 };
	struct judge_want other = want;
	struct err err = { 0 };

	(void)state;
	assert_null(judge_claims(arena, TEXT(CLAIMS), &want, &found, &err));
	assert_null(judge_person(arena, TEXT(CLAIMS), &want, &found, &err));
	assert_true(text_eq(found.subject, TEXT("7")) &&
		    text_eq(found.claim, TEXT("ann@acme.example")));
	assert_int_equal(found.proved_at.us, 0);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		const char *failure;

		other.now.us = times[i].now_s * 1000000;
		failure = judge_claims(arena, TEXT(CLAIMS), &other, &found, &err);
		assert_true(times[i].failure == NULL
				    ? failure == NULL
				    : failure != NULL && strcmp(failure, times[i].failure) == 0);
	}
	other = want;
	other.nonce = TEXT_NONE; /* one that we never sent is nobody's */
	assert_string_equal(judge_claims(arena, TEXT(CLAIMS), &other, &found, &err), "nonce");
	other = want;
	other.is_again = true;
	assert_string_equal(judge_claims(arena, TEXT(CLAIMS), &other, &found, &err), "stale");
	assert_string_equal(judge_claims(arena, TEXT("[]"), &want, &found, &err), "token");
	assert_string_equal(judge_claims(arena, TEXT("{"), &want, &found, &err), "token");
	found = (struct judge_found){ .subject = TEXT("8") };
	assert_string_equal(judge_person(arena, TEXT(CLAIMS), &want, &found, &err), "token");
	assert_string_equal(judge_person(arena, TEXT("{\"sub\":\"8\"}"), &want, &found, &err),
			    "claim");
	assert_true(text_is_empty(found.claim));
}

static void test_what_a_service_says_of_itself(void **state)
{
#define SAYS(more)                                                                                 \
	"{\"issuer\":\"https://i.example\",\"authorization_endpoint\":\"https://i.example/"        \
	"a?x=1\","                                                                                 \
	"\"token_endpoint\":\"https://i.example/t\",\"jwks_uri\":\"https://k.example/k\"" more "}"
	static const struct {
		const char *body, *why; /* NULL: it is good */
	} rows[] = {
		{ SAYS(""), NULL },
		{ SAYS(",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]"),
		  NULL },
		{ "", "no JSON" },
		{ "[]", "no JSON" },
		{ "<html>", "no JSON" },
		{ "{}", "letter by letter" },
		{ "{\"issuer\":\"https://i.example/\"}", "letter by letter" },
		{ "{\"issuer\":\"https://i.example\"}", "authorization_endpoint" },
		{ "{\"issuer\":\"https://i.example\",\"authorization_endpoint\":\"javascript:x\"}",
		  "authorization_endpoint" },
		{ "{\"issuer\":\"https://i.example\",\"authorization_endpoint\":\"http://i.example/"
		  "a\"}",
		  "not protected" },
		{ "{\"issuer\":\"https://i.example\",\"authorization_endpoint\":\"http://127.0.0.1/"
		  "a\"}",
		  "not protected" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct judge_service s = { 0 };
		struct err err = { 0 };
		bool is_good = judge_discovery(arena, text_of(rows[i].body),
					       TEXT("https://i.example"), false, &s, &err);

		assert_true(is_good == (rows[i].why == NULL));
		assert_true(is_good || strstr(err.text, rows[i].why) != NULL);
		assert_true(!is_good || s.is_post == (i == 1));
	}
}

static void test_where_one_goes_on(void **state)
{
	static const char *const ours[] = { "/", "/conversation/4?by=due", "/a//b",
					    "/search?q=%20" };
	static const char *const others[] = {
		"",    "//e.example", "/\\e.example", "\\\\e",     "https://e.example", "e.example",
		"/ x", "/\tx",        "/x\n",         "/\xc3\xbc", "/oidc?code=1",      "/oidc",
	};
	struct text words;

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		assert_true(text_eq(oidc_place(text_of(ours[i])), text_of(ours[i])));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_true(text_eq(oidc_place(text_of(others[i])), TEXT("/")));
	}
	assert_int_equal(oidc_words(arena, TEXT("unknown"), TEXT("Acme"), TEXT("a@b"), &words),
			 401);
	assert_true(text_starts(words, TEXT("Acme knows you as a@b,")));
	assert_int_equal(oidc_words(arena, TEXT("away"), TEXT_NONE, TEXT_NONE, &words), 503);
	assert_true(text_starts(words, TEXT("The service cannot be reached")));
	assert_int_equal(oidc_words(arena, TEXT("?"), TEXT_NONE, TEXT_NONE, &words), 401);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_signed_it),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_what_is_true),
		cmocka_unit_test(test_what_a_service_says_of_itself),
		cmocka_unit_test(test_where_one_goes_on),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
