/* The machine: a turn is one statement, which says what to tell now and when to come again. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/alert/inside.h"
#include "store_sql.h"

#define MAX_FLIGHTS     32
#define PER_CHANNEL     2 /* tellings of one channel at once */
#define FOLLOW_EVERY    DUR_S(1)
#define RETRY_EVERY     DUR_MS(500)
#define CHORES_EVERY    DUR_S(5)
#define ALL_EVERY       DUR_S(30)
#define AWAY_AFTER      DUR_S(30) /* shorter than that is a restart of the server */
#define NOTICE_LIMIT    DUR_S(365 * 24 * 3600)
#define BACK_LIMIT      DUR_S(3600)
#define STOP_LIMIT      DUR_S(5)
#define COMPLAINT_EVERY DUR_S(60)

/* A telling on its way: to its channel, then into the database what came of it. */
struct flight {
	struct list link;
	struct alert *alert;
	int64_t id;
	char channel[128];
	char id_text[24];
	struct sending *sending;
	bool is_over, is_reporting;
	char *failure; /* NULL: taken */
};

static void turn(struct alert *a);

/* ---- what is under way ---- */

static void bury(void *what)
{
	struct flight *f = what;

	free(f->failure);
	free(f);
}

static void drop(struct flight *f)
{
	struct alert *a = f->alert;

	list_remove(&f->link);
	a->n_flights--;
	loop_bury(a->o.loop, f, bury);
	if (a->is_stopping && a->n_flights == 0) {
		loop_arm(a->o.loop, &a->ending, DUR_US(0));
	}
}

static void wake(struct alert *a, struct dur in)
{
	if (a->is_turning) {
		a->must_turn = true;
	} else if (!a->is_stopping) {
		loop_arm(a->o.loop, &a->turn, in);
	}
}

static void done_told(const struct db_result *r, void *owner)
{
	struct flight *f = owner;
	struct alert *a = f->alert;

	f->is_reporting = false;
	if (r->is_ok) {
		drop(f);
		wake(a, DUR_US(0));
	} /* else the next turn reports it again: it must not be told again for that */
}

static void report(struct flight *f)
{
	struct db_params *p = db_params_create();

	db_add_i64(p, f->id);
	if (f->failure != NULL) {
		db_add_text(p, text_of(f->failure));
	} else {
		db_add_null(p);
	}
	f->is_reporting = db_send(f->alert->db, "alert_told", SQL_ALERT_TOLD, &p, done_told, f);
	if (!f->is_reporting) {
		db_params_destroy(&p);
	}
}

static void done_sending(const char *failure, void *owner)
{
	struct flight *f = owner;

	f->sending = NULL;
	f->is_over = true;
	if (failure != NULL) {
		f->failure = xstrdup(failure);
		log_warn("telling_failed", "channel", f->channel, "why", failure, NULL);
	}
	report(f);
}

static int count_flights(const struct alert *a, struct text channel)
{
	int n = 0;

	list_each(at, &a->flights)
	{
		n += text_eq(text_of(container_of(at, struct flight, link)->channel), channel);
	}
	return n;
}

static void start_flight(struct alert *a, const struct db_result *r, int row)
{
	struct text channel = db_text(r, row, 1);
	const struct conf_channel *ch = channel_named(a->o.conf, channel);
	struct flight *f;

	if (count_flights(a, channel) >= PER_CHANNEL ||
	    (ch != NULL && !sender_has_room(a->sender, ch))) {
		return; /* the next turn finds it again */
	}
	f = xcalloc(1, sizeof(*f));
	f->alert = a;
	f->id = db_i64(r, row, 0);
	(void)snprintf(f->channel, sizeof(f->channel), "%.*s",
		       TEXT_ARG(text_clip(channel, sizeof(f->channel) - 1)));
	(void)snprintf(f->id_text, sizeof(f->id_text), "%lld", (long long)f->id);
	list_init(&f->link);
	list_add_last(&a->flights, &f->link);
	a->n_flights++;
	if (ch == NULL) {
		done_sending("this worker's configuration has no such channel", f);
		return;
	}
	f->sending = send_start(a->sender, ch,
				&(struct telling){ .id = text_of(f->id_text),
						   .event = db_text(r, row, 2),
						   .title = db_text(r, row, 3),
						   .text = db_text(r, row, 4),
						   .body = db_text(r, row, 5),
						   .n = db_i64(r, row, 8),
						   .is_again = db_i64(r, row, 6) > 0 },
				done_sending, f);
}

