/* Answers that stay open (server-sent events): see httpd.h. The library asks for bytes; where there are none the connection sleeps
 * (LIBS §5.3: to say "none yet" without sleeping spins), and is woken by what is written to it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "answerd/log.h"
#include "daemon/io/httpd_inside.h"

struct httpd_stream {
	struct list in;
	struct httpd_request *r;
	struct strbuf bytes; /* not yet taken by the library */
	size_t taken_bytes;
	struct text beat;
	bool is_ending, is_dropped;
	int n_quiet; /* looks since something was written to it */
	void (*on_gone)(void *owner);
	void *owner;
};

static void stream_wake(struct httpd_stream *s)
{
	struct httpd_request *r = s->r;
	struct httpd *h = r->listener->httpd;

	if (r->is_suspended) {
		r->is_suspended = false;
		MHD_resume_connection(r->connection);
	}
	/* All streams that are written to in this turn are served together, and never from inside the library. */
	loop_arm(h->loop, &r->listener->due, DUR_US(0));
}

/* The library wants the next bytes. */
static ssize_t on_wanted(void *owner, uint64_t at, char *room, size_t room_bytes)
{
	struct httpd_stream *s = owner;
	struct httpd_request *r = s->r;
	size_t n = s->bytes.len - s->taken_bytes;

	(void)at;
	if (s->is_dropped) {
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (n == 0 && (s->is_ending || r->listener->httpd->is_stopping)) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (n == 0) {
		r->is_suspended = true;
		MHD_suspend_connection(r->connection);
		return 0;
	}
	n = n < room_bytes ? n : room_bytes;
	memcpy(room, s->bytes.at + s->taken_bytes, n);
	s->taken_bytes += n;
	if (s->taken_bytes == s->bytes.len) {
		/* Memory goes with its use: most streams are silent. */
		strbuf_done(&s->bytes);
		strbuf_init(&s->bytes, HTTPD_STREAM_BYTES);
		s->taken_bytes = 0;
	}
	return (ssize_t)n;
}

static int stream_fd(const struct httpd_stream *s)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(s->r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}

/* The library does not watch a connection that sleeps: a page that was left would hold its stream until the next beat. */
static bool is_client_gone(const struct httpd_stream *s)
{
	char byte;
	ssize_t n = recv(stream_fd(s), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void on_beat(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct httpd *h = container_of(w, struct httpd, beat);

	(void)loop;
	(void)revents;
	list_each(at, &h->streams)
	{
		struct httpd_stream *s = container_of(at, struct httpd_stream, in);

		if (!s->is_dropped && is_client_gone(s)) {
			s->is_dropped = true;
			stream_wake(s);
		} else if (++s->n_quiet >= HTTPD_STREAM_QUIET) {
			(void)httpd_stream_write(s, s->beat);
		}
	}
	if (!list_is_empty(&h->streams)) {
		loop_arm(h->loop, &h->beat, HTTPD_STREAM_LOOK);
	}
}

void httpd_streams_init(struct httpd *h)
{
	list_init(&h->streams);
	ev_init(&h->beat, on_beat);
}

struct httpd_stream *httpd_stream_begin(struct httpd_request *r,
					const struct httpd_stream_options *o)
{
	struct httpd *h = r->listener->httpd;
	struct httpd_stream *s;
	struct MHD_Response *m;

	if (r->connection == NULL || r->state == REQUEST_ANSWERED || h->is_stopping ||
	    h->n_streams >= HTTPD_STREAMS) {
		httpd_problem(r, 503, "Too many pages are open at once. Try it again.");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->r = r;
	s->beat = o->beat;
	s->on_gone = o->on_gone;
	s->owner = o->owner;
	strbuf_init(&s->bytes, HTTPD_STREAM_BYTES);
	m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTPD_STREAM_BLOCK, on_wanted, s,
					      NULL);
	if (m == NULL) {
		not_reached("no memory for an answer");
	}
	httpd_response_headers(
		m, &(struct httpd_answer){ .content_type = o->content_type,
					   .headers = { { "X-Accel-Buffering", "no" } } });
	r->stream = s;
	/* The limit of connections an address is for requests; who may have a stream has signed in. */
	httpd_visitor_count(r->listener, r->connection, -1);
	h->n_streams++;
	list_init(&s->in);
	list_add_last(&h->streams, &s->in);
	if (!ev_is_active(&h->beat)) {
		loop_arm(h->loop, &h->beat, HTTPD_STREAM_LOOK);
	}
	h->n_in_mhd++; /* not served from in here: its client might be gone before we return */
	httpd_request_answer(r, 200, m);
	h->n_in_mhd--;
	return s;
}

bool httpd_stream_write(struct httpd_stream *s, struct text bytes)
{
	if (s->is_dropped || s->is_ending) {
		return false;
	}
	if (s->bytes.len - s->taken_bytes + bytes.len > HTTPD_STREAM_BYTES) {
		/* It does not read. What it has missed it asks for when it comes again. */
		s->is_dropped = true;
		(void)shutdown(stream_fd(s), SHUT_RDWR);
	} else {
		if (s->bytes.len + bytes.len > HTTPD_STREAM_BYTES) {
			size_t left = s->bytes.len - s->taken_bytes;

			memmove(s->bytes.at, s->bytes.at + s->taken_bytes, left);
			s->bytes.len = left;
			s->taken_bytes = 0;
		}
		strbuf_add(&s->bytes, bytes);
		s->n_quiet = 0;
	}
	stream_wake(s);
	return !s->is_dropped;
}

void httpd_stream_end(struct httpd_stream *s)
{
	s->is_ending = true;
	stream_wake(s);
}

size_t httpd_streams(const struct httpd_request *r)
{
	return r->listener->httpd->n_streams;
}

void httpd_streams_end(struct httpd *h)
{
	loop_disarm(h->loop, &h->beat);
	list_each(at, &h->streams)
	{
		httpd_stream_end(container_of(at, struct httpd_stream, in));
	}
}

void httpd_stream_gone(struct httpd_request *r, struct MHD_Connection *connection)
{
	struct httpd_stream *s = r->stream;

	r->stream = NULL;
	httpd_visitor_count(r->listener, connection, 1);
	list_remove(&s->in);
	r->listener->httpd->n_streams--;
	if (s->on_gone != NULL) {
		s->on_gone(s->owner);
	}
	strbuf_done(&s->bytes);
	free(s);
}
