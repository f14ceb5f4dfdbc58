/* One conversation, its explanation, and one customer, on a terminal. */
#include <stdio.h>

#include "daemon/answer/answer.h"

static struct text conversation_path(struct call *c, const char *rest)
{
	scoped(strbuf_done) struct strbuf b = { 0 };

	strbuf_init(&b, 4096);
	strbuf_add_str(&b, "conversations/");
	strbuf_add_url(&b, text_clip(text_of(c->args[0]), 200));
	strbuf_add_str(&b, rest);
	return text_dup(c->arena, strbuf_text(&b));
}

static enum ink role_ink(struct text role)
{
	if (text_eq(role, TEXT("customer"))) {
		return INK_YELLOW;
	}
	return text_eq(role, TEXT("answer")) || text_eq(role, TEXT("ours")) ? INK_GREEN : INK_DIM;
}

/* "mastodon question, to us" and what happened to it. */
static struct text part_of(struct call *c, struct jx m)
{
	struct text role = jx_str(c, m, "role"), extra;

	if (text_eq(role, TEXT("customer"))) {
		extra = !text_is_empty(jx_str(c, m, "deleted_at")) ? TEXT("deleted")
			: jx_bool_or(m, "waits", false)            ? TEXT("waits")
			: !text_is_empty(jx_str(c, m, "settled"))  ? jx_str(c, m, "settled")
			: jx_bool_or(m, "is_to_us", false)         ? TEXT("answered")
								   : TEXT("overheard");
		return text_printf(c->arena, "%.*s, %.*s", TEXT_ARG(jx_str(c, m, "nature")),
				   TEXT_ARG(extra));
	}
	if (text_eq(role, TEXT("answer"))) {
		return text_printf(c->arena, "our answer (%.*s)", TEXT_ARG(jx_str(c, m, "actor")));
	}
	return text_eq(role, TEXT("ours"))
		       ? (jx_bool_or(m, "is_automatic", false) ? TEXT("ours, by a program")
							       : TEXT("ours"))
	       : text_eq(role, TEXT("other")) ? TEXT("somebody else")
					      : TEXT("another business");
}

/* Whom a message answers, where that is not what stands right above it; empty: nobody, or that. */
static struct text answered_by_it(struct call *c, struct jx thread, size_t at)
{
	struct text parent = jx_str(c, jx_at(thread, at), "parent");

	if (text_is_empty(parent) ||
	    (at > 0 && text_eq(parent, jx_str(c, jx_at(thread, at - 1), "id")))) {
		return TEXT_NONE;
	}
	for (size_t i = 0; i < jx_len(thread); i++) {
		if (text_eq(parent, jx_str(c, jx_at(thread, i), "id"))) {
			return who(c, jx_get(jx_at(thread, i), "author"));
		}
	}
	return TEXT("a message that is not here");
}

static void print_message(struct call *c, struct jx thread, size_t at, struct wall now)
{
	struct text to = answered_by_it(c, thread, at);
	struct jx m = jx_at(thread, at);
	struct screen *s = &c->screen;
	struct text role = jx_str(c, m, "role"), warning = jx_str(c, m, "warning");
	struct jx revisions = jx_get(m, "revisions");
	char when[48];

	add_when(when, time_of(c, m, "at"), now);
	screen_say(s, INK_PLAIN, "\n");
	screen_cell(s, INK_DIM, text_of(when), 17);
	screen_say(s, INK_PLAIN, " ");
	screen_text(s, role_ink(role), who(c, jx_get(m, "author")), s->columns - 18 - 24);
	screen_say(s, INK_DIM, "  ");
	screen_text(s, INK_DIM, part_of(c, m), 0);
	screen_say(s, INK_DIM, "%s\n", jx_len(revisions) > 0 ? ", edited" : "");
	if (!text_is_empty(to)) {
		screen_say(s, INK_DIM, "    answers ");
		screen_text(s, INK_DIM, to, s->columns - 12);
		screen_say(s, INK_DIM, "\n");
	}
	if (!text_is_empty(warning)) {
		screen_block(s, INK_BOLD, warning, 4);
	}
	screen_block(s, text_is_empty(jx_str(c, m, "deleted_at")) ? INK_PLAIN : INK_DIM,
		     jx_str(c, m, "text"), 4);
	for (size_t i = 0; i < jx_len(revisions); i++) {
		screen_say(s, INK_DIM, "    before it was edited:\n");
		screen_block(s, INK_DIM, jx_str(c, jx_at(revisions, i), "text"), 6);
	}
}

