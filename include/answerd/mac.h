/* mac.h: a message's authentication code, where a platform wants one beside a token.
 *
 * Owner:   the caller owns `out`; it proves knowledge of the key, so it is a secret's cousin: never logged.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_MAC_H
#define ANSWERD_MAC_H

#include "answerd/text.h"

/* HMAC-SHA256 (RFC 2104) in lower-case hexadecimal. */
#define MAC_SHA256_HEX_BYTES 65
void mac_sha256_hex(struct text key, struct text message, char out[static MAC_SHA256_HEX_BYTES]);

#endif
