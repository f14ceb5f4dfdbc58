#include "graph_inspect.h"

#include "answerd/limits.h"
#include "answerd/page.h"

#define YEARS_S (INT64_C(20) * 366 * 86400)

void graph_inspect_begin(const struct connector_ctx *ctx, struct outcome *ret)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"until\":%lld,\"id\":", (long long)ret->token_until.us);
	strbuf_add_json(&b, ret->own_id);
	strbuf_add_str(&b, ",\"handle\":");
	strbuf_add_json(&b, ret->own_handle);
	strbuf_add_str(&b, ",\"name\":");
	strbuf_add_json(&b, ret->own_name);
	strbuf_add_byte(&b, '}');
	ret->state = text_dup(ctx->arena, strbuf_text(&b));
	ret->is_more = !b.is_full;
}

bool graph_inspect_ask(const struct connector_ctx *ctx, const struct graph *g, struct request *ret,
		       struct err *err)
{
	struct graph_keys keys;
	struct strbuf b;
	bool is_full;

	graph_keys_read(ctx, &keys);
	graph_url_start(ctx, g, &b, "/debug_token");
	graph_url_add(&b, "input_token", keys.token);
	graph_url_add(&b, "access_token",
		      keys.app_secret.len > 0
			      ? text_printf(ctx->arena, "%.*s|%.*s", TEXT_ARG(keys.app_id),
					    TEXT_ARG(keys.app_secret))
			      : keys.token);
	is_full = b.is_full;
	*ret = (struct request){ .method = HTTP_GET, .url = text_dup(ctx->arena, strbuf_text(&b)) };
	secret_wipe(b.at, b.len);
	strbuf_done(&b);
	return !is_full || err_set(err, ERR_DATA, "the token is longer than any of Meta's");
}

/* 0: it does not end, or does not say so. */
static void until_take(const struct connector_ctx *ctx, int64_t s, struct wall *until)
{
	struct wall w = wall_of_s(s);

	if (wall_is_set(w) && wall_before(w, wall_add(ctx->now, DUR_S(YEARS_S))) &&
	    (!wall_is_set(*until) || wall_before(w, *until))) {
		*until = w;
	}
}

static bool has_scope(struct arena *a, struct jx scopes, const char *scope)
{
	for (size_t i = 0; i < jx_len(scopes); i++) {
		struct text one;

		if (jx_as_text(a, jx_at(scopes, i), &one) && text_eq(one, text_of(scope))) {
			return true;
		}
	}
	return false;
}

static struct text missing_of(struct arena *a, const struct connector_right *rights,
			      struct jx scopes)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_NAME_BYTES };

	for (size_t i = 0; rights[i].scope != NULL && jx_len(scopes) > 0; i++) {
		if (!has_scope(a, scopes, rights[i].scope)) {
			strbuf_printf(&b, "%s%s: %s", b.len > 0 ? "; " : "", rights[i].scope,
				      rights[i].why);
		}
	}
	return text_dup(a, strbuf_text(&b));
}

/* What the step before learned. */
static void who_load(const struct connector_ctx *ctx, struct text state, struct outcome *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	if (!jx_parse(ctx->arena, state, &v, &doc, NULL)) {
		return;
	}
	ret->own_id = jx_text_or(ctx->arena, v, "id", TEXT_NONE);
	ret->own_handle = jx_text_or(ctx->arena, v, "handle", TEXT_NONE);
	ret->own_name = jx_text_or(ctx->arena, v, "name", TEXT_NONE);
	ret->token_until = page_us_or_none(v, "until");
	jx_release(&doc);
}

bool graph_inspect_digest(const struct connector_ctx *ctx, const struct connector_right *rights,
			  const struct question *q, const struct response *r, struct outcome *ret)
{
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v, data;

	who_load(ctx, q->state, ret);
	if (r->status != 200 || !page_scan(r, &page, NULL) ||
	    !jx_parse(ctx->arena, page, &v, &doc, NULL)) {
		return true;
	}
	data = jx_get(v, "data");
	/* The right to data ends apart from the token, ninety days after the person was last there. */
	until_take(ctx, jx_i64_or(data, "expires_at", 0), &ret->token_until);
	until_take(ctx, jx_i64_or(data, "data_access_expires_at", 0), &ret->token_until);
	ret->missing = missing_of(ctx->arena, rights, jx_get(data, "scopes"));
	jx_release(&doc);
	return true;
}
