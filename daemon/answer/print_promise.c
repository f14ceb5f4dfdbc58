/* The promise under which somebody waits: policy, hours counted, both clocks, who is told next. */
#include <stdio.h>

#include "daemon/answer/answer.h"

/* A heading, then the "text" of each member. */
static void print_texts(struct call *c, const char *heading, struct jx list)
{
	struct screen *s = &c->screen;

	if (jx_len(list) == 0) {
		return;
	}
	screen_say(s, INK_PLAIN, "\n%s\n", heading);
	for (size_t i = 0; i < jx_len(list); i++) {
		screen_block(s, INK_DIM, jx_str(c, jx_at(list, i), "text"), 4);
	}
}

static void print_tried(struct call *c, struct jx tried)
{
	struct screen *s = &c->screen;

	screen_say(s, INK_PLAIN, "\nPolicies tried\n");
	for (size_t i = 0; i < jx_len(tried); i++) {
		struct jx y = jx_at(tried, i);
		bool is_match = jx_bool_or(y, "matches", false);

		screen_block(s, is_match ? INK_GREEN : INK_DIM,
			     text_printf(c->arena, "%s %.*s: %.*s", is_match ? "yes" : "no ",
					 TEXT_ARG(jx_str(c, y, "policy")),
					 TEXT_ARG(jx_str(c, y, "why"))),
			     4);
	}
}

void print_promise(struct call *c, struct jx promise)
{
	struct screen *s = &c->screen;

	if (!jx_is_set(promise) || !jx_is_set(jx_get(promise, "clocks"))) {
		return;
	}
	screen_block(s, INK_YELLOW, jx_str(c, jx_get(promise, "clocks"), "text"), 0);
	if (jx_is_set(jx_get(promise, "policy"))) {
		screen_block(s, INK_PLAIN, jx_str(c, jx_get(promise, "policy"), "text"), 0);
	}
	print_tried(c, jx_get(promise, "tried"));
	print_texts(c,
		    text_cstr(c->arena, text_printf(c->arena, "Office hours counted (%.*s)",
						    TEXT_ARG(jx_str(c, jx_get(promise, "clocks"),
								    "timezone")))),
		    jx_get(promise, "frames"));
	print_texts(c, "Holidays between", jx_get(promise, "holidays"));
	print_texts(c, "What happens next", jx_get(promise, "next"));
}

/* "due in 25m", "overdue 1h 10m"; empty without a date. */
struct text due_text(struct call *c, struct jx entry)
{
	struct wall since = time_of(c, entry, "waiting_since"), due = time_of(c, entry, "due_at"),
		    now;
	struct dur late;
	char age[24];

	if (!wall_is_set(since) || !wall_is_set(due)) {
		return TEXT_NONE;
	}
	/* By the desk's clock: the entry says how long it has waited. */
	now = wall_add(since, DUR_S(jx_i64_or(entry, "waiting_s", 0)));
	late = wall_since(due, now);
	add_age(age, (struct dur){ late.us < 0 ? -late.us : late.us });
	return text_printf(c->arena, "%s %s", late.us < 0 ? "due in" : "overdue", age);
}
