#include "youtube_walk.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "google.h"

#define MOST_PAGES 2000
#define MOST_BELOW 50 /* pages of replies of one thread in one walk */

/* ---- lists ---- */

static size_t counts_find(const struct youtube_counts *c, struct text id)
{
	for (size_t i = 0; i < c->n; i++) {
		if (text_eq(c->at[i].id, id)) {
			return i;
		}
	}
	return SIZE_MAX;
}

static void counts_cut(struct youtube_counts *c, size_t at, size_t n)
{
	n = n < c->n - at ? n : c->n - at;
	memmove(&c->at[at], &c->at[at + n], (c->n - at - n) * sizeof(c->at[0]));
	c->n -= n;
}

/* At the end; the oldest one makes room. */
void youtube_counts_put(struct youtube_counts *c, struct youtube_count one)
{
	size_t at = counts_find(c, one.id);

	if (at != SIZE_MAX) {
		counts_cut(c, at, 1);
	} else if (c->n == YOUTUBE_BUSY_MOST) {
		counts_cut(c, 0, 1);
	}
	c->at[c->n++] = one;
}

/* ["id", 12, "id", 7]; ids of comments only, for they become addresses. */
static void counts_load(struct arena *a, struct jx list, size_t most, struct youtube_counts *ret)
{
	struct text thread;

	for (size_t i = 0; i < jx_len(list) && ret->n < most; i++) {
		struct youtube_count one = { 0 };
		struct jx pair = jx_at(list, i);

		one.id = jx_text_or(a, pair, "id", TEXT_NONE);
		one.n = jx_i64_or(pair, "n", 0);
		if (youtube_id_cut(one.id, &thread)) {
			ret->at[ret->n++] = one;
		}
	}
}

static void counts_save(struct strbuf *b, const char *name, const struct youtube_counts *c)
{
	strbuf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < c->n; i++) {
		strbuf_add_str(b, i > 0 ? ",{\"id\":" : "{\"id\":");
		strbuf_add_json(b, c->at[i].id);
		if (c->at[i].n > 0) {
			strbuf_printf(b, ",\"n\":%lld", (long long)c->at[i].n);
		}
		strbuf_add_byte(b, '}');
	}
	strbuf_add_byte(b, ']');
}

/* ---- load, save ---- */

void youtube_walk_load(struct arena *a, struct text state, struct youtube_walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk;

	*ret = (struct youtube_walk){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->known = page_us_or_none(v, "known");
	counts_load(a, jx_get(v, "busy"), YOUTUBE_BUSY_MOST, &ret->busy);
	walk = jx_get(v, "walk");
	ret->from = page_us_or_none(walk, "from");
	ret->latest = page_us_or_none(walk, "latest");
	ret->next = jx_text_or(a, walk, "next", TEXT_NONE);
	ret->turtle = jx_text_or(a, walk, "turtle", TEXT_NONE);
	ret->token = jx_text_or(a, walk, "token", TEXT_NONE);
	ret->n_pages = jx_i64_or(walk, "pages", 0);
	ret->n_broken = jx_i64_or(walk, "broken", 0);
	ret->n_below = jx_i64_or(walk, "below", 0);
	ret->is_last = jx_bool_or(walk, "last", false);
	counts_load(a, jx_get(walk, "due"), YOUTUBE_DUE_MOST, &ret->due);
	counts_load(a, jx_get(walk, "seen"), YOUTUBE_HELD_MOST, &ret->seen);
	jx_release(&doc);
}

static bool is_walking(const struct youtube_walk *w)
{
	return w->next.len > 0 || w->due.n > 0 || w->n_broken > 0 || w->seen.n > 0;
}

static struct text save(struct arena *a, const struct youtube_walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"known\":%lld", (long long)w->known.us);
	counts_save(&b, "busy", &w->busy);
	if (is_walking(w)) {
		strbuf_printf(&b,
			      ",\"walk\":{\"below\":%d,\"broken\":%d,\"from\":%lld,\"last\":%s,"
			      "\"latest\":%lld,\"pages\":%d,\"next\":",
			      (int)w->n_below, (int)w->n_broken, (long long)w->from.us,
			      w->is_last ? "true" : "false", (long long)w->latest.us,
			      (int)w->n_pages);
		strbuf_add_json(&b, w->next);
		strbuf_add_str(&b, ",\"turtle\":");
		strbuf_add_json(&b, w->turtle);
		strbuf_add_str(&b, ",\"token\":");
		strbuf_add_json(&b, w->token);
		counts_save(&b, "due", &w->due);
		counts_save(&b, "seen", &w->seen);
		strbuf_add_byte(&b, '}');
	}
	strbuf_add_byte(&b, '}');
	return b.is_full ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}

