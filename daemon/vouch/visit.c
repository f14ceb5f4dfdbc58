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
	struct visit *f = what;

	secret_done(&f->access);
	arena_destroy(&f->arena);
	free(f);
}

static void drop(struct visit *f)
{
	struct vouch *v = f->vouch;
	struct service *s = f->service;

	loop_disarm(v->loop, &f->limit);
	http_cancel(&f->transfer);
	list_remove(&f->in);
	loop_bury(v->loop, f, bury);
	vouch_visit_gone(v, s);
}

static void done_told(const struct db_result *r, void *owner)
{
	struct visit *f = owner;

	f->is_telling = false;
	if (r->is_ok || ++f->n_tells >= TELL_TRIES) {
		drop(f);
	} else {
		loop_arm(f->vouch->loop, &f->limit, TELL_AGAIN);
	}
}

static void tell(struct visit *f)
{
	struct db_params *p = db_params_create();

	db_add_i64(p, f->id);
	db_add_text_or_null(p, text_of(f->failure));
	db_add_text_or_null(p, text_of(f->why.text));
	db_add_text_or_null(p, f->found.subject);
	db_add_text_or_null(p, f->found.claim);
	db_add_text_or_null(p, f->found.name);
	db_add_wall(p, f->found.proved_at);
	f->is_telling = db_send(f->vouch->db, "vouch_judged", SQL_VOUCH_JUDGED, &p, done_told, f);
	if (!f->is_telling) {
		db_params_destroy(&p);
		loop_arm(f->vouch->loop, &f->limit, TELL_AGAIN);
	}
}

/* NULL: all is well. */
static void end(struct visit *f, const char *failure)
{
	http_cancel(&f->transfer);
	loop_disarm(f->vouch->loop, &f->limit);
	f->state = VISIT_TELLING;
	f->failure = failure;
	if (failure == NULL) {
		f->why.text[0] = '\0';
	}
	tell(f);
}

static void end_why(struct visit *f, const char *failure, const char *why)
{
	(void)err_set(&f->why, ERR_DATA, "%s", why);
	end(f, failure);
}

/* ---- judging ---- */

static struct judge_want want_of(const struct visit *f)
{
	const struct conf_oidc *c = f->service->conf;

	return (struct judge_want){ .issuer = c->issuer,
				    .client_id = c->client_id,
				    .nonce = f->nonce,
				    .claim = c->claim,
				    .trust_email = c->trust_email,
				    .is_again = f->is_again,
				    .now = loop_wall_machine(f->vouch->loop) };
}

static void done_person(const struct response *r, const struct err *err, void *owner)
{
	struct visit *f = owner;
	struct judge_want want = want_of(f);

	f->transfer = NULL;
	if (err != NULL) {
		end_why(f, "away", err->text);
	} else if (r->status != 200) {
		(void)err_set(&f->why, ERR_DATA,
			      "its answer about the person (userinfo) has status %d", r->status);
		end(f, r->status >= 500 || r->status == 429 ? "away" : f->failure);
	} else {
		end(f, judge_person(f->arena, r->body, &want, &f->found, &f->why));
	}
}

/* Many services keep tokens small and say more when they are asked. */
static void ask_person(struct visit *f, const char *failure)
{
	struct http_terms terms = service_terms(f->service);
	struct request r = { .method = HTTP_GET,
			     .url = f->service->said.person,
			     .bearer = secret_reveal(&f->access) };

	request_add_header(&r, TEXT("Accept"), TEXT("application/json"));
	f->failure = failure; /* as it stands, unless the answer is better */
	f->state = VISIT_PERSON;
	f->transfer = http_start(f->vouch->http, &r, &terms, done_person, f);
}

