/* YouTube, by its Data API v3: comments below our own videos, their replies, and what is held back
 * for us to judge.
 *
 * A question costs one unit of the Google project's 10,000 a day, a reply 50; so we ask every two
 * minutes, a page of a hundred threads at once, and replies only of threads whose number has
 * changed (youtube_walk.h). Threads in which somebody speaks to us are read on by THREAD, one unit
 * each. Elements: youtube_comment.h; replies: youtube_reply.h. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "google.h"
#include "youtube_comment.h"
#include "youtube_reply.h"
#include "youtube_thread.h"
#include "youtube_walk.h"

#define RECHECK_BATCH 50
#define OVERLAP_S     7200

static const char *const always[] = { "comments", "held", NULL };

static const struct connector_option options[] = {
	{ "server", "Address of the interface, https://www.googleapis.com where nothing is said.",
	  false },
	{ "oauth", GOOGLE_ABOUT_OAUTH, false },
	{ NULL, NULL, false },
};

static const struct connector_right rights[] = {
	{ "https://www.googleapis.com/auth/youtube.force-ssl",
	  "to read comments, also those that are held back, and to answer them" },
	{ NULL, NULL },
};

/* ---- sources ---- */

struct place {
	const char *parameter; /* of commentThreads */
	struct text value;
	const char *held; /* "heldForReview", "likelySpam"; NULL: what everybody sees */
};

static bool place_of(const struct connector_ctx *ctx, struct text source, struct place *ret)
{
	struct text id = text_slice(source, sizeof("video:") - 1, SIZE_MAX);

	*ret = (struct place){ .parameter = "allThreadsRelatedToChannelId", .value = ctx->own_id };
	if (text_eq(source, TEXT("held"))) {
		ret->held = "heldForReview";
	} else if (text_eq(source, TEXT("spam"))) {
		ret->held = "likelySpam";
	} else if (text_starts(source, YOUTUBE_VIDEO) && youtube_is_id(id)) {
		*ret = (struct place){ .parameter = "videoId", .value = id };
	} else if (text_starts(source, TEXT("post:"))) {
		id = text_slice(source, sizeof("post:") - 1, SIZE_MAX);
		*ret = (struct place){ .parameter = "postId", .value = id };
		return youtube_is_id(id);
	} else {
		return text_eq(source, TEXT("comments"));
	}
	return true;
}

static bool check_source(struct text name, struct err *err)
{
	struct connector_ctx nobody = { 0 };
	struct place p;

	return place_of(&nobody, name, &p) ||
	       err_set(err, ERR_CONFIG,
		       "youtube has the sources comments and held, which are always read, spam, "
		       "video:ID and post:ID, not '%.*s'",
		       TEXT_ARG(text_clip(name, 60)));
}

/* ---- walks ---- */

static struct wall walk_from(const struct connector_ctx *ctx, const struct question *q,
			     const struct place *p, const struct youtube_walk *w)
{
	struct wall known = wall_before(ctx->now, w->known) ? ctx->now : w->known;

	if (w->next.len > 0 || w->due.n > 0) {
		return w->from;
	}
	if (p->held != NULL) {
		return (struct wall){ 0 }; /* it is a short list, and all of it is compared */
	}
	return q->op == OP_SWEEP || !wall_is_set(known) ? q->since
							: wall_add(known, DUR_S(-OVERLAP_S));
}

static void ids_add(struct strbuf *b, const struct text *ids, size_t n)
{
	strbuf_add_str(b, "&id=");
	for (size_t i = 0; i < n; i++) {
		strbuf_printf(b, "%s%.*s", i > 0 ? "," : "", TEXT_ARG(ids[i]));
	}
}

static size_t due_batch(const struct youtube_walk *w)
{
	return w->due.n < RECHECK_BATCH ? w->due.n : RECHECK_BATCH;
}

static void due_add(const struct question *q, const struct place *p, const struct youtube_walk *w,
		    struct strbuf *b)
{
	struct text ids[RECHECK_BATCH];

