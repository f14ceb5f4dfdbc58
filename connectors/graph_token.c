#include "graph_token.h"

#include "answerd/limits.h"
#include "answerd/page.h"
#include "oauth.h"

#define TOKEN_BYTES 8192
#define STATE_BYTES (4 * TOKEN_BYTES)
#define DAY_S       86400
#define WEEK_S      (7 * DAY_S)
#define LONG_MOST_S (400 * (int64_t)DAY_S)
#define PAGES_MOST  100

/* ---- renewing ---- */

static struct wall until_of(const struct connector_ctx *ctx, int64_t seconds)
{
	if (seconds <= 0 || seconds > LONG_MOST_S) {
		return (struct wall){ 0 };
	}
	return wall_add(ctx->now, DUR_S(seconds));
}

/* Weekly, and well before its end: one that has ended is renewed by nobody. */
static struct wall renew_at(const struct connector_ctx *ctx, struct wall until)
{
	struct wall week = wall_add(ctx->now, DUR_S(WEEK_S));
	struct wall early = wall_add(until, DUR_S(-DAY_S));

	if (!wall_is_set(until)) {
		return (struct wall){ 0 };
	}
	return wall_before(early, week) ? early : week;
}

/* A session that carries this token on a call of ours. */
static struct connector_ctx ctx_with(const struct connector_ctx *ctx, struct text token)
{
	struct connector_ctx with = *ctx;

	with.session = graph_session(ctx->arena, token, TEXT_NONE, (struct wall){ 0 });
	return with;
}

bool graph_page_refresh_ask(const struct connector_ctx *ctx, const struct graph *g,
			    struct request *ret, struct err *err)
{
	struct text page = connector_option(ctx, "page");
	struct connector_ctx person;
	struct graph_keys keys;
	struct strbuf b;

	graph_keys_read(ctx, &keys);
	if (keys.app_id.len == 0) {
		*ret = (struct request){ 0 };
		return true;
	}
	person = ctx_with(ctx, keys.user.len > 0 ? keys.user : keys.given);
	graph_url_start(&person, g, &b, "/");
	strbuf_add(&b, graph_is_node(page) ? page : TEXT("me"));
	graph_url_add(&b, "fields", TEXT("id,access_token"));
	return graph_url_finish(&person, &b, ret, err);
}

bool graph_page_refresh_digest(const struct connector_ctx *ctx, const struct graph *g,
			       const struct response *r, struct outcome *ret, struct err *err)
{
	struct graph_keys keys;
	struct graph_said said;
	struct jx_doc *doc = NULL;
	struct text page, token;
	struct jx v;

	graph_keys_read(ctx, &keys);
	if (keys.app_id.len == 0) {
		ret->session = graph_session(ctx->arena, keys.given, TEXT_NONE, (struct wall){ 0 });
		return true;
	}
	if (!graph_check(ctx, g, r, &said, ret, err)) {
		ret->needs_refresh = false;
		return said.fault == GRAPH_FIELD
			       ? err_set(err, ERR_AUTH,
					 "the token is a person's: set `page` to the page's number")
			       : false;
	}
	if (!page_scan(r, &page, err) || !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	token = jx_text_or(ctx->arena, v, "access_token", TEXT_NONE);
	jx_release(&doc);
	if (token.len == 0 || token.len > TOKEN_BYTES) {
		return err_set(err, ERR_AUTH,
			       "%s gives no token of the page: the person who let us in needs a "
			       "role on it",
			       g->name);
	}
	ret->session = graph_session(ctx->arena, token, keys.user, keys.until);
	ret->token_until = keys.until;
	return true;
}

/* Without a version, and on the host that is given. */
static void plain_start(const struct connector_ctx *ctx, struct strbuf *b, const char *host,
			const char *path)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server.len > 0 ? ctx->server : text_of(host));
	strbuf_add_str(b, path);
}

