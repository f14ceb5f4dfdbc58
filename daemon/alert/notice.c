/* One text to all of health.notify, without a database: for the worker that has lost it, and for `answerd tell`. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "daemon/alert/inside.h"
#include "daemon/base/backoff.h"

#define FIRST_PAUSE DUR_S(1)
#define MOST_PAUSE  DUR_S(15)

struct addressee {
	struct notice *notice;
	const struct conf_channel *channel;
	struct sending *sending;
	ev_timer again;
	unsigned n_failed;
	bool is_told;
};

struct notice {
	struct loop *loop;
	struct sender *sender;
	struct addressee *to;
	size_t n;
	char id[32];
	char *event, *title, *text, *body;
	ev_timer limit;
	bool is_over;
	void (*done)(void *owner);
	void *owner;
};

static uint64_t random_bits(void)
{
	uint64_t r = 0;

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r)) {
		r = UINT64_C(88172645463325252);
	}
	return r;
}

static char *copy(struct text t)
{
	char *s = xcalloc(1, t.len + 1);

	if (t.len > 0) {
		memcpy(s, t.at, t.len);
	}
	return s;
}

static char *write_body(const struct notice_options *o)
{
	scoped(strbuf_done) struct strbuf b = { 0 };
	char at[WALL_TEXT_BYTES];

	(void)wall_format(loop_wall(o->loop), at);
	strbuf_init(&b, 256u * 1024);
	strbuf_add_str(&b, "{\"event\":");
	strbuf_add_json(&b, o->event);
	strbuf_printf(&b,
		      ",\"step\":null,\"policy\":null,\"brand\":null,\"account\":null,\"count\":1,"
		      "\"at\":\"%s\",\"text\":",
		      at);
	strbuf_add_json(&b, o->text);
	strbuf_add_str(&b, ",\"items\":[]}");
	return copy(strbuf_text(&b));
}

static void look_if_over(struct notice *n)
{
	int told, of;

	notice_count(n, &told, &of);
	if (told == of && !n->is_over) {
		n->is_over = true;
		loop_arm(n->loop, &n->limit, DUR_US(0));
	}
}

static void done_send(const char *failure, void *owner);

static void attempt(struct addressee *a)
{
	struct notice *n = a->notice;
	struct telling t = { .id = text_of(n->id),
			     .event = text_of(n->event),
			     .title = text_of(n->title),
			     .text = text_of(n->text),
			     .body = text_of(n->body),
			     .n = 1,
			     .is_again = a->n_failed > 0 };

	a->sending = send_start(n->sender, a->channel, &t, done_send, a);
}

static void done_send(const char *failure, void *owner)
{
	struct addressee *a = owner;
	char name[80];

	a->sending = NULL;
	if (failure == NULL) {
		a->is_told = true;
		look_if_over(a->notice);
		return;
	}
	(void)snprintf(name, sizeof(name), "%.*s", TEXT_ARG(text_clip(a->channel->name, 79)));
	log_warn("telling_failed", "channel", name, "why", failure, NULL);
	loop_arm(a->notice->loop, &a->again,
		 backoff_after(a->n_failed++, FIRST_PAUSE, MOST_PAUSE, random_bits()));
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	attempt(container_of(w, struct addressee, again));
}

static void on_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct notice *n = container_of(w, struct notice, limit);

	(void)loop;
	(void)revents;
	n->is_over = true;
	n->done(n->owner);
}

struct notice *notice_start(const struct notice_options *o)
{
	struct notice *n;

	if (o->conf->n_health_notify == 0) {
		return NULL;
	}
	n = xcalloc(1, sizeof(*n));
	n->loop = o->loop;
	n->sender = o->sender;
	n->done = o->done;
	n->owner = o->owner;
	n->event = copy(o->event);
	n->title = copy(o->title);
	n->text = copy(o->text);
	n->body = write_body(o);
	(void)snprintf(n->id, sizeof(n->id), "w%016llx", (unsigned long long)random_bits());
	n->to = xcalloc(o->conf->n_health_notify, sizeof(*n->to));
	ev_init(&n->limit, on_limit);
	loop_arm(n->loop, &n->limit, o->limit);
	for (size_t i = 0; i < o->conf->n_health_notify; i++) {
		struct addressee *a = &n->to[n->n];

		a->channel = channel_named(o->conf, o->conf->health_notify[i]);
		if (a->channel == NULL) {
			continue; /* conf has refused that */
		}
		a->notice = n;
		ev_init(&a->again, on_again);
		n->n++;
		attempt(a);
	}
	return n;
}

void notice_count(const struct notice *n, int *ret_told, int *ret_of)
{
	*ret_told = 0;
	*ret_of = (int)n->n;
	for (size_t i = 0; i < n->n; i++) {
		*ret_told += n->to[i].is_told;
	}
}

static void bury(void *what)
{
	struct notice *n = what;

	free(n->to);
	free(n->event);
	free(n->title);
	free(n->text);
	free(n->body);
	free(n);
}

void notice_destroy(struct notice **n)
{
	struct notice *gone = *n;

	if (gone == NULL) {
		return;
	}
	*n = NULL;
	loop_disarm(gone->loop, &gone->limit);
	for (size_t i = 0; i < gone->n; i++) {
		send_cancel(&gone->to[i].sending);
		loop_disarm(gone->loop, &gone->to[i].again);
	}
	loop_bury(gone->loop, gone, bury);
}
