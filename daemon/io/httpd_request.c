/* One request of httpd, from its first line to the last byte of its answer: see httpd.h. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "answerd/secret.h"
#include "daemon/io/httpd_inside.h"

/* On every answer (RELIABILITY S7). */
static const char *const safe_headers[][2] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
	  "'self'; form-action 'self'; "
	  "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Cache-Control", "no-store" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
};

/* ---- requests ---- */

void httpd_request_free(void *what)
{
	struct httpd_request *r = what;

	if (r->response != NULL) {
		MHD_destroy_response(r->response);
	}
	strbuf_done(&r->body);
	arena_destroy(&r->arena);
	r->magic = 0;
	free(r);
}

static void request_forget_body(struct httpd_request *r)
{
	r->listener->httpd->bodies_bytes -= r->body.len;
	strbuf_done(&r->body);
	r->body = (struct strbuf){ 0 };
}

/* Gone when nobody holds it: neither its client nor its handler. */
static void request_release(struct httpd_request *r)
{
	struct httpd *h = r->listener->httpd;

	if (r->connection != NULL || r->holds > 0) {
		return;
	}
	loop_disarm(h->loop, &r->deadline);
	request_forget_body(r);
	list_remove(&r->in);
	loop_bury(h->loop, r, httpd_request_free);
	if (h->is_stopping && list_is_empty(&h->requests)) {
		ev_idle_start(loop_ev(h->loop), &h->finished);
	}
}

static void on_deadline(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct httpd_request *r = container_of(w, struct httpd_request, deadline);

	(void)loop;
	(void)revents;
	/* Its handler still has it in hand and will answer into the void. */
	r->holds++;
	httpd_problem(r, 503, "The database did not answer in time. Try it again.");
}

void *httpd_on_line(void *owner, const char *uri, struct MHD_Connection *connection)
{
	struct httpd_listener *l = owner;
	struct httpd_request *r = xcalloc(1, sizeof(*r));
	struct text line;

	r->magic = HTTPD_REQUEST_MAGIC;
	r->listener = l;
	r->connection = connection;
	r->arena = arena_create(HTTPD_REQUEST_ARENA_BYTES);
	line = text_dup(r->arena, text_of(uri));
	if (!text_cut(line, '?', &r->path, &r->query)) {
		r->path = line;
		r->query = TEXT_NONE;
	}
	ev_init(&r->deadline, on_deadline);
	list_init(&r->in);
	list_add_last(&l->httpd->requests, &r->in);
	return r;
}

static struct httpd_request *request_of(void *what)
{
	struct httpd_request *r = what;

	if (r == NULL || r->magic != HTTPD_REQUEST_MAGIC) {
		not_reached("libmicrohttpd handed over a request that is none of ours");
	}
	return r;
}

void httpd_on_completed(void *owner, struct MHD_Connection *connection, void **what,
			enum MHD_RequestTerminationCode how)
{
	struct httpd_listener *l = owner;
	struct httpd_request *r;

	(void)how;
	httpd_arriving_again(l->httpd, connection);
	if (*what == NULL) {
		return;
	}
	r = request_of(*what);
	*what = NULL;
	r->connection = NULL;
	if (r->stream != NULL) {
		httpd_stream_gone(r, connection);
	}
	request_release(r);
}

static void queue_answer(struct httpd_request *r)
{
	struct MHD_Response *response = r->response;

	r->response = NULL;
	(void)MHD_queue_response(r->connection, (unsigned)r->status, response);
	MHD_destroy_response(response);
}

static enum MHD_Result take_body(struct httpd_request *r, const char *bytes, size_t *n)
{
	struct httpd *h = r->listener->httpd;

