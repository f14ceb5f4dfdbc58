/* What this protects: the worker against servers that are slow, wrong or hostile; customers against
 * a reply that is posted twice; the network behind us against addresses that lead inside. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "daemon/io/http_inside.h"
#include "tests/cm.h"

static struct loop *loop;
static struct http *http;
static const char *port, *tls_port;

struct seen {
	int n_calls;
	int status;
	enum err_kind kind;
	char why[256], body[4000];
	size_t body_len;
	char which[40];
};

static struct seen seen[80];
static int n_seen, stop_at;
static bool is_inside_start;
static ev_timer patience;

static void on_patience(struct ev_loop *ev, ev_timer *w, int revents)
{
	(void)ev;
	(void)w;
	(void)revents;
	fail_msg("nothing happened within the time");
}

static void done(const struct response *r, const struct err *err, void *owner)
{
	struct seen *s = owner;

	assert_false(is_inside_start);
	assert_true((r == NULL) != (err == NULL));
	s->n_calls++;
	if (err != NULL) {
		s->kind = err->kind;
		assert_int_not_equal(err->kind, ERR_NONE);
		(void)snprintf(s->why, sizeof(s->why), "%s", err->text);
	} else {
		s->status = r->status;
		s->body_len = r->body.len;
		(void)snprintf(s->body, sizeof(s->body), "%.*s", TEXT_ARG(r->body));
		(void)snprintf(s->which, sizeof(s->which), "%.*s",
			       TEXT_ARG(response_header(r, TEXT("x-which"))));
		assert_true(wall_is_set(r->received_at));
	}
	n_seen++;
	if (n_seen == stop_at) {
		loop_stop(loop);
	}
}

static void run(int until)
{
	stop_at = until;
	if (n_seen < until) {
		ev_init(&patience, on_patience);
		loop_arm(loop, &patience, DUR_S(20));
		loop_run(loop);
		loop_disarm(loop, &patience);
	}
	assert_int_equal(n_seen, until);
}

static struct http_transfer *begin(const struct request *r, const struct http_terms *t,
				   struct seen *s)
{
	struct http_transfer *x;

	is_inside_start = true;
	x = http_start(http, r, t, done, s);
	is_inside_start = false;
	return x;
}

static const struct http_terms near = { .allow_loopback = true,
					.max_per_host = 16,
					.timeout = { 2000000 } };

/* One request to the rude server, answered. */
static struct seen *ask(enum http_method method, const char *path, bool once, const char *body)
{
	char url[300];
	struct request r = { .method = method, .once = once, .body = text_of(body) };
	struct seen *s = &seen[0];

	memset(s, 0, sizeof(*s));
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s%s", port, path);
	r.url = text_of(url);
	n_seen = 0;
	(void)begin(&r, &near, s);
	run(1);
	assert_int_equal(s->n_calls, 1);
	assert_int_equal(http_active(http), 0);
	return s;
}

static struct seen *get(const char *path)
{
	return ask(HTTP_GET, path, false, NULL);
}

static struct seen *get_url(const char *url, const struct http_terms *t)
{
	struct request r = { .url = text_of(url) };
	struct seen *s = &seen[0];

	memset(s, 0, sizeof(*s));
	n_seen = 0;
	(void)begin(&r, t, s);
	run(1);
	return s;
}

static int set_up(void **state)
{
	(void)state;
	loop = loop_create();
	http = http_create(loop);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_destroy(&http);
	loop_destroy(&loop);
	return 0;
}

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

/* ---- hostile answers ---- */

