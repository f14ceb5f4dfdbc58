/* err.h: why something failed, and what the caller does next.
 *
 * Owner:   the caller owns the struct; the text lives inside it.
 * Clock:   not_before is wall time, set with ERR_LIMITED; with ERR_AUTH where asking again soon is of no use.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_ERR_H
#define ANSWERD_ERR_H

#include <stdbool.h>

#include "answerd/clock.h"

enum err_kind {
	ERR_NONE,
	ERR_RETRY,   /* later, by itself */
	ERR_LIMITED, /* not before err->not_before */
	ERR_AUTH,    /* a person must act; we only probe */
	ERR_GONE,    /* stop asking for this */
	ERR_DATA,    /* quarantine and step over */
	ERR_UNSURE,  /* we cannot know if it happened: look first, never just repeat */
	ERR_CONFIG,  /* refuse to start */
};

struct err {
	enum err_kind kind;
	struct wall not_before;
	char text[256];
};

/* Fills err (which may be NULL) and returns false, so that `return err_set(…)` reads well.
 * The text is for people: no tokens, no message bodies, no author names. */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ERR_LIMITED until `not_before`. Returns false. */
bool err_limited(struct err *err, struct wall not_before, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "retry", "limited", "auth", "gone", "data", "unsure", "config", "none". */
const char *err_kind_name(enum err_kind kind);

#endif
