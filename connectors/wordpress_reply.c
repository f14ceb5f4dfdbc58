#include "wordpress_reply.h"

#include "answerd/html.h"
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "wordpress_comment.h"
#include "wordpress_site.h"

#define A_PAGE        100
#define LOOK_PAGES    10
#define LOOK_BEFORE_S 300 /* the site's clock may be behind ours */
#define FLOOD_S       16  /* one comment in 15 seconds, where the user is no moderator */
#define REQUEST_BYTES ((size_t)16 * LIMIT_MESSAGE_BYTES)

/* ---- what is posted ---- */

/* Text as HTML; WordPress makes paragraphs of line ends by itself. */
static struct text html_of(struct arena *a, struct text t)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = REQUEST_BYTES };

	for (size_t i = 0; i < t.len; i++) {
		switch (t.at[i]) {
		case '&': strbuf_add_str(&b, "&amp;"); break;
		case '<': strbuf_add_str(&b, "&lt;"); break;
		case '>': strbuf_add_str(&b, "&gt;"); break;
		default: strbuf_add_byte(&b, t.at[i]);
		}
	}
	return text_dup(a, strbuf_text(&b));
}

void wordpress_measure(const struct connector_ctx *ctx, const struct posting *p,
		       int64_t *ret_length, int64_t *ret_most)
{
	*ret_length = (int64_t)html_of(ctx->arena, p->text).len;
	*ret_most = WORDPRESS_MOST_BYTES;
}

/* The post that the parent stands below: as the site said, in its revision (wordpress_comment.h), or the
 * root of the conversation. */
static struct text post_of(struct arena *a, const struct posting *p)
{
	struct jx_doc *doc = NULL;
	struct text id = TEXT_NONE, hash;
	struct jx v;

	if (p->parent_raw.len > 0 && jx_parse(a, p->parent_raw, &v, &doc, NULL)) {
		id = wordpress_number(a, v, "post");
		jx_release(&doc);
	}
	if (id.len == 0) {
		(void)text_cut(p->parent_revision, '.', &id, &hash);
	}
	if (id.len == 0 && text_starts(p->root_id, WORDPRESS_POST)) {
		id = text_slice(p->root_id, WORDPRESS_POST.len, SIZE_MAX);
	}
	return wordpress_is_comment_id(id) ? id : TEXT_NONE;
}

bool wordpress_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = REQUEST_BYTES };
	const struct posting *p = q->posting;
	struct strbuf url;
	struct text post;

	if (p == NULL || !wordpress_is_comment_id(p->parent_id) || p->text.len == 0) {
		return err_set(err, ERR_DATA, "there is nothing to post, or no comment to answer");
	}
	if (p->warning.len > 0) { /* it awaits moderation: wordpress_comment.h */
		return err_set(err, ERR_DATA,
			       "the customer's comment is not public yet: approve it on the site "
			       "first, an answer would be read by everybody");
	}
	post = post_of(ctx->arena, p);
	if (post.len == 0) {
		return err_set(err, ERR_DATA,
			       "nobody knows any more which post this comment stands below: answer "
			       "on the site");
	}
	wordpress_url_start(ctx, &url, "/comments", TEXT_NONE);
	if (!wordpress_url_finish(ctx, &url, ret, err)) {
		return false;
	}
	strbuf_printf(&b, "{\"post\":%.*s,\"parent\":%.*s,\"content\":", TEXT_ARG(post),
		      TEXT_ARG(p->parent_id));
	strbuf_add_json(&b, html_of(ctx->arena, p->text));
	strbuf_add_byte(&b, '}');
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than any site takes");
	}
	ret->method = HTTP_POST;
	ret->once = true;
	ret->body = text_dup(ctx->arena, strbuf_text(&b));
	ret->content_type = TEXT("application/json");
	return true;
}

/* ---- what the site says to it ---- */

static bool is_held(const struct message *m)
{
	return m->warning.len > 0; /* it awaits moderation: wordpress_comment.h */
}

static bool held(struct text id, struct err *err)
{
	id = text_starts(id, WORDPRESS_HELD) ? text_slice(id, WORDPRESS_HELD.len, SIZE_MAX) : id;
	return err_set(err, ERR_DATA,
		       "the site has the reply (comment %.*s) and holds it back: approve it there, "
		       "and do not send it again",
		       TEXT_ARG(text_clip(id, 24)));
}

