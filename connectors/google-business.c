/* Google Business Profile: reviews of all locations of one account, and our replies to them.
 *
 * Lists go by the time of change, the newest first, one list a location. Their first page is
 * always right; pages behind it may leave reviews out (seen 2026-06), so every walk reads first
 * pages only as far as something may have changed, and a full walk through all pages is made twice
 * at the beginning and once a day: what one left out the other has. Elements:
 * google_business_review.h; replies: google_business_reply.h; which locations there are:
 * google_business_identify.h. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "google.h"
#include "google_business_identify.h"
#include "google_business_reply.h"
#include "google_business_review.h"

#define PAGE_MOST     50
#define RECHECK_BATCH 100 /* each review is a request: all at once, so that none is asked twice */
#define OVERLAP_S     86400
#define DAY_S         86400
#define FULL_FIRST    2 /* full walks at the beginning */
#define MOST_PAGES    400

static const char *const always[] = { "reviews", NULL };

static const struct connector_option options[] = {
	{ "account",
	  "The account's name as the interface has it (accounts/123); needed where a person "
	  "manages "
	  "several.",
	  false },
	{ "locations",
	  "Numbers of the locations that are heard, separated by commas; all where nothing is "
	  "said.",
	  false },
	{ "stars_alone",
	  "What becomes of stars without words: \"wait\" (they want an answer like all reviews), "
	  "or "
	  "\"quiet\" (they are kept and nobody waits).",
	  false },
	{ "server", "Address of all three interfaces, Google's where nothing is said.", false },
	{ "oauth", GOOGLE_ABOUT_OAUTH, false },
	{ "user", GOOGLE_ABOUT_USER, false },
	{ NULL, NULL, false },
};

static const struct connector_right rights[] = {
	{ "https://www.googleapis.com/auth/business.manage",
	  "to read the reviews of your locations and to answer them" },
	{ NULL, NULL },
};

static bool check_source(struct text name, struct err *err)
{
	return text_eq(name, TEXT("reviews")) ||
	       err_set(err, ERR_CONFIG,
		       "google-business has the source reviews, which is always read, not '%.*s'",
		       TEXT_ARG(text_clip(name, 60)));
}

/* ---- walks ---- */

struct walk {
	struct wall known; /* when the last finished walk began */
	struct wall full;  /* the same of the last full one */
	struct wall since; /* how far back history goes */
	int64_t n_full;
	/* of an unfinished walk */
	struct wall started, from;
	bool is_full;
	int64_t at; /* the location */
	struct text next, turtle;
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
	ret->full = page_us_or_none(v, "full");
	ret->since = page_us_or_none(v, "since");
	ret->n_full = jx_i64_or(v, "n_full", 0);
	walk = jx_get(v, "walk");
	ret->started = page_us_or_none(walk, "started");
	ret->from = page_us_or_none(walk, "from");
	ret->is_full = jx_bool_or(walk, "is_full", false);
	ret->at = jx_i64_or(walk, "at", 0);
	ret->at = ret->at >= 0 && ret->at < GOOGLE_LOCATIONS_MOST ? ret->at : 0;
	ret->next = jx_text_or(a, walk, "next", TEXT_NONE);
	ret->turtle = jx_text_or(a, walk, "turtle", TEXT_NONE);
	ret->n_pages = jx_i64_or(walk, "pages", 0);
	ret->n_broken = jx_i64_or(walk, "broken", 0);
	jx_release(&doc);
}

static struct text walk_save(struct arena *a, const struct walk *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_printf(&b, "{\"full\":%lld,\"known\":%lld,\"n_full\":%d,\"since\":%lld",
		      (long long)w->full.us, (long long)w->known.us, (int)w->n_full,
		      (long long)w->since.us);
	if (wall_is_set(w->started)) {
		strbuf_printf(&b,
			      ",\"walk\":{\"at\":%d,\"broken\":%d,\"from\":%lld,\"is_full\":%s,"
			      "\"pages\":%d,"
			      "\"started\":%lld,\"next\":",
			      (int)w->at, (int)w->n_broken, (long long)w->from.us,
			      w->is_full ? "true" : "false", (int)w->n_pages,
			      (long long)w->started.us);
		strbuf_add_json(&b, w->next);
		strbuf_add_str(&b, ",\"turtle\":");
		strbuf_add_json(&b, w->turtle);
		strbuf_add_byte(&b, '}');
	}
	strbuf_add_byte(&b, '}');
	return b.is_full ? TEXT_NONE : text_dup(a, strbuf_text(&b));
}

