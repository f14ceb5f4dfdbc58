/* The system's journal: see journal.h. */
#include "daemon/io/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "answerd/log.h"

#define SOCKET_PATH "/run/systemd/journal/socket"

bool journal_write(const struct journal_field *fields, size_t n)
{
	struct iovec parts[JOURNAL_FIELDS];
	bool is_taken;

	/* The library says yes where nobody is at home. */
	if (n > JOURNAL_FIELDS || access(SOCKET_PATH, W_OK) != 0) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		size_t name = strlen(fields[i].name);
		char *at = xcalloc(1, name + 1 + fields[i].value.len + 1);

		memcpy(at, fields[i].name, name);
		at[name] = '=';
		if (fields[i].value.len > 0) {
			memcpy(at + name + 1, fields[i].value.at, fields[i].value.len);
		}
		parts[i] = (struct iovec){ at, name + 1 + fields[i].value.len };
	}
	is_taken = sd_journal_sendv(parts, (int)n) == 0;
	for (size_t i = 0; i < n; i++) {
		free(parts[i].iov_base);
	}
	return is_taken;
}
