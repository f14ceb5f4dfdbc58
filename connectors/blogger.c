/* Blogger, by its interface v3: comments on our own blog, also those that await moderation, and its posts.
 * The interface has no way to write a comment, so replies are written on the blog itself.
 *
 * Lists are asked for by the time of publication, from a day before the newest that we know, and followed
 * by their page tokens. Comments keep that time when they are approved later, so pending ones are a source
 * of their own, and sweeps read further back. Elements: blogger_comment.h; sessions and refusals: google.h. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "blogger_comment.h"
#include "google.h"

#define SERVER        TEXT("https://blogger.googleapis.com")
#define COMMENTS_MOST 100
#define POSTS_MOST    20 /* each with all its text */
#define RECHECK_BATCH 10 /* each is a request */
#define OVERLAP_S     86400
#define MOST_PAGES    2000
#define CLIMB_MOST    60 /* comments above one */

static const char *const always[] = { "posts", "comments", "pending", NULL };

static const struct connector_option options[] = {
	{ "blog", "The blog's number (in the address of its dashboard).", true },
	{ "server",
	  "Address of the interface, https://blogger.googleapis.com where nothing is said.",
	  false },
	{ "oauth", GOOGLE_ABOUT_OAUTH, false },
	{ "users",
	  "Numbers of further Blogger profiles that write for us, separated by commas: their "
	  "comments "
	  "are ours.",
	  false },
	{ NULL, NULL, false },
};

static const struct connector_right rights[] = {
	{ "https://www.googleapis.com/auth/blogger.readonly",
	  "to read comments, also those that await moderation, and posts" },
	{ NULL, NULL },
};

static bool check_source(struct text name, struct err *err)
{
	for (size_t i = 0; always[i] != NULL; i++) {
		if (text_eq(name, text_of(always[i]))) {
			return true;
		}
	}
	return err_set(err, ERR_CONFIG,
		       "blogger has the sources posts, comments and pending, which are always "
		       "read, not '%.*s'",
		       TEXT_ARG(text_clip(name, 60)));
}

/* ---- walks ---- */

struct walk {
	struct wall known; /* the newest that a finished walk has read */
	/* of an unfinished walk */
	struct wall from, latest;
	struct text next, turtle; /* tokens: of the page that is due, and Brent's */
	int64_t n_pages, n_broken;
};

static void walk_load(struct arena *a, struct text state, struct walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk;

	*ret = (struct walk){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->known = page_us_or_none(v, "known");
	walk = jx_get(v, "walk");
	ret->from = page_us_or_none(walk, "from");
	ret->latest = page_us_or_none(walk, "latest");
	ret->next = jx_text_or(a, walk, "next", TEXT_NONE);
	ret->turtle = jx_text_or(a, walk, "turtle", TEXT_NONE);
	ret->n_pages = jx_i64_or(walk, "pages", 0);
	ret->n_broken = jx_i64_or(walk, "broken", 0);
	jx_release(&doc);
}

static struct text walk_save(struct arena *a, const struct walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"known\":%lld", (long long)w->known.us);
	if (w->next.len > 0 || w->n_broken > 0) {
		strbuf_printf(&b,
			      ",\"walk\":{\"broken\":%d,\"from\":%lld,\"latest\":%lld,\"pages\":%d,"
			      "\"next\":",
			      (int)w->n_broken, (long long)w->from.us, (long long)w->latest.us,
			      (int)w->n_pages);
		strbuf_add_json(&b, w->next);
		strbuf_add_str(&b, ",\"turtle\":");
		strbuf_add_json(&b, w->turtle);
		strbuf_add_byte(&b, '}');
	}
	strbuf_add_byte(&b, '}');
	return b.is_full ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}

/* Where a walk begins; all its pages are asked with the same time, for a token belongs to one question. */
static struct wall walk_from(const struct connector_ctx *ctx, const struct question *q,
			     const struct walk *w)
{
	struct wall known = wall_before(ctx->now, w->known) ? ctx->now : w->known;

	if (w->next.len > 0) {
		return w->from;
	}
	return q->op == OP_SWEEP || !wall_is_set(known) ? q->since
							: wall_add(known, DUR_S(-OVERLAP_S));
}

/* False when the walk is over. */
static bool walk_step(struct walk *w, struct wall from, const struct blogger_page *page,
		      bool *ret_is_circle)
{
	w->from = from;
	w->latest = wall_before(w->latest, page->latest) ? page->latest : w->latest;
	*ret_is_circle = google_is_circle(page->next, w->next, w->turtle) ||
			 (page->next.len > 0 && w->n_pages >= MOST_PAGES);
	if (page->next.len == 0 || *ret_is_circle) {
		*w = (struct walk){ .known = wall_before(w->known, w->latest) ? w->latest
									      : w->known };
		return false;
	}
	w->n_pages++;
	if ((w->n_pages & (w->n_pages - 1)) == 0) { /* the turtle waits at powers of two */
		w->turtle = page->next;
	}
	w->next = page->next;
	return true;
}

/* ---- asking ---- */