/* ---- a turn ---- */

static void complain(struct alert *a, const struct db_result *r)
{
	struct mono now = loop_mono(a->o.loop);

	if (r->err.kind == ERR_RETRY || r->err.kind == ERR_UNSURE) {
		return; /* the connection's own events tell */
	}
	if (a->complained_at.us == 0 ||
	    dur_more(mono_since(a->complained_at, now), COMPLAINT_EVERY)) {
		a->complained_at = now;
		log_err("alert_failed", "why", r->err.text, NULL);
	}
}

static void end_turn(struct alert *a, struct dur again)
{
	a->is_turning = false;
	if (a->must_turn) {
		a->must_turn = false;
		again = DUR_US(0);
	}
	wake(a, again);
}

static void done_tellings(const struct db_result *r, void *owner)
{
	struct alert *a = owner;

	if (!r->is_ok) {
		complain(a, r);
	}
	for (int row = 0; r->is_ok && row < r->n_rows && a->n_flights < MAX_FLIGHTS; row++) {
		if (a->is_leading && !a->is_stopping) {
			start_flight(a, r, row);
		}
	}
	end_turn(a, r->is_ok ? DUR_US(a->wait_us) : RETRY_EVERY);
}

static void ask_tellings(struct alert *a)
{
	struct db_params *p = db_params_create();
	int64_t busy[MAX_FLIGHTS];
	size_t n = 0;

	list_each(at, &a->flights)
	{
		busy[n++] = container_of(at, struct flight, link)->id;
	}
	db_add_i64_array(p, busy, n);
	db_add_text(p, text_of(a->o.holder));
	if (!db_send(a->db, "alert_tellings", SQL_ALERT_TELLINGS, &p, done_tellings, a)) {
		db_params_destroy(&p);
		end_turn(a, RETRY_EVERY);
	}
}

static void done_turn(const struct db_result *r, void *owner)
{
	struct alert *a = owner;
	bool was_leading = a->is_leading;

	if (!r->is_ok) {
		complain(a, r);
		end_turn(a, RETRY_EVERY);
		return;
	}
	a->is_leading = db_bool(r, 0, 0);
	a->is_locked = db_bool(r, 0, 1);
	a->wait_us = db_i64(r, 0, 2);
	loop_shift_wall(a->o.loop, DUR_US(db_i64(r, 0, 3)));
	loop_correct_wall(a->o.loop, (struct wall){ db_i64(r, 0, 4) });
	if (a->is_leading != was_leading) {
		log_info(a->is_leading ? "alert_leading" : "alert_following", NULL);
	}
	list_each(at, &a->flights)
	{
		struct flight *f = container_of(at, struct flight, link);

		if (f->is_over && !f->is_reporting) {
			report(f);
		}
	}
	if (a->is_leading && a->n_flights < MAX_FLIGHTS) {
		ask_tellings(a);
	} else {
		end_turn(a, a->is_leading ? DUR_US(a->wait_us) : FOLLOW_EVERY);
	}
}

/* 0 none, 1 those of every few seconds, 2 all. */
static int chores_due(struct alert *a)
{
	struct mono now = loop_mono(a->o.loop);

	if (a->all_chores_at.us == 0 || dur_more(mono_since(a->all_chores_at, now), ALL_EVERY)) {
		a->all_chores_at = a->chores_at = now;
		return 2;
	}
	if (dur_more(mono_since(a->chores_at, now), CHORES_EVERY)) {
		a->chores_at = now;
		return 1;
	}
	return 0;
}

