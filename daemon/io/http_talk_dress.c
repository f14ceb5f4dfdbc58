/* A request to a mailbox as libcurl and http_talk.c want it: where it goes, whether it can be said at all, and the login. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "answerd/url.h"
#include "daemon/io/http_inside.h"
#include "daemon/io/http_mail.h"

#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK) {                     \
			not_reached(#option);                                                      \
		}                                                                                  \
	} while (0)

/* ---- where ---- */

static const struct scheme {
	const char *start;
	bool is_smtp, is_tls;
	int port;
} schemes[] = {
	{ "imaps://", false, true, 993 },
	{ "imap://", false, false, 143 },
	{ "smtps://", true, true, 465 },
	{ "smtp://", true, false, 587 },
};

static const struct scheme *scheme_of(struct text url)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (text_starts(url, text_of(schemes[i].start))) {
			return &schemes[i];
		}
	}
	return NULL;
}

bool http_talk_is(struct text url)
{
	return scheme_of(url) != NULL;
}

bool talk_place_parse(struct text url, struct talk_place *ret)
{
	const struct scheme *s = scheme_of(url);
	int n;

	if (s == NULL) {
		return false;
	}
	n = snprintf(ret->https, sizeof(ret->https), "https://%.*s",
		     TEXT_ARG(text_slice(url, strlen(s->start), SIZE_MAX)));
	if (n < 0 || (size_t)n >= sizeof(ret->https) ||
	    !url_parse(text_of(ret->https), &ret->url) || ret->url.path.len > 1 ||
	    ret->url.query.len > 0) {
		return false;
	}
	ret->is_smtp = s->is_smtp;
	ret->is_tls = s->is_tls;
	ret->port = text_is_empty(ret->url.port) ? s->port : 0;
	for (size_t i = 0; i < ret->url.port.len && ret->port < 65536; i++) {
		ret->port = ret->port * 10 + (ret->url.port.at[i] - '0');
	}
	return ret->port > 0 && ret->port < 65536;
}

static void origin_print(const struct talk_place *p, char *out, size_t room)
{
	(void)snprintf(out, room, "%s://%.*s:%d", p->is_smtp ? "smtp" : "imap",
		       TEXT_ARG(p->url.host), p->port);
}

bool http_talk_origin(struct text url, char *out, size_t room)
{
	struct talk_place p;

	if (!talk_place_parse(url, &p)) {
		return false;
	}
	origin_print(&p, out, room);
	return true;
}

/* ---- what ---- */

/* Nothing in it can end a line or begin a literal of ours. */
static bool is_command(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c < ' ' || c >= 0x7f) {
			return false;
		}
	}
	return t.len > 0 && t.len <= TALK_COMMAND_MOST && t.at[t.len - 1] != '}';
}

static bool check_commands(struct text all)
{
	struct text line, rest = all;

	while (rest.len > 0) {
		(void)text_cut(rest, '\n', &line, &rest);
		if (!is_command(line)) {
			return false;
		}
	}
	return all.len > 0;
}

bool talk_is_mail(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		bool is_cr = t.at[i] == '\r';

		if (t.at[i] == '\0' || (t.at[i] == '\n' && (i == 0 || t.at[i - 1] != '\r')) ||
		    (is_cr && (i + 1 >= t.len || t.at[i + 1] != '\n'))) {
			return false;
		}
	}
	return text_ends(t, TEXT("\r\n"));
}

/* What stands between the marks of a SASL message is no mark, and no other field. */
static bool is_token(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if ((unsigned char)t.at[i] <= ' ' || (unsigned char)t.at[i] >= 0x7f) {
			return false;
		}
	}
	return true;
}

static bool check_login(const struct http_transfer *t, const struct talk_login *l, struct err *err)
{
	if (l->bearer.len > 0) {
		return (l->user.len > 0 && is_token(l->user) && is_token(l->bearer)) ||
		       err_set(err, ERR_CONFIG, "%s: no login by OAuth can hold that", t->host);
	}
	return (memchr(l->user.at != NULL ? l->user.at : "", '\0', l->user.len) == NULL &&
		memchr(l->password.at != NULL ? l->password.at : "", '\0', l->password.len) ==
			NULL) ||
	       err_set(err, ERR_CONFIG, "%s: no login can hold a NUL", t->host);
}

static bool check_request(struct http_transfer *t, const struct request *r, struct talk *k,
			  struct err *err)
{
	if (!k->is_smtp) {
		return (check_commands(r->body) &&
			(r->append.len == 0 || talk_is_mail(r->append))) ||
		       err_set(err, ERR_DATA, "%s: a command cannot be sent", t->host);
	}
	if (!http_mail_is_address(r->mail_from) || !http_mail_is_address(r->mail_to)) {
		return err_set(err, ERR_DATA, "%s: an address cannot be written to", t->host);
	}
	(void)snprintf(k->from, sizeof(k->from), "%.*s", TEXT_ARG(r->mail_from));
	talk_add_receiver(k, r->mail_to);
	return talk_is_mail(r->body) ||
	       err_set(err, ERR_DATA, "%s: the mail is not whole", t->host);
}

