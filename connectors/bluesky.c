/* Bluesky: every account through its own server (PDS) and that server's view of the network. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "bluesky_chat.h"
#include "bluesky_reply.h"
#include "bluesky_session.h"
#include "bluesky_thread.h"
#include "bluesky_walk.h"

static const char *const always[] = { "mentions", "own", "directs", NULL };

static const struct connector_option options[] = {
	{ "identifier", "The account's handle or DID, to sign in with; `token` is an app password.",
	  true },
	{ NULL, NULL, false },
};

/* ---- sources ---- */

enum source_kind { SOURCE_MENTIONS, SOURCE_OWN, SOURCE_DIRECTS, SOURCE_SEARCH };

static bool source_parse(struct text name, enum source_kind *ret, struct text *ret_words,
			 struct err *err)
{
	if (text_eq(name, TEXT("mentions"))) {
		*ret = SOURCE_MENTIONS;
		return true;
	}
	if (text_eq(name, TEXT("own"))) {
		*ret = SOURCE_OWN;
		return true;
	}
	if (text_eq(name, TEXT("directs"))) {
		*ret = SOURCE_DIRECTS;
		return true;
	}
	if (!text_starts(name, TEXT("search:"))) {
		return err_set(
			err, ERR_CONFIG,
			"bluesky has the sources mentions, own, directs and search:words, not "
			"'%.*s'",
			(int)(name.len < 60 ? name.len : 60), name.at != NULL ? name.at : "");
	}
	*ret_words = text_trim(text_slice(name, 7, SIZE_MAX));
	if (ret_words->len == 0 || ret_words->len > 200) {
		return err_set(err, ERR_CONFIG, "'search:' is followed by words, up to 200 bytes");
	}
	*ret = SOURCE_SEARCH;
	return true;
}

static bool check_source(struct text name, struct err *err)
{
	enum source_kind kind = SOURCE_MENTIONS;
	struct text words;

	return source_parse(name, &kind, &words, err);
}

/* ---- asking ---- */

static bool source_url(const struct connector_ctx *ctx, const struct question *q,
		       enum source_kind kind, struct text words, struct strbuf *b, struct err *err)
{
	static const char *const methods[] = {
		[SOURCE_MENTIONS] = "app.bsky.notification.listNotifications",
		[SOURCE_OWN] = "app.bsky.feed.getAuthorFeed",
		[SOURCE_SEARCH] = "app.bsky.feed.searchPosts",
	};
	struct bluesky_session s;

	if (!bluesky_url_start(ctx, b, methods[kind], err)) {
		return false;
	}
	strbuf_printf(b, "?limit=%d", page_size(q, BLUESKY_PAGE_MOST));
	if (kind == SOURCE_OWN) {
		(void)bluesky_session_load(ctx, &s); /* start has seen it */
		strbuf_add_str(b, "&filter=posts_with_replies&actor=");
		strbuf_add_url(b, ctx->own_id.len > 0 ? ctx->own_id : s.did);
	} else if (kind == SOURCE_SEARCH) {
		strbuf_add_str(b, "&sort=latest&q=");
		strbuf_add_url(b, words);
	}
	return true;
}

/* All of one millisecond: who named us, or what we said. */
static bool detour_url(const struct connector_ctx *ctx, const struct question *q,
		       enum source_kind kind, const struct detour *d, struct request *ret,
		       struct err *err)
{
	char since[WALL_TEXT_BYTES], until[WALL_TEXT_BYTES];
	struct strbuf b;

	(void)wall_format(d->at, since);
	(void)wall_format(wall_add(d->at, DUR_MS(1)), until);
	if (!bluesky_url_start(ctx, &b, "app.bsky.feed.searchPosts", err)) {
		return false;
	}
	strbuf_printf(&b, "?limit=%d&sort=latest", page_size(q, BLUESKY_PAGE_MOST));
	strbuf_printf(&b, "&since=%.23sZ&until=%.23sZ&q=", since, until);
	if (d->is_plain) {
		strbuf_add_url(&b, text_printf(ctx->arena, "@%.*s", TEXT_ARG(ctx->own_handle)));
	} else {
		strbuf_add_str(&b, kind == SOURCE_OWN ? "*&author=" : "*&mentions=");
		strbuf_add_url(&b, ctx->own_id);
	}
	if (d->cursor.len > 0) {
		strbuf_add_str(&b, "&cursor=");
		strbuf_add_url(&b, d->cursor);
	}
	return bluesky_url_finish(ctx, &b, ret, err);
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct text words = TEXT_NONE;
	enum source_kind kind = SOURCE_MENTIONS;
	struct strbuf b;
	struct flow f;

