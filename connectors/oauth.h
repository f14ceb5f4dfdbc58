/* oauth.h: OAuth 2 as several platforms speak it: what stands in `token`, how a session is made of
 * it, kept and renewed. Private to the connectors.
 *
 * `token` is one of
 *   CLIENT ID:CLIENT SECRET:REFRESH TOKEN   a session is made by the refresh token
 *   CLIENT ID:CLIENT SECRET                 the refresh token is in the session that `answerd connect` stored
 *   ACCESS TOKEN                            no colon: ready to be used, where the platform gives long-lived ones
 *
 * A session is JSON: {"access": …, "refresh": …, "scope": …, "until": seconds since 1970}. Its
 * refresh token is the newest that the platform gave, so it comes before the one in `token`: some
 * platforms give a new one each time and take the old one never again.
 *
 * Owner:   everything lives in ctx->arena; all of it is secret.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where a person must let us in again. Texts hold no token. */
#ifndef ANSWERD_CONNECTORS_OAUTH_H
#define ANSWERD_CONNECTORS_OAUTH_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

/* A platform's way of OAuth; plain data. */
struct oauth_app {
	const char *name; /* in sentences: "Google" */
	struct text at;   /* where tokens are made, as configured */
	bool is_basic;    /* client id and secret go as HTTP Basic (X, Reddit); else in the body */
	bool is_public;   /* a client without secret is taken: "CLIENT ID::REFRESH TOKEN" */
	bool is_ready;    /* an access token of its own is taken as `token` */
};

struct oauth_client {
	struct text id, secret, refresh; /* the refresh token may be empty */
};

struct oauth_session {
	struct text access, refresh,
		scope;     /* scope as granted, with blanks between; may be empty */
	struct wall until; /* of the access token; 0: unknown */
};

/* What a person has brought back from the platform's page of consent. */
struct oauth_code {
	struct text code, redirect, verifier; /* verifier empty: without PKCE */
};

/* The client in `token`. False, ERR_AUTH: it is not written like one. */
bool oauth_client_load(const struct connector_ctx *ctx, const struct oauth_app *app,
		       struct oauth_client *ret, struct err *err);

/* The session; where there is none, a `token` without colons is one. A session that is no JSON is
 * a bare access token. False: there is none. */
bool oauth_session_load(const struct connector_ctx *ctx, struct oauth_session *ret);
struct text oauth_session_save(struct arena *a, const struct oauth_session *s);

/* For request.bearer; empty: there is no session. */
struct text oauth_bearer(const struct connector_ctx *ctx);

/* Has its access token some time left? An unknown end counts as far away. */
bool oauth_session_lives(const struct connector_ctx *ctx);

/* Does the scope as granted have this word? Also true where the platform never said what it
 * granted. */
bool oauth_has_scope(const struct oauth_session *s, const char *scope);

/* All scopes of `rights`, for consent. */
const char *oauth_scopes(struct arena *a, const struct connector_right *rights, char between);

/* OP_REFRESH. With a ready access token nobody is asked. */
bool oauth_refresh_ask(const struct connector_ctx *ctx, const struct oauth_app *app,
		       struct request *ret, struct err *err);

/* OP_CONNECT: the code is exchanged for the first pair. */
bool oauth_code_ask(const struct connector_ctx *ctx, const struct oauth_app *app,
		    const struct oauth_code *code, struct request *ret, struct err *err);

/* Any other grant: `form` is its own fields, encoded ("grant_type=…&assertion=…"), with no client. */
bool oauth_form_ask(const struct connector_ctx *ctx, const struct oauth_app *app, struct text form,
		    struct request *ret, struct err *err);

/* The answer to each of them: session and session_until in the outcome. */
bool oauth_token_digest(const struct connector_ctx *ctx, const struct oauth_app *app,
			const struct response *r, struct outcome *ret, struct err *err);

/* CONNECT: code, redirect and verifier as `answerd connect` has them. */
bool oauth_connect_ask(const struct connector_ctx *ctx, const struct oauth_app *app,
		       const struct question *q, struct request *ret, struct err *err);

/* The answer to it: session, session_until, and the rights that were not given in missing. */
bool oauth_connect_digest(const struct connector_ctx *ctx, const struct oauth_app *app,
			  const struct connector_right *rights, const struct response *r,
			  struct outcome *ret, struct err *err);

/* The rights that the session was not given, each with its reason, as outcome.missing; empty:
 * none. A session that has "read" has "read:statuses", too. */
struct text oauth_missing(struct arena *a, const struct connector_right *rights,
			  const struct oauth_session *s);

/* authorize(): the page of consent at `at` for all rights. `more` as below. */
bool oauth_authorize(const struct connector_ctx *ctx, const struct oauth_app *app, struct text at,
		     const struct connector_right *rights, const char *more,
		     const struct granting *g, struct text *ret, struct err *err);

/* The page of consent. `more` is what only this platform wants ("&access_type=offline"), encoded,
 * or NULL. */
struct oauth_consent {
	struct text at; /* "https://accounts.example/authorize" */
	const char *scopes, *more;
	struct text redirect, state, challenge; /* challenge empty: without PKCE (else S256) */
};

bool oauth_consent_url(const struct connector_ctx *ctx, const struct oauth_app *app,
		       const struct oauth_consent *c, struct text *ret, struct err *err);

#endif
