/* Signing in by a service: see oidc.h. */
#include "daemon/desk/oidc.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "answerd/secret.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "store_sql.h"

#define COOKIE        "__Host-sign-in"
#define COOKIE_FLAGS  "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"
#define LOOK_EVERY    DUR_S(1) /* NOTIFY comes first, when nothing is wrong */
#define PATIENCE      DUR_S(25)
#define ADDRESS_BYTES (16u * 1024)
#define CODE_BYTES    4096

struct oidc {
	struct desk *desk;
	struct list waits;
	ev_timer look;
};

/* Somebody is back, and the worker asks. */
struct wait {
	struct list in;
	struct oidc *oidc;
	struct work *w;
	struct text label, unknown; /* in the request's arena: the configuration may change */
	bool is_login, is_asking, must_ask;
	int64_t flow;
	struct mono since;
	char key[KEY_BYTES], key_hashed[KEY_HASH_BYTES], old[KEY_HASH_BYTES];
};

static const struct conf_oidc *service_named(const struct work *w, struct text name)
{
	const struct conf *c = desk_work_conf(w);

	for (size_t i = 0; i < c->n_oidc; i++) {
		if (text_eq(c->oidc[i].name, name)) {
			return &c->oidc[i];
		}
	}
	return NULL;
}

/* ---- which there are ---- */

void oidc_list_serve(struct work *w)
{
	const struct conf *c = desk_work_conf(w);
	scoped(strbuf_done) struct strbuf out = { 0 };

	strbuf_init(&out, 256u * 1024);
	strbuf_add_str(&out, "{\"items\": [");
	for (size_t i = 0; i < c->n_oidc; i++) {
		strbuf_add_str(&out, i > 0 ? ", {\"name\": " : "{\"name\": ");
		strbuf_add_json(&out, c->oidc[i].name);
		strbuf_add_str(&out, ", \"label\": ");
		strbuf_add_json(&out, c->oidc[i].label);
		strbuf_add_byte(&out, '}');
	}
	strbuf_add_str(&out, "], \"next\": null}");
	desk_work_answer(w, strbuf_text(&out));
}

/* ---- what comes in ---- */

struct given {
	struct text provider, place, state, code, iss, error;
	bool is_again;
};

static bool read_body(struct work *w, struct given *ret)
{
	struct arena *a = httpd_arena(w->r);
	struct jx_doc *doc;
	struct jx body;

	if (!desk_work_body_open(w, &body, &doc)) {
		return false;
	}
	*ret = (struct given){ .provider = jx_text_or(a, body, "provider", TEXT_NONE),
			       .place = jx_text_or(a, body, "place", TEXT_NONE),
			       .state = jx_text_or(a, body, "state", TEXT_NONE),
			       .code = jx_text_or(a, body, "code", TEXT_NONE),
			       .iss = jx_text_or(a, body, "iss", TEXT_NONE),
			       .error = jx_text_or(a, body, "error", TEXT_NONE),
			       .is_again = jx_bool_or(body, "again", false) };
	desk_work_body_close(w, &doc);
	return true;
}

static bool browser_of(struct work *w, struct text *ret)
{
	return key_of_named_cookie(httpd_header(w->r, "Cookie"), TEXT(COOKIE), ret);
}

/* ---- one is begun ---- */

struct start {
	struct work *w;
	const char *label, *redirect;
	struct text client_id, scopes;
	bool is_again;
	char state[KEY_BYTES], nonce[KEY_BYTES], verifier[KEY_BYTES], browser[KEY_BYTES];
};

static void start_free(struct start *s)
{
	secret_wipe(s, sizeof(*s));
	free(s);
}

static void query_add(struct strbuf *b, const char *name, struct text value)
{
	strbuf_add_str(b, name);
	strbuf_add_url(b, value);
}

