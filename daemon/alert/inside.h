/* inside.h: what the files of this room share. Nobody else includes it.
 *
 * alert.c    the machine: turns, who speaks, what is under way
 * declare.c  channels and health as the database knows them
 * notice.c   telling health.notify without a database
 * tell.c     answerd tell
 * send.c     one telling to one channel · letter.c a mail · sign.c a signature
 *
 * Owner, clock, blocks, fails: as alert.h. */
#ifndef ANSWERD_ALERT_INSIDE_H
#define ANSWERD_ALERT_INSIDE_H

#include "answerd/log.h"
#include "answerd/strbuf.h"
#include "daemon/alert/alert.h"
#include "daemon/alert/send.h"
#include "daemon/base/list.h"
#include "daemon/io/db.h"

struct notice;

struct alert {
	struct alert_options o;
	struct db *db;  /* turns; its session holds the lock of the one that speaks */
	struct db *ear; /* NOTIFY: something was raised */
	struct sender *sender;
	struct list flights; /* struct flight: tellings under way */
	int n_flights;
	bool is_declared, is_turning, is_locked, is_leading, is_stopping;
	bool must_declare; /* it changed while it was being declared */
	int64_t wait_us;   /* as the last turn said */
	bool has_reload; /* something to write about a reload: reload_text, NULL that all is well */
	char *reload_text;
	bool must_turn; /* something happened during a turn */
	struct mono chores_at, all_chores_at, complained_at;
	ev_timer turn, away, ending;
	struct mono away_since; /* 0: the database is there */
	struct wall away_at;    /* the same for people */
	struct notice *notice;  /* about the database, under way */
	bool has_told_away;
	void (*done_stopped)(void *owner);
	void *stop_owner;
};

/* declare.c */
void declare_write(const struct conf *conf,
		   struct strbuf *out); /* JSON of answerd.declare_alerts() */

/* notice.c: one text to all of health.notify; each channel until it took it. */
struct notice_options {
	struct loop *loop;
	struct sender *sender;
	const struct conf *conf; /* names and channels are looked up at once and copied as needed */
	struct text event, title, text;
	struct dur limit; /* then it is given up */
	void (*done)(void *owner);
	void *owner;
};
/* NULL: health.notify names nobody. done comes from the loop, once, when all took it or the time is over. */
struct notice *notice_start(const struct notice_options *o);
void notice_count(const struct notice *n, int *ret_told, int *ret_of);
void notice_destroy(struct notice **n);

const struct conf_channel *channel_named(const struct conf *conf, struct text name);

#endif
