#include "mastodon_reply.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "mastodon_identify.h"
#include "mastodon_status.h"

#define LINK_LENGTH    23 /* whatever its own is: Mastodon shows links shortened */
#define OWN_A_PAGE     40
#define LOOK_PAGES     10
#define LOOK_BEFORE_S  300 /* a server's clock may be behind ours */
#define REQUEST_BYTES  ((size_t)8 * LIMIT_MESSAGE_BYTES)
#define OUT_OF_CONTEXT "own"

/* ---- what is posted ---- */

static bool is_ours_to_send(const struct posting *p, struct err *err)
{
	if (p == NULL || !page_is_id(p->parent_id) || p->key.len == 0 || p->text.len == 0) {
		return err_set(err, ERR_DATA, "there is nothing to post, or nothing to answer");
	}
	if (!posting_is_handle(p->author_handle)) {
		return err_set(err, ERR_DATA,
			       "the customer's handle is not one that can be named, so they would "
			       "not see a reply: answer in the platform's own app");
	}
	return true;
}

/* The text with the customer's name before it, unless it is in it. */
static struct text text_of_posting(struct arena *a, const struct posting *p)
{
	if (!posting_is_handle(p->author_handle) || posting_names(p->text, p->author_handle)) {
		return p->text;
	}
	return text_printf(a, "@%.*s %.*s", TEXT_ARG(p->author_handle), TEXT_ARG(p->text));
}

void mastodon_measure(const struct connector_ctx *ctx, const struct posting *p, int64_t *ret_length,
		      int64_t *ret_most)
{
	struct text t = text_of_posting(ctx->arena, p);
	scoped(strbuf_done) struct strbuf rest = { .max_bytes = REQUEST_BYTES };
	struct mastodon_facts facts;
	struct posting_part part;
	size_t from = 0;
	int64_t n_links = 0;

	for (size_t at = 0; posting_part_next(t, &at, &part);) {
		strbuf_add(&rest, text_slice(t, from, part.from + part.name_len - from));
		n_links += part.kind == POSTING_LINK;
		from = at;
	}
	strbuf_add(&rest, text_slice(t, from, SIZE_MAX));
	mastodon_facts_load(ctx->arena, ctx->facts, &facts);
	*ret_length = n_links * LINK_LENGTH + (int64_t)posting_graphemes(strbuf_text(&rest)) +
		      (int64_t)posting_graphemes(p->warning);
	*ret_most = facts.max_characters;
}

static const char *visibility_name(enum message_visibility v)
{
	switch (v) {
	case MESSAGE_PUBLIC: return "public";
	case MESSAGE_UNLISTED: return "unlisted";
	case MESSAGE_FOLLOWERS: return "private";
	case MESSAGE_PRIVATE: break;
	}
	return "direct";
}

static void member_add(struct strbuf *b, const char *name, struct text value)
{
	strbuf_printf(b, "%c\"%s\":", b->len == 0 ? '{' : ',', name);
	strbuf_add_json(b, value);
}

bool mastodon_reply_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = REQUEST_BYTES };
	const struct posting *p = q->posting;
	struct text language;
	struct strbuf url;

	if (!is_ours_to_send(p, err)) {
		return false;
	}
	member_add(&b, "status", text_of_posting(ctx->arena, p));
	member_add(&b, "in_reply_to_id", p->parent_id);
	member_add(&b, "visibility", text_of(visibility_name(p->visibility)));
	if (p->warning.len > 0) {
		member_add(&b, "spoiler_text", p->warning);
	}
	language = posting_language(p->language);
	if (language.len > 0) {
		member_add(&b, "language", language);
	}
	strbuf_add_byte(&b, '}');
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than any server takes");
	}
	mastodon_url_start(ctx, &url, "/api/v1/statuses");
	if (!mastodon_url_finish(ctx, &url, ret, err)) {
		return false;
	}
	ret->method = HTTP_POST;
	ret->once = true;
	ret->body = text_dup(ctx->arena, strbuf_text(&b));
	ret->content_type = TEXT("application/json");
	request_add_header(ret, TEXT("Idempotency-Key"), p->key);
	return true;
}

/* ---- what the server says to it ---- */

static struct text words_of(struct arena *a, const struct response *r)
{
	struct text page, inner, words;

	if (r->status >= 300 && jx_scan(r->body, &page, NULL) &&
	    jx_member(page, TEXT("error"), &inner) && jx_slice_text(a, inner, &words)) {
		return words;
	}
	return TEXT_NONE;
}

/* The status in the answer, if it is the one that we sent: a scheduled one has no account, and
 * something between us may answer with anything. */
