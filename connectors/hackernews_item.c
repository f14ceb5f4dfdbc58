#include "hackernews_item.h"

#include <stdlib.h>

#include "answerd/html.h"
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"

#define TREE_MOST 20000 /* comments of one thread */
#define PLACE     "https://news.ycombinator.com/item?id="

bool hackernews_is_id(struct text id)
{
	int64_t n;

	return id.len > 0 && id.len <= 12 && id.at[0] >= '1' && id.at[0] <= '9' &&
	       num_parse_range(id, 1, INT64_C(999999999999), &n);
}

/* ---- members under their three names ---- */

static struct text number_at(struct arena *a, struct jx v, const char *name)
{
	struct text t = jx_text_or(a, v, name, TEXT_NONE);
	int64_t n = jx_i64_or(v, name, 0);

	t = n > 0 ? text_printf(a, "%lld", (long long)n) : t;
	return hackernews_is_id(t) ? t : TEXT_NONE;
}

static struct text first_text(struct arena *a, struct jx v, const char *const names[])
{
	for (size_t i = 0; names[i] != NULL; i++) {
		struct text t = jx_text_or(a, v, names[i], TEXT_NONE);

		if (t.len > 0) {
			return t;
		}
	}
	return TEXT_NONE;
}

static struct text id_of(struct arena *a, struct jx v)
{
	struct text id = number_at(a, v, "objectID");

	return id.len > 0 || jx_is_set(jx_get(v, "objectID")) ? id : number_at(a, v, "id");
}

static int64_t seconds_of(struct jx v)
{
	int64_t s = jx_i64_or(v, "created_at_i", 0);

	s = s != 0 ? s : jx_i64_or(v, "time", 0);
	return s > 0 && s < INT64_C(253402300800) ? s : 0;
}

static bool is_gone(struct jx v)
{
	return jx_bool_or(v, "deleted", false) || jx_bool_or(v, "dead", false);
}

/* In a tree, with neither author nor words, and that is said. */
static bool is_hollow(struct jx v)
{
	struct jx author = jx_get(v, "author"), words = jx_get(v, "text");

	return jx_is_array(jx_get(v, "children")) && jx_is_set(author) && jx_is_null(author) &&
	       jx_is_set(words) && jx_is_null(words) && !jx_is_text(jx_get(v, "title"));
}

static bool has_tag(struct arena *a, struct jx v, const char *tag)
{
	struct jx list = jx_get(v, "_tags");
	struct text t;

	for (size_t i = 0; i < jx_len(list); i++) {
		if (jx_as_text(a, jx_at(list, i), &t) && text_eq(t, text_of(tag))) {
			return true;
		}
	}
	return text_eq(jx_text_or(a, v, "type", TEXT_NONE), text_of(tag));
}

/* ---- one element ---- */

static void kind_fill(struct arena *a, struct jx v, struct message *m)
{
	struct text story = number_at(a, v, "story_id");

	m->parent_id = number_at(a, v, "parent_id");
	m->parent_id = m->parent_id.len > 0 ? m->parent_id : number_at(a, v, "parent");
	if (has_tag(a, v, "pollopt")) {
		m->kind = MESSAGE_OTHER;
	} else if (m->parent_id.len == 0) {
		m->kind = MESSAGE_POST;
	} else {
		m->kind = story.len == 0 || text_eq(story, m->parent_id) ? MESSAGE_COMMENT
									 : MESSAGE_REPLY;
	}
}

/* It says that it stands below something, readable or not. */
static bool has_parent(struct arena *a, struct jx v)
{
	return !jx_is_null(jx_get(v, "parent_id")) || !jx_is_null(jx_get(v, "parent")) ||
	       has_tag(a, v, "comment");
}

static bool item_fill(const struct connector_ctx *ctx, struct jx v, struct text slice,
		      struct message *m, const char **bad)
{
	static const char *const authors[] = { "author", "by", NULL };
	static const char *const texts[] = { "comment_text", "story_text", "text", NULL };
	struct arena *a = ctx->arena;
	struct text author = first_text(a, v, authors), own = connector_option(ctx, "username");
	struct text html = first_text(a, v, texts);