static bool plain_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			 struct err *err)
{
	bool is_full = b->is_full;

	*ret = (struct request){ .method = HTTP_GET, .url = text_dup(ctx->arena, strbuf_text(b)) };
	secret_wipe(b->at, b->len);
	strbuf_done(b);
	return !is_full || err_set(err, ERR_DATA, "the token is longer than any of Meta's");
}

bool graph_long_refresh_ask(const struct connector_ctx *ctx, const struct graph_door *d,
			    struct request *ret, struct err *err)
{
	struct graph_keys keys;
	struct strbuf b;

	graph_keys_read(ctx, &keys);
	if (keys.token.len == 0) {
		return err_set(err, ERR_AUTH, "there is no access token yet: run answerd connect");
	}
	plain_start(ctx, &b, d->graph->host, "/refresh_access_token");
	graph_url_add(&b, "grant_type", text_of(d->renew));
	graph_url_add(&b, "access_token", keys.token);
	return plain_finish(ctx, &b, ret, err);
}

static bool token_read(const struct connector_ctx *ctx, const struct response *r,
		       struct text *ret_token, int64_t *ret_seconds, struct err *err)
{
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v, inner;

	if (!page_scan(r, &page, err) || !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	inner = jx_at(jx_get(v, "data"), 0); /* Instagram has answered both ways */
	v = jx_is_object(inner) ? inner : v;
	*ret_token = jx_text_or(ctx->arena, v, "access_token", TEXT_NONE);
	*ret_seconds = jx_i64_or(v, "expires_in", 0);
	jx_release(&doc);
	return (ret_token->len > 0 && ret_token->len <= TOKEN_BYTES) ||
	       err_set(err, ERR_RETRY, "Meta answers without an access token");
}

bool graph_long_refresh_digest(const struct connector_ctx *ctx, const struct graph_door *d,
			       const struct response *r, struct outcome *ret, struct err *err)
{
	struct graph_keys keys;
	struct graph_said said;
	struct wall until;
	struct text token;
	int64_t seconds;

	graph_keys_read(ctx, &keys);
	if (!graph_check(ctx, d->graph, r, &said, ret, err)) {
		ret->needs_refresh = false;
		if (said.fault != GRAPH_FIELD && said.fault != GRAPH_REFUSED &&
		    said.fault != GRAPH_RIGHT) {
			return false;
		}
		/* Younger than a day: the token itself is good. */
		ret->session = graph_session(ctx->arena, keys.token, TEXT_NONE, keys.until);
		ret->session_until = wall_add(ctx->now, DUR_S(DAY_S));
		ret->token_until = keys.until;
		return true;
	}
	if (!token_read(ctx, r, &token, &seconds, err)) {
		return false;
	}
	until = until_of(ctx, seconds);
	ret->session = graph_session(ctx->arena, token, TEXT_NONE, until);
	ret->session_until = renew_at(ctx, until);
	ret->token_until = until;
	return true;
}

/* ---- a person lets us in ---- */

static struct text scopes_of(struct arena *a, const struct graph_door *d)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = TOKEN_BYTES };

	for (size_t i = 0; d->rights[i].scope != NULL; i++) {
		strbuf_add_str(&b, i > 0 ? " " : "");
		strbuf_add_str(&b, d->rights[i].scope);
	}
	return text_dup(a, strbuf_text(&b));
}

bool graph_door_authorize(const struct connector_ctx *ctx, const struct graph_door *d,
			  const struct granting *g, struct text *ret_address, struct err *err)
{
	struct oauth_app app = { .name = d->graph->name };
	struct oauth_consent c = { .at = text_of(d->consent),
				   .scopes = text_cstr(ctx->arena, scopes_of(ctx->arena, d)),
				   .redirect = g->redirect,
				   .state = g->state };

	if (ctx->server.len > 0) {
		c.at = text_printf(ctx->arena, "%.*s/oauth/authorize", TEXT_ARG(ctx->server));
	}
	return oauth_consent_url(ctx, &app, &c, ret_address, err);
}

