/* conf_reader.h: values out of the file, checked against the option table, with a memory of where
 * each came from.
 *
 * Owner:   the reader lives in the arena of the configuration; values too.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   a fault is noted with file and line, and a harmless value returned: all faults are
 *          found in one go. */
#ifndef ANSWERD_CONF_CONF_READER_H
#define ANSWERD_CONF_CONF_READER_H

#include <libconfig.h>

#include "daemon/conf/conf.h"
#include "daemon/conf/conf_options.h"

/* One option as it is in force, for --show. */
struct conf_shown {
	struct conf_shown *next;
	struct text path, value, origin;
};

struct conf_reader {
	struct arena *arena;
	const char *file;   /* of the main file */
	struct text folder; /* of the main file, for relative paths */
	struct conf_problem *problems;
	size_t room, n_problems;
	bool has_error;
	struct conf_shown *first, **last;
};

/* A group of the file, or the absence of one. */
struct conf_place {
	enum conf_section section;
	config_setting_t *group; /* NULL: absent, all is default */
	struct text path;        /* "brands.acme"; empty at the top */
};

/* Parses the file (path NULL: the usual one), to be destroyed by config_destroy() in any case. Arena and room for problems are the caller's. */
bool conf_reader_open(struct conf_reader *r, const char *path, config_t *file);

/* `at` says where (NULL: the file as a whole). */
void conf_fault(struct conf_reader *r, const config_setting_t *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void conf_fault_at(struct conf_reader *r, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void conf_warning_at(struct conf_reader *r, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void conf_warning(struct conf_reader *r, const config_setting_t *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The setting of that name, or the group itself: something that has a line. */
const config_setting_t *conf_where(const struct conf_place *p, const char *name);
bool conf_is_given(const struct conf_place *p, const char *name);

struct text conf_get_text(struct conf_reader *r, const struct conf_place *p, const char *name);
struct dur conf_get_dur(struct conf_reader *r, const struct conf_place *p, const char *name);
/* The same with another default than the table's; NULL: the table's. */
struct dur conf_get_dur_or(struct conf_reader *r, const struct conf_place *p, const char *name,
			   const char *otherwise);
int conf_get_number(struct conf_reader *r, const struct conf_place *p, const char *name);
bool conf_get_bool(struct conf_reader *r, const struct conf_place *p, const char *name);
void conf_get_texts(struct conf_reader *r, const struct conf_place *p, const char *name,
		    struct text **ret, size_t *ret_n);

/* A group inside a group; its group is NULL when absent. */
struct conf_place conf_get_group(struct conf_reader *r, const struct conf_place *p,
				 const char *name, enum conf_section section);
/* The members of a group of named groups, or of a list of groups. */
int conf_count(struct conf_reader *r, const struct conf_place *p, const char *name);
struct conf_place conf_get_nth(struct conf_reader *r, const struct conf_place *p, const char *name,
			       int i, enum conf_section section);

/* What stands in the group and is not in the table (nor among `more`, ended by a NULL name). */
void conf_refuse_unknown(struct conf_reader *r, const struct conf_place *p,
			 const struct connector_option *more);

/* A value of an option that only a connector knows. */
struct text conf_get_foreign(struct conf_reader *r, const struct conf_place *p, const char *name);

#endif
