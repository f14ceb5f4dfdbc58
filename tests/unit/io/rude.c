#include "tests/unit/io/rude.h"

#include <stdio.h>

struct loop *loop;
struct http *http;
const char *port, *tls_port;

struct seen seen[80];
int n_seen;
static int stop_at;
static bool is_inside_start;
static ev_timer patience;

static void on_patience(struct ev_loop *ev, ev_timer *w, int revents)
{
	(void)ev;
	(void)w;
	(void)revents;
	fail_msg("nothing happened within the time");
}

void done(const struct response *r, const struct err *err, void *owner)
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
		s->is_cut = r->is_cut;
		s->has_headers = r->n_headers > 0;
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

void run(int until)
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

struct http_transfer *begin(const struct request *r, const struct http_terms *t, struct seen *s)
{
	struct http_transfer *x;

	is_inside_start = true;
	x = http_start(http, r, t, done, s);
	is_inside_start = false;
	return x;
}

const struct http_terms near = { .allow_loopback = true,
				 .max_per_host = 16,
				 .timeout = { 2000000 } };

/* One request to the rude server, answered. */
struct seen *ask(enum http_method method, const char *path, bool once, const char *body)
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

struct seen *get(const char *path)
{
	return ask(HTTP_GET, path, false, NULL);
}

struct seen *get_url(const char *url, const struct http_terms *t)
{
	struct request r = { .url = text_of(url) };
	struct seen *s = &seen[0];

	memset(s, 0, sizeof(*s));
	n_seen = 0;
	(void)begin(&r, t, s);
	run(1);
	return s;
}

int set_up(void **state)
{
	(void)state;
	loop = loop_create();
	http = http_create(loop);
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	http_destroy(&http);
	loop_destroy(&loop);
	return 0;
}

bool rude_find(void)
{
	port = getenv("ANSWERD_TEST_PORT");
	tls_port = getenv("ANSWERD_TEST_TLS_PORT");
	if (port == NULL) {
		print_message("skipped: ANSWERD_TEST_PORT is not set (see with_rude_server.py)\n");
	}
	return port != NULL;
}
