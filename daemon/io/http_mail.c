/* Mail over libcurl: see http_mail.h. A server's replies are hostile: they are counted as headers are, and never
 * passed on (RELIABILITY S18). */
#include <assert.h>
#include <stdio.h>

#include "answerd/log.h"
#include "answerd/url.h"
#include "daemon/io/http_inside.h"
#include "daemon/io/http_mail.h"

#define PORT_SMTPS "465"
#define PORT_SMTP  "25"

#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK) {                     \
			not_reached(#option);                                                      \
		}                                                                                  \
	} while (0)

static size_t on_read(char *out, size_t size, size_t n, void *owner)
{
	struct http_transfer *t = owner;
	struct text all = secret_reveal(&t->body);
	size_t len = all.len - t->n_read, room = size * n;

	assert(t->magic == TRANSFER_MAGIC);
	if (len > room) {
		len = room;
	}
	if (len > 0) {
		memcpy(out, all.at + t->n_read, len);
		t->n_read += len;
	}
	return len;
}

bool http_mail_is_address(struct text t)
{
	size_t n_at = 0;

	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c <= ' ' || c >= 0x7f || strchr("<>()[]\\,;:\"", c) != NULL) {
			return false;
		}
		n_at += c == '@';
	}
	return n_at == 1 && t.len > 2 && t.len <= 254 && t.at[0] != '@' && t.at[0] != '-' &&
	       t.at[t.len - 1] != '@';
}

/* "smtps://host:port" is judged as the https URL of the same host would be. */
static bool check_server(struct http_transfer *t, const struct mail *m, struct err *err)
{
	char https[512];
	bool is_smtps = text_starts(m->server, TEXT("smtps://"));
	size_t skip = is_smtps ? strlen("smtps://") : strlen("smtp://");
	struct url u;
	int n;

	if (!is_smtps && !text_starts(m->server, TEXT("smtp://"))) {
		return err_set(err, ERR_CONFIG,
			       "a mail server is written smtps://HOST or smtp://HOST");
	}
	n = snprintf(https, sizeof(https), "https://%.*s",
		     TEXT_ARG(text_slice(m->server, skip, m->server.len)));
	if (n < 0 || (size_t)n >= sizeof(https) || !url_parse(text_of(https), &u) ||
	    u.path.len > 1 || u.query.len > 0) {
		return err_set(err, ERR_CONFIG, "the mail server's address cannot be used");
	}
	(void)snprintf(t->host, sizeof(t->host), "%.*s", TEXT_ARG(text_clip(u.host, 100)));
	if (text_is_empty(u.port)) {
		u.port = is_smtps ? TEXT(PORT_SMTPS) : TEXT(PORT_SMTP);
	}
	(void)snprintf(t->origin, sizeof(t->origin), "smtp://%.*s:%.*s", TEXT_ARG(u.host),
		       TEXT_ARG(u.port));
	for (size_t i = 0; i < u.port.len; i++) {
		t->terms.allow_port =
			(i == 0 ? 0 : t->terms.allow_port * 10) + (u.port.at[i] - '0');
	}
	t->is_literal_loopback = url_is_loopback(text_of(https));
	if (m->is_plain && !(t->is_literal_loopback && t->terms.allow_loopback)) {
		return err_set(err, ERR_CONFIG, "%s: without TLS mail goes to this machine only",
			       t->host);
	}
	return true;
}

static bool check_envelope(struct http_transfer *t, const struct mail *m, struct err *err)
{
	bool is_fine = http_mail_is_address(m->from) && m->n_to > 0;

	for (size_t i = 0; i < m->n_to; i++) {
		is_fine = is_fine && http_mail_is_address(m->to[i]);
	}
	if (!is_fine || memchr(m->message.at, '\0', m->message.len) != NULL) {
		return err_set(err, ERR_CONFIG, "%s: an address cannot be written to", t->host);
	}
	return true;
}

static void add_receivers(struct http_transfer *t, const struct mail *m)
{
	char address[300];

	for (size_t i = 0; i < m->n_to; i++) {
		struct curl_slist *more;

		(void)snprintf(address, sizeof(address), "<%.*s>", TEXT_ARG(m->to[i]));
		more = curl_slist_append(t->receivers, address);
		if (more == NULL) {
			not_reached("out of memory in libcurl");
		}
		t->receivers = more;
	}
}

