/* rude.h: what the tests of io/http share: one client, and the rude server of with_rude_server.py.
 *
 * Owner:   static state, one test at a time.
 * Clock:   the loop's; twenty seconds of patience.
 * Blocks:  yes, these are tests.
 * Calls back: never.
 * Fails:   the test fails. */
#ifndef ANSWERD_TESTS_RUDE_H
#define ANSWERD_TESTS_RUDE_H

#include "daemon/io/http_inside.h"
#include "tests/cm.h"

struct seen {
	int n_calls;
	int status;
	enum err_kind kind;
	char why[256], body[4000];
	size_t body_len;
	char which[40];
	bool is_cut, has_headers;
};

extern struct loop *loop;
extern struct http *http;
extern const char *port, *tls_port;
extern struct seen seen[80];
extern int n_seen;
extern const struct http_terms near;

void done(const struct response *r, const struct err *err, void *owner); /* notes it in a seen */
void run(int until); /* until so many are answered */
struct http_transfer *begin(const struct request *r, const struct http_terms *t, struct seen *s);
/* One request to the rude server, answered. */
struct seen *ask(enum http_method method, const char *path, bool once, const char *body);
struct seen *get(const char *path);
struct seen *get_url(const char *url, const struct http_terms *t);

int set_up(void **state);
int tear_down(void **state);
/* Where is the server? False: it is not there, and the tests are skipped. */
bool rude_find(void);

#endif
