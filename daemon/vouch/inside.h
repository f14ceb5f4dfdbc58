/* inside.h: what the files of this room share. Nobody else includes it.
 *
 * vouch.c    the machine: who is there, what is to be asked, what came of it
 * service.c  one sign-in service: what it says of itself, its keys
 * visit.c    one sign-in: code → token → judged → written down
 * judge.c    what is true of a token. Pure
 *
 * Owner, clock, blocks, fails: as vouch.h. */
#ifndef ANSWERD_VOUCH_INSIDE_H
#define ANSWERD_VOUCH_INSIDE_H

#include "daemon/base/jws.h"
#include "daemon/base/list.h"
#include "daemon/io/db.h"
#include "daemon/io/http.h"
#include "daemon/vouch/judge.h"
#include "daemon/vouch/vouch.h"

#define VOUCH_BODY_BYTES (512u * 1024) /* of anything that a service says */

struct service;

struct vouch {
	struct loop *loop;
	struct conf *conf; /* held */
	struct http *http; /* of its own: these addresses are the operator's (S4) */
	struct db *db, *ear;
	struct list
		services; /* struct service; those of an old configuration until nobody needs them */
	struct list visits; /* struct visit */
	int n_visits;
	bool is_claiming, must_claim, is_stopping;
	ev_timer turn, ending;
	void (*done_stopped)(void *owner);
	void *stop_owner;
};

/* ---- service.c ---- */
enum service_state { SERVICE_ASKING, SERVICE_USABLE, SERVICE_AWAY };

struct service {
	struct list in;
	struct vouch *vouch;
	struct conf *held;
	const struct conf_oidc *conf;
	enum service_state state;
	bool is_retired;
	int n_visits;
	struct arena *arena; /* of what it said of itself; NULL: nothing yet */
	struct judge_service said;
	struct arena *keys_arena;
	struct text keys;
	struct mono asked_at, keys_at;
	int n_failures;
	struct http_transfer *transfer;
	struct judge_service asked; /* being read: in force once the keys are there too */
	struct arena *asked_arena;
	ev_timer again;
	char why[256];
};

struct service *service_create(struct vouch *v, const struct conf_oidc *conf);
void service_start(struct service *s);
void service_destroy(struct service *s);
/* Somebody wants it: asked now, unless it was a moment ago; or its row is written once more. */
void service_look(struct service *s);
/* Keys anew, as there is one that is not known; false: they were asked for a moment ago. visits_go_on() comes later. */
bool service_ask_keys(struct service *s);
void service_tell(struct service *s);
struct http_terms service_terms(const struct service *s);

/* ---- visit.c ---- */
struct visit;
void visit_start(struct vouch *v, struct service *s, const struct db_result *r, int row);
/* The service is usable, or its keys are here; or it is away: those that wait for it go on. */
void visits_go_on(struct service *s);
/* Nothing more is begun; those that can be told are told. */
void visits_end(struct vouch *v);
void visits_drop(struct vouch *v); /* without a word */

/* ---- vouch.c ---- */
void vouch_visit_gone(struct vouch *v, struct service *s);

#endif