/* The walk: a code, a short-lived token, a long-lived one, what was granted, who we are. */
enum stage { STAGE_CODE, STAGE_LONG, STAGE_GRANTED, STAGE_WHO };

struct entry {
	enum stage stage;
	struct text token, missing;
	struct wall until;
};

static void entry_load(const struct connector_ctx *ctx, struct text state, struct entry *ret)
{
	struct jx_doc *doc = NULL;
	int64_t stage;
	struct jx v;

	*ret = (struct entry){ .stage = STAGE_CODE };
	if (state.len > 0 && jx_parse(ctx->arena, state, &v, &doc, NULL)) {
		stage = jx_i64_or(v, "stage", STAGE_CODE);
		ret->stage =
			stage > STAGE_CODE && stage <= STAGE_WHO ? (enum stage)stage : STAGE_CODE;
		ret->token = jx_text_or(ctx->arena, v, "token", TEXT_NONE);
		ret->missing = jx_text_or(ctx->arena, v, "missing", TEXT_NONE);
		ret->until = page_us_or_none(v, "until");
		jx_release(&doc);
	}
}

static void entry_save(const struct connector_ctx *ctx, const struct entry *e, struct outcome *ret)
{
	struct strbuf b;

	strbuf_init(&b, STATE_BYTES);
	strbuf_printf(&b, "{\"stage\":%d,\"until\":%lld,\"token\":", (int)e->stage,
		      (long long)e->until.us);
	strbuf_add_json(&b, e->token);
	strbuf_add_str(&b, ",\"missing\":");
	strbuf_add_json(&b, e->missing);
	strbuf_add_byte(&b, '}');
	ret->state = text_dup(ctx->arena, strbuf_text(&b));
	ret->is_more = true;
	secret_wipe(b.at, b.len);
	strbuf_done(&b);
}

static bool is_facebooks(const struct graph_door *d)
{
	return d->exchange == NULL;
}

static bool code_ask(const struct connector_ctx *ctx, const struct graph_door *d,
		     const struct question *q, const struct graph_keys *keys, struct request *ret,
		     struct err *err)
{
	struct strbuf b, form;

	if (q->granting == NULL || q->granting->code.len == 0) {
		return err_set(err, ERR_DATA, "there is no code to exchange");
	}
	if (is_facebooks(d)) {
		graph_url_start(ctx, d->graph, &b, "/oauth/access_token");
		graph_url_add(&b, "client_id", keys->app_id);
		graph_url_add(&b, "client_secret", keys->app_secret);
		graph_url_add(&b, "redirect_uri", q->granting->redirect);
		graph_url_add(&b, "code", q->granting->code);
		return plain_finish(ctx, &b, ret, err);
	}
	plain_start(ctx, &b, d->code_at, "/oauth/access_token");
	strbuf_init(&form, TOKEN_BYTES);
	strbuf_add_str(&form, "grant_type=authorization_code&client_id=");
	strbuf_add_url(&form, keys->app_id);
	strbuf_add_str(&form, "&client_secret=");
	strbuf_add_url(&form, keys->app_secret);
	strbuf_add_str(&form, "&redirect_uri=");
	strbuf_add_url(&form, q->granting->redirect);
	strbuf_add_str(&form, "&code=");
	strbuf_add_url(&form, q->granting->code);
	if (!plain_finish(ctx, &b, ret, err)) {
		strbuf_done(&form);
		return false;
	}
	ret->method = HTTP_POST;
	ret->body = text_dup(ctx->arena, strbuf_text(&form));
	ret->content_type = TEXT("application/x-www-form-urlencoded");
	secret_wipe(form.at, form.len);
	strbuf_done(&form);
	return true;
}

static bool long_ask(const struct connector_ctx *ctx, const struct graph_door *d,
		     const struct graph_keys *keys, const struct entry *e, struct request *ret,
		     struct err *err)
{
	struct strbuf b;

