/* Which accounts are ours. The keeper's session holds an advisory lock for each: when the process dies, its connection dies
 * and another worker takes over at once; when it freezes, the row goes stale and the epoch fences it out. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define BEAT_EVERY    DUR_S(5)
#define TAKE_EVERY    DUR_MS(700) /* while an account is not ours */
#define FLUSH_AFTER   DUR_S(1)
#define DECLARE_AGAIN DUR_S(3600) /* what the database did not know yesterday it may know today */

/* ---- what the file says becomes rows ---- */

static void add_sources(struct strbuf *b, const struct conf_account *c)
{
	struct arena *arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	size_t n_most = c->n_listen;

	for (size_t i = 0; c->connector->always != NULL && c->connector->always[i] != NULL; i++) {
		n_most++;
	}
	struct text *names = ARENA_ARRAY(arena, struct text, n_most);
	size_t n = account_sources(c, names);

	strbuf_add_str(b, "\"sources\":[");
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(b, i > 0 ? "," : "");
		strbuf_add_json(b, names[i]);
	}
	strbuf_add_str(b, "]");
	arena_destroy(&arena);
}

static void add_account(struct strbuf *b, const struct conf_account *c)
{
	scoped(strbuf_done) struct strbuf realm = { 0 };

	strbuf_init(&realm, LIMIT_URL_BYTES);
	account_realm(c, &realm);
	strbuf_add_str(b, "{\"name\":");
	strbuf_add_json(b, c->name);
	strbuf_add_str(b, ",\"platform\":");
	strbuf_add_json(b, text_of(c->connector->name));
	strbuf_add_str(b, ",\"server\":");
	strbuf_add_json(b, c->server);
	strbuf_add_str(b, ",\"realm\":");
	strbuf_add_json(b, strbuf_text(&realm));
	strbuf_printf(b,
		      ",\"is_time_authors\":%s,\"every_us\":%lld,\"reading_costs\":%s,"
		      "\"monthly_reads\":%d,\"monthly_usd\":%d,",
		      c->connector->can.is_time_authors ? "true" : "false", (long long)c->every.us,
		      c->connector->can.reading_costs ? "true" : "false", c->monthly_reads,
		      c->monthly_usd);
	add_sources(b, c);
	strbuf_add_str(b, "}");
}

static void add_brand(struct strbuf *b, const struct conf_brand *brand)
{
	strbuf_add_str(b, "{\"name\":");
	strbuf_add_json(b, brand->name);
	strbuf_add_str(b, ",\"timezone\":");
	strbuf_add_json(b, brand->timezone);
	strbuf_add_str(b, ",\"hours\":[");
	for (size_t i = 0; i < brand->n_hours; i++) {
		strbuf_add_str(b, i > 0 ? "," : "");
		strbuf_add_json(b, brand->hours[i]);
	}
	strbuf_add_str(b, "]");
	promises_add_holidays(b, brand);
	strbuf_add_str(b, ",\"accounts\":[");
	for (size_t i = 0; i < brand->n_accounts; i++) {
		strbuf_add_str(b, i > 0 ? "," : "");
		add_account(b, &brand->accounts[i]);
	}
	strbuf_add_str(b, "]}");
}

static void declared_row(struct listen *l, const struct db_result *r, int row)
{
	struct text name = db_text(r, row, 0), account = db_text(r, row, 1);
	struct account *a = listen_find(l, name, account);
	char brand[80], zone[120];

	if (a != NULL) {
		a->brand_id = db_i64(r, row, 3);
		a->account_id = db_i64(r, row, 4);
	} else if (account.len == 0) {
		(void)snprintf(brand, sizeof(brand), "%.*s", TEXT_ARG(name));
		(void)snprintf(zone, sizeof(zone), "%.*s", TEXT_ARG(db_text(r, row, 2)));
		log_warn("zone_unknown", "brand", brand, "zone", zone, NULL);
		l->has_refused = true;
	}
}

