/* inside.h: what the files of the desk share; nobody else includes it.
 *
 * Owner:   see each function.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   see each function. */
#ifndef ANSWERD_DESK_INSIDE_H
#define ANSWERD_DESK_INSIDE_H

#include "daemon/base/list.h"
#include "daemon/desk/desk.h"
#include "daemon/io/db.h"
#include "daemon/io/httpd.h"

#define DESK_PARAMS       9
#define DESK_QUEUED       256          /* statements that wait for one connection; then 503 */
#define DESK_VERIFY_LIMIT 4            /* of them verify or reports */
#define DESK_KEY_BYTES    200          /* an idempotency key */
#define DESK_TEXT_BYTES   (64u * 1024) /* a parameter */

enum desk_role { ROLE_AUDITOR, ROLE_AGENT, ROLE_LEAD, ROLE_ADMIN };

/* Which connection: reads never wait behind reports, acts have the right to write, and the queue's plans are settled. */
enum desk_line { LINE_READ, LINE_QUEUE, LINE_REPORT, LINE_ACT, LINE_COUNT };

enum param_from { FROM_PATH, FROM_QUERY, FROM_BODY, FROM_DESK };
enum param_type { PARAM_TEXT, PARAM_COUNT, PARAM_BOOL, PARAM_TIME };

struct desk_param {
	const char *name;
	enum param_from from;
	enum param_type type;
	bool is_required;
	const char *about; /* one sentence, for the OpenAPI document and for errors */
};

struct work;

struct desk_route {
	const char *method, *path; /* below /api/v1/, "{name}" is a parameter */
	enum desk_role least;
	enum desk_line line;
	const char *name,
		*sql; /* NULL: comes with a later version; the queue has statements of its own */
	struct desk_param params[DESK_PARAMS];
	const char *about;
	void (*serve)(struct work *w); /* NULL: the one statement is all */
};

/* routes.c: the routes one after the other, those of one path not always beside each other; NULL behind the last. */
const struct desk_route *desk_route_nth(size_t n);

/* One request on its way through the database. */
struct work {
	struct list in;
	struct desk *desk;
	struct httpd_request *r;
	const struct desk_route *route;
	enum desk_line line; /* the route's, or that of reports for a very long list */
	int64_t actor;
};

/* desk.c: the ends of a work; it is gone afterwards. */
void desk_work_answer(struct work *w, struct text json);
void desk_work_refuse(struct work *w, int status, struct text detail);
void desk_work_fail(struct work *w, const char *name, const struct db_result *r);
void desk_work_gone(struct work *w); /* its request was answered by other means */
struct events *desk_work_events(const struct work *w);
struct db *desk_work_line(const struct work *w);
const struct conf *desk_work_conf(const struct work *w); /* as it is now */

/* What every statement of the work begins with: actor, for acts key and request, then the route's parameters. False: it was refused. */
bool desk_work_params(struct work *w, struct db_params *p);

/* reply.c: is it a route whose words are measured before they are queued? Then it serves it, in two statements. */
bool reply_is_served(const struct desk_route *r);
void reply_serve(struct work *w);

/* routes.c: the route of a path below /api/v1/; NULL: none. ret_allow (in the arena) lists the methods when only the method
 * does not fit. */
const struct desk_route *desk_route_find(struct arena *a, struct text method, struct text path,
					 const char **ret_allow);

/* False: comes with a later version. */
bool desk_route_is_served(const struct desk_route *r);

/* params.c: the route's parameters from path, query and body, appended to `out` in the order of the table; ERR_DATA with a
 * sentence for people. */
struct desk_given {
	struct text path, query, body;
	struct dur lease;
};
bool desk_params_read(struct arena *a, const struct desk_route *r, const struct desk_given *g,
		      struct db_params *out, struct err *err);
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
struct db *desk_line(struct desk *d, enum desk_line line);
bool desk_is_open(const struct desk *d);

#endif
