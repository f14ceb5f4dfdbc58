/* Which statement answers a page of the queue: by what the filter has an index for (store/README.md). */
#include "daemon/desk/queue_statement.h"
#include "store_sql.h"

struct queue_statement queue_statement_of(const struct queue_wanted *q)
{
	/* [order][brand][platform] */
	static const struct queue_statement all[2][2][2] = {
		{ { { "queue_age", SQL_QUEUE_AGE },
		    { "queue_age_platform", SQL_QUEUE_AGE_PLATFORM } },
		  { { "queue_age_brand", SQL_QUEUE_AGE_BRAND },
		    { "queue_age_brand_platform", SQL_QUEUE_AGE_BRAND_PLATFORM } } },
		{ { { "queue_due", SQL_QUEUE_DUE },
		    { "queue_due_platform", SQL_QUEUE_DUE_PLATFORM } },
		  { { "queue_due_brand", SQL_QUEUE_DUE_BRAND },
		    { "queue_due_brand_platform", SQL_QUEUE_DUE_BRAND_PLATFORM } } },
	};
	static const struct queue_statement overdue[2][2] = {
		{ { "queue_overdue", SQL_QUEUE_OVERDUE },
		  { "queue_overdue_brand", SQL_QUEUE_OVERDUE_BRAND } },
		{ { "queue_overdue_all", SQL_QUEUE_OVERDUE_ALL },
		  { "queue_overdue_brand_all", SQL_QUEUE_OVERDUE_BRAND_ALL } },
	};
	static const struct queue_statement held[2] = { { "queue_age_mine", SQL_QUEUE_AGE_MINE },
							{ "queue_due_mine", SQL_QUEUE_DUE_MINE } };
	static const struct queue_statement tag[2] = { { "queue_tag_age", SQL_QUEUE_TAG_AGE },
						       { "queue_tag_due", SQL_QUEUE_TAG_DUE } };
	static const struct queue_statement nobody[2] = {
		{ "queue_free_age", SQL_QUEUE_FREE_AGE }, { "queue_free_due", SQL_QUEUE_FREE_DUE }
	};

	if (q->has_tag) {
		return tag[q->is_due];
	}
	if (q->is_free) {
		return nobody[q->is_due];
	}
	if (q->has_holder) {
		return held[q->is_due];
	}
	if (q->is_overdue && !q->is_due) {
		return overdue[q->is_far][q->has_brand];
	}
	return all[q->is_due][q->has_brand][q->has_platform];
}
