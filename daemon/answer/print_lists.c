/* Quarantine and verify on a terminal. */
#include <stdio.h>

#include "daemon/answer/answer.h"

void add_query(struct strbuf *path, const char *name, const char *value)
{
	if (value != NULL) {
		strbuf_printf(path, "%s%s=",
			      text_find(strbuf_text(path), TEXT("?"), 0) == SIZE_MAX ? "?" : "&",
			      name);
		strbuf_add_url(path, text_of(value));
	}
}

/* ---- quarantine, and what is empty ---- */

enum exit_code run_quarantine(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;
	struct screen *s = &c->screen;
	struct jx items;
	char when[48];

	strbuf_init(&path, 4096);
	strbuf_add_str(&path, "quarantine");
	add_query(&path, "limit", call_option(c, "--limit"));
	add_query(&path, "after", call_option(c, "--after"));
	code = call_get(c, path.at, &r);
	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	items = jx_get(r.root, "items");
	for (size_t i = 0; i < jx_len(items); i++) {
		struct jx e = jx_at(items, i);

		add_when(when, time_of(c, e, "first_seen_at"), answer_now());
		screen_cell(s, INK_BOLD, jx_str(c, e, "id"), 6);
		screen_say(s, INK_DIM, " %s, %lld times, %lld bytes, ", when,
			   (long long)jx_i64_or(e, "times_seen", 0),
			   (long long)jx_i64_or(e, "bytes", 0));
		screen_text(s, INK_DIM,
			    text_printf(c->arena, "%.*s %.*s", TEXT_ARG(jx_str(c, e, "account")),
					TEXT_ARG(jx_str(c, e, "source"))),
			    0);
		screen_say(s, INK_PLAIN, "\n");
		screen_block(s, INK_YELLOW, jx_str(c, e, "reason"), 7);
		screen_block(s, INK_DIM, text_clip(jx_str(c, e, "raw"), 300), 7);
	}
	if (jx_len(items) == 0) {
		screen_say(s, INK_PLAIN,
			   "Nothing is in quarantine: everything that was served could be read.\n");
	} else if (!text_is_empty(jx_str(c, r.root, "next"))) {
		screen_say(s, INK_DIM, "\nThere is more: --limit 0 shows all.\n");
	}
	return EXIT_DONE;
}

enum exit_code run_empty(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_get(c, c->command->name, &r);

	if (code == EXIT_DONE && !c->is_json) {
		screen_say(&c->screen, INK_PLAIN, "No %s: they come with a later version.\n",
			   c->command->name);
	}
	return code;
}

/* ---- verify ---- */

struct findings {
	struct strbuf json;
	int64_t n;
};

static enum exit_code verify_slice(struct call *c, struct text *after, struct findings *f)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;
	struct jx items;

	strbuf_init(&path, 8192);
	strbuf_add_str(&path, "verify");
	add_query(&path, "after", after->at);
	code = call_get(c, path.at, &r);
	if (code != EXIT_DONE) {
		return code;
	}
	items = jx_get(r.root, "findings");
	for (size_t i = 0; i < jx_len(items); i++) {
		struct jx e = jx_at(items, i);

		strbuf_printf(&f->json, "%s{\"check\": ", f->n++ > 0 ? ", " : "");
		strbuf_add_json(&f->json, jx_str(c, e, "check"));
		strbuf_add_str(&f->json, ", \"text\": ");
		strbuf_add_json(&f->json, jx_str(c, e, "text"));
		strbuf_add_byte(&f->json, '}');
		screen_notice(&c->screen, INK_PLAIN, jx_str(c, e, "text"));
	}
	*after = text_dup(c->arena, jx_str(c, r.root, "next"));
	after->at = text_is_empty(*after) ? NULL : after->at;
	return EXIT_DONE;
}

/* The desk works in slices; here they become one answer again. */
enum exit_code run_verify(struct call *c)
{
	scoped(strbuf_done) struct strbuf json = { 0 };
	struct findings f = { 0 };
	struct text after = TEXT_NONE;
	bool is_json = c->is_json;
	enum exit_code code;

	strbuf_init(&json, 16u * 1024 * 1024);
	strbuf_init(&f.json, 16u * 1024 * 1024);
	c->is_json = false;
	do {
		code = verify_slice(c, &after, &f);
	} while (code == EXIT_DONE && after.at != NULL);
	c->is_json = is_json;
	if (code == EXIT_DONE && is_json) {
		strbuf_reset(&c->screen.out);
		strbuf_printf(&c->screen.out, "{\"ok\": %s, \"findings\": [",
			      f.n == 0 ? "true" : "false");
		strbuf_add(&c->screen.out, strbuf_text(&f.json));
		strbuf_add_str(&c->screen.out, "]}\n");
	} else if (code == EXIT_DONE && f.n == 0) {
		screen_say(&c->screen, INK_GREEN,
			   "Everything that is stored follows from what was heard.\n");
	} else if (code == EXIT_DONE) {
		screen_say(&c->screen, INK_RED,
			   "\n%lld finding%s. Please report them: they must not happen.\n",
			   (long long)f.n, f.n == 1 ? "" : "s");
	}
	strbuf_done(&f.json);
	return code == EXIT_DONE && f.n > 0 ? EXIT_FINDING : code;
}
