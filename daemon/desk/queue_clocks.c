/* The office's clock beside the customer's, for pages of the queue that are asked for with it: one statement more. */
#include "answerd/strbuf.h"
#include "daemon/desk/queue.h"
#include "store_sql.h"

#define LIST_BYTES (256u * 1024 * 1024)

struct clocked {
	struct work *work;
	struct text page; /* without its last bracket */
};

static void done_clocks(const struct db_result *r, void *owner)
{
	struct clocked *k = owner;
	scoped(strbuf_done) struct strbuf out = { 0 };

	if (!r->is_ok) {
		desk_work_fail(k->work, "queue_clocks", r);
		return;
	}
	strbuf_init(&out, LIST_BYTES);
	strbuf_add(&out, k->page);
	strbuf_add_str(&out, ", \"office_s\": ");
	strbuf_add(&out, db_text(r, 0, 0));
	strbuf_add_byte(&out, '}');
	desk_work_answer(k->work, strbuf_text(&out));
}

void queue_clocks(struct work *w, struct text page, const struct db_result *r, int n, int col_id)
{
	struct arena *a = httpd_arena(w->r);
	struct clocked *k = ARENA_NEW(a, struct clocked);
	int64_t *ids = ARENA_ARRAY(a, int64_t, (size_t)n);
	struct db_params *p = db_params_create();

	for (int i = 0; i < n; i++) {
		ids[i] = db_i64(r, i, col_id);
	}
	k->work = w;
	k->page = text_dup(a, text_slice(page, 0, page.len - 1));
	db_add_i64_array(p, ids, (size_t)n);
	(void)desk_work_db(w, w->line, "queue_clocks", SQL_QUEUE_CLOCKS, &p, done_clocks, k);
}
