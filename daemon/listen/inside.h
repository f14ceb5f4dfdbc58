/* inside.h: what the files of this room share. Nobody else includes it.
 *
 * lease.c    which accounts are ours; heartbeat
 * account.c  one account's machine: what to ask next, and when
 * account_life.c  an account comes, takes its configuration, and goes
 * background.c  what is read when no news are due
 * ask.c      one question: request, answer, digest
 * session.c  sessions: who renews one, where it is kept, a new one that a person brought
 * page.c     one page into the database, and what came of it
 * hearing.c  signs of deafness in the answers
 * refill.c   gaps, walked through again
 * budget.c   how much we may ask
 * reading.c  what reading costs, and how much of it a month may have
 * reload.c   a new configuration: accounts come, go and change
 *
 * Owner, clock, blocks, fails: as listen.h. */
#ifndef ANSWERD_LISTEN_INSIDE_H
#define ANSWERD_LISTEN_INSIDE_H

#include "answerd/connector.h"
#include "daemon/base/list.h"
#include "daemon/io/db.h"
#include "daemon/io/http.h"
#include "daemon/listen/listen.h"

#define MAX_WRITERS       2  /* backends; a page is mostly their work */
#define MAX_PAGES_STORING 4  /* back-pressure: pages handed to the database and not yet committed */
#define MAX_THREADS_DUE   16 /* taken from the database at once */
#define MAX_RECHECKS      100
#define REFRESH_TIMEOUT                                                                            \
	DUR_S(45)          /* its answer is worth more than others: also after a pause of ours */
#define MAX_REMEMBERED 128 /* of a page; 1 KB a source at most */

#define BUDGET_SPANS 16 /* parts of a window in which requests are counted */

struct budget {
	struct rate rate; /* as the platform last said */
	int32_t used[BUDGET_SPANS +
		     1];           /* of the window, newest first: used where it says nothing */
	int64_t span;              /* which one used[0] is */
	struct mono asked_at;      /* 0: never */
	struct mono background_at; /* something that is no news was asked */
	struct mono not_before;    /* the platform said wait */
};

/* How much to ask for at once: less after an answer that was larger than we read. */
struct portion {
	int limit;        /* elements; 0: as many as the connector likes */
	unsigned n_small; /* answers in a row that were so small that twice as much would fit */
};

/* The same for whoever listens next, as it is kept in the account's row. */
struct budget_facts {
	int32_t used[BUDGET_SPANS + 1];
	int64_t age_us;
	int64_t limit, left, reset_us; /* limit 0: the platform says nothing */
	int64_t after_us;              /* 0: it did not say wait */
};

/* One source of one account. */
struct feed {
	struct text name;
	int64_t source_id, seq;
	char *state, *sweep_state;
	bool is_imported, is_walking, is_sweeping;
	bool is_unread; /* the database knows that most of what it serves cannot be read */
	struct mono poll_at, sweep_at;
	struct wall asked_at, sweep_since; /* when the walk under way began */
	int n_pages;                       /* of the walk under way, this round */
	struct portion portion;
	unsigned n_failed, n_sweep_failed; /* one after the other */
	/* What the last page held, as it is in the database: the overlap of the next poll is not sent again. */
	uint64_t *remembered;
	size_t n_remembered, n_sending;
};

/* Of an account: a configuration that waits to be taken. snapshot NULL: none. */
struct reload {
	struct conf *snapshot;
	const struct conf_account *conf;
	const struct conf_brand *brand;
};

/* A gap that is being walked through, from new to old. */
struct refill {
	int64_t gap_id; /* 0: none at hand */
	int64_t source_id;
	char *state;
	struct wall from;  /* where the gap begins */
	int64_t oldest_us; /* of the page at hand; 0: it showed no message */
	bool has_hole, is_done;
	int n_pages;    /* of this round */
	struct mono at; /* look for one, or go on */
};

#define READING_DAY                                                                                \
	8192 /* elements of one day that are known again; a platform charges each once a day */

/* What was read where reading costs money, by UTC months and days. */
struct reading {
	int64_t month; /* months since year 0; 0: not known yet */
	int64_t n;     /* in this month */
	int64_t cost;  /* of this month, posts included, in millionths of a US dollar */
	int64_t day;   /* since 1970 */
	uint64_t *seen;
	size_t n_seen;
	bool is_told; /* the budget is used up, and a person knows */
};

