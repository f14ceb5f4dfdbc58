/* graph_token.h: how tokens of Meta's come to be and stay alive. A code becomes a short-lived token (an hour), that one a
 * long-lived one (sixty days). Facebook's gives the page's own token, which does not end by itself; Instagram's and Threads'
 * are renewed every week, for one that has ended needs a person again.
 *
 * Owner:   everything lives in ctx->arena; all of it is secret.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where a person must let us in again. Texts hold no token. */
#ifndef CONNECTORS_GRAPH_TOKEN_H
#define CONNECTORS_GRAPH_TOKEN_H

#include "graph.h"

struct graph_door {
	const struct graph *graph;
	const char *consent;  /* the page that a person opens */
	const char *code_at;  /* host where a code is exchanged */
	const char *exchange; /* "ig_exchange_token"; NULL: Facebook's own way */
	const char *renew;    /* "ig_refresh_token"; NULL: Facebook's page token needs none */
	const struct connector_right *rights;
	const char *me; /* fields of /me: id, name or username */
};

bool graph_door_authorize(const struct connector_ctx *ctx, const struct graph_door *d,
			  const struct granting *g, struct text *ret_address, struct err *err);
bool graph_door_connect_ask(const struct connector_ctx *ctx, const struct graph_door *d,
			    const struct question *q, struct request *ret, struct err *err);
bool graph_door_connect_digest(const struct connector_ctx *ctx, const struct graph_door *d,
			       const struct question *q, const struct response *r,
			       struct outcome *ret, struct err *err);

/* REFRESH: the page's token by that of a person who works on it; one that is the page's already is kept. */
bool graph_page_refresh_ask(const struct connector_ctx *ctx, const struct graph *g,
			    struct request *ret, struct err *err);
bool graph_page_refresh_digest(const struct connector_ctx *ctx, const struct graph *g,
			       const struct response *r, struct outcome *ret, struct err *err);

/* REFRESH of a long-lived token. One that is younger than a day cannot be renewed yet: it is kept. */
bool graph_long_refresh_ask(const struct connector_ctx *ctx, const struct graph_door *d,
			    struct request *ret, struct err *err);
bool graph_long_refresh_digest(const struct connector_ctx *ctx, const struct graph_door *d,
			       const struct response *r, struct outcome *ret, struct err *err);

#endif