/* Refused as a whole: a second later, then ever rarer, until somebody mends it. */
static void declare_later(struct listen *l)
{
	struct dur wait = DUR_S(1LL << (l->n_declare_failed < 6 ? l->n_declare_failed : 6));

	l->n_declare_failed++;
	l->must_declare = true;
	l->declare_at = mono_add(loop_mono(l->o.loop), wait);
	loop_arm(l->o.loop, &l->beat, l->is_declared ? DUR_S(1) : wait);
}

static void done_declare(const struct db_result *r, void *owner)
{
	struct listen *l = owner;

	l->is_declaring = false;
	if (!r->is_ok) {
		log_err("declare_failed", "why", r->err.text, NULL);
		declare_later(l);
		return;
	}
	l->n_declare_failed = 0;
	l->has_refused = false;
	for (int row = 0; row < r->n_rows; row++) {
		declared_row(l, r, row);
	}
	l->declare_at =
		l->has_refused ? mono_add(loop_mono(l->o.loop), DECLARE_AGAIN) : (struct mono){ 0 };
	l->is_declared = true;
	l->o.declared(l->o.owner);
	if (!l->must_declare) { /* else a still newer one came meanwhile */
		reload_declared(l);
	} else {
		l->declare_at = (struct mono){ 0 };
	}
	promises_renew(l);
	lease_kick(l);
}

static void declare(struct listen *l)
{
	struct db_params *p = db_params_create();
	struct strbuf b;

	strbuf_init(&b, 16u * 1024 * 1024);
	strbuf_add_str(&b, "{\"brands\":[");
	for (size_t i = 0; i < l->snapshot->n_brands; i++) {
		strbuf_add_str(&b, i > 0 ? "," : "");
		add_brand(&b, &l->snapshot->brands[i]);
	}
	strbuf_add_str(&b, "],");
	promises_add(&b, l->snapshot);
	strbuf_add_str(&b, "}");
	db_add_text(p, strbuf_text(&b));
	strbuf_done(&b);
	l->must_declare = false;
	l->is_declaring = true;
	if (!db_send(l->keeper, "listen_declare", SQL_LISTEN_DECLARE, &p, done_declare, l)) {
		db_params_destroy(&p);
		l->is_declaring = false;
		declare_later(l);
	}
}

/* ---- taking, holding, giving back ---- */

static void done_lease(const struct db_result *r, void *owner)
{
	struct account *a = owner;

	a->n_calls--;
	a->is_being_taken = false;
	if (r->is_ok && !db_is_null(r, 0, 0) && a->phase == PHASE_AWAY && !a->listen->is_stopping) {
		a->restore = text_eq(db_text(r, 0, 2), TEXT("given"))  ? RESTORE_EXACTLY
			     : text_eq(db_text(r, 0, 2), TEXT("lost")) ? RESTORE_CAREFULLY
								       : RESTORE_NOT;
		account_leased(a, db_i64(r, 0, 0), db_bool(r, 0, 1));
	}
}

/* One at a time: a second take of our own would raise the epoch under the first. */
static void take(struct account *a)
{
	struct db_params *p;

	if (a->is_being_taken) {
		return;
	}
	p = db_params_create();
	a->is_being_taken = true;
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_text(p, text_of(a->listen->o.holder));
	if (!account_send(a, a->listen->keeper, "listen_lease", SQL_LISTEN_LEASE, &p, done_lease)) {
		a->is_being_taken = false;
		db_params_destroy(&p);
	}
}

/* Rows come mostly in the order in which we sent them: looking goes on behind the last one found. */
static struct account *by_id(struct listen *l, int64_t account_id, size_t *hint)
{
	for (size_t k = 0; k < l->n_accounts; k++) {
		size_t i = (*hint + k) % l->n_accounts;

		if (l->accounts[i]->account_id == account_id) {
			*hint = i + 1;
			return l->accounts[i];
		}
	}
	return NULL;
}

static struct budget_facts facts_of(struct account *a)
{
	return budget_tell(&a->budget, &a->conf->connector->can, account_now(a),
			   loop_wall(a->listen->o.loop));
}