static void done_declare(const struct db_result *r, void *owner)
{
	struct alert *a = owner;

	if (!r->is_ok) {
		complain(a, r);
	}
	a->is_declared = r->is_ok && !a->must_declare;
	a->must_declare = false;
	end_turn(a, r->is_ok ? DUR_US(0) : RETRY_EVERY);
}

static void declare(struct alert *a)
{
	struct db_params *p = db_params_create();
	scoped(strbuf_done) struct strbuf b = { 0 };

	strbuf_init(&b, 16u * 1024 * 1024);
	declare_write(a->o.conf, &b);
	db_add_text(p, strbuf_text(&b));
	a->is_turning = true;
	if (!db_send(a->db, "alert_declare", SQL_ALERT_DECLARE, &p, done_declare, a)) {
		db_params_destroy(&p);
		end_turn(a, RETRY_EVERY);
	}
}

static void done_reload(const struct db_result *r, void *owner)
{
	struct alert *a = owner;

	a->has_reload = a->has_reload || !r->is_ok;
}

static void write_reload(struct alert *a)
{
	struct db_params *p;

	if (!a->has_reload) {
		return;
	}
	p = db_params_create();
	db_add_text(p, TEXT("reload"));
	if (a->reload_text != NULL) {
		db_add_text(p, text_of(a->reload_text));
	} else {
		db_add_null(p);
	}
	a->has_reload = !db_send(a->db, "alert_raise", SQL_ALERT_RAISE, &p, done_reload, a);
	if (a->has_reload) {
		db_params_destroy(&p);
	}
}

static void turn(struct alert *a)
{
	struct db_params *p;

	if (a->is_turning || a->is_stopping || !db_is_up(a->db)) {
		return; /* its end, or on_up, goes on */
	}
	if (!a->is_declared) {
		declare(a);
		return;
	}
	write_reload(a);
	p = db_params_create();
	db_add_text(p, text_of(a->o.holder));
	db_add_bool(p, a->is_locked);
	db_add_i64(p, chores_due(a));
	a->is_turning = true;
	if (!db_send(a->db, "alert_turn", SQL_ALERT_TURN, &p, done_turn, a)) {
		db_params_destroy(&p);
		end_turn(a, RETRY_EVERY);
	}
}

static void on_turn(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	turn(container_of(w, struct alert, turn));
}

/* ---- the database is away: nobody else would say it ---- */

static void done_notice(void *owner)
{
	struct alert *a = owner;

	notice_destroy(&a->notice);
}

static void say(struct alert *a, bool is_back)
{
	char host[64] = "this machine", at[WALL_TEXT_BYTES], text[512];

	(void)gethostname(host, sizeof(host) - 1);
	(void)wall_format(a->away_at, at);
	at[sizeof("2026-11-20T14:02") - 1] = '\0';
	at[sizeof("2026-11-20") - 1] = ' ';
	if (is_back) {
		(void)snprintf(
			text, sizeof(text),
			"The worker on %s reaches its database again (it was away since %s UTC).",
			host, at);
	} else {
		(void)snprintf(
			text, sizeof(text),
			"The worker on %s cannot reach its database since %s UTC: nothing is "
			"stored, and nobody is told who waits, until it is back.",
			host, at);
	}
	notice_destroy(&a->notice);
	a->notice = notice_start(
		&(struct notice_options){ .loop = a->o.loop,
					  .sender = a->sender,
					  .conf = a->o.conf,
					  .event = is_back ? TEXT("hearing") : TEXT("deaf"),
					  .title = text_of(text),
					  .text = text_of(text),
					  .limit = is_back ? BACK_LIMIT : NOTICE_LIMIT,
					  .done = done_notice,
					  .owner = a });
}

static void on_away(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct alert *a = container_of(w, struct alert, away);

	(void)loop;
	(void)revents;
	log_err("database_away", NULL);
	a->has_told_away = true;
	say(a, /* is_back= */ false);
}

static void on_up(struct db *d, void *owner)
{
	struct alert *a = owner;

	(void)d;
	loop_disarm(a->o.loop, &a->away);
	if (a->has_told_away) {
		say(a, /* is_back= */ true);
	}
	a->has_told_away = false;
	a->away_since = (struct mono){ 0 };
	wake(a, DUR_US(0));
}

