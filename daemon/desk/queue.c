/* GET queue: which statement (queries/queue_*.sql), one walk along one index, and its rows as JSON. What ids are called is
 * remembered (names.h); whether somebody listens is asked at most twice a second, however many staff look. */
#include "daemon/desk/queue.h"

#include <stdlib.h>

#include "answerd/log.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "daemon/desk/can_reply.h"
#include "daemon/desk/queue_statement.h"
#include "store_sql.h"

#define PAGE_ROWS     50
#define LISTENING_AGE DUR_MS(500)
#define LIST_BYTES    (256u * 1024 * 1024)
#define EXCERPT_CHARS 200

/* Columns of answerd.queue_row. */
enum {
	COL_ID,
	COL_BRAND,
	COL_ACCOUNT,
	COL_PLATFORM,
	COL_KIND,
	COL_NATURE,
	COL_CUSTOMER,
	COL_NAME,
	COL_HANDLE,
	COL_EXCERPT,
	COL_PERMALINK,
	COL_UNANSWERED,
	COL_SINCE,
	COL_WARN,
	COL_DUE,
	COL_STOP,
	COL_SNOOZED,
	COL_ASSIGNEE,
	COL_ASSIGNED,
	COL_PRIORITY,
	COL_TAGS,
	COL_NOW_US,
	COL_DUE_KEY
};

struct queue {
	struct loop *loop;
	struct names *names;
	struct can_reply *can_reply;
	bool has_names;
	struct strbuf listening; /* the JSON of answerd.listening() */
	struct mono listening_at;
	bool is_asking;
};

/* What a request wants, in the arena of the request. */
struct ask {
	struct queue *queue;
	struct work *work;
	struct text brand, platform, tag;
	struct text holder; /* a login */
	bool is_free;       /* held by nobody */
	bool is_due, is_mine, is_overdue, is_all, has_clocks;
	struct text after_due, after_since; /* as PostgreSQL reads them */
	int64_t after_id, limit;            /* 0: all */
	bool is_read;                       /* the names were read for this request */
	bool is_far; /* what is overdue does not stand at the head of the queue: all of it, sorted */
};

/* ---- what is asked ---- */

static bool take_part(struct text *rest, struct text *ret)
{
	struct text all = *rest;

	if (!text_cut(all, '.', ret, rest)) {
		*rest = TEXT_NONE;
	}
	return !text_is_empty(*ret);
}

static bool take_time(struct arena *a, struct text *rest, struct text *ret)
{
	char out[WALL_TEXT_BYTES];
	struct text part;
	int64_t us;

	if (!take_part(rest, &part)) {
		return false;
	}
	if (text_eq(part, TEXT("inf"))) {
		*ret = TEXT("infinity");
		return true;
	}
	if (!num_parse_range(part, 0, INT64_C(9999999999999999), &us)) {
		return false;
	}
	(void)wall_format((struct wall){ us }, out);
	*ret = text_dup(a, text_of(out));
	return true;
}

static bool parse_after(struct arena *a, struct ask *k, struct text after, struct err *err)
{
	struct text rest = after, id;

	k->after_due = k->after_since = TEXT("-infinity");
	if (after.at == NULL) {
		return true;
	}
	if ((k->is_due && !take_time(a, &rest, &k->after_due)) ||
	    !take_time(a, &rest, &k->after_since) || !take_part(&rest, &id) ||
	    !num_parse_range(id, 0, INT64_MAX, &k->after_id) || rest.at != NULL) {
		return err_set(err, ERR_DATA,
			       "That \"after\" is none of ours: take \"next\" of the page before, "
			       "unchanged.");
	}
	return true;
}

