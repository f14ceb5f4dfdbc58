/* /healthz and /metrics: open, because who watches has no session; they name configuration, never a customer. Health is the
 * age of the worker's last heartbeat and of each source's last success, never "the process runs". */
#include "daemon/desk/inside.h"
#include "store_sql.h"

static void answer_unhealthy(struct httpd_request *r, const char *why)
{
	scoped(strbuf_done) struct strbuf out = { 0 };

	strbuf_init(&out, 4096);
	strbuf_printf(&out, "{\"ok\":false,\"reasons\":[");
	strbuf_add_json(&out, text_of(why));
	strbuf_printf(&out, "]}");
	httpd_answer(r, &(struct httpd_answer){ .status = 503,
						.content_type = "application/json; charset=utf-8",
						.body = strbuf_text(&out) });
}

static void done_health(const struct db_result *result, void *owner)
{
	struct httpd_request *r = owner;

	if (!result->is_ok || result->n_rows != 1) {
		answer_unhealthy(r, "The database does not answer.");
		return;
	}
	httpd_answer(r, &(struct httpd_answer){ .status = db_bool(result, 0, 0) ? 200 : 503,
						.content_type = "application/json; charset=utf-8",
						.body = db_text(result, 0, 1) });
}

static const char metrics_down[] = "# HELP answerd_database_up Does the database answer the desk?\n"
				   "# TYPE answerd_database_up gauge\n"
				   "answerd_database_up 0\n";

static void answer_metrics(struct httpd_request *r, struct text numbers)
{
	struct text body = text_printf(
		httpd_arena(r),
		"%.*s# HELP answerd_desk_streams Pages that are open and hear what changes.\n"
		"# TYPE answerd_desk_streams gauge\n"
		"answerd_desk_streams %zu\n",
		TEXT_ARG(numbers), httpd_streams(r));

	httpd_answer(r, &(struct httpd_answer){ .status = 200,
						.content_type =
							"text/plain; version=0.0.4; charset=utf-8",
						.body = body });
}

static void done_metrics(const struct db_result *result, void *owner)
{
	struct httpd_request *r = owner;

	answer_metrics(r, result->is_ok && result->n_rows == 1 ? db_text(result, 0, 0)
							       : text_of(metrics_down));
}

/* False: not sent. */
static bool ask(struct desk *d, struct httpd_request *r, const char *name, const char *sql,
		db_done *done)
{
	struct db *line = desk_line(d, LINE_READ);
	struct db_params *p;

	if (!desk_is_open(d) || !db_is_up(line)) {
		return false;
	}
	p = db_params_create();
	if (db_send(line, name, sql, &p, done, r)) {
		return true;
	}
	db_params_destroy(&p);
	return false;
}

void desk_health(struct desk *d, struct httpd_request *r)
{
	if (!ask(d, r, "desk_health", SQL_DESK_HEALTH, done_health)) {
		answer_unhealthy(
			r, "The database is away; nobody's words are shown until it is back.");
	}
}

void desk_metrics(struct desk *d, struct httpd_request *r)
{
	if (!ask(d, r, "desk_metrics", SQL_DESK_METRICS, done_metrics)) {
		answer_metrics(r, text_of(metrics_down));
	}
}
