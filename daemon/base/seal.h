/* seal.h: secrets that stand in the database: sealed, so that a dump of it holds none (RELIABILITY S1).
 *
 * XChaCha20-Poly1305. The key is derived from another secret, which stands in a file that the database does not know:
 * a platform's session is sealed with the account's own credential, who holds that could open a session anyway.
 *
 * Owner:   results live in the arena (sealed text) or replace the secret's content (opened).
 * Clock:   none.
 * Blocks:  never (getrandom after boot). Calls back: never.
 * Fails:   opening says false: another key, another place, another version, or somebody changed it. */
#ifndef ANSWERD_BASE_SEAL_H
#define ANSWERD_BASE_SEAL_H

#include "answerd/secret.h"

/* `place` (account and column) is bound to it: sealed text that was moved elsewhere does not open. */
struct text seal_close(struct arena *a, struct text key_material, struct text place,
		       struct text plain);
/* Where the sealed session of an account stands. */
struct text seal_place_of_session(struct arena *a, int64_t account_id, int64_t brand_id);
bool seal_open(struct text key_material, struct text place, struct text sealed, struct secret *ret);

#endif
