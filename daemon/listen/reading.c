/* What reading costs, where a platform sells it: every element that is given is counted, those of one UTC day once, as the
 * platform charges them, also what a look for a reply reads. `monthly_reads` and `monthly_usd` (posting included) are promises to
 * whoever pays: while the month's share is not used up everything is read; above it news only; at its end nothing more, and a
 * person is told. Replies are posted all the same: that a person decides. */
#include <stdlib.h>
#include <time.h>

#include "answerd/log.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define DAY_S     INT64_C(86400)
#define LOOK_AT   DUR_S(600)
#define UUSD      INT64_C(1000000)
#define FREE_DAYS 2 /* so many days' share may be used at once: a first day reads history */

struct moment {
	int64_t month, day; /* since year 0; since 1970 */
	double share;       /* of the month that is over */
};

static struct moment moment_of(struct wall now)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	time_t s = (time_t)(now.us / 1000000);
	struct tm tm = { 0 };
	struct moment m = { .day = s / DAY_S };
	int year, n_days;

	(void)gmtime_r(&s, &tm); /* cannot fail for a clock of this century */
	year = tm.tm_year + 1900;
	n_days = lengths[tm.tm_mon] +
		 (tm.tm_mon == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	m.month = (int64_t)year * 12 + tm.tm_mon;
	m.share = (tm.tm_mday - 1 + FREE_DAYS + (double)(s % DAY_S) / DAY_S) / n_days;
	m.share = m.share < 1 ? m.share : 1;
	return m;
}

static struct moment now_of(const struct account *a)
{
	return moment_of(loop_wall(a->listen->o.loop));
}

/* Another month begins at nothing. */
static void turn(struct account *a, const struct moment *m)
{
	struct reading *r = &a->reading;

	if (r->month != m->month) {
		if (r->is_told) {
			a->must_identify = true; /* let in, the account listens again */
		}
		r->n = 0;
		r->cost = 0;
		r->is_told = false;
		r->month = m->month;
	}
	if (r->day != m->day) {
		r->n_seen = 0;
		r->day = m->day;
	}
}

void reading_load(struct account *a, int64_t n, int64_t cost)
{
	struct moment m = now_of(a);

	a->reading.month = m.month;
	a->reading.n = n;
	a->reading.cost = cost;
}

void reading_forget(struct account *a)
{
	free(a->reading.seen);
	a->reading = (struct reading){ 0 };
}

/* Was it read today already? */
static bool is_again(struct reading *r, struct text id)
{
	uint64_t hash = text_hash(TEXT_HASH_SEED, id);

	for (size_t i = 0; i < r->n_seen && id.len > 0; i++) {
		if (r->seen[i] == hash) {
			return true;
		}
	}
	if (id.len > 0 && r->n_seen < READING_DAY) {
		if (r->seen == NULL) {
			r->seen = xcalloc(READING_DAY, sizeof(*r->seen));
		}
		r->seen[r->n_seen++] = hash;
	}
	return false;
}

/* What the database has counted, posts and other workers included. */
static void done_read(const struct db_result *r, void *owner)
{
	struct account *a = owner;

	a->n_calls--;
	if (r->is_ok && r->n_rows > 0) {
		a->reading.cost = db_i64(r, 0, 0);
	}
}

static struct db_params *params_of(int64_t brand_id, int64_t account_id, int64_t n, int64_t price,
				   const int64_t *epoch)
{
	struct db_params *p = db_params_create();

	db_add_i64(p, brand_id);
	db_add_i64(p, account_id);
	if (epoch != NULL) {
		db_add_i64(p, *epoch);
	} else {
		db_add_null(p);
	}
	db_add_i64(p, n);
	db_add_i64(p, n * price);
	return p;
}

static void count(struct account *a, int64_t n, int64_t price)
{
	struct db_params *p;

	if (n == 0) {
		return;
	}
	a->reading.n += n;
	a->reading.cost += n * price;
	p = params_of(a->brand_id, a->account_id, n, price, &a->epoch);
	if (!account_send(a, a->writer, "listen_read", SQL_LISTEN_READ, &p, done_read)) {
		db_params_destroy(&p);
	}
}

