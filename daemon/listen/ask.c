/* One question of one account: the connector makes a request of it, io/http performs it, the connector digests the answer. */
#include "answerd/limits.h"
#include "answerd/log.h"
#include "answerd/page.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

static struct connector_ctx context(struct account *a, struct arena *arena)
{
	return (struct connector_ctx){
		.arena = arena,
		.now = loop_wall(a->listen->o.loop),
		.server = a->conf->server,
		.token = secret_reveal(&a->conf->token),
		.session = secret_reveal(&a->session),
		.facts = text_of(a->facts),
		.own_id = text_of(a->own_id),
		.own_handle = text_of(a->own_handle),
		.options = a->conf->options,
		.n_options = a->conf->n_options,
		.description = a->conf->connector->description,
	};
}

static void fill_recheck(struct account *a, struct arena *arena, struct question *q)
{
	size_t batch = background_recheck_batch(a);
	size_t left = a->n_rechecks - a->recheck_done;

	q->n_subjects = left < batch ? left : batch;
	q->subjects = ARENA_ARRAY(arena, struct text, q->n_subjects);
	for (size_t i = 0; i < q->n_subjects; i++) {
		q->subjects[i] = text_of(a->rechecks[a->recheck_done + i]);
	}
	q->state = text_of(a->recheck_state);
}

/* ---- how much at once ---- */

#define SMALL_BYTES    (LIMIT_BODY_BYTES / 3)
#define SMALL_IN_A_ROW 4

static struct portion *portion_of(struct account *a)
{
	switch (a->job.op) {
	case OP_POLL:
	case OP_SWEEP: return &a->job.feed->portion;
	case OP_THREAD: return &a->thread_portion;
	case OP_RECHECK: return &a->recheck_portion;
	default: return NULL;
	}
}

static int portion_most(const struct account *a)
{
	const struct connector_can *can = &a->conf->connector->can;

	return a->job.op == OP_RECHECK ? can->recheck_batch : can->page_most;
}

/* How many elements are asked for now; 0: that is not ours to say. */
static int portion_now(struct account *a)
{
	const struct portion *p = portion_of(a);

	if (p == NULL) {
		return 0;
	}
	return p->limit > 0 ? p->limit : portion_most(a);
}

/* The answer was larger than we read: the same again, but half of it. False: there is no less. */
static bool portion_halve(struct account *a)
{
	struct portion *p = portion_of(a);
	int now = portion_now(a);

	if (now <= 1) {
		return false;
	}
	*p = (struct portion){ .limit = now / 2 };
	log_info("asking_for_less", "account", account_label(a), "op", op_name(a->job.op), "source",
		 a->job.feed != NULL ? a->job.feed->name.at : "", "elements", log_num(p->limit),
		 NULL);
	return true;
}

/* Back to more, slowly, and only where twice as much would fit. */
static void portion_grow(struct account *a, const struct response *r, const struct outcome *o)
{
	struct portion *p = portion_of(a);

	if (p == NULL || p->limit == 0 || a->job.op == OP_THREAD ||
	    (a->job.op == OP_RECHECK && o->is_more)) {
		return;
	}
	p->n_small = !r->is_cut && r->body.len < SMALL_BYTES ? p->n_small + 1 : 0;
	if (p->n_small >= SMALL_IN_A_ROW) {
		p->limit = p->limit * 2 < portion_most(a) ? p->limit * 2 : 0;
		p->n_small = 0;
	}
}

static struct question question(struct account *a, struct arena *arena)
{
	struct question q = { .op = a->job.op };
	struct feed *f = a->job.feed;

