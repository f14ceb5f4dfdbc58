/* HTTP in: see httpd.h. */
#include <stdlib.h>
#include <unistd.h>

#include "answerd/log.h"
#include "daemon/io/httpd_inside.h"

/* ---- turning ---- */

/* LIBS §5: run, then ask when to run again, always. */
void httpd_pump(struct httpd_listener *l)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (l->daemon == NULL) {
		return;
	}
	l->httpd->n_in_mhd++;
	(void)MHD_run(l->daemon);
	l->httpd->n_in_mhd--;
	if (MHD_get_timeout(l->daemon, &ms) == MHD_YES) {
		loop_arm(l->httpd->loop, &l->due, DUR_MS(ms > 60000 ? 60000 : ms));
	} else {
		loop_disarm(l->httpd->loop, &l->due);
	}
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop;
	(void)revents;
	httpd_pump(container_of(w, struct httpd_listener, readable));
}

static void on_due(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	httpd_pump(container_of(w, struct httpd_listener, due));
}

/* ---- connections ---- */

static struct httpd_visitor *visitor_find(struct httpd *h, const struct in6_addr *a)
{
	for (size_t i = 0; i < h->n_visitors; i++) {
		if (memcmp(&h->visitors[i].address, a, sizeof(*a)) == 0) {
			return &h->visitors[i];
		}
	}
	return NULL;
}

static enum MHD_Result on_accept(void *owner, const struct sockaddr *address, socklen_t len)
{
	struct httpd_listener *l = owner;
	struct httpd_visitor *v;
	struct in6_addr a;

	(void)len;
	if (l->is_unix || address == NULL || !httpd_address_of(address, &a) ||
	    httpd_is_proxy(l->httpd, &a)) {
		return MHD_YES;
	}
	v = visitor_find(l->httpd, &a);
	return v == NULL || v->n < HTTPD_CONNECTIONS_ADDRESS ? MHD_YES : MHD_NO;
}

void httpd_visitor_count(struct httpd_listener *l, struct MHD_Connection *connection, int by)
{
	struct httpd *h = l->httpd;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct httpd_visitor *v;
	struct in6_addr a;

	if (l->is_unix || info == NULL || info->client_addr == NULL ||
	    !httpd_address_of(info->client_addr, &a)) {
		return;
	}
	v = visitor_find(h, &a);
	if (v == NULL && by > 0 && h->n_visitors < HTTPD_VISITORS) {
		v = &h->visitors[h->n_visitors++];
		*v = (struct httpd_visitor){ .address = a };
	}
	if (v != NULL && (v->n += by) <= 0) {
		*v = h->visitors[--h->n_visitors];
	}
}

static void on_connection(void *owner, struct MHD_Connection *connection, void **what,
			  enum MHD_ConnectionNotificationCode how)
{
	struct httpd_listener *l = owner;

	if (how == MHD_CONNECTION_NOTIFY_STARTED) {
		httpd_arriving_open(l->httpd, connection, what);
		httpd_visitor_count(l, connection, 1);
	} else {
		httpd_arriving_close(what);
		httpd_visitor_count(l, connection, -1);
	}
}

/* ---- life ---- */

static void on_library_says(void *owner, const char *fmt, va_list args)
{
	/* Its sentences may quote requests; what matters to us is seen elsewhere. */
	(void)owner;
	(void)fmt;
	(void)args;
}

static bool listener_start(struct httpd_listener *l, struct err *err)
{
	const union MHD_DaemonInfo *info;

	l->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, on_accept, l, httpd_on_request, l,
		/* first in the list: */ MHD_OPTION_EXTERNAL_LOGGER, on_library_says, NULL,
		MHD_OPTION_LISTEN_SOCKET, (MHD_socket)l->fd, MHD_OPTION_CONNECTION_LIMIT,
		HTTPD_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTPD_CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
		HTTPD_CONNECTION_TIMEOUT_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK, httpd_on_line, l,
		MHD_OPTION_NOTIFY_COMPLETED, httpd_on_completed, l, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, l, MHD_OPTION_END);
	info = l->daemon != NULL ? MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (info == NULL || info->epoll_fd < 0) {
		return err_set(err, ERR_CONFIG, "the HTTP library does not start on %s", l->name);
	}
	ev_io_init(&l->readable, on_readable, info->epoll_fd, EV_READ);
	ev_init(&l->due, on_due);
	ev_io_start(loop_ev(l->httpd->loop), &l->readable);
	httpd_pump(l);
	return true;
}

static void on_finished(struct ev_loop *loop, ev_idle *w, int revents)
{
	struct httpd *h = container_of(w, struct httpd, finished);
	void (*done)(void *owner) = h->done;

	(void)revents;
	ev_idle_stop(loop, w);
	loop_disarm(h->loop, &h->patience);
	h->done = NULL;
	if (done != NULL) {
		done(h->done_owner);
	}
}

