/* Sessions of browsers: who is calling, signing out, and the answer that hands a new key to the browser. */
#include <stdio.h>

#include "answerd/secret.h"
#include "daemon/desk/inside.h"

#define COOKIE_FLAGS "; Path=/; Secure; HttpOnly; SameSite=Strict"

/* The session as the page sees it: the statement's object, with the token that the page must say. */
static void print_session(struct strbuf *out, struct text json, struct text key)
{
	char csrf[KEY_BYTES];

	strbuf_init(out, 64u * 1024);
	if (text_is_empty(key)) {
		strbuf_add_str(out, "{\"csrf\" : null, ");
	} else {
		key_csrf(key, csrf);
		strbuf_printf(out, "{\"csrf\" : \"%s\", ", csrf);
	}
	strbuf_add(out, text_slice(json, 1, json.len));
}

void session_answer(struct work *w, struct text json, const char *new_key)
{
	scoped(strbuf_done) struct strbuf out = { 0 };
	char cookie[256];

	(void)snprintf(cookie, sizeof(cookie), KEY_COOKIE "=%s" COOKIE_FLAGS, new_key);
	print_session(&out, json, text_of(new_key));
	desk_work_send(w, &(struct httpd_answer){ .status = 200,
						  .content_type = "application/json; charset=utf-8",
						  .body = strbuf_text(&out),
						  .headers = { { "Set-Cookie", cookie } } });
	secret_wipe(cookie, sizeof(cookie));
}

static void done_show(const struct db_result *r, void *owner)
{
	scoped(strbuf_done) struct strbuf out = { 0 };
	struct work *w = owner;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	print_session(&out, db_text(r, 0, 0), w->caller.key);
	desk_work_answer(w, strbuf_text(&out));
}

void session_show(struct work *w)
{
	struct db_params *p = db_params_create();

	db_add_i64(p, w->actor);
	db_add_text_or_null(p, text_is_empty(w->caller.key) ? TEXT_NONE : text_of(w->caller.hash));
	db_add_text(p, w->caller.auth);
	db_add_text(p, caller_must_totp(w));
	desk_work_ask(w, &p, done_show);
}

static void done_end(const struct db_result *r, void *owner)
{
	struct work *w = owner;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	desk_work_send(w,
		       &(struct httpd_answer){ .status = 200,
					       .content_type = "application/json; charset=utf-8",
					       .body = db_text(r, 0, 0),
					       .headers = { { "Set-Cookie", KEY_COOKIE
							      "=" COOKIE_FLAGS "; Max-Age=0" } } });
}

void session_end(struct work *w)
{
	struct db_params *p = desk_work_own_params(w);

	if (p != NULL) {
		db_add_text(p, text_of(w->caller.hash));
		desk_work_ask(w, &p, done_end);
	}
}