	/* Once it is answered (too long), what still comes is read and dropped. */
	if (r->state == REQUEST_ARRIVING) {
		if (r->body.len + *n > HTTPD_BODY_BYTES) {
			request_forget_body(r);
			r->must_close = true;
			httpd_problem(r, 413, "The body of a request has at most 1 MiB.");
		} else if (h->bodies_bytes + *n > HTTPD_BODIES_BYTES) {
			request_forget_body(r);
			r->must_close = true;
			httpd_problem_text(r, 503, TEXT("Too many requests at once. Try it again."),
					   1, NULL);
		} else {
			strbuf_add(&r->body, (struct text){ bytes, *n });
			h->bodies_bytes += *n;
		}
	} else if ((r->dropped_bytes += *n) > HTTPD_BODY_BYTES) {
		return MHD_NO; /* enough read for nothing */
	}
	*n = 0;
	return MHD_YES;
}

enum MHD_Result httpd_on_request(void *owner, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *n_upload, void **what)
{
	struct httpd_request *r = request_of(*what);
	struct httpd *h = r->listener->httpd;

	(void)owner;
	(void)url;
	(void)version;
	if (!r->is_judged) {
		r->is_judged = true;
		r->holds = 1; /* until it is answered */
		r->method = text_dup(r->arena, text_of(method));
		strbuf_init(&r->body, HTTPD_BODY_BYTES + 1);
		/* A client that still sends its body would not read why it was refused: read on, drop it. */
		if (!httpd_judge(r) && !httpd_has_body(r)) {
			queue_answer(r);
		}
		return MHD_YES;
	}
	if (*n_upload > 0) {
		return take_body(r, upload, n_upload);
	}
	if (r->state == REQUEST_ARRIVING) {
		r->state = REQUEST_ASKED;
		httpd_arriving_done(connection);
		if (h->handler != NULL) {
			h->handler(r, h->owner);
		} else {
			httpd_problem(r, 503, HTTPD_STOPPED);
		}
	}
	if (r->response != NULL) {
		queue_answer(r);
	} else if (r->state == REQUEST_ANSWERED) {
		return MHD_NO; /* it was answered, or we stop */
	} else {
		r->is_suspended = true;
		loop_arm(h->loop, &r->deadline, HTTPD_DEADLINE);
		MHD_suspend_connection(connection);
	}
	return MHD_YES;
}

struct arena *httpd_arena(struct httpd_request *r)
{
	return r->arena;
}

struct text httpd_method(const struct httpd_request *r)
{
	return r->method;
}

struct text httpd_path(const struct httpd_request *r)
{
	return r->path;
}

struct text httpd_query(const struct httpd_request *r)
{
	return r->query;
}

struct text httpd_header(const struct httpd_request *r, const char *name)
{
	const char *value =
		r->connection != NULL
			? MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name)
			: NULL;

	return text_trim(text_of(value));
}

struct text httpd_body(const struct httpd_request *r)
{
	return strbuf_text(&r->body);
}

bool httpd_is_local(const struct httpd_request *r)
{
	return r->listener->is_unix;
}

bool httpd_peer(const struct httpd_request *r, uid_t *ret_uid)
{
	const union MHD_ConnectionInfo *info;
	struct ucred who;
	socklen_t len = sizeof(who);

	if (!r->listener->is_unix || r->connection == NULL) {
		return false;
	}
	info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL ||
	    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0) {
		return false;
	}
	*ret_uid = who.uid;
	return true;
}

/* Some proxies add a header of their own behind the client's: all of them are one list. */
static enum MHD_Result on_forwarded(void *owner, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct strbuf *line = owner;

	(void)kind;
	if (value != NULL && text_eq_nocase(text_of(name), TEXT("X-Forwarded-For"))) {
		strbuf_printf(line, "%s%s", line->len > 0 ? "," : "", value);
	}
	return MHD_YES;
}

/* The last address of X-Forwarded-For that no proxy of ours is: what stands before it anybody may have written. */
static struct in6_addr forwarded_of(const struct httpd_request *r, struct in6_addr peer)
{
	scoped(strbuf_done) struct strbuf all = { 0 };
	struct text line, one;
	struct in6_addr at = peer, next;

