/* x_session.h: how we are let in by X (OAuth 2, OAuth 1.0a or a ready token), addresses, and what its refusals
 * mean. Private to the connector.
 *
 * Owner:   everything lives in ctx->arena; what lets us in is secret.
 * Clock:   ctx->now: OAuth 1.0a signs each request with its time.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where a person must act: the token, its rights, or the bill. */
#ifndef ANSWERD_CONNECTORS_X_SESSION_H
#define ANSWERD_CONNECTORS_X_SESSION_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

/* What X calls things changes between its documents (2.159 "tweet", 2.167 "post"); answers are read in both. */
struct x_words {
	const char *field_name;          /* of the parameter that lists fields */
	const char *fields, *expansions; /* of posts */
	const char *dm_fields;
};

/* The connector's facts. */
struct x_facts {
	bool is_new;   /* it wants the new words */
	bool is_tried; /* both were tried: it is not asked a third time */
	bool has_no_directs;
};
void x_facts_load(const struct connector_ctx *ctx, struct x_facts *ret);
struct text x_facts_save(struct arena *a, const struct x_facts *f);
const struct x_words *x_words_of(const struct connector_ctx *ctx);
/* The other words, where only one of them was tried, or `is_again`; false: both were. Fills outcome.facts. */
bool x_words_turn(const struct connector_ctx *ctx, bool is_again, struct outcome *ret);
/* Does this 400 speak of the parameter whose name we got wrong? */
bool x_is_wrong_word(const struct connector_ctx *ctx, const struct response *r);

/* An address from its path on ("/2/users/me"); add encodes the value; finish signs it and frees b. */
void x_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path);
void x_url_add(struct strbuf *b, const char *name, struct text value);
void x_url_add_fields(const struct connector_ctx *ctx, struct strbuf *b); /* of posts */
bool x_url_finish(const struct connector_ctx *ctx, struct strbuf *b, enum http_method method,
		  struct text salt, struct request *ret, struct err *err);

bool x_refresh_ask(const struct connector_ctx *ctx, struct request *ret, struct err *err);
bool x_refresh_digest(const struct connector_ctx *ctx, const struct response *r,
		      struct outcome *ret, struct err *err);
bool x_connect_ask(const struct connector_ctx *ctx, const struct granting *g, struct request *ret,
		   struct err *err);
bool x_connect_digest(const struct connector_ctx *ctx, const struct response *r,
		      struct outcome *ret, struct err *err);
bool x_authorize(const struct connector_ctx *ctx, const struct granting *g,
		 struct text *ret_address, struct err *err);
extern const struct connector_right x_rights[];
/* Rights that the session was made without, in plain words; empty: none, or nobody said. */
struct text x_missing(const struct connector_ctx *ctx);

struct rate x_rate(const struct response *r);
/* page_check(), and what X means by it. */
bool x_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
	     struct err *err);
/* Money: the cap or the credits are used up. */
bool x_is_broke(const struct response *r);
/* Refused to the app or to this kind of token, whatever was asked. */
bool x_is_forbidden(const struct response *r);
/* X's own sentence for its refusal; may be empty. */
struct text x_refusal(struct arena *a, const struct response *r);
/* Does a member "type" or "title" of this problem end like that? */
bool x_problem_is(struct arena *a, struct text problem, const char *end);

bool x_is_number(struct text id); /* 1 to 19 digits, no zero in front */
/* When an id was made (they count milliseconds); not set for those from before November 2010. */
struct wall x_id_time(struct text id);

#endif