/* The comment in the answer, if it is the one that we sent. */
static bool sent_read(const struct connector_ctx *ctx, const struct posting *p,
		      const struct response *r, struct outcome *ret, struct err *err)
{
	struct wordpress_page list = { 0 };
	struct outcome o = { 0 };
	const struct message *m = NULL;
	struct text page;

	if (page_scan(r, &page, NULL) && jx_slice_kind(page) == '{' &&
	    wordpress_page_read(ctx, page, &o, &list, NULL)) {
		m = o.n_messages == 1 ? &o.messages[0] : NULL;
		if (o.n_gone == 1) { /* at once spam, or in the trash */
			return held(o.gone[0], err);
		}
	}
	if (m == NULL || m->direction != MESSAGE_OUTBOUND ||
	    (p != NULL && !text_eq(m->parent_id, p->parent_id))) {
		return err_set(err, ERR_UNSURE,
			       "the site answers %d without the comment: it may have been posted",
			       r->status);
	}
	if (is_held(m)) {
		return held(m->external_id, err);
	}
	ret->sent_id = m->external_id;
	ret->sent_permalink = m->permalink;
	return true;
}

bool wordpress_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	struct text code = wordpress_code(ctx->arena, r);

	if ((r->status == 400 || r->status == 429) && text_eq(code, TEXT("comment_flood"))) {
		return err_limited(err, wall_add(ctx->now, DUR_S(FLOOD_S)),
				   "the site takes one comment in 15 seconds from this user");
	}
	/* The post is closed, a draft, in the trash, not there: no fault of the account. */
	if (r->status == 403 && text_starts(code, TEXT("rest_comment_"))) {
		return err_set(err, ERR_DATA, "the site refuses the reply (403): %.*s",
			       TEXT_ARG(text_clip(wordpress_words(ctx->arena, r), 150)));
	}
	return posting_check(ctx, r, &ret->rate, /* is_429_unsent= */ false,
			     wordpress_words(ctx->arena, r), err) &&
	       sent_read(ctx, q->posting, r, ret, err);
}

/* ---- did it arrive? ---- */

enum look_step {
	LOOK_BELOW,  /* our comments below the parent */
	LOOK_PARENT, /* is the parent still there? */
	LOOK_LATEST, /* it is gone: our latest comments */
};

/* The state: "STEP OFFSET". */
struct look {
	enum look_step step;
	int64_t offset;
};

static void look_load(struct text state, struct look *ret)
{
	struct text step, offset;
	int64_t n;

	*ret = (struct look){ .step = LOOK_BELOW };
	if (text_cut(state, ' ', &step, &offset) &&
	    num_parse_range(step, LOOK_BELOW, LOOK_LATEST, &n) &&
	    num_parse_range(offset, 0, (int64_t)LOOK_PAGES * A_PAGE, &ret->offset)) {
		ret->step = (enum look_step)n;
	} else {
		ret->offset = 0;
	}
}

static struct text look_save(struct arena *a, const struct look *l)
{
	return text_printf(a, "%d %d", (int)l->step, (int)l->offset);
}

static void list_add(const struct connector_ctx *ctx, const struct question *q,
		     const struct look *l, struct strbuf *b)
{
	struct text post = post_of(ctx->arena, q->posting);
	struct wordpress_facts facts;

	wordpress_facts_load(ctx->arena, ctx->facts, &facts);
	if (l->step == LOOK_BELOW) {
		wordpress_url_add(b, "parent", q->posting->parent_id);
	} else if (post.len > 0) {
		wordpress_url_add(b, "post", post);
	}
	wordpress_url_add(b, "orderby", TEXT("id"));
	wordpress_url_add(b, "order", TEXT("desc"));
	wordpress_url_number(b, "per_page", page_size(q, A_PAGE));
	if (facts.is_moderator) {
		wordpress_url_add(b, "author", ctx->own_id);
		wordpress_url_add(b, "status", TEXT("any"));
		wordpress_url_add(b, "context", TEXT("edit")); /* the words as they were written */
	}
	if (l->offset > 0) {
		wordpress_url_number(b, "offset", l->offset);
	}
}

bool wordpress_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			  struct request *ret, struct err *err)
{
	struct strbuf b;
	struct look l;

	if (q->posting == NULL || !wordpress_is_comment_id(q->posting->parent_id)) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "the site has not said yet who we are");
	}
	look_load(q->state, &l);
	if (l.step == LOOK_PARENT) {
		wordpress_url_start(ctx, &b, "/comments", q->posting->parent_id);
		return wordpress_url_finish(ctx, &b, ret, err);
	}
	wordpress_url_start(ctx, &b, "/comments", TEXT_NONE);
	list_add(ctx, q, &l, &b);
	return wordpress_url_finish(ctx, &b, ret, err);
}

