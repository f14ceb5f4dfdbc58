#include "google.h"

#include "answerd/json.h"
#include "answerd/jwt.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "oauth.h"

#define OAUTH       TEXT("https://oauth2.googleapis.com/token")
#define CONSENT     TEXT("https://accounts.google.com/o/oauth2/v2/auth")
#define JWT_BEARER  "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
#define CLAIM_S     3600 /* the longest that Google takes */
#define CLAIM_BYTES 4096
#define WINDOW_S    100
#define TOKEN_BYTES 2048
#define DAY_S       INT64_C(86400)
#define HOUR_S      INT64_C(3600)

/* ---- sessions ---- */

static struct oauth_app app_of(const struct connector_ctx *ctx)
{
	struct text at = connector_option(ctx, "oauth");

	return (struct oauth_app){ .name = "Google", .at = at.len > 0 ? at : OAUTH };
}

static bool is_service(const struct connector_ctx *ctx)
{
	return text_starts(text_trim(ctx->token), TEXT("{"));
}

struct service {
	struct text mail, key, key_id;
};

static bool service_load(const struct connector_ctx *ctx, struct service *ret, struct err *err)
{
	struct jx_doc *doc = NULL;
	struct jx v;

	*ret = (struct service){ 0 };
	if (jx_parse(ctx->arena, text_trim(ctx->token), &v, &doc, NULL)) {
		ret->mail = jx_text_or(ctx->arena, v, "client_email", TEXT_NONE);
		ret->key = jx_text_or(ctx->arena, v, "private_key", TEXT_NONE);
		ret->key_id = jx_text_or(ctx->arena, v, "private_key_id", TEXT_NONE);
		jx_release(&doc);
	}
	return (ret->mail.len > 0 && ret->key.len > 0) ||
	       err_set(err, ERR_AUTH,
		       "`token` begins like the key of a service account and has no client_email "
		       "and private_key: write the whole JSON that Google made into one line");
}

static struct text claims_of(const struct connector_ctx *ctx, const struct service *s,
			     const struct connector_right *rights, struct text at)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = CLAIM_BYTES };
	struct text user = connector_option(ctx, "user");
	long long now = (long long)(ctx->now.us / 1000000);

	strbuf_add_str(&b, "{\"iss\":");
	strbuf_add_json(&b, s->mail);
	strbuf_add_str(&b, ",\"scope\":\"");
	for (size_t i = 0; rights[i].scope != NULL; i++) {
		strbuf_printf(&b, "%s%s", i > 0 ? " " : "", rights[i].scope);
	}
	strbuf_add_str(&b, "\",\"aud\":");
	strbuf_add_json(&b, at);
	if (user.len > 0) {
		strbuf_add_str(&b, ",\"sub\":");
		strbuf_add_json(&b, user);
	}
	strbuf_printf(&b, ",\"iat\":%lld,\"exp\":%lld}", now, now + CLAIM_S);
	return text_dup(ctx->arena, strbuf_text(&b));
}

static bool service_ask(const struct connector_ctx *ctx, const struct oauth_app *app,
			const struct connector_right *rights, struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf head = { .max_bytes = CLAIM_BYTES };
	scoped(strbuf_done) struct strbuf form = { .max_bytes = LIMIT_STATE_BYTES };
	struct text assertion;
	struct service s;

	if (!service_load(ctx, &s, err)) {
		return false;
	}
	strbuf_add_str(&head, "{\"alg\":\"RS256\",\"typ\":\"JWT\"");
	if (s.key_id.len > 0) {
		strbuf_add_str(&head, ",\"kid\":");
		strbuf_add_json(&head, s.key_id);
	}
	strbuf_add_byte(&head, '}');
	if (!jwt_sign(ctx->arena, strbuf_text(&head), claims_of(ctx, &s, rights, app->at), s.key,
		      &assertion, err)) {
		return false;
	}
	strbuf_add_str(&form, JWT_BEARER);
	strbuf_add(&form, assertion);
	return oauth_form_ask(ctx, app, strbuf_text(&form), ret, err);
}

