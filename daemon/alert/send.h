/* send.h: one telling to one channel, once. Whoever asks tries again.
 *
 * Owner:   send_start() copies what it needs; the channel's configuration must outlive the sending.
 * Clock:   signatures and letters carry the machine's own time, never the test clock's.
 * Blocks:  never. Calls back: done exactly once, never from inside send_start(), never after send_cancel().
 * Fails:   `failure` says why in words for people, without addresses or secrets; NULL: the channel took it
 *          (SMTP 250, webhook 2xx, journal written). */
#ifndef ANSWERD_ALERT_SEND_H
#define ANSWERD_ALERT_SEND_H

#include "daemon/conf/conf.h"
#include "daemon/io/http.h"

struct sender;
struct sending;

/* What a channel is told. */
struct telling {
	struct text id; /* the same at every attempt */
	struct text event;
	struct text title; /* one line */
	struct text text;  /* title and lines */
	struct text body;  /* JSON of DESIGN §6 */
	int64_t n;         /* alerts in it */
	bool is_again;     /* an attempt failed before */
};

typedef void send_done(const char *failure, void *owner);

struct sender *sender_create(struct loop *l);
void sender_destroy(struct sender **s); /* cancels what runs, without calling back */

/* False: its host has no room now; it would fail for no fault of its own. */
bool sender_has_room(const struct sender *s, const struct conf_channel *ch);
struct sending *send_start(struct sender *s, const struct conf_channel *ch, const struct telling *t,
			   send_done *done, void *owner);
void send_cancel(struct sending **s);

#endif
