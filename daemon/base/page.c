#include "answerd/page.h"

#include <stdio.h>

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/url.h"

#define EPOCH_LEAST INT64_C(1000000000) /* smaller numbers are seconds from now */
#define EPOCH_MOST  INT64_C(99999999999)

static struct wall reset_parse(struct text in, struct wall now)
{
	struct text whole, fraction;
	struct wall w;
	int64_t n;

	if (wall_parse(in, &w)) {
		return w;
	}
	(void)text_cut(in, '.', &whole, &fraction); /* Reddit writes "312.0" */
	if (!num_parse_range(whole, 0, EPOCH_MOST, &n)) {
		return (struct wall){ 0 };
	}
	return n >= EPOCH_LEAST ? (struct wall){ n * 1000000 } : wall_add(now, DUR_S(n));
}

struct rate page_rate(const struct response *r, const struct page_rate_names *names)
{
	struct rate rate = { 0 };
	struct text whole, fraction;

	(void)text_cut(response_header(r, names->remaining), '.', &whole, &fraction);
	rate.is_known = num_parse_range(whole, 0, INT64_MAX, &rate.remaining);
	if (!num_parse_range(response_header(r, names->limit), 0, INT64_MAX, &rate.limit)) {
		rate.limit = 0;
	}
	rate.reset_at = reset_parse(response_header(r, names->reset), r->received_at);
	return rate;
}

struct wall page_not_before(const struct connector_ctx *ctx, const struct response *r,
			    const struct rate *rate)
{
	struct text after = response_header(r, TEXT("Retry-After"));
	struct wall until = { 0 }, least = wall_add(ctx->now, DUR_S(1));
	struct wall most = wall_add(ctx->now, DUR_S(3600));
	int64_t n;

	if (num_parse_range(after, 1, INT64_MAX / 2000000, &n)) {
		until = wall_add(ctx->now, DUR_S(n));
	} else if (!wall_parse_http(after, &until)) {
		until = rate->reset_at;
	}
	if (!wall_is_set(until)) {
		until = wall_add(ctx->now, DUR_S(300));
	}
	if (wall_before(until, least)) {
		return least;
	}
	return wall_before(most, until) ? most : until;
}

bool page_is_html(const struct response *r)
{
	struct text type = response_header(r, TEXT("Content-Type"));
	struct text body = text_trim(r->body);

	return text_starts_nocase(type, TEXT("text/html")) || text_starts(body, TEXT("<"));
}

static bool redirect_explain(const struct response *r, struct err *err)
{
	struct text to = response_header(r, TEXT("Location"));
	struct url u;

	if (!url_parse(to, &u)) {
		return err_set(err, ERR_RETRY, "the server answers %d and does not say where to",
			       r->status);
	}
	return err_set(
		err, ERR_RETRY,
		"the server redirects to %.*s://%.*s%s%.*s: if that is right, set `server` to it",
		TEXT_ARG(u.scheme), TEXT_ARG(u.host), u.port.len > 0 ? ":" : "", TEXT_ARG(u.port));
}

bool page_check(const struct connector_ctx *ctx, const struct response *r, const struct rate *rate,
		struct err *err)
{
	int status = r->status;

	if (status >= 200 && status < 300) {
		return true;
	}
	if (status >= 300 && status < 400) {
		return redirect_explain(r, err);
	}
	if (status == 403 && page_is_html(r)) {
		return err_set(err, ERR_RETRY,
			       "403 with a web page: something between us and the server refused");
	}
	switch (status) {
	case 400:
	case 422:
		return err_set(err, ERR_DATA, "the server does not understand the question (%d)",
			       status);
	case 401:
		if (ctx->token.len == 0) {
			return err_set(
				err, ERR_AUTH,
				"the server answers nobody without a token (401): set `token`");
		}
		return err_set(err, ERR_AUTH,
			       "the server refuses the token (401): make a new one and reload");
	case 403:
		return err_set(err, ERR_AUTH,
			       "the server forbids this (403): the token may lack a right, or the "
			       "account is suspended");
	case 404:
	case 410: return err_set(err, ERR_GONE, "not there (%d): is `server` right?", status);
	case 429:
		return err_limited(err, page_not_before(ctx, r, rate),
				   "the server says we ask too often (429)");
	default: return err_set(err, ERR_RETRY, "the server answers %d", status);
	}
}

bool page_check_reply(const struct connector_ctx *ctx, const struct response *r,
		      const struct rate *rate, bool is_429_unsent, struct err *err)
{
	int status = r->status;

	if (status >= 200 && status < 300) {
		return true;
	}
	switch (status) {
	case 400:
	case 404:
	case 405:
	case 409:
	case 410:
	case 413:
	case 415:
	case 422: return err_set(err, ERR_DATA, "the platform refuses the reply (%d)", status);
	case 401:
	case 403:
		if (page_is_html(r)) {
			break;
		}
		return err_set(err, ERR_AUTH, "the platform does not let us post (%d)", status);
	case 429:
		if (is_429_unsent) {
			return err_limited(err, page_not_before(ctx, r, rate),
					   "the platform takes no more posts for now (429)");
		}
		break;
	default: break;
	}
	return err_set(err, ERR_UNSURE, "the platform answers %d: it may have been posted", status);
}