bool google_refresh_ask(const struct connector_ctx *ctx, const struct connector_right *rights,
			struct request *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	return is_service(ctx) ? service_ask(ctx, &app, rights, ret, err)
			       : oauth_refresh_ask(ctx, &app, ret, err);
}

bool google_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
			   struct outcome *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	if (is_service(ctx) && (r->status == 400 || r->status == 401)) {
		return err_set(err, ERR_AUTH,
			       "Google makes no session for the service account (%d): look at its "
			       "key, at `user` and what it may do for that person, and at this "
			       "machine's clock",
			       r->status);
	}
	return oauth_token_digest(ctx, &app, r, ret, err);
}

/* ---- a person lets us in ---- */

bool google_authorize(const struct connector_ctx *ctx, const struct connector_right *rights,
		      const struct granting *g, struct text *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	if (is_service(ctx)) {
		return err_set(err, ERR_AUTH,
			       "a service account needs nobody to let it in: its key is the token");
	}
	/* A refresh token is given offline and, to who let us in before, only when he is asked anew. */
	return oauth_authorize(ctx, &app, CONSENT, rights, "&access_type=offline&prompt=consent", g,
			       ret, err);
}

bool google_connect_ask(const struct connector_ctx *ctx, const struct question *q,
			struct request *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);

	return oauth_connect_ask(ctx, &app, q, ret, err);
}

bool google_connect_digest(const struct connector_ctx *ctx, const struct connector_right *rights,
			   const struct response *r, struct outcome *ret, struct err *err)
{
	struct oauth_app app = app_of(ctx);
	struct connector_ctx fresh = *ctx;
	struct oauth_session s;

	if (!oauth_connect_digest(ctx, &app, rights, r, ret, err)) {
		return false;
	}
	fresh.session = ret->session;
	return (oauth_session_load(&fresh, &s) && s.refresh.len > 0) ||
	       err_set(err, ERR_AUTH,
		       "Google gave no refresh token: take our right away at "
		       "myaccount.google.com/permissions and begin again");
}

struct text google_missing(const struct connector_ctx *ctx, const struct connector_right *rights)
{
	struct oauth_session s;

	return oauth_session_load(ctx, &s) ? oauth_missing(ctx->arena, rights, &s) : TEXT_NONE;
}

bool google_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
		       struct err *err)
{
	bool is_full = b->is_full;

	*ret = (struct request){ .method = HTTP_GET,
				 .url = text_dup(ctx->arena, strbuf_text(b)),
				 .bearer = oauth_bearer(ctx) };
	strbuf_done(b);
	return !is_full ||
	       err_set(err, ERR_DATA, "the address would be longer than %d bytes", LIMIT_URL_BYTES);
}

/* ---- refusals ---- */

/* {"error": {"code": 403, "errors": [{"reason": "rateLimitExceeded"}], "status": …}} */
static bool error_slice(const struct response *r, struct text *ret)
{
	struct text page;

	return jx_scan(r->body, &page, NULL) && jx_slice_kind(page) == '{' &&
	       jx_member(page, TEXT("error"), ret) && jx_slice_kind(*ret) == '{';
}

bool google_says(const struct response *r, struct text word)
{
	struct text inner;

	return error_slice(r, &inner) && text_find(inner, word, 0) != SIZE_MAX;
}

/* Something in between may say it without the envelope. */
struct text google_words(const struct connector_ctx *ctx, const struct response *r)
{
	struct text inner, message, out;

	if (!error_slice(r, &inner) &&
	    (!jx_scan(r->body, &inner, NULL) || jx_slice_kind(inner) != '{')) {
		return TEXT_NONE;
	}
	return jx_member(inner, TEXT("message"), &message) &&
			       jx_slice_text(ctx->arena, message, &out)
		       ? out
		       : TEXT_NONE;
}

/* What Google says before a project is let in: a quota of nothing. */
static bool is_quota_none(const struct response *r)
{
	struct text name = TEXT("\"quota_limit_value\""), inner;
	size_t at = error_slice(r, &inner) ? text_find(inner, name, 0) : SIZE_MAX;

	return at != SIZE_MAX &&
	       text_find(text_slice(inner, at + name.len, 6), TEXT("\"0\""), 0) != SIZE_MAX;
}

