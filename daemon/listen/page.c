/* One page into the database: arrays of columns, one statement, one transaction; and what came of it. */
#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/base/nature.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define FLAG_NAMED     1
#define FLAG_ABOUT     2
#define FLAG_AUTOMATIC 4

static bool is_listed(const struct conf_brand *b, const struct message *m)
{
	for (size_t i = 0; i < b->n_businesses; i++) {
		if (text_eq_nocase(b->businesses[i], m->author_handle) ||
		    text_eq(b->businesses[i], m->author_id)) {
			return true;
		}
	}
	return false;
}

/* Ours also when another account of the same brand wrote it; context when another business did: a brand of this house, or
 * one that the configuration lists. */
static const char *direction(const struct account *a, const struct message *m)
{
	const struct listen *l = a->listen;
	uint64_t hash = text_hash(TEXT_HASH_SEED, m->author_id);

	if (m->direction == MESSAGE_OUTBOUND) {
		return "outbound";
	}
	for (size_t i = 0; i < l->n_accounts; i++) {
		const struct account *other = l->accounts[i];

		if (l->own_hashes[i] == hash && other != a && other->own_id != NULL &&
		    text_eq(text_of(other->own_id), m->author_id) &&
		    strcmp(other->realm, a->realm) == 0) {
			return other->brand_id == a->brand_id ? "outbound" : "context";
		}
	}
	return is_listed(a->brand, m) ? "context" : "inbound";
}

/* "Gone" ends a wait and erases words, so it is believed only of a platform that answers something else: a proxy that says
 * 404 to all must not empty the house. What stands in a list of news is such an answer, also the first one after a failure;
 * Telegram tells it once. */
static bool is_gone_believed(const struct account *a)
{
	if (a->must_identify) {
		return false;
	}
	if (a->job.op == OP_POLL || a->job.op == OP_SWEEP) {
		return true;
	}
	for (size_t i = 0; i < a->n_feeds; i++) {
		if (a->feeds[i].n_failed == 0) {
			return true;
		}
	}
	return false;
}

/* History reaches back as far as `history` says: the last page of the first walk brings older ones too. */
static bool is_before_history(const struct account *a, const struct message *m)
{
	return a->job.op == OP_POLL && !a->job.feed->is_imported && wall_is_set(m->posted_at) &&
	       wall_before(m->posted_at, wall_add(a->job.asked_at, DUR_US(-a->conf->history.us)));
}

static uint64_t fingerprint(const struct message *m)
{
	return text_hash(message_hash(m), m->external_id);
}

static bool is_remembered(const struct account *a, const struct message *m)
{
	const struct feed *f = a->job.feed;
	uint64_t print;

	if (a->job.op != OP_POLL || f->n_remembered == 0) {
		return false;
	}
	print = fingerprint(m);
	for (size_t i = 0; i < f->n_remembered; i++) {
		if (f->remembered[i] == print) {
			return true;
		}
	}
	return false;
}

bool page_is_worth_storing(const struct account *a, const struct outcome *o)
{
	const struct feed *f = a->job.feed;

	if (o->n_bad > 0 || o->n_gone > 0) {
		return true;
	}
	for (size_t i = 0; i < o->n_messages; i++) {
		if (!is_remembered(a, &o->messages[i])) {
			return true;
		}
	}
	switch (a->job.op) {
	case OP_POLL:
		return o->is_more || f->is_walking || !f->is_imported ||
		       !text_eq(o->state, text_of(f->state));
	case OP_SWEEP: return o->is_more || (f->is_sweeping && !a->job.is_refill);
	default: return false;
	}
}

/* After choose(): this page is what the next one will overlap. Counts only once it is committed. */
static void remember(struct account *a, const struct outcome *o)
{
	struct feed *f = a->job.feed;

	if (a->job.op != OP_POLL) {
		return;
	}
	f->n_remembered = f->n_sending = 0;
	if (o->n_messages > 0) { /* no more room than the page needs: there are many sources */
		size_t room = o->n_messages < MAX_REMEMBERED ? o->n_messages : MAX_REMEMBERED;

		f->remembered = xrealloc(f->remembered, room * sizeof(*f->remembered));
	}
	for (size_t i = 0; i < o->n_messages && f->n_sending < MAX_REMEMBERED; i++) {
		if (!is_before_history(a, &o->messages[i])) {
			f->remembered[f->n_sending++] = fingerprint(&o->messages[i]);
		}
	}
}

