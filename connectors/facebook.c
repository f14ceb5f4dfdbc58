/* Facebook Pages and Messenger. There is no list of all comments: posts are listed, and what stands below those that changed is
 * read (graph_walk.h). Elements: facebook_node.h; direct messages: graph_chat.h; replies: facebook_reply.h. */
#include "answerd/limits.h"
#include "answerd/page.h"
#include "facebook_node.h"
#include "facebook_reply.h"
#include "graph_inspect.h"
#include "graph_token.h"
#include "graph_walk.h"

#define LIST_MOST   50 /* posts of a page: as many as a walk can hold */
#define BELOW_MOST  50 /* comments of a page */
#define SHORT_COUNT 200

const struct graph facebook_graph = { "Facebook", "https://graph.facebook.com", "v25.0" };
const struct graph_chat facebook_chat = { &facebook_graph, "/me/conversations", NULL };

static const char *const always[] = { "posts", "visitors", "tagged", "ratings", "directs", NULL };

static const struct connector_right rights[] = {
	{ "pages_show_list", "to find the page" },
	{ "pages_read_engagement", "to read our own posts and their comments" },
	{ "pages_read_user_content", "to hear what visitors post, mention and recommend" },
	{ "pages_manage_engagement", "to answer comments" },
	{ "pages_messaging", "to read and answer Messenger" },
	{ NULL, NULL },
};

static const struct graph_door door = {
	.graph = &facebook_graph,
	.consent = "https://www.facebook.com/v25.0/dialog/oauth",
	.code_at = "https://graph.facebook.com",
	.rights = rights,
};

static const struct connector_option options[] = {
	{ "page",
	  "The page's number. With APP ID:APP SECRET:TOKEN of a person in `token` it says whose "
	  "page token is "
	  "fetched; "
	  "else it is only compared.",
	  false },
	{ "version", "Version of the Graph API; v25.0 where it is left out.", false },
	{ "comments", GRAPH_CHAT_COMMENTS, false },
	{ "human_agent", GRAPH_CHAT_AGENT, false },
	{ "comment_length", "The most characters of a comment; 8000 where it is left out.", false },
	{ NULL, NULL, false },
};

struct edge {
	const char *source, *path, *right;
};

static const struct edge edges[] = {
	{ "posts", "/me/published_posts", "pages_read_engagement: our own posts" },
	{ "visitors", "/me/visitor_posts", "pages_read_user_content: what visitors post" },
	{ "tagged", "/me/tagged", "pages_read_user_content: who mentions the page" },
	{ "ratings", "/me/ratings", "pages_read_user_content: recommendations" },
};

static const struct edge *edge_of(struct text source)
{
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		if (text_eq(source, text_of(edges[i].source))) {
			return &edges[i];
		}
	}
	return &edges[0];
}

static bool is_ratings(const struct question *q)
{
	return text_eq(q->source, TEXT("ratings"));
}

static bool is_directs(const struct question *q)
{
	return text_eq(q->source, TEXT("directs"));
}

static bool check_source(struct text name, struct err *err)
{
	for (size_t i = 0; always[i] != NULL; i++) {
		if (text_eq(name, text_of(always[i]))) {
			return true;
		}
	}
	return err_set(err, ERR_CONFIG,
		       "facebook has the sources posts, visitors, tagged, ratings and directs, "
		       "which are always read: leave `listen` out");
}

/* ---- sources ---- */

static bool below_ask(const struct connector_ctx *ctx, struct text node, struct text next,
		      struct wall since, int size, struct request *ret, struct err *err)
{
	struct strbuf b;

	graph_url_start(ctx, &facebook_graph, &b, "/");
	strbuf_add(&b, node);
	/* Without filter=stream Graph leaves nested replies out, and says nothing. */
	strbuf_add_str(&b, "/comments?filter=stream&order=reverse_chronological");
	if (since.us > 0) {
		strbuf_printf(&b, "&since=%lld", (long long)(since.us / 1000000));
	}
	graph_url_add(&b, "fields", TEXT(FACEBOOK_COMMENT_FIELDS));
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
		struct wall since =
			w.todo[0].is_short ? (struct wall){ 0 } : graph_walk_floor(q, &w);

