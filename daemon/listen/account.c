/* One account's machine: what to ask next, and when. Pictures and phases: listen.h. */
#include <assert.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/base/backoff.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define BACKOFF_FIRST     DUR_S(1)
#define BACKOFF_MOST      DUR_S(300)
#define PROBE_AT_LEAST    DUR_S(60)
#define REFRESH_EARLY     DUR_S(120)
#define BACKGROUND_TURN   4
#define FIRST_FEED_WEIGHT 4
#define ABSTAIN           DUR_S(3)

const char *account_label(const struct account *a)
{
	return a->conf->name.at;
}

struct mono account_now(const struct account *a)
{
	return loop_mono(a->listen->o.loop);
}

void account_set_own_id(struct account *a, struct text id)
{
	set_string(&a->own_id, id);
	a->listen->own_hashes[a->at] = text_hash(TEXT_HASH_SEED, text_of(a->own_id));
}

struct feed *account_feed(struct account *a, struct text name)
{
	for (size_t i = 0; i < a->n_feeds; i++) {
		if (text_eq(a->feeds[i].name, name)) {
			return &a->feeds[i];
		}
	}
	return NULL;
}

/* ---- leases and loading ---- */

static void load_row(struct account *a, const struct db_result *r, int row)
{
	struct text name = db_text(r, row, 11);

	if (text_eq(name, TEXT("threads"))) {
		a->threads_id = db_i64(r, row, 0);
	} else if (text_eq(name, TEXT("rechecks"))) {
		a->rechecks_id = db_i64(r, row, 0);
	}
	for (size_t i = 0; i < a->n_feeds; i++) {
		struct feed *f = &a->feeds[i];

		if (!text_eq(f->name, name)) {
			continue;
		}
		f->source_id = db_i64(r, row, 0);
		set_string(&f->state, db_text(r, row, 1));
		f->seq = db_i64(r, row, 2);
		f->is_imported = db_bool(r, row, 3);
		set_string(&f->sweep_state, db_text(r, row, 4));
		f->is_sweeping = f->sweep_state != NULL;
		f->is_unread = db_bool(r, row, 18);
		/* An unfinished walk goes on at once; asking once more where it had ended costs one page. */
		f->is_walking = f->state != NULL && !f->is_imported;
		f->n_remembered = 0;
		f->n_pages = 0;
	}
}

void account_asked_elsewhere(struct account *a, int64_t n)
{
	if (a->elsewhere >= 0 && n > a->elsewhere) {
		budget_spent(&a->budget, &a->conf->connector->can, n - a->elsewhere,
			     account_now(a));
	}
	a->elsewhere = n;
}

static void load_budget(struct account *a, const struct db_result *r)
{
	struct budget_facts f = { .age_us = db_i64(r, 0, 13),
				  .limit = db_i64(r, 0, 14),
				  .left = db_i64(r, 0, 15),
				  .reset_us = db_i64(r, 0, 16),
				  .after_us = db_i64(r, 0, 17) };

	budget_read(db_text(r, 0, 12), &f);
	if (a->restore != RESTORE_NOT && !db_is_null(r, 0, 12)) {
		budget_restore(&a->budget, &a->conf->connector->can, &f,
			       a->restore == RESTORE_EXACTLY, account_now(a),
			       loop_wall(a->listen->o.loop));
	}
	a->restore = RESTORE_NOT;
	account_asked_elsewhere(a, db_i64(r, 0, 23));
}

static void done_load(const struct db_result *r, void *owner)
{
	struct account *a = owner;

	a->n_calls--;
	if (a->phase != PHASE_LOADING) {
		return;
	}
	if (!r->is_ok) {
		account_lost(a, "its state could not be read");
		return;
	}
	for (int row = 0; row < r->n_rows; row++) {
		load_row(a, r, row);
	}
	if (r->n_rows > 0) {
		load_budget(a, r);
		if (!db_is_null(r, 0, 5)) {
			account_set_own_id(a, db_text(r, 0, 5));
			set_string(&a->own_handle, db_text(r, 0, 6));
		}
		set_string(&a->facts, db_text(r, 0, 7));
		a->is_skewed = db_bool(r, 0, 19);
		reading_load(a, db_i64(r, 0, 20), db_i64(r, 0, 22));
		session_loaded(a, db_text(r, 0, 9), db_i64(r, 0, 10), db_i64(r, 0, 21));
	}
	account_ready(a);
}

