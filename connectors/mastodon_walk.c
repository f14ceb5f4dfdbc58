#include "mastodon_walk.h"

#include "answerd/json.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"

#define OVERLAP            5   /* items that every forward poll reads again */
#define KEPT_ID_BYTES      128 /* 40 of them, and a cursor, fit into LIMIT_STATE_BYTES */
#define LIMIT_CURSOR_BYTES 512
#define WALK_MOST_PAGES    20000
#define ADRIFT_LEAST       5 /* known items: fewer may all have been taken back */

/* ---- ids ---- */

static bool ids_have(const struct walk_ids *ids, struct text id)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (text_eq(ids->at[i], id)) {
			return true;
		}
	}
	return false;
}

static void ids_add(struct walk_ids *ids, struct text id)
{
	if (ids->n < WALK_IDS && id.len > 0 && id.len <= KEPT_ID_BYTES && !ids_have(ids, id)) {
		ids->at[ids->n++] = id;
	}
}

static void ids_add_page(struct walk_ids *ids, const struct mastodon_page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		ids_add(ids, page->items[i].id);
	}
}

static void ids_add_all(struct walk_ids *ids, const struct walk_ids *more)
{
	for (size_t i = 0; i < more->n; i++) {
		ids_add(ids, more->at[i]);
	}
}

static bool is_digits(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] < '0' || t.at[i] > '9') {
			return false;
		}
	}
	return t.len > 0;
}

/* Is a the later id? Only all-digit ids can tell. */
static bool is_later(struct text a, struct text b)
{
	if (!is_digits(a) || !is_digits(b)) {
		return false;
	}
	return a.len != b.len ? a.len > b.len : text_compare(a, b) > 0;
}

/* ---- state ---- */

static void ids_load(struct arena *a, struct jx list, struct walk_ids *ret)
{
	struct text id;

	for (size_t i = 0; i < jx_len(list); i++) {
		if (jx_as_text(a, jx_at(list, i), &id)) {
			ids_add(ret, id);
		}
	}
}

void walk_load(struct arena *a, struct text state, struct walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk;

	*ret = (struct walk){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->was_walked = jx_bool_or(v, "walked", false);
	ret->is_newest_first = text_eq(jx_text_or(a, v, "paging", TEXT_NONE), TEXT("newest_first"));
	ret->is_plain = jx_bool_or(v, "plain", false);
	ret->full_page = jx_i64_or(v, "full", 0);
	ids_load(a, jx_get(v, "known"), &ret->known);
	walk = jx_get(v, "walk");
	if (jx_is_object(walk)) {
		ret->is_walking = true;
		ret->way = text_eq(jx_text_or(a, walk, "way", TEXT_NONE), TEXT("forward"))
				   ? WALK_FORWARD
				   : WALK_BACK;
		ret->at = jx_text_or(a, walk, "at", TEXT_NONE);
		ret->page_first = jx_text_or(a, walk, "first", TEXT_NONE);
		ret->page_last = jx_text_or(a, walk, "last", TEXT_NONE);
		ret->turtle = jx_text_or(a, walk, "turtle", TEXT_NONE);
		ret->n_pages = jx_i64_or(walk, "pages", 0);
		ids_load(a, jx_get(walk, "fresh"), &ret->fresh);
	}
	jx_release(&doc);
}

static void ids_save(struct strbuf *b, const char *name, const struct walk_ids *ids)
{
	strbuf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < ids->n; i++) {
		if (i > 0) {
			strbuf_add_byte(b, ',');
		}
		strbuf_add_json(b, ids->at[i]);
	}
	strbuf_add_byte(b, ']');
}

static void text_save(struct strbuf *b, const char *name, struct text t)
{
	strbuf_printf(b, ",\"%s\":", name);
	strbuf_add_json(b, t);
}

struct text walk_save(struct arena *a, const struct walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 64 * 1024 };

	strbuf_printf(&b, "{\"walked\":%s,\"full\":%lld", w->was_walked ? "true" : "false",
		      (long long)w->full_page);
	ids_save(&b, "known", &w->known);
	if (w->is_newest_first) {
		text_save(&b, "paging", TEXT("newest_first"));
	}
	if (w->is_plain) {
		strbuf_add_str(&b, ",\"plain\":true");
	}
	if (w->is_walking) {
		strbuf_printf(&b, ",\"walk\":{\"pages\":%d", (int)w->n_pages);
		text_save(&b, "way", w->way == WALK_FORWARD ? TEXT("forward") : TEXT("back"));
		text_save(&b, "at", w->at);
		text_save(&b, "first", w->page_first);
		text_save(&b, "last", w->page_last);
		text_save(&b, "turtle", w->turtle);
		ids_save(&b, "fresh", &w->fresh);
		strbuf_add_byte(&b, '}');
	}
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