	if (p->held != NULL) {
		for (size_t i = 0; i < due_batch(w); i++) {
			ids[i] = w->due.at[i].id;
		}
		ids_add(b, ids, due_batch(w));
		return;
	}
	youtube_url_add(b, "parentId", w->due.at[0].id);
	strbuf_printf(b, "&maxResults=%d", page_size(q, YOUTUBE_PAGE_MOST));
	if (w->token.len > 0) {
		youtube_url_add(b, "pageToken", w->token);
	}
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct youtube_walk *w = ARENA_NEW(ctx->arena, struct youtube_walk);
	struct strbuf b;
	struct place p;

	if (!place_of(ctx, q->source, &p)) {
		return check_source(q->source, err);
	}
	if (p.value.len == 0) {
		return err_set(err, ERR_RETRY, "YouTube has not said yet which channel is ours");
	}
	youtube_walk_load(ctx->arena, q->state, w);
	if (w->due.n > 0) {
		youtube_url_start(ctx, &b, "comments?part=snippet" YOUTUBE_PLAIN);
		due_add(q, &p, w, &b);
		return google_url_finish(ctx, &b, ret, err);
	}
	youtube_url_start(ctx, &b, "commentThreads?part=snippet,replies&order=time" YOUTUBE_PLAIN);
	youtube_url_add(&b, p.parameter, p.value);
	strbuf_printf(&b, "&maxResults=%d", page_size(q, YOUTUBE_PAGE_MOST));
	if (p.held != NULL) {
		youtube_url_add(&b, "moderationStatus", text_of(p.held));
	}
	if (w->next.len > 0) {
		youtube_url_add(&b, "pageToken", w->next);
	}
	return google_url_finish(ctx, &b, ret, err);
}

static void walk_keep(const struct connector_ctx *ctx, const struct question *q,
		      struct youtube_walk *w, struct outcome *ret)
{
	ret->is_more = youtube_walk_goes_on(w);
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = youtube_walk_save(ctx->arena, w);
	}
}

static void gone_add(const struct connector_ctx *ctx, const struct text *ids, size_t n,
		     const struct outcome *found, struct outcome *ret)
{
	for (size_t i = 0; i < n; i++) {
		bool is_there = false;

		for (size_t k = 0; k < found->n_messages && !is_there; k++) {
			is_there = text_eq(found->messages[k].external_id, ids[i]);
		}
		for (size_t k = 0; k < found->n_bad && !is_there; k++) {
			is_there = text_eq(found->bad[k].external_id, ids[i]) ||
				   found->bad[k].external_id.len == 0;
		}
		if (!is_there) {
			outcome_add_gone(ctx->arena, ret, ids[i]);
		}
	}
}

/* An answer about ids: what is missing in it is gone. */
static bool ids_digest(const struct connector_ctx *ctx, const struct text *ids, size_t n,
		       const struct response *r, struct outcome *ret, struct err *err)
{
	struct youtube_page page;
	struct text body;

	if (!google_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !youtube_page_read(ctx, body, ret, &page, err)) {
		return false;
	}
	if (page.n > n) {
		return err_set(err, ERR_DATA, "the answer is not about what we asked");
	}
	gone_add(ctx, ids, n, ret, ret);
	return true;
}

static bool digest_due(const struct connector_ctx *ctx, const struct question *q,
		       const struct place *p, struct youtube_walk *w, const struct response *r,
		       struct outcome *ret, struct err *err)
{
	struct text ids[RECHECK_BATCH], body;
	struct youtube_page page;

	if (p->held != NULL) {
		for (size_t i = 0; i < due_batch(w); i++) {
			ids[i] = w->due.at[i].id;
		}
		if (!ids_digest(ctx, ids, due_batch(w), r, ret, err)) {
			return false;
		}
		youtube_walk_drop(w, due_batch(w));
	} else if (youtube_is_out_of_reach(r) ||
		   r->status == 400) { /* also a token that has ended */
		youtube_walk_drop(w, 1);
	} else {
		if (!google_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
		    !youtube_page_read(ctx, body, ret, &page, err)) {
			return false;
		}
		youtube_walk_below(w, page.next);
	}
	walk_keep(ctx, q, w, ret);
	return true;
}