	if (is_facebooks(d)) {
		graph_url_start(ctx, d->graph, &b, "/oauth/access_token");
		graph_url_add(&b, "grant_type", TEXT("fb_exchange_token"));
		graph_url_add(&b, "client_id", keys->app_id);
		graph_url_add(&b, "client_secret", keys->app_secret);
		graph_url_add(&b, "fb_exchange_token", e->token);
	} else {
		plain_start(ctx, &b, d->graph->host, "/access_token");
		graph_url_add(&b, "grant_type", text_of(d->exchange));
		graph_url_add(&b, "client_secret", keys->app_secret);
		graph_url_add(&b, "access_token", e->token);
	}
	return plain_finish(ctx, &b, ret, err);
}

bool graph_door_connect_ask(const struct connector_ctx *ctx, const struct graph_door *d,
			    const struct question *q, struct request *ret, struct err *err)
{
	struct connector_ctx person;
	struct graph_keys keys;
	struct strbuf b;
	struct entry e;

	graph_keys_read(ctx, &keys);
	if (keys.app_id.len == 0 || keys.app_secret.len == 0) {
		return err_set(err, ERR_AUTH,
			       "`token` is APP ID:APP SECRET, with a colon between them");
	}
	entry_load(ctx, q->state, &e);
	person = ctx_with(ctx, e.token);
	switch (e.stage) {
	case STAGE_CODE: return code_ask(ctx, d, q, &keys, ret, err);
	case STAGE_LONG: return long_ask(ctx, d, &keys, &e, ret, err);
	case STAGE_GRANTED: graph_url_start(&person, d->graph, &b, "/me/permissions"); break;
	case STAGE_WHO:
		if (is_facebooks(d)) {
			graph_url_start(&person, d->graph, &b,
					"/me/accounts?fields=id,name,access_token,tasks&limit=100");
		} else {
			graph_url_start(&person, d->graph, &b, "/me");
			graph_url_add(&b, "fields", text_of(d->me));
		}
		break;
	}
	return graph_url_finish(&person, &b, ret, err);
}

/* What was not granted, each with what it is for. */
static struct text missing_of(struct arena *a, const struct graph_door *d, struct jx list)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = TOKEN_BYTES };

	for (size_t i = 0; d->rights[i].scope != NULL; i++) {
		bool is_granted = false;

		for (size_t k = 0; k < jx_len(list) && !is_granted; k++) {
			struct jx each = jx_at(list, k);

			is_granted =
				text_eq(jx_text_or(a, each, "permission", TEXT_NONE),
					text_of(d->rights[i].scope)) &&
				text_eq(jx_text_or(a, each, "status", TEXT_NONE), TEXT("granted"));
		}
		if (!is_granted) {
			strbuf_add_str(&b, b.len > 0 ? "; " : "");
			strbuf_add_str(&b, d->rights[i].scope);
			strbuf_add_str(&b, ": ");
			strbuf_add_str(&b, d->rights[i].why);
		}
	}
	return text_dup(a, strbuf_text(&b));
}

/* The page among those that the person works on. */
static bool page_choose(const struct connector_ctx *ctx, struct jx list, struct jx *ret,
			struct err *err)
{
	struct text wanted = connector_option(ctx, "page");
	size_t n = jx_len(list) < PAGES_MOST ? jx_len(list) : PAGES_MOST;

	for (size_t i = 0; i < n; i++) {
		struct text id = jx_text_or(ctx->arena, jx_at(list, i), "id", TEXT_NONE);

		if ((wanted.len > 0 && text_eq(id, wanted)) || (wanted.len == 0 && n == 1)) {
			*ret = jx_at(list, i);
			return true;
		}
	}
	if (n == 0) {
		return err_set(err, ERR_AUTH,
			       "this person has a role on no page, or did not share one with the "
			       "app");
	}
	return err_set(err, ERR_AUTH,
		       wanted.len > 0 ? "this person has no role on the page that `page` names"
				      : "this person works on several pages: say which one with "
					"`page`");
}

