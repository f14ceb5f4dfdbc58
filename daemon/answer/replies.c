/* Replies: written, followed, decided about; snippets, and the brake. */
#include <stdio.h>
#include <unistd.h>

#include "daemon/answer/answer.h"
#include "daemon/answer/edit.h"

static void body_add_switch(struct strbuf *b, const struct call *c, const char *option,
			    const char *name)
{
	if (call_option(c, option) != NULL) {
		strbuf_printf(b, "%s\"%s\":true", b->len > 1 ? "," : "", name);
	}
}

/* ---- one reply in words ---- */

static enum ink state_ink(struct text state)
{
	if (text_eq(state, TEXT("sent"))) {
		return INK_GREEN;
	}
	if (text_eq(state, TEXT("needs_human")) || text_eq(state, TEXT("failed_visible"))) {
		return INK_RED;
	}
	return text_eq(state, TEXT("draft")) ? INK_CYAN : INK_YELLOW;
}

/* "needs_human" is for programs. */
static const char *state_words(struct call *c, struct jx e)
{
	static const char *const words[][2] = { { "queued", "on its way" },
						{ "posting", "being posted" },
						{ "unknown", "nobody knows yet" },
						{ "reconciling", "being looked for" },
						{ "needs_human", "NEEDS A PERSON" },
						{ "failed_visible", "FAILED" },
						{ "sent", "sent" },
						{ "draft", "draft" } };
	struct text state = jx_str(c, e, "state");

	if (jx_bool_or(e, "waits_for_approval", false)) {
		return "waits for approval";
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_eq(state, text_of(words[i][0]))) {
			return words[i][1];
		}
	}
	return "?";
}

void print_reply(struct call *c, struct jx e, struct wall now, int indent)
{
	struct screen *s = &c->screen;
	struct text reason = jx_str(c, e, "reason"), link = jx_str(c, e, "permalink");
	struct wall at = time_of(c, e, "sent_at");
	char when[48];

	add_when(when, wall_is_set(at) ? at : time_of(c, e, "created_at"), now);
	screen_say(s, INK_PLAIN, "%*s", indent, "");
	screen_text(s, INK_BOLD, text_printf(c->arena, "reply %.*s", TEXT_ARG(jx_str(c, e, "id"))),
		    0);
	screen_say(s, INK_PLAIN, " %s, ", when);
	screen_say(s, state_ink(jx_str(c, e, "state")), "%s", state_words(c, e));
	screen_text(s, INK_DIM,
		    text_printf(c->arena, ", by %.*s to %.*s (conversation %.*s)",
				TEXT_ARG(jx_str(c, e, "author")),
				TEXT_ARG(jx_str(c, e, "customer")),
				TEXT_ARG(jx_str(c, e, "conversation"))),
		    0);
	screen_say(s, INK_PLAIN, "\n");
	screen_block(s, INK_PLAIN, jx_str(c, e, "text"), indent + 4);
	if (!text_is_empty(reason)) {
		screen_block(s, state_ink(jx_str(c, e, "state")), reason, indent + 4);
	}
	if (text_eq(jx_str(c, e, "state"), TEXT("needs_human"))) {
		screen_say(s, INK_RED,
			   "%*sLook on the platform: answer replied %.*s LINK, or answer not-there "
			   "%.*s\n",
			   indent + 4, "", TEXT_ARG(jx_str(c, e, "id")),
			   TEXT_ARG(jx_str(c, e, "id")));
	} else if (!text_is_empty(link)) {
		screen_text(s, INK_DIM,
			    text_printf(c->arena, "%*s%.*s", indent + 4, "", TEXT_ARG(link)), 0);
		screen_say(s, INK_PLAIN, "\n");
	}
}

static void say_reply(struct call *c, struct jx root)
{
	struct screen *s = &c->screen;

	if (c->is_json) {
		return;
	}
	screen_say(s, INK_PLAIN, "Reply ");
	screen_text(s, INK_BOLD, jx_str(c, root, "id"), 0);
	screen_say(s, INK_PLAIN, " is ");
	screen_say(s, state_ink(jx_str(c, root, "state")), "%s", state_words(c, root));
	if (text_eq(jx_str(c, root, "state"), TEXT("queued"))) {
		screen_say(s, INK_PLAIN,
			   "; the customer waits until the platform has confirmed it.");
	}
	screen_say(s, INK_PLAIN, "\n");
	if (!text_is_empty(jx_str(c, root, "price"))) {
		screen_block(s, INK_YELLOW, jx_str(c, root, "price"), 0);
	}
}

/* ---- writing ---- */

