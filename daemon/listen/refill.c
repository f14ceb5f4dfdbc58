/* Gaps, walked through again when there is nothing else to ask: a sweep from now back to where the gap begins, with a state of
 * its own. The database judges what it reached (rules/43_gaps.sql). */
#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define LOOK_EVERY DUR_S(900) /* gaps that another worker found, or that were not due */
#define OVERLAP    DUR_S(600)

void refill_forget(struct account *a)
{
	struct mono at = a->refill.at;

	set_string(&a->refill.state, TEXT_NONE);
	a->refill = (struct refill){ .at = at };
}

struct feed *refill_feed(struct account *a)
{
	for (size_t i = 0; i < a->n_feeds; i++) {
		if (a->feeds[i].source_id == a->refill.source_id) {
			return &a->feeds[i];
		}
	}
	return NULL;
}

static void done_gaps_due(const struct db_result *r, void *owner)
{
	struct account *a = owner;
	struct dur in = LOOK_EVERY;

	a->n_calls--;
	if (a->phase != PHASE_LOADING) {
		return;
	}
	if (r->is_ok && r->n_rows > 0 && !db_is_null(r, 0, 0)) {
		a->refill.gap_id = db_i64(r, 0, 0);
		a->refill.source_id = db_i64(r, 0, 1);
		set_string(&a->refill.state, db_text(r, 0, 2));
		a->refill.from = wall_add((struct wall){ db_i64(r, 0, 3) }, DUR_US(-OVERLAP.us));
		in = DUR_US(0);
	} else if (r->is_ok && r->n_rows > 0 && !db_is_null(r, 0, 5) &&
		   db_i64(r, 0, 5) < LOOK_EVERY.us) {
		in = DUR_US(db_i64(r, 0, 5));
	}
	a->refill.at = mono_add(account_now(a), in);
	account_ready(a);
}

static bool look(struct account *a)
{
	struct db_params *p = db_params_create();

	a->phase = PHASE_LOADING;
	a->refill.at = mono_add(account_now(a), DUR_S(5)); /* should the answer be an error */
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	if (!account_send(a, a->writer, "listen_gaps_due", SQL_LISTEN_GAPS_DUE, &p,
			  done_gaps_due)) {
		db_params_destroy(&p);
		a->phase = PHASE_READY;
		return false;
	}
	return true;
}

bool refill_choose(struct account *a, struct mono now, struct mono *wake)
{
	struct feed *f;

	if (!account_is_due(a->refill.at, now, wake)) {
		return false;
	}
	if (a->refill.gap_id == 0) {
		return look(a);
	}
	f = refill_feed(a);
	if (f == NULL) { /* not configured any more */
		refill_forget(a);
		return look(a);
	}
	a->job = (struct job){ .op = OP_SWEEP,
			       .feed = f,
			       .is_refill = true,
			       .asked_at = loop_wall(a->listen->o.loop) };
	return true;
}

void refill_page(struct account *a, const struct outcome *o)
{
	a->refill.oldest_us = hearing_oldest(o);
	a->refill.has_hole = a->refill.has_hole || o->has_hole;
	if (o->is_jumbled) { /* an old message on its way says nothing about what lies between */
		a->refill.oldest_us =
			o->is_more ? 0 : a->refill.from.us; /* OVERLAP behind the gap */
	}
	a->refill.is_done = !o->is_more;
	set_string(&a->refill.state, o->is_more ? o->state : TEXT_NONE);
}

static void done_refilled(const struct db_result *r, void *owner)
{
	struct account *a = owner;

	a->n_calls--;
	if (r->is_ok && !text_eq(db_text(r, 0, 0), TEXT("open"))) {
		log_info(text_eq(db_text(r, 0, 0), TEXT("lost")) ? "gap_lost" : "gap_closed",
			 "account", account_label(a), NULL);
	}
}

void refill_stored(struct account *a)
{
	struct db_params *p = db_params_create();
	struct mono now = account_now(a);

	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->refill.gap_id);
	db_add_i64(p, a->epoch);
	db_add_text(p, text_of(a->refill.state));
	db_add_i64(p, a->refill.oldest_us);
	db_add_bool(p, a->refill.is_done);
	db_add_bool(p, a->refill.has_hole);
	if (!account_send(a, a->writer, "listen_refilled", SQL_LISTEN_REFILLED, &p,
			  done_refilled)) {
		db_params_destroy(&p);
	}
	if (a->refill.is_done) {
		refill_forget(a);
		a->refill.at = mono_add(now, DUR_S(1)); /* is there another one? */
	} else if (++a->refill.n_pages % LIMIT_WALK_PAGES == 0) {
		a->refill.at = mono_add(now, a->conf->every);
	}
}
