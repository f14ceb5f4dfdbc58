#include "bluesky_thread.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "bluesky_post.h"
#include "bluesky_session.h"
#include "bluesky_walk.h"

#define LEVELS_DOWN   30
#define LEVELS_UP     80
#define RECHECK_BATCH 25
#define PENDING_MOST  64
#define STATE_ROOM    (LIMIT_STATE_BYTES - 2048)
#define TREE_NODES    6000 /* a body of 2 MiB cannot hold more that are worth it */

/* ---- uris that wait their turn: the state of a THREAD and of a RECHECK ---- */

/* "u" + uri: up from there, "d" + uri: down; a RECHECK has bare uris. */
struct waiting {
	struct text at[PENDING_MOST];
	size_t n, bytes;
	int64_t n_pages;
};

static void waiting_add(struct waiting *w, struct text one)
{
	if (w->n < PENDING_MOST && w->bytes + one.len * 2 + 4 < STATE_ROOM) {
		w->at[w->n++] = one;
		w->bytes += one.len * 2 + 4;
	}
}

static void waiting_load(struct arena *a, struct text state, struct waiting *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, list;
	struct text one;

	*ret = (struct waiting){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->n_pages = jx_i64_or(v, "pages", 0);
	list = jx_get(v, "waiting");
	for (size_t i = 0; i < jx_len(list); i++) {
		if (jx_as_text(a, jx_at(list, i), &one) && one.len > 1) {
			waiting_add(ret, one);
		}
	}
	jx_release(&doc);
}

static struct text waiting_save(struct arena *a, const struct waiting *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = (size_t)2 * LIMIT_STATE_BYTES };

	if (w->n == 0) {
		return TEXT_NONE;
	}
	strbuf_printf(&b, "{\"pages\":%d,\"waiting\":[", (int)w->n_pages);
	for (size_t i = 0; i < w->n; i++) {
		if (i > 0) {
			strbuf_add_byte(&b, ',');
		}
		strbuf_add_json(&b, w->at[i]);
	}
	strbuf_add_str(&b, "]}");
	return text_dup(a, strbuf_text(&b));
}

static void waiting_take_first(struct waiting *w)
{
	memmove(w->at, w->at + 1, (w->n - 1) * sizeof(w->at[0]));
	w->n--;
}

/* ---- a tree ---- */

struct node {
	struct text slice;
	int level; /* below the post that was asked for; negative: above */
};

/* How far a question reaches: less where a tree was larger than we read. */
struct reach {
	int down, up;
};

struct tree {
	const struct connector_ctx *ctx;
	struct reach reach;
	struct outcome *out;
	struct waiting *waiting;
	struct node *stack;
	size_t n_stack, n_nodes;
};

static void node_push(struct tree *t, struct text slice, int level)
{
	if (jx_slice_kind(slice) == '{' && t->n_nodes < TREE_NODES) {
		t->stack[t->n_stack++] = (struct node){ slice, level };
		t->n_nodes++;
	}
}

static struct text prefixed(struct arena *a, char way, struct text uri)
{
	return text_printf(a, "%c%.*s", way, TEXT_ARG(uri));
}

/* The line of parents was cut off here: the top one answers something that was not served. */
static void top_check(struct tree *t, const struct node *node, struct text post, struct text uri)
{
	struct text record, reply;

	if (node->level <= -t->reach.up && jx_member(post, TEXT("record"), &record) &&
	    jx_member(record, TEXT("reply"), &reply)) {
		waiting_add(t->waiting, prefixed(t->ctx->arena, 'u', uri));
	}
}

/* A branch was cut off here: the post has answers that were not served. */
static void leaf_check(struct tree *t, const struct node *node, struct text post, struct text uri)
{
	struct text count;

	if (node->level >= t->reach.down && jx_member(post, TEXT("replyCount"), &count) &&
	    jx_slice_kind(count) == 'n' && !text_eq(count, TEXT("0"))) {
		waiting_add(t->waiting, prefixed(t->ctx->arena, 'd', uri));
	}
}

