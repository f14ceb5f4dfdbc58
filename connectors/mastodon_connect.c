#include "mastodon_connect.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "oauth.h"

#define PART_BYTES 512

const struct connector_right mastodon_rights[] = {
	{ "read:accounts", "to know who we are" },
	{ "read:notifications", "to hear who mentions us" },
	{ "read:statuses", "to read threads and direct messages" },
	{ "read:search", "to hear what is said about us" },
	{ "write:statuses", "to post what staff answer" },
	{ NULL, NULL },
};

static struct oauth_app app_of(const struct connector_ctx *ctx)
{
	return (struct oauth_app){ .name = "the server",
				   .at = text_printf(ctx->arena, "%.*s/oauth/token",
						     TEXT_ARG(ctx->server)) };
}

/* CLIENT ID:CLIENT SECRET has one colon; no server's tokens have any. */
static bool is_client(struct text token)
{
	struct text id, secret, more;

	return text_cut(token, ':', &id, &secret) && !text_cut(secret, ':', &secret, &more);
}

struct text mastodon_bearer(const struct connector_ctx *ctx)
{
	if (ctx->session.len > 0) {
		return oauth_bearer(ctx);
	}
	return is_client(ctx->token) ? TEXT_NONE : ctx->token;
}

/* Servers before 4.3 ignore the challenge. */
bool mastodon_authorize(const struct connector_ctx *ctx, const struct granting *g,
			struct text *ret_address, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	return oauth_authorize(
		ctx, &app, text_printf(ctx->arena, "%.*s/oauth/authorize", TEXT_ARG(ctx->server)),
		mastodon_rights, NULL, g, ret_address, err);
}

static bool register_ask(const struct connector_ctx *ctx, const struct granting *g,
			 struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_URL_BYTES };

	strbuf_add_str(&b, "client_name=answerd&redirect_uris=");
	strbuf_add_url(&b, g->redirect);
	strbuf_add_str(&b, "&scopes=");
	strbuf_add_url(&b, text_of(oauth_scopes(ctx->arena, mastodon_rights, ' ')));
	*ret = (struct request){ .method = HTTP_POST,
				 .url = text_printf(ctx->arena, "%.*s/api/v1/apps",
						    TEXT_ARG(ctx->server)),
				 .body = text_dup(ctx->arena, strbuf_text(&b)),
				 .content_type = TEXT("application/x-www-form-urlencoded"),
				 .once = true };
	return !b.is_full || err_set(err, ERR_DATA, "the redirect is longer than any");
}

bool mastodon_connect_ask(const struct connector_ctx *ctx, const struct question *q,
			  struct request *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	return q->granting->code.len == 0 ? register_ask(ctx, q->granting, ret, err)
					  : oauth_connect_ask(ctx, &app, q, ret, err);
}

/* No colon may stand in the id, or nobody could tell where it ends. */
static bool is_part(struct text t, bool has_colons)
{
	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] <= ' ' || t.at[i] == 0x7f || (t.at[i] == ':' && !has_colons)) {
			return false;
		}
	}
	return t.len > 0 && t.len <= PART_BYTES;
}

static bool register_digest(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	struct jx_doc *doc = NULL;
	struct text page, id, secret;
	struct jx v;

	if (r->status == 403 || r->status == 404) {
		return err_set(err, ERR_AUTH,
			       "the server registers no clients (%d): make an application in its "
			       "settings (Preferences, Development) and use that token",
			       r->status);
	}
	if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	id = jx_text_or(ctx->arena, v, "client_id", TEXT_NONE);
	secret = jx_text_or(ctx->arena, v, "client_secret", TEXT_NONE);
	jx_release(&doc);
	if (!is_part(id, /* has_colons= */ false) || !is_part(secret, /* has_colons= */ true)) {
		return err_set(err, ERR_DATA, "the server registers us without a client");
	}
	ret->client = text_printf(ctx->arena, "%.*s:%.*s", TEXT_ARG(id), TEXT_ARG(secret));
	return true;
}

bool mastodon_connect_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	return q->granting->code.len == 0
		       ? register_digest(ctx, r, ret, err)
		       : oauth_connect_digest(ctx, &app, mastodon_rights, r, ret, err);
}
