/* What reading costs, where a platform sells it: every element that is given is counted, those of one UTC day once, as the
 * platform charges them. `monthly_reads` is a promise to whoever pays: while the month's share is not used up everything is read;
 * above it news only; at its end nothing more, and a person is told. */
#include <stdlib.h>
#include <time.h>

#include "answerd/log.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define DAY_S     INT64_C(86400)
#define LOOK_AT   DUR_S(600)
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
		r->is_told = false;
		r->month = m->month;
	}
	if (r->day != m->day) {
		r->n_seen = 0;
		r->day = m->day;
	}
}

void reading_load(struct account *a, int64_t n)
{
	struct moment m = now_of(a);

	a->reading.month = m.month;
	a->reading.n = n;
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

void reading_page(struct account *a, const struct outcome *o)
{
	struct moment m = now_of(a);
	struct db_params *p;
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
	if (n == 0) {
		return;
	}
	a->reading.n += n;
	p = db_params_create();
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->epoch);
	db_add_i64(p, n);
	db_add_i64(p, n * o->read_price);
	if (!db_send(a->writer, "listen_read", SQL_LISTEN_READ, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

static void used_up(struct account *a)
{
	struct err why;

	if (a->reading.is_told) {
		return;
	}
	a->reading.is_told = true;
	(void)err_set(
		&why, ERR_AUTH,
		"the month's %d messages (`monthly_reads`) are read: nothing more is until the "
		"next month, or until the configuration allows more",
		a->conf->monthly_reads);
	log_err("reading_used_up", "account", account_label(a), "why", why.text, NULL);
	account_set_state(a, "failing", why.text);
}

bool reading_allows(struct account *a, bool is_background, struct mono now, struct mono *wake)
{
	int64_t most = a->conf->monthly_reads;
	struct moment m = now_of(a);
	struct mono later = mono_add(now, LOOK_AT);

	if (most <= 0 || !a->conf->connector->can.reading_costs) {
		if (a->reading.is_told) { /* the configuration has changed */
			a->reading.is_told = false;
			a->must_identify = true;
		}
		return true;
	}
	turn(a, &m);
	if (a->reading.n < most) {
		if (a->reading.is_told) {
			a->reading.is_told = false;
			a->must_identify = true;
		}
		if (!is_background || (double)a->reading.n < (double)most * m.share) {
			return true;
		}
	}
	if (wake->us == 0 || mono_before(later, *wake)) {
		*wake = later;
	}
	if (a->reading.n >= most) {
		used_up(a);
	}
	return false;
}
