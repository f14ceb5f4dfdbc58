/* How a work ends: with an answer, which those who ride with it get too (share.h), or with a problem. */
#include "answerd/log.h"
#include "daemon/desk/share.h"

#define TOOK_TOO_LONG "57014"

void desk_work_send(struct work *w, const struct httpd_answer *a)
{
	for (struct work *o = share_rider(w); o != NULL; o = share_rider(w)) {
		desk_work_send(o, a);
	}
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
	for (struct work *o = share_rider(w); o != NULL; o = share_rider(w)) {
		desk_work_refuse(o, status, detail);
	}
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
	if (w->line == LINE_REPORT && strcmp(r->sqlstate, TOOK_TOO_LONG) == 0) {
		desk_work_refuse_as(w, 503, "too_much",
				    TEXT("There is more in this span than can be worked out in a "
					 "minute. Choose a shorter one, or one brand."));
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

bool desk_work_body_open(struct work *w, struct jx *ret, struct jx_doc **ret_doc)
{
	struct arena *a = httpd_arena(w->r);
	struct err err = { 0 };

	*ret_doc = NULL;
	if (desk_body_open(a, httpd_body(w->r), ret, ret_doc, &err)) {
		return true;
	}
	desk_work_body_close(w, ret_doc);
	desk_work_refuse(w, 400, text_dup(a, text_of(err.text)));
	return false;
}

void desk_work_body_close(struct work *w, struct jx_doc **doc)
{
	jx_release(doc);
	httpd_body_wipe(w->r);
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
