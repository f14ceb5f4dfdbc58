#include "wordpress_walk.h"

#include "answerd/json.h"

#define OVERLAP         5  /* elements of a portion that the next one reads again */
#define KEPT            20 /* a walk reads so many known ones again */
#define WALK_MOST_PAGES 20000
#define WALK_MOST_STUCK 20
#define MOST_OFFSET     INT64_C(1000000000)

static int64_t in_range(int64_t n)
{
	return n >= 0 && n < INT64_MAX / 2 ? n : 0;
}

void wordpress_walk_load(struct arena *a, struct text state, struct wordpress_walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk;

	*ret = (struct wordpress_walk){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->floor = in_range(jx_i64_or(v, "floor", 0));
	walk = jx_get(v, "walk");
	ret->next_floor = in_range(jx_i64_or(walk, "floor", 0));
	ret->low = in_range(jx_i64_or(walk, "low", 0));
	ret->offset = in_range(jx_i64_or(walk, "offset", 0));
	ret->offset = ret->offset <= MOST_OFFSET ? ret->offset : 0;
	ret->n_pages = in_range(jx_i64_or(walk, "pages", 0));
	ret->n_stuck = in_range(jx_i64_or(walk, "stuck", 0));
	jx_release(&doc);
}

struct text wordpress_walk_save(struct arena *a, const struct wordpress_walk *w)
{
	if (w->n_pages == 0) {
		return text_printf(a, "{\"floor\":%lld}", (long long)w->floor);
	}
	return text_printf(a,
			   "{\"floor\":%lld,\"walk\":{\"floor\":%lld,\"low\":%lld,\"offset\":%lld,"
			   "\"pages\":%lld,\"stuck\":%lld}}",
			   (long long)w->floor, (long long)w->next_floor, (long long)w->low,
			   (long long)w->offset, (long long)w->n_pages, (long long)w->n_stuck);
}

static void ends_find(const struct wordpress_page *page, int64_t *ret_least, int64_t *ret_most)
{
	*ret_least = *ret_most = 0;
	for (size_t i = 0; i < page->n; i++) {
		int64_t id = page->ids[i];

		if (id > 0 && (*ret_least == 0 || id < *ret_least)) {
			*ret_least = id;
		}
		*ret_most = id > *ret_most ? id : *ret_most;
	}
}

/* The number that the next walk ends below: a little under the newest of this one. */
static int64_t floor_of(const struct wordpress_page *page)
{
	int64_t found = 0;

	for (size_t i = 0; i < page->n && i < KEPT; i++) {
		found = page->ids[i] > 0 && (found == 0 || page->ids[i] < found) ? page->ids[i]
										 : found;
	}
	return found;
}

static int64_t overlap_of(int64_t asked)
{
	return asked / 2 < OVERLAP ? asked / 2 : OVERLAP;
}

static bool walk_end(struct wordpress_walk *w, bool is_lost)
{
	*w = (struct wordpress_walk){
		.floor = w->next_floor > 0 ? w->next_floor : w->floor,
		.has_hole = is_lost && w->floor > 0,
	};
	return false;
}

static bool is_end(const struct wordpress_walk *w, const struct wordpress_portion *p, bool is_news)
{
	int64_t n = (int64_t)p->page->n;

	if (p->total >= 0) {
		return n < p->asked && w->offset + p->asked >= p->total;
	}
	return !p->is_blind && (n == 0 || (n < p->asked && !is_news));
}

/* Nothing of the portion before comes again: did the rest move up, so that something was skipped? An
 * empty portion may as well hold only what this user may not see, where the list is long enough. */
static bool has_gap(const struct wordpress_walk *w, const struct wordpress_portion *p, int64_t most)
{
	int64_t overlap = overlap_of(p->asked);

	if (w->low == 0 || w->offset == 0 || overlap == 0) {
		return false;
	}
	return most > 0 ? most < w->low : p->total < w->offset + overlap;
}

bool wordpress_walk_step(struct wordpress_walk *w, const struct wordpress_portion *p)
{
	int64_t least, most, overlap = overlap_of(p->asked);
	bool is_news;

	ends_find(p->page, &least, &most);
	w->next_floor = w->next_floor > 0 ? w->next_floor : floor_of(p->page);
	is_news = p->is_blind || (least > 0 && (w->low == 0 || least < w->low));
	w->n_stuck = is_news ? 0 : w->n_stuck + 1;
	if (w->floor > 0 && least > 0 && least <= w->floor && !has_gap(w, p, most)) {
		return walk_end(w, /* is_lost= */ false);
	}
	if (w->n_stuck > WALK_MOST_STUCK || ++w->n_pages > WALK_MOST_PAGES ||
	    w->offset > MOST_OFFSET - p->asked) {
		return walk_end(w, /* is_lost= */ true);
	}
	if (has_gap(w, p, most)) {
		w->offset = w->offset > p->asked ? w->offset - p->asked : 0;
		w->n_stuck++;
		return w->n_stuck <= WALK_MOST_STUCK || walk_end(w, /* is_lost= */ true);
	}
	if (is_end(w, p, is_news)) {
		return walk_end(w, /* is_lost= */ false);
	}
	w->low = least > 0 && (w->low == 0 || least < w->low) ? least : w->low;
	w->offset += p->asked - overlap;
	return true;
}
