/* From page to page: see declarative_page.h. */
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/url.h"
#include "declarative_page.h"

#define WALK_MOST_PAGES 5000
#define MOST_OFFSET     INT64_C(1000000000)
#define OVERLAP         5
#define KEPT            20               /* a walk reads so many known ones again */
#define SECOND          INT64_C(1000000) /* times may be compared by the second, and strictly */

static bool number_load(struct jx v, const char *name, int64_t *ret)
{
	*ret = jx_i64_or(v, name, 0);
	return *ret == jx_i64_or(v, name, 1); /* there, and a number */
}

void decl_walk_load(struct arena *a, struct text state, struct decl_walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct decl_walk){ 0 };
	if (state.len == 0 || state.len > LIMIT_STATE_BYTES ||
	    !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->has_known = number_load(v, "known", &ret->known);
	ret->has_newest = number_load(v, "newest", &ret->newest);
	ret->offset = jx_i64_or(v, "offset", 0);
	ret->offset = ret->offset >= 0 && ret->offset <= MOST_OFFSET ? ret->offset : 0;
	ret->cursor = jx_text_or(a, v, "cursor", TEXT_NONE);
	(void)num_parse_u64(jx_text_or(a, v, "mark", TEXT_NONE), &ret->mark); /* unreadable: 0 */
	ret->pages = jx_i64_or(v, "pages", 0);
	ret->pages = ret->pages >= 0 && ret->pages <= WALK_MOST_PAGES ? ret->pages : 0;
	ret->step = jx_i64_or(v, "step", 0);
	ret->step = ret->step >= 0 && ret->step <= DECL_MOST_STEPS ? ret->step : 0;
	jx_release(&doc);
}

struct text decl_walk_save(struct arena *a, const struct decl_walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"pages\":%lld", (long long)w->pages);
	if (w->has_known) {
		strbuf_printf(&b, ",\"known\":%lld", (long long)w->known);
	}
	if (w->has_newest) {
		strbuf_printf(&b, ",\"newest\":%lld", (long long)w->newest);
	}
	if (w->pages > 0 || w->step > 0) {
		strbuf_printf(&b, ",\"offset\":%lld,\"step\":%lld,\"mark\":\"%llu\"",
			      (long long)w->offset, (long long)w->step,
			      (unsigned long long)w->mark);
	}
	if (w->cursor.len > 0) {
		strbuf_add_str(&b, ",\"cursor\":");
		strbuf_add_json(&b, w->cursor);
	}
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

/* ---- what is asked next ---- */

static struct text key_text(struct arena *a, const struct decl_paging *p, int64_t key)
{
	if (!p->is_key_time) {
		return text_printf(a, "%lld", (long long)key);
	}
	return decl_time_text(a, (struct wall){ p->is_oldest_first ? key - SECOND : key + SECOND },
			      p->key_time);
}

void decl_page_scope(struct decl_scope *s, const struct decl_paging *p, const struct decl_walk *w,
		     const struct question *q)
{
	struct arena *a = s->ctx->arena;

	s->size = p->most > 0 ? page_size(q, p->most) : 0;
	s->number = s->size > 0 ? p->first + w->offset / s->size : p->first;
	s->offset = w->offset;
	s->cursor = w->cursor;
	s->since = decl_time_text(a, q->since, p->key_time);
	if (p->by != BY_ELEMENT || w->cursor.len > 0 || !p->is_oldest_first) {
		return;
	}
	if (w->has_known && q->op == OP_POLL) {
		s->cursor = key_text(a, p, w->known);
	} else if (p->is_key_time && wall_is_set(q->since)) {
		s->cursor = s->since;
	}
}

struct text decl_next_cursor(const struct decl_scope *s, const struct decl_paging *p,
			     const struct response *r, struct text page)
{
	struct text to, cursor = TEXT_NONE;

	if (p->by == BY_CURSOR) {
		cursor = decl_at(s->ctx->arena, page, p->where);
	} else if (p->by == BY_LINK &&
		   url_link_rel(response_header(r, TEXT("Link")), TEXT("next"), &to) &&
		   !url_query_get(s->ctx->arena, to, p->where, &cursor)) {
		cursor = TEXT_NONE;
	}
	return cursor.len <= LIMIT_ID_BYTES && text_is_clean(cursor) ? cursor : TEXT_NONE;
}

/* ---- one page further ---- */

struct ends {
	int64_t least, most;
	bool has_key;
	size_t n;
};

static void ends_find(const struct decl_items *items, size_t list, struct ends *ret)
{
	*ret = (struct ends){ 0 };
	for (size_t i = 0; i < items->n; i++) {
		const struct decl_item *item = &items->at[i];

		if (item->list != list && list != SIZE_MAX) {
			continue;
		}
		ret->n++;
		if (item->has_key) {
			ret->least =
				!ret->has_key || item->key < ret->least ? item->key : ret->least;
			ret->most = !ret->has_key || item->key > ret->most ? item->key : ret->most;
			ret->has_key = true;
		}
	}
}

/* Each list has come to what was known. */
static bool is_through(const struct decl_walk *w, const struct decl_portion *p)
{
	struct ends e;

	for (size_t i = 0; i < p->items->n_lists; i++) {
		ends_find(p->items, i, &e);
		if (e.n > 0 && (!e.has_key || (p->paging->is_key_time ? e.least >= w->known
								      : e.least > w->known))) {
			return false;
		}
	}
	return true;
}

