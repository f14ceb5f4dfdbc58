/* One sign-in: the code that a browser brought is exchanged for an ID token, that is judged, and what came of it is written down. */
#include <stdio.h>
#include <stdlib.h>

#include "answerd/json.h"
#include "answerd/log.h"
#include "answerd/page.h"
#include "answerd/secret.h"
#include "answerd/strbuf.h"
#include "daemon/vouch/inside.h"
#include "store_sql.h"

#define LIMIT       DUR_S(20)
#define TELL_AGAIN  DUR_MS(500)
#define TELL_TRIES  40
#define FORM_BYTES  (32u * 1024)
#define ARENA_BYTES (4u * 1024 * 1024)

enum visit_state { VISIT_WAITING, VISIT_TOKEN, VISIT_KEYS, VISIT_PERSON, VISIT_TELLING };

struct visit {
	struct list in;
	struct vouch *vouch;
	struct service *service;
	struct arena *arena;
	enum visit_state state;
	int64_t id;
	struct text nonce, verifier, redirect, code, said_iss;
	bool is_again, had_fresh_keys, is_telling;
	struct http_transfer *transfer;
	ev_timer limit;
	struct jws token;
	struct secret access; /* for the service's answer about the person, and nothing else */
	const char *failure;
	struct err why;
	struct judge_found found;
	int n_tells;
};

/* ---- its end: written down, until it is ---- */

static void bury(void *what)
{
	struct visit *t = what;

	secret_done(&t->access);
	arena_destroy(&t->arena);
	free(t);
}

static void drop(struct visit *t)
{
	struct vouch *v = t->vouch;
	struct service *s = t->service;

	loop_disarm(v->loop, &t->limit);
	http_cancel(&t->transfer);
	list_remove(&t->in);
	loop_bury(v->loop, t, bury);
	vouch_visit_gone(v, s);
}

static void done_told(const struct db_result *r, void *owner)
{
	struct visit *t = owner;

	t->is_telling = false;
	if (r->is_ok || ++t->n_tells >= TELL_TRIES) {
		drop(t);
	} else {
		loop_arm(t->vouch->loop, &t->limit, TELL_AGAIN);
	}
}

static void tell(struct visit *t)
{
	struct db_params *p = db_params_create();

	db_add_i64(p, t->id);
	db_add_text_or_null(p, text_of(t->failure));
	db_add_text_or_null(p, text_of(t->why.text));
	db_add_text_or_null(p, t->found.subject);
	db_add_text_or_null(p, t->found.claim);
	db_add_text_or_null(p, t->found.name);
	db_add_wall(p, t->found.proved_at);
	t->is_telling = db_send(t->vouch->db, "vouch_judged", SQL_VOUCH_JUDGED, &p, done_told, t);
	if (!t->is_telling) {
		db_params_destroy(&p);
		loop_arm(t->vouch->loop, &t->limit, TELL_AGAIN);
	}
}

/* NULL: all is well. */
static void end(struct visit *t, const char *failure)
{
	http_cancel(&t->transfer);
	loop_disarm(t->vouch->loop, &t->limit);
	t->state = VISIT_TELLING;
	t->failure = failure;
	if (failure == NULL) {
		t->why.text[0] = '\0';
	}
	tell(t);
}

static void end_why(struct visit *t, const char *failure, const char *why)
{
	(void)err_set(&t->why, ERR_DATA, "%s", why);
	end(t, failure);
}

/* ---- judging ---- */

static struct judge_want want_of(const struct visit *t)
{
	const struct conf_oidc *c = t->service->conf;

	return (struct judge_want){ .issuer = c->issuer,
				    .client_id = c->client_id,
				    .nonce = t->nonce,
				    .claim = c->claim,
				    .trust_email = c->trust_email,
				    .is_again = t->is_again,
				    .now = loop_wall_machine(t->vouch->loop) };
}

static void done_person(const struct response *r, const struct err *err, void *owner)
{
	struct visit *t = owner;
	struct judge_want want = want_of(t);

	t->transfer = NULL;
	if (err != NULL) {
		end_why(t, "away", err->text);
	} else if (r->status != 200) {
		(void)err_set(&t->why, ERR_DATA,
			      "its answer about the person (userinfo) has status %d", r->status);
		end(t, r->status >= 500 || r->status == 429 ? "away" : t->failure);
	} else {
		end(t, judge_person(t->arena, r->body, &want, &t->found, &t->why));
	}
}