		return below_ask(ctx, w.todo[0].id, w.below_next, since,
				 graph_walk_size(q, &w, BELOW_MOST), ret, err);
	}
	graph_url_start(ctx, &facebook_graph, &b, edge_of(q->source)->path);
	graph_url_add(
		&b, "fields",
		is_ratings(q)
			? TEXT("created_time,reviewer,rating,recommendation_type,has_review,"
			       "review_text,open_graph_story{id,comments.filter(stream).limit(0)"
			       ".summary(true)}")
			: TEXT(FACEBOOK_POST_FIELDS
			       ",comments.filter(stream).limit(0).summary(true)"));
	graph_url_page(&b, graph_walk_size(q, &w, LIST_MOST), w.next);
	return graph_url_finish(ctx, &b, ret, err);
}

/* How many comments the list says there are, and when it last moved: that something changed, never that all was read. */
static void item_read(const struct connector_ctx *ctx, struct text slice, struct graph_item *item)
{
	struct arena *a = ctx->arena;
	struct jx_doc *doc = NULL;
	struct text updated;
	struct jx v, summary;
	int64_t n;

	if (!jx_parse(a, slice, &v, &doc, NULL)) {
		return;
	}
	summary = jx_path(v, "comments.summary");
	if (!jx_is_set(summary)) {
		summary = jx_path(v, "open_graph_story.comments.summary");
	}
	n = jx_i64_or(summary, "total_count", -1);
	updated = jx_text_or(a, v, "updated_time", TEXT_NONE);
	item->at = page_wall_or_none(a, v, updated.len > 0 ? "updated_time" : "created_time");
	item->has_below = n != 0;
	item->is_short = n >= 0 && n <= SHORT_COUNT;
	item->sign = (uint32_t)text_hash((uint64_t)n, updated);
	if (n < 0) { /* not said: from time to time it is looked for */
		item->at = item->at.us > 0 ? item->at : ctx->now;
	}
	jx_release(&doc);
}

static bool list_digest(const struct connector_ctx *ctx, const struct question *q,
			struct graph_walk *w, const struct graph_page *list, struct outcome *ret)
{
	uint64_t print = 0;
	size_t n_bad = ret->n_bad;
	bool is_more;

	for (size_t i = 0; i < list->n; i++) {
		struct graph_item item = { 0 };

		if (is_ratings(q)) {
			facebook_review_add(ctx, list->slices[i], ret, &item.id);
		} else {
			facebook_post_add(ctx, list->slices[i], ret, &item.id);
		}
		print = graph_walk_print(print, item.id.len > 0 ? item.id : list->slices[i]);
		if (item.id.len > 0) {
			item_read(ctx, list->slices[i], &item);
			graph_walk_item(q, w, &item);
		}
	}
	if (list->n > 1 && ret->n_bad - n_bad == list->n) {
		ret->missing = TEXT("the task MODERATE on the page: Facebook leaves the ids out");
	}
	is_more = graph_walk_listed(ctx, q, w, list->next, print, &ret->has_hole);
	graph_walk_tell(ctx, q, w, is_more, ret);
	return true;
}

static bool below_digest(const struct connector_ctx *ctx, const struct question *q,
			 struct graph_walk *w, const struct graph_page *list, struct outcome *ret)
{
	struct facebook_place top = { .is_review = is_ratings(q), .post = w->todo[0].id };
	uint64_t print = 0;
	size_t n_bad = ret->n_bad;
	bool is_more;

	for (size_t i = 0; i < list->n; i++) {
		struct text id;

		facebook_comment_add(ctx, &top, list->slices[i], ret, &id);
		print = graph_walk_print(print, id.len > 0 ? id : list->slices[i]);
	}
	graph_walk_aim(ret, 0);
	if (list->n > 1 && ret->n_bad - n_bad == list->n) {
		ret->missing = TEXT("the task MODERATE on the page: Facebook leaves the ids out");
	}
	is_more = graph_walk_read_below(ctx, q, w, list->next, print, &ret->has_hole);
	graph_walk_tell(ctx, q, w, is_more, ret);
	return true;
}