static void tasks_check(struct arena *a, struct jx page, struct entry *e)
{
	static const char *const wanted[] = { "MODERATE", "MESSAGING" };
	struct jx tasks = jx_get(page, "tasks");

	for (size_t i = 0; i < 2 && jx_is_array(tasks); i++) {
		bool has_it = false;

		for (size_t k = 0; k < jx_len(tasks); k++) {
			struct text task;

			has_it = has_it || (jx_as_text(a, jx_at(tasks, k), &task) &&
					    text_eq(task, text_of(wanted[i])));
		}
		if (!has_it) {
			e->missing = text_printf(a, "%.*s%sthe task %s on the page",
						 TEXT_ARG(e->missing),
						 e->missing.len > 0 ? "; " : "", wanted[i]);
		}
	}
}

static bool who_digest(const struct connector_ctx *ctx, const struct graph_door *d, struct jx v,
		       struct entry *e, struct outcome *ret, struct err *err)
{
	struct text token = e->token, user = TEXT_NONE;
	struct arena *a = ctx->arena;
	struct jx who = v;

	if (is_facebooks(d)) {
		if (!page_choose(ctx, jx_get(v, "data"), &who, err)) {
			return false;
		}
		user = e->token;
		token = jx_text_or(a, who, "access_token", TEXT_NONE);
		tasks_check(a, who, e);
	}
	ret->own_id = jx_text_or(a, who, "user_id", TEXT_NONE);
	if (ret->own_id.len == 0) {
		ret->own_id = jx_text_or(a, who, "id", TEXT_NONE);
	}
	ret->own_handle = text_clip(jx_text_or(a, who, "username", TEXT_NONE), LIMIT_NAME_BYTES);
	ret->own_name = text_clip(jx_text_or(a, who, "name", TEXT_NONE), LIMIT_NAME_BYTES);
	if (!graph_is_node(ret->own_id) || token.len == 0) {
		return err_set(err, ERR_AUTH, "%s does not say whose account it is",
			       d->graph->name);
	}
	ret->missing = e->missing;
	ret->session = graph_session(a, token, user, e->until);
	ret->session_until = d->renew != NULL ? renew_at(ctx, e->until) : (struct wall){ 0 };
	ret->token_until = d->renew != NULL ? e->until : (struct wall){ 0 };
	return true;
}

bool graph_door_connect_digest(const struct connector_ctx *ctx, const struct graph_door *d,
			       const struct question *q, const struct response *r,
			       struct outcome *ret, struct err *err)
{
	struct graph_said said;
	struct jx_doc *doc = NULL;
	struct text page;
	struct entry e;
	int64_t seconds;
	bool is_good;
	struct jx v;

	entry_load(ctx, q->state, &e);
	if (!graph_check(ctx, d->graph, r, &said, ret, err)) {
		ret->needs_refresh = false;
		return false;
	}
	if (e.stage == STAGE_CODE || e.stage == STAGE_LONG) {
		if (!token_read(ctx, r, &e.token, &seconds, err)) {
			return false;
		}
		e.until = until_of(ctx, seconds);
		e.stage = e.stage == STAGE_CODE ? STAGE_LONG
			  : is_facebooks(d)     ? STAGE_GRANTED
						: STAGE_WHO;
		entry_save(ctx, &e, ret);
		return true;
	}
	if (!page_scan(r, &page, err) || !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	if (e.stage == STAGE_GRANTED) {
		e.missing = missing_of(ctx->arena, d, jx_get(v, "data"));
		e.stage = STAGE_WHO;
		entry_save(ctx, &e, ret);
		is_good = true;
	} else {
		is_good = who_digest(ctx, d, v, &e, ret, err);
	}
	jx_release(&doc);
	return is_good;
}
