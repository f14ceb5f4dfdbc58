/* desk.h: the staff side: who asks, may they, and one statement that answers.
 *
 *   WAITING_FOR_DATABASE ──schema fits──▶ OPEN ──connection lost──▶ OPEN, answering 503 until it is back
 *            └──schema does not fit──▶ done(code): the process must not serve
 *
 * Owner:   main creates and destroys it; options are borrowed for its life.
 * Clock:   none; the database says what time it is.
 * Blocks:  a look into the table of users (getpwuid) for callers at the Unix socket.
 * Calls back: on_refused once, when the database is not one that this program fits.
 * Fails:   ERR_CONFIG when it cannot listen. */
#ifndef ANSWERD_DESK_DESK_H
#define ANSWERD_DESK_DESK_H

#include "answerd/err.h"
#include "daemon/conf/conf.h"
#include "daemon/io/loop.h"

struct desk;

struct desk_options {
	struct loop *loop;
	const struct conf *conf;
	void (*on_ready)(void *owner); /* the database fits; called once */
	void (*on_refused)(const char *why, void *owner);
	void *owner;
};

struct desk *desk_create(const struct desk_options *o, struct err *err);
void desk_start(struct desk *d);
/* A new configuration: hosts, proxies and the lease of an assignment are in force at once. Borrowed in place of the old one. */
void desk_reload(struct desk *d, const struct conf *conf);
void desk_stop(struct desk *d, void (*done)(void *owner), void *owner);
void desk_destroy(struct desk **d);
struct text desk_addresses(const struct desk *d, struct arena *a);

#endif
