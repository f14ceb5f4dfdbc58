#include "blogger_comment.h"

#include "answerd/html.h"
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "google.h"

#define MOST_POSTS 60 /* whose addresses are remembered */
#define POST_BYTES 200

struct post {
	struct text id, url;
};

struct posts {
	struct post at[MOST_POSTS];
	size_t n;
};

/* What is known of posts, and what this page teaches. */
struct reading {
	const struct connector_ctx *ctx;
	struct posts known, learned;
};

bool blogger_is_number(struct text id)
{
	uint64_t n;

	return num_parse_u64(id, &n) && n > 0;
}

bool blogger_comment_cut(struct text id, struct text *ret_post, struct text *ret_comment)
{
	return text_cut(id, '/', ret_post, ret_comment) && blogger_is_number(*ret_post) &&
	       blogger_is_number(*ret_comment);
}

/* ---- facts ---- */

static void posts_add(struct posts *p, struct text id, struct text url)
{
	if (p->n >= MOST_POSTS || !blogger_is_number(id) || id.len + url.len > POST_BYTES) {
		return;
	}
	for (size_t i = 0; i < p->n; i++) {
		if (text_eq(p->at[i].id, id)) {
			return;
		}
	}
	p->at[p->n++] = (struct post){ id, url };
}

/* Behind those that p has. */
static void posts_load(struct arena *a, struct text facts, struct posts *p)
{
	struct jx_doc *doc = NULL;
	struct jx v, list;

	if (facts.len == 0 || !jx_parse(a, facts, &v, &doc, NULL)) {
		return;
	}
	list = jx_get(v, "posts");
	for (size_t i = 0; i < jx_len(list); i++) {
		posts_add(p, jx_text_or(a, jx_at(list, i), "id", TEXT_NONE),
			  jx_text_or(a, jx_at(list, i), "url", TEXT_NONE));
	}
	jx_release(&doc);
}

static struct text posts_save(struct arena *a, const struct posts *p)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_FACTS_BYTES };

	strbuf_add_str(&b, "{\"posts\":[");
	for (size_t i = 0; i < p->n; i++) {
		strbuf_add_str(&b, i > 0 ? ",{\"id\":" : "{\"id\":");
		strbuf_add_json(&b, p->at[i].id);
		strbuf_add_str(&b, ",\"url\":");
		strbuf_add_json(&b, p->at[i].url);
		strbuf_add_byte(&b, '}');
	}
	strbuf_add_str(&b, "]}");
	return b.is_full ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}

/* ---- fields ---- */

static struct text number_read(struct arena *a, struct jx v, const char *name)
{
	struct text id = jx_text_or(a, v, name, TEXT_NONE);

	return blogger_is_number(id) ? id : TEXT_NONE;
}

/* The option `users`: further people who write for us. */
static bool is_ours(const struct connector_ctx *ctx, struct text user)
{
	struct text rest = connector_option(ctx, "users"), one;

	if (page_is_ours(ctx, user)) {
		return true;
	}
	while (rest.len > 0) {
		(void)text_cut(rest, ',', &one, &rest);
		if (user.len > 0 && text_eq(text_trim(one), user)) {
			return true;
		}
	}
	return false;
}

static void author_read(const struct connector_ctx *ctx, struct jx v, struct message *m)
{
	struct jx author = jx_get(v, "author");
	struct text name = text_trim(jx_text_or(ctx->arena, author, "displayName", TEXT_NONE));

	m->author_name = text_clip(name, LIMIT_NAME_BYTES);
	m->author_handle = m->author_name;
	m->author_id = page_id_or_none(ctx->arena, author, "id");
	m->direction = is_ours(ctx, m->author_id) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	if (m->author_id.len == 0) {
		m->author_id = text_printf(ctx->arena, "anonymous:%.*s", TEXT_ARG(m->author_name));
	}
}

static void times_read(struct arena *a, struct jx v, struct message *m)
{
	struct wall updated = page_wall_or_none(a, v, "updated");

	m->posted_at = page_wall_or_none(a, v, "published");
	if (wall_is_set(m->posted_at) && wall_before(m->posted_at, updated)) {
		m->edited_at = updated;
	}
}

/* ---- elements ---- */

static bool comment_read(const struct reading *r, struct jx v, struct message *m, struct err *err)
{
	const struct connector_ctx *ctx = r->ctx;
	struct arena *a = ctx->arena;
	struct text id = number_read(a, v, "id"), post = number_read(a, jx_get(v, "post"), "id");
	struct text above = number_read(a, jx_get(v, "inReplyTo"), "id");
	struct text status = jx_text_or(a, v, "status", TEXT_NONE);

	if (id.len == 0 || post.len == 0) {
		return err_set(err, ERR_DATA, "it has no id, or no post that it stands below");
	}
	above = text_eq(above, id) ? TEXT_NONE : above; /* nobody answers himself */
	m->external_id = text_printf(a, "%.*s/%.*s", TEXT_ARG(post), TEXT_ARG(id));
	m->parent_id = above.len > 0 ? text_printf(a, "%.*s/%.*s", TEXT_ARG(post), TEXT_ARG(above))
				     : text_printf(a, "post:%.*s", TEXT_ARG(post));
	author_read(ctx, v, m);
	times_read(a, v, m);
	m->kind = above.len > 0 ? MESSAGE_REPLY : MESSAGE_COMMENT;
	m->is_named = m->direction == MESSAGE_INBOUND && above.len == 0;
	m->body = text_clip(html_to_text(a, jx_text_or(a, v, "content", TEXT_NONE)),
			    LIMIT_MESSAGE_BYTES);
	/* Approval changes no time. */
	m->revision = text_printf(
		a, "%016llx",
		(unsigned long long)text_hash(text_hash(TEXT_HASH_SEED, status), m->body));
	if (text_eq_nocase(status, TEXT("pending"))) {
		m->warning = TEXT("awaiting moderation");
		if (m->direction == MESSAGE_OUTBOUND) { /* nobody sees it: it has answered nobody */
			m->external_id = text_printf(a, "held:%.*s", TEXT_ARG(m->external_id));
			m->kind = MESSAGE_OTHER;
		}
	}
	for (size_t i = 0; i < r->known.n; i++) {
		if (text_eq(r->known.at[i].id, post)) {
			m->permalink = text_printf(a, "%.*s#c%.*s", TEXT_ARG(r->known.at[i].url),
						   TEXT_ARG(id));
		}
	}
	return true;
}

