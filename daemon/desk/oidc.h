/* oidc.h: signing in by a service (OpenID Connect). The desk has no network: it sends the browser there, hears what it brings back, and waits
 * for the worker to ask the service (daemon/vouch).
 *
 *   POST session/oidc ──address──▶ browser ──▶ service ──▶ /oidc?code&state ──page──▶ POST session/oidc/done
 *                                                          row "back" ──NOTIFY──▶ worker ──NOTIFY──▶ row "judged" ──▶ session
 *
 * Owner:   the desk's; a wait belongs to its work.
 * Clock:   the loop's mono for how long it waits; what is over is the database's word.
 * Blocks:  never. Calls back: never.
 * Fails:   every failure is a word and a sentence for people (oidc_words.c). */
#ifndef ANSWERD_DESK_OIDC_H
#define ANSWERD_DESK_OIDC_H

#include "daemon/desk/inside.h"

struct oidc;

struct oidc *oidc_create(struct desk *d);
void oidc_destroy(struct oidc **o); /* before the database's connections */
/* A sign-in was judged: NOTIFY says so. A hint. */
void oidc_hear(int64_t flow, void *owner);

/* Routes: which services there are, one is begun, the browser is back. */
void oidc_list_serve(struct work *w);
void oidc_begin_serve(struct work *w);
void oidc_done_serve(struct work *w);

/* oidc_words.c: status and sentence of a failure. `label`: what people call the service; may be empty. */
int oidc_words(struct arena *a, struct text failure, struct text label, struct text claim,
	       struct text *ret);
/* Where on our own page somebody goes on: a path of ours, or "/". Nothing that a browser could take for another site. */
struct text oidc_place(struct text wanted);

#endif
