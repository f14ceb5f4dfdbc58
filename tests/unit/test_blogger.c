/* Protects what we ask Blogger, byte for byte: which comments, since when, by which token, in whose session;
 * and that what a hostile state or id says never becomes an address. */
#include <stdio.h>
#include <string.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "tests/cm.h"

#define API "https://blogger.googleapis.com/v3"

struct desk {
	struct arena *arena;
	struct connector_ctx ctx;
	struct option_value options[4];
	struct question q;
	struct request request;
	struct err err;
};

static const struct connector *blogger(void)
{
	return connector_find(TEXT("blogger"));
}

static int desk_open(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	d->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	d->options[0] = (struct option_value){ "blog", TEXT("4242") };
	d->ctx = (struct connector_ctx){ .arena = d->arena,
					 .now = { INT64_C(1795248000000000) },
					 .token = TEXT("id.apps.example:sec&ret:1//re fresh"),
					 .session = TEXT("ya29.session"),
					 .own_id = TEXT("7"),
					 .options = d->options,
					 .n_options = 1 };
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

static void assert_asks(struct desk *d, enum op op, const char *url)
{
	d->q.op = op;
	if (!blogger()->ask(&d->ctx, &d->q, &d->request, &d->err)) {
		print_error("refused: %s\n", d->err.text);
		fail();
	}
	assert_text(d->request.url, url);
	if (url[0] != '\0') {
		assert_text(d->request.bearer, "ya29.session");
		assert_int_equal(d->request.method, HTTP_GET);
	}
}

static void test_lists_are_asked_for(void **state)
{
	struct desk *d = *state;

	assert_asks(d, OP_IDENTIFY, API "/users/self");
	d->q.state = TEXT("{\"id\":\"7\"}");
	assert_asks(d, OP_IDENTIFY, API "/users/self/blogs/4242");
	d->q.state = TEXT_NONE;
	d->q.source = TEXT("comments");
	assert_true(wall_parse(TEXT("2026-11-10T10:00:00.5Z"), &d->q.since));
	assert_asks(d, OP_POLL,
		    API "/blogs/4242/comments?fetchBodies=true&maxResults=100&status=LIVE"
			"&startDate=2026-11-10T10:00:00Z");
	d->q.source = TEXT("pending");
	d->q.page_limit = 25;
	d->q.state = TEXT("{\"known\":1795200000000000}"); /* a day before the newest known */
	assert_asks(d, OP_POLL,
		    API "/blogs/4242/comments?fetchBodies=true&maxResults=25&status=PENDING"
			"&startDate=2026-11-19T18:40:00Z");
	assert_asks(d, OP_SWEEP,
		    API "/blogs/4242/comments?fetchBodies=true&maxResults=25&status=PENDING"
			"&startDate=2026-11-10T10:00:00Z");
	/* A comment from the future does not make us deaf until then. */
	d->q.state = TEXT("{\"known\":9999999999999999}");
	assert_asks(d, OP_POLL,
		    API "/blogs/4242/comments?fetchBodies=true&maxResults=25&status=PENDING"
			"&startDate=2026-11-20T08:00:00Z");
	/* All pages of a walk are asked with the same time. */
	d->q.source = TEXT("posts");
	d->q.state = TEXT("{\"known\":1795200000000000,\"walk\":{\"from\":1795100000000000,"
			  "\"next\":\"a/b&c=\",\"pages\":1}}");
	assert_asks(d, OP_POLL,
		    API "/blogs/4242/posts?fetchBodies=true&maxResults=20&status=LIVE"
			"&startDate=2026-11-19T14:53:20Z&pageToken=a%2Fb%26c%3D");
	d->ctx.server = TEXT("http://127.0.0.1:8000/g/loaf");
	d->q = (struct question){ .source = TEXT("comments") };
	assert_asks(d, OP_POLL,
		    "http://127.0.0.1:8000/g/loaf/v3/blogs/4242/comments?fetchBodies=true"
		    "&maxResults=100&status=LIVE");
}

static void test_known_ones_are_asked_for(void **state)
{
	struct text subjects[] = { TEXT("post:9"), TEXT("9/55"), TEXT("held:9/57"), TEXT("9/56") };
	static const char *const strange[] = { "9/../users", "9/55?x=1", "/55", "9/",   "9",
					       "post:",      "post:x/y", "0/5", "-1/5", "" };
	struct desk *d = *state;

	d->q.subjects = subjects;
	d->q.n_subjects = 4;
	assert_asks(d, OP_RECHECK, API "/blogs/4242/posts/9/comments/55");
	d->q.state = TEXT("2");
	assert_asks(d, OP_RECHECK, API "/blogs/4242/posts/9/comments/56");
	d->q.state = TEXT("4");
	assert_asks(d, OP_RECHECK, "");
	d->q.state = TEXT_NONE;
	assert_asks(d, OP_THREAD, API "/blogs/4242/posts/9?fetchBody=true");
	d->q.state = TEXT("3 9/54");
	assert_asks(d, OP_THREAD, API "/blogs/4242/posts/9/comments/54");
	d->q.state = TEXT_NONE;
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		struct text one = text_of(strange[i]);

		d->q.subjects = &one;
		d->q.n_subjects = 1;
		assert_asks(d, OP_RECHECK, "");
		assert_asks(d, OP_THREAD, "");
	}
}