/* ---- steps ---- */

void walk_aim(struct walk *w, bool is_forward_fine)
{
	if (w->is_walking) {
		return;
	}
	w->way = WALK_BACK;
	w->at = TEXT_NONE;
	if (is_forward_fine && !w->is_newest_first && w->known.n > 0) {
		w->way = WALK_FORWARD;
		w->at = w->known.at[w->known.n < OVERLAP ? w->known.n - 1 : OVERLAP - 1];
	}
}

static struct text first_id(const struct mastodon_page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		if (page->items[i].id.len > 0) {
			return page->items[i].id;
		}
	}
	return TEXT_NONE;
}

static struct text last_id(const struct mastodon_page *page)
{
	for (size_t i = page->n; i > 0; i--) {
		if (page->items[i - 1].id.len > 0) {
			return page->items[i - 1].id;
		}
	}
	return TEXT_NONE;
}

/* The parameter `name` of the Link with that rel. The address itself is never followed. */
static struct text link_cursor(struct arena *a, struct text link, struct text rel, struct text name)
{
	struct text target, value;

	if (url_link_rel(link, rel, &target) && url_query_get(a, target, name, &value)) {
		return value;
	}
	return TEXT_NONE;
}

static bool link_is_paging(struct text link)
{
	struct text target;

	return url_link_rel(link, TEXT("next"), &target) ||
	       url_link_rel(link, TEXT("prev"), &target);
}

static bool any_in(const struct mastodon_page *page, const struct walk_ids *ids)
{
	for (size_t i = 0; i < page->n; i++) {
		if (page->items[i].id.len > 0 && ids_have(ids, page->items[i].id)) {
			return true;
		}
	}
	return false;
}

static bool page_has(const struct mastodon_page *page, struct text id)
{
	for (size_t i = 0; i < page->n; i++) {
		if (text_eq(page->items[i].id, id)) {
			return true;
		}
	}
	return false;
}

static bool any_new(const struct mastodon_page *page, const struct walk *w)
{
	for (size_t i = 0; i < page->n; i++) {
		struct text id = page->items[i].id;

		if (id.len > 0 && !ids_have(&w->known, id) && !ids_have(&w->fresh, id)) {
			return true;
		}
	}
	return false;
}

static bool all_before(const struct mastodon_page *page, struct wall since)
{
	for (size_t i = 0; i < page->n; i++) {
		if (!wall_is_set(page->items[i].at) || !wall_before(page->items[i].at, since)) {
			return false;
		}
	}
	return page->n > 0 && wall_is_set(since);
}

/* Asked for what comes behind w->at, and got it with older ones behind it: min_id is ignored. One
 * that stands last is only counted in (Pixelfed). */
static bool is_ignoring_min(const struct mastodon_page *page, struct text min_id)
{
	for (size_t i = 0; i + 1 < page->n; i++) {
		if (text_eq(page->items[i].id, min_id)) {
			return true;
		}
	}
	return false;
}

/* A forward walk begins before the newest that we know. When a page of one is none of those, they are
 * gone, or min_id was ignored and this is the newest of all: who knows? Then the way back is the one
 * that skips nothing. */
static bool is_doubtful(const struct walk *w, const struct mastodon_page *page)
{
	return w->way == WALK_FORWARD && !w->is_walking && w->known.n > 1 && page->n == 1 &&
	       page->most == 1 && !any_in(page, &w->known);
}

/* Moves the cursor on; false when it does not move, runs in a circle, or for ever. */
static bool cursor_set(struct walk *w, struct text next)
{
	if (next.len == 0 || next.len > LIMIT_CURSOR_BYTES || text_eq(next, w->at) ||
	    text_eq(next, w->turtle) || ++w->n_pages > WALK_MOST_PAGES) {
		return false;
	}
	if ((w->n_pages & (w->n_pages - 1)) == 0) { /* Brent: the turtle waits at powers of two */
		w->turtle = next;
	}
	w->at = next;
	w->is_walking = true;
	return true;
}

/* Had the page room for more? */
static bool has_room(const struct walk *w, const struct mastodon_page *page)
{
	int64_t full = page->most > 0 && page->most < w->full_page ? page->most : w->full_page;

	return (int64_t)page->n < full;
}

static bool forward_step(struct arena *a, struct walk *w, const struct mastodon_page *page,
			 struct text link)
{
	struct walk_ids fresh = { 0 };
	struct text next;
	bool is_news = any_new(page, w);

