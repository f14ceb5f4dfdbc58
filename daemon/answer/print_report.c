/* Reports on a terminal: how long people waited for us, and how much of what was promised was kept. */
#include <stdio.h>

#include "daemon/answer/answer.h"

static void add_span(char out[static 24], struct jx object, const char *name)
{
	int64_t s = jx_i64_or(object, name, -1);

	if (s < 0) {
		(void)snprintf(out, 24, "-");
	} else if (s < 120) {
		(void)snprintf(out, 24, "%llds", (long long)s);
	} else {
		add_age(out, DUR_S(s));
	}
}

/* "  first answers   80   12m   1h 05m   3h 10m": by the customer's clock, the office's below it. */
static void print_waits(struct call *c, const char *words, struct jx e)
{
	struct screen *s = &c->screen;
	char half[24], most[24], all[24];

	if (jx_i64_or(e, "count", 0) == 0) {
		return;
	}
	add_span(half, e, "p50_s");
	add_span(most, e, "p90_s");
	add_span(all, e, "p99_s");
	screen_say(s, INK_PLAIN, "  %-18s %9lld %9s %10s %10s %10s\n", words,
		   (long long)jx_i64_or(e, "count", 0), "", half, most, all);
	add_span(half, e, "office_p50_s");
	add_span(most, e, "office_p90_s");
	add_span(all, e, "office_p99_s");
	screen_say(s, INK_DIM, "  %-18s %9s %9s %10s %10s %10s\n", "  in office time", "", "", half,
		   most, all);
}

static void print_row(struct call *c, struct text name, struct jx e)
{
	struct screen *s = &c->screen;
	struct jx within = jx_get(e, "within");
	int64_t kept = jx_i64_or(within, "kept", 0), broken = jx_i64_or(within, "broken", 0);

	screen_cell(s, INK_BOLD, name, 20);
	screen_say(s, INK_BOLD, " %9lld %9lld", (long long)jx_i64_or(e, "count", 0),
		   (long long)jx_i64_or(e, "open", 0));
	if (kept + broken > 0) {
		int64_t percent = kept * 100 / (kept + broken);

		screen_say(s, broken == 0 ? INK_GREEN : INK_YELLOW,
			   "   %lld of %lld in time (%lld %%)", (long long)kept,
			   (long long)kept + broken, (long long)percent);
	}
	screen_say(s, INK_PLAIN, "\n");
	print_waits(c, "first answers", jx_get(e, "first"));
	print_waits(c, "next answers", jx_get(e, "next"));
}

static struct text row_name(struct call *c, struct jx e)
{
	struct text brand = jx_str(c, e, "brand"), key = jx_str(c, e, "key");

	return text_is_empty(brand)
		       ? key
		       : text_printf(c->arena, "%.*s %.*s", TEXT_ARG(brand), TEXT_ARG(key));
}

enum exit_code run_report(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	bool is_csv = call_option(c, "--csv") != NULL;
	enum exit_code code;
	struct jx items;
	char from[48], to[48];

	strbuf_init(&path, 8192);
	strbuf_add_str(&path, "reports/response-times");
	add_query(&path, "from", call_option(c, "--from"));
	add_query(&path, "to", call_option(c, "--to"));
	add_query(&path, "by", call_option(c, "--by"));
	add_query(&path, "brand", call_option(c, "--brand"));
	if (is_csv) {
		add_query(&path, "format", "csv");
		return call_table(c, path.at);
	}
	code = call_get(c, path.at, &r);
	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	add_when(from, time_of(c, r.root, "from"), time_of(c, r.root, "now"));
	add_when(to, time_of(c, r.root, "to"), time_of(c, r.root, "now"));
	screen_say(&c->screen, INK_PLAIN, "Who began to wait from %s to %s\n\n", from, to);
	screen_say(&c->screen, INK_DIM, "%-20s %9s %9s %10s %10s %10s\n", "", "answered", "waiting",
		   "half by", "90 % by", "99 % by");
	print_row(c, TEXT("all"), jx_get(r.root, "total"));
	items = jx_get(r.root, "items");
	for (size_t i = 0; jx_len(items) > 1 && i < jx_len(items); i++) {
		print_row(c, row_name(c, jx_at(items, i)), jx_at(items, i));
	}
	if (jx_len(items) == 1) {
		screen_block(&c->screen, INK_DIM,
			     text_printf(c->arena, "all of it: %.*s",
					 TEXT_ARG(row_name(c, jx_at(items, 0)))),
			     0);
	}
	return EXIT_DONE;
}
