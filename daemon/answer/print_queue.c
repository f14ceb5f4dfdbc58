/* The queue on a terminal: two lines a conversation, the wait first. */
#include <stdio.h>

#include "daemon/answer/answer.h"

#define PAGE_OF_ALL "500" /* a page at a time while the whole list is fetched */

void print_listening(struct call *c, struct jx root)
{
	struct jx l = jx_get(root, "listening");

	if (jx_is_set(l) && !jx_bool_or(l, "ok", true)) {
		screen_notice(&c->screen, INK_RED, jx_str(c, l, "text"));
		screen_say(&c->screen, INK_PLAIN, "\n");
	}
}

static enum ink ink_of(struct text state)
{
	if (text_eq(state, TEXT("stopped")) || text_eq(state, TEXT("overdue"))) {
		return INK_RED;
	}
	return text_eq(state, TEXT("warn")) ? INK_YELLOW : INK_GREEN;
}

/* "Carl Cole @carl" */
struct text who(struct call *c, struct jx person)
{
	struct text name = jx_str(c, person, "name"), handle = jx_str(c, person, "handle");

	if (text_is_empty(text_trim(name))) {
		return text_is_empty(handle) ? TEXT("somebody")
					     : text_printf(c->arena, "@%.*s", TEXT_ARG(handle));
	}
	return text_is_empty(handle)
		       ? name
		       : text_printf(c->arena, "%.*s @%.*s", TEXT_ARG(name), TEXT_ARG(handle));
}

static struct text join_tags(struct call *c, struct jx tags)
{
	struct text all = TEXT_NONE, one;

	for (size_t i = 0; i < jx_len(tags); i++) {
		if (jx_as_text(c->arena, jx_at(tags, i), &one)) {
			all = text_printf(c->arena, "%.*s #%.*s", TEXT_ARG(all), TEXT_ARG(one));
		}
	}
	return all;
}

/* "acme_social: overdue 2h 10m, ann has it, question, 2 messages #parcel": what counts most stands first, a narrow terminal cuts
 * the rest off. */
static struct text facts(struct call *c, struct jx e)
{
	struct text assignee = jx_str(c, e, "assignee"), due = due_text(c, e), f;
	int64_t n = jx_i64_or(e, "messages", 0);

	f = text_printf(c->arena, "%.*s: ", TEXT_ARG(jx_str(c, e, "account")));
	if (!text_is_empty(due)) {
		f = text_printf(c->arena, "%.*s%.*s, ", TEXT_ARG(f), TEXT_ARG(due));
	}
	if (!text_is_empty(jx_str(c, e, "snoozed_until"))) {
		f = text_printf(c->arena, "%.*sasleep, ", TEXT_ARG(f));
	}
	if (!text_is_empty(assignee)) {
		f = text_printf(c->arena, "%.*s%.*s has it, ", TEXT_ARG(f), TEXT_ARG(assignee));
	}
	f = text_printf(c->arena, "%.*s%.*s", TEXT_ARG(f), TEXT_ARG(jx_str(c, e, "nature")));
	if (n > 1) {
		f = text_printf(c->arena, "%.*s, %lld messages", TEXT_ARG(f), (long long)n);
	}
	return text_printf(c->arena, "%.*s%.*s", TEXT_ARG(f),
			   TEXT_ARG(join_tags(c, jx_get(e, "tags"))));
}

/* The office's clock, below the customer's. */
static void print_office(struct call *c, struct jx e, int columns)
{
	char age[24];

	if (!jx_is_set(c->office)) {
		screen_say(&c->screen, INK_PLAIN, "%*s", columns, "");
		return;
	}
	add_age(age, DUR_S(jx_i64_or(c->office, text_cstr(c->arena, jx_str(c, e, "id")), 0)));
	screen_cell(&c->screen, INK_DIM, text_printf(c->arena, "office %s", age), columns - 1);
	screen_say(&c->screen, INK_PLAIN, " ");
}

