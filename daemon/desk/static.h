/* static.h: the page and its modules, as they were built in (web/embed.py), and where they stand.
 *
 * Owner:   everything is constant.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_DESK_STATIC_H
#define ANSWERD_DESK_STATIC_H

#include "daemon/io/httpd.h"

struct static_file {
	const char *path; /* "/": the document of all places of the page */
	const char *type, *etag;
	struct text plain, packed; /* packed by gzip; empty: it is not worth it */
};
extern const struct static_file static_files[];
extern const size_t n_static_files;

/* Is it an address of the page? Then it was answered: 200, or 304 for what the browser has already. */
bool static_serve(struct httpd_request *r);
/* There is nothing there: whoever reads pages gets the page, which says so and leads back. False: it was not answered. */
bool static_serve_nothing(struct httpd_request *r);

#endif