static void replies_push(struct tree *t, struct text list, int level)
{
	struct text *slices;
	size_t n;

	if (!jx_elements(t->ctx->arena, list, &slices, &n, NULL)) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		node_push(t, slices[i], level);
	}
}

static void node_read(struct tree *t, const struct node *node)
{
	struct arena *a = t->ctx->arena;
	struct text post, inner, uri;
	struct bluesky_item item;

	if (!jx_member(node->slice, TEXT("post"), &post)) {
		uri = bluesky_slice_text(a, node->slice, TEXT("uri"));
		if (jx_member(node->slice, TEXT("notFound"), &inner) && page_is_id(uri)) {
			outcome_add_gone(a, t->out, uri);
		}
		return; /* blocked, or a form that we do not know: nothing to read */
	}
	bluesky_element_add(t->ctx, /* is_search= */ false, NULL, post, t->out, &item);
	uri = item.id;
	if (node->level <= 0) {
		if (jx_member(node->slice, TEXT("parent"), &inner)) {
			node_push(t, inner, node->level - 1);
		} else if (uri.len > 0) {
			top_check(t, node, post, uri);
		}
	}
	if (node->level >= 0) {
		if (jx_member(node->slice, TEXT("replies"), &inner) && inner.len > 2) {
			replies_push(t, inner, node->level + 1);
		} else if (uri.len > 0) {
			leaf_check(t, node, post, uri);
		}
	}
}

static struct reach reach_of(const struct question *q)
{
	int part = page_size(q, BLUESKY_PAGE_MOST);
	int down = LEVELS_DOWN * part / BLUESKY_PAGE_MOST,
	    up = LEVELS_UP * part / BLUESKY_PAGE_MOST;

	return (struct reach){ down > 0 ? down : 1, up > 0 ? up : 1 };
}

static bool tree_walk(const struct connector_ctx *ctx, struct reach reach, struct text page,
		      struct outcome *out, struct waiting *waiting, struct err *err)
{
	struct tree t = { .ctx = ctx, .reach = reach, .out = out, .waiting = waiting };
	struct text root;

	if (!jx_member(page, TEXT("thread"), &root) || jx_slice_kind(root) != '{') {
		return err_set(err, ERR_DATA, "the answer holds no thread");
	}
	t.stack = ARENA_ARRAY(ctx->arena, struct node, TREE_NODES);
	node_push(&t, root, 0);
	while (t.n_stack > 0) {
		struct node node = t.stack[--t.n_stack];

		node_read(&t, &node);
	}
	return true;
}

bool bluesky_tree_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
		       struct err *err)
{
	struct reach reach = { LEVELS_DOWN, LEVELS_UP };
	struct waiting waiting = { 0 };

	return tree_walk(ctx, reach, page, out, &waiting, err);
}

/* ---- THREAD ---- */

static bool thread_url(const struct connector_ctx *ctx, struct text uri, int down, int up,
		       struct request *ret, struct err *err)
{
	struct strbuf b;

	if (!bluesky_is_post_uri(uri)) {
		return err_set(err, ERR_DATA, "this id names no post");
	}
	if (!bluesky_url_start(ctx, &b, "app.bsky.feed.getPostThread?uri=", err)) {
		return false;
	}
	strbuf_add_url(&b, uri);
	strbuf_printf(&b, "&depth=%d&parentHeight=%d", down, up);
	return bluesky_url_finish(ctx, &b, ret, err);
}

bool bluesky_thread_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct reach reach = reach_of(q);
	struct waiting w;

	waiting_load(ctx->arena, q->state, &w);
	if (w.n > 0) {
		bool is_up = w.at[0].at[0] == 'u';

		return thread_url(ctx, text_slice(w.at[0], 1, SIZE_MAX), is_up ? 0 : reach.down,
				  is_up ? reach.up : 0, ret, err);
	}
	return thread_url(ctx, q->n_subjects > 0 ? q->subjects[0] : TEXT_NONE, reach.down, reach.up,
			  ret, err);
}

/* 400 {"error":"NotFound"}: the post is not there. */
static bool is_not_found(const struct connector_ctx *ctx, const struct response *r)
{
	return (r->status == 400 || r->status == 404) &&
	       text_eq(bluesky_error_name(ctx, r), TEXT("NotFound"));
}

