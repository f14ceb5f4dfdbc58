/* Instagram: comments below our media, media that tag us, Instagram direct. Media are listed, and the comments of those whose count
 * has changed are read (graph_walk.h), each with its replies; elements: instagram_comment.h, direct messages: graph_chat.h. Who
 * names us in a caption or comment elsewhere is told by webhooks only: that cannot be polled. */
#include "answerd/limits.h"
#include "answerd/page.h"
#include "graph_token.h"
#include "graph_walk.h"
#include "instagram_comment.h"
#include "instagram_login.h"
#include "instagram_reply.h"

#define LIST_MOST  40 /* a walk holds fifty places, some of them for long lists of replies */
#define BELOW_MOST 50 /* Instagram gives no more in one answer */

static const char *const always[] = { "media", "tags", "directs", NULL };

static bool check_source(struct text name, struct err *err)
{
	for (size_t i = 0; always[i] != NULL; i++) {
		if (text_eq(name, text_of(always[i]))) {
			return true;
		}
	}
	return err_set(err, ERR_CONFIG,
		       "instagram has the sources media, tags and directs, which are always read: "
		       "leave `listen` out");
}

static bool is_directs(const struct question *q)
{
	return text_eq(q->source, TEXT("directs"));
}

static bool is_tags(const struct question *q)
{
	return text_eq(q->source, TEXT("tags"));
}

/* ---- sources ---- */

static bool below_ask(const struct connector_ctx *ctx, struct text node, bool is_replies,
		      struct text next, int size, struct request *ret, struct err *err)
{
	struct strbuf b;

	graph_url_start(ctx, instagram_graph(ctx), &b, "/");
	strbuf_add(&b, node);
	strbuf_add_str(&b, is_replies ? "/replies" : "/comments");
	graph_url_add(&b, "fields",
		      is_replies ? TEXT(INSTAGRAM_REPLY_FIELDS) : TEXT(INSTAGRAM_COMMENT_FIELDS));
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
		return below_ask(ctx, w.todo[0].id, w.todo[0].edge == 'r', w.below_next,
				 graph_walk_size(q, &w, BELOW_MOST), ret, err);
	}
	instagram_url_start(ctx, &b, is_tags(q) ? "/tags" : "/media");
	graph_url_add(&b, "fields", TEXT(INSTAGRAM_MEDIUM_FIELDS));
	graph_url_page(&b, graph_walk_size(q, &w, LIST_MOST), w.next);
	return graph_url_finish(ctx, &b, ret, err);
}

/* Only its count says that something changed below a medium; in a sweep all that was published lately is read. */
static void item_read(const struct connector_ctx *ctx, const struct question *q, struct text slice,
		      const struct instagram_seen *seen, struct graph_item *item)
{
	struct jx_doc *doc = NULL;
	struct jx v;
	int64_t n;

	item->id = seen->id;
	if (!jx_parse(ctx->arena, slice, &v, &doc, NULL)) {
		return;
	}
	n = jx_i64_or(v, "comments_count", -1);
	jx_release(&doc);
	item->has_below = n != 0 && !is_tags(q); /* others' comments are not shown */
	item->sign = (uint32_t)text_hash((uint64_t)n, TEXT("n"));
	item->is_short = true;
	if (q->op == OP_SWEEP || n < 0) {
		item->at = seen->at;
	}
}

static void list_digest(const struct connector_ctx *ctx, const struct question *q,
			struct graph_walk *w, const struct graph_page *list, struct outcome *ret)
{
	uint64_t print = 0;
	bool is_more;

	for (size_t i = 0; i < list->n; i++) {
		struct graph_item item = { 0 };
		struct instagram_seen seen;

		instagram_medium_add(ctx, list->slices[i], ret, &seen);
		print = graph_walk_print(print, seen.id.len > 0 ? seen.id : list->slices[i]);
		if (seen.id.len > 0) {
			item_read(ctx, q, list->slices[i], &seen, &item);
			graph_walk_item(q, w, &item);
		}
	}
	is_more = graph_walk_listed(ctx, q, w, list->next, print, &ret->has_hole);
	graph_walk_tell(ctx, q, w, is_more, ret);
}

/* Of a medium Instagram may show fifty comments and no next page: newer ones than all we knew may be behind them. */
static bool is_cut_off(const struct question *q, const struct graph_walk *w,
		       const struct graph_page *list, struct wall oldest)
{
	struct wall heard = graph_walk_heard(q, w);

	return list->n >= BELOW_MOST && list->next.len == 0 && wall_is_set(heard) &&
	       wall_before(heard, oldest);
}