/* What Graph refuses costs only itself: one post, or one source. */
static bool refused(const struct connector_ctx *ctx, const struct question *q, struct graph_walk *w,
		    const struct graph_said *said, struct outcome *ret)
{
	bool is_below = w->n_todo > 0;

	if (said->fault == GRAPH_LESS &&
	    graph_walk_less(w, page_size(q, is_below ? BELOW_MOST : LIST_MOST))) {
		graph_walk_tell(ctx, q, w, /* is_more= */ true, ret);
		return true;
	}
	if (is_below && (said->fault == GRAPH_GONE || said->fault == GRAPH_RIGHT ||
			 said->fault == GRAPH_FIELD)) {
		graph_walk_tell(ctx, q, w, graph_walk_pass(ctx, q, w), ret);
		return true;
	}
	if (said->fault == GRAPH_RIGHT) {
		ret->missing = text_of(edge_of(q->source)->right);
		ret->state = q->op == OP_POLL ? q->state : TEXT_NONE;
		return true;
	}
	return false;
}

static bool source_digest(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct graph_said said;
	struct graph_page list;
	struct graph_walk w;
	struct text page, inner;

	graph_walk_load(ctx, q, &w);
	if (!graph_check(ctx, &facebook_graph, r, &said, ret, err)) {
		return refused(ctx, q, &w, &said, ret);
	}
	if (!page_scan(r, &page, err)) {
		return false;
	}
	if (q->state.len == 0 && jx_slice_kind(page) == '{' &&
	    !jx_member(page, TEXT("data"), &inner) && jx_member(page, TEXT("id"), &inner)) {
		if (graph_chat_is_message(page)) {
			graph_chat_add(ctx, TEXT_NONE, TEXT_NONE, page, ret);
		} else {
			facebook_node_add(ctx, page, ret);
		}
		return true;
	}
	if (!graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	return w.n_todo > 0 ? below_digest(ctx, q, &w, &list, ret)
			    : list_digest(ctx, q, &w, &list, ret);
}

/* ---- one thread, one message again ---- */

/* A thread is read in steps: the comment with what it answers, what stands below it, the post. */
enum step { STEP_NODE = 'n', STEP_BELOW = 'b', STEP_POST = 'p' };

static enum step step_of(struct text state, const struct facebook_place *p, struct text *ret_next)
{
	*ret_next = text_slice(state, 1, SIZE_MAX);
	if (state.len > 0 && (state.at[0] == STEP_BELOW || state.at[0] == STEP_POST)) {
		return (enum step)state.at[0];
	}
	return p->is_review && p->comment.len == 0 ? STEP_BELOW : STEP_NODE;
}

static bool subject_of(const struct question *q, struct facebook_place *ret)
{
	return q->n_subjects > 0 && facebook_place_parse(q->subjects[0], ret);
}

/* A direct message cannot be read alone, nor a recommendation: no question. */
static bool is_unasked(const struct question *q, const struct facebook_place *p)
{
	return p->is_direct || (q->op == OP_RECHECK && p->is_review && p->comment.len == 0);
}

static bool node_ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		     struct err *err)
{
	struct facebook_place p = { 0 };
	struct text next = TEXT_NONE;
	enum step step;
	struct strbuf b;

	if (!subject_of(q, &p)) {
		return err_set(err, ERR_DATA, "that is no id of Facebook's");
	}
	if (is_unasked(q, &p)) {
		*ret = (struct request){ 0 };
		return true;
	}
	step = q->op == OP_RECHECK ? STEP_NODE : step_of(q->state, &p, &next);
	if (step == STEP_BELOW) {
		return below_ask(ctx, p.comment.len > 0 ? p.comment : p.post, next,
				 (struct wall){ 0 }, page_size(q, BELOW_MOST), ret, err);
	}
	graph_url_start(ctx, &facebook_graph, &b, "/");
	strbuf_add(&b, step == STEP_POST || p.comment.len == 0 ? p.post : p.comment);
	graph_url_add(&b, "fields",
		      step == STEP_POST || p.comment.len == 0 ? TEXT(FACEBOOK_POST_FIELDS)
							      : TEXT(FACEBOOK_COMMENT_FIELDS));
	return graph_url_finish(ctx, &b, ret, err);
}

