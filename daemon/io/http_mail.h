/* http_mail.h: mail of alerts, on the same multi handle and under the same terms as requests.
 *
 * The message is complete (RFC 5322, CRLF, no line over 998 bytes) when it comes here. smtps:// is TLS from the first
 * byte; smtp:// must become TLS by STARTTLS before anything is said, or nothing is sent.
 *
 * Owner:   http_mail() copies everything. Clock: as http.h.
 * Blocks:  never. Calls back: as http_start(); the response's status is the server's last code (250), its body empty.
 * Fails:   ERR_RETRY always: a mail that came twice is better than one that did not come. */
#ifndef ANSWERD_IO_HTTP_MAIL_H
#define ANSWERD_IO_HTTP_MAIL_H

#include "daemon/io/http.h"

struct mail {
	struct text server; /* "smtps://host[:port]" or "smtp://host[:port]" */
	struct text user;   /* empty: no login */
	struct text password;
	struct text from; /* addresses without names or brackets */
	const struct text *to;
	size_t n_to;
	struct text message;
	bool is_plain;   /* without TLS; only for a literal loopback address that the terms allow */
	bool allow_some; /* content when the server takes it for some of the receivers */
};

struct http_transfer *http_mail(struct http *h, const struct mail *m, const struct http_terms *t,
				http_done *done, void *owner);

/* May this address stand in an envelope? No control bytes, blanks or brackets. */
bool http_mail_is_address(struct text address);

#endif