enum phase { PHASE_AWAY, PHASE_LOADING, PHASE_READY, PHASE_QUEUED, PHASE_ASKING, PHASE_STORING };

struct thread_due {
	char *subject, *root; /* root NULL: wanted for an unseen parent */
};

/* What is being asked. */
struct job {
	enum op op;
	struct feed *feed; /* POLL, SWEEP */
	struct wall asked_at;
	bool is_confirming;  /* this IDENTIFY decides whether a 401 is meant */
	bool is_refill;      /* SWEEP: of a gap */
	struct wall next_at; /* this source is not to be asked before; 0: as configured */
	bool is_unasked;     /* the connector needs no answer from the platform for it */
};

struct account {
	uint32_t magic;
	struct listen *listen;
	size_t at;             /* its place in listen->accounts */
	struct conf *snapshot; /* held; `conf` and `brand` live in it */
	const struct conf_account *conf;
	const struct conf_brand *brand;
	struct reload next; /* what it becomes when it is idle and the database knows of it */
	bool has_news;      /* of which open pages have not heard */
	bool is_leaving;    /* it is no longer configured: nothing more is asked */
	bool is_surplus;    /* another worker has less than its share and gets this one */
	struct mono abstain_until; /* it was given away: others come first */
	enum {
		RESTORE_NOT,
		RESTORE_EXACTLY,
		RESTORE_CAREFULLY
	} restore;   /* its budget, when loaded */
	int n_calls; /* statements whose answers will come to us */
	char *realm;
	int64_t brand_id, account_id, epoch;
	int64_t beat_epoch; /* the epoch that the last heartbeat named */
	bool is_locked, is_being_taken;
	struct db *writer;
	enum phase phase;
	struct list link; /* in listen->waiting while QUEUED */
	uint64_t pass;    /* the last one in which it had a look */
	uint64_t host;    /* equal for accounts that ask one server under equal terms; 0: unknown */
	struct http_terms terms;

	struct feed *feeds;
	size_t n_feeds;
	int64_t threads_id, rechecks_id;

	char *own_id, *own_handle, *facts;
	struct secret session;
	struct wall session_until, session_token_until;
	int64_t session_seq;   /* of the one we have, in the database; 0: none */
	int64_t warned_seq;    /* of one that our token does not open */
	int64_t session_claim; /* our right to renew it; 0: none */
	struct mono claimed_at;
	bool has_ended; /* the platform says so: renew it */
	bool is_keeping;
	bool is_unkept; /* it is newer than the database's: nothing is done before it is stored */
	bool is_unsure; /* an answer that renewed it may have been lost */
	char *refresh_state;
	struct mono refreshed_at;
	unsigned n_refresh_failed;
	bool must_identify, is_refused, must_confirm, has_rechecked;
	bool is_failing; /* told so, as no session could be had, or nobody said who we are */
	char *identify_state;
	struct mono identify_at, refresh_at;
	unsigned n_failed; /* connection level, in a row */
	struct budget budget;
	int64_t elsewhere; /* requests for replies that other workers made, as the database counts them; -1: not known */
	bool is_paced; /* only walks go on at once, the rest is spread */

	struct thread_due threads[MAX_THREADS_DUE];
	size_t n_threads, thread_now;
	char *thread_state;
	int n_thread_pages;
	struct portion thread_portion;
	struct mono threads_at, known_thread_at;

	char *rechecks[MAX_RECHECKS];
	size_t n_rechecks, recheck_done;
	unsigned n_recheck_failed; /* in a row */
	char *recheck_state, *recheck_before_id;
	struct portion recheck_portion;
	int64_t recheck_before_us;
	struct mono rechecks_at;
	struct refill refill;
	struct reading reading;
	struct mono
		skewed_at; /* first of the answers in a row whose clock disagrees with what the database knows; 0: none */
	unsigned n_skewed;
	bool is_skewed; /* the database knows it */
	unsigned turn;  /* every fourth goes to the background */

	struct job job;
	struct http_transfer *transfer;
	ev_timer timer;
};

struct heard {
	int32_t *brands, *accounts, *sources;
	int64_t *epochs, *asked;
	size_t n, room;
};

