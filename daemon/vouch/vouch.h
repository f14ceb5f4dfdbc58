/* vouch.h: the machine that asks sign-in services (OpenID Connect) who somebody is, for the desk, which has no network and no secrets
 * (RELIABILITY S14, S15). What a browser brought back stands in answerd.oidc_flow; here the code is exchanged, the ID token judged, and what
 * came of it written beside it.
 *
 *   a service:  ASKING ──described itself──▶ USABLE (asked again every hour, and its keys when one is unknown)
 *                 ▲                └──no──▶ AWAY ──after 2 s … 5 min, or when somebody presses its button──┘
 *   a sign-in:  claimed ──code──▶ token ──keys fit──▶ judged ──▶ written down
 *
 * Owner:   the worker's main. Borrows the loop; holds the configuration as long as a transfer needs it.
 * Clock:   the machine's wall clock for what tokens say; the loop's mono for pauses.
 * Blocks:  never. Calls back: done_stopped once, after vouch_stop().
 * Fails:   a sign-in ends with a word that says why; a service that is away is asked again. Without services in the configuration it does
 *          nothing and has no connection. */
#ifndef ANSWERD_VOUCH_VOUCH_H
#define ANSWERD_VOUCH_VOUCH_H

#include "daemon/conf/conf.h"
#include "daemon/io/loop.h"

struct vouch;

struct vouch *vouch_create(struct loop *l, struct conf *conf);
void vouch_start(struct vouch *v);
/* A new configuration, checked and with its secrets read. Sign-ins under way end under the one that they began with. */
void vouch_reload(struct vouch *v, struct conf *conf);
/* Claims nothing more, lets what is under way end (at most 5 s), then calls done. */
void vouch_stop(struct vouch *v, void (*done)(void *owner), void *owner);
void vouch_destroy(struct vouch **v);

#endif
