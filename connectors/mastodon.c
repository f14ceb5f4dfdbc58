/* Mastodon and the servers that speak like it (GoToSocial, Pleroma, Pixelfed, snac …). What they
 * really do stands in mastodon_walk.h; how an element becomes a message in mastodon_status.c. */
#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "mastodon_connect.h"
#include "mastodon_identify.h"
#include "mastodon_reply.h"
#include "mastodon_walk.h"

#define RECHECK_BATCH 20
#define NOTES_MOST    80 /* elements of one page, as real Mastodon allows */
#define PAGE_MOST     40

static const char *const always[] = { "mentions", "own", "directs", NULL };

static const struct connector_option options[] = {
	{ "automatic",
	  "Names of applications, separated by commas, whose statuses no person wrote: they answer "
	  "nobody.",
	  false },
	{ NULL, NULL, false },
};

/* ---- sources ---- */

/* The first ones as in `always`. */
enum source_kind { SOURCE_MENTIONS, SOURCE_OWN, SOURCE_DIRECTS, SOURCE_TAG, SOURCE_SEARCH };

static bool source_parse(struct text name, enum source_kind *ret, struct text *ret_words,
			 struct err *err)
{
	struct text words;

	for (int i = 0; always[i] != NULL; i++) {
		if (text_eq(name, text_of(always[i]))) {
			*ret = (enum source_kind)i;
			return true;
		}
	}
	if (!text_starts(name, TEXT("search:"))) {
		return err_set(err, ERR_CONFIG,
			       "mastodon has the sources mentions, own, directs, search:#tag and "
			       "search:words, not '%.*s'",
			       (int)(name.len < 60 ? name.len : 60),
			       name.at != NULL ? name.at : "");
	}
	words = text_trim(text_slice(name, 7, SIZE_MAX));
	*ret = text_starts(words, TEXT("#")) ? SOURCE_TAG : SOURCE_SEARCH;
	if (*ret == SOURCE_TAG) {
		words = text_slice(words, 1, SIZE_MAX);
	}
	if (words.len == 0 || words.len > 200 ||
	    (*ret == SOURCE_TAG && (text_find(words, TEXT(" "), 0) != SIZE_MAX ||
				    text_find(words, TEXT("/"), 0) != SIZE_MAX))) {
		return err_set(
			err, ERR_CONFIG,
			"'search:' is followed by a hashtag (#acme) or by words, up to 200 bytes");
	}
	*ret_words = words;
	return true;
}

static bool check_source(struct text name, struct err *err)
{
	enum source_kind kind = SOURCE_MENTIONS;
	struct text words;

	return source_parse(name, &kind, &words, err);
}

static enum walk_paging paging_of(const struct connector_ctx *ctx, enum source_kind kind)
{
	switch (kind) {
	case SOURCE_DIRECTS: return WALK_BY_LINK;
	/* Mastodon refuses an offset to those without a token; what else pages a search is tried. */
	case SOURCE_SEARCH: return ctx->token.len > 0 ? WALK_BY_OFFSET : WALK_BY_ID;
	case SOURCE_MENTIONS:
	case SOURCE_OWN:
	case SOURCE_TAG: break;
	}
	return WALK_BY_ID;
}

static void walk_of(const struct connector_ctx *ctx, const struct question *q,
		    enum source_kind kind, struct walk *ret)
{
	walk_load(ctx->arena, q->state, ret);
	walk_aim(ret,
		 q->op == OP_POLL && kind != SOURCE_SEARCH && paging_of(ctx, kind) == WALK_BY_ID);
}

/* ---- asking ---- */

static int page_most(const struct question *q, enum source_kind kind)
{
	return page_size(q, kind == SOURCE_MENTIONS ? NOTES_MOST : PAGE_MOST);
}

static void source_path(const struct connector_ctx *ctx, enum source_kind kind, struct text words,
			bool is_plain, struct strbuf *b)
{
	switch (kind) {
	case SOURCE_MENTIONS:
		mastodon_url_start(ctx, b,
				   "/api/v1/notifications?include_filtered=true&types[]=mention");
		strbuf_add_str(b, is_plain ? "" : "&types[]=quote");
		break;
	case SOURCE_OWN:
		mastodon_url_start(ctx, b, "/api/v1/accounts/");
		strbuf_add_url(b, ctx->own_id);
		strbuf_add_str(b, "/statuses");
		break;
	case SOURCE_DIRECTS: mastodon_url_start(ctx, b, "/api/v1/conversations"); break;
	case SOURCE_TAG:
		mastodon_url_start(ctx, b, "/api/v1/timelines/tag/");
		strbuf_add_url(b, words);
		break;
	case SOURCE_SEARCH:
		mastodon_url_start(ctx, b, "/api/v2/search?type=statuses&q=");
		strbuf_add_url(b, words);
		break;
	}
}

