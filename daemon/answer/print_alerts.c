/* Alerts and silences on a terminal. */
#include <stdio.h>

#include "daemon/answer/answer.h"

/* "care told today 14:02", "owner: not told after 4 attempts (no connection)" */
static void print_delivery(struct call *c, struct jx d, struct wall now)
{
	struct text state = jx_str(c, d, "state"), name = jx_str(c, d, "channel");
	struct text failure = jx_str(c, d, "failure"), t;
	char when[48] = "";
	bool is_told = text_eq(state, TEXT("told"));

	if (is_told) {
		add_when(when, time_of(c, d, "told_at"), now);
		t = text_printf(c->arena, "%.*s was told %s", TEXT_ARG(name), when);
	} else if (text_eq(state, TEXT("kept"))) {
		add_when(when, time_of(c, d, "kept_until"), now);
		t = text_printf(c->arena, "%.*s is told %s (%.*s)", TEXT_ARG(name), when,
				TEXT_ARG(jx_str(c, d, "kept_by")));
	} else if (text_eq(state, TEXT("dropped"))) {
		t = text_printf(c->arena, "%.*s was not told: it was over before", TEXT_ARG(name));
	} else if (jx_i64_or(d, "attempts", 0) > 0) {
		t = text_printf(c->arena, "%.*s could not be told yet, %lld attempts: %.*s",
				TEXT_ARG(name), (long long)jx_i64_or(d, "attempts", 0),
				TEXT_ARG(failure));
	} else {
		t = text_printf(c->arena, "%.*s is being told", TEXT_ARG(name));
	}
	screen_block(&c->screen,
		     is_told                           ? INK_DIM
		     : jx_i64_or(d, "attempts", 0) > 0 ? INK_RED
						       : INK_YELLOW,
		     t, 7);
}

static void print_alert(struct call *c, struct jx e, struct wall now)
{
	struct screen *s = &c->screen;
	struct text state = jx_str(c, e, "state"), step = jx_str(c, e, "step");
	struct text account = jx_str(c, e, "account"), policy = jx_str(c, e, "policy");
	struct text conversation = jx_str(c, e, "conversation");
	struct jx channels = jx_get(e, "channels");
	bool is_open = text_eq(state, TEXT("open"));
	char when[48];

	add_when(when, time_of(c, e, "at"), now);
	screen_cell(s, INK_CYAN, jx_str(c, e, "id"), 6);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, INK_PLAIN, text_of(when), 14);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, is_open ? INK_RED : INK_DIM,
		    text_is_empty(step) ? jx_str(c, e, "event") : step, 10);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, INK_BOLD,
		    text_printf(c->arena, "%.*s%s%.*s",
				TEXT_ARG(text_is_empty(account) ? jx_str(c, e, "brand") : account),
				text_is_empty(policy) ? "" : ", ", TEXT_ARG(policy)),
		    s->columns - 46);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, is_open ? INK_RED : INK_GREEN, state, 12);
	screen_say(s, INK_PLAIN, "\n");
	screen_block(s, INK_PLAIN,
		     text_is_empty(conversation)
			     ? jx_str(c, e, "text")
			     : text_printf(c->arena, "%.*s answer show %.*s",
					   TEXT_ARG(jx_str(c, e, "text")), TEXT_ARG(conversation)),
		     7);
	for (size_t i = 0; i < jx_len(channels); i++) {
		print_delivery(c, jx_at(channels, i), now);
	}
	if (!text_is_empty(jx_str(c, e, "acked_by"))) {
		add_when(when, time_of(c, e, "acked_at"), now);
		screen_block(s, INK_GREEN,
			     text_printf(c->arena, "%.*s acknowledged it %s",
					 TEXT_ARG(jx_str(c, e, "acked_by")), when),
			     7);
	}
}