static bool sent_read(const struct connector_ctx *ctx, const struct posting *p, struct text page,
		      struct outcome *ret)
{
	struct mastodon_page list;
	struct outcome o = { 0 };
	const struct message *m;

	if (jx_slice_kind(page) != '{' ||
	    !mastodon_page_read(ctx, TEXT_NONE, page, &o, &list, NULL) || o.n_messages != 1) {
		return false;
	}
	m = &o.messages[0];
	if (m->direction != MESSAGE_OUTBOUND || m->kind == MESSAGE_OTHER ||
	    (p != NULL && m->parent_id.len > 0 && !text_eq(m->parent_id, p->parent_id))) {
		return false;
	}
	ret->sent_id = m->external_id;
	ret->sent_permalink = m->permalink;
	return true;
}

bool mastodon_reply_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page;

	if (r->status == 403 && !page_is_html(r)) {
		return err_set(err, ERR_AUTH,
			       "the server does not let us post (403): the token needs "
			       "write:statuses, or the account is suspended");
	}
	if (!posting_check(ctx, r, &ret->rate, /* is_429_unsent= */ false, words_of(ctx->arena, r),
			   err)) {
		return false;
	}
	if (!page_scan(r, &page, NULL) || !sent_read(ctx, q->posting, page, ret)) {
		return err_set(err, ERR_UNSURE,
			       "the server answers %d without the status: it may have been posted",
			       r->status);
	}
	return true;
}

/* ---- did it arrive? ---- */

/* The state: nothing while the context is due; then who knows what of our own statuses. */
struct look {
	bool is_own;
	bool is_parent_gone; /* what answered it answers nobody now */
	bool is_unread;      /* what is below the parent could not be read */
	struct text at;      /* max_id of the next page */
	int64_t n_pages;
};

static void look_load(struct arena *a, struct text state, struct look *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct look){ 0 };
	if (state.len > 0 && jx_parse(a, state, &v, &doc, NULL)) {
		ret->is_own = jx_bool_or(v, OUT_OF_CONTEXT, false);
		ret->is_parent_gone = jx_bool_or(v, "gone", false);
		ret->is_unread = jx_bool_or(v, "unread", false);
		ret->at = jx_text_or(a, v, "at", TEXT_NONE);
		ret->n_pages = jx_i64_or(v, "pages", 0);
		jx_release(&doc);
	}
}

static struct text look_save(struct arena *a, const struct look *l)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(
		&b, "{\"" OUT_OF_CONTEXT "\":true,\"gone\":%s,\"unread\":%s,\"pages\":%lld,\"at\":",
		l->is_parent_gone ? "true" : "false", l->is_unread ? "true" : "false",
		(long long)l->n_pages);
	strbuf_add_json(&b, l->at);
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

bool mastodon_lookup_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	struct strbuf b;
	struct look l;

	if (q->posting == NULL || !page_is_id(q->posting->parent_id)) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	if (ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "the server has not said yet who we are");
	}
	look_load(ctx->arena, q->state, &l);
	if (!l.is_own) {
		mastodon_url_start(ctx, &b, "/api/v1/statuses/");
		strbuf_add_url(&b, q->posting->parent_id);
		strbuf_add_str(&b, "/context");
		return mastodon_url_finish(ctx, &b, ret, err);
	}
	mastodon_url_start(ctx, &b, "/api/v1/accounts/");
	strbuf_add_url(&b, ctx->own_id);
	strbuf_printf(&b, "/statuses?exclude_reblogs=true&limit=%d", page_size(q, OWN_A_PAGE));
	if (l.at.len > 0) {
		strbuf_add_str(&b, "&max_id=");
		strbuf_add_url(&b, l.at);
	}
	return mastodon_url_finish(ctx, &b, ret, err);
}

static struct wall look_since(const struct posting *p)
{
	return wall_is_set(p->begun_at) ? wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S))
					: (struct wall){ 0 };
}

static bool is_naming(const struct message *m, struct text id)
{
	for (size_t i = 0; i < m->n_names; i++) {
		if (text_eq(m->names[i], id)) {
			return true;
		}
	}
	return false;
}

static bool is_it(const struct connector_ctx *ctx, const struct posting *p, const struct look *l,
		  const struct message *m)
{
	bool is_below = text_eq(m->parent_id, p->parent_id) ||
			(l->is_parent_gone && m->parent_id.len == 0 && is_naming(m, p->author_id));

	return is_below && m->direction == MESSAGE_OUTBOUND && m->kind != MESSAGE_OTHER &&
	       !(wall_is_set(m->posted_at) && wall_before(m->posted_at, look_since(p))) &&
	       (posting_is_same(text_of_posting(ctx->arena, p), m->body) ||
		posting_is_same(p->text, m->body));
}