/* An address below v3/, from its path on; for google_url_finish(). */
static void url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server.len > 0 ? ctx->server : SERVER);
	strbuf_add_str(b, "/v3");
	strbuf_add_str(b, path);
}

/* The same below v3/blogs/BLOG. */
static void url_blog(const struct connector_ctx *ctx, struct strbuf *b, const char *path)
{
	url_start(ctx, b, "/blogs/");
	strbuf_add_url(b, connector_option(ctx, "blog"));
	strbuf_add_str(b, path);
}

static bool is_posts(const struct question *q)
{
	return text_eq(q->source, TEXT("posts"));
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	char when[WALL_TEXT_BYTES];
	struct wall from;
	struct strbuf b;
	struct walk w;

	if (!check_source(q->source, err)) {
		return false;
	}
	walk_load(ctx->arena, q->state, &w);
	from = walk_from(ctx, q, &w);
	url_blog(ctx, &b, is_posts(q) ? "/posts?fetchBodies=true" : "/comments?fetchBodies=true");
	strbuf_printf(&b, "&maxResults=%d", page_size(q, is_posts(q) ? POSTS_MOST : COMMENTS_MOST));
	strbuf_add_str(&b,
		       text_eq(q->source, TEXT("pending")) ? "&status=PENDING" : "&status=LIVE");
	if (wall_is_set(from)) {
		(void)wall_format(from, when);
		strbuf_printf(&b, "&startDate=%.19sZ", when);
	}
	if (w.next.len > 0) {
		strbuf_add_str(&b, "&pageToken=");
		strbuf_add_url(&b, w.next);
	}
	return google_url_finish(ctx, &b, ret, err);
}

static bool is_askable(struct text id)
{
	struct text post, comment;

	return text_starts(id, BLOGGER_POST)
		       ? blogger_is_number(text_slice(id, BLOGGER_POST.len, SIZE_MAX))
		       : blogger_comment_cut(id, &post, &comment);
}

static bool ask_one(const struct connector_ctx *ctx, struct text id, struct request *ret,
		    struct err *err)
{
	struct text post, comment;
	struct strbuf b;

