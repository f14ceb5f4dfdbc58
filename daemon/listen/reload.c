/* A new configuration while we listen (RELIABILITY I11). The database hears of it first. Then each account takes its part when it
 * has nothing under way: a transfer finishes under the snapshot that it began with, and its page is stored. */
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/listen/inside.h"

#define LOOK_AGAIN DUR_MS(50) /* while somebody is still busy */

static bool is_idle(const struct account *a)
{
	return (a->phase == PHASE_AWAY || a->phase == PHASE_READY || a->phase == PHASE_QUEUED) &&
	       a->n_calls == 0 && a->transfer == NULL;
}

static bool is_declared(const struct listen *l)
{
	return l->is_declared && !l->must_declare && !l->is_declaring;
}

static bool wants_change(const struct account *a)
{
	return a->is_leaving || a->is_surplus ||
	       (a->next.snapshot != NULL && is_declared(a->listen));
}

bool reload_holds_up(struct account *a)
{
	if (!wants_change(a)) {
		return false;
	}
	loop_arm(a->listen->o.loop, &a->listen->settle, DUR_MS(0));
	return true;
}

/* ---- one account ---- */

static bool is_same_entry(const struct conf_account *a, const struct conf_account *b)
{
	/* What a file describes is another object each time: its name, and the file's bytes among the options. */
	if (strcmp(a->connector->name, b->connector->name) != 0 || !text_eq(a->server, b->server) ||
	    !text_eq(secret_reveal(&a->token), secret_reveal(&b->token)) ||
	    a->insecure_loopback != b->insecure_loopback || a->n_options != b->n_options) {
		return false;
	}
	for (size_t i = 0; i < a->n_options; i++) {
		if (strcmp(a->options[i].name, b->options[i].name) != 0 ||
		    !text_eq(a->options[i].value, b->options[i].value)) {
			return false;
		}
	}
	return true;
}

void account_enter_anew(struct account *a)
{
	a->has_ended = a->is_unsure = false;
	a->must_identify = true;
	a->is_refused = a->must_confirm = a->has_rechecked = false;
	set_string(&a->identify_state, TEXT_NONE);
	a->identify_at = a->refresh_at = a->refreshed_at = (struct mono){ 0 };
	a->n_failed = a->n_refresh_failed = 0;
	background_forget_threads(a);
	background_forget_rechecks(a);
	for (size_t i = 0; i < a->n_feeds; i++) {
		a->feeds[i].n_failed = 0;
		a->feeds[i].poll_at = (struct mono){ 0 };
	}
}

static void bring_forward(struct mono *at, struct mono most)
{
	if (mono_before(most, *at)) {
		*at = most;
	}
}

static void take_rhythm(struct account *a)
{
	struct mono now = account_now(a);
	struct mono slow = mono_add(now, DUR_US(a->conf->every.us * 10));

	for (size_t i = 0; i < a->n_feeds; i++) {
		bring_forward(&a->feeds[i].poll_at, mono_add(now, a->conf->every));
		bring_forward(&a->feeds[i].sweep_at, slow);
	}
	bring_forward(&a->rechecks_at, slow);
}

static void change(struct account *a)
{
	struct reload next = a->next;
	bool is_same = is_same_entry(a->conf, next.conf), is_any_new;
	bool is_same_server = text_eq(a->conf->server, next.conf->server);

	a->next = (struct reload){ 0 };
	is_any_new = account_configure(a, &next);
	conf_destroy(&next.snapshot);
	if (!is_same_server) {
		budget_init(&a->budget);
	}
	if (!is_same) { /* another server or credential */
		session_forget(a);
		account_enter_anew(a);
	}
	take_rhythm(a);
	if (a->phase == PHASE_AWAY) {
		return;
	}
	list_remove(&a->link);
	loop_disarm(a->listen->o.loop, &a->timer);
	if (is_any_new || !is_same) {
		account_reload(a);
	} else {
		account_ready(a);
	}
}

static void leave(struct account *a)
{
	struct listen *l = a->listen;

	log_info("account_left", "account", account_label(a), NULL);
	if (a->phase != PHASE_AWAY) {
		lease_end(a);
	}
	listen_remove_account(l, a);
	account_destroy(&a);
}

/* ---- all of them ---- */

static void on_settle(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct listen *l = container_of(w, struct listen, settle);
	bool is_any_busy = false;

	(void)loop;
	(void)revents;
	for (size_t i = l->n_accounts; i > 0 && !l->is_stopping; i--) {
		struct account *a = l->accounts[i - 1];

		if (!wants_change(a)) {
			continue;
		}
		if (!is_idle(a)) {
			is_any_busy = true;
		} else if (a->is_leaving) {
			leave(a); /* the last one comes to its place: it was looked at already */
		} else if (a->is_surplus) {
			account_given(a);
		} else {
			change(a);
		}
	}
	if (is_any_busy) {
		loop_arm(l->o.loop, &l->settle, LOOK_AGAIN);
	}
}

void reload_start(struct listen *l)
{
	ev_init(&l->settle, on_settle);
}

void reload_declared(struct listen *l)
{
	loop_arm(l->o.loop, &l->settle, DUR_MS(0));
}

static void expect(struct account *a, struct conf *conf, const struct conf_brand *b,
		   const struct conf_account *c)
{
	conf_destroy(&a->next.snapshot);
	a->next = (struct reload){ .snapshot = conf_hold(conf), .conf = c, .brand = b };
	a->is_leaving = false;
}

void listen_reload(struct listen *l, struct conf *conf, const struct nature_rules *rules)
{
	struct conf *old = l->snapshot;

	l->snapshot = conf_hold(conf);
	conf_destroy(&old);
	l->o.rules = rules;
	for (size_t i = 0; i < l->n_accounts; i++) {
		conf_destroy(&l->accounts[i]->next.snapshot);
		l->accounts[i]->is_leaving = true;
	}
	for (size_t i = 0; i < conf->n_brands; i++) {
		const struct conf_brand *b = &conf->brands[i];

		for (size_t k = 0; k < b->n_accounts; k++) {
			struct account *a = listen_find(l, b->name, b->accounts[k].name);

			if (a != NULL) {
				expect(a, conf, b, &b->accounts[k]);
			} else {
				listen_add_account(l, account_create(l, conf, b, &b->accounts[k]));
			}
		}
	}
	l->must_declare = true;
	l->declare_at = (struct mono){ 0 };
	lease_kick(l);
}
