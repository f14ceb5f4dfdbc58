/* names.h: what the ids in a page of the queue are called: brands, accounts, staff. Names of brands and accounts are their
 * identity and logins never change, so what was read once stays true; an unknown id means that the list must be read again.
 *
 * Owner:   the desk; texts are borrowed until the next names_read().
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   never. */
#ifndef ANSWERD_DESK_NAMES_H
#define ANSWERD_DESK_NAMES_H

#include "daemon/io/db.h"

enum name_kind { NAME_BRAND, NAME_ACCOUNT, NAME_STAFF };

struct names;

struct names *names_create(void);
void names_destroy(struct names **n);

/* Everything anew, from the rows of queries/desk_names.sql. */
void names_read(struct names *n, const struct db_result *rows);
/* False: unknown. */
bool names_find(const struct names *n, enum name_kind kind, int64_t id, struct text *ret);
bool names_find_id(const struct names *n, enum name_kind kind, struct text name, int64_t *ret);
/* "acme, beta": all of one kind in the order of their ids, in the arena; empty when there is none. */
struct text names_list(const struct names *n, enum name_kind kind, struct arena *a);

#endif
