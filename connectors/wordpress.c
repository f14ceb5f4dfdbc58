/* WordPress, by its REST interface: comments on our own site, also those that await moderation, and the
 * posts that they stand below. The site and its refusals: wordpress_site.h; what an element means:
 * wordpress_comment.h; walks: wordpress_walk.h; replies: wordpress_reply.h. */
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "wordpress_reply.h"
#include "wordpress_site.h"
#include "wordpress_walk.h"

#define COMMENTS_MOST 100
#define POSTS_MOST    20 /* each with all its text */
#define RECHECK_BATCH 50
#define CLIMB_MOST    60 /* comments above one */
/* `after` is compared with the site's local time; times that were written before the site's zone was
 * changed may be a day off. What is read twice costs nothing. */
#define ZONES_S (26 * 3600)

static const char *const always[] = { "comments", "posts", NULL };

static const struct connector_option options[] = {
	{ "users",
	  "Numbers of further users of the site who write for us, separated by commas: their "
	  "comments are ours.",
	  false },
	{ NULL, NULL, false },
};

static bool check_source(struct text name, struct err *err)
{
	return text_eq(name, TEXT("comments")) || text_eq(name, TEXT("posts")) ||
	       err_set(err, ERR_CONFIG,
		       "wordpress has the sources comments and posts, which are always read, not "
		       "'%.*s'",
		       TEXT_ARG(text_clip(name, 60)));
}

/* ---- asking ---- */

static bool is_posts(const struct question *q)
{
	return text_eq(q->source, TEXT("posts"));
}

static int portion_of(const struct question *q)
{
	return page_size(q, is_posts(q) ? POSTS_MOST : COMMENTS_MOST);
}

/* Of comments: whatever this user may see. */
static void status_add(const struct connector_ctx *ctx, struct strbuf *b, const char *status)
{
	struct wordpress_facts facts;

	wordpress_facts_load(ctx->arena, ctx->facts, &facts);
	if (facts.is_moderator) {
		wordpress_url_add(b, "status", text_of(status));
		wordpress_url_add(b, "type", TEXT("all"));
	}
}

/* The Z matters: without it, this would be the site's local time. */
static void since_add(struct strbuf *b, struct wall since)
{
	char when[WALL_TEXT_BYTES];

	if (wall_is_set(since)) {
		(void)wall_format(wall_add(since, DUR_S(-ZONES_S)), when);
		when[sizeof("2026-11-20T07:49:02") - 1] = 'Z';
		wordpress_url_add(b, "after",
				  (struct text){ when, sizeof("2026-11-20T07:49:02Z") - 1 });
	}
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct wordpress_walk w;
	struct strbuf b;

	if (!check_source(q->source, err)) {
		return false;
	}
	wordpress_walk_load(ctx->arena, q->state, &w);
	wordpress_url_start(ctx, &b, is_posts(q) ? "/posts" : "/comments", TEXT_NONE);
	wordpress_url_add(&b, "orderby", TEXT("id"));
	wordpress_url_add(&b, "order", TEXT("desc"));
	wordpress_url_number(&b, "per_page", portion_of(q));
	if (!is_posts(q)) {
		status_add(ctx, &b, "all");
	}
	if (q->op == OP_SWEEP || w.floor == 0) {
		since_add(&b, q->since);
	}
	if (w.offset > 0) {
		wordpress_url_number(&b, "offset", w.offset);
	}
	return wordpress_url_finish(ctx, &b, ret, err);
}

#define PAGE TEXT("page:") /* what was not found among the posts */

static struct text number_of(struct text id)
{
	if (text_starts(id, WORDPRESS_POST) || text_starts(id, PAGE)) {
		return text_slice(id, PAGE.len, SIZE_MAX);
	}
	return id;
}

/* A comment, a post or a page, by its id here. */
static bool ask_one(const struct connector_ctx *ctx, struct text id, struct request *ret,
		    struct err *err)
{
	struct strbuf b;

	wordpress_url_start(ctx, &b,
			    text_starts(id, PAGE)             ? "/pages"
			    : text_starts(id, WORDPRESS_POST) ? "/posts"
							      : "/comments",
			    number_of(id));
	return wordpress_url_finish(ctx, &b, ret, err);
}

static bool is_askable(struct text id)
{
	return wordpress_is_comment_id(number_of(id));
}

/* The state of a THREAD: "DEPTH ID", the id that is due on the way up. */
static bool climb_load(const struct question *q, int64_t *ret_depth, struct text *ret_id)
{
	struct text depth;

	*ret_depth = 0;
	*ret_id = q->n_subjects > 0 ? q->subjects[0] : TEXT_NONE;
	if (q->state.len > 0 && (!text_cut(q->state, ' ', &depth, ret_id) ||
				 !num_parse_range(depth, 1, CLIMB_MOST, ret_depth))) {
		return false;
	}
	return is_askable(*ret_id);
}