/* A walk begins; one that is on its way is left alone. */
static void walk_begin(const struct connector_ctx *ctx, const struct question *q, struct walk *w)
{
	struct wall known = wall_before(ctx->now, w->known) ? ctx->now : w->known;

	if (wall_is_set(w->started)) {
		return;
	}
	if (!wall_is_set(known)) {
		w->since = q->since;
	}
	w->started = ctx->now;
	w->is_full = q->op == OP_POLL && (w->n_full < FULL_FIRST ||
					  dur_more(wall_since(w->full, ctx->now), DUR_S(DAY_S)));
	w->from = q->op == OP_SWEEP ? q->since
		  : w->is_full      ? w->since
				    : wall_add(known, DUR_S(-OVERLAP_S));
}

static bool is_heard(const struct connector_ctx *ctx, struct text location)
{
	struct text rest = connector_option(ctx, "locations"), one;

	if (rest.len == 0) {
		return true;
	}
	while (rest.len > 0) {
		(void)text_cut(rest, ',', &one, &rest);
		if (text_eq(text_trim(one), location)) {
			return true;
		}
	}
	return false;
}

/* The location that is due, from w->at on; empty: none is left. */
static struct text walk_location(const struct connector_ctx *ctx, struct walk *w)
{
	for (; w->at < GOOGLE_LOCATIONS_MOST; w->at++) {
		struct text id = google_location_at(ctx, (size_t)w->at);

		if (id.len == 0 || is_heard(ctx, id)) {
			return id;
		}
	}
	return TEXT_NONE;
}

static void walk_location_done(struct walk *w)
{
	w->at++;
	w->next = w->turtle = TEXT_NONE;
	w->n_pages = w->n_broken = 0;
}

/* Behind a page: the next one, or the next location. */
static void walk_step(struct walk *w, const struct google_reviews *page, bool *ret_is_circle)
{
	bool is_old = wall_is_set(w->from) && wall_is_set(page->oldest) &&
		      wall_before(page->oldest, w->from);

	w->n_broken = 0;
	*ret_is_circle = !is_old && (google_is_circle(page->next, w->next, w->turtle) ||
				     (page->next.len > 0 && w->n_pages >= MOST_PAGES));
	if (page->next.len == 0 || is_old || *ret_is_circle) {
		walk_location_done(w);
		return;
	}
	w->n_pages++;
	if ((w->n_pages & (w->n_pages - 1)) == 0) { /* the turtle waits at powers of two */
		w->turtle = page->next;
	}
	w->next = page->next;
}

/* False when no location is left. */
static bool walk_goes_on(const struct connector_ctx *ctx, struct walk *w)
{
	if (walk_location(ctx, w).len > 0) {
		return true;
	}
	w->known = w->started;
	if (w->is_full) {
		w->full = w->started;
		w->n_full = w->n_full < FULL_FIRST ? w->n_full + 1 : w->n_full;
	}
	w->started = (struct wall){ 0 };
	w->at = 0;
	return false;
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct text location;
	struct strbuf b;
	struct walk w;

	if (!check_source(q->source, err)) {
		return false;
	}
	walk_load(ctx->arena, q->state, &w);
	location = walk_location(ctx, &w);
	if (location.len == 0) {
		return true; /* none that is heard: nobody is asked */
	}
	google_review_url(ctx, &b, location, "");
	strbuf_printf(&b, "?pageSize=%d", page_size(q, PAGE_MOST));
	if (w.next.len > 0) {
		strbuf_add_str(&b, "&pageToken=");
		strbuf_add_url(&b, w.next);
	}
	return google_url_finish(ctx, &b, ret, err);
}

