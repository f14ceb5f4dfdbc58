/* The machine: see vouch.h. */
#include "daemon/vouch/vouch.h"

#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/vouch/inside.h"
#include "store_sql.h"

#define TURN_EVERY  DUR_S(3) /* NOTIFY comes first, when nothing is wrong */
#define RETRY_EVERY DUR_MS(500)
#define MAX_VISITS  64
#define MAX_QUEUED  (MAX_VISITS * 4) /* statements, where the database is slow */
#define STOP_LIMIT  DUR_S(5)

static struct service *service_named(struct vouch *v, struct text name)
{
	list_each(at, &v->services)
	{
		struct service *s = container_of(at, struct service, in);

		if (!s->is_retired && text_eq(s->conf->name, name)) {
			return s;
		}
	}
	return NULL;
}

/* ---- what is to be asked ---- */

static void turn_in(struct vouch *v, struct dur in)
{
	if (!v->is_stopping && v->conf->n_oidc > 0) {
		loop_arm(v->loop, &v->turn, in);
	}
}

/* Once nothing is under way, nor on its way to us. */
static void end_if_idle(struct vouch *v)
{
	if (v->is_stopping && v->n_visits == 0 && !v->is_claiming) {
		loop_arm(v->loop, &v->ending, DUR_US(0));
	}
}

static void done_claim(const struct db_result *r, void *owner)
{
	struct vouch *v = owner;

	v->is_claiming = false;
	for (int row = 0; r->is_ok && row < r->n_rows; row++) {
		struct service *s = service_named(v, db_text(r, row, 1));

		if (s != NULL) { /* else it has just left the configuration */
			visit_start(v, s, r, row);
		}
	}
	/* A claim brings a few only; there may be more. */
	turn_in(v, !r->is_ok                        ? RETRY_EVERY
		   : v->must_claim || r->n_rows > 0 ? DUR_US(0)
						    : TURN_EVERY);
	end_if_idle(v);
}

static void claim(struct vouch *v)
{
	struct text *names;
	struct db_params *p;

	if (v->is_claiming) {
		v->must_claim = true;
		return;
	}
	if (v->is_stopping || v->n_visits >= MAX_VISITS || !db_is_up(v->db)) {
		turn_in(v, RETRY_EVERY);
		return;
	}
	names = xcalloc(v->conf->n_oidc + 1, sizeof(*names));
	for (size_t i = 0; i < v->conf->n_oidc; i++) {
		names[i] = v->conf->oidc[i].name;
	}
	p = db_params_create();
	db_add_text_array(p, names, v->conf->n_oidc);
	free(names);
	v->must_claim = false;
	v->is_claiming = db_send(v->db, "vouch_claim", SQL_VOUCH_CLAIM, &p, done_claim, v);
	if (!v->is_claiming) {
		db_params_destroy(&p);
		turn_in(v, RETRY_EVERY);
	}
}

static void on_turn(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	claim(container_of(w, struct vouch, turn));
}

static void on_notify(struct db *d, struct text payload, void *owner)
{
	struct vouch *v = owner;

	(void)d;
	if (text_eq(payload, TEXT("look"))) {
		list_each(at, &v->services)
		{
			service_look(container_of(at, struct service, in));
		}
	} else {
		claim(v);
	}
}

static void on_up(struct db *d, void *owner)
{
	struct vouch *v = owner;

	(void)d;
	list_each(at, &v->services)
	{
		service_tell(container_of(at, struct service, in));
	}
	turn_in(v, DUR_US(0));
}

/* ---- life ---- */

static void on_ending(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct vouch *v = container_of(w, struct vouch, ending);
	void (*done)(void *) = v->done_stopped;

	(void)loop;
	(void)revents;
	v->done_stopped = NULL;
	if (done != NULL) {
		done(v->stop_owner);
	}
}

void vouch_visit_gone(struct vouch *v, struct service *s)
{
	v->n_visits--;
	s->n_visits--;
	if (s->is_retired && s->n_visits == 0) {
		service_destroy(s);
	}
	end_if_idle(v);
}

/* Connections are made when there is somebody to ask. */
static void connect_database(struct vouch *v)
{
	static const struct db_events events = { .on_up = on_up };
	static const struct db_events ear_events = { .on_notify = on_notify };

	if (v->db != NULL || v->conf->n_oidc == 0) {
		return;
	}
	v->db = db_create(v->loop,
			  &(struct db_options){ .conninfo = v->conf->database.at,
						.role = "answerd_worker",
						.purpose = "answerd vouch",
						.max_queued = MAX_QUEUED },
			  &events, v);
	v->ear = db_create(v->loop,
			   &(struct db_options){ .conninfo = v->conf->database.at,
						 .role = "answerd_worker",
						 .purpose = "answerd vouch ear",
						 .channel = "answerd_oidc" },
			   &ear_events, v);
	db_start(v->db);
	db_start(v->ear);
}

static void take(struct vouch *v)
{
	connect_database(v);
	for (size_t i = 0; i < v->conf->n_oidc; i++) {
		service_start(service_create(v, &v->conf->oidc[i]));
	}
	turn_in(v, TURN_EVERY);
}

struct vouch *vouch_create(struct loop *l, struct conf *conf)
{
	struct vouch *v = xcalloc(1, sizeof(*v));

	v->loop = l;
	v->conf = conf_hold(conf);
	v->http = http_create(l);
	list_init(&v->services);
	list_init(&v->visits);
	ev_init(&v->turn, on_turn);
	ev_init(&v->ending, on_ending);
	return v;
}

void vouch_start(struct vouch *v)
{
	take(v);
}

static void retire(struct vouch *v)
{
	list_each(at, &v->services)
	{
		struct service *s = container_of(at, struct service, in);

		s->is_retired = true;
		if (s->n_visits == 0) {
			service_destroy(s);
		}
	}
}

void vouch_reload(struct vouch *v, struct conf *conf)
{
	struct conf *old = v->conf;

	if (v->is_stopping) {
		return;
	}
	v->conf = conf_hold(conf);
	retire(v);
	conf_destroy(&old);
	loop_disarm(v->loop, &v->turn);
	take(v);
}

void vouch_stop(struct vouch *v, void (*done)(void *owner), void *owner)
{
	if (v->is_stopping) {
		return;
	}
	v->is_stopping = true;
	v->done_stopped = done;
	v->stop_owner = owner;
	loop_disarm(v->loop, &v->turn);
	visits_end(v);
	loop_arm(v->loop, &v->ending, STOP_LIMIT);
	end_if_idle(v);
}

void vouch_destroy(struct vouch **at)
{
	struct vouch *v = *at;

	if (v == NULL) {
		return;
	}
	*at = NULL;
	loop_disarm(v->loop, &v->turn);
	v->done_stopped = NULL;
	visits_drop(v);
	list_each(one, &v->services)
	{
		service_destroy(container_of(one, struct service, in));
	}
	loop_disarm(v->loop, &v->ending);
	db_destroy(&v->db);
	db_destroy(&v->ear);
	http_destroy(&v->http);
	conf_destroy(&v->conf);
	free(v);
}
