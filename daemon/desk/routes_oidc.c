/* Routes of the desk: signing in by a service. See routes.h. */
#include "daemon/desk/oidc.h"
#include "daemon/desk/routes.h"
#include "store_sql.h"

static const struct desk_route table[] = {
	{ "GET",
	  "session/oidc",
	  ROLE_AUDITOR,
	  LINE_READ,
	  NO_QUERY,
	  { { 0 } },
	  "By which services one can sign in.",
	  .asks = ROUTE_OPEN,
	  .serve = oidc_list_serve },
	{ "POST",
	  "session/oidc",
	  ROLE_AUDITOR,
	  LINE_ACT,
	  QUERY(oidc_begin),
	  SQL_DESK_OIDC_BEGIN,
	  { { "provider", FROM_BODY, PARAM_TEXT, true, "Its name." },
	    { "place", FROM_BODY, PARAM_TEXT, false,
	      "Where on the page it goes on: a path of this desk." },
	    { "again", FROM_BODY, PARAM_BOOL, false,
	      "The service is to ask for a proof now: ten minutes for what matters." } },
	  "A sign-in by a service is begun: where the browser must go, and a cookie that binds it "
	  "to "
	  "this browser. It must be back at /oidc within ten minutes.",
	  .asks = ROUTE_OPEN | ROUTE_KEYLESS,
	  .serve = oidc_begin_serve },
	{ "POST",
	  "session/oidc/done",
	  ROLE_AUDITOR,
	  LINE_ACT,
	  QUERY(oidc_back),
	  SQL_DESK_OIDC_BACK,
	  { { "state", FROM_BODY, PARAM_TEXT, true, "As the browser brought it back." },
	    { "code", FROM_BODY, PARAM_TEXT, false, "The same; or error." },
	    { "iss", FROM_BODY, PARAM_TEXT, false, "The same, where the service says it." },
	    { "error", FROM_BODY, PARAM_TEXT, false, "The same: why there is no code." } },
	  "The browser is back: the worker asks the service, then there is a session in a cookie. "
	  "401 with what failed and what to do.",
	  .asks = ROUTE_OPEN | ROUTE_KEYLESS,
	  .serve = oidc_done_serve },
	{ "POST",
	  "staff/{login}/email",
	  ROLE_ADMIN,
	  LINE_ACT,
	  QUERY(staff_email),
	  SQL_DESK_STAFF_EMAIL,
	  { { "login", FROM_PATH, PARAM_TEXT, true, "Whose." },
	    { "email", FROM_BODY, PARAM_TEXT, false, "The address; absent: by none any more." } },
	  "By which address sign-in services name them. Which account of a service was theirs is "
	  "forgotten.",
	  .asks = ROUTE_FRESH },
};
const struct desk_routes routes_oidc = { table, sizeof(table) / sizeof(table[0]) };
