/* store.h: the schema: bringing it up to date, and refusing to work on another one.
 *
 * Owner:   nothing is kept.
 * Clock:   the database's.
 * Blocks:  yes; only before a loop runs.
 * Calls back: never.
 * Fails:   ERR_CONFIG says what to do (schema too new or too old, rights missing); ERR_RETRY the database is not there. */
#ifndef ANSWERD_STORE_STORE_H
#define ANSWERD_STORE_STORE_H

#include "answerd/err.h"

/* Creates schema and roles where absent, runs the migrations that are missing, each in its own transaction, and the
 * rules when they differ. May be repeated; two at once take turns. *ret_ran counts migrations, *ret_rules says whether
 * the rules were loaded. */
bool store_migrate(const char *conninfo, int *ret_ran, bool *ret_rules, struct err *err);

/* Is the schema the one that this program was built for? */
bool store_check(const char *conninfo, const char *role, struct err *err);

#endif
