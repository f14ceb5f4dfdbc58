/* Signing in, proving it once more, and a new password. One way for all: may it be tried now → the password in the helper → the second
 * factor → one statement that uses up what was shown and makes the session.
 *
 *   begin ──throttled──▶ 429
 *     └─▶ password ──wrong──▶ counted, audited, 401
 *             └─▶ code ──missing──▶ 401, needs "totp"      ──wrong──▶ counted, audited, 401
 *                   └─▶ done ──used before──▶ counted, audited, 401
 *                         └─▶ the session, with its new key */
#include <stdlib.h>

#include "answerd/log.h"
#include "answerd/secret.h"
#include "daemon/desk/inside.h"
#include "daemon/desk/password.h"
#include "store_sql.h"

enum proof_kind { PROOF_SIGN_IN, PROOF_AGAIN, PROOF_LINK, PROOF_PASSWORD };

struct proof {
	struct work *w;
	enum proof_kind kind;
	struct text login, code;
	struct secret password, fresh; /* fresh: the one that is to be set */
	char link[KEY_HASH_BYTES];
	int64_t try_id, staff, now_us;
	bool is_known; /* somebody with a password, or a link */
	struct text hash, totp;
	int64_t step;                  /* 0: no code, or a recovery code */
	char recovery[KEY_HASH_BYTES]; /* empty: none */
	char key[KEY_BYTES], key_hashed[KEY_HASH_BYTES];
};

static void proof_free(struct proof *p)
{
	secret_done(&p->password);
	secret_done(&p->fresh);
	secret_wipe(p, sizeof(*p));
	free(p);
}

/* ---- its ends ---- */

static void end_refused(struct proof *p, int status, const char *code, struct text detail)
{
	desk_work_refuse_as(p->w, status, code, detail);
	proof_free(p);
}

static void end_failed(struct proof *p, const struct db_result *r, const char *name)
{
	desk_work_fail(p->w, name, r);
	proof_free(p);
}

static void end_needs_code(struct proof *p, const char *detail)
{
	httpd_problem_needs(p->w->r, 401, text_of(detail), "totp");
	desk_work_gone(p->w);
	proof_free(p);
}

static bool send_statement(struct proof *p, const char *name, const char *sql,
			   struct db_params **params, db_done *done)
{
	if (!desk_work_db(p->w, LINE_ACT, name, sql, params, done, p)) {
		proof_free(p);
		return false;
	}
	return true;
}

/* It was no try: nobody could judge it, or only the code is missing. */
static void forget_try(struct proof *p)
{
	struct db_params *params;

	if (p->try_id == 0) {
		return;
	}
	params = db_params_create();
	db_add_i64(params, p->try_id);
	if (!db_send(desk_line(p->w->desk, LINE_ACT), "desk_sign_in_void", SQL_DESK_SIGN_IN_VOID,
		     &params, NULL, NULL)) {
		db_params_destroy(&params); /* then it counts, for a quarter of an hour */
	}
}

static void end_busy(struct proof *p)
{
	forget_try(p);
	end_refused(p, 503, "busy", TEXT("Too many sign in at once. Try it again."));
}

static void done_wrong_password(const struct db_result *r, void *owner)
{
	struct proof *p = owner;

	if (!r->is_ok) {
		end_failed(p, r, "desk_sign_in_failed");
	} else {
		end_refused(p, 401, p->kind == PROOF_SIGN_IN ? "sign_in_wrong" : "password_wrong",
			    p->kind == PROOF_SIGN_IN
				    ? TEXT("That login and that password do not belong together.")
				    : TEXT("That is not your password."));
	}
}

static void done_wrong_code(const struct db_result *r, void *owner)
{
	struct proof *p = owner;

	if (!r->is_ok) {
		end_failed(p, r, "desk_sign_in_failed");
	} else {
		end_needs_code(p, "That code is not right, or was used before.");
	}
}

/* The try stays counted; what was wrong stands in the log and the audit log. */
static void wrong(struct proof *p, const char *what)
{
	struct db_params *params = db_params_create();
	bool is_code = strcmp(what, "code") == 0;

	log_warn("sign_in_failed", "staff", log_num(p->staff), "what", what, NULL);
	db_add_i64(params, p->try_id);
	db_add_i64_or_null(params, p->staff);
	db_add_text(params, caller_address(p->w));
	db_add_text(params, text_of(what));
	(void)send_statement(p, "desk_sign_in_failed", SQL_DESK_SIGN_IN_FAILED, &params,
			     is_code ? done_wrong_code : done_wrong_password);
}

/* ---- the statement that makes the session ---- */

static void done_session(const struct db_result *r, void *owner)
{
	struct proof *p = owner;

	if (!r->is_ok) {
		end_failed(p, r, p->w->route->name);
		return;
	}
	if (db_is_null(r, 0, 0)) {
		/* Changed between two statements, or a code that was used before. */
		if (p->kind == PROOF_LINK) {
			end_refused(p, 401, "link_used",
				    TEXT("That link was used, or is older than 24 hours."));
		} else if (p->kind == PROOF_PASSWORD) {
			end_refused(p, 401, "session_over",
				    TEXT("Your session is over. Sign in again."));
		} else {
			wrong(p, text_is_empty(p->totp) ? "password" : "code");
		}
		return;
	}
	log_info(p->kind == PROOF_PASSWORD ? "password_changed" : "signed_in", "staff",
		 log_num(p->staff), NULL);
	session_answer(p->w, db_text(r, 0, 0), p->key);
	proof_free(p);
}

