/* desk_load HOST PORT PATH COOKIE RATE SECONDS CONNECTIONS: asks at a fixed rate whatever the answers do, as many people would, over kept
 * connections. How long an answer takes counts from when the request was due, so that one which had to wait for its turn is not forgotten.
 * Prints: answers, those of them that are no 200, p50, p99 and the longest in milliseconds, bytes of an answer, answers a second. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROOM     (1024 * 1024)
#define MAX_CONN 256

struct line {
	int fd;
	bool is_busy;
	double due;
	size_t n, want; /* read; the whole answer's size, 0 while its head is not there */
	char *room;
};

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void give_up(const char *what)
{
	perror(what);
	exit(2);
}

static int line_open(const char *host, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)inet_pton(AF_INET, host, &at.sin_addr);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
		give_up("connect");
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* True: the answer is whole. */
static bool line_read(struct line *l)
{
	for (;;) {
		ssize_t n = read(l->fd, l->room + l->n, ROOM - l->n - 1);
		char *head;

		if (n <= 0) {
			if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
				give_up("the desk closed a connection");
			}
			return false;
		}
		l->n += (size_t)n;
		l->room[l->n] = '\0';
		head = l->want == 0 ? strstr(l->room, "\r\n\r\n") : NULL;
		if (head != NULL) {
			const char *length = strcasestr(l->room, "\r\nContent-Length:");

			l->want = (size_t)(head + 4 - l->room) +
				  (length != NULL && length < head ? strtoul(length + 17, NULL, 10)
								   : 0);
		}
		if (l->want > 0 && l->n >= l->want) {
			return true;
		}
	}
}

static int order(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static struct line lines[MAX_CONN];
	struct epoll_event got[MAX_CONN];
	char request[4096];
	double rate, begun, seconds;
	float *took;
	size_t n_asked = 0, n_answered = 0, n_bad = 0, bytes = 0, most;
	int n_lines, length, poller = epoll_create1(EPOLL_CLOEXEC);

	if (argc != 8 || (n_lines = atoi(argv[7])) < 1 || n_lines > MAX_CONN) {
		(void)fprintf(stderr, "desk_load HOST PORT PATH COOKIE RATE SECONDS CONNECTIONS\n");
		return 2;
	}
	rate = atof(argv[5]);
	seconds = atof(argv[6]);
	most = (size_t)(rate * seconds);
	took = calloc(most + 1, sizeof(*took));
	length = snprintf(request, sizeof(request),
			  "GET %s HTTP/1.1\r\nHost: %s:%s\r\nCookie: __Host-session=%s\r\nAccept: "
			  "application/json\r\n\r\n",
			  argv[3], argv[1], argv[2], argv[4]);
	for (int i = 0; i < n_lines; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.fd = i };

		lines[i].fd = line_open(argv[1], atoi(argv[2]));
		lines[i].room = malloc(ROOM);
		if (lines[i].room == NULL || took == NULL ||
		    epoll_ctl(poller, EPOLL_CTL_ADD, lines[i].fd, &e) != 0) {
			give_up("begin");
		}
	}
	begun = now_s();
	while (n_answered < most) {
		double now = now_s();
		double next = begun + (double)n_asked / rate;
		int n;
		struct timespec wait = { 0, 0 };

		/* All that is due, as long as a connection is free; what is not sent yet keeps its date. */
		for (int i = 0; i < n_lines && n_asked < most && next <= now; i++) {
			if (!lines[i].is_busy) {
				if (write(lines[i].fd, request, (size_t)length) != length) {
					give_up("write");
				}
				lines[i].is_busy = true;
				lines[i].due = next;
				lines[i].n = lines[i].want = 0;
				next = begun + (double)++n_asked / rate;
			}
		}
		if (n_asked >= most || next <= now) {
			wait.tv_sec = 1; /* for an answer */
		} else {
			wait.tv_nsec = (long)((next - now < 0.5 ? next - now : 0.5) * 1e9);
		}
		n = epoll_pwait2(poller, got, MAX_CONN, &wait, NULL);
		for (int i = 0; i < n; i++) {
			struct line *l = &lines[got[i].data.fd];

			if (l->is_busy && line_read(l)) {
				took[n_answered++] = (float)((now_s() - l->due) * 1e3);
				n_bad += strncmp(l->room, "HTTP/1.1 200", 12) != 0;
				bytes = l->want;
				l->is_busy = false;
			}
		}
		if (now > begun + seconds * 4 + 10) {
			break;
		}
	}
	qsort(took, n_answered, sizeof(*took), order);
	(void)printf("%zu %zu %.2f %.2f %.2f %zu %.1f\n", n_answered, n_bad,
		     n_answered > 0 ? (double)took[n_answered / 2] : 0,
		     n_answered > 0 ? (double)took[n_answered * 99 / 100] : 0,
		     n_answered > 0 ? (double)took[n_answered - 1] : 0, bytes,
		     (double)n_answered / (now_s() - begun));
	return n_answered == most && n_bad == 0 ? 0 : 1;
}
