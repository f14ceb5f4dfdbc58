/* Keys that are handed out once: one-time sign-in links, and tokens of the API. The key goes out in this answer and nowhere else; the database
 * has its hash, and so has the answer that is kept for a repeated request: who repeats gets no second key. */
#include "daemon/desk/inside.h"

/* Where staff reach the desk: the page that asks says it, else the first name or address of the configuration. */
static struct text base_of(struct work *w)
{
	const struct conf *c = desk_work_conf(w);
	struct arena *a = httpd_arena(w->r);
	struct text origin = httpd_header(w->r, "Origin");

	if (!text_is_empty(origin) && !httpd_is_local(w->r)) {
		return origin; /* judged: it is this desk's */
	}
	if (c->n_hosts > 0 && !text_eq(c->hosts[0], TEXT("localhost"))) {
		return text_printf(a, "https://%.*s", TEXT_ARG(c->hosts[0]));
	}
	for (size_t i = 0; i < c->n_listen; i++) {
		if (!c->listen[i].is_unix) {
			return text_printf(a, "http://%.*s", TEXT_ARG(c->listen[i].address));
		}
	}
	return TEXT("");
}

/* {"link" : "…", and what the statement says, if what it keeps is this key's hash. */
static void hand_out(struct work *w, struct text json, const char *name, struct text key)
{
	scoped(strbuf_done) struct strbuf out = { 0 };
	char hash[KEY_HASH_BYTES];

	key_hash(w->made, hash);
	if (text_find(json, text_of(hash), 0) == SIZE_MAX) {
		desk_work_refuse(w, 409,
				 TEXT("That was done already, and its key was handed out then. If "
				      "it was lost, make another one with a new "
				      "Idempotency-Key."));
		return;
	}
	strbuf_init(&out, 64u * 1024);
	strbuf_printf(&out, "{\"%s\" : ", name);
	strbuf_add_json(&out, key);
	strbuf_add_str(&out, ", ");
	strbuf_add(&out, text_slice(json, 1, json.len));
	desk_work_answer(w, strbuf_text(&out));
}

static void done_link(const struct db_result *r, void *owner)
{
	struct work *w = owner;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	hand_out(w, db_text(r, 0, 0), "link",
		 text_printf(httpd_arena(w->r), "%.*s/#/link/%.*s", TEXT_ARG(base_of(w)),
			     TEXT_ARG(w->made)));
}

static void done_token(const struct db_result *r, void *owner)
{
	struct work *w = owner;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	hand_out(w, db_text(r, 0, 0), "token", w->made);
}

/* The route's own parameters, then the key's hash. */
static void ask(struct work *w, const char *key, db_done *done)
{
	struct db_params *p = desk_work_params(w);
	char hash[KEY_HASH_BYTES];

	if (p == NULL) {
		return;
	}
	w->made = text_dup(httpd_arena(w->r), text_of(key));
	key_hash(w->made, hash);
	db_add_text(p, text_of(hash));
	desk_work_ask(w, &p, done);
}

void staff_link_serve(struct work *w)
{
	char key[KEY_BYTES];

	key_make(key);
	ask(w, key, done_link);
}

void token_make_serve(struct work *w)
{
	char token[KEY_TOKEN_BYTES];

	key_make_token(token);
	ask(w, token, done_token);
}
