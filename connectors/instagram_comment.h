/* instagram_comment.h: what a medium and a comment of Instagram are as messages. A comment brings its replies with it; each is
 * read alone, so that a bad one costs only itself. Comments have the id MEDIUM/COMMENT, media media:MEDIUM.
 *
 * `from` may be missing: then the author is known by name only ("@ann").
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   one element that cannot be read goes to outcome.bad. */
#ifndef CONNECTORS_INSTAGRAM_COMMENT_H
#define CONNECTORS_INSTAGRAM_COMMENT_H

#include "graph.h"

#define INSTAGRAM_REPLY_FIELDS                                                                     \
	"id,text,timestamp,username,from{id,username},parent_id,hidden,like_count"
#define INSTAGRAM_COMMENT_FIELDS                                                                   \
	INSTAGRAM_REPLY_FIELDS ",replies.limit(50){" INSTAGRAM_REPLY_FIELDS "}"
#define INSTAGRAM_MEDIUM_FIELDS "id,caption,media_type,permalink,timestamp,username,comments_count"

struct instagram_place {
	bool is_direct;
	struct text medium;  /* of a direct message: its id */
	struct text comment; /* empty: the medium itself */
};

bool instagram_place_parse(struct text external_id, struct instagram_place *ret);

struct instagram_seen {
	struct text id;     /* empty: it could not be read */
	struct text parent; /* the comment that it answers, or empty */
	struct wall at;
	bool has_more_replies; /* than it brings */
};

/* The comment and the replies in it. medium: whose, may be empty for a recording. */
void instagram_comment_add(const struct connector_ctx *ctx, struct text medium, struct text slice,
			   struct outcome *out, struct instagram_seen *ret);
/* A list of replies: what they answer is known from the list. rets: list->n of them. */
void instagram_replies_add(const struct connector_ctx *ctx, struct text medium, struct text above,
			   const struct graph_page *list, struct outcome *out,
			   struct instagram_seen *rets);
void instagram_medium_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
			  struct instagram_seen *ret);

#endif
