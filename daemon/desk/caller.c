/* Who calls, and may they: the one place where that is judged. The kernel says it on a Unix socket, a session's key in the cookie or a
 * token of the API elsewhere. What the route's row does not allow is refused. */
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "answerd/log.h"
#include "daemon/desk/inside.h"
#include "store_sql.h"

/* Columns of desk_caller.sql. */
enum {
	COL_STAFF,
	COL_ROLE,
	COL_LOGIN,
	COL_IS_DISABLED,
	COL_AUTH,
	COL_IS_FRESH,
	COL_MUST_SET_PASSWORD,
	COL_MUST_SET_UP_TOTP,
	COL_SCOPE,
	COL_IS_STALE
};

static bool is_get(struct httpd_request *r)
{
	return text_eq(httpd_method(r), TEXT("GET"));
}

/* ---- what the request says of itself ---- */

static struct text bearer_of(struct httpd_request *r)
{
	struct text header = httpd_header(r, "Authorization");

	return text_starts_nocase(header, TEXT("Bearer "))
		       ? text_trim(text_slice(header, 7, header.len))
		       : TEXT_NONE;
}

bool caller_is_claimed(struct httpd_request *r)
{
	struct text unused;

	return httpd_is_local(r) || !text_is_empty(bearer_of(r)) ||
	       key_of_cookie(httpd_header(r, "Cookie"), &unused);
}

/* A browser says which page asks. Whoever says nothing is none, and needs the page's token anyway. */
bool caller_is_foreign(struct httpd_request *r)
{
	struct text site = httpd_header(r, "Sec-Fetch-Site"), origin = httpd_header(r, "Origin"),
		    host;
	size_t at = text_find(origin, TEXT("://"), 0);

	if (is_get(r)) {
		return false;
	}
	if (!text_is_empty(site) && !text_eq(site, TEXT("same-origin")) &&
	    !text_eq(site, TEXT("none"))) {
		return true;
	}
	host = at == SIZE_MAX ? TEXT_NONE : text_slice(origin, at + 3, origin.len);
	return !text_is_empty(origin) && !httpd_is_local(r) &&
	       !text_eq_nocase(host, httpd_header(r, "Host"));
}

struct text caller_address(const struct work *w)
{
	struct text address = httpd_client(w->r);

	return text_is_empty(address) ? TEXT("local") : address;
}

struct text caller_must_totp(const struct work *w)
{
	const struct conf *c = desk_work_conf(w);
	struct text roles = TEXT("");

	for (size_t i = 0; i < c->n_require_totp; i++) {
		roles = text_printf(httpd_arena(w->r), "%.*s%s%.*s", TEXT_ARG(roles),
				    i > 0 ? "," : "", TEXT_ARG(c->require_totp[i]));
	}
	return roles;
}

/* ---- may they ---- */

static void refuse_as(struct work *w, const char *code, struct text why)
{
	uid_t uid = 0;

	if (httpd_peer(w->r, &uid)) {
		log_warn("access_refused", "uid", log_num(uid), "asked", w->route->path, NULL);
	} else {
		log_warn("access_refused", "staff", log_num(w->caller.actor), "asked",
			 w->route->path, NULL);
	}
	desk_work_refuse_as(w, 403, code, why);
}

static void refuse(struct work *w, struct text why)
{
	refuse_as(w, "", why);
}

static void refuse_until(struct work *w, const char *detail, const char *needs)
{
	httpd_problem_needs(w->r, 403, text_of(detail), needs);
	desk_work_gone(w);
}

/* A page of a browser proves with each change that it read what we said to it. */
static bool is_forged(const struct work *w)
{
	char csrf[KEY_BYTES];

	if (text_is_empty(w->caller.key) || is_get(w->r)) {
		return false;
	}
	key_csrf(w->caller.key, csrf);
	return !key_is_same(httpd_header(w->r, "X-CSRF-Token"), text_of(csrf));
}

static void judge(struct work *w)
{
	const struct caller *c = &w->caller;
	const struct desk_route *r = w->route;
	bool is_token = text_eq(c->auth, TEXT("token"));
	bool is_local = httpd_is_local(w->r);

	if (is_forged(w)) {
		refuse_until(w,
			     "The page's token is missing or old. Ask who you are again: GET "
			     "session.",
			     "csrf");
	} else if (c->role < r->least ||
		   (c->role == ROLE_AGENT && (r->asks & ROUTE_NO_AGENT) != 0)) {
		refuse_as(w, "role",
			  text_printf(httpd_arena(w->r), "The role of %.*s does not allow that.",
				      TEXT_ARG(c->login)));
	} else if (is_token && c->is_reading && !is_get(w->r)) {
		refuse(w, TEXT("This token only reads."));
	} else if (is_token && (r->asks & (ROUTE_FRESH | ROUTE_PERSON | ROUTE_SESSION)) != 0) {
		refuse(w, TEXT("A token cannot do that; a person who signs in can."));
	} else if (is_local && (r->asks & ROUTE_SESSION) != 0) {
		desk_work_refuse(w, 400,
				 TEXT("On the Unix socket the kernel says who you are: there is no "
				      "session."));
	} else if (c->must_set_password && (r->asks & ROUTE_HALFWAY) == 0) {
		refuse_until(w, "Set a password first.", "password");
	} else if (c->must_set_up_totp && (r->asks & ROUTE_HALFWAY) == 0) {
		refuse_until(w, "Set up the second factor first; your role needs one.",
			     "totp_setup");
	} else if (!c->is_fresh && (r->asks & ROUTE_FRESH) != 0) {
		refuse_until(w, "Prove once more who you are.", "again");
	} else {
		desk_work_run(w);
	}
}

