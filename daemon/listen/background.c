/* What is read when no news are due: threads (unseen parents first, then known conversations, so that nested replies which
 * never notify us are found), sweeps (late and backdated messages), rechecks (edits and deletions). */
#include "answerd/log.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define SWEEP_WINDOW        DUR_S(2 * 86400)
#define SWEEP_TRIES         3
#define KNOWN_THREADS_EVERY 5 /* known threads read in one `every` */

void background_forget_threads(struct account *a)
{
	for (size_t i = 0; i < a->n_threads; i++) {
		set_string(&a->threads[i].subject, TEXT_NONE);
		set_string(&a->threads[i].root, TEXT_NONE);
	}
	a->n_threads = a->thread_now = 0;
	a->n_thread_pages = 0;
	a->thread_portion = (struct portion){ 0 };
	set_string(&a->thread_state, TEXT_NONE);
}

void background_forget_rechecks(struct account *a)
{
	for (size_t i = 0; i < a->n_rechecks; i++) {
		set_string(&a->rechecks[i], TEXT_NONE);
	}
	a->n_rechecks = a->recheck_done = 0;
	set_string(&a->recheck_state, TEXT_NONE);
}

/* The same once more; then what failed is left for the next round, and the others go on; then all of them wait for it. */
bool background_recheck_failed(struct account *a)
{
	set_string(&a->recheck_state, TEXT_NONE);
	a->n_recheck_failed++;
	if (a->n_recheck_failed == 2) {
		a->recheck_done += background_recheck_batch(a);
	} else if (a->n_recheck_failed > 2) {
		background_forget_rechecks(a);
		a->n_recheck_failed = 0;
		return false;
	}
	return true;
}

size_t background_recheck_batch(const struct account *a)
{
	int most = a->conf->connector->can.recheck_batch, limit = a->recheck_portion.limit;

	if (limit > 0 && limit < most) {
		most = limit;
	}
	return most > 0 ? (size_t)most : 1;
}

bool background_sweep_failed(struct feed *f)
{
	if (++f->n_sweep_failed < SWEEP_TRIES) {
		return true;
	}
	set_string(&f->sweep_state, TEXT_NONE);
	f->is_sweeping = false;
	f->n_sweep_failed = 0;
	return false;
}

static bool choose_sweep(struct account *a, struct mono now, struct mono *wake)
{
	for (size_t i = 0; i < a->n_feeds; i++) {
		struct feed *f = &a->feeds[i];

		if (!f->is_imported || !account_is_due(f->sweep_at, now, wake)) {
			continue;
		}
		a->job = (struct job){ .op = OP_SWEEP,
				       .feed = f,
				       .asked_at = loop_wall(a->listen->o.loop) };
		if (!f->is_sweeping || !wall_is_set(f->sweep_since)) {
			f->sweep_since = wall_add(a->job.asked_at, DUR_US(-SWEEP_WINDOW.us));
		}
		return true;
	}
	return false;
}

static void done_threads_due(const struct db_result *r, void *owner)
{
	struct account *a = owner;

	a->n_calls--;
	if (a->phase != PHASE_LOADING) {
		return;
	}
	a->threads_at = mono_add(account_now(a), DUR_S(3600));
	for (int row = 0; r->is_ok && row < r->n_rows && a->n_threads < MAX_THREADS_DUE; row++) {
		if (db_is_null(r, row, 0)) {
			if (!db_is_null(r, row, 3)) {
				struct wall due = { db_i64(r, row, 3) };
				struct dur in = wall_since(loop_wall(a->listen->o.loop), due);

				a->threads_at =
					mono_add(account_now(a), in.us > 200000 ? in : DUR_MS(200));
			}
			continue;
		}
		set_string(&a->threads[a->n_threads].subject, db_text(r, row, 0));
		set_string(&a->threads[a->n_threads].root,
			   db_is_null(r, row, 1) ? TEXT_NONE : db_text(r, row, 1));
		a->n_threads++;
		a->threads_at = account_now(a);
	}
	if (!r->is_ok) {
		a->threads_at = mono_add(account_now(a), DUR_S(5));
	}
	account_ready(a);
}

