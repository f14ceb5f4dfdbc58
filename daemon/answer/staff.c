/* Who works here, and how they get in. */
#include <stdio.h>
#include <string.h>

#include "daemon/answer/answer.h"

static void print_person(struct call *c, struct jx e)
{
	struct screen *s = &c->screen;
	bool is_gone = !text_is_empty(jx_str(c, e, "disabled_at"));

	screen_cell(s, is_gone ? INK_DIM : INK_BOLD, jx_str(c, e, "login"), 16);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, INK_PLAIN, jx_str(c, e, "name"), 24);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, INK_PLAIN, jx_str(c, e, "role"), 8);
	screen_say(s, INK_PLAIN, " ");
	screen_text(s, INK_DIM, jx_str(c, e, "os_user"), 16);
	screen_say(s, INK_RED, "%s\n", is_gone ? " disabled" : "");
}

/* How they get in: to be handed over by a way that one trusts. */
static void print_link(struct call *c, struct jx e)
{
	struct text link = jx_str(c, e, "link");
	char until[48];

	add_when(until, time_of(c, e, "until"), answer_now());
	screen_say(&c->screen, INK_PLAIN, "\nTo sign in, once, until %s:\n  ", until);
	screen_text(&c->screen, INK_BOLD, link, 0);
	screen_say(&c->screen, INK_PLAIN, "\n");
	if (text_starts(link, TEXT("/"))) {
		screen_say(&c->screen, INK_DIM,
			   "That is where in the page; desk.listen and desk.hosts name no address "
			   "before it.\n");
	}
}

enum exit_code run_staff_list(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_get(c, "staff", &r);

	for (size_t i = 0; code == EXIT_DONE && !c->is_json && i < jx_len(jx_get(r.root, "items"));
	     i++) {
		print_person(c, jx_at(jx_get(r.root, "items"), i));
	}
	return code;
}

enum exit_code run_staff_add(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "login", c->args[0]);
	body_add(&body, "name", call_option(c, "--name"));
	body_add(&body, "role", call_option(c, "--role"));
	body_add(&body, "os_user", call_option(c, "--os-user"));
	if (call_option(c, "--approval") != NULL) {
		body_add(&body, "approval",
			 strcmp(call_option(c, "--approval"), "yes") == 0  ? "true"
			 : strcmp(call_option(c, "--approval"), "no") == 0 ? "false"
									   : "?");
	}
	body_end(&body);
	code = call_post(c, "staff", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		print_person(c, r.root);
		print_link(c, r.root);
	}
	return code;
}

enum exit_code run_staff_link(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "without_totp", call_option(c, "--without-totp") != NULL ? "true" : NULL);
	body_end(&body);
	code = call_act(c, "staff", "link", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		print_link(c, r.root);
	}
	return code;
}

enum exit_code run_staff_role(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "role", c->args[1]);
	body_end(&body);
	code = call_act(c, "staff", "role", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		print_person(c, r.root);
	}
	return code;
}

enum exit_code run_staff_email(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "email", c->args[1]);
	body_end(&body);
	code = call_act(c, "staff", "email", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		print_person(c, r.root);
		screen_say(&c->screen, INK_PLAIN, "Sign-in services: ");
		screen_text(&c->screen, INK_BOLD,
			    text_is_empty(jx_str(c, r.root, "email")) ? TEXT("none")
								      : jx_str(c, r.root, "email"),
			    0);
		screen_say(&c->screen, INK_PLAIN, "\n");
	}
	return code;
}

enum exit_code run_staff_disable(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_act(c, "staff", "disable", NULL, &r);

	if (code == EXIT_DONE && !c->is_json) {
		print_person(c, r.root);
	}
	return code;
}

/* ---- tokens of the API ---- */

static void print_token(struct call *c, struct jx e)
{
	struct screen *s = &c->screen;
	struct wall now = answer_now();
	char until[48], used[48];
	bool is_good = jx_bool_or(e, "is_good", false);

	add_when(until, time_of(c, e, "until"), now);
	screen_cell(s, is_good ? INK_BOLD : INK_DIM, jx_str(c, e, "id"), 6);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, INK_PLAIN, jx_str(c, e, "login"), 12);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, INK_PLAIN, jx_str(c, e, "scope"), 4);
	screen_say(s, INK_PLAIN, " ");
	screen_cell(s, INK_PLAIN, jx_str(c, e, "name"), 24);
	screen_say(s, INK_DIM, " until %s, ", until);
	if (text_is_empty(jx_str(c, e, "used_at"))) {
		screen_say(s, INK_DIM, "never used");
	} else {
		add_ago(used, time_of(c, e, "used_at"), now);
		screen_say(s, INK_DIM, "used %s", used);
	}
	screen_say(s, INK_RED, "%s\n",
		   !text_is_empty(jx_str(c, e, "revoked_at")) ? " revoked"
		   : is_good                                  ? ""
							      : " over");
}

enum exit_code run_token_new(struct call *c)
{
	scoped(strbuf_done) struct strbuf body = { 0 };
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code;

	body_start(&body);
	body_add(&body, "name", call_option(c, "--name"));
	body_add(&body, "scope", call_option(c, "--scope"));
	body_add_number(&body, "days", call_option(c, "--days"));
	body_end(&body);
	code = call_post(c, "tokens", &body, &r);
	if (code == EXIT_DONE && !c->is_json) {
		print_token(c, r.root);
		screen_say(&c->screen, INK_PLAIN,
			   "\nShown this once; keep it where secrets are kept:\n  ");
		screen_text(&c->screen, INK_BOLD, jx_str(c, r.root, "token"), 0);
		screen_say(&c->screen, INK_PLAIN, "\n");
	}
	return code;
}

enum exit_code run_token_list(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code =
		call_get(c, call_option(c, "--all") != NULL ? "tokens?all=1" : "tokens", &r);

	for (size_t i = 0; code == EXIT_DONE && !c->is_json && i < jx_len(jx_get(r.root, "items"));
	     i++) {
		print_token(c, jx_at(jx_get(r.root, "items"), i));
	}
	return code;
}

enum exit_code run_token_revoke(struct call *c)
{
	scoped(reply_done) struct reply r = { 0 };
	enum exit_code code = call_act(c, "tokens", "revoke", NULL, &r);

	if (code == EXIT_DONE && !c->is_json) {
		print_token(c, r.root);
	}
	return code;
}