	switch (a->job.op) {
	case OP_POLL:
		q.source = f->name;
		q.state = text_of(f->state);
		q.since = wall_add(a->job.asked_at, DUR_US(-a->conf->history.us));
		q.page_limit = f->portion.limit;
		break;
	case OP_SWEEP:
		q.source = f->name;
		q.state = text_of(a->job.is_refill ? a->refill.state : f->sweep_state);
		q.since = a->job.is_refill ? a->refill.from : f->sweep_since;
		q.is_gap = a->job.is_refill;
		q.page_limit = f->portion.limit;
		break;
	case OP_THREAD:
		q.subjects = ARENA_ARRAY(arena, struct text, 1);
		q.subjects[0] = text_of(a->threads[a->thread_now].subject);
		q.n_subjects = 1;
		q.state = text_of(a->thread_state);
		q.page_limit = a->thread_portion.limit;
		break;
	case OP_RECHECK: fill_recheck(a, arena, &q); break;
	case OP_IDENTIFY: q.state = text_of(a->identify_state); break;
	case OP_REFRESH: q.state = text_of(a->refresh_state); break;
	case OP_REPLY:
	case OP_LOOKUP:
	case OP_FILE:
	case OP_CONNECT:
	case OP_COUNT: not_reached("listen asks no replies, and lets nobody in");
	}
	return q;
}

static void done_identified(const struct db_result *r, void *owner)
{
	struct account *a = owner;
	struct text said = r->is_ok ? db_text(r, 0, 0) : TEXT_NONE;

	a->n_calls--;
	if (a->phase != PHASE_STORING) {
		return;
	}
	if (!r->is_ok) {
		a->must_identify = true;
		a->identify_at = mono_add(loop_mono(a->listen->o.loop), DUR_S(1));
	} else if (text_eq(said, TEXT("stale"))) {
		account_lost(a, "another worker took it over");
		return;
	} else if (text_eq(said, TEXT("other"))) {
		struct err e;

		(void)err_set(&e, ERR_AUTH,
			      "the credential belongs to another user of the platform than this "
			      "account's messages; give "
			      "this user an account of its own name in the configuration, or "
			      "restore the old credential");
		account_failed(a, &e, NULL);
		return;
	}
	account_ready(a);
}

/* A source that this account may not read, although the account itself is let in. */
static void done_identify(struct account *a, const struct outcome *o)
{
	struct db_params *p;

	set_string(&a->identify_state, o->is_more ? o->state : TEXT_NONE);
	if (!text_is_empty(o->facts)) {
		set_string(&a->facts, o->facts);
	}
	if (!text_is_empty(o->own_id)) {
		account_set_own_id(a, o->own_id);
		set_string(&a->own_handle, o->own_handle);
	}
	if (o->is_more) {
		account_ready(a);
		return;
	}
	if (a->is_refused) {
		log_info("account_let_in", "account", account_label(a), NULL);
	}
	a->must_identify = a->is_refused = a->must_confirm = a->is_failing = false;
	hearing_token(a, o->token_until);
	a->phase = PHASE_STORING;
	p = db_params_create();
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->epoch);
	db_add_text_or_null(p, text_of(a->own_id));
	db_add_text_or_null(p, text_of(a->own_handle));
	db_add_text_or_null(p, o->own_name);
	db_add_text_or_null(p, text_of(a->facts));
	db_add_text_or_null(p, o->missing);
	if (!account_send(a, a->writer, "listen_identified", SQL_LISTEN_IDENTIFIED, &p,
			  done_identified)) {
		db_params_destroy(&p);
		a->must_identify = true;
		account_ready(a);
	}
}

/* One thread or one message that does not fit: told, and left behind. */
static void pass_over(const struct question *q, struct outcome *o, struct arena *arena)
{
	struct rate rate = o->rate;
	struct text id = q->n_subjects > 0 ? q->subjects[0] : TEXT_NONE;

	*o = (struct outcome){ .rate = rate };
	outcome_add_bad(
		arena, o, text_printf(arena, "%s %.*s", op_name(q->op), TEXT_ARG(id)), id,
		q->op == OP_THREAD
			? "a thread over 2 MiB, which is not read: see it on the platform"
			: "a message over 2 MiB, which is not read: see it on the platform");
}

