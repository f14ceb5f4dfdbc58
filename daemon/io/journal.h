/* journal.h: structured entries for the system's journal.
 *
 * Owner:   nothing is kept. Clock: the journal's.
 * Blocks:  a datagram to a socket of this machine. Calls back: never.
 * Fails:   false: there is no journal here, or it does not take it. */
#ifndef ANSWERD_IO_JOURNAL_H
#define ANSWERD_IO_JOURNAL_H

#include "answerd/text.h"

struct journal_field {
	const char *name; /* "ANSWERD_EVENT" */
	struct text value;
};

#define JOURNAL_FIELDS 16

bool journal_write(const struct journal_field *fields, size_t n);

#endif