struct text youtube_walk_save(struct arena *a, const struct youtube_walk *w)
{
	struct text out = save(a, w);

	if (out.len == 0) { /* ids and tokens of unbelievable length: what is kept goes first */
		struct youtube_walk *less = ARENA_NEW(a, struct youtube_walk);

		*less = *w;
		less->busy.n = 0;
		out = save(a, less);
	}
	return out;
}

/* ---- steps ---- */

static void due_fill(struct youtube_walk *w, const struct youtube_page *page)
{
	for (size_t i = 0; i < page->n_more && w->due.n < YOUTUBE_DUE_MOST; i++) {
		size_t at = counts_find(&w->busy, page->more[i].id);

		if (at == SIZE_MAX || w->busy.at[at].n != page->more[i].n) {
			w->due.at[w->due.n++] = page->more[i];
		}
	}
}

void youtube_walk_step(struct youtube_walk *w, const struct youtube_page *page, struct wall from,
		       bool has_replies, bool *ret_is_circle)
{
	bool is_old =
		wall_is_set(from) && wall_is_set(page->oldest) && wall_before(page->oldest, from);

	w->from = from;
	w->latest = wall_before(w->latest, page->latest) ? page->latest : w->latest;
	w->n_broken = 0;
	if (has_replies) {
		due_fill(w, page);
	}
	*ret_is_circle = !is_old && (google_is_circle(page->next, w->next, w->turtle) ||
				     (page->next.len > 0 && w->n_pages >= MOST_PAGES));
	if (page->next.len == 0 || is_old || *ret_is_circle) {
		w->is_last = true;
		w->next = w->turtle = TEXT_NONE;
		return;
	}
	w->n_pages++;
	if ((w->n_pages & (w->n_pages - 1)) == 0) { /* the turtle waits at powers of two */
		w->turtle = page->next;
	}
	w->next = page->next;
}

void youtube_walk_drop(struct youtube_walk *w, size_t n)
{
	counts_cut(&w->due, 0, n);
	w->token = TEXT_NONE;
	w->n_below = 0;
}

void youtube_walk_below(struct youtube_walk *w, struct text next)
{
	if (next.len > 0 && !google_is_circle(next, w->token, TEXT_NONE) &&
	    ++w->n_below < MOST_BELOW) {
		w->token = next;
		return;
	}
	youtube_counts_put(&w->busy, w->due.at[0]);
	youtube_walk_drop(w, 1);
}

void youtube_walk_compare(struct youtube_walk *w)
{
	bool is_whole = w->seen.n < YOUTUBE_HELD_MOST; /* else more are held back than we know of */

	for (size_t i = 0; is_whole && i < w->busy.n && w->due.n < YOUTUBE_DUE_MOST; i++) {
		if (counts_find(&w->seen, w->busy.at[i].id) == SIZE_MAX) {
			w->due.at[w->due.n++] = w->busy.at[i];
		}
	}
	w->busy = w->seen;
	w->seen.n = 0;
}

bool youtube_walk_goes_on(struct youtube_walk *w)
{
	if (!w->is_last || w->due.n > 0) {
		return true;
	}
	w->known = wall_before(w->known, w->latest) ? w->latest : w->known;
	w->from = w->latest = (struct wall){ 0 };
	w->next = w->turtle = w->token = TEXT_NONE;
	w->n_pages = w->n_broken = w->n_below = 0;
	w->seen.n = 0;
	w->is_last = false;
	return false;
}
