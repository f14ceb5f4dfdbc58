/* inside.h: what the files of the desk share; nobody else includes it.
 *
 * Owner:   see each function.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   see each function. */
#ifndef ANSWERD_DESK_INSIDE_H
#define ANSWERD_DESK_INSIDE_H

#include "answerd/json.h"
#include "daemon/base/list.h"
#include "daemon/desk/desk.h"
#include "daemon/desk/keys.h"
#include "daemon/io/db.h"
#include "daemon/io/helper.h"
#include "daemon/io/httpd.h"

#define DESK_PARAMS       12
#define DESK_QUEUED       256          /* statements that wait for one connection; then 503 */
#define DESK_VERIFY_LIMIT 4            /* of them verify or reports */
#define DESK_KEY_BYTES    200          /* an idempotency key */
#define DESK_TEXT_BYTES   (64u * 1024) /* a parameter */

enum desk_role { ROLE_AUDITOR, ROLE_AGENT, ROLE_LEAD, ROLE_ADMIN };

/* Which connection: reads never wait behind reports, acts have the right to write, and the queue's plans are settled. */
enum desk_line { LINE_READ, LINE_QUEUE, LINE_REPORT, LINE_ACT, LINE_COUNT };

enum param_from { FROM_PATH, FROM_QUERY, FROM_BODY, FROM_DESK };
/* PARAM_LIST: of short texts, in a body only; the statement gets them one a line. */
enum param_type { PARAM_TEXT, PARAM_COUNT, PARAM_BOOL, PARAM_TIME, PARAM_LIST };

struct desk_param {
	const char *name;
	enum param_from from;
	enum param_type type;
	bool is_required;
	const char *about; /* one sentence, for the OpenAPI document and for errors */
};

struct work;

/* What a route asks beyond its role. */
enum {
	ROUTE_OPEN = 1,    /* of nobody: it is how one gets in */
	ROUTE_KEYLESS = 2, /* no Idempotency-Key */
	ROUTE_HALFWAY = 4, /* also of a session that must first get a password or a second factor */
	ROUTE_FRESH = 8,   /* a person who has just proved who they are; no token of the API */
	ROUTE_PERSON = 16, /* no token of the API */
	ROUTE_NO_AGENT = 64, /* auditors read what agents do not */
	ROUTE_SESSION = 32,  /* a session of a browser: there is none on the Unix socket */
};

struct desk_route {
	const char *method, *path; /* below /api/v1/, "{name}" is a parameter */
	enum desk_role least;
	enum desk_line line;
	const char *name, *sql; /* NULL, NULL: it has statements of its own */
	struct desk_param params[DESK_PARAMS];
	const char *about;
	unsigned asks;                 /* ROUTE_… */
	void (*serve)(struct work *w); /* NULL: the one statement is all (desk_work_done) */
};

/* routes.c: the routes one after the other, those of one path not always beside each other; NULL behind the last. */
const struct desk_route *desk_route_nth(size_t n);

/* Who calls. */
struct caller {
	int64_t actor;
	enum desk_role role;
	struct text login, auth;   /* auth: os, token, password, link, oidc */
	struct text key;           /* the session's, as the cookie has it; else empty */
	char hash[KEY_HASH_BYTES]; /* of the session's key, or of the token; else empty */
	bool is_fresh, must_set_password, must_set_up_totp, is_reading;
};

/* One request on its way through the database. */
struct work {
	struct list in;
	struct desk *desk;
	struct httpd_request *r;
	const struct desk_route *route;
	enum desk_line line; /* the route's, or that of reports for a very long list */
	int64_t actor;
	struct caller caller;
	struct text made;   /* a key that goes out with the answer, once */
	struct text *codes; /* recovery codes, the same */
	/* share.h: the flight it leads, its place in that of another. */
	struct flight *flight;
	struct list ride;
};

/* desk.c: the ends of a work; it is gone afterwards. */
void desk_work_answer(struct work *w, struct text json);
void desk_work_refuse(struct work *w, int status, struct text detail);
/* The same with the sentence's name, which the page knows in the reader's language (web/lang: problem.CODE). */
void desk_work_refuse_as(struct work *w, int status, const char *code, struct text detail);
void desk_work_fail(struct work *w, const char *name, const struct db_result *r);
struct events *desk_work_events(const struct work *w);
void desk_work_send(struct work *w, const struct httpd_answer *a);
/* It was answered through httpd. */
void desk_work_gone(struct work *w);
const struct conf *desk_work_conf(const struct work *w); /* as it is now */

/* A body that the work reads itself, its texts into the request's arena; then closed, which wipes it. False: it was refused. */
bool desk_work_body_open(struct work *w, struct jx *ret, struct jx_doc **ret_doc);
void desk_work_body_close(struct work *w, struct jx_doc **doc);

/* What a statement of the work begins with: actor, for acts key and request, then the route's parameters. */
struct db_params *desk_work_params(struct work *w); /* NULL: it was refused */
/* For acts on one's own session, of which no answer is kept: an Idempotency-Key is asked for all the same. False: it was refused. */
bool desk_work_has_key(struct work *w);
/* Such an act's statement begins with the actor. */
struct db_params *desk_work_own_params(struct work *w); /* NULL: it was refused */