const char *caller_role_name(enum desk_role role)
{
	switch (role) {
	case ROLE_AUDITOR: return "auditor";
	case ROLE_AGENT: return "agent";
	case ROLE_LEAD: return "lead";
	case ROLE_ADMIN: return "admin";
	}
	return "none";
}

static bool role_parse(struct text name, enum desk_role *ret)
{
	for (int role = ROLE_AUDITOR; role <= ROLE_ADMIN; role++) {
		if (text_eq(name, text_of(caller_role_name((enum desk_role)role)))) {
			*ret = (enum desk_role)role;
			return true;
		}
	}
	return false;
}

static void note_seen(struct work *w)
{
	struct db_params *p = db_params_create();

	db_add_text(p, text_of(w->caller.hash));
	if (!db_send(desk_line(w->desk, LINE_ACT), "desk_seen", SQL_DESK_SEEN, &p, NULL, NULL)) {
		db_params_destroy(&p); /* the next request notes it */
	}
}

static void refuse_nobody(struct work *w)
{
	if (httpd_is_local(w->r)) {
		refuse(w, TEXT("Nobody of the staff is this user of the machine. An admin can "
			       "change that: "
			       "answer staff add LOGIN --os-user USER."));
	} else if (text_is_empty(w->caller.key)) {
		desk_work_refuse(w, 401, TEXT("That token is none, is over, or was revoked."));
	} else {
		desk_work_refuse(w, 401, TEXT("Your session is over. Sign in again."));
	}
}

static void done_caller(const struct db_result *r, void *owner)
{
	struct work *w = owner;
	struct caller *c = &w->caller;
	struct arena *a = httpd_arena(w->r);

	if (!r->is_ok) {
		desk_work_fail(w, "desk_caller", r);
		return;
	}
	if (r->n_rows == 0) {
		refuse_nobody(w);
		return;
	}
	w->actor = c->actor = db_i64(r, 0, COL_STAFF);
	c->login = text_dup(a, db_text(r, 0, COL_LOGIN));
	c->auth = text_dup(a, db_text(r, 0, COL_AUTH));
	c->is_fresh = db_bool(r, 0, COL_IS_FRESH);
	c->must_set_password = db_bool(r, 0, COL_MUST_SET_PASSWORD);
	c->must_set_up_totp = db_bool(r, 0, COL_MUST_SET_UP_TOTP);
	c->is_reading = !text_eq(db_text(r, 0, COL_SCOPE), TEXT("act"));
	if (db_bool(r, 0, COL_IS_DISABLED)) {
		refuse(w, text_printf(a,
				      "Staff member %.*s is disabled. An admin can change that: "
				      "answer staff "
				      "add %.*s.",
				      TEXT_ARG(c->login), TEXT_ARG(c->login)));
		return;
	}
	if (!role_parse(db_text(r, 0, COL_ROLE), &c->role)) {
		refuse(w, TEXT("Your role is none that this version knows."));
		return;
	}
	if (db_bool(r, 0, COL_IS_STALE)) {
		note_seen(w);
	}
	judge(w);
}

/* ---- who calls ---- */

/* What the kernel says: the built-in admin, or the name of a user of this machine (empty: the machine knows none). */
static void add_peer(struct work *w, struct db_params *p)
{
	struct passwd entry, *found = NULL;
	char room[4096];
	uid_t uid = 0;
	bool is_known = httpd_peer(w->r, &uid),
	     is_builtin = is_known && (uid == 0 || uid == geteuid());

	db_add_bool(p, is_builtin);
	db_add_text(p, is_known && !is_builtin &&
				       getpwuid_r(uid, &entry, room, sizeof(room), &found) == 0 &&
				       found != NULL
			       ? text_of(entry.pw_name)
			       : TEXT(""));
	db_add_null(p);
	db_add_null(p);
}

static void add_session(struct work *w, struct db_params *p)
{
	struct text key = TEXT_NONE;

	(void)key_of_cookie(httpd_header(w->r, "Cookie"), &key);
	w->caller.key = text_dup(httpd_arena(w->r), key);
	key_hash(key, w->caller.hash);
	db_add_null(p);
	db_add_null(p);
	db_add_text(p, text_of(w->caller.hash));
	db_add_null(p);
}

static void add_token(struct work *w, struct text token, struct db_params *p)
{
	key_hash(token, w->caller.hash);
	db_add_null(p);
	db_add_null(p);
	db_add_null(p);
	db_add_text(p, text_of(w->caller.hash));
}

void caller_find(struct work *w)
{
	struct text token = bearer_of(w->r);
	struct db_params *p;

	if ((w->route->asks & ROUTE_OPEN) != 0) {
		desk_work_run(w);
		return;
	}
	if (!httpd_is_local(w->r) && !text_is_empty(token) && !key_is_token(token)) {
		desk_work_refuse(w, 401,
				 TEXT("That is no token of answerd; a part of it may be missing."));
		return;
	}
	p = db_params_create();
	if (httpd_is_local(w->r)) {
		add_peer(w, p);
	} else if (!text_is_empty(token)) {
		add_token(w, token, p);
	} else {
		add_session(w, p);
	}
	db_add_text(p, caller_must_totp(w));
	(void)desk_work_db(w, LINE_READ, "desk_caller", SQL_DESK_CALLER, &p, done_caller, w);
}