static void below_digest(const struct connector_ctx *ctx, const struct question *q,
			 struct graph_walk *w, const struct graph_page *list, struct text medium,
			 struct outcome *ret)
{
	bool is_replies = w->todo[0].edge == 'r', is_more;
	struct text above = is_replies ? w->todo[0].id : TEXT_NONE;
	struct instagram_seen *seen = ARENA_ARRAY(ctx->arena, struct instagram_seen, list->n);
	struct wall oldest = { INT64_MAX };
	uint64_t print = 0;

	if (is_replies) {
		instagram_replies_add(ctx, medium, above, list, ret, seen);
	}
	for (size_t i = 0; i < list->n; i++) {
		if (!is_replies) {
			instagram_comment_add(ctx, medium, list->slices[i], ret, &seen[i]);
		}
		print = graph_walk_print(print, seen[i].id.len > 0 ? seen[i].id : list->slices[i]);
		if (wall_is_set(seen[i].at) && wall_before(seen[i].at, oldest)) {
			oldest = seen[i].at;
		}
		if (seen[i].has_more_replies) {
			graph_walk_below(w, seen[i].id);
		}
	}
	graph_walk_aim(ret, 0);
	ret->has_hole = !is_replies && is_cut_off(q, w, list, oldest);
	is_more = graph_walk_read_below(ctx, q, w, list->next, print, &ret->has_hole);
	graph_walk_tell(ctx, q, w, is_more, ret);
}

/* What Graph refuses costs only itself: one medium, or one source. */
static bool refused(const struct connector_ctx *ctx, const struct question *q, struct graph_walk *w,
		    const struct graph_said *said, struct outcome *ret)
{
	bool is_below = w->n_todo > 0;

	if (said->fault == GRAPH_LESS && graph_walk_less(w, page_size(q, LIST_MOST))) {
		graph_walk_tell(ctx, q, w, /* is_more= */ true, ret);
		return true;
	}
	if (is_below && (said->fault == GRAPH_GONE || said->fault == GRAPH_RIGHT ||
			 said->fault == GRAPH_FIELD)) {
		graph_walk_tell(ctx, q, w, graph_walk_pass(ctx, q, w), ret);
		return true;
	}
	if (said->fault == GRAPH_RIGHT) {
		ret->missing = is_tags(q) ? TEXT("the right to see media that tag us")
					  : TEXT("the right to read our media");
		ret->state = q->op == OP_POLL ? q->state : TEXT_NONE;
		return true;
	}
	return false;
}

/* One comment or medium alone, as it may be recorded. */
static bool recorded(const struct connector_ctx *ctx, struct text page, struct outcome *ret)
{
	struct instagram_seen seen;
	struct text inner;

	if (jx_slice_kind(page) != '{' || jx_member(page, TEXT("data"), &inner)) {
		return false;
	}
	if (jx_member(page, TEXT("mentioned_comment"), &inner)) {
		instagram_comment_add(ctx, TEXT_NONE, inner, ret, &seen);
	} else if (jx_member(page, TEXT("mentioned_media"), &inner)) {
		instagram_medium_add(ctx, inner, ret, &seen);
	} else if (graph_chat_is_message(page)) {
		graph_chat_add(ctx, TEXT_NONE, TEXT_NONE, page, ret);
	} else if (jx_member(page, TEXT("text"), &inner)) {
		instagram_comment_add(ctx, TEXT_NONE, page, ret, &seen);
	} else if (jx_member(page, TEXT("id"), &inner)) {
		instagram_medium_add(ctx, page, ret, &seen);
	} else {
		return false;
	}
	return true;
}

static bool source_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct graph_said said;
	struct graph_page list;
	struct graph_walk w;
	struct text page;

	graph_walk_load(ctx, q, &w);
	if (!graph_check(ctx, instagram_graph(ctx), r, &said, ret, err)) {
		return refused(ctx, q, &w, &said, ret);
	}
	if (!page_scan(r, &page, err)) {
		return false;
	}
	if (q->state.len == 0 && recorded(ctx, page, ret)) {
		return true;
	}
	if (!graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	if (w.n_todo > 0) {
		below_digest(ctx, q, &w, &list,
			     w.todo[0].top.len > 0 ? w.todo[0].top : w.todo[0].id, ret);
	} else {
		list_digest(ctx, q, &w, &list, ret);
	}
	return true;
}

/* ---- one thread, one message again ---- */

/* Steps of a thread: the comment with its replies ("n"), the one on top of it with all of them ("tID"), more of them ("rID cursor"),
 * the medium ("m"), its comments ("ccursor"). */
struct step {
	char what;
	struct text node, next;
};

