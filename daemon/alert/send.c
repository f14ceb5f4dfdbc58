/* One telling to one channel: see send.h. */
#include "daemon/alert/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "answerd/log.h"
#include "answerd/strbuf.h"
#include "daemon/alert/letter.h"
#include "daemon/alert/sign.h"
#include "daemon/base/list.h"
#include "daemon/io/http_mail.h"
#include "daemon/io/journal.h"

#define SEND_TIMEOUT  DUR_S(15)
#define MAX_PER_HOST  16
#define FAILURE_BYTES 256
#define LETTER_BYTES  (4u * 1024 * 1024)

struct sender {
	struct loop *loop;
	/* A multi handle of its own: these addresses are the operator's, those of listen the platforms' (S4). */
	struct http *http;
	struct list all;
};

struct sending {
	struct sender *sender;
	struct list link;
	struct http_transfer *transfer;
	send_done *done;
	void *owner;
	ev_timer later; /* what ended at once is told from the loop */
	char failure[FAILURE_BYTES];
};

static void bury(void *what)
{
	free(what);
}

static void end(struct sending *s, const char *failure)
{
	s->done(failure, s->owner);
	list_remove(&s->link);
	loop_bury(s->sender->loop, s, bury);
}

static void on_later(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct sending *s = container_of(w, struct sending, later);

	(void)loop;
	(void)revents;
	end(s, s->failure[0] != '\0' ? s->failure : NULL);
}

static void done_http(const struct response *r, const struct err *err, void *owner)
{
	struct sending *s = owner;

	s->transfer = NULL;
	if (err != NULL) {
		(void)snprintf(s->failure, sizeof(s->failure), "%s", err->text);
	} else if (r->status < 200 || r->status > 299) {
		(void)snprintf(s->failure, sizeof(s->failure), "it answered with status %d",
			       r->status);
	}
	end(s, s->failure[0] != '\0' ? s->failure : NULL);
}

/* ---- webhook ---- */

static struct http_terms terms_of(const struct conf_channel *ch)
{
	return (struct http_terms){ .allow_loopback = ch->insecure_loopback,
				    .allow_private = ch->allow_private,
				    .allow_port = ch->port,
				    .max_per_host = MAX_PER_HOST,
				    .timeout = SEND_TIMEOUT };
}

static struct text url_of(const struct conf_channel *ch)
{
	return secret_is_set(&ch->url_secret) ? secret_reveal(&ch->url_secret) : ch->url;
}

static void start_webhook(struct sending *s, const struct conf_channel *ch, const struct telling *t)
{
	struct http_terms terms = terms_of(ch);
	char signature[SIGN_BYTES];
	struct request r = { .method = HTTP_POST,
			     .url = url_of(ch),
			     .body = t->body,
			     .content_type = TEXT("application/json; charset=utf-8"),
			     .once = true };

	r.headers[r.n_headers++] = (struct header){ TEXT("X-Answerd-Delivery"), t->id };
	r.headers[r.n_headers++] = (struct header){ TEXT("X-Answerd-Event"), t->event };
	if (secret_is_set(&ch->secret)) {
		sign_body(&ch->secret, &ch->other_secret, loop_wall_machine(s->sender->loop),
			  t->body, signature);
		r.headers[r.n_headers++] =
			(struct header){ TEXT("X-Answerd-Signature"), text_of(signature) };
	}
	s->transfer = http_start(s->sender->http, &r, &terms, done_http, s);
}

/* ---- mail ---- */

static struct text sender_address(const struct conf_channel *ch, char *room, size_t n)
{
	char host[64] = "localhost";

	if (!text_is_empty(ch->from)) {
		return ch->from;
	}
	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(room, n, "answerd@%s", host);
	return text_of(room);
}

static void start_mail(struct sending *s, const struct conf_channel *ch, const struct telling *t)
{
	struct http_terms terms = terms_of(ch);
	scoped(strbuf_done) struct strbuf letter = { 0 };
	char from[128];
	struct err err = { 0 };
	struct letter l = { .from = sender_address(ch, from, sizeof(from)),
			    .to = ch->to,
			    .n_to = ch->n_to,
			    .subject = t->title,
			    .id = t->id,
			    .event = t->event,
			    .at = loop_wall_machine(s->sender->loop),
			    .text = t->text };
	struct mail m = { .server = ch->server,
			  .user = ch->user,
			  .password = secret_reveal(&ch->password),
			  .from = l.from,
			  .to = ch->to,
			  .n_to = ch->n_to,
			  .is_plain =
				  ch->insecure_loopback && text_starts(ch->server, TEXT("smtp://")),
			  /* One address that is no more must not keep it from the others. */
			  .allow_some = t->is_again };

	strbuf_init(&letter, LETTER_BYTES);
	if (!letter_write(&l, &letter, &err)) {
		(void)snprintf(s->failure, sizeof(s->failure), "%s", err.text);
		loop_arm(s->sender->loop, &s->later, DUR_US(0));
		return;
	}
	m.message = strbuf_text(&letter);
	s->transfer = http_mail(s->sender->http, &m, &terms, done_http, s);
}