static bool ask_source(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	enum source_kind kind = SOURCE_MENTIONS;
	struct text words = TEXT_NONE;
	struct strbuf b;
	struct walk w;

	if (!source_parse(q->source, &kind, &words, err)) {
		return false;
	}
	if (ctx->token.len == 0 && kind != SOURCE_TAG && kind != SOURCE_SEARCH) {
		return err_set(err, ERR_CONFIG, "without a token only search: can be read");
	} else if (kind == SOURCE_OWN && ctx->own_id.len == 0) {
		return err_set(err, ERR_RETRY, "the server has not said yet who we are");
	}
	walk_of(ctx, q, kind, &w);
	source_path(ctx, kind, words, w.is_plain, &b);
	strbuf_printf(&b, "%climit=%d",
		      kind == SOURCE_MENTIONS || kind == SOURCE_SEARCH ? '&' : '?',
		      page_most(q, kind));
	if (w.at.len > 0) {
		strbuf_add_str(&b, w.way == WALK_FORWARD                    ? "&min_id="
				   : paging_of(ctx, kind) == WALK_BY_OFFSET ? "&offset="
									    : "&max_id=");
		strbuf_add_url(&b, w.at);
	}
	return mastodon_url_finish(ctx, &b, ret, err);
}

/* Ids of ours that are no status: "notification:5", "conversation:7". */
static bool is_status_id(struct text id)
{
	return page_is_id(id) && text_find(id, TEXT(":"), 0) == SIZE_MAX;
}

static bool ask_one(const struct connector_ctx *ctx, struct text id, const char *behind,
		    struct request *ret, struct err *err)
{
	struct strbuf b;

	if (!is_status_id(id)) {
		return err_set(err, ERR_DATA, "this id names no status");
	}
	mastodon_url_start(ctx, &b, "/api/v1/statuses/");
	strbuf_add_url(&b, id);
	strbuf_add_str(&b, behind);
	return mastodon_url_finish(ctx, &b, ret, err);
}

/* Ids that a batch did not bring, to be asked one by one: the state of a RECHECK. */
static size_t suspects_load(struct arena *a, struct text state, struct text **ret)
{
	struct text value, *slices;
	size_t n, n_good = 0;

	*ret = NULL;
	if (!jx_scan(state, &value, NULL) || !jx_elements(a, value, &slices, &n, NULL)) {
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		n_good += jx_slice_text(a, slices[i], &slices[n_good]);
	}
	*ret = slices;
	return n_good;
}

static struct text suspects_save(struct arena *a, const struct text *ids, size_t n)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = (size_t)64 * LIMIT_ID_BYTES };

	if (n == 0) {
		return TEXT_NONE;
	}
	for (size_t i = 0; i < n; i++) {
		strbuf_add_byte(&b, i == 0 ? '[' : ',');
		strbuf_add_json(&b, ids[i]);
	}
	strbuf_add_byte(&b, ']');
	return text_dup(a, strbuf_text(&b));
}

/* The subjects that can be asked for. */
static size_t subjects_of(const struct connector_ctx *ctx, const struct question *q,
			  struct text **ret)
{
	struct text *ids = ARENA_ARRAY(ctx->arena, struct text, q->n_subjects);
	size_t n = 0;

	for (size_t i = 0; i < q->n_subjects && n < RECHECK_BATCH; i++) {
		if (is_status_id(q->subjects[i])) {
			ids[n++] = q->subjects[i];
		}
	}
	*ret = ids;
	return n;
}

/* What is asked one by one: suspects, or all where the server knows no batch. 0: the batch. */
static size_t singles_of(const struct connector_ctx *ctx, const struct question *q,
			 struct text **ret)
{
	struct mastodon_facts facts;
	size_t n = q->state.len > 0 ? suspects_load(ctx->arena, q->state, ret) : 0;

	mastodon_facts_load(ctx->arena, ctx->facts, &facts);
	return n == 0 && facts.is_single ? subjects_of(ctx, q, ret) : n;
}