	m->external_id = id_of(a, v);
	if (m->external_id.len == 0) {
		*bad = "its id is none";
		return false;
	}
	if (!page_is_id(author)) {
		*bad = "it does not say whose it is: no 'author'";
		return false;
	}
	kind_fill(a, v, m);
	/* As a story it would answer nobody, for ever. */
	if (m->parent_id.len == 0 && has_parent(a, v)) {
		*bad = "it does not say what it answers";
		return false;
	}
	m->author_id = author;
	m->author_handle = m->author_name = text_clip(author, LIMIT_NAME_BYTES);
	m->direction = own.len > 0 && text_eq(author, own) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	m->warning = text_clip(jx_text_or(a, v, "title", TEXT_NONE), LIMIT_NAME_BYTES);
	m->body = html.len > 0 ? html_to_text(a, html) : jx_text_or(a, v, "url", TEXT_NONE);
	m->body = text_clip(m->body, LIMIT_MESSAGE_BYTES);
	if (m->body.len == 0 && m->warning.len == 0) {
		*bad = "it has no words";
		return false;
	}
	m->permalink = text_printf(a, PLACE "%.*s", TEXT_ARG(m->external_id));
	m->posted_at = (struct wall){ seconds_of(v) * 1000000 };
	m->raw = slice;
	return true;
}

static void story_note(struct arena *a, struct jx v, const struct message *m,
		       struct hackernews_page *page)
{
	struct text story = number_at(a, v, "story_id");

	story = story.len > 0 ? story : m->parent_id.len == 0 ? m->external_id : TEXT_NONE;
	for (size_t i = 0; i < page->n_stories; i++) {
		if (text_eq(page->stories[i], story)) {
			return;
		}
	}
	if (story.len > 0 && page->n_stories < sizeof(page->stories) / sizeof(page->stories[0])) {
		page->stories[page->n_stories++] = story;
	}
}

static bool holds(struct arena *a, const struct message *m, struct text words)
{
	struct text all = text_lower_ascii(
		a, text_printf(a, "%.*s\n%.*s", TEXT_ARG(m->warning), TEXT_ARG(m->body)));

	return words.len == 0 || text_find(all, text_lower_ascii(a, words), 0) != SIZE_MAX;
}

static void element_add(const struct connector_ctx *ctx, struct text words, struct text slice,
			struct outcome *out, struct hackernews_page *page)
{
	struct arena *a = ctx->arena;
	struct message m = { 0 };
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	const char *bad = "the element is no object";
	int64_t s;
	struct jx v;

	page->n++;
	if (jx_slice_kind(slice) != '{' || !jx_parse(a, slice, &v, &doc, &err)) {
		outcome_add_bad(a, out, slice, TEXT_NONE, err.text[0] != '\0' ? err.text : bad);
		return;
	}
	s = seconds_of(v);
	page->newest_s = s > page->newest_s ? s : page->newest_s;
	page->oldest_s = s > 0 && (page->oldest_s == 0 || s < page->oldest_s) ? s : page->oldest_s;
	if (is_gone(v) && id_of(a, v).len > 0) {
		outcome_add_gone(a, out, id_of(a, v));
	} else if (is_hollow(v)) {
		/* What was deleted leaves a place in trees; the official interface says so when it is asked. */
	} else if (!item_fill(ctx, v, slice, &m, &bad)) {
		outcome_add_bad(a, out, slice, m.external_id, bad);
	} else {
		story_note(a, v, &m, page);
		if (holds(a, &m, words)) {
			m.is_about = words.len > 0 && m.direction == MESSAGE_INBOUND;
			*outcome_add_message(a, out) = m;
		}
	}
	jx_release(&doc);
}

/* ---- pages ---- */

/* An item without those below it. */
static struct text without_children(struct arena *a, struct text slice, struct text *ret_children)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_BODY_BYTES };
	struct text children;

	*ret_children = TEXT_NONE;
	if (jx_slice_kind(slice) != '{' || !jx_member(slice, TEXT("children"), &children) ||
	    jx_slice_kind(children) != '[') {
		return slice;
	}
	*ret_children = children;
	strbuf_add(&b, (struct text){ slice.at, (size_t)(children.at - slice.at) });
	strbuf_add_str(&b, "[]");
	strbuf_add(&b,
		   (struct text){ children.at + children.len,
				  (size_t)(slice.at + slice.len - children.at - children.len) });
	return text_dup(a, strbuf_text(&b));
}

struct leaf {
	struct text slice;
	int64_t id;
};

