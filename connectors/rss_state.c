#include "rss_state.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/strbuf.h"

#define LIMIT_VALIDATOR 1024 /* ETag, Last-Modified */
#define MOST_PAGES      2000
#define POST_BYTES      180 /* 40 of them, twice, fit into LIMIT_FACTS_BYTES */
#define COMMENT_MARK    TEXT("#comment-")

/* ---- state ---- */

static bool hex_parse(struct text t, uint64_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];
		int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (v < 0) {
			return false;
		}
		n = n << 4 | (uint64_t)v;
	}
	*ret = n;
	return t.len == 16;
}

static void known_load(struct arena *a, struct jx list, struct rss_known *ret)
{
	struct text t;

	for (size_t i = 0; i < jx_len(list) && ret->n < RSS_KNOWN; i++) {
		struct rss_print *p = &ret->at[ret->n];

		ret->n += jx_as_text(a, jx_at(list, i), &t) &&
			  hex_parse(text_slice(t, 0, 16), &p->id) &&
			  hex_parse(text_slice(t, 16, SIZE_MAX), &p->content);
	}
}

static void known_save(struct strbuf *b, const char *name, const struct rss_known *known)
{
	strbuf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < known->n; i++) {
		strbuf_printf(b, "%s\"%016llx%016llx\"", i > 0 ? "," : "",
			      (unsigned long long)known->at[i].id,
			      (unsigned long long)known->at[i].content);
	}
	strbuf_add_byte(b, ']');
}

void rss_state_load(struct arena *a, struct text state, struct rss_state *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk;

	*ret = (struct rss_state){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->etag = jx_text_or(a, v, "etag", TEXT_NONE);
	ret->modified = jx_text_or(a, v, "modified", TEXT_NONE);
	known_load(a, jx_get(v, "known"), &ret->known);
	walk = jx_get(v, "walk");
	ret->next = jx_text_or(a, walk, "next", TEXT_NONE);
	ret->n_pages = jx_i64_or(walk, "pages", 0);
	known_load(a, jx_get(walk, "fresh"), &ret->fresh);
	jx_release(&doc);
}

struct text rss_state_save(struct arena *a, const struct rss_state *s)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_add_str(&b, "{\"etag\":");
	strbuf_add_json(&b, s->etag.len <= LIMIT_VALIDATOR ? s->etag : TEXT_NONE);
	strbuf_add_str(&b, ",\"modified\":");
	strbuf_add_json(&b, s->modified.len <= LIMIT_VALIDATOR ? s->modified : TEXT_NONE);
	known_save(&b, "known", &s->known);
	if (s->next.len > 0) {
		strbuf_printf(&b, ",\"walk\":{\"pages\":%d,\"next\":", (int)s->n_pages);
		strbuf_add_json(&b, s->next);
		known_save(&b, "fresh", &s->fresh);
		strbuf_add_byte(&b, '}');
	}
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

/* ---- steps ---- */

static bool has_id(const struct rss_known *known, uint64_t id)
{
	for (size_t i = 0; i < known->n; i++) {
		if (known->at[i].id == id) {
			return true;
		}
	}
	return false;
}

static bool has_content(const struct rss_known *known, uint64_t content)
{
	for (size_t i = 0; i < known->n; i++) {
		if (known->at[i].content == content) {
			return true;
		}
	}
	return false;
}

/* Both ends of the page: whatever its order, its newest are among them. */
static void known_set(struct rss_known *known, const struct rss_page *page)
{
	*known = (struct rss_known){ 0 };
	for (size_t i = 0; i < page->n; i++) {
		if (page->n <= RSS_KNOWN || i < RSS_KNOWN / 2 || i >= page->n - RSS_KNOWN / 2) {
			known->at[known->n++] = page->prints[i];
		}
	}
}

static bool any_id(const struct rss_known *known, const struct rss_page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		if (has_id(known, page->prints[i].id)) {
			return true;
		}
	}
	return false;
}

/* No id is left: what says the same as before was heard under its old one. */
static bool renamed_drop(const struct rss_known *known, const struct rss_page *page,
			 struct outcome *out)
{
	size_t n = 0;

	for (size_t i = 0; i < page->n; i++) {
		if (!has_content(known, page->prints[i].content)) {
			out->messages[n++] = out->messages[i];
		}
	}
	out->n_messages = n;
	return n < page->n;
}

