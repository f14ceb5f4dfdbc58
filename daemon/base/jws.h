/* jws.h: was this said by who holds one of these keys? Signed statements (RFC 7515) in their compact form, by RS256 or ES256 and by nothing
 * else: no "none", and no HMAC, whose key would be the public one.
 *
 * Owner:   all of it lives in the arena.
 * Clock:   none: whether it is still true is the caller's question.
 * Blocks:  never. Calls back: never.
 * Fails:   ERR_DATA with a sentence that holds nothing of the statement; JWS_NO_KEY where the keys may have changed since. */
#ifndef ANSWERD_BASE_JWS_H
#define ANSWERD_BASE_JWS_H

#include "answerd/err.h"
#include "answerd/text.h"

#define JWS_BYTES (64u * 1024) /* of one statement */

enum jws_alg { JWS_RS256, JWS_ES256 };

struct jws {
	enum jws_alg alg;
	struct text kid;         /* empty: it names no key */
	struct text signed_part; /* what the signature is over */
	struct text signature;   /* its bytes */
	struct text
		claims; /* the statement itself, JSON, not to be believed before it is verified */
};

enum jws_said { JWS_GOOD, JWS_BAD, JWS_NO_KEY };

/* False: it is none, or signed in a way that is not taken. */
bool jws_read(struct arena *a, struct text token, struct jws *ret, struct err *err);
/* `keys`: a set of keys as it came (RFC 7517), not cut. The key is the one of that kid and of a kind that fits; without a kid there must be one
 * alone that fits. */
enum jws_said jws_verify(struct arena *a, const struct jws *t, struct text keys, struct err *err);

#endif
