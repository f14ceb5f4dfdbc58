/* http_inside.h: what the files of http share; nobody else includes it.
 *
 * Owner:   see each function.
 * Clock:   loop's.
 * Blocks:  never.
 * Calls back: http_deliver() only.
 * Fails:   texts of curl are never passed on (they quote URLs). */
#ifndef ANSWERD_IO_HTTP_INSIDE_H
#define ANSWERD_IO_HTTP_INSIDE_H

#include <curl/curl.h>
#include <sys/socket.h>

#include "answerd/limits.h"
#include "answerd/secret.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "daemon/base/list.h"
#include "daemon/io/http.h"

#define HTTP_MAGIC     UINT32_C(0x68747031)
#define TRANSFER_MAGIC UINT32_C(0x68747032)

#define HTTP_MAX_TRANSFERS 64
#define HTTP_PER_HOST      2
#define HTTP_BODY_BUDGET   ((size_t)16 * 1024 * 1024) /* all bodies in flight */
/* Of one request: 8 of its own, Authorization, Content-Type, Expect. */
#define HTTP_MAX_LINES 11

struct http {
	uint32_t magic;
	bool is_dead;
	struct loop *loop;
	CURLM *multi;
	ev_timer timer;       /* curl's own */
	ev_timer deliver;     /* finished transfers that nobody was told about yet */
	struct list sockets;  /* struct http_socket */
	struct list running;  /* struct http_transfer, in curl's hands */
	struct list finished; /* struct http_transfer, out of them */
	int n_transfers;      /* both */
	size_t body_bytes;    /* memory of all their bodies */
	CURL *idle[HTTP_MAX_TRANSFERS];
	int n_idle;
};

enum broke {
	BROKE_NOTHING,
	BROKE_BODY,    /* more bytes than the terms allow */
	BROKE_HEADERS, /* more header bytes or lines than allowed */
	BROKE_BUDGET,  /* too many bodies at once, no fault of its own */
};

struct http_transfer {
	uint32_t magic;
	bool is_answered;
	struct list in;
	struct http *http;
	CURL *easy; /* NULL once out of curl's hands */
	http_done *done;
	void *owner;
	/* what was asked; all of it may be secret and is wiped */
	struct secret url, body, lines[HTTP_MAX_LINES];
	struct curl_slist nodes[HTTP_MAX_LINES];
	size_t n_lines;
	bool is_mail;      /* from http_mail() */
	struct talk *talk; /* of imap and smtp; else NULL */
	enum http_method method;
	bool is_once, is_literal_loopback;
	struct http_terms terms;
	char origin[300]; /* "https://host:port", to count by */
	char host[101];   /* for people */
	/* what came */
	char *bytes; /* of the body */
	size_t n_bytes, room_bytes;
	struct strbuf headers;
	int n_headers;
	enum broke broke;
	bool is_talking;         /* a connection stood and the request went out, or was about to */
	int n_refused, n_opened; /* addresses */
	/* how it ended */
	struct err err; /* ERR_NONE: a response */
	int status;
	struct wall received_at;
	struct arena *arena;
};

/* ---- http_easy.c: one request as curl wants it ---- */

/* Fills t->easy; false and err when the request cannot be made. */
bool http_dress(struct http_transfer *t, const struct request *r, struct err *err);
/* Takes the easy handle away from the transfer: to the pool when it may be used again. */
void http_undress(struct http_transfer *t, bool is_reusable);

/* More bytes of the answer; false: they broke a limit. */
bool http_body_add(struct http_transfer *t, const char *at, size_t len);

/* The settings that no request and no mail goes without. */
void http_dress_strict(struct http_transfer *t);
/* An easy handle, from the pool or new. */
CURL *http_take_easy(struct http *h);

void http_origin(const struct url *u, char *out, size_t room);

/* ---- http_error.c ---- */

void http_explain(struct http_transfer *t, CURLcode code);

/* ---- http_multi.c: curl on libev ---- */

void http_multi_create(struct http *h);
void http_multi_destroy(struct http *h); /* no transfer is in it any more */
/* All that finished goes to h->finished, with its end explained. */
void http_collect(struct http *h);
void http_detach(struct http_transfer *t, CURLcode code);

/* ---- http.c ---- */

void http_deliver(struct http *h);
struct http_transfer *http_transfer_create(struct http *h, const struct http_terms *terms,
					   http_done *done, void *owner);
/* Into curl's hands, or into the list of what failed before it got there. */
struct http_transfer *http_begin(struct http_transfer *t, bool is_dressed);

/* ---- http_talk_dress.c: where a talk goes to, and as whom ---- */

