/* Routes of the desk: what leads watch, and reports over a span of time. Reports are asked of the messages (store/rules/67); each is an
 * object, or CSV with format=csv. See routes.h. */
#include "daemon/desk/routes.h"
#include "store_sql.h"

#define FROM_TO                                                                                    \
	{ "from", FROM_QUERY, PARAM_TIME, false,                                                   \
	  "Waits that began at this time or later; absent: 30 days before 'to'." },                \
	{                                                                                          \
		"to", FROM_QUERY, PARAM_TIME, false, "And before this time; absent: until now."    \
	}
#define BRAND                                                                                      \
	{                                                                                          \
		"brand", FROM_QUERY, PARAM_TEXT, false, "Only this brand."                         \
	}
#define FORMAT                                                                                     \
	{                                                                                          \
		"format", FROM_QUERY, PARAM_TEXT, false, "'json', or 'csv' for a spreadsheet."     \
	}

static const struct desk_route table[] = {
	{ "GET",
	  "brands",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(brands),
	  SQL_DESK_BRANDS,
	  { { 0 } },
	  "The brands, by whose clock their days are, and their accounts." },
	{ "GET",
	  "coverage",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(coverage),
	  SQL_DESK_COVERAGE,
	  { { "from", FROM_QUERY, PARAM_TIME, false, "Absent: seven days before 'to'." },
	    { "to", FROM_QUERY, PARAM_TIME, false, "Absent: until now." },
	    BRAND },
	  "Source by source, the spans of time that were heard, and every hole between them." },
	{ "GET",
	  "team",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(team),
	  SQL_DESK_TEAM,
	  { { 0 } },
	  "Who holds what, since when, until when, and how much of it is overdue; by name." },
	{ "POST",
	  "conversations/bulk",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(bulk),
	  SQL_DESK_BULK,
	  { { "ids", FROM_BODY, PARAM_LIST, true, "Which conversations: at most 200 ids." },
	    { "act", FROM_BODY, PARAM_TEXT, true,
	      "take, give, tag, untag, snooze or dismiss; never a reply." },
	    { "who", FROM_BODY, PARAM_TEXT, false,
	      "To give: the colleague's login; null: back to the queue." },
	    { "reason", FROM_BODY, PARAM_TEXT, false, "To dismiss: why no reply is needed." },
	    { "tag", FROM_BODY, PARAM_TEXT, false, "The tag." },
	    { "for", FROM_BODY, PARAM_TEXT, false, "To snooze: '2h', '1d'; '0' wakes." },
	    LEASE },
	  "One act for many conversations; each has its own result." },
	{ "GET",
	  "reports/response-times",
	  ROLE_AUDITOR,
	  LINE_REPORT,
	  QUERY(report_response_times),
	  SQL_DESK_REPORT_RESPONSE_TIMES,
	  { FROM_TO,
	    { "by", FROM_QUERY, PARAM_TEXT, false,
	      "'platform', 'account', 'hour' (of the week), 'day' or 'staff' (where the "
	      "configuration allows it)." },
	    BRAND,
	    FORMAT,
	    { "staff_reports", FROM_DESK, PARAM_BOOL, true, "" } },
	  "How long people waited for first and next answers, by both clocks, and against the "
	  "promise." },
	{ "GET",
	  "reports/waiting",
	  ROLE_AUDITOR,
	  LINE_REPORT,
	  QUERY(report_waiting),
	  SQL_DESK_REPORT_WAITING,
	  { FROM_TO, BRAND, FORMAT },
	  "How many waited at each hour, day or week, and how long the oldest had by then." },
	{ "GET",
	  "reports/never-answered",
	  ROLE_AUDITOR,
	  LINE_REPORT,
	  QUERY(report_never_answered),
	  SQL_DESK_REPORT_NEVER_ANSWERED,
	  { FROM_TO, BRAND, FORMAT },
	  "Who waits past the hard stop; the goal is nobody." },
	{ "GET",
	  "reports/talk-listen",
	  ROLE_AUDITOR,
	  LINE_REPORT,
	  QUERY(report_talk_listen),
	  SQL_DESK_REPORT_TALK_LISTEN,
	  { FROM_TO,
	    { "by", FROM_QUERY, PARAM_TEXT, false, "'account' or 'day'." },
	    BRAND,
	    FORMAT },
	  "How much we heard, and how much we talked." },
};
const struct desk_routes routes_watch = { table, sizeof(table) / sizeof(table[0]) };
