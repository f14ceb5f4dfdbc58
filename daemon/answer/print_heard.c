/* What is heard, what was not, and what became of it: sources, gaps and the ledger on a terminal. */
#include <stdio.h>

#include "daemon/answer/answer.h"

/* ---- sources ---- */

static void add_length(char out[static 24], int64_t s)
{
	if (s < 120) {
		(void)snprintf(out, 24, "%llds", (long long)s);
	} else {
		add_age(out, DUR_S(s));
	}
}

/* "every 60s, achieved 63s; silent for 2h 10m, usually at most 3h 00m" */
static void print_rhythm(struct call *c, struct jx e, struct wall now)
{
	struct screen *s = &c->screen;
	struct wall news = time_of(c, e, "news_at");
	int64_t achieved = jx_i64_or(e, "achieved_s", -1),
		usual = jx_i64_or(e, "usual_silence_s", -1);
	char text[24];

	add_length(text, jx_i64_or(e, "every_s", 0));
	screen_say(s, INK_DIM, "    every %s", text);
	if (achieved >= 0) {
		add_length(text, achieved);
		screen_say(s, INK_DIM, ", achieved %s", text);
	}
	if (wall_is_set(news)) {
		add_age(text, wall_since(news, now));
		screen_say(s, INK_DIM, "; silent for %s", text);
	}
	if (usual >= 0) {
		add_length(text, usual);
		screen_say(s, INK_DIM, ", strange after %s", text);
	}
	screen_say(s, INK_DIM, "\n");
}

static void print_state(struct call *c, struct jx e, struct wall now)
{
	struct screen *s = &c->screen;
	struct text state = jx_str(c, e, "state");
	bool is_well = text_eq(state, TEXT("listening"));
	char ago[48];

	if (is_well && !wall_is_set(time_of(c, e, "heard_at"))) {
		(void)snprintf(ago, sizeof(ago), "when it is needed"); /* threads, rechecks */
	} else {
		add_ago(ago, time_of(c, e, "heard_at"), now);
	}
	screen_cell(s, INK_PLAIN,
		    text_printf(c->arena, "%.*s %.*s", TEXT_ARG(jx_str(c, e, "account")),
				TEXT_ARG(jx_str(c, e, "source"))),
		    s->columns - 36);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s,
		    is_well                       ? INK_GREEN
		    : text_eq(state, TEXT("off")) ? INK_DIM
						  : INK_RED,
		    state, 11);
	screen_say(s, INK_DIM, " heard %s\n", ago);
}

/* "1234 of 50000 messages paid for this month, about 2.10 US dollars; 12 replies, about 0.30; of 50": said with the first source that has it. */
static void print_reading(struct call *c, struct jx reading)
{
	int64_t most = jx_i64_or(reading, "monthly_reads", 0);
	int64_t budget = jx_i64_or(reading, "monthly_usd", 0);

	if (!jx_is_object(reading)) {
		return;
	}
	screen_say(&c->screen, INK_DIM, "    %lld", (long long)jx_i64_or(reading, "reads", 0));
	if (most > 0) {
		screen_say(&c->screen, INK_DIM, " of %lld", (long long)most);
	}
	screen_say(&c->screen, INK_DIM, " messages paid for this month, about %.*s US dollars",
		   TEXT_ARG(jx_str(c, reading, "cost_usd")));
	screen_say(&c->screen, INK_DIM, "; %lld replies, about %.*s",
		   (long long)jx_i64_or(reading, "posts", 0),
		   TEXT_ARG(jx_str(c, reading, "posts_usd")));
	if (budget > 0) {
		screen_say(&c->screen, INK_DIM, "; %lld may be spent", (long long)budget);
	}
	screen_say(&c->screen, INK_DIM, "\n");
}

static void print_source(struct call *c, struct jx e, struct wall now)
{
	struct screen *s = &c->screen;
	struct text state = jx_str(c, e, "state"), name = jx_str(c, e, "source");
	struct text failure = jx_str(c, e, "failure"), reason = jx_str(c, e, "reason"),
		    missing = jx_str(c, e, "missing");
	struct wall token = time_of(c, e, "token_until");
	char when[48];

	print_state(c, e, now);
	if (!text_eq(name, TEXT("threads")) && !text_eq(name, TEXT("rechecks")) &&
	    !text_eq(state, TEXT("off"))) {
		print_rhythm(c, e, now);
	}
	if (!text_is_empty(reason)) {
		screen_block(s, text_eq(state, TEXT("listening")) ? INK_YELLOW : INK_RED, reason,
			     4);
	}
	if (jx_i64_or(e, "failures", 0) > 0 && !text_is_empty(failure)) {
		add_when(when, time_of(c, e, "since"), now);
		screen_block(s, INK_YELLOW,
			     text_printf(c->arena, "failed %lld times, since %s: %.*s",
					 (long long)jx_i64_or(e, "failures", 0), when,
					 TEXT_ARG(failure)),
			     4);
	}
	if (!text_is_empty(missing)) {
		screen_block(s, INK_YELLOW,
			     text_printf(c->arena, "the credential lacks: %.*s", TEXT_ARG(missing)),
			     4);
	}
	print_reading(c, jx_get(e, "reading"));
	if (wall_is_set(token)) {
		add_when(when, token, now);
		screen_say(s, INK_DIM, "    the token ends %s\n", when);
	}
}