bool google_check_door(const struct connector_ctx *ctx, const struct response *r,
		       struct outcome *ret, struct err *err)
{
	if (r->status == 401 && !page_is_html(r)) {
		ret->needs_refresh = true;
		return err_set(err, ERR_AUTH, "the session has ended (401)");
	}
	if (r->status == 429 && is_quota_none(r)) {
		return err_set(err, ERR_AUTH,
			       "Google has not let this project use the interface (its quota is "
			       "0): ask for access in the form that Google has for it");
	}
	if (r->status != 403) {
		return true;
	}
	if (google_says(r, TEXT("uotaExceeded")) || google_says(r, TEXT("dailyLimitExceeded"))) {
		return err_limited(
			err, google_midnight(ctx->now),
			"today's quota of the Google project is used up (403); it begins "
			"anew at midnight in California");
	}
	if (google_says(r, TEXT("ateLimitExceeded"))) {
		return err_limited(err, wall_add(ctx->now, DUR_S(WINDOW_S)),
				   "Google says we ask too often (403)");
	}
	if (google_says(r, TEXT("insufficientPermissions")) ||
	    google_says(r, TEXT("ACCESS_TOKEN_SCOPE_INSUFFICIENT"))) {
		return err_set(err, ERR_AUTH,
			       "the session lacks a right (403): run `answerd connect` "
			       "again and leave all boxes ticked");
	}
	if (google_says(r, TEXT("accessNotConfigured")) ||
	    google_says(r, TEXT("SERVICE_DISABLED"))) {
		return err_set(err, ERR_AUTH,
			       "this interface is switched off in the Google project (403): switch "
			       "it on in the console");
	}
	return true;
}

bool google_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
		  struct err *err)
{
	return google_check_door(ctx, r, ret, err) && page_check(ctx, r, &ret->rate, err);
}

bool google_is_missing(const struct response *r)
{
	return (r->status == 404 || r->status == 410) &&
	       (google_says(r, TEXT("otFound")) || google_says(r, TEXT("NOT_FOUND")));
}

struct text google_page_token(struct arena *a, struct text page)
{
	struct text inner, token;

	return jx_member(page, TEXT("nextPageToken"), &inner) && jx_slice_text(a, inner, &token)
		       ? token
		       : TEXT_NONE;
}

bool google_is_circle(struct text token, struct text last, struct text turtle)
{
	return token.len > TOKEN_BYTES ||
	       (token.len > 0 && (text_eq(token, last) || text_eq(token, turtle)));
}

/* ---- midnight in California ---- */

/* Days since 1970-01-01 of a date (H. Hinnant's count of days). */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, of_era, of_year;

	y -= m <= 2;
	era = y / 400;
	of_era = y - era * 400;
	of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t day)
{
	int64_t y = 1970 + day * 400 / 146097;

	while (days_of(y + 1, 1, 1) <= day) {
		y++;
	}
	while (days_of(y, 1, 1) > day) {
		y--;
	}
	return y;
}

/* The n-th Sunday of a month; 1970-01-01 was a Thursday. */
static int64_t sunday_of(int64_t y, int64_t m, int64_t n)
{
	int64_t first = days_of(y, m, 1);

	return first + (7 - (first + 4) % 7) % 7 + (n - 1) * 7;
}

/* Hours behind UTC: summer from the second Sunday in March to the first in November, each at two
 * o'clock. */
static int64_t hours_behind(int64_t s)
{
	int64_t y = year_of(s / DAY_S);

	return s >= sunday_of(y, 3, 2) * DAY_S + 10 * HOUR_S &&
			       s < sunday_of(y, 11, 1) * DAY_S + 9 * HOUR_S
		       ? 7
		       : 8;
}

struct wall google_midnight(struct wall now)
{
	int64_t s = now.us / 1000000, local = s - hours_behind(s) * HOUR_S;
	int64_t next = (local / DAY_S + 1) * DAY_S; /* as a clock in California writes it */
	int64_t utc = next + 8 * HOUR_S;

	utc -= hours_behind(utc - HOUR_S) == 7 ? HOUR_S : 0;
	return (struct wall){ utc * 1000000 };
}
