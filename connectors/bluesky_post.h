/* bluesky_post.h: elements of Bluesky's answers as messages. Private to the connector.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   an element that cannot be read goes to outcome.bad. */
#ifndef ANSWERD_CONNECTORS_BLUESKY_POST_H
#define ANSWERD_CONNECTORS_BLUESKY_POST_H

#include "answerd/connector.h"

/* Whose conversation direct messages are from; empty where nobody knows (a recording). */
struct bluesky_convo {
	struct text id, peer, handle, name;
};

/* Where an element stands in its list: what paging goes by. */
struct bluesky_item {
	struct text id;
	struct wall at; /* the server's time of it; 0: unknown */
};

/* One element, by its shape: a notification, a post, an entry of a feed, a direct message, a
 * conversation, an entry of the chat log. */
void bluesky_element_add(const struct connector_ctx *ctx, bool is_search,
			 const struct bluesky_convo *convo, struct text slice, struct outcome *out,
			 struct bluesky_item *ret);

/* The elements of the answer's list ("notifications", "feed", "posts", "messages" …). False with
 * ERR_DATA when it has none. */
bool bluesky_list_read(const struct connector_ctx *ctx, bool is_search,
		       const struct bluesky_convo *convo, struct text page, struct outcome *out,
		       struct bluesky_item **ret, size_t *ret_n, struct err *err);

/* The other member of a conversation slice; false when there is none to be found. */
bool bluesky_convo_read(const struct connector_ctx *ctx, struct text slice,
			struct bluesky_convo *ret, struct wall *ret_last_at);

/* at://did:…/app.bsky.feed.post/…, and the did in it. */
bool bluesky_is_post_uri(struct text uri);
bool bluesky_is_of(struct text uri, struct text did);

/* Where people see a post; empty for other uris. */
struct text bluesky_permalink(struct arena *a, struct text uri);

/* The later of two times; one that is later than now does not count: a clock that runs ahead, or a
 * lie, must neither carry the mark past what is still to come nor move it at every poll. */
struct wall bluesky_later(struct wall high, struct wall at, struct wall now);

/* Text of a member, from slices. Empty when absent. */
struct text bluesky_slice_text(struct arena *a, struct text slice, struct text name);

#endif
