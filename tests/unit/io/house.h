/* house.h: what the tests of io/db share: one connection to the PostgreSQL of with_postgres.py, and what
 * it answered.
 *
 * Owner:   static state, one test at a time.
 * Clock:   the loop's; forty seconds of patience.
 * Blocks:  yes, these are tests.
 * Calls back: never.
 * Fails:   the test fails. */
#ifndef ANSWERD_TESTS_HOUSE_H
#define ANSWERD_TESTS_HOUSE_H

#include "daemon/io/db.h"
#include "tests/cm.h"

#define MAX_ANSWERS 2000

struct answer {
	int64_t number; /* which unit */
	bool is_ok;
	enum err_kind kind;
	char sqlstate[6], said[80], value[200], why[256];
	int n_rows;
};

struct town {
	struct db *db;
	int n_ups, n_downs, n_notified, n_sent, n_answers;
	struct err why;
	char payload[64];
	int stop_at_answers, stop_at_ups, stop_at_downs, stop_at_notified;
	struct answer answers[MAX_ANSWERS];
	bool is_inside_send, must_destroy;
	int resend_left;
};

extern struct town t;
extern struct loop *loop;
extern const char *conninfo;
extern const struct db_events events; /* they count in t */

void done(const struct db_result *r, void *owner); /* notes the answer in t */

void open_db(const char *where, const char *channel, const char *settings);
void send_params(const char *name, const char *sql, struct db_params **p);
void ask(const char *name, const char *sql);
void run_until(int answers, int ups, int downs,
	       int notified);           /* the first that is reached; 0: never */
const struct answer *last_answer(void); /* waits for all that was sent */

void sync_run(const char *sql);
int64_t sync_count(const char *sql);
void server(const char *action); /* stop, start … */

int set_up(void **state);
int tear_down(void **state);
/* Where is the database? False: there is none, and the tests are skipped. */
bool house_find(void);

#endif