static void answered(struct account *a, const struct response *r, struct arena *arena)
{
	struct connector_ctx ctx = context(a, arena);
	struct question q = question(a, arena);
	struct outcome o = { 0 };
	struct err err = { 0 };
	bool is_good;

	if (r->is_cut && r->status >= 200 && r->status < 300 && portion_halve(a)) {
		account_confirmed(a);
		account_ready(a);
		return;
	}
	is_good = a->conf->connector->digest(&ctx, &q, r, &o, &err);
	if (!is_good && r->is_cut && err.kind == ERR_DATA &&
	    (q.op == OP_THREAD || q.op == OP_RECHECK)) {
		pass_over(&q, &o, arena);
		is_good = true;
	}
	budget_told(&a->budget, &o.rate);
	if (!is_good) {
		if (err.kind == ERR_DATA && (a->job.op == OP_POLL || a->job.op == OP_SWEEP) &&
		    a->job.feed->n_failed == 0) {
			page_quarantine(a, r, &err, arena);
		}
		account_failed(a, &err, &o);
		return;
	}
	account_confirmed(a);
	portion_grow(a, r, &o);
	if (a->job.op == OP_REFRESH) {
		session_renewed(a, &o);
		return;
	}
	if (a->job.op == OP_IDENTIFY) {
		done_identify(a, &o);
		return;
	}
	page_store(a, &o, arena);
}

/* The account went away while a session was being made: the answer is kept all the same, or nobody could ever go on with it. */
static void answered_late(struct account *a, const struct response *r, const struct err *err)
{
	struct arena *arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct connector_ctx ctx = context(a, arena);
	struct question q = { .op = OP_REFRESH, .state = text_of(a->refresh_state) };
	struct outcome o = { 0 };
	struct err why = { 0 }, told;

	if (r == NULL) {
		session_not_renewed(a, err, /* is_answered= */ false, &told);
	} else if (!a->conf->connector->digest(&ctx, &q, r, &o, &why)) {
		session_not_renewed(a, &why, /* is_answered= */ true, &told);
	} else if (text_is_empty(o.session)) { /* another way is asked next time */
		session_not_renewed(a, &(struct err){ .kind = ERR_AUTH }, true, &told);
	} else {
		session_renewed(a, &o);
	}
	arena_destroy(&arena);
	a->listen->n_storing -= a->listen->is_stopping;
	listen_give_slot(a->listen);
	account_step(a);
}

static void on_answer(const struct response *r, const struct err *err, void *owner)
{
	struct account *a = owner;
	struct arena *arena;

	a->transfer = NULL;
	if (a->phase != PHASE_ASKING || a->listen->is_stopping) {
		answered_late(a, r, err);
		return;
	}
	listen_give_slot(a->listen);
	if (r == NULL) {
		account_failed(a, err, NULL);
		return;
	}
	hearing_clock(a, r);
	arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	answered(a, r, arena);
	arena_destroy(&arena);
}

void ask_answer_unasked(struct account *a)
{
	struct response nothing = { .status = 204, .received_at = loop_wall(a->listen->o.loop) };
	struct arena *arena = arena_create(LIMIT_PAGE_ARENA_BYTES);

	a->job.is_unasked = false;
	answered(a, &nothing, arena);
	arena_destroy(&arena);
}

void ask_start(struct account *a)
{
	struct arena *arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct connector_ctx ctx = context(a, arena);
	struct question q = question(a, arena);
	struct request request = { 0 };
	struct http_terms terms = a->terms;
	struct err err = { 0 };

	a->phase = PHASE_ASKING;
	if (!a->conf->connector->ask(&ctx, &q, &request, &err)) {
		listen_give_slot(a->listen);
		account_failed(a, &err, NULL);
	} else if (text_is_empty(request.url)) {
		/* Nothing to be asked: answered in the next turn, as everything else is not in this call. */
		listen_give_slot(a->listen);
		a->job.is_unasked = true;
		loop_arm(a->listen->o.loop, &a->timer, DUR_US(0));
	} else {
		budget_asked(&a->budget, &a->conf->connector->can, account_now(a));
		terms.read_cut = portion_now(a) <= 1;
		if (a->job.op == OP_REFRESH) {
			request.once = true;
			terms.keep_cut = false;
			terms.timeout = REFRESH_TIMEOUT;
		}
		a->transfer = http_start(a->listen->http, &request, &terms, on_answer, a);
	}
	arena_destroy(&arena);
}

void ask_cancel(struct account *a)
{
	if (a->transfer != NULL && a->job.op != OP_REFRESH) {
		http_cancel(&a->transfer);
		listen_give_slot(a->listen);
	}
}