/* The latest one that is it: the same words may have been sent before. */
static void find(const struct connector_ctx *ctx, const struct posting *p, const struct look *l,
		 const struct outcome *page, struct outcome *ret)
{
	struct wall latest = { 0 };

	for (size_t i = 0; i < page->n_messages; i++) {
		const struct message *m = &page->messages[i];

		if (is_it(ctx, p, l, m) &&
		    (ret->sent_id.len == 0 || wall_before(latest, m->posted_at))) {
			ret->sent_id = m->external_id;
			ret->sent_permalink = m->permalink;
			latest = m->posted_at;
		}
	}
}

/* A status of our own below that parent which cannot be read: it may be the one. */
static bool has_unreadable(const struct connector_ctx *ctx, const struct posting *p,
			   const struct look *l, const struct outcome *page)
{
	struct text inner, parent;

	for (size_t i = 0; i < page->n_bad; i++) {
		bool is_told = jx_member(page->bad[i].raw, TEXT("in_reply_to_id"), &inner);
		bool is_below = is_told && jx_slice_text(ctx->arena, inner, &parent);

		if (!is_told || (is_below ? text_eq(parent, p->parent_id) : l->is_parent_gone)) {
			return true;
		}
	}
	return false;
}

/* The last status of the page that has an id; NULL where none has. */
static const struct mastodon_item *last_of(const struct mastodon_page *page)
{
	for (size_t i = page->n; i-- > 0;) {
		if (page->items[i].id.len > 0) {
			return &page->items[i];
		}
	}
	return NULL;
}

/* Where the walk through our own statuses goes on; false: this was its last page. *ret_is_short: not because all since then was read. */
static bool look_on(const struct posting *p, const struct mastodon_page *page,
		    const struct mastodon_item *last, struct look *l, bool *ret_is_short)
{
	*ret_is_short = false;
	if (wall_is_set(last->at) && wall_is_set(p->begun_at) &&
	    wall_before(last->at, look_since(p))) {
		return false;
	}
	*ret_is_short = ++l->n_pages >= LOOK_PAGES || text_eq(last->id, l->at) ||
			text_eq(page->items[0].id, l->at);
	l->at = last->id;
	return !*ret_is_short;
}

/* The way behind the context, which may be too large, hidden or gone with the parent. */
static bool context_done(const struct connector_ctx *ctx, const struct posting *p, struct look *l,
			 const struct response *r, struct outcome *ret, struct err *err)
{
	bool is_parent_gone = r->status == 404 || r->status == 410;
	struct mastodon_page list;
	struct outcome o = { 0 };
	struct text page;

	if (!is_parent_gone && !page_check(ctx, r, &ret->rate, err)) {
		return false;
	}
	l->is_unread = is_parent_gone || !page_scan(r, &page, NULL) ||
		       !mastodon_page_read(ctx, TEXT_NONE, page, &o, &list, NULL);
	if (!l->is_unread) {
		find(ctx, p, l, &o, ret);
	}
	if (ret->sent_id.len == 0) {
		l->is_own = true;
		l->is_parent_gone = is_parent_gone;
		ret->is_more = true;
		ret->state = look_save(ctx->arena, l);
	}
	return true;
}

bool mastodon_lookup_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	const struct posting *p = q->posting;
	const struct mastodon_item *last;
	struct mastodon_page list;
	struct outcome o = { 0 };
	bool is_short = false;
	struct text page;
	struct look l;

	if (p == NULL) {
		return err_set(err, ERR_DATA, "there is nothing to look for");
	}
	look_load(ctx->arena, q->state, &l);
	if (!l.is_own) {
		return context_done(ctx, p, &l, r, ret, err);
	}
	if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &page, err) ||
	    !mastodon_page_read(ctx, TEXT_NONE, page, &o, &list, err)) {
		return false;
	}
	find(ctx, p, &l, &o, ret);
	if (ret->sent_id.len > 0) {
		return true;
	}
	last = last_of(&list);
	if (has_unreadable(ctx, p, &l, &o) || (list.n > 0 && last == NULL)) {
		return err_set(err, ERR_DATA,
			       "one of our own statuses cannot be read: it may be this reply");
	}
	ret->is_more = last != NULL && look_on(p, &list, last, &l, &is_short);
	if (is_short && l.is_unread) {
		return posting_look_ends(err);
	}
	ret->state = ret->is_more ? look_save(ctx->arena, &l) : TEXT_NONE;
	return true;
}
