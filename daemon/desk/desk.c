/* The staff side: see desk.h. A request's way: who calls → may they → parameters → one statement → its JSON, or a problem. */
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/desk/events.h"
#include "daemon/desk/oidc.h"
#include "daemon/desk/password.h"
#include "daemon/desk/presence.h"
#include "daemon/desk/queue.h"
#include "daemon/desk/search.h"
#include "daemon/desk/static.h"
#include "store_sql.h"

#define API "/api/v1/"

enum desk_state { DESK_WAITING_FOR_DATABASE, DESK_OPEN, DESK_REFUSED };

struct desk {
	struct desk_options options;
	enum desk_state state;
	struct httpd *httpd;
	struct db *lines[LINE_COUNT];
	struct queue *queue;
	struct events *events;
	struct search *search;
	struct helper *passwords;
	struct heads heads;
	struct presence *presence;
	struct oidc *oidc;
	struct list works;
	int n_reports;
};

struct db *desk_line(struct desk *d, enum desk_line line)
{
	return d->lines[line];
}

struct presence *desk_presence(struct desk *d)
{
	return d->presence;
}

struct oidc *desk_oidc(struct desk *d)
{
	return d->oidc;
}

struct queue *desk_queue(struct desk *d)
{
	return d->queue;
}

struct loop *desk_loop(struct desk *d)
{
	return d->options.loop;
}

bool desk_is_open(const struct desk *d)
{
	return d->state == DESK_OPEN;
}

/* ---- the answer ---- */

void desk_work_gone(struct work *w)
{
	w->desk->n_reports -= w->line == LINE_REPORT;
	list_remove(&w->in);
	free(w);
}

const struct conf *desk_work_conf(const struct work *w)
{
	return w->desk->options.conf;
}

struct db *desk_work_line(const struct work *w)
{
	return w->desk->lines[w->line];
}

struct events *desk_work_events(const struct work *w)
{
	return w->desk->events;
}

struct helper *desk_work_passwords(const struct work *w)
{
	return w->desk->passwords;
}

void desk_work_send(struct work *w, const struct httpd_answer *a)
{
	httpd_answer(w->r, a);
	desk_work_gone(w);
}

void desk_work_answer(struct work *w, struct text json)
{
	desk_work_send(w, &(struct httpd_answer){ .status = 200,
						  .content_type = "application/json; charset=utf-8",
						  .body = json });
}

void desk_work_refuse(struct work *w, int status, struct text detail)
{
	httpd_problem_text(w->r, status, detail, status == 503 ? 2 : 0, NULL);
	desk_work_gone(w);
}

void desk_work_refuse_as(struct work *w, int status, const char *code, struct text detail)
{
	httpd_problem_coded(w->r, status, detail, text_of(code), TEXT_NONE);
	desk_work_gone(w);
}

void desk_work_fail(struct work *w, const char *name, const struct db_result *r)
{
	int status = 500;
	struct text detail = TEXT("The desk could not do that; its log says why.");

	if (strncmp(r->sqlstate, "AN4", 3) == 0) {
		status = 400 + (r->sqlstate[3] - '0') * 10 + (r->sqlstate[4] - '0');
		httpd_problem_coded(w->r, status, r->said, r->code, r->with);
		desk_work_gone(w);
		return;
	}
	if (r->err.kind == ERR_RETRY || r->err.kind == ERR_UNSURE) {
		status = 503;
		detail = r->err.kind == ERR_RETRY
				 ? TEXT("The database is away or too busy. Nothing was done; try "
					"it again.")
				 : TEXT("The database went away before it said whether it was "
					"done. Try it again with the same "
					"Idempotency-Key: then it is done once.");
	} else if (strncmp(r->sqlstate, "22", 2) == 0) {
		status = 400;
		detail = TEXT("A value of the request does not fit.");
	}
	if (status == 500) {
		log_err("statement_failed", "name", name, "sqlstate", r->sqlstate, "why",
			r->err.text, NULL);
	}
	desk_work_refuse(w, status, detail);
}