static bool parse_ask(struct ask *k, struct err *err)
{
	struct httpd_request *r = k->work->r;
	struct desk_asked q = { .arena = httpd_arena(r),
				.route = k->work->route,
				.query = httpd_query(r) };
	struct text by, after;

	if (!desk_query_is_known(&q, err) || !desk_query_text(&q, "by", &by, err) ||
	    !desk_query_text(&q, "brand", &k->brand, err) ||
	    !desk_query_text(&q, "platform", &k->platform, err) ||
	    !desk_query_text(&q, "tag", &k->tag, err) ||
	    !desk_query_text(&q, "assignee", &k->holder, err) ||
	    !desk_query_bool(&q, "free", &k->is_free, err) ||
	    !desk_query_bool(&q, "mine", &k->is_mine, err) ||
	    !desk_query_bool(&q, "overdue", &k->is_overdue, err) ||
	    !desk_query_bool(&q, "all", &k->is_all, err) ||
	    !desk_query_bool(&q, "clocks", &k->has_clocks, err) ||
	    !desk_query_text(&q, "after", &after, err) ||
	    !desk_query_count(&q, "limit", PAGE_ROWS, &k->limit, err)) {
		return false;
	}
	k->is_due = text_eq(by, TEXT("due"));
	if (by.at != NULL && !k->is_due && !text_eq(by, TEXT("age"))) {
		return err_set(err, ERR_DATA, "The queue goes by age or by due.");
	}
	return parse_after(q.arena, k, after, err);
}

/* ---- one entry ---- */

static bool get_time(const struct db_result *r, int row, int col, struct wall *ret)
{
	struct text t;
	char room[40];
	size_t n;

	if (db_is_null(r, row, col)) {
		return false;
	}
	/* "2026-11-20 07:49:02.064+00": sessions are in UTC. */
	t = db_text(r, row, col);
	n = t.len - 3;
	if (!text_ends(t, TEXT("+00")) || n + 2 > sizeof(room)) {
		return false;
	}
	memcpy(room, t.at, n);
	room[n] = 'Z';
	return wall_parse((struct text){ room, n + 1 }, ret);
}

static void add_key(struct strbuf *out, const char *name)
{
	strbuf_add_str(out, ", \"");
	strbuf_add_str(out, name);
	strbuf_add_str(out, "\": ");
}

static void add_time(struct strbuf *out, const char *name, bool is_set, struct wall w)
{
	char text[WALL_TEXT_BYTES];

	add_key(out, name);
	if (!is_set) {
		strbuf_add_str(out, "null");
		return;
	}
	(void)wall_format(w, text);
	strbuf_add_json(out, text_of(text));
}

static void add_text(struct strbuf *out, const char *name, const struct db_result *r, int row,
		     int col)
{
	add_key(out, name);
	if (db_is_null(r, row, col)) {
		strbuf_add_str(out, "null");
	} else {
		strbuf_add_json(out, db_text(r, row, col));
	}
}

