#include "bluesky_walk.h"

#include <inttypes.h>

#include "answerd/json.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"

#define OVERLAP_S       600
#define CURSOR_BYTES    1024
#define FLOW_MOST_PAGES 20000
#define DETOUR_PAGES    100
#define LEAP_MOST_S     INT64_C(1000000000) /* thirty years */
#define CROWD           20                  /* no server has smaller pages than this */

static struct wall wall_load(struct arena *a, struct jx object, const char *name)
{
	struct wall w = { 0 };

	(void)wall_parse(jx_text_or(a, object, name, TEXT_NONE), &w); /* absent: none */
	return w;
}

static void detour_load(struct arena *a, struct jx v, struct flow *ret)
{
	if (jx_is_object(v)) {
		ret->detour = (struct detour){
			.at = wall_load(a, v, "at"),
			.cursor = jx_text_or(a, v, "cursor", TEXT_NONE),
			.n_pages = jx_i64_or(v, "pages", 0),
			.is_plain = jx_bool_or(v, "plain", false),
			.is_good = jx_bool_or(v, "good", false),
		};
		ret->is_detour = wall_is_set(ret->detour.at);
	}
}

void flow_load(struct arena *a, struct text state, struct flow *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk, seen;

	*ret = (struct flow){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->was_walked = jx_bool_or(v, "walked", false);
	ret->high = wall_load(a, v, "high");
	walk = jx_get(v, "walk");
	if (jx_is_object(walk)) {
		ret->is_walking = true;
		ret->next_high = wall_load(a, walk, "high");
		ret->cursor = jx_text_or(a, walk, "cursor", TEXT_NONE);
		ret->own = jx_text_or(a, walk, "own", TEXT_NONE);
		ret->turtle = jx_text_or(a, walk, "turtle", TEXT_NONE);
		ret->is_stepped = jx_bool_or(walk, "stepped", false);
		ret->n_pages = jx_i64_or(walk, "pages", 0);
		ret->full = jx_i64_or(walk, "full", 0);
		ret->leap_from = wall_load(a, walk, "leap_from");
		ret->leap_s = jx_i64_or(walk, "leap", 0);
		detour_load(a, jx_get(walk, "detour"), ret);
		seen = jx_get(walk, "seen");
		for (size_t i = 0; i < jx_len(seen) && i < FLOW_SEEN; i++) {
			struct text number;

			if (jx_as_text(a, jx_at(seen, i), &number) &&
			    num_parse_u64(number, &ret->seen[ret->n_seen])) {
				ret->n_seen++;
			}
		}
	}
	jx_release(&doc);
}

static void wall_save(struct strbuf *b, const char *name, struct wall w)
{
	char when[WALL_TEXT_BYTES];

	if (wall_is_set(w)) {
		(void)wall_format(w, when);
		strbuf_printf(b, ",\"%s\":\"%s\"", name, when);
	}
}

static void detour_save(struct strbuf *b, const struct detour *d)
{
	strbuf_printf(b, ",\"detour\":{\"pages\":%" PRId64 ",\"plain\":%s,\"good\":%s", d->n_pages,
		      d->is_plain ? "true" : "false", d->is_good ? "true" : "false");
	wall_save(b, "at", d->at);
	strbuf_add_str(b, ",\"cursor\":");
	strbuf_add_json(b, d->cursor);
	strbuf_add_byte(b, '}');
}

struct text flow_save(struct arena *a, const struct flow *f)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 64 * 1024 };

	strbuf_printf(&b, "{\"walked\":%s", f->was_walked ? "true" : "false");
	wall_save(&b, "high", f->high);
	if (f->is_walking) {
		strbuf_printf(&b, ",\"walk\":{\"pages\":%" PRId64 ",\"stepped\":%s", f->n_pages,
			      f->is_stepped ? "true" : "false");
		wall_save(&b, "high", f->next_high);
		strbuf_printf(&b, ",\"full\":%" PRId64, f->full);
		if (f->leap_s > 0) {
			wall_save(&b, "leap_from", f->leap_from);
			strbuf_printf(&b, ",\"leap\":%" PRId64, f->leap_s);
		}
		if (f->is_detour) {
			detour_save(&b, &f->detour);
		}
		strbuf_add_str(&b, ",\"cursor\":");
		strbuf_add_json(&b, f->cursor);
		strbuf_add_str(&b, ",\"own\":");
		strbuf_add_json(&b, f->own);
		strbuf_add_str(&b, ",\"turtle\":");
		strbuf_add_json(&b, f->turtle);
		strbuf_add_str(&b, ",\"seen\":[");
		for (size_t i = 0; i < f->n_seen; i++) {
			strbuf_printf(&b, "%s\"%" PRIu64 "\"", i > 0 ? "," : "", f->seen[i]);
		}
		strbuf_add_str(&b, "]}");
	}
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

