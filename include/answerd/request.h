/* request.h: an HTTP request and its answer, as data. Nobody here performs one.
 *
 * Mailboxes speak through the same two structs, by the scheme of the url:
 * - imaps://HOST[:PORT], or imap://, which becomes TLS before anything is said (a loopback address that may go without apart):
 *   `body` is commands, one a line, without tags; each is sent when the one before it was answered OK. The answer's body is every
 *   byte that the server said since the login; its status 200, 422 where a command was answered NO, 400 where BAD, 401 where
 *   the login was refused. With `bearer` the login is by OAuth (XOAUTH2 or OAUTHBEARER, as the server can) and by nothing else. Where `append` is set the last command hands it over: the command is sent with its size in braces
 *   behind it, the bytes when the server says go on. A connection that ends after that is ERR_UNSURE.
 * - smtps://, smtp://: `body` is a whole mail (CRLF), for `mail_to` alone, from `mail_from`. The answer's status is the server's
 *   own last code (250: taken; 4xx, 5xx: not taken), its body that reply. A connection that ends after the mail's last byte
 *   left, and without that reply, is ERR_UNSURE.
 *
 * Owner:   all text lives in the arena of the unit of work.
 * Clock:   received_at is wall time, given by who performed the request.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_REQUEST_H
#define ANSWERD_REQUEST_H

#include "answerd/clock.h"
#include "answerd/text.h"

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE };

struct header {
	struct text name, value;
};

struct request {
	enum http_method method;
	struct text url;
	struct header headers[8];
	size_t n_headers;
	struct text bearer; /* secret: sent as "Authorization: Bearer …", never logged; empty: none.
			   imap, smtp: the access token of `user` */
	struct text body;   /* secret too (passwords); sent as it is */
	struct text content_type;       /* of the body */
	struct text user, password;     /* imap, smtp: the login; secrets */
	struct text mail_from, mail_to; /* smtp: the envelope, addresses alone */
	struct text
		append; /* imap: a whole mail (CRLF) that the last command hands over; else empty */
	bool once;      /* it posts: fresh connection, HTTP/1.1, one attempt (RELIABILITY I3) */
};

struct response {
	int status; /* 200..599 */
	struct header *headers;
	size_t n_headers;
	struct text body; /* decoded bytes, not cleaned */
	bool is_cut;      /* it was larger than we read: body is only its beginning, or empty */
	struct wall received_at;
};

/* Value of the first header of that name (case-folded), or empty. */
struct text response_header(const struct response *r, struct text name);

void request_add_header(struct request *r, struct text name, struct text value);

#endif