static void node_add(const struct connector_ctx *ctx, const struct facebook_place *p, bool is_post,
		     struct text page, struct outcome *ret)
{
	struct facebook_place top = { .is_review = p->is_review, .post = p->post };
	struct text id;

	if (is_post) {
		facebook_post_add(ctx, page, ret, &id);
	} else {
		facebook_comment_add(ctx, &top, page, ret, &id);
	}
}

/* Gone is what Graph says is gone; what it only does not let us see is passed. */
static bool node_refused(const struct connector_ctx *ctx, const struct question *q, enum step step,
			 const struct graph_said *said, struct outcome *ret)
{
	if (said->fault != GRAPH_GONE && said->fault != GRAPH_RIGHT && said->fault != GRAPH_FIELD) {
		return false;
	}
	if (said->fault == GRAPH_GONE && step == STEP_NODE) {
		outcome_add_gone(ctx->arena, ret, q->subjects[0]);
	}
	return q->op == OP_THREAD || said->fault != GRAPH_FIELD;
}

static bool node_digest(const struct connector_ctx *ctx, const struct question *q,
			const struct response *r, struct outcome *ret, struct err *err)
{
	struct facebook_place p, top;
	struct graph_said said;
	struct text page, next = TEXT_NONE, id;
	struct graph_page list;
	enum step step;

	if (!subject_of(q, &p)) {
		return err_set(err, ERR_DATA, "that is no id of Facebook's");
	}
	if (is_unasked(q, &p)) {
		return true;
	}
	step = q->op == OP_RECHECK ? STEP_NODE : step_of(q->state, &p, &next);
	if (!graph_check(ctx, &facebook_graph, r, &said, ret, err)) {
		return node_refused(ctx, q, step, &said, ret);
	}
	if (!page_scan(r, &page, err)) {
		return false;
	}
	if (step != STEP_BELOW) {
		node_add(ctx, &p, step == STEP_POST || p.comment.len == 0, page, ret);
		ret->is_more = q->op == OP_THREAD && step == STEP_NODE;
		ret->state = ret->is_more ? TEXT("b") : TEXT_NONE;
		return true;
	}
	if (!graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	top = (struct facebook_place){ .is_review = p.is_review, .post = p.post };
	for (size_t i = 0; i < list.n; i++) {
		facebook_comment_add(ctx, &top, list.slices[i], ret, &id);
	}
	graph_walk_aim(ret, 0);
	if (list.next.len > 0 && !text_eq(list.next, next)) {
		ret->is_more = true;
		ret->state = text_printf(ctx->arena, "b%.*s", TEXT_ARG(list.next));
	} else if (p.comment.len > 0 && !p.is_review) {
		ret->is_more = true;
		ret->state = TEXT("p");
	}
	return true;
}

/* ---- who we are ---- */

static bool identify_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct strbuf b;

	graph_url_start(ctx, &facebook_graph, &b, "/me?fields=id,name,category");
	return graph_url_finish(ctx, &b, ret, err);
}