static void test_hostile_answers(void **state)
{
	static const struct {
		const char *path;
		enum err_kind kind, kind_once;
		const char *why;
	} cases[] = {
		{ "/honest-giant", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/chunked-giant", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/endless-body", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/bomb", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/double-bomb", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/bad-gzip", ERR_DATA, ERR_UNSURE, "unpacked" },
		{ "/endless-headers", ERR_DATA, ERR_UNSURE, "headers over" },
		{ "/many-headers", ERR_DATA, ERR_UNSURE, "headers over" },
		{ "/endless-hints", ERR_DATA, ERR_UNSURE, "headers over" },
		{ "/reset-mid-body", ERR_RETRY, ERR_UNSURE, "broke" },
		{ "/cut", ERR_RETRY, ERR_UNSURE, "cut off" },
		{ "/hang-up", ERR_RETRY, ERR_UNSURE, "hung up" },
		{ "/garbage", ERR_RETRY, ERR_UNSURE, "no HTTP" },
		{ "/stall", ERR_RETRY, ERR_UNSURE, "in time" },
		{ "/drip", ERR_RETRY, ERR_UNSURE, "in time" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen *s = get(cases[i].path);

		if (s->kind != cases[i].kind || strstr(s->why, cases[i].why) == NULL) {
			fail_msg("%s: %s %s", cases[i].path, err_kind_name(s->kind), s->why);
		}
		assert_null(strstr(s->why, "/")); /* no paths */
		s = ask(HTTP_POST, cases[i].path, true, "x");
		if (s->kind != cases[i].kind_once) {
			fail_msg("%s once: %s %s", cases[i].path, err_kind_name(s->kind), s->why);
		}
	}
	assert_int_equal(http->body_bytes, 0);
}

static void test_many_giants_share_one_budget(void **state)
{
	int n_budget = 0, n_cap = 0;
	char url[200];
	struct request r = { .method = HTTP_GET };
	struct http_terms t = near;

	(void)state;
	t.timeout = DUR_S(15);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/chunked-giant", port);
	r.url = text_of(url);
	n_seen = 0;
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < 16; i++) {
		(void)begin(&r, &t, &seen[i]);
	}
	run(16);
	for (int i = 0; i < 16; i++) {
		n_budget += strstr(seen[i].why, "at once") != NULL;
		n_cap += strstr(seen[i].why, "over 2 MiB") != NULL;
	}
	assert_int_equal(n_budget + n_cap, 16);
	assert_int_equal(http->body_bytes, 0);
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

/* ---- addresses ---- */

static void test_loopback_has_many_names(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "127.1",        "127.0.1", "2130706433",         "0x7f000001",
		"0x7f.1",    "017700000001", "[::1]",   "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"0",         "0.0.0.0",      "[::]",    "localhost",          "127.255.255.254",
	};
	static const struct http_terms far = { .timeout = { 2000000 }, .allow_private = true };
	char before[4000], url[200];

	(void)state;
	(void)snprintf(before, sizeof(before), "%s", get("/counts/connections")->body);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct http_terms t = far;
		struct seen *s;

		t.allow_port = atoi(port);
		(void)snprintf(url, sizeof(url), "https://%s:%s/", hosts[i], port);
		s = get_url(url, &t);
		if (s->kind != ERR_CONFIG) {
			fail_msg("%s: %s %s", url, err_kind_name(s->kind), s->why);
		}
		(void)snprintf(url, sizeof(url), "http://%s:%s/", hosts[i], port);
		assert_int_equal(get_url(url, &t)->kind, ERR_CONFIG);
		/* Where loopback is allowed, only its literal forms are. */
		if (i != 0 && i != 7 && i != 14) {
			t.allow_loopback = true;
			assert_int_equal(get_url(url, &t)->kind, ERR_CONFIG);
			(void)snprintf(url, sizeof(url), "https://%s:%s/", hosts[i], port);
			assert_int_equal(get_url(url, &t)->kind, ERR_CONFIG);
		}
	}
	assert_string_equal(get("/counts/connections")->body, before);
}

static void test_addresses_with_tricks(void **state)
{
	static const char *const urls[] = {
		"ftp://127.0.0.1/",
		"file:///etc/passwd",
		"https://user@127.0.0.1/",
		"https://u:p@example.com/",
		"https://a\\@127.0.0.1/",
		"http://example.com/",
		"gopher://127.0.0.1/",
		"https://",
		"https://127.0.0.1:99999/",
		"https://127.0.0.1:1/\r\nX",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(get_url(urls[i], &near)->kind, ERR_CONFIG);
	}
}