void account_reload(struct account *a)
{
	struct db_params *p = db_params_create();

	a->phase = PHASE_LOADING;
	background_forget_threads(a);
	background_forget_rechecks(a);
	refill_forget(a);
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	if (!account_send(a, a->writer, "listen_load", SQL_LISTEN_LOAD, &p, done_load)) {
		db_params_destroy(&p);
		account_lost(a, "the database is not there");
	}
}

void account_leased(struct account *a, int64_t epoch, bool is_locked)
{
	struct mono now = account_now(a);

	a->epoch = epoch;
	a->is_locked = is_locked;
	a->elsewhere = -1;
	a->must_identify = true;
	a->is_refused = a->must_confirm = false;
	a->identify_at = a->refresh_at = (struct mono){ 0 };
	a->n_failed = a->n_refresh_failed = 0;
	a->threads_at = now;
	a->rechecks_at = mono_add(now, DUR_US(a->conf->every.us * 10));
	for (size_t i = 0; i < a->n_feeds; i++) {
		a->feeds[i].n_failed = 0;
		a->feeds[i].poll_at = (struct mono){ 0 };
		a->feeds[i].sweep_at = mono_add(now, DUR_US(a->conf->every.us * 10));
	}
	log_info("account_leased", "account", account_label(a), "epoch", log_num(epoch), NULL);
	account_reload(a);
}

void account_lost(struct account *a, const char *why)
{
	if (a->phase == PHASE_AWAY) {
		return;
	}
	ask_cancel(a);
	list_remove(&a->link);
	loop_disarm(a->listen->o.loop, &a->timer);
	a->phase = PHASE_AWAY;
	a->is_surplus = false;
	log_warn("account_lost", "account", account_label(a), "why", why, NULL);
	lease_kick(a->listen);
}

void account_given(struct account *a)
{
	list_remove(&a->link);
	loop_disarm(a->listen->o.loop, &a->timer);
	a->phase = PHASE_AWAY;
	a->is_surplus = false;
	a->abstain_until = mono_add(account_now(a), ABSTAIN);
	lease_end(a);
	log_info("account_given", "account", account_label(a), NULL);
	lease_kick(a->listen);
}