bool page_scan(const struct response *r, struct text *ret, struct err *err)
{
	if (r->is_cut) {
		return err_set(err, ERR_DATA, "an answer over %u MiB, which is not read",
			       LIMIT_BODY_BYTES / (1024 * 1024));
	}
	if (text_trim(r->body).len == 0) {
		return err_set(
			err, ERR_DATA,
			"status %d with an empty body where JSON was expected: is `server` right?",
			r->status);
	}
	if (page_is_html(r)) {
		return err_set(err, ERR_DATA,
			       "a web page where JSON was expected: `server` names no API, or "
			       "something in between answers for it");
	}
	return jx_scan(r->body, ret, err);
}

int page_size(const struct question *q, int most)
{
	return q->page_limit > 0 && q->page_limit < most ? q->page_limit : most;
}

bool page_is_id(struct text id)
{
	if (id.len == 0 || id.len > LIMIT_ID_BYTES) {
		return false;
	}
	for (size_t i = 0; i < id.len; i++) {
		if ((unsigned char)id.at[i] <= ' ' || id.at[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

struct text page_basic(struct arena *a, struct text user_and_password)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct text t = user_and_password, word = TEXT("Basic ");
	char *out = arena_alloc(a, word.len + (t.len + 2) / 3 * 4 + 1);
	size_t n = word.len;

	memcpy(out, word.at, word.len);
	for (size_t i = 0; i < t.len; i += 3) {
		uint32_t three = (uint32_t)(unsigned char)t.at[i] << 16;

		three |= i + 1 < t.len ? (uint32_t)(unsigned char)t.at[i + 1] << 8 : 0;
		three |= i + 2 < t.len ? (uint32_t)(unsigned char)t.at[i + 2] : 0;
		out[n++] = digits[three >> 18];
		out[n++] = digits[three >> 12 & 63];
		out[n++] = i + 1 < t.len ? digits[three >> 6 & 63] : '=';
		out[n++] = i + 2 < t.len ? digits[three & 63] : '=';
	}
	return (struct text){ out, n };
}

/* Room for one more: a list's room is the next power of two, so it needs no count of its own. */
static void *list_grow(struct arena *a, void *list, size_t n, size_t size)
{
	void *bigger;

	if (n > 0 && (n & (n - 1)) != 0) {
		return list;
	}
	bigger = arena_array(a, n == 0 ? 1 : n * 2, size);
	if (n > 0) {
		memcpy(bigger, list, n * size);
	}
	return bigger;
}

struct message *outcome_add_message(struct arena *a, struct outcome *o)
{
	o->messages = list_grow(a, o->messages, o->n_messages, sizeof(o->messages[0]));
	o->messages[o->n_messages] = (struct message){ 0 };
	return &o->messages[o->n_messages++];
}

void outcome_add_bad(struct arena *a, struct outcome *o, struct text raw, struct text external_id,
		     const char *reason)
{
	struct quarantined *q;

	o->bad = list_grow(a, o->bad, o->n_bad, sizeof(o->bad[0]));
	q = &o->bad[o->n_bad++];
	*q = (struct quarantined){ .raw = raw, .external_id = external_id };
	(void)snprintf(q->reason, sizeof(q->reason), "%s", reason); /* a cut reason is one, too */
}

void outcome_add_gone(struct arena *a, struct outcome *o, struct text id)
{
	o->gone = list_grow(a, o->gone, o->n_gone, sizeof(o->gone[0]));
	o->gone[o->n_gone++] = id;
}

struct text page_id_or_none(struct arena *a, struct jx object, const char *name)
{
	struct text id = jx_text_or(a, object, name, TEXT_NONE);

	return page_is_id(id) ? id : TEXT_NONE;
}

struct wall page_wall_or_none(struct arena *a, struct jx object, const char *name)
{
	struct wall w = { 0 };

	(void)wall_parse(jx_text_or(a, object, name, TEXT_NONE), &w); /* unreadable: not known */
	return w;
}

struct wall page_s_or_none(struct jx object, const char *name)
{
	return wall_of_s(jx_i64_or(object, name, 0));
}

struct wall page_us_or_none(struct jx object, const char *name)
{
	return wall_of_us(jx_i64_or(object, name, 0));
}

static int base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static bool base64url_decode(struct arena *a, struct text in, struct text *ret)
{
	char *out = arena_alloc(a, in.len + 1);
	unsigned bits = 0;
	int n_bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		int v = base64url_value(in.at[i]);

		if (v < 0) {
			return false;
		}
		bits = (bits << 6 | (unsigned)v) & 0xffff;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (char)(bits >> n_bits & 0xff);
		}
	}
	*ret = (struct text){ out, n };
	return true;
}

struct wall page_token_until(struct arena *a, struct text token)
{
	struct text head, rest, claims, signature, json;
	struct wall until = { 0 };
	struct jx_doc *doc = NULL;
	struct jx v;

	if (token.len > LIMIT_URL_BYTES || !text_cut(token, '.', &head, &rest) ||
	    !text_cut(rest, '.', &claims, &signature) || !base64url_decode(a, claims, &json) ||
	    !jx_parse(a, json, &v, &doc, NULL)) {
		return until;
	}
	if (jx_is_object(v)) {
		int64_t exp = jx_i64_or(v, "exp", 0);

		until.us = exp >= EPOCH_LEAST && exp <= EPOCH_MOST ? exp * 1000000 : 0;
	}
	jx_release(&doc);
	return until;
}

bool page_is_ours(const struct connector_ctx *ctx, struct text id)
{
	return id.len > 0 && text_eq(id, ctx->own_id);
}