/* ---- the talk, and curl's part of it ---- */

struct talk *talk_create(struct http_transfer *t)
{
	struct talk *k = xcalloc(1, sizeof(*k));

	k->magic = TALK_MAGIC;
	k->transfer = t;
	t->talk = k;
	strbuf_init(&t->headers, LIMIT_HEADER_BYTES);
	return k;
}

void talk_add_receiver(struct talk *k, struct text address)
{
	if (k->to.max_bytes == 0) {
		strbuf_init(&k->to, LIMIT_BODY_BYTES);
	}
	strbuf_printf(&k->to, "%.*s\n", TEXT_ARG(address));
}

void talk_to(struct http_transfer *t, const struct talk_place *p)
{
	(void)snprintf(t->host, sizeof(t->host), "%.*s", TEXT_ARG(text_clip(p->url.host, 100)));
	origin_print(p, t->origin, sizeof(t->origin));
	t->is_literal_loopback = url_is_loopback(text_of(p->https));
	t->terms.allow_port = p->port;
	t->talk->is_smtp = p->is_smtp;
}

static void set_login(CURL *e, const struct talk_login *l)
{
	struct secret user = { 0 }, password = { 0 };

	if (text_is_empty(l->user)) {
		return;
	}
	secret_set(&user, l->user);
	SET(e, CURLOPT_USERNAME, user.bytes);
	if (l->bearer.len > 0) {
		secret_set(&password, l->bearer);
		SET(e, CURLOPT_XOAUTH2_BEARER, password.bytes);
		SET(e, CURLOPT_LOGIN_OPTIONS, "AUTH=OAUTHBEARER;AUTH=XOAUTH2");
		secret_done(&user);
		secret_done(&password);
		return;
	}
	secret_set(&password, l->password);
	SET(e, CURLOPT_PASSWORD, password.bytes != NULL ? password.bytes : "");
	/* Not all that curl knows: GSSAPI would ask other machines, and wait for them. */
	SET(e, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5;AUTH=SCRAM-SHA-256");
	secret_done(&user);
	secret_done(&password);
}

bool talk_open(struct http_transfer *t, const struct talk_place *p, long ssl,
	       const struct talk_login *login, struct err *err)
{
	struct talk *k = t->talk;
	CURL *e;

	if (!check_login(t, login, err)) {
		return false;
	}
	e = t->easy = http_take_easy(t->http);
	http_dress_strict(t);
	k->begun_at = loop_mono(t->http->loop);
	k->until = mono_add(k->begun_at, t->terms.timeout);
	SET(e, CURLOPT_PROTOCOLS_STR,
	    p->is_smtp  ? (p->is_tls ? "smtps" : "smtp")
	    : p->is_tls ? "imaps"
			: "imap");
	SET(e, CURLOPT_PORT, (long)p->port); /* curl's own idea is another one */
	SET(e, CURLOPT_USE_SSL, ssl);
	SET(e, CURLOPT_CONNECT_ONLY, 1L);
	SET(e, CURLOPT_FRESH_CONNECT, 1L);
	SET(e, CURLOPT_SASL_IR, 1L);
	/* With CONNECT_ONLY this would close what we are to talk on; such a connection is used again by nobody. */
	SET(e, CURLOPT_FORBID_REUSE, 0L);
	set_login(e, login);
	if (curl_easy_setopt(e, CURLOPT_URL, secret_reveal(&t->url).at) != CURLE_OK) {
		return err_set(err, ERR_CONFIG, "%s: the address cannot be used", t->host);
	}
	return true;
}

bool http_talk_dress(struct http_transfer *t, const struct request *r, struct err *err)
{
	struct talk *k = talk_create(t);
	struct talk_login login = { r->user, r->password, r->bearer };
	struct talk_place p;
	bool is_plain;

	t->is_once = r->once;
	if (!talk_place_parse(r->url, &p)) {
		return err_set(err, ERR_CONFIG, "an address of a mail server cannot be used");
	}
	talk_to(t, &p);
	if (p.port == 25) {
		return err_set(err, ERR_CONFIG,
			       "%s: port 25 is between servers; mail is handed in at 465 or 587",
			       t->host);
	}
	if (!check_request(t, r, k, err)) {
		return false;
	}
	is_plain = !p.is_tls && t->is_literal_loopback && t->terms.allow_loopback;
	secret_set(&t->url, r->url);
	secret_set(&t->body, r->body);
	secret_set(&k->append, r->append);
	/* A loopback server that offers STARTTLS is taken at its word, with its certificate. */
	return talk_open(t, &p, is_plain ? (long)CURLUSESSL_TRY : (long)CURLUSESSL_ALL, &login,
			 err);
}