static void add_raw(struct strbuf *out, const char *name, struct text json)
{
	add_key(out, name);
	strbuf_add(out, json);
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One line of at most 200 characters, as answerd.excerpt_of() makes it. */
static void add_excerpt(struct strbuf *out, const struct db_result *r, int row)
{
	char room[EXCERPT_CHARS * 4];
	struct text t = text_trim(db_text(r, row, COL_EXCERPT));
	size_t n = 0, chars = 0;

	add_key(out, "excerpt");
	if (db_is_null(r, row, COL_EXCERPT)) {
		strbuf_add_str(out, "null");
		return;
	}
	for (size_t i = 0; i < t.len; i++) {
		char c = is_blank(t.at[i]) ? ' ' : t.at[i];
		bool is_start = ((unsigned char)c & 0xc0) != 0x80;

		if (c == ' ' && n > 0 && room[n - 1] == ' ') {
			continue;
		}
		if (is_start && chars++ == EXCERPT_CHARS) {
			break;
		}
		room[n++] = c;
	}
	strbuf_add_json(out, (struct text){ room, n });
}

/* False: a name is not known. */
static bool add_entry(struct strbuf *out, const struct ask *k, const struct db_result *r, int row)
{
	const struct queue *q = k->queue;
	struct wall now = { 0 }, since = { 0 }, warn = { 0 }, due = { 0 }, stop = { 0 },
		    snoozed = { 0 }, assigned = { 0 };
	bool has_warn = get_time(r, row, COL_WARN, &warn),
	     has_due = get_time(r, row, COL_DUE, &due),
	     has_stop = get_time(r, row, COL_STOP, &stop);
	struct text brand, account, assignee;
	const char *state = "ok";
	bool is_held, is_asleep;

	now.us = db_i64(r, row, COL_NOW_US);
	(void)get_time(r, row, COL_SINCE, &since);
	is_held = get_time(r, row, COL_ASSIGNED, &assigned) && wall_before(now, assigned) &&
		  !db_is_null(r, row, COL_ASSIGNEE);
	is_asleep = get_time(r, row, COL_SNOOZED, &snoozed) && wall_before(now, snoozed);
	if (!names_find(q->names, NAME_BRAND, db_i64(r, row, COL_BRAND), &brand) ||
	    !names_find(q->names, NAME_ACCOUNT, db_i64(r, row, COL_ACCOUNT), &account) ||
	    (is_held &&
	     !names_find(q->names, NAME_STAFF, db_i64(r, row, COL_ASSIGNEE), &assignee))) {
		return false;
	}
	if (has_stop && !wall_before(now, stop)) {
		state = "stopped";
	} else if (has_due && !wall_before(now, due)) {
		state = "overdue";
	} else if (has_warn && !wall_before(now, warn)) {
		state = "warn";
	}
	strbuf_add_str(out, row == 0 ? "{\"id\": " : ", {\"id\": ");
	strbuf_add_json(out, db_text(r, row, COL_ID));
	add_key(out, "brand");
	strbuf_add_json(out, brand);
	add_key(out, "account");
	strbuf_add_json(out, account);
	add_text(out, "platform", r, row, COL_PLATFORM);
	add_text(out, "kind", r, row, COL_KIND);
	add_text(out, "nature", r, row, COL_NATURE);
	add_key(out, "customer");
	strbuf_add_str(out, "{\"id\": ");
	strbuf_add_json(out, db_text(r, row, COL_CUSTOMER));
	add_text(out, "name", r, row, COL_NAME);
	add_text(out, "handle", r, row, COL_HANDLE);
	add_raw(out, "stage", TEXT("null}"));
	add_excerpt(out, r, row);
	add_text(out, "permalink", r, row, COL_PERMALINK);
	add_raw(out, "messages", db_text(r, row, COL_UNANSWERED));
	add_time(out, "waiting_since", true, since);
	add_key(out, "waiting_s");
	strbuf_printf(out, "%lld",
		      (long long)(wall_before(now, since) ? 0 : (now.us - since.us) / 1000000));
	add_time(out, "warn_at", has_warn, warn);
	add_time(out, "due_at", has_due, due);
	add_time(out, "stop_at", has_stop, stop);
	add_key(out, "state");
	strbuf_add_json(out, text_of(state));
	add_time(out, "snoozed_until", is_asleep, snoozed);
	add_key(out, "assignee");
	if (is_held) {
		strbuf_add_json(out, assignee);
	} else {
		strbuf_add_str(out, "null");
	}
	add_raw(out, "priority", db_text(r, row, COL_PRIORITY));
	add_raw(out, "tags", db_text(r, row, COL_TAGS));
	can_reply_print(q->can_reply, out, httpd_arena(k->work->r),
			&(struct can_reply_entry){ .account_id = db_i64(r, row, COL_ACCOUNT),
						   .id = db_text(r, row, COL_ID),
						   .kind = db_text(r, row, COL_KIND),
						   .since = since,
						   .now = now,
						   .n_messages = db_i64(r, row, COL_UNANSWERED) });
	strbuf_add_byte(out, '}');
	return true;
}

/* ---- the page ---- */

static void add_next(struct strbuf *out, const struct ask *k, const struct db_result *r)
{
	int last = (int)k->limit - 1;
	struct wall due = { 0 }, since = { 0 };

	strbuf_add_str(out, "], \"next\": ");
	if (k->limit == 0 || r->n_rows <= k->limit) {
		strbuf_add_str(out, "null");
		return;
	}
	(void)get_time(r, last, COL_SINCE, &since);
	strbuf_add_byte(out, '"');
	if (k->is_due && get_time(r, last, COL_DUE_KEY, &due)) {
		strbuf_printf(out, "%lld.", (long long)due.us);
	} else if (k->is_due) {
		strbuf_add_str(out, "inf.");
	}
	strbuf_printf(out, "%lld.", (long long)since.us);
	strbuf_add(out, db_text(r, last, COL_ID));
	strbuf_add_byte(out, '"');
}

static int rows_of(const struct ask *k, const struct db_result *r)
{
	return k->limit > 0 && r->n_rows > k->limit ? (int)k->limit : r->n_rows;
}

static bool page_print(struct strbuf *out, const struct ask *k, const struct db_result *r)
{
	strbuf_add_str(out, "{\"items\": [");
	for (int i = 0; i < rows_of(k, r); i++) {
		if (!add_entry(out, k, r, i)) {
			return false;
		}
	}
	add_next(out, k, r);
	add_key(out, "listening");
	if (k->queue->listening.len > 0) {
		strbuf_add(out, strbuf_text(&k->queue->listening));
	} else {
		strbuf_add_str(out, "{\"ok\": false, \"text\": \"Whether somebody listens is not "
				    "known.\"}");
	}
	can_reply_print_attention(k->queue->can_reply, out);
	strbuf_add_byte(out, '}');
	return true;
}

static bool has_holder(const struct ask *k)
{
	return k->is_mine || k->holder.at != NULL;
}

static void ask_go(struct ask *k);
static void ask_names(struct ask *k);

static void done_page(const struct db_result *r, void *owner)
{
	struct ask *k = owner;
	scoped(strbuf_done) struct strbuf out = { 0 };

	if (!r->is_ok) {
		desk_work_fail(k->work, "queue", r);
		return;
	}
	if (k->is_overdue && !k->is_due && !has_holder(k) && k->tag.at == NULL && !k->is_free &&
	    !k->is_far && r->n_rows <= k->limit) {
		k->is_far = true;
		ask_go(k);
		return;
	}
	strbuf_init(&out, LIST_BYTES);
	if (!page_print(&out, k, r)) {
		if (!k->is_read) {
			ask_names(k);
			return;
		}
		log_err("statement_failed", "name", "queue", "sqlstate", "", "why",
			"an id without a name", NULL);
		desk_work_refuse(k->work, 500,
				 TEXT("The desk could not do that; its log says why."));
	} else if (out.is_full) {
		desk_work_refuse(k->work, 400,
				 TEXT("The list is too long to be sent at once. Ask for it page by "
				      "page."));
	} else if (k->has_clocks && r->n_rows > 0) {
		queue_clocks(k->work, strbuf_text(&out), r, rows_of(k, r), COL_ID);
	} else {
		desk_work_answer(k->work, strbuf_text(&out));
	}
}

/* ---- the statements ---- */

static struct queue_statement statement_of(const struct ask *k)
{
	return queue_statement_of(&(struct queue_wanted){ .is_due = k->is_due,
							  .has_brand = k->brand.at != NULL,
							  .has_platform = k->platform.at != NULL,
							  .has_holder = has_holder(k),
							  .is_overdue = k->is_overdue,
							  .has_tag = k->tag.at != NULL,
							  .is_free = k->is_free,
							  .is_far = k->is_far });
}

static void send_or_refuse(struct ask *k, const char *name, const char *sql, struct db_params *p,
			   db_done *done)
{
	(void)desk_work_db(k->work, k->work->line, name, sql, &p, done, k);
}

static void done_names(const struct db_result *r, void *owner)
{
	struct ask *k = owner;

	if (!r->is_ok) {
		desk_work_fail(k->work, "desk_names", r);
		return;
	}
	names_read(k->queue->names, r);
	k->queue->has_names = true;
	k->is_read = true;
	ask_go(k);
}

static void ask_names(struct ask *k)
{
	send_or_refuse(k, "desk_names", SQL_DESK_NAMES, db_params_create(), done_names);
}

static void done_listening(const struct db_result *r, void *owner)
{
	struct queue *q = owner;

	q->is_asking = false;
	strbuf_reset(&q->listening);
	if (r->is_ok && r->n_rows == 1) {
		strbuf_add(&q->listening, db_text(r, 0, 0));
		q->listening_at = loop_mono(q->loop);
	}
}

/* Its answer comes before the page's: units of one line are answered in order. */
static void ask_listening(struct ask *k)
{
	struct queue *q = k->queue;
	struct db_params *p;

	if (q->is_asking ||
	    (q->listening.len > 0 &&
	     !dur_more(mono_since(q->listening_at, loop_mono(q->loop)), LISTENING_AGE))) {
		return;
	}
	p = db_params_create();
	q->is_asking = db_send(desk_work_line(k->work), "desk_listening", SQL_DESK_LISTENING, &p,
			       done_listening, q);
	if (!q->is_asking) {
		db_params_destroy(&p);
	}
}

static void ask_go(struct ask *k)
{
	struct queue_statement f = statement_of(k);
	struct db_params *p;
	bool is_sifted = k->tag.at != NULL || k->is_free;
	int64_t brand = 0, holder = k->work->actor;

	if (!k->queue->has_names) {
		ask_names(k);
		return;
	}
	if (k->brand.at != NULL && !names_find_id(k->queue->names, NAME_BRAND, k->brand, &brand)) {
		struct arena *a = httpd_arena(k->work->r);

		if (!k->is_read) {
			ask_names(k);
			return;
		}
		desk_work_refuse(k->work, 400,
				 text_printf(a,
					     "There is no brand \"%.*s\". These are known: %.*s.",
					     TEXT_ARG(text_clip(k->brand, 100)),
					     TEXT_ARG(names_list(k->queue->names, NAME_BRAND, a))));
		return;
	}
	if (k->holder.at != NULL &&
	    !names_find_id(k->queue->names, NAME_STAFF, k->holder, &holder)) {
		if (!k->is_read) {
			ask_names(k);
			return;
		}
		desk_work_refuse(k->work, 400, TEXT("Nobody of the staff has that login."));
		return;
	}
	ask_listening(k);
	can_reply_ask(k->queue->can_reply, desk_work_line(k->work));
	p = db_params_create();
	db_add_i64_or_null(p, brand);
	if (k->platform.at != NULL) {
		db_add_text(p, k->platform);
	} else {
		db_add_null(p);
	}
	db_add_i64_or_null(p, has_holder(k) ? holder : 0);
	db_add_bool(p, k->is_overdue);
	db_add_bool(p, k->is_all);
	db_add_text(p, k->after_since);
	db_add_i64(p, k->after_id);
	db_add_i64_or_null(p, k->limit > 0 ? k->limit + 1 : 0);
	if (k->is_due || is_sifted) {
		db_add_text(p, k->after_due);
	}
	if (is_sifted) {
		db_add_bool(p, k->is_free);
	}
	if (k->tag.at !=
	    NULL) { /* its index is read by a bitmap, which the queue's own line does not do */
		db_add_text(p, k->tag);
		(void)desk_work_db(k->work, LINE_READ, f.name, f.sql, &p, done_page, k);
		return;
	}
	send_or_refuse(k, f.name, f.sql, p, done_page);
}

void queue_serve(struct work *w)
{
	struct ask *k = ARENA_NEW(httpd_arena(w->r), struct ask);
	struct err err = { 0 };

	k->queue = desk_queue(w->desk);
	k->work = w;
	if (!parse_ask(k, &err)) {
		desk_work_refuse(w, 400, text_of(err.text));
		return;
	}
	k->is_far = k->limit == 0;
	ask_go(k);
}

struct queue *queue_create(struct loop *l)
{
	struct queue *q = xcalloc(1, sizeof(*q));

	q->loop = l;
	q->names = names_create();
	q->can_reply = can_reply_create(l);
	strbuf_init(&q->listening, 1024u * 1024);
	return q;
}

void queue_destroy(struct queue **at)
{
	struct queue *q = *at;

	if (q == NULL) {
		return;
	}
	*at = NULL;
	names_destroy(&q->names);
	can_reply_destroy(&q->can_reply);
	strbuf_done(&q->listening);
	free(q);
}