/* One location that is gone, or not verified (any more), stops no other. */
static bool is_closed(const struct response *r)
{
	return google_is_missing(r) || ((r->status == 400 || r->status == 403) &&
					google_says(r, TEXT("FAILED_PRECONDITION")));
}

static bool digest_source(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct google_reviews page;
	bool is_circle = false;
	struct text body;
	struct walk w;

	walk_load(ctx->arena, q->state, &w);
	walk_begin(ctx, q, &w);
	/* The one that was asked for: those before it are not heard. */
	(void)walk_location(ctx, &w);
	if (r->status == 204 || is_closed(r)) {
		walk_location_done(&w);
	} else if (r->status == 400 && w.next.len > 0 && w.n_broken == 0) {
		/* The token of this page is no longer good: this location once more from its beginning. */
		w.next = w.turtle = TEXT_NONE;
		w.n_pages = 0;
		w.n_broken = 1;
	} else {
		if (!google_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
		    !google_reviews_read(ctx, body, ret, &page, err)) {
			return false;
		}
		walk_step(&w, &page, &is_circle);
	}
	ret->has_hole = is_circle && q->op == OP_POLL;
	ret->is_more = walk_goes_on(ctx, &w);
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = walk_save(ctx->arena, &w);
	}
	return true;
}

/* ---- one review ---- */

static bool ask_one(const struct connector_ctx *ctx, struct text review, struct request *ret,
		    struct err *err)
{
	struct strbuf b;

	if (ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "Google has not said yet which account is ours");
	}
	google_review_url(ctx, &b, review, "");
	return google_url_finish(ctx, &b, ret, err);
}

/* `id` is the review, or something that stands there with it. is_heard: what is there stands in *ret already. */
static bool digest_one(const struct connector_ctx *ctx, struct text id, bool is_heard,
		       const struct response *r, struct outcome *ret, struct err *err)
{
	struct google_reviews page;
	struct text body, review;
	bool has_reply = false;
	struct wall at;

	if (google_is_missing(r)) {
		outcome_add_gone(ctx->arena, ret, id);
		return true;
	}
	if (!is_heard && (!google_check(ctx, r, ret, err) || !page_scan(r, &body, err) ||
			  !google_reviews_read(ctx, body, ret, &page, err))) {
		return false;
	}
	for (size_t i = 0; i < ret->n_messages; i++) {
		has_reply = has_reply || ret->messages[i].direction == MESSAGE_OUTBOUND;
	}
	/* One that was replaced was said all the same. */
	if (google_id_cut(id, &review, &at) == GOOGLE_REPLY && !has_reply && ret->n_bad == 0) {
		outcome_add_gone(ctx->arena, ret, id);
	}
	return true;
}

static bool thread_review(const struct question *q, struct text *ret)
{
	struct wall at;

	return q->n_subjects > 0 && google_id_cut(q->subjects[0], ret, &at) != GOOGLE_NONE;
}

static bool ask_thread(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct text review;

	return !thread_review(q, &review) || ask_one(ctx, review, ret, err);
}

static bool digest_thread(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct text review;

	return !thread_review(q, &review) ||
	       digest_one(ctx, q->subjects[0], /* is_heard= */ false, r, ret, err);
}

/* Several ids stand for one review (its edits, our replies): it is asked once, and answers for all of them. */
static bool is_asked_before(const struct question *q, size_t at, struct text review)
{
	struct text other;
	struct wall time;

	for (size_t i = 0; i < at; i++) {
		if (google_id_cut(q->subjects[i], &other, &time) != GOOGLE_NONE &&
		    text_eq(other, review)) {
			return true;
		}
	}
	return false;
}

