/* listen.h: the machine that listens: leases accounts, asks platforms, stores what they say.
 *
 * One page of an account is in flight at a time, pages of different accounts overlap. Nothing that matters lives
 * here: kill the process at any instruction, and the next one goes on from the database.
 *
 *   account:  AWAY ──lease──▶ LOADING ──▶ READY ──ask──▶ ASKING ──page──▶ STORING ──committed──▶ READY
 *             AWAY ◀── lease lost, database connection lost, stop ── from any of them
 *
 * Owner:   the worker's main. Borrows the loop; holds the configuration; borrows the rules of natures until the next reload.
 * Clock:   mono for what is due, wall (loop_wall) for what platforms are told and asked.
 * Blocks:  never. Calls back: declared, from the loop; done_stopped once, after listen_stop().
 * Fails:   says so in the source's row and in the log, and tries again. */
#ifndef ANSWERD_LISTEN_LISTEN_H
#define ANSWERD_LISTEN_LISTEN_H

#include "answerd/text.h"
#include "daemon/conf/conf.h"
#include "daemon/io/loop.h"

struct listen;
struct nature_rules;
struct outcome;

struct listen_options {
	struct loop *loop;
	struct conf *conf;                /* secrets read; held as long as it is needed */
	const struct nature_rules *rules; /* decides what a message is */
	const char *holder;               /* this worker's name: host, pid and a random part */
	void (*declared)(
		void *owner); /* the database knows the configuration now; also after a reload */
	void *owner;          /* of declared */
};

struct listen *listen_create(const struct listen_options *o);
void listen_start(struct listen *l);

/* A new configuration, checked and with its secrets. The database hears of it first; then accounts that are new are leased,
 * those that are gone finish what they ask and are given back, changed ones finish what they ask and go on as the new file
 * says: the walks of their sources, and their rhythm, stay. The old rules may be destroyed when this returns. */
void listen_reload(struct listen *l, struct conf *conf, const struct nature_rules *rules);

/* Asks nothing more, lets pages that are being stored end (at most 5 s), gives the leases back, then calls done. */
void listen_stop(struct listen *l, void (*done)(void *owner), void *owner);
void listen_destroy(struct listen **l);

/* A respond_looked, its owner a struct listen: what a look for a reply reads is counted like all that is read. */
void listen_looked(void *listen, struct text brand, struct text account, int64_t brand_id,
		   int64_t account_id, const struct outcome *o);
/* A respond_asked: what replies and looks ask is of the account's budget, whoever listens there. */
void listen_asked(void *listen, struct text brand, struct text account, int64_t brand_id,
		  int64_t account_id, int64_t n);

/* How many accounts of the configuration are ours, how many of these listen: for the status line. */
void listen_count(const struct listen *l, int *ret_held, int *ret_listening, int *ret_configured);

#endif