static bool subject_of(const struct question *q, struct instagram_place *ret)
{
	return q->n_subjects > 0 && instagram_place_parse(q->subjects[0], ret);
}

static struct step step_of(const struct question *q, const struct instagram_place *p)
{
	struct step s = { .what = p->comment.len > 0 ? 'n' : 'm',
			  .node = p->comment.len > 0 ? p->comment : p->medium };
	struct text rest = text_slice(q->state, 1, SIZE_MAX), node;

	if (q->op == OP_RECHECK || q->state.len == 0) {
		return s;
	}
	(void)text_cut(rest, ' ', &node, &s.next); /* none: the first page */
	switch (q->state.at[0]) {
	case 't':
	case 'r':
		if (graph_is_node(node)) {
			s.what = q->state.at[0];
			s.node = node;
		}
		break;
	case 'm':
	case 'c':
		s.what = q->state.at[0];
		s.node = p->medium;
		s.next = q->state.at[0] == 'c' ? rest : TEXT_NONE;
		break;
	default: break;
	}
	return s;
}

static bool node_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		     struct err *err)
{
	struct instagram_place p = { 0 };
	struct step s;
	struct strbuf b;

	if (!subject_of(q, &p)) {
		return err_set(err, ERR_DATA, "that is no id of Instagram's");
	}
	if (p.is_direct) { /* older ones are said to be deleted, and are not */
		*ret = (struct request){ 0 };
		return true;
	}
	s = step_of(q, &p);
	if (s.what == 'r' || s.what == 'c') {
		return below_ask(ctx, s.node, s.what == 'r', s.next, page_size(q, BELOW_MOST), ret,
				 err);
	}
	graph_url_start(ctx, instagram_graph(ctx), &b, "/");
	strbuf_add(&b, s.node);
	graph_url_add(&b, "fields",
		      s.what == 'm'         ? TEXT(INSTAGRAM_MEDIUM_FIELDS)
		      : q->op == OP_RECHECK ? TEXT(INSTAGRAM_REPLY_FIELDS)
					    : TEXT(INSTAGRAM_COMMENT_FIELDS));
	return graph_url_finish(ctx, &b, ret, err);
}

static void go_to(const struct connector_ctx *ctx, const struct question *q, char what,
		  struct text node, struct text next, struct outcome *ret)
{
	if (q->op == OP_THREAD) {
		ret->is_more = true;
		ret->state = node.len > 0 ? text_printf(ctx->arena, "%c%.*s %.*s", what,
							TEXT_ARG(node), TEXT_ARG(next))
					  : text_printf(ctx->arena, "%c%.*s", what, TEXT_ARG(next));
	}
}

static void list_read(const struct connector_ctx *ctx, const struct question *q,
		      const struct instagram_place *p, const struct step *s,
		      const struct graph_page *list, struct outcome *ret)
{
	struct instagram_seen *seen = ARENA_ARRAY(ctx->arena, struct instagram_seen, list->n);

	if (s->what == 'r') {
		instagram_replies_add(ctx, p->medium, s->node, list, ret, seen);
	}
	for (size_t i = 0; i < list->n && s->what != 'r'; i++) {
		instagram_comment_add(ctx, p->medium, list->slices[i], ret, &seen[i]);
	}
	graph_walk_aim(ret, 0);
	if (list->next.len > 0 && !text_eq(list->next, s->next)) {
		go_to(ctx, q, s->what, s->what == 'r' ? s->node : TEXT_NONE, list->next, ret);
	} else if (s->what == 'r') {
		go_to(ctx, q, 'm', TEXT_NONE, TEXT_NONE, ret);
	}
}

static void node_read(const struct connector_ctx *ctx, const struct question *q,
		      const struct instagram_place *p, const struct step *s, struct text page,
		      struct outcome *ret)
{
	struct instagram_seen seen;

	if (s->what == 'm') {
		instagram_medium_add(ctx, page, ret, &seen);
		if (p->comment.len == 0) {
			go_to(ctx, q, 'c', TEXT_NONE, TEXT_NONE, ret);
		}
		return;
	}
	instagram_comment_add(ctx, p->medium, page, ret, &seen);
	graph_walk_aim(ret, 0);
	if (seen.parent.len > 0 && s->what == 'n') {
		go_to(ctx, q, 't', seen.parent, TEXT_NONE, ret);
	} else if (seen.has_more_replies) {
		go_to(ctx, q, 'r', seen.id, TEXT_NONE, ret);
	} else {
		go_to(ctx, q, 'm', TEXT_NONE, TEXT_NONE, ret);
	}
}