	strbuf_init(&all, HTTPD_CONNECTION_MEMORY);
	(void)MHD_get_connection_values(r->connection, MHD_HEADER_KIND, on_forwarded, &all);
	line = strbuf_text(&all);

	while (httpd_is_proxy(r->listener->httpd, &at) && !text_is_empty(line)) {
		size_t comma = line.len;

		while (comma > 0 && line.at[comma - 1] != ',') {
			comma--;
		}
		one = text_trim(text_slice(line, comma, line.len));
		line = text_slice(line, 0, comma > 0 ? comma - 1 : 0);
		if (!httpd_address_parse(one, &next)) {
			break;
		}
		at = next;
	}
	return at;
}

struct text httpd_client(struct httpd_request *r)
{
	const union MHD_ConnectionInfo *info =
		r->connection != NULL
			? MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			: NULL;
	char name[INET6_ADDRSTRLEN] = "";
	struct in6_addr a;

	if (r->listener->is_unix || info == NULL || info->client_addr == NULL ||
	    !httpd_address_of(info->client_addr, &a)) {
		return TEXT("");
	}
	a = forwarded_of(r, a);
	if (IN6_IS_ADDR_V4MAPPED(&a)) {
		(void)inet_ntop(AF_INET, &a.s6_addr[12], name, sizeof(name));
	} else {
		memset(&a.s6_addr[8], 0, 8);
		(void)inet_ntop(AF_INET6, &a, name, sizeof(name));
	}
	return text_dup(r->arena, text_of(name));
}

void httpd_body_wipe(struct httpd_request *r)
{
	secret_wipe(r->body.at, r->body.len);
}

/* ---- answers ---- */

static void response_header(struct MHD_Response *m, const char *name, const char *value)
{
	for (const char *c = value; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || (unsigned char)*c == 0x7f) {
			not_reached("a header of our own has a control byte");
		}
	}
	if (MHD_add_response_header(m, name, value) != MHD_YES) {
		not_reached("a header of our own was refused");
	}
}

void httpd_response_headers(struct MHD_Response *m, const struct httpd_answer *a)
{
	const struct httpd_header_pair *own = a->headers;
	size_t n = 0;

	while (n < HTTPD_HEADERS && own[n].name != NULL) {
		n++;
	}
	for (size_t i = 0; i < sizeof(safe_headers) / sizeof(safe_headers[0]); i++) {
		bool is_replaced = false;

		for (size_t j = 0; j < n; j++) {
			is_replaced = is_replaced || strcmp(own[j].name, safe_headers[i][0]) == 0;
		}
		if (!is_replaced) {
			response_header(m, safe_headers[i][0], safe_headers[i][1]);
		}
	}
	for (size_t j = 0; j < n; j++) {
		response_header(m, own[j].name, own[j].value);
	}
	response_header(m, "Content-Type", a->content_type);
}

static struct MHD_Response *response_make(const struct httpd_request *r,
					  const struct httpd_answer *a)
{
	/* The library copies; it wants a pointer that is not const. */
	union {
		const char *ours;
		void *theirs;
	} bytes = { a->body.len > 0 ? a->body.at : "" };
	struct MHD_Response *m = MHD_create_response_from_buffer(
		a->body.len, bytes.theirs,
		a->is_body_constant ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);

	if (m == NULL) {
		not_reached("no memory for an answer");
	}
	httpd_response_headers(m, a);
	if (a->retry_after_s > 0) {
		response_header(m, "Retry-After", log_num(a->retry_after_s));
	}
	if (a->allow != NULL) {
		response_header(m, "Allow", a->allow);
	}
	if (r->must_close || r->listener->httpd->is_stopping) {
		response_header(m, "Connection", "close");
	}
	return m;
}

