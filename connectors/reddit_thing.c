#include "reddit_thing.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"

#define SITE      "https://www.reddit.com"
#define DEEP_MOST 60
#define LIST_MOST (LIMIT_PAGE_ITEMS + REDDIT_MORE_MOST)
#define DELETED   TEXT("[deleted]")
#define REMOVED   TEXT("[removed]")

bool reddit_is_name(struct text name, char kind)
{
	if (name.len < 4 || name.len > 24 || name.at[0] != 't' || name.at[2] != '_' ||
	    (kind != 0 && name.at[1] != kind) || strchr("134", name.at[1]) == NULL) {
		return false;
	}
	for (size_t i = 3; i < name.len; i++) {
		char c = name.at[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))) {
			return false;
		}
	}
	return true;
}

/* ---- one thing ---- */

struct reader {
	const struct connector_ctx *ctx;
	bool is_watch;
	struct outcome *out;
	struct reddit_page *page;
};

static struct text text_at(struct arena *a, struct text object, const char *name)
{
	struct text inner, value;

	if (jx_slice_kind(object) == '{' && jx_member(object, text_of(name), &inner) &&
	    jx_slice_kind(inner) == '"' && jx_slice_text(a, inner, &value)) {
		return value;
	}
	return TEXT_NONE;
}

/* Times are written as "1795290000.0"; any other number ("1.8e9") is no time. */
static struct wall time_at(struct text object, const char *name)
{
	struct text inner, whole, fraction;
	int64_t s;

	if (!jx_member(object, text_of(name), &inner) || jx_slice_kind(inner) != 'n') {
		return (struct wall){ 0 };
	}
	(void)text_cut(inner, '.', &whole, &fraction);
	for (size_t i = 0; i < fraction.len; i++) {
		if (fraction.at[i] < '0' || fraction.at[i] > '9') {
			return (struct wall){ 0 };
		}
	}
	return num_parse_range(whole, 1, INT64_C(253402300799), &s) ? (struct wall){ s * 1000000 }
								    : (struct wall){ 0 };
}

static bool is_name_byte(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	       c == '-';
}

/* "u/ann" and "/u/ann" name somebody. */
static void names_read(const struct connector_ctx *ctx, struct text t, struct message *m)
{
	for (size_t at = 0; (at = text_find(t, TEXT("u/"), at)) != SIZE_MAX; at += 2) {
		struct text rest = text_slice(t, at + 2, SIZE_MAX), name;
		size_t n = 0, front = at > 0 && t.at[at - 1] == '/' ? at - 1 : at;

		while (n < rest.len && n < 24 && is_name_byte(rest.at[n])) {
			n++;
		}
		name = text_slice(rest, 0, n);
		if (n < 3 || (front > 0 && (is_name_byte(t.at[front - 1]) ||
					    t.at[front - 1] == '/' || t.at[front - 1] == '.'))) {
			continue;
		}
		if (text_eq_nocase(name, ctx->own_handle)) {
			m->is_named = true;
		} else if (!text_eq(name, m->author_id) && m->n_names < LIMIT_NAMES) {
			m->names[m->n_names++] = name;
		}
	}
}

static void author_fill(const struct connector_ctx *ctx, char kind, struct text data,
			struct message *m)
{
	struct text author = text_at(ctx->arena, data, "author");

	if (kind == '4' && author.len == 0 && text_at(ctx->arena, data, "subreddit").len > 0) {
		/* The mail of a subreddit, or of its robots, has no author. */
		author = text_printf(ctx->arena, "r/%.*s",
				     TEXT_ARG(text_at(ctx->arena, data, "subreddit")));
		m->is_automatic = true;
	}
	m->author_id = page_is_id(author) ? author : TEXT_NONE;
	m->author_handle = m->author_name = text_clip(author, LIMIT_NAME_BYTES);
	m->direction = ctx->own_id.len > 0 && text_eq_nocase(author, ctx->own_id) ? MESSAGE_OUTBOUND
										  : MESSAGE_INBOUND;
}

/* Whom this comment answers as Reddit's inbox says it: it tells us of what answers ours. */
static bool is_told_to_us(struct arena *a, struct text data)
{
	struct text type = text_at(a, data, "type");

	return text_eq(type, TEXT("comment_reply")) || text_eq(type, TEXT("post_reply")) ||
	       text_eq(type, TEXT("username_mention"));
}

static struct text link_of(struct arena *a, struct text data, const struct message *m)
{
	struct text path = text_at(a, data, "permalink");

