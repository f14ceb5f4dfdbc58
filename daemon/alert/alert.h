/* alert.h: the machine that tells people who waits too long, and when nobody listens (RELIABILITY I4).
 *
 * Everything that it knows stands in the database (store/rules/44 to 46): the sweep, groups and tellings are one statement a
 * turn; this room takes the tellings that are due to their channels and writes down what came of it. Of several workers one
 * speaks. While the database is away it says that itself, once, and when it is back.
 *
 *   FOLLOWING ──lock free, or its holder frozen──▶ LEADING ──connection lost──▶ FOLLOWING
 *
 * Owner:   the worker's main. Borrows loop and configuration (secrets read), which must outlive it.
 * Clock:   what is due is the database's; the loop's mono for pauses.
 * Blocks:  never. Calls back: done_stopped once, after alert_stop().
 * Fails:   by trying again; what channels say stands in answerd.channel and in the log. */
#ifndef ANSWERD_ALERT_ALERT_H
#define ANSWERD_ALERT_ALERT_H

#include "daemon/conf/conf.h"
#include "daemon/io/loop.h"

struct alert;

struct alert_options {
	struct loop *loop;
	const struct conf *conf;
	const char *holder; /* this worker's name */
};

struct alert *alert_create(const struct alert_options *o);
void alert_start(struct alert *a);
/* A new configuration, checked and with its secrets read. What is under way ends as it began and holds nothing of the old
 * one, which may be freed afterwards. */
void alert_reload(struct alert *a, const struct conf *conf);
/* A reload was refused, in a sentence; NULL: one was taken. Told like every alert, once the database is there. */
void alert_about_reload(struct alert *a, const char *text);
/* Claims nothing more, lets what is under way end (at most 5 s), then calls done. */
void alert_stop(struct alert *a, void (*done)(void *owner), void *owner);
void alert_destroy(struct alert **a);

/* `answerd tell TEXT`: to all of health.notify, without a database; tries for about a minute. How many channels took it
 * stands in *ret_told; true when all did. */
bool alert_tell(const struct conf *conf, struct text text, int *ret_told, int *ret_of);

#endif
