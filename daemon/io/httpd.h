/* httpd.h: HTTP in, over libmicrohttpd's epoll mode on our loop (LIBS §5, RELIABILITY S7, S9, S22, I10).
 *
 * It owns its listening sockets (Unix, TCP, or handed over by systemd), judges every request before anybody sees it (line,
 * headers, Host, body and its size), and puts the same security headers on every answer, errors too.
 *
 *   arrives ──whole body──▶ handler ──httpd_answer() at once──▶ sent ──▶ gone
 *                              ├─httpd_stream_begin(): open ──written to──▶ … ──end, or client gone──▶ gone
 *                              └─later: SUSPENDED ──httpd_answer() or the deadline's 503──▶ sent ──▶ gone
 *
 * Owner:   httpd owns its requests. A request lives from the handler's call until httpd_answer()
 *          was called for it AND it is sent or its client is gone: whoever got it answers
 *          exactly once, however late.
 * Clock:   deadlines are mono.
 * Blocks:  never (sockets are made once, at the start).
 * Calls back: the handler, never from inside httpd_answer().
 * Fails:   ERR_CONFIG when an address cannot be listened on, saying which and why. */
#ifndef ANSWERD_IO_HTTPD_H
#define ANSWERD_IO_HTTPD_H

#include <sys/types.h>

#include "answerd/err.h"
#include "answerd/text.h"
#include "daemon/io/loop.h"

struct httpd;
struct httpd_request;

struct httpd_address {
	bool is_unix;
	struct text path; /* of a Unix socket */
	struct text host; /* a literal address */
	int port;
};

struct httpd_options {
	struct loop *loop;
	const struct httpd_address *listen; /* not looked at when LISTEN_FDS hands sockets over */
	size_t n_listen;
	const struct text
		*hosts; /* names that a Host header may say, beside the addresses and localhost */
	size_t n_hosts;
	const struct text *trusted_proxies; /* addresses without the limit of connections each */
	size_t n_trusted_proxies;
};

typedef void httpd_handler(struct httpd_request *r, void *owner);

struct httpd *httpd_create(const struct httpd_options *o, httpd_handler *handler, void *owner,
			   struct err *err);
/* Other hosts and proxies, from the next request on. */
void httpd_rename(struct httpd *h, const struct text *hosts, size_t n_hosts,
		  const struct text *trusted_proxies, size_t n_trusted_proxies);
/* Takes no more connections, lets running requests finish (2 s), then calls done() once. */
void httpd_stop(struct httpd *h, void (*done)(void *owner), void *owner);
/* After httpd_stop() has called back, or instead of it. Nothing is called back. */
void httpd_destroy(struct httpd **h);
/* Where it listens, for a log line: "/run/answerd/desk.sock, 127.0.0.1:8700". In the arena. */
struct text httpd_addresses(const struct httpd *h, struct arena *a);

/* ---- what a handler may ask; everything lives in the request's arena ---- */
struct arena *httpd_arena(struct httpd_request *r);
struct text
httpd_method(const struct httpd_request *r); /* GET (also for HEAD), POST, PUT, PATCH, DELETE */
struct text httpd_path(const struct httpd_request *r); /* as sent, not decoded, without the query */
struct text httpd_query(const struct httpd_request *r); /* as sent, without '?' */
struct text httpd_header(const struct httpd_request *r,
			 const char *name); /* first one; empty when absent */
struct text httpd_body(const struct httpd_request *r);
bool httpd_is_local(
	const struct httpd_request *r); /* came over a Unix socket: the kernel says who it is */
bool httpd_peer(const struct httpd_request *r, uid_t *ret_uid); /* Unix sockets only */
/* Whose address: the peer's, or what the nearest proxy that we trust says. IPv6 by its network of 64 bits; empty on a Unix socket. */
struct text httpd_client(struct httpd_request *r);
/* The body holds a secret and was read: wiped. */
void httpd_body_wipe(struct httpd_request *r);

/* A header of one answer; it stands in the place of one that all answers have. */
#define HTTPD_HEADERS 4
struct httpd_header_pair {
	const char *name, *value;
};

/* The answer: a content type and bytes, which are copied unless they are constant. retry_after_s and allow: 0 and NULL leave
 * the header away. */
struct httpd_answer {
	int status;
	const char *content_type;
	struct text body;
	bool is_body_constant;
	int retry_after_s;
	const char *allow;
	struct httpd_header_pair headers[HTTPD_HEADERS]; /* until the first without a name */
};
void httpd_answer(struct httpd_request *r, const struct httpd_answer *a);

/* An answer that stays open, instead of httpd_answer(): status 200 now, its bytes as they come. It lives until on_gone(), which is
 * called once, when the client is gone or was dropped because it does not read, when the stream was ended and all of it is sent, or when
 * httpd stops; the stream is no more afterwards. `beat` is sent after every 14 s of silence: so each side notices when the other is gone.
 * NULL: it could not begin, and was answered (503) or has nobody to be answered to. */
struct httpd_stream;
struct httpd_stream_options {
	const char *content_type;
	struct text beat; /* constant */
	void (*on_gone)(void *owner);
	void *owner;
};
struct httpd_stream *httpd_stream_begin(struct httpd_request *r,
					const struct httpd_stream_options *o);
/* Copies; sent when the loop turns. False: 64 KiB wait already, so it is being dropped. */
bool httpd_stream_write(struct httpd_stream *s, struct text bytes);
/* After what was written. */
void httpd_stream_end(struct httpd_stream *s);
/* How many are open. */
size_t httpd_streams(const struct httpd_request *r);

/* An RFC 9457 problem document. */
void httpd_problem(struct httpd_request *r, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void httpd_problem_text(struct httpd_request *r, int status, struct text detail, int retry_after_s,
			const char *allow);
/* The same with a member `needs`: what the caller must bring so that it is answered ("totp", "again", "csrf"). */
void httpd_problem_needs(struct httpd_request *r, int status, struct text detail,
			 const char *needs);
/* The same with a member `code`: the sentence's name, which never changes, for programs and for pages in other languages; and `with`, its
 * values: a JSON array, or empty. */
void httpd_problem_coded(struct httpd_request *r, int status, struct text detail, struct text code,
			 struct text with);
const char *httpd_status_title(int status);

#endif