enum exit_code run_alerts(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;
	struct jx items;
	struct wall now;

	strbuf_init(&path, 4096);
	strbuf_add_str(&path, "alerts");
	add_query(&path, "open", call_option(c, "--open") != NULL ? "true" : NULL);
	add_query(&path, "all", call_option(c, "--all") != NULL ? "true" : NULL);
	add_query(&path, "limit", call_option(c, "--limit"));
	add_query(&path, "after", call_option(c, "--after"));
	code = call_get(c, path.at, &r);
	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	now = time_of(c, r.root, "now");
	if (!text_is_empty(jx_str(c, r.root, "trouble"))) {
		screen_notice(&c->screen, INK_RED, jx_str(c, r.root, "trouble"));
		screen_say(&c->screen, INK_PLAIN, "\n");
	}
	items = jx_get(r.root, "items");
	for (size_t i = 0; i < jx_len(items); i++) {
		print_alert(c, jx_at(items, i), now);
	}
	if (jx_len(items) == 0) {
		screen_say(&c->screen, INK_GREEN, "No alert stands.\n");
	} else if (!text_is_empty(jx_str(c, r.root, "next"))) {
		screen_say(&c->screen, INK_DIM, "\nThere is more: --limit 0 shows all.\n");
	}
	return EXIT_DONE;
}

/* What an acknowledgement does and does not do: people would believe more of it. */
static struct text after_ack(struct call *c, struct text event, struct text step)
{
	static const struct {
		const char *step, *words;
	} waits[] = {
		{ "warn", "when the promised time is over you are told again, and at the hard "
			  "stop; the lead is not called" },
		{ "due", "the lead is not called, and the hard stop speaks all the same" },
		{ "lead", "the hard stop speaks all the same" },
	};

	if (!text_eq(event, TEXT("waiting"))) {
		return TEXT("It is not told again while it stands. When it is over and comes back, "
			    "that is a new alert.");
	}
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		if (text_eq(step, text_of(waits[i].step))) {
			return text_printf(c->arena,
					   "That is for this step alone, and the customer still "
					   "waits: %s. An answer ends it.",
					   waits[i].words);
		}
	}
	return TEXT("The customer still waits. An answer ends it.");
}

enum exit_code run_ack(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_act(c, "alerts", "ack", NULL, &r);

	if (code == EXIT_DONE && !c->is_json) {
		screen_say(&c->screen, INK_PLAIN, "Alert ");
		screen_text(&c->screen, INK_BOLD, jx_str(c, r.root, "id"), 0);
		screen_say(&c->screen, INK_PLAIN, " is acknowledged by ");
		screen_text(&c->screen, INK_BOLD, jx_str(c, r.root, "acked_by"), 0);
		screen_say(&c->screen, INK_PLAIN, ".\n");
		if (text_is_empty(jx_str(c, r.root, "over_at"))) {
			screen_block(
				&c->screen, INK_PLAIN,
				after_ack(c, jx_str(c, r.root, "event"), jx_str(c, r.root, "step")),
				0);
		}
	}
	return code;
}

/* ---- alerts test ---- */

static void print_channels(struct call *c, struct jx channels)
{
	for (size_t i = 0; i < jx_len(channels); i++) {
		struct jx ch = jx_at(channels, i);
		bool is_kept = text_eq(jx_str(c, ch, "would"), TEXT("keep"));

		screen_block(&c->screen, is_kept ? INK_YELLOW : INK_PLAIN,
			     text_printf(c->arena, "%.*s (%.*s): %s, %.*s",
					 TEXT_ARG(jx_str(c, ch, "channel")),
					 TEXT_ARG(jx_str(c, ch, "type")),
					 is_kept ? "kept back" : "told",
					 TEXT_ARG(jx_str(c, ch, "why"))),
			     4);
	}
	if (jx_len(channels) == 0) {
		screen_block(&c->screen, INK_RED, TEXT("nobody: only the queue shows it"), 4);
	}
}

static void print_step(struct call *c, struct jx e)
{
	struct screen *s = &c->screen;
	struct text after = jx_str(c, e, "after");
	bool is_digest = text_eq(jx_str(c, e, "step"), TEXT("digest"));

	screen_cell(s, INK_BOLD, jx_str(c, e, "step"), 7);
	if (is_digest) {
		screen_say(s, INK_DIM, " once a day\n");
	} else {
		screen_say(s, INK_DIM, " after ");
		screen_text(s, INK_DIM, after, 0);
		screen_say(s, INK_DIM, " by the ");
		screen_text(s, INK_DIM, jx_str(c, e, "clock"), 0);
		screen_say(s, INK_DIM, " clock\n");
	}
	print_channels(c, jx_get(e, "channels"));
}

