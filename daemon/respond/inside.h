/* inside.h: what the files of this room share. Nobody else includes it.
 *
 * respond.c  the machine: its session, turns, life
 * flight.c   one reply on its way, or one look for it
 * outcome.c  what an answer means, and writing it down
 * declare.c  what brands want and accounts can, as the database knows it
 *
 * Owner, clock, blocks, fails: as respond.h. */
#ifndef ANSWERD_RESPOND_INSIDE_H
#define ANSWERD_RESPOND_INSIDE_H

#include "answerd/connector.h"
#include "answerd/log.h"
#include "answerd/strbuf.h"
#include "daemon/base/list.h"
#include "daemon/io/db.h"
#include "daemon/io/http.h"
#include "daemon/respond/respond.h"

#define MAX_FLIGHTS  32
#define LEASE        DUR_S(30) /* of an attempt: as rules/48_outbox.sql gives it */
#define POST_TIMEOUT DUR_S(20) /* of its transfer; also how long a stop waits for it */
#define LEASE_SPARE  DUR_S(2)  /* what the lease outlives it by, at least */
#define LOOK_LIMIT   DUR_S(45) /* of one read-back, all its pages; its lease is 60 s */
#define LOOK_PAGES   40
#define FILE_STEPS   4 /* of one filing */

/* One row of a claim, and what becomes of it. */
struct flight {
	uint32_t magic;
	struct list link;
	struct respond *respond;
	struct arena *arena;   /* the posting and all its texts */
	struct conf *snapshot; /* held; `conf` lives in it */
	const struct conf_account *conf;
	struct text brand;
	int64_t brand_id, account_id, reply_id, attempt_id;
	enum op op; /* OP_REPLY, OP_LOOKUP, OP_FILE */
	struct posting posting;
	struct text own_id, own_handle, facts;
	struct secret session;
	struct text state; /* of the walk of a look, or of filing */
	int n_pages;
	struct mono claimed_at; /* boot clock, before the claim was sent: the lease began later */
	struct http_terms terms;
	struct http_transfer *transfer;
	bool is_waiting; /* for room at its host */
	/* What came of it. */
	bool is_over, is_reporting;
	const char *outcome; /* of a post: as answerd.reply_outcome() takes it */
	bool to_file;        /* posted, and a copy of it is to be filed */
	struct text id, permalink, reason;
	struct wall not_before;
};

struct respond {
	struct respond_options o;
	struct conf *snapshot;
	struct http *http;
	struct db *db;  /* claims and outcomes; its session holds the lock that says that we live */
	struct db *ear; /* NOTIFY: something was queued */
	struct list flights;
	int n_flights;
	int64_t sender; /* 0: not begun */
	int64_t last_attempt;
	bool is_declared, is_declaring, is_claiming, must_claim, is_stopping;
	struct mono chores_at, complained_at, claimed_at, declared_at;
	ev_timer turn, ending;
	void (*done_stopped)(void *owner);
	void *stop_owner;
	respond_looked *looked; /* NULL: nobody counts */
	respond_asked *asked;   /* NULL: nobody counts */
	void *count_owner;
};

/* respond.c */
void respond_wake(struct respond *r, struct dur in);
void respond_complain(struct respond *r, const struct db_result *why);
void respond_flight_gone(struct respond *r);

/* flight.c */
void flight_start(struct respond *r, const struct db_result *row_of, int row);
void flight_go(struct flight *f); /* asks, or waits for room */
void flight_cancel(struct flight *f);
void flight_destroy(struct flight *f);
struct connector_ctx flight_ctx(const struct flight *f, struct arena *arena);
struct question flight_question(const struct flight *f);

/* outcome.c */
void outcome_of_answer(struct flight *f, const struct response *r);
void outcome_of_failure(struct flight *f, const struct err *err,
			bool is_unasked); /* is_unasked: no byte was sent */
void outcome_settle(struct flight *f, const char *outcome, const char *reason);
void outcome_report(struct flight *f);

/* declare.c */
void respond_declaration(const struct conf *conf, struct strbuf *out);
bool declare_can_post(const struct conf_account *c);

#endif
