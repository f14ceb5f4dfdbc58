#include "google_business_review.h"

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "google.h"

#define SERVER    TEXT("https://mybusiness.googleapis.com")
#define ID_BYTES  256
#define WALL_MOST INT64_C(253402300800000000)

/* ---- ids ---- */

static bool is_word(struct text id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.at[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_')) {
			return false;
		}
	}
	return id.len > 0 && id.len <= ID_BYTES;
}

bool google_is_location(struct text id)
{
	uint64_t n;

	return num_parse_u64(id, &n);
}

enum google_part google_id_cut(struct text id, struct text *ret_review, struct wall *ret_time)
{
	struct text location, rest, review, part = TEXT_NONE, name, time;
	enum google_part kind = GOOGLE_REVIEW;
	int64_t us = 0;

	if (!text_cut(id, '/', &location, &rest) || !google_is_location(location)) {
		return GOOGLE_NONE;
	}
	if (text_cut(rest, '/', &review, &part)) {
		if (!text_cut(part, '.', &name, &time) ||
		    !num_parse_range(time, 0, WALL_MOST, &us)) {
			return GOOGLE_NONE;
		}
		kind = text_eq(name, TEXT("reply"))      ? GOOGLE_REPLY
		       : text_eq(name, TEXT("rejected")) ? GOOGLE_REPLY
		       : text_eq(name, TEXT("edit"))     ? GOOGLE_EDIT
							 : GOOGLE_NONE;
	}
	if (!is_word(review) || kind == GOOGLE_NONE) {
		return GOOGLE_NONE;
	}
	*ret_review = text_slice(id, 0, location.len + 1 + review.len);
	*ret_time = (struct wall){ us };
	return kind;
}

/* "accounts/1/locations/2/reviews/AbF": "2/AbF", or empty. */
static struct text id_of(struct arena *a, struct text name)
{
	struct text rest;
	size_t from = text_find(name, TEXT("/locations/"), 0);
	struct text location, word, review;

	if (from == SIZE_MAX) {
		return TEXT_NONE;
	}
	rest = text_slice(name, from + sizeof("/locations/") - 1, SIZE_MAX);
	if (!text_cut(rest, '/', &location, &rest) || !text_cut(rest, '/', &word, &review) ||
	    !text_eq(word, TEXT("reviews")) || !google_is_location(location) || !is_word(review)) {
		return TEXT_NONE;
	}
	return text_printf(a, "%.*s/%.*s", TEXT_ARG(location), TEXT_ARG(review));
}

void google_review_url(const struct connector_ctx *ctx, struct strbuf *b, struct text review,
		       const char *more)
{
	struct text location, rest;

	strbuf_init(b, LIMIT_URL_BYTES);
	strbuf_add(b, ctx->server.len > 0 ? ctx->server : SERVER);
	(void)text_cut(review, '/', &location, &rest); /* a location alone has no rest */
	strbuf_printf(b, "/v4/%.*s/locations/%.*s/reviews", TEXT_ARG(ctx->own_id),
		      TEXT_ARG(location));
	if (rest.len > 0) {
		strbuf_printf(b, "/%.*s", TEXT_ARG(rest));
	}
	strbuf_add_str(b, more);
}

/* ---- locations ---- */

static bool location_read(const struct connector_ctx *ctx, size_t at, struct text id,
			  struct text *ret_id, struct text *ret_title)
{
	struct jx_doc *doc = NULL;
	bool is_there = false;
	struct jx v, list;

	if (ctx->facts.len == 0 || !jx_parse(ctx->arena, ctx->facts, &v, &doc, NULL)) {
		return false;
	}
	list = jx_get(v, "locations");
	for (size_t i = 0; i < jx_len(list) && !is_there; i++) {
		struct text one = jx_text_or(ctx->arena, jx_at(list, i), "id", TEXT_NONE);

		is_there = id.len > 0 ? text_eq(one, id) : i == at;
		if (is_there) {
			*ret_id = one;
			*ret_title = jx_text_or(ctx->arena, jx_at(list, i), "title", TEXT_NONE);
		}
	}
	jx_release(&doc);
	return is_there;
}

struct text google_location_at(const struct connector_ctx *ctx, size_t i)
{
	struct text id, title;

	return location_read(ctx, i, TEXT_NONE, &id, &title) && google_is_location(id) ? id
										       : TEXT_NONE;
}

/* ---- elements ---- */

