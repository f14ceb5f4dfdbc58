/* One request as curl wants it. The strict settings of the house stand in one function, and the
 * callbacks that count what comes in beside them (STYLE §9, LIBS §2, RELIABILITY I10, S4, S5). */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "answerd/log.h"
#include "answerd/url.h"
#include "daemon/io/http_inside.h"

#define DEFAULT_TIMEOUT    DUR_S(30)
#define CONNECT_TIMEOUT_MS 10000L
#define FIRST_BODY_BYTES   ((size_t)16 * 1024)

/* ---- curl calls us: count, note, never decide ---- */

static curl_socket_t on_open_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_transfer *t = owner;
	int fd;

	(void)purpose;
	assert(t->magic == TRANSFER_MAGIC);
	if (!http_allows(t, &a->addr)) {
		t->n_refused++;
		return CURL_SOCKET_BAD;
	}
	fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	if (fd >= 0) {
		t->n_opened++;
	}
	return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

/* A connection that is used again was judged under the terms of another account: judge it again. */
static int on_before_request(void *owner, char *remote_ip, char *local_ip, int remote_port,
			     int local_port)
{
	struct http_transfer *t = owner;
	struct sockaddr_storage a = { .ss_family = AF_INET6 };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	(void)local_ip;
	(void)local_port;
	assert(t->magic == TRANSFER_MAGIC);
	in.sin_port = in6.sin6_port = htons((uint16_t)remote_port);
	if (inet_pton(AF_INET, remote_ip, &in.sin_addr) == 1) {
		memcpy(&a, &in, sizeof(in));
	} else if (inet_pton(AF_INET6, remote_ip, &in6.sin6_addr) == 1) {
		memcpy(&a, &in6, sizeof(in6));
	}
	if (!http_allows(t, (struct sockaddr *)&a)) {
		t->n_refused++;
		t->n_opened = 0;
		return CURL_PREREQFUNC_ABORT;
	}
	t->is_talking = true;
	return CURL_PREREQFUNC_OK;
}

static bool body_grow(struct http_transfer *t, size_t need)
{
	size_t room = t->room_bytes < FIRST_BODY_BYTES ? FIRST_BODY_BYTES : t->room_bytes;

	while (room < need) {
		room *= 2;
	}
	if (room - t->room_bytes > HTTP_BODY_BUDGET - t->http->body_bytes) {
		t->broke = BROKE_BUDGET;
		return false;
	}
	t->bytes = xrealloc(t->bytes, room);
	t->http->body_bytes += room - t->room_bytes;
	t->room_bytes = room;
	return true;
}

bool http_body_add(struct http_transfer *t, const char *at, size_t len)
{
	if (len > t->terms.max_body_bytes - t->n_bytes) {
		t->broke = BROKE_BODY;
		return false;
	}
	if (t->n_bytes + len > t->room_bytes && !body_grow(t, t->n_bytes + len)) {
		return false;
	}
	memcpy(t->bytes + t->n_bytes, at, len);
	t->n_bytes += len;
	return true;
}

/* Gets unpacked bytes: a bomb is stopped here. */
static size_t on_body(char *at, size_t size, size_t n, void *owner)
{
	struct http_transfer *t = owner;
	size_t len = size * n; /* curl: never more than CURL_MAX_WRITE_SIZE */

	assert(t->magic == TRANSFER_MAGIC);
	return len > 0 && http_body_add(t, at, len) ? len : 0;
}

/* Gets status lines too, those of 1xx included; all of it counts. */
static size_t on_header(char *at, size_t size, size_t n, void *owner)
{
	struct http_transfer *t = owner;
	size_t len = size * n;

	assert(t->magic == TRANSFER_MAGIC);
	strbuf_add(&t->headers, (struct text){ at, len });
	if (t->headers.is_full || ++t->n_headers > LIMIT_HEADERS) {
		t->broke = BROKE_HEADERS;
		return 0;
	}
	return len;
}

/* ---- the request ---- */

static void set(bool is_ok, const char *what)
{
	/* All of them are in the libcurl that we are built with: a refusal is a broken promise. */
	if (!is_ok) {
		not_reached(what);
	}
}

