/* Threads: replies below our own posts, at every depth, mentions, and searches. Nothing says that something was said below a post,
 * so the conversations of young posts are read at every poll, those of older ones from time to time (graph_walk.h); the other lists
 * come newest first. Elements: threads_post.h; replies: threads_reply.h. There are no direct messages. */
#include "answerd/limits.h"
#include "answerd/page.h"
#include "graph_token.h"
#include "graph_walk.h"
#include "threads_post.h"
#include "threads_reply.h"

#define LIST_MOST  50
#define BELOW_MOST 50
#define DAY_S      86400

const struct graph threads_graph = { "Threads", "https://graph.threads.net", "v1.0" };

static const char *const always[] = { "threads", "replies", "mentions", NULL };

static const struct connector_option options[] = {
	{ "version", "Version of the Threads API; v1.0 where it is left out.", false },
	{ NULL, NULL, false },
};

static const struct connector_right rights[] = {
	{ "threads_basic", "to read our own posts" },
	{ "threads_read_replies", "to hear what is said below them" },
	{ "threads_manage_mentions", "to hear who mentions us, and to answer there" },
	{ "threads_content_publish", "to answer" },
	{ "threads_manage_replies", "to answer replies" },
	{ "threads_keyword_search", "to search" },
	{ NULL, NULL },
};

static const struct graph_door door = {
	.graph = &threads_graph,
	.consent = "https://www.threads.net/oauth/authorize",
	.code_at = "https://graph.threads.net",
	.exchange = "th_exchange_token",
	.renew = "th_refresh_token",
	.rights = rights,
	.me = "id,username,name",
};

static bool is_search(struct text source)
{
	return text_starts(source, TEXT("search:"));
}

static bool is_tops(const struct question *q)
{
	return !is_search(q->source) && !text_eq(q->source, TEXT("replies")) &&
	       !text_eq(q->source, TEXT("mentions"));
}

static bool check_source(struct text name, struct err *err)
{
	if (is_search(name)) {
		return name.len > 7 || err_set(err, ERR_CONFIG,
					       "search: needs a word, as in "
					       "search:acme");
	}
	for (size_t i = 0; always[i] != NULL; i++) {
		if (text_eq(name, text_of(always[i]))) {
			return true;
		}
	}
	return err_set(err, ERR_CONFIG,
		       "threads has the sources threads, replies and mentions, which are always "
		       "read, and search:WORDS");
}

/* ---- sources ---- */

static bool below_ask(const struct connector_ctx *ctx, struct text root, struct text next, int size,
		      struct request *ret, struct err *err)
{
	struct strbuf b;

	graph_url_start(ctx, &threads_graph, &b, "/");
	strbuf_add(&b, root);
	strbuf_add_str(&b, "/conversation?reverse=true");
	graph_url_add(&b, "fields", TEXT(THREADS_FIELDS));
	graph_url_page(&b, size, next);
	return graph_url_finish(ctx, &b, ret, err);
}

static bool source_ask(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct graph_walk w;
	struct strbuf b;

	graph_walk_load(ctx, q, &w);
	if (w.n_todo > 0) {
		return below_ask(ctx, w.todo[0].id, w.below_next,
				 graph_walk_size(q, &w, BELOW_MOST), ret, err);
	}
	if (is_search(q->source)) {
		graph_url_start(ctx, &threads_graph, &b, "/keyword_search?search_type=RECENT");
		graph_url_add(&b, "q", text_slice(q->source, 7, SIZE_MAX));
	} else {
		graph_url_start(ctx, &threads_graph, &b, "/me/");
		strbuf_add(&b, is_tops(q) ? TEXT("threads") : q->source);
	}
	graph_url_add(&b, "fields", TEXT(THREADS_FIELDS));
	graph_url_page(&b, graph_walk_size(q, &w, LIST_MOST), w.next);
	return graph_url_finish(ctx, &b, ret, err);
}

