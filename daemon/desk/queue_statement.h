/* queue_statement.h: the statements of the queue's pages, one for each filter that has an index.
 *
 * Owner:   everything is constant.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_DESK_QUEUE_STATEMENT_H
#define ANSWERD_DESK_QUEUE_STATEMENT_H

#include <stdbool.h>

struct queue_wanted {
	bool is_due, has_brand, has_platform, has_holder, is_overdue, has_tag, is_free;
	bool is_far; /* what is overdue does not stand at the head of the queue: all of it, sorted */
};

struct queue_statement {
	const char *name, *sql;
};

struct queue_statement queue_statement_of(const struct queue_wanted *q);

#endif
