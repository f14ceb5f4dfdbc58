#include "graph_walk.h"

#include "answerd/limits.h"
#include "answerd/page.h"

#define ENTRY_BYTES 16
#define SEEN_MOST   500
#define STATE_BYTES (32 * 1024)
#define PAGES_MOST  10  /* of the list in one deep walk: 500 posts */
#define BELOW_MOST  200 /* pages below one post */
#define OVERLAP_S   86400

/* ---- what was seen ---- */

static uint32_t id_hash(struct text id)
{
	uint64_t h = text_hash(TEXT_HASH_SEED, id);

	return (uint32_t)(h ^ h >> 32);
}

static bool hex_read(struct text t, uint32_t *ret)
{
	uint32_t v = 0;

	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;

		if (digit < 0) {
			return false;
		}
		v = v << 4 | (uint32_t)digit;
	}
	*ret = v;
	return true;
}

/* Where this item stands in `seen`, or SIZE_MAX. */
static size_t seen_find(struct text seen, struct text id)
{
	uint32_t wanted = id_hash(id), h;

	for (size_t at = 0; at + ENTRY_BYTES <= seen.len; at += ENTRY_BYTES) {
		if (hex_read(text_slice(seen, at, 8), &h) && h == wanted) {
			return at;
		}
	}
	return SIZE_MAX;
}

static bool seen_get(struct text seen, struct text id, uint32_t *ret)
{
	size_t at = seen_find(seen, id);

	return at != SIZE_MAX && hex_read(text_slice(seen, at + 8, 8), ret);
}

static void seen_put(struct arena *a, struct graph_walk *w, struct text id, uint32_t sign)
{
	size_t at = seen_find(w->seen, id), most = (size_t)(SEEN_MOST - 1) * ENTRY_BYTES;
	struct text head = text_slice(w->seen, 0, at == SIZE_MAX ? w->seen.len : at), tail;

	tail = at == SIZE_MAX ? TEXT_NONE : text_slice(w->seen, at + ENTRY_BYTES, SIZE_MAX);
	head = text_clip(head, most);
	tail = text_clip(tail, most - head.len);
	w->seen = text_printf(a, "%08x%08x%.*s%.*s", id_hash(id), sign, TEXT_ARG(head),
			      TEXT_ARG(tail));
}

/* ---- state ---- */

static void todo_load(struct arena *a, struct jx list, struct graph_walk *w)
{
	for (size_t i = 0; i < jx_len(list) && w->n_todo < GRAPH_TODO_MOST; i++) {
		struct graph_todo *t = &w->todo[w->n_todo];
		struct jx v = jx_at(list, i);
		struct text edge = jx_text_or(a, v, "e", TEXT_NONE);

		t->id = jx_text_or(a, v, "i", TEXT_NONE);
		t->top = jx_text_or(a, v, "t", TEXT_NONE);
		t->top = graph_is_node(t->top) ? t->top : TEXT_NONE;
		t->sign = (uint32_t)jx_i64_or(v, "s", 0);
		t->is_short = jx_bool_or(v, "w", false);
		t->edge = edge.len == 1 ? edge.at[0] : 'c';
		w->n_todo += graph_is_node(t->id);
	}
}

static void state_read(struct arena *a, struct jx v, struct graph_walk *w)
{
	w->known_at = page_s_or_none(v, "at");
	w->deep_at = page_s_or_none(v, "deep");
	w->begun_at = page_s_or_none(v, "begun");
	w->seen = jx_text_or(a, v, "seen", TEXT_NONE);
	w->is_deep = jx_bool_or(v, "is_deep", false);
	w->is_changed = jx_bool_or(v, "is_changed", false);
	w->has_news = jx_bool_or(v, "has_news", false);
	w->is_listed = jx_bool_or(v, "is_listed", false);
	w->next = jx_text_or(a, v, "next", TEXT_NONE);
	w->n_pages = jx_i64_or(v, "pages", 0);
	w->print = (uint64_t)jx_i64_or(v, "print", 0);
	w->below_next = jx_text_or(a, v, "below", TEXT_NONE);
	w->below_print = (uint64_t)jx_i64_or(v, "below_print", 0);
	w->n_below = jx_i64_or(v, "n_below", 0);
	w->size = jx_i64_or(v, "size", 0);
	todo_load(a, jx_get(v, "todo"), w);
}

void graph_walk_load(const struct connector_ctx *ctx, const struct question *q,
		     struct graph_walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct graph_walk){ 0 };
	if (q->state.len > 0 && jx_parse(ctx->arena, q->state, &v, &doc, NULL)) {
		state_read(ctx->arena, v, ret);
		jx_release(&doc);
	}
	if (!wall_is_set(ret->begun_at)) {
		ret->begun_at = ctx->now;
		ret->is_deep = !wall_is_set(ret->deep_at) ||
			       !wall_before(ctx->now, wall_add(ret->deep_at, DUR_S(GRAPH_DEEP_S)));
	}
}

