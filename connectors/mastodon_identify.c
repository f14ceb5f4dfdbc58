#include "mastodon_identify.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "mastodon_connect.h"

/* ---- addresses ---- */

void mastodon_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server);
	strbuf_add_str(b, path);
}

bool mastodon_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			 struct err *err)
{
	bool is_full = b->is_full;

	*ret = (struct request){ .method = HTTP_GET,
				 .url = text_dup(ctx->arena, strbuf_text(b)),
				 .bearer = mastodon_bearer(ctx) };
	strbuf_done(b);
	if (ret->bearer.len == 0 && ctx->token.len > 0) { /* the client is known, and no more */
		return err_set(err, ERR_AUTH, "nobody has let us in yet");
	}
	return !is_full ||
	       err_set(err, ERR_DATA, "the address would be longer than %d bytes", LIMIT_URL_BYTES);
}

/* ---- facts about the server ---- */

void mastodon_facts_load(struct arena *a, struct text in, struct mastodon_facts *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct mastodon_facts){ .max_characters = 500 };
	if (in.len > 0 && jx_parse(a, in, &v, &doc, NULL)) {
		ret->max_characters = jx_i64_or(v, "max_characters", 500);
		ret->version = jx_text_or(a, v, "version", TEXT_NONE);
		ret->is_single = text_eq(jx_text_or(a, v, "batch", TEXT_NONE), TEXT("no"));
		ret->has_shown_status = jx_bool_or(v, "status", false);
		ret->has_shown_context = jx_bool_or(v, "context", false);
		jx_release(&doc);
	}
}

struct text mastodon_facts_save(struct arena *a, const struct mastodon_facts *f)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_FACTS_BYTES };

	strbuf_printf(&b,
		      "{\"batch\":\"%s\",\"context\":%s,\"max_characters\":%lld,\"status\":%s,"
		      "\"version\":",
		      f->is_single ? "no" : "yes", f->has_shown_context ? "true" : "false",
		      (long long)f->max_characters, f->has_shown_status ? "true" : "false");
	strbuf_add_json(&b, text_clip(f->version, 128));
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

/* Identify has up to three steps; the state names the one that is due and carries who we are. */
enum identify_step { STEP_ACCOUNT, STEP_INSTANCE, STEP_OLD_INSTANCE };

struct identity {
	enum identify_step step;
	struct text id, handle, name;
};

static void identity_load(const struct connector_ctx *ctx, struct text state, struct identity *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct identity){ .step = ctx->token.len > 0 ? STEP_ACCOUNT : STEP_INSTANCE };
	if (state.len > 0 && jx_parse(ctx->arena, state, &v, &doc, NULL)) {
		ret->step = jx_bool_or(v, "old", false) ? STEP_OLD_INSTANCE : STEP_INSTANCE;
		ret->id = jx_text_or(ctx->arena, v, "id", TEXT_NONE);
		ret->handle = jx_text_or(ctx->arena, v, "handle", TEXT_NONE);
		ret->name = jx_text_or(ctx->arena, v, "name", TEXT_NONE);
		jx_release(&doc);
	}
}

static struct text identity_save(struct arena *a, const struct identity *who)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"old\":%s,\"id\":", who->step == STEP_OLD_INSTANCE ? "true" : "false");
	strbuf_add_json(&b, who->id);
	strbuf_add_str(&b, ",\"handle\":");
	strbuf_add_json(&b, who->handle);
	strbuf_add_str(&b, ",\"name\":");
	strbuf_add_json(&b, who->name);
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

bool mastodon_identify_ask(const struct connector_ctx *ctx, const struct question *q,
			   struct request *ret, struct err *err)
{
	static const char *const paths[] = {
		[STEP_ACCOUNT] = "/api/v1/accounts/verify_credentials",
		[STEP_INSTANCE] = "/api/v2/instance",
		[STEP_OLD_INSTANCE] = "/api/v1/instance",
	};
	struct identity who;
	struct strbuf b;

	identity_load(ctx, q->state, &who);
	mastodon_url_start(ctx, &b, paths[who.step]);
	return mastodon_url_finish(ctx, &b, ret, err);
}

static bool digest_account(const struct connector_ctx *ctx, const struct response *r,
			   struct outcome *ret, struct err *err)
{
	struct identity who = { .step = STEP_INSTANCE };
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v;

	if (r->status == 403 && !page_is_html(r)) {
		return err_set(
			err, ERR_AUTH,
			"the token lacks a right: it needs read:accounts, read:notifications, "
			"read:statuses and read:search");
	}
	if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	who.id = jx_text_or(ctx->arena, v, "id", TEXT_NONE);
	who.handle = text_clip(jx_text_or(ctx->arena, v, "acct", TEXT_NONE), LIMIT_NAME_BYTES);
	who.name =
		text_clip(jx_text_or(ctx->arena, v, "display_name", TEXT_NONE), LIMIT_NAME_BYTES);
	jx_release(&doc);
	if (!page_is_id(who.id)) {
		return err_set(err, ERR_DATA, "the server does not say who we are: no account id");
	}
	ret->own_id = who.id;
	ret->own_handle = who.handle;
	ret->own_name = who.name;
	ret->state = identity_save(ctx->arena, &who);
	ret->is_more = true;
	return true;
}

/* A server that does not describe itself is listened to all the same. */
static bool digest_instance(const struct connector_ctx *ctx, struct identity *who,
			    const struct response *r, struct outcome *ret)
{
	struct mastodon_facts facts;
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v;

	ret->own_id = who->id;
	ret->own_handle = who->handle;
	ret->own_name = who->name;
	ret->token_until =
		page_token_until(ctx->arena, mastodon_bearer(ctx)); /* Pixelfed's say it */
	if (r->status != 200 && who->step == STEP_INSTANCE) {
		who->step = STEP_OLD_INSTANCE;
		ret->state = identity_save(ctx->arena, who);
		ret->is_more = true;
		return true;
	}
	mastodon_facts_load(ctx->arena, ctx->facts, &facts);
	if (r->status == 200 && page_scan(r, &page, NULL) &&
	    jx_parse(ctx->arena, page, &v, &doc, NULL)) {
		int64_t n = jx_i64_or(jx_path(v, "configuration.statuses"), "max_characters", 0);

		n = n > 0 ? n : jx_i64_or(v, "max_toot_chars", 0); /* Pleroma's name */
		facts.max_characters = n > 0 ? n : facts.max_characters;
		facts.version = jx_text_or(ctx->arena, v, "version", TEXT_NONE);
		jx_release(&doc);
	}
	ret->facts = mastodon_facts_save(ctx->arena, &facts);
	return true;
}

bool mastodon_identify_digest(const struct connector_ctx *ctx, const struct question *q,
			      const struct response *r, struct outcome *ret, struct err *err)
{
	struct identity who;

	identity_load(ctx, q->state, &who);
	if (who.step == STEP_ACCOUNT) {
		return digest_account(ctx, r, ret, err);
	}
	if (ctx->token.len == 0 && who.step == STEP_OLD_INSTANCE && r->status != 200) {
		return page_check(ctx, r, &ret->rate, err);
	}
	return digest_instance(ctx, &who, r, ret);
}
