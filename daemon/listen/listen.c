/* The machine as a whole: connections, slots, start and stop. */
#include <stdlib.h>
#include <sys/random.h>

#include "answerd/log.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define WRITER_ROOM 4096 /* units; pages are bounded by MAX_PAGES_STORING, the rest is small */
#define STOP_LIMIT  DUR_S(5)

static void step_all(struct listen *l)
{
	for (size_t i = 0; i < l->n_accounts; i++) {
		account_step(l->accounts[i]);
	}
}

static void on_writer_up(struct db *d, void *owner)
{
	(void)d;
	log_info("database_up", "connection", "writer", NULL);
	step_all(owner);
}

static void on_down(struct db *d, const struct err *why, void *owner)
{
	(void)d;
	(void)owner;
	log_warn("database_down", "why", why->text, NULL);
}

static void on_keeper_up(struct db *d, void *owner)
{
	struct listen *l = owner;

	(void)d;
	l->beat_at = (struct mono){ 0 }; /* the session is new: it has no lock yet */
	l->is_looking = false;
	l->declare_at = (struct mono){ 0 };
	lease_kick(l);
}

/* Its session held the locks: whoever takes an account now raises the epoch, so nothing we store afterwards counts. */
static void on_keeper_down(struct db *d, const struct err *why, void *owner)
{
	struct listen *l = owner;

	on_down(d, why, owner);
	for (size_t i = 0; i < l->n_accounts; i++) {
		account_lost(l->accounts[i], "the database connection is gone");
	}
}

static struct db *connection(struct listen *l, const char *purpose, const char *settings,
			     const struct db_events *e)
{
	struct db_options o = { .conninfo = l->o.conf->database.at,
				.role = "answerd_worker",
				.purpose = purpose,
				.settings = settings,
				.max_queued = WRITER_ROOM };

	return db_create(l->o.loop, &o, e, l);
}

/* ---- the accounts, and what is looked up often side by side ---- */

static uint64_t key_of(struct text brand, struct text name)
{
	return text_hash(text_hash(text_hash(TEXT_HASH_SEED, brand), TEXT("/")), name);
}

struct account *listen_find(const struct listen *l, struct text brand, struct text name)
{
	uint64_t key = key_of(brand, name);

	for (size_t i = 0; i < l->n_accounts; i++) {
		struct account *a = l->accounts[i];

		if (l->keys[i] == key && text_eq(a->conf->name, name) &&
		    text_eq(a->brand->name, brand)) {
			return a;
		}
	}
	return NULL;
}

void listen_add_account(struct listen *l, struct account *a)
{
	size_t n = l->n_accounts + 1;

	if ((n & (n - 1)) == 0) { /* room doubles */
		l->accounts = xrealloc(l->accounts, 2 * n * sizeof(struct account *));
		l->own_hashes = xrealloc(l->own_hashes, 2 * n * sizeof(*l->own_hashes));
		l->keys = xrealloc(l->keys, 2 * n * sizeof(*l->keys));
	}
	a->at = l->n_accounts++;
	l->accounts[a->at] = a;
	l->own_hashes[a->at] = 0;
	l->keys[a->at] = key_of(a->brand->name, a->conf->name);
	if (a->at == 1 && !l->has_second) {
		l->has_second = true;
		db_start(l->writers[1]);
	}
	a->writer = l->writers[a->at % MAX_WRITERS];
}

void listen_remove_account(struct listen *l, struct account *a)
{
	size_t last = --l->n_accounts;

	l->accounts[a->at] = l->accounts[last];
	l->accounts[a->at]->at = a->at;
	l->own_hashes[a->at] = l->own_hashes[last];
	l->keys[a->at] = l->keys[last];
	if (l->refused == a) {
		l->refused = NULL;
	}
}

static void on_ending(struct ev_loop *loop, ev_timer *w, int revents);

struct listen *listen_create(const struct listen_options *o)
{
	static const struct db_events writer_events = { .on_up = on_writer_up, .on_down = on_down };
	static const struct db_events keeper_events = { .on_up = on_keeper_up,
							.on_down = on_keeper_down };
	struct listen *l = xcalloc(1, sizeof(*l));

	l->o = *o;
	list_init(&l->waiting);
	if (getrandom(&l->random, sizeof(l->random), 0) != sizeof(l->random) || l->random == 0) {
		l->random = UINT64_C(88172645463325252);
	}
	lease_start(l);
	ev_init(&l->ending, on_ending);
	l->http = http_create(o->loop);
	/* Generic plans: short pages would be planned anew every time (INGEST §3.4). */
	for (int i = 0; i < MAX_WRITERS; i++) {
		l->writers[i] = connection(l, "answerd writer",
					   "-c plan_cache_mode=force_generic_plan", &writer_events);
	}
	/* Leases are facts about living sessions: after a crash of the server there are none to remember. */
	l->keeper = connection(l, "answerd keeper", "-c synchronous_commit=off", &keeper_events);
	reload_start(l);
	listen_reload(l, o->conf, o->rules);
	l->o.conf = NULL; /* the snapshot is held, o->conf is the caller's */
	return l;
}

void listen_start(struct listen *l)
{
	db_start(l->writers[0]);
	db_start(l->keeper);
}

