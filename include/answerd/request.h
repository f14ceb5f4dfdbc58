/* request.h: an HTTP request and its answer, as data. Nobody here performs one.
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
	struct text
		bearer; /* secret: sent as "Authorization: Bearer …", never logged; empty: none */
	struct text body;         /* secret too (passwords); sent as it is */
	struct text content_type; /* of the body */
	bool once; /* it posts: fresh connection, HTTP/1.1, one attempt (RELIABILITY I3) */
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
