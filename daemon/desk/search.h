/* search.h: what people said becomes searchable, a slice at a time, behind everything else (store/rules/68_search.sql).
 *
 * Owner:   the desk.
 * Clock:   a timer of the loop.
 * Blocks:  never. Calls back: never.
 * Fails:   what could not be read now is read later; several desks take turns. */
#ifndef ANSWERD_DESK_SEARCH_H
#define ANSWERD_DESK_SEARCH_H

#include "daemon/io/db.h"

struct search;

struct search *search_create(struct loop *l, struct db *reports);
void search_start(struct search *s);
void search_destroy(struct search **s); /* after its connection */

#endif
