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

#define READ_BYTES   ((size_t)16 * 1024)
#define READS_A_TURN 16
#define SLOW         DUR_S(10)
#define SLOW_BYTES   1000
#define REPLIES_KEPT ((size_t)8 * 1024) /* of an SMTP server, which says little */

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

static bool say(struct talk *k, const char *verb, struct text address, const char *end)
{
	char line[400];
	int n = snprintf(line, sizeof(line), "%s%.*s%s\r\n", verb, TEXT_ARG(address), end);

	assert(n > 0 && (size_t)n < sizeof(line));
	secret_set(&k->out, (struct text){ line, (size_t)n });
	k->out_at = 0;
	return push(k);
}

/* The next command under a tag of its own. */
static bool say_command(struct talk *k)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = TALK_COMMAND_MOST + 64 };
	struct text line;

	(void)text_cut(k->rest, '\n', &line, &k->rest);
	(void)snprintf(k->tag, sizeof(k->tag), "ask%d", ++k->n_commands);
	strbuf_printf(&b, "%s %.*s", k->tag, TEXT_ARG(line));
	if (k->rest.len == 0 && secret_is_set(&k->append)) {
		strbuf_printf(&b, " {%zu}", secret_reveal(&k->append).len);
	}
	strbuf_add_str(&b, "\r\n");
	secret_set(&k->out, strbuf_text(&b));
	k->out_at = 0;
	return push(k);
}

/* What the last command hands over; nothing may follow it but the end of its line. */
static bool say_append(struct talk *k)
{
	struct strbuf b = { 0 };
	struct text mail = secret_reveal(&k->append);

	strbuf_init(&b, mail.len + 8);
	strbuf_add(&b, mail);
	strbuf_add_str(&b, "\r\n");
	secret_set(&k->out, strbuf_text(&b));
	secret_wipe(b.at, b.len);
	strbuf_done(&b);
	secret_done(&k->append);
	k->out_at = 0;
	k->state = TALK_BODY;
	return push(k);
}

/* The next receiver; after the last one DATA. */
static bool say_receiver(struct talk *k)
{
	struct text address, left = text_slice(strbuf_text(&k->to), k->to_at, SIZE_MAX);

	if (left.len == 0) {
		k->state = TALK_DATA;
		return say(k, "DATA", TEXT_NONE, "");
	}
	k->state = TALK_TO;
	(void)text_cut(left, '\n', &address, &left);
	k->to_at += address.len + 1;
	return say(k, "RCPT TO:<", address, ">");
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

/* The reply to the mail itself. What comes before all of it was handed over can refuse it, not take it. */
static CURLcode body_judge(const struct talk *k, int code)
{
	return code >= 400 || (code < 300 && !secret_is_set(&k->out)) ? CURLE_OK
								      : CURLE_WEIRD_SERVER_REPLY;
}

/* What an answer to a mail's step means; true: it goes on. */
static bool smtp_step(struct talk *k, int code, CURLcode *ret)
{
	struct talk_reader *r = &k->reader;
	bool is_good = code >= 200 && code < 300, goes_on = false;

	k->status = code;
	*ret = CURLE_WEIRD_SERVER_REPLY;
	if (code < 0) {
		return false;
	}
	if (k->state != TALK_BODY && (is_good || code == 354)) {
		if (r->at < k->transfer->n_bytes) {
			return false; /* it answers what was not asked yet */
		}
		/* Only the reply that ends it is kept. */
		k->transfer->n_bytes = 0;
		*r = (struct talk_reader){ 0 };
	}
	*ret = CURLE_OK;
	switch (k->state) {
	case TALK_FROM: goes_on = is_good; break;
	case TALK_TO:
		k->n_taken += is_good;
		goes_on = is_good || (k->allow_some && (k->n_taken > 0 || k->to_at < k->to.len));
		break;
	case TALK_DATA:
		goes_on = code == 354;
		*ret = goes_on || code >= 400 ? CURLE_OK : CURLE_WEIRD_SERVER_REPLY;
		break;
	case TALK_BODY:
		*ret = body_judge(k, code);
		k->is_ended = k->is_ended || *ret != CURLE_OK; /* it says that it has something */
		return false;
	case TALK_CONNECTING:
	case TALK_COMMANDS:
	case TALK_OVER: not_reached("no step of a mail");
	}
	if (!goes_on) {
		return false;
	}
	if (k->state == TALK_DATA) {
		k->state = TALK_BODY;
		goes_on = say_mail(k);
	} else {
		goes_on = say_receiver(k);
	}
	*ret = goes_on ? CURLE_OK : CURLE_SEND_ERROR;
	return goes_on;
}

static bool imap_step(struct talk *k, enum talk_said said, CURLcode *ret)
{
	*ret = CURLE_OK;
	switch (said) {
	case TALK_MORE: return true;
	case TALK_GO:
		if (k->rest.len > 0 || !secret_is_set(&k->append)) {
			return true;
		}
		*ret = say_append(k) ? CURLE_OK : CURLE_SEND_ERROR;
		return *ret == CURLE_OK;
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
	is_good = k->is_smtp ? say(k, "MAIL FROM:<", text_of(k->from), ">") : say_command(k);
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
	secret_done(&k->append);
	strbuf_done(&k->to);
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
