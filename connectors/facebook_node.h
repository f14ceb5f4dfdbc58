/* facebook_node.h: what a post, a comment, a recommendation of Graph is as a message, and the ids that they have here.
 *
 * A comment does not say which post it stands below, so its id here does: POST/COMMENT; a post is post:POST, a recommendation
 * review:STORY with comments review:STORY/COMMENT, a message of Messenger dm:MESSAGE.
 *
 * Owner:   everything lives in ctx->arena; raw slices borrow from the page.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   one element that cannot be read goes to outcome.bad. */
#ifndef CONNECTORS_FACEBOOK_NODE_H
#define CONNECTORS_FACEBOOK_NODE_H

#include "graph.h"

#define FACEBOOK_COMMENT_FIELDS                                                                    \
	"id,created_time,from,message,message_tags,parent{id},permalink_url,attachment,"           \
	"comment_count,is_hidden,can_comment,can_hide,can_reply_privately,admin_creator"
#define FACEBOOK_POST_FIELDS                                                                       \
	"id,created_time,updated_time,from,message,story,message_tags,permalink_url,"              \
	"status_type,attachments{media_type,title},is_hidden,can_reply_privately,admin_creator"

/* An id of ours, taken apart. */
struct facebook_place {
	bool is_review, is_direct;
	struct text post;    /* the node at the top; of a direct message: its id */
	struct text comment; /* empty: the post itself */
};

bool facebook_place_parse(struct text external_id, struct facebook_place *ret);
struct text facebook_post_id(struct arena *a, const struct facebook_place *p);
struct text facebook_comment_id(struct arena *a, const struct facebook_place *p,
				struct text comment);

/* Text with what is attached, as a person would say it. */
struct text facebook_body(struct arena *a, struct jx v);

/* Each adds a message or a quarantined element. ret_id: the node's own id, or empty. */
void facebook_comment_add(const struct connector_ctx *ctx, const struct facebook_place *top,
			  struct text slice, struct outcome *out, struct text *ret_id);
void facebook_post_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
		       struct text *ret_id);
void facebook_review_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
			 struct text *ret_id);
/* Some node alone, as it may be recorded: read as what it looks like. */
void facebook_node_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out);

#endif
