/* instagram_login.h: the two ways into an Instagram account: Instagram's own, and Facebook's by the page that the account is linked to
 * (login = "facebook"), each with its rights; and who we are by either. Private to the connector.
 *
 * Owner:   ctx->arena. Clock: ctx->now. Blocks: never. Calls back: never.
 * Fails:   as graph.h. */
#ifndef ANSWERD_CONNECTORS_INSTAGRAM_LOGIN_H
#define ANSWERD_CONNECTORS_INSTAGRAM_LOGIN_H

#include "graph_token.h"

extern const struct connector_option instagram_options[];
extern const struct connector_right instagram_rights[];

bool instagram_is_by_facebook(const struct connector_ctx *ctx);
struct graph_door instagram_door(const struct connector_ctx *ctx);
/* What an account needs that is reached by its page (connector.h). */
void instagram_under(const struct option_value *options, size_t n_options, struct connector *c);
bool instagram_authorize(const struct connector_ctx *ctx, const struct granting *g,
			 struct text *ret_address, struct err *err);

bool instagram_identify_ask(const struct connector_ctx *ctx, const struct question *q,
			    struct request *ret, struct err *err);
bool instagram_identify_digest(const struct connector_ctx *ctx, const struct question *q,
			       const struct response *r, struct outcome *ret, struct err *err);

#endif