/* Remembers in the database that this thread was read, and goes to the next. */
void background_thread_read(struct account *a)
{
	struct thread_due *t = &a->threads[a->thread_now];
	struct db_params *p = db_params_create();

	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_text(p, t->subject != NULL ? text_of(t->subject) : TEXT(""));
	db_add_text_or_null(p, text_of(t->root));
	if (!db_send(a->writer, "listen_thread_read", SQL_LISTEN_THREAD_READ, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
	set_string(&a->thread_state, TEXT_NONE);
	a->n_thread_pages = 0;
	a->thread_portion = (struct portion){ 0 };
	if (++a->thread_now >= a->n_threads) {
		background_forget_threads(a);
	}
}

/* A page brought something new, perhaps without its parent: the list is fetched anew, unseen parents first. */
void background_news(struct account *a)
{
	if (a->thread_state == NULL && a->job.op != OP_THREAD) {
		background_forget_threads(a);
	}
	if (a->n_threads == 0) {
		a->threads_at = account_now(a);
	}
	/* The first recheck comes while its messages are surely there: a connector learns from it whether the server
	 * shows messages by their ids at all, and only then believes a later "not found". */
	if (!a->has_rechecked && a->job.op == OP_POLL) {
		a->rechecks_at = account_now(a);
	}
}

static bool load_threads(struct account *a)
{
	struct db_params *p = db_params_create();

	a->phase = PHASE_LOADING;
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, MAX_THREADS_DUE);
	if (!account_send(a, a->writer, "listen_threads_due", SQL_LISTEN_THREADS_DUE, &p,
			  done_threads_due)) {
		db_params_destroy(&p);
		a->phase = PHASE_READY;
		return false;
	}
	return true;
}

/* True also when the list is being fetched (phase LOADING): nothing else may be asked meanwhile. */
static bool choose_thread(struct account *a, struct mono now, struct mono *wake)
{
	while (a->n_threads > 0 && a->threads[a->thread_now].subject == NULL) {
		background_thread_read(a);
	}
	if (a->n_threads > 0) {
		/* Known threads at their own pace, however many there are: a quiet platform is not asked over and over. */
		if (a->threads[a->thread_now].root != NULL && a->thread_state == NULL) {
			if (!account_is_due(a->known_thread_at, now, wake)) {
				return false;
			}
		}
		a->job = (struct job){ .op = OP_THREAD, .asked_at = loop_wall(a->listen->o.loop) };
		return true;
	}
	return account_is_due(a->threads_at, now, wake) && load_threads(a);
}

/* Only what is really asked takes the turn: who had to wait for a slot chooses anew. */
void background_asking(struct account *a)
{
	if (a->job.op == OP_THREAD || a->job.op == OP_SWEEP || a->job.op == OP_RECHECK) {
		a->budget.background_at = account_now(a);
	}
	if (a->job.op == OP_THREAD && a->threads[a->thread_now].root != NULL &&
	    a->thread_state == NULL) {
		a->known_thread_at =
			mono_add(account_now(a), DUR_US(a->conf->every.us / KNOWN_THREADS_EVERY));
	}
}

static void done_rechecks(const struct db_result *r, void *owner)
{
	struct account *a = owner;

	a->n_calls--;
	if (a->phase != PHASE_LOADING) {
		return;
	}
	for (int row = 0; r->is_ok && row < r->n_rows && a->n_rechecks < MAX_RECHECKS; row++) {
		set_string(&a->rechecks[a->n_rechecks++], db_text(r, row, 0));
		set_string(&a->recheck_before_id, db_text(r, row, 0));
		a->recheck_before_us = db_i64(r, row, 1);
	}
	if (a->n_rechecks == 0) {
		set_string(&a->recheck_before_id, TEXT_NONE);
		a->rechecks_at = mono_add(account_now(a), DUR_US(a->conf->every.us * 10));
	}
	account_ready(a);
}

static bool choose_recheck(struct account *a, struct mono now, struct mono *wake)
{
	struct db_params *p;

	if (a->n_rechecks > 0 && a->recheck_done >= a->n_rechecks) {
		background_forget_rechecks(a);
	}
	if (a->n_rechecks > 0) {
		if (!account_is_due(a->rechecks_at, now, wake)) {
			return false;
		}
		a->job = (struct job){ .op = OP_RECHECK, .asked_at = loop_wall(a->listen->o.loop) };
		return true;
	}
	if (a->conf->connector->can.recheck_batch <= 0 ||
	    !account_is_due(a->rechecks_at, now, wake)) {
		return false;
	}
	p = db_params_create();
	a->phase = PHASE_LOADING;
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	if (a->recheck_before_id != NULL) {
		db_add_i64(p, a->recheck_before_us);
	} else {
		db_add_null(p);
	}
	db_add_text(p, text_of(a->recheck_before_id));
	/* The first time one batch is enough to learn from. */
	db_add_i64(p, a->has_rechecked ? MAX_RECHECKS : a->conf->connector->can.recheck_batch);
	if (!account_send(a, a->writer, "listen_rechecks", SQL_LISTEN_RECHECKS, &p,
			  done_rechecks)) {
		db_params_destroy(&p);
		a->phase = PHASE_READY;
		return false;
	}
	return true;
}

bool background_choose(struct account *a, struct mono now, struct mono *wake)
{
	return choose_thread(a, now, wake) || choose_sweep(a, now, wake) ||
	       choose_recheck(a, now, wake) || refill_choose(a, now, wake);
}
