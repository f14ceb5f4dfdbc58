/* graph.h: what facebook, instagram and threads share: the addresses of Meta's Graph API, its errors, which may stand in any
 * status, its limits in percent, its tokens and the paging of its lists.
 *
 * A limit is no 429 there: it is an error code, and going on while it holds prolongs it, so we park for the minutes that
 * X-Business-Use-Case-Usage tells.
 *
 * Owner:   everything lives in ctx->arena; a session borrows from ctx.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   err says what the caller does next; Graph's own words are for staff, where a reply is refused. */
#ifndef CONNECTORS_GRAPH_H
#define CONNECTORS_GRAPH_H

#include "answerd/connector.h"
#include "answerd/json.h"
#include "answerd/strbuf.h"

/* One of Meta's hosts. */
struct graph {
	const char *name;    /* "Facebook", for sentences */
	const char *host;    /* "https://graph.facebook.com" */
	const char *version; /* "v25.0"; the option `version` overrides it */
};

/* ---- credentials ----
 * `token` is an access token as it is, APP ID:APP SECRET:ACCESS TOKEN, or APP ID:APP SECRET where `answerd connect` has stored the
 * rest in the session, {"token", "user", "until"}. */
struct graph_keys {
	struct text app_id, app_secret; /* empty: not known */
	struct text token;              /* that the calls carry; empty: none yet */
	struct text given;              /* that stands in `token` itself */
	struct text user;               /* of the person who let us in; empty: none */
	struct wall until;              /* when `token` ends; 0: not known */
};

void graph_keys_read(const struct connector_ctx *ctx, struct graph_keys *ret);
/* The session that says this. */
struct text graph_session(struct arena *a, struct text token, struct text user, struct wall until);

/* ---- addresses ---- */

/* "https://host/v25.0" and the path; then parameters, the last step adds token and proof. */
void graph_url_start(const struct connector_ctx *ctx, const struct graph *g, struct strbuf *b,
		     const char *path);
void graph_url_add(struct strbuf *b, const char *name, struct text value);
bool graph_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
		      struct err *err);
/* The same as POST of a form: `form` holds "name=value&…" and is done with afterwards. */
bool graph_post_finish(const struct connector_ctx *ctx, struct strbuf *b, struct strbuf *form,
		       struct request *ret, struct err *err);
/* Digits with at most one '_' between them, at most 64 bytes: it can stand in a path. */
bool graph_is_node(struct text id);
/* What may stand in a path or a cursor: letters, digits and "_-=.:%", at most `most` bytes. */
bool graph_is_plain(struct text t, size_t most);

/* ---- what an answer says ---- */

enum graph_fault {
	GRAPH_FINE,
	GRAPH_TOKEN,   /* the token has ended: 190, 102 */
	GRAPH_LIMIT,   /* 4, 17, 32, 341, 613, 80000…: park */
	GRAPH_RIGHT,   /* 3, 10, 200…299: a permission is missing */
	GRAPH_GONE,    /* 100 with subcode 33, 803: not there, or not for us */
	GRAPH_BLOCKED, /* 368: the account may not do this for now */
	GRAPH_LESS,    /* "reduce the amount of data" */
	GRAPH_LATER,   /* 1, 2, transient: Graph's own trouble */
	GRAPH_FIELD,   /* 100: this node has no such field, or the call is wrong */
	GRAPH_REFUSED, /* every other code: a refusal of this call */
	GRAPH_FOREIGN  /* no error of Graph's: the status speaks */
};

struct graph_said {
	enum graph_fault fault;
	int64_t code, subcode;
	struct text words; /* for people, or empty */
};

void graph_said_read(struct arena *a, const struct response *r, struct graph_said *ret);

/* Percent and minutes of the headers, as a rate of 100. */
struct rate graph_rate(const struct connector_ctx *ctx, const struct response *r);

/* Did a question get an answer? Else err. `said` may be NULL. */
bool graph_check(const struct connector_ctx *ctx, const struct graph *g, const struct response *r,
		 struct graph_said *said, struct outcome *ret, struct err *err);

/* The same for a REPLY (posting.h): what Graph refuses in its own words was not posted; its own trouble leaves us unsure. */
bool graph_check_reply(const struct connector_ctx *ctx, const struct graph *g,
		       const struct response *r, struct outcome *ret, struct err *err);

/* IDENTIFY's answer: {"user_id" or "id", "username", "name"}; and when the token ends, where the session knows it. */
bool graph_who_digest(const struct connector_ctx *ctx, const struct graph *g,
		      const struct response *r, struct outcome *ret, struct err *err);

/* ---- lists ---- */

struct graph_page {
	struct text *slices; /* the elements */
	size_t n;
	struct text next;   /* parameters of the next page ("after=…"), or empty: the end */
	struct text cursor; /* paging.cursors.after, also where there is no next */
};

/* {"data": […], "paging": {…}}; `object` may be a member of an element (nested lists). */
bool graph_page_read(struct arena *a, struct text object, struct graph_page *ret, struct err *err);

/* Adds "limit=" and the next page's parameters as graph_page_read() gave them. */
void graph_url_page(struct strbuf *b, int limit, struct text next);

#endif