/* Many services keep tokens small and say more when they are asked. */
static void ask_person(struct visit *t, const char *failure)
{
	struct http_terms terms = service_terms(t->service);
	struct request r = { .method = HTTP_GET,
			     .url = t->service->said.person,
			     .bearer = secret_reveal(&t->access) };

	request_add_header(&r, TEXT("Accept"), TEXT("application/json"));
	t->failure = failure; /* as it stands, unless the answer is better */
	t->state = VISIT_PERSON;
	t->transfer = http_start(t->vouch->http, &r, &terms, done_person, t);
}

static void judge(struct visit *t)
{
	struct judge_want want = want_of(t);
	const char *failure = judge_claims(t->arena, t->token.claims, &want, &t->found, &t->why);

	if (failure != NULL) {
		end(t, failure);
		return;
	}
	failure = judge_person(t->arena, t->token.claims, &want, &t->found, &t->why);
	if (failure != NULL && judge_is_silent(t->arena, t->token.claims, &want) &&
	    !text_is_empty(t->service->said.person) && secret_is_set(&t->access)) {
		ask_person(t, failure);
	} else {
		end(t, failure);
	}
}

static void verify(struct visit *t)
{
	switch (jws_verify(t->arena, &t->token, t->service->keys, &t->why)) {
	case JWS_GOOD: judge(t); return;
	case JWS_BAD: end(t, "signature"); return;
	case JWS_NO_KEY: break;
	}
	/* The service may have taken new keys since. */
	if (!t->had_fresh_keys && service_ask_keys(t->service)) {
		t->had_fresh_keys = true;
		t->state = VISIT_KEYS;
	} else {
		end(t, "key");
	}
}

/* ---- the token ---- */

/* What it refuses with: a word of the standard, never its prose. */
static void refused(struct visit *t, const struct response *r)
{
	struct jx_doc *doc = NULL;
	struct text whole, word = TEXT_NONE;
	bool is_word;
	struct jx said;

	if (jx_scan(r->body, &whole, NULL) && jx_parse(t->arena, whole, &said, &doc, NULL)) {
		word = text_clip(jx_text_or(t->arena, said, "error", TEXT_NONE), 40);
		jx_release(&doc);
	}
	is_word = !text_is_empty(word);
	for (size_t i = 0; i < word.len; i++) {
		is_word =
			is_word && ((word.at[i] >= 'a' && word.at[i] <= 'z') || word.at[i] == '_');
	}
	(void)err_set(&t->why, ERR_DATA, "its token endpoint answered with status %d%s%.*s%s",
		      r->status, is_word ? " (" : "", is_word ? (int)word.len : 0, word.at,
		      is_word ? ")" : "");
	end(t, r->status >= 500 || r->status == 429   ? "away"
	       : text_eq(word, TEXT("invalid_grant")) ? "code"
	       : r->status == 401 || text_starts(word, TEXT("invalid_client")) ||
			       text_eq(word, TEXT("unauthorized_client"))
		       ? "client"
		       : "token");
}

static void done_token(const struct response *r, const struct err *err, void *owner)
{
	struct visit *t = owner;
	struct jx_doc *doc = NULL;
	struct text whole, token = TEXT_NONE;
	struct jx said;

	t->transfer = NULL;
	if (err != NULL) {
		end_why(t, "away", err->text);
		return;
	}
	if (r->status != 200) {
		refused(t, r);
		return;
	}
	if (jx_scan(r->body, &whole, NULL) && jx_parse(t->arena, whole, &said, &doc, NULL)) {
		token = jx_text_or(t->arena, said, "id_token", TEXT_NONE);
		secret_set(&t->access, jx_text_or(t->arena, said, "access_token", TEXT_NONE));
		jx_release(&doc);
	}
	if (text_is_empty(token)) {
		end_why(t, "token", "its answer holds no ID token");
	} else if (!jws_read(t->arena, token, &t->token, &t->why)) {
		end(t, "signature");
	} else {
		verify(t);
	}
}

static void field_add(struct strbuf *b, const char *name, struct text value)
{
	strbuf_add_str(b, b->len > 0 ? "&" : "");
	strbuf_add_str(b, name);
	strbuf_add_byte(b, '=');
	strbuf_add_url(b, value);
}

