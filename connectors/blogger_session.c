#include "blogger_session.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"

#define SERVER      TEXT("https://blogger.googleapis.com")
#define OAUTH       TEXT("https://oauth2.googleapis.com/token")
#define TOKEN_BYTES 8192
#define EARLY_S     60 /* a session is renewed before its end */
#define QUOTA_S     3600
#define WINDOW_S    100

/* ---- session ---- */

static bool credential_cut(const struct connector_ctx *ctx, struct text *ret_id,
			   struct text *ret_secret, struct text *ret_refresh, struct err *err)
{
	struct text rest;

	if (text_cut(text_trim(ctx->token), ':', ret_id, &rest) &&
	    text_cut(rest, ':', ret_secret, ret_refresh) && ret_id->len > 0 &&
	    ret_secret->len > 0 && ret_refresh->len > 0) {
		return true;
	}
	return err_set(
		err, ERR_AUTH,
		"`token` is CLIENT ID:CLIENT SECRET:REFRESH TOKEN, with colons between them");
}

bool blogger_refresh_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = TOKEN_BYTES };
	struct text id = TEXT_NONE, secret = TEXT_NONE, refresh = TEXT_NONE;
	struct text at = connector_option(ctx, "oauth");

	if (!credential_cut(ctx, &id, &secret, &refresh, err)) {
		return false;
	}
	strbuf_add_str(&b, "grant_type=refresh_token&client_id=");
	strbuf_add_url(&b, id);
	strbuf_add_str(&b, "&client_secret=");
	strbuf_add_url(&b, secret);
	strbuf_add_str(&b, "&refresh_token=");
	strbuf_add_url(&b, refresh);
	if (b.is_full) {
		return err_set(err, ERR_AUTH, "`token` is longer than any");
	}
	*ret = (struct request){ .method = HTTP_POST,
				 .url = at.len > 0 ? at : OAUTH,
				 .body = text_dup(ctx->arena, strbuf_text(&b)),
				 .content_type = TEXT("application/x-www-form-urlencoded") };
	secret_wipe(b.at, b.len);
	return true;
}

bool blogger_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	struct jx_doc *doc = NULL;
	struct text page, access;
	int64_t seconds;
	struct jx v;

	/* invalid_grant, invalid_client: whatever it is called, it will not become better by itself. */
	if (r->status == 400 || r->status == 401) {
		return err_set(err, ERR_AUTH,
			       "Google makes no session (%d): the refresh token has ended or was "
			       "taken back; let the application in again and renew `token`",
			       r->status);
	}
	if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	access = jx_text_or(ctx->arena, v, "access_token", TEXT_NONE);
	seconds = jx_i64_or(v, "expires_in", 0);
	jx_release(&doc);
	if (access.len == 0 || access.len > TOKEN_BYTES) {
		return err_set(err, ERR_RETRY, "Google answers without an access token");
	}
	ret->session = access;
	if (seconds > 2 * EARLY_S && seconds < INT64_C(31536000)) {
		ret->session_until = wall_add(ctx->now, DUR_S(seconds - EARLY_S));
	}
	return true;
}

/* ---- addresses ---- */

void blogger_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server.len > 0 ? ctx->server : SERVER);
	strbuf_add_str(b, "/v3");
	strbuf_add_str(b, path);
}

void blogger_url_blog(const struct connector_ctx *ctx, struct strbuf *b, const char *path)
{
	blogger_url_start(ctx, b, "/blogs/");
	strbuf_add_url(b, connector_option(ctx, "blog"));
	strbuf_add_str(b, path);
}

bool blogger_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			struct err *err)
{
	bool is_full = b->is_full;

	*ret = (struct request){ .method = HTTP_GET,
				 .url = text_dup(ctx->arena, strbuf_text(b)),
				 .bearer = ctx->session };
	strbuf_done(b);
	return !is_full ||
	       err_set(err, ERR_DATA, "the address would be longer than %d bytes", LIMIT_URL_BYTES);
}

/* ---- refusals ---- */

/* {"error": {"code": 403, "errors": [{"reason": "rateLimitExceeded"}], "status": …}} */
static bool says(const struct response *r, struct text word)
{
	struct text page, inner;

	return jx_scan(r->body, &page, NULL) && jx_slice_kind(page) == '{' &&
	       jx_member(page, TEXT("error"), &inner) && text_find(inner, word, 0) != SIZE_MAX;
}

bool blogger_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
		   struct err *err)
{
	if (r->status == 401) {
		ret->needs_refresh = true;
		return err_set(err, ERR_AUTH, "the session has ended (401)");
	}
	if (r->status == 403 &&
	    (says(r, TEXT("uotaExceeded")) || says(r, TEXT("dailyLimitExceeded")))) {
		return err_limited(err, wall_add(ctx->now, DUR_S(QUOTA_S)),
				   "today's quota of the Google project is used up (403)");
	}
	if (r->status == 403 && says(r, TEXT("ateLimitExceeded"))) {
		return err_limited(err, wall_add(ctx->now, DUR_S(WINDOW_S)),
				   "Google says we ask too often (403)");
	}
	return page_check(ctx, r, &ret->rate, err);
}

bool blogger_is_missing(const struct response *r)
{
	return (r->status == 404 || r->status == 410) &&
	       (says(r, TEXT("notFound")) || says(r, TEXT("NOT_FOUND")));
}
