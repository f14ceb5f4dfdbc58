#include "instagram_login.h"

#include "graph_inspect.h"
#include "instagram_reply.h"

const struct connector_option instagram_options[] = {
	{ "login",
	  "\"facebook\": by the page that the account is linked to, with its token; else "
	  "Instagram's own.",
	  false },
	{ "account", "The account's number, with login = \"facebook\".", false },
	{ "page", "The page's number, with login = \"facebook\" and a person's token.", false },
	{ "version", "Version of the Graph API; v25.0 where it is left out.", false },
	{ "comments", GRAPH_CHAT_COMMENTS, false },
	{ "human_agent", GRAPH_CHAT_AGENT, false },
	{ NULL, NULL, false },
};

const struct connector_right instagram_rights[] = {
	{ "instagram_business_basic", "to read our own media" },
	{ "instagram_business_manage_comments", "to read and answer comments" },
	{ "instagram_business_manage_messages", "to read and answer direct messages" },
	{ NULL, NULL },
};

static const struct connector_right rights_by_facebook[] = {
	{ "instagram_basic", "to read our own media" },
	{ "instagram_manage_comments", "to read and answer comments" },
	{ "instagram_manage_messages", "to read and answer direct messages" },
	{ "pages_show_list", "to find the page that the account is linked to" },
	{ "pages_read_engagement", "to read by that page" },
	{ NULL, NULL },
};

bool instagram_is_by_facebook(const struct connector_ctx *ctx)
{
	return text_eq(connector_option(ctx, "login"), TEXT("facebook"));
}

void instagram_under(const struct option_value *options, size_t n_options, struct connector *c)
{
	const struct connector_ctx ctx = { .options = options, .n_options = n_options };

	if (instagram_is_by_facebook(&ctx)) {
		c->needs = "a business or creator account that is linked to a page; an app that "
			   "Meta has approved, with instagram_basic, instagram_manage_comments, "
			   "instagram_manage_messages, pages_show_list and pages_read_engagement";
		c->rights = rights_by_facebook;
	}
}

struct graph_door instagram_door(const struct connector_ctx *ctx)
{
	if (instagram_is_by_facebook(ctx)) {
		/* The person signs in at Facebook, and the session is that of the page. */
		return (struct graph_door){
			.graph = instagram_graph(ctx),
			.consent = "https://www.facebook.com/v25.0/dialog/oauth",
			.code_at = "https://graph.facebook.com",
			.rights = rights_by_facebook,
		};
	}
	return (struct graph_door){
		.graph = instagram_graph(ctx),
		.consent = "https://www.instagram.com/oauth/authorize",
		.code_at = "https://api.instagram.com",
		.exchange = "ig_exchange_token",
		.renew = "ig_refresh_token",
		.rights = instagram_rights,
		.me = "user_id,username,name",
	};
}

bool instagram_identify_ask(const struct connector_ctx *ctx, const struct question *q,
			    struct request *ret, struct err *err)
{
	struct strbuf b;

	if (q->state.len > 0) {
		return graph_inspect_ask(ctx, instagram_graph(ctx), ret, err);
	}
	if (instagram_is_by_facebook(ctx) && connector_option(ctx, "account").len == 0) {
		return err_set(err, ERR_AUTH,
			       "login = \"facebook\" also needs `account`, the number of the "
			       "Instagram account");
	}
	instagram_url_start(ctx, &b, "");
	graph_url_add(&b, "fields",
		      instagram_is_by_facebook(ctx) ? TEXT("id,username,name")
						    : TEXT("user_id,username,name"));
	return graph_url_finish(ctx, &b, ret, err);
}

bool instagram_identify_digest(const struct connector_ctx *ctx, const struct question *q,
			       const struct response *r, struct outcome *ret, struct err *err)
{
	if (q->state.len > 0) {
		return graph_inspect_digest(ctx, rights_by_facebook, q, r, ret);
	}
	if (!graph_who_digest(ctx, instagram_graph(ctx), r, ret, err)) {
		return false;
	}
	if (instagram_is_by_facebook(ctx)) {
		graph_inspect_begin(ctx, ret);
	}
	return true;
}

bool instagram_authorize(const struct connector_ctx *ctx, const struct granting *g,
			 struct text *ret_address, struct err *err)
{
	struct graph_door door = instagram_door(ctx);

	return graph_door_authorize(ctx, &door, g, ret_address, err);
}