static void set_login(CURL *e, const struct mail *m)
{
	struct secret user = { 0 }, password = { 0 };

	if (text_is_empty(m->user)) {
		return;
	}
	secret_set(&user, m->user);
	secret_set(&password, m->password);
	SET(e, CURLOPT_USERNAME, user.bytes);
	SET(e, CURLOPT_PASSWORD, password.bytes != NULL ? password.bytes : "");
	secret_done(&user);
	secret_done(&password);
}

static bool dress(struct http_transfer *t, const struct mail *m, struct err *err)
{
	char from[300];
	CURL *e;

	t->is_mail = true;
	strbuf_init(&t->headers, LIMIT_HEADER_BYTES);
	if (!check_server(t, m, err) || !check_envelope(t, m, err)) {
		return false;
	}
	secret_set(&t->url, m->server);
	secret_set(&t->body, m->message);
	add_receivers(t, m);
	e = t->easy = http_take_easy(t->http);
	http_dress_strict(t);
	SET(e, CURLOPT_PROTOCOLS_STR, text_starts(m->server, TEXT("smtps:")) ? "smtps" : "smtp");
	SET(e, CURLOPT_USE_SSL, m->is_plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	SET(e, CURLOPT_FRESH_CONNECT, 1L);
	SET(e, CURLOPT_FORBID_REUSE, 1L);
	SET(e, CURLOPT_UPLOAD, 1L);
	SET(e, CURLOPT_READFUNCTION, on_read);
	SET(e, CURLOPT_READDATA, (void *)t);
	SET(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->message.len);
	(void)snprintf(from, sizeof(from), "<%.*s>", TEXT_ARG(m->from));
	SET(e, CURLOPT_MAIL_FROM, from);
	SET(e, CURLOPT_MAIL_RCPT, t->receivers);
	SET(e, CURLOPT_MAIL_RCPT_ALLLOWFAILS, m->allow_some ? 1L : 0L);
	set_login(e, m);
	if (curl_easy_setopt(e, CURLOPT_URL, secret_reveal(&t->url).at) != CURLE_OK) {
		return err_set(err, ERR_CONFIG, "%s: the address cannot be used", t->host);
	}
	return true;
}

struct http_transfer *http_mail(struct http *h, const struct mail *m,
				const struct http_terms *terms, http_done *done, void *owner)
{
	struct http_transfer *t = http_transfer_create(h, terms, done, owner);

	return http_begin(t, dress(t, m, &t->err));
}

static const char *about(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST: return "its name is not known";
	case CURLE_COULDNT_CONNECT: return "no connection";
	case CURLE_OPERATION_TIMEDOUT: return "no answer in time";
	case CURLE_USE_SSL_FAILED: return "it offers no STARTTLS, so nothing was said";
	case CURLE_SSL_CONNECT_ERROR: return "no TLS with it";
	case CURLE_PEER_FAILED_VERIFICATION: return "its certificate is not trusted";
	case CURLE_LOGIN_DENIED: return "it refuses the login";
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR: return "it hung up, or refuses sender or receivers";
	default: return "it did not take the mail";
	}
}

void http_explain_mail(struct http_transfer *t, CURLcode code)
{
	t->is_talking = true;
	if (code == CURLE_OK && t->broke == BROKE_NOTHING && t->status >= 200 && t->status <= 299) {
		t->err.kind = ERR_NONE;
		return;
	}
	if (t->n_refused > 0 && t->n_opened == 0) {
		(void)err_set(&t->err, ERR_RETRY, "%s: its network address or port is not allowed",
			      t->host);
	} else if (t->broke != BROKE_NOTHING) {
		(void)err_set(&t->err, ERR_RETRY, "%s: it says too much", t->host);
	} else if (t->status >= 400 && t->status <= 599) {
		(void)err_set(&t->err, ERR_RETRY, "%s: %s (%d)", t->host,
			      about(code == CURLE_OK ? CURLE_WEIRD_SERVER_REPLY : code), t->status);
	} else {
		(void)err_set(&t->err, ERR_RETRY, "%s: %s", t->host, about(code));
	}
}
