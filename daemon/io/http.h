/* http.h: HTTP requests over libcurl, strict by default (STYLE §9, LIBS §2, RELIABILITY I3, I10,
 * S3-S5).
 *
 * One multi handle, pooled easy handles, no redirects, no proxies, https only (or plain http to a
 * literal loopback address where the terms allow it), addresses judged at connect, decoded bytes
 * and header bytes capped in our callbacks.
 *
 * Owner:   http_start() copies the request; the response lives during the callback (its arena:
 *          http_take_arena()).
 * Clock:   deadlines are mono; received_at is the loop's wall time.
 * Blocks:  never.
 * Calls back: done exactly once for each transfer, never from inside http_start(), never after
 *          http_cancel().
 * Fails:   ERR_RETRY nothing was sent (resolve, connect, TLS handshake), or it was a request
 *          without `once`; ERR_UNSURE a `once` request was (perhaps) sent and its answer did not
 *          come whole; ERR_DATA the answer broke a limit; ERR_CONFIG the address is not allowed.
 *          Any HTTP status is a response. */
#ifndef ANSWERD_IO_HTTP_H
#define ANSWERD_IO_HTTP_H

#include "answerd/err.h"
#include "answerd/request.h"
#include "daemon/io/loop.h"

struct http;
struct http_transfer;

struct http_terms {
	bool allow_loopback; /* insecure_loopback: plain http, literal loopback addresses, any port
			      */
	bool allow_private;  /* the configured host itself may be private */
	int allow_port;      /* https beside 443 and 8443: the port that the configuration names */
	int max_per_host;    /* 0: the default of 2 */
	struct dur timeout;  /* 0: 30 s */
	size_t max_body_bytes; /* 0: LIMIT_BODY_BYTES */
	bool keep_cut; /* a larger answer is a response with is_cut, no error; never with `once` */
	bool read_cut; /* and its beginning is read, also of one that says before how large it is */
};

typedef void http_done(const struct response *r, const struct err *err,
		       void *owner); /* one of the two is NULL */

struct http *http_create(struct loop *l);
void http_destroy(struct http **h); /* cancels what runs, without calling back */

/* Room for one more transfer to that host? Admission is the scheduler's: curl's own queue eats the
 * timeout. */
bool http_has_room(const struct http *h, struct text url, const struct http_terms *t);
bool http_is_full(const struct http *h); /* no room to any host */

struct http_transfer *http_start(struct http *h, const struct request *r,
				 const struct http_terms *t, http_done *done, void *owner);
void http_cancel(struct http_transfer **t);
int http_active(const struct http *h);

/* In a callback: keep the response's memory; it now belongs to the caller. */
struct arena *http_take_arena(const struct response *r);

#endif
