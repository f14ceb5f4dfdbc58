/* json.h: JSON from hostile servers, cut first, parsed one element at a time.
 *
 * A page is never parsed whole: one bounded scan cuts it into slices of the original bytes; each
 * slice is measured (limits.h: depth, values) and parsed alone, duplicate keys refused; so one bad
 * element costs only itself. The scan insists on what cutting needs (strings that end, brackets
 * that match, commas in their places) and leaves the rest to the parser.
 *
 * Owner:   slices borrow from the page; a document borrows from its slice until jx_release(); text
 *          that the getters give is a copy in the arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   ERR_DATA with the place (byte, line, column) and the missing field's name, never the
 *          content. */
#ifndef ANSWERD_JSON_H
#define ANSWERD_JSON_H

#include "answerd/err.h"
#include "answerd/text.h"

/* A parsed value, or nothing (jx_is_set() false). Borrowed from its document. */
struct jx {
	const void *node;
};

/* ---- cutting: no tree is built ---- */

/* Can `page` be cut: one value within LIMIT_BODY_BYTES and LIMIT_JSON_SCAN_DEPTH, followed by white
 * space only? A leading BOM is accepted. *ret is the value without surrounding white space. */
bool jx_scan(struct text page, struct text *ret, struct err *err);

/* The elements of an array slice, as slices. `array` must come from jx_scan() or jx_member(). */
bool jx_elements(struct arena *a, struct text array, struct text **ret, size_t *ret_n,
		 struct err *err);

/* The same of a list that may be longer than a page: the first ones, at most `most`. *ret_n: how many it has. */
bool jx_elements_most(struct arena *a, struct text array, size_t most, struct text **ret,
		      size_t *ret_n, struct err *err);

/* The slice of the value of the member `key` of an object slice (first one wins); false without
 * error text when there is none. Keys are compared after no unescaping: fine for the plain keys
 * platforms use. */
bool jx_member(struct text object, struct text key, struct text *ret);

/* What a slice is, by its first byte: '{', '[', '"', 'n' number, 't' true, 'f' false, '0' null, 0
 * nothing. */
char jx_slice_kind(struct text slice);

/* The text of a string slice, unescaped and cleaned, in the arena. */
bool jx_slice_text(struct arena *a, struct text slice, struct text *ret);

/* ---- parsing one slice ---- */

struct jx_doc; /* opaque */

/* Parses one slice, which must live as long as the document. Lone surrogates, NUL escapes, integers
 * over 2^63 and the like fail: ERR_DATA.
 */
bool jx_parse(struct arena *a, struct text slice, struct jx *ret, struct jx_doc **ret_doc,
	      struct err *err);
void jx_release(struct jx_doc **doc); /* frees the tree; text that must outlive it was copied by the
					 getters */

bool jx_is_set(struct jx v);
bool jx_is_object(struct jx v);
bool jx_is_array(struct jx v);
bool jx_is_text(struct jx v);
bool jx_is_null(struct jx v); /* also when not set */

/* Getters with a name: false and ERR_DATA "… has no 'name'" / "'name' is not text" when absent,
 * null or of another type. The text is copied into the arena and clean. */
bool jx_text(struct arena *a, struct jx object, const char *name, struct text *ret,
	     struct err *err);
bool jx_i64(struct jx object, const char *name, int64_t *ret, struct err *err);

/* Getters that accept absence: the default instead. A wrong type counts as absent. */
struct text jx_text_or(struct arena *a, struct jx object, const char *name, struct text otherwise);
int64_t jx_i64_or(struct jx object, const char *name, int64_t otherwise);
bool jx_bool_or(struct jx object, const char *name, bool otherwise);
struct jx jx_get(struct jx object, const char *name); /* not set when absent */
/* "a.b.c" through objects. */
struct jx jx_path(struct jx object, const char *path);

/* The text of a string value itself (not a member). */
bool jx_as_text(struct arena *a, struct jx v, struct text *ret);

size_t jx_len(struct jx array); /* 0 for what is no array */
struct jx jx_at(struct jx array, size_t i);

/* The members of an object in their order; 0 for what is no object. The name lives as long as the document. */
size_t jx_n_members(struct jx object);
struct text jx_member_name(struct jx object, size_t i);
struct jx jx_member_value(struct jx object, size_t i);

/* A whole number, true, false or null as it is written; false for all else. */
bool jx_as_scalar(struct arena *a, struct jx v, struct text *ret);

#endif