	path = path.len > 0 ? path : text_at(a, data, "context");
	if (m->kind == MESSAGE_DIRECT) {
		return text_printf(a, SITE "/message/messages/%.*s",
				   TEXT_ARG(text_slice(m->external_id, 3, SIZE_MAX)));
	}
	return text_starts(path, TEXT("/")) && path.len < LIMIT_ID_BYTES &&
			       text_find(path, TEXT(" "), 0) == SIZE_MAX
		       ? text_printf(a, SITE "%.*s", TEXT_ARG(path))
		       : TEXT_NONE;
}

static void direct_fill(const struct connector_ctx *ctx, struct text data, struct message *m)
{
	struct text first = text_at(ctx->arena, data, "first_message_name");
	struct text parent = text_at(ctx->arena, data, "parent_id");

	m->kind = MESSAGE_DIRECT;
	m->visibility = MESSAGE_PRIVATE;
	m->is_named = m->direction == MESSAGE_INBOUND;
	m->thread_id = reddit_is_name(first, '4') ? first : m->external_id;
	m->parent_id = reddit_is_name(parent, '4') ? parent : TEXT_NONE;
	m->warning = text_clip(text_at(ctx->arena, data, "subject"), LIMIT_NAME_BYTES);
	m->body = text_at(ctx->arena, data, "body");
	if (m->direction == MESSAGE_OUTBOUND) {
		m->peer_id = text_at(ctx->arena, data, "dest");
	}
}

static void public_fill(const struct connector_ctx *ctx, char kind, struct text data,
			struct message *m)
{
	struct arena *a = ctx->arena;
	struct text parent = text_at(a, data, "parent_id"), own_words;

	m->visibility = MESSAGE_PUBLIC;
	if (kind == '3') {
		m->warning = text_clip(text_at(a, data, "title"), LIMIT_NAME_BYTES);
		m->body = text_at(a, data, "selftext");
		m->body = m->body.len > 0 ? m->body : text_at(a, data, "url");
		own_words = text_printf(a, "%.*s %.*s", TEXT_ARG(m->warning), TEXT_ARG(m->body));
	} else {
		m->body = text_at(a, data, "body");
		m->parent_id = reddit_is_name(parent, 0) ? parent : TEXT_NONE;
		own_words = m->body;
	}
	names_read(ctx, own_words, m);
	m->is_named = (m->is_named || is_told_to_us(a, data)) && m->direction == MESSAGE_INBOUND;
	m->kind = kind == '3' ? (m->is_named ? MESSAGE_MENTION : MESSAGE_POST)
		  : reddit_is_name(m->parent_id, '1') ? MESSAGE_REPLY
						      : MESSAGE_COMMENT;
}

/* An automatic one says so, or is a moderator's machine. */
static bool is_robot(const struct message *m)
{
	return m->is_automatic || text_eq(m->author_id, TEXT("AutoModerator"));
}

static void item_note(struct reader *r, struct text name, struct wall at)
{
	r->page->items[r->page->n++] = (struct reddit_item){ name, at };
}

/* False: `bad` says why. */
static bool thing_fill(struct reader *r, char kind, struct text data, struct text slice,
		       struct message *m, const char **bad)
{
	struct arena *a = r->ctx->arena;

	m->raw = slice;
	m->external_id = text_at(a, data, "name");
	if (m->external_id.len == 0) {
		m->external_id = text_printf(a, "t%c_%.*s", kind, TEXT_ARG(text_at(a, data, "id")));
	}
	if (!reddit_is_name(m->external_id, kind)) {
		*bad = "its name is none";
		return false;
	}
	author_fill(r->ctx, kind, data, m);
	if (m->author_id.len == 0) {
		*bad = "it does not say whose it is: no 'author'";
		return false;
	}
	if (kind == '4') {
		direct_fill(r->ctx, data, m);
	} else {
		public_fill(r->ctx, kind, data, m);
	}
	/* Below nothing it would answer nobody, for ever. */
	if (kind == '1' && m->parent_id.len == 0) {
		*bad = "it does not say what it answers";
		return false;
	}
	if (kind != '3' && text_at(a, data, "body").at == NULL) {
		*bad = "'body' is no text";
		return false;
	}
	m->body = text_clip(m->body, LIMIT_MESSAGE_BYTES);
	m->is_automatic = is_robot(m);
	m->permalink = link_of(a, data, m);
	m->posted_at = time_at(data, "created_utc");
	m->edited_at = time_at(data, "edited");
	return true;
}

