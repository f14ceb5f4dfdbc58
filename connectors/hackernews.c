/* Hacker News: words that are watched, our own stories and comments, and what is said in those stories. It has no way to write, so
 * answers are written in the browser.
 *
 * Lists come from the search (Algolia), newest first, with a real lower bound by time; a question shows a thousand hits at most, so a longer
 * walk is cut by time. Its index may be behind: each walk begins an hour early. Single items come from the official interface, which knows
 * what was deleted. Elements: hackernews_item.h. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "hackernews_item.h"

#define SEARCH        TEXT("https://hn.algolia.com")
#define ITEMS         TEXT("https://hacker-news.firebaseio.com")
#define PAGE_MOST     100
#define HITS_MOST     1000 /* of one question */
#define OVERLAP_S     3600
#define RECHECK_BATCH 10 /* each is a request */
#define MOST_CUTS     400

static const char *const always[] = { NULL };

static const struct connector_option options[] = {
	{ "server", "Address of the search, https://hn.algolia.com where nothing is said.", false },
	{ "items",
	  "Address of the official interface, https://hacker-news.firebaseio.com where nothing is "
	  "said.",
	  false },
	{ "username", "Our own name there: its stories and comments are ours.", false },
	{ NULL, NULL, false },
};

static bool check_source(struct text name, struct err *err)
{
	struct text words = text_trim(text_slice(name, 7, SIZE_MAX));

	if (text_eq(name, TEXT("own")) || text_eq(name, TEXT("comments"))) {
		return true;
	}
	return (text_starts(name, TEXT("search:")) && words.len > 0 && words.len <= 200 &&
		text_find(words, TEXT("\""), 0) == SIZE_MAX) ||
	       err_set(err, ERR_CONFIG,
		       "hackernews has the sources search:WORDS (up to 200 bytes, without "
		       "quotation "
		       "marks), own and comments, not '%.*s'",
		       TEXT_ARG(text_clip(name, 60)));
}

static struct text words_of(struct text source)
{
	return text_starts(source, TEXT("search:")) ? text_trim(text_slice(source, 7, SIZE_MAX))
						    : TEXT_NONE;
}

static bool is_comments(struct text source)
{
	return text_eq(source, TEXT("comments"));
}

/* ---- walks ---- */

struct walk {
	int64_t known_s; /* time of the newest of the last finished walk; 0: none was */
	/* of an unfinished walk */
	bool is_walking;
	int64_t from_s, until_s, page, newest_s, n_cuts;
	struct text *stories; /* of "comments": whose comments are asked for */
	size_t n_stories;
};

static int64_t seconds(struct jx v, const char *name)
{
	int64_t s = jx_i64_or(v, name, 0);

	return s > 0 && s < INT64_C(253402300800) ? s : 0;
}

static void walk_load(struct arena *a, struct text state, struct walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk, list;

	*ret = (struct walk){ .stories = ARENA_ARRAY(a, struct text, 30) };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->known_s = seconds(v, "known");
	walk = jx_get(v, "walk");
	ret->is_walking = jx_is_object(walk);
	ret->from_s = seconds(walk, "from");
	ret->until_s = seconds(walk, "until");
	ret->newest_s = seconds(walk, "newest");
	ret->page = jx_i64_or(walk, "page", 0);
	ret->n_cuts = jx_i64_or(walk, "cuts", 0);
	list = jx_get(walk, "stories");
	for (size_t i = 0; i < jx_len(list) && ret->n_stories < 30; i++) {
		ret->n_stories += jx_as_text(a, jx_at(list, i), &ret->stories[ret->n_stories]) &&
				  hackernews_is_id(ret->stories[ret->n_stories]);
	}
	jx_release(&doc);
	if (ret->page < 0 || ret->page > HITS_MOST) {
		*ret = (struct walk){ .known_s = ret->known_s, .stories = ret->stories };
	}
}