static void add_code(struct proof *p, struct db_params *params)
{
	db_add_i64_or_null(params, p->step);
	db_add_text_or_null(params, text_of(p->recovery));
}

static void make_session(struct proof *p)
{
	struct db_params *params = db_params_create();

	key_make(p->key);
	key_hash(text_of(p->key), p->key_hashed);
	if (p->kind == PROOF_LINK) {
		db_add_text(params, text_of(p->link));
		add_code(p, params);
		db_add_text(params, text_of(p->key_hashed));
		db_add_i64(params, p->try_id);
		db_add_text(params, caller_address(p->w));
		db_add_text(params, caller_must_totp(p->w));
		(void)send_statement(p, "desk_link_done", SQL_DESK_LINK_DONE, &params,
				     done_session);
		return;
	}
	db_add_i64(params, p->try_id);
	db_add_i64(params, p->staff);
	db_add_text(params, p->hash);
	add_code(p, params);
	db_add_text(params, text_of(p->key_hashed));
	db_add_text_or_null(params,
			    p->kind == PROOF_AGAIN ? text_of(p->w->caller.hash) : TEXT_NONE);
	db_add_text(params, caller_address(p->w));
	db_add_text(params, caller_must_totp(p->w));
	(void)send_statement(p, "desk_sign_in_done", SQL_DESK_SIGN_IN_DONE, &params, done_session);
}

/* ---- a new password ---- */

static void done_hashed(enum password_said said, struct text hash, void *owner)
{
	struct proof *p = owner;
	struct db_params *params;

	if (said == PASSWORD_BUSY) {
		end_busy(p);
		return;
	}
	params = db_params_create();
	key_make(p->key);
	key_hash(text_of(p->key), p->key_hashed);
	db_add_i64(params, p->w->actor);
	db_add_text(params, hash);
	db_add_text(params, text_of(p->w->caller.hash));
	db_add_text(params, text_of(p->key_hashed));
	db_add_i64(params, p->try_id);
	db_add_text(params, caller_address(p->w));
	db_add_text(params, caller_must_totp(p->w));
	(void)send_statement(p, "desk_password_set", SQL_DESK_PASSWORD_SET, &params, done_session);
}

static void hash_fresh(struct proof *p)
{
	if (!password_hash(desk_work_passwords(p->w), secret_reveal(&p->fresh), done_hashed, p)) {
		end_busy(p);
	}
}

/* ---- the second factor ---- */

static void judge_code(struct proof *p)
{
	if (p->kind == PROOF_PASSWORD) {
		hash_fresh(p);
	} else if (text_is_empty(p->totp)) {
		make_session(p);
	} else if (text_is_empty(p->code)) {
		forget_try(p);
		end_needs_code(p, "The code of your second factor is needed too.");
	} else if (!code_find(p->totp, p->code, (struct wall){ p->now_us }, &p->step,
			      p->recovery)) {
		wrong(p, "code");
	} else {
		make_session(p);
	}
}

/* ---- the password ---- */

static void done_verified(enum password_said said, struct text hash, void *owner)
{
	struct proof *p = owner;

	(void)hash;
	if (said == PASSWORD_BUSY) {
		end_busy(p);
	} else if (said == PASSWORD_WRONG || !p->is_known) {
		wrong(p, "password");
	} else {
		judge_code(p);
	}
}

static void throttle(struct proof *p, int64_t wait_s)
{
	log_warn("sign_in_throttled", "staff", log_num(p->staff), "wait_s", log_num(wait_s), NULL);
	httpd_problem_text(p->w->r, 429,
			   TEXT("Too many failed tries. Wait a few minutes; a colleague who is an "
				"admin can make a sign-in link too."),
			   (int)wait_s, NULL);
	desk_work_gone(p->w);
	proof_free(p);
}

static void done_begin(const struct db_result *r, void *owner)
{
	struct proof *p = owner;
	struct arena *a = httpd_arena(p->w->r);
	int64_t wait_s;

	if (!r->is_ok) {
		end_failed(p, r, "desk_sign_in_begin");
		return;
	}
	wait_s = db_i64(r, 0, 0);
	p->try_id = db_i64(r, 0, 1);
	p->staff = db_i64(r, 0, 2);
	p->hash = text_dup(a, db_text(r, 0, 3));
	p->totp = text_dup(a, db_text(r, 0, 4));
	p->now_us = db_i64(r, 0, 5);
	p->is_known = p->staff != 0 && !text_is_empty(p->hash);
	if (wait_s > 0) {
		throttle(p, wait_s);
	} else if (p->kind == PROOF_LINK) {
		judge_code(p);
	} else if (!password_verify(desk_work_passwords(p->w), secret_reveal(&p->password), p->hash,
				    done_verified, p)) {
		end_busy(p);
	}
}

