/* Protects the end of httpd: once it is being destroyed nobody is called, whatever still arrives (its handler may be gone already). */
#include "tests/cm.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/io/httpd.h"

#define LINE "GET /healthz HTTP/1.1\r\n"
#define REST "Host: localhost\r\nConnection: close\r\n\r\n"

struct seen {
	int n_asked;
};

static void on_request(struct httpd_request *r, void *owner)
{
	struct seen *seen = owner;

	seen->n_asked++;
	httpd_answer(r, &(struct httpd_answer){ .status = 200,
						.content_type = "text/plain",
						.body = TEXT("asked") });
}

static int client_open(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&at, sizeof(at)), 0);
	return fd;
}

static void client_say(int fd, const char *words)
{
	assert_int_equal(send(fd, words, strlen(words), MSG_NOSIGNAL), strlen(words));
}

/* What it was answered until the end. */
static void client_read(int fd, char *ret, size_t room)
{
	size_t n = 0;
	ssize_t piece;

	while (n < room - 1 && (piece = recv(fd, ret + n, room - 1 - n, 0)) > 0) {
		n += (size_t)piece;
	}
	ret[n] = '\0';
	(void)close(fd);
}

static void on_moment(struct ev_loop *ev, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(ev, EVBREAK_ALL);
}

static void turn(struct loop *l)
{
	ev_timer moment;

	ev_timer_init(&moment, on_moment, 0.05, 0.);
	ev_timer_start(loop_ev(l), &moment);
	loop_run(l);
}

static void test_what_arrives_at_the_end_is_refused(void **state)
{
	char folder[] = "/tmp/answerd-httpd-XXXXXX", path[64], answer[4096];
	struct loop *l = loop_create();
	struct seen seen = { 0 };
	struct err err = { 0 };
	struct httpd_address at = { .is_unix = true };
	struct httpd *h;
	int first, last;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/s", folder);
	at.path = text_of(path);
	h = httpd_create(&(struct httpd_options){ .loop = l, .listen = &at, .n_listen = 1 },
			 on_request, &seen, &err);
	assert_non_null(h);
	first = client_open(path);
	client_say(first, LINE REST);
	last = client_open(path);
	client_say(last, LINE);
	turn(l); /* the second one is accepted, and its headers are not complete */
	assert_int_equal(seen.n_asked, 1);
	client_say(last, REST);
	httpd_destroy(&h);
	assert_int_equal(seen.n_asked, 1);
	client_read(first, answer, sizeof(answer));
	assert_non_null(strstr(answer, "\r\n\r\nasked"));
	client_read(last, answer, sizeof(answer));
	assert_ptr_equal(strstr(answer, "HTTP/1.1 503 "), answer);
	assert_non_null(strstr(answer, "Try it again."));
	assert_int_equal(rmdir(folder), 0); /* its socket's file went with it */
	loop_destroy(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		test_what_arrives_at_the_end_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