static void seen_add(struct youtube_walk *w, const struct outcome *o)
{
	for (size_t i = 0; i < o->n_messages; i++) {
		if (w->seen.n < YOUTUBE_HELD_MOST && o->messages[i].warning.len > 0) {
			w->seen.at[w->seen.n++] =
				(struct youtube_count){ .id = o->messages[i].external_id };
		}
	}
}

/* Whoever asks for what is held back knows that all of it is, whether or not each says so. */
static void held_mark(struct arena *a, struct outcome *o)
{
	for (size_t i = 0; i < o->n_messages; i++) {
		if (o->messages[i].kind == MESSAGE_COMMENT && o->messages[i].warning.len == 0) {
			youtube_hold(a, &o->messages[i], TEXT("awaiting moderation"));
		}
	}
}

static bool digest_source(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct youtube_walk *w = ARENA_NEW(ctx->arena, struct youtube_walk);
	struct youtube_page page;
	bool is_circle;
	struct place p;
	struct text body;

	if (!place_of(ctx, q->source, &p)) { /* a recording, of any source */
		(void)place_of(ctx, TEXT("comments"), &p);
	}
	youtube_walk_load(ctx->arena, q->state, w);
	if (w->due.n > 0) {
		return digest_due(ctx, q, &p, w, r, ret, err);
	}
	if (r->status == 400 && w->next.len > 0 && w->n_broken == 0) {
		/* The token of this page is no longer good: once more from the beginning. */
		w->next = w->turtle = TEXT_NONE;
		w->seen.n = 0;
		w->n_pages = 0;
		w->n_broken = 1;
		ret->state = youtube_walk_save(ctx->arena, w);
		ret->is_more = true;
		return true;
	}
	if (r->status == 403 && google_says(r, TEXT("commentsDisabled"))) {
		return err_set(err, ERR_GONE, "comments are switched off there (403)");
	}
	if (!google_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
	    !youtube_page_read(ctx, body, ret, &page, err)) {
		return false;
	}
	if (p.held != NULL) {
		held_mark(ctx->arena, ret);
		seen_add(w, ret);
	}
	youtube_walk_step(w, &page, walk_from(ctx, q, &p, w), p.held == NULL && q->op == OP_POLL,
			  &is_circle);
	if (p.held != NULL && w->is_last && !is_circle && q->op == OP_POLL) {
		youtube_walk_compare(w);
	}
	ret->has_hole = is_circle && q->op == OP_POLL;
	walk_keep(ctx, q, w, ret);
	return true;
}

/* ---- re-check ---- */

static size_t recheck_load(const struct question *q, struct text *ids)
{
	struct text thread;
	size_t n = 0;

	for (size_t i = 0; i < q->n_subjects && n < RECHECK_BATCH; i++) {
		if (youtube_id_cut(q->subjects[i], &thread)) {
			ids[n++] = q->subjects[i];
		}
	}
	return n;
}

static bool ask_recheck(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct text ids[RECHECK_BATCH];
	size_t n = recheck_load(q, ids);
	struct strbuf b;

	if (n == 0) {
		return true;
	}
	youtube_url_start(ctx, &b, "comments?part=snippet" YOUTUBE_PLAIN);
	ids_add(&b, ids, n);
	return google_url_finish(ctx, &b, ret, err);
}

/* Only edits are told: by its id no comment says whether it is held back. */
static void edits_keep(struct outcome *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->n_messages; i++) {
		if (wall_is_set(o->messages[i].edited_at)) {
			o->messages[kept++] = o->messages[i];
		}
	}
	o->n_messages = kept;
}

static bool digest_recheck(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct text ids[RECHECK_BATCH];
	size_t n = recheck_load(q, ids);

	if (n > 0 && !ids_digest(ctx, ids, n, r, ret, err)) {
		return false;
	}
	edits_keep(ret);
	return true;
}

/* ---- who we are ---- */

static bool ask_identify(const struct connector_ctx *ctx, struct request *ret, struct err *err)
{
	struct strbuf b;

	youtube_url_start(ctx, &b, "channels?part=snippet&mine=true");
	return google_url_finish(ctx, &b, ret, err);
}