void account_set_state(struct account *a, const char *state, const char *reason)
{
	struct db_params *p = db_params_create();

	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->epoch);
	db_add_text(p, text_of(state));
	db_add_text_or_null(p, text_of(reason));
	if (!db_send(a->writer, "listen_account_state", SQL_LISTEN_ACCOUNT_STATE, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

/* ---- what to ask next ---- */

bool account_is_due(struct mono at, struct mono now, struct mono *wake)
{
	if (!mono_before(now, at)) {
		return true;
	}
	if (wake->us == 0 || mono_before(at, *wake)) {
		*wake = at;
	}
	return false;
}

/* How urgent a due source is: by how late it is. The first one, where customers speak, counts more when not all can be asked. */
static int64_t urgency(const struct account *a, const struct feed *f, struct mono now)
{
	return (mono_since(f->poll_at, now).us / 1000 + 1) *
	       (f == a->feeds ? FIRST_FEED_WEIGHT : 1);
}

static bool choose_poll(struct account *a, struct mono now, struct mono *wake)
{
	struct feed *best = NULL;

	for (size_t i = 0; i < a->n_feeds; i++) {
		struct feed *f = &a->feeds[i];

		if (a->is_paced && !f->is_walking) {
			continue;
		}
		if (account_is_due(f->poll_at, now, wake) &&
		    (best == NULL || urgency(a, f, now) > urgency(a, best, now))) {
			best = f;
		}
	}
	if (best == NULL) {
		return false;
	}
	a->job = (struct job){ .op = OP_POLL, .feed = best };
	if (!best->is_walking || !wall_is_set(best->asked_at)) {
		best->asked_at = loop_wall(a->listen->o.loop);
	}
	a->job.asked_at = best->asked_at;
	return true;
}

/* Who we are and whether we are let in comes before everything else. */
static bool choose_entry(struct account *a, struct mono now, struct mono *wake, bool *ret_must_wait)
{
	struct wall wall = loop_wall(a->listen->o.loop);
	bool is_over = wall_is_set(a->session_until) &&
		       wall_before(a->session_until, wall_add(wall, REFRESH_EARLY));

	*ret_must_wait = true;
	if (a->conf->connector->can.needs_session && secret_is_set(&a->conf->token) &&
	    (!secret_is_set(&a->session) || is_over || a->has_ended)) {
		a->job = (struct job){ .op = OP_REFRESH };
		return account_is_due(a->refresh_at, now, wake);
	}
	if (a->must_identify) {
		a->job = (struct job){ .op = OP_IDENTIFY, .is_confirming = a->must_confirm };
		return account_is_due(a->identify_at, now, wake);
	}
	*ret_must_wait = false;
	return false;
}

static bool choose(struct account *a, struct mono now, struct mono *wake)
{
	bool must_wait;

	if (choose_entry(a, now, wake, &must_wait)) {
		return true;
	}
	if (must_wait || !reading_allows(a, /* is_background= */ false, now, wake)) {
		return false;
	}
	if (a->is_paced || !reading_allows(a, /* is_background= */ true, now, wake) ||
	    !account_is_due(budget_background_at(&a->budget, &a->conf->connector->can, now,
						 loop_wall(a->listen->o.loop)),
			    now, wake)) {
		return choose_poll(a, now, wake);
	}
	if (a->turn % BACKGROUND_TURN == 0 && background_choose(a, now, wake)) {
		return true;
	}
	if (a->phase == PHASE_LOADING) {
		return true;
	}
	return choose_poll(a, now, wake) || background_choose(a, now, wake);
}

void account_step(struct account *a)
{
	struct mono now = account_now(a), wake = { 0 }, paced_until;

	if (a->phase != PHASE_READY || a->listen->is_stopping || a->transfer != NULL ||
	    reload_holds_up(a) || !db_is_up(a->writer)) {
		return;
	}
	if (a->is_unkept) {
		session_keep(a);
		return;
	}
	if (!budget_may_ask(&a->budget, &a->conf->connector->can, now, loop_wall(a->listen->o.loop),
			    &wake)) {
		loop_arm(a->listen->o.loop, &a->timer, mono_since(now, wake));
		return;
	}
	paced_until = budget_paced_until(&a->budget, now, loop_wall(a->listen->o.loop));
	a->is_paced = mono_before(now, paced_until);
	if (!choose(a, now, &wake)) {
		if (a->is_paced && (wake.us == 0 || mono_before(paced_until, wake))) {
			wake = paced_until;
		}
		if (wake.us != 0) {
			loop_arm(a->listen->o.loop, &a->timer, mono_since(now, wake));
		}
		return;
	}
	if (a->phase != PHASE_READY) {
		return; /* a list is being fetched; done_… steps again */
	}
	if ((a->job.op == OP_REFRESH && !session_may_refresh(a)) || !listen_take_slot(a)) {
		return;
	}
	a->turn++;
	background_asking(a);
	ask_start(a);
}

void account_ready(struct account *a)
{
	a->phase = PHASE_READY;
	account_step(a);
}

void account_confirmed(struct account *a)
{
	a->n_failed = 0;
}

/* ---- when it fails ---- */

static struct mono later(struct account *a, unsigned n_failed)
{
	struct dur d =
		backoff_after(n_failed, BACKOFF_FIRST, BACKOFF_MOST, listen_random(a->listen));

	/* Never faster than a tenth of the ordinary rhythm, or 50 ms: a refused connection is no reason to spin. */
	if (d.us < a->conf->every.us / 10) {
		d.us = a->conf->every.us / 10;
	}
	return mono_add(account_now(a), d.us < 50000 ? DUR_MS(50) : d);
}

static struct mono probe_time(struct account *a)
{
	return mono_add(account_now(a),
			dur_more(a->conf->every, PROBE_AT_LEAST) ? a->conf->every : PROBE_AT_LEAST);
}

static void refuse(struct account *a, const struct err *why)
{
	struct arena *arena = arena_create(/* max_bytes= */ 16384);
	const char *words = session_explain(a, why, arena);

	if (!a->is_refused) {
		log_err("account_refused", "account", account_label(a), "why", words, NULL);
	}
	a->is_refused = a->must_identify = true;
	a->must_confirm = false;
	a->identify_at = a->refresh_at = probe_time(a);
	account_set_state(a, "refused", words);
	arena_destroy(&arena);
}

/* 401 and 403: confirmed by one IDENTIFY before anybody is alarmed; if that is let in, only this source is refused. */
static void failed_auth(struct account *a, const struct err *why, const struct outcome *o)
{
	struct mono now = account_now(a);

	if (a->job.op == OP_REFRESH ||
	    (a->job.op == OP_IDENTIFY && (a->job.is_confirming || a->is_refused))) {
		refuse(a, why);
		return;
	}
	if (o != NULL && o->needs_refresh &&
	    mono_before(a->refreshed_at, mono_add(now, DUR_S(-30)))) {
		a->has_ended = true;
		a->refresh_at = now;
		return;
	}
	if (o != NULL && o->needs_refresh) {
		a->has_ended = true;
		a->refresh_at = later(a, ++a->n_refresh_failed);
	}
	a->must_identify = a->must_confirm = true;
	a->identify_at = a->job.op == OP_IDENTIFY ? later(a, 0) : now;
	if (a->job.feed != NULL) {
		a->job.feed->poll_at = later(a, a->job.feed->n_failed + 4);
		if (wall_is_set(why->not_before)) { /* a bill is not paid by asking again */
			a->job.feed->poll_at = mono_add(
				now, wall_since(loop_wall(a->listen->o.loop), why->not_before));
		}
	}
}

static void postpone(struct account *a)
{
	struct feed *f = a->job.feed;

	assert(f != NULL || (a->job.op != OP_POLL && a->job.op != OP_SWEEP));

	switch (a->job.op) {
	case OP_POLL: f->poll_at = later(a, f->n_failed++); break;
	case OP_SWEEP:
		if (a->job.is_refill) {
			refill_forget(a);
			a->refill.at = mono_add(account_now(a), DUR_US(a->conf->every.us * 10));
			break;
		}
		f->n_failed++;
		f->sweep_at = background_sweep_failed(f)
				      ? later(a, f->n_sweep_failed)
				      : mono_add(account_now(a), DUR_US(a->conf->every.us * 10));
		break;
	case OP_THREAD:
		background_thread_read(a);
		a->threads_at = later(a, 1);
		break;
	case OP_RECHECK:
		if (background_recheck_failed(a)) {
			a->rechecks_at = later(a, a->n_recheck_failed);
		} else {
			a->rechecks_at = mono_add(account_now(a), DUR_US(a->conf->every.us * 10));
		}
		break;
	case OP_REFRESH: a->refresh_at = later(a, a->n_refresh_failed++); break;
	case OP_IDENTIFY:
		set_string(&a->identify_state, TEXT_NONE);
		a->identify_at = a->is_refused ? probe_time(a) : later(a, a->n_failed);
		break;
	default: not_reached("listen asks no replies");
	}
}

void account_failed(struct account *a, const struct err *why, const struct outcome *o)
{
	int64_t source = page_source_id(a);
	struct err told = *why;

	if (a->job.op == OP_REFRESH) {
		session_not_renewed(a, why, /* is_answered= */ o != NULL, &told);
		why = &told;
	}
	a->phase = PHASE_READY;
	switch (why->kind) {
	case ERR_LIMITED:
		if (o != NULL && wall_is_set(o->next_at) && a->job.feed != NULL) {
			/* Only this source has to wait. */
			a->job.feed->poll_at = a->job.feed->sweep_at =
				mono_add(account_now(a),
					 wall_since(loop_wall(a->listen->o.loop), o->next_at));
			log_info("account_limited", "account", account_label(a), "why", why->text,
				 NULL);
			break;
		}
		budget_limited(&a->budget, why->not_before, loop_wall(a->listen->o.loop),
			       account_now(a));
		lease_budget(a);
		log_info("account_limited", "account", account_label(a), "why", why->text, NULL);
		lease_failed(a, source, why);
		break;
	case ERR_AUTH:
		failed_auth(a, why, o);
		lease_failed(a, source, why);
		break;
	default:
		if (a->n_failed == 0 || (a->job.feed != NULL && a->job.feed->n_failed == 0)) {
			log_warn("ask_failed", "account", account_label(a), "op",
				 op_name(a->job.op), "source",
				 a->job.feed != NULL ? a->job.feed->name.at : "", "kind",
				 err_kind_name(why->kind), "why", why->text, NULL);
		}
		postpone(a);
		a->n_failed++;
		lease_failed(a, source, why);
		break;
	}
	loop_arm(a->listen->o.loop, &a->timer, DUR_MS(10));
}