void httpd_request_answer(struct httpd_request *r, int status, struct MHD_Response *response)
{
	struct httpd *h = r->listener->httpd;

	r->holds--;
	loop_disarm(h->loop, &r->deadline);
	r->state = REQUEST_ANSWERED;
	r->status = status;
	r->response = response;
	if (r->is_suspended) {
		r->is_suspended = false;
		MHD_resume_connection(r->connection);
		/* Resuming wakes nobody (LIBS §5): pump now, or when libmicrohttpd is off the stack. */
		if (h->n_in_mhd == 0) {
			httpd_pump(r->listener);
		} else {
			loop_arm(h->loop, &r->listener->due, DUR_MS(0));
		}
	}
}

void httpd_answer(struct httpd_request *r, const struct httpd_answer *a)
{
	if (r->holds <= 0) {
		not_reached("a request was answered twice");
	}
	if (r->connection == NULL) {
		r->holds--;
		request_release(r);
	} else if (r->state == REQUEST_ANSWERED) {
		r->holds--; /* the deadline was faster */
	} else {
		httpd_request_answer(r, a->status, response_make(r, a));
	}
}

const char *httpd_status_title(int status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad request";
	case 401: return "Sign in first";
	case 403: return "Not allowed";
	case 404: return "Not there";
	case 405: return "Method not allowed";
	case 409: return "Conflict";
	case 413: return "Too large";
	case 415: return "Unsupported media type";
	case 421: return "Wrong host";
	case 422: return "Does not fit";
	case 429: return "Too many";
	case 500: return "Our fault";
	case 501: return "Not yet";
	case 503: return "Unavailable";
	default: return "Problem";
	}
}

/* Members beside RFC 9457's. */
struct more {
	const char *needs;
	struct text code, with;
};

static void problem(struct httpd_request *r, struct text detail, struct more m,
		    struct httpd_answer a)
{
	scoped(strbuf_done) struct strbuf out = { 0 };

	strbuf_init(&out, 64u * 1024);
	strbuf_printf(&out, "{\"type\":\"about:blank\",\"title\":");
	strbuf_add_json(&out, text_of(httpd_status_title(a.status)));
	strbuf_printf(&out, ",\"status\":%d,\"detail\":", a.status);
	strbuf_add_json(&out, text_clean(r->arena, text_clip(detail, 4096), NULL));
	if (m.needs != NULL) {
		strbuf_printf(&out, ",\"needs\":");
		strbuf_add_json(&out, text_of(m.needs));
	}
	if (!text_is_empty(m.code)) {
		strbuf_printf(&out, ",\"code\":");
		strbuf_add_json(&out, m.code);
	}
	if (!text_is_empty(m.with)) {
		strbuf_printf(&out, ",\"with\":");
		strbuf_add(&out, m.with);
	}
	strbuf_add_byte(&out, '}');
	a.content_type = "application/problem+json";
	a.body = strbuf_text(&out);
	if (a.status == 401) {
		a.headers[0] = (struct httpd_header_pair){ "WWW-Authenticate",
							   "Bearer realm=\"answerd\"" };
	}
	httpd_answer(r, &a);
}

void httpd_problem_text(struct httpd_request *r, int status, struct text detail, int retry_after_s,
			const char *allow)
{
	problem(r, detail, (struct more){ 0 },
		(struct httpd_answer){
			.status = status, .retry_after_s = retry_after_s, .allow = allow });
}

void httpd_problem_needs(struct httpd_request *r, int status, struct text detail, const char *needs)
{
	problem(r, detail, (struct more){ .needs = needs },
		(struct httpd_answer){ .status = status });
}

void httpd_problem_coded(struct httpd_request *r, int status, struct text detail, struct text code,
			 struct text with)
{
	problem(r, detail, (struct more){ .code = code, .with = with },
		(struct httpd_answer){ .status = status, .retry_after_s = status == 503 ? 2 : 0 });
}

void httpd_problem(struct httpd_request *r, int status, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	httpd_problem_text(r, status, text_of(text), status == 503 ? 2 : 0, NULL);
}
