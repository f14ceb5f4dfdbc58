/* Discourse: a forum of our own. /posts.json shows all that we may see, newest first, so everything said
 * there is heard, not only what notifies us; /private-posts.json the same of private messages. Posts:
 * discourse_post.h; topics and replies: discourse_topic.h. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "discourse_post.h"
#include "discourse_topic.h"

#define WINDOW                                                                                     \
	50 /* of ids: old forums show what is not further below `before`, new ones 50 posts */
#define EMPTY_MOST 20 /* of them in a row, when nothing is known that must be met */
#define WALK_MOST  20000
#define TRIES_MOST 200 /* to find the end of the last whole post of a page */

static const char *const always[] = { "posts", "directs", NULL };

static const struct connector_option options[] = {
	{ "username", "Our user on the forum, by name: who asks, and who posts.", true },
	{ "key",
	  "\"user\" where `token` is a user's own key (User-Api-Key); else it is one of the admin "
	  "pages.",
	  false },
	{ "topics",
	  "Numbers of the categories whose new topics are questions to us, separated by commas; "
	  "\"all\" "
	  "(the default) or \"none\".",
	  false },
	{ "staff",
	  "Users, separated by commas, who answer for us: what they write is ours. \"all\": all "
	  "whom the "
	  "forum calls staff.",
	  false },
	{ NULL, NULL, false },
};

static bool is_private_source(struct text name)
{
	return text_eq(name, TEXT("directs"));
}

static bool check_source(struct text name, struct err *err)
{
	return text_eq(name, TEXT("posts")) || is_private_source(name) ||
	       err_set(err, ERR_CONFIG,
		       "discourse has the sources posts and directs, which are always read: leave "
		       "`listen` out");
}

/* ---- the walk: back by id, newest first ---- */

struct walk {
	int64_t known;  /* newest id of the last finished walk; 0: none yet */
	int64_t at;     /* `before` of the next request; 0: this walk has not begun */
	int64_t newest; /* that this walk has seen */
	int64_t n_empty, n_pages;
	bool is_wide; /* a page reached further than a window: an empty one is the end */
};

static void walk_load(struct arena *a, struct text state, struct walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct walk){ 0 };
	if (state.len > 0 && jx_parse(a, state, &v, &doc, NULL)) {
		ret->known = jx_i64_or(v, "known", 0);
		ret->at = jx_i64_or(v, "at", 0);
		ret->newest = jx_i64_or(v, "newest", 0);
		ret->n_empty = jx_i64_or(v, "empty", 0);
		ret->n_pages = jx_i64_or(v, "pages", 0);
		ret->is_wide = jx_bool_or(v, "wide", false);
		jx_release(&doc);
	}
}

static struct text walk_save(struct arena *a, const struct walk *w)
{
	if (w->at == 0) {
		return text_printf(a, "{\"known\":%lld}", (long long)w->known);
	}
	return text_printf(a,
			   "{\"known\":%lld,\"at\":%lld,\"newest\":%lld,\"empty\":%lld,\"pages\":%"
			   "lld,\"wide\":%s}",
			   (long long)w->known, (long long)w->at, (long long)w->newest,
			   (long long)w->n_empty, (long long)w->n_pages,
			   w->is_wide ? "true" : "false");
}

static void walk_end(struct walk *w)
{
	int64_t newest = w->newest > w->known ? w->newest : w->known;

	*w = (struct walk){ .known = newest };
}

