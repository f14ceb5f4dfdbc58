/* The walk with a person, from the configuration to the end. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answerd/log.h"
#include "answerd/num.h"
#include "daemon/connect/inside.h"
#include "daemon/io/db.h"

#define ARENA_BYTES (64u * 1024 * 1024)
#define EXACT_PORT  8710 /* where a platform wants to know the redirect beforehand */
#define RANDOM      32   /* bytes, 43 characters of base64url */

/* ---- options ---- */

bool connect_take_option(struct connect_options *o, char **argv, int argc, int *i)
{
	const struct {
		const char *name;
		const char **at;
	} values[] = { { "--brand", &o->brand },
		       { "--code", &o->code },
		       { "--credentials", &o->credentials },
		       { "--port", &o->port },
		       { "--redirect", &o->redirect } };
	const struct {
		const char *name;
		bool *at;
	} flags[] = { { "--replace", &o->is_other_user }, { "--write", &o->must_write } };

	for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
		size_t n = strlen(values[k].name);

		if (strcmp(argv[*i], values[k].name) == 0 && *i + 1 < argc) {
			*values[k].at = argv[++*i];
			return true;
		}
		if (strncmp(argv[*i], values[k].name, n) == 0 && argv[*i][n] == '=') {
			*values[k].at = argv[*i] + n + 1;
			return true;
		}
	}
	for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++) {
		if (strcmp(argv[*i], flags[k].name) == 0) {
			*flags[k].at = true;
			return true;
		}
	}
	return false;
}

/* ---- which account ---- */

static int find_account(struct visit *v)
{
	struct text name = text_of(v->o->account);
	int n = 0;

	for (size_t i = 0; i < v->conf->n_brands; i++) {
		const struct conf_brand *b = &v->conf->brands[i];

		if (v->o->brand != NULL && !text_eq(b->name, text_of(v->o->brand))) {
			continue;
		}
		for (size_t k = 0; k < b->n_accounts; k++) {
			if (text_eq(b->accounts[k].name, name)) {
				v->brand = b;
				v->account = &b->accounts[k];
				n++;
			}
		}
	}
	if (n == 1) {
		v->connector = v->account->connector;
		return 0;
	}
	if (n > 1) {
		talk_refuse("%s is an account of several brands: say which with --brand NAME",
			    v->o->account);
	} else {
		talk_refuse(
			"no account is called '%s' in %.*s; answerd check-config --show lists them",
			v->o->account, TEXT_ARG(v->conf->path));
	}
	return EXIT_USAGE;
}

/* ---- what cannot be guessed ---- */

static struct text base64url(struct visit *v, const unsigned char *bytes, size_t n)
{
	size_t room = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *out = arena_alloc(v->arena, room);

