/* text.h: foreign text, made safe at the edge, and pieces of it.
 *
 * Owner:   a struct text borrows; the arena or buffer it points into owns.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot; text_clean() replaces and counts. */
#ifndef ANSWERD_TEXT_H
#define ANSWERD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "answerd/arena.h"

/* Not NUL-terminated unless a function says so. at may be NULL only when len is 0. */
struct text {
	const char *at;
	size_t len;
};

#define TEXT(literal) ((struct text){ (literal), sizeof(literal) - 1 })
#define TEXT_NONE     ((struct text){ NULL, 0 })

static inline struct text text_of(const char *s)
{
	return (struct text){ s, s != NULL ? strlen(s) : 0 };
}

static inline bool text_is_empty(struct text t)
{
	return t.len == 0;
}

bool text_eq(struct text a, struct text b);
bool text_eq_nocase(struct text a, struct text b); /* ASCII only */
bool text_starts(struct text t, struct text prefix);
bool text_starts_nocase(struct text t, struct text prefix);
bool text_ends(struct text t, struct text suffix);
int text_compare(struct text a, struct text b);                 /* bytewise, then by length */
struct text text_trim(struct text t);                           /* ASCII white space at both ends */
struct text text_slice(struct text t, size_t from, size_t len); /* clipped to t */

/* Position of needle in t from `from` on, or SIZE_MAX. */
size_t text_find(struct text t, struct text needle, size_t from);

/* Cuts t at the first `sep`: *head is before it, *rest behind it. False (all in head) when absent.
 */
bool text_cut(struct text t, char sep, struct text *head, struct text *rest);

/* A copy in the arena, with a NUL behind it that len does not count. */
struct text text_dup(struct arena *a, struct text t);
char *text_cstr(struct arena *a, struct text t);
struct text text_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct text text_lower_ascii(struct arena *a, struct text t);

/* Valid UTF-8 (RFC 3629) without NUL: bad bytes and NUL become U+FFFD; *ret_replaced (may be NULL)
 * counts. Returns t itself when nothing had to be changed. */
struct text text_clean(struct arena *a, struct text t, size_t *ret_replaced);
bool text_is_clean(struct text t);

/* Cut to at most max_bytes without splitting a code point. */
struct text text_clip(struct text t, size_t max_bytes);

/* 64 bits of FNV-1a, folded over `seed`; for change detection, never for security. */
uint64_t text_hash(uint64_t seed, struct text t);
#define TEXT_HASH_SEED UINT64_C(14695981039346656037)

#define TEXT_ARG(t) (int)(t).len, (t).at != NULL ? (t).at : "" /* for "%.*s" */

#endif