/* Which messages of the page to send: without repeated ids (the last copy wins). */
static size_t choose(const struct account *a, const struct outcome *o,
		     const struct message **chosen)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_messages; i++) {
		const struct message *m = &o->messages[i];
		size_t at = n;

		if (is_before_history(a, m) || is_remembered(a, m)) {
			continue;
		}
		for (size_t k = 0; k < n; k++) {
			if (text_eq(chosen[k]->external_id, m->external_id)) {
				at = k;
				break;
			}
		}
		chosen[at] = m;
		n = at == n ? n + 1 : n;
	}
	return n;
}

struct columns {
	struct db_params *params;
	struct arena *arena;
	const struct message **m;
	size_t n;
};

static struct text or_null(struct text t)
{
	return text_is_empty(t) ? TEXT_NONE : t;
}

#define COLUMN(c, value)                                                                           \
	do {                                                                                       \
		struct text *column = ARENA_ARRAY((c)->arena, struct text, (c)->n);                \
		for (size_t i = 0; i < (c)->n; i++) {                                              \
			const struct message *m = (c)->m[i];                                       \
			column[i] = (value);                                                       \
		}                                                                                  \
		db_add_text_array((c)->params, column, (c)->n);                                    \
	} while (0)

#define COLUMN_I64(c, value)                                                                       \
	do {                                                                                       \
		int64_t *column = ARENA_ARRAY((c)->arena, int64_t, (c)->n);                        \
		for (size_t i = 0; i < (c)->n; i++) {                                              \
			const struct message *m = (c)->m[i];                                       \
			column[i] = (value);                                                       \
		}                                                                                  \
		db_add_i64_array((c)->params, column, (c)->n);                                     \
	} while (0)

static struct text not_null(struct text t)
{
	return t.at != NULL ? t : TEXT("");
}

static void add_messages(struct account *a, struct columns *c)
{
	const struct nature_rules *rules = a->listen->o.rules;
	int32_t *flags = ARENA_ARRAY(c->arena, int32_t, c->n);

	COLUMN(c, m->external_id);
	COLUMN(c, or_null(m->parent_id));
	COLUMN(c, or_null(m->thread_id));
	COLUMN(c, or_null(m->peer_id));
	COLUMN(c, text_of(message_kind_name(m->kind)));
	COLUMN(c, text_of(direction(a, m)));
	COLUMN(c, text_of(message_visibility_name(m->visibility)));
	for (size_t i = 0; i < c->n; i++) {
		flags[i] = (c->m[i]->is_named ? FLAG_NAMED : 0) |
			   (c->m[i]->is_about ? FLAG_ABOUT : 0) |
			   (c->m[i]->is_automatic ? FLAG_AUTOMATIC : 0);
	}
	db_add_i32_array(c->params, flags, c->n);
	COLUMN(c, not_null(m->author_id));
	COLUMN(c, or_null(m->author_handle));
	COLUMN(c, or_null(m->author_name));
	COLUMN(c, not_null(m->body));
	COLUMN(c, or_null(m->warning));
	COLUMN(c, or_null(m->language));
	COLUMN(c, or_null(m->permalink));
	COLUMN_I64(c, m->posted_at.us);
	COLUMN_I64(c, m->edited_at.us);
	COLUMN(c, or_null(m->revision));
	COLUMN(c, text_of(nature_name(
			  nature_of(rules, m->words.len > 0 ? m->words : m->body, m->language))));
	COLUMN_I64(c, (int64_t)message_hash(m));
	COLUMN(c, m->raw.len <= LIMIT_RAW_BYTES ? or_null(m->raw)
						: text_clip(m->raw, LIMIT_RAW_BYTES));
}

static void add_names(struct columns *c)
{
	size_t n = 0, at = 0;
	int32_t *rows;
	struct text *ids;

	for (size_t i = 0; i < c->n; i++) {
		n += c->m[i]->n_names;
	}
	rows = ARENA_ARRAY(c->arena, int32_t, n);
	ids = ARENA_ARRAY(c->arena, struct text, n);
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->m[i]->n_names; k++) {
			rows[at] = (int32_t)i + 1;
			ids[at++] = c->m[i]->names[k];
		}
	}
	db_add_i32_array(c->params, rows, n);
	db_add_text_array(c->params, ids, n);
}

static struct text hex(struct arena *arena, struct text raw)
{
	static const char digits[] = "0123456789abcdef";
	char *out = arena_alloc(arena, raw.len * 2 + 1);

