/* A reply on its way into the outbox: one statement says where it goes, the connector's own rule measures the words as the platform will,
 * and a second one queues them, judged again under the account's lock. What is too long is refused before anything is queued. */
#include "answerd/limits.h"
#include "daemon/desk/asked.h"
#include "store_sql.h"

static void queue_words(struct work *w, const struct text *words, const int64_t *costs, size_t n)
{
	struct db_params *p = desk_work_params(w);

	if (p != NULL) {
		db_add_text_array(p, words, n);
		db_add_i64_array(p, costs, n);
		desk_work_ask(w, &p, desk_work_done);
	}
}

static void done_ask(const struct db_result *r, void *owner)
{
	struct work *w = owner;
	int64_t costs[SPLIT_MOST] = { 0 };
	struct text words[SPLIT_MOST], body;
	const struct connector *c;
	struct arena *scratch;
	struct split s;
	struct err err = { 0 };
	size_t n = 1;
	bool is_fit = true;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	if (!db_is_null(r, 0, ASKED_DONE)) {
		desk_work_answer(w, db_text(r, 0, ASKED_DONE));
		return;
	}
	c = asked_connector(desk_work_conf(w), r);
	body = text_dup(httpd_arena(w->r), text_trim(db_text(r, 0, ASKED_BODY)));
	words[0] = body;
	/* A draft is kept as it is; where nothing can be posted the second statement says why. */
	if (c != NULL && !db_bool(r, 0, ASKED_IS_DRAFT) && !text_is_empty(body)) {
		scratch = arena_create(LIMIT_PAGE_ARENA_BYTES);
		s = asked_split(r, c, scratch);
		is_fit = split_words(httpd_arena(w->r), &s, body, words, &n, &err);
		for (size_t i = 0; is_fit && i < n; i++) {
			costs[i] = split_price(&s, words[i]);
		}
		arena_destroy(&scratch);
	}
	if (!is_fit) {
		desk_work_refuse(w, 422, text_dup(httpd_arena(w->r), text_of(err.text)));
		return;
	}
	queue_words(w, words, costs, n);
}

static void ask(struct work *w, const char *name, const char *sql)
{
	struct db_params *p = desk_work_params(w);

	if (p != NULL) {
		(void)desk_work_db(w, w->line, name, sql, &p, done_ask, w);
	}
}

void reply_serve(struct work *w)
{
	ask(w, "desk_reply_ask", SQL_DESK_REPLY_ASK);
}

void reply_send_serve(struct work *w)
{
	ask(w, "desk_reply_send_ask", SQL_DESK_REPLY_SEND_ASK);
}