static void test_a_session_is_made_of_the_refresh_token(void **state)
{
	static const char *const strange[] = { "", "a", "a:b", "a::c", ":b:c", "a:b:" };
	struct desk *d = *state;

	d->q.op = OP_REFRESH;
	assert_true(blogger()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_text(d->request.url, "https://oauth2.googleapis.com/token");
	assert_text(d->request.body,
		    "grant_type=refresh_token&client_id=id.apps.example&client_secret=sec%26ret"
		    "&refresh_token=1%2F%2Fre%20fresh");
	assert_text(d->request.content_type, "application/x-www-form-urlencoded");
	assert_int_equal(d->request.method, HTTP_POST);
	assert_int_equal(d->request.bearer.len, 0);
	d->options[1] = (struct option_value){ "oauth", TEXT("http://127.0.0.1:8000/token") };
	d->ctx.n_options = 2;
	assert_true(blogger()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_text(d->request.url, "http://127.0.0.1:8000/token");
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		d->ctx.token = text_of(strange[i]);
		assert_false(blogger()->ask(&d->ctx, &d->q, &d->request, &d->err));
		assert_int_equal(d->err.kind, ERR_AUTH);
	}
}

static void test_a_token_that_is_too_long_is_a_hole(void **state)
{
	char page[4096];
	struct response r = { .status = 200 };
	struct outcome o = { 0 };
	struct desk *d = *state;

	(void)snprintf(
		page, sizeof(page),
		"{\"kind\":\"blogger#commentList\",\"items\":[],\"nextPageToken\":\"%03000d\"}", 7);
	r.body = text_of(page);
	d->q = (struct question){ .op = OP_POLL, .source = TEXT("comments") };
	assert_true(blogger()->digest(&d->ctx, &d->q, &r, &o, &d->err));
	assert_false(o.is_more);
	assert_true(o.has_hole);
}

static void test_it_says_that_it_cannot_reply(void **state)
{
	struct posting p = { .key = TEXT("3m5xkq2yrs22a"),
			     .text = TEXT("hello"),
			     .parent_id = TEXT("9/55") };
	struct desk *d = *state;

	d->q = (struct question){ .op = OP_REPLY, .posting = &p };
	assert_false(blogger()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_CONFIG);
	assert_false(blogger()->can.reply);
	assert_null(blogger()->can.answers);
	assert_non_null(strstr(blogger()->can.why_no_reply, "on the blog itself"));
}

#define DESK_TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(test_lists_are_asked_for),
		DESK_TEST(test_known_ones_are_asked_for),
		DESK_TEST(test_a_session_is_made_of_the_refresh_token),
		DESK_TEST(test_a_token_that_is_too_long_is_a_hole),
		DESK_TEST(test_it_says_that_it_cannot_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
