/* conf_options.h: every option there is, once: the parser, `check-config --show`, the man page and
 * the tests are made from this table (STYLE §14).
 *
 * Owner:   static data.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   conf_option_find() may find nothing. */
#ifndef ANSWERD_CONF_CONF_OPTIONS_H
#define ANSWERD_CONF_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answerd/text.h"

/* Where in the file an option stands. */
enum conf_section {
	IN_TOP,
	IN_DESK,
	IN_BRAND,
	IN_ACCOUNT,
	IN_POLICY,
	IN_CHANNEL,
	IN_HEALTH,
	IN_HEARTBEAT,
	IN_OIDC,
};

enum conf_type {
	IS_TEXT,
	IS_TEXTS, /* [ "a", "b" ] */
	IS_DUR,   /* "15m" */
	IS_NUMBER,
	IS_BOOL,      /* true, false */
	IS_REFERENCE, /* "credential:NAME" or "file:PATH" */
	IS_GROUP,     /* { … } */
	IS_GROUPS,    /* { name = { … }; … } */
	IS_LIST,      /* ( { … }, … ) */
};

struct conf_option {
	enum conf_section section;
	const char *name;
	enum conf_type type;
	const char *otherwise; /* as it would be written; NULL: nothing */
	int64_t min, max;      /* of a number; of a length of time in seconds; 0, 0: any */
	bool is_required, is_reloadable;
	const char *about; /* one sentence */
};

extern const struct conf_option conf_options[];
extern const size_t n_conf_options;

const struct conf_option *conf_option_find(enum conf_section section, struct text name);
/* "brands.NAME.accounts.NAME" */
const char *conf_section_name(enum conf_section section);

/* How many letters must be changed, added or left out to make b of a; for "did you mean". */
int text_distance(struct text a, struct text b);

#endif