static enum address_kind judge(const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
		return address_judge((struct sockaddr *)&in);
	}
	assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
	return address_judge((struct sockaddr *)&in6);
}

static void test_address_kinds(void **state)
{
	static const struct {
		const char *address;
		enum address_kind kind;
	} cases[] = {
		{ "1.1.1.1", ADDRESS_PUBLIC },
		{ "9.255.255.255", ADDRESS_PUBLIC },
		{ "11.0.0.0", ADDRESS_PUBLIC },
		{ "172.15.255.255", ADDRESS_PUBLIC },
		{ "172.32.0.0", ADDRESS_PUBLIC },
		{ "100.63.255.255", ADDRESS_PUBLIC },
		{ "223.255.255.255", ADDRESS_PUBLIC },
		{ "10.0.0.1", ADDRESS_PRIVATE },
		{ "172.16.0.1", ADDRESS_PRIVATE },
		{ "172.31.255.255", ADDRESS_PRIVATE },
		{ "192.168.1.1", ADDRESS_PRIVATE },
		{ "100.64.0.1", ADDRESS_PRIVATE },
		{ "127.0.0.1", ADDRESS_LOOPBACK },
		{ "127.255.0.1", ADDRESS_LOOPBACK },
		{ "0.0.0.0", ADDRESS_REFUSED },
		{ "0.1.2.3", ADDRESS_REFUSED },
		{ "169.254.169.254", ADDRESS_REFUSED },
		{ "192.0.2.1", ADDRESS_REFUSED },
		{ "198.19.255.255", ADDRESS_REFUSED },
		{ "224.0.0.1", ADDRESS_REFUSED },
		{ "255.255.255.255", ADDRESS_REFUSED },
		{ "::1", ADDRESS_LOOPBACK },
		{ "::", ADDRESS_REFUSED },
		{ "::ffff:8.8.8.8", ADDRESS_REFUSED },
		{ "::7f00:1", ADDRESS_REFUSED },
		{ "64:ff9b::7f00:1", ADDRESS_REFUSED },
		{ "fe80::1", ADDRESS_REFUSED },
		{ "fec0::1", ADDRESS_REFUSED },
		{ "fc00::1", ADDRESS_PRIVATE },
		{ "fdff::1", ADDRESS_PRIVATE },
		{ "ff02::1", ADDRESS_REFUSED },
		{ "2002:7f00:1::", ADDRESS_REFUSED },
		{ "2001::1", ADDRESS_REFUSED },
		{ "2001:db8::1", ADDRESS_REFUSED },
		{ "2001:200::1", ADDRESS_PUBLIC },
		{ "2606:4700::1", ADDRESS_PUBLIC },
		{ "4000::1", ADDRESS_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (judge(cases[i].address) != cases[i].kind) {
			fail_msg("%s is %d", cases[i].address, (int)judge(cases[i].address));
		}
	}
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
		T(test_hostile_answers),
		T(test_many_giants_share_one_budget),
		T(test_a_post_is_sent_once),
		T(test_nothing_sent_is_no_doubt),
		T(test_tls_is_verified),
		T(test_tls_works),
		T(test_http2),
		T(test_loopback_has_many_names),
		T(test_addresses_with_tricks),
		T(test_address_kinds),
		T(test_room),
		T(test_cancelled_is_silent),
		T(test_destroyed_from_a_callback),
		T(test_memory_can_be_kept),
	};

	port = getenv("ANSWERD_TEST_PORT");
	tls_port = getenv("ANSWERD_TEST_TLS_PORT");
	if (port == NULL) {
		print_message("skipped: ANSWERD_TEST_PORT is not set (see with_rude_server.py)\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
