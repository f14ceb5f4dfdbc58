/* Mailboxes: libcurl resolves, connects to judged addresses, makes TLS and logs in (CONNECT_ONLY); then we talk on its connection
 * ourselves. libcurl's own IMAP cannot be used for more: its FETCH marks mails as read, and a command of ours loses whatever
 * stands in literals, cuts long lines, and takes a line of a hostile mail for the end of the answer. Its SMTP blocks in QUIT.
 *
 * One answer after the other; a deadline for all of it; every byte counted by the same limits as a body. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "answerd/url.h"
#include "daemon/io/http_inside.h"
#include "daemon/io/http_mail.h"

#define READ_BYTES      ((size_t)16 * 1024)
#define READS_A_TURN    16
#define SLOW            DUR_S(10)
#define SLOW_BYTES      1000
#define COMMAND_MOST    LIMIT_URL_BYTES
#define REPLIES_KEPT    ((size_t)8 * 1024) /* of an SMTP server, which says little */
#define DEFAULT_TIMEOUT DUR_S(30)

#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK) {                     \
			not_reached(#option);                                                      \
		}                                                                                  \
	} while (0)

/* ---- where ---- */

struct place {
	struct url url; /* as the https URL of the same host would be */
	bool is_smtp, is_tls;
	int port;
	char https[512];
};

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

static bool place_parse(struct text url, struct place *ret)
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

static void origin_print(const struct place *p, char *out, size_t room)
{
	(void)snprintf(out, room, "%s://%.*s:%d", p->is_smtp ? "smtp" : "imap",
		       TEXT_ARG(p->url.host), p->port);
}

