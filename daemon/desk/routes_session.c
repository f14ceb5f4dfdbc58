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

/* What is done about one's own session, whoever one is. */
#define OWN(address, query, statement)                                                             \
	.method = "POST", .path = address, .least = ROLE_AUDITOR, .line = LINE_ACT,                \
	.name = QUERY(query), .sql = statement

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
	{ OWN("session", sign_in_done, SQL_DESK_SIGN_IN_DONE),
	  .params = { { "login", FROM_BODY, PARAM_TEXT, true, "Who." },
		      PASSWORD("Their password."),
		      CODE },
	  .about = "Signing in: a session in a cookie. 401 when it is wrong; with the member "
		   "needs = totp when only the code is missing.",
	  .asks = ROUTE_OPEN | ROUTE_KEYLESS, .serve = sign_in_serve },
	{ OWN("session/link", link_done, SQL_DESK_LINK_DONE),
	  .params = { { "token", FROM_BODY, PARAM_TEXT, true,
			"What the link's address has behind #/link/." },
		      CODE },
	  .about = "Signing in by a one-time link. A password must be set then.",
	  .asks = ROUTE_OPEN | ROUTE_KEYLESS, .serve = sign_in_link_serve },
	{ OWN("session/again", sign_in_done, SQL_DESK_SIGN_IN_DONE),
	  .params = { PASSWORD("The password."), CODE },
	  .about = "Proving once more who one is: ten minutes for what matters. The session gets a "
		   "new key.",
	  .asks = ROUTE_SESSION | ROUTE_HALFWAY, .serve = sign_in_again_serve },
	{ OWN("session/password", password_set, SQL_DESK_PASSWORD_SET),
	  .params = { PASSWORD("The new one: at least 12 characters."),
		      { "current", FROM_BODY, PARAM_TEXT, false,
			"The one until now; not needed after a one-time link." } },
	  .about = "A new password. All other sessions end, this one gets a new key.",
	  .asks = ROUTE_SESSION | ROUTE_HALFWAY, .serve = password_set_serve },
	{ OWN("session/end", session_end, SQL_DESK_SESSION_END), .about = "Signing out.",
	  .asks = ROUTE_SESSION | ROUTE_HALFWAY, .serve = session_end },
	{ OWN("session/totp", totp_begin, SQL_DESK_TOTP_BEGIN),
	  .about = "A second factor is begun: a secret for an authenticator app, as an address and "
		   "as a picture (an SVG path). It counts once a code of it is confirmed.",
	  .asks = ROUTE_SESSION | ROUTE_HALFWAY | ROUTE_FRESH, .serve = totp_begin_serve },
	{ OWN("session/totp/confirm", totp_confirm, SQL_DESK_TOTP_CONFIRM),
	  .params = { { "code", FROM_BODY, PARAM_TEXT, true,
			"The six digits that the app shows." } },
	  .about = "The second factor is in force. Answers with ten recovery codes, once.",
	  .asks = ROUTE_SESSION | ROUTE_HALFWAY | ROUTE_FRESH, .serve = totp_confirm_serve },
	{ OWN("session/totp/off", totp_off, SQL_DESK_TOTP_OFF),
	  .about = "No second factor any more.",
	  .asks = ROUTE_SESSION | ROUTE_HALFWAY | ROUTE_FRESH, .serve = totp_off_serve },
	{ OWN("session/totp/recovery", recovery_made, SQL_DESK_RECOVERY_MADE),
	  .about = "Ten new recovery codes; the old ones are none.",
	  .asks = ROUTE_SESSION | ROUTE_FRESH, .serve = recovery_serve },
};
const struct desk_routes routes_session = { table, sizeof(table) / sizeof(table[0]) };