static bool ask_recheck(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct text *ids;
	struct strbuf b;
	size_t n = singles_of(ctx, q, &ids);

	if (n > 0) {
		return ask_one(ctx, ids[0], "", ret, err);
	}
	n = subjects_of(ctx, q, &ids);
	if (n == 0) {
		return err_set(err, ERR_DATA, "none of these ids names a status");
	}
	mastodon_url_start(ctx, &b, "/api/v1/statuses");
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(&b, i == 0 ? "?id[]=" : "&id[]=");
		strbuf_add_url(&b, ids[i]);
	}
	return mastodon_url_finish(ctx, &b, ret, err);
}

/* A context cannot be asked for in parts. One that was larger than we read is read upwards from the
 * subject, a status at a time: the one that is due, and it is empty where the whole context is. */
static struct text climb_at(const struct connector_ctx *ctx, const struct question *q)
{
	struct text *ids;

	if (q->state.len > 0 && suspects_load(ctx->arena, q->state, &ids) > 0) {
		return ids[0];
	}
	return q->page_limit > 0 && q->n_subjects > 0 ? q->subjects[0] : TEXT_NONE;
}

static bool ask_thread(const struct connector_ctx *ctx, const struct question *q,
		       struct request *ret, struct err *err)
{
	struct text at = climb_at(ctx, q);

	if (at.len > 0) {
		return ask_one(ctx, at, "", ret, err);
	}
	return ask_one(ctx, q->n_subjects > 0 ? q->subjects[0] : TEXT_NONE, "/context", ret, err);
}

static bool ask(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		struct err *err)
{
	switch (q->op) {
	case OP_IDENTIFY: return mastodon_identify_ask(ctx, q, ret, err);
	case OP_POLL:
	case OP_SWEEP: return ask_source(ctx, q, ret, err);
	case OP_THREAD: return ask_thread(ctx, q, ret, err);
	case OP_RECHECK: return ask_recheck(ctx, q, ret, err);
	case OP_REPLY: return mastodon_reply_ask(ctx, q, ret, err);
	case OP_LOOKUP: return mastodon_lookup_ask(ctx, q, ret, err);
	case OP_CONNECT: return mastodon_connect_ask(ctx, q, ret, err);
	case OP_REFRESH:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "mastodon does not do '%s'", op_name(q->op));
}

/* ---- digesting ---- */

/* Refusals that only say that the server does not know our form of question. True: answered. */
static bool is_form_refused(const struct connector_ctx *ctx, const struct question *q,
			    enum source_kind kind, int status, struct walk *w, struct outcome *ret)
{
	bool is_bad = status == 400 || status == 404 || status == 422;

	if (kind == SOURCE_MENTIONS && status == 422 && !w->is_plain) {
		w->is_plain = true; /* knows no type "quote" */
	} else if (is_bad && w->way == WALK_FORWARD) {
		*w = (struct walk){ .was_walked = w->was_walked,
				    .is_newest_first = true,
				    .is_plain = w->is_plain,
				    .full_page = w->full_page,
				    .known = w->known };
	} else if (kind == SOURCE_DIRECTS && (status == 404 || status == 405 || status == 501)) {
		ret->state = q->state; /* no such list here: directs come as mentions anyway */
		return true;
	} else if (kind == SOURCE_SEARCH && ctx->token.len == 0 && w->is_walking &&
		   (is_bad || status == 401 || status == 403)) {
		walk_refuse(w); /* one page is all there is for strangers */
		ret->has_hole = w->has_hole;
		ret->state = q->op == OP_POLL ? walk_save(ctx->arena, w) : TEXT_NONE;
		return true;
	} else {
		return false;
	}
	ret->state = walk_save(ctx->arena, w);
	ret->is_more = true;
	return true;
}

/* One element that is too large to be read: it is told, and the walk goes on behind it. */
static bool blind_read(const struct connector_ctx *ctx, const struct walk *w, enum source_kind kind,
		       const struct response *r, struct outcome *out, struct mastodon_page *ret)
{
	struct mastodon_item *item = ARENA_NEW(ctx->arena, struct mastodon_item);
	struct text id;

	if (!walk_blind_item(ctx->arena, w, paging_of(ctx, kind), response_header(r, TEXT("Link")),
			     item)) {
		return false;
	}
	id = kind == SOURCE_MENTIONS && item->id.len > 0
		     ? text_printf(ctx->arena, "notification:%.*s", TEXT_ARG(item->id))
		     : item->id;
	outcome_add_bad(ctx->arena, out, r->body, page_is_id(id) ? id : TEXT_NONE,
			"a message over 2 MiB, which is not read: see it on the platform");
	*ret = (struct mastodon_page){ .items = item, .n = 1 };
	return true;
}