/* ---- journal ---- */

/* Without the lines about people who wait: no customer's words in a log (S21). */
static void add_own_lines(struct strbuf *out, struct text text)
{
	struct text line, rest = text;
	bool is_more = true;

	while (is_more) {
		is_more = text_cut(rest, '\n', &line, &rest);
		if (!text_starts(line, TEXT("- "))) {
			strbuf_add_str(out, out->len > 0 ? "\n" : "");
			strbuf_add(out, line);
		}
	}
}

static void start_journal(struct sending *s, const struct telling *t)
{
	scoped(strbuf_done) struct strbuf message = { 0 };
	bool is_bad = text_eq(t->event, TEXT("deaf")) || text_eq(t->event, TEXT("gap")) ||
		      text_eq(t->event, TEXT("quarantine"));
	bool is_good = text_eq(t->event, TEXT("hearing")) || text_eq(t->event, TEXT("digest")) ||
		       text_eq(t->event, TEXT("heartbeat"));
	struct journal_field fields[] = {
		{ "MESSAGE", TEXT_NONE },
		{ "PRIORITY", is_bad    ? TEXT("3")
			      : is_good ? TEXT("6")
					: TEXT("4") },
		{ "SYSLOG_IDENTIFIER", TEXT("answerd") },
		{ "ANSWERD_EVENT", t->event },
		{ "ANSWERD_DELIVERY", t->id },
		{ "ANSWERD_COUNT", text_of(log_num(t->n)) },
	};

	strbuf_init(&message, 64u * 1024);
	add_own_lines(&message, t->text);
	fields[0].value = strbuf_text(&message);
	/* Where there is no journal, what reads our stderr is the log. */
	if (!journal_write(fields, sizeof(fields) / sizeof(fields[0]))) {
		log_event(is_bad    ? LEVEL_ERR
			  : is_good ? LEVEL_INFO
				    : LEVEL_WARN,
			  "alert", "event", fields[3].value.at, "delivery", fields[4].value.at,
			  "count", log_num(t->n), "text", message.at, NULL);
	}
	loop_arm(s->sender->loop, &s->later, DUR_US(0));
}

/* ---- what the room sees ---- */

struct sender *sender_create(struct loop *l)
{
	struct sender *s = xcalloc(1, sizeof(*s));

	s->loop = l;
	s->http = http_create(l);
	list_init(&s->all);
	return s;
}

void sender_destroy(struct sender **s)
{
	struct sender *gone = *s;

	if (gone == NULL) {
		return;
	}
	list_each(at, &gone->all)
	{
		struct sending *one = container_of(at, struct sending, link);

		send_cancel(&one);
	}
	http_destroy(&gone->http);
	free(gone);
	*s = NULL;
}

bool sender_has_room(const struct sender *s, const struct conf_channel *ch)
{
	struct http_terms terms = terms_of(ch);

	return ch->type == CHANNEL_JOURNAL ||
	       (ch->type == CHANNEL_WEBHOOK ? http_has_room(s->http, url_of(ch), &terms)
					    : !http_is_full(s->http));
}

struct sending *send_start(struct sender *s, const struct conf_channel *ch, const struct telling *t,
			   send_done *done, void *owner)
{
	struct sending *one = xcalloc(1, sizeof(*one));

	one->sender = s;
	one->done = done;
	one->owner = owner;
	ev_init(&one->later, on_later);
	list_init(&one->link);
	list_add_last(&s->all, &one->link);
	switch (ch->type) {
	case CHANNEL_JOURNAL: start_journal(one, t); break;
	case CHANNEL_WEBHOOK: start_webhook(one, ch, t); break;
	case CHANNEL_SMTP: start_mail(one, ch, t); break;
	}
	return one;
}

void send_cancel(struct sending **s)
{
	struct sending *gone = *s;

	if (gone == NULL) {
		return;
	}
	*s = NULL;
	http_cancel(&gone->transfer);
	loop_disarm(gone->sender->loop, &gone->later);
	list_remove(&gone->link);
	loop_bury(gone->sender->loop, gone, bury);
}