/* A table to be kept as a file. */
static void work_attach(struct work *w, struct text csv, struct text name)
{
	struct text how =
		text_printf(httpd_arena(w->r), "attachment; filename=\"%.*s\"", TEXT_ARG(name));

	desk_work_send(w, &(struct httpd_answer){
				  .status = 200,
				  .content_type = "text/csv; charset=utf-8; header=present",
				  .body = csv,
				  .headers = { { "Content-Disposition",
						 text_cstr(httpd_arena(w->r), how) } } });
}

void desk_work_done(const struct db_result *r, void *owner)
{
	struct work *w = owner;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	if (r->n_rows != 1 || db_is_null(r, 0, 0)) {
		log_err("statement_failed", "name", w->route->name, "sqlstate", "", "why",
			"it returned no answer", NULL);
		desk_work_refuse(w, 500, TEXT("The desk could not do that; its log says why."));
		return;
	}
	if (db_columns(r) > 1 && !db_is_null(r, 0, 1)) {
		work_attach(w, db_text(r, 0, 0), db_text(r, 0, 1));
	} else {
		desk_work_answer(w, db_text(r, 0, 0));
	}
}

/* ---- the statement ---- */

/* A POST has an Idempotency-Key, but at the Unix socket; ret is empty where there is none. */
static bool key_judge(const struct work *w, struct text *ret, struct err *err)
{
	struct text key = httpd_header(w->r, "Idempotency-Key");

	for (size_t i = 0; i < key.len; i++) {
		if (key.at[i] <= 0x20 || key.at[i] >= 0x7f) {
			return err_set(err, ERR_DATA,
				       "An Idempotency-Key has visible ASCII characters only.");
		}
	}
	if (key.len > DESK_KEY_BYTES) {
		return err_set(err, ERR_DATA, "An Idempotency-Key has at most %d characters.",
			       DESK_KEY_BYTES);
	}
	if (text_is_empty(key) && !httpd_is_local(w->r) && (w->route->asks & ROUTE_KEYLESS) == 0) {
		return err_set(err, ERR_DATA,
			       "A POST needs an Idempotency-Key, so that a repeated one is "
			       "done once.");
	}
	*ret = key;
	return true;
}

/* Key and request of an act: one key is one request, done once. */
static bool add_key(struct work *w, struct db_params *p, struct err *err)
{
	struct text key = TEXT_NONE, body = httpd_body(w->r);

	if (!key_judge(w, &key, err)) {
		return false;
	}
	db_add_text_or_null(p, key);
	db_add_text(p, text_printf(httpd_arena(w->r), "POST %.*s %zu %016llx",
				   TEXT_ARG(httpd_path(w->r)), body.len,
				   (unsigned long long)text_hash(TEXT_HASH_SEED, body)));
	return true;
}

struct db_params *desk_work_params(struct work *w)
{
	struct db_params *p = db_params_create();
	struct desk_given given = { .path = text_slice(httpd_path(w->r), sizeof(API) - 1,
						       SIZE_MAX / 2),
				    .query = httpd_query(w->r),
				    .body = httpd_body(w->r),
				    .lease = w->desk->options.conf->lease,
				    .undo = w->desk->options.conf->undo,
				    .has_staff_reports = w->desk->options.conf->has_staff_reports };
	struct err err = { 0 };

	db_add_i64(p, w->actor);
	if ((w->route->line == LINE_ACT && !add_key(w, p, &err)) ||
	    !desk_params_read(httpd_arena(w->r), w->route, &given, p, &err)) {
		desk_work_refuse(w, 400, text_of(err.text));
		db_params_destroy(&p);
		return NULL;
	}
	return p;
}

bool desk_work_has_key(struct work *w)
{
	struct err err = { 0 };
	struct text key;

	if (!key_judge(w, &key, &err)) {
		desk_work_refuse(w, 400, text_of(err.text));
		return false;
	}
	return true;
}

