/* What an answer to a post or to a look means (RELIABILITY I3's table, as err kinds of the contract), and writing it down. */
#include "answerd/limits.h"
#include "daemon/respond/inside.h"
#include "store_sql.h"

/* ---- writing it down ---- */

static void done_report(const struct db_result *res, void *owner)
{
	struct flight *f = owner;
	struct respond *r = f->respond;

	f->is_reporting = false;
	if (!res->is_ok) {
		respond_complain(r, res); /* the next turn writes it down */
		respond_wake(r, DUR_MS(500));
		return;
	}
	flight_destroy(f);
	respond_flight_gone(r);
}

/* The parameters of its own statement. */
static struct db_params *report_of(const struct flight *f)
{
	struct db_params *p = db_params_create();

	db_add_i64(p, f->brand_id);
	db_add_i64(p, f->reply_id);
	db_add_i64(p, f->op == OP_REPLY ? f->attempt_id : f->respond->sender);
	if (f->op == OP_FILE) {
		db_add_text_or_null(p, f->reason);
		return p;
	}
	if (f->op == OP_REPLY) {
		db_add_text(p, text_of(f->outcome));
	}
	db_add_text_or_null(p, f->id);
	db_add_text_or_null(p, f->permalink);
	db_add_text_or_null(p, f->reason);
	if (f->op == OP_REPLY) {
		db_add_wall(p, f->not_before);
		db_add_bool(p, f->to_file);
	}
	return p;
}

void outcome_report(struct flight *f)
{
	struct db *db = f->respond->db;
	struct db_params *p;

	if (!f->is_over || f->is_reporting) {
		return;
	}
	p = report_of(f);
	if (f->op == OP_REPLY) {
		f->is_reporting =
			db_send(db, "respond_outcome", SQL_RESPOND_OUTCOME, &p, done_report, f);
	} else if (f->op == OP_LOOKUP) {
		f->is_reporting =
			db_send(db, "respond_looked", SQL_RESPOND_LOOKED, &p, done_report, f);
	} else {
		f->is_reporting =
			db_send(db, "respond_filed", SQL_RESPOND_FILED, &p, done_report, f);
	}
	if (!f->is_reporting) {
		db_params_destroy(&p);
	}
}

void outcome_settle(struct flight *f, const char *outcome, const char *reason)
{
	f->is_over = true;
	f->outcome = outcome;
	f->reason = reason != NULL ? text_clean(f->arena, text_dup(f->arena, text_of(reason)), NULL)
				   : TEXT_NONE;
	if (f->op == OP_FILE && reason != NULL) {
		log_info("reply_not_filed", "account", f->conf != NULL ? f->conf->name.at : "",
			 "reply", log_num(f->reply_id), "why", reason, NULL);
	}
	if (f->op == OP_REPLY && strcmp(outcome, "sent") != 0) {
		log_warn("reply_not_sent", "account", f->conf != NULL ? f->conf->name.at : "",
			 "reply", log_num(f->reply_id), "outcome", outcome, "why",
			 reason != NULL ? reason : "", NULL);
	}
	outcome_report(f);
}

/* ---- what it means ---- */

static void post_failed(struct flight *f, const struct err *err, bool needs_refresh)
{
	switch (err->kind) {
	case ERR_RETRY: outcome_settle(f, "unsent", err->text); return;
	case ERR_LIMITED:
		f->not_before = err->not_before;
		outcome_settle(f, "limited", err->text);
		return;
	case ERR_AUTH:
		/* The session ended and listen makes a new one; that says nothing about our rights. */
		outcome_settle(f, needs_refresh ? "unsent" : "auth", err->text);
		return;
	case ERR_DATA:
	case ERR_GONE: outcome_settle(f, "refused", err->text); return;
	case ERR_UNSURE:
	case ERR_CONFIG:
	case ERR_NONE: outcome_settle(f, "unknown", err->text); return;
	}
}

void outcome_of_failure(struct flight *f, const struct err *err, bool is_unasked)
{
	if (f->op != OP_REPLY) {
		outcome_settle(f, "failed", err->text);
	} else if (err->kind == ERR_RETRY || (is_unasked && err->kind == ERR_LIMITED)) {
		post_failed(f, err, /* needs_refresh= */ false);
	} else if (is_unasked && (err->kind == ERR_DATA || err->kind == ERR_GONE)) {
		outcome_settle(f, "refused",
			       err->text); /* the connector cannot make a post of it */
	} else if (is_unasked || err->kind == ERR_CONFIG) {
		outcome_settle(
			f, "unsent",
			err->text); /* no byte left: the address is not allowed, or the credential lacks */
	} else {
		outcome_settle(f, "unknown", err->text);
	}
}

static void found(struct flight *f, const struct outcome *o)
{
	f->to_file = o->to_file;
	f->id = text_dup(f->arena, text_clip(o->sent_id, LIMIT_ID_BYTES));
	f->permalink = text_dup(f->arena, o->sent_permalink);
	outcome_settle(f, "sent", NULL);
}

/* What was read is paid for, whatever it was. */
static void count_look(const struct flight *f, const struct outcome *o)
{
	const struct respond *r = f->respond;

	if (o->n_read_ids > 0 && o->read_price > 0 && f->conf->connector->can.reading_costs &&
	    r->looked != NULL) {
		r->looked(r->count_owner, f->brand, f->conf->name, f->brand_id, f->account_id, o);
	}
}

static void looked(struct flight *f, const struct outcome *o, bool is_good, const struct err *err)
{
	if (!is_good) {
		outcome_settle(f, "failed", err->text);
	} else if (!text_is_empty(o->sent_id)) {
		found(f, o);
	} else if (o->is_more && ++f->n_pages >= LOOK_PAGES) {
		outcome_settle(f, "failed", "there is more to read than one look reads");
	} else if (o->is_more) {
		f->state = text_dup(f->arena, o->state);
		flight_go(f);
	} else {
		outcome_settle(f, "absent", NULL);
	}
}

/* Whatever comes of it, the reply is sent. */
static void filed(struct flight *f, const struct outcome *o, bool is_good, const struct err *err)
{
	if (!is_good) {
		outcome_settle(f, "failed", err->text);
	} else if (o->is_more && ++f->n_pages < FILE_STEPS) {
		f->state = text_dup(f->arena, o->state);
		flight_go(f);
	} else {
		outcome_settle(f, "filed",
			       o->is_more ? "it takes more steps than there are" : NULL);
	}
}

void outcome_of_answer(struct flight *f, const struct response *r)
{
	struct arena *arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct connector_ctx ctx = flight_ctx(f, arena);
	struct question q = flight_question(f);
	struct outcome o = { 0 };
	struct err err = { 0 };
	bool is_good = f->conf->connector->digest(&ctx, &q, r, &o, &err);

	if (f->op == OP_LOOKUP) {
		count_look(f, &o);
		looked(f, &o, is_good, &err);
	} else if (f->op == OP_FILE) {
		filed(f, &o, is_good, &err);
	} else if (!is_good) {
		post_failed(f, &err, o.needs_refresh);
	} else if (text_is_empty(o.sent_id)) {
		outcome_settle(f, "unknown", "the platform took it and did not say under which id");
	} else {
		found(f, &o);
	}
	arena_destroy(&arena);
}