static void todo_save(struct strbuf *b, const struct graph_walk *w)
{
	strbuf_add_str(b, ",\"todo\":[");
	for (size_t i = 0; i < w->n_todo; i++) {
		const struct graph_todo *t = &w->todo[i];

		strbuf_add_str(b, i > 0 ? ",{\"i\":" : "{\"i\":");
		strbuf_add_json(b, t->id);
		if (t->top.len > 0) {
			strbuf_add_str(b, ",\"t\":");
			strbuf_add_json(b, t->top);
		}
		strbuf_printf(b, ",\"s\":%lu,\"e\":\"%c\",\"w\":%s}", (unsigned long)t->sign,
			      t->edge, t->is_short ? "true" : "false");
	}
	strbuf_add_byte(b, ']');
}

struct text graph_walk_save(struct arena *a, const struct graph_walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = STATE_BYTES };

	strbuf_printf(&b, "{\"at\":%lld,\"deep\":%lld,\"seen\":\"%.*s\"",
		      (long long)(w->known_at.us / 1000000), (long long)(w->deep_at.us / 1000000),
		      TEXT_ARG(w->seen));
	if (wall_is_set(w->begun_at)) {
		strbuf_printf(&b,
			      ",\"begun\":%lld,\"is_deep\":%s,\"is_changed\":%s,\"has_news\":%s",
			      (long long)(w->begun_at.us / 1000000), w->is_deep ? "true" : "false",
			      w->is_changed ? "true" : "false", w->has_news ? "true" : "false");
		strbuf_printf(&b, ",\"is_listed\":%s,\"pages\":%lld,\"print\":%lld,\"next\":",
			      w->is_listed ? "true" : "false", (long long)w->n_pages,
			      (long long)w->print);
		strbuf_add_json(&b, w->next);
		todo_save(&b, w);
		strbuf_printf(&b, ",\"n_below\":%lld,\"below_print\":%lld,\"size\":%lld,\"below\":",
			      (long long)w->n_below, (long long)w->below_print, (long long)w->size);
		strbuf_add_json(&b, w->below_next);
	}
	strbuf_add_byte(&b, '}');
	return b.is_full || b.len > LIMIT_STATE_BYTES ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}

struct wall graph_walk_floor(const struct question *q, const struct graph_walk *w)
{
	struct wall floor = wall_add(w->known_at, DUR_S(-OVERLAP_S));

	if (q->op != OP_POLL || !wall_is_set(w->known_at) || wall_before(floor, q->since)) {
		return q->since;
	}
	return floor;
}

struct wall graph_walk_heard(const struct question *q, const struct graph_walk *w)
{
	return q->op == OP_POLL ? w->known_at : q->since;
}

void graph_walk_aim(struct outcome *o, size_t from)
{
	for (size_t i = from; i < o->n_messages; i++) {
		struct message *m = &o->messages[i];
		const struct message *to = NULL;

		if (m->direction != MESSAGE_OUTBOUND || m->kind != MESSAGE_REPLY ||
		    m->n_names != 1) {
			continue;
		}
		for (size_t k = from; k < o->n_messages; k++) {
			const struct message *each = &o->messages[k];

			if (text_eq(each->author_id, m->names[0]) &&
			    text_eq(each->parent_id, m->parent_id) &&
			    !wall_before(m->posted_at, each->posted_at) &&
			    (to == NULL || wall_before(to->posted_at, each->posted_at))) {
				to = each;
			}
		}
		if (to != NULL) {
			m->parent_id = to->external_id;
		}
	}
}

int graph_walk_size(const struct question *q, const struct graph_walk *w, int most)
{
	int size = page_size(q, most);

	return w->size > 0 && w->size < size ? (int)w->size : size;
}

/* ---- steps ---- */

uint64_t graph_walk_print(uint64_t print, struct text id)
{
	return print ^ text_hash(TEXT_HASH_SEED, id);
}

/* Behind todo[0], which is not yet read to its end. Where there is no more room it is found by the thread's own reading. */
void graph_walk_below(struct graph_walk *w, struct text id)
{
	struct graph_todo t = { .id = id, .is_short = true, .edge = 'r' };

	if (w->n_todo > 0 && w->n_todo < GRAPH_TODO_MOST && graph_is_node(id)) {
		t.top = w->todo[0].top.len > 0 ? w->todo[0].top : w->todo[0].id;
		memmove(w->todo + 2, w->todo + 1, (w->n_todo - 1) * sizeof(w->todo[0]));
		w->todo[1] = t;
		w->n_todo++;
	}
}

