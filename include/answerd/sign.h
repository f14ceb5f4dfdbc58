/* sign.h: HMAC-SHA1, for OAuth 1.0a and nothing else: what is new is signed with libsodium.
 *
 * Owner:   the result lives in the arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot, except out of memory (process ends). */
#ifndef ANSWERD_SIGN_H
#define ANSWERD_SIGN_H

#include "answerd/text.h"

/* In base64, with its padding. */
struct text sign_hmac_sha1(struct arena *a, struct text key, struct text words);

#endif
