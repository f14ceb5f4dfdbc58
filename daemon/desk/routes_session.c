/* Routes of the desk: who is calling, and how one gets in and out. See routes.h. */
#include "daemon/desk/routes.h"
#include "store_sql.h"

#define CODE                                                                                       \
	{                                                                                          \
		"totp", FROM_BODY, PARAM_TEXT, false,                                              \
			"The code of the second factor, or a recovery code."                       \
	}
#define PASSWORD(about)                                                                            \
	{                                                                                          \
		"password", FROM_BODY, PARAM_TEXT, true, about                                     \
	}

static const struct desk_route table[] = {
	{ "GET",
	  "session",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(session),
	  SQL_DESK_SESSION,
	  { { 0 } },
	  "Who the caller is.",
	  .asks = ROUTE_HALFWAY,
	  .serve = session_show },
	{ "POST",
	  "session",
	  ROLE_AUDITOR,
	  LINE_ACT,
	  QUERY(sign_in_done),
	  SQL_DESK_SIGN_IN_DONE,
	  { { "login", FROM_BODY, PARAM_TEXT, true, "Who." }, PASSWORD("Their password."), CODE },
	  "Signing in: a session in a cookie. 401 when it is wrong; with the member needs = totp "
	  "when only the code is missing.",
	  .asks = ROUTE_OPEN | ROUTE_KEYLESS,
	  .serve = sign_in_serve },
	{ "POST",
	  "session/link",
	  ROLE_AUDITOR,
	  LINE_ACT,
	  QUERY(link_done),
	  SQL_DESK_LINK_DONE,
	  { { "token", FROM_BODY, PARAM_TEXT, true, "What the link's address has behind #/link/." },
	    CODE },
	  "Signing in by a one-time link. A password must be set then.",
	  .asks = ROUTE_OPEN | ROUTE_KEYLESS,
	  .serve = sign_in_link_serve },
	{ "POST",
	  "session/again",
	  ROLE_AUDITOR,
	  LINE_ACT,
	  QUERY(sign_in_done),
	  SQL_DESK_SIGN_IN_DONE,
	  { PASSWORD("The password."), CODE },
	  "Proving once more who one is: ten minutes for what matters. The session gets a new key.",
	  .asks = ROUTE_SESSION,
	  .serve = sign_in_again_serve },
	{ "POST",
	  "session/password",
	  ROLE_AUDITOR,
	  LINE_ACT,
	  QUERY(password_set),
	  SQL_DESK_PASSWORD_SET,
	  { PASSWORD("The new one: at least 12 characters."),
	    { "current", FROM_BODY, PARAM_TEXT, false,
	      "The one until now; not needed after a one-time link." } },
	  "A new password. All other sessions end, this one gets a new key.",
	  .asks = ROUTE_SESSION | ROUTE_HALFWAY,
	  .serve = password_set_serve },
	{ "POST",
	  "session/end",
	  ROLE_AUDITOR,
	  LINE_ACT,
	  QUERY(session_end),
	  SQL_DESK_SESSION_END,
	  { { 0 } },
	  "Signing out.",
	  .asks = ROUTE_SESSION | ROUTE_HALFWAY,
	  .serve = session_end },
};
const struct desk_routes routes_session = { table, sizeof(table) / sizeof(table[0]) };