static int compare_ids(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int64_t id_number(struct arena *a, struct text slice)
{
	struct jx_doc *doc = NULL;
	int64_t n = 0;
	struct jx v;

	if (jx_slice_kind(slice) == '{' && jx_parse(a, slice, &v, &doc, NULL)) {
		(void)num_parse_range(id_of(a, v), 1, INT64_MAX, &n);
		jx_release(&doc);
	}
	return n;
}

/* Breadth first: the list of what is still to be read grows at its end. Every element without those below it. */
static size_t tree_cut(struct arena *a, struct text top, struct leaf *ret, bool *ret_is_cut)
{
	size_t n = 1;

	ret[0].slice = top;
	*ret_is_cut = false;
	for (size_t i = 0; i < n; i++) {
		struct text children, *below;
		size_t n_below = 0;

		ret[i].slice = without_children(a, ret[i].slice, &children);
		if (children.len == 0 ||
		    !jx_elements_most(a, children, TREE_MOST - n, &below, &n_below, NULL)) {
			continue;
		}
		*ret_is_cut = *ret_is_cut || n_below > TREE_MOST - n;
		for (size_t k = 0; k < n_below && n < TREE_MOST; k++) {
			ret[n++].slice = below[k];
		}
	}
	return n;
}

bool hackernews_item_read(const struct connector_ctx *ctx, int64_t after, struct text page,
			  struct outcome *out, int64_t *ret_last, struct err *err)
{
	struct hackernews_page of_item = { 0 };
	struct leaf *leaves;
	struct text inner;
	size_t n, from = 0;
	bool is_cut;

	*ret_last = 0;
	if (jx_slice_kind(page) != '{' || !jx_member(page, TEXT("id"), &inner)) {
		return hackernews_page_read(ctx, TEXT_NONE, page, out, &of_item, err);
	}
	leaves = ARENA_ARRAY(ctx->arena, struct leaf, TREE_MOST);
	n = tree_cut(ctx->arena, page, leaves, &is_cut);
	if (n > LIMIT_PAGE_ITEMS) {
		for (size_t i = 0; i < n; i++) {
			leaves[i].id = id_number(ctx->arena, leaves[i].slice);
		}
		qsort(leaves, n, sizeof(leaves[0]), compare_ids);
		while (from < n && after > 0 && leaves[from].id <= after) {
			from++;
		}
		if (n - from > LIMIT_PAGE_ITEMS) {
			n = from + LIMIT_PAGE_ITEMS;
			*ret_last = leaves[n - 1].id > after ? leaves[n - 1].id : 0;
		}
	}
	for (size_t i = from; i < n; i++) {
		element_add(ctx, TEXT_NONE, leaves[i].slice, out, &of_item);
	}
	if (is_cut && *ret_last == 0) {
		outcome_add_bad(ctx->arena, out, text_clip(page, 1000),
				text_printf(ctx->arena, "%lld", (long long)leaves[0].id),
				"a thread of more comments than are read: see it there");
	}
	return true;
}

static int64_t number_of(struct text page, const char *name)
{
	struct text inner;
	int64_t n = -1;

	if (jx_member(page, text_of(name), &inner) && !num_parse_range(inner, 0, 1000000, &n)) {
		n = -1;
	}
	return n;
}

bool hackernews_page_read(const struct connector_ctx *ctx, struct text words, struct text page,
			  struct outcome *out, struct hackernews_page *ret, struct err *err)
{
	struct text hits, inner, *slices;
	size_t n;

	*ret = (struct hackernews_page){ .page = -1, .n_pages = -1, .n_hits = -1 };
	if (jx_slice_kind(page) == '{' && jx_member(page, TEXT("hits"), &hits) &&
	    jx_slice_kind(hits) == '[') {
		if (!jx_elements(ctx->arena, hits, &slices, &n, err)) {
			return false;
		}
		for (size_t i = 0; i < n && i < LIMIT_PAGE_ITEMS; i++) {
			element_add(ctx, words, slices[i], out, ret);
		}
		ret->page = number_of(page, "page");
		ret->n_pages = number_of(page, "nbPages");
		ret->n_hits = number_of(page, "nbHits");
		return n <= LIMIT_PAGE_ITEMS ||
		       err_set(err, ERR_DATA, "more than %d elements in one answer",
			       LIMIT_PAGE_ITEMS);
	}
	if (jx_slice_kind(page) == '{' && jx_member(page, TEXT("id"), &inner)) {
		element_add(ctx, TEXT_NONE, without_children(ctx->arena, page, &inner), out, ret);
		return true;
	}
	return err_set(err, ERR_DATA, "the answer is no list of hits and no item");
}