enum exit_code run_sources(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_get(c, "sources", &r);
	struct jx items;
	struct wall now;

	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	now = time_of(c, r.root, "now");
	print_listening(c, r.root);
	items = jx_get(r.root, "items");
	for (size_t i = 0; i < jx_len(items); i++) {
		print_source(c, jx_at(items, i), now);
	}
	if (jx_len(items) == 0) {
		screen_say(&c->screen, INK_PLAIN,
			   "Nothing is listened to. Name accounts in the configuration and start "
			   "answerd.\n");
	}
	return EXIT_DONE;
}

/* ---- gaps ---- */

static void print_gap(struct call *c, struct jx e)
{
	struct screen *s = &c->screen;
	bool is_lost = text_eq(jx_str(c, e, "state"), TEXT("lost"));
	char from[48] = "the beginning", until[48];

	add_when(until, time_of(c, e, "until"), answer_now());
	if (!text_is_empty(jx_str(c, e, "from"))) {
		add_when(from, time_of(c, e, "from"), answer_now());
	}
	screen_cell(s, is_lost ? INK_RED : INK_YELLOW, jx_str(c, e, "state"), 5);
	screen_cell(s, INK_BOLD,
		    text_printf(c->arena, "%.*s %.*s", TEXT_ARG(jx_str(c, e, "account")),
				TEXT_ARG(jx_str(c, e, "source"))),
		    s->columns - 5);
	screen_say(s, INK_DIM, "\n    from %s to %s\n", from, until);
	screen_block(s, INK_YELLOW, jx_str(c, e, "reason"), 4);
	screen_block(s, INK_DIM, jx_str(c, e, "doing"), 4);
}

enum exit_code run_gaps(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_get(c, "gaps", &r);
	struct jx items = jx_get(r.root, "items");

	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	for (size_t i = 0; i < jx_len(items); i++) {
		print_gap(c, jx_at(items, i));
	}
	if (jx_len(items) == 0) {
		screen_say(&c->screen, INK_GREEN, "No holes are known in what was heard.\n");
	}
	return code;
}

/* ---- ledger ---- */

#define MOST_HOLES 20

static void print_holes(struct call *c, struct jx holes)
{
	struct screen *s = &c->screen;
	char from[48], until[48];

	for (size_t i = 0; i < jx_len(holes) && i < MOST_HOLES; i++) {
		struct jx hole = jx_at(holes, i);

		add_when(from, time_of(c, hole, "from"), answer_now());
		add_when(until, time_of(c, hole, "until"), answer_now());
		screen_block(s, INK_YELLOW,
			     text_printf(c->arena, "%.*s from %s to %s: %.*s",
					 TEXT_ARG(jx_str(c, hole, "source")), from, until,
					 TEXT_ARG(jx_str(c, hole, "why"))),
			     4);
	}
	if (jx_len(holes) > MOST_HOLES) {
		screen_say(s, INK_DIM, "    and %zu more: --json shows all\n",
			   jx_len(holes) - MOST_HOLES);
	}
}

/* What part of the time these numbers are about was heard at all. */
static void print_share(struct call *c, struct jx e)
{
	struct screen *s = &c->screen;
	int64_t heard = jx_i64_or(e, "heard_s", 0), span = jx_i64_or(e, "span_s", 0);
	int64_t permille = span > 0 ? heard * 1000 / span : 0;
	bool is_whole = jx_len(jx_get(e, "holes")) == 0 && span > 0;

	screen_cell(s, INK_PLAIN, jx_str(c, e, "account"), s->columns - 30);
	if (span == 0) {
		screen_say(s, INK_YELLOW, " nothing was heard yet\n");
		return;
	}
	screen_say(s, is_whole ? INK_GREEN : INK_YELLOW, " %3lld.%lld %% of it was heard\n",
		   (long long)permille / 10, (long long)permille % 10);
	print_holes(c, jx_get(e, "holes"));
}

enum exit_code run_ledger(struct call *c)
{
	static const char *const names[] = { "received", "answered", "dismissed", "deleted",
					     "spam",     "waiting",  "overheard" };
	static const char *const words[] = { "messages to us",
					     "a person of ours answered",
					     "somebody said that no reply is needed",
					     "their authors took them back",
					     "spam",
					     "nobody has answered yet",
					     "beside that: people talking to each other" };
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;
	struct jx heard;

	strbuf_init(&path, 8192);
	strbuf_add_str(&path, "ledger");
	add_query(&path, "from", call_option(c, "--from"));
	add_query(&path, "to", call_option(c, "--to"));
	add_query(&path, "brand", call_option(c, "--brand"));
	add_query(&path, "account", call_option(c, "--account"));
	code = call_get(c, path.at, &r);
	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		screen_say(&c->screen, i == 0 ? INK_BOLD : INK_PLAIN, "%s%-10s %9lld  %s\n",
			   i == 6 ? "\n" : "", names[i], (long long)jx_i64_or(r.root, names[i], 0),
			   words[i]);
	}
	heard = jx_get(r.root, "heard");
	screen_say(&c->screen, INK_PLAIN, "%s", jx_len(heard) > 0 ? "\n" : "");
	for (size_t i = 0; i < jx_len(heard); i++) {
		print_share(c, jx_at(heard, i));
	}
	return EXIT_DONE;
}
