/* The machine: its session with the database, turns, start and stop. */
#include <stdlib.h>

#include "daemon/respond/inside.h"
#include "store_sql.h"

#define SWEEP_EVERY     DUR_S(2) /* without a NOTIFY, and for senders that died */
#define RETRY_EVERY     DUR_MS(500)
#define DECLARE_EVERY   DUR_MS(200) /* until the house knows all accounts */
#define CHORES_EVERY    DUR_S(15)
#define COMPLAINT_EVERY DUR_S(60)
#define STOP_SPARE      DUR_S(2) /* for writing down what is still unknown */

static void turn(struct respond *r);

void respond_complain(struct respond *r, const struct db_result *why)
{
	struct mono now = loop_mono(r->o.loop);

	if (why->err.kind == ERR_RETRY || why->err.kind == ERR_UNSURE) {
		return; /* the connection's own events tell */
	}
	if (r->complained_at.us == 0 ||
	    dur_more(mono_since(r->complained_at, now), COMPLAINT_EVERY)) {
		r->complained_at = now;
		log_err("respond_failed", "why", why->err.text, NULL);
	}
}

void respond_wake(struct respond *r, struct dur in)
{
	if (r->is_claiming) {
		r->must_claim = true;
	} else {
		loop_arm(r->o.loop, &r->turn, in);
	}
}

/* ---- stop ---- */

static bool is_quiet(const struct respond *r)
{
	return r->n_flights == 0 && !r->is_claiming;
}

static void on_ending(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct respond *r = container_of(w, struct respond, ending);
	void (*done)(void *) = r->done_stopped;
	bool is_any_cut = false;

	(void)loop;
	(void)revents;
	list_each(at, &r->flights)
	{
		struct flight *f = container_of(at, struct flight, link);

		if (!f->is_over) {
			is_any_cut = true;
			flight_cancel(f);
			outcome_settle(f, "unknown",
				       "the worker was stopped while it was being posted");
		}
	}
	if (is_any_cut && db_is_up(r->db)) {
		loop_arm(r->o.loop, &r->ending, STOP_SPARE);
		return;
	}
	r->done_stopped = NULL;
	if (done != NULL) {
		done(r->stop_owner);
	}
}

void respond_flight_gone(struct respond *r)
{
	list_each(at, &r->flights)
	{
		struct flight *f = container_of(at, struct flight, link);

		if (f->is_waiting) {
			flight_go(f);
		}
	}
	if (r->is_stopping && is_quiet(r)) {
		loop_arm(r->o.loop, &r->ending, DUR_US(0));
	} else if (!r->is_stopping) {
		respond_wake(r, DUR_US(0));
	}
}

/* ---- a turn: what to do now ---- */

static void end_claim(struct respond *r, struct dur again)
{
	r->is_claiming = false;
	if (r->is_stopping) {
		if (is_quiet(r)) {
			loop_arm(r->o.loop, &r->ending, DUR_US(0));
		}
		return;
	}
	if (r->must_claim) {
		r->must_claim = false;
		again = DUR_US(0);
	}
	loop_arm(r->o.loop, &r->turn, again);
}

static void done_claim(const struct db_result *res, void *owner)
{
	struct respond *r = owner;
	struct dur again = SWEEP_EVERY;

	if (!res->is_ok) {
		respond_complain(r, res);
		end_claim(r, RETRY_EVERY);
		return;
	}
	for (int row = 0; row < res->n_rows; row++) {
		if (!text_eq(db_text(res, row, 0), TEXT("wait"))) {
			flight_start(r, res, row);
		} else if (!db_is_null(res, row, 25) && db_i64(res, row, 25) < again.us) {
			again = DUR_US(db_i64(res, row, 25) + 1000);
		}
	}
	end_claim(r, r->is_declared || dur_more(DECLARE_EVERY, again) ? again : DECLARE_EVERY);
}

static int count_flights(const struct respond *r, const struct conf_account *c)
{
	int n = 0;

	list_each(at, &r->flights)
	{
		const struct flight *f = container_of(at, struct flight, link);

		n += f->conf != NULL && text_eq(f->conf->name, c->name) &&
		     text_eq(f->conf->server, c->server);
	}
	return n;
}

struct rooms {
	struct text *brands, *accounts;
	int32_t *rooms;
	size_t n;
};