static bool node_digest(const struct connector_ctx *ctx, const struct question *q,
			const struct response *r, struct outcome *ret, struct err *err)
{
	struct instagram_place p = { 0 };
	struct graph_said said;
	struct graph_page list;
	struct text page;
	struct step s;

	if (!subject_of(q, &p)) {
		return err_set(err, ERR_DATA, "that is no id of Instagram's");
	}
	if (p.is_direct) {
		return true;
	}
	s = step_of(q, &p);
	if (!graph_check(ctx, instagram_graph(ctx), r, &said, ret, err)) {
		if (said.fault == GRAPH_GONE && (s.what == 'n' || q->state.len == 0)) {
			outcome_add_gone(ctx->arena, ret, q->subjects[0]);
			return true;
		}
		return said.fault == GRAPH_GONE || said.fault == GRAPH_RIGHT ||
		       (said.fault == GRAPH_FIELD && q->op == OP_THREAD);
	}
	if (!page_scan(r, &page, err)) {
		return false;
	}
	if (s.what == 'r' || s.what == 'c') {
		if (!graph_page_read(ctx->arena, page, &list, err)) {
			return false;
		}
		list_read(ctx, q, &p, &s, &list, ret);
	} else {
		node_read(ctx, q, &p, &s, page, ret);
	}
	return true;
}

/* ---- the contract ---- */

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	struct graph_chat chat = instagram_chat(ctx);
	struct graph_door door = instagram_door(ctx);

	switch (q->op) {
	case OP_IDENTIFY: return instagram_identify_ask(ctx, q, ret, err);
	case OP_POLL:
	case OP_SWEEP:
		return is_directs(q) ? graph_chat_ask(ctx, &chat, q, ret, err)
				     : source_ask(ctx, q, ret, err);
	case OP_THREAD:
	case OP_RECHECK: return node_ask(ctx, q, ret, err);
	case OP_REPLY: return instagram_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return instagram_lookup_ask(ctx, q, ret, err);
	case OP_REFRESH:
		return instagram_is_by_facebook(ctx)
			       ? graph_page_refresh_ask(ctx, instagram_graph(ctx), ret, err)
			       : graph_long_refresh_ask(ctx, &door, ret, err);
	case OP_CONNECT: return graph_door_connect_ask(ctx, &door, q, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "instagram does not do '%s'", op_name(q->op));
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	struct graph_chat chat = instagram_chat(ctx);
	struct graph_door door = instagram_door(ctx);

	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return instagram_identify_digest(ctx, q, r, ret, err);
	case OP_POLL:
	case OP_SWEEP:
		return is_directs(q) ? graph_chat_digest(ctx, &chat, q, r, ret, err)
				     : source_digest(ctx, q, r, ret, err);
	case OP_THREAD:
	case OP_RECHECK: return node_digest(ctx, q, r, ret, err);
	case OP_REPLY: return instagram_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return instagram_lookup_digest(ctx, q, r, ret, err);
	case OP_REFRESH:
		return instagram_is_by_facebook(ctx)
			       ? graph_page_refresh_digest(ctx, instagram_graph(ctx), r, ret, err)
			       : graph_long_refresh_digest(ctx, &door, r, ret, err);
	case OP_CONNECT: return graph_door_connect_digest(ctx, &door, q, r, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "instagram does not do '%s'", op_name(q->op));
}

const struct connector connector_instagram = {
	.name = "instagram",
	.about = "Instagram: comments below our media, media that tag us, direct messages",
	.needs = "a business or creator account; an app that Meta has approved, with "
		 "instagram_business_basic, instagram_business_manage_comments and "
		 "instagram_business_manage_messages",
	.sources = "media, our own with all comments; tags, media that tag us; directs, Instagram "
		   "direct: all are always read",
	.always = always,
	.options = instagram_options,
	.rights = instagram_rights,
	.can = {
		.hears = "mention comment reply direct post",
		.reply = true,
		.edits = false,
		.deletions = true,
		.direct = true,
		.search = false,
		.is_time_authors = false,
		.history = "the newest 400 media with their comments; of a conversation the 20 newest "
			   "messages",
		.answers = "mention comment reply direct",
		.idempotency = NULL,
		.key_valid_s = 0,
		.direct_window_s = GRAPH_CHAT_WINDOW_S,
		.agent_window_s = GRAPH_AGENT_WINDOW_S,
		.settle_s = 10,
		.lookup = true,
		.max_length = INSTAGRAM_COMMENT_MOST,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = 1,
		.page_most = LIST_MOST,
		.budget_requests = 200,
		.budget_window_s = 3600,
		.needs_session = true,
		.is_redirect_exact = true,
		.rhythm = "2m",
	},
	.authorize = instagram_authorize,
	.under = instagram_under,
	.measure = instagram_measure,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