/* Comments below are heard by the list of all; only what stands above may be older than our history. */
static bool ask_thread(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	int64_t depth;
	struct text id;

	*ret = (struct request){ .method = HTTP_GET };
	return !climb_load(q, &depth, &id) || ask_one(ctx, id, ret, err);
}

/* The state of a RECHECK: ids that the batch did not bring, to be asked one by one. */
static size_t suspects_load(const struct connector_ctx *ctx, struct text state, struct text **ret)
{
	struct text *ids = ARENA_ARRAY(ctx->arena, struct text, RECHECK_BATCH), one;
	size_t n = 0;

	while (state.len > 0 && n < RECHECK_BATCH) {
		(void)text_cut(state, ',', &one, &state);
		if (wordpress_is_comment_id(one)) {
			ids[n++] = one;
		}
	}
	*ret = ids;
	return n;
}

static struct text ids_join(struct arena *a, const struct text *ids, size_t n)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(&b, i == 0 ? "" : ",");
		strbuf_add(&b, ids[i]);
	}
	return text_dup(a, strbuf_text(&b));
}

/* Comments among the subjects; posts are not asked about. */
static size_t subjects_of(const struct connector_ctx *ctx, const struct question *q,
			  struct text **ret)
{
	struct text *ids = ARENA_ARRAY(ctx->arena, struct text, RECHECK_BATCH);
	size_t n = 0;

	for (size_t i = 0; i < q->n_subjects && n < RECHECK_BATCH; i++) {
		if (wordpress_is_comment_id(q->subjects[i])) {
			ids[n++] = q->subjects[i];
		}
	}
	*ret = ids;
	return n;
}