static struct text walk_save(struct arena *a, const struct walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"known\":%lld", (long long)w->known_s);
	if (w->is_walking) {
		strbuf_printf(&b,
			      ",\"walk\":{\"cuts\":%d,\"from\":%lld,\"newest\":%lld,\"page\":%d,"
			      "\"until\":%lld,\"stories\":[",
			      (int)w->n_cuts, (long long)w->from_s, (long long)w->newest_s,
			      (int)w->page, (long long)w->until_s);
		for (size_t i = 0; i < w->n_stories; i++) {
			strbuf_printf(&b, "%s\"%.*s\"", i > 0 ? "," : "", TEXT_ARG(w->stories[i]));
		}
		strbuf_add_str(&b, "]}");
	}
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

/* The bounds of a walk stand from its first question on. */
static void walk_begin(const struct connector_ctx *ctx, const struct question *q, struct walk *w)
{
	int64_t since = q->since.us / 1000000, now = ctx->now.us / 1000000;

	if (w->is_walking) {
		return;
	}
	w->from_s = since > 0 ? since : 1;
	if (q->op == OP_POLL && w->known_s > 0) {
		w->from_s = (w->known_s < now ? w->known_s : now) - OVERLAP_S;
	}
	w->until_s = 0;
}

static int size_of(const struct question *q)
{
	return page_size(q, PAGE_MOST);
}

/* False when the walk is over. */
static bool walk_step(struct walk *w, const struct hackernews_page *page, int size,
		      struct outcome *ret)
{
	bool is_another = page->page >= 0 && page->page != w->page;
	bool is_last = page->n == 0 || (page->n_pages >= 0 && w->page + 1 >= page->n_pages);
	bool is_full = (w->page + 1) * size >= HITS_MOST ||
		       (is_last && page->n_hits > (w->page + 1) * size);

	w->newest_s = page->newest_s > w->newest_s ? page->newest_s : w->newest_s;
	if (is_full && page->n > 0 && !is_another && w->n_cuts < MOST_CUTS) {
		/* A thousand were shown: go on below the oldest of them. */
		int64_t below = page->oldest_s > 0 ? page->oldest_s : w->until_s;

		ret->has_hole = w->until_s > 0 && below >= w->until_s;
		w->until_s = ret->has_hole ? w->until_s - 1 : below;
		w->page = 0;
		w->n_cuts++;
		w->is_walking = true;
		return w->until_s >= w->from_s;
	}
	if (is_last || is_another || is_full) {
		ret->has_hole = is_another || (is_full && !is_last);
		return false;
	}
	w->page++;
	w->is_walking = true;
	return true;
}

static void walk_end(const struct connector_ctx *ctx, struct walk *w)
{
	int64_t now = ctx->now.us / 1000000;
	int64_t newest = w->newest_s > now ? now : w->newest_s;

	*w = (struct walk){ .known_s = newest > w->known_s ? newest : w->known_s };
}

/* ---- asking ---- */

static void url_start(struct strbuf *b, struct text server, struct text otherwise, const char *path)
{
	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, server.len > 0 ? server : otherwise);
	strbuf_add_str(b, path);
}

static bool url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
		       struct err *err)
{
	bool is_full = b->is_full;

	*ret = (struct request){ .method = HTTP_GET, .url = text_dup(ctx->arena, strbuf_text(b)) };
	strbuf_done(b);
	return !is_full ||
	       err_set(err, ERR_DATA, "the address would be longer than %d bytes", LIMIT_URL_BYTES);
}

