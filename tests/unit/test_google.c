/* Protects what all connectors of Google stand on: a service account's claim is signed as Google checks it, and says nothing but
 * what it must; a quota that is used up is waited for until midnight in California, summer and winter. */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "answerd/jwt.h"
#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "connectors/google.h"
#include "tests/cm.h"

struct desk {
	struct arena *arena;
	struct connector_ctx ctx;
	struct option_value options[2];
	EVP_PKEY *key;
	struct request request;
	struct outcome outcome;
	struct err err;
};

static const struct connector_right rights[] = {
	{ "https://g.example/reviews", "to read reviews" },
	{ "https://g.example/more", "for more" },
	{ NULL, NULL },
};

static struct text pem_of(struct arena *a, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct text out;
	char *at = NULL;
	long n;

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	n = BIO_get_mem_data(bio, &at);
	out = text_dup(a, (struct text){ at, (size_t)n });
	BIO_free(bio);
	return out;
}

static int desk_open(void **state)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };
	struct desk *d = calloc(1, sizeof(*d));

	d->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	d->key = EVP_RSA_gen(2048);
	assert_non_null(d->key);
	strbuf_add_str(&b, "{\"type\":\"service_account\",\"client_email\":\"bot@shop.example\","
			   "\"private_key_id\":\"k1\",\"private_key\":");
	strbuf_add_json(&b, pem_of(d->arena, d->key));
	strbuf_add_str(&b, "}");
	d->options[0] = (struct option_value){ "oauth", TEXT("https://g.example/token") };
	d->options[1] = (struct option_value){ "user", TEXT("ann@shop.example") };
	d->ctx = (struct connector_ctx){ .arena = d->arena,
					 .now = { INT64_C(1795248000999999) },
					 .token = text_dup(d->arena, strbuf_text(&b)),
					 .options = d->options,
					 .n_options = 1 };
	*state = d;
	return 0;
}

static int desk_close(void **state)
{
	struct desk *d = *state;

	EVP_PKEY_free(d->key);
	arena_destroy(&d->arena);
	free(d);
	return 0;
}

/* Bytes of base64url, by the library's own decoder. */
static struct text decoded(struct arena *a, struct text in)
{
	size_t room = (in.len + 3) / 4 * 4;
	char *padded = arena_alloc(a, room + 1);
	unsigned char *out = arena_alloc(a, room);
	int n;

	for (size_t i = 0; i < room; i++) {
		char c = i < in.len ? in.at[i] : '=';

		padded[i] = c == '-' ? '+' : c == '_' ? '/' : c;
	}
	n = EVP_DecodeBlock(out, (const unsigned char *)padded, (int)room);
	assert_true(n >= 0);
	return (struct text){ (const char *)out, (size_t)n - (room - in.len) };
}

static void assert_text(struct text got, const char *want)
{
	if (!text_eq(got, text_of(want))) {
		print_error("want %s\ngot  %.*s\n", want, TEXT_ARG(got));
		fail();
	}
}

static const char *const grant =
	"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";

/* The assertion in the request, its signature checked; its claims. */
static struct text claims_of(struct desk *d)
{
	struct text jwt, head = { 0 }, rest = { 0 }, claims = { 0 }, signature = { 0 }, bytes;
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (!google_refresh_ask(&d->ctx, rights, &d->request, &d->err)) {
		print_error("refused: %s\n", d->err.text);
		fail();
	}
	assert_true(text_starts(d->request.body, text_of(grant)));
	jwt = text_slice(d->request.body, strlen(grant), SIZE_MAX);
	assert_true(text_cut(jwt, '.', &head, &rest) && text_cut(rest, '.', &claims, &signature));
	assert_text(decoded(d->arena, head), "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}");
	bytes = decoded(d->arena, signature);
	assert_int_equal(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, d->key), 1);
	assert_int_equal(EVP_DigestVerify(md, (const unsigned char *)bytes.at, bytes.len,
					  (const unsigned char *)jwt.at, head.len + 1 + claims.len),
			 1);
	EVP_MD_CTX_free(md);
	return decoded(d->arena, claims);
}

static void test_a_service_account_signs_its_claim(void **state)
{
	struct desk *d = *state;
	struct text first;

	assert_text(claims_of(d),
		    "{\"iss\":\"bot@shop.example\",\"scope\":\"https://g.example/reviews "
		    "https://g.example/more\",\"aud\":\"https://g.example/token\","
		    "\"iat\":1795248000,\"exp\":1795251600}");
	assert_text(d->request.url, "https://g.example/token");
	assert_int_equal(d->request.method, HTTP_POST);
	first = d->request.body;
	d->ctx.n_options = 2;
	assert_true(text_find(claims_of(d), TEXT("\"sub\":\"ann@shop.example\""), 0) != SIZE_MAX);
	d->ctx.n_options = 1;
	(void)claims_of(d);
	assert_true(text_eq(first, d->request.body)); /* same bytes, same result */
}