/* What the person answers, beside their words; and the filled snippet that they begin with. */
static bool fetch_context(struct call *c, struct strbuf *context, struct text *ret_start,
			  const char **ret_version)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	struct jx thread;

	path_of(&path, "conversations", c->args[0], NULL);
	if (call_get(c, path.at, &r) != EXIT_DONE) {
		return false;
	}
	*ret_version = text_printf(c->arena, "%lld", (long long)jx_i64_or(r.root, "version", 0)).at;
	thread = jx_get(r.root, "thread");
	for (size_t i = 0; i < jx_len(thread); i++) {
		struct jx m = jx_at(thread, i);

		strbuf_printf(context, "%.*s:\n", TEXT_ARG(who(c, jx_get(m, "author"))));
		strbuf_add(context, jx_str(c, m, "text"));
		strbuf_add_str(context, "\n\n");
	}
	*ret_start = TEXT("");
	return true;
}

static bool fetch_snippet(struct call *c, const char *name, struct text *ret)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	struct jx items;

	strbuf_init(&path, 4096);
	strbuf_add_str(&path, "snippets");
	add_query(&path, "conversation", c->args[0]);
	if (call_get(c, path.at, &r) != EXIT_DONE) {
		return false;
	}
	items = jx_get(r.root, "items");
	for (size_t i = 0; i < jx_len(items); i++) {
		if (text_eq(jx_str(c, jx_at(items, i), "name"), text_of(name))) {
			*ret = text_dup(c->arena, jx_str(c, jx_at(items, i), "filled"));
			return true;
		}
	}
	(void)fprintf(stderr, "There is no snippet '%.40s'. answer snippet list names them.\n",
		      name);
	return false;
}

/* From -m, from a pipe, or from the editor; *ret_version is what the person saw. */
static bool get_words(struct call *c, struct text *ret, const char **ret_version)
{
	const char *given = call_option(c, "--message"), *snippet = call_option(c, "--snippet");
	scoped(strbuf_done) struct strbuf context = { 0 };
	struct text start = TEXT("");
	bool is_json = c->is_json, is_ok;

	*ret_version = call_option(c, "--version");
	if (given != NULL && strcmp(given, "-") != 0) {
		*ret = text_of(given);
		return true;
	}
	if (given != NULL || (!isatty(STDIN_FILENO) && snippet == NULL)) {
		return edit_read_input(c->arena, ret);
	}
	strbuf_init(&context, 1024u * 1024);
	c->is_json = false;
	is_ok = fetch_context(c, &context, &start, ret_version) &&
		(snippet == NULL || fetch_snippet(c, snippet, &start));
	c->is_json = is_json;
	return is_ok && edit_words(c->arena, start, strbuf_text(&context), ret);
}

static enum exit_code post_words(struct call *c, const char *path, struct text words,
				 const char *version)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "text", words.at != NULL ? text_cstr(c->arena, words) : NULL);
	body_add_number(&body, "version", version);
	body_add_switch(&body, c, "--also", "also");
	body_add_switch(&body, c, "--parts", "parts");
	body_add_switch(&body, c, "--draft", "draft");
	body_add_switch(&body, c, "--undo", "undo");
	body_end(&body);
	code = call_post(c, path, &body, &r);
	if (code == EXIT_DONE) {
		say_reply(c, r.root);
	}
	return code;
}

enum exit_code run_reply(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	struct text words = TEXT_NONE;
	const char *version = NULL;

	if (!get_words(c, &words, &version)) {
		return EXIT_USAGE;
	}
	if (words.at == NULL) {
		words = TEXT("");
	}
	path_of(&path, "conversations", c->args[0], "replies");
	return post_words(c, path.at, words, version);
}

enum exit_code run_send(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };

	path_of(&path, "replies", c->args[0], "send");
	return post_words(c, path.at, text_of(call_option(c, "--message")), NULL);
}

/* ---- looking ---- */

static enum exit_code show_one(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	struct wall now = answer_now();
	enum exit_code code;
	struct jx history;
	char when[48];

	path_of(&path, "replies", c->args[0], NULL);
	code = call_get(c, path.at, &r);
	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	print_reply(c, r.root, now, 0);
	history = jx_get(r.root, "history");
	for (size_t i = 0; i < jx_len(history); i++) {
		struct jx e = jx_at(history, i);

		add_when(when, time_of(c, e, "at"), now);
		screen_text(&c->screen, INK_DIM,
			    text_printf(c->arena, "  %s %.*s: %.*s %.*s", when,
					TEXT_ARG(jx_str(c, e, "by")),
					TEXT_ARG(jx_str(c, e, "what")),
					TEXT_ARG(jx_str(c, e, "note"))),
			    0);
		screen_say(&c->screen, INK_PLAIN, "\n");
	}
	return EXIT_DONE;
}