/* A young post may have a new reply at any time; an old one is looked at now and then. */
static uint32_t sign_of(const struct connector_ctx *ctx, const struct threads_seen *seen)
{
	int64_t age_s = wall_since(seen->at, ctx->now).us / 1000000, now_s = ctx->now.us / 1000000;
	int64_t every_s = age_s < (int64_t)2 * DAY_S    ? 1
			  : age_s < (int64_t)14 * DAY_S ? 900
							: DAY_S / 4;

	return (uint32_t)text_hash((uint64_t)(now_s / every_s), TEXT("sign"));
}

static void list_digest(const struct connector_ctx *ctx, const struct question *q,
			struct graph_walk *w, const struct graph_page *list, struct outcome *ret)
{
	size_t n_ours = 0, n_read = 0;
	uint64_t print = 0;
	bool is_more;

	for (size_t i = 0; i < list->n; i++) {
		struct graph_item item = { 0 };
		struct threads_seen seen;

		threads_post_add(ctx, is_search(q->source), list->slices[i], ret, &seen);
		print = graph_walk_print(print, seen.id.len > 0 ? seen.id : list->slices[i]);
		n_read += seen.id.len > 0;
		n_ours += seen.is_ours;
		item.id = seen.id;
		item.at = seen.at;
		if (seen.id.len > 0 && is_tops(q)) {
			item.has_below = seen.has_replies;
			item.sign = sign_of(ctx, &seen);
			item.at = q->op == OP_POLL ? (struct wall){ 0 } : seen.at;
			graph_walk_item(q, w, &item);
		} else if (seen.id.len > 0) {
			item.sign = (uint32_t)seen.revision;
			(void)graph_walk_note(ctx, q, w, &item); /* the walk remembers that */
		}
	}
	if (is_search(q->source) && n_read > 1 && n_ours == n_read) {
		/* Without the approved right Threads searches our own posts only, and says nothing. */
		ret->missing = TEXT("threads_keyword_search: the search finds only our own posts");
	}
	is_more =
		graph_walk_listed(ctx, q, w, threads_next(ctx->arena, list), print, &ret->has_hole);
	graph_walk_tell(ctx, q, w, is_more, ret);
}

static void below_digest(const struct connector_ctx *ctx, const struct question *q,
			 struct graph_walk *w, const struct graph_page *list, struct outcome *ret)
{
	struct wall floor = graph_walk_floor(q, w);
	struct text next = threads_next(ctx->arena, list);
	bool is_old = list->n > 0 && wall_is_set(w->known_at), is_more;
	uint64_t print = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct threads_seen seen;

		threads_post_add(ctx, /* is_search= */ false, list->slices[i], ret, &seen);
		print = graph_walk_print(print, seen.id.len > 0 ? seen.id : list->slices[i]);
		is_old = is_old && wall_is_set(seen.at) && wall_before(seen.at, floor);
	}
	if (q->op == OP_POLL && is_old) {
		next = TEXT_NONE; /* newest first, and all behind it was heard */
	}
	is_more = graph_walk_read_below(ctx, q, w, next, print, &ret->has_hole);
	graph_walk_tell(ctx, q, w, is_more, ret);
}

/* What Graph refuses costs only itself: one conversation, or one source. */
static bool refused(const struct connector_ctx *ctx, const struct question *q, struct graph_walk *w,
		    const struct graph_said *said, struct outcome *ret)
{
	if (said->fault == GRAPH_LESS && graph_walk_less(w, page_size(q, LIST_MOST))) {
		graph_walk_tell(ctx, q, w, /* is_more= */ true, ret);
		return true;
	}
	if (w->n_todo > 0 && (said->fault == GRAPH_GONE || said->fault == GRAPH_RIGHT ||
			      said->fault == GRAPH_FIELD)) {
		if (said->fault == GRAPH_RIGHT) {
			ret->missing = TEXT("threads_read_replies: what is said below our posts");
		}
		graph_walk_tell(ctx, q, w, graph_walk_pass(ctx, q, w), ret);
		return true;
	}
	if (said->fault == GRAPH_RIGHT) {
		ret->missing = is_search(q->source) ? TEXT("threads_keyword_search: to search")
			       : is_tops(q)         ? TEXT("threads_basic: our own posts")
						    : TEXT("threads_manage_mentions and "
								   "threads_read_replies: mentions and our "
								   "own replies");
		ret->state = q->op == OP_POLL ? q->state : TEXT_NONE;
		return true;
	}
	return false;
}