struct db_params *desk_work_own_params(struct work *w)
{
	struct db_params *p;

	if (!desk_work_has_key(w)) {
		return NULL;
	}
	p = db_params_create();
	db_add_i64(p, w->actor);
	return p;
}

bool desk_work_db(struct work *w, enum desk_line line, const char *name, const char *sql,
		  struct db_params **p, db_done *done, void *owner)
{
	if (!db_send(w->desk->lines[line], name, sql, p, done, owner)) {
		db_params_destroy(p);
		desk_work_refuse_as(w, 503, "busy",
				    TEXT("Too many requests at once. Try it again."));
		return false;
	}
	return true;
}

void desk_work_ask(struct work *w, struct db_params **p, db_done *done)
{
	(void)desk_work_db(w, w->line, w->route->name, w->route->sql, p, done, w);
}

/* ---- the request ---- */

void desk_work_run(struct work *w)
{
	struct db_params *p;

	if (w->route->serve != NULL) {
		w->route->serve(w);
	} else if ((p = desk_work_params(w)) != NULL) {
		desk_work_ask(w, &p, desk_work_done);
	}
}

static void serve_route(struct desk *d, struct httpd_request *r, const struct desk_route *route)
{
	bool is_list = route->line == LINE_READ || route->line == LINE_QUEUE;
	enum desk_line line = desk_is_long(httpd_query(r)) && is_list ? LINE_REPORT : route->line;
	struct work *w;

	if (line == LINE_REPORT && d->n_reports >= DESK_VERIFY_LIMIT) {
		httpd_problem(r, 503, "Enough reports are being made at the moment. Try it again.");
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->desk = d;
	w->r = r;
	w->route = route;
	w->line = line;
	d->n_reports += line == LINE_REPORT;
	list_init(&w->in);
	list_add_last(&d->works, &w->in);
	caller_find(w);
}

static void openapi_serve(struct work *w)
{
	scoped(strbuf_done) struct strbuf out = { 0 };

	strbuf_init(&out, 256u * 1024);
	desk_openapi_print(&out);
	desk_work_answer(w, strbuf_text(&out));
}

/* What the table does not have is not there: said to those who may know. */
static void nowhere_serve(struct work *w)
{
	const char *allow = NULL;

	(void)desk_route_find(httpd_arena(w->r), httpd_method(w->r),
			      text_slice(httpd_path(w->r), sizeof(API) - 1, SIZE_MAX / 2), &allow);
	if (allow != NULL) {
		httpd_problem_text(w->r, 405, TEXT("That can be asked in another way only."), 0,
				   allow);
		desk_work_gone(w);
	} else {
		desk_work_refuse(w, 404,
				 TEXT("There is nothing at that address. " API
				      "openapi.json says what there is."));
	}
}

static const struct desk_route openapi = { .path = "openapi.json", .serve = openapi_serve };
static const struct desk_route nowhere = { .path = "nothing", .serve = nowhere_serve };

/* The route table's row, or one of two that are not in it. */
static const struct desk_route *route_of(struct httpd_request *r, struct text path)
{
	const char *allow = NULL;
	const struct desk_route *route =
		desk_route_find(httpd_arena(r), httpd_method(r), path, &allow);

	if (route != NULL) {
		return route;
	}
	return text_eq(httpd_method(r), TEXT("GET")) && text_eq(path, TEXT("openapi.json"))
		       ? &openapi
		       : &nowhere;
}

static void serve_api(struct desk *d, struct httpd_request *r, struct text path)
{
	const struct desk_route *route = route_of(r, path);

	if ((route->asks & ROUTE_OPEN) == 0 && !caller_is_claimed(r)) {
		httpd_problem(r, 401, "Sign in first.");
	} else if (caller_is_foreign(r)) {
		httpd_problem(r, 403, "The request comes from another site's page.");
	} else if (d->state != DESK_OPEN || !db_is_up(d->lines[route->line]) ||
		   !db_is_up(d->lines[LINE_READ])) {
		httpd_problem(r, 503,
			      "The database is away. Nothing was done; the desk connects again by "
			      "itself.");
	} else {
		serve_route(d, r, route);
	}
}

static void on_request(struct httpd_request *r, void *owner)
{
	struct desk *d = owner;
	struct text path = httpd_path(r);

	if (text_starts(path, TEXT(API))) {
		serve_api(d, r, text_slice(path, sizeof(API) - 1, path.len));
	} else if (static_serve(r)) {
		return;
	} else if (!text_eq(httpd_method(r), TEXT("GET"))) {
		httpd_problem_text(r, 405, TEXT("That can be read only."), 0, "GET");
	} else if (text_eq(path, TEXT("/healthz"))) {
		desk_health(d, r);
	} else if (text_eq(path, TEXT("/metrics"))) {
		desk_metrics(d, r);
	} else if (!static_serve_nothing(r)) {
		httpd_problem(r, 404, "There is nothing at that address.");
	}
}

/* ---- the database ---- */

static void done_start(const struct db_result *r, void *owner)
{
	struct desk *d = owner;
	char why[256];

	if (!r->is_ok) {
		if (r->err.kind == ERR_RETRY || r->err.kind == ERR_UNSURE) {
			return; /* asked again when the connection is back */
		}
		(void)snprintf(
			why, sizeof(why),
			"the database is not ready for answerd (%.120s); run answerd migrate",
			r->err.text);
	} else if (r->n_rows != 1 || db_i64(r, 0, 0) != SQL_VERSION) {
		(void)snprintf(why, sizeof(why),
			       "the schema has version %lld and this program needs %d; run answerd "
			       "migrate",
			       r->n_rows == 1 ? (long long)db_i64(r, 0, 0) : 0, SQL_VERSION);
	} else if (!text_eq(db_text(r, 0, 1), TEXT(SQL_RULES_DIGEST))) {
		(void)snprintf(why, sizeof(why),
			       "the rules in the database are of another version of answerd; run "
			       "answerd migrate");
	} else {
		bool is_first = d->state == DESK_WAITING_FOR_DATABASE;

		d->state = DESK_OPEN;
		if (is_first) {
			heads_start(&d->heads, d->options.loop, d->lines[LINE_READ]);
			d->options.on_ready(d->options.owner);
		}
		return;
	}
	if (d->state != DESK_REFUSED) {
		d->state = DESK_REFUSED;
		d->options.on_refused(why, d->options.owner);
	}
}

static void on_up(struct db *db, void *owner)
{
	struct desk *d = owner;

	if (db == d->lines[LINE_ACT]) {
		struct db_params *p = db_params_create();

		if (!db_send(db, "desk_start", SQL_DESK_START, &p, done_start, d)) {
			db_params_destroy(&p);
		}
	}
}

static void on_down(struct db *db, const struct err *why, void *owner)
{
	struct desk *d = owner;

	if (db == d->lines[LINE_ACT]) {
		log_warn("database_down", "why", why->text, NULL);
	}
}

/* ---- life ---- */

static struct db *line_create(struct desk *d, const char *purpose, const char *settings)
{
	static const struct db_events events = { .on_up = on_up, .on_down = on_down };
	const char *conninfo = d->options.conf->database.at;

	return db_create(
		d->options.loop,
		&(struct db_options){ .conninfo = conninfo,
				      .role = db_names_user(conninfo) ? "answerd_desk" : NULL,
				      .purpose = purpose,
				      .settings = settings,
				      .max_queued = DESK_QUEUED },
		&events, d);
}

static struct httpd *desk_listen(struct desk *d, struct err *err)
{
	const struct conf *c = d->options.conf;
	struct httpd_address *at = xcalloc(c->n_listen + 1, sizeof(*at));
	struct httpd *h;

	for (size_t i = 0; i < c->n_listen; i++) {
		at[i] = (struct httpd_address){ .is_unix = c->listen[i].is_unix,
						.path = c->listen[i].address,
						.host = c->listen[i].host,
						.port = c->listen[i].port };
	}
	h = httpd_create(&(struct httpd_options){ .loop = d->options.loop,
						  .listen = at,
						  .n_listen = c->n_listen,
						  .hosts = c->hosts,
						  .n_hosts = c->n_hosts,
						  .trusted_proxies = c->trusted_proxies,
						  .n_trusted_proxies = c->n_trusted_proxies },
			 on_request, d, err);
	free(at);
	return h;
}

struct desk *desk_create(const struct desk_options *o, struct err *err)
{
	struct desk *d = xcalloc(1, sizeof(*d));

	d->options = *o;
	list_init(&d->works);
	d->passwords = password_helper_create(o->loop); /* before anything is opened */
	/* GET changes nothing: its functions are STABLE, which cannot write. (A read-only session would look like a standby to
	 * libpq.) */
	d->lines[LINE_READ] = line_create(d, "answerd desk", "-c statement_timeout=10000");
	/* The queue's order comes from an index, and one plan is right for ever: with or without statistics no sort, no bitmap
	 * and no other plan for a rare brand. */
	d->lines[LINE_QUEUE] =
		line_create(d, "answerd desk queue",
			    "-c statement_timeout=10000 -c plan_cache_mode=force_generic_plan "
			    "-c enable_sort=off -c enable_bitmapscan=off -c enable_seqscan=off");
	d->lines[LINE_REPORT] = line_create(d, "answerd desk reports",
					    "-c statement_timeout=50000 -c work_mem=64MB");
	d->lines[LINE_ACT] = line_create(d, "answerd desk acts",
					 "-c statement_timeout=10000 -c lock_timeout=5000");
	d->queue = queue_create(o->loop);
	d->search = search_create(o->loop, d->lines[LINE_REPORT]);
	d->oidc = oidc_create(d);
	d->events = events_create(&(struct events_options){
		.loop = o->loop,
		.conninfo = o->conf->database.at,
		.role = db_names_user(o->conf->database.at) ? "answerd_desk" : NULL,
		.reader = d->lines[LINE_READ],
		.on_oidc = oidc_hear,
		.oidc_owner = d->oidc });
	d->presence = presence_create();
	d->httpd = desk_listen(d, err);
	if (d->httpd == NULL) {
		desk_destroy(&d);
	}
	return d;
}

void desk_start(struct desk *d)
{
	for (int i = 0; i < LINE_COUNT; i++) {
		db_start(d->lines[i]);
	}
	events_start(d->events);
	search_start(d->search);
}

void desk_reload(struct desk *d, const struct conf *conf)
{
	d->options.conf = conf;
	httpd_rename(d->httpd, conf->hosts, conf->n_hosts, conf->trusted_proxies,
		     conf->n_trusted_proxies);
}

void desk_stop(struct desk *d, void (*done)(void *owner), void *owner)
{
	httpd_stop(d->httpd, done, owner);
}

void desk_destroy(struct desk **at)
{
	struct desk *d = *at;

	if (d == NULL) {
		return;
	}
	*at = NULL;
	heads_stop(&d->heads);
	helper_destroy(&d->passwords);
	oidc_destroy(&d->oidc);
	for (int i = 0; i < LINE_COUNT; i++) {
		db_destroy(&d->lines[i]);
	}
	list_each(work, &d->works)
	{
		free(container_of(work, struct work, in));
	}
	httpd_destroy(&d->httpd);
	queue_destroy(&d->queue);
	events_destroy(&d->events);
	search_destroy(&d->search);
	presence_destroy(&d->presence);
	free(d);
}

struct text desk_addresses(const struct desk *d, struct arena *a)
{
	return httpd_addresses(d->httpd, a);
}
