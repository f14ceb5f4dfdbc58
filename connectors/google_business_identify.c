#include "google_business_identify.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "google.h"
#include "google_business_review.h"

#define ACCOUNTS    TEXT("https://mybusinessaccountmanagement.googleapis.com")
#define LOCATIONS   TEXT("https://mybusinessbusinessinformation.googleapis.com")
#define TITLE_BYTES 60

/* The state of IDENTIFY, behind its first answer: which account is ours, and the locations so far. */
struct who {
	struct text id, name;
	struct text token; /* of the page of locations that is due */
	struct strbuf locations, unverified;
	size_t n;
};

static void who_done(struct who *w)
{
	strbuf_done(&w->locations);
	strbuf_done(&w->unverified);
}

static bool account_is_name(struct text id)
{
	uint64_t n;

	return text_starts(id, TEXT("accounts/")) &&
	       num_parse_u64(text_slice(id, sizeof("accounts/") - 1, SIZE_MAX), &n);
}

static void location_add(struct who *w, struct text id, struct text title, bool is_unverified)
{
	if (!google_is_location(id) || w->n >= GOOGLE_LOCATIONS_MOST) {
		return;
	}
	strbuf_add_str(&w->locations, w->n++ > 0 ? ",{\"id\":" : "{\"id\":");
	strbuf_add_json(&w->locations, id);
	strbuf_add_str(&w->locations, ",\"title\":");
	strbuf_add_json(&w->locations, text_clip(title, TITLE_BYTES));
	strbuf_add_byte(&w->locations, '}');
	if (is_unverified) {
		strbuf_add_str(&w->unverified, w->unverified.len > 0 ? ", " : "");
		strbuf_add(&w->unverified, title.len > 0 ? text_clip(title, TITLE_BYTES) : id);
	}
}

static bool who_load(struct arena *a, struct text state, struct who *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, list;

	*ret = (struct who){ 0 };
	strbuf_init(&ret->locations, LIMIT_STATE_BYTES);
	strbuf_init(&ret->unverified, LIMIT_NAME_BYTES);
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return false;
	}
	ret->id = jx_text_or(a, v, "id", TEXT_NONE);
	ret->name = jx_text_or(a, v, "name", TEXT_NONE);
	ret->token = jx_text_or(a, v, "token", TEXT_NONE);
	strbuf_add(&ret->unverified, jx_text_or(a, v, "unverified", TEXT_NONE));
	list = jx_get(v, "locations");
	for (size_t i = 0; i < jx_len(list); i++) {
		location_add(ret, jx_text_or(a, jx_at(list, i), "id", TEXT_NONE),
			     jx_text_or(a, jx_at(list, i), "title", TEXT_NONE), false);
	}
	jx_release(&doc);
	return account_is_name(ret->id);
}

static struct text who_save(struct arena *a, const struct who *w)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };

	strbuf_add_str(&b, "{\"id\":");
	strbuf_add_json(&b, w->id);
	strbuf_add_str(&b, ",\"name\":");
	strbuf_add_json(&b, w->name);
	strbuf_add_str(&b, ",\"token\":");
	strbuf_add_json(&b, w->token);
	strbuf_add_str(&b, ",\"unverified\":");
	strbuf_add_json(&b, strbuf_text(&w->unverified));
	strbuf_printf(&b, ",\"locations\":[%.*s]}", TEXT_ARG(strbuf_text(&w->locations)));
	return text_dup(a, strbuf_text(&b));
}

bool google_identify_ask(const struct connector_ctx *ctx, const struct question *q,
			 struct request *ret, struct err *err)
{
	scoped(who_done) struct who w;
	struct strbuf b;

	strbuf_init(&b, LIMIT_URL_BYTES);
	if (who_load(ctx->arena, q->state, &w)) {
		strbuf_add(&b, ctx->server.len > 0 ? ctx->server : LOCATIONS);
		strbuf_printf(&b, "/v1/%.*s/locations?readMask=name,title,metadata&pageSize=100",
			      TEXT_ARG(w.id));
		if (w.token.len > 0) {
			strbuf_add_str(&b, "&pageToken=");
			strbuf_add_url(&b, w.token);
		}
	} else {
		strbuf_add(&b, ctx->server.len > 0 ? ctx->server : ACCOUNTS);
		strbuf_add_str(&b, "/v1/accounts?pageSize=20");
	}
	return google_url_finish(ctx, &b, ret, err);
}

