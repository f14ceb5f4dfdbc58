/* keys.h: what opens a door: random keys, their hashes, the token against forged requests, tokens of the API, codes of a second factor.
 *
 * Owner:   outputs are the caller's; texts live in the arena.
 * Clock:   wall time of the codes is passed in.
 * Blocks:  never. Calls back: never.
 * Fails:   a malformed key is none: false. */
#ifndef ANSWERD_DESK_KEYS_H
#define ANSWERD_DESK_KEYS_H

#include "answerd/clock.h"
#include "answerd/text.h"

#define KEY_BYTES       44 /* 256 bits in base64url, and a NUL */
#define KEY_HASH_BYTES  65 /* SHA-256 in hex, and a NUL: what the database knows of a key */
#define KEY_COOKIE      "__Host-session"
#define KEY_TOKEN_BYTES 55 /* "answ_", 256 bits, six characters of checksum, and a NUL */
#define CODE_RECOVERY_N 10

void key_make(char out[static KEY_BYTES]);
void key_hash(struct text key, char out[static KEY_HASH_BYTES]);
bool key_is_formed(struct text key);
/* A token of the API: "answ_…", with a checksum, so that what was cut or mistyped is known for that. */
void key_make_token(char out[static KEY_TOKEN_BYTES]);
bool key_is_token(struct text token);
/* RFC 4648, without padding, in the arena. */
struct text key_base32(struct arena *a, const unsigned char *bytes, size_t n);
bool key_is_same(struct text a, struct text b); /* takes equally long wherever they differ */

/* The session's key out of a Cookie header; false when it is not there, malformed, or there twice. */
bool key_of_cookie(struct text header, struct text *ret);
bool key_of_named_cookie(struct text header, struct text name, struct text *ret);
/* What a page must say with everything that changes something. Nobody gets the session's key out of it. */
void key_csrf(struct text session, char out[static KEY_BYTES]);

/* A code of the second factor (RFC 6238: SHA-1, 30 s, six digits, one step to either side), or a recovery code: its step, or the recovery
 * code's hash, for the database to use up. `secret` is hex. False: neither. */
bool code_find(struct text secret, struct text code, struct wall now, int64_t *ret_step,
	       char ret_recovery[static KEY_HASH_BYTES]);

#endif