#define SET(easy, option, value)                                                                   \
	set(curl_easy_setopt((easy), (option), (value)) == CURLE_OK, #option)

/* The same for every request, whoever asks. */
static void set_strict(CURL *e)
{
	SET(e, CURLOPT_NOSIGNAL, 1L);
	SET(e, CURLOPT_QUICK_EXIT, 1L);
	SET(e, CURLOPT_PROXY, "");
	SET(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(e, CURLOPT_FOLLOWLOCATION, 0L);
	SET(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(e, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(e, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(e, CURLOPT_HTTP09_ALLOWED, 0L);
	SET(e, CURLOPT_ACCEPT_ENCODING, "gzip");
	SET(e, CURLOPT_USERAGENT, "answerd/" ANSWERD_VERSION);
	SET(e, CURLOPT_PIPEWAIT, 1L);
	SET(e, CURLOPT_LOW_SPEED_LIMIT, 100L);
	SET(e, CURLOPT_LOW_SPEED_TIME, 10L);
	SET(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(e, CURLOPT_PREREQFUNCTION, on_before_request);
	SET(e, CURLOPT_WRITEFUNCTION, on_body);
	SET(e, CURLOPT_HEADERFUNCTION, on_header);
}

static void set_terms(CURL *e, struct http_transfer *t)
{
	long ms = (long)(t->terms.timeout.us / 1000);

	SET(e, CURLOPT_TIMEOUT_MS, ms > 0 ? ms : 1L);
	SET(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	/* 0: no limit here, on_body() counts. */
	SET(e, CURLOPT_MAXFILESIZE_LARGE,
	    t->terms.read_cut ? 0 : (curl_off_t)t->terms.max_body_bytes);
	SET(e, CURLOPT_OPENSOCKETDATA, (void *)t);
	SET(e, CURLOPT_PREREQDATA, (void *)t);
	SET(e, CURLOPT_WRITEDATA, (void *)t);
	SET(e, CURLOPT_HEADERDATA, (void *)t);
	SET(e, CURLOPT_PRIVATE, (void *)t);
	/* Plain http was let in for a literal loopback address only. */
	SET(e, CURLOPT_PROTOCOLS_STR,
	    t->is_literal_loopback && t->terms.allow_loopback ? "http,https" : "https");
	SET(e, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	if (t->is_once) {
		/* A reused connection that dies makes curl send the body again (LIBS §2.16). */
		SET(e, CURLOPT_FRESH_CONNECT, 1L);
		SET(e, CURLOPT_FORBID_REUSE, 1L);
		SET(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	}
}

static void set_body(CURL *e, struct http_transfer *t)
{
	struct text body = secret_reveal(&t->body);

	SET(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	SET(e, CURLOPT_POSTFIELDS, body.len > 0 ? body.at : ""); /* not copied by curl */
}

static void set_method(CURL *e, struct http_transfer *t)
{
	switch (t->method) {
	case HTTP_GET: SET(e, CURLOPT_HTTPGET, 1L); return;
	case HTTP_POST: set_body(e, t); return;
	case HTTP_PUT:
		set_body(e, t);
		SET(e, CURLOPT_CUSTOMREQUEST, "PUT");
		return;
	case HTTP_DELETE:
		if (secret_is_set(&t->body)) {
			set_body(e, t);
		}
		SET(e, CURLOPT_CUSTOMREQUEST, "DELETE");
		return;
	}
}

static bool is_header_name(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c) != NULL) {
			return false;
		}
	}
	return t.len > 0;
}

static bool is_header_value(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f) {
			return false;
		}
	}
	return true;
}

/* "Name: value", or what curl wants instead: "Name;" sends it empty, "Name:" leaves it out. */
static void add_line(struct http_transfer *t, struct text name, const char *between,
		     struct text value)
{
	scoped(strbuf_done) struct strbuf line = { 0 };

	assert(t->n_lines < HTTP_MAX_LINES);
	strbuf_init(&line, LIMIT_HEADER_BYTES);
	strbuf_add(&line, name);
	strbuf_add_str(&line, between);
	strbuf_add(&line, value);
	secret_set(&t->lines[t->n_lines], strbuf_text(&line));
	secret_wipe(line.at, line.len);
	t->n_lines++;
}

static bool add_headers(struct http_transfer *t, const struct request *r, struct err *err)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		const struct header *h = &r->headers[i];

		if (!is_header_name(h->name) || !is_header_value(h->value) ||
		    h->value.len > LIMIT_URL_BYTES) {
			return err_set(err, ERR_DATA, "a header of the request cannot be sent");
		}
		add_line(t, h->name, text_is_empty(h->value) ? ";" : ": ", h->value);
	}
	if (!is_header_value(r->bearer) || !is_header_value(r->content_type) ||
	    r->bearer.len > LIMIT_FACTS_BYTES || r->content_type.len > LIMIT_ID_BYTES) {
		return err_set(err, ERR_CONFIG, "the token holds bytes that no header can carry");
	}
	if (!text_is_empty(r->bearer)) {
		add_line(t, TEXT("Authorization"), ": Bearer ", r->bearer);
	}
	/* Without this curl would say that it is a form. */
	add_line(t, TEXT("Content-Type"), text_is_empty(r->content_type) ? ":" : ": ",
		 r->content_type);
	add_line(t, TEXT("Expect"), ":", TEXT_NONE); /* no 100-continue */
	for (size_t i = 0; i < t->n_lines; i++) {
		t->nodes[i].data = t->lines[i].bytes;
		t->nodes[i].next = i + 1 < t->n_lines ? &t->nodes[i + 1] : NULL;
	}
	return true;
}

void http_origin(const struct url *u, char *out, size_t room)
{
	struct text port = u->port;

	if (text_is_empty(port)) {
		port = text_eq(u->scheme, TEXT("https")) ? TEXT("443") : TEXT("80");
	}
	(void)snprintf(out, room, "%.*s://%.*s:%.*s", TEXT_ARG(u->scheme), TEXT_ARG(u->host),
		       TEXT_ARG(port));
}

/* Judged before curl sees it, so that both speak of the same host. */
static bool check_url(struct http_transfer *t, struct text in, struct err *err)
{
	struct url u;

	if (!url_parse(in, &u)) {
		return err_set(err, ERR_CONFIG, "an address is not a plain http(s) URL");
	}
	(void)snprintf(t->host, sizeof(t->host), "%.*s", TEXT_ARG(text_clip(u.host, 100)));
	http_origin(&u, t->origin, sizeof(t->origin));
	t->is_literal_loopback = url_is_loopback(in);
	if (text_eq(u.scheme, TEXT("http")) &&
	    !(t->is_literal_loopback && t->terms.allow_loopback)) {
		return err_set(err, ERR_CONFIG, "%s: only https is allowed", t->host);
	}
	return true;
}

CURL *http_take_easy(struct http *h)
{
	CURL *e = h->n_idle > 0 ? h->idle[--h->n_idle] : curl_easy_init();

	if (e == NULL) {
		not_reached("out of memory in libcurl");
	}
	return e;
}

void http_dress_strict(struct http_transfer *t)
{
	if (t->terms.timeout.us <= 0) {
		t->terms.timeout = DEFAULT_TIMEOUT;
	}
	if (t->terms.max_body_bytes == 0) {
		t->terms.max_body_bytes = LIMIT_BODY_BYTES;
	}
	set_strict(t->easy);
	set_terms(t->easy, t);
}

bool http_dress(struct http_transfer *t, const struct request *r, struct err *err)
{
	struct http *h = t->http;
	CURL *e;

	t->method = r->method;
	t->is_once = r->once;
	strbuf_init(&t->headers, LIMIT_HEADER_BYTES);
	if (!check_url(t, r->url, err) || !add_headers(t, r, err)) {
		return false;
	}
	secret_set(&t->url, r->url);
	secret_set(&t->body, r->body);
	e = t->easy = http_take_easy(h);
	http_dress_strict(t);
	SET(e, CURLOPT_HTTPHEADER, t->nodes);
	set_method(e, t);
	if (curl_easy_setopt(e, CURLOPT_URL, secret_reveal(&t->url).at) != CURLE_OK) {
		return err_set(err, ERR_CONFIG, "%s: the address cannot be used", t->host);
	}
	return true;
}

void http_undress(struct http_transfer *t, bool is_reusable)
{
	struct http *h = t->http;

	if (t->easy == NULL) {
		return;
	}
	if (is_reusable && h->n_idle < HTTP_MAX_TRANSFERS) {
		curl_easy_reset(t->easy);
		h->idle[h->n_idle++] = t->easy;
	} else {
		curl_easy_cleanup(t->easy);
	}
	t->easy = NULL;
}
