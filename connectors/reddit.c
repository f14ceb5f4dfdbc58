/* Reddit: mentions, what answers our comments and posts, private messages; subreddits and words that are watched.
 *
 * Lists are newest first, about a thousand deep, and are read from the top each time: an anchor ("before") gives nothing
 * for ever once what it names is deleted. A walk ends at something known. Elements: reddit_thing.h; trees and what is gone:
 * reddit_thread.h; replies: reddit_reply.h; who lets us in: reddit_session.h. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "reddit_reply.h"
#include "reddit_session.h"
#include "reddit_thing.h"
#include "reddit_thread.h"

#define PAGE_MOST    100
#define KNOWN        25
#define ADRIFT_LEAST 5   /* known things: fewer may all have been taken back */
#define DEEP_LEAST   900 /* a list that ends after so many ends because Reddit shows no more */
#define MOST_PAGES   60
#define NAME_MOST    21 /* of a subreddit */

static const char *const always[] = { "inbox", "own", "sent", NULL };

static const struct connector_option options[] = {
	{ "server", "Address of the interface, https://oauth.reddit.com where nothing is said.",
	  false },
	{ "oauth",
	  "Address that makes sessions, https://www.reddit.com/api/v1/access_token where nothing "
	  "is "
	  "said.",
	  false },
	{ "consent",
	  "Address where a person lets us in, https://www.reddit.com/api/v1/authorize where "
	  "nothing "
	  "is said.",
	  false },
	{ "username",
	  "The Reddit account that answers for this program: Reddit wants to know it with the "
	  "first "
	  "question already.",
	  false },
	{ NULL, NULL, false },
};

/* ---- sources ---- */

static bool is_subreddit(struct text name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		      c == '_')) {
			return false;
		}
	}
	return name.len >= 2 && name.len <= NAME_MOST;
}

/* What follows the colon of "posts:NAME", "comments:NAME" and "search:WORDS". */
static struct text rest_of(struct text source)
{
	struct text head, rest;

	(void)text_cut(source, ':', &head, &rest);
	return text_trim(rest);
}

static bool check_source(struct text name, struct err *err)
{
	struct text rest = rest_of(name);

	for (size_t i = 0; always[i] != NULL; i++) {
		if (text_eq(name, text_of(always[i]))) {
			return true;
		}
	}
	if (text_starts(name, TEXT("posts:")) || text_starts(name, TEXT("comments:"))) {
		return is_subreddit(rest) ||
		       err_set(err, ERR_CONFIG,
			       "'posts:' and 'comments:' are followed by the name of a subreddit, "
			       "without r/");
	}
	if (text_starts(name, TEXT("search:"))) {
		return (rest.len > 0 && rest.len <= 200) ||
		       err_set(err, ERR_CONFIG, "'search:' is followed by words, up to 200 bytes");
	}
	return err_set(err, ERR_CONFIG,
		       "reddit has the sources inbox, own, sent, posts:SUBREDDIT, "
		       "comments:SUBREDDIT and search:WORDS, not '%.*s'",
		       TEXT_ARG(text_clip(name, 60)));
}

static bool is_watch(struct text source)
{
	return text_find(source, TEXT(":"), 0) != SIZE_MAX;
}

/* ---- walks ---- */

struct names {
	struct text at[KNOWN];
	size_t n;
};

struct walk {
	struct names known; /* newest of the last finished walk */
	/* of an unfinished walk */
	struct names fresh;
	struct text after, turtle;
	int64_t n_pages, n_read;
};

static bool names_have(const struct names *names, struct text name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (text_eq(names->at[i], name)) {
			return true;
		}
	}
	return false;
}

static void names_add(struct names *names, struct text name)
{
	if (names->n < KNOWN && reddit_is_name(name, 0) && !names_have(names, name)) {
		names->at[names->n++] = name;
	}
}

static void names_load(struct arena *a, struct jx list, struct names *ret)
{
	struct text name;

	for (size_t i = 0; i < jx_len(list); i++) {
		if (jx_as_text(a, jx_at(list, i), &name)) {
			names_add(ret, name);
		}
	}
}