bool http_talk_origin(struct text url, char *out, size_t room)
{
	struct place p;

	if (!place_parse(url, &p)) {
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
	return t.len > 0 && t.len <= COMMAND_MOST && t.at[t.len - 1] != '}';
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

/* Lines of the mail end with CRLF and nothing else: a bare CR or LF would be a second end (smuggling). */
static bool check_mail(struct text t)
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

static bool check_request(struct http_transfer *t, const struct request *r, struct talk *k,
			  struct err *err)
{
	if (memchr(r->user.at != NULL ? r->user.at : "", '\0', r->user.len) != NULL ||
	    memchr(r->password.at != NULL ? r->password.at : "", '\0', r->password.len) != NULL) {
		return err_set(err, ERR_CONFIG, "%s: no login can hold a NUL", t->host);
	}
	if (!k->is_smtp) {
		return check_commands(r->body) ||
		       err_set(err, ERR_DATA, "%s: a command cannot be sent", t->host);
	}
	if (!http_mail_is_address(r->mail_from) || !http_mail_is_address(r->mail_to)) {
		return err_set(err, ERR_DATA, "%s: an address cannot be written to", t->host);
	}
	(void)snprintf(k->from, sizeof(k->from), "%.*s", TEXT_ARG(r->mail_from));
	(void)snprintf(k->to, sizeof(k->to), "%.*s", TEXT_ARG(r->mail_to));
	return check_mail(r->body) || err_set(err, ERR_DATA, "%s: the mail is not whole", t->host);
}

static bool check_place(struct http_transfer *t, const struct place *p, struct err *err)
{
	(void)snprintf(t->host, sizeof(t->host), "%.*s", TEXT_ARG(text_clip(p->url.host, 100)));
	origin_print(p, t->origin, sizeof(t->origin));
	t->is_literal_loopback = url_is_loopback(text_of(p->https));
	t->terms.allow_port = p->port;
	return p->port != 25 || err_set(err, ERR_CONFIG,
					"%s: port 25 is between servers; mail is handed in at 465 "
					"or 587",
					t->host);
}

static void set_login(CURL *e, const struct request *r)
{
	struct secret user = { 0 }, password = { 0 };

	if (text_is_empty(r->user)) {
		return;
	}
	secret_set(&user, r->user);
	secret_set(&password, r->password);
	SET(e, CURLOPT_USERNAME, user.bytes);
	SET(e, CURLOPT_PASSWORD, password.bytes != NULL ? password.bytes : "");
	/* Not all that curl knows: GSSAPI would ask other machines, and wait for them. */
	SET(e, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5;AUTH=SCRAM-SHA-256");
	secret_done(&user);
	secret_done(&password);
}

bool http_talk_dress(struct http_transfer *t, const struct request *r, struct err *err)
{
	struct talk *k = xcalloc(1, sizeof(*k));
	bool is_plain;
	struct place p;
	CURL *e;

	k->magic = TALK_MAGIC;
	k->transfer = t;
	t->talk = k;
	t->is_once = r->once;
	strbuf_init(&t->headers, LIMIT_HEADER_BYTES);
	if (!place_parse(r->url, &p)) {
		return err_set(err, ERR_CONFIG, "an address of a mail server cannot be used");
	}
	k->is_smtp = p.is_smtp;
	if (!check_place(t, &p, err) || !check_request(t, r, k, err)) {
		return false;
	}
	is_plain = !p.is_tls && t->is_literal_loopback && t->terms.allow_loopback;
	secret_set(&t->url, r->url);
	secret_set(&t->body, r->body);
	e = t->easy = http_take_easy(t->http);
	http_dress_strict(t);
	k->begun_at = loop_mono(t->http->loop);
	k->until = mono_add(k->begun_at, t->terms.timeout);
	SET(e, CURLOPT_PROTOCOLS_STR,
	    p.is_smtp  ? (p.is_tls ? "smtps" : "smtp")
	    : p.is_tls ? "imaps"
		       : "imap");
	/* A loopback server that offers STARTTLS is taken at its word, with its certificate. */
	SET(e, CURLOPT_USE_SSL, is_plain ? (long)CURLUSESSL_TRY : (long)CURLUSESSL_ALL);
	SET(e, CURLOPT_CONNECT_ONLY, 1L);
	SET(e, CURLOPT_FRESH_CONNECT, 1L);
	SET(e, CURLOPT_SASL_IR, 1L);
	/* With CONNECT_ONLY this would close what we are to talk on; such a connection is used again by nobody. */
	SET(e, CURLOPT_FORBID_REUSE, 0L);
	set_login(e, r);
	if (curl_easy_setopt(e, CURLOPT_URL, secret_reveal(&t->url).at) != CURLE_OK) {
		return err_set(err, ERR_CONFIG, "%s: the address cannot be used", t->host);
	}
	return true;
}

/* ---- the end ---- */

void http_talk_halt(struct http_transfer *t)
{
	struct talk *k = t->talk;

	if (k == NULL || k->state == TALK_CONNECTING || k->state == TALK_OVER) {
		return;
	}
	ev_io_stop(loop_ev(t->http->loop), &k->io);
	loop_disarm(t->http->loop, &k->timer);
	k->state = TALK_OVER;
}

static void finish(struct talk *k, CURLcode code)
{
	http_detach(k->transfer, code);
}

/* ---- saying ---- */

/* Stop, set, start, always; and never a number that is no socket. */
static void watch(struct talk *k, int events)
{
	struct ev_loop *ev = loop_ev(k->transfer->http->loop);
	curl_socket_t fd = CURL_SOCKET_BAD;

	ev_io_stop(ev, &k->io);
	if (curl_easy_getinfo(k->transfer->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
	    fd < 0) {
		return; /* the deadline ends it */
	}
	ev_io_set(&k->io, fd, events);
	ev_io_start(ev, &k->io);
}

/* False when the connection broke. */
static bool push(struct talk *k)
{
	struct text all = secret_reveal(&k->out);

	while (k->out_at < all.len) {
		size_t n = 0;
		CURLcode code;

		code = curl_easy_send(k->transfer->easy, all.at + k->out_at, all.len - k->out_at,
				      &n);
		if (code == CURLE_AGAIN) {
			watch(k, EV_READ | EV_WRITE);
			return true;
		}
		if (code != CURLE_OK) {
			k->is_ended = k->state == TALK_BODY; /* nobody can say how far it came */
			return false;
		}
		k->out_at += n;
		k->n_moved += n;
	}
	k->is_ended = k->state == TALK_BODY;
	secret_done(&k->out);
	k->out_at = 0;
	watch(k, EV_READ);
	return true;
}

static bool say(struct talk *k, const char *verb, const char *address, const char *end)
{
	char line[400];
	int n = snprintf(line, sizeof(line), "%s%s%s\r\n", verb, address, end);

	assert(n > 0 && (size_t)n < sizeof(line));
	secret_set(&k->out, (struct text){ line, (size_t)n });
	k->out_at = 0;
	return push(k);
}

/* The next command under a tag of its own. */
static bool say_command(struct talk *k)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = COMMAND_MOST + 64 };
	struct text line;

	(void)text_cut(k->rest, '\n', &line, &k->rest);
	(void)snprintf(k->tag, sizeof(k->tag), "ask%d", ++k->n_commands);
	strbuf_printf(&b, "%s %.*s\r\n", k->tag, TEXT_ARG(line));
	secret_set(&k->out, strbuf_text(&b));
	k->out_at = 0;
	return push(k);
}

/* The mail with its dots doubled, and the dot that ends it. */
static bool say_mail(struct talk *k)
{
	struct strbuf b = { 0 };
	struct text mail = secret_reveal(&k->transfer->body);
	bool is_start = true;

	strbuf_init(&b, mail.len * 2 + 16);
	for (size_t i = 0; i < mail.len; i++) {
		if (is_start && mail.at[i] == '.') {
			strbuf_add_byte(&b, '.');
		}
		strbuf_add_byte(&b, mail.at[i]);
		is_start = mail.at[i] == '\n';
	}
	strbuf_add_str(&b, ".\r\n");
	secret_set(&k->out, strbuf_text(&b));
	secret_wipe(b.at, b.len);
	strbuf_done(&b);
	k->out_at = 0;
	return push(k);
}

/* ---- hearing ---- */

/* What an answer to a mail's step means; true: it goes on. */
static bool smtp_step(struct talk *k, int code, CURLcode *ret)
{
	struct talk_reader *r = &k->reader;
	bool is_good = code >= 200 && code < 300;
	bool goes_on = true;

	*ret = CURLE_OK;
	if (code < 0) {
		*ret = CURLE_WEIRD_SERVER_REPLY;
		return false;
	}
	k->status = code;
	if (k->state != TALK_BODY && (is_good || code == 354)) {
		/* Only the reply that ends it is kept. */
		k->transfer->n_bytes -= r->at;
		memmove(k->transfer->bytes, k->transfer->bytes + r->at, k->transfer->n_bytes);
		*r = (struct talk_reader){ 0 };
	}
	switch (k->state) {
	case TALK_FROM: k->state = TALK_TO; return is_good && say(k, "RCPT TO:<", k->to, ">");
	case TALK_TO: k->state = TALK_DATA; return is_good && say(k, "DATA", "", "");
	case TALK_DATA:
		goes_on = code == 354;
		if (goes_on) {
			k->state = TALK_BODY;
			goes_on = say_mail(k);
			*ret = goes_on ? CURLE_OK : CURLE_SEND_ERROR;
		} else if (code < 400) {
			*ret = CURLE_WEIRD_SERVER_REPLY;
		}
		return goes_on;
	case TALK_BODY:
		if (!is_good && code < 400) {
			*ret = CURLE_WEIRD_SERVER_REPLY;
		}
		return false;
	case TALK_CONNECTING:
	case TALK_COMMANDS:
	case TALK_OVER: break;
	}
	not_reached("no step of a mail");
}

static bool imap_step(struct talk *k, enum talk_said said, CURLcode *ret)
{
	*ret = CURLE_OK;
	switch (said) {
	case TALK_MORE: return true;
	case TALK_OK:
		k->status = 200;
		if (k->rest.len == 0) {
			return false;
		}
		*ret = say_command(k) ? CURLE_OK : CURLE_SEND_ERROR;
		return *ret == CURLE_OK;
	case TALK_NO: k->status = 422; return false;
	case TALK_BAD: k->status = 400; return false;
	case TALK_BYE: *ret = CURLE_GOT_NOTHING; return false;
	case TALK_BROKEN: *ret = CURLE_WEIRD_SERVER_REPLY; return false;
	}
	not_reached("no answer of IMAP");
}

/* All that was said and not yet understood; true: it goes on. */
static bool understand(struct talk *k, CURLcode *ret)
{
	struct http_transfer *t = k->transfer;

	for (;;) {
		struct text all = { t->bytes, t->n_bytes };
		enum talk_said said;
		int code;

		if (k->is_smtp) {
			code = talk_smtp_next(&k->reader, all);
			if (code == 0) {
				return true;
			}
			if (!smtp_step(k, code, ret)) {
				return false;
			}
			continue;
		}
		said = talk_imap_next(&k->reader, all, text_of(k->tag));
		if (!imap_step(k, said, ret)) {
			return false;
		}
		if (said == TALK_MORE) {
			return true;
		}
	}
}

static void hear(struct talk *k)
{
	struct http_transfer *t = k->transfer;
	char bytes[READ_BYTES];
	CURLcode code = CURLE_OK;

	for (int i = 0; i < READS_A_TURN; i++) {
		size_t n = 0;

		code = curl_easy_recv(t->easy, bytes, sizeof(bytes), &n);
		if (code == CURLE_AGAIN) {
			return;
		}
		if (code != CURLE_OK || n == 0) {
			finish(k, code != CURLE_OK ? code : CURLE_GOT_NOTHING);
			return;
		}
		k->n_moved += n;
		if (k->is_smtp && t->n_bytes + n > REPLIES_KEPT) {
			t->broke = BROKE_HEADERS;
			finish(k, CURLE_WRITE_ERROR);
			return;
		}
		if (!http_body_add(t, bytes, n)) {
			finish(k, CURLE_WRITE_ERROR);
			return;
		}
		if (!understand(k, &code)) {
			finish(k, code);
			return;
		}
	}
	/* TLS may hold more than the socket shows: look again in the next turn. */
	ev_feed_event(loop_ev(t->http->loop), &k->io, EV_READ);
}

static void on_ready(struct ev_loop *ev, ev_io *w, int revents)
{
	struct talk *k = container_of(w, struct talk, io);
	struct http *h = k->transfer->http;

	(void)ev;
	assert(k->magic == TALK_MAGIC);
	if ((revents & EV_WRITE) != 0 && secret_is_set(&k->out) && !push(k)) {
		finish(k, CURLE_SEND_ERROR);
	} else {
		hear(k);
	}
	http_deliver(h);
}

/* ---- how long ---- */

static void arm(struct talk *k)
{
	struct loop *l = k->transfer->http->loop;
	struct dur left = mono_since(loop_mono(l), k->until);

	loop_arm(l, &k->timer, k->is_smtp || dur_more(SLOW, left) ? left : SLOW);
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct talk *k = container_of(w, struct talk, timer);
	struct http *h = k->transfer->http;
	bool is_late = !mono_before(loop_mono(h->loop), k->until);

	(void)ev;
	(void)revents;
	assert(k->magic == TALK_MAGIC);
	if (is_late || (!k->is_smtp && k->n_moved < SLOW_BYTES)) {
		finish(k, CURLE_OPERATION_TIMEDOUT);
		http_deliver(h);
		return;
	}
	k->n_moved = 0;
	arm(k);
}

bool http_talk_begin(struct http_transfer *t)
{
	struct talk *k = t->talk;
	bool is_good;

	if (k == NULL) {
		return false;
	}
	assert(k->magic == TALK_MAGIC && k->state == TALK_CONNECTING);
	strbuf_reset(&t->headers); /* what was said at the login is nobody's business */
	ev_init(&k->io, on_ready);
	ev_init(&k->timer, on_timer);
	k->state = k->is_smtp ? TALK_FROM : TALK_COMMANDS;
	k->rest = secret_reveal(&t->body);
	arm(k);
	/* The first byte also binds the handle to its connection: until then curl could tidy it away. */
	is_good = k->is_smtp ? say(k, "MAIL FROM:<", k->from, ">") : say_command(k);
	if (!is_good) {
		finish(k, CURLE_SEND_ERROR);
	}
	return true;
}

static void bury(void *what)
{
	struct talk *k = what;

	k->magic = 0;
	secret_done(&k->out);
	free(k);
}

void http_talk_stop(struct http_transfer *t)
{
	struct talk *k = t->talk;

	if (k != NULL) {
		http_talk_halt(t);
		t->talk = NULL;
		loop_bury(t->http->loop, k, bury);
	}
}