/* Has something below it changed since the last walk, as far as its sign tells? */
static bool is_news(const struct question *q, const struct graph_walk *w,
		    const struct graph_item *item)
{
	uint32_t known;

	if (!graph_is_plain(item->id, LIMIT_ID_BYTES)) {
		return false;
	}
	if (q->op == OP_POLL && seen_get(w->seen, item->id, &known)) {
		return known != item->sign;
	}
	return !wall_is_set(item->at) || !wall_before(item->at, graph_walk_floor(q, w));
}

void graph_walk_item(const struct question *q, struct graph_walk *w, const struct graph_item *item)
{
	if (item->has_below && graph_is_node(item->id) && w->n_todo < GRAPH_TODO_MOST &&
	    is_news(q, w, item)) {
		w->todo[w->n_todo++] = (struct graph_todo){
			.id = item->id, .sign = item->sign, .is_short = item->is_short, .edge = 'c'
		};
		w->is_changed = w->has_news = true;
	}
}

bool graph_walk_note(const struct connector_ctx *ctx, const struct question *q,
		     struct graph_walk *w, const struct graph_item *item)
{
	if (!is_news(q, w, item)) {
		return false;
	}
	seen_put(ctx->arena, w, item->id, item->sign);
	w->is_changed = w->has_news = true;
	return true;
}

static void walk_end(struct graph_walk *w)
{
	bool is_told = w->is_changed || w->is_deep || !wall_is_set(w->known_at);

	*w = (struct graph_walk){
		.known_at = is_told ? w->begun_at : w->known_at,
		.deep_at = w->is_deep ? w->begun_at : w->deep_at,
		.seen = w->seen,
	};
}

/* What is asked next: below, the list's next page, or nothing. */
static bool walk_go_on(struct graph_walk *w)
{
	int64_t most = w->has_news && w->most_pages > PAGES_MOST ? w->most_pages : PAGES_MOST;
	bool is_wanted = (w->is_deep || w->has_news) && w->n_pages < most;

	if (w->n_todo > 0) {
		return true;
	}
	if (w->next.len > 0 && is_wanted) {
		w->has_news = false;
		return true;
	}
	walk_end(w);
	return false;
}

bool graph_walk_listed(const struct connector_ctx *ctx, const struct question *q,
		       struct graph_walk *w, struct text next, uint64_t print, bool *ret_hole)
{
	bool is_again = w->is_listed && print != 0 && print == w->print;

	(void)ctx;
	if (is_again) { /* gives one page for ever */
		*ret_hole = true;
		next = TEXT_NONE;
	}
	w->next = next;
	w->print = print;
	w->is_listed = true;
	w->n_pages++;
	w->is_deep = w->is_deep || q->op == OP_SWEEP;
	if (next.len > 0 && w->most_pages > 0 && w->n_pages >= w->most_pages && w->has_news &&
	    q->op == OP_POLL && wall_is_set(w->known_at)) {
		*ret_hole = true;
	}
	return walk_go_on(w);
}

static void todo_pop(const struct connector_ctx *ctx, struct graph_walk *w, bool is_read)
{
	struct graph_todo t = w->todo[0];

	if (is_read && t.edge == 'c') {
		seen_put(ctx->arena, w, t.id, t.sign);
	}
	w->n_todo--;
	memmove(w->todo, w->todo + 1, w->n_todo * sizeof(w->todo[0]));
	w->below_next = TEXT_NONE;
	w->below_print = 0;
	w->n_below = 0;
}

bool graph_walk_read_below(const struct connector_ctx *ctx, const struct question *q,
			   struct graph_walk *w, struct text next, uint64_t print, bool *ret_hole)
{
	bool is_again = w->n_below > 0 && print != 0 && print == w->below_print;

	(void)q;
	if (w->n_todo == 0) {
		return walk_go_on(w);
	}
	if (next.len > 0 && !is_again && w->n_below + 1 < BELOW_MOST) {
		w->below_next = next;
		w->below_print = print;
		w->n_below++;
		return true;
	}
	if (next.len > 0) {
		*ret_hole = true;
	}
	/* What was cut off is read again by the next walk. */
	todo_pop(ctx, w, /* is_read= */ next.len == 0);
	return walk_go_on(w);
}

bool graph_walk_pass(const struct connector_ctx *ctx, const struct question *q,
		     struct graph_walk *w)
{
	(void)q;
	if (w->n_todo > 0) {
		todo_pop(ctx, w, /* is_read= */ true);
	}
	return walk_go_on(w);
}

bool graph_walk_less(struct graph_walk *w, int most)
{
	int64_t size = w->size > 0 ? w->size : most;

	w->size = size / 2;
	return w->size > 0;
}

void graph_walk_tell(const struct connector_ctx *ctx, const struct question *q,
		     const struct graph_walk *w, bool is_more, struct outcome *ret)
{
	ret->is_more = is_more;
	ret->is_jumbled = q->op == OP_SWEEP;
	if (is_more || q->op == OP_POLL) {
		ret->state = graph_walk_save(ctx->arena, w);
	}
}
