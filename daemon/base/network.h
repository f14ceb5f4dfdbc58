/* network.h: networks that are described in a file: those that come with us, and those of a person's own.
 *
 * Owner:   what is described lives in the arena given; the shipped descriptions are static.
 * Clock:   none.
 * Blocks:  network_of_file() reads a file.
 * Calls back: never.
 * Fails:   ERR_CONFIG with the place in the description and what to do. */
#ifndef ANSWERD_BASE_NETWORK_H
#define ANSWERD_BASE_NETWORK_H

#include "answerd/connector.h"

struct network {
	const char
		*name; /* as in `platform = "…"`, and of its file in /usr/share/answerd/networks */
	const char *bytes; /* text */
};
extern const struct network networks[];
extern const size_t n_networks;

#define NETWORK_MOST_BYTES (64u * 1024)

/* The whole file. */
bool network_read(struct arena *a, const char *path, struct text *ret, struct err *err);

/* A connector as the description says. */
const struct connector *network_describe(struct arena *a, struct text description, struct err *err);

/* One that comes with us; NULL: there is none of that name (err is not touched). */
const struct connector *network_shipped(struct arena *a, struct text name, struct err *err);

/* By the name of a connector, of a network that comes with us, or, where it ends with ".json", by the path of a description. NULL:
 * unknown (err is not touched), or wrong (err is filled). */
const struct connector *network_find(struct arena *a, struct text name, struct err *err);

#endif
