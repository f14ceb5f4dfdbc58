/* respond.h: the machine that posts what staff queued, at most once, and finds out what became of it (RELIABILITY I3).
 *
 * What is to be done stands in the database (store/rules/48_outbox.sql): a turn is one statement, which commits the intent of every post
 * that it returns. This room makes requests of them, checks its lease right before each first byte, and writes down what came of it.
 *
 *   connection:  AWAY ──up──▶ BEGINNING ──sender──▶ READY ──lost──▶ AWAY
 *   a flight:    WAITING (its host has no room) ──▶ ASKING ──answer──▶ OVER ──written down──▶ gone
 *
 * Owner:   the worker's main. Borrows the loop; holds the configuration, and each flight the one that it began under.
 * Clock:   what is due is the database's; leases are measured on the boot clock, read anew before a handle is added.
 * Blocks:  never. Calls back: looked and asked, from the loop; done_stopped once, after respond_stop().
 * Fails:   every end of a request is an outcome in the database; what cannot be written down now is kept and written later. */
#ifndef ANSWERD_RESPOND_RESPOND_H
#define ANSWERD_RESPOND_RESPOND_H

#include "daemon/conf/conf.h"
#include "daemon/io/loop.h"

struct respond;
struct outcome;

struct respond_options {
	struct loop *loop;
	struct conf *conf;  /* secrets read; held as long as it is needed */
	const char *holder; /* this worker's name */
};

struct respond *respond_create(const struct respond_options *o);
/* Who counts what a look reads where reading costs money (outcome.read_ids); nobody else need. */
typedef void respond_looked(void *owner, struct text brand, struct text account, int64_t brand_id,
			    int64_t account_id, const struct outcome *o);
/* Who counts the requests that go to an account's host: n of them, before they leave. */
typedef void respond_asked(void *owner, struct text brand, struct text account, int64_t brand_id,
			   int64_t account_id, int64_t n);
void respond_tell(struct respond *r, respond_looked *looked, respond_asked *asked, void *owner);
void respond_start(struct respond *r);
/* The database knows the accounts now: time to say what can be posted on them. */
void respond_declare(struct respond *r);
/* A new configuration, checked and with its secrets. What is under way ends under the one that it began with. */
void respond_reload(struct respond *r, struct conf *conf);
/* Claims nothing more, lets posts end (20 s), writes down what came of them, the rest as unknown; then calls done. */
void respond_stop(struct respond *r, void (*done)(void *owner), void *owner);
void respond_destroy(struct respond **r);

#endif