static void begin(struct proof *p)
{
	struct db_params *params = db_params_create();

	db_add_text(params, p->login);
	db_add_text(params, caller_address(p->w));
	(void)send_statement(p, "desk_sign_in_begin", SQL_DESK_SIGN_IN_BEGIN, &params, done_begin);
}

/* ---- what comes in ---- */

struct given {
	struct text login, password, current, code, token;
};

static bool read_body(struct work *w, struct given *ret)
{
	struct arena *a = httpd_arena(w->r);
	struct jx_doc *doc;
	struct jx body;

	if (!desk_work_body_open(w, &body, &doc)) {
		return false;
	}
	*ret = (struct given){ .login = jx_text_or(a, body, "login", TEXT_NONE),
			       .password = jx_text_or(a, body, "password", TEXT_NONE),
			       .current = jx_text_or(a, body, "current", TEXT_NONE),
			       .code = text_trim(jx_text_or(a, body, "totp", TEXT_NONE)),
			       .token = jx_text_or(a, body, "token", TEXT_NONE) };
	desk_work_body_close(w, &doc);
	return true;
}

static struct proof *proof_create(struct work *w, enum proof_kind kind, const struct given *g)
{
	struct proof *p = xcalloc(1, sizeof(*p));

	p->w = w;
	p->kind = kind;
	p->login = kind == PROOF_SIGN_IN ? text_clip(g->login, 200) : w->caller.login;
	p->code = text_clip(g->code, 64);
	p->staff = w->actor;
	return p;
}

void sign_in_serve(struct work *w)
{
	struct given g = { 0 };
	struct proof *p;

	if (!read_body(w, &g)) {
		return;
	}
	if (text_is_empty(g.login) || text_is_empty(g.password)) {
		desk_work_refuse(w, 400, TEXT("Signing in takes a login and a password."));
		return;
	}
	p = proof_create(w, PROOF_SIGN_IN, &g);
	/* What cannot be a password is tried all the same: it takes as long and is counted. */
	(void)password_normalise(g.password, &p->password);
	begin(p);
}

void sign_in_again_serve(struct work *w)
{
	struct given g = { 0 };
	struct proof *p;

	if (!desk_work_has_key(w) || !read_body(w, &g)) {
		return;
	}
	if (text_is_empty(g.password)) {
		desk_work_refuse(w, 400, TEXT("Your password is needed."));
		return;
	}
	p = proof_create(w, PROOF_AGAIN, &g);
	(void)password_normalise(g.password, &p->password);
	begin(p);
}

void password_set_serve(struct work *w)
{
	struct given g = { 0 };
	struct err err = { 0 };
	struct proof *p;

	if (!desk_work_has_key(w) || !read_body(w, &g)) {
		return;
	}
	p = proof_create(w, PROOF_PASSWORD, &g);
	if (!password_normalise(g.password, &p->fresh)) {
		end_refused(p, 400, "password_form",
			    TEXT("A password has 12 to about a thousand characters, and no others "
				 "than letters, digits and signs."));
	} else if (!password_judge(secret_reveal(&p->fresh), w->caller.login, &err)) {
		end_refused(p, 400, "password_form",
			    text_dup(httpd_arena(w->r), text_of(err.text)));
	} else if (w->caller.must_set_password) {
		hash_fresh(p);
	} else if (text_is_empty(g.current)) {
		end_refused(p, 400, "password_needed",
			    TEXT("The password that you have now is needed: 'current'."));
	} else {
		(void)password_normalise(g.current, &p->password);
		begin(p);
	}
}

/* ---- a one-time link ---- */

static void done_link(const struct db_result *r, void *owner)
{
	struct proof *p = owner;
	struct arena *a = httpd_arena(p->w->r);

	if (!r->is_ok) {
		end_failed(p, r, "desk_link_begin");
	} else if (r->n_rows == 0) {
		log_warn("sign_in_failed", "staff", "0", "what", "link", NULL);
		end_refused(p, 401, "link_used",
			    TEXT("That link was used, or is older than 24 hours."));
	} else {
		p->staff = db_i64(r, 0, 0);
		p->login = text_dup(a, db_text(r, 0, 1));
		if (!db_bool(r, 0, 2)) {
			make_session(p);
		} else if (text_is_empty(p->code)) {
			end_needs_code(p, "The code of your second factor is needed too.");
		} else {
			begin(p);
		}
	}
}

void sign_in_link_serve(struct work *w)
{
	struct given g = { 0 };
	struct db_params *params;
	struct proof *p;

	if (!read_body(w, &g)) {
		return;
	}
	if (!key_is_formed(g.token)) {
		desk_work_refuse_as(w, 401, "link_used",
				    TEXT("That is no sign-in link of this desk."));
		return;
	}
	p = proof_create(w, PROOF_LINK, &g);
	key_hash(g.token, p->link);
	params = db_params_create();
	db_add_text(params, text_of(p->link));
	(void)send_statement(p, "desk_link_begin", SQL_DESK_LINK_BEGIN, &params, done_link);
}