static void address_print(const struct start *s, struct text authorize, struct strbuf *b)
{
	unsigned char raw[crypto_hash_sha256_BYTES];
	char challenge[KEY_BYTES];

	(void)crypto_hash_sha256(raw, (const unsigned char *)s->verifier, KEY_BYTES - 1);
	(void)sodium_bin2base64(challenge, sizeof(challenge), raw, sizeof(raw),
				sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	strbuf_add(b, authorize);
	strbuf_add_byte(b, text_find(authorize, TEXT("?"), 0) == SIZE_MAX ? '?' : '&');
	query_add(b, "response_type=code&client_id=", s->client_id);
	query_add(b, "&redirect_uri=", text_of(s->redirect));
	query_add(b, "&scope=", s->scopes);
	query_add(b, "&state=", text_of(s->state));
	query_add(b, "&nonce=", text_of(s->nonce));
	query_add(b, "&code_challenge=", text_of(challenge));
	strbuf_add_str(b, "&code_challenge_method=S256");
	if (s->is_again) {
		strbuf_add_str(b, "&prompt=login&max_age=0");
	}
}

static void answer_begun(struct start *s, struct text authorize)
{
	scoped(strbuf_done) struct strbuf address = { .max_bytes = ADDRESS_BYTES };
	scoped(strbuf_done) struct strbuf out = { .max_bytes = 2 * ADDRESS_BYTES };
	char cookie[256];
	struct url u;

	address_print(s, authorize, &address);
	/* The worker has judged it; a browser is sent nowhere else than to the web. */
	if (address.is_full || !url_parse(authorize, &u)) {
		desk_work_refuse(s->w, 500, TEXT("The desk could not do that; its log says why."));
		return;
	}
	(void)snprintf(cookie, sizeof(cookie), COOKIE "=%s" COOKIE_FLAGS, s->browser);
	strbuf_add_str(&out, "{\"address\": ");
	strbuf_add_json(&out, strbuf_text(&address));
	strbuf_add_byte(&out, '}');
	desk_work_send(s->w,
		       &(struct httpd_answer){ .status = 200,
					       .content_type = "application/json; charset=utf-8",
					       .body = strbuf_text(&out),
					       .headers = { { "Set-Cookie", cookie } } });
	secret_wipe(cookie, sizeof(cookie));
}

static void done_begin(const struct db_result *r, void *owner)
{
	struct start *s = owner;
	struct text detail = TEXT_NONE;
	int status;

	if (!r->is_ok) {
		desk_work_fail(s->w, s->w->route->name, r);
	} else if (db_i64(r, 0, 0) > 0) {
		httpd_problem_text(s->w->r, 429,
				   TEXT("Too many sign-ins were begun. Wait a minute."),
				   (int)db_i64(r, 0, 0), NULL);
		desk_work_gone(s->w);
	} else if (db_is_null(r, 0, 1)) {
		log_warn("oidc_failed", "service", s->label, "what", "away", "why",
			 text_cstr(httpd_arena(s->w->r), db_text(r, 0, 2)), "staff", "0", NULL);
		status = oidc_words(httpd_arena(s->w->r), TEXT("away"), text_of(s->label),
				    TEXT_NONE, &detail);
		desk_work_refuse(s->w, status, detail);
	} else {
		answer_begun(s, db_text(r, 0, 1));
	}
	start_free(s);
}

static void send_begin(struct start *s, const struct conf_oidc *c, struct text place)
{
	struct db_params *p = db_params_create();
	char state[KEY_HASH_BYTES], browser[KEY_HASH_BYTES];

	key_hash(text_of(s->state), state);
	key_hash(text_of(s->browser), browser);
	db_add_text(p, c->name);
	db_add_text(p, c->issuer);
	db_add_text(p, text_of(state));
	db_add_text(p, text_of(browser));
	db_add_text(p, text_of(s->nonce));
	db_add_text(p, text_of(s->verifier));
	db_add_text(p, text_of(s->redirect));
	db_add_text(p, oidc_place(place));
	db_add_bool(p, s->is_again);
	db_add_text(p, caller_address(s->w));
	if (!desk_work_db(s->w, LINE_ACT, s->w->route->name, s->w->route->sql, &p, done_begin, s)) {
		start_free(s);
	}
}

void oidc_begin_serve(struct work *w)
{
	struct arena *a = httpd_arena(w->r);
	const struct conf_oidc *c;
	struct given g = { 0 };
	struct text browser;
	struct start *s;

	if (!read_body(w, &g)) {
		return;
	}
	if (text_is_empty(g.provider)) {
		desk_work_refuse(w, 400, TEXT("By which service? GET session/oidc names them."));
		return;
	}
	c = service_named(w, g.provider);
	if (c == NULL) {
		desk_work_refuse(w, 404,
				 TEXT("There is no such sign-in service. GET session/oidc names "
				      "them."));
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->w = w;
	s->label = text_cstr(a, c->label);
	s->redirect = text_cstr(a, text_printf(a, "%.*s/oidc", TEXT_ARG(c->page)));
	s->client_id = text_dup(a, c->client_id);
	s->scopes = text_dup(a, c->scopes);
	s->is_again = g.is_again;
	key_make(s->state);
	key_make(s->nonce);
	key_make(s->verifier);
	/* Two tabs of one browser have one cookie. */
	if (browser_of(w, &browser)) {
		(void)snprintf(s->browser, sizeof(s->browser), "%.*s", TEXT_ARG(browser));
	} else {
		key_make(s->browser);
	}
	send_begin(s, c, g.place);
}

/* ---- the browser is back ---- */

static void wait_free(struct wait *t)
{
	list_remove(&t->in);
	secret_wipe(t->key, sizeof(t->key));
	free(t);
}

static void end_failed(struct wait *t, struct text failure, struct text claim, const char *staff,
		       struct text why)
{
	struct arena *a = httpd_arena(t->w->r);
	struct text detail = TEXT_NONE;
	int status = oidc_words(a, failure, t->label, claim, &detail);

	log_warn("oidc_failed", "service", text_cstr(a, t->label), "what", text_cstr(a, failure),
		 "why", text_cstr(a, why), "staff", staff, NULL);
	desk_work_refuse(t->w, status, detail);
	wait_free(t);
}

static void look_in(struct oidc *o, struct dur in)
{
	if (!list_is_empty(&o->waits)) {
		loop_arm(desk_loop(o->desk), &o->look, in);
	}
}

static void ask(struct wait *t);

static void done_done(const struct db_result *r, void *owner)
{
	struct wait *t = owner;

	t->is_asking = false;
	if (!r->is_ok) {
		desk_work_fail(t->w, "desk_oidc_done", r);
		wait_free(t);
	} else if (!db_is_null(r, 0, 1)) {
		end_failed(t, db_text(r, 0, 1), db_text(r, 0, 2), log_num(db_i64(r, 0, 3)),
			   db_text(r, 0, 4));
	} else if (!db_is_null(r, 0, 0)) {
		log_info("signed_in", "staff", log_num(db_i64(r, 0, 3)), NULL);
		session_answer(t->w, db_text(r, 0, 0), t->key);
		wait_free(t);
	} else if (t->must_ask) {
		ask(t);
	}
}

static void ask(struct wait *t)
{
	struct mono now = loop_mono(desk_loop(t->oidc->desk));
	struct db_params *p;

	t->must_ask = t->is_asking;
	if (t->is_asking) {
		return;
	}
	p = db_params_create();
	db_add_i64(p, t->flow);
	db_add_bool(p, t->is_login);
	db_add_text(p, t->unknown);
	db_add_text(p, text_of(t->key_hashed));
	db_add_text_or_null(p, text_of(t->old));
	db_add_text(p, caller_address(t->w));
	db_add_text(p, caller_must_totp(t->w));
	db_add_bool(p, dur_more(mono_since(t->since, now), PATIENCE));
	t->is_asking = true;
	if (!desk_work_db(t->w, LINE_ACT, "desk_oidc_done", SQL_DESK_OIDC_DONE, &p, done_done, t)) {
		wait_free(t);
	}
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct oidc *o = container_of(timer, struct oidc, look);

	(void)loop;
	(void)revents;
	list_each(at, &o->waits)
	{
		struct wait *t = container_of(at, struct wait, in);

		if (!t->is_asking) {
			ask(t);
		}
	}
	look_in(o, LOOK_EVERY);
}

void oidc_hear(int64_t flow, void *owner)
{
	struct oidc *o = owner;

	list_each(at, &o->waits)
	{
		struct wait *t = container_of(at, struct wait, in);

		if (t->flow == flow) {
			ask(t);
			return;
		}
	}
}

/* Its name in the configuration is known only now. */
static void wait_describe(struct wait *t, struct text provider)
{
	const struct conf_oidc *c = service_named(t->w, provider);
	struct arena *a = httpd_arena(t->w->r);

	if (c != NULL) {
		t->label = text_dup(a, c->label);
		t->unknown = text_dup(a, c->unknown_role);
		t->is_login = c->is_login;
	} else {
		t->label = text_dup(a, provider);
	}
}

static void done_back(const struct db_result *r, void *owner)
{
	struct wait *t = owner;

	if (!r->is_ok) {
		desk_work_fail(t->w, t->w->route->name, r);
		wait_free(t);
		return;
	}
	if (db_i64(r, 0, 0) > 0) {
		log_warn("sign_in_throttled", "staff", "0", "wait_s", log_num(db_i64(r, 0, 0)),
			 NULL);
		httpd_problem_text(t->w->r, 429,
				   TEXT("Too many failed tries. Wait a few minutes, then begin "
					"again."),
				   (int)db_i64(r, 0, 0), NULL);
		desk_work_gone(t->w);
		wait_free(t);
		return;
	}
	t->flow = db_i64(r, 0, 1);
	wait_describe(t, db_text(r, 0, 2));
	if (!db_is_null(r, 0, 3)) {
		end_failed(t, db_text(r, 0, 3), TEXT_NONE, "0", TEXT_NONE);
		return;
	}
	t->since = loop_mono(desk_loop(t->oidc->desk));
	list_add_last(&t->oidc->waits, &t->in);
	look_in(t->oidc, LOOK_EVERY);
}

void oidc_done_serve(struct work *w)
{
	char state[KEY_HASH_BYTES], hashed[KEY_HASH_BYTES];
	struct text browser = TEXT_NONE, session = TEXT_NONE;
	struct given g = { 0 };
	struct db_params *p;
	struct wait *t;

	if (!read_body(w, &g)) {
		return;
	}
	if (text_is_empty(g.state) || g.code.len > CODE_BYTES || g.iss.len > CODE_BYTES) {
		desk_work_refuse(w, 400,
				 TEXT("That is nothing that a sign-in service gives back."));
		return;
	}
	t = xcalloc(1, sizeof(*t));
	t->w = w;
	t->oidc = desk_oidc(w->desk);
	list_init(&t->in);
	key_make(t->key);
	key_hash(text_of(t->key), t->key_hashed);
	if (key_of_cookie(httpd_header(w->r, "Cookie"), &session)) {
		key_hash(session, t->old);
	}
	key_hash(g.state, state);
	p = db_params_create();
	db_add_text(p, text_of(state));
	if (browser_of(w, &browser)) {
		key_hash(browser, hashed);
		db_add_text(p, text_of(hashed));
	} else {
		db_add_null(p);
	}
	db_add_text_or_null(p, g.code);
	db_add_text_or_null(p, g.iss);
	db_add_text_or_null(p, text_clip(g.error, 60));
	db_add_text(p, caller_address(w));
	if (!desk_work_db(w, LINE_ACT, w->route->name, w->route->sql, &p, done_back, t)) {
		wait_free(t);
	}
}

/* ---- life ---- */

struct oidc *oidc_create(struct desk *d)
{
	struct oidc *o = xcalloc(1, sizeof(*o));

	o->desk = d;
	list_init(&o->waits);
	ev_init(&o->look, on_look);
	return o;
}

void oidc_destroy(struct oidc **at)
{
	struct oidc *o = *at;

	if (o == NULL) {
		return;
	}
	*at = NULL;
	loop_disarm(desk_loop(o->desk), &o->look);
	list_each(one, &o->waits)
	{
		wait_free(container_of(one, struct wait, in));
	}
	free(o);
}