static void print_clocks(struct call *c, struct jx root, struct wall now)
{
	struct screen *s = &c->screen;
	struct wall since = time_of(c, root, "waiting_since"),
		    until = time_of(c, root, "assigned_until");
	char when[48], age[24];
	struct text assignee = jx_str(c, root, "assignee"), next;

	if (wall_is_set(since)) {
		add_when(when, since, now);
		add_age(age, DUR_S(jx_i64_or(root, "waiting_s", 0)));
		screen_say(s, INK_YELLOW, "Waits %s", age);
		screen_say(s, INK_PLAIN, ", since %s, %lld message%s.", when,
			   (long long)jx_i64_or(root, "messages", 0),
			   jx_i64_or(root, "messages", 0) == 1 ? "" : "s");
		add_age(age, DUR_S(jx_i64_or(root, "waiting_office_s", 0)));
		screen_say(s, INK_PLAIN, " By the office's clock %s", age);
		next = due_text(c, root);
		screen_say(s, INK_PLAIN, "%s%.*s.", text_is_empty(next) ? "" : "; ",
			   TEXT_ARG(next));
	} else {
		screen_text(s, INK_GREEN, jx_str(c, root, "why"), 0);
	}
	screen_say(s, INK_PLAIN, "\n");
	if (!text_is_empty(assignee)) {
		add_when(when, until, now);
		screen_say(s, INK_PLAIN, "In the hands of %.*s until %s.\n", TEXT_ARG(assignee),
			   when);
	}
	if (wall_is_set(time_of(c, root, "snoozed_until"))) {
		add_when(when, time_of(c, root, "snoozed_until"), now);
		screen_say(s, INK_PLAIN, "Asleep until %s.\n", when);
	}
	for (size_t i = 0; i < jx_len(jx_get(root, "tags")); i++) {
		if (jx_as_text(c->arena, jx_at(jx_get(root, "tags"), i), &next)) {
			screen_say(s, INK_PLAIN, "%s", i > 0 ? " " : "");
			screen_text(s, INK_CYAN, text_printf(c->arena, "#%.*s", TEXT_ARG(next)), 0);
		}
	}
	screen_say(s, INK_PLAIN, "%s", jx_len(jx_get(root, "tags")) > 0 ? "\n" : "");
}

static void print_head(struct call *c, struct jx root)
{
	struct screen *s = &c->screen;

	screen_say(s, INK_BOLD, "Conversation ");
	screen_text(s, INK_BOLD, jx_str(c, root, "id"), 0);
	screen_say(s, INK_PLAIN, "  ");
	screen_text(s, INK_BOLD, who(c, jx_get(root, "customer")), s->columns - 24);
	screen_say(s, INK_PLAIN, "\n");
	screen_text(s, INK_DIM,
		    text_printf(c->arena, "%.*s, %.*s on %.*s, %.*s, %.*s",
				TEXT_ARG(jx_str(c, root, "brand")),
				TEXT_ARG(jx_str(c, root, "account")),
				TEXT_ARG(jx_str(c, root, "platform")),
				TEXT_ARG(jx_str(c, root, "kind")),
				TEXT_ARG(jx_str(c, root, "nature"))),
		    s->columns);
	screen_say(s, INK_PLAIN, "\n");
}

