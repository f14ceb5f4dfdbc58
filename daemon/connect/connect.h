/* connect.h: `answerd connect ACCOUNT`: a person lets us into an account, in a terminal.
 *
 * Where the platform speaks OAuth (connector->authorize): says which rights are asked for and why, prints the address to open,
 * takes what comes back at a loopback address or is pasted, exchanges it, asks who signed in, and stores the session,
 * sealed with the account's token. Elsewhere the token is pasted, tried, and written where the configuration says.
 *
 * Owner:   borrows the configuration and the options.
 * Clock:   the loop's.
 * Blocks:  yes, a person is waited for: it has a process of its own.
 * Calls back: never.
 * Fails:   in a sentence with a remedy on stderr. Nothing is written before everything is known; Ctrl-C leaves nothing behind. */
#ifndef ANSWERD_CONNECT_CONNECT_H
#define ANSWERD_CONNECT_CONNECT_H

#include "daemon/conf/conf.h"

struct connect_options {
	const char *account, *brand; /* brand NULL: the name is enough */
	const char *code;            /* NULL: wait for one, or read it from standard input */
	const char *redirect;        /* NULL: a loopback address where we listen */
	const char *port;            /* NULL: as the platform needs it */
	const char *credentials;     /* the folder of "credential:NAME"; NULL: the usual one */
	bool is_other_user;          /* it is right that another user signs in than before */
	bool must_write;             /* a pasted token is written into its file without asking */
};

/* Takes the option at argv[*i], and its value; false: it is none of ours. */
bool connect_take_option(struct connect_options *o, char **argv, int argc, int *i);

/* 0: connected, nothing missing; 1: refused or something is missing; 2: usage or configuration; 130: Ctrl-C. */
int connect_run(const struct conf *c, const struct connect_options *o);

#endif
