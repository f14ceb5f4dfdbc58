/* graph_chat.h: Messenger and Instagram direct, by the conversations API: conversations, the latest spoken in first, each with its
 * twenty newest messages. Older ones cannot be read ("deleted", says Graph, and they are not), so a message is never re-read alone,
 * and more than twenty new ones between two looks are a gap.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   one message that cannot be read goes to outcome.bad. */
#ifndef CONNECTORS_GRAPH_CHAT_H
#define CONNECTORS_GRAPH_CHAT_H

#include "graph_walk.h"

#define GRAPH_CHAT_WINDOW_S 86400 /* after the customer's last message */
#define GRAPH_AGENT_WINDOW_S                                                                       \
	(7 * 86400) /* with the tag HUMAN_AGENT, which Meta must have granted */

/* What the options of both say: `comments`, `human_agent`. */
#define GRAPH_CHAT_COMMENTS                                                                        \
	"\"private\": a comment is answered by a private message to its author, once and within "  \
	"seven days; else publicly, below it."
#define GRAPH_CHAT_AGENT                                                                           \
	"\"yes\": Meta has granted the app HUMAN_AGENT, so a person may answer a direct message "  \
	"for seven days instead of one."

struct graph_chat {
	const struct graph *graph;
	const char *list;     /* "/me/conversations" */
	const char *platform; /* "instagram", or NULL */
};

bool graph_chat_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
		    const struct question *q, struct request *ret, struct err *err);
bool graph_chat_digest(const struct connector_ctx *ctx, const struct graph_chat *c,
		       const struct question *q, const struct response *r, struct outcome *ret,
		       struct err *err);

/* One message alone, as it may be recorded. thread may be empty. */
void graph_chat_add(const struct connector_ctx *ctx, struct text thread, struct text peer,
		    struct text slice, struct outcome *out);
bool graph_chat_is_message(struct text slice);

/* Does the account answer comments by a private message to their author (option `comments`)? Once for each, within seven days. */
bool graph_chat_is_private(const struct connector_ctx *ctx);
/* comment: its node. The look goes through the conversation with its author. */
bool graph_chat_private_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
			    const struct posting *p, struct text comment, struct request *ret,
			    struct err *err);
bool graph_chat_private_lookup_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
				   const struct posting *p, struct request *ret, struct err *err);
bool graph_chat_private_lookup_digest(const struct connector_ctx *ctx, const struct graph_chat *c,
				      const struct posting *p, const struct response *r,
				      struct outcome *ret, struct err *err);

bool graph_chat_reply_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
			  const struct posting *p, struct request *ret, struct err *err);
/* Of both. */
bool graph_chat_reply_digest(const struct connector_ctx *ctx, const struct graph_chat *c,
			     const struct posting *p, const struct response *r, struct outcome *ret,
			     struct err *err);
bool graph_chat_lookup_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
			   const struct posting *p, struct request *ret, struct err *err);
bool graph_chat_lookup_digest(const struct connector_ctx *ctx, const struct graph_chat *c,
			      const struct posting *p, const struct response *r,
			      struct outcome *ret, struct err *err);

#endif
