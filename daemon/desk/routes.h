/* routes.h: the one table of what the desk can be asked, written in groups: who may, which statement answers, with which
 * parameters. What is not in it is refused. The OpenAPI document and the matrix of roles are made from it.
 *
 * Owner:   everything is constant.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_DESK_ROUTES_H
#define ANSWERD_DESK_ROUTES_H

#include "daemon/desk/inside.h"

struct desk_routes {
	const struct desk_route *at;
	size_t n;
};

extern const struct desk_routes routes_conversation;
extern const struct desk_routes routes_reply;
extern const struct desk_routes routes_listening;
extern const struct desk_routes routes_staff;
extern const struct desk_routes routes_oidc;
extern const struct desk_routes routes_page;
extern const struct desk_routes routes_session;
extern const struct desk_routes routes_watch;
extern const struct desk_routes routes_webhook;

/* Parameters that several routes have. */
#define CONVERSATION                                                                               \
	{                                                                                          \
		"id", FROM_PATH, PARAM_TEXT, true, "The conversation's id."                        \
	}
#define VERSION                                                                                    \
	{                                                                                          \
		"version", FROM_BODY, PARAM_COUNT, false,                                          \
			"Refuse (409) when the conversation is not at this version any more."      \
	}
#define LEASE                                                                                      \
	{                                                                                          \
		"lease", FROM_DESK, PARAM_COUNT, true, ""                                          \
	}
#define AFTER                                                                                      \
	{                                                                                          \
		"after", FROM_QUERY, PARAM_TEXT, false, "'next' of the page before."               \
	}
#define LIMIT                                                                                      \
	{                                                                                          \
		"limit", FROM_QUERY, PARAM_COUNT, false,                                           \
			"Items of a page, 50 when absent; 0 is all."                               \
	}
#define REPLY                                                                                      \
	{                                                                                          \
		"id", FROM_PATH, PARAM_TEXT, true, "The reply's id."                               \
	}
#define ALSO                                                                                       \
	{                                                                                          \
		"also", FROM_BODY, PARAM_BOOL, false,                                              \
			"Although somebody has answered, or nobody waits any more."                \
	}
#define PARTS                                                                                      \
	{                                                                                          \
		"parts", FROM_BODY, PARAM_BOOL, false,                                             \
			"A text that is too long for one post goes in numbered parts."             \
	}
/* Two: whether, and for how long the desk holds it. */
#define UNDO                                                                                       \
	{ "undo", FROM_BODY, PARAM_BOOL, false,                                                    \
	  "It stays in the house for desk.undo, and can be taken back until then." },              \
	{                                                                                          \
		"undo_s", FROM_DESK, PARAM_COUNT, true, ""                                         \
	}
#define QUERY(name) "desk_" #name
#define NO_QUERY    NULL, NULL /* it has statements of its own */

#endif
