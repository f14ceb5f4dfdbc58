/* X (once Twitter), by its interface v2: who mentions us and answers us, our own posts, searches, direct messages.
 *
 * An answer to a post of ours that leaves our name out is in no list of mentions: `search:to:HANDLE` brings those, too.
 * Reading costs money: each post that is given is charged once a day (outcome.read_price). So walks are asked
 * with since_id, and an empty answer is the usual one. Lists: x_walk.h; posts and their versions: x_post.h;
 * threads and what is gone: x_thread.h; replies: x_reply.h; who lets us in, and refusals: x_session.h. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "x_post.h"
#include "x_reply.h"
#include "x_session.h"
#include "x_thread.h"
#include "x_walk.h"

#define PAGE_MOST     100
#define QUERY_BYTES   512  /* of a search, for those who are no enterprise */
#define MENTION_PRICE 1000 /* in millionths of a dollar */
#define POST_PRICE    5000
#define DIRECT_PRICE  10000
#define MENTIONS_MOST 700  /* the list of mentions ends after about 800 */
#define OWN_MOST      3000 /* and our own after 3200 */

static const char *const always[] = { "mentions", "own", "directs", NULL };

static const struct connector_option options[] = {
	{ "server", "Address of the interface, https://api.x.com where nothing is said.", false },
	{ "oauth", "Address that makes sessions, SERVER/2/oauth2/token where nothing is said.",
	  false },
	{ "consent",
	  "Address where a person lets us in, https://x.com/i/oauth2/authorize where nothing is "
	  "said.",
	  false },
	{ "answers_all",
	  "`yes` where X lets this app answer whoever it likes (enterprise); else only posts that "
	  "name us or quote a post of ours take an answer.",
	  false },
	{ NULL, NULL, false },
};

/* ---- sources ---- */

enum source_kind { SOURCE_MENTIONS, SOURCE_OWN, SOURCE_DIRECTS, SOURCE_SEARCH };

static const struct source {
	const char *name, *token_name;
	struct x_list list;
	int least;
	int64_t price;
} sources[] = {
	[SOURCE_MENTIONS] = { "mentions",
			      "pagination_token",
			      { true, false, MENTIONS_MOST },
			      5,
			      MENTION_PRICE },
	[SOURCE_OWN] = { "own", "pagination_token", { true, false, OWN_MOST }, 5, POST_PRICE },
	[SOURCE_DIRECTS] = { "directs", "pagination_token", { false, false, 0 }, 1, DIRECT_PRICE },
	[SOURCE_SEARCH] = { "search:", "next_token", { true, true, 0 }, 10, POST_PRICE },
};

static bool source_parse(struct text name, enum source_kind *ret, struct text *ret_query,
			 struct err *err)
{
	*ret_query = TEXT_NONE;
	for (int i = SOURCE_MENTIONS; i <= SOURCE_DIRECTS; i++) {
		if (text_eq(name, text_of(sources[i].name))) {
			*ret = (enum source_kind)i;
			return true;
		}
	}
	if (!text_starts(name, TEXT("search:"))) {
		return err_set(err, ERR_CONFIG,
			       "x has the sources mentions, own, directs and search:QUERY, not "
			       "'%.*s'",
			       TEXT_ARG(text_clip(name, 60)));
	}
	*ret = SOURCE_SEARCH;
	*ret_query = text_trim(text_slice(name, 7, SIZE_MAX));
	return (ret_query->len > 0 && ret_query->len <= QUERY_BYTES) ||
	       err_set(err, ERR_CONFIG,
		       "'search:' is followed by a query of X (acme OR \"acme shop\"), up to %d "
		       "bytes",
		       QUERY_BYTES);
}

static bool check_source(struct text name, struct err *err)
{
	enum source_kind kind = SOURCE_MENTIONS;
	struct text query;

	return source_parse(name, &kind, &query, err);
}

/* Mentions that their list does not reach any more are searched for by our name, below the last one that it showed. */
static enum source_kind source_now(enum source_kind kind, const struct x_walk *w)
{
	return kind == SOURCE_MENTIONS && w->is_search ? SOURCE_SEARCH : kind;
}

/* ---- asking ---- */

static void add_time(struct strbuf *b, struct wall at)
{
	char when[WALL_TEXT_BYTES];

	(void)wall_format(at, when);
	strbuf_add_str(b, "&start_time=");
	strbuf_add_url(b, (struct text){ when, 19 });
	strbuf_add_byte(b, 'Z');
}