static void test_a_key_that_is_none(void **state)
{
	static const char *const keys[] = {
		"{}",
		"{\"client_email\":\"a@b\",\"private_key\":\"\"}",
		"{\"client_email\":\"a@b\",\"private_key\":\"secretsecret\"}",
		("{\"client_email\":\"a@b\",\"private_key\":\"-----BEGIN PRIVATE "
		 "KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n\"}"),
		"{\"client_email\":",
	};
	struct desk *d = *state;
	struct granting g = { 0 };
	struct text at;

	assert_false(google_authorize(&d->ctx, rights, &g, &at, &d->err));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		d->ctx.token = text_of(keys[i]);
		assert_false(google_refresh_ask(&d->ctx, rights, &d->request, &d->err));
		assert_int_equal(d->err.kind, ERR_AUTH);
		assert_null(strstr(d->err.text, "secretsecret"));
	}
}

static void test_keys_that_are_too_weak_or_locked(void **state)
{
	EVP_PKEY *weak = EVP_RSA_gen(1024), *curve = EVP_EC_gen("P-256");
	struct desk *d = *state;
	char *at = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	struct text out;
	long n;

	assert_false(
		jwt_sign(d->arena, TEXT("{}"), TEXT("{}"), pem_of(d->arena, weak), &out, &d->err));
	assert_false(
		jwt_sign(d->arena, TEXT("{}"), TEXT("{}"), pem_of(d->arena, curve), &out, &d->err));
	/* With a passphrase: nobody is asked at a terminal. */
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, d->key, EVP_aes_128_cbc(), "pass", 4,
						       NULL, NULL),
			 1);
	n = BIO_get_mem_data(bio, &at);
	assert_false(jwt_sign(d->arena, TEXT("{}"), TEXT("{}"), (struct text){ at, (size_t)n },
			      &out, &d->err));
	assert_int_equal(d->err.kind, ERR_AUTH);
	BIO_free(bio);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(curve);
}

static void test_a_service_account_is_refused_in_words(void **state)
{
	struct response r = { .status = 400, .body = TEXT("{\"error\":\"invalid_grant\"}") };
	struct desk *d = *state;

	assert_false(google_refresh_digest(&d->ctx, &r, &d->outcome, &d->err));
	assert_int_equal(d->err.kind, ERR_AUTH);
	assert_non_null(strstr(d->err.text, "service account"));
}

static void test_quotas_end_at_midnight_in_california(void **state)
{
	static const struct {
		const char *now, *midnight;
	} all[] = {
		{ "2026-11-22T04:42:02Z", "2026-11-22T08:00:00Z" }, /* winter: eight hours */
		{ "2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z" },
		{ "2026-07-01T06:59:59.5Z", "2026-07-01T07:00:00Z" }, /* summer: seven */
		{ "2026-07-01T07:00:00Z", "2026-07-02T07:00:00Z" },
		{ "2026-03-08T07:59:00Z", "2026-03-08T08:00:00Z" }, /* the day that has 23 hours */
		{ "2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z" },
		{ "2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z" }, /* the day that has 25 */
		{ "2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z" },
		{ "2027-12-31T23:00:00Z", "2028-01-01T08:00:00Z" },
		{ "2028-02-29T12:00:00Z", "2028-03-01T08:00:00Z" },
		{ "2028-01-01T01:00:00Z", "2028-01-01T08:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct wall now, want;

		assert_true(wall_parse(text_of(all[i].now), &now));
		assert_true(wall_parse(text_of(all[i].midnight), &want));
		assert_int_equal(google_midnight(now).us, want.us);
	}
}

static void test_refusals_say_what_to_do(void **state)
{
	static const struct {
		int status;
		const char *reason;
		enum err_kind kind;
	} all[] = {
		{ 403, "quotaExceeded", ERR_LIMITED },
		{ 403, "dailyLimitExceeded", ERR_LIMITED },
		{ 403, "rateLimitExceeded", ERR_LIMITED },
		{ 403, "userRateLimitExceeded", ERR_LIMITED },
		{ 403, "insufficientPermissions", ERR_AUTH },
		{ 403, "accessNotConfigured", ERR_AUTH },
		{ 403, "forbidden", ERR_AUTH },
		{ 401, "authError", ERR_AUTH },
		{ 429, "rateLimitExceeded", ERR_LIMITED },
		{ 500, "backendError", ERR_RETRY },
	};
	struct desk *d = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct response r = { .status = all[i].status };

		r.body = text_printf(d->arena,
				     "{\"error\":{\"code\":%d,\"errors\":[{\"reason\":\"%s\"}]}}",
				     all[i].status, all[i].reason);
		d->err = (struct err){ 0 };
		assert_false(google_check(&d->ctx, &r, &d->outcome, &d->err));
		assert_int_equal(d->err.kind, all[i].kind);
	}
	/* Words in an answer that is no error of Google's mean nothing. */
	struct response r = { .status = 403, .body = TEXT("{\"a\":\"quotaExceeded\"}") };

	assert_false(google_check(&d->ctx, &r, &d->outcome, &d->err));
	assert_int_equal(d->err.kind, ERR_AUTH);
}

#define DESK_TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(test_a_service_account_signs_its_claim),
		DESK_TEST(test_a_key_that_is_none),
		DESK_TEST(test_keys_that_are_too_weak_or_locked),
		DESK_TEST(test_a_service_account_is_refused_in_words),
		cmocka_unit_test(test_quotas_end_at_midnight_in_california),
		DESK_TEST(test_refusals_say_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
