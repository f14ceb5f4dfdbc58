/* Sessions with platforms: renewed by one worker at a time, stored before they are used, taken over when a person has let us in
 * (store/rules/47_sessions.sql). A refresh token that a platform takes once is never sent twice, and an answer with a new
 * one is never thrown away. */
#include <assert.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/base/seal.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define CLAIM_SPARE                                                                                \
	DUR_S(20) /* a claim that is older sends nothing: it lasts a minute, a question half of that */
#define LOOK_AGAIN DUR_S(1)

/* ---- what is stored ---- */

struct text session_place(const struct account *a, struct arena *arena)
{
	return seal_place_of_session(arena, a->account_id, a->brand_id);
}

/* The session as the database has it. False: it is sealed with another token, or there is none. When we begin, a person has changed
 * the token since, and a new session is due; later, the person is ahead of us (`is_newer`): ours is left as it is. */
static bool take(struct account *a, struct text sealed, int64_t until_us, int64_t seq,
		 bool is_newer)
{
	struct arena *arena = arena_create(/* max_bytes= */ 4096);
	struct secret plain = { 0 };
	bool is_open =
		!text_is_empty(sealed) && secret_is_set(&a->conf->token) &&
		seal_open(secret_reveal(&a->conf->token), session_place(a, arena), sealed, &plain);

	if (!is_open && !is_newer && !text_is_empty(sealed) && a->warned_seq != seq) {
		a->warned_seq = seq;
		log_info("session_outdated", "account", account_label(a), NULL);
	}
	if (is_open || !is_newer) {
		secret_set(&a->session, secret_reveal(&plain));
		a->session_until = (struct wall){ is_open ? until_us : 0 };
		a->session_seq = seq;
	}
	secret_done(&plain);
	arena_destroy(&arena);
	return is_open;
}

void session_loaded(struct account *a, struct text sealed, int64_t until_us, int64_t seq)
{
	if (a->is_unkept || a->transfer != NULL) {
		return; /* ours is newer, or about to be */
	}
	if (seq != a->session_seq || !secret_is_set(&a->session)) {
		(void)take(a, sealed, until_us, seq, /* is_newer= */ false);
	}
}

void session_forget(struct account *a)
{
	secret_done(&a->session);
	a->session_until = (struct wall){ 0 };
	a->session_seq = a->session_claim = 0;
	a->has_ended = a->is_unkept = a->is_unsure = false;
	set_string(&a->refresh_state, TEXT_NONE);
}

/* ---- the right to renew it ---- */

static void try_again(struct account *a, struct dur in)
{
	a->refresh_at = mono_add(account_now(a), in);
	account_ready(a);
}

static void release(struct account *a, bool is_unsure)
{
	struct db_params *p;

	set_string(&a->refresh_state, TEXT_NONE);
	if (a->session_claim == 0) {
		return;
	}
	p = db_params_create();
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->session_claim);
	db_add_bool(p, is_unsure);
	a->session_claim = 0;
	if (!db_send(a->writer, "listen_session_release", SQL_LISTEN_SESSION_RELEASE, &p, NULL,
		     NULL)) {
		db_params_destroy(&p); /* it ends by itself, in a minute */
	}
}

static void claimed(struct account *a, const struct db_result *r)
{
	a->session_claim = db_i64(r, 0, 1);
	a->claimed_at = loop_mono_now(a->listen->o.loop);
	a->is_unsure = a->is_unsure || db_bool(r, 0, 6);
	if (db_i64(r, 0, 5) != a->session_seq || !secret_is_set(&a->session)) {
		(void)take(a, db_text(r, 0, 3), db_i64(r, 0, 4), db_i64(r, 0, 5),
			   /* is_newer= */ false);
	}
	a->refresh_at = account_now(a);
	account_ready(a);
}

/* Renewed by another worker; or a person has let us in, with a token that we have not read yet: that session is not ours to spoil. */
static void take_newer(struct account *a, const struct db_result *r)
{
	struct err err;

	if (take(a, db_text(r, 0, 3), db_i64(r, 0, 4), db_i64(r, 0, 5), /* is_newer= */ true)) {
		a->has_ended = false;
		try_again(a, DUR_US(0));
		return;
	}
	(void)err_set(&err, ERR_AUTH,
		      "somebody let us in with another `token` than this worker has read: reload "
		      "answerd");
	account_failed(a, &err, NULL);
}