	for (size_t i = 0; i < raw.len; i++) {
		out[i * 2] = digits[(unsigned char)raw.at[i] >> 4];
		out[i * 2 + 1] = digits[(unsigned char)raw.at[i] & 15];
	}
	return (struct text){ out, raw.len * 2 };
}

static void add_bad(struct columns *c, const struct quarantined *bad, size_t n)
{
	struct text *ids = ARENA_ARRAY(c->arena, struct text, n);
	struct text *reasons = ARENA_ARRAY(c->arena, struct text, n);
	struct text *raws = ARENA_ARRAY(c->arena, struct text, n);

	for (size_t i = 0; i < n; i++) {
		struct text raw = bad[i].raw;

		if (raw.len > LIMIT_RAW_BYTES) {
			raw.len = LIMIT_RAW_BYTES;
		}
		ids[i] = or_null(text_clean(c->arena, bad[i].external_id, NULL));
		reasons[i] = text_clean(c->arena, text_of(bad[i].reason), NULL);
		raws[i] = hex(c->arena, raw);
	}
	db_add_text_array(c->params, ids, n);
	db_add_text_array(c->params, reasons, n);
	db_add_text_array(c->params, raws, n);
}

int64_t page_source_id(const struct account *a)
{
	switch (a->job.op) {
	case OP_THREAD: return a->threads_id;
	case OP_RECHECK: return a->rechecks_id;
	default: return a->job.feed != NULL ? a->job.feed->source_id : 0;
	}
}

static struct text walk_name(const struct account *a)
{
	switch (a->job.op) {
	case OP_POLL: return TEXT("poll");
	case OP_SWEEP: return a->job.is_refill ? TEXT("refill") : TEXT("sweep");
	case OP_THREAD: return TEXT("thread");
	default: return TEXT("recheck");
	}
}

static struct db_params *params_of(struct account *a, const struct outcome *o, struct arena *arena,
				   struct text walk)
{
	struct columns c = { .params = db_params_create(), .arena = arena };
	struct db_params *p = c.params;

	c.m = ARENA_ARRAY(arena, const struct message *, o->n_messages);
	c.n = choose(a, o, c.m);
	remember(a, o);
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, page_source_id(a));
	db_add_i64(p, a->epoch);
	db_add_text(p, walk);
	db_add_i64(p, a->job.feed != NULL ? a->job.feed->seq : 0);
	db_add_text(p, not_null(o->state));
	db_add_bool(p, !o->is_more);
	db_add_wall(p, a->job.asked_at);
	add_messages(a, &c);
	add_names(&c);
	db_add_text_array(p, o->gone, is_gone_believed(a) ? o->n_gone : 0);
	add_bad(&c, o->bad, o->n_bad);
	return p;
}

/* One source is heard again: the others need not wait for the end of their pause. */
static void recovered(struct account *a, struct mono now)
{
	for (size_t i = 0; i < a->n_feeds; i++) {
		struct feed *f = &a->feeds[i];

		if (f->n_failed > 0 && mono_before(now, f->poll_at)) {
			f->poll_at = now;
		}
	}
}

/* What the page said is in the database: move on. */
static void stored(struct account *a)
{
	struct feed *f = a->job.feed;
	struct mono now = loop_mono(a->listen->o.loop);

	switch (a->job.op) {
	case OP_POLL:
		if (f->n_failed > 0) {
			recovered(a, now);
		}
		f->n_failed = 0;
		f->n_pages = f->is_walking ? f->n_pages + 1 : 0;
		f->poll_at = f->is_walking && f->n_pages % LIMIT_WALK_PAGES != 0
				     ? now
				     : mono_add(now, a->conf->every);
		f->is_imported = f->is_imported || !f->is_walking;
		if (wall_is_set(a->job.next_at)) {
			struct mono at = mono_add(
				now, wall_since(loop_wall(a->listen->o.loop), a->job.next_at));

			f->poll_at = mono_before(f->poll_at, at) ? at : f->poll_at;
		}
		break;
	case OP_SWEEP:
		if (a->job.is_refill) {
			refill_stored(a);
			break;
		}
		f->n_sweep_failed = 0;
		f->sweep_at = f->is_sweeping ? now : mono_add(now, DUR_US(a->conf->every.us * 10));
		break;
	case OP_THREAD:
		if (a->thread_state == NULL) {
			background_thread_read(a);
		}
		break;
	default: break;
	}
	account_ready(a);
}