static void on_down(struct db *d, const struct err *why, void *owner)
{
	struct alert *a = owner;

	(void)d;
	(void)why; /* listen logs it */
	a->is_locked = a->is_leading = false;
	if (a->away_since.us == 0 && !a->is_stopping) {
		a->away_since = loop_mono(a->o.loop);
		a->away_at = loop_wall(a->o.loop);
		loop_arm(a->o.loop, &a->away, AWAY_AFTER);
	}
}

static void on_notify(struct db *d, struct text payload, void *owner)
{
	(void)d;
	(void)payload;
	wake(owner, DUR_US(0));
}

/* ---- life ---- */

static void on_ending(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct alert *a = container_of(w, struct alert, ending);
	void (*done)(void *) = a->done_stopped;

	(void)loop;
	(void)revents;
	a->done_stopped = NULL;
	if (done != NULL) {
		done(a->stop_owner);
	}
}

struct alert *alert_create(const struct alert_options *o)
{
	static const struct db_events events = { .on_up = on_up, .on_down = on_down };
	static const struct db_events ear_events = { .on_notify = on_notify };
	struct alert *a = xcalloc(1, sizeof(*a));

	a->o = *o;
	list_init(&a->flights);
	ev_init(&a->turn, on_turn);
	ev_init(&a->away, on_away);
	ev_init(&a->ending, on_ending);
	a->sender = sender_create(o->loop);
	a->db = db_create(o->loop,
			  &(struct db_options){ .conninfo = o->conf->database.at,
						.role = "answerd_worker",
						.purpose = "answerd alert",
						.max_queued = MAX_FLIGHTS * 2 + 8 },
			  &events, a);
	a->ear = db_create(o->loop,
			   &(struct db_options){ .conninfo = o->conf->database.at,
						 .role = "answerd_worker",
						 .purpose = "answerd alert ear",
						 .channel = "answerd_alert" },
			   &ear_events, a);
	return a;
}

void alert_start(struct alert *a)
{
	db_start(a->db);
	db_start(a->ear);
}

void alert_reload(struct alert *a, const struct conf *conf)
{
	a->o.conf = conf;
	a->is_declared = false;
	a->must_declare = a->is_turning; /* what is being declared now may be the old one */
	if (a->notice != NULL) {
		notice_destroy(&a->notice);
		if (a->away_since.us != 0) {
			loop_arm(a->o.loop, &a->away, DUR_S(1));
		}
	}
	wake(a, DUR_US(0));
}

void alert_about_reload(struct alert *a, const char *text)
{
	free(a->reload_text);
	a->reload_text = text != NULL ? xstrdup(text) : NULL;
	a->has_reload = true;
	wake(a, DUR_US(0));
}

void alert_stop(struct alert *a, void (*done)(void *owner), void *owner)
{
	if (a->is_stopping) {
		return;
	}
	a->is_stopping = true;
	a->done_stopped = done;
	a->stop_owner = owner;
	loop_disarm(a->o.loop, &a->turn);
	loop_disarm(a->o.loop, &a->away);
	notice_destroy(&a->notice);
	loop_arm(a->o.loop, &a->ending, a->n_flights == 0 ? DUR_US(0) : STOP_LIMIT);
}

void alert_destroy(struct alert **a)
{
	struct alert *gone = *a;
	struct list *at;

	if (gone == NULL) {
		return;
	}
	*a = NULL;
	loop_disarm(gone->o.loop, &gone->turn);
	loop_disarm(gone->o.loop, &gone->away);
	loop_disarm(gone->o.loop, &gone->ending);
	notice_destroy(&gone->notice);
	while ((at = list_take_first(&gone->flights)) != NULL) {
		struct flight *f = container_of(at, struct flight, link);

		send_cancel(&f->sending);
		loop_bury(gone->o.loop, f, bury);
	}
	db_destroy(&gone->db);
	db_destroy(&gone->ear);
	sender_destroy(&gone->sender);
	free(gone->reload_text);
	free(gone);
}
