#include "reddit_session.h"

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "oauth.h"

#define SERVER  TEXT("https://oauth.reddit.com")
#define TOKENS  TEXT("https://www.reddit.com/api/v1/access_token")
#define CONSENT TEXT("https://www.reddit.com/api/v1/authorize")
#define SCOPES  "identity read history submit privatemessages"

const struct connector_right reddit_rights[] = {
	{ "identity", "to know which account this is" },
	{ "read", "to read what is said in subreddits and below your posts" },
	{ "history", "to see your own comments and posts" },
	{ "privatemessages", "to hear mentions, replies and private messages" },
	{ "submit", "to answer" },
	{ NULL, NULL },
};

static struct oauth_app app_of(const struct connector_ctx *ctx)
{
	struct text at = connector_option(ctx, "oauth");

	return (struct oauth_app){ .name = "Reddit",
				   .at = at.len > 0 ? at : TOKENS,
				   .is_basic = true };
}

/* Reddit refuses those who do not say who they are, in this form. */
static void agent_add(const struct connector_ctx *ctx, struct request *r)
{
	struct text who = posting_is_handle(ctx->own_handle) ? ctx->own_handle
							     : connector_option(ctx, "username");

	request_add_header(r, TEXT("User-Agent"),
			   who.len > 0
				   ? text_printf(ctx->arena,
						 "linux:answerd:" ANSWERD_VERSION " (by /u/%.*s)",
						 TEXT_ARG(who))
				   : TEXT("linux:answerd:" ANSWERD_VERSION));
}

bool reddit_refresh_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	if (!oauth_refresh_ask(ctx, &app, ret, err)) {
		return false;
	}
	agent_add(ctx, ret);
	return true;
}

bool reddit_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
			   struct outcome *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	return oauth_token_digest(ctx, &app, r, ret, err);
}

bool reddit_authorize(const struct connector_ctx *ctx, const struct granting *g,
		      struct text *ret_address, struct err *err)
{
	struct oauth_app app = app_of(ctx);
	struct text at = connector_option(ctx, "consent");
	struct oauth_consent c = { .at = at.len > 0 ? at : CONSENT,
				   .scopes = SCOPES,
				   .more = "&duration=permanent",
				   .redirect = g->redirect,
				   .state = g->state,
				   .challenge = g->challenge };

	return oauth_consent_url(ctx, &app, &c, ret_address, err);
}

bool reddit_connect_ask(const struct connector_ctx *ctx, const struct granting *g,
			struct request *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);
	struct oauth_code code;

	if (g == NULL || g->code.len == 0) {
		return err_set(err, ERR_AUTH, "there is no code from Reddit's page");
	}
	code = (struct oauth_code){ .code = g->code,
				    .redirect = g->redirect,
				    .verifier = g->verifier };
	if (!oauth_code_ask(ctx, &app, &code, ret, err)) {
		return false;
	}
	agent_add(ctx, ret);
	return true;
}

static struct text missing_of(const struct connector_ctx *ctx, struct text session)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 512 };
	struct connector_ctx with = *ctx;
	struct oauth_session s;

	with.session = session;
	if (session.len == 0 || !oauth_session_load(&with, &s) || text_eq(s.scope, TEXT("*"))) {
		return TEXT_NONE;
	}
	for (const struct connector_right *r = reddit_rights; r->scope != NULL; r++) {
		if (!oauth_has_scope(&s, r->scope)) {
			strbuf_printf(&b, "%s%s, %s", b.len > 0 ? "; " : "", r->scope, r->why);
		}
	}
	return b.len > 0 ? text_dup(ctx->arena, strbuf_text(&b)) : TEXT_NONE;
}

struct text reddit_missing(const struct connector_ctx *ctx)
{
	return missing_of(ctx, ctx->session);
}

bool reddit_connect_digest(const struct connector_ctx *ctx, const struct response *r,
			   struct outcome *ret, struct err *err)
{
	if (!reddit_refresh_digest(ctx, r, ret, err)) {
		return false;
	}
	ret->missing = missing_of(ctx, ret->session);
	return true;
}

/* ---- addresses ---- */

void reddit_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server.len > 0 ? ctx->server : SERVER);
	strbuf_add_str(b, path);
}

bool reddit_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
		       struct err *err)
{
	bool is_full;

	/* Else < > & come escaped. */
	strbuf_add_str(b, text_find(strbuf_text(b), TEXT("?"), 0) == SIZE_MAX ? "?raw_json=1"
									      : "&raw_json=1");
	is_full = b->is_full;
	*ret = (struct request){ .method = HTTP_GET,
				 .url = text_dup(ctx->arena, strbuf_text(b)),
				 .bearer = oauth_bearer(ctx) };
	agent_add(ctx, ret);
	strbuf_done(b);
	return !is_full ||
	       err_set(err, ERR_DATA, "the address would be longer than %d bytes", LIMIT_URL_BYTES);
}

/* ---- refusals ---- */

/* "used" and "remaining" (a float) make the limit; the reset is in seconds. */
struct rate reddit_rate(const struct response *r)
{
	const struct page_rate_names names = { TEXT("x-ratelimit-limit"),
					       TEXT("x-ratelimit-remaining"),
					       TEXT("x-ratelimit-reset") };
	struct rate rate = page_rate(r, &names);
	struct text used, fraction;
	int64_t n = 0;

	(void)text_cut(response_header(r, TEXT("x-ratelimit-used")), '.', &used, &fraction);
	if (rate.is_known && rate.limit == 0 && num_parse_range(used, 0, 1000000, &n)) {
		rate.limit = rate.remaining + n;
	}
	return rate;
}

bool reddit_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
		  struct err *err)
{
	ret->rate = reddit_rate(r);
	if (r->status == 401) {
		ret->needs_refresh = true;
		return err_set(err, ERR_AUTH, "the session has ended (401)");
	}
	return page_check(ctx, r, &ret->rate, err);
}
