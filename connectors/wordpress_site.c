#include "wordpress_site.h"

#include <stdio.h>

#include "answerd/html.h"
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "wordpress_comment.h"

/* ---- facts ---- */

void wordpress_facts_load(struct arena *a, struct text in, struct wordpress_facts *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct wordpress_facts){ 0 };
	if (in.len > 0 && jx_parse(a, in, &v, &doc, NULL)) {
		ret->is_plain = jx_bool_or(v, "plain", false);
		ret->is_moderator = jx_bool_or(v, "moderator", false);
		jx_release(&doc);
	}
}

static struct text facts_save(struct arena *a, const struct wordpress_facts *f)
{
	return text_printf(a, "{\"moderator\":%s,\"plain\":%s}", f->is_moderator ? "true" : "false",
			   f->is_plain ? "true" : "false");
}

/* ---- addresses ---- */

static void url_begin(const struct connector_ctx *ctx, struct strbuf *b, const char *path,
		      struct text id, bool is_plain)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server);
	strbuf_add_str(b, is_plain ? "/?rest_route=/wp/v2" : "/wp-json/wp/v2");
	strbuf_add_str(b, path);
	if (id.len > 0) {
		strbuf_add_byte(b, '/');
		strbuf_add_url(b, id);
	}
}

void wordpress_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path,
			 struct text id)
{
	struct wordpress_facts facts;

	wordpress_facts_load(ctx->arena, ctx->facts, &facts);
	url_begin(ctx, b, path, id, facts.is_plain);
}

void wordpress_url_add(struct strbuf *b, const char *name, struct text value)
{
	bool has_any = text_find(strbuf_text(b), TEXT("?"), 0) != SIZE_MAX;

	strbuf_printf(b, "%c%s=", has_any ? '&' : '?', name);
	strbuf_add_url(b, value);
}

void wordpress_url_number(struct strbuf *b, const char *name, int64_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%lld", (long long)value);

	wordpress_url_add(b, name, (struct text){ digits, (size_t)n });
}

bool wordpress_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			  struct err *err)
{
	bool is_full = b->is_full;

	*ret = (struct request){ .method = HTTP_GET, .url = text_dup(ctx->arena, strbuf_text(b)) };
	strbuf_done(b);
	if (is_full) {
		return err_set(err, ERR_DATA, "the address would be longer than %d bytes",
			       LIMIT_URL_BYTES);
	}
	if (text_find(ctx->token, TEXT(":"), 0) == SIZE_MAX) {
		return err_set(err, ERR_AUTH,
			       "`token` is USER:APPLICATION PASSWORD, with a colon "
			       "between them");
	}
	request_add_header(ret, TEXT("Authorization"), page_basic(ctx->arena, ctx->token));
	return true;
}

/* ---- refusals ---- */

static struct text member_of(struct arena *a, const struct response *r, struct text name)
{
	struct text page, inner, words;

	if (r->status >= 300 && jx_scan(r->body, &page, NULL) && jx_slice_kind(page) == '{' &&
	    jx_member(page, name, &inner) && jx_slice_text(a, inner, &words)) {
		return words;
	}
	return TEXT_NONE;
}

struct text wordpress_code(struct arena *a, const struct response *r)
{
	return member_of(a, r, TEXT("code"));
}

struct text wordpress_words(struct arena *a, const struct response *r)
{
	return html_to_text(a, member_of(a, r, TEXT("message")));
}

bool wordpress_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
		     struct err *err)
{
	/* A wrong application password looks like none at all: "rest_forbidden_context", and the like. */
	if (r->status == 401) {
		return err_set(err, ERR_AUTH,
			       "the site does not know us (401): is `token` USER:APPLICATION "
			       "PASSWORD, and does the host pass the Authorization header on?");
	}
	if (r->status == 403 && !page_is_html(r)) {
		return err_set(err, ERR_AUTH,
			       "the site does not let this user read comments (403): it needs "
			       "moderate_comments (an editor has it)");
	}
	return page_check(ctx, r, &ret->rate, err);
}

/* ---- who are we? ---- */

bool wordpress_identify_ask(const struct connector_ctx *ctx, const struct question *q,
			    struct request *ret, struct err *err)
{
	struct strbuf b;

	url_begin(ctx, &b, "/users/me", TEXT_NONE, text_eq(q->state, TEXT("plain")));
	wordpress_url_add(&b, "context", TEXT("edit"));
	return wordpress_url_finish(ctx, &b, ret, err);
}

bool wordpress_identify_digest(const struct connector_ctx *ctx, const struct question *q,
			       const struct response *r, struct outcome *ret, struct err *err)
{
	struct wordpress_facts facts = { .is_plain = text_eq(q->state, TEXT("plain")) };
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v;

	/* No such page: this site's links may be plain ones. */
	if (r->status == 404 && !facts.is_plain) {
		ret->state = TEXT("plain");
		ret->is_more = true;
		return true;
	}
	if (r->status == 404) {
		return err_set(err, ERR_AUTH,
			       "no REST interface of WordPress there (404), neither at /wp-json/ "
			       "nor at /?rest_route=/: is `server` the site's address?");
	}
	if (!wordpress_check(ctx, r, ret, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	ret->own_id = wordpress_number(ctx->arena, v, "id");
	ret->own_handle = text_clip(jx_text_or(ctx->arena, v, "slug", TEXT_NONE), LIMIT_NAME_BYTES);
	ret->own_name = text_clip(jx_text_or(ctx->arena, v, "name", TEXT_NONE), LIMIT_NAME_BYTES);
	facts.is_moderator = jx_bool_or(jx_get(v, "capabilities"), "moderate_comments", false);
	jx_release(&doc);
	if (ret->own_id.len == 0) {
		return err_set(err, ERR_DATA, "the site does not say who we are: no user id");
	}
	if (!facts.is_moderator) {
		ret->missing = TEXT("moderate_comments (make the user an editor): comments that "
				    "await moderation are not heard before they are approved");
	}
	ret->facts = facts_save(ctx->arena, &facts);
	return true;
}
