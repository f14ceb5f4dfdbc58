/* rss_entry.h: what stands in a feed, and what it means. Private to the connector.
 *
 * RSS 2.0 and its elders, RSS 1.0 (RDF), Atom 1.0 and 0.3. What an entry is depends on whose feed it
 * is: our posts, comments on our posts, or what others say about us.
 *
 * Ids: Atom's id or RSS's guid, else the link, else a hash of what it says. A foreign feed's ids
 * carry its host in front, so that nobody can speak in the place of our own blog's comments.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_DATA for what is no feed; an entry that cannot be read goes to outcome.bad. */
#ifndef ANSWERD_CONNECTORS_RSS_ENTRY_H
#define ANSWERD_CONNECTORS_RSS_ENTRY_H

#include "answerd/connector.h"
#include "answerd/url.h"

enum rss_role {
	RSS_OWN,      /* what we publish: outbound posts */
	RSS_COMMENTS, /* what others write below it: to us */
	RSS_FEED,     /* what others publish: about us */
};

struct rss_source {
	enum rss_role role;
	struct text url;
	struct text host;
};

/* What an entry is known by from one poll to the next. */
struct rss_print {
	uint64_t id, content;
};

/* Where the comments of one of our posts are. */
struct rss_post {
	struct text id, comments;
};

struct rss_page {
	struct rss_print *prints; /* of its entries, in their order */
	struct wall *times;
	size_t n;
	struct rss_post *posts;
	size_t n_posts;
	struct text
		next; /* RFC 5005: where older entries are; of the feed's own origin, else empty */
};

bool rss_page_read(const struct connector_ctx *ctx, const struct rss_source *from,
		   const struct response *r, struct outcome *out, struct rss_page *ret,
		   struct err *err);

/* Absolute, from an address or a path that stands in a feed; empty when it is none. */
struct text rss_link(struct arena *a, struct text base, struct text link);

/* Is this name, address or mail address one of the option `authors`? */
bool rss_is_ours(const struct connector_ctx *ctx, struct text name);

#endif