/* A page came. False when the walk is over. */
static bool walk_step(struct walk *w, enum op op, struct wall since,
		      const struct discourse_item *items, size_t n, bool *ret_hole)
{
	int64_t least = 0, most = 0, next;
	bool is_old = n > 0 && wall_is_set(since);

	for (size_t i = 0; i < n; i++) {
		int64_t id = items[i].id;

		least = id > 0 && (least == 0 || id < least) ? id : least;
		most = id > most ? id : most;
		is_old = is_old && wall_is_set(items[i].at) && wall_before(items[i].at, since);
	}
	w->newest = most > w->newest ? most : w->newest;
	w->is_wide = w->is_wide || (least > 0 && (w->at > 0 ? w->at : most) - least >= WINDOW);
	/* With windows, ids have gaps as wide as what we may not see: then an empty page is no end. */
	next = least > 0 ? least - 1 : w->at - WINDOW;
	w->n_empty = least > 0 ? 0 : w->n_empty + 1;
	if (w->at > 0 && least > w->at) {
		*ret_hole = op == OP_POLL && w->known > 0; /* gives its first page for ever */
		return false;
	}
	if (next <= 0 || is_old || (w->is_wide && least == 0) ||
	    (op == OP_POLL && w->known > 0 && next <= w->known) ||
	    (w->n_empty >= EMPTY_MOST && (op == OP_SWEEP || w->known == 0)) ||
	    ++w->n_pages > WALK_MOST) {
		return false;
	}
	w->at = next;
	return true;
}

/* ---- asking ---- */

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct strbuf b;
	struct walk w;

	walk_load(ctx->arena, q->state, &w);
	discourse_url_start(ctx, &b,
			    is_private_source(q->source) ? "/private-posts.json" : "/posts.json");
	if (w.at > 0) {
		strbuf_printf(&b, "?before=%lld", (long long)w.at);
	}
	return discourse_url_finish(ctx, &b, ret, err);
}