static int stars_read(struct arena *a, struct jx v)
{
	static const char *const words[] = { "ONE", "TWO", "THREE", "FOUR", "FIVE" };
	struct text rating = jx_text_or(a, v, "starRating", TEXT_NONE);

	for (int i = 0; i < 5; i++) {
		if (text_eq(rating, text_of(words[i]))) {
			return i + 1;
		}
	}
	return 0;
}

/* "2 of 5 stars, Shop East" */
static struct text stars_words(const struct connector_ctx *ctx, int stars, struct text review)
{
	struct text location, rest, id, title = TEXT_NONE;
	struct text words = stars > 0 ? text_printf(ctx->arena, "%d of 5 stars", stars) : TEXT_NONE;

	(void)text_cut(review, '/', &location, &rest); /* it has both */
	if (location_read(ctx, 0, location, &id, &title) && title.len > 0) {
		words = text_printf(ctx->arena, "%.*s%s%.*s", TEXT_ARG(words),
				    words.len > 0 ? ", " : "", TEXT_ARG(title));
	}
	return text_clip(words, LIMIT_NAME_BYTES);
}

/* Who only gives stars says this much. */
static struct text stars_drawn(struct arena *a, int stars)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_NAME_BYTES };

	for (int i = 1; i <= 5 && stars > 0; i++) {
		strbuf_add_str(&b, i <= stars ? "\xe2\x98\x85" : "\xe2\x98\x86");
	}
	return text_dup(a, strbuf_text(&b));
}

bool google_reply_read(struct arena *a, struct jx v, struct text review, struct google_reply *ret)
{
	if (!jx_is_text(jx_get(v, "comment"))) {
		return false;
	}
	ret->body = text_clip(jx_text_or(a, v, "comment", TEXT_NONE), LIMIT_MESSAGE_BYTES);
	ret->at = page_wall_or_none(a, v, "updateTime");
	ret->is_rejected = text_eq(jx_text_or(a, v, "reviewReplyState", TEXT_NONE),
				   TEXT("REJECTED")); /* the name is unverified */
	ret->id = text_printf(a, "%.*s/reply.%lld", TEXT_ARG(review), (long long)ret->at.us);
	return true;
}

static void author_read(struct arena *a, struct jx v, struct message *m)
{
	struct jx author = jx_get(v, "reviewer");
	struct text name = text_trim(jx_text_or(a, author, "displayName", TEXT_NONE));

	m->author_name = text_clip(name.len > 0 ? name : TEXT("A Google user"), LIMIT_NAME_BYTES);
	m->author_handle = m->author_name;
	m->author_id = text_printf(a, "review:%.*s", TEXT_ARG(m->external_id));
}

static bool review_read(const struct connector_ctx *ctx, struct jx v, struct message *m,
			struct wall *ret_changed, struct err *err)
{
	struct arena *a = ctx->arena;
	struct text words = text_trim(jx_text_or(a, v, "comment", TEXT_NONE));
	int stars = stars_read(a, v);

	m->external_id = id_of(a, jx_text_or(a, v, "name", TEXT_NONE));
	if (m->external_id.len == 0) {
		return err_set(err, ERR_DATA, "it has no name of a review");
	}
	if (words.len == 0 && stars == 0) {
		return err_set(err, ERR_DATA, "it has neither words nor stars");
	}
	author_read(a, v, m);
	m->kind = MESSAGE_REVIEW;
	m->is_named =
		words.len > 0 || !text_eq(connector_option(ctx, "stars_alone"), TEXT("quiet"));
	m->body = text_clip(words.len > 0 ? words : stars_drawn(a, stars), LIMIT_MESSAGE_BYTES);
	m->warning = stars_words(ctx, stars, m->external_id);
	m->posted_at = page_wall_or_none(a, v, "createTime");
	*ret_changed = page_wall_or_none(a, v, "updateTime");
	if (!wall_is_set(m->posted_at)) {
		m->posted_at = *ret_changed;
	}
	/* Not its time of change: nobody says that our own reply leaves that alone. */
	m->revision = text_printf(a, "%d.%016llx", stars,
				  (unsigned long long)text_hash(TEXT_HASH_SEED, m->body));
	return true;
}

static void edit_add(const struct connector_ctx *ctx, const struct message *review,
		     struct wall changed, struct outcome *out)
{
	struct arena *a = ctx->arena;
	struct message *m = outcome_add_message(a, out);