/* A statement with these parameters (taken), on that line; its owner answers. False: the work was refused. */
bool desk_work_db(struct work *w, enum desk_line line, const char *name, const char *sql,
		  struct db_params **p, db_done *done, void *owner);
/* The route's own, on the work's line; the work is its owner. */
void desk_work_ask(struct work *w, struct db_params **p, db_done *done);
/* The end of most: the statement's JSON; with a second column a table, to be kept as a file of that name. */
void desk_work_done(const struct db_result *r, void *owner);
struct db *desk_work_line(const struct work *w);

/* caller.c: who calls, and may they? Then desk_work_run(); else a problem. */
void caller_find(struct work *w);
/* Does the request say who it is from? Is it from another site's page? */
bool caller_is_claimed(struct httpd_request *r);
bool caller_is_foreign(struct httpd_request *r);
struct text caller_address(const struct work *w); /* for the throttle and the audit log */
const char *caller_role_name(enum desk_role role);
struct text
caller_must_totp(const struct work *w); /* roles that need a second factor, "admin,lead" */
void desk_work_run(struct work *w);
struct helper *desk_work_passwords(const struct work *w);

/* session.c, sign_in.c: what is more than one statement. */
void session_show(struct work *w);
void session_end(struct work *w);
void session_answer(struct work *w, struct text json, const char *new_key);
void sign_in_serve(struct work *w);
void sign_in_link_serve(struct work *w);
void sign_in_again_serve(struct work *w);
void password_set_serve(struct work *w);
/* handed.c: keys that go out once. */
void staff_link_serve(struct work *w);
void token_make_serve(struct work *w);

/* queue.c: who waits. */
void queue_serve(struct work *w);
void share_queue_serve(struct work *w); /* or the answer to another who asks the same */

/* heads.c: the heads of the audit chains, once a day. To be stopped before the line goes. */
struct heads {
	struct loop *loop;
	struct db *line;
	ev_timer due;
};
void heads_start(struct heads *h, struct loop *l, struct db *line);
void heads_stop(struct heads *h);

/* totp.c: a second factor. */
void totp_begin_serve(struct work *w);
void totp_confirm_serve(struct work *w);
void totp_off_serve(struct work *w);
void recovery_serve(struct work *w);

/* reply.c: words are measured before they are queued: two statements. A new reply, and a draft. */
void reply_serve(struct work *w);
void reply_send_serve(struct work *w);

/* box.c: a conversation as its page shows it, with what only the desk knows beside the database: how the platform counts, and who else is
 * there. */
void box_show_serve(struct work *w);
void box_measure_serve(struct work *w);
void box_presence_serve(struct work *w);

/* routes.c: the route of a path below /api/v1/; NULL: none. ret_allow (in the arena) lists the methods when only the method
 * does not fit. */
const struct desk_route *desk_route_find(struct arena *a, struct text method, struct text path,
					 const char **ret_allow);

/* params.c: the route's parameters from path, query and body, appended to `out` in the order of the table; ERR_DATA with a
 * sentence for people. */
struct desk_given {
	struct text path, query, body;
	struct dur lease, undo; /* what FROM_DESK says, by name */
	bool has_staff_reports;
};
bool desk_params_read(struct arena *a, const struct desk_route *r, const struct desk_given *g,
		      struct db_params *out, struct err *err);
/* The object that a body is; released by the caller, by jx_release(). */
bool desk_body_open(struct arena *a, struct text body, struct jx *ret, struct jx_doc **ret_doc,
		    struct err *err);
/* Single parameters of a query, judged by the route's table, for what is more than one statement. Absent: at NULL, false, or
 * `otherwise`. */
struct desk_asked {
	struct arena *arena;
	const struct desk_route *route;
	struct text query;
};
bool desk_query_is_known(const struct desk_asked *q, struct err *err);
bool desk_query_text(const struct desk_asked *q, const char *name, struct text *ret,
		     struct err *err);
bool desk_query_bool(const struct desk_asked *q, const char *name, bool *ret, struct err *err);
bool desk_query_count(const struct desk_asked *q, const char *name, int64_t otherwise, int64_t *ret,
		      struct err *err);
/* Does the query ask for all, or for more than a page? Others must not wait behind it. */
bool desk_is_long(struct text query);
/* One segment or value, percent-decoded and clean, in the arena; false when it is not well-formed. */
bool desk_decode(struct arena *a, struct text in, bool is_query, struct text *ret);

/* openapi.c: the OpenAPI document, made from the table. */
void desk_openapi_print(struct strbuf *out);

/* health.c: /healthz and /metrics. */
void desk_health(struct desk *d, struct httpd_request *r);
void desk_metrics(struct desk *d, struct httpd_request *r);

/* desk.c */
struct presence *desk_presence(struct desk *d);
struct oidc *desk_oidc(struct desk *d);
struct queue *desk_queue(struct desk *d);
struct list *desk_flights(struct desk *d);
struct loop *desk_loop(struct desk *d);
struct db *desk_line(struct desk *d, enum desk_line line);
bool desk_is_open(const struct desk *d);

#endif
