#include "x_walk.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "x_session.h"

#define OVERLAP_MS  60000
#define AHEAD_S     600 /* an id from further ahead is not believed: it would hide what comes next */
#define WEEK_S      (7 * 86400 - X_WEEK_SPARE_S)
#define TOKEN_BYTES 1024
#define MOST_PAGES  2000

static struct text number_or_none(struct arena *a, struct jx v, const char *name)
{
	struct text id = jx_text_or(a, v, name, TEXT_NONE);

	return x_is_number(id) ? id : TEXT_NONE;
}

void x_walk_load(struct arena *a, struct text state, struct x_walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk;

	*ret = (struct x_walk){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->since = number_or_none(a, v, "since");
	walk = jx_get(v, "walk");
	ret->newest = number_or_none(a, walk, "newest");
	ret->next = jx_text_or(a, walk, "next", TEXT_NONE);
	ret->turtle = jx_text_or(a, walk, "turtle", TEXT_NONE);
	ret->n_pages = jx_i64_or(walk, "pages", 0);
	ret->n_read = jx_i64_or(walk, "read", 0);
	ret->n_broken = jx_i64_or(walk, "broken", 0);
	ret->has_met = jx_bool_or(walk, "met", false);
	ret->lowest = number_or_none(a, walk, "lowest");
	ret->is_search = jx_bool_or(walk, "search", false) && ret->lowest.len > 0;
	jx_release(&doc);
}

struct text x_walk_save(struct arena *a, const struct x_walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"since\":\"%.*s\"", TEXT_ARG(w->since));
	if (w->next.len > 0 || w->n_broken > 0 || w->is_search) {
		strbuf_printf(
			&b,
			",\"walk\":{\"broken\":%d,\"met\":%s,\"newest\":\"%.*s\",\"pages\":%d,"
			"\"read\":%d,\"next\":",
			(int)w->n_broken, w->has_met ? "true" : "false", TEXT_ARG(w->newest),
			(int)w->n_pages, (int)w->n_read);
		strbuf_add_json(&b, w->next);
		strbuf_add_str(&b, ",\"turtle\":");
		strbuf_add_json(&b, w->turtle);
		if (w->lowest.len > 0) {
			strbuf_printf(&b, ",\"lowest\":\"%.*s\",\"search\":%s", TEXT_ARG(w->lowest),
				      w->is_search ? "true" : "false");
		}
		strbuf_add_byte(&b, '}');
	}
	strbuf_add_byte(&b, '}');
	return b.is_full ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}

struct text x_walk_since(const struct connector_ctx *ctx, const struct x_walk *w,
			 const struct x_list *list, bool *ret_is_lost)
{
	struct wall at = x_id_time(w->since);
	int64_t n = 0;

	*ret_is_lost = false;
	if (w->since.len == 0 || !num_parse_i64(w->since, &n)) {
		return TEXT_NONE;
	}
	if (!wall_is_set(at)) {
		return w->since;
	}
	if (list->is_week && wall_before(at, wall_add(ctx->now, DUR_S(-WEEK_S)))) {
		*ret_is_lost = true;
		return TEXT_NONE;
	}
	n -= (int64_t)OVERLAP_MS << 22;
	return n > 0 ? text_printf(ctx->arena, "%lld", (long long)n) : w->since;
}

static bool is_higher(struct text a, struct text b)
{
	return a.len != b.len ? a.len > b.len : text_compare(a, b) > 0;
}

static bool is_believable(const struct connector_ctx *ctx, struct text id)
{
	return x_is_number(id) && !wall_before(wall_add(ctx->now, DUR_S(AHEAD_S)), x_id_time(id));
}

static void walk_end(struct x_walk *w)
{
	struct text since = is_higher(w->newest, w->since) ? w->newest : w->since;

	*w = (struct x_walk){ .since = since };
}

/* Did it end where the list ends, and not where we stopped last time? */
static bool is_short(const struct x_walk *w, const struct x_list *list)
{
	return list->most > 0 && w->n_read >= list->most && w->since.len > 0 && !w->has_met;
}

bool x_walk_step(const struct connector_ctx *ctx, struct x_walk *w, const struct x_list *list,
		 const struct x_page *page, struct wall stop, bool *ret_has_hole)
{
	bool is_circle = page->next.len > 0 &&
			 (text_eq(page->next, w->next) || text_eq(page->next, w->turtle) ||
			  page->next.len > TOKEN_BYTES || w->n_pages >= MOST_PAGES);
	bool is_past = !list->has_since && page->last.len > 0 &&
		       ((w->since.len > 0 && is_higher(w->since, page->last)) ||
			(wall_is_set(stop) && wall_is_set(page->oldest) &&
			 wall_before(page->oldest, stop)));

	*ret_has_hole = false;
	if (w->next.len == 0 && is_believable(ctx, page->newest)) {
		w->newest = page->newest;
	}
	w->n_read += (int64_t)page->n;
	/* Everything above since_id comes, so a lowest id at or below what we knew is what we knew. */
	w->has_met = w->has_met ||
		     (w->since.len > 0 && page->last.len > 0 && !is_higher(page->last, w->since));
	if (page->next.len == 0 || is_circle || is_past) {
		*ret_has_hole = w->since.len > 0 && (is_circle || is_short(w, list));
		walk_end(w);
		return false;
	}
	w->n_pages++;
	if ((w->n_pages & (w->n_pages - 1)) == 0) { /* Brent: the turtle waits at powers of two */
		w->turtle = page->next;
	}
	w->next = page->next;
	return true;
}