/* The account that the option names, or the only one. */
static bool account_choose(const struct connector_ctx *ctx, struct jx list, struct who *w,
			   struct err *err)
{
	struct text wanted = connector_option(ctx, "account");
	scoped(strbuf_done) struct strbuf names = { .max_bytes = 120 };

	for (size_t i = 0; i < jx_len(list); i++) {
		struct jx one = jx_at(list, i);
		struct text id = jx_text_or(ctx->arena, one, "name", TEXT_NONE);

		if (wanted.len > 0 ? text_eq(id, wanted) : jx_len(list) == 1) {
			w->id = id;
			w->name = text_clip(jx_text_or(ctx->arena, one, "accountName", TEXT_NONE),
					    LIMIT_NAME_BYTES);
		}
		strbuf_add_str(&names, i > 0 ? ", " : "");
		strbuf_add(&names, text_clip(id, 40));
	}
	if (w->id.len == 0 && wanted.len > 0 && account_is_name(wanted)) {
		w->id = w->name = wanted; /* more than a page has; its locations will tell */
	}
	return account_is_name(w->id) ||
	       err_set(err, ERR_AUTH,
		       "this Google account manages %s: set `account` to one of %.*s",
		       jx_len(list) == 0 ? "no business" : "several businesses",
		       TEXT_ARG(names.len > 0 ? strbuf_text(&names)
					      : TEXT("those that it manages")));
}

static void locations_read(const struct connector_ctx *ctx, struct jx list, struct who *w)
{
	for (size_t i = 0; i < jx_len(list); i++) {
		struct jx one = jx_at(list, i), meta = jx_get(one, "metadata");
		struct text name = jx_text_or(ctx->arena, one, "name", TEXT_NONE);

		location_add(w, text_slice(name, sizeof("locations/") - 1, SIZE_MAX),
			     text_trim(jx_text_or(ctx->arena, one, "title", TEXT_NONE)),
			     jx_is_set(meta) && !jx_bool_or(meta, "hasVoiceOfMerchant", false));
	}
}

static void who_tell(const struct connector_ctx *ctx, const struct who *w,
		     const struct connector_right *rights, struct outcome *ret)
{
	ret->own_id = w->id;
	ret->own_name = ret->own_handle = w->name.len > 0 ? w->name : w->id;
	ret->facts = text_printf(ctx->arena, "{\"locations\":[%.*s]}",
				 TEXT_ARG(strbuf_text(&w->locations)));
	ret->missing = google_missing(ctx, rights);
	if (ret->missing.len == 0 && w->n == 0) {
		ret->missing = TEXT("a location: this account has none, so no review is heard");
	} else if (ret->missing.len == 0 && w->n >= GOOGLE_LOCATIONS_MOST) {
		ret->missing = TEXT("room: only the first hundred locations are heard; list the "
				    "others in `locations` of another account");
	} else if (ret->missing.len == 0 && w->unverified.len > 0) {
		ret->missing = text_printf(ctx->arena,
					   "verification of %.*s: Google shows their "
					   "reviews to nobody before that",
					   TEXT_ARG(strbuf_text(&w->unverified)));
	}
}

bool google_identify_digest(const struct connector_ctx *ctx, const struct question *q,
			    const struct connector_right *rights, const struct response *r,
			    struct outcome *ret, struct err *err)
{
	scoped(who_done) struct who w;
	bool is_behind = who_load(ctx->arena, q->state, &w), is_good = true;
	struct jx_doc *doc = NULL;
	struct text page, next;
	struct jx v;

	if (!google_check(ctx, r, ret, err) || !page_scan(r, &page, err) ||
	    !jx_parse(ctx->arena, page, &v, &doc, err)) {
		return false;
	}
	next = google_page_token(ctx->arena, page);
	if (!jx_is_object(v)) {
		is_good = err_set(err, ERR_DATA, "Google does not say who we are");
	} else if (is_behind) {
		locations_read(ctx, jx_get(v, "locations"), &w);
	} else {
		is_good = account_choose(ctx, jx_get(v, "accounts"), &w, err);
		next = TEXT_NONE;
	}
	jx_release(&doc);
	if (!is_good) {
		return false;
	}
	if (!is_behind || (next.len > 0 && !google_is_circle(next, w.token, TEXT_NONE) &&
			   w.n < GOOGLE_LOCATIONS_MOST)) {
		w.token = next;
		ret->is_more = true;
		ret->state = who_save(ctx->arena, &w);
		ret->own_id = w.id;
		ret->own_handle = w.name.len > 0 ? w.name : w.id;
		return true;
	}
	who_tell(ctx, &w, rights, ret);
	return true;
}
