/* can_reply.h: why an entry of the queue can be answered or not, without a look at each: one row an account, asked for at most twice a
 * second, however many staff look. The database says the same of single entries (answerd.entry_json); a test holds the two together.
 *
 * Owner:   the queue; sentences are borrowed until the loop's next turn.
 * Clock:   the loop's mono for its age; an entry's instant is passed in.
 * Blocks:  never. Calls back: never.
 * Fails:   never: what is not known cannot be answered, and says so. */
#ifndef ANSWERD_DESK_CAN_REPLY_H
#define ANSWERD_DESK_CAN_REPLY_H

#include "answerd/strbuf.h"
#include "daemon/io/db.h"

struct can_reply;

struct can_reply *can_reply_create(struct loop *l);
void can_reply_destroy(struct can_reply **c);

/* Reads it anew when it is old. Answers of one line come in order: before the page that is asked for next. */
void can_reply_ask(struct can_reply *c, struct db *line);

struct can_reply_entry {
	int64_t account_id;
	struct text id, kind;
	struct wall since, now;
	int64_t n_messages;
};
/* The entry's members `can_reply` and `why_not`, each with a comma before it. */
void can_reply_print(const struct can_reply *c, struct strbuf *out, struct arena *scratch,
		     const struct can_reply_entry *e);
/* The page's members `attention`, `needs_human` and `is_panic`: what a person must do about replies; nothing: no members. */
void can_reply_print_attention(const struct can_reply *c, struct strbuf *out);

#endif