enum exit_code run_replies(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;
	struct wall now;
	struct jx items;

	if (c->n_args > 0) {
		return show_one(c);
	}
	strbuf_init(&path, 4096);
	strbuf_add_str(&path, "replies");
	add_query(&path, "open", call_option(c, "--open") != NULL ? "true" : NULL);
	add_query(&path, "conversation", call_option(c, "--conversation"));
	add_query(&path, "limit", call_option(c, "--limit"));
	add_query(&path, "after", call_option(c, "--after"));
	code = call_get(c, path.at, &r);
	if (code != EXIT_DONE || c->is_json) {
		return code;
	}
	now = time_of(c, r.root, "now");
	if (!text_is_empty(jx_str(c, r.root, "attention"))) {
		screen_notice(&c->screen, INK_RED, jx_str(c, r.root, "attention"));
		screen_say(&c->screen, INK_PLAIN, "\n");
	}
	items = jx_get(r.root, "items");
	for (size_t i = 0; i < jx_len(items); i++) {
		print_reply(c, jx_at(items, i), now, 0);
	}
	if (jx_len(items) == 0) {
		screen_say(&c->screen, INK_GREEN, "No replies%s.\n",
			   call_option(c, "--open") != NULL ? " are open" : "");
	}
	return EXIT_DONE;
}

/* ---- deciding ---- */

static enum exit_code act(struct call *c, const char *name, struct strbuf *body)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_act(c, "replies", name, body, &r);

	if (code == EXIT_DONE) {
		say_reply(c, r.root);
	}
	return code;
}

enum exit_code run_retry(struct call *c)
{
	return act(c, "retry", NULL);
}

enum exit_code run_undo(struct call *c)
{
	return act(c, "undo", NULL);
}

enum exit_code run_not_there(struct call *c)
{
	return act(c, "not-there", NULL);
}

enum exit_code run_replied(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };

	body_start(&body);
	body_add(&body, "link", c->args[1]);
	body_end(&body);
	return act(c, "replied", &body);
}

enum exit_code run_approve(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };

	body_start(&body);
	body_add(&body, "note", call_option(c, "--message"));
	body_add_switch(&body, c, "--no", "no");
	body_end(&body);
	return act(c, "approve", &body);
}

enum exit_code run_drop(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_act(c, "replies", "drop", NULL, &r);

	if (code == EXIT_DONE && !c->is_json) {
		screen_say(&c->screen, INK_PLAIN, "Thrown away; it went nowhere.\n");
	}
	return code;
}

enum exit_code run_panic(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	bool is_on = strcmp(c->args[0], "on") == 0;
	enum exit_code code;

	if (!is_on && strcmp(c->args[0], "off") != 0) {
		(void)fprintf(
			stderr,
			"answer panic on stops all posting, answer panic off lets it go on.\n");
		return EXIT_USAGE;
	}
	body_start(&body);
	strbuf_add_str(&body, is_on ? "\"on\":true" : "\"on\":false");
	body_end(&body);
	code = call_post(c, "panic", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		screen_say(&c->screen, is_on ? INK_RED : INK_GREEN,
			   is_on ? "Nothing is posted any more, %lld queued.\n"
				 : "Posting goes on, %lld queued.\n",
			   (long long)jx_i64_or(r.root, "queued", 0));
	}
	return code;
}

/* ---- snippets ---- */

enum exit_code run_snippet_list(struct call *c)
{
	scoped(strbuf_done) struct strbuf path = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;
	struct jx items;

	strbuf_init(&path, 4096);
	strbuf_add_str(&path, "snippets");
	add_query(&path, "brand", call_option(c, "--brand"));
	code = call_get(c, path.at, &r);
	items = jx_get(r.root, "items");
	for (size_t i = 0; code == EXIT_DONE && !c->is_json && i < jx_len(items); i++) {
		screen_text(&c->screen, INK_BOLD, jx_str(c, jx_at(items, i), "name"), 0);
		screen_text(&c->screen, INK_DIM,
			    text_printf(c->arena, "  %.*s",
					TEXT_ARG(jx_str(c, jx_at(items, i), "brand"))),
			    0);
		screen_say(&c->screen, INK_PLAIN, "\n");
		screen_block(&c->screen, INK_PLAIN, jx_str(c, jx_at(items, i), "text"), 4);
	}
	return code;
}

enum exit_code run_snippet_add(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "name", c->args[0]);
	body_add(&body, "text", call_option(c, "--message"));
	body_add(&body, "brand", call_option(c, "--brand"));
	body_end(&body);
	code = call_post(c, "snippets", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		screen_say(&c->screen, INK_PLAIN,
			   "Kept. answer reply C --snippet %.40s begins with it.\n", c->args[0]);
	}
	return code;
}

enum exit_code run_snippet_remove(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "brand", call_option(c, "--brand"));
	body_end(&body);
	code = call_act(c, "snippets", "remove", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		screen_say(&c->screen, INK_PLAIN, "Gone.\n");
	}
	return code;
}