static void add_rooms(const struct respond *r, struct rooms *k, struct arena *arena)
{
	const struct conf *c = r->snapshot;
	size_t n = 0;

	for (size_t i = 0; i < c->n_brands; i++) {
		n += c->brands[i].n_accounts;
	}
	k->brands = ARENA_ARRAY(arena, struct text, n);
	k->accounts = ARENA_ARRAY(arena, struct text, n);
	k->rooms = ARENA_ARRAY(arena, int32_t, n);
	for (size_t i = 0; i < c->n_brands; i++) {
		for (size_t j = 0; j < c->brands[i].n_accounts; j++) {
			const struct conf_account *a = &c->brands[i].accounts[j];
			int room = a->max_per_host - count_flights(r, a);

			if (!declare_can_post(a)) {
				continue;
			}
			k->brands[k->n] = c->brands[i].name;
			k->accounts[k->n] = a->name;
			k->rooms[k->n++] = room > 0 ? room : 0;
		}
	}
}

/* Every attempt whose rows have reached us. What the database holds beyond them as ours was never begun: its COMMIT was not
 * confirmed. */
static void add_flying(const struct respond *r, struct db_params *p, struct arena *arena)
{
	int64_t *ids = ARENA_ARRAY(arena, int64_t, (size_t)r->n_flights + 1);
	size_t n = 0;

	list_each(at, &r->flights)
	{
		const struct flight *f = container_of(at, struct flight, link);

		if (f->op == OP_REPLY) {
			ids[n++] = f->attempt_id;
		}
	}
	db_add_i64_array(p, ids, n);
}

static void claim(struct respond *r)
{
	struct arena *arena = arena_create(/* max_bytes= */ 16u * 1024 * 1024);
	struct db_params *p = db_params_create();
	struct rooms k = { 0 };

	add_rooms(r, &k, arena);
	db_add_i64(p, r->sender);
	db_add_text_array(p, k.brands, k.n);
	db_add_text_array(p, k.accounts, k.n);
	db_add_i32_array(p, k.rooms, k.n);
	db_add_i64(p, MAX_FLIGHTS - r->n_flights);
	add_flying(r, p, arena);
	r->claimed_at = loop_mono_now(r->o.loop);
	r->is_claiming = db_send(r->db, "respond_claim", SQL_RESPOND_CLAIM, &p, done_claim, r);
	if (!r->is_claiming) {
		db_params_destroy(&p);
		loop_arm(r->o.loop, &r->turn, RETRY_EVERY);
	}
	arena_destroy(&arena);
}

static size_t count_accounts(const struct conf *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_brands; i++) {
		n += c->brands[i].n_accounts;
	}
	return n;
}

static void done_declare(const struct db_result *res, void *owner)
{
	struct respond *r = owner;

	r->is_declaring = false;
	if (!res->is_ok) {
		respond_complain(r, res);
	}
	/* New accounts come into the database with listen's declaration. */
	r->is_declared = res->is_ok && db_i64(res, 0, 0) >= (int64_t)count_accounts(r->snapshot);
	if (!r->is_stopping) {
		respond_wake(r, r->is_declared ? DUR_US(0) : DECLARE_EVERY);
	}
}

static void declare(struct respond *r)
{
	struct db_params *p;
	scoped(strbuf_done) struct strbuf b = { 0 };
	struct mono now = loop_mono(r->o.loop);

	if (r->declared_at.us != 0 && !dur_more(mono_since(r->declared_at, now), DECLARE_EVERY)) {
		return; /* listen's declaration is on its way */
	}
	r->declared_at = now;
	p = db_params_create();
	strbuf_init(&b, 16u * 1024 * 1024);
	respond_declaration(r->snapshot, &b);
	db_add_text(p, strbuf_text(&b));
	r->is_declaring =
		db_send(r->db, "respond_declare", SQL_RESPOND_DECLARE, &p, done_declare, r);
	if (!r->is_declaring) {
		db_params_destroy(&p);
	}
}