static void judge(struct visit *f)
{
	struct judge_want want = want_of(f);
	const char *failure = judge_claims(f->arena, f->token.claims, &want, &f->found, &f->why);

	if (failure != NULL) {
		end(f, failure);
		return;
	}
	failure = judge_person(f->arena, f->token.claims, &want, &f->found, &f->why);
	if (failure != NULL && judge_is_silent(f->arena, f->token.claims, &want) &&
	    !text_is_empty(f->service->said.person) && secret_is_set(&f->access)) {
		ask_person(f, failure);
	} else {
		end(f, failure);
	}
}

static void verify(struct visit *f)
{
	switch (jws_verify(f->arena, &f->token, f->service->keys, &f->why)) {
	case JWS_GOOD: judge(f); return;
	case JWS_BAD: end(f, "signature"); return;
	case JWS_NO_KEY: break;
	}
	/* The service may have taken new keys since. */
	if (!f->had_fresh_keys && service_ask_keys(f->service)) {
		f->had_fresh_keys = true;
		f->state = VISIT_KEYS;
	} else {
		end(f, "key");
	}
}

/* ---- the token ---- */

/* What it refuses with: a word of the standard, never its prose. */
static void refused(struct visit *f, const struct response *r)
{
	struct jx_doc *doc = NULL;
	struct text whole, word = TEXT_NONE;
	bool is_word;
	struct jx said;

	if (jx_scan(r->body, &whole, NULL) && jx_parse(f->arena, whole, &said, &doc, NULL)) {
		word = text_clip(jx_text_or(f->arena, said, "error", TEXT_NONE), 40);
		jx_release(&doc);
	}
	is_word = !text_is_empty(word);
	for (size_t i = 0; i < word.len; i++) {
		is_word =
			is_word && ((word.at[i] >= 'a' && word.at[i] <= 'z') || word.at[i] == '_');
	}
	(void)err_set(&f->why, ERR_DATA, "its token endpoint answered with status %d%s%.*s%s",
		      r->status, is_word ? " (" : "", is_word ? (int)word.len : 0, word.at,
		      is_word ? ")" : "");
	end(f, r->status >= 500 || r->status == 429   ? "away"
	       : text_eq(word, TEXT("invalid_grant")) ? "code"
	       : r->status == 401 || text_starts(word, TEXT("invalid_client")) ||
			       text_eq(word, TEXT("unauthorized_client"))
		       ? "client"
		       : "token");
}