/* What its author wrote, where the site shows that: smilies, quotation marks and links are changed when
 * a comment is shown. */
static struct text written(struct arena *a, const struct message *m)
{
	struct jx_doc *doc = NULL;
	struct text raw = TEXT_NONE;
	struct jx v;

	if (jx_parse(a, m->raw, &v, &doc, NULL)) {
		raw = html_to_text(a, jx_text_or(a, jx_get(v, "content"), "raw", TEXT_NONE));
		jx_release(&doc);
	}
	return raw;
}

static bool is_it(const struct connector_ctx *ctx, const struct posting *p, const struct look *l,
		  const struct message *m)
{
	struct wall since = wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S));
	bool is_there = l->step == LOOK_BELOW
				? text_eq(m->parent_id, p->parent_id)
				: !(wall_is_set(m->posted_at) && wall_is_set(p->begun_at) &&
				    wall_before(m->posted_at, since));

	return is_there && page_is_ours(ctx, m->author_id) &&
	       (posting_is_same(p->text, m->body) ||
		posting_is_same(p->text, written(ctx->arena, m)));
}

/* False with ERR_DATA where it is there and nobody sees it. */
static bool find(const struct connector_ctx *ctx, const struct posting *p, const struct look *l,
		 const struct outcome *page, struct outcome *ret, struct err *err)
{
	const struct message *found = NULL;

	for (size_t i = 0; i < page->n_messages; i++) {
		const struct message *m = &page->messages[i];

		if (is_it(ctx, p, l, m) && (found == NULL || !is_held(m))) {
			found = m;
			if (!is_held(m)) {
				break;
			}
		}
	}
	if (found != NULL && is_held(found)) {
		return held(found->external_id, err);
	}
	if (found != NULL) {
		ret->sent_id = found->external_id;
		ret->sent_permalink = found->permalink;
	}
	return true;
}

/* A comment there that cannot be read may be the one. */
static bool has_unreadable(const struct outcome *page, struct err *err)
{
	return page->n_bad > 0 &&
	       !err_set(err, ERR_DATA,
			"one of our own comments cannot be read: it may be this reply");
}

/* Behind this page: the next one, the next step, or nothing. */
static bool look_on(const struct posting *p, const struct outcome *page, size_t n, int64_t asked,
		    struct look *l)
{
	const struct message *last =
		page->n_messages > 0 ? &page->messages[page->n_messages - 1] : NULL;
	bool is_old = last != NULL && l->step == LOOK_LATEST && wall_is_set(last->posted_at) &&
		      wall_is_set(p->begun_at) &&
		      wall_before(last->posted_at, wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S)));

	if (n > 0 && !is_old) {
		l->offset += asked;
		return true;
	}
	*l = (struct look){ .step = l->step == LOOK_BELOW ? LOOK_PARENT : l->step };
	return l->step == LOOK_PARENT;
}

static bool parent_done(const struct connector_ctx *ctx, const struct response *r,
			struct outcome *ret, struct err *err)
{
	struct look l = { .step = LOOK_LATEST };

	if (r->status == 404 &&
	    text_eq(wordpress_code(ctx->arena, r), TEXT("rest_comment_invalid_id"))) {
		ret->is_more = true;
		ret->state = look_save(ctx->arena, &l);
		return true;
	}
	return wordpress_check(ctx, r, ret, err);
}

bool wordpress_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			     const struct response *r, struct outcome *ret, struct err *err)
{
	const struct posting *p = q->posting;
	struct wordpress_page list = { 0 };
	struct outcome o = { 0 };
	struct text page;
	struct look l;

	if (p == NULL) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	look_load(q->state, &l);
	if (l.step == LOOK_PARENT) {
		return parent_done(ctx, r, ret, err);
	}
	if (!wordpress_check(ctx, r, ret, err) || !page_scan(r, &page, err) ||
	    !wordpress_page_read(ctx, page, &o, &list, err) || !find(ctx, p, &l, &o, ret, err)) {
		return false;
	}
	if (ret->sent_id.len > 0) {
		return true;
	}
	if (has_unreadable(&o, err)) {
		return false;
	}
	ret->is_more = look_on(p, &o, list.n, page_size(q, A_PAGE), &l);
	if (l.offset >= (int64_t)LOOK_PAGES * A_PAGE) {
		return posting_look_ends(err);
	}
	ret->state = ret->is_more ? look_save(ctx->arena, &l) : TEXT_NONE;
	return true;
}
