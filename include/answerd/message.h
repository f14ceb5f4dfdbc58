/* message.h: one normalised thing somebody said, as a connector makes it of a platform's element.
 *
 * Owner:   all text lives in the arena of the page.
 * Clock:   wall times of the platform, kept as they came.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_MESSAGE_H
#define ANSWERD_MESSAGE_H

#include "answerd/clock.h"
#include "answerd/strbuf.h"
#include "answerd/text.h"

/* Decided from what the message is, never from which source saw it. */
enum message_kind {
	MESSAGE_MENTION, /* names us, answers nobody */
	MESSAGE_COMMENT, /* below a post or article (blogs, pages) */
	MESSAGE_REPLY,   /* answers another message */
	MESSAGE_DIRECT,  /* not public */
	MESSAGE_REVIEW,
	MESSAGE_POST,  /* answers nobody, names nobody of ours: our own posts, search hits */
	MESSAGE_OTHER, /* reactions, boosts, follows, kinds that we do not know */
};

enum message_direction {
	MESSAGE_INBOUND,
	MESSAGE_OUTBOUND, /* by our own account */
};

/* May a reply of ours be read by everybody? A reply copies it. */
enum message_visibility { MESSAGE_PUBLIC, MESSAGE_UNLISTED, MESSAGE_FOLLOWERS, MESSAGE_PRIVATE };

struct message {
	struct text external_id; /* unique within the account; prefixed where the platform has
				    several id spaces */
	struct text parent_id;   /* what it answers, boosts or reacts to; empty: nothing */
	struct text thread_id; /* only where the platform says which exchange it belongs to (direct
				  messages); empty: follow the parents */
	struct text peer_id;   /* outbound with a thread_id: the customer at the other end */
	enum message_kind kind;
	enum message_direction direction;
	enum message_visibility visibility;
	bool is_named;     /* to us as it stands: names us, is direct, is on what is ours */
	bool is_about;     /* matches a search of ours (about-us) */
	bool is_automatic; /* written by a program, so never an answer */
	struct text author_id, author_handle, author_name; /* handle without '@' */
	struct text body;                                  /* plain text, clean */
	struct text
		words; /* of it, what its author wrote now, where it also quotes others; empty: all of it */
	struct text warning;   /* content warning, subject or title; empty: none */
	struct text language;  /* BCP 47 as the platform says, empty: unknown */
	struct text permalink; /* http(s) or empty */
	struct wall posted_at; /* the platform's time, raw; 0 when missing or unreadable */
	struct wall edited_at; /* 0: never */
	struct text revision;  /* grows or changes with edits: Bluesky's CID; empty where edited_at
				  tells */
	struct text
		names[64]; /* ids of the people it names, without the author and us; LIMIT_NAMES */
	size_t n_names;
	struct text raw; /* the element's bytes as they came (slice of the page) */
};

/* An element that is not a message we can read. */
struct quarantined {
	struct text raw;
	struct text external_id; /* when it could be found, else empty */
	char reason[160];
};

const char *message_kind_name(enum message_kind k); /* "mention" … */
const char *message_direction_name(enum message_direction d);
const char *
message_visibility_name(enum message_visibility v); /* public unlisted followers private */

/* The same backwards. A kind that we do not know is `other`; a visibility that we do not know is not published: `private`. */
enum message_kind message_kind_of(struct text name);
enum message_visibility message_visibility_of(struct text name);

/* Content hash over the normalised fields: differs exactly when a person would call it edited. */
uint64_t message_hash(const struct message *m);

/* Canonical JSON line (sorted keys, no blanks, RFC 3339 times), as `answerd digest` prints it. */
void message_print(const struct message *m, struct strbuf *out);
void quarantined_print(const struct quarantined *q, struct strbuf *out);

#endif