static void done_claim(const struct db_result *r, void *owner)
{
	struct account *a = owner;
	struct text what = r->is_ok ? db_text(r, 0, 0) : TEXT_NONE;

	a->n_calls--;
	if (a->phase != PHASE_STORING) {
		if (text_eq(what, TEXT("yours"))) {
			a->session_claim = db_i64(r, 0, 1);
			release(a, /* is_unsure= */ false);
		}
		return;
	}
	if (text_eq(what, TEXT("yours"))) {
		claimed(a, r);
	} else if (text_eq(what, TEXT("stale"))) {
		account_lost(a, "another worker took it over");
	} else if (text_eq(what, TEXT("newer"))) {
		take_newer(a, r);
	} else {
		try_again(a, LOOK_AGAIN); /* somebody is at it, or the database is away */
	}
}

bool session_may_refresh(struct account *a)
{
	struct mono now = loop_mono_now(a->listen->o.loop);
	struct db_params *p;

	if (a->session_claim != 0 && !dur_more(mono_since(a->claimed_at, now), CLAIM_SPARE)) {
		return true;
	}
	release(a, /* is_unsure= */ false);
	p = db_params_create();
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->epoch);
	db_add_i64(p, a->session_seq);
	a->phase = PHASE_STORING;
	if (!account_send(a, a->writer, "listen_session_claim", SQL_LISTEN_SESSION_CLAIM, &p,
			  done_claim)) {
		db_params_destroy(&p);
		try_again(a, LOOK_AGAIN);
	}
	return false;
}

/* ---- what came of it ---- */

static void done_keep(const struct db_result *r, void *owner)
{
	struct account *a = owner;

	a->n_calls--;
	a->listen->n_storing--;
	a->is_keeping = false;
	if (r->is_ok) {
		a->is_unkept = false;
		a->session_claim = 0;
		if (db_is_null(r, 0, 0)) { /* somebody let us in meanwhile: theirs is read again */
			session_forget(a);
		} else {
			a->session_seq = db_i64(r, 0, 0);
		}
	}
	if (a->phase == PHASE_STORING) {
		a->phase = PHASE_READY;
	}
	if (r->is_ok) {
		account_step(a);
	} else {
		loop_arm(a->listen->o.loop, &a->timer, LOOK_AGAIN);
	}
	listen_give_slot(a->listen);
}

/* The pair before it is worth nothing any more: nothing else is done before this is on the disk. */
void session_keep(struct account *a)
{
	struct arena *arena;
	struct db_params *p;

	if (a->is_keeping) {
		return;
	}
	arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	p = db_params_create();
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->session_seq);
	db_add_text(p, seal_close(arena, secret_reveal(&a->conf->token), session_place(a, arena),
				  secret_reveal(&a->session)));
	db_add_wall(p, a->session_until);
	db_add_wall(p, a->session_token_until);
	if (a->phase == PHASE_READY || a->phase == PHASE_ASKING) {
		a->phase = PHASE_STORING;
	}
	a->is_keeping = true;
	a->listen->n_storing++;
	if (!account_send(a, a->writer, "listen_session_store", SQL_LISTEN_SESSION_STORE, &p,
			  done_keep)) {
		db_params_destroy(&p);
		a->is_keeping = false;
		a->listen->n_storing--;
		a->phase = a->phase == PHASE_STORING ? PHASE_READY : a->phase;
		loop_arm(a->listen->o.loop, &a->timer, LOOK_AGAIN);
	}
	arena_destroy(&arena);
}

void session_renewed(struct account *a, const struct outcome *o)
{
	if (o->is_more) { /* another way of making one: under the same claim */
		set_string(&a->refresh_state, o->state);
		account_ready(a);
		return;
	}
	set_string(&a->refresh_state, TEXT_NONE);
	secret_set(&a->session, o->session);
	a->session_until = o->session_until;
	a->session_token_until = o->token_until;
	a->refreshed_at = loop_mono(a->listen->o.loop);
	a->n_refresh_failed = 0;
	a->has_ended = a->is_unsure = false;
	/* Where who we are must still be asked, its answer says that we listen again. */
	if (a->is_failing && !a->must_identify) {
		account_set_state(a, "listening", NULL);
		a->is_failing = false;
	}
	a->is_unkept = true;
	session_keep(a);
}

