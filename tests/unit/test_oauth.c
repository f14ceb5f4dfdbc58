/* Protects the keys of all platforms with OAuth: which refresh token is sent where, that the newest pair is the one that
 * is kept, and that a refusal says what a person has to do without saying any secret. */
#include <string.h>

#include "answerd/limits.h"
#include "connectors/oauth.h"
#include "tests/cm.h"

struct desk {
	struct arena *arena;
	struct connector_ctx ctx;
	struct oauth_app app;
	struct request request;
	struct outcome outcome;
	struct err err;
};

static int desk_open(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	d->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	d->ctx = (struct connector_ctx){ .arena = d->arena,
					 .now = { INT64_C(1795248000000000) },
					 .token = TEXT("shop one:s&c:r0") };
	d->app = (struct oauth_app){ .name = "Ann", .at = TEXT("https://ann.example/token") };
	*state = d;
	return 0;
}

static int desk_close(void **state)
{
	struct desk *d = *state;

	arena_destroy(&d->arena);
	free(d);
	return 0;
}

static void assert_text(struct text got, const char *want)
{
	if (!text_eq(got, text_of(want))) {
		print_error("want %s\ngot  %.*s\n", want, TEXT_ARG(got));
		fail();
	}
}

static void assert_refreshes(struct desk *d, const char *body)
{
	if (!oauth_refresh_ask(&d->ctx, &d->app, &d->request, &d->err)) {
		print_error("refused: %s\n", d->err.text);
		fail();
	}
	assert_text(d->request.body, body);
}

static bool answer(struct desk *d, int status, const char *body)
{
	struct response r = { .status = status, .body = text_of(body) };

	d->outcome = (struct outcome){ 0 };
	d->err = (struct err){ 0 };
	return oauth_token_digest(&d->ctx, &d->app, &r, &d->outcome, &d->err);
}

static void test_the_client_goes_into_the_body(void **state)
{
	struct desk *d = *state;

	assert_refreshes(d, "grant_type=refresh_token&client_id=shop%20one&client_secret=s%26c"
			    "&refresh_token=r0");
	assert_text(d->request.url, "https://ann.example/token");
	assert_text(d->request.content_type, "application/x-www-form-urlencoded");
	assert_int_equal(d->request.method, HTTP_POST);
	assert_int_equal(d->request.n_headers, 0);
	assert_false(d->request.once);
}

static void test_the_client_goes_by_basic(void **state)
{
	struct desk *d = *state;

	d->app.is_basic = true;
	assert_refreshes(d, "grant_type=refresh_token&refresh_token=r0");
	assert_int_equal(d->request.n_headers, 1);
	assert_text(d->request.headers[0].name, "Authorization");
	assert_text(d->request.headers[0].value, "Basic c2hvcCUyMG9uZTpzJTI2Yw==");
	d->app.is_public = true;
	d->ctx.token = TEXT("shop::r0");
	assert_refreshes(d, "grant_type=refresh_token&client_id=shop&refresh_token=r0");
	assert_int_equal(d->request.n_headers, 0);
}

