/* events.h: what changes in the house, told to every page that is open (GET events, server-sent events).
 *
 *   worker and acts ──NOTIFY answerd_event──▶ collected for 200 ms ──one event of a kind──▶ ring of the last ones ──▶ all streams
 *
 * A NOTIFY's payload is words: conversation:42, account:acme_social (any of its conversations), reply:7, alert, sources, queue
 * (anything), staff (who may what), oidc:5 (a sign-in was judged; told to nobody). It is a hint: pages fetch what they show. Ids grow for ever, also over a restart; who comes back
 * with the last one gets what was missed, or "reload" when that is not known any more.
 *
 * Owner:   events owns its streams' places; httpd owns the streams.
 * Clock:   ids begin at the wall clock's microseconds.
 * Blocks:  never. Calls back: never.
 * Fails:   while the database is away nothing is heard; "reload" is told when it is back. */
#ifndef ANSWERD_DESK_EVENTS_H
#define ANSWERD_DESK_EVENTS_H

#include "daemon/desk/inside.h"

struct events_options {
	struct loop *loop;
	const char *conninfo, *role;
	struct db *reader;                          /* asked whether who listens still may */
	void (*on_oidc)(int64_t flow, void *owner); /* a sign-in was judged */
	void *oidc_owner;
};

struct events *events_create(const struct events_options *o);
void events_start(struct events *e);
void events_destroy(struct events **e); /* after httpd */

/* GET events. */
void events_serve(struct work *w);

/* One event now, to all: `json` on one line. What is not kept is not repeated to who comes back (who is typing). */
void events_tell(struct events *e, const char *type, struct text json, bool is_kept);

#endif