static void walk_load(struct arena *a, struct text state, struct walk *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk;

	*ret = (struct walk){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	names_load(a, jx_get(v, "known"), &ret->known);
	walk = jx_get(v, "walk");
	names_load(a, jx_get(walk, "fresh"), &ret->fresh);
	ret->after = jx_text_or(a, walk, "after", TEXT_NONE);
	ret->turtle = jx_text_or(a, walk, "turtle", TEXT_NONE);
	ret->n_pages = jx_i64_or(walk, "pages", 0);
	ret->n_read = jx_i64_or(walk, "read", 0);
	jx_release(&doc);
	if (!reddit_is_name(ret->after, 0)) {
		ret->after = TEXT_NONE;
	}
}

static void names_save(struct strbuf *b, const char *name, const struct names *names)
{
	strbuf_printf(b, "\"%s\":[", name);
	for (size_t i = 0; i < names->n; i++) {
		strbuf_printf(b, "%s\"%.*s\"", i > 0 ? "," : "", TEXT_ARG(names->at[i]));
	}
	strbuf_add_byte(b, ']');
}

static struct text walk_save(struct arena *a, const struct walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_add_byte(&b, '{');
	names_save(&b, "known", &w->known);
	if (w->after.len > 0) {
		strbuf_printf(&b,
			      ",\"walk\":{\"after\":\"%.*s\",\"pages\":%d,\"read\":%d,\"turtle\":"
			      "\"%.*s\",",
			      TEXT_ARG(w->after), (int)w->n_pages, (int)w->n_read,
			      TEXT_ARG(w->turtle));
		names_save(&b, "fresh", &w->fresh);
		strbuf_add_byte(&b, '}');
	}
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

static bool is_any_known(const struct walk *w, const struct reddit_page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		if (page->items[i].name.len > 0 && names_have(&w->known, page->items[i].name)) {
			return true;
		}
	}
	return false;
}

static bool are_all_before(const struct reddit_page *page, struct wall since)
{
	for (size_t i = 0; i < page->n; i++) {
		if (!wall_is_set(page->items[i].at) || !wall_before(page->items[i].at, since)) {
			return false;
		}
	}
	return page->n > 0 && wall_is_set(since);
}

static void walk_end(struct walk *w)
{
	for (size_t i = 0; i < w->known.n; i++) {
		names_add(&w->fresh, w->known.at[i]);
	}
	*w = (struct walk){ .known = w->fresh };
}

/* False when the walk is over. */
static bool walk_step(struct walk *w, const struct reddit_page *page, struct wall since,
		      struct outcome *ret)
{
	bool is_met = is_any_known(w, page), is_old = are_all_before(page, since);
	bool is_circle = page->after.len > 0 &&
			 (text_eq(page->after, w->after) || text_eq(page->after, w->turtle) ||
			  w->n_pages >= MOST_PAGES);

	if (w->after.len == 0) {
		w->fresh = (struct names){ 0 };
		for (size_t i = 0; i < page->n; i++) {
			names_add(&w->fresh, page->items[i].name);
		}
	}
	w->n_read += (int64_t)page->n;
	if (is_met || is_old || is_circle || page->after.len == 0) {
		bool is_lost = w->known.n > 0 && !is_met && !is_old;

		ret->has_hole = is_lost && (is_circle || w->n_read >= DEEP_LEAST);
		ret->is_adrift = is_lost && !ret->has_hole && w->known.n >= ADRIFT_LEAST;
		walk_end(w);
		return false;
	}
	w->n_pages++;
	if ((w->n_pages & (w->n_pages - 1)) == 0) { /* Brent: the turtle waits at powers of two */
		w->turtle = page->after;
	}
	w->after = page->after;
	return true;
}

/* ---- asking ---- */

static void path_add(const struct connector_ctx *ctx, struct text source, struct strbuf *b)
{
	struct text rest = rest_of(source);

	if (text_eq(source, TEXT("inbox"))) {
		reddit_url_start(ctx, b, "/message/inbox?mark=false");
	} else if (text_eq(source, TEXT("sent"))) {
		reddit_url_start(ctx, b, "/message/sent?mark=false");
	} else if (text_eq(source, TEXT("own"))) {
		reddit_url_start(ctx, b, "/user/");
		strbuf_add_url(b, ctx->own_id);
		strbuf_add_str(b, "/overview?sort=new");
	} else if (text_starts(source, TEXT("search:"))) {
		reddit_url_start(ctx, b, "/search?sort=new&type=link&t=all&q=");
		strbuf_add_url(b, rest);
	} else {
		reddit_url_start(ctx, b, "/r/");
		strbuf_add_url(b, rest);
		strbuf_add_str(b, text_starts(source, TEXT("posts:")) ? "/new?" : "/comments?");
		strbuf_add_str(b, "sort=new");
	}
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct strbuf b;
	struct walk w;

	if (!check_source(q->source, err)) {
		return false;
	}
	if (ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "Reddit has not said yet who we are");
	}
	walk_load(ctx->arena, q->state, &w);
	path_add(ctx, q->source, &b);
	strbuf_printf(&b, "&limit=%d", page_size(q, PAGE_MOST));
	if (w.after.len > 0) {
		strbuf_printf(&b, "&count=%d&after=%.*s", (int)w.n_read, TEXT_ARG(w.after));
	}
	return reddit_url_finish(ctx, &b, ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	struct strbuf b;

	*ret = (struct request){ .method = HTTP_GET };
	switch (q->op) {
	case OP_IDENTIFY:
		reddit_url_start(ctx, &b, "/api/v1/me");
		return reddit_url_finish(ctx, &b, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD: return reddit_thread_ask(ctx, q, ret, err);
	case OP_RECHECK: return reddit_recheck_ask(ctx, q, ret, err);
	case OP_REPLY: return reddit_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return reddit_lookup_ask(ctx, q, ret, err);
	case OP_REFRESH: return reddit_refresh_ask(ctx, ret, err);
	case OP_CONNECT: return reddit_connect_ask(ctx, q->granting, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "reddit does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

static bool digest_source(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct reddit_page page;
	struct text body;
	struct walk w;

	walk_load(ctx->arena, q->state, &w);
	if (!reddit_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !reddit_page_read(ctx, is_watch(q->source), body, ret, &page, err)) {
		return false;
	}
	ret->is_more = walk_step(&w, &page, q->since, ret);
	ret->has_hole = ret->has_hole && q->op == OP_POLL;
	ret->is_adrift = ret->is_adrift && q->op == OP_POLL;
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = walk_save(ctx->arena, &w);
	}
	return true;
}

static bool digest_identify(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v;

	if (!reddit_check(ctx, r, ret, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	ret->own_id = page_id_or_none(ctx->arena, v, "name");
	ret->own_handle = ret->own_name = text_clip(ret->own_id, LIMIT_NAME_BYTES);
	jx_release(&doc);
	ret->missing = reddit_missing(ctx);
	return ret->own_id.len > 0 ||
	       err_set(err, ERR_DATA, "Reddit does not say who we are: no name");
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return digest_identify(ctx, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return digest_source(ctx, q, r, ret, err);
	case OP_THREAD: return reddit_thread_digest(ctx, q, r, ret, err);
	case OP_RECHECK: return reddit_recheck_digest(ctx, q, r, ret, err);
	case OP_REPLY: return reddit_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return reddit_lookup_digest(ctx, q, r, ret, err);
	case OP_REFRESH: return reddit_refresh_digest(ctx, r, ret, err);
	case OP_CONNECT: return reddit_connect_digest(ctx, r, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "reddit does not do '%s'", op_name(q->op));
}

const struct connector connector_reddit = {
	.name = "reddit",
	.about = "Reddit: mentions, answers to our posts and comments, private messages, subreddits and words",
	.needs = "an app of Reddit whose access to the data API Reddit has approved (businesses need a "
		 "contract); `token` is CLIENT ID:CLIENT SECRET with `answerd connect`, or with :REFRESH "
		 "TOKEN behind it",
	.sources = "inbox, own and sent are always read; posts:SUBREDDIT, comments:SUBREDDIT, search:WORDS",
	.always = always,
	.options = options,
	.rights = reddit_rights,
	.authorize = reddit_authorize,
	.can = {
		.hears = "mention comment reply direct post",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = true,
		.search = true,
		.is_time_authors = false,
		.history = "about a thousand of each list",
		.answers = "mention comment reply direct post",
		.idempotency = NULL,
		.key_valid_s = 0,
		.settle_s = 0,
		.lookup = true,
		.max_length = REDDIT_TEXT_MOST,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = REDDIT_RECHECK_BATCH,
		.page_most = PAGE_MOST,
		.budget_requests = 600,
		.budget_window_s = 600,
		.needs_session = true,
		.is_redirect_exact = true,
		.are_ids_global = true,
		.rhythm = "60s",
	},
	.measure = reddit_measure,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