static bool is_gone(const struct message *m)
{
	return text_eq(m->body, REMOVED) ||
	       (text_eq(m->author_id, DELETED) && (text_eq(m->body, DELETED) || m->body.len == 0));
}

/* A comment without those below it: they are elements of their own. */
static struct text without_replies(struct arena *a, struct text slice, struct text *ret_replies)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_BODY_BYTES };
	struct text data, replies;

	*ret_replies = TEXT_NONE;
	if (!jx_member(slice, TEXT("data"), &data) || jx_slice_kind(data) != '{' ||
	    !jx_member(data, TEXT("replies"), &replies) || jx_slice_kind(replies) != '{') {
		return slice;
	}
	*ret_replies = replies;
	strbuf_add(&b, (struct text){ slice.at, (size_t)(replies.at - slice.at) });
	strbuf_add_str(&b, "\"\"");
	strbuf_add(&b, (struct text){ replies.at + replies.len,
				      (size_t)(slice.at + slice.len - replies.at - replies.len) });
	return text_dup(a, strbuf_text(&b));
}

static void more_note(struct reader *r, struct text data)
{
	struct arena *a = r->ctx->arena;
	struct text list, *slices, id, parent = text_at(a, data, "parent_id");
	size_t n = 0;

	if (jx_member(data, TEXT("children"), &list) && jx_slice_kind(list) == '[' &&
	    jx_elements(a, list, &slices, &n, NULL)) {
		r->page->is_cut = r->page->is_cut || r->page->n_more + n > REDDIT_MORE_MOST;
		for (size_t i = 0; i < n && r->page->n_more < REDDIT_MORE_MOST; i++) {
			if (jx_slice_text(a, slices[i], &id) &&
			    reddit_is_name(text_printf(a, "t1_%.*s", TEXT_ARG(id)), '1')) {
				r->page->more[r->page->n_more++] = id;
			}
		}
	}
	if (n == 0 && reddit_is_name(parent, '1') && r->page->n_deep < DEEP_MOST) {
		r->page->deep[r->page->n_deep++] = text_slice(parent, 3, SIZE_MAX);
	}
}

static void thing_add(struct reader *r, struct text slice)
{
	struct arena *a = r->ctx->arena;
	struct text kind = text_at(a, slice, "kind"), data = TEXT_NONE;
	struct message m = { 0 };
	struct jx_doc *doc = NULL;
	const char *bad = "";
	struct err err = { 0 };
	struct jx v;

	if (text_eq(kind, TEXT("more")) && jx_member(slice, TEXT("data"), &data)) {
		more_note(r, data);
		return;
	}
	if (jx_slice_kind(slice) != '{' || !jx_parse(a, slice, &v, &doc, &err)) {
		outcome_add_bad(a, r->out, slice, TEXT_NONE,
				err.text[0] != '\0' ? err.text : "the element is no object");
		item_note(r, TEXT_NONE, (struct wall){ 0 });
		return;
	}
	jx_release(&doc); /* it is whole; what is wanted of it is cut out */
	if (kind.len != 2 || kind.at[0] != 't' || strchr("134", kind.at[1]) == NULL ||
	    !jx_member(slice, TEXT("data"), &data) || jx_slice_kind(data) != '{') {
		outcome_add_bad(a, r->out, slice, TEXT_NONE,
				"a thing of a kind that this version does not know");
		item_note(r, TEXT_NONE, (struct wall){ 0 });
		return;
	}
	if (!thing_fill(r, kind.at[1], data, slice, &m, &bad)) {
		outcome_add_bad(a, r->out, slice,
				page_is_id(m.external_id) ? m.external_id : TEXT_NONE, bad);
		item_note(r, TEXT_NONE, m.posted_at);
		return;
	}
	item_note(r, m.external_id, m.posted_at);
	if (r->page->link.len == 0) {
		struct text link = text_at(a, data, "link_id");

		r->page->link = reddit_is_name(link, '3') ? link : TEXT_NONE;
	}
	if (is_gone(&m)) {
		outcome_add_gone(a, r->out, m.external_id);
		return;
	}
	m.is_about = r->is_watch && !m.is_named && m.direction == MESSAGE_INBOUND;
	*outcome_add_message(a, r->out) = m;
}

/* ---- pages ---- */