/* Whoever wrote a post of our blog: it is ours. */
static bool post_read(struct reading *r, struct jx v, struct message *m, struct err *err)
{
	const struct connector_ctx *ctx = r->ctx;
	struct arena *a = ctx->arena;
	struct text id = number_read(a, v, "id"), at = jx_text_or(a, v, "url", TEXT_NONE);
	struct url u;

	if (id.len == 0) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	m->external_id = text_printf(a, "post:%.*s", TEXT_ARG(id));
	author_read(ctx, v, m);
	times_read(a, v, m);
	m->direction = MESSAGE_OUTBOUND;
	m->kind = MESSAGE_POST;
	m->warning = text_clip(text_trim(jx_text_or(a, v, "title", TEXT_NONE)), LIMIT_NAME_BYTES);
	m->body = text_clip(html_to_text(a, jx_text_or(a, v, "content", TEXT_NONE)),
			    LIMIT_MESSAGE_BYTES);
	if (m->body.len == 0) {
		m->body = m->warning;
		m->warning = TEXT_NONE;
	}
	if (url_parse(at, &u)) {
		m->permalink = at;
		posts_add(&r->learned, id, at);
	}
	return true;
}

static bool is_gone(struct arena *a, struct jx v)
{
	struct text status = jx_text_or(a, v, "status", TEXT_NONE);

	return text_eq_nocase(status, TEXT("spam")) || text_eq_nocase(status, TEXT("emptied"));
}

static bool is_known_kind(struct arena *a, struct jx v)
{
	struct text kind = jx_text_or(a, v, "kind", TEXT_NONE);

	return kind.len == 0 || text_eq(kind, TEXT("blogger#comment")) ||
	       text_eq(kind, TEXT("blogger#post"));
}

static void element_add(struct reading *r, struct text slice, struct outcome *out,
			struct blogger_page *page)
{
	struct message m = { .raw = slice };
	struct arena *a = r->ctx->arena;
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	bool is_read, is_post = false;
	struct jx v;

	is_read = jx_parse(a, slice, &v, &doc, &err);
	if (is_read && !jx_is_object(v)) {
		is_read = err_set(&err, ERR_DATA, "it is no object");
	} else if (is_read && !is_known_kind(a, v)) {
		is_read = err_set(&err, ERR_DATA, "it is neither a comment nor a post");
	} else if (is_read) {
		is_post = !jx_is_set(jx_get(v, "post"));
		is_read = is_post ? post_read(r, v, &m, &err) : comment_read(r, v, &m, &err);
	}
	if (!is_read) {
		outcome_add_bad(a, out, slice, TEXT_NONE, err.text);
	} else if (!is_post && is_gone(a, v)) {
		outcome_add_gone(a, out, m.external_id);
	} else {
		*outcome_add_message(a, out) = m;
	}
	if (wall_before(page->latest, m.posted_at)) {
		page->latest = m.posted_at;
	}
	jx_release(&doc);
}

bool blogger_page_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
		       struct blogger_page *ret, struct err *err)
{
	struct reading *r = ARENA_NEW(ctx->arena, struct reading);
	struct text *slices = &page, list, inner, facts;

	r->ctx = ctx;
	posts_load(ctx->arena, ctx->facts, &r->known);
	*ret = (struct blogger_page){ .n = 1 };
	if (jx_slice_kind(page) != '{') {
		return err_set(err, ERR_DATA, "the answer is no list of comments");
	}
	ret->next = google_page_token(ctx->arena, page);
	if (jx_member(page, TEXT("items"), &list)) {
		if (!jx_elements(ctx->arena, list, &slices, &ret->n, err)) {
			return false;
		}
	} else if (!jx_member(page, TEXT("id"), &inner)) {
		/* An empty list has no items. */
		if (!jx_member(page, TEXT("kind"), &inner)) {
			return err_set(err, ERR_DATA, "the answer is no list of comments");
		}
		ret->n = 0;
	}
	for (size_t i = 0; i < ret->n; i++) {
		element_add(r, slices[i], out, ret);
	}
	if (r->learned.n > 0) {
		posts_load(ctx->arena, ctx->facts, &r->learned);
		facts = posts_save(ctx->arena, &r->learned);
		out->facts = text_eq(facts, ctx->facts) ? TEXT_NONE : facts;
	}
	return true;
}
