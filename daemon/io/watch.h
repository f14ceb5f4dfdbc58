/* watch.h: what the system and the service manager tell us, and what we tell them.
 *
 * Owner:   main creates and destroys it.
 * Clock:   the watchdog's ping is a timer; RELOADING carries the manager's monotonic clock.
 * Blocks:  never. Calls back: events, from the loop.
 * Fails:   silently: without a service manager there is nobody to tell (a shell run). */
#ifndef ANSWERD_IO_WATCH_H
#define ANSWERD_IO_WATCH_H

#include "daemon/io/loop.h"

struct watch;

struct watch_events {
	void (*on_stop)(bool is_second,
			void *owner);   /* SIGTERM, SIGINT; a second one: at once (I12) */
	void (*on_reload)(void *owner); /* SIGHUP; end it with watch_ready() */
};

/* First of all in main(), before files are read: to be stopped ends the process (0, nothing is held yet), a wish to reload is kept for the
 * loop that watch_create() is given. */
void watch_early(void);

/* Ignores SIGPIPE from here on (LIBS §1.7, §2.13). Pings the watchdog where one is asked for, from
 * the lowest priority: it proves that the loop turns, nothing else. */
struct watch *watch_create(struct loop *l, const struct watch_events *e, void *owner);
void watch_destroy(struct watch **w);

/* This process holds secrets and people's words: it leaves no core behind, and only root may look into it (RELIABILITY S1). */
void watch_leave_no_core(void);

/* Every open page holds a connection: as many files as the system lets us have, up to 8,192. */
void watch_open_many(void);

void watch_ready(struct watch *w);     /* READY=1, also at the end of a reload */
void watch_reloading(struct watch *w); /* before the new configuration is read */
void watch_stopping(struct watch *w);  /* the last thing but the work itself */
void watch_status(struct watch *w,
		  const char *status); /* one line for people; w may be NULL: before there is one */

#endif
