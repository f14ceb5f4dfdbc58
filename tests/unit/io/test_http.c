/* What this protects: customers against a reply that is posted twice; requests that go out as they were
 * asked, over TLS that is verified; the lives of transfers. */
#include <stdio.h>

#include "tests/unit/io/rude.h"

/* ---- what goes out, what comes in ---- */

static void test_request_goes_out_as_asked(void **state)
{
	char url[200];
	struct request r = { .method = HTTP_PUT,
			     .bearer = TEXT("canary-token"),
			     .content_type = TEXT("application/json"),
			     .body = TEXT("{\"a\":1}") };
	struct seen *s = &seen[0];

	(void)state;
	memset(s, 0, sizeof(*s));
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/echo?q=1", port);
	r.url = text_of(url);
	request_add_header(&r, TEXT("If-None-Match"), TEXT("\"x\""));
	request_add_header(&r, TEXT("X-Empty"), TEXT_NONE);
	n_seen = 0;
	(void)begin(&r, &near, s);
	memset(url, 'x', sizeof(url)); /* the request was copied */
	run(1);
	assert_int_equal(s->status, 200);
	assert_non_null(strstr(s->body, "PUT /echo?q=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(s->body, "Authorization: Bearer canary-token\r\n"));
	assert_non_null(strstr(s->body, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(s->body, "If-None-Match: \"x\"\r\n"));
	assert_non_null(strstr(s->body, "X-Empty:"));
	assert_non_null(strstr(s->body, "User-Agent: answerd/" ANSWERD_VERSION "\r\n"));
	assert_non_null(strstr(s->body, "Accept-Encoding: gzip\r\n"));
	assert_null(strstr(s->body, "Expect"));
	assert_non_null(strstr(s->body, "\n\n{\"a\":1}"));
	s = ask(HTTP_POST, "/echo", false, NULL);
	assert_null(strstr(s->body, "Content-Type"));
	assert_non_null(strstr(s->body, "Content-Length: 0"));
	s = ask(HTTP_DELETE, "/echo", false, NULL);
	assert_non_null(strstr(s->body, "DELETE /echo"));
}

static void test_headers_cannot_be_smuggled(void **state)
{
	struct request r = { .url = TEXT("https://127.0.0.1/") };

	(void)state;
	for (int i = 0; i < 3; i++) {
		static const struct header bad[] = { { { "X", 1 }, { "a\r\nY: b", 7 } },
						     { { "X\n", 2 }, { "a", 1 } },
						     { { "", 0 }, { "a", 1 } } };

		memset(&seen[0], 0, sizeof(seen[0]));
		r.n_headers = 0;
		request_add_header(&r, bad[i].name, bad[i].value);
		n_seen = 0;
		(void)begin(&r, &near, &seen[0]);
		run(1);
		assert_int_equal(seen[0].kind, ERR_DATA);
	}
}

static void test_any_status_is_an_answer(void **state)
{
	struct seen *s;

	(void)state;
	assert_int_equal(get("/nowhere")->status, 404);
	assert_int_equal(get("/teapot")->status, 429);
	s = get("/redirect"); /* never followed */
	assert_int_equal(s->status, 302);
	assert_string_equal(get("/counts/redirected")->body, "0");
	assert_int_equal(get("/no-content")->status, 204);
	s = get("/empty");
	assert_int_equal(s->status, 200);
	assert_int_equal(s->body_len, 0);
	s = get("/hints");
	assert_int_equal(s->status, 200);
	assert_string_equal(s->body, "late");
	assert_string_equal(s->which, "last");
	assert_string_equal(get("/gzip")->body, "unpacked");
	assert_int_equal(get("/odd-status")->kind, ERR_RETRY);
}

static void test_connections_are_used_again(void **state)
{
	(void)state;
	assert_string_equal(get("/connection")->body, "0");
	assert_string_equal(get("/connection")->body, "1");
	assert_string_equal(ask(HTTP_POST, "/connection", true, "x")->body, "0");
	assert_string_equal(get("/connection")->body, "2");
}

/* ---- once ---- */

static void test_a_post_is_sent_once(void **state)
{
	static const struct {
		const char *key, *what;
	} cases[] = { { "a", "hang-up" },
		      { "b", "hang-up-if-reused" },
		      { "c", "reset-mid-body" },
		      { "d", "stall" },
		      { "e", "cut" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[100];

		(void)get("/connection"); /* a connection that could be used again */
		(void)snprintf(path, sizeof(path), "/posts/%s/%s", cases[i].key, cases[i].what);
		(void)ask(HTTP_POST, path, true, "hello");
		(void)snprintf(path, sizeof(path), "/counts/%s", cases[i].key);
		assert_string_equal(get(path)->body, "1");
	}
}

static void test_nothing_sent_is_no_doubt(void **state)
{
	struct request r = { .method = HTTP_POST, .once = true, .body = TEXT("x") };
	static const char *const urls[] = { "http://127.0.0.1:1/",
					    "https://does-not-exist.invalid/" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(&seen[0], 0, sizeof(seen[0]));
		r.url = text_of(urls[i]);
		n_seen = 0;
		(void)begin(&r, &near, &seen[0]);
		run(1);
		assert_int_equal(seen[0].kind, ERR_RETRY);
	}
}

static void test_tls_is_verified(void **state)
{
	static const char *const names[] = { "UNTRUSTED", "WRONG_NAME", "EXPIRED", "OLD" };
	int n_tried = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		char name[60], url[100];
		struct seen *s;

		(void)snprintf(name, sizeof(name), "ANSWERD_TEST_%s_PORT", names[i]);
		if (getenv(name) == NULL) {
			continue;
		}
		(void)snprintf(url, sizeof(url), "https://127.0.0.1:%s/posts/tls%d", getenv(name),
			       i);
		s = get_url(url, &near);
		assert_int_equal(s->kind, ERR_RETRY);
		if (strstr(s->why, i == 3 ? "no TLS" : "certificate is not trusted") == NULL) {
			fail_msg("%s: %s", names[i], s->why);
		}
		(void)snprintf(url, sizeof(url), "/counts/tls%d", i);
		assert_string_equal(get(url)->body, "0");
		n_tried++;
	}
	if (n_tried == 0) {
		skip();
	}
}

static void test_tls_works(void **state)
{
	struct request r = { .method = HTTP_POST, .once = true, .body = TEXT("x") };
	char url[100];

	(void)state;
	if (tls_port == NULL) {
		skip();
	}
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%s/connection", tls_port);
	assert_string_equal(get_url(url, &near)->body, "0");
	assert_string_equal(get_url(url, &near)->body, "1");
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%s/posts/overtls/hang-up", tls_port);
	r.url = text_of(url);
	memset(&seen[0], 0, sizeof(seen[0]));
	n_seen = 0;
	(void)begin(&r, &near, &seen[0]);
	run(1);
	assert_int_equal(seen[0].kind, ERR_UNSURE);
	assert_string_equal(get("/counts/overtls")->body, "1");
}

/* As real platforms speak; the server says GOAWAY after seven requests. */
static void test_http2(void **state)
{
	const char *h2 = getenv("ANSWERD_TEST_H2_PORT");
	struct request r = { .method = HTTP_GET };
	char url[100];

	(void)state;
	if (h2 == NULL) {
		skip();
	}
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%s/version", h2);
	assert_string_equal(get_url(url, &near)->body, "HTTP/2.0");
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%s/page", h2);
	r.url = text_of(url);
	for (int round = 0; round < 4; round++) {
		n_seen = 0;
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < 16; i++) {
			(void)begin(&r, &near, &seen[i]);
		}
		run(16);
		for (int i = 0; i < 16; i++) {
			assert_int_equal(seen[i].status, 200);
			assert_int_equal(seen[i].body_len, 50000);
		}
	}
	r = (struct request){ .method = HTTP_POST, .once = true };
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%s/post", h2);
	r.url = text_of(url);
	memset(&seen[0], 0, sizeof(seen[0]));
	n_seen = 0;
	(void)begin(&r, &near, &seen[0]);
	run(1);
	assert_string_equal(seen[0].body, "HTTP/1.1");
}

/* ---- lives of transfers ---- */

static void test_room(void **state)
{
	char url[200];
	struct request r = { .method = HTTP_GET };
	struct http_terms t = { .allow_loopback = true, .timeout = { 5000000 } };

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/sleep", port);
	r.url = text_of(url);
	n_seen = 0;
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(http_has_room(http, r.url, &t), i < 2);
		(void)begin(&r, &t, &seen[i]);
	}
	assert_true(http_has_room(http, TEXT("https://elsewhere.example/"), &t));
	assert_int_equal(http_active(http), 3);
	run(3);
	assert_int_equal(seen[0].status, 200);
	assert_int_equal(seen[1].status, 200);
	assert_int_equal(seen[2].kind, ERR_RETRY);
	assert_true(http_has_room(http, r.url, &t));
}

static void test_cancelled_is_silent(void **state)
{
	char url[200];
	struct request r = { .method = HTTP_GET };
	struct http_transfer *x, *y;

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/sleep", port);
	r.url = text_of(url);
	n_seen = 0;
	memset(seen, 0, sizeof(seen));
	x = begin(&r, &near, &seen[0]);
	(void)begin(&r, &near, &seen[1]);
	http_cancel(&x);
	assert_null(x);
	r.url = TEXT("not an address");
	y = begin(&r, &near, &seen[2]); /* waits to be told */
	http_cancel(&y);
	run(1);
	assert_int_equal(seen[0].n_calls, 0);
	assert_int_equal(seen[1].n_calls, 1);
	assert_int_equal(seen[2].n_calls, 0);
	assert_int_equal(http_active(http), 0);
}

static void done_and_destroy(const struct response *r, const struct err *err, void *owner)
{
	done(r, err, owner);
	http_destroy(&http);
	loop_stop(loop);
}

static void test_destroyed_from_a_callback(void **state)
{
	char url[200];
	struct request r = { .method = HTTP_GET };

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/sleep", port);
	r.url = text_of(url);
	n_seen = 0;
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < 8; i++) {
		(void)http_start(http, &r, &near, done_and_destroy, &seen[i]);
	}
	run(1);
	assert_null(http);
}

static struct arena *taken;
static const struct response *kept;

static void done_and_keep(const struct response *r, const struct err *err, void *owner)
{
	assert_null(err);
	taken = http_take_arena(r);
	kept = r;
	done(r, err, owner);
}

static void test_memory_can_be_kept(void **state)
{
	char url[200];
	struct request r = { .method = HTTP_GET };

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/hints", port);
	r.url = text_of(url);
	n_seen = 0;
	(void)http_start(http, &r, &near, done_and_keep, &seen[0]);
	run(1);
	assert_true(text_eq(kept->body, TEXT("late")));
	arena_destroy(&taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_request_goes_out_as_asked),
		T(test_headers_cannot_be_smuggled),
		T(test_any_status_is_an_answer),
		T(test_connections_are_used_again),
		T(test_a_post_is_sent_once),
		T(test_nothing_sent_is_no_doubt),
		T(test_tls_is_verified),
		T(test_tls_works),
		T(test_http2),
		T(test_room),
		T(test_cancelled_is_silent),
		T(test_destroyed_from_a_callback),
		T(test_memory_can_be_kept),
	};

	return rude_find() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