static bool ask_recheck(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct text *ids;
	struct strbuf b;
	size_t n = suspects_load(ctx, q->state, &ids);

	if (n > 0) {
		return ask_one(ctx, ids[0], ret, err);
	}
	*ret = (struct request){ .method = HTTP_GET };
	n = subjects_of(ctx, q, &ids);
	if (n == 0) {
		return true;
	}
	wordpress_url_start(ctx, &b, "/comments", TEXT_NONE);
	wordpress_url_add(&b, "include", ids_join(ctx->arena, ids, n));
	wordpress_url_number(&b, "per_page", COMMENTS_MOST);
	status_add(ctx, &b, "any"); /* spam and trash, too */
	return wordpress_url_finish(ctx, &b, ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	switch (q->op) {
	case OP_IDENTIFY: return wordpress_identify_ask(ctx, q, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD: return ask_thread(ctx, q, ret, err);
	case OP_RECHECK: return ask_recheck(ctx, q, ret, err);
	case OP_REPLY: return wordpress_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return wordpress_lookup_ask(ctx, q, ret, err);
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "wordpress does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

static bool digest_source(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct wordpress_page page = { 0 };
	struct wordpress_portion portion = { .page = &page, .asked = portion_of(q), .total = -1 };
	struct wordpress_walk w;
	struct text body;

	wordpress_walk_load(ctx->arena, q->state, &w);
	if (q->op == OP_SWEEP) {
		w.floor = 0;
	}
	if (!wordpress_check(ctx, r, ret, err)) {
		return false;
	}
	portion.is_blind = r->is_cut && q->page_limit == 1;
	if (portion.is_blind) {
		outcome_add_bad(ctx->arena, ret, r->body, TEXT_NONE,
				"a comment over 2 MiB, which is not read: see it on the site");
	} else if (!page_scan(r, &body, err) || !wordpress_page_read(ctx, body, ret, &page, err)) {
		return false;
	}
	if (!num_parse_range(response_header(r, TEXT("X-WP-Total")), 0, INT64_MAX,
			     &portion.total)) {
		portion.total = -1;
	}
	ret->is_more = wordpress_walk_step(&w, &portion);
	ret->has_hole = w.has_hole && q->op == OP_POLL;
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = wordpress_walk_save(ctx->arena, &w);
	}
	return true;
}

/* Does the site say that this comment is no more? Any other 404 may come from something between. */
static bool is_deleted(const struct connector_ctx *ctx, const struct response *r)
{
	return (r->status == 404 || r->status == 410) &&
	       text_eq(wordpress_code(ctx->arena, r), TEXT("rest_comment_invalid_id"));
}

static bool digest_one(const struct connector_ctx *ctx, struct text id, const struct response *r,
		       struct outcome *ret, struct err *err)
{
	struct wordpress_page page = { 0 };
	struct text body;

	if (is_deleted(ctx, r)) {
		outcome_add_gone(ctx->arena, ret, id);
		return true;
	}
	return wordpress_check(ctx, r, ret, err) && page_scan(r, &body, err) &&
	       wordpress_page_read(ctx, body, ret, &page, err);
}

static bool digest_thread(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct text id, parent = TEXT_NONE;
	int64_t depth;

	if (!climb_load(q, &depth, &id)) {
		return true;
	}
	if (r->status == 404 && text_starts(id, WORDPRESS_POST) && depth < CLIMB_MOST) {
		ret->is_more = true;
		ret->state = text_printf(ctx->arena, "%lld page:%.*s", (long long)depth + 1,
					 TEXT_ARG(number_of(id)));
		return true;
	}
	/* What is above may be hidden from us, or of a kind that has no list: then it stays unknown. */
	if (!is_deleted(ctx, r) && !page_is_html(r) &&
	    (r->status == 401 || r->status == 403 ||
	     (r->status == 404 && !text_eq(id, number_of(id))))) {
		return true;
	}
	if (!digest_one(ctx, id, r, ret, err)) {
		return false;
	}
	if (ret->n_messages > 0) {
		parent = ret->messages[0].parent_id;
	}
	ret->is_more = is_askable(parent) && !text_eq(parent, id) && depth < CLIMB_MOST;
	if (ret->is_more) {
		ret->state = text_printf(ctx->arena, "%lld %.*s", (long long)depth + 1,
					 TEXT_ARG(parent));
	}
	return true;
}

static bool is_in(const struct wordpress_page *page, struct text id)
{
	int64_t n = 0;

	(void)num_parse_i64(id, &n); /* it was one */
	for (size_t i = 0; i < page->n; i++) {
		if (page->ids[i] == n) {
			return true;
		}
	}
	return false;
}

static bool digest_batch(const struct connector_ctx *ctx, const struct question *q,
			 const struct response *r, struct outcome *ret, struct err *err)
{
	struct wordpress_page page = { 0 };
	struct text body, *ids;
	size_t n = subjects_of(ctx, q, &ids), n_suspects = 0;

	if (n == 0) {
		return true;
	}
	if (!wordpress_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !wordpress_page_read(ctx, body, ret, &page, err)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_in(&page, ids[i])) {
			ids[n_suspects++] = ids[i];
		}
	}
	ret->state = ids_join(ctx->arena, ids, n_suspects);
	ret->is_more = n_suspects > 0;
	return true;
}

static bool digest_recheck(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct text *ids;
	size_t n = suspects_load(ctx, q->state, &ids);

	if (n == 0) {
		return digest_batch(ctx, q, r, ret, err);
	}
	/* Hidden from this user: that says nothing. */
	if ((r->status != 401 && r->status != 403) || page_is_html(r) ||
	    !text_eq(wordpress_code(ctx->arena, r), TEXT("rest_cannot_read"))) {
		if (!digest_one(ctx, ids[0], r, ret, err)) {
			return false;
		}
	}
	ret->state = ids_join(ctx->arena, ids + 1, n - 1);
	ret->is_more = n > 1;
	return true;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return wordpress_identify_digest(ctx, q, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return digest_source(ctx, q, r, ret, err);
	case OP_THREAD: return digest_thread(ctx, q, r, ret, err);
	case OP_RECHECK: return digest_recheck(ctx, q, r, ret, err);
	case OP_REPLY: return wordpress_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return wordpress_lookup_digest(ctx, q, r, ret, err);
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "wordpress does not do '%s'", op_name(q->op));
}

const struct connector connector_wordpress = {
	.name = "wordpress",
	.about = "WordPress: comments on our own site, also those that await moderation, and its posts",
	.needs = "a user who may moderate comments (an editor), and an application password of that user "
		 "(on its profile page); `token` is USER:APPLICATION PASSWORD",
	.sources = "comments and posts are always read",
	.always = always,
	.options = options,
	.can = {
		.hears = "comment reply review post",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = false,
		.search = false,
		.is_time_authors = false,
		.history = "all comments and posts that the site has",
		.answers = "comment reply review",
		.idempotency = "the site refuses the same words below the same comment",
		.key_valid_s = 0,
		.settle_s = 10,
		.lookup = true,
		.max_length = WORDPRESS_MOST_BYTES,
		.length_unit = LENGTH_BYTES,
		.recheck_batch = RECHECK_BATCH,
		.page_most = COMMENTS_MOST,
		.budget_requests = 300,
		.budget_window_s = 300,
		.anonymous_search = false,
		.needs_session = false,
		.deletions_words = "yes, trash and spam too",
	},
	.measure = wordpress_measure,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