	return text_of(
		sodium_bin2base64(out, room, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
}

static void make_granting(struct visit *v)
{
	unsigned char bytes[RANDOM], digest[crypto_hash_sha256_BYTES];

	if (sodium_init() < 0) {
		not_reached("libsodium does not start");
	}
	randombytes_buf(bytes, sizeof(bytes));
	v->granting.state = base64url(v, bytes, sizeof(bytes));
	randombytes_buf(bytes, sizeof(bytes));
	v->granting.verifier = base64url(v, bytes, sizeof(bytes));
	(void)crypto_hash_sha256(digest, (const unsigned char *)v->granting.verifier.at,
				 v->granting.verifier.len); /* it cannot fail */
	v->granting.challenge = base64url(v, digest, sizeof(digest));
	secret_wipe(bytes, sizeof(bytes));
}

static int interrupted(void)
{
	talk("\nNothing was changed.\n");
	return EXIT_INTERRUPTED;
}

/* ---- who signed in ---- */

static const char *name_of(struct visit *v, struct text handle, struct text id)
{
	return talk_safe(v->arena, text_is_empty(handle) ? id : handle);
}

static int check_user(struct visit *v)
{
	struct err err = { 0 };

	if (!visit_ask(v, OP_IDENTIFY, &v->who, &err)) {
		if (talk_is_over()) {
			return EXIT_INTERRUPTED;
		}
		talk_refuse("%s says no when it is asked who we are: %s", v->connector->name,
			    err.text);
		return EXIT_REFUSED;
	}
	if (wall_is_set(v->who.token_until)) {
		v->token_until = v->who.token_until;
	}
	if (text_find(v->missing, v->who.missing, 0) == SIZE_MAX) { /* not said already */
		v->missing = text_is_empty(v->missing)
				     ? v->who.missing
				     : text_printf(v->arena, "%.*s; %.*s", TEXT_ARG(v->missing),
						   TEXT_ARG(v->who.missing));
	}
	if (!text_is_empty(v->own_id) && !text_is_empty(v->who.own_id) &&
	    !text_eq(v->own_id, v->who.own_id) && !v->o->is_other_user) {
		talk_refuse(
			"the user who signed in is %s, but all that %s has heard belongs to %s. "
			"Sign in "
			"as %s (in a private window, perhaps); or give %s an account of its own "
			"name in the configuration; or say --replace if it is right that this "
			"account "
			"changes hands",
			name_of(v, v->who.own_handle, v->who.own_id), v->o->account,
			name_of(v, v->own_handle, v->own_id), name_of(v, v->own_handle, v->own_id),
			name_of(v, v->who.own_handle, v->who.own_id));
		return EXIT_REFUSED;
	}
	return 0;
}

static void tell_end(struct visit *v)
{
	char when[WALL_TEXT_BYTES];

	if (wall_is_set(v->token_until)) {
		talk("It ends on %.*s; you will be told a week before.\n",
		     (int)wall_format(v->token_until, when) > 10 ? 10 : 0, when);
	}
}

/* A refresh token behind the client is older than what we have just got. */
static void tell_which(struct visit *v)
{
	struct text id, secret, rest, refresh;

	if (text_cut(secret_reveal(&v->token), ':', &id, &rest) &&
	    text_cut(rest, ':', &secret, &refresh) && !text_is_empty(refresh)) {
		talk("This session goes before the refresh token that stands in %s. Whoever puts "
		     "another one "
		     "there replaces this session: the newest counts.\n",
		     v->path);
	}
}

static int tell_missing(struct visit *v)
{
	if (text_is_empty(v->missing)) {
		return EXIT_SUCCESS;
	}
	talk("\nSomething is missing: %s.\nWhat needs it will not work. Run this again and allow "
	     "everything.\n",
	     talk_safe(v->arena, v->missing));
	return EXIT_REFUSED;
}

/* ---- with a browser ---- */

static void say_rights(struct visit *v)
{
	const struct connector_right *r = v->connector->rights;

	talk("%s will be asked to let answerd in as %s. What is asked for, and why:\n\n",
	     v->connector->name, v->o->account);
	for (size_t i = 0; r != NULL && r[i].scope != NULL; i++) {
		talk("  %-24s %s\n", r[i].scope, r[i].why);
	}
	talk("\n");
}

static bool choose_redirect(struct visit *v, struct door *d, struct err *err)
{
	int64_t port = v->connector->can.is_redirect_exact ? EXACT_PORT : 0;

	if (v->o->port != NULL && !num_parse_range(text_of(v->o->port), 0, 65535, &port)) {
		return err_set(err, ERR_CONFIG, "--port is a number from 0 to 65535");
	}
	if (v->o->redirect != NULL) { /* a person brings the address back */
		v->granting.redirect = text_of(v->o->redirect);
		return true;
	}
	if (v->o->code != NULL) {
		v->granting.redirect = text_printf(v->arena, "http://127.0.0.1:%d/", (int)port);
		return true;
	}
	if (!door_open(d, (int)port, err)) {
		return err_set(err, ERR_CONFIG,
			       "127.0.0.1:%d is in use: end what listens there, or take another "
			       "port with --port N%s",
			       (int)port,
			       v->connector->can.is_redirect_exact
				       ? " (and register http://127.0.0.1:N/ with the platform)"
				       : "");
	}
	v->granting.redirect = text_of(d->redirect);
	return true;
}

/* The server makes us a client, where there is none yet. */
static bool make_client(struct visit *v, struct err *err)
{
	bool is_client = text_find(secret_reveal(&v->token), TEXT(":"), 0) != SIZE_MAX;
	struct outcome o = { 0 };

	if (!v->connector->can.registers_client || is_client) {
		return true;
	}
	if (!keep_may_write(v)) {
		return err_set(err, ERR_CONFIG,
			       "%.150s must be written, and this user may not: run it as root",
			       v->path);
	}
	if (!visit_ask(v, OP_CONNECT, &o, err)) {
		return false;
	}
	if (text_is_empty(o.client)) {
		return err_set(err, ERR_DATA, "the server registers us without a client");
	}
	secret_set(&v->token, o.client);
	v->is_token_new = true;
	return true;
}

static bool get_code(struct visit *v, struct door *d, struct err *err)
{
	struct connector_ctx ctx = visit_ctx(v);
	struct text address = TEXT_NONE;

	if (v->o->code != NULL) { /* of a walk that was begun elsewhere: no verifier of ours */
		v->granting.verifier = v->granting.challenge = TEXT_NONE;
		v->granting.code = text_of(v->o->code);
		return !text_is_empty(v->granting.code) ||
		       err_set(err, ERR_CONFIG, "--code is empty");
	}
	if (!v->connector->authorize(&ctx, &v->granting, &address, err)) {
		return false;
	}
	talk("Open this address in a browser where the right user is signed in:\n\n%.*s\n\n",
	     TEXT_ARG(address));
	if (d->fd >= 0) {
		talk("Waiting at %s. If the browser runs on another machine, paste the address to "
		     "which it is sent back (it may show an error there), or the code:\n",
		     d->redirect);
	} else {
		talk("Then paste the address to which the browser is sent back (it may show an "
		     "error "
		     "there), or the code:\n");
	}
	v->granting.code = door_wait(d, v, err);
	return err->kind == ERR_NONE && !text_is_empty(v->granting.code);
}

static bool exchange(struct visit *v, struct err *err)
{
	struct outcome o = { 0 };

	v->session = TEXT_NONE;
	if (!visit_ask(v, OP_CONNECT, &o, err)) {
		return false;
	}
	if (text_is_empty(o.session)) {
		return err_set(err, ERR_DATA, "the platform answers without a session");
	}
	v->session = o.session;
	v->session_until = o.session_until;
	v->token_until = o.token_until;
	v->missing = o.missing;
	return true;
}

/* Everything is known: the file first, for the session is sealed with what stands there. */
static int keep(struct visit *v)
{
	struct err err = { 0 };

	if (v->is_token_new && !keep_write_token(v, &err)) {
		talk_refuse("%s. Nothing was changed", err.text);
		return EXIT_REFUSED;
	}
	if (!keep_store(v, &err)) {
		talk_refuse("the session could not be stored: %s. Begin again: answerd connect %s",
			    err.text, v->o->account);
		return EXIT_REFUSED;
	}
	talk("%s is connected as %s%s%s.\n", v->o->account,
	     name_of(v, v->who.own_handle, v->who.own_id),
	     v->is_token_new ? "; its client stands in " : "", v->is_token_new ? v->path : "");
	tell_end(v);
	tell_which(v);
	if (v->is_token_new) {
		talk("Now tell the worker: systemctl %s answerd\n",
		     text_starts(v->account->token_reference, TEXT("file:")) ? "reload"
									     : "restart");
	} else {
		talk("A running worker takes it over within seconds.\n");
	}
	return tell_missing(v);
}

static int with_browser(struct visit *v)
{
	struct door d = { .fd = -1 };
	struct err err = { 0 };
	bool is_good;
	int code;

	if (!secret_is_set(&v->token) && !v->connector->can.registers_client) {
		talk_refuse(
			"%s is not there yet. %s needs: %s. Put it there first, as the only line",
			v->path, v->connector->name, v->connector->needs);
		return EXIT_USAGE;
	}
	make_granting(v);
	say_rights(v);
	is_good = choose_redirect(v, &d, &err) && make_client(v, &err) && get_code(v, &d, &err);
	door_close(&d);
	if (talk_is_over()) {
		return interrupted();
	}
	if (!is_good) {
		talk_refuse("%s. Nothing was changed; begin again: answerd connect %s", err.text,
			    v->o->account);
		return err.kind == ERR_CONFIG ? EXIT_USAGE : EXIT_REFUSED;
	}
	if (!exchange(v, &err) && !talk_is_over()) {
		talk_refuse("%s. Nothing was changed. A code can be used once, and for some "
			    "minutes only: "
			    "begin again: answerd connect %s",
			    err.text, v->o->account);
		return EXIT_REFUSED;
	}
	code = talk_is_over() ? EXIT_INTERRUPTED : check_user(v);
	return talk_is_over() ? interrupted() : code != 0 ? code : keep(v);
}

/* ---- with a token that is pasted ---- */

static bool wants_to_write(struct visit *v)
{
	struct text said;

	if (v->o->must_write) {
		return true;
	}
	said = talk_line(
		v->arena,
		text_cstr(v->arena, text_printf(v->arena, "Write it into %s? [y/N] ", v->path)),
		/* is_secret= */ false);
	return text_eq_nocase(said, TEXT("y")) || text_eq_nocase(said, TEXT("yes"));
}

static int keep_pasted(struct visit *v)
{
	struct err err = { 0 };

	talk("It works: %s is %s.\n", v->o->account, name_of(v, v->who.own_handle, v->who.own_id));
	tell_end(v);
	if (v->is_token_new && (!keep_may_write(v) || !wants_to_write(v))) {
		talk("Put it into %s, as its only line, for the worker to read, and reload "
		     "answerd.\n",
		     v->path);
		return tell_missing(v);
	}
	if ((v->is_token_new && !keep_write_token(v, &err)) ||
	    ((!text_is_empty(v->session) || v->o->is_other_user) && !keep_store(v, &err))) {
		talk_refuse("%s", err.text);
		return EXIT_REFUSED;
	}
	if (v->is_token_new) {
		talk("It stands in %s. Now tell the worker: systemctl %s answerd\n", v->path,
		     text_starts(v->account->token_reference, TEXT("file:")) ? "reload"
									     : "restart");
	}
	return tell_missing(v);
}

static int with_paste(struct visit *v)
{
	struct outcome o = { 0 };
	struct err err = { 0 };
	struct text token;
	int code;

	if (v->o->code != NULL) {
		talk_refuse("a token on the command line can be read by everybody on this machine: "
			    "give "
			    "it on standard input");
		return EXIT_USAGE;
	}
	talk("%s needs: %s.\n", v->connector->name, v->connector->needs);
	token = talk_line(v->arena,
			  "Paste the token (it is not shown; nothing: try the one that is there): ",
			  /* is_secret= */ true);
	if (talk_is_over()) {
		return interrupted();
	}
	if (text_is_empty(token) && !secret_is_set(&v->token)) {
		talk_refuse("no token was given, and there is none in %s", v->path);
		return EXIT_REFUSED;
	}
	if (!text_is_empty(token) && !text_eq(token, secret_reveal(&v->token))) {
		secret_set(&v->token, token);
		v->is_token_new = true;
	}
	if (v->connector->can.needs_session) {
		if (!visit_ask(v, OP_REFRESH, &o, &err) && !talk_is_over()) {
			talk_refuse("%s does not take it: %s. Nothing was changed",
				    v->connector->name, err.text);
			return EXIT_REFUSED;
		}
		v->session = o.session;
		v->session_until = o.session_until;
		v->token_until = o.token_until;
	}
	code = check_user(v);
	return talk_is_over() ? interrupted() : code != 0 ? code : keep_pasted(v);
}

/* ---- from the beginning ---- */

static int visit(struct visit *v)
{
	struct err err = { 0 };
	int code = find_account(v);

	if (code != 0) {
		return code;
	}
	if (text_is_empty(v->account->token_reference)) {
		talk_refuse("%s has no `token` in the configuration: write token = "
			    "\"credential:%s\" (or "
			    "\"file:PATH\") there first. %s needs: %s",
			    v->o->account, v->o->account, v->connector->name, v->connector->needs);
		return EXIT_USAGE;
	}
	if (!keep_find_token(v, &err)) {
		talk_refuse("%s; or run this as root", err.text);
		return EXIT_USAGE;
	}
	if (!keep_open(v, &err)) {
		talk_refuse("%s. The database must be there, and as new as this program: answerd "
			    "migrate",
			    err.text);
		return EXIT_REFUSED;
	}
	return v->connector->authorize != NULL ? with_browser(v) : with_paste(v);
}

int connect_run(const struct conf *c, const struct connect_options *o)
{
	struct visit v = { .conf = c, .o = o, .arena = arena_create(ARENA_BYTES) };
	int code;

	talk_begin();
	v.loop = loop_create();
	v.http = http_create(v.loop);
	code = visit(&v);
	http_destroy(&v.http);
	loop_destroy(&v.loop);
	db_sync_close(&v.db);
	secret_done(&v.token);
	for (size_t i = 0; i < v.n_answers; i++) {
		arena_destroy(&v.answers[i]);
	}
	arena_destroy(&v.arena);
	return code;
}
