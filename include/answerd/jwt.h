/* jwt.h: a claim that is signed, as service accounts show one (RFC 7519, RS256).
 *
 * Owner:   the result lives in the arena; it is a secret, and so is the key.
 * Clock:   none: times stand in the claims. RS256 has no randomness: same bytes, same result.
 * Blocks:  never: no file is opened, nobody is asked for a passphrase.
 * Calls back: never.
 * Fails:   ERR_AUTH where the key is none; the text never holds a piece of it. */
#ifndef ANSWERD_JWT_H
#define ANSWERD_JWT_H

#include "answerd/err.h"
#include "answerd/text.h"

/* `header` and `claims` are JSON, `key` an RSA key in PEM (PKCS #8 or #1), not encrypted. */
bool jwt_sign(struct arena *a, struct text header, struct text claims, struct text key,
	      struct text *ret, struct err *err);

#endif