static bool source_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page, inner;
	struct threads_seen seen;
	struct graph_said said;
	struct graph_page list;
	struct graph_walk w;

	graph_walk_load(ctx, q, &w);
	if (!graph_check(ctx, &threads_graph, r, &said, ret, err)) {
		return refused(ctx, q, &w, &said, ret);
	}
	if (!page_scan(r, &page, err)) {
		return false;
	}
	if (q->state.len == 0 && jx_slice_kind(page) == '{' &&
	    !jx_member(page, TEXT("data"), &inner) && jx_member(page, TEXT("id"), &inner)) {
		threads_post_add(ctx, is_search(q->source), page, ret, &seen); /* recorded alone */
		return true;
	}
	if (!graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	if (w.n_todo > 0) {
		below_digest(ctx, q, &w, &list, ret);
	} else {
		list_digest(ctx, q, &w, &list, ret);
	}
	return true;
}

/* ---- one thread, one post again ---- */

/* Steps: the post ("n"), the conversation of its root ("cROOT ^PARENT", then "cROOT cursor"); where that is not for us, because the root
 * is not ours, up from parent to parent ("uID"). */
struct step {
	char what;
	struct text node, next, above;
};

static bool step_of(const struct question *q, struct step *ret, struct err *err)
{
	struct text rest = text_slice(q->state, 1, SIZE_MAX);

	if (q->n_subjects == 0 || !graph_is_node(q->subjects[0])) {
		return err_set(err, ERR_DATA, "that is no id of Threads'");
	}
	*ret = (struct step){ .what = 'n', .node = q->subjects[0] };
	if (q->op == OP_THREAD && q->state.len > 0 &&
	    (q->state.at[0] == 'c' || q->state.at[0] == 'u')) {
		struct step s = { .what = q->state.at[0] };

		(void)text_cut(rest, ' ', &s.node, &s.next); /* none: the first page */
		if (text_starts(s.next, TEXT("^"))) {
			s.above = text_slice(s.next, 1, SIZE_MAX);
			s.next = TEXT_NONE;
		}
		*ret = graph_is_node(s.node) ? s : *ret;
	}
	return true;
}

static bool node_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		     struct err *err)
{
	struct strbuf b;
	struct step s = { 0 };

	if (!step_of(q, &s, err)) {
		return false;
	}
	if (s.what == 'c') {
		return below_ask(ctx, s.node, s.next, page_size(q, BELOW_MOST), ret, err);
	}
	graph_url_start(ctx, &threads_graph, &b, "/");
	strbuf_add(&b, s.node);
	graph_url_add(&b, "fields", TEXT(THREADS_FIELDS));
	return graph_url_finish(ctx, &b, ret, err);
}

static void go_to(const struct connector_ctx *ctx, const struct question *q, char what,
		  struct text node, struct text next, struct outcome *ret)
{
	if (q->op == OP_THREAD && node.len > 0) {
		ret->is_more = true;
		ret->state = text_printf(ctx->arena, "%c%.*s %.*s", what, TEXT_ARG(node),
					 TEXT_ARG(next));
	}
}

static bool node_refused(const struct connector_ctx *ctx, const struct question *q,
			 const struct step *s, const struct graph_said *said, struct outcome *ret)
{
	if (said->fault != GRAPH_GONE && said->fault != GRAPH_RIGHT && said->fault != GRAPH_FIELD) {
		return false;
	}
	if (s->what == 'n' && said->fault == GRAPH_GONE) {
		outcome_add_gone(ctx->arena, ret, q->subjects[0]);
	}
	if (s->what == 'c' && graph_is_node(s->above)) {
		go_to(ctx, q, 'u', s->above, TEXT_NONE, ret);
	}
	return q->op == OP_THREAD || said->fault != GRAPH_FIELD;
}

