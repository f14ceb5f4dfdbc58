/* asked.h: a row of answerd.reply_ask(): all that is needed to measure a reply as its platform will.
 *
 * Owner:   texts are borrowed from the row.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   never; without a connector nothing can be measured. */
#ifndef ANSWERD_DESK_ASKED_H
#define ANSWERD_DESK_ASKED_H

#include "daemon/desk/inside.h"
#include "daemon/desk/split.h"

/* Columns of desk_reply_ask.sql and its kin; the first one is each statement's own. */
enum {
	ASKED_DONE,
	ASKED_IS_PARTS,
	ASKED_IS_DRAFT,
	ASKED_BODY,
	ASKED_PLATFORM,
	ASKED_SERVER,
	ASKED_FACTS,
	ASKED_OWN_ID,
	ASKED_OWN_HANDLE,
	ASKED_PARENT,
	ASKED_PARENT_REVISION,
	ASKED_ROOT,
	ASKED_ROOT_REVISION,
	ASKED_THREAD,
	ASKED_AUTHOR,
	ASKED_AUTHOR_HANDLE,
	ASKED_KIND,
	ASKED_VISIBILITY,
	ASKED_WARNING,
	ASKED_LANGUAGE,
	ASKED_SIGNATURE
};

/* A platform of ours, or what the configuration describes under that name; NULL: neither. */
const struct connector *asked_connector(const struct conf *conf, const struct db_result *r);
struct split asked_split(const struct db_result *r, const struct connector *c,
			 struct arena *scratch);

#endif
