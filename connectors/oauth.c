#include "oauth.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"

#define TOKEN_BYTES 8192
#define FORM_BYTES  32768
#define EARLY_S     60 /* a session is renewed before its end */
#define YEAR_S      INT64_C(31536000)

/* ---- the credential ---- */

static bool has_colon(struct text token)
{
	return text_find(token, TEXT(":"), 0) != SIZE_MAX;
}

bool oauth_client_load(const struct connector_ctx *ctx, const struct oauth_app *app,
		       struct oauth_client *ret, struct err *err)
{
	struct oauth_client c = { 0 };
	struct text rest;

	if (text_cut(text_trim(ctx->token), ':', &c.id, &rest) && c.id.len > 0) {
		(void)text_cut(rest, ':', &c.secret, &c.refresh); /* it may be left out */
		if (c.secret.len > 0 || app->is_public) {
			*ret = c;
			return true;
		}
	}
	return err_set(
		err, ERR_AUTH,
		"`token` is CLIENT ID:CLIENT SECRET:REFRESH TOKEN, with colons between them");
}

/* ---- the session ---- */

bool oauth_session_load(const struct connector_ctx *ctx, struct oauth_session *ret)
{
	struct text token = text_trim(ctx->token), session = text_trim(ctx->session);
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct oauth_session){ 0 };
	if (session.len == 0) {
		ret->access = has_colon(token) ? TEXT_NONE : token;
		return ret->access.len > 0;
	}
	if (session.at[0] != '{') {
		ret->access = session;
		return true;
	}
	if (!jx_parse(ctx->arena, session, &v, &doc, NULL)) {
		return false;
	}
	ret->access = jx_text_or(ctx->arena, v, "access", TEXT_NONE);
	ret->refresh = jx_text_or(ctx->arena, v, "refresh", TEXT_NONE);
	ret->scope = jx_text_or(ctx->arena, v, "scope", TEXT_NONE);
	ret->until = page_s_or_none(v, "until");
	jx_release(&doc);
	return ret->access.len > 0 || ret->refresh.len > 0;
}

struct text oauth_session_save(struct arena *a, const struct oauth_session *s)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = FORM_BYTES };
	struct text out;

	strbuf_add_str(&b, "{\"access\":");
	strbuf_add_json(&b, s->access);
	strbuf_add_str(&b, ",\"refresh\":");
	strbuf_add_json(&b, s->refresh);
	strbuf_add_str(&b, ",\"scope\":");
	strbuf_add_json(&b, s->scope);
	strbuf_printf(&b, ",\"until\":%lld}", (long long)(s->until.us / 1000000));
	out = b.is_full ? TEXT_NONE : text_dup(a, strbuf_text(&b));
	secret_wipe(b.at, b.len);
	return out;
}

struct text oauth_bearer(const struct connector_ctx *ctx)
{
	struct oauth_session s;

	return oauth_session_load(ctx, &s) ? s.access : TEXT_NONE;
}

bool oauth_session_lives(const struct connector_ctx *ctx)
{
	struct oauth_session s;

	return oauth_session_load(ctx, &s) && s.access.len > 0 &&
	       (!wall_is_set(s.until) || wall_before(wall_add(ctx->now, DUR_S(EARLY_S)), s.until));
}

static bool has_word(const struct oauth_session *s, struct text word)
{
	struct text rest = text_trim(s->scope), one;

	if (rest.len == 0) {
		return true;
	}
	while (rest.len > 0) {
		(void)text_cut(rest, ' ', &one, &rest);
		if (text_eq(one, word)) {
			return true;
		}
	}
	return false;
}

bool oauth_has_scope(const struct oauth_session *s, const char *scope)
{
	return has_word(s, text_of(scope));
}

const char *oauth_scopes(struct arena *a, const struct connector_right *rights, char between)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_URL_BYTES };

	for (size_t i = 0; rights[i].scope != NULL; i++) {
		if (i > 0) {
			strbuf_add_byte(&b, between);
		}
		strbuf_add_str(&b, rights[i].scope);
	}
	return text_cstr(a, strbuf_text(&b));
}

static bool is_granted(const struct oauth_session *s, const char *scope)
{
	struct text group, rest;

	return oauth_has_scope(s, scope) ||
	       (text_cut(text_of(scope), ':', &group, &rest) && has_word(s, group));
}