static bool node_digest(const struct connector_ctx *ctx, const struct question *q,
			const struct response *r, struct outcome *ret, struct err *err)
{
	struct threads_seen seen;
	struct graph_said said;
	struct graph_page list;
	struct text page, next;
	struct step s = { 0 };

	if (!step_of(q, &s, err)) {
		return false;
	}
	if (!graph_check(ctx, &threads_graph, r, &said, ret, err)) {
		return node_refused(ctx, q, &s, &said, ret);
	}
	if (!page_scan(r, &page, err)) {
		return false;
	}
	if (s.what != 'c') {
		threads_post_add(ctx, /* is_search= */ false, page, ret, &seen);
		if (s.what == 'n') {
			go_to(ctx, q, 'c', seen.root.len > 0 ? seen.root : seen.id,
			      seen.parent.len > 0
				      ? text_printf(ctx->arena, "^%.*s", TEXT_ARG(seen.parent))
				      : TEXT_NONE,
			      ret);
		} else {
			go_to(ctx, q, 'u', seen.parent, TEXT_NONE, ret);
		}
		return true;
	}
	if (!graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	for (size_t i = 0; i < list.n; i++) {
		threads_post_add(ctx, /* is_search= */ false, list.slices[i], ret, &seen);
	}
	next = threads_next(ctx->arena, &list);
	if (next.len > 0 && !text_eq(next, s.next)) {
		go_to(ctx, q, 'c', s.node, next, ret);
	} else if (s.next.len > 0 || list.n > 0) {
		go_to(ctx, q, 'u', text_eq(s.node, q->subjects[0]) ? TEXT_NONE : s.node, TEXT_NONE,
		      ret);
	}
	return true;
}

/* ---- who we are ---- */

static bool identify_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct strbuf b;

	graph_url_start(ctx, &threads_graph, &b, "/me?fields=id,username,name");
	return graph_url_finish(ctx, &b, ret, err);
}

/* ---- the contract ---- */

static bool authorize(const struct connector_ctx *ctx, const struct granting *g,
		      struct text *ret_address, struct err *err)
{
	return graph_door_authorize(ctx, &door, g, ret_address, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	switch (q->op) {
	case OP_IDENTIFY: return identify_ask(ctx, ret, err);
	case OP_POLL:
	case OP_SWEEP: return source_ask(ctx, q, ret, err);
	case OP_THREAD:
	case OP_RECHECK: return node_ask(ctx, q, ret, err);
	case OP_REPLY: return threads_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return threads_lookup_ask(ctx, q, ret, err);
	case OP_REFRESH: return graph_long_refresh_ask(ctx, &door, ret, err);
	case OP_CONNECT: return graph_door_connect_ask(ctx, &door, q, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "threads does not do '%s'", op_name(q->op));
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return graph_who_digest(ctx, &threads_graph, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return source_digest(ctx, q, r, ret, err);
	case OP_THREAD:
	case OP_RECHECK: return node_digest(ctx, q, r, ret, err);
	case OP_REPLY: return threads_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return threads_lookup_digest(ctx, q, r, ret, err);
	case OP_REFRESH: return graph_long_refresh_digest(ctx, &door, r, ret, err);
	case OP_CONNECT: return graph_door_connect_digest(ctx, &door, q, r, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "threads does not do '%s'", op_name(q->op));
}

const struct connector connector_threads = {
	.name = "threads",
	.about = "Threads: replies below our posts, mentions, searches",
	.needs = "a Threads profile; an app that Meta has approved for Threads, with threads_basic, "
		 "threads_read_replies, threads_manage_mentions, threads_content_publish and "
		 "threads_manage_replies",
	.sources = "threads, our own posts with all replies; replies, our own; mentions: all are "
		   "always read. search:WORDS where Meta has approved threads_keyword_search",
	.always = always,
	.options = options,
	.rights = rights,
	.can = {
		.hears = "mention reply post",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = false,
		.search = true,
		.is_time_authors = false,
		.history = "the newest 500 posts with their replies, and as many mentions",
		.answers = "mention reply post",
		.idempotency = NULL,
		.key_valid_s = 0,
		.settle_s = 30,
		.lookup = true,
		.max_length = THREADS_TEXT_MOST,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = 1,
		.page_most = LIST_MOST,
		.budget_requests = 2000,
		.budget_window_s = 3600,
		.needs_session = true,
		.is_redirect_exact = true,
		.rhythm = "2m",
	},
	.authorize = authorize,
	.measure = threads_measure,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
