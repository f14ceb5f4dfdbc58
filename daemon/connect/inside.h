/* inside.h: what the files of this room share. Nobody else includes it.
 *
 * connect.c  the walk with a person, from the configuration to the end
 * ask.c      operations of the connector over io/http, one after the other
 * door.c     the loopback address to which a browser comes back; and what is pasted
 * keep.c     token files, and the session in the database
 * talk.c     words on a terminal
 *
 * Owner, clock, blocks, fails: as connect.h. Everything secret lives in the arena or in a struct secret, and ends with it. */
#ifndef ANSWERD_CONNECT_INSIDE_H
#define ANSWERD_CONNECT_INSIDE_H

#include "answerd/connector.h"
#include "daemon/connect/connect.h"
#include "daemon/io/http.h"

struct db_sync;

#define EXIT_REFUSED     1
#define EXIT_USAGE       2
#define EXIT_INTERRUPTED 130
#define ANSWERS_MOST     64

struct visit {
	const struct connect_options *o;
	const struct conf *conf;
	const struct conf_brand *brand;
	const struct conf_account *account;
	const struct connector *connector;
	struct arena *arena;
	struct arena *answers[ANSWERS_MOST];
	size_t n_answers;
	struct loop *loop;
	struct http *http;
	struct db_sync *db;
	char path[4096];     /* of the file with the token */
	struct secret token; /* as it will be used; empty: none yet */
	bool is_token_new;   /* it does not stand in its file yet */
	/* as the database has it */
	int64_t brand_id, account_id;
	struct text own_id, own_handle, facts;
	/* as it becomes */
	struct granting granting;
	struct text session;
	struct wall session_until, token_until;
	struct outcome who; /* of IDENTIFY */
	struct text missing;
};

/* ask.c */
struct connector_ctx visit_ctx(struct visit *v);
/* All steps of one operation. False: *err says what the caller may print. */
bool visit_ask(struct visit *v, enum op op, struct outcome *ret, struct err *err);

/* door.c */
struct door {
	int fd; /* -1: closed */
	int port;
	char redirect[2048];
};

/* Port 0: any. False: it cannot be had. */
bool door_open(struct door *d, int port, struct err *err);
void door_close(struct door *d);
/* The code that a browser or a paste brings, with the right state. Empty, without *err: interrupted. */
struct text door_wait(struct door *d, struct visit *v, struct err *err);
/* What a person pastes: a whole address, its query, or the bare code. False, *err: it is not ours, or the platform said no. */
bool paste_read(struct visit *v, struct text pasted, struct text *ret_code, struct err *err);

/* keep.c */
bool keep_find_token(struct visit *v, struct err *err); /* an empty v->token: there is none yet */
bool keep_may_write(const struct visit *v);
bool keep_write_token(const struct visit *v, struct err *err);
bool keep_open(struct visit *v,
	       struct err *err); /* the database, and what it knows of the account */
bool keep_store(struct visit *v, struct err *err);

/* talk.c */
void talk_begin(void); /* from here on signals only end what waits */
bool talk_is_over(void);
void talk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void talk_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *talk_safe(struct arena *a, struct text foreign); /* without what could move a cursor */
/* One line of standard input, up to 8 KiB; without echo on a terminal. Empty: end of input, or interrupted. */
struct text talk_line(struct arena *a, const char *prompt, bool is_secret);

#endif
