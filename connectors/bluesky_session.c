#include "bluesky_session.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/url.h"

#define TOKEN_BYTES  4096
#define STATE_CREATE "create" /* the refresh token was refused: sign in anew */

/* ---- session ---- */

bool bluesky_session_load(const struct connector_ctx *ctx, struct bluesky_session *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct bluesky_session){ 0 };
	if (ctx->session.len == 0 || !jx_parse(ctx->arena, ctx->session, &v, &doc, NULL)) {
		return false;
	}
	ret->access = jx_text_or(ctx->arena, v, "access", TEXT_NONE);
	ret->refresh = jx_text_or(ctx->arena, v, "refresh", TEXT_NONE);
	ret->did = jx_text_or(ctx->arena, v, "did", TEXT_NONE);
	ret->pds = jx_text_or(ctx->arena, v, "pds", TEXT_NONE);
	jx_release(&doc);
	return ret->access.len > 0;
}

static struct text session_save(struct arena *a, const struct bluesky_session *s)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = (size_t)8 * TOKEN_BYTES };
	struct text out;

	strbuf_add_str(&b, "{\"access\":");
	strbuf_add_json(&b, s->access);
	strbuf_add_str(&b, ",\"refresh\":");
	strbuf_add_json(&b, s->refresh);
	strbuf_add_str(&b, ",\"did\":");
	strbuf_add_json(&b, s->did);
	strbuf_add_str(&b, ",\"pds\":");
	strbuf_add_json(&b, s->pds);
	strbuf_add_byte(&b, '}');
	out = text_dup(a, strbuf_text(&b));
	secret_wipe(b.at, b.len);
	return out;
}

/* ---- refusals ---- */

static struct text error_member(const struct connector_ctx *ctx, const struct response *r,
				const char *name)
{
	struct text page, inner, out;

	if (jx_scan(r->body, &page, NULL) && jx_member(page, text_of(name), &inner) &&
	    jx_slice_text(ctx->arena, inner, &out)) {
		return out;
	}
	return TEXT_NONE;
}

struct text bluesky_error_name(const struct connector_ctx *ctx, const struct response *r)
{
	return error_member(ctx, r, "error");
}

struct text bluesky_error_message(const struct connector_ctx *ctx, const struct response *r)
{
	return error_member(ctx, r, "message");
}

/* Words of refusal that a person must act upon. */
static const char *refusal_explain(struct text name)
{
	static const struct {
		const char *name, *what;
	} words[] = {
		{ "AuthenticationRequired",
		  "identifier or app password is wrong: make a new app password and reload" },
		{ "AuthFactorTokenRequired",
		  "this password asks for a second factor: use an app password instead" },
		{ "AccountTakedown", "the platform has taken this account down" },
		{ "AccountDeactivated", "the account is deactivated" },
		{ "AccountSuspended", "the platform has suspended this account" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_eq(name, text_of(words[i].name))) {
			return words[i].what;
		}
	}
	return NULL;
}

bool bluesky_check(const struct connector_ctx *ctx, const struct response *r,
		   const struct rate *rate, bool *ret_needs_refresh, struct err *err)
{
	struct text name;
	const char *why;

	*ret_needs_refresh = false;
	if (r->status >= 200 && r->status < 300) {
		return true;
	}
	if (r->status == 400 || r->status == 401 || r->status == 403) {
		name = bluesky_error_name(ctx, r);
		if (text_eq(name, TEXT("ExpiredToken")) || text_eq(name, TEXT("InvalidToken")) ||
		    (r->status == 401 && text_eq(name, TEXT("AuthMissing")))) {
			*ret_needs_refresh = true;
			return err_set(err, ERR_AUTH, "the session has ended");
		}
		why = refusal_explain(name);
		if (why != NULL) {
			return err_set(err, ERR_AUTH, "%s", why);
		}
	}
	return page_check(ctx, r, rate, err);
}

/* ---- addresses ---- */

static struct text server_of(const struct connector_ctx *ctx, const struct bluesky_session *s)
{
	return s->pds.len > 0 ? s->pds : ctx->server;
}

bool bluesky_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *method,
		       struct err *err)
{
	struct bluesky_session s;

	strbuf_init(b, LIMIT_URL_BYTES);
	if (!bluesky_session_load(ctx, &s)) {
		return err_set(err, ERR_AUTH, "there is no session yet");
	}
	strbuf_add(b, server_of(ctx, &s));
	strbuf_add_str(b, "/xrpc/");
	strbuf_add_str(b, method);
	return true;
}

bool bluesky_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			struct err *err)
{
	struct bluesky_session s;
	bool is_full = b->is_full;

	(void)bluesky_session_load(ctx, &s); /* start has seen it */
	*ret = (struct request){ .method = HTTP_GET,
				 .url = text_dup(ctx->arena, strbuf_text(b)),
				 .bearer = s.access };
	strbuf_done(b);
	return !is_full ||
	       err_set(err, ERR_DATA, "the address would be longer than %d bytes", LIMIT_URL_BYTES);
}

