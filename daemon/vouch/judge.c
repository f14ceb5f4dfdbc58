#include "daemon/vouch/judge.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/url.h"

#define SKEW_S        60
#define PROVED_S      (11 * 60) /* a sign-in lives ten minutes */
#define CLAIM_BYTES   254
#define SUBJECT_BYTES 255 /* says the standard */

static const char *fail(struct err *err, const char *word, const char *sentence)
{
	(void)err_set(err, ERR_DATA, "%s", sentence);
	return word;
}

/* Alone, or one of several; then it must say for whom of them it was made. */
static bool is_for(struct arena *a, struct jx claims, struct text client_id)
{
	struct jx aud = jx_get(claims, "aud");
	struct text one, azp = jx_text_or(a, claims, "azp", TEXT_NONE);
	bool is_there = false;

	if (jx_is_text(aud)) {
		is_there = jx_as_text(a, aud, &one) && text_eq(one, client_id);
	}
	for (size_t i = 0; i < jx_len(aud); i++) {
		is_there =
			is_there || (jx_as_text(a, jx_at(aud, i), &one) && text_eq(one, client_id));
	}
	if (jx_is_set(jx_get(claims, "azp")) || jx_len(aud) > 1) {
		is_there = is_there && text_eq(azp, client_id);
	}
	return is_there;
}

static const char *judge_times(struct jx claims, const struct judge_want *want,
			       struct judge_found *ret, struct err *err)
{
	int64_t now_s = want->now.us / 1000000, exp, iat, proved;

	if (!jx_i64(claims, "exp", &exp, NULL) || !jx_i64(claims, "iat", &iat, NULL)) {
		return fail(err, "token", "it does not say from when until when it is good");
	}
	if (exp <= now_s - SKEW_S) {
		return fail(err, "expired", "it is over");
	}
	if (iat > now_s + SKEW_S || jx_i64_or(claims, "nbf", 0) > now_s + SKEW_S) {
		return fail(err, "early", "it is not good yet");
	}
	proved = jx_i64_or(claims, "auth_time", 0);
	if (proved > 0 && proved <= now_s + SKEW_S) {
		ret->proved_at.us = (proved < now_s ? proved : now_s) * 1000000;
	}
	if (want->is_again && (ret->proved_at.us == 0 || proved < now_s - PROVED_S)) {
		return fail(err, "stale", "it does not say that it was proved just now");
	}
	return NULL;
}

static const char *judge_object(struct arena *a, struct jx claims, const struct judge_want *want,
				struct judge_found *ret, struct err *err)
{
	if (!text_eq(jx_text_or(a, claims, "iss", TEXT_NONE), want->issuer)) {
		return fail(err, "iss", "it is from another issuer");
	}
	if (!is_for(a, claims, want->client_id)) {
		return fail(err, "aud", "it is not for us");
	}
	if (text_is_empty(want->nonce) ||
	    !text_eq(jx_text_or(a, claims, "nonce", TEXT_NONE), want->nonce)) {
		return fail(err, "nonce", "it is not of this sign-in");
	}
	ret->subject = jx_text_or(a, claims, "sub", TEXT_NONE);
	if (text_is_empty(ret->subject) || ret->subject.len > SUBJECT_BYTES) {
		return fail(err, "token", "it does not say of whom it is");
	}
	return judge_times(claims, want, ret, err);
}

typedef const char *judge_one(struct arena *a, struct jx object, const struct judge_want *want,
			      struct judge_found *ret, struct err *err);

static const char *judge_json(struct arena *a, struct text json, judge_one *judge,
			      const struct judge_want *want, struct judge_found *in_out,
			      struct err *err)
{
	struct judge_found found = *in_out;
	struct jx_doc *doc = NULL;
	const char *failure;
	struct text whole;
	struct jx object;

	if (!jx_scan(json, &whole, NULL) || !jx_parse(a, whole, &object, &doc, NULL)) {
		return fail(err, "token", "it is no JSON object");
	}
	failure = jx_is_object(object) ? judge(a, object, want, &found, err)
				       : fail(err, "token", "it is no JSON object");
	jx_release(&doc);
	if (failure == NULL) {
		*in_out = found;
	}
	return failure;
}

const char *judge_claims(struct arena *a, struct text claims, const struct judge_want *want,
			 struct judge_found *ret, struct err *err)
{
	*ret = (struct judge_found){ 0 };
	return judge_json(a, claims, judge_object, want, ret, err);
}

/* ---- who it is ---- */

/* Only an address that the service has seen to be theirs. Some write the word "true" instead of the value. */
static bool is_verified(struct arena *a, struct jx said, const struct judge_want *want)
{
	struct jx verified = jx_get(said, "email_verified");
	struct text word;

	return !text_eq(want->claim, TEXT("email")) || jx_bool_or(said, "email_verified", false) ||
	       (jx_as_text(a, verified, &word) && text_eq(word, TEXT("true"))) ||
	       (want->trust_email && !jx_is_set(verified));
}