void reading_page(struct account *a, const struct outcome *o)
{
	struct moment m = now_of(a);
	int64_t n = 0;

	if (!a->conf->connector->can.reading_costs || o->read_price <= 0) {
		return;
	}
	turn(a, &m);
	for (size_t i = 0; i < o->n_messages; i++) {
		n += !is_again(&a->reading, o->messages[i].external_id);
	}
	for (size_t i = 0; i < o->n_bad; i++) {
		n += !is_again(&a->reading, o->bad[i].external_id);
	}
	count(a, n, o->read_price);
}

void listen_looked(void *listen, struct text brand, struct text account, int64_t brand_id,
		   int64_t account_id, const struct outcome *o)
{
	struct listen *l = listen;
	struct account *a = listen_find(l, brand, account);
	struct moment m;
	struct db_params *p;
	int64_t n = 0;

	if (a == NULL || a->phase == PHASE_AWAY || a->phase == PHASE_LOADING) {
		/* Another worker listens there: what it has read today is not known here. */
		p = params_of(brand_id, account_id, (int64_t)o->n_read_ids, o->read_price, NULL);
		if (!db_send(l->writers[0], "listen_read", SQL_LISTEN_READ, &p, NULL, NULL)) {
			db_params_destroy(&p);
		}
		return;
	}
	m = now_of(a);
	turn(a, &m);
	for (size_t i = 0; i < o->n_read_ids; i++) {
		n += !is_again(&a->reading, o->read_ids[i]);
	}
	count(a, n, o->read_price);
}

/* Which budget is used up, in words; NULL: none. */
static const char *why_used_up(const struct account *a, struct err *why)
{
	int64_t reads = a->conf->monthly_reads, usd = a->conf->monthly_usd;

	if (reads > 0 && a->reading.n >= reads) {
		(void)err_set(
			why, ERR_AUTH,
			"the month's %lld messages (`monthly_reads`) are read: nothing more is "
			"until the next month, or until the configuration allows more",
			(long long)reads);
		return why->text;
	}
	if (usd > 0 && a->reading.cost >= usd * UUSD) {
		(void)err_set(
			why, ERR_AUTH,
			"the month's %lld US dollars (`monthly_usd`) are spent: nothing more is "
			"read until the next month, or until the configuration allows more; "
			"replies are posted all the same",
			(long long)usd);
		return why->text;
	}
	return NULL;
}

static void used_up(struct account *a, const char *why)
{
	if (a->reading.is_told) {
		return;
	}
	a->reading.is_told = true;
	log_err("reading_used_up", "account", account_label(a), "why", why, NULL);
	account_set_state(a, "failing", why);
}

/* Old pages wait while more than the month's share is gone. */
static bool is_within_share(const struct account *a, double share)
{
	int64_t reads = a->conf->monthly_reads, usd = a->conf->monthly_usd;

	return (reads <= 0 || (double)a->reading.n < (double)reads * share) &&
	       (usd <= 0 || (double)a->reading.cost < (double)(usd * UUSD) * share);
}

bool reading_allows(struct account *a, bool is_background, struct mono now, struct mono *wake)
{
	bool is_free = (a->conf->monthly_reads <= 0 && a->conf->monthly_usd <= 0) ||
		       !a->conf->connector->can.reading_costs;
	struct moment m = now_of(a);
	struct mono later = mono_add(now, LOOK_AT);
	struct err err = { 0 };
	const char *why = NULL;

	if (!is_free) {
		turn(a, &m);
		why = why_used_up(a, &err);
	}
	if (why == NULL) {
		if (a->reading.is_told) { /* the configuration has changed */
			a->reading.is_told = false;
			a->must_identify = true;
		}
		if (is_free || !is_background || is_within_share(a, m.share)) {
			return true;
		}
	}
	if (wake->us == 0 || mono_before(later, *wake)) {
		*wake = later;
	}
	if (why != NULL) {
		used_up(a, why);
	}
	return false;
}