static bool digest_identify(const struct connector_ctx *ctx, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	struct text page, list, *slices = NULL, handle;
	struct arena *a = ctx->arena;
	struct jx_doc *doc = NULL;
	size_t n = 0;
	struct jx v;

	if (!google_check(ctx, r, ret, err) || !page_scan(r, &page, err)) {
		return false;
	}
	if (!jx_member(page, TEXT("items"), &list) || !jx_elements(a, list, &slices, &n, NULL) ||
	    n == 0) {
		return err_set(err, ERR_AUTH,
			       "this Google account has no channel: let the channel itself in (a "
			       "brand's channel is an account of its own)");
	}
	if (!jx_parse(a, slices[0], &v, &doc, err)) {
		return false;
	}
	ret->own_id = jx_text_or(a, v, "id", TEXT_NONE);
	handle = jx_text_or(a, jx_get(v, "snippet"), "customUrl", TEXT_NONE);
	ret->own_handle = text_starts(handle, TEXT("@")) ? text_slice(handle, 1, SIZE_MAX) : handle;
	ret->own_name = text_clip(jx_text_or(a, jx_get(v, "snippet"), "title", TEXT_NONE),
				  LIMIT_NAME_BYTES);
	jx_release(&doc);
	ret->missing = google_missing(ctx, rights);
	return youtube_is_id(ret->own_id) ||
	       err_set(err, ERR_DATA, "YouTube does not say which channel is ours: no id");
}

static bool authorize(const struct connector_ctx *ctx, const struct granting *g, struct text *ret,
		      struct err *err)
{
	return google_authorize(ctx, rights, g, ret, err);
}

/* ---- the contract ---- */

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	*ret = (struct request){ .method = HTTP_GET };
	switch (q->op) {
	case OP_IDENTIFY: return ask_identify(ctx, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD: return youtube_thread_ask(ctx, q, ret, err);
	case OP_RECHECK: return ask_recheck(ctx, q, ret, err);
	case OP_REPLY: return youtube_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return youtube_lookup_ask(ctx, q, ret, err);
	case OP_REFRESH: return google_refresh_ask(ctx, rights, ret, err);
	case OP_CONNECT: return google_connect_ask(ctx, q, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "youtube does not do '%s'", op_name(q->op));
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return digest_identify(ctx, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return digest_source(ctx, q, r, ret, err);
	case OP_THREAD: return youtube_thread_digest(ctx, q, r, ret, err);
	case OP_RECHECK: return digest_recheck(ctx, q, r, ret, err);
	case OP_REPLY: return youtube_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return youtube_lookup_digest(ctx, q, r, ret, err);
	case OP_REFRESH: return google_refresh_digest(ctx, r, ret, err);
	case OP_CONNECT: return google_connect_digest(ctx, rights, r, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "youtube does not do '%s'", op_name(q->op));
}

const struct connector connector_youtube = {
	.name = "youtube",
	.about = "YouTube: comments below our own videos, their replies, and comments that are held back",
	.needs = "a Google OAuth client (of the type desktop app) with the YouTube Data API switched on, "
		 "that the channel's owner "
		 "lets in (`answerd connect`); `token` is CLIENT ID:CLIENT SECRET",
	.sources = "comments and held are always read; spam, video:ID and post:ID may be listed",
	.always = always,
	.options = options,
	.rights = rights,
	.can = {
		.hears = "comment reply",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = false,
		.search = false,
		.is_time_authors = false,
		.history = "all comments of the channel's videos",
		.answers = "comment reply",
		.idempotency = NULL,
		.key_valid_s = 0,
		.settle_s = 60,
		.lookup = true,
		.max_length = YOUTUBE_MOST_CHARACTERS,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = RECHECK_BATCH,
		.page_most = YOUTUBE_PAGE_MOST,
		/* Four fifths of it are ours to listen with: 5,000 units of the 10,000 of a day. The rest is
		 * a hundred replies. */
		.budget_requests = 6250,
		.budget_window_s = 86400,
		.reply_requests = 50,
		.anonymous_search = false,
		.needs_session = true,
		.are_ids_global = true,
		.limits = "10,000 units a day for the Google project, new at midnight in California: a "
			  "question costs 1, a reply 50; we ask at most 5,000 times a day",
		.rhythm = "2m",
	},
	.authorize = authorize,
	.measure = youtube_measure,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