/* The subject that is due in a RECHECK; the state is how many are done. */
static bool recheck_load(const struct question *q, size_t *ret_at, struct text *ret_review)
{
	struct wall at;
	int64_t n = 0;

	(void)num_parse_range(q->state, 0, RECHECK_BATCH, &n); /* unreadable: from the beginning */
	for (*ret_at = (size_t)n; *ret_at < q->n_subjects && *ret_at < RECHECK_BATCH; ++*ret_at) {
		if (google_id_cut(q->subjects[*ret_at], ret_review, &at) != GOOGLE_NONE &&
		    !is_asked_before(q, *ret_at, *ret_review)) {
			return true;
		}
	}
	return false;
}

static bool ask_recheck(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct text review;
	size_t at;

	return !recheck_load(q, &at, &review) || ask_one(ctx, review, ret, err);
}

static bool digest_recheck(const struct connector_ctx *ctx, const struct question *q,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct question next = *q;
	struct text review, same;
	struct wall time;
	size_t at;

	if (!recheck_load(q, &at, &review)) {
		return true;
	}
	for (size_t i = at; i < q->n_subjects && i < RECHECK_BATCH; i++) {
		if (google_id_cut(q->subjects[i], &same, &time) != GOOGLE_NONE &&
		    text_eq(same, review) &&
		    !digest_one(ctx, q->subjects[i], /* is_heard= */ i > at, r, ret, err)) {
			return false;
		}
	}
	next.state = text_printf(ctx->arena, "%d", (int)at + 1);
	ret->is_more = at + 1 < RECHECK_BATCH && recheck_load(&next, &at, &review);
	ret->state = ret->is_more ? next.state : TEXT_NONE;
	return true;
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
	case OP_IDENTIFY: return google_identify_ask(ctx, q, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD: return ask_thread(ctx, q, ret, err);
	case OP_RECHECK: return ask_recheck(ctx, q, ret, err);
	case OP_REPLY: return google_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return google_look_ask(ctx, q, ret, err);
	case OP_REFRESH: return google_refresh_ask(ctx, rights, ret, err);
	case OP_CONNECT: return google_connect_ask(ctx, q, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "google-business does not do '%s'", op_name(q->op));
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	*ret = (struct outcome){ 0 };
	switch (q->op) {
	case OP_IDENTIFY: return google_identify_digest(ctx, q, rights, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return digest_source(ctx, q, r, ret, err);
	case OP_THREAD: return digest_thread(ctx, q, r, ret, err);
	case OP_RECHECK: return digest_recheck(ctx, q, r, ret, err);
	case OP_REPLY: return google_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return google_look_digest(ctx, q, r, ret, err);
	case OP_REFRESH: return google_refresh_digest(ctx, r, ret, err);
	case OP_CONNECT: return google_connect_digest(ctx, rights, r, ret, err);
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "google-business does not do '%s'", op_name(q->op));
}

const struct connector connector_google_business = {
	.name = "google-business",
	.about = "Google Business Profile: reviews of all locations of an account",
	.needs = "verified locations, a Google project that Google has let use the Business Profile "
		 "interfaces, and an OAuth client (of the type desktop app) that a manager lets in "
		 "(`answerd connect`); `token` is "
		 "CLIENT ID:CLIENT SECRET, or the key of a service account that manages them",
	.sources = "reviews are always read",
	.always = always,
	.options = options,
	.rights = rights,
	.can = {
		.hears = "review",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = false,
		.search = false,
		.is_time_authors = false,
		.history = "all reviews that the locations have",
		.answers = "review",
		.idempotency = "a review has one reply: the same again changes nothing, another one "
			       "replaces it",
		.key_valid_s = INT64_MAX,
		.lookup = true,
		.max_length = GOOGLE_REPLY_BYTES,
		.length_unit = LENGTH_BYTES,
		.recheck_batch = RECHECK_BATCH,
		.page_most = PAGE_MOST,
		.budget_requests = 300,
		.budget_window_s = 60,
		.anonymous_search = false,
		.needs_session = true,
		.are_ids_global = true,
		.edits_words = "yes; what is changed after our reply waits again",
		.limits = "300 questions and 10 replies a minute; a review has one reply",
		.rhythm = "5m",
	},
	.authorize = authorize,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