static bool is_old(const struct decl_portion *p)
{
	for (size_t i = 0; i < p->items->n; i++) {
		struct wall at = p->items->at[i].at;

		if (!wall_is_set(at) || !wall_before(at, p->since)) {
			return false;
		}
	}
	return wall_is_set(p->since);
}

static bool walk_end(struct decl_walk *w)
{
	struct decl_walk next = { .known = w->known, .has_known = w->has_known };

	if (w->has_newest && (!next.has_known || w->newest > next.known)) {
		next.known = w->newest;
		next.has_known = true;
	}
	*w = next;
	return false;
}

/* What the next walk goes down to: a little below the newest of each list, so that one key that is a lie moves nothing. */
static void floor_note(struct decl_walk *w, const struct decl_items *items)
{
	for (size_t list = 0; list < items->n_lists; list++) {
		int64_t least = 0;
		int n = 0;

		for (size_t i = 0; i < items->n && n < KEPT; i++) {
			const struct decl_item *item = &items->at[i];

			if (item->list == list && item->has_key) {
				least = n == 0 || item->key < least ? item->key : least;
				n++;
			}
		}
		if (n > 0 && (!w->has_newest || least > w->newest)) {
			w->newest = least;
			w->has_newest = true;
		}
	}
}

/* Oldest first: the third from above, or the least where there are fewer, for the same reason. */
static void ceiling_note(struct decl_walk *w, const struct decl_items *items)
{
	int64_t top[3] = { 0 };
	int n = 0;

	for (size_t i = 0; i < items->n; i++) {
		int64_t key = items->at[i].key;
		int at = n < 3 ? n : 3;

		if (!items->at[i].has_key) {
			continue;
		}
		while (at > 0 && top[at - 1] < key) {
			if (at < 3) {
				top[at] = top[at - 1];
			}
			at--;
		}
		if (at < 3) {
			top[at] = key;
		}
		n = n < 3 ? n + 1 : 3;
	}
	if (n > 0 && (!w->has_newest || top[n - 1] > w->newest)) {
		w->newest = top[n - 1];
		w->has_newest = true;
	}
}

/* Where the next page begins. False: there is none. */
static bool advance(struct arena *a, struct decl_walk *w, const struct decl_portion *p,
		    const struct ends *all)
{
	int64_t asked = p->asked > 0 ? p->asked : 1;

	switch (p->paging->by) {
	case BY_NOTHING: return false;
	case BY_NUMBER: w->offset = (w->offset / asked + 1) * asked; break;
	case BY_OFFSET: w->offset += asked - (asked / 2 < OVERLAP ? asked / 2 : OVERLAP); break;
	case BY_CURSOR:
	case BY_LINK: w->cursor = p->cursor; return p->cursor.len > 0;
	case BY_ELEMENT:
		w->cursor = all->has_key
				    ? key_text(a, p->paging,
					       p->paging->is_oldest_first ? all->most : all->least)
				    : TEXT_NONE;
		return w->cursor.len > 0;
	}
	return w->offset <= MOST_OFFSET;
}

/* Oldest first: over when a page brings nothing newer. */
static bool step_up(struct arena *a, struct decl_walk *w, const struct decl_portion *p,
		    const struct ends *all, bool *ret_hole)
{
	int64_t before = w->has_newest ? w->newest : w->known;
	bool is_first = !w->has_newest && !w->has_known;
	bool is_new = all->has_key && (is_first || all->most > before) && p->items->mark != w->mark;
	bool is_full = p->paging->is_key_time && all->has_key && p->asked > 0 &&
		       all->n >= (size_t)p->asked;
	struct text past = TEXT_NONE;

	ceiling_note(w, p->items);
	/* Full of one instant that was not known before: what else was said in it cannot be read. */
	*ret_hole = p->op == OP_POLL && is_full && p->asked > 1 && all->least == all->most &&
		    (!w->has_known || all->most > w->known);
	if (is_new) {
		w->mark = p->items->mark;
		return (++w->pages <= WALK_MOST_PAGES && advance(a, w, p, all)) || walk_end(w);
	}
	if (is_full) {
		/* Of what was known, for a little is always read again: the next page is asked for without. */
		past = decl_time_text(a, (struct wall){ all->most }, p->paging->key_time);
	}
	if (past.len == 0 || text_eq(past, w->cursor)) {
		return walk_end(w);
	}
	w->cursor = past;
	return ++w->pages <= WALK_MOST_PAGES || walk_end(w);
}

bool decl_walk_step(struct arena *a, struct decl_walk *w, const struct decl_portion *p,
		    bool *ret_hole)
{
	bool is_poll = p->op == OP_POLL && w->has_known, is_full, is_again;
	struct ends all;

	ends_find(p->items, SIZE_MAX, &all);
	if (p->is_blind) {
		w->offset++;
		return ++w->pages <= WALK_MOST_PAGES || walk_end(w);
	}
	if (p->paging->is_oldest_first) {
		return step_up(a, w, p, &all, ret_hole);
	}
	is_full = p->asked > 0 && all.n >= (size_t)p->asked;
	is_again = w->pages > 0 && p->items->mark == w->mark;
	if (w->pages == 0) {
		floor_note(w, p->items);
	}
	if (all.n == 0 || (is_poll && is_through(w, p)) || (!is_poll && is_old(p))) {
		return walk_end(w);
	}
	w->mark = p->items->mark;
	if (is_again || ++w->pages > WALK_MOST_PAGES || !advance(a, w, p, &all)) {
		/* Full, all new, and nothing behind it can be had. */
		*ret_hole = is_poll && is_full && (is_again || p->paging->by == BY_NOTHING);
		return walk_end(w);
	}
	return true;
}