	if (!source_parse(q->source, &kind, &words, err)) {
		return false;
	}
	if (kind == SOURCE_DIRECTS) {
		return bluesky_chat_ask(ctx, q, ret, err);
	}
	flow_load(ctx->arena, q->state, &f);
	if (f.is_detour) {
		return detour_url(ctx, q, kind, &f.detour, ret, err);
	}
	if (!source_url(ctx, q, kind, words, &b, err)) {
		return false;
	}
	if (f.cursor.len > 0) {
		strbuf_add_str(&b, "&cursor=");
		strbuf_add_url(&b, f.cursor);
	}
	return bluesky_url_finish(ctx, &b, ret, err);
}

static bool ask_identify(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct strbuf b;

	return bluesky_url_start(ctx, &b, "com.atproto.server.getSession", err) &&
	       bluesky_url_finish(ctx, &b, ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	switch (q->op) {
	case OP_IDENTIFY: return ask_identify(ctx, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD: return bluesky_thread_ask(ctx, q, ret, err);
	case OP_RECHECK: return bluesky_recheck_ask(ctx, q, ret, err);
	case OP_REPLY: return bluesky_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return bluesky_lookup_ask(ctx, q, ret, err);
	case OP_REFRESH: return bluesky_refresh_ask(ctx, q, ret, err);
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "bluesky does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

static bool digest_identify(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	struct jx_doc *doc = NULL;
	struct text page;
	struct jx v;

	if (!bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, err) ||
	    !page_scan(r, &page, err) || !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	ret->own_id = jx_text_or(ctx->arena, v, "did", TEXT_NONE);
	ret->own_handle =
		text_clip(jx_text_or(ctx->arena, v, "handle", TEXT_NONE), LIMIT_NAME_BYTES);
	ret->own_name = ret->own_handle;
	ret->missing = bluesky_chat_missing(ctx);
	jx_release(&doc);
	if (!page_is_id(ret->own_id)) {
		ret->own_id = TEXT_NONE;
		return err_set(err, ERR_DATA, "the server does not say who we are: no did");
	}
	return true;
}

/* A cursor that the server does not take any more: from the top again, to where we were. */
static bool is_cursor_refused(const struct response *r, const struct flow *f, const struct err *why)
{
	return r->status == 400 && f->cursor.len > 0 && why->kind == ERR_DATA;
}

/* A page of the detour. Only a limit or an ended session stops it; any other refusal leaves a hole,
 * and the walk goes on: a search that is down must not keep us from listening. */
static bool digest_detour(const struct connector_ctx *ctx, const struct question *q, struct flow *f,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	bool can_plain = text_eq(q->source, TEXT("mentions")) && ctx->own_handle.len > 0;
	struct text page, cursor = TEXT_NONE;
	struct bluesky_item *items = NULL;
	struct err why = { 0 };
	bool is_read = false;
	size_t n = 0;

	if (!bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, &why)) {
		if (why.kind == ERR_LIMITED || ret->needs_refresh) {
			if (err != NULL) {
				*err = why;
			}
			return false;
		}
		can_plain = false;
	} else {
		is_read = page_scan(r, &page, &why) &&
			  bluesky_list_read(ctx, /* is_search= */ false, NULL, page, ret, &items,
					    &n, &why);
	}
	if (is_read) {
		cursor = bluesky_slice_text(ctx->arena, page, TEXT("cursor"));
	}
	(void)flow_detour_step(f, items, n, cursor, can_plain); /* the walk goes on in any case */
	ret->has_hole = !f->is_detour && (f->has_hole || !is_read);
	ret->state = flow_save(ctx->arena, f);
	ret->is_more = true;
	return true;
}

/* One element that is too large to be read: it is told, and the walk looks for a way behind it. */
static void blind_step(const struct connector_ctx *ctx, const struct question *q, struct flow *f,
		       const struct response *r, struct outcome *ret)
{
	if (f->leap_s == 0) {
		outcome_add_bad(
			ctx->arena, ret, r->body, TEXT_NONE,
			"a message over 2 MiB, which is not read, nor what is around it: see "
			"it on the platform");
		ret->has_hole = true;
	}
	ret->is_more = flow_leap(ctx->arena, f, ctx->now);
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = flow_save(ctx->arena, f);
	}
}

static bool digest_list(const struct connector_ctx *ctx, const struct question *q,
			const struct response *r, struct outcome *ret, struct err *err)
{
	bool is_search = text_starts(q->source, TEXT("search:"));
	struct bluesky_item *items;
	struct text page;
	struct err why = { 0 };
	struct flow f;
	size_t n;

	flow_load(ctx->arena, q->state, &f);
	if (f.is_detour) {
		return digest_detour(ctx, q, &f, r, ret, err);
	}
	if (!bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, &why)) {
		if (!is_cursor_refused(r, &f, &why)) {
			if (err != NULL) {
				*err = why;
			}
			return false;
		}
		f = (struct flow){ .was_walked = f.was_walked, .high = f.high };
		ret->state = q->op == OP_POLL ? flow_save(ctx->arena, &f) : TEXT_NONE;
		return true;
	}
	if (r->is_cut && q->page_limit == 1) {
		blind_step(ctx, q, &f, r, ret);
		return true;
	}
	if (!page_scan(r, &page, err)) {
		return false;
	}
	if (q->source.len == 0 && bluesky_tree_read(ctx, page, ret, NULL)) {
		return true; /* a recording of a thread */
	}
	if (!bluesky_list_read(ctx, is_search, NULL, page, ret, &items, &n, err)) {
		return false;
	}
	ret->is_more = flow_step(ctx->arena, &f, flow_stop(&f, q->since, q->op == OP_SWEEP),
				 ctx->now, items, n, q->page_limit,
				 bluesky_slice_text(ctx->arena, page, TEXT("cursor")));
	if (f.has_hole && !is_search && ctx->own_id.len > 0) {
		(void)flow_detour(&f); /* not yet lost: the search may know the rest */
	}
	ret->has_hole = f.has_hole;
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = flow_save(ctx->arena, &f);
	}
	return true;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	static const struct page_rate_names rate_names = {
		{ "RateLimit-Limit", 15 },
		{ "RateLimit-Remaining", 19 },
		{ "RateLimit-Reset", 15 },
	};

	*ret = (struct outcome){ .rate = page_rate(r, &rate_names) };
	switch (q->op) {
	case OP_IDENTIFY: return digest_identify(ctx, r, ret, err);
	case OP_POLL:
	case OP_SWEEP:
		return text_eq(q->source, TEXT("directs"))
			       ? bluesky_chat_digest(ctx, q, r, ret, err)
			       : digest_list(ctx, q, r, ret, err);
	case OP_THREAD: return bluesky_thread_digest(ctx, q, r, ret, err);
	case OP_RECHECK: return bluesky_recheck_digest(ctx, q, r, ret, err);
	case OP_REPLY: return bluesky_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return bluesky_lookup_digest(ctx, q, r, ret, err);
	case OP_REFRESH: return bluesky_refresh_digest(ctx, q, r, ret, err);
	case OP_CONNECT:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "bluesky does not do '%s'", op_name(q->op));
}

const struct connector connector_bluesky = {
	.name = "bluesky",
	.about = "Bluesky: mentions, replies, quotes, direct messages, searches",
	.needs = "a handle or DID and an app password (Settings; tick direct messages to read them)",
	.sources = "mentions, own and directs are always read; search:words (#tags too) hears what is "
		   "said about us",
	.always = always,
	.options = options,
	.can = {
		.hears = "mention reply direct post",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = true,
		.search = true,
		.is_time_authors = true,
		.history = "all notifications that the server still keeps; own posts without end",
		.answers = "mention reply direct post",
		.idempotency = "a record key of our own choice: the same post twice is one; none of "
			       "direct messages",
		.key_valid_s = INT64_MAX,
		.direct_key_valid_s = 0,
		.settle_s = 5,
		.lookup = true,
		.max_length = 300,
		.length_unit = LENGTH_GRAPHEMES,
		.recheck_batch = 25,
		.page_most = BLUESKY_PAGE_MOST,
		.budget_requests = 3000,
		.budget_window_s = 300,
		.anonymous_search = false,
		.needs_session = true,
		.are_ids_global = true,
		.edits_words = "yes (re-creation)",
	},
	.measure = bluesky_measure,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