	url_blog(ctx, &b, "/posts/");
	if (blogger_comment_cut(id, &post, &comment)) {
		strbuf_printf(&b, "%.*s/comments/%.*s", TEXT_ARG(post), TEXT_ARG(comment));
	} else {
		strbuf_printf(&b, "%.*s?fetchBody=true",
			      TEXT_ARG(text_slice(id, BLOGGER_POST.len, SIZE_MAX)));
	}
	return google_url_finish(ctx, &b, ret, err);
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

/* The subject that is due in a RECHECK, comments only; the state is how many are done. */
static bool recheck_load(const struct question *q, size_t *ret_at)
{
	struct text post, comment;
	int64_t n = 0;

	(void)num_parse_range(q->state, 0, RECHECK_BATCH, &n); /* unreadable: from the beginning */
	for (*ret_at = (size_t)n; *ret_at < q->n_subjects && *ret_at < RECHECK_BATCH; ++*ret_at) {
		if (blogger_comment_cut(q->subjects[*ret_at], &post, &comment)) {
			return true;
		}
	}
	return false;
}

static bool ask_identify(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	struct strbuf b;

	if (!blogger_is_number(connector_option(ctx, "blog"))) {
		return err_set(err, ERR_AUTH, "`blog` is the number in its dashboard's address");
	}
	url_start(ctx, &b, "/users/self");
	if (q->state.len > 0) {
		strbuf_add_str(&b, "/blogs/");
		strbuf_add_url(&b, connector_option(ctx, "blog"));
	}
	return google_url_finish(ctx, &b, ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	struct text id;
	int64_t depth;
	size_t at;

	*ret = (struct request){ .method = HTTP_GET };
	switch (q->op) {
	case OP_IDENTIFY: return ask_identify(ctx, q, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD: return !climb_load(q, &depth, &id) || ask_one(ctx, id, ret, err);
	case OP_RECHECK: return !recheck_load(q, &at) || ask_one(ctx, q->subjects[at], ret, err);
	case OP_REFRESH: return google_refresh_ask(ctx, rights, ret, err);
	case OP_CONNECT: return google_connect_ask(ctx, q, ret, err);
	case OP_REPLY:
	case OP_LOOKUP:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "blogger does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

static bool digest_source(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct blogger_page page;
	bool is_circle;
	struct walk w;
	struct text body;

	walk_load(ctx->arena, q->state, &w);
	if (r->status == 400 && w.next.len > 0 && w.n_broken == 0) {
		/* The token of this page is no longer good: once more from the beginning. */
		w = (struct walk){ .known = w.known, .n_broken = 1 };
		ret->state = walk_save(ctx->arena, &w);
		ret->is_more = true;
		return true;
	}
	if (!google_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !blogger_page_read(ctx, body, ret, &page, err)) {
		return false;
	}
	ret->is_more = walk_step(&w, walk_from(ctx, q, &w), &page, &is_circle);
	ret->has_hole = is_circle && q->op == OP_POLL;
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = walk_save(ctx->arena, &w);
	}
	return true;
}

static bool digest_one(const struct connector_ctx *ctx, struct text id, const struct response *r,
		       struct outcome *ret, struct err *err)
{
	struct blogger_page page;
	struct text body;

	if (google_is_missing(r)) {
		if (!text_starts(id, BLOGGER_POST)) {
			outcome_add_gone(ctx->arena, ret, id);
		}
		return true; /* what is no post may be a page */
	}
	return google_check(ctx, r, ret, err) && page_scan(r, &body, err) &&
	       blogger_page_read(ctx, body, ret, &page, err);
}

/* Comments below are heard by the list of all; only what stands above may be older than our history. */
static bool digest_thread(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct text id, parent = TEXT_NONE;
	int64_t depth;

	if (!climb_load(q, &depth, &id)) {
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

static bool digest_recheck(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct question next = *q;
	size_t at;

	if (!recheck_load(q, &at)) {
		return true;
	}
	if (!digest_one(ctx, q->subjects[at], r, ret, err)) {
		return false;
	}
	next.state = text_printf(ctx->arena, "%d", (int)at + 1);
	ret->is_more = at + 1 < RECHECK_BATCH && recheck_load(&next, &at);
	ret->state = ret->is_more ? next.state : TEXT_NONE;
	return true;
}

static void identity_read(struct arena *a, struct jx v, struct outcome *ret)
{
	ret->own_id = page_id_or_none(a, v, "id");
	ret->own_name = text_clip(jx_text_or(a, v, "displayName", TEXT_NONE), LIMIT_NAME_BYTES);
	ret->own_handle = ret->own_name;
}

static struct text identity_save(struct arena *a, const struct outcome *who)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_add_str(&b, "{\"id\":");
	strbuf_add_json(&b, who->own_id);
	strbuf_add_str(&b, ",\"displayName\":");
	strbuf_add_json(&b, who->own_name);
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

static bool authorize(const struct connector_ctx *ctx, const struct granting *g, struct text *ret,
		      struct err *err)
{
	return google_authorize(ctx, rights, g, ret, err);
}

/* First who we are, then what we may do on this blog; the state is who we are. */
static bool digest_identify(const struct connector_ctx *ctx, const struct question *q,
			    const struct response *r, struct outcome *ret, struct err *err)
{
	struct jx_doc *doc = NULL;
	bool is_admin;
	struct text page;
	struct jx v;

	if (q->state.len > 0 && google_is_missing(r)) {
		return err_set(err, ERR_AUTH,
			       "no such blog, or not one of ours (404): is `blog` right?");
	}
	if (!google_check(ctx, r, ret, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	if (q->state.len == 0) {
		identity_read(ctx->arena, v, ret);
		jx_release(&doc);
		ret->is_more = ret->own_id.len > 0;
		ret->state = ret->is_more ? identity_save(ctx->arena, ret) : TEXT_NONE;
		return ret->is_more ||
		       err_set(err, ERR_DATA, "Blogger does not say who we are: no id");
	}
	is_admin = jx_bool_or(jx_get(v, "blog_user_info"), "hasAdminAccess", false);
	jx_release(&doc);
	if (!is_admin) {
		ret->missing = TEXT("admin access to the blog: comments that await moderation are "
				    "not heard before they are approved");
	}
	if (jx_parse(ctx->arena, q->state, &v, &doc, NULL)) {
		identity_read(ctx->arena, v, ret);
		jx_release(&doc);
	}
	return true;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return digest_identify(ctx, q, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return digest_source(ctx, q, r, ret, err);
	case OP_THREAD: return digest_thread(ctx, q, r, ret, err);
	case OP_RECHECK: return digest_recheck(ctx, q, r, ret, err);
	case OP_REFRESH: return google_refresh_digest(ctx, r, ret, err);
	case OP_CONNECT: return google_connect_digest(ctx, rights, r, ret, err);
	case OP_REPLY:
	case OP_LOOKUP:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "blogger does not do '%s'", op_name(q->op));
}

const struct connector connector_blogger = {
	.name = "blogger",
	.about = "Blogger: comments on our own blog, also those that await moderation, and its posts",
	.needs = "a Google OAuth client (of the type desktop app) that an admin of the blog lets in "
		 "(`answerd connect`); "
		 "`token` is CLIENT ID:CLIENT SECRET",
	.sources = "posts, comments and pending are always read",
	.always = always,
	.options = options,
	.rights = rights,
	.can = {
		.hears = "comment reply post",
		.reply = false,
		.edits = true,
		.deletions = true,
		.direct = false,
		.search = false,
		.is_time_authors = false,
		.history = "all comments and posts that the blog has",
		.idempotency = NULL,
		.max_length = 0,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = RECHECK_BATCH,
		.page_most = COMMENTS_MOST,
		.budget_requests = 100,
		.budget_window_s = 100,
		.anonymous_search = false,
		.needs_session = true,
		.are_ids_global = true,
		.deletions_words = "yes, spam and emptied too",
		.why_no_reply = "Blogger's interface takes no comments: answer on the blog itself; the answer "
				"is seen here when it is written by one of our profiles.",
		.rhythm = "5m",
	},
	.authorize = authorize,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
