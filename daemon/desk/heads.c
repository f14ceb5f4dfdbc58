/* The newest hash of each audit chain goes out of the house once a day, into the log: whoever rewrites a chain from then on, or cuts its end
 * off, cannot rewrite the journal too (RELIABILITY S13). */
#include "answerd/log.h"
#include "daemon/desk/inside.h"
#include "store_sql.h"

#define EVERY DUR_S(24 * 3600)
#define AGAIN DUR_S(60)

static void done_heads(const struct db_result *r, void *owner)
{
	struct heads *h = owner;

	for (int row = 0; r->is_ok && row < r->n_rows; row++) {
		struct arena *a = arena_create(4096);

		log_info("audit_head", "brand", log_num(db_i64(r, row, 0)), "seq",
			 log_num(db_i64(r, row, 1)), "hash", text_cstr(a, db_text(r, row, 2)),
			 NULL);
		arena_destroy(&a);
	}
	loop_arm(h->loop, &h->due, r->is_ok ? EVERY : AGAIN);
}

static void on_due(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct heads *h = container_of(w, struct heads, due);
	struct db_params *none = NULL;

	(void)loop;
	(void)revents;
	if (!db_send(h->line, "desk_audit_heads", SQL_DESK_AUDIT_HEADS, &none, done_heads, h)) {
		loop_arm(h->loop, &h->due, AGAIN);
	}
}

void heads_start(struct heads *h, struct loop *l, struct db *line)
{
	h->loop = l;
	h->line = line;
	ev_init(&h->due, on_due);
	loop_arm(l, &h->due, DUR_MS(0));
}

void heads_stop(struct heads *h)
{
	if (h->loop != NULL) {
		loop_disarm(h->loop, &h->due);
	}
}