static void done_page(const struct db_result *r, void *owner)
{
	struct account *a = owner;
	struct text state = r->is_ok ? db_text(r, 0, 0) : TEXT_NONE;

	a->n_calls--;
	a->listen->n_storing--;
	if (a->phase == PHASE_STORING) {
		if (!r->is_ok) {
			log_warn("page_not_stored", "account", account_label(a), "why", r->err.text,
				 NULL);
			account_reload(a);
		} else if (text_eq(state, TEXT("stale"))) {
			account_lost(a, "another worker took it over");
		} else if (text_eq(state, TEXT("behind"))) {
			account_reload(a);
		} else {
			if (a->job.op == OP_POLL) {
				a->job.feed->seq = db_i64(r, 0, 6);
				a->job.feed->n_remembered = a->job.feed->n_sending;
			}
			if (db_i64(r, 0, 4) > 0) {
				log_warn("quarantined", "account", account_label(a), "elements",
					 log_num(db_i64(r, 0, 4)), NULL);
			}
			if (db_i64(r, 0, 1) > 0) {
				background_news(a);
			}
			if (db_i64(r, 0, 1) + db_i64(r, 0, 2) + db_i64(r, 0, 3) + db_i64(r, 0, 5) >
			    0) {
				news_add(a);
			}
			stored(a);
		}
	}
	listen_give_slot(a->listen);
}

/* The walks' states in memory move when the page is sent; if it is not stored, account_reload() fetches the old ones. */
static void move_walk(struct account *a, const struct outcome *o)
{
	struct feed *f = a->job.feed;

	switch (a->job.op) {
	case OP_POLL:
		set_string(&f->state, o->state);
		f->is_walking = o->is_more;
		break;
	case OP_SWEEP:
		if (a->job.is_refill) {
			refill_page(a, o);
			break;
		}
		set_string(&f->sweep_state, o->is_more ? o->state : TEXT_NONE);
		f->is_sweeping = o->is_more;
		break;
	case OP_THREAD:
		set_string(&a->thread_state, o->is_more && ++a->n_thread_pages < LIMIT_WALK_PAGES
						     ? o->state
						     : TEXT_NONE);
		break;
	case OP_RECHECK:
		a->has_rechecked = true;
		a->n_recheck_failed = 0;
		set_string(&a->recheck_state, o->is_more ? o->state : TEXT_NONE);
		if (!o->is_more) {
			a->recheck_done += background_recheck_batch(a);
		}
		break;
	default: break;
	}
}

static void learn(struct account *a, const struct outcome *o)
{
	struct db_params *p;

	if (text_is_empty(o->facts) && text_is_empty(o->missing)) {
		return;
	}
	if (!text_is_empty(o->facts)) {
		set_string(&a->facts, o->facts);
	}
	p = db_params_create();
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->epoch);
	db_add_text_or_null(p, o->facts);
	db_add_text_or_null(p, o->missing);
	if (!db_send(a->writer, "listen_facts", SQL_LISTEN_FACTS, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

void page_store(struct account *a, const struct outcome *o, struct arena *arena)
{
	bool is_worth = page_is_worth_storing(a, o);
	struct db_params *p = NULL;

	learn(a, o);
	reading_page(a, o);
	a->job.next_at = o->next_at;
	hearing_page(a, o);
	hearing_hole(a, o);
	a->phase = PHASE_STORING;
	if (is_worth) {
		p = params_of(a, o, arena, walk_name(a));
	}
	move_walk(a, o);
	if (!is_worth) {
		lease_heard(a, page_source_id(a),
			    a->job.op == OP_POLL ? a->job.asked_at : (struct wall){ 0 });
		stored(a);
		return;
	}
	a->listen->n_storing++;
	if (!account_send(a, a->writer, "ingest", SQL_INGEST, &p, done_page)) {
		a->listen->n_storing--;
		db_params_destroy(&p);
		account_reload(a);
	}
	db_pump(a->writer);
}

/* A whole answer that cannot be read: its bytes are kept before anybody says that it failed (PRODUCT, pain 2). */
void page_quarantine(struct account *a, const struct response *r, const struct err *why,
		     struct arena *arena)
{
	struct quarantined bad = { .raw = r->body };
	struct outcome o = { .bad = &bad, .n_bad = 1 };
	struct db_params *p;

	for (size_t i = 0; i + 1 < sizeof(bad.reason) && why->text[i] != '\0'; i++) {
		bad.reason[i] = why->text[i];
	}
	p = params_of(a, &o, arena, TEXT("recheck"));
	if (!db_send(a->writer, "ingest", SQL_INGEST, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}