	ids_add_page(&fresh, page);
	ids_add_all(&fresh, &w->fresh);
	w->fresh = fresh;
	/* Only overlap so far? Enough, when it reaches up to the newest that we know and the page
	 * had room for more. */
	if (!is_news && (page->n == 0 || (page_has(page, w->known.at[0]) && has_room(w, page)))) {
		return false;
	}
	next = link_cursor(a, link, TEXT("prev"), TEXT("min_id"));
	if (next.len == 0) {
		next = first_id(page);
		for (size_t i = 0; i < page->n; i++) { /* whatever the order of the page */
			next = is_later(page->items[i].id, next) ? page->items[i].id : next;
		}
	}
	return cursor_set(w, next);
}

static struct text back_cursor(struct arena *a, const struct walk *w, enum walk_paging paging,
			       const struct mastodon_page *page, struct text link)
{
	int64_t offset = 0;
	struct text next;

	if (paging == WALK_BY_OFFSET) {
		if (w->at.len > 0 && !num_parse_range(w->at, 0, 1000000, &offset)) {
			return TEXT_NONE;
		}
		return text_printf(a, "%d", (int)offset + (int)page->n);
	}
	if (link_is_paging(link) || paging == WALK_BY_LINK) {
		return link_cursor(a, link, TEXT("next"), TEXT("max_id"));
	}
	next = last_id(page);
	/* Older pages have smaller ids; a server that gives others is not paging. */
	return is_later(next, w->at) && w->at.len > 0 ? TEXT_NONE : next;
}

static bool back_step(struct arena *a, struct walk *w, enum walk_paging paging, struct wall since,
		      const struct mastodon_page *page, struct text link)
{
	struct text first = first_id(page), last = last_id(page);
	struct text next;
	bool is_repeat =
		first.len > 0 && text_eq(first, w->page_first) && text_eq(last, w->page_last);

	if (w->at.len == 0) {
		w->fresh = (struct walk_ids){ 0 };
		ids_add_page(&w->fresh, page); /* the first page: what will be known */
	}
	if (any_in(page, &w->known)) {
		return false;
	}
	w->has_hole = is_repeat && w->known.n > 0;
	if (is_repeat) {
		return false;
	}
	w->is_adrift = w->known.n >= ADRIFT_LEAST;
	if (page->n == 0 || all_before(page, since)) {
		return false;
	}
	w->page_first = text_clip(first, LIMIT_CURSOR_BYTES);
	w->page_last = text_clip(last, LIMIT_CURSOR_BYTES);
	next = back_cursor(a, w, paging, page, link);
	if (!cursor_set(w, next)) {
		/* A circle, or no end. The same cursor again is the list's own end. */
		w->has_hole = next.len > 0 && !text_eq(next, w->at) && w->known.n > 0;
		return false;
	}
	w->is_adrift = false;
	return true;
}

static void walk_end(struct walk *w)
{
	ids_add_all(&w->fresh, &w->known);
	*w = (struct walk){ .was_walked = true,
			    .has_hole = w->has_hole,
			    .is_adrift = w->is_adrift,
			    .is_newest_first = w->is_newest_first,
			    .is_plain = w->is_plain,
			    .full_page = w->full_page,
			    .known = w->fresh };
}

void walk_refuse(struct walk *w)
{
	w->has_hole = w->known.n > 0;
	walk_end(w);
}

bool walk_step(struct arena *a, struct walk *w, enum walk_paging paging, struct wall since,
	       const struct mastodon_page *page, struct text link)
{
	bool is_more;

	w->full_page = (int64_t)page->n > w->full_page ? (int64_t)page->n : w->full_page;
	if (is_doubtful(w, page)) {
		w->way = WALK_BACK;
		w->at = TEXT_NONE;
		w->is_walking = true;
		return true;
	}
	if (w->way == WALK_FORWARD && is_ignoring_min(page, w->at)) {
		/* So this is simply the newest page: go back from here to what we knew before. */
		*w = (struct walk){ .was_walked = w->was_walked,
				    .is_newest_first = true,
				    .is_plain = w->is_plain,
				    .full_page = w->full_page,
				    .known = w->known };
	}
	w->is_adrift = w->way == WALK_FORWARD && !w->is_walking && w->known.n >= ADRIFT_LEAST &&
		       !any_in(page, &w->known);
	is_more = w->way == WALK_FORWARD ? forward_step(a, w, page, link)
					 : back_step(a, w, paging, since, page, link);
	if (!is_more) {
		walk_end(w);
	}
	return is_more;
}

bool walk_blind_item(struct arena *a, const struct walk *w, enum walk_paging paging,
		     struct text link, struct mastodon_item *ret)
{
	*ret = (struct mastodon_item){ 0 };
	if (paging == WALK_BY_OFFSET) {
		return true;
	}
	ret->id = w->way == WALK_FORWARD ? link_cursor(a, link, TEXT("prev"), TEXT("min_id"))
					 : link_cursor(a, link, TEXT("next"), TEXT("max_id"));
	return ret->id.len > 0;
}
