/* curl's multi handle on libev: one timer, one watcher for each socket (LIBS §2). */
#include <assert.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/io/http_inside.h"

/* A socket of curl's that is watched; found again by curl_multi_assign(). */
struct http_socket {
	struct list in;
	struct http *http;
	ev_io io;
};

static void act(struct http *h, curl_socket_t fd, int what);

static void on_socket_ready(struct ev_loop *ev, ev_io *w, int revents)
{
	struct http_socket *s = container_of(w, struct http_socket, io);
	int what = (revents & EV_READ ? CURL_CSELECT_IN : 0) |
		   (revents & EV_WRITE ? CURL_CSELECT_OUT : 0) |
		   (revents & EV_ERROR ? CURL_CSELECT_ERR : 0);

	(void)ev;
	act(s->http, w->fd, what);
}

static void socket_forget(struct http_socket *s)
{
	struct http *h = s->http;

	ev_io_stop(loop_ev(h->loop), &s->io);
	list_remove(&s->in);
	loop_bury(h->loop, s, free); /* its own callback may be on the stack */
}

/* Stop, set, start, always; and never a number that is no socket. */
static void socket_watch(struct http_socket *s, curl_socket_t fd, int what)
{
	struct ev_loop *ev = loop_ev(s->http->loop);
	int events = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);

	ev_io_stop(ev, &s->io);
	if (fd < 0 || events == 0) {
		return;
	}
	ev_io_set(&s->io, fd, events);
	ev_io_start(ev, &s->io);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *mine)
{
	struct http *h = owner;
	struct http_socket *s = mine;

	(void)easy;
	assert(h->magic == HTTP_MAGIC);
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL) {
			(void)curl_multi_assign(h->multi, fd, NULL); /* it may be gone already */
			socket_forget(s);
		}
		return 0;
	}
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		s->http = h;
		list_add_last(&h->sockets, &s->in);
		ev_init(&s->io, on_socket_ready);
		if (curl_multi_assign(h->multi, fd, s) != CURLM_OK) {
			not_reached("curl does not know its own socket");
		}
	}
	socket_watch(s, fd, what);
	return 0;
}

/* Only arms: curl must not be called from here, not even for 0 ms. */
static int on_curl_timer(CURLM *multi, long ms, void *owner)
{
	struct http *h = owner;

	(void)multi;
	assert(h->magic == HTTP_MAGIC);
	if (ms < 0) {
		loop_disarm(h->loop, &h->timer);
	} else {
		loop_arm(h->loop, &h->timer, DUR_MS(ms));
	}
	return 0;
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct http *h = container_of(w, struct http, timer);

	(void)ev;
	(void)revents;
	assert(h->magic == HTTP_MAGIC);
	act(h, CURL_SOCKET_TIMEOUT, 0);
}

static void sockets_forget(struct http *h)
{
	list_each(at, &h->sockets)
	{
		socket_forget(container_of(at, struct http_socket, in));
	}
}

void http_detach(struct http_transfer *t, CURLcode code)
{
	struct http *h = t->http;
	long status = 0, sent = 0;

	http_talk_halt(t);
	/* Read before the handle leaves; both are known to this libcurl. */
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
	t->status = (int)status;
	t->is_talking = t->is_talking || sent > 0;
	t->received_at = loop_wall(h->loop);
	(void)curl_multi_remove_handle(h->multi, t->easy);
	http_explain(t, code);
	http_undress(t, code == CURLE_OK && t->talk == NULL);
	list_remove(&t->in);
	list_add_last(&h->finished, &t->in);
}

/* All transfers are in doubt: end them and begin with a new multi (LIBS §2.19). */
static void start_anew(struct http *h)
{
	list_each(at, &h->running)
	{
		http_detach(container_of(at, struct http_transfer, in), CURLE_RECV_ERROR);
	}
	http_multi_destroy(h);
	http_multi_create(h);
}

void http_collect(struct http *h)
{
	CURLMsg *m;
	int n_left;

	while ((m = curl_multi_info_read(h->multi, &n_left)) != NULL) {
		CURLcode code = m->data.result;
		void *mine = NULL;
		struct http_transfer *t;

		if (m->msg != CURLMSG_DONE) {
			continue;
		}
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &mine);
		t = mine;
		assert(t != NULL && t->magic == TRANSFER_MAGIC);
		if (code != CURLE_OK || !http_talk_begin(t)) {
			http_detach(t, code); /* m is not valid any more */
		}
	}
}

static void act(struct http *h, curl_socket_t fd, int what)
{
	int n_running;

	if (curl_multi_socket_action(h->multi, fd, what, &n_running) != CURLM_OK) {
		http_collect(h);
		start_anew(h);
	} else {
		http_collect(h);
	}
	http_deliver(h);
}

#define MULTI_SET(multi, option, value)                                                            \
	do {                                                                                       \
		if (curl_multi_setopt((multi), (option), (value)) != CURLM_OK) {                   \
			not_reached(#option);                                                      \
		}                                                                                  \
	} while (0)

void http_multi_create(struct http *h)
{
	h->multi = curl_multi_init();
	if (h->multi == NULL) {
		not_reached("out of memory in libcurl");
	}
	MULTI_SET(h->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	MULTI_SET(h->multi, CURLMOPT_SOCKETDATA, (void *)h);
	MULTI_SET(h->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	MULTI_SET(h->multi, CURLMOPT_TIMERDATA, (void *)h);
	/* Admission is http_has_room()'s: whoever waits inside curl loses the time he waits. These
	 * are only the wall behind it. */
	MULTI_SET(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 16L);
	MULTI_SET(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)HTTP_MAX_TRANSFERS + 32);
	MULTI_SET(h->multi, CURLMOPT_MAXCONNECTS, 32L);
	ev_init(&h->timer, on_timer);
}

void http_multi_destroy(struct http *h)
{
	assert(list_is_empty(&h->running));
	loop_disarm(h->loop, &h->timer);
	(void)curl_multi_cleanup(h->multi); /* nothing is left in it that could be told */
	h->multi = NULL;
	loop_disarm(h->loop, &h->timer);
	sockets_forget(h); /* this version does not say REMOVE when it cleans up */
}
