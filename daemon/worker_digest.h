/* worker_digest.h: the command `answerd digest PLATFORM OP FILE`; its exit code.
 *
 * Owner:   nothing stays.
 * Clock:   none.
 * Blocks:  reads the file. Calls back: never.
 * Fails:   says why on stderr. */
#ifndef ANSWERD_WORKER_DIGEST_H
#define ANSWERD_WORKER_DIGEST_H

int worker_digest(char **args, int n);

#endif