void lease_budget(struct account *a)
{
	struct budget_facts f = facts_of(a);
	struct arena *arena = arena_create(/* max_bytes= */ 65536);
	struct db_params *p = db_params_create();

	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->epoch);
	db_add_text(p, budget_write(&f, arena));
	db_add_i64(p, f.limit);
	db_add_i64(p, f.left);
	db_add_i64(p, f.reset_us);
	db_add_i64(p, f.after_us);
	if (!db_send(a->listen->keeper, "listen_budget", SQL_LISTEN_BUDGET, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
	arena_destroy(&arena);
}

void lease_end(struct account *a)
{
	struct db_params *p = db_params_create();

	lease_budget(a); /* in order, on the same connection */
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->epoch);
	if (!db_send(a->listen->keeper, "listen_unlease", SQL_LISTEN_UNLEASE, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

/* Others have less than their share: so many go to them, the last ones first. */
static void give_away(struct listen *l, int64_t n)
{
	for (size_t i = l->n_accounts; i > 0 && n > 0; i--) {
		struct account *a = l->accounts[i - 1];

		if (a->phase != PHASE_AWAY && !a->is_leaving) {
			n--;
			a->is_surplus = true;
			(void)reload_holds_up(a); /* as soon as it is idle */
		}
	}
}

static void done_beat(const struct db_result *r, void *owner)
{
	struct listen *l = owner;
	size_t hint = 0;
	bool *kept;

	if (!r->is_ok) {
		return; /* the connection's own events tell */
	}
	kept = xcalloc(l->n_accounts + 1, sizeof(*kept));
	for (int row = 0; row < r->n_rows; row++) {
		struct account *a = by_id(l, db_i64(r, row, 0), &hint);

		if (a != NULL) {
			kept[a->at] = true;
			a->is_locked = db_bool(r, row, 1);
			account_asked_elsewhere(a, db_i64(r, row, 5));
		} else if (db_i64(r, row, 0) == 0) {
			loop_shift_wall(l->o.loop, DUR_US(db_i64(r, row, 2)));
			loop_correct_wall(l->o.loop, (struct wall){ db_i64(r, row, 4) });
			give_away(l, db_i64(r, row, 3));
		}
	}
	for (size_t i = 0; i < l->n_accounts; i++) {
		struct account *a = l->accounts[i];

		if (a->phase != PHASE_AWAY && !kept[i] && a->beat_epoch == a->epoch &&
		    !a->is_leaving) {
			lease_end(a);
			account_lost(a, "another worker took it over");
		}
	}
	free(kept);
}

/* What we hold, as columns. */
struct held {
	int32_t *brands, *accounts, *limits, *lefts;
	struct text *used;
	int64_t *epochs, *resets, *afters;
	bool *locked;
	size_t n;
};

static void held_add(struct held *h, struct account *a, struct arena *arena)
{
	struct budget_facts f = facts_of(a);

	a->beat_epoch = a->epoch;
	h->brands[h->n] = (int32_t)a->brand_id;
	h->accounts[h->n] = (int32_t)a->account_id;
	h->epochs[h->n] = a->epoch;
	h->used[h->n] = budget_write(&f, arena);
	h->limits[h->n] = (int32_t)(f.limit < INT32_MAX ? f.limit : INT32_MAX);
	h->lefts[h->n] = (int32_t)(f.left < INT32_MAX ? f.left : INT32_MAX);
	h->resets[h->n] = f.reset_us;
	h->afters[h->n] = f.after_us;
	h->locked[h->n++] = a->is_locked;
}

static void send_beat(struct listen *l)
{
	struct arena *arena = arena_create(64u * 1024 * 1024);
	struct db_params *p = db_params_create();
	size_t n = l->n_accounts;
	struct held h = { .brands = ARENA_ARRAY(arena, int32_t, n),
			  .accounts = ARENA_ARRAY(arena, int32_t, n),
			  .used = ARENA_ARRAY(arena, struct text, n),
			  .limits = ARENA_ARRAY(arena, int32_t, n),
			  .lefts = ARENA_ARRAY(arena, int32_t, n),
			  .epochs = ARENA_ARRAY(arena, int64_t, n),
			  .resets = ARENA_ARRAY(arena, int64_t, n),
			  .afters = ARENA_ARRAY(arena, int64_t, n),
			  .locked = ARENA_ARRAY(arena, bool, n) };

	for (size_t i = 0; i < n; i++) {
		if (l->accounts[i]->phase != PHASE_AWAY) {
			held_add(&h, l->accounts[i], arena);
		}
	}
	db_add_text(p, text_of(l->o.holder));
	db_add_i64(p, getpid());
	db_add_i64(p, (int64_t)n);
	db_add_i32_array(p, h.brands, h.n);
	db_add_i32_array(p, h.accounts, h.n);
	db_add_i64_array(p, h.epochs, h.n);
	db_add_bool_array(p, h.locked, h.n);
	db_add_text_array(p, h.used, h.n);
	db_add_i32_array(p, h.limits, h.n);
	db_add_i32_array(p, h.lefts, h.n);
	db_add_i64_array(p, h.resets, h.n);
	db_add_i64_array(p, h.afters, h.n);
	if (!db_send(l->keeper, "listen_beat", SQL_LISTEN_BEAT, &p, done_beat, l)) {
		db_params_destroy(&p);
	}
	arena_destroy(&arena);
}

/* ---- accounts that nobody holds ---- */

static bool is_wanted(const struct account *a, struct mono now)
{
	return a->phase == PHASE_AWAY && a->account_id != 0 && !a->is_being_taken &&
	       !mono_before(now, a->abstain_until);
}

static void done_free(const struct db_result *r, void *owner)
{
	struct listen *l = owner;
	struct mono now = loop_mono(l->o.loop);
	int64_t n_held = 0;
	size_t hint = 0;

	l->is_looking = false;
	for (size_t i = 0; i < l->n_accounts; i++) {
		n_held += l->accounts[i]->phase != PHASE_AWAY || l->accounts[i]->is_being_taken;
	}
	for (int row = 0; r->is_ok && row < r->n_rows && !l->is_stopping; row++) {
		struct account *a = by_id(l, db_i64(r, row, 0), &hint);

		if (a != NULL && is_wanted(a, now) && !reload_holds_up(a) &&
		    (db_bool(r, row, 1) || n_held < db_i64(r, row, 2))) {
			n_held++;
			take(a);
		}
	}
}

static void look(struct listen *l)
{
	struct mono now = loop_mono(l->o.loop);
	struct db_params *p;
	int32_t *brands, *accounts;
	size_t n = 0;

	if (l->is_looking) {
		return;
	}
	brands = xcalloc(l->n_accounts + 1, sizeof(*brands));
	accounts = xcalloc(l->n_accounts + 1, sizeof(*accounts));
	for (size_t i = 0; i < l->n_accounts; i++) {
		struct account *a = l->accounts[i];

		if (is_wanted(a, now) && !reload_holds_up(a)) {
			brands[n] = (int32_t)a->brand_id;
			accounts[n++] = (int32_t)a->account_id;
		}
	}
	p = db_params_create();
	db_add_i32_array(p, brands, n);
	db_add_i32_array(p, accounts, n);
	l->is_looking = n > 0;
	if (n == 0 || !db_send(l->keeper, "listen_free", SQL_LISTEN_FREE, &p, done_free, l)) {
		l->is_looking = false;
		db_params_destroy(&p);
	}
	free(brands);
	free(accounts);
}

static bool is_any_away(const struct listen *l)
{
	for (size_t i = 0; i < l->n_accounts; i++) {
		if (l->accounts[i]->phase == PHASE_AWAY && !l->accounts[i]->is_leaving) {
			return true;
		}
	}
	return false;
}

/* Looking for accounts that another worker leaves behind goes on all the time; the heartbeat has its own pace. The first one
 * comes before we look: a worker that nobody counts has no share. */
static void on_beat(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct listen *l = container_of(w, struct listen, beat);
	struct mono now = loop_mono(l->o.loop);

	(void)loop;
	(void)revents;
	if (l->is_stopping || !db_is_up(l->keeper)) {
		return; /* on_up starts it again */
	}
	if ((!l->is_declared || l->must_declare || l->has_refused) && !l->is_declaring &&
	    !mono_before(now, l->declare_at)) {
		declare(l);
	}
	if (!l->is_declared) {
		if (!l->is_declaring) { /* else done_declare kicks */
			loop_arm(l->o.loop, &l->beat, mono_since(now, l->declare_at));
		}
		return;
	}
	if (l->must_renew) {
		promises_renew(l);
	}
	if (!mono_before(now, l->beat_at)) {
		l->beat_at = mono_add(now, BEAT_EVERY);
		send_beat(l);
		sessions_look(l);
	}
	if (is_any_away(l)) {
		look(l);
		loop_arm(l->o.loop, &l->beat, TAKE_EVERY);
	} else {
		loop_arm(l->o.loop, &l->beat, mono_since(now, l->beat_at));
	}
}

void lease_kick(struct listen *l)
{
	if (!l->is_stopping) {
		loop_arm(l->o.loop, &l->beat, DUR_MS(l->is_declared ? 5 : 0));
	}
}

static void done_goodbye(const struct db_result *r, void *owner)
{
	struct listen *l = owner;

	(void)r;
	l->n_storing--;
	listen_give_slot(l);
}

void lease_give_back(struct listen *l)
{
	struct db_params *p = db_params_create();

	if (l->is_declared) {
		send_beat(l); /* what the platforms allow */
	}
	db_add_text(p, text_of(l->o.holder));
	l->n_storing++;
	if (!db_is_up(l->keeper) ||
	    !db_send(l->keeper, "listen_stopped", SQL_LISTEN_STOPPED, &p, done_goodbye, l)) {
		l->n_storing--;
		db_params_destroy(&p);
	}
}

/* ---- polls that brought nothing, in one statement a second; failures as they come ---- */

static void on_flush(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct listen *l = container_of(w, struct listen, flush);
	struct heard *h = &l->heard;
	struct db_params *p;

	(void)loop;
	(void)revents;
	if (h->n == 0) {
		return;
	}
	p = db_params_create();
	db_add_i32_array(p, h->brands, h->n);
	db_add_i32_array(p, h->accounts, h->n);
	db_add_i32_array(p, h->sources, h->n);
	db_add_i64_array(p, h->epochs, h->n);
	db_add_i64_array(p, h->asked, h->n);
	h->n = 0;
	if (!db_send(l->writers[0], "listen_heard", SQL_LISTEN_HEARD, &p, NULL, NULL)) {
		db_params_destroy(&p); /* the next poll says it again */
	}
}

void lease_heard(struct account *a, int64_t source_id, struct wall asked_at)
{
	struct heard *h = &a->listen->heard;

	if (h->n == h->room) {
		h->room = h->room > 0 ? h->room * 2 : 16;
		h->brands = xrealloc(h->brands, h->room * sizeof(*h->brands));
		h->accounts = xrealloc(h->accounts, h->room * sizeof(*h->accounts));
		h->sources = xrealloc(h->sources, h->room * sizeof(*h->sources));
		h->epochs = xrealloc(h->epochs, h->room * sizeof(*h->epochs));
		h->asked = xrealloc(h->asked, h->room * sizeof(*h->asked));
	}
	h->brands[h->n] = (int32_t)a->brand_id;
	h->accounts[h->n] = (int32_t)a->account_id;
	h->sources[h->n] = (int32_t)source_id;
	h->epochs[h->n] = a->epoch;
	h->asked[h->n++] = asked_at.us;
	if (h->n == 1) {
		loop_arm(a->listen->o.loop, &a->listen->flush, FLUSH_AFTER);
	}
}

void lease_failed(struct account *a, int64_t source_id, const struct err *why)
{
	struct db_params *p;

	if (source_id == 0) {
		if (!a->is_refused) {
			account_set_state(a, "failing", why->text);
			a->is_failing = true;
		}
		return;
	}
	p = db_params_create();
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, source_id);
	db_add_i64(p, a->epoch);
	db_add_text(p, text_of(why->text));
	db_add_text(p, text_of(err_kind_name(why->kind)));
	if (!db_send(a->writer, "listen_failed", SQL_LISTEN_FAILED, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

void lease_start(struct listen *l)
{
	ev_init(&l->beat, on_beat);
	ev_init(&l->flush, on_flush);
	news_init(l);
}