/* From where on: an id while we know one, else a time, where the list can be told. */
static void add_since(const struct connector_ctx *ctx, const struct question *q,
		      const struct x_list *list, const struct x_walk *w, struct strbuf *b)
{
	struct wall week = wall_add(ctx->now, DUR_S(-(7 * 86400 - X_WEEK_SPARE_S)));
	bool is_lost;
	struct text since = x_walk_since(ctx, w, list, &is_lost);

	if (!list->has_since) {
		return;
	}
	if (since.len > 0 && w->n_broken == 0) {
		x_url_add(b, "since_id", since);
	} else if (wall_is_set(q->since) && !(list->is_week && wall_before(q->since, week))) {
		add_time(b, q->since);
	}
}

static void add_path(const struct connector_ctx *ctx, enum source_kind kind, struct strbuf *b)
{
	switch (kind) {
	case SOURCE_MENTIONS:
	case SOURCE_OWN:
		x_url_start(ctx, b, "/2/users/");
		strbuf_add_url(b, ctx->own_id);
		strbuf_add_str(b, kind == SOURCE_OWN ? "/tweets" : "/mentions");
		break;
	case SOURCE_DIRECTS: x_url_start(ctx, b, "/2/dm_events"); break;
	case SOURCE_SEARCH: x_url_start(ctx, b, "/2/tweets/search/recent"); break;
	}
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	enum source_kind kind = SOURCE_MENTIONS;
	const struct source *s;
	struct text query;
	struct strbuf b;
	struct x_walk w;
	int size;

	if (!source_parse(q->source, &kind, &query, err)) {
		return false;
	}
	if (ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "X has not said yet who we are");
	}
	x_walk_load(ctx->arena, q->state, &w);
	if (source_now(kind, &w) != kind) {
		kind = SOURCE_SEARCH;
		query = text_printf(ctx->arena, "@%.*s", TEXT_ARG(ctx->own_handle));
	}
	s = &sources[kind];
	add_path(ctx, kind, &b);
	size = page_size(q, PAGE_MOST);
	x_url_add(&b, "max_results",
		  text_printf(ctx->arena, "%d", size < s->least ? s->least : size));
	if (kind == SOURCE_DIRECTS) {
		x_url_add(&b, "event_types", TEXT("MessageCreate"));
		x_url_add(&b, "dm_event.fields", text_of(x_words_of(ctx)->dm_fields));
		x_url_add(&b, "expansions", TEXT("participant_ids,sender_id"));
		x_url_add(&b, "user.fields", TEXT("name,username"));
	} else {
		x_url_add_fields(ctx, &b);
	}
	if (kind == SOURCE_SEARCH) {
		x_url_add(&b, "query", query);
	}
	if (w.is_search) {
		x_url_add(&b, "until_id", w.lowest);
	}
	add_since(ctx, q, &s->list, &w, &b);
	if (w.next.len > 0) {
		x_url_add(&b, s->token_name, w.next);
	}
	return x_url_finish(ctx, &b, HTTP_GET, TEXT_NONE, ret, err);
}