void print_entry(struct call *c, struct jx e)
{
	struct screen *s = &c->screen;
	struct text state = jx_str(c, e, "state"), excerpt = jx_str(c, e, "excerpt");
	int left = 6 + 1 + 8 + 1, room = s->columns - left - 1, name;
	struct text person = who(c, jx_get(e, "customer"));
	char age[24] = "-";

	if (!text_is_empty(jx_str(c, e, "waiting_since"))) {
		add_age(age, DUR_S(jx_i64_or(e, "waiting_s", 0)));
	}
	screen_cell(s, INK_CYAN, jx_str(c, e, "id"), 6);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, ink_of(state), text_of(age), 8);
	screen_say(s, INK_PLAIN, " ");
	/* A common column for what stands behind the names, unless a name is long. */
	name = term_width(person, room / 2);
	name = name > room / 2 ? room / 2 : name < room / 3 ? room / 3 : name;
	screen_cell(s, INK_BOLD, person, name);
	screen_say(s, INK_PLAIN, " ");
	screen_text(s, INK_DIM, facts(c, e), room - name);
	screen_say(s, INK_PLAIN, "\n");
	print_office(c, e, left);
	screen_text(s, INK_PLAIN, text_is_empty(excerpt) ? TEXT("(no words)") : excerpt,
		    s->columns - left);
	screen_say(s, INK_PLAIN, "\n");
}

/* ---- queue ---- */

static void queue_path(const struct call *c, const char *after, const char *limit,
		       struct strbuf *path)
{
	strbuf_init(path, 32u * 1024);
	strbuf_add_str(path, "queue");
	add_query(path, "by", call_option(c, "--by"));
	add_query(path, "brand", call_option(c, "--brand"));
	add_query(path, "platform", call_option(c, "--platform"));
	add_query(path, "all", call_option(c, "--all") != NULL ? "true" : NULL);
	add_query(path, "mine", call_option(c, "--mine") != NULL ? "true" : NULL);
	add_query(path, "overdue", call_option(c, "--overdue") != NULL ? "true" : NULL);
	add_query(path, "clocks", c->is_json ? NULL : "true");
	add_query(path, "limit", limit);
	add_query(path, "after", after);
}

static void print_end(struct call *c, int64_t n, bool is_more)
{
	struct screen *s = &c->screen;

	if (n == 0) {
		screen_say(s, INK_PLAIN, "Nobody waits%s.\n",
			   call_option(c, "--mine") != NULL ? " for you" : "");
	} else if (is_more) {
		screen_say(s, INK_DIM, "\nMore wait: answer queue --limit 0 shows all.\n");
	} else {
		screen_say(s, INK_DIM, "\n%lld %s. answer show ID reads one.\n", (long long)n,
			   n == 1 ? "waits" : "wait");
	}
}

enum exit_code run_queue(struct call *c)
{
	const char *limit = call_option(c, "--limit");
	bool is_all = !c->is_json && limit != NULL && strcmp(limit, "0") == 0, is_first = true;
	struct text next = text_of(call_option(c, "--after"));
	int64_t n = 0;

	do {
		scoped(strbuf_done) struct strbuf path = { 0 };
		scoped(reply_done) struct reply r = { 0 };
		enum exit_code code;
		struct jx items;

		queue_path(c, next.at, is_all ? PAGE_OF_ALL : limit, &path);
		code = call_get(c, path.at, &r);
		if (code != EXIT_DONE || c->is_json) {
			return code;
		}
		if (is_first && !text_is_empty(jx_str(c, r.root, "attention"))) {
			screen_notice(&c->screen, INK_RED, jx_str(c, r.root, "attention"));
			screen_say(&c->screen, INK_PLAIN, "\n");
		}
		if (is_first) {
			print_listening(c, r.root);
		}
		items = jx_get(r.root, "items");
		c->office = jx_get(r.root, "office_s");
		for (size_t i = 0; i < jx_len(items); i++) {
			n++;
			print_entry(c, jx_at(items, i));
		}
		next = text_dup(c->arena, jx_str(c, r.root, "next"));
		next.at = text_is_empty(next) ? NULL : next.at;
		is_first = false;
		c->office = (struct jx){ 0 };
	} while (is_all && next.at != NULL);
	print_end(c, n, next.at != NULL);
	return EXIT_DONE;
}

enum exit_code run_thanks(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_get(c, "thanks", &r);
	struct jx items;

	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	items = jx_get(r.root, "items");
	for (size_t i = 0; i < jx_len(items); i++) {
		print_entry(c, jx_at(items, i));
	}
	if (jx_len(items) == 0) {
		screen_say(&c->screen, INK_PLAIN, "No thanks are owed.\n");
	}
	return EXIT_DONE;
}