struct wall flow_stop(const struct flow *f, struct wall since, bool is_sweep)
{
	if (is_sweep || !wall_is_set(f->high)) {
		return since;
	}
	return wall_add(f->high, DUR_S(-OVERLAP_S));
}

static uint64_t id_hash(struct text id)
{
	return text_hash(TEXT_HASH_SEED, id);
}

static bool is_seen(const struct flow *f, struct text id)
{
	uint64_t hash = id_hash(id);

	for (size_t i = 0; i < f->n_seen; i++) {
		if (f->seen[i] == hash) {
			return true;
		}
	}
	return false;
}

/* Did the page before hold all of this one? */
static bool is_nothing_new(const struct flow *f, const struct bluesky_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_seen(f, items[i].id)) {
			return false;
		}
	}
	return true;
}

static void seen_set(struct flow *f, const struct bluesky_item *items, size_t n)
{
	f->n_seen = 0;
	for (size_t i = n > FLOW_SEEN ? n - FLOW_SEEN : 0; i < n; i++) {
		f->seen[f->n_seen++] = id_hash(items[i].id);
	}
}

/* "2026-11-21T20:04:35.000Z" → "2026-11-21T20:04:35.001Z"; empty when the cursor is no time. */
static struct text cursor_later(struct arena *a, struct text cursor)
{
	char when[WALL_TEXT_BYTES];
	struct wall w;

	if (!wall_parse(cursor, &w)) {
		return TEXT_NONE;
	}
	(void)wall_format(wall_add(w, DUR_MS(1)), when);
	return text_printf(a, "%.23sZ", when);
}

static bool cursor_set(struct flow *f, struct text next, bool is_stepped)
{
	if (next.len == 0 || next.len > CURSOR_BYTES || text_eq(next, f->cursor) ||
	    text_eq(next, f->turtle) || ++f->n_pages > FLOW_MOST_PAGES) {
		return false;
	}
	if ((f->n_pages & (f->n_pages - 1)) == 0) { /* Brent: the turtle waits at powers of two */
		f->turtle = next;
	}
	f->cursor = next;
	f->is_stepped = is_stepped;
	f->is_walking = true;
	return true;
}

static bool is_past(const struct bluesky_item *items, size_t n, struct wall stop)
{
	for (size_t i = n; i > 0; i--) {
		if (wall_is_set(items[i - 1].at)) {
			return wall_is_set(stop) && wall_before(items[i - 1].at, stop);
		}
	}
	return false;
}

static bool is_same_time(struct text a, struct text b)
{
	struct wall x, y;

	return wall_parse(a, &x) && wall_parse(b, &y) && x.us == y.us;
}

/* A page asked one millisecond later that ends at the very time where the page before ended: it is
 * of one millisecond, and as full as a page gets. Half is full: servers leave out what is hidden. */
static bool is_one_time(const struct flow *f, size_t n, int page_limit, struct text cursor)
{
	int64_t full = f->full, crowd = CROWD;

	if (page_limit > 0) {
		full = page_limit < full ? page_limit : full;
		crowd = page_limit < crowd ? page_limit : crowd;
	}
	return f->is_stepped && (int64_t)n >= crowd && (int64_t)n * 2 >= full &&
	       is_same_time(cursor, f->own);
}

