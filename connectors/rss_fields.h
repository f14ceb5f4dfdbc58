/* rss_fields.h: the two dialects, RSS (2.0, 1.0 and their elders) and Atom (1.0, 0.3), as one set of fields.
 * Private to the connector.
 *
 * Owner:   texts live in the arena given, or in the tree.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: what an entry does not say is empty. */
#ifndef ANSWERD_CONNECTORS_RSS_FIELDS_H
#define ANSWERD_CONNECTORS_RSS_FIELDS_H

#include "answerd/xml.h"

struct rss_fields {
	struct text id, link, date, updated;
	struct text title; /* plain */
	struct text body;  /* HTML */
	struct text author, uri, mail;
};

extern const struct xml_space rss_spaces[];

void rss_fields_rss(struct arena *a, const struct xml *x, struct rss_fields *r);
void rss_fields_atom(struct arena *a, const struct xml *x, struct text feed_author,
		     struct rss_fields *r);

/* A child by its name; feeds that forget their name space are Atom all the same. */
const struct xml *rss_child(const struct xml *x, const char *name);
struct text rss_words(struct arena *a, const struct xml *x, const char *name);
/* The first that says something; names end with NULL. */
struct text rss_first_of(struct arena *a, const struct xml *x, const char *const *names);
const struct xml *rss_atom_link(const struct xml *x, const char *rel);

#endif
