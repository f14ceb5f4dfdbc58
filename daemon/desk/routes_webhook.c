/* Routes of the desk: webhooks that are told events, for programs of others. See routes.h. */
#include "daemon/desk/routes.h"
#include "store_sql.h"

static const struct desk_route table[] = {
	{ "GET",
	  "webhooks",
	  ROLE_LEAD,
	  LINE_READ,
	  QUERY(webhooks),
	  SQL_DESK_WEBHOOKS,
	  { { 0 } },
	  "Channels that are told events: how far each is, and what is wrong." },
	{ "POST",
	  "webhooks/{name}/replay",
	  ROLE_ADMIN,
	  LINE_ACT,
	  QUERY(webhook_replay),
	  SQL_DESK_WEBHOOK_REPLAY,
	  { { "name", FROM_PATH, PARAM_TEXT, true, "Which." },
	    { "from", FROM_BODY, PARAM_TIME, true,
	      "Events of this time and later are told again, in order." } },
	  "Tell it again what it missed; events are kept for thirty days." },
};
const struct desk_routes routes_webhook = { table, sizeof(table) / sizeof(table[0]) };
