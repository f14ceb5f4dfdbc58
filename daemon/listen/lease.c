/* Which accounts are ours. The keeper's session holds an advisory lock for each: when the process dies, its connection dies
 * and another worker takes over at once; when it freezes, the row goes stale and the epoch fences it out. */
#include <stdlib.h>
#include <unistd.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define BEAT_EVERY  DUR_S(5)
#define TAKE_EVERY  DUR_MS(700) /* while an account is not ours */
#define FLUSH_AFTER DUR_S(1)

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
	strbuf_printf(b, ",\"is_time_authors\":%s,\"every_us\":%lld,",
		      c->connector->can.is_time_authors ? "true" : "false", (long long)c->every.us);
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
	struct account *a = listen_find(l, db_text(r, row, 0), db_text(r, row, 1));

	if (a != NULL) {
		a->brand_id = db_i64(r, row, 3);
		a->account_id = db_i64(r, row, 4);
	}
}

static void done_declare(const struct db_result *r, void *owner)
{
	struct listen *l = owner;

	l->is_declaring = false;
	if (!r->is_ok) {
		l->must_declare = true;
		log_err("declare_failed", "why", r->err.text, NULL);
		loop_arm(l->o.loop, &l->beat, DUR_S(1));
		return;
	}
	for (int row = 0; row < r->n_rows; row++) {
		declared_row(l, r, row);
	}
	l->is_declared = true;
	if (!l->must_declare) { /* else a still newer one came meanwhile */
		reload_declared(l);
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
		l->must_declare = true;
		l->is_declaring = false;
		loop_arm(l->o.loop, &l->beat, DUR_S(1));
	}
}

/* ---- taking, holding, giving back ---- */

static void done_lease(const struct db_result *r, void *owner)
{
	struct account *a = owner;

	a->n_calls--;
	a->is_being_taken = false;
	if (r->is_ok && !db_is_null(r, 0, 0) && a->phase == PHASE_AWAY && !a->listen->is_stopping) {
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

static struct account *by_id(struct listen *l, int64_t account_id)
{
	for (size_t i = 0; i < l->n_accounts; i++) {
		if (l->accounts[i]->account_id == account_id) {
			return l->accounts[i];
		}
	}
	return NULL;
}

void lease_end(struct account *a)
{
	struct db_params *p = db_params_create();

	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->epoch);
	if (!db_send(a->listen->keeper, "listen_unlease", SQL_LISTEN_UNLEASE, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

static void done_beat(const struct db_result *r, void *owner)
{
	struct listen *l = owner;
	bool *kept;

	if (!r->is_ok) {
		return; /* the connection's own events tell */
	}
	kept = xcalloc(l->n_accounts + 1, sizeof(*kept));
	for (int row = 0; row < r->n_rows; row++) {
		struct account *a = by_id(l, db_i64(r, row, 0));

		if (a != NULL) {
			kept[a->at] = true;
			a->is_locked = db_bool(r, row, 1);
		} else {
			loop_shift_wall(l->o.loop, DUR_US(db_i64(r, row, 2)));
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

static void send_beat(struct listen *l)
{
	struct db_params *p = db_params_create();
	int32_t *brands = xcalloc(l->n_accounts + 1, sizeof(*brands));
	int32_t *accounts = xcalloc(l->n_accounts + 1, sizeof(*accounts));
	int64_t *epochs = xcalloc(l->n_accounts + 1, sizeof(*epochs));
	bool *locked = xcalloc(l->n_accounts + 1, sizeof(*locked));
	size_t n = 0;

	for (size_t i = 0; i < l->n_accounts; i++) {
		struct account *a = l->accounts[i];

		if (a->phase != PHASE_AWAY) {
			a->beat_epoch = a->epoch;
			brands[n] = (int32_t)a->brand_id;
			accounts[n] = (int32_t)a->account_id;
			epochs[n] = a->epoch;
			locked[n++] = a->is_locked;
		}
	}
	db_add_text(p, text_of(l->o.holder));
	db_add_i64(p, getpid());
	db_add_i32_array(p, brands, n);
	db_add_i32_array(p, accounts, n);
	db_add_i64_array(p, epochs, n);
	db_add_bool_array(p, locked, n);
	if (!db_send(l->keeper, "listen_beat", SQL_LISTEN_BEAT, &p, done_beat, l)) {
		db_params_destroy(&p);
	}
	free(brands);
	free(accounts);
	free(epochs);
	free(locked);
}

static void on_beat(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct listen *l = container_of(w, struct listen, beat);
	bool is_any_away = false;

	(void)loop;
	(void)revents;
	if (l->is_stopping || !db_is_up(l->keeper)) {
		return; /* on_up starts it again */
	}
	if ((!l->is_declared || l->must_declare) && !l->is_declaring) {
		declare(l);
	}
	if (!l->is_declared) {
		return; /* done_declare kicks */
	}
	if (l->must_renew) {
		promises_renew(l);
	}
	for (size_t i = 0; i < l->n_accounts; i++) {
		struct account *a = l->accounts[i];

		if (reload_holds_up(a)) {
			continue;
		}
		if (a->phase == PHASE_AWAY && a->account_id != 0) {
			is_any_away = true;
			take(a);
		}
	}
	/* Looking for accounts that another worker may leave behind is cheap; the heartbeat goes at its own pace. */
	if (!is_any_away || l->n_unheld_tries++ % 7 == 0) {
		send_beat(l);
	}
	loop_arm(l->o.loop, &l->beat, is_any_away ? TAKE_EVERY : BEAT_EVERY);
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

	for (size_t i = 0; i < l->n_accounts; i++) {
		if (l->accounts[i]->phase != PHASE_AWAY) {
			lease_end(l->accounts[i]);
		}
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
}