static bool identify_digest(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	struct text page, wanted = connector_option(ctx, "page"), category;
	struct graph_said said;
	struct jx_doc *doc = NULL;
	struct jx v;

	if (!graph_check(ctx, &facebook_graph, r, &said, ret, err)) {
		/* With a person's token the lists of comments are empty, without an error. */
		return said.fault == GRAPH_FIELD
			       ? err_set(err, ERR_AUTH,
					 "the token is a person's, not the page's: with it "
					 "Facebook shows no comments, and says nothing")
			       : false;
	}
	if (!page_scan(r, &page, err) || !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	ret->own_id = jx_text_or(ctx->arena, v, "id", TEXT_NONE);
	ret->own_name = text_clip(jx_text_or(ctx->arena, v, "name", TEXT_NONE), LIMIT_NAME_BYTES);
	category = jx_text_or(ctx->arena, v, "category", TEXT_NONE);
	jx_release(&doc);
	if (!graph_is_node(ret->own_id)) {
		return err_set(err, ERR_DATA, "Facebook does not say who we are: no id");
	}
	if (wanted.len > 0 && !text_eq(wanted, ret->own_id)) {
		return err_set(err, ERR_AUTH,
			       "the token belongs to another page or person than `page` says");
	}
	if (category.len == 0 && wanted.len == 0) {
		return err_set(err, ERR_AUTH,
			       "the token is a person's, not the page's: with it Facebook shows no "
			       "comments, and says nothing");
	}
	graph_inspect_begin(ctx, ret);
	return true;
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
	case OP_IDENTIFY:
		return q->state.len > 0 ? graph_inspect_ask(ctx, &facebook_graph, ret, err)
					: identify_ask(ctx, ret, err);
	case OP_POLL:
	case OP_SWEEP:
		return is_directs(q) ? graph_chat_ask(ctx, &facebook_chat, q, ret, err)
				     : source_ask(ctx, q, ret, err);
	case OP_THREAD:
	case OP_RECHECK: return node_ask(ctx, q, ret, err);
	case OP_REPLY: return facebook_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return facebook_lookup_ask(ctx, q, ret, err);
	case OP_REFRESH: return graph_page_refresh_ask(ctx, &facebook_graph, ret, err);
	case OP_CONNECT: return graph_door_connect_ask(ctx, &door, q, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "facebook does not do '%s'", op_name(q->op));
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY:
		return q->state.len > 0 ? graph_inspect_digest(ctx, rights, q, r, ret)
					: identify_digest(ctx, r, ret, err);
	case OP_POLL:
	case OP_SWEEP:
		return is_directs(q) ? graph_chat_digest(ctx, &facebook_chat, q, r, ret, err)
				     : source_digest(ctx, q, r, ret, err);
	case OP_THREAD:
	case OP_RECHECK: return node_digest(ctx, q, r, ret, err);
	case OP_REPLY: return facebook_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return facebook_lookup_digest(ctx, q, r, ret, err);
	case OP_REFRESH: return graph_page_refresh_digest(ctx, &facebook_graph, r, ret, err);
	case OP_CONNECT: return graph_door_connect_digest(ctx, &door, q, r, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "facebook does not do '%s'", op_name(q->op));
}

const struct connector connector_facebook = {
	.name = "facebook",
	.about = "Facebook pages: comments, visitors' posts, mentions, recommendations, Messenger",
	.needs = "a page token with pages_read_engagement, pages_read_user_content, "
		 "pages_manage_engagement and pages_messaging, of a person who may moderate and "
		 "message; Meta must have approved the app (Advanced Access)",
	.sources = "posts, our own with all comments; visitors, posts on our page; tagged, who mentions "
		   "it; ratings, recommendations; directs, Messenger: all are always read",
	.always = always,
	.options = options,
	.rights = rights,
	.can = {
		.hears = "mention comment reply direct review post",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = true,
		.search = false,
		.is_time_authors = false,
		.history = "the newest 500 posts with their comments; of a conversation the 20 newest "
			   "messages",
		.answers = "mention comment reply direct review",
		.idempotency = NULL,
		.key_valid_s = 0,
		.direct_window_s = GRAPH_CHAT_WINDOW_S,
		.agent_window_s = GRAPH_AGENT_WINDOW_S,
		.settle_s = 10,
		.lookup = true,
		.max_length = FACEBOOK_COMMENT_MOST,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = 1,
		.page_most = LIST_MOST,
		.budget_requests = 200,
		.budget_window_s = 3600,
		.needs_session = true,
		.is_redirect_exact = true,
		.rhythm = "2m",
	},
	.authorize = authorize,
	.measure = facebook_measure,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
