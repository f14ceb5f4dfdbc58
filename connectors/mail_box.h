/* mail_box.h: what an IMAP server said. Private to the connector.
 *
 * Owner:   pieces borrow from the answer; lists live in the arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: lines that cannot be read are stepped over; an answer that was cut has what came whole. */
#ifndef ANSWERD_CONNECTORS_MAIL_BOX_H
#define ANSWERD_CONNECTORS_MAIL_BOX_H

#include "answerd/connector.h"

/* One line of FETCH. */
struct mail_item {
	int64_t uid, size;         /* 0: not said, or not readable */
	struct wall received;      /* INTERNALDATE */
	struct text bytes;         /* the beginning of the mail */
	bool has_bytes, is_broken; /* broken: a mail is spoken of and not given */
	struct text line;          /* the whole answer about it */
};

struct mail_folder {
	struct text name; /* as the server writes it */
	bool is_sent;     /* it says so itself (RFC 6154) */
};

struct mail_box {
	int64_t validity, next_uid; /* 0: not said */
	bool is_searched, is_odd;   /* odd: what was found cannot be read whole */
	struct mail_item *items;
	size_t n_items;
	int64_t found_least; /* of UID SEARCH, and of items; 0: none */
	size_t n_found;
	struct mail_folder *folders;
	size_t n_folders;
	bool is_whole; /* the last command's end was there */
	struct text
		stray; /* the first line that belongs to nothing: a literal's length was wrong */
	struct text refusal; /* a tagged NO or BAD: its words */
};

/* The answer to so many commands. */
void mail_box_read(struct arena *a, struct text body, int n_commands, struct mail_box *ret);

/* Is it an answer that can be worked with? Else err: by the login, by the refusal's code. */
bool mail_box_check(const struct connector_ctx *ctx, const struct response *r,
		    const struct mail_box *box, struct outcome *ret, struct err *err);

/* A folder's name as a quoted string; false where it holds what cannot be quoted. */
bool mail_box_quote(struct arena *a, struct text name, struct text *ret);

#endif