struct listen {
	struct listen_options o;
	struct http *http;
	struct db *writers
		[MAX_WRITERS]; /* pages; each account keeps to one, so its pages stay in order */
	bool has_second;       /* a single account needs one writer only */
	struct db *keeper;     /* leases: its session holds the advisory locks */
	struct account **accounts;
	size_t n_accounts;
	uint64_t
		*own_hashes; /* of own_id, side by side: every author is looked up in all of them */
	uint64_t *keys;      /* of brand and name, side by side */
	struct conf *snapshot;         /* held: the configuration that is, or is being, declared */
	struct list waiting;           /* accounts that want a slot */
	uint64_t pass;                 /* of looking through them */
	const struct account *refused; /* in this pass: its host had no room */
	int n_storing;
	struct heard heard;
	ev_timer beat, flush, ending, settle;
	ev_timer news; /* open pages are told what was stored */
	bool is_declared, is_stopping;
	struct mono beat_at; /* the next heartbeat; we look for free accounts more often */
	bool is_looking, is_looking_at_sessions;
	bool must_declare, is_declaring; /* the database does not know the newest configuration */
	bool has_refused;                /* the database did not take all of it */
	struct mono declare_at;          /* not before; what it refused is said again then */
	unsigned n_declare_failed;
	bool must_renew; /* deadlines: a batch failed, try again with the next beat */
	uint64_t random;
	void (*done_stopped)(void *);
	void *stop_owner;
};

/* account_life.c */
struct account *account_create(struct listen *l, struct conf *snapshot, const struct conf_brand *b,
			       const struct conf_account *c);
void account_destroy(struct account **a);
/* Terms, realm and feeds as the configuration says; feeds whose names are known go on as they are. True: some are new. */
bool account_configure(struct account *a, const struct reload *to);
size_t account_sources(const struct conf_account *c,
		       struct text *ret); /* ret has room for `always` and `listen` */
void account_realm(const struct conf_account *c, struct strbuf *out);
/* A statement whose answer comes to the account: `done` begins with a->n_calls--. */
bool account_send(struct account *a, struct db *d, const char *name, const char *sql,
		  struct db_params **p, db_done *done);

/* account.c */
void account_leased(struct account *a, int64_t epoch, bool is_locked);
void account_given(struct account *a); /* in good order, to another worker */
void account_lost(struct account *a, const char *why);
void account_ready(struct account *a); /* the job is over: on to the next */
void account_step(struct account *a);
void account_reload(struct account *a); /* read the walks' states from the database again */
void account_failed(struct account *a, const struct err *why,
		    const struct outcome *o); /* the job failed */
void account_asked_elsewhere(struct account *a,
			     int64_t n);   /* so much until now, by other workers */
void account_confirmed(struct account *a); /* the platform answered: the connection is fine */
struct feed *account_feed(struct account *a, struct text name);
void account_set_own_id(struct account *a, struct text id);
void account_set_state(struct account *a, const char *state, const char *reason);
const char *account_label(const struct account *a);
struct mono account_now(const struct account *a);
bool account_is_due(struct mono at, struct mono now,
		    struct mono *wake); /* if not, *wake is brought forward to it */

/* background.c */
bool background_choose(struct account *a, struct mono now,
		       struct mono *wake); /* true: a job, or a list is being fetched */
void background_thread_read(
	struct account *a); /* the thread at hand: remembered in the database, on to the next */
void background_asking(struct account *a); /* what was chosen is asked now */
void background_news(struct account *a);
void background_forget_threads(struct account *a);
void background_forget_rechecks(struct account *a);
bool background_recheck_failed(struct account *a); /* true: its list goes on, a little later */
bool background_sweep_failed(struct feed *f); /* true: it goes on where it was, a little later */
size_t background_recheck_batch(const struct account *a); /* ids in one question */

/* ask.c */
void ask_start(struct account *a);
void ask_answer_unasked(struct account *a);
void ask_cancel(struct account *a); /* but a question for a session goes on: its answer counts */

/* session.c */
void session_loaded(struct account *a, struct text sealed, int64_t until_us, int64_t seq);
void session_forget(struct account *a);
bool session_may_refresh(struct account *a); /* false: later, the account is stepped again */
void session_renewed(struct account *a, const struct outcome *o);
void session_not_renewed(struct account *a, const struct err *why, bool is_answered,
			 struct err *ret); /* *ret: what people are told */
void session_keep(struct account *a);      /* what is_unkept */
const char *session_explain(const struct account *a, const struct err *why,
			    struct arena *arena); /* with the remedy */
struct text session_place(const struct account *a,
			  struct arena *arena); /* what a sealed session is bound to */
void sessions_look(struct listen *l);

