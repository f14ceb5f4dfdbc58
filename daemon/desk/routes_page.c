/* Routes of the desk that the page lives on: what changes. See routes.h. */
#include "daemon/desk/events.h"
#include "daemon/desk/routes.h"
#include "store_sql.h"

static const struct desk_route table[] = {
	{ "GET",
	  "events",
	  ROLE_AUDITOR,
	  LINE_READ,
	  LATER,
	  { { "last", FROM_QUERY, PARAM_TEXT, false,
	      "The id of the last event that was seen (else the header Last-Event-ID)." } },
	  "What changes, as it changes: server-sent events (text/event-stream).",
	  .serve = events_serve },
};
const struct desk_routes routes_page = { table, sizeof(table) / sizeof(table[0]) };
