/* The one table of what the desk can be asked: who may, which statement answers, with which parameters. What is not here is
 * refused. The OpenAPI document is made from it. */
#include "daemon/desk/inside.h"
#include "store_sql.h"

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
#define QUERY(name) "desk_" #name
#define LATER       NULL, NULL

const struct desk_route desk_routes[] = {
	{ "GET",
	  "queue",
	  ROLE_AUDITOR,
	  LINE_QUEUE,
	  QUERY(queue),
	  NULL,
	  { { "by", FROM_QUERY, PARAM_TEXT, false, "'age' (oldest first) or 'due'." },
	    { "brand", FROM_QUERY, PARAM_TEXT, false, "Only this brand." },
	    { "platform", FROM_QUERY, PARAM_TEXT, false, "Only this platform." },
	    { "mine", FROM_QUERY, PARAM_BOOL, false, "Only what the caller holds." },
	    { "overdue", FROM_QUERY, PARAM_BOOL, false, "Only what is past its due time." },
	    { "all", FROM_QUERY, PARAM_BOOL, false,
	      "Also what is snoozed, only thanks, or about us and not to us." },
	    { "clocks", FROM_QUERY, PARAM_BOOL, false,
	      "Also office_s: by the office's clock, for how many seconds each has waited." },
	    AFTER,
	    LIMIT },
	  "Who waits, oldest first." },
	{ "GET",
	  "conversations/{id}",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(show),
	  SQL_DESK_SHOW,
	  { CONVERSATION },
	  "One conversation with its thread, notes and clocks." },
	{ "GET",
	  "conversations/{id}/explain",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(explain),
	  SQL_DESK_EXPLAIN,
	  { CONVERSATION },
	  "Why it waits or not, message by message." },
	{ "POST",
	  "conversations/{id}/claim",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(take),
	  SQL_DESK_TAKE,
	  { CONVERSATION, LEASE, VERSION },
	  "Into the caller's hands, for as long as a lease; again renews it." },
	{ "POST",
	  "conversations/{id}/give",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(give),
	  SQL_DESK_GIVE,
	  { CONVERSATION,
	    { "who", FROM_BODY, PARAM_TEXT, false,
	      "The colleague's login; null: back to the queue." },
	    LEASE,
	    VERSION },
	  "Into a colleague's hands, or back to the queue." },
	{ "POST",
	  "conversations/{id}/snooze",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(snooze),
	  SQL_DESK_SNOOZE,
	  { CONVERSATION,
	    { "for", FROM_BODY, PARAM_TEXT, true, "'2h', '1d'; '0' wakes it." },
	    VERSION },
	  "Off the list for a while; the clock runs on." },
	{ "POST",
	  "conversations/{id}/dismiss",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(dismiss),
	  SQL_DESK_DISMISS,
	  { CONVERSATION,
	    { "reason", FROM_BODY, PARAM_TEXT, true,
	      "Why no reply is needed; 'spam' counts as spam." },
	    VERSION },
	  "No reply needed, with a reason." },
	{ "POST",
	  "conversations/{id}/notes",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(note),
	  SQL_DESK_NOTE,
	  { CONVERSATION, { "text", FROM_BODY, PARAM_TEXT, true, "The note." } },
	  "A note for colleagues." },
	{ "POST",
	  "conversations/{id}/tags",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(tag),
	  SQL_DESK_TAG,
	  { CONVERSATION,
	    { "add", FROM_BODY, PARAM_TEXT, false, "A tag to add, or" },
	    { "remove", FROM_BODY, PARAM_TEXT, false, "a tag to remove." } },
	  "One tag, added or removed." },
	{ "POST",
	  "conversations/{id}/nature",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(nature),
	  SQL_DESK_NATURE,
	  { CONVERSATION,
	    { "nature", FROM_BODY, PARAM_TEXT, true,
	      "question, complaint, praise, thanks or neutral." },
	    VERSION },
	  "A person corrects what kind of words they are." },
	{ "POST",
	  "conversations/{id}/merge",
	  ROLE_AGENT,
	  LINE_ACT,
	  LATER,
	  { CONVERSATION },
	  "Two conversations become one." },
	{ "POST",
	  "conversations/{id}/replies",
	  ROLE_AGENT,
	  LINE_ACT,
	  LATER,
	  { CONVERSATION },
	  "A reply to the customer." },
	{ "GET",
	  "replies",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(nothing),
	  SQL_DESK_NOTHING,
	  { { 0 } },
	  "What was sent; none in this version." },
	{ "GET",
	  "customers/{id}",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(customer),
	  SQL_DESK_CUSTOMER,
	  { { "id", FROM_PATH, PARAM_TEXT, true, "The customer's id." },
	    { "limit", FROM_QUERY, PARAM_COUNT, false,
	      "Messages of the timeline, 200 when absent; 0 is all." } },
	  "A customer and everything between them and us." },
	{ "GET",
	  "promises",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(nothing),
	  SQL_DESK_NOTHING,
	  { { 0 } },
	  "What we promised; none in this version." },
	{ "GET",
	  "thanks",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(thanks),
	  SQL_DESK_THANKS,
	  { { 0 } },
	  "Praise and thanks that nobody answered." },
	{ "GET",
	  "sources",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(sources),
	  SQL_DESK_SOURCES,
	  { { 0 } },
	  "What is listened to, and when it was last heard." },
	{ "GET",
	  "gaps",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(gaps),
	  SQL_DESK_GAPS,
	  { { 0 } },
	  "Holes in what was heard." },
	{ "GET",
	  "quarantine",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(quarantine),
	  SQL_DESK_QUARANTINE,
	  { AFTER, LIMIT },
	  "What a platform served and we could not read." },
	{ "GET",
	  "alerts",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(alerts),
	  SQL_DESK_ALERTS,
	  { { "open", FROM_QUERY, PARAM_BOOL, false, "Only what nobody has acknowledged." },
	    { "all", FROM_QUERY, PARAM_BOOL, false,
	      "Also what is over, summaries and signs of life." },
	    AFTER,
	    LIMIT },
	  "What people are told of: what stands, newest first." },
	{ "GET",
	  "alerts/test",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(alerts_test),
	  SQL_DESK_ALERTS_TEST,
	  { { "conversation", FROM_QUERY, PARAM_TEXT, false, "As this conversation, or" },
	    { "brand", FROM_QUERY, PARAM_TEXT, false, "of this brand," },
	    { "kind", FROM_QUERY, PARAM_TEXT, false, "of this kind ('mention')" },
	    { "nature", FROM_QUERY, PARAM_TEXT, false, "and nature ('question')," },
	    { "about", FROM_QUERY, PARAM_BOOL, false, "about us and not to us." } },
	  "Where an invented alert would go now, and why; nothing is sent." },
	{ "POST",
	  "alerts/{id}/ack",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(ack),
	  SQL_DESK_ACK,
	  { { "id", FROM_PATH, PARAM_TEXT, true, "The alert." } },
	  "Somebody has seen it and deals with it." },
	{ "GET",
	  "silences",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(silences),
	  SQL_DESK_SILENCES,
	  { { 0 } },
	  "What is not told for now, until when, says who, and why." },
	{ "POST",
	  "silences",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(silence_add),
	  SQL_DESK_SILENCE_ADD,
	  { { "for", FROM_BODY, PARAM_TEXT, true, "'30m', '2h', '1d'; at most 31d." },
	    { "reason", FROM_BODY, PARAM_TEXT, true, "Why." },
	    { "brand", FROM_BODY, PARAM_TEXT, false, "Only this brand." },
	    { "account", FROM_BODY, PARAM_TEXT, false, "Only this account." },
	    { "channel", FROM_BODY, PARAM_TEXT, false, "Only this channel." },
	    { "policy", FROM_BODY, PARAM_TEXT, false, "Only this policy." } },
	  "Not now: what still stands at its end is told then. Hard stops are told all the "
	  "same." },
	{ "POST",
	  "silences/{id}/end",
	  ROLE_AGENT,
	  LINE_ACT,
	  QUERY(silence_end),
	  SQL_DESK_SILENCE_END,
	  { { "id", FROM_PATH, PARAM_TEXT, true, "The silence." } },
	  "Over before its time." },
	{ "GET",
	  "ledger",
	  ROLE_AUDITOR,
	  LINE_REPORT,
	  QUERY(ledger),
	  SQL_DESK_LEDGER,
	  { { "from", FROM_QUERY, PARAM_TIME, false, "Messages of this time and later." },
	    { "to", FROM_QUERY, PARAM_TIME, false, "Messages before this time." },
	    { "brand", FROM_QUERY, PARAM_TEXT, false, "Only this brand." },
	    { "account", FROM_QUERY, PARAM_TEXT, false, "Only this account." } },
	  "What became of every inbound message." },
	{ "GET",
	  "verify",
	  ROLE_AUDITOR,
	  LINE_REPORT,
	  QUERY(verify),
	  SQL_DESK_VERIFY,
	  { AFTER },
	  "Every invariant; goes on at 'next' until that is null." },
	{ "GET",
	  "staff",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(staff),
	  SQL_DESK_STAFF,
	  { { 0 } },
	  "Who works here." },
	{ "POST",
	  "staff",
	  ROLE_ADMIN,
	  LINE_ACT,
	  QUERY(staff_add),
	  SQL_DESK_STAFF_ADD,
	  { { "login", FROM_BODY, PARAM_TEXT, true, "A short name." },
	    { "name", FROM_BODY, PARAM_TEXT, false, "The person's name." },
	    { "role", FROM_BODY, PARAM_TEXT, false, "agent, lead, admin or auditor." },
	    { "os_user", FROM_BODY, PARAM_TEXT, false,
	      "The user of this machine that they are." } },
	  "A new member of staff, or one who comes back." },
	{ "POST",
	  "staff/{login}/disable",
	  ROLE_ADMIN,
	  LINE_ACT,
	  QUERY(staff_disable),
	  SQL_DESK_STAFF_DISABLE,
	  { { "login", FROM_PATH, PARAM_TEXT, true, "Whom." } },
	  "No more acts of theirs; what they held is free." },
	{ "GET",
	  "session",
	  ROLE_AUDITOR,
	  LINE_READ,
	  QUERY(session),
	  SQL_DESK_SESSION,
	  { { 0 } },
	  "Who the caller is." },
	{ "POST", "session", ROLE_AUDITOR, LINE_ACT, LATER, { { 0 } }, "Signing in." },
};
const size_t n_desk_routes = sizeof(desk_routes) / sizeof(desk_routes[0]);

bool desk_route_is_served(const struct desk_route *r)
{
	return r->sql != NULL || r->line == LINE_QUEUE;
}

static bool matches(struct text pattern, struct text path)
{
	struct text want, got;
	bool has_want = true, has_got = true;

	while (has_want && has_got) {
		has_want = text_cut(pattern, '/', &want, &pattern);
		has_got = text_cut(path, '/', &got, &path);
		if (text_starts(want, TEXT("{")) ? text_is_empty(got) : !text_eq(want, got)) {
			return false;
		}
	}
	return has_want == has_got;
}

const struct desk_route *desk_route_find(struct arena *a, struct text method, struct text path,
					 const char **ret_allow)
{
	struct text allow = TEXT_NONE;

	for (size_t i = 0; i < n_desk_routes; i++) {
		const struct desk_route *r = &desk_routes[i];

		if (!matches(text_of(r->path), path)) {
			continue;
		}
		if (text_eq(method, text_of(r->method))) {
			return r;
		}
		allow = text_printf(a, "%.*s%s%s", TEXT_ARG(allow),
				    text_is_empty(allow) ? "" : ", ", r->method);
	}
	*ret_allow = text_is_empty(allow) ? NULL : text_cstr(a, allow);
	return NULL;
}
