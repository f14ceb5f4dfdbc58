/* Webhooks that are told events, on a terminal. */
#include <stdio.h>

#include "daemon/answer/answer.h"

static void print_webhook(struct call *c, struct jx e, struct wall now)
{
	struct screen *s = &c->screen;
	int64_t behind = jx_i64_or(e, "behind", 0);
	struct jx families = jx_get(e, "events");
	char when[48];

	screen_cell(s, INK_CYAN, jx_str(c, e, "name"), 20);
	for (size_t i = 0; i < jx_len(families); i++) {
		struct text family = TEXT_NONE;

		(void)jx_as_text(c->arena, jx_at(families, i), &family);
		screen_say(s, INK_PLAIN, i == 0 ? " " : ", ");
		screen_text(s, INK_PLAIN, family, 20);
	}
	if (text_is_empty(jx_str(c, e, "told_at"))) {
		screen_say(s, INK_PLAIN, "; told nothing yet");
	} else {
		add_when(when, time_of(c, e, "told_at"), now);
		screen_say(s, INK_PLAIN, "; last told %s", when);
	}
	screen_say(s, behind > 0 ? INK_YELLOW : INK_PLAIN, "; %s%lld behind\n",
		   behind > 10000 ? "more than " : "",
		   (long long)(behind > 10000 ? 10000 : behind));
	if (!text_is_empty(jx_str(c, e, "failure"))) {
		screen_block(s, INK_RED, jx_str(c, e, "failure"), 7);
	}
}

enum exit_code run_webhooks(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_get(c, "webhooks", &r);
	struct jx items = jx_get(r.root, "items");

	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	for (size_t i = 0; i < jx_len(items); i++) {
		print_webhook(c, jx_at(items, i), time_of(c, r.root, "now"));
	}
	if (jx_len(items) == 0) {
		screen_say(&c->screen, INK_PLAIN,
			   "No channel is told events: give a webhook of channels its events.\n");
	}
	return code;
}

enum exit_code run_replay(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	if (call_option(c, "--from") == NULL) {
		(void)fprintf(stderr, "From when? answer replay %s --from 2026-11-22T09:00:00Z\n",
			      c->args[0]);
		return EXIT_USAGE;
	}
	body_start(&body);
	body_add(&body, "from", call_option(c, "--from"));
	body_end(&body);
	code = call_act(c, "webhooks", "replay", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		print_webhook(c, r.root, answer_now());
	}
	return code;
}