static void done_token(const struct response *r, const struct err *err, void *owner)
{
	struct visit *f = owner;
	struct jx_doc *doc = NULL;
	struct text whole, token = TEXT_NONE;
	struct jx said;

	f->transfer = NULL;
	if (err != NULL) {
		end_why(f, "away", err->text);
		return;
	}
	if (r->status != 200) {
		refused(f, r);
		return;
	}
	if (jx_scan(r->body, &whole, NULL) && jx_parse(f->arena, whole, &said, &doc, NULL)) {
		token = jx_text_or(f->arena, said, "id_token", TEXT_NONE);
		secret_set(&f->access, jx_text_or(f->arena, said, "access_token", TEXT_NONE));
		jx_release(&doc);
	}
	if (text_is_empty(token)) {
		end_why(f, "token", "its answer holds no ID token");
	} else if (!jws_read(f->arena, token, &f->token, &f->why)) {
		end(f, "signature");
	} else {
		verify(f);
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
static void add_client(struct visit *f, struct request *r, struct strbuf *form)
{
	const struct conf_oidc *c = f->service->conf;
	scoped(strbuf_done) struct strbuf b = { .max_bytes = FORM_BYTES };

	if (f->service->said.is_post) {
		field_add(form, "client_id", c->client_id);
		field_add(form, "client_secret", secret_reveal(&c->secret));
		return;
	}
	strbuf_add_url(&b, c->client_id);
	strbuf_add_byte(&b, ':');
	strbuf_add_url(&b, secret_reveal(&c->secret));
	request_add_header(r, TEXT("Authorization"), page_basic(f->arena, strbuf_text(&b)));
	secret_wipe(b.at, b.len);
}

static void ask_token(struct visit *f)
{
	struct http_terms terms = service_terms(f->service);
	scoped(strbuf_done) struct strbuf form = { .max_bytes = FORM_BYTES };
	struct request r = { .method = HTTP_POST,
			     .url = f->service->said.token,
			     .content_type = TEXT("application/x-www-form-urlencoded"),
			     .once = true };

	request_add_header(&r, TEXT("Accept"), TEXT("application/json"));
	field_add(&form, "grant_type", TEXT("authorization_code"));
	field_add(&form, "code", f->code);
	field_add(&form, "redirect_uri", f->redirect);
	field_add(&form, "code_verifier", f->verifier);
	add_client(f, &r, &form);
	r.body = strbuf_text(&form);
	f->state = VISIT_TOKEN;
	f->transfer = http_start(f->vouch->http, &r, &terms, done_token, f);
	secret_wipe(form.at, form.len);
}

/* ---- going on ---- */

/* The code goes to no other service than the one that it is from (RFC 9207). */
static void begin(struct visit *f)
{
	const struct service *s = f->service;

	if (text_is_empty(f->said_iss) ? s->said.names_itself
				       : !text_eq(f->said_iss, s->conf->issuer)) {
		end_why(f, "iss", "the answer to the browser is from another issuer");
	} else {
		ask_token(f);
	}
}

static void go_on(struct visit *f)
{
	struct service *s = f->service;

	switch (f->state) {
	case VISIT_WAITING:
		if (s->state == SERVICE_USABLE) {
			begin(f);
		} else if (s->state == SERVICE_AWAY && s->transfer == NULL) {
			end_why(f, "away", s->why);
		}
		break;
	case VISIT_KEYS: verify(f); break;
	case VISIT_TOKEN:
	case VISIT_PERSON:
	case VISIT_TELLING: break;
	}
}

void visits_go_on(struct service *s)
{
	list_each(at, &s->vouch->visits)
	{
		struct visit *f = container_of(at, struct visit, in);

		if (f->service == s) {
			go_on(f);
		}
	}
}

void visits_end(struct vouch *v)
{
	list_each(at, &v->visits)
	{
		struct visit *f = container_of(at, struct visit, in);

		if (f->state == VISIT_WAITING || f->state == VISIT_KEYS) {
			end_why(f, "away", "the worker was asked to end");
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
	struct visit *f = container_of(w, struct visit, limit);

	(void)loop;
	(void)revents;
	if (f->state == VISIT_TELLING) {
		if (!f->is_telling) {
			tell(f);
		}
	} else {
		end_why(f, "away", "it took too long");
	}
}

static struct text kept(struct visit *f, const struct db_result *r, int row, int col)
{
	return text_dup(f->arena, db_text(r, row, col));
}

void visit_start(struct vouch *v, struct service *s, const struct db_result *r, int row)
{
	struct visit *f = xcalloc(1, sizeof(*f));

	f->vouch = v;
	f->service = s;
	f->arena = arena_create(ARENA_BYTES);
	f->id = db_i64(r, row, 0);
	f->nonce = kept(f, r, row, 3);
	f->verifier = kept(f, r, row, 4);
	f->redirect = kept(f, r, row, 5);
	f->code = kept(f, r, row, 6);
	f->said_iss = kept(f, r, row, 7);
	f->is_again = db_bool(r, row, 8);
	ev_init(&f->limit, on_limit);
	list_init(&f->in);
	list_add_last(&v->visits, &f->in);
	v->n_visits++;
	s->n_visits++;
	loop_arm(v->loop, &f->limit, LIMIT);
	if (!text_eq(db_text(r, row, 2), s->conf->issuer)) {
		end_why(f, "away", "the configuration was changed meanwhile");
		return;
	}
	if (s->state != SERVICE_USABLE) {
		service_look(s);
	}
	go_on(f);
}