static bool digest_source(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	enum source_kind kind = SOURCE_MENTIONS;
	struct mastodon_page page;
	struct text body, words;
	bool is_blind;
	struct walk w;

	(void)source_parse(q->source, &kind, &words, NULL); /* a recording may come without one */
	walk_of(ctx, q, kind, &w);
	if (is_form_refused(ctx, q, kind, r->status, &w, ret)) {
		return true;
	}
	if (!page_check(ctx, r, &ret->rate, err)) {
		return false;
	}
	is_blind = r->is_cut && q->page_limit == 1 && blind_read(ctx, &w, kind, r, ret, &page);
	if (!is_blind && (!page_scan(r, &body, err) ||
			  !mastodon_page_read(ctx, q->source, body, ret, &page, err))) {
		return false;
	}
	page.most = page_most(q, kind);
	ret->is_more = walk_step(ctx->arena, &w, paging_of(ctx, kind), q->since, &page,
				 response_header(r, TEXT("Link")));
	ret->has_hole = w.has_hole;
	ret->is_adrift = w.is_adrift && q->op == OP_POLL;
	if (ret->is_more || q->op == OP_POLL) {
		ret->state = walk_save(ctx->arena, &w);
	}
	return true;
}

/* Remembers, once, that the server answers by id. */
static void learn_shown(const struct connector_ctx *ctx, bool is_context, struct outcome *ret)
{
	struct mastodon_facts facts;
	bool *has_shown;

	mastodon_facts_load(ctx->arena, ctx->facts, &facts);
	has_shown = is_context ? &facts.has_shown_context : &facts.has_shown_status;
	if (!*has_shown) {
		*has_shown = true;
		ret->facts = mastodon_facts_save(ctx->arena, &facts);
	}
}

static bool is_deletion(const struct connector_ctx *ctx, int status, bool is_context)
{
	struct mastodon_facts facts;

	mastodon_facts_load(ctx->arena, ctx->facts, &facts);
	return status == 410 || (is_context ? facts.has_shown_context : facts.has_shown_status);
}

static bool digest_climb(const struct connector_ctx *ctx, const struct question *q, struct text at,
			 const struct response *r, struct outcome *ret, struct err *err)
{
	struct mastodon_page page;
	struct text body, parent = TEXT_NONE;

	if (r->status == 404 || r->status == 410) {
		if (is_deletion(ctx, r->status, /* is_context= */ false)) {
			outcome_add_gone(ctx->arena, ret, at);
		}
		return true;
	}
	if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &body, err) ||
	    !mastodon_page_read(ctx, TEXT_NONE, body, ret, &page, err)) {
		return false;
	}
	learn_shown(ctx, /* is_context= */ false, ret);
	if (q->state.len == 0) {
		outcome_add_bad(ctx->arena, ret,
				text_printf(ctx->arena, "thread %.*s", TEXT_ARG(at)), at,
				"a thread over 2 MiB: read upwards from here; below it only those "
				"are heard who name us");
	}
	if (ret->n_messages > 0) {
		parent = ret->messages[0].parent_id;
	}
	ret->is_more = is_status_id(parent) && !text_eq(parent, at);
	ret->state = suspects_save(ctx->arena, &parent, ret->is_more);
	return true;
}

static bool digest_thread(const struct connector_ctx *ctx, const struct question *q,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct mastodon_page page;
	struct text body, at = climb_at(ctx, q);

	if (at.len > 0) {
		return digest_climb(ctx, q, at, r, ret, err);
	}
	if ((r->status == 404 || r->status == 410) && q->n_subjects > 0) {
		if (is_deletion(ctx, r->status, /* is_context= */ true)) {
			outcome_add_gone(ctx->arena, ret, q->subjects[0]);
		}
		return true;
	}
	if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &body, err) ||
	    !mastodon_page_read(ctx, TEXT_NONE, body, ret, &page, err)) {
		return false;
	}
	learn_shown(ctx, /* is_context= */ true, ret);
	return true;
}

static bool is_batch_unknown(int status)
{
	return status == 400 || status == 404 || status == 405 || status == 422 || status == 501;
}

static bool digest_single(const struct connector_ctx *ctx, const struct text *ids, size_t n,
			  const struct response *r, struct outcome *ret, struct err *err)
{
	struct mastodon_page page;
	struct text body;

	if (r->status == 404 || r->status == 410) {
		if (is_deletion(ctx, r->status, /* is_context= */ false)) {
			outcome_add_gone(ctx->arena, ret, ids[0]);
		}
	} else if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &body, err) ||
		   !mastodon_page_read(ctx, TEXT_NONE, body, ret, &page, err)) {
		return false;
	} else if (page.n > 0) {
		learn_shown(ctx, /* is_context= */ false, ret);
	}
	ret->state = suspects_save(ctx->arena, ids + 1, n - 1);
	ret->is_more = n > 1;
	return true;
}