/* ---- asking for tokens ---- */

static bool form_finish(const struct connector_ctx *ctx, const struct oauth_app *app,
			struct strbuf *b, struct request *ret, struct err *err)
{
	bool is_full = b->is_full;

	*ret = (struct request){ .method = HTTP_POST,
				 .url = app->at,
				 .body = text_dup(ctx->arena, strbuf_text(b)),
				 .content_type = TEXT("application/x-www-form-urlencoded") };
	secret_wipe(b->at, b->len);
	return !is_full || err_set(err, ERR_AUTH, "`token` is longer than any");
}

static void field_add(struct strbuf *b, const char *name, struct text value)
{
	if (b->len > 0) {
		strbuf_add_byte(b, '&');
	}
	strbuf_add_str(b, name);
	strbuf_add_byte(b, '=');
	strbuf_add_url(b, value);
}

/* With HTTP Basic only a client that has no secret names itself in the body. */
static void client_add(const struct oauth_app *app, const struct oauth_client *c, struct strbuf *b)
{
	if (!app->is_basic || c->secret.len == 0) {
		field_add(b, "client_id", c->id);
	}
	if (!app->is_basic && c->secret.len > 0) {
		field_add(b, "client_secret", c->secret);
	}
}

/* RFC 6749, 2.3.1: both are encoded before they are joined. */
static void basic_add(const struct connector_ctx *ctx, const struct oauth_app *app,
		      const struct oauth_client *c, struct request *r)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = FORM_BYTES };

	if (!app->is_basic || c->secret.len == 0) {
		return;
	}
	strbuf_add_url(&b, c->id);
	strbuf_add_byte(&b, ':');
	strbuf_add_url(&b, c->secret);
	request_add_header(r, TEXT("Authorization"), page_basic(ctx->arena, strbuf_text(&b)));
	secret_wipe(b.at, b.len);
}

bool oauth_refresh_ask(const struct connector_ctx *ctx, const struct oauth_app *app,
		       struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = FORM_BYTES };
	struct oauth_session s;
	struct oauth_client c = { 0 };

	if (app->is_ready && ctx->token.len > 0 && !has_colon(ctx->token)) {
		*ret = (struct request){ .method = HTTP_GET };
		return true;
	}
	if (!oauth_client_load(ctx, app, &c, err)) {
		return false;
	}
	if (oauth_session_load(ctx, &s) && s.refresh.len > 0) {
		c.refresh = s.refresh;
	}
	if (c.refresh.len == 0) {
		return err_set(err, ERR_AUTH,
			       "there is no refresh token: let us in with `answerd connect`, or "
			       "write `token` as CLIENT ID:CLIENT SECRET:REFRESH TOKEN, with "
			       "colons between them");
	}
	field_add(&b, "grant_type", TEXT("refresh_token"));
	client_add(app, &c, &b);
	field_add(&b, "refresh_token", c.refresh);
	if (!form_finish(ctx, app, &b, ret, err)) {
		return false;
	}
	basic_add(ctx, app, &c, ret);
	return true;
}

bool oauth_code_ask(const struct connector_ctx *ctx, const struct oauth_app *app,
		    const struct oauth_code *code, struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = FORM_BYTES };
	struct oauth_client c = { 0 };

	if (!oauth_client_load(ctx, app, &c, err)) {
		return false;
	}
	field_add(&b, "grant_type", TEXT("authorization_code"));
	client_add(app, &c, &b);
	field_add(&b, "code", code->code);
	field_add(&b, "redirect_uri", code->redirect);
	if (code->verifier.len > 0) {
		field_add(&b, "code_verifier", code->verifier);
	}
	if (!form_finish(ctx, app, &b, ret, err)) {
		return false;
	}
	basic_add(ctx, app, &c, ret);
	return true;
}

bool oauth_form_ask(const struct connector_ctx *ctx, const struct oauth_app *app, struct text form,
		    struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = FORM_BYTES };

	strbuf_add(&b, form);
	return form_finish(ctx, app, &b, ret, err);
}

/* ---- answers ---- */

