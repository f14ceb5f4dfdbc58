/* mastodon_identify.h: who we are and what this server can do. Private to the connector.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where the token is refused or lacks a right; a server that does not describe
 *          itself is listened to all the same. */
#ifndef ANSWERD_CONNECTORS_MASTODON_IDENTIFY_H
#define ANSWERD_CONNECTORS_MASTODON_IDENTIFY_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

struct mastodon_facts {
	int64_t max_characters;
	struct text version;
	bool is_single; /* knows no GET /api/v1/statuses?id[]= */
	/* Has it ever shown a status by its id, a context? Only then its 404 says "deleted"; from a server that knows no
	 * such address it says nothing, and would end somebody's wait. */
	bool has_shown_status, has_shown_context;
};

void mastodon_facts_load(struct arena *a, struct text in, struct mastodon_facts *ret);
struct text mastodon_facts_save(struct arena *a, const struct mastodon_facts *f);

bool mastodon_identify_ask(const struct connector_ctx *ctx, const struct question *q,
			   struct request *ret, struct err *err);
bool mastodon_identify_digest(const struct connector_ctx *ctx, const struct question *q,
			      const struct response *r, struct outcome *ret, struct err *err);

/* An address on the account's server, from its path on; finish makes a GET of it and frees b. */
void mastodon_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path);
bool mastodon_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			 struct err *err);

#endif