uint64_t listen_random(struct listen *l)
{
	l->random ^= l->random >> 12;
	l->random ^= l->random << 25;
	l->random ^= l->random >> 27;
	return l->random * UINT64_C(2685821657736338717);
}

/* ---- slots: as many questions as the http adapter and the database can take ---- */

bool listen_take_slot(struct account *a)
{
	struct listen *l = a->listen;

	if (l->n_storing < MAX_PAGES_STORING) {
		if (http_has_room(l->http, a->conf->server, &a->terms)) {
			return true;
		}
		l->refused = a;
	}
	a->phase = PHASE_QUEUED;
	list_remove(&a->link);
	list_add_last(&l->waiting, &a->link);
	return false;
}

static void end_if_quiet(struct listen *l)
{
	if (l->is_stopping && l->n_storing == 0 && l->done_stopped != NULL) {
		loop_arm(l->o.loop, &l->ending, DUR_MS(1));
	}
}

/* It would get the answer that another one got a moment ago. */
static bool is_refused_too(const struct listen *l, const struct account *a)
{
	return l->refused != NULL && l->refused->host == a->host && a->host != 0;
}

void listen_give_slot(struct listen *l)
{
	if (l->is_stopping) {
		end_if_quiet(l);
		return;
	}
	/* Every one who waits gets a look, once: the first may want a host that has no room. */
	l->pass++;
	l->refused = NULL;
	while (!list_is_empty(&l->waiting) && l->n_storing < MAX_PAGES_STORING &&
	       !http_is_full(l->http)) {
		struct account *a = container_of(l->waiting.next, struct account, link);

		if (a->pass == l->pass) {
			break;
		}
		a->pass = l->pass;
		list_remove(&a->link);
		if (is_refused_too(l, a)) {
			list_add_last(&l->waiting, &a->link);
		} else {
			account_ready(a);
		}
	}
}

/* ---- stop ---- */

static void on_ending(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct listen *l = container_of(w, struct listen, ending);
	void (*done)(void *) = l->done_stopped;

	(void)loop;
	(void)revents;
	l->done_stopped = NULL;
	if (done != NULL) {
		done(l->stop_owner);
	}
}

void listen_stop(struct listen *l, void (*done)(void *owner), void *owner)
{
	if (l->is_stopping) {
		return;
	}
	l->is_stopping = true;
	l->done_stopped = done;
	l->stop_owner = owner;
	loop_disarm(l->o.loop, &l->beat);
	loop_disarm(l->o.loop, &l->settle);
	for (size_t i = 0; i < l->n_accounts; i++) {
		ask_cancel(l->accounts[i]);
		l->n_storing += l->accounts[i]->transfer != NULL; /* a session on its way */
		loop_disarm(l->o.loop, &l->accounts[i]->timer);
	}
	loop_arm(l->o.loop, &l->ending, STOP_LIMIT);
	lease_give_back(l);
	end_if_quiet(l);
}

void listen_destroy(struct listen **l)
{
	if (*l == NULL) {
		return;
	}
	for (size_t i = 0; i < (*l)->n_accounts; i++) {
		account_destroy(&(*l)->accounts[i]);
	}
	loop_disarm((*l)->o.loop, &(*l)->beat);
	loop_disarm((*l)->o.loop, &(*l)->flush);
	news_stop(*l);
	loop_disarm((*l)->o.loop, &(*l)->ending);
	loop_disarm((*l)->o.loop, &(*l)->settle);
	http_destroy(&(*l)->http);
	for (int i = 0; i < MAX_WRITERS; i++) {
		db_destroy(&(*l)->writers[i]);
	}
	db_destroy(&(*l)->keeper);
	free((*l)->heard.brands);
	free((*l)->heard.accounts);
	free((*l)->heard.sources);
	free((*l)->heard.epochs);
	free((*l)->heard.asked);
	free((*l)->own_hashes);
	free((*l)->keys);
	free((*l)->accounts);
	conf_destroy(&(*l)->snapshot);
	free(*l);
	*l = NULL;
}

void listen_asked(void *listen, struct text brand, struct text account, int64_t brand_id,
		  int64_t account_id, int64_t n)
{
	struct listen *l = listen;
	struct account *a = listen_find(l, brand, account);
	struct db_params *p;

	if (a != NULL && a->phase != PHASE_AWAY && a->phase != PHASE_LOADING) {
		budget_spent(&a->budget, &a->conf->connector->can, n, account_now(a));
		return;
	}
	p = db_params_create();
	db_add_i64(p, brand_id);
	db_add_i64(p, account_id);
	db_add_i64(p, n);
	if (!db_send(l->keeper, "listen_asked", SQL_LISTEN_ASKED, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

void listen_count(const struct listen *l, int *ret_held, int *ret_listening, int *ret_configured)
{
	*ret_held = *ret_listening = 0;
	*ret_configured = 0;
	for (size_t i = 0; i < l->n_accounts; i++) {
		const struct account *a = l->accounts[i];

		*ret_configured += !a->is_leaving;
		*ret_held += a->phase != PHASE_AWAY;
		*ret_listening += a->phase != PHASE_AWAY && !a->must_identify && !a->is_refused;
	}
}
