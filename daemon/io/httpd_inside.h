/* httpd_inside.h: what the files of httpd share; nobody else includes it.
 *
 * Owner:   see each function.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   see each function. */
#ifndef ANSWERD_IO_HTTPD_INSIDE_H
#define ANSWERD_IO_HTTPD_INSIDE_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "answerd/strbuf.h"
#include "daemon/base/list.h"
#include "daemon/io/httpd.h"

/* Of one listener, so that the Unix socket is always to be reached. Half of them may be streams, which stay open. */
#define HTTPD_CONNECTIONS          1024u
#define HTTPD_VISITORS             2048u /* addresses at once */
#define HTTPD_STREAMS              768u
#define HTTPD_STREAM_BYTES         (64u * 1024) /* that one client has not read yet */
#define HTTPD_STREAM_BLOCK         4096u
#define HTTPD_STREAM_LOOK          DUR_S(2) /* is the client still there? */
#define HTTPD_STREAM_QUIET         7        /* such looks without a word: a beat */
#define HTTPD_CONNECTIONS_ADDRESS  32       /* from one address, but of the proxies that we trust */
#define HTTPD_CONNECTION_MEMORY    (32u * 1024) /* line and headers of one connection */
#define HTTPD_CONNECTION_TIMEOUT_S 15u          /* of silence */
#define HTTPD_REQUEST_PATIENCE     DUR_S(30)    /* until a request is whole */
#define HTTPD_REQUEST_LOOK         DUR_S(5)
#define HTTPD_BODY_BYTES           (1024u * 1024)      /* of one request */
#define HTTPD_BODIES_BYTES         (16u * 1024 * 1024) /* of all requests in flight */
#define HTTPD_REQUEST_ARENA_BYTES                                                                  \
	(8u * 1024 * 1024)            /* parameters and problem texts of one request */
#define HTTPD_DEADLINE      DUR_S(60) /* of the one who answers; statements end earlier */
#define HTTPD_STOP_PATIENCE DUR_S(2)
#define HTTPD_LISTENERS     16
#define HTTPD_STOPPED       "The desk is being stopped. Try it again."

struct sockaddr_any {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} as;
	socklen_t len;
};

/* One listening socket with a daemon of its own. */
struct httpd_listener {
	struct httpd *httpd;
	struct MHD_Daemon *daemon;
	ev_io readable;
	ev_timer due;
	int fd;
	bool is_unix, is_ours; /* ours: the socket's file goes when we go */
	char *path;            /* of a Unix socket */
	char name[128];        /* for people; of TCP also what a Host header says */
};

/* Connections of one address. */
struct httpd_visitor {
	struct in6_addr address;
	int n;
};

struct httpd {
	struct loop *loop;
	httpd_handler *handler; /* NULL: being destroyed */
	void *owner;
	struct httpd_listener listeners[HTTPD_LISTENERS];
	size_t n_listeners;
	struct arena *names; /* hosts and proxies */
	struct text *hosts, *proxies;
	size_t n_hosts, n_proxies;
	struct arena *arena;
	struct list streams;
	size_t n_streams;
	ev_timer beat;
	struct list arriving; /* connections that have not sent a whole request, oldest first */
	ev_timer late;
	struct list requests; /* all that live, also those whose client is gone */
	size_t n_in_mhd;      /* depth: is libmicrohttpd on the stack? */
	size_t bodies_bytes;
	struct httpd_visitor visitors[HTTPD_VISITORS];
	size_t n_visitors;
	bool is_stopping;
	ev_timer patience;
	ev_idle finished;
	void (*done)(void *owner);
	void *done_owner;
};

enum request_state {
	REQUEST_ARRIVING, /* its body comes */
	REQUEST_ASKED,    /* the handler has it */
	REQUEST_ANSWERED, /* its answer is queued, or waits to be */
};

#define HTTPD_REQUEST_MAGIC UINT32_C(0x68747470)

struct httpd_request {
	uint32_t magic;
	struct list in;
	struct httpd_listener *listener;
	struct MHD_Connection *connection; /* NULL: the client is gone */
	struct arena *arena;
	struct text method, path, query;
	struct strbuf body;
	size_t dropped_bytes; /* of a body that is not wanted any more */
	enum request_state state;
	bool is_judged, is_suspended, must_close;
	int holds;                     /* how many will still call httpd_answer() */
	struct MHD_Response *response; /* waits to be queued */
	int status;
	struct httpd_stream *stream; /* NULL: its answer is one piece */
	ev_timer deadline;
};

/* httpd_listen.c: opens what the options say, or takes what systemd hands over. */
bool httpd_listen_all(struct httpd *h, const struct httpd_options *o, struct err *err);
void httpd_listen_close(struct httpd_listener *l);
/* The address as IPv6 (v4 mapped); false for Unix sockets. */
bool httpd_address_of(const struct sockaddr *a, struct in6_addr *ret);
/* As text: "192.0.2.1", "2001:db8::1". */
bool httpd_address_parse(struct text t, struct in6_addr *ret);
bool httpd_is_proxy(const struct httpd *h, const struct in6_addr *a);

/* httpd_judge.c: is this request one that we talk about? False: it was answered with a problem. */
bool httpd_judge(struct httpd_request *r);
/* Does a body of a plain, allowed length follow? */
bool httpd_has_body(const struct httpd_request *r);

/* httpd.c: turns the library once and arms its timer. */
void httpd_pump(struct httpd_listener *l);
/* One connection more, or less, of its address; nothing on Unix sockets. */
void httpd_visitor_count(struct httpd_listener *l, struct MHD_Connection *connection, int by);

/* httpd_request.c: what the library calls; `owner` is the listener. */
void *httpd_on_line(void *owner, const char *uri, struct MHD_Connection *connection);
enum MHD_Result httpd_on_request(void *owner, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *n_upload, void **what);
void httpd_on_completed(void *owner, struct MHD_Connection *connection, void **what,
			enum MHD_RequestTerminationCode how);
void httpd_request_free(void *what);
/* The answer is there; takes the response. */
void httpd_request_answer(struct httpd_request *r, int status, struct MHD_Response *response);
/* What stands on every answer, and the answer's own. */
void httpd_response_headers(struct MHD_Response *m, const struct httpd_answer *a);

/* httpd_arriving.c: connections that take too long to say what they want are closed. */
void httpd_arriving_init(struct httpd *h);
void httpd_arriving_open(struct httpd *h, struct MHD_Connection *connection, void **context);
void httpd_arriving_close(void **context);
/* A request is whole; its answer was sent. */
void httpd_arriving_done(struct MHD_Connection *connection);
void httpd_arriving_again(struct httpd *h, struct MHD_Connection *connection);

/* httpd_stream.c */
void httpd_streams_init(struct httpd *h);
void httpd_streams_end(struct httpd *h);
void httpd_stream_gone(struct httpd_request *r, struct MHD_Connection *connection);

#endif