enum exit_code run_show(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_get(c, conversation_path(c, "").at, &r);
	struct screen *s = &c->screen;
	struct jx notes, thread;
	struct wall now;
	char when[48];

	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	now = time_of(c, r.root, "now");
	print_head(c, r.root);
	print_clocks(c, r.root, now);
	thread = jx_get(r.root, "thread");
	for (size_t i = 0; i < jx_len(thread); i++) {
		print_message(c, thread, i, now);
	}
	notes = jx_get(r.root, "replies");
	for (size_t i = 0; i < jx_len(notes); i++) {
		if (!text_eq(jx_str(c, jx_at(notes, i), "state"), TEXT("sent"))) {
			screen_say(s, INK_PLAIN, "\n");
			print_reply(c, jx_at(notes, i), now, 0);
		}
	}
	notes = jx_get(r.root, "notes");
	for (size_t i = 0; i < jx_len(notes); i++) {
		struct jx n = jx_at(notes, i);

		add_when(when, time_of(c, n, "at"), now);
		screen_say(s, INK_CYAN, "%s%s, %s, for us only:\n", i == 0 ? "\n" : "", when,
			   text_cstr(c->arena, jx_str(c, n, "by")));
		screen_block(s, INK_CYAN, jx_str(c, n, "text"), 4);
	}
	if (!text_is_empty(jx_str(c, r.root, "permalink"))) {
		screen_say(s, INK_PLAIN, "\n");
		screen_text(s, INK_DIM, jx_str(c, r.root, "permalink"), 0);
		screen_say(s, INK_PLAIN, "\n");
	}
	return EXIT_DONE;
}

enum exit_code run_explain(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_get(c, conversation_path(c, "/explain").at, &r);
	struct screen *s = &c->screen;
	struct jx thread;
	struct wall now;
	char when[48];

	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	now = time_of(c, r.root, "now");
	screen_block(s, INK_BOLD, jx_str(c, r.root, "why"), 0);
	print_promise(c, jx_get(r.root, "promise"));
	thread = jx_get(r.root, "thread");
	for (size_t i = 0; i < jx_len(thread); i++) {
		struct jx m = jx_at(thread, i);

		add_when(when, time_of(c, m, "at"), now);
		screen_say(s, INK_PLAIN, "\n");
		screen_cell(s, INK_DIM, text_of(when), 17);
		screen_say(s, INK_PLAIN, " ");
		screen_text(s, role_ink(jx_str(c, m, "role")), who(c, jx_get(m, "author")),
			    s->columns / 3);
		screen_say(s, INK_PLAIN, ": ");
		screen_text(s, INK_PLAIN, jx_str(c, m, "excerpt"),
			    s->columns - 20 - s->columns / 3);
		screen_say(s, INK_PLAIN, "\n");
		screen_block(s, jx_bool_or(m, "waits", false) ? INK_YELLOW : INK_DIM,
			     jx_str(c, m, "why"), 18);
	}
	return EXIT_DONE;
}

enum exit_code run_customer(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;
	struct screen *s = &c->screen;
	struct jx list;
	struct wall now;
	char when[48];

	path_of(&path, "customers", c->args[0], NULL);
	add_query(&path, "limit", call_option(c, "--limit"));
	code = call_get(c, path.at, &r);
	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	now = time_of(c, r.root, "now");
	add_when(when, time_of(c, r.root, "first_seen_at"), now);
	screen_say(s, INK_BOLD, "Customer ");
	screen_text(s, INK_BOLD, jx_str(c, r.root, "id"), 0);
	screen_say(s, INK_PLAIN, "  ");
	screen_text(s, INK_BOLD, who(c, r.root), s->columns - 24);
	screen_say(s, INK_DIM, "\nfirst seen %s\n\n", when);
	list = jx_get(r.root, "conversations");
	for (size_t i = 0; i < jx_len(list); i++) {
		print_entry(c, jx_at(list, i));
	}
	list = jx_get(r.root, "timeline");
	screen_say(s, INK_PLAIN, "\n");
	for (size_t i = 0; i < jx_len(list); i++) {
		struct jx m = jx_at(list, i);
		bool is_ours = text_eq(jx_str(c, m, "direction"), TEXT("outbound"));

		add_when(when, time_of(c, m, "at"), now);
		screen_cell(s, INK_DIM, text_of(when), 17);
		screen_say(s, is_ours ? INK_GREEN : INK_YELLOW, "%s",
			   is_ours ? " we:   " : " they: ");
		screen_text(s, INK_PLAIN, jx_str(c, m, "text"), s->columns - 24);
		screen_say(s, INK_PLAIN, "\n");
	}
	return EXIT_DONE;
}