/* page.c */
int64_t page_source_id(const struct account *a); /* of the job at hand; 0: the account itself */
bool page_is_worth_storing(const struct account *a, const struct outcome *o);
void page_store(struct account *a, const struct outcome *o, struct arena *arena);
void page_quarantine(struct account *a, const struct response *r, const struct err *why,
		     struct arena *arena);

/* news.c: open pages are told that the account's conversations have changed, all accounts together, at most ten times a second. */
void news_init(struct listen *l);
void news_add(struct account *a);
void news_stop(struct listen *l);

/* hearing.c: each is told to the database only when it changes. */
void hearing_clock(struct account *a, const struct response *r);
void hearing_page(struct account *a, const struct outcome *o);
void hearing_token(struct account *a, struct wall until);
void hearing_hole(struct account *a, const struct outcome *o);
int64_t
hearing_oldest(const struct outcome *o); /* of its messages, microseconds; 0: none has a time */

/* reading.c */
void reading_load(struct account *a, int64_t n, int64_t cost);
void reading_page(struct account *a, const struct outcome *o); /* counts what an answer brought */
void reading_forget(struct account *a);
/* May news, may old pages be read? When not, *wake is brought forward to when to look again. */
bool reading_allows(struct account *a, bool is_background, struct mono now, struct mono *wake);

/* refill.c */
bool refill_choose(struct account *a, struct mono now,
		   struct mono *wake); /* true: as background_choose() */
struct feed *refill_feed(struct account *a);
void refill_page(struct account *a, const struct outcome *o); /* is about to be stored */
void refill_stored(struct account *a);
void refill_forget(struct account *a);

/* lease.c */
void lease_start(struct listen *l);
void lease_kick(struct listen *l); /* looks at once for accounts to take */
void lease_heard(struct account *a, int64_t source_id,
		 struct wall asked_at); /* asked_at 0: no poll of news */
void lease_failed(struct account *a, int64_t source_id, const struct err *why);
void lease_give_back(struct listen *l);
void lease_end(struct account *a);    /* gives this one back */
void lease_budget(struct account *a); /* what its platform allows, into its row, now */

/* reload.c */
void reload_start(struct listen *l);
/* What we knew about being let in is worth nothing, and a person who has mended it does not wait. */
void account_enter_anew(struct account *a);
void reload_declared(struct listen *l);  /* the database knows the newest configuration */
bool reload_holds_up(struct account *a); /* true: it has to change or to go first, and will */

/* promises.c */
void promises_add(struct strbuf *b, const struct conf *c); /* members of the declaration */
void promises_add_holidays(struct strbuf *b, const struct conf_brand *brand);
void promises_renew(
	struct listen *l); /* deadlines of what waits, batch after batch until all are right */

/* listen.c */
struct account *listen_find(const struct listen *l, struct text brand, struct text name);
void listen_add_account(struct listen *l, struct account *a);
void listen_remove_account(struct listen *l, struct account *a);
bool listen_take_slot(struct account *a); /* false: QUEUED, and stepped again when there is room */
void listen_give_slot(struct listen *l);
uint64_t listen_random(struct listen *l);

/* budget.c */
void budget_init(struct budget *b);
bool budget_may_ask(struct budget *b, const struct connector_can *can, struct mono now,
		    struct wall wall, struct mono *ret_at);
struct mono budget_paced_until(const struct budget *b, struct mono now,
			       struct wall wall); /* ordinary questions wait */
struct mono budget_background_at(struct budget *b, const struct connector_can *can, struct mono now,
				 struct wall wall); /* what is no news waits, by the sheet */
struct budget_facts budget_tell(struct budget *b, const struct connector_can *can, struct mono now,
				struct wall wall);
void budget_restore(struct budget *b, const struct connector_can *can, const struct budget_facts *f,
		    bool is_exact, struct mono now, struct wall wall);
struct text budget_write(const struct budget_facts *f, struct arena *arena);
void budget_read(struct text t, struct budget_facts *f);
void budget_asked(struct budget *b, const struct connector_can *can, struct mono now);
/* So many requests went to the host without being listening's own: replies, looks for them. */
void budget_spent(struct budget *b, const struct connector_can *can, int64_t n, struct mono now);
void budget_told(struct budget *b, const struct rate *r);
void budget_limited(struct budget *b, struct wall until, struct wall wall, struct mono now);

void set_string(char **at, struct text value); /* heap copy, NULL for an empty one */

#endif
