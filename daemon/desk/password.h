/* password.h: passwords: what is one, and its Argon2id hash, made and compared in a process of their own (64 MiB and a tenth of a second).
 *
 * Owner:   the helper belongs to the desk.
 * Clock:   none.
 * Blocks:  never. Calls back: once for each question, from the loop.
 * Fails:   PASSWORD_BUSY: as many wait as may, or the helper was lost: try it again. */
#ifndef ANSWERD_DESK_PASSWORD_H
#define ANSWERD_DESK_PASSWORD_H

#include "answerd/err.h"
#include "answerd/secret.h"
#include "daemon/io/helper.h"

#define PASSWORD_BYTES   1024 /* as it is compared */
#define PASSWORD_LETTERS 12   /* at least */
#define PASSWORD_QUEUED  32

enum password_said { PASSWORD_BUSY, PASSWORD_WRONG, PASSWORD_RIGHT };

/* `hash`: of a new password; empty otherwise. */
typedef void password_done(enum password_said said, struct text hash, void *owner);

struct helper *password_helper_create(struct loop *l);

/* As it is compared: NFKC. False: no text, or too long to be one. */
bool password_normalise(struct text given, struct secret *ret);
/* The rules for a new one (normalised); ERR_DATA with a sentence for people. */
bool password_judge(struct text password, struct text login, struct err *err);

/* An empty hash stands for nobody's: it takes as long, and is wrong. */
bool password_verify(struct helper *h, struct text password, struct text hash, password_done *done,
		     void *owner);
bool password_hash(struct helper *h, struct text password, password_done *done, void *owner);

#endif