struct talk_place {
	struct url url; /* as the https URL of the same host would be */
	bool is_smtp, is_tls;
	int port;
	char https[512];
};

/* "imaps://host[:port]" and so on. False: it is no such address. */
bool talk_place_parse(struct text url, struct talk_place *ret);
bool http_talk_is(struct text url);
bool http_talk_origin(struct text url, char *out, size_t room); /* false: it is no address */
bool http_talk_dress(struct http_transfer *t, const struct request *r, struct err *err);

struct talk_login {
	struct text user, password;
	struct text bearer; /* instead of the password */
};

/* The transfer's own talk, with nothing in it yet. */
struct talk *talk_create(struct http_transfer *t);
void talk_to(struct http_transfer *t, const struct talk_place *p); /* whom it is counted to */
/* To t->url (set before) as t->talk: `ssl` is one of libcurl's CURLUSESSL_. */
bool talk_open(struct http_transfer *t, const struct talk_place *p, long ssl,
	       const struct talk_login *login, struct err *err);
/* Lines of a mail end with CRLF and nothing else: a bare CR or LF would be a second end (smuggling). */
bool talk_is_mail(struct text mail);
void talk_add_receiver(struct talk *k, struct text address);

/* ---- http_talk.c: mailboxes, over connections that curl made and logged in ---- */

/* The connection stands and is ours to talk on; false: it is none of ours. */
bool http_talk_begin(struct http_transfer *t);
/* Nothing is watched any more: before the handle, and its socket with it, leaves. */
void http_talk_halt(struct http_transfer *t);
void http_talk_stop(struct http_transfer *t); /* and it is gone */
/* ---- http_talk_read.c: what a server said, from its beginning on; a literal's bytes are counted, never looked into ---- */

struct talk_reader {
	size_t at;           /* all before it was read */
	size_t literal_left; /* bytes of a literal that are still to come */
	bool is_inside;      /* a line that a literal interrupted */
};

enum talk_said {
	TALK_MORE,   /* it has not ended yet */
	TALK_GO,     /* it wants what was promised */
	TALK_OK,     /* the command was done */
	TALK_NO,     /* was refused */
	TALK_BAD,    /* was not understood */
	TALK_BYE,    /* the server hangs up */
	TALK_BROKEN, /* that is no IMAP */
};

enum talk_said talk_imap_next(struct talk_reader *r, struct text all, struct text tag);
/* The code of the reply that ended, 0: it has not ended yet, -1: that is no SMTP. */
int talk_smtp_next(struct talk_reader *r, struct text all);

void http_explain_talk(struct http_transfer *t, CURLcode code); /* http_talk_error.c */

enum talk_state {
	TALK_CONNECTING, /* in curl's hands, login included */
	TALK_COMMANDS,   /* imap: the commands of the body, one by one */
	TALK_FROM,       /* smtp: MAIL, */
	TALK_TO,         /* RCPT, */
	TALK_DATA,       /* DATA, */
	TALK_BODY, /* the mail and its end, and the reply that counts; imap: what is handed over */
	TALK_OVER,
};

struct talk {
	uint32_t magic; /* TALK_MAGIC */
	struct http_transfer *transfer;
	enum talk_state state;
	bool is_smtp;
	bool is_ended;   /* the mail's end went out, or may have */
	bool allow_some; /* smtp: content when it is taken for some of the receivers */
	ev_io io;
	ev_timer timer;
	struct mono begun_at, until;
	size_t n_moved;   /* bytes in both directions since the last look at the pace */
	struct text rest; /* imap: commands that were not sent yet; points into transfer->body */
	int n_commands;
	char tag[16];
	struct secret append; /* imap: what the last command hands over */
	char from[300];
	struct strbuf to;  /* smtp: receivers, one a line, */
	size_t to_at;      /* asked for so far, */
	int n_taken;       /* and taken */
	struct secret out; /* what is being sent */
	size_t out_at;
	struct talk_reader reader;
	int status; /* of the answer */
};

#define TALK_MAGIC        UINT32_C(0x68747033)
#define TALK_COMMAND_MOST LIMIT_URL_BYTES

/* ---- http_mail.c ---- */

void http_explain_mail(struct http_transfer *t, CURLcode code);

/* ---- http_address.c ---- */

enum address_kind { ADDRESS_PUBLIC, ADDRESS_LOOPBACK, ADDRESS_PRIVATE, ADDRESS_REFUSED };

enum address_kind address_judge(const struct sockaddr *a);
/* May this transfer talk to that address and port? */
bool http_allows(const struct http_transfer *t, const struct sockaddr *a);

#endif
