/* judge.h: is what a sign-in service says of somebody meant for us, for this sign-in, and still true (OpenID Connect Core 3.1.3.7)? Pure.
 *
 * Owner:   results live in the arena.
 * Clock:   passed in; others' clocks may be a minute off.
 * Blocks:  never. Calls back: never.
 * Fails:   a word (rules/57_oidc.sql, desk/oidc_words.c) and a sentence without anything of the token. */
#ifndef ANSWERD_VOUCH_JUDGE_H
#define ANSWERD_VOUCH_JUDGE_H

#include "answerd/clock.h"
#include "answerd/err.h"
#include "answerd/text.h"

struct judge_want {
	struct text issuer, client_id, nonce;
	struct text claim; /* the one that says who */
	bool trust_email; /* also where the service does not say that it has verified the address */
	bool is_again;    /* it must have been proved just now */
	struct wall now;
};

struct judge_found {
	struct text subject, claim, name;
	struct wall proved_at; /* 0: it does not say */
};

/* The claims of a token whose signature is good: is it for us, for this sign-in, still true, and of whom (subject)? NULL: all is well. */
const char *judge_claims(struct arena *a, struct text claims, const struct judge_want *want,
			 struct judge_found *ret, struct err *err);
/* What the service calls the person: in the same claims, or in its answer about the person (userinfo), which must be of the same subject.
 * NULL: all is well. */
const char *judge_person(struct arena *a, struct text said, const struct judge_want *want,
			 struct judge_found *in_out, struct err *err);

/* Do they leave open who it is, so that it is worth asking? What they do say is not asked again. */
bool judge_is_silent(struct arena *a, struct text claims, const struct judge_want *want);

/* What a service says of itself (OpenID Connect Discovery). */
struct judge_service {
	struct text authorize, token, keys; /* addresses */
	struct text person;                 /* where it answers who somebody is; empty: nowhere */
	bool names_itself; /* its answers to browsers say who they are from (RFC 9207) */
	bool is_post;      /* the client's secret goes in the body, not as HTTP Basic */
};
/* `insecure`: plain http to a literal loopback address is taken. */
bool judge_discovery(struct arena *a, struct text body, struct text issuer, bool insecure,
		     struct judge_service *ret, struct err *err);

#endif