static const char *refusal_explain(struct text word)
{
	static const struct {
		const char *word, *what;
	} words[] = {
		{ "invalid_grant",
		  "the refresh token has ended or was taken back; let the application in again "
		  "and renew `token`" },
		{ "invalid_client",
		  "it does not know this client; look at CLIENT ID and CLIENT SECRET in `token`" },
		{ "deleted_client",
		  "this client was deleted; make a new one, let it in and renew `token`" },
		{ "unauthorized_client",
		  "this client may not do that; look at its settings there" },
		{ "invalid_scope",
		  "a right that we need was never granted; let the application in again" },
		{ "access_denied", "the person said no, or an administrator forbids it" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_eq(word, text_of(words[i].word))) {
			return words[i].what;
		}
	}
	return "the refresh token has ended or was taken back, or the client is not known there; "
	       "let the application in again and renew `token`";
}

/* {"error": "invalid_grant", …}; Reddit writes a number there. Empty: it says none. */
static struct text refusal_of(const struct connector_ctx *ctx, const struct response *r)
{
	struct text page, inner, word = TEXT_NONE;

	if (jx_scan(r->body, &page, NULL) && jx_slice_kind(page) == '{' &&
	    jx_member(page, TEXT("error"), &inner)) {
		if (!jx_slice_text(ctx->arena, inner, &word)) {
			word = TEXT_NONE;
		}
	}
	return word;
}

static bool answer_check(const struct connector_ctx *ctx, const struct oauth_app *app,
			 const struct response *r, struct outcome *ret, struct err *err)
{
	struct text word = refusal_of(ctx, r);

	if (text_eq(word, TEXT("temporarily_unavailable")) || text_eq(word, TEXT("server_error"))) {
		return err_set(err, ERR_RETRY, "%s makes no session for now (%d)", app->name,
			       r->status);
	}
	/* Whatever it is called, it will not become better by itself. Some say it with 200. */
	if (r->status == 400 || r->status == 401 || (r->status < 300 && word.len > 0)) {
		return err_set(err, ERR_AUTH, "%s makes no session (%d): %s", app->name, r->status,
			       refusal_explain(word));
	}
	return page_check(ctx, r, &ret->rate, err);
}

/* Some write the seconds as text. */
static int64_t seconds_read(struct arena *a, struct jx v)
{
	int64_t s = jx_i64_or(v, "expires_in", 0);

	(void)num_parse_i64(jx_text_or(a, v, "expires_in", TEXT_NONE), &s); /* a number it was */
	return s;
}

/* How long the refresh token lives, where somebody tells it (Google in a project that is being
 * tested, and of rights for a time). */
static struct wall refresh_until(const struct connector_ctx *ctx, struct jx v)
{
	int64_t s = jx_i64_or(v, "refresh_token_expires_in", 0);

	return s > 0 && s < 10 * YEAR_S ? wall_add(ctx->now, DUR_S(s)) : (struct wall){ 0 };
}

static bool token_is_usable(struct text token)
{
	for (size_t i = 0; i < token.len; i++) {
		if (token.at[i] <= ' ' || token.at[i] == 0x7f) {
			return false;
		}
	}
	return token.len > 0 && token.len <= TOKEN_BYTES;
}

static struct text newest_refresh(const struct connector_ctx *ctx, struct jx v)
{
	struct text given = jx_text_or(ctx->arena, v, "refresh_token", TEXT_NONE);
	struct oauth_session old;

	if (token_is_usable(given)) {
		return given;
	}
	return oauth_session_load(ctx, &old) ? old.refresh : TEXT_NONE;
}