static bool flow_go(struct arena *a, struct flow *f, struct wall stop,
		    const struct bluesky_item *items, size_t n, int page_limit, struct text cursor)
{
	bool is_stale = f->is_stepped && is_nothing_new(f, items, n);
	struct text later;

	if (is_past(items, n, stop)) {
		return false;
	}
	if (is_one_time(f, n, page_limit, cursor)) {
		seen_set(f, items, n);
		f->has_hole = cursor_set(f, f->own, /* is_stepped= */ false);
		return f->has_hole;
	}
	if (is_stale) { /* nobody else in that millisecond: on with the server's own cursor */
		return cursor_set(f, f->own, /* is_stepped= */ false);
	}
	if (cursor.len == 0) {
		return false;
	}
	seen_set(f, items, n);
	f->own = cursor;
	later = n > 0 ? cursor_later(a, cursor) : TEXT_NONE;
	return (later.len > 0 && cursor_set(f, later, /* is_stepped= */ true)) ||
	       cursor_set(f, cursor, /* is_stepped= */ false);
}

bool flow_step(struct arena *a, struct flow *f, struct wall stop, struct wall now,
	       const struct bluesky_item *items, size_t n, int page_limit, struct text cursor)
{
	if (!f->is_walking) {
		f->next_high = f->high;
		for (size_t i = 0; i < n; i++) {
			f->next_high = bluesky_later(f->next_high, items[i].at, now);
		}
	}
	f->full = (int64_t)n > f->full ? (int64_t)n : f->full;
	f->leap_s = 0;
	if (flow_go(a, f, stop, items, n, page_limit, cursor)) {
		return true;
	}
	*f = (struct flow){ .was_walked = true, .high = f->next_high };
	return false;
}

bool flow_leap(struct arena *a, struct flow *f, struct wall now)
{
	char when[WALL_TEXT_BYTES];

	if (!f->is_walking) {
		f->next_high = f->high;
	}
	if (f->leap_s == 0) {
		f->leap_from = now;
		f->leap_s = 1;
		if (f->cursor.len > 0 && !wall_parse(f->cursor, &f->leap_from)) {
			f->leap_s = LEAP_MOST_S;
		}
	} else {
		f->leap_s *= 2;
	}
	if (f->leap_s < LEAP_MOST_S) {
		(void)wall_format(wall_add(f->leap_from, DUR_S(-f->leap_s)), when);
		if (cursor_set(f, text_printf(a, "%.23sZ", when), /* is_stepped= */ false)) {
			return true;
		}
	}
	*f = (struct flow){ .was_walked = true, .high = f->next_high };
	return false;
}

bool flow_detour(struct flow *f)
{
	f->detour = (struct detour){ 0 };
	f->is_detour = f->has_hole && wall_parse(f->own, &f->detour.at);
	f->has_hole = f->has_hole && !f->is_detour;
	return f->is_detour;
}

bool flow_detour_step(struct flow *f, const struct bluesky_item *items, size_t n,
		      struct text cursor, bool can_plain)
{
	struct detour *d = &f->detour;

	for (size_t i = 0; i < n && !d->is_good; i++) {
		d->is_good = is_seen(f, items[i].id);
	}
	d->n_pages++;
	if (n > 0 && cursor.len > 0 && cursor.len <= CURSOR_BYTES && !text_eq(cursor, d->cursor) &&
	    d->n_pages < DETOUR_PAGES && !is_past(items, n, d->at)) {
		d->cursor = cursor;
		return true;
	}
	if (!d->is_good && !d->is_plain && can_plain) {
		*d = (struct detour){ .at = d->at, .is_plain = true };
		return true;
	}
	f->has_hole = !d->is_good || d->n_pages >= DETOUR_PAGES;
	f->is_detour = false;
	return false;
}