/* RFC 6749, 2.3.1: id and secret are encoded before they are joined. */
static void add_client(struct visit *t, struct request *r, struct strbuf *form)
{
	const struct conf_oidc *c = t->service->conf;
	scoped(strbuf_done) struct strbuf b = { .max_bytes = FORM_BYTES };

	if (t->service->said.is_post) {
		field_add(form, "client_id", c->client_id);
		field_add(form, "client_secret", secret_reveal(&c->secret));
		return;
	}
	strbuf_add_url(&b, c->client_id);
	strbuf_add_byte(&b, ':');
	strbuf_add_url(&b, secret_reveal(&c->secret));
	request_add_header(r, TEXT("Authorization"), page_basic(t->arena, strbuf_text(&b)));
	secret_wipe(b.at, b.len);
}

static void ask_token(struct visit *t)
{
	struct http_terms terms = service_terms(t->service);
	scoped(strbuf_done) struct strbuf form = { .max_bytes = FORM_BYTES };
	struct request r = { .method = HTTP_POST,
			     .url = t->service->said.token,
			     .content_type = TEXT("application/x-www-form-urlencoded"),
			     .once = true };

	request_add_header(&r, TEXT("Accept"), TEXT("application/json"));
	field_add(&form, "grant_type", TEXT("authorization_code"));
	field_add(&form, "code", t->code);
	field_add(&form, "redirect_uri", t->redirect);
	field_add(&form, "code_verifier", t->verifier);
	add_client(t, &r, &form);
	r.body = strbuf_text(&form);
	t->state = VISIT_TOKEN;
	t->transfer = http_start(t->vouch->http, &r, &terms, done_token, t);
	secret_wipe(form.at, form.len);
}

/* ---- going on ---- */

/* The code goes to no other service than the one that it is from (RFC 9207). */
static void begin(struct visit *t)
{
	const struct service *s = t->service;

	if (text_is_empty(t->said_iss) ? s->said.names_itself
				       : !text_eq(t->said_iss, s->conf->issuer)) {
		end_why(t, "iss", "the answer to the browser is from another issuer");
	} else {
		ask_token(t);
	}
}

static void go_on(struct visit *t)
{
	struct service *s = t->service;

	switch (t->state) {
	case VISIT_WAITING:
		if (s->state == SERVICE_USABLE) {
			begin(t);
		} else if (s->state == SERVICE_AWAY && s->transfer == NULL) {
			end_why(t, "away", s->why);
		}
		break;
	case VISIT_KEYS: verify(t); break;
	case VISIT_TOKEN:
	case VISIT_PERSON:
	case VISIT_TELLING: break;
	}
}

void visits_go_on(struct service *s)
{
	list_each(at, &s->vouch->visits)
	{
		struct visit *t = container_of(at, struct visit, in);

		if (t->service == s) {
			go_on(t);
		}
	}
}

void visits_end(struct vouch *v)
{
	list_each(at, &v->visits)
	{
		struct visit *t = container_of(at, struct visit, in);

		if (t->state == VISIT_WAITING || t->state == VISIT_KEYS) {
			end_why(t, "away", "the worker was asked to end");
		}
	}
}

void visits_drop(struct vouch *v)
{
	list_each(at, &v->visits)
	{
		drop(container_of(at, struct visit, in));
	}
}

static void on_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct visit *t = container_of(w, struct visit, limit);

	(void)loop;
	(void)revents;
	if (t->state == VISIT_TELLING) {
		if (!t->is_telling) {
			tell(t);
		}
	} else {
		end_why(t, "away", "it took too long");
	}
}

static struct text kept(struct visit *t, const struct db_result *r, int row, int col)
{
	return text_dup(t->arena, db_text(r, row, col));
}

void visit_start(struct vouch *v, struct service *s, const struct db_result *r, int row)
{
	struct visit *t = xcalloc(1, sizeof(*t));

	t->vouch = v;
	t->service = s;
	t->arena = arena_create(ARENA_BYTES);
	t->id = db_i64(r, row, 0);
	t->nonce = kept(t, r, row, 3);
	t->verifier = kept(t, r, row, 4);
	t->redirect = kept(t, r, row, 5);
	t->code = kept(t, r, row, 6);
	t->said_iss = kept(t, r, row, 7);
	t->is_again = db_bool(r, row, 8);
	ev_init(&t->limit, on_limit);
	list_init(&t->in);
	list_add_last(&v->visits, &t->in);
	v->n_visits++;
	s->n_visits++;
	loop_arm(v->loop, &t->limit, LIMIT);
	if (!text_eq(db_text(r, row, 2), s->conf->issuer)) {
		end_why(t, "away", "the configuration was changed meanwhile");
		return;
	}
	if (s->state != SERVICE_USABLE) {
		service_look(s);
	}
	go_on(t);
}
