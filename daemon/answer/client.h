/* client.h: one request to the desk at a time, blocking, over its Unix socket or a URL.
 *
 * Owner:   the caller owns the client and each answer (answer_done()).
 * Clock:   none.
 * Blocks:  yes, up to the deadline of a minute.
 * Calls back: never.
 * Fails:   false: the desk could not be reached; err says where it was looked for and what to
 *          do. */
#ifndef ANSWERD_ANSWER_CLIENT_H
#define ANSWERD_ANSWER_CLIENT_H

#include "answerd/err.h"
#include "answerd/strbuf.h"

struct client;

struct desk_answer {
	int status;
	struct strbuf body;
};

/* `place`: a socket's path or a URL. token may be NULL. */
struct client *client_create(const char *place, const char *token);
void client_destroy(struct client **c);

/* path below /api/v1/, with its query. body NULL: GET. A POST carries an idempotency key of its own and is sent again once, with
 * the same key, when the connection broke. A GET that is answered 503 is asked again for a second. */
bool client_ask(struct client *c, const char *path, const char *body, struct desk_answer *ret,
		struct err *err);
void desk_answer_done(struct desk_answer *a);

#endif