	*m = *review;
	m->external_id = text_printf(a, "%.*s/edit.%lld", TEXT_ARG(review->external_id),
				     (long long)changed.us);
	m->parent_id = review->external_id;
	m->posted_at = changed;
	m->revision = TEXT_NONE;
	m->warning =
		text_clip(text_printf(a, "%.*s; changed after our reply: a new one replaces it",
				      TEXT_ARG(review->warning)),
			  LIMIT_NAME_BYTES);
}

/* One that was rejected answers nobody: what it was is gone, and it is kept as something else. */
static void reply_add(const struct connector_ctx *ctx, const struct message *review,
		      const struct google_reply *reply, struct outcome *out)
{
	struct arena *a = ctx->arena;
	struct message *m = outcome_add_message(a, out);

	*m = (struct message){ .external_id = reply->id,
			       .parent_id = review->external_id,
			       .kind = MESSAGE_REPLY,
			       .direction = MESSAGE_OUTBOUND,
			       .author_id = ctx->own_id.len > 0 ? ctx->own_id : TEXT("ours"),
			       .author_handle = ctx->own_handle,
			       .author_name = ctx->own_handle,
			       .body = reply->body,
			       .posted_at = reply->at,
			       .raw = review->raw };
	m->revision =
		text_printf(a, "%016llx", (unsigned long long)text_hash(TEXT_HASH_SEED, m->body));
	if (reply->is_rejected) {
		outcome_add_gone(a, out, reply->id);
		m->kind = MESSAGE_OTHER;
		m->external_id = text_printf(a, "%.*s/rejected.%lld", TEXT_ARG(review->external_id),
					     (long long)reply->at.us);
		m->warning = TEXT("Google shows this reply to nobody: it was rejected");
	}
}

/* Of an element that cannot be read: its id, where that can. */
static struct text lost_id(struct arena *a, struct text slice)
{
	struct text inner, name;

	return jx_slice_kind(slice) == '{' && jx_member(slice, TEXT("name"), &inner) &&
			       jx_slice_text(a, inner, &name)
		       ? id_of(a, name)
		       : TEXT_NONE;
}

static void element_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
			struct google_reviews *page)
{
	struct message m = { .raw = slice };
	struct arena *a = ctx->arena;
	struct google_reply reply;
	struct wall changed = { 0 };
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;

	if (!jx_parse(a, slice, &v, &doc, &err) ||
	    (!jx_is_object(v) && !err_set(&err, ERR_DATA, "it is no object")) ||
	    !review_read(ctx, v, &m, &changed, &err)) {
		outcome_add_bad(a, out, slice, lost_id(a, slice), err.text);
		jx_release(&doc);
		return;
	}
	*outcome_add_message(a, out) = m;
	if (google_reply_read(a, jx_get(v, "reviewReply"), m.external_id, &reply)) {
		reply_add(ctx, &m, &reply, out);
		if (wall_before(reply.at, changed) && wall_before(m.posted_at, changed)) {
			edit_add(ctx, &m, changed, out);
		}
	}
	if (wall_is_set(changed) &&
	    (!wall_is_set(page->oldest) || wall_before(changed, page->oldest))) {
		page->oldest = changed;
	}
	jx_release(&doc);
}

bool google_reviews_read(const struct connector_ctx *ctx, struct text page, struct outcome *out,
			 struct google_reviews *ret, struct err *err)
{
	struct text *slices = &page, list, inner;

	*ret = (struct google_reviews){ .n = 1 };
	if (jx_slice_kind(page) != '{') {
		return err_set(err, ERR_DATA, "the answer is no list of reviews");
	}
	ret->next = google_page_token(ctx->arena, page);
	if (jx_member(page, TEXT("reviews"), &list)) {
		if (!jx_elements(ctx->arena, list, &slices, &ret->n, err)) {
			return false;
		}
	} else if (!jx_member(page, TEXT("name"), &inner)) {
		/* A location without reviews answers {}; some say how many. */
		if (page.len > 2 && !jx_member(page, TEXT("totalReviewCount"), &inner) &&
		    !jx_member(page, TEXT("averageRating"), &inner) && ret->next.len == 0) {
			return err_set(err, ERR_DATA, "the answer is no list of reviews");
		}
		ret->n = 0;
	}
	for (size_t i = 0; i < ret->n; i++) {
		element_add(ctx, slices[i], out, ret);
	}
	return true;
}