/* Refused after an answer was lost: what we hold was used up, and what came for it is gone. */
void session_not_renewed(struct account *a, const struct err *why, bool is_answered,
			 struct err *ret)
{
	bool is_certain = why->kind == ERR_AUTH || why->kind == ERR_LIMITED ||
			  why->kind == ERR_CONFIG || (why->kind == ERR_RETRY && !is_answered);

	*ret = *why;
	if (why->kind == ERR_AUTH && a->is_unsure) {
		(void)err_set(ret, ERR_AUTH,
			      "its answer was lost when the session was renewed (a crash or a cut "
			      "line), and the platform refuses the old one now");
	}
	a->is_unsure = a->is_unsure || !is_certain;
	release(a, !is_certain);
}

const char *session_explain(const struct account *a, const struct err *why, struct arena *arena)
{
	/* Some say themselves what is to be done. */
	if (a->conf->connector->authorize == NULL ||
	    text_find(text_of(why->text), TEXT("answerd"), 0) != SIZE_MAX) {
		return why->text;
	}
	return text_cstr(arena, text_printf(arena, "%s. Let us in: answerd connect %.*s", why->text,
					    TEXT_ARG(a->conf->name)));
}

/* ---- a person has let us in ---- */

static void changed_row(struct listen *l, const struct db_result *r, int row)
{
	for (size_t i = 0; i < l->n_accounts; i++) {
		struct account *a = l->accounts[i];

		if (a->account_id != db_i64(r, row, 0) || db_i64(r, row, 3) <= a->session_seq ||
		    a->session_claim != 0 || a->is_unkept || a->transfer != NULL ||
		    a->phase == PHASE_AWAY || a->phase == PHASE_LOADING) {
			continue; /* busy: with the next beat */
		}
		if (!take(a, db_text(r, row, 1), db_i64(r, row, 2), db_i64(r, row, 3),
			  /* is_newer= */ true)) {
			if (a->warned_seq != db_i64(r, row, 3)) {
				log_warn("session_sealed_otherwise", "account", account_label(a),
					 NULL);
			}
			a->warned_seq = db_i64(r, row, 3);
			continue;
		}
		log_info("session_taken", "account", account_label(a), NULL);
		account_enter_anew(a);
		account_step(a);
	}
}

static void done_look(const struct db_result *r, void *owner)
{
	struct listen *l = owner;

	l->is_looking_at_sessions = false;
	for (int row = 0; r->is_ok && row < r->n_rows && !l->is_stopping; row++) {
		changed_row(l, r, row);
	}
}

void sessions_look(struct listen *l)
{
	struct arena *arena = arena_create(64u * 1024 * 1024);
	int32_t *brands = ARENA_ARRAY(arena, int32_t, l->n_accounts);
	int32_t *accounts = ARENA_ARRAY(arena, int32_t, l->n_accounts);
	int64_t *seqs = ARENA_ARRAY(arena, int64_t, l->n_accounts);
	struct db_params *p;
	size_t n = 0;

	for (size_t i = 0; i < l->n_accounts; i++) {
		struct account *a = l->accounts[i];

		if (a->phase != PHASE_AWAY && a->conf->connector->authorize != NULL) {
			brands[n] = (int32_t)a->brand_id;
			accounts[n] = (int32_t)a->account_id;
			seqs[n++] = a->session_seq;
		}
	}
	if (n > 0 && !l->is_looking_at_sessions) {
		p = db_params_create();
		db_add_i32_array(p, brands, n);
		db_add_i32_array(p, accounts, n);
		db_add_i64_array(p, seqs, n);
		l->is_looking_at_sessions = db_send(l->keeper, "listen_sessions",
						    SQL_LISTEN_SESSIONS, &p, done_look, l);
		if (!l->is_looking_at_sessions) {
			db_params_destroy(&p);
		}
	}
	arena_destroy(&arena);
}