static bool all_before(const struct rss_page *page, struct wall since)
{
	for (size_t i = 0; i < page->n; i++) {
		if (!wall_is_set(page->times[i]) || !wall_before(page->times[i], since)) {
			return false;
		}
	}
	return wall_is_set(since);
}

static bool is_page_old(const struct rss_state *s, const struct rss_page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		if (!has_id(&s->fresh, page->prints[i].id)) {
			return false;
		}
	}
	return true;
}

bool rss_state_step(struct rss_state *s, struct wall since, const struct rss_page *page,
		    struct outcome *out, bool *ret_has_hole)
{
	bool is_first = s->next.len == 0, is_met, is_old;

	*ret_has_hole = false;
	if (page->n == 0 && is_first) {
		return false; /* emptied, or never filled: what was known stays known */
	}
	is_met = any_id(&s->known, page) || (s->known.n > 0 && renamed_drop(&s->known, page, out));
	is_old = !is_first && is_page_old(s, page);
	if (is_first) {
		known_set(&s->fresh, page);
		s->n_pages = 0;
	}
	if (!is_met && !is_old && page->next.len > 0 && !text_eq(page->next, s->next) &&
	    ++s->n_pages < MOST_PAGES && !(s->known.n == 0 && all_before(page, since))) {
		s->next = page->next;
		return true;
	}
	/* Known ones that were never met: they have left the window, and so may others have. */
	*ret_has_hole = s->known.n > 0 && !is_met;
	s->known = s->fresh;
	s->next = TEXT_NONE;
	return false;
}

/* ---- facts ---- */

static size_t posts_load(struct arena *a, struct text facts, struct rss_post *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, list;
	size_t n = 0;

	if (facts.len == 0 || !jx_parse(a, facts, &v, &doc, NULL)) {
		return 0;
	}
	list = jx_get(v, "posts");
	for (size_t i = 0; i < jx_len(list) && n < RSS_POSTS; i++) {
		ret[n].id = jx_text_or(a, jx_at(list, i), "id", TEXT_NONE);
		ret[n].comments = jx_text_or(a, jx_at(list, i), "comments", TEXT_NONE);
		n += ret[n].id.len > 0 && ret[n].comments.len > 0;
	}
	jx_release(&doc);
	return n;
}

static void post_keep(struct rss_post *posts, size_t *n, struct rss_post post)
{
	for (size_t i = 0; i < *n; i++) {
		if (text_eq(posts[i].id, post.id)) {
			return;
		}
	}
	if (*n < RSS_POSTS && post.id.len <= POST_BYTES && post.comments.len <= POST_BYTES) {
		posts[(*n)++] = post;
	}
}

struct text rss_facts_learn(struct arena *a, struct text facts, const struct rss_page *page)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_FACTS_BYTES };
	struct rss_post old[RSS_POSTS], posts[RSS_POSTS];
	size_t n_old = posts_load(a, facts, old), n = 0;

	for (size_t i = 0; i < page->n_posts; i++) {
		post_keep(posts, &n, page->posts[i]);
	}
	for (size_t i = 0; i < n_old; i++) {
		post_keep(posts, &n, old[i]);
	}
	strbuf_add_str(&b, "{\"posts\":[");
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(&b, i > 0 ? ",{\"id\":" : "{\"id\":");
		strbuf_add_json(&b, posts[i].id);
		strbuf_add_str(&b, ",\"comments\":");
		strbuf_add_json(&b, posts[i].comments);
		strbuf_add_byte(&b, '}');
	}
	strbuf_add_str(&b, "]}");
	return n == 0 || b.is_full || text_eq(strbuf_text(&b), facts)
		       ? TEXT_NONE
		       : text_dup(a, strbuf_text(&b));
}

struct text rss_facts_find(struct arena *a, struct text facts, struct text message_id)
{
	struct rss_post posts[RSS_POSTS];
	size_t n = posts_load(a, facts, posts);
	struct text post = text_slice(message_id, 0, text_find(message_id, COMMENT_MARK, 0));

	for (size_t i = 0; i < n; i++) {
		if (text_eq(posts[i].id, post)) {
			return posts[i].comments;
		}
	}
	return TEXT_NONE;
}