static bool digest_batch(const struct connector_ctx *ctx, const struct question *q,
			 const struct response *r, struct outcome *ret, struct err *err)
{
	struct mastodon_page page;
	struct text body, *ids;
	size_t n = subjects_of(ctx, q, &ids), n_suspects = 0;

	if (is_batch_unknown(r->status) && n > 0) {
		struct mastodon_facts facts;

		mastodon_facts_load(ctx->arena, ctx->facts, &facts);
		facts.is_single = true;
		ret->facts = mastodon_facts_save(ctx->arena, &facts);
		ret->state = suspects_save(ctx->arena, ids, n);
		ret->is_more = true;
		return true;
	}
	if (!page_check(ctx, r, &ret->rate, err) || !page_scan(r, &body, err) ||
	    !mastodon_page_read(ctx, TEXT_NONE, body, ret, &page, err)) {
		return false;
	}
	if (page.n > 0) {
		learn_shown(ctx, /* is_context= */ false, ret);
	}
	for (size_t i = 0; i < n; i++) {
		bool is_there = false;

		for (size_t j = 0; j < page.n && !is_there; j++) {
			is_there = text_eq(page.items[j].id, ids[i]);
		}
		if (!is_there) {
			ids[n_suspects++] = ids[i];
		}
	}
	ret->state = suspects_save(ctx->arena, ids, n_suspects);
	ret->is_more = n_suspects > 0;
	return true;
}

static bool digest(const struct connector_ctx *ctx, const struct question *q,
		   const struct response *r, struct outcome *ret, struct err *err)
{
	static const struct page_rate_names rate_names = {
		{ "X-RateLimit-Limit", 17 },
		{ "X-RateLimit-Remaining", 21 },
		{ "X-RateLimit-Reset", 17 },
	};
	struct text *ids;
	size_t n;

	*ret = (struct outcome){ .rate = page_rate(r, &rate_names) };
	switch (q->op) {
	case OP_IDENTIFY: return mastodon_identify_digest(ctx, q, r, ret, err);
	case OP_POLL:
	case OP_SWEEP: return digest_source(ctx, q, r, ret, err);
	case OP_THREAD: return digest_thread(ctx, q, r, ret, err);
	case OP_RECHECK:
		n = singles_of(ctx, q, &ids);
		return n > 0 ? digest_single(ctx, ids, n, r, ret, err)
			     : digest_batch(ctx, q, r, ret, err);
	case OP_REPLY: return mastodon_reply_digest(ctx, q, r, ret, err);
	case OP_LOOKUP: return mastodon_lookup_digest(ctx, q, r, ret, err);
	case OP_CONNECT: return mastodon_connect_digest(ctx, q, r, ret, err);
	case OP_REFRESH:
	case OP_FILE:
	case OP_COUNT: break;
	}
	return err_set(err, ERR_CONFIG, "mastodon does not do '%s'", op_name(q->op));
}

const struct connector connector_mastodon = {
	.name = "mastodon",
	.about = "Mastodon and servers that speak like it: mentions, replies, directs, hashtags",
	.needs = "nothing beforehand (`answerd connect`); or an access token with read:accounts, "
		 "read:notifications, read:statuses, read:search and write:statuses",
	.sources = "mentions, own and directs are always read with a token; search:#tag and "
		   "search:words hear what is said about us, some servers let strangers search, too",
	.always = always,
	.options = options,
	.rights = mastodon_rights,
	.can = {
		.hears = "mention reply direct post",
		.reply = true,
		.edits = true,
		.deletions = true,
		.direct = true,
		.search = true,
		.history = "all notifications that the server still keeps; own statuses without end",
		.answers = "mention reply direct post",
		.idempotency = "Idempotency-Key, kept for an hour",
		.key_valid_s = 3600,
		.direct_key_valid_s = 3600,
		.settle_s = 10,
		.lookup = true,
		.max_length = 500,
		.length_unit = LENGTH_CHARACTERS,
		.recheck_batch = RECHECK_BATCH,
		.page_most = NOTES_MOST,
		.budget_requests = 300,
		.budget_window_s = 300,
		.anonymous_search = true,
		.registers_client = true,
		.is_redirect_exact = true,
	},
	.authorize = mastodon_authorize,
	.measure = mastodon_measure,
	.check_source = check_source,
	.ask = ask,
	.digest = digest,
};