enum exit_code run_alerts_test(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	struct screen *s = &c->screen;
	enum exit_code code;
	struct jx steps;

	strbuf_init(&path, 8192);
	strbuf_add_str(&path, "alerts/test");
	add_query(&path, "conversation", call_option(c, "--conversation"));
	add_query(&path, "brand", call_option(c, "--brand"));
	add_query(&path, "kind", call_option(c, "--kind"));
	add_query(&path, "nature", call_option(c, "--nature"));
	add_query(&path, "about", call_option(c, "--about") != NULL ? "true" : NULL);
	code = call_get(c, path.at, &r);
	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	screen_text(s, INK_BOLD,
		    text_printf(c->arena, "%.*s: %.*s, %.*s%s",
				TEXT_ARG(jx_str(c, r.root, "brand")),
				TEXT_ARG(jx_str(c, r.root, "kind")),
				TEXT_ARG(jx_str(c, r.root, "nature")),
				jx_bool_or(r.root, "about", false) ? ", about us" : ""),
		    0);
	screen_say(s, INK_PLAIN, "\n");
	if (text_is_empty(jx_str(c, r.root, "policy"))) {
		screen_say(s, INK_RED, "No policy is for it: nobody is told.\n");
	} else {
		screen_say(s, INK_PLAIN, "The policy is ");
		screen_text(s, INK_BOLD, jx_str(c, r.root, "policy"), 0);
		screen_say(s, INK_PLAIN, "%s.\n",
			   jx_bool_or(r.root, "is_shipped", false) ? ", a shipped one" : "");
	}
	steps = jx_get(r.root, "steps");
	for (size_t i = 0; i < jx_len(steps); i++) {
		print_step(c, jx_at(steps, i));
	}
	screen_say(s, INK_BOLD, "health");
	screen_say(s, INK_DIM, "  when listening fails\n");
	print_channels(c, jx_get(r.root, "health"));
	screen_say(s, INK_DIM, "Nothing was sent.\n");
	return EXIT_DONE;
}

/* ---- silences ---- */

static void print_silence(struct call *c, struct jx e, struct wall now)
{
	static const char *const names[] = { "brand", "account", "channel", "policy" };
	struct screen *s = &c->screen;
	struct text what = TEXT_NONE;
	char until[48];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct text v = jx_str(c, e, names[i]);

		if (!text_is_empty(v)) {
			what = text_printf(c->arena, "%.*s%s%s %.*s", TEXT_ARG(what),
					   text_is_empty(what) ? "" : ", ", names[i], TEXT_ARG(v));
		}
	}
	add_when(until, time_of(c, e, "until"), now);
	screen_cell(s, INK_CYAN, jx_str(c, e, "id"), 6);
	screen_say(s, INK_PLAIN, " until %s, ", until);
	screen_text(s, INK_BOLD, text_is_empty(what) ? TEXT("everything") : what, 0);
	screen_say(s, INK_PLAIN, ", by ");
	screen_text(s, INK_PLAIN, jx_str(c, e, "by"), 40);
	screen_say(s, INK_PLAIN, "\n");
	screen_block(s, INK_YELLOW, jx_str(c, e, "reason"), 7);
}

enum exit_code run_silence_add(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	if (call_option(c, "--for") == NULL || call_option(c, "--reason") == NULL) {
		(void)fprintf(stderr, "A silence has an end and a reason: answer silence "
				      "--for 2h --reason \"…\"\n");
		return EXIT_USAGE;
	}
	body_start(&body);
	body_add(&body, "for", call_option(c, "--for"));
	body_add(&body, "reason", call_option(c, "--reason"));
	body_add(&body, "brand", call_option(c, "--brand"));
	body_add(&body, "account", call_option(c, "--account"));
	body_add(&body, "channel", call_option(c, "--channel"));
	body_add(&body, "policy", call_option(c, "--policy"));
	body_end(&body);
	code = call_post(c, "silences", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		print_silence(c, r.root, answer_now());
	}
	return code;
}

enum exit_code run_silence_list(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_get(c, "silences", &r);
	struct jx items = jx_get(r.root, "items");

	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	for (size_t i = 0; i < jx_len(items); i++) {
		print_silence(c, jx_at(items, i), time_of(c, r.root, "now"));
	}
	if (jx_len(items) == 0) {
		screen_say(&c->screen, INK_GREEN, "Nothing is silenced.\n");
	}
	return code;
}

enum exit_code run_silence_end(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_act(c, "silences", "end", NULL, &r);

	if (code == EXIT_DONE && !c->is_json) {
		screen_say(&c->screen, INK_PLAIN, "The silence is over.\n");
	}
	return code;
}