static const char *judge_names(struct arena *a, struct jx said, const struct judge_want *want,
			       struct judge_found *ret, struct err *err)
{
	if (!text_eq(jx_text_or(a, said, "sub", TEXT_NONE), ret->subject)) {
		return fail(err, "token", "its answer about the person is about another one");
	}
	ret->claim = text_trim(jx_text_or(a, said, text_cstr(a, want->claim), TEXT_NONE));
	if (text_is_empty(ret->claim) || ret->claim.len > CLAIM_BYTES) {
		(void)err_set(err, ERR_DATA, "it has no claim '%.*s'",
			      TEXT_ARG(text_clip(want->claim, 60)));
		return "claim";
	}
	for (size_t i = 0; i < ret->claim.len; i++) {
		if ((unsigned char)ret->claim.at[i] < ' ' || ret->claim.at[i] == 0x7f) {
			return fail(err, "claim", "its claim is no line of text");
		}
	}
	if (!is_verified(a, said, want)) {
		return fail(err, "unverified", "it does not say that the address was verified");
	}
	ret->name = text_clip(jx_text_or(a, said, "name", TEXT_NONE), LIMIT_NAME_BYTES);
	return NULL;
}

const char *judge_person(struct arena *a, struct text said, const struct judge_want *want,
			 struct judge_found *in_out, struct err *err)
{
	return judge_json(a, said, judge_names, want, in_out, err);
}

bool judge_is_silent(struct arena *a, struct text claims, const struct judge_want *want)
{
	struct jx_doc *doc = NULL;
	bool is_silent = false;
	struct jx said;

	if (jx_parse(a, claims, &said, &doc, NULL)) {
		is_silent = !jx_is_set(jx_get(said, text_cstr(a, want->claim))) ||
			    (text_eq(want->claim, TEXT("email")) &&
			     !jx_is_set(jx_get(said, "email_verified")));
	}
	jx_release(&doc);
	return is_silent;
}

/* ---- discovery ---- */

static bool get_address(struct arena *a, struct jx said, const char *name, bool insecure,
			struct text *ret, struct err *err)
{
	struct text address = jx_text_or(a, said, name, TEXT_NONE);
	struct url u;

	if (!url_parse(address, &u) || address.len > LIMIT_URL_BYTES / 2 ||
	    text_find(address, TEXT("#"), 0) != SIZE_MAX) {
		return err_set(err, ERR_DATA, "it does not say where its %s is", name);
	}
	if (!text_eq(u.scheme, TEXT("https")) && !(insecure && url_is_loopback(address))) {
		return err_set(err, ERR_DATA, "its %s is not protected (https)", name);
	}
	*ret = address;
	return true;
}

/* HTTP Basic is what every service must take; one that lists its ways without it means the other. */
static bool is_post_only(struct arena *a, struct jx said)
{
	struct jx ways = jx_get(said, "token_endpoint_auth_methods_supported");
	bool has_basic = jx_len(ways) == 0, has_post = false;
	struct text way;

	for (size_t i = 0; i < jx_len(ways); i++) {
		if (jx_as_text(a, jx_at(ways, i), &way)) {
			has_basic = has_basic || text_eq(way, TEXT("client_secret_basic"));
			has_post = has_post || text_eq(way, TEXT("client_secret_post"));
		}
	}
	return !has_basic && has_post;
}

bool judge_discovery(struct arena *a, struct text body, struct text issuer, bool insecure,
		     struct judge_service *ret, struct err *err)
{
	struct judge_service s = { 0 };
	struct jx_doc *doc = NULL;
	struct text whole;
	struct jx said;
	bool is_ok;

	if (!jx_scan(body, &whole, NULL) || jx_slice_kind(whole) != '{' ||
	    !jx_parse(a, whole, &said, &doc, NULL)) {
		return err_set(err, ERR_DATA, "what it says of itself is no JSON object");
	}
	if (!text_eq(jx_text_or(a, said, "issuer", TEXT_NONE), issuer)) {
		is_ok = err_set(
			err, ERR_DATA,
			"it calls itself '%.*s': write the issuer letter by letter so",
			TEXT_ARG(text_clip(jx_text_or(a, said, "issuer", TEXT("nothing")), 120)));
	} else {
		is_ok = get_address(a, said, "authorization_endpoint", insecure, &s.authorize,
				    err) &&
			get_address(a, said, "token_endpoint", insecure, &s.token, err) &&
			get_address(a, said, "jwks_uri", insecure, &s.keys, err);
	}
	if (is_ok) {
		/* One that cannot be used is none. */
		(void)get_address(a, said, "userinfo_endpoint", insecure, &s.person, NULL);
		s.names_itself =
			jx_bool_or(said, "authorization_response_iss_parameter_supported", false);
		s.is_post = is_post_only(a, said);
		*ret = s;
	}
	jx_release(&doc);
	return is_ok;
}