static bool ask_identify(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct strbuf b;

	x_url_start(ctx, &b, "/2/users/me");
	x_url_add(&b, "user.fields", TEXT("name,username"));
	return x_url_finish(ctx, &b, HTTP_GET, TEXT_NONE, ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	*ret = (struct request){ .method = HTTP_GET };
	switch (q->op) {
	case OP_IDENTIFY: return ask_identify(ctx, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD: return x_thread_ask(ctx, q, ret, err);
	case OP_RECHECK: return x_recheck_ask(ctx, q, ret, err);
	case OP_REPLY: return x_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return x_lookup_ask(ctx, q, ret, err);
	case OP_REFRESH: return x_refresh_ask(ctx, ret, err);
	case OP_CONNECT: return x_connect_ask(ctx, q->granting, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "x does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

/* Direct messages have a small budget of their own (15 in 15 minutes): this source is asked so that a fifth of it
 * is left for replies, and the others do not wait for it. */
static void pace_directs(const struct connector_ctx *ctx, const struct response *r,
			 struct outcome *ret)
{
	struct rate rate = x_rate(r);
	int64_t left = rate.remaining - rate.limit / 5;

	ret->rate = (struct rate){ 0 };
	if (!rate.is_known || rate.limit <= 0 || !wall_before(ctx->now, rate.reset_at)) {
		return;
	}
	ret->next_at =
		left > 0 ? wall_add(ctx->now, DUR_US(wall_since(ctx->now, rate.reset_at).us / left))
			 : rate.reset_at;
}

/* Asked in a form that X does not take now. True: answered. */
static bool is_form_refused(const struct connector_ctx *ctx, const struct response *r,
			    struct x_walk *w, struct outcome *ret)
{
	if (x_is_wrong_word(ctx, r) && x_words_turn(ctx, w->n_broken == 0, ret)) {
		w->n_broken = 1;
		ret->state = x_walk_save(ctx->arena, w);
		ret->is_more = true;
		return true;
	}
	if (r->status == 400 && w->n_broken == 0 && (w->next.len > 0 || w->since.len > 0)) {
		/* The token of this page, or the id, is no longer good: once more from the beginning. */
		*w = (struct x_walk){ .since = w->since,
				      .n_broken = 1,
				      .lowest = w->is_search ? w->lowest : TEXT_NONE,
				      .is_search = w->is_search };
		ret->state = x_walk_save(ctx->arena, w);
		ret->is_more = true;
		return true;
	}
	return false;
}

/* The token may not read direct messages: told, and the source is silent. No error, for the account is well. */
static bool is_without_directs(const struct connector_ctx *ctx, const struct question *q,
			       const struct response *r, struct outcome *ret)
{
	struct x_facts f;

	if (r->status != 403 || page_is_html(r) || x_is_broke(r)) {
		return false;
	}
	x_facts_load(ctx, &f);
	if (!f.has_no_directs) { /* told once, not at every poll */
		f.has_no_directs = true;
		ret->facts = x_facts_save(ctx->arena, &f);
		ret->missing = TEXT("dm.read, to hear direct messages");
	}
	ret->state = q->op == OP_POLL ? q->state : TEXT_NONE;
	return true;
}

/* This app may not search: the gap stays, and nobody asks for ever. */
static bool is_search_refused(const struct x_walk *w, const struct response *r, struct outcome *ret)
{
	if (!w->is_search || (r->status != 400 && r->status != 403 && r->status != 404) ||
	    x_is_broke(r)) {
		return false;
	}
	ret->has_hole = true;
	return true;
}

static void gap_step(const struct connector_ctx *ctx, const struct question *q,
		     const struct x_walk *before, const struct x_page *page, struct x_walk *w,
		     struct outcome *ret)
{
	struct text lowest = page->last.len > 0 ? page->last : before->lowest;
	bool is_within =
		!wall_before(q->since, wall_add(ctx->now, DUR_S(-7 * 86400 + X_WEEK_SPARE_S)));

	w->is_search = before->is_search;
	w->lowest = before->is_search ? before->lowest : lowest;
	if (ret->is_more || ret->has_hole) {
		return;
	}
	if (before->is_search || before->n_read + (int64_t)page->n < MENTIONS_MOST) {
		/* All since then was shown, be it little. */
		ret->is_jumbled = !before->is_search || is_within;
	} else if (lowest.len > 0 && ctx->own_handle.len > 0) {
		w->is_search = ret->is_more = true;
		w->since = before->since;
	}
}

/* Behind a page that was read: where the walk goes on, and what it cannot have seen. is_lost: the id that it knew is too old to be asked from. */
static void walk_on(const struct connector_ctx *ctx, const struct question *q,
		    enum source_kind kind, bool is_lost, struct x_walk *w,
		    const struct x_page *page, struct outcome *ret)
{
	const struct x_walk before = *w;
	bool is_first = w->next.len == 0;
	bool is_without_since = w->n_broken > 0 && w->since.len > 0; /* X did not take it */

	ret->is_more = x_walk_step(ctx, w, &sources[kind].list, page, q->since, &ret->has_hole);
	if (is_first && (is_lost || (is_without_since && kind == SOURCE_SEARCH))) {
		ret->has_hole = true;
	}
	ret->has_hole = ret->has_hole && q->op == OP_POLL;
	if (q->is_gap && text_eq(q->source, TEXT("mentions"))) {
		gap_step(ctx, q, &before, page, w, ret);
	}
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = x_walk_save(ctx->arena, w);
	}
}

static bool digest_source(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	enum source_kind kind = SOURCE_MENTIONS;
	struct x_reading how;
	struct x_page page;
	struct text body, query;
	struct x_walk w;
	bool is_lost;

	(void)source_parse(q->source, &kind, &query, NULL); /* a recording may come without one */
	how = (struct x_reading){ .is_search = kind == SOURCE_SEARCH, .keeps_stale = true };
	x_walk_load(ctx->arena, q->state, &w);
	kind = source_now(kind, &w);
	(void)x_walk_since(ctx, &w, &sources[kind].list, &is_lost);
	ret->read_price = sources[kind].price;
	if (is_form_refused(ctx, r, &w, ret) ||
	    (kind == SOURCE_DIRECTS && is_without_directs(ctx, q, r, ret))) {
		return true;
	}
	if (is_search_refused(&w, r, ret)) {
		return true;
	}
	if (!x_check(ctx, r, ret, err)) {
		if (kind == SOURCE_DIRECTS) {
			pace_directs(ctx, r, ret);
			ret->next_at = err != NULL && err->kind == ERR_LIMITED ? err->not_before
									       : ret->next_at;
		}
		return false;
	}
	if (kind == SOURCE_DIRECTS) {
		pace_directs(ctx, r, ret);
	}
	if (!page_scan(r, &body, err) || !x_page_read(ctx, &how, body, ret, &page, err)) {
		return false;
	}
	if (page.n > 0 && page.n_bare == page.n && kind != SOURCE_DIRECTS && ctx->own_id.len > 0 &&
	    x_words_turn(ctx, /* is_again= */ false, ret)) {
		/* Nothing of what was asked for came: X did not understand our words for it. */
		ret->n_messages = ret->n_bad = 0;
		ret->state = q->state;
		ret->is_more = true;
		return true;
	}
	walk_on(ctx, q, kind, is_lost, &w, &page, ret);
	return true;
}

static bool digest_identify(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v, data;

	if (!x_check(ctx, r, ret, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	ret->rate = (struct rate){ 0 }; /* who we are has a small budget of its own */
	data = jx_get(v, "data");
	ret->own_id = page_id_or_none(ctx->arena, data, "id");
	ret->own_handle =
		text_clip(jx_text_or(ctx->arena, data, "username", TEXT_NONE), LIMIT_NAME_BYTES);
	ret->own_name =
		text_clip(jx_text_or(ctx->arena, data, "name", TEXT_NONE), LIMIT_NAME_BYTES);
	jx_release(&doc);
	ret->missing = x_missing(ctx);
	return ret->own_id.len > 0 || err_set(err, ERR_DATA, "X does not say who we are: no id");
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return digest_identify(ctx, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return digest_source(ctx, q, r, ret, err);
	case OP_THREAD: return x_thread_digest(ctx, q, r, ret, err);
	case OP_RECHECK: return x_recheck_digest(ctx, q, r, ret, err);
	case OP_REPLY: return x_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return x_lookup_digest(ctx, q, r, ret, err);
	case OP_REFRESH: return x_refresh_digest(ctx, r, ret, err);
	case OP_CONNECT: return x_connect_digest(ctx, r, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "x does not do '%s'", op_name(q->op));
}

const struct connector connector_x = {
	.name = "x",
	.about = "X (once Twitter): mentions, replies, searches, direct messages that are not encrypted",
	.needs = "an app of X with prepaid credits (reading and posting cost money: see `monthly_reads` and `monthly_usd`), and a user "
		 "token of the account: `token` is CLIENT ID:CLIENT SECRET with `answerd connect`, or the "
		 "four keys of OAuth 1.0a, CONSUMER KEY:CONSUMER SECRET:TOKEN:TOKEN SECRET",
	.sources = "mentions, own and directs are always read; search:QUERY (X's own words, seven days back)",
	.always = always,
	.options = options,
	.rights = x_rights,
	.authorize = x_authorize,
	.can = {
		.hears = "mention reply direct post",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = true,
		.search = true,
		.is_time_authors = false,
		.history = "about 800 mentions; seven days of searches and threads; 30 days of direct messages",
		.answers = "mention reply direct",
		.named_only = "X takes an answer only where the customer names us or quotes a post of ours, "
			      "and this one does neither",
		.named_only_lifted_by = "answers_all",
		.idempotency = NULL,
		.key_valid_s = 0,
		.settle_s = 0,
		.lookup = true,
		.max_length = X_POST_MOST,
		.length_unit = LENGTH_WEIGHTED,
		.recheck_batch = X_RECHECK_BATCH,
		.page_most = PAGE_MOST,
		.budget_requests = 300,
		.budget_window_s = 900,
		.needs_session = true,
		.is_redirect_exact = true,
		.are_ids_global = true,
		.reading_costs = true,
		.rhythm = "2m",
	},
	.measure = x_measure,
	.post_price = x_post_price,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
