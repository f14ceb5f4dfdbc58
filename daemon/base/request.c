#include "answerd/request.h"

#include "answerd/log.h"

struct text response_header(const struct response *r, struct text name)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		if (text_eq_nocase(r->headers[i].name, name)) {
			return text_trim(r->headers[i].value);
		}
	}
	return TEXT_NONE;
}

void request_add_header(struct request *r, struct text name, struct text value)
{
	if (r->n_headers >= sizeof(r->headers) / sizeof(r->headers[0])) {
		not_reached("a connector sends more headers than a request holds");
	}
	r->headers[r->n_headers++] = (struct header){ name, value };
}