static bool ask_identify(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct text name = connector_option(ctx, "username");
	struct strbuf b;

	discourse_url_start(ctx, &b, "/u/");
	strbuf_add_url(&b, text_lower_ascii(ctx->arena, name));
	strbuf_add_str(&b, ".json");
	return discourse_url_finish(ctx, &b, ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	switch (q->op) {
	case OP_IDENTIFY: return ask_identify(ctx, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD:
	case OP_LOOKUP: return discourse_thread_ask(ctx, q, ret, err);
	case OP_RECHECK: return discourse_recheck_ask(ctx, q, ret, err);
	case OP_REPLY: return discourse_reply_ask(ctx, q, ret, err);
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "discourse does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

static bool digest_identify(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v, user;
	int64_t id;

	if (r->status == 404 && !page_is_html(r)) {
		return err_set(err, ERR_AUTH,
			       "the forum has no user of that name (404): is `username` right?");
	}
	if (!discourse_check(ctx, r, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	user = jx_get(v, "user");
	id = jx_i64_or(user, "id", 0);
	ret->own_handle =
		text_clip(jx_text_or(ctx->arena, user, "username", TEXT_NONE), LIMIT_NAME_BYTES);
	ret->own_name =
		text_clip(jx_text_or(ctx->arena, user, "name", TEXT_NONE), LIMIT_NAME_BYTES);
	jx_release(&doc);
	if (id <= 0) {
		return err_set(err, ERR_DATA, "the forum does not say who we are: no user id");
	}
	ret->own_id = text_printf(ctx->arena, "%lld", (long long)id);
	return true;
}

/* Of a page that is larger than we read, the posts that came whole: it cannot be asked for in parts. */
static struct text whole_part(struct arena *a, struct text body)
{
	static const struct text mark = { "},{\"id\":", 8 };
	char *copy = arena_alloc(a, body.len + 4);
	struct text page;
	int n_tries = 0;

	memcpy(copy, body.at, body.len);
	for (size_t at = body.len; at-- > 0 && n_tries < TRIES_MOST;) {
		if (text_starts(text_slice(body, at, mark.len), mark)) {
			n_tries++;
			copy[at] = copy[at + 2] = '}';
			copy[at + 1] = ']';
			/* Lists inside of a post have ids, too: only behind a whole post does all close. */
			if (jx_scan((struct text){ copy, at + 3 }, &page, NULL)) {
				return page;
			}
			memcpy(copy + at, body.at + at, body.len - at < 3 ? body.len - at : 3);
		}
	}
	return TEXT_NONE;
}

static bool list_find(const struct connector_ctx *ctx, const struct response *r, struct text *page,
		      struct text *ret, bool *ret_private, struct err *err)
{
	if (r->is_cut) {
		*page = whole_part(ctx->arena, r->body);
	}
	if ((!r->is_cut || page->len == 0) && !page_scan(r, page, err)) {
		return false;
	}
	if (jx_slice_kind(*page) == '{' && jx_member(*page, TEXT("private_posts"), ret)) {
		*ret_private = true;
		return true;
	}
	return (jx_slice_kind(*page) == '{' && jx_member(*page, TEXT("latest_posts"), ret)) ||
	       err_set(err, ERR_DATA, "the answer is no list of posts");
}

/* One post alone, as it may be recorded. */
static bool digest_recorded(const struct connector_ctx *ctx, const struct question *q,
			    struct text page, struct outcome *ret)
{
	struct discourse_list list = { .is_private = is_private_source(q->source) };
	struct discourse_item item;
	struct text inner;

	if (jx_slice_kind(page) != '{' || !jx_member(page, TEXT("post_number"), &inner)) {
		return false;
	}
	discourse_post_add(ctx, &list, page, ret, &item);
	return true;
}

static bool digest_source(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct discourse_list list = { .is_private = is_private_source(q->source) };
	struct discourse_item *items;
	struct text page = TEXT_NONE, posts = TEXT_NONE, *slices;
	struct walk w;
	size_t n;

	if (list.is_private && r->status == 403 && !page_is_html(r)) {
		ret->missing = TEXT("the key may not read private messages");
		ret->state = q->op == OP_POLL ? q->state : TEXT_NONE;
		return true;
	}
	if (!discourse_check(ctx, r, err)) {
		return false;
	}
	if (!list_find(ctx, r, &page, &posts, &list.is_private, err)) {
		return digest_recorded(ctx, q, page, ret);
	}
	if (!jx_elements(ctx->arena, posts, &slices, &n, err)) {
		return false;
	}
	items = ARENA_ARRAY(ctx->arena, struct discourse_item, n);
	for (size_t i = 0; i < n; i++) {
		discourse_post_add(ctx, &list, slices[i], ret, &items[i]);
	}
	walk_load(ctx->arena, q->state, &w);
	ret->is_more = walk_step(&w, q->op, q->since, items, n, &ret->has_hole);
	if (!ret->is_more) {
		walk_end(&w);
	}
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = walk_save(ctx->arena, &w);
	}
	return true;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return digest_identify(ctx, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return digest_source(ctx, q, r, ret, err);
	case OP_THREAD: return discourse_thread_digest(ctx, q, r, ret, err);
	case OP_RECHECK: return discourse_recheck_digest(ctx, q, r, ret, err);
	case OP_REPLY: return discourse_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return discourse_lookup_digest(ctx, q, r, ret, err);
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "discourse does not do '%s'", op_name(q->op));
}

const struct connector connector_discourse = {
	.name = "discourse",
	.about = "Discourse forums: topics, answers, private messages",
	.needs = "an API key of one user (admin pages, API), which may read and write posts, topics, "
		 "private messages and that user",
	.sources = "posts, everything said on the forum that our user may see, and directs, private "
		   "messages: both are always read",
	.always = always,
	.options = options,
	.can = {
		.hears = "mention comment reply direct post",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = true,
		.search = false,
		.is_time_authors = false,
		.history = "all of it",
		.answers = "mention comment reply direct post",
		.idempotency = NULL,
		.key_valid_s = 0,
		.settle_s = 10,
		.lookup = true,
		.max_length = DISCOURSE_TEXT_MOST,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = 1,
		.budget_requests = 60,
		.budget_window_s = 60,
		.rhythm = "30s",
	},
	.measure = discourse_measure,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