static void tags_add(const struct connector_ctx *ctx, const struct question *q,
		     const struct walk *w, struct strbuf *b)
{
	struct text own = connector_option(ctx, "username"), words = words_of(q->source);
	scoped(strbuf_done) struct strbuf tags = { .max_bytes = LIMIT_URL_BYTES };

	if (words.len > 0) {
		strbuf_add_str(&tags, "(story,comment,poll)");
		strbuf_add_str(b, "&typoTolerance=false&advancedSyntax=true&query=");
		strbuf_add_url(b, text_printf(ctx->arena, "\"%.*s\"", TEXT_ARG(words)));
	} else if (w->n_stories > 0) {
		strbuf_add_str(&tags, "comment,(");
		for (size_t i = 0; i < w->n_stories; i++) {
			strbuf_printf(&tags, "%sstory_%.*s", i > 0 ? "," : "",
				      TEXT_ARG(w->stories[i]));
		}
		strbuf_add_str(&tags, ")");
	} else {
		strbuf_printf(&tags, "(story,comment,poll),author_%.*s", TEXT_ARG(own));
	}
	strbuf_add_str(b, "&tags=");
	strbuf_add_url(b, strbuf_text(&tags));
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	bool is_list_of_ours;
	struct strbuf b;
	struct walk w;

	if (!check_source(q->source, err)) {
		return false;
	}
	if (words_of(q->source).len == 0 && connector_option(ctx, "username").len == 0) {
		return err_set(err, ERR_CONFIG, "own and comments need `username`");
	}
	walk_load(ctx->arena, q->state, &w);
	walk_begin(ctx, q, &w);
	is_list_of_ours = is_comments(q->source) && w.n_stories == 0;
	url_start(&b, ctx->server, SEARCH, "/api/v1/search_by_date?hitsPerPage=");
	strbuf_printf(&b, "%d&page=%d", size_of(q), (int)w.page);
	tags_add(ctx, q, &w, &b);
	if (!is_list_of_ours) { /* which stories are ours is asked without a time */
		struct text filter =
			text_printf(ctx->arena, "created_at_i>=%lld", (long long)w.from_s);

		strbuf_add_str(&b, "&numericFilters=");
		strbuf_add_url(&b, w.until_s > 0
					   ? text_printf(ctx->arena, "%.*s,created_at_i<=%lld",
							 TEXT_ARG(filter), (long long)w.until_s)
					   : filter);
	}
	return url_finish(ctx, &b, ret, err);
}

static bool ask_item(const struct connector_ctx *ctx, bool is_official, struct text id,
		     struct request *ret, struct err *err)
{
	struct strbuf b;

	if (is_official) {
		url_start(&b, connector_option(ctx, "items"), ITEMS, "/v0/item/");
		strbuf_add(&b, id);
		strbuf_add_str(&b, ".json");
	} else {
		url_start(&b, ctx->server, SEARCH, "/api/v1/items/");
		strbuf_add(&b, id);
	}
	return url_finish(ctx, &b, ret, err);
}

/* The subject that is due in a RECHECK; the state is how many are done. */
static bool recheck_load(const struct question *q, size_t *ret_at)
{
	int64_t n = 0;

	(void)num_parse_range(q->state, 0, RECHECK_BATCH, &n); /* unreadable: from the beginning */
	for (*ret_at = (size_t)n; *ret_at < q->n_subjects && *ret_at < RECHECK_BATCH; ++*ret_at) {
		if (hackernews_is_id(q->subjects[*ret_at])) {
			return true;
		}
	}
	return false;
}

static struct text subject_of(const struct question *q)
{
	return q->n_subjects > 0 && hackernews_is_id(q->subjects[0]) ? q->subjects[0] : TEXT_NONE;
}

/* The state of a THREAD: who is asked, or from which id on a large one is read. */
#define STATE_OFFICIAL TEXT("official")

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	size_t at;

	*ret = (struct request){ .method = HTTP_GET };
	switch (q->op) {
	case OP_IDENTIFY: return true; /* the configuration says who we are */
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD:
		return subject_of(q).len == 0 ||
		       ask_item(ctx, text_eq(q->state, STATE_OFFICIAL), subject_of(q), ret, err);
	case OP_RECHECK:
		return !recheck_load(q, &at) || ask_item(ctx, true, q->subjects[at], ret, err);
	case OP_REPLY:
	case OP_LOOKUP:
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "hackernews does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

static bool digest_source(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct hackernews_page page;
	struct text body;
	struct walk w;

	walk_load(ctx->arena, q->state, &w);
	walk_begin(ctx, q, &w);
	if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &body, err) ||
	    !hackernews_page_read(ctx, words_of(q->source), body, ret, &page, err)) {
		return false;
	}
	if (is_comments(q->source) && w.n_stories == 0 && page.n_stories > 0) {
		/* Which stories we are in is known: now what is said in them. */
		memcpy(w.stories, page.stories, page.n_stories * sizeof(page.stories[0]));
		w.n_stories = page.n_stories;
		w.is_walking = ret->is_more = true;
	} else if (is_comments(q->source) && w.n_stories == 0) {
		walk_end(ctx, &w);
	} else {
		ret->is_more = walk_step(&w, &page, size_of(q), ret);
		ret->has_hole = ret->has_hole && q->op == OP_POLL;
		if (!ret->is_more) {
			walk_end(ctx, &w);
		}
	}
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = walk_save(ctx->arena, &w);
	}
	return true;
}

