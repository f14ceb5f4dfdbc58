#include "blogger_session.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "oauth.h"

#define SERVER   TEXT("https://blogger.googleapis.com")
#define OAUTH    TEXT("https://oauth2.googleapis.com/token")
#define QUOTA_S  3600
#define WINDOW_S 100

/* ---- session ---- */

static struct oauth_app app_of(const struct connector_ctx *ctx)
{
	struct text at = connector_option(ctx, "oauth");

	return (struct oauth_app){ .name = "Google", .at = at.len > 0 ? at : OAUTH };
}

bool blogger_refresh_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	return oauth_refresh_ask(ctx, &app, ret, err);
}

bool blogger_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	return oauth_token_digest(ctx, &app, r, ret, err);
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
				 .bearer = oauth_bearer(ctx) };
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