static void test_the_newest_refresh_token_is_sent(void **state)
{
	struct desk *d = *state;

	assert_true(answer(d, 200,
			   "{\"access_token\":\"a1\",\"refresh_token\":\"r1\",\"expires_in\":3600,"
			   "\"scope\":\"read write\"}"));
	assert_text(d->outcome.session,
		    "{\"access\":\"a1\",\"refresh\":\"r1\",\"scope\":\"read write\","
		    "\"until\":1795251600}");
	assert_int_equal(d->outcome.session_until.us, INT64_C(1795251540000000));
	d->ctx.session = d->outcome.session;
	assert_text(oauth_bearer(&d->ctx), "a1");
	assert_refreshes(d, "grant_type=refresh_token&client_id=shop%20one&client_secret=s%26c"
			    "&refresh_token=r1");
	/* An answer without one: the newest is still that one. */
	assert_true(answer(d, 200, "{\"access_token\":\"a2\",\"expires_in\":\"7200\"}"));
	assert_text(d->outcome.session,
		    "{\"access\":\"a2\",\"refresh\":\"r1\",\"scope\":\"\",\"until\":1795255200}");
	/* What `answerd connect` stored is enough. */
	d->ctx.token = TEXT("shop:sec");
	assert_refreshes(
		d, "grant_type=refresh_token&client_id=shop&client_secret=sec&refresh_token=r1");
	d->ctx.session = TEXT_NONE;
	assert_false(oauth_refresh_ask(&d->ctx, &d->app, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_AUTH);
	assert_non_null(strstr(d->err.text, "answerd connect"));
}

static void test_a_session_lives_until_its_end(void **state)
{
	struct oauth_session s;
	struct desk *d = *state;

	assert_false(oauth_session_lives(&d->ctx));
	assert_true(answer(d, 200, "{\"access_token\":\"a1\",\"expires_in\":3600}"));
	d->ctx.session = d->outcome.session;
	assert_true(oauth_session_lives(&d->ctx));
	d->ctx.now = wall_add(d->ctx.now, DUR_S(3541));
	assert_false(oauth_session_lives(&d->ctx));
	/* A time nobody can mean says nothing. */
	assert_true(answer(d, 200, "{\"access_token\":\"a1\",\"expires_in\":99999999999}"));
	assert_false(wall_is_set(d->outcome.session_until));
	/* Before this version a session was the access token alone. */
	d->ctx.session = TEXT("ya29.old");
	assert_true(oauth_session_lives(&d->ctx));
	assert_text(oauth_bearer(&d->ctx), "ya29.old");
	d->ctx.session = TEXT("{\"access\":");
	assert_false(oauth_session_load(&d->ctx, &s));
	assert_int_equal(oauth_bearer(&d->ctx).len, 0);
}

static void test_a_ready_token_asks_nobody(void **state)
{
	struct desk *d = *state;

	d->ctx.token = TEXT("EAAB-long-lived ");
	assert_false(oauth_refresh_ask(&d->ctx, &d->app, &d->request, &d->err));
	d->app.is_ready = true;
	assert_true(oauth_refresh_ask(&d->ctx, &d->app, &d->request, &d->err));
	assert_int_equal(d->request.url.len, 0);
	assert_true(answer(d, 204, ""));
	d->ctx.session = d->outcome.session;
	assert_text(oauth_bearer(&d->ctx), "EAAB-long-lived");
}

static void test_refusals_are_words(void **state)
{
	static const struct {
		int status;
		const char *body, *says;
		enum err_kind kind;
	} all[] = {
		{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Bad r0\"}",
		  "ended or was taken back", ERR_AUTH },
		{ 401, "{\"error\":\"invalid_client\"}", "does not know this client", ERR_AUTH },
		{ 400, "{\"error\":\"unauthorized_client\"}", "may not do that", ERR_AUTH },
		{ 400, "{\"error\":\"invalid_scope\"}", "never granted", ERR_AUTH },
		{ 401, "{\"message\":\"Unauthorized\",\"error\":401}", "client is not known",
		  ERR_AUTH },
		{ 200, "{\"error\":\"invalid_grant\"}", "ended or was taken back", ERR_AUTH },
		{ 400, "{\"error\":\"temporarily_unavailable\"}", "for now", ERR_RETRY },
		{ 400, "", "the refresh token has ended", ERR_AUTH },
		{ 200, "{}", "without an access token", ERR_RETRY },
		{ 200, "{\"access_token\":\"a\\nb\"}", "without an access token", ERR_RETRY },
		{ 200, "<html>", "web page", ERR_DATA },
		{ 429, "", "too often", ERR_LIMITED },
		{ 503, "", "503", ERR_RETRY },
	};
	struct desk *d = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_false(answer(d, all[i].status, all[i].body));
		assert_int_equal(d->err.kind, all[i].kind);
		if (strstr(d->err.text, all[i].says) == NULL) {
			print_error("%s: %s\n", all[i].body, d->err.text);
			fail();
		}
		assert_null(strstr(d->err.text, "r0"));
		assert_int_equal(d->outcome.session.len, 0);
	}
}

static void test_a_code_is_exchanged(void **state)
{
	struct oauth_code code = { .code = TEXT("4/0A&b"),
				   .redirect = TEXT("http://127.0.0.1:8000/"),
				   .verifier = TEXT("v-e") };
	struct oauth_consent consent = { .at = TEXT("https://ann.example/auth"),
					 .scopes = "read write",
					 .more = "&prompt=consent",
					 .redirect = TEXT("http://127.0.0.1:8000/"),
					 .state = TEXT("s1"),
					 .challenge = TEXT("c1") };
	struct desk *d = *state;
	struct text at;

	d->ctx.token = TEXT("shop:sec");
	assert_true(oauth_consent_url(&d->ctx, &d->app, &consent, &at, &d->err));
	assert_text(at, "https://ann.example/auth?response_type=code&client_id=shop"
			"&redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2F&scope=read%20write&state=s1"
			"&code_challenge_method=S256&code_challenge=c1&prompt=consent");
	assert_true(oauth_code_ask(&d->ctx, &d->app, &code, &d->request, &d->err));
	assert_text(d->request.body,
		    "grant_type=authorization_code&client_id=shop&client_secret=sec&code=4%2F0A%26b"
		    "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2F&code_verifier=v-e");
}

static void test_scopes_are_words_not_pieces(void **state)
{
	struct oauth_session s = { .scope = TEXT("tweet.read  users.read") };

	(void)state;
	assert_true(oauth_has_scope(&s, "users.read"));
	assert_false(oauth_has_scope(&s, "read"));
	s.scope = TEXT_NONE;
	assert_true(oauth_has_scope(&s, "anything"));
}

#define DESK_TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(test_the_client_goes_into_the_body),
		DESK_TEST(test_the_client_goes_by_basic),
		DESK_TEST(test_the_newest_refresh_token_is_sent),
		DESK_TEST(test_a_session_lives_until_its_end),
		DESK_TEST(test_a_ready_token_asks_nobody),
		DESK_TEST(test_refusals_are_words),
		DESK_TEST(test_a_code_is_exchanged),
		cmocka_unit_test(test_scopes_are_words_not_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
