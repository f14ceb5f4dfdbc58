/* sign.h: what lets a receiver know that a webhook's message is ours (RELIABILITY S16).
 *
 * Owner:   the caller's buffer. Clock: the time is passed in.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_ALERT_SIGN_H
#define ANSWERD_ALERT_SIGN_H

#include "answerd/clock.h"
#include "answerd/secret.h"

#define SIGN_BYTES 192

/* "t=1763883000,v1=HEX": HMAC-SHA256 of "1763883000.BODY"; a second secret that is set adds ",v1=HEX". */
void sign_body(const struct secret *secret, const struct secret *other, struct wall at,
	       struct text body, char out[static SIGN_BYTES]);

#endif