/* "null" is what the official interface says of what it never had. */
static bool digest_item(const struct connector_ctx *ctx, struct text id, const struct response *r,
			int64_t after, struct outcome *ret, int64_t *ret_last, struct err *err)
{
	struct text body;

	*ret_last = 0;
	if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &body, err)) {
		return false;
	}
	if (jx_slice_kind(body) == '0') {
		outcome_add_gone(ctx->arena, ret, id);
		return true;
	}
	return hackernews_item_read(ctx, after, body, ret, ret_last, err);
}

static bool digest_thread(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct text id = subject_of(q);
	int64_t after = 0, last;

	if (id.len == 0) {
		return true;
	}
	if (q->state.len == 0 && r->status == 404) { /* not in the index (yet): ask who knows */
		ret->state = STATE_OFFICIAL;
		ret->is_more = true;
		return true;
	}
	(void)num_parse_range(q->state, 1, INT64_MAX, &after); /* unreadable: from the beginning */
	if (!digest_item(ctx, id, r, after, ret, &last, err)) {
		return false;
	}
	if (last >
	    after) { /* more than one page of messages may hold: the same again, from there on */
		ret->state = text_printf(ctx->arena, "%lld", (long long)last);
		ret->is_more = true;
	}
	return true;
}

static bool digest_recheck(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct question next = *q;
	int64_t last;
	size_t at;

	if (!recheck_load(q, &at)) {
		return true;
	}
	if (!digest_item(ctx, q->subjects[at], r, 0, ret, &last, err)) {
		return false;
	}
	next.state = text_printf(ctx->arena, "%d", (int)at + 1);
	ret->is_more = at + 1 < RECHECK_BATCH && recheck_load(&next, &at);
	ret->state = ret->is_more ? next.state : TEXT_NONE;
	return true;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY:
		ret->own_id = ret->own_handle = ret->own_name = connector_option(ctx, "username");
		return true;
	case OP_POLL:
	case OP_SWEEP: return digest_source(ctx, q, r, ret, err);
	case OP_THREAD: return digest_thread(ctx, q, r, ret, err);
	case OP_RECHECK: return digest_recheck(ctx, q, r, ret, err);
	case OP_REPLY:
	case OP_LOOKUP:
	case OP_REFRESH:
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "hackernews does not do '%s'", op_name(q->op));
}

const struct connector connector_hackernews = {
	.name = "hackernews",
	.about = "Hacker News: words that are watched, and what is said below our own stories and comments",
	.needs = "nothing; `username` is our own name there, where we have one",
	.sources = "search:WORDS; own and comments (what we said, and what is said in those stories) with `username`",
	.always = always,
	.options = options,
	.can = {
		.hears = "comment reply post",
		.reply = false,
		.edits = true,
		.deletions = true,
		.direct = false,
		.search = true,
		.is_time_authors = false,
		.history = "everything that the search has",
		.idempotency = NULL,
		.max_length = 0,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = RECHECK_BATCH,
		.page_most = PAGE_MOST,
		.budget_requests = 8000,
		.budget_window_s = 3600,
		.are_ids_global = true,
		.is_open = true,
		.why_no_reply = "Hacker News takes nothing from programs: answer in the browser, answerd will "
				"see it",
		.rhythm = "2m",
	},
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