static void on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct httpd *h = container_of(w, struct httpd, patience);

	(void)loop;
	(void)revents;
	h->n_in_mhd++; /* nothing is sent, and nothing leaves the list, while we walk it */
	list_each(at, &h->requests)
	{
		struct httpd_request *r = container_of(at, struct httpd_request, in);

		if (r->is_suspended && r->stream == NULL) {
			r->holds++;
			httpd_problem(r, 503, HTTPD_STOPPED);
		}
	}
	h->n_in_mhd--;
	for (size_t i = 0; i < h->n_listeners; i++) {
		httpd_pump(&h->listeners[i]);
	}
	ev_idle_start(loop_ev(h->loop), &h->finished);
}

static struct text *texts_keep(struct arena *a, const struct text *t, size_t n)
{
	struct text *copy = ARENA_ARRAY(a, struct text, n);

	for (size_t i = 0; i < n; i++) {
		copy[i] = text_dup(a, t[i]);
	}
	return copy;
}

void httpd_rename(struct httpd *h, const struct text *hosts, size_t n_hosts,
		  const struct text *trusted_proxies, size_t n_trusted_proxies)
{
	arena_reset(h->names);
	h->hosts = texts_keep(h->names, hosts, n_hosts);
	h->n_hosts = n_hosts;
	h->proxies = texts_keep(h->names, trusted_proxies, n_trusted_proxies);
	h->n_proxies = n_trusted_proxies;
}

struct httpd *httpd_create(const struct httpd_options *o, httpd_handler *handler, void *owner,
			   struct err *err)
{
	struct httpd *h = xcalloc(1, sizeof(*h));

	h->loop = o->loop;
	h->handler = handler;
	h->owner = owner;
	h->arena = arena_create(1024u * 1024);
	h->names = arena_create(1024u * 1024);
	httpd_rename(h, o->hosts, o->n_hosts, o->trusted_proxies, o->n_trusted_proxies);
	list_init(&h->requests);
	httpd_arriving_init(h);
	httpd_streams_init(h);
	ev_init(&h->patience, on_patience);
	ev_idle_init(&h->finished, on_finished);
	if (!httpd_listen_all(h, o, err)) {
		httpd_destroy(&h);
		return NULL;
	}
	for (size_t i = 0; i < h->n_listeners; i++) {
		if (!listener_start(&h->listeners[i], err)) {
			httpd_destroy(&h);
			return NULL;
		}
	}
	return h;
}

/* The listening socket comes back to us, and goes. */
static void listener_quiesce(struct httpd_listener *l)
{
	if (l->daemon != NULL && l->fd >= 0) {
		(void)MHD_quiesce_daemon(l->daemon);
	}
	httpd_listen_close(l);
}

void httpd_stop(struct httpd *h, void (*done)(void *owner), void *owner)
{
	if (h->is_stopping) {
		return;
	}
	h->is_stopping = true;
	h->done = done;
	h->done_owner = owner;
	for (size_t i = 0; i < h->n_listeners; i++) {
		listener_quiesce(&h->listeners[i]);
	}
	httpd_streams_end(h);
	if (list_is_empty(&h->requests)) {
		ev_idle_start(loop_ev(h->loop), &h->finished);
	} else {
		loop_arm(h->loop, &h->patience, HTTPD_STOP_PATIENCE);
	}
}

void httpd_destroy(struct httpd **at)
{
	struct httpd *h = *at;

	if (h == NULL) {
		return;
	}
	*at = NULL;
	h->is_stopping = true;
	h->done = NULL;
	h->handler = NULL; /* requests still arrive below; their handler's parts may be gone */
	/* No connection may be suspended when the daemon stops: the library would end the process. */
	list_each(at_r, &h->requests)
	{
		struct httpd_request *r = container_of(at_r, struct httpd_request, in);

		loop_disarm(h->loop, &r->deadline);
		if (r->is_suspended && r->connection != NULL) {
			r->is_suspended = false;
			r->state = REQUEST_ANSWERED;
			MHD_resume_connection(r->connection);
		}
	}
	for (size_t i = 0; i < h->n_listeners; i++) {
		struct httpd_listener *l = &h->listeners[i];

		listener_quiesce(l);
		if (l->daemon != NULL) {
			ev_io_stop(loop_ev(h->loop), &l->readable);
			httpd_pump(l);
			loop_disarm(h->loop, &l->due);
			MHD_stop_daemon(l->daemon);
			l->daemon = NULL;
		}
	}
	while (!list_is_empty(&h->requests)) {
		struct list *first = list_take_first(&h->requests);

		httpd_request_free(container_of(first, struct httpd_request, in));
	}
	loop_disarm(h->loop, &h->patience);
	loop_disarm(h->loop, &h->beat);
	loop_disarm(h->loop, &h->late);
	ev_idle_stop(loop_ev(h->loop), &h->finished);
	arena_destroy(&h->arena);
	arena_destroy(&h->names);
	free(h);
}

struct text httpd_addresses(const struct httpd *h, struct arena *a)
{
	struct text all = TEXT_NONE;

	for (size_t i = 0; i < h->n_listeners; i++) {
		all = text_printf(a, "%.*s%s%s", TEXT_ARG(all), i > 0 ? ", " : "",
				  h->listeners[i].name);
	}
	return all;
}