bool oauth_token_digest(const struct connector_ctx *ctx, const struct oauth_app *app,
			const struct response *r, struct outcome *ret, struct err *err)
{
	struct oauth_session s = { 0 };
	struct jx_doc *doc = NULL;
	struct text page;
	int64_t seconds;
	struct jx v;

	if (r->status == 204 && app->is_ready && !has_colon(ctx->token)) {
		s.access = text_trim(ctx->token); /* nobody was asked */
		ret->session = oauth_session_save(ctx->arena, &s);
		return true;
	}
	if (!answer_check(ctx, app, r, ret, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	s.access = jx_text_or(ctx->arena, v, "access_token", TEXT_NONE);
	s.scope = text_clip(jx_text_or(ctx->arena, v, "scope", TEXT_NONE), LIMIT_URL_BYTES);
	s.refresh = newest_refresh(ctx, v);
	seconds = seconds_read(ctx->arena, v);
	ret->token_until = refresh_until(ctx, v);
	jx_release(&doc);
	if (!token_is_usable(s.access)) {
		return err_set(err, ERR_RETRY, "%s answers without an access token", app->name);
	}
	if (seconds > 2 * EARLY_S && seconds < YEAR_S) {
		s.until = wall_add(ctx->now, DUR_S(seconds));
		ret->session_until = wall_add(ctx->now, DUR_S(seconds - EARLY_S));
	}
	ret->session = oauth_session_save(ctx->arena, &s);
	return true;
}

/* ---- a person lets us in ---- */

bool oauth_connect_ask(const struct connector_ctx *ctx, const struct oauth_app *app,
		       const struct question *q, struct request *ret, struct err *err)
{
	struct oauth_code code = { 0 };

	if (q->granting == NULL || q->granting->code.len == 0) {
		return err_set(err, ERR_DATA, "there is no code to exchange");
	}
	code.code = q->granting->code;
	code.redirect = q->granting->redirect;
	code.verifier = q->granting->verifier;
	return oauth_code_ask(ctx, app, &code, ret, err);
}

struct text oauth_missing(struct arena *a, const struct connector_right *rights,
			  const struct oauth_session *s)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_NAME_BYTES };

	for (size_t i = 0; rights[i].scope != NULL; i++) {
		if (!is_granted(s, rights[i].scope)) {
			strbuf_printf(&b, "%s%s (%s)", b.len > 0 ? ", " : "", rights[i].scope,
				      rights[i].why);
		}
	}
	return text_dup(a, strbuf_text(&b));
}

bool oauth_connect_digest(const struct connector_ctx *ctx, const struct oauth_app *app,
			  const struct connector_right *rights, const struct response *r,
			  struct outcome *ret, struct err *err)
{
	struct connector_ctx fresh = *ctx;
	struct text word = refusal_of(ctx, r);
	struct oauth_session s;

	if (r->status >= 400 && r->status < 500 && text_eq(word, TEXT("invalid_grant"))) {
		return err_set(err, ERR_AUTH,
			       "%s does not take the code (invalid_grant): it was used before, is "
			       "too old, or belongs to another client",
			       app->name);
	}
	fresh.session = TEXT_NONE; /* a refresh token of the session before is none of this one's */
	if (!oauth_token_digest(&fresh, app, r, ret, err)) {
		return false;
	}
	fresh.session = ret->session;
	if (oauth_session_load(&fresh, &s)) {
		ret->missing = oauth_missing(ctx->arena, rights, &s);
	}
	return true;
}

/* ---- consent ---- */

bool oauth_consent_url(const struct connector_ctx *ctx, const struct oauth_app *app,
		       const struct oauth_consent *c, struct text *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_URL_BYTES };
	struct oauth_client client = { 0 };

	if (!oauth_client_load(ctx, app, &client, err)) {
		return false;
	}
	strbuf_add(&b, c->at);
	strbuf_add_str(&b, "?response_type=code&client_id=");
	strbuf_add_url(&b, client.id);
	strbuf_add_str(&b, "&redirect_uri=");
	strbuf_add_url(&b, c->redirect);
	strbuf_add_str(&b, "&scope=");
	strbuf_add_url(&b, text_of(c->scopes));
	strbuf_add_str(&b, "&state=");
	strbuf_add_url(&b, c->state);
	if (c->challenge.len > 0) {
		strbuf_add_str(&b, "&code_challenge_method=S256&code_challenge=");
		strbuf_add_url(&b, c->challenge);
	}
	if (c->more != NULL) {
		strbuf_add_str(&b, c->more);
	}
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the address would be longer than %d bytes",
			       LIMIT_URL_BYTES);
	}
	*ret = text_dup(ctx->arena, strbuf_text(&b));
	return true;
}

bool oauth_authorize(const struct connector_ctx *ctx, const struct oauth_app *app, struct text at,
		     const struct connector_right *rights, const char *more,
		     const struct granting *g, struct text *ret, struct err *err)
{
	struct oauth_consent c = { .at = at,
				   .scopes = oauth_scopes(ctx->arena, rights, ' '),
				   .more = more,
				   .redirect = g->redirect,
				   .state = g->state,
				   .challenge = g->challenge };
	return oauth_consent_url(ctx, app, &c, ret, err);
}