/* The children of a listing, or the things of a call to "morechildren". */
static bool children_of(struct arena *a, struct text page, struct text **ret, size_t *ret_n)
{
	struct text data, list;

	if (jx_slice_kind(page) != '{') {
		return false;
	}
	if (jx_member(page, TEXT("json"), &data) && jx_slice_kind(data) == '{') {
		page = data;
	}
	return jx_member(page, TEXT("data"), &data) && jx_slice_kind(data) == '{' &&
	       (jx_member(data, TEXT("children"), &list) ||
		jx_member(data, TEXT("things"), &list)) &&
	       jx_slice_kind(list) == '[' && jx_elements_most(a, list, LIST_MOST, ret, ret_n, NULL);
}

/* Trees are read breadth first: the list of what is still to be read grows at its end. */
/* It does not fit any more: it is asked for by its name, as those that a tree only names. */
static void left_note(struct reader *r, struct text slice)
{
	struct text data, id;

	if (jx_slice_kind(slice) != '{' || !jx_member(slice, TEXT("data"), &data) ||
	    jx_slice_kind(data) != '{') {
		return;
	}
	id = text_at(r->ctx->arena, data, "name");
	if (!reddit_is_name(id, '1')) {
		return;
	}
	id = text_slice(id, 3, SIZE_MAX);
	if (r->page->n_more < REDDIT_MORE_MOST) {
		r->page->more[r->page->n_more++] = id;
	} else {
		r->page->is_cut = true;
	}
}

static bool things_add(struct reader *r, struct text *queue, size_t n)
{
	size_t room = LIMIT_PAGE_ITEMS;

	for (size_t i = 0; i < n; i++) {
		struct text replies, *below, element;
		size_t n_below = 0;

		element = without_replies(r->ctx->arena, queue[i], &replies);
		thing_add(r, element);
		if (replies.len > 0 && children_of(r->ctx->arena, replies, &below, &n_below)) {
			r->page->is_cut = r->page->is_cut || n_below > LIST_MOST;
			for (size_t k = 0; k < n_below && k < LIST_MOST; k++) {
				if (n < room) {
					queue[n++] = below[k];
				} else {
					left_note(r, below[k]);
				}
			}
		}
	}
	return true;
}

static bool lists_of(struct arena *a, struct text page, struct text *queue, size_t *ret_n,
		     struct err *err)
{
	struct text *lists = &page, *slices;
	size_t n_lists = 1, n;

	*ret_n = 0;
	if (jx_slice_kind(page) == '[' && !jx_elements(a, page, &lists, &n_lists, err)) {
		return false;
	}
	for (size_t i = 0; i < n_lists; i++) {
		if (!children_of(a, lists[i], &slices, &n)) {
			struct text kind = text_at(a, lists[i], "kind");

			if (kind.len != 2) { /* else: a thing alone */
				return err_set(err, ERR_DATA, "the answer is no listing of Reddit");
			}
			slices = &lists[i];
			n = 1;
		}
		if (*ret_n + n > LIMIT_PAGE_ITEMS) {
			return err_set(err, ERR_DATA, "more than %d elements in one answer",
				       LIMIT_PAGE_ITEMS);
		}
		for (size_t k = 0; k < n; k++) {
			queue[(*ret_n)++] = slices[k];
		}
	}
	return true;
}

bool reddit_page_read(const struct connector_ctx *ctx, bool is_watch, struct text page,
		      struct outcome *out, struct reddit_page *ret, struct err *err)
{
	struct reader r = { .ctx = ctx, .is_watch = is_watch, .out = out, .page = ret };
	struct text *queue = ARENA_ARRAY(ctx->arena, struct text, LIMIT_PAGE_ITEMS);
	struct text data, inner;
	size_t n = 0;

	*ret = (struct reddit_page){
		.items = ARENA_ARRAY(ctx->arena, struct reddit_item, LIMIT_PAGE_ITEMS),
		.more = ARENA_ARRAY(ctx->arena, struct text, REDDIT_MORE_MOST),
		.deep = ARENA_ARRAY(ctx->arena, struct text, DEEP_MOST),
	};
	if (jx_slice_kind(page) == '{' && jx_member(page, TEXT("conversations"), &inner)) {
		outcome_add_bad(ctx->arena, out, page, TEXT_NONE,
				"the mail of moderators, which is not read here");
		return true;
	}
	if (!lists_of(ctx->arena, page, queue, &n, err)) {
		return false;
	}
	(void)things_add(&r, queue, n);
	if (jx_slice_kind(page) == '{' && jx_member(page, TEXT("data"), &data) &&
	    jx_slice_kind(data) == '{') {
		ret->after = text_at(ctx->arena, data, "after");
	}
	if (!reddit_is_name(ret->after, 0)) {
		ret->after = TEXT_NONE;
	}
	return true;
}