/* ---- refresh ---- */

static bool is_refreshable(const struct connector_ctx *ctx, const struct question *q,
			   struct bluesky_session *ret)
{
	struct wall until;

	(void)bluesky_session_load(ctx, ret); /* none: its fields are empty */
	if (ret->refresh.len == 0 || text_eq(q->state, TEXT(STATE_CREATE))) {
		return false;
	}
	until = page_token_until(ctx->arena, ret->refresh);
	return !wall_is_set(until) || wall_before(ctx->now, until);
}

bool bluesky_refresh_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = TOKEN_BYTES };
	struct text identifier = connector_option(ctx, "identifier");
	struct bluesky_session s;

	if (is_refreshable(ctx, q, &s)) {
		struct text server = server_of(ctx, &s);

		*ret = (struct request){
			.method = HTTP_POST,
			.url = text_printf(ctx->arena,
					   "%.*s/xrpc/com.atproto.server.refreshSession",
					   TEXT_ARG(server)),
			.bearer = s.refresh,
		};
		return true;
	}
	if (identifier.len == 0 || ctx->token.len == 0) {
		return err_set(err, ERR_CONFIG,
			       "bluesky needs `identifier` (handle or DID) and an app password as "
			       "`token`");
	}
	strbuf_add_str(&b, "{\"identifier\":");
	strbuf_add_json(&b, identifier);
	strbuf_add_str(&b, ",\"password\":");
	strbuf_add_json(&b, text_clean(ctx->arena, ctx->token, NULL));
	strbuf_add_byte(&b, '}');
	*ret = (struct request){
		.method = HTTP_POST,
		.url = text_printf(ctx->arena, "%.*s/xrpc/com.atproto.server.createSession",
				   TEXT_ARG(ctx->server)),
		.body = text_dup(ctx->arena, strbuf_text(&b)),
		.content_type = TEXT("application/json"),
	};
	secret_wipe(b.at, b.len);
	return true;
}

/* The account's own server, as its DID document says. A document can be anybody's work: https only,
 * or the very server that was configured. */
static struct text pds_read(const struct connector_ctx *ctx, struct jx v)
{
	struct jx services = jx_path(v, "didDoc.service");
	struct url u;

	for (size_t i = 0; i < jx_len(services); i++) {
		struct jx one = jx_at(services, i);
		struct text at = jx_text_or(ctx->arena, one, "serviceEndpoint", TEXT_NONE);

		if (!text_ends(jx_text_or(ctx->arena, one, "id", TEXT_NONE),
			       TEXT("#atproto_pds"))) {
			continue;
		}
		while (text_ends(at, TEXT("/"))) {
			at.len--;
		}
		if (url_parse(at, &u) && u.path.len == 0 && u.query.len == 0 &&
		    (text_eq(u.scheme, TEXT("https")) || url_same_origin(at, ctx->server))) {
			return at;
		}
	}
	return TEXT_NONE;
}

static bool session_digest(const struct connector_ctx *ctx, struct jx v, struct outcome *ret,
			   struct err *err)
{
	struct bluesky_session s, old;

	s.access = jx_text_or(ctx->arena, v, "accessJwt", TEXT_NONE);
	s.refresh = jx_text_or(ctx->arena, v, "refreshJwt", TEXT_NONE);
	s.did = jx_text_or(ctx->arena, v, "did", TEXT_NONE);
	if (s.access.len == 0 || s.access.len > TOKEN_BYTES || s.refresh.len > TOKEN_BYTES ||
	    !page_is_id(s.did)) {
		return err_set(err, ERR_DATA, "the server signed us in without a session");
	}
	if (!jx_bool_or(v, "active", true)) {
		return err_set(err, ERR_AUTH, "the account is not active: sign in and look why");
	}
	(void)bluesky_session_load(ctx, &old);
	s.pds = pds_read(ctx, v);
	s.pds = s.pds.len > 0 ? s.pds : old.pds;
	ret->session = session_save(ctx->arena, &s);
	ret->session_until = page_token_until(ctx->arena, s.access);
	if (!wall_is_set(ret->session_until)) {
		ret->session_until = wall_add(ctx->now, DUR_S(90 * 60));
	}
	return true;
}

bool bluesky_refresh_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	struct bluesky_session old;
	bool was_refresh = is_refreshable(ctx, q, &old), has_ended, is_good;
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v;

	if (!bluesky_check(ctx, r, &ret->rate, &has_ended, err)) {
		if (was_refresh && (has_ended || r->status == 401)) {
			ret->state = TEXT(STATE_CREATE);
			ret->is_more = true;
			return true;
		}
		if (has_ended) {
			return err_set(err, ERR_AUTH, "the server refuses the app password");
		}
		return false;
	}
	if (!page_scan(r, &page, err) || !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	is_good = session_digest(ctx, v, ret, err);
	jx_release(&doc);
	return is_good;
}