bool bluesky_thread_digest(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct waiting w;
	struct text page;
	bool is_root;

	waiting_load(ctx->arena, q->state, &w);
	is_root = w.n == 0;
	if (is_root && q->n_subjects > 0 && is_not_found(ctx, r)) {
		outcome_add_gone(ctx->arena, ret, q->subjects[0]);
		return true;
	}
	if (is_root || !is_not_found(ctx, r)) {
		struct waiting more = { 0 };

		if (!bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, err) ||
		    !page_scan(r, &page, err) ||
		    !tree_walk(ctx, reach_of(q), page, ret, &more, err)) {
			return false;
		}
		if (!is_root) {
			waiting_take_first(&w);
		}
		for (size_t i = 0; i < more.n; i++) {
			waiting_add(&w, more.at[i]);
		}
	} else {
		waiting_take_first(&w); /* gone since it was seen; a re-check will tell */
	}
	w.n_pages++;
	ret->is_more = w.n > 0 && w.n_pages < LIMIT_WALK_PAGES;
	ret->state = ret->is_more ? waiting_save(ctx->arena, &w) : TEXT_NONE;
	return true;
}

/* ---- RECHECK ---- */

static size_t subjects_of(const struct connector_ctx *ctx, const struct question *q,
			  struct text **ret)
{
	struct text *uris = ARENA_ARRAY(ctx->arena, struct text, RECHECK_BATCH);
	size_t n = 0;

	for (size_t i = 0; i < q->n_subjects && n < RECHECK_BATCH; i++) {
		if (bluesky_is_post_uri(q->subjects[i])) {
			uris[n++] = q->subjects[i];
		}
	}
	*ret = uris;
	return n;
}

bool bluesky_recheck_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	struct waiting w;
	struct strbuf b;
	struct text *uris;
	size_t n;

	waiting_load(ctx->arena, q->state, &w);
	if (w.n > 0) {
		return thread_url(ctx, w.at[0], /* down= */ 0, /* up= */ 0, ret, err);
	}
	n = subjects_of(ctx, q, &uris);
	if (n == 0) {
		return err_set(err, ERR_DATA, "none of these ids names a post");
	}
	if (!bluesky_url_start(ctx, &b, "app.bsky.feed.getPosts", err)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(&b, i == 0 ? "?uris=" : "&uris=");
		strbuf_add_url(&b, uris[i]);
	}
	return bluesky_url_finish(ctx, &b, ret, err);
}

static bool suspect_digest(const struct connector_ctx *ctx, struct waiting *w,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page;

	if (is_not_found(ctx, r)) {
		outcome_add_gone(ctx->arena, ret, w->at[0]);
	} else if (!bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, err) ||
		   !page_scan(r, &page, err) || !bluesky_tree_read(ctx, page, ret, err)) {
		return false;
	}
	waiting_take_first(w);
	ret->state = waiting_save(ctx->arena, w);
	ret->is_more = w->n > 0;
	return true;
}

bool bluesky_recheck_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	struct bluesky_item *items;
	struct text page, *uris;
	struct waiting w;
	size_t n_items, n;

	waiting_load(ctx->arena, q->state, &w);
	if (w.n > 0) {
		return suspect_digest(ctx, &w, r, ret, err);
	}
	if (!bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, err) ||
	    !page_scan(r, &page, err)) {
		return false;
	}
	if (q->n_subjects == 0 && bluesky_tree_read(ctx, page, ret, NULL)) {
		return true; /* a recording of the second step */
	}
	if (!bluesky_list_read(ctx, /* is_search= */ false, NULL, page, ret, &items, &n_items,
			       err)) {
		return false;
	}
	n = subjects_of(ctx, q, &uris);
	for (size_t i = 0; i < n; i++) {
		bool is_there = false;

		for (size_t j = 0; j < n_items && !is_there; j++) {
			is_there = text_eq(items[j].id, uris[i]);
		}
		if (!is_there) {
			waiting_add(&w, uris[i]);
		}
	}
	ret->state = waiting_save(ctx->arena, &w);
	ret->is_more = w.n > 0;
	return true;
}
