/* wordpress_site.h: the site, who we are on it, and addresses of its REST interface. Private to the
 * connector.
 *
 * The interface stands at /wp-json/, or, where links are not pretty, at /?rest_route=/; identify finds
 * out which, and keeps it in the facts. What only a moderator may ask for (comments that await
 * moderation, other types, contents as they were written) is asked for only where we are one.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_AUTH where the application password is refused. */
#ifndef ANSWERD_CONNECTORS_WORDPRESS_SITE_H
#define ANSWERD_CONNECTORS_WORDPRESS_SITE_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

struct wordpress_facts {
	bool is_plain;     /* links are not pretty: ?rest_route= */
	bool is_moderator; /* may see comments that await moderation */
};

void wordpress_facts_load(struct arena *a, struct text in, struct wordpress_facts *ret);

bool wordpress_identify_ask(const struct connector_ctx *ctx, const struct question *q,
			    struct request *ret, struct err *err);
bool wordpress_identify_digest(const struct connector_ctx *ctx, const struct question *q,
			       const struct response *r, struct outcome *ret, struct err *err);

/* An address below wp/v2, from its path on ("/comments"); parameters follow one by one; finish makes
 * a GET of it and frees b. */
void wordpress_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path,
			 struct text id);
void wordpress_url_add(struct strbuf *b, const char *name, struct text value);
void wordpress_url_number(struct strbuf *b, const char *name, int64_t value);
bool wordpress_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			  struct err *err);

/* The code of a refusal ("rest_comment_invalid_id"), or empty. */
struct text wordpress_code(struct arena *a, const struct response *r);
/* Its words, for people. */
struct text wordpress_words(struct arena *a, const struct response *r);

/* page_check(), and what WordPress means by it. */
bool wordpress_check(const struct connector_ctx *ctx, const struct response *r, struct outcome *ret,
		     struct err *err);

#endif
