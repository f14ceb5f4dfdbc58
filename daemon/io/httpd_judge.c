/* Which requests httpd talks about at all: see httpd.h. Runs once a request, when its headers are complete. */
#include <stdio.h>

#include "answerd/num.h"
#include "daemon/io/httpd_inside.h"

/* Headers that may come once, or two readers would understand two requests. */
static const char *const single[] = { "Host",         "Content-Length",  "Transfer-Encoding",
				      "Content-Type", "Idempotency-Key", "Authorization" };

struct headers {
	int n_single[sizeof(single) / sizeof(single[0])];
	bool is_bad_name, is_bad_value;
};

static bool is_token_byte(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static enum MHD_Result on_header(void *owner, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	struct headers *h = owner;

	(void)kind;
	for (const char *c = name; *c != '\0'; c++) {
		h->is_bad_name = h->is_bad_name || !is_token_byte((unsigned char)*c);
	}
	h->is_bad_name = h->is_bad_name || *name == '\0';
	for (const char *c = value != NULL ? value : ""; *c != '\0'; c++) {
		h->is_bad_value = h->is_bad_value || ((unsigned char)*c < 0x20 && *c != '\t') ||
				  (unsigned char)*c == 0x7f;
	}
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		h->n_single[i] += text_eq_nocase(text_of(name), text_of(single[i]));
	}
	return MHD_YES;
}

static bool refuse(struct httpd_request *r, int status, const char *detail)
{
	r->must_close = true;
	httpd_problem(r, status, "%s", detail);
	return false;
}

static bool judge_headers(struct httpd_request *r)
{
	struct headers h = { 0 };

	(void)MHD_get_connection_values(r->connection, MHD_HEADER_KIND, on_header, &h);
	if (h.is_bad_name || h.is_bad_value) {
		return refuse(
			r, 400,
			"A header of the request has a name or a value that HTTP does not allow.");
	}
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		if (h.n_single[i] > 1) {
			r->must_close = true;
			httpd_problem(r, 400, "The header %s stands in the request more than once.",
				      single[i]);
			return false;
		}
	}
	return true;
}

static bool judge_line(struct httpd_request *r)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };
	bool is_known = false;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		is_known = is_known || text_eq(r->method, text_of(methods[i]));
	}
	if (!is_known) {
		return refuse(r, 501, "That is no method the desk knows.");
	}
	if (text_eq(r->method, TEXT("HEAD"))) {
		r->method = TEXT("GET"); /* libmicrohttpd leaves the body away */
	}
	if (r->path.len == 0 || r->path.at[0] != '/' || r->path.len > 2048 || r->query.len > 8192) {
		return refuse(r, 400, "The address of the request is not a path, or too long.");
	}
	for (size_t i = 0; i < r->path.len; i++) {
		unsigned char c = (unsigned char)r->path.at[i];

		if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '#') {
			return refuse(r, 400,
				      "The address of the request has bytes that an address cannot "
				      "have.");
		}
	}
	return true;
}

/* "name", "name:port", "[v6]:port" → without the port; false when it is none of these. */
static bool cut_port(struct text host, struct text *ret_name)
{
	size_t end = host.len;
	int64_t port;

	if (host.len > 0 && host.at[0] == '[') {
		end = text_find(host, TEXT("]"), 0);
		if (end == SIZE_MAX) {
			return false;
		}
		end++;
	} else if (text_find(host, TEXT(":"), 0) != SIZE_MAX) {
		end = text_find(host, TEXT(":"), 0);
	}
	*ret_name = text_slice(host, 0, end);
	return end == host.len ||
	       (host.at[end] == ':' &&
		num_parse_range(text_slice(host, end + 1, host.len), 1, 65535, &port));
}

/* A page of somebody else's, whose name was made to point at us (DNS rebinding), says its own name here. */
static bool judge_host(struct httpd_request *r)
{
	struct text host = httpd_header(r, "Host"), name, own;

	if (r->listener->is_unix) {
		return true;
	}
	if (text_is_empty(host)) {
		return refuse(r, 400, "The request does not say which host it is for.");
	}
	if (cut_port(host, &name)) {
		if (text_eq_nocase(name, TEXT("localhost"))) {
			return true;
		}
		for (size_t i = 0; i < r->listener->httpd->n_listeners; i++) {
			if (!r->listener->httpd->listeners[i].is_unix &&
			    cut_port(text_of(r->listener->httpd->listeners[i].name), &own) &&
			    text_eq_nocase(name, own)) {
				return true;
			}
		}
		for (size_t i = 0; i < r->listener->httpd->n_hosts; i++) {
			if (text_eq_nocase(name, r->listener->httpd->hosts[i])) {
				return true;
			}
		}
	}
	return refuse(
		r, 421,
		"The desk does not answer for that host. Name it in desk.hosts if it should.");
}

static bool judge_body(struct httpd_request *r)
{
	struct text length = httpd_header(r, "Content-Length"),
		    coding = httpd_header(r, "Transfer-Encoding"),
		    type = httpd_header(r, "Content-Type");
	int64_t n = 0;

	if (length.at != NULL && coding.at != NULL) {
		return refuse(
			r, 400,
			"The request says its length twice: Content-Length and Transfer-Encoding.");
	}
	if (coding.at != NULL && !text_eq_nocase(coding, TEXT("chunked"))) {
		return refuse(r, 501, "The desk knows no other transfer coding than chunked.");
	}
	if (length.at != NULL && (!num_parse_i64(length, &n) || n < 0 || length.at[0] == '+')) {
		return refuse(r, 400, "Content-Length is not a number.");
	}
	if (n > HTTPD_BODY_BYTES) {
		return refuse(r, 413, "The body of a request has at most 1 MiB.");
	}
	if (text_eq(r->method, TEXT("GET")) && (n > 0 || coding.at != NULL)) {
		return refuse(r, 400, "A GET has no body.");
	}
	if ((n > 0 || coding.at != NULL) && !text_eq_nocase(type, TEXT("application/json")) &&
	    !text_starts_nocase(type, TEXT("application/json;"))) {
		return refuse(r, 415, "The desk reads application/json only.");
	}
	return true;
}

bool httpd_judge(struct httpd_request *r)
{
	return judge_headers(r) && judge_line(r) && judge_host(r) && judge_body(r);
}

bool httpd_has_body(const struct httpd_request *r)
{
	struct text length = httpd_header(r, "Content-Length");
	int64_t n;

	return text_is_empty(httpd_header(r, "Transfer-Encoding")) &&
	       num_parse_range(length, 1, HTTPD_BODY_BYTES, &n);
}
