/* discourse_post.h: posts of a Discourse forum as messages. Private to the connector.
 *
 * Ids: TOPIC/NUMBER, and pm:TOPIC/NUMBER in private messages: only so a parent can be named, for a post
 * says the number of what it answers, never its id. Words are always those of `cooked`, which every
 * answer has; a title belongs to a topic's first post.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   a post that cannot be read goes to outcome.bad. */
#ifndef ANSWERD_CONNECTORS_DISCOURSE_POST_H
#define ANSWERD_CONNECTORS_DISCOURSE_POST_H

#include "answerd/connector.h"
#include "answerd/strbuf.h"

struct discourse_place {
	bool is_private;
	int64_t topic, number;
};

bool discourse_place_parse(struct text external_id, struct discourse_place *ret);
struct text discourse_place_id(struct arena *a, const struct discourse_place *p);

/* Where posts come from: what they do not say themselves. */
struct discourse_list {
	bool is_private;
	struct text title; /* of the topic, where the posts do not say it */
};

/* A post's own number in the forum, and its time: what paging goes by. */
struct discourse_item {
	int64_t id; /* 0: none that can be read */
	struct wall at;
};

void discourse_post_add(const struct connector_ctx *ctx, const struct discourse_list *list,
			struct text slice, struct outcome *out, struct discourse_item *ret);

/* An address on the forum, with the key in its headers. */
void discourse_url_start(const struct connector_ctx *ctx, struct strbuf *b, const char *path);
bool discourse_url_finish(const struct connector_ctx *ctx, struct strbuf *b, struct request *ret,
			  struct err *err);

/* What the forum says to a refusal: its first sentence, its kind, and how long to wait. */
struct discourse_refusal {
	struct text words, type;
	int64_t wait_s;
};
void discourse_refusal_read(struct arena *a, const struct response *r,
			    struct discourse_refusal *ret);

/* page_check(), in the words of this platform. */
bool discourse_check(const struct connector_ctx *ctx, const struct response *r, struct err *err);

#endif
