/* What staff do with a conversation: each a POST, and one sentence about what is so now. */
#include <stdio.h>

#include "daemon/answer/answer.h"

/* POST conversations/{C}/{act}; then the sentence, unless --json. */
static enum exit_code act(struct call *c, const char *name, struct strbuf *body, struct reply *r)
{
	body_end(body);
	return call_act(c, "conversations", name, body, r);
}

static void say(struct call *c, const struct reply *r, const char *what)
{
	if (!c->is_json) {
		screen_say(&c->screen, INK_PLAIN, "Conversation ");
		screen_text(&c->screen, INK_BOLD, jx_str(c, r->root, "id"), 0);
		screen_say(&c->screen, INK_PLAIN, " %s\n", what);
	}
}

enum exit_code run_take(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add_number(&body, "version", call_option(c, "--version"));
	code = act(c, "claim", &body, &r);
	if (code == EXIT_DONE) {
		say(c, &r, "is in your hands.");
	}
	return code;
}

enum exit_code run_give(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "who", c->args[1]);
	body_add(&body, "reason", call_option(c, "--reason"));
	body_add_number(&body, "version", call_option(c, "--version"));
	code = act(c, "give", &body, &r);
	if (code == EXIT_DONE) {
		say(c, &r, c->args[1] != NULL ? "is in other hands now." : "is back in the queue.");
	}
	return code;
}

enum exit_code run_snooze(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "for", c->args[1]);
	body_add_number(&body, "version", call_option(c, "--version"));
	code = act(c, "snooze", &body, &r);
	if (code == EXIT_DONE) {
		say(c, &r,
		    c->is_json || text_is_empty(jx_str(c, r.root, "snoozed_until"))
			    ? "is awake."
			    : "sleeps; a new message wakes it, and the clock runs on.");
	}
	return code;
}

enum exit_code run_dismiss(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	if (call_option(c, "--reason") == NULL) {
		(void)fprintf(stderr,
			      "Closing without an answer needs a reason: answer dismiss %.40s "
			      "--reason \"…\"\n",
			      c->args[0]);
		return EXIT_USAGE;
	}
	body_start(&body);
	body_add(&body, "reason", call_option(c, "--reason"));
	body_add_number(&body, "version", call_option(c, "--version"));
	code = act(c, "dismiss", &body, &r);
	if (code == EXIT_DONE) {
		say(c, &r, "needs no reply; the ledger counts it as dismissed, not as answered.");
	}
	return code;
}

enum exit_code run_note(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	if (call_option(c, "--message") == NULL) {
		(void)fprintf(stderr, "A note needs words: answer note %.40s -m \"…\"\n",
			      c->args[0]);
		return EXIT_USAGE;
	}
	body_start(&body);
	body_add(&body, "text", call_option(c, "--message"));
	code = act(c, "notes", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		screen_say(&c->screen, INK_PLAIN, "Noted.\n");
	}
	return code;
}

enum exit_code run_tag(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	bool is_remove = c->args[1][0] == '-';
	enum exit_code code;

	body_start(&body);
	body_add(&body, is_remove ? "remove" : "add", c->args[1] + is_remove);
	code = act(c, "tags", &body, &r);
	if (code == EXIT_DONE) {
		say(c, &r, is_remove ? "has the tag no more." : "has the tag.");
	}
	return code;
}

enum exit_code run_nature(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "nature", c->args[1]);
	body_add_number(&body, "version", call_option(c, "--version"));
	code = act(c, "nature", &body, &r);
	if (code == EXIT_DONE) {
		say(c, &r,
		    text_cstr(c->arena,
			      text_printf(c->arena, "is a matter of %.20s now.", c->args[1])));
	}
	return code;
}

enum exit_code run_merge(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "with", c->args[1]);
	body_add_number(&body, "version", call_option(c, "--version"));
	code = act(c, "merge", &body, &r);
	if (code == EXIT_DONE) {
		say(c, &r, "is both of them now; the older start counts.");
	}
	return code;
}