static void chores(struct respond *r)
{
	struct mono now = loop_mono(r->o.loop);
	struct db_params *p;

	if (r->chores_at.us != 0 && !dur_more(mono_since(r->chores_at, now), CHORES_EVERY)) {
		return;
	}
	r->chores_at = now;
	p = db_params_create();
	if (!db_send(r->db, "respond_chores", SQL_RESPOND_CHORES, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

static void turn(struct respond *r)
{
	if (!db_is_up(r->db) || r->sender == 0 || r->is_claiming) {
		return; /* on_up, or its end, goes on */
	}
	list_each(at, &r->flights)
	{
		outcome_report(container_of(at, struct flight, link));
	}
	if (r->is_stopping) {
		return;
	}
	if (!r->is_declared && !r->is_declaring) {
		declare(r);
	}
	chores(r);
	claim(r);
}

static void on_turn(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	turn(container_of(w, struct respond, turn));
}

/* ---- the session ---- */

static void begin(struct respond *r);

static void done_begin(const struct db_result *res, void *owner)
{
	struct respond *r = owner;

	if (!res->is_ok) {
		respond_complain(r, res);
		if (db_is_up(r->db) && !r->is_stopping) {
			begin(r);
		}
		return;
	}
	r->sender = db_i64(res, 0, 0);
	if (db_bool(res, 0, 1)) {
		log_warn("another_database", NULL);
	}
	respond_wake(r, DUR_US(0));
}

static void begin(struct respond *r)
{
	struct db_params *p = db_params_create();

	db_add_text(p, text_of(r->o.holder));
	db_add_i64(p, r->last_attempt);
	if (!db_send(r->db, "respond_begin", SQL_RESPOND_BEGIN, &p, done_begin, r)) {
		db_params_destroy(&p);
	}
}

static void on_up(struct db *d, void *owner)
{
	struct respond *r = owner;

	(void)d;
	r->is_declared = false; /* it may be another database */
	r->declared_at = (struct mono){ 0 };
	begin(r);
}

/* Posts under way go on: what comes of them is written down when the connection is back. */
static void on_down(struct db *d, const struct err *why, void *owner)
{
	struct respond *r = owner;

	(void)d;
	(void)why; /* listen logs it */
	r->sender = 0;
}

static void on_notify(struct db *d, struct text payload, void *owner)
{
	struct respond *r = owner;

	(void)d;
	(void)payload;
	if (!r->is_stopping) {
		respond_wake(r, DUR_US(0));
	}
}

/* ---- life ---- */

struct respond *respond_create(const struct respond_options *o)
{
	static const struct db_events events = { .on_up = on_up, .on_down = on_down };
	static const struct db_events ear_events = { .on_notify = on_notify };
	struct respond *r = xcalloc(1, sizeof(*r));

	r->o = *o;
	r->snapshot = conf_hold(o->conf);
	r->o.conf = NULL; /* the snapshot is held, o->conf is the caller's */
	list_init(&r->flights);
	ev_init(&r->turn, on_turn);
	ev_init(&r->ending, on_ending);
	r->http = http_create(o->loop);
	r->db = db_create(o->loop,
			  &(struct db_options){ .conninfo = r->snapshot->database.at,
						.role = "answerd_worker",
						.purpose = "answerd respond",
						.max_queued = MAX_FLIGHTS + 8 },
			  &events, r);
	r->ear = db_create(o->loop,
			   &(struct db_options){ .conninfo = r->snapshot->database.at,
						 .role = "answerd_worker",
						 .purpose = "answerd respond ear",
						 .channel = "answerd_reply" },
			   &ear_events, r);
	return r;
}

void respond_tell(struct respond *r, respond_looked *looked, respond_asked *asked, void *owner)
{
	r->looked = looked;
	r->asked = asked;
	r->count_owner = owner;
}

void respond_start(struct respond *r)
{
	db_start(r->db);
	db_start(r->ear);
}

void respond_declare(struct respond *r)
{
	r->is_declared = false;
	r->declared_at = (struct mono){ 0 };
	respond_wake(r, DUR_US(0));
}

void respond_reload(struct respond *r, struct conf *conf)
{
	struct conf *old = r->snapshot;

	r->snapshot = conf_hold(conf);
	conf_destroy(&old);
	respond_declare(r);
}

void respond_stop(struct respond *r, void (*done)(void *owner), void *owner)
{
	struct list *at, *next;

	if (r->is_stopping) {
		return;
	}
	r->is_stopping = true;
	r->done_stopped = done;
	r->stop_owner = owner;
	loop_disarm(r->o.loop, &r->turn);
	/* Looks end here, another will look; posts that no byte has left of as well. */
	for (at = r->flights.next; at != &r->flights; at = next) {
		struct flight *f = container_of(at, struct flight, link);

		next = at->next;
		if (f->op != OP_REPLY && !f->is_reporting) {
			flight_destroy(f);
		} else if (f->is_waiting && !f->is_over) {
			f->is_waiting = false;
			outcome_settle(f, "unsent",
				       "the worker was stopped before it was its turn");
		}
	}
	loop_arm(r->o.loop, &r->ending, is_quiet(r) ? DUR_US(0) : POST_TIMEOUT);
}

void respond_destroy(struct respond **at)
{
	struct respond *r = *at;

	if (r == NULL) {
		return;
	}
	*at = NULL;
	loop_disarm(r->o.loop, &r->turn);
	loop_disarm(r->o.loop, &r->ending);
	while (!list_is_empty(&r->flights)) {
		flight_destroy(container_of(r->flights.next, struct flight, link));
	}
	http_destroy(&r->http);
	db_destroy(&r->db);
	db_destroy(&r->ear);
	conf_destroy(&r->snapshot);
	free(r);
}
