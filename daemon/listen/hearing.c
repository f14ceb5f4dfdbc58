/* Signs of deafness that only who asks can see: holes, pages that are no longer understood, a clock that is off, a credential
 * that ends. The database decides what to tell (rules/64_deaf.sql). */
#include "answerd/log.h"
#include "daemon/listen/inside.h"
#include "store_sql.h"

#define UNREAD_LEAST 3 /* elements: fewer are poisoned, not another language */
#define SKEW_MOST    DUR_S(60)
#define SKEW_N       3 /* answers in a row */
#define SKEW_FOR     DUR_S(15)
#define ADRIFT_LEAST DUR_S(86400) /* no platform forgets faster */

static void tell(struct account *a, int64_t source_id, const char *name, int64_t value)
{
	struct db_params *p = db_params_create();

	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, source_id);
	db_add_i64(p, a->epoch);
	db_add_text(p, text_of(name));
	db_add_i64(p, value);
	if (!db_send(a->writer, "listen_fact", SQL_LISTEN_FACT, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
}

/* The Date of an answer against our own clock. One from a cache is older than its answer. */
void hearing_clock(struct account *a, const struct response *r)
{
	struct mono now = account_now(a);
	struct dur skew;
	struct wall date;
	bool is_skewed;

	if (!wall_parse_http(response_header(r, TEXT("Date")), &date) ||
	    !text_is_empty(response_header(r, TEXT("Age")))) {
		return;
	}
	skew = wall_since(r->received_at, date);
	is_skewed = dur_more(skew, SKEW_MOST) || dur_more(DUR_US(-skew.us), SKEW_MOST);
	if (is_skewed == a->is_skewed) {
		a->n_skewed = 0;
		return;
	}
	if (a->n_skewed++ == 0) {
		a->skewed_at = now;
	}
	if (a->n_skewed >= SKEW_N && dur_more(mono_since(a->skewed_at, now), SKEW_FOR)) {
		a->is_skewed = is_skewed;
		a->n_skewed = 0;
		tell(a, 0, "skew", is_skewed ? skew.us : 0);
	}
}

void hearing_page(struct account *a, const struct outcome *o)
{
	struct feed *f = a->job.feed;
	bool is_unread = o->n_bad >= UNREAD_LEAST && o->n_bad >= o->n_messages;

	/* A page without anything proves nothing. */
	if (a->job.op != OP_POLL || is_unread == f->is_unread ||
	    (!is_unread && o->n_messages == 0)) {
		return;
	}
	f->is_unread = is_unread;
	if (is_unread) {
		log_warn("page_unread", "account", account_label(a), "source", f->name.at,
			 "elements", log_num((int64_t)o->n_bad), NULL);
	}
	tell(a, f->source_id, "unread", is_unread);
}

void hearing_token(struct account *a, struct wall until)
{
	tell(a, 0, "token_until", until.us);
}

int64_t hearing_oldest(const struct outcome *o)
{
	int64_t oldest = 0;

	for (size_t i = 0; i < o->n_messages; i++) {
		int64_t at = o->messages[i].posted_at.us;

		if (at > 0 && (oldest == 0 || at < oldest)) {
			oldest = at;
		}
	}
	return oldest;
}

/* Something before this page cannot be reached: it is written down before the walk passes it. */
void hearing_hole(struct account *a, const struct outcome *o)
{
	struct db_params *p;

	if ((!o->has_hole && !o->is_adrift) || a->job.op != OP_POLL) {
		return;
	}
	if (o->has_hole) {
		log_warn("gap_found", "account", account_label(a), "source", a->job.feed->name.at,
			 NULL);
	}
	p = db_params_create();
	db_add_i64(p, a->brand_id);
	db_add_i64(p, a->account_id);
	db_add_i64(p, a->job.feed->source_id);
	db_add_i64(p, a->epoch);
	db_add_wall(p, a->job.asked_at);
	db_add_text(p,
		    o->has_hole
			    ? TEXT("the platform does not show everything behind its first page")
			    : TEXT("nothing that was known is there any more: the platform may not "
				   "keep messages for so long"));
	db_add_i64(p, hearing_oldest(o));
	db_add_i64(p, o->has_hole ? 0 : ADRIFT_LEAST.us);
	if (!db_send(a->writer, "listen_gap", SQL_LISTEN_GAP, &p, NULL, NULL)) {
		db_params_destroy(&p);
	}
	a->refill.at = account_now(a);
}
