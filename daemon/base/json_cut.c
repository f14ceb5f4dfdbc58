/* The cutter: finds where values begin and end, without building anything and without recursion.
 *
 * It is deliberately lenient inside values: a bad escape or number is the fault of one element, and
 * is found when that element is parsed alone (json_tree.c). What it insists on is what cutting
 * needs: closed strings, matching brackets, commas and colons in their places. */
#include "daemon/base/json_cut.h"
#include "answerd/json.h"
#include "answerd/limits.h"
#include "daemon/base/bytes.h"

#define ELEMENTS_FIRST 128 /* of a page, before the long list is made */

struct cutter {
	struct text in;
	size_t at, n_values, depth, deepest;
	const char *why;
	unsigned char is_object[LIMIT_JSON_SCAN_DEPTH / 8];
};

enum { IS_BLANK = 1, IS_SIGN = 2 };

static const unsigned char classes[256] = {
	[' '] = IS_BLANK, ['\t'] = IS_BLANK, ['\n'] = IS_BLANK, ['\r'] = IS_BLANK,
	[','] = IS_SIGN,  [':'] = IS_SIGN,   ['['] = IS_SIGN,   [']'] = IS_SIGN,
	['{'] = IS_SIGN,  ['}'] = IS_SIGN,   ['"'] = IS_SIGN,
};

static inline bool is_json_blank(char c)
{
	return (classes[(unsigned char)c] & IS_BLANK) != 0;
}

static inline void blanks_skip(struct cutter *c)
{
	while (c->at < c->in.len && is_json_blank(c->in.at[c->at])) {
		c->at++;
	}
}

static inline bool fail(struct cutter *c, const char *why)
{
	c->why = why;
	return false;
}

static inline bool string_skip(struct cutter *c)
{
	const char *at = c->in.at;
	size_t i = c->at + 1, len = c->in.len;

	while (i < len) {
		char b;

		if (len - i >= 8) {
			uint64_t v = bytes_load(at + i);
			uint64_t hits = bytes_are(v, '"') | bytes_are(v, '\\');

			if (hits == 0) {
				i += 8;
				continue;
			}
			i += bytes_first(hits);
		}
		b = at[i++];
		if (b == '"') {
			c->at = i;
			return true;
		}
		if (b == '\\') {
			i++; /* whatever is escaped: it ends no string */
		}
	}
	c->at = len;
	return fail(c, "a string does not end");
}

/* A number, true, false, null, or what somebody thinks is one. */
static inline bool scalar_skip(struct cutter *c)
{
	size_t from = c->at;

	while (c->at < c->in.len && classes[(unsigned char)c->in.at[c->at]] == 0) {
		c->at++;
	}
	return c->at > from || fail(c, "a value is missing");
}

static inline bool is_in_object(const struct cutter *c)
{
	size_t d = c->depth - 1;

	return (c->is_object[d / 8] >> (d % 8) & 1) != 0;
}

static inline bool container_open(struct cutter *c, bool is_object)
{
	size_t d = c->depth;
	unsigned bits;

	if (d >= LIMIT_JSON_SCAN_DEPTH) {
		return fail(c, "nested too deep");
	}
	bits = c->is_object[d / 8] & ~(1u << (d % 8));
	c->is_object[d / 8] = (unsigned char)(bits | (unsigned)is_object << (d % 8));
	c->depth++;
	if (c->depth > c->deepest) {
		c->deepest = c->depth;
	}
	c->at++;
	return true;
}

/* A member's name and its colon, when inside an object. */
static inline bool name_skip(struct cutter *c)
{
	if (!is_in_object(c)) {
		return true;
	}
	if (c->at >= c->in.len || c->in.at[c->at] != '"') {
		return fail(c, "a member's name is missing");
	}
	if (!string_skip(c)) {
		return false;
	}
	blanks_skip(c);
	if (c->at >= c->in.len || c->in.at[c->at] != ':') {
		return fail(c, "a colon is missing");
	}
	c->at++;
	blanks_skip(c);
	return true;
}

/* After a value: closes what ends here; stops behind a comma, or at depth 0. */
static inline bool after_value(struct cutter *c)
{
	while (c->depth > 0) {
		char b;

		blanks_skip(c);
		if (c->at >= c->in.len) {
			return fail(c, "cut off");
		}
		b = c->in.at[c->at];
		if (b == ',') {
			c->at++;
			blanks_skip(c);
			return name_skip(c);
		}
		if (b != (is_in_object(c) ? '}' : ']')) {
			return fail(c, "a comma or a bracket is missing");
		}
		c->at++;
		c->depth--;
	}
	return true;
}

/* Past one whole value at c->at. */
static bool value_skip(struct cutter *c)
{
	size_t floor = c->depth;

	do {
		char b;

		if (c->at >= c->in.len) {
			return fail(c, "cut off");
		}
		c->n_values++;
		b = c->in.at[c->at];
		if (b == '{' || b == '[') {
			if (!container_open(c, b == '{')) {
				return false;
			}
			blanks_skip(c);
			if (c->at < c->in.len && c->in.at[c->at] == (b == '{' ? '}' : ']')) {
				c->at++;
				c->depth--;
			} else if (!name_skip(c)) {
				return false;
			} else {
				continue;
			}
		} else if (!(b == '"' ? string_skip(c) : scalar_skip(c))) {
			return false;
		}
		if (!after_value(c)) {
			return false;
		}
	} while (c->depth > floor);
	return true;
}

static bool place_set(struct err *err, const struct cutter *c)
{
	size_t line = 1, line_from = 0;

	for (size_t i = 0; i < c->at && i < c->in.len; i++) {
		if (c->in.at[i] == '\n') {
			line++;
			line_from = i + 1;
		}
	}
	return err_set(err, ERR_DATA, "not readable as JSON at byte %zu (line %zu, column %zu): %s",
		       c->at, line, c->at - line_from + 1, c->why != NULL ? c->why : "bad value");
}

bool jx_scan(struct text page, struct text *ret, struct err *err)
{
	struct cutter c = { .in = page };
	size_t from;

	if (page.len > LIMIT_BODY_BYTES) {
		return err_set(err, ERR_DATA, "longer than %u bytes", LIMIT_BODY_BYTES);
	}
	if (text_starts(page, TEXT("\xef\xbb\xbf"))) {
		c.at = 3;
	}
	blanks_skip(&c);
	from = c.at;
	if (from == page.len) {
		return err_set(err, ERR_DATA, "empty where JSON was expected");
	}
	if (!value_skip(&c)) {
		return place_set(err, &c);
	}
	*ret = text_slice(page, from, c.at - from);
	blanks_skip(&c);
	if (c.at != page.len) {
		c.why = "something follows the value";
		return place_set(err, &c);
	}
	return true;
}

bool json_measure(struct text slice, size_t *ret_depth, size_t *ret_values, struct err *err)
{
	struct cutter c = { .in = slice };

	blanks_skip(&c);
	if (!value_skip(&c)) {
		return place_set(err, &c);
	}
	*ret_depth = c.deepest;
	*ret_values = c.n_values;
	return true;
}

char jx_slice_kind(struct text slice)
{
	if (slice.len == 0) {
		return 0;
	}
	switch (slice.at[0]) {
	case '{':
	case '[':
	case '"':
	case 't':
	case 'f': return slice.at[0];
	case 'n': return '0';
	default: return 'n';
	}
}

/* Steps over the value at c->at inside a container that was opened by hand at depth 0. */
static bool inner_value_skip(struct cutter *c)
{
	size_t from = c->at;

	if (!value_skip(c)) {
		c->at = from;
		return false;
	}
	return true;
}

/* The next element's or member's value of the container whose inside starts at c->at; false at its
 * end or where it cannot be read (then c->why is set). `is_first` is cleared. */
static bool comma_take(struct cutter *c, char end, bool *is_first)
{
	blanks_skip(c);
	if (c->at >= c->in.len) {
		return fail(c, "cut off");
	}
	if (c->in.at[c->at] == end) {
		return false;
	}
	if (!*is_first) {
		if (c->in.at[c->at] != ',') {
			return fail(c, "a comma is missing");
		}
		c->at++;
		blanks_skip(c);
	}
	*is_first = false;
	return true;
}

static bool element_next(struct cutter *c, bool *is_first, struct text *ret)
{
	size_t from;

	if (!comma_take(c, ']', is_first)) {
		return false;
	}
	from = c->at;
	if (!inner_value_skip(c)) {
		return false;
	}
	*ret = text_slice(c->in, from, c->at - from);
	return true;
}

bool jx_elements(struct arena *a, struct text array, struct text **ret, size_t *ret_n,
		 struct err *err)
{
	struct cutter c = { .in = array, .at = 1 };
	struct text one, found[ELEMENTS_FIRST], *list = found;
	size_t n = 0, room = ELEMENTS_FIRST;
	bool is_first = true;

	if (jx_slice_kind(array) != '[') {
		return err_set(err, ERR_DATA, "not a list where a list was expected");
	}
	while (element_next(&c, &is_first, &one)) {
		if (n == room && n < LIMIT_PAGE_ITEMS) {
			list = ARENA_ARRAY(a, struct text, LIMIT_PAGE_ITEMS);
			memcpy(list, found, sizeof(found));
			room = LIMIT_PAGE_ITEMS;
		}
		if (n < room) {
			list[n] = one;
		}
		n++;
	}
	if (c.why != NULL) {
		return place_set(err, &c);
	}
	if (n > LIMIT_PAGE_ITEMS) {
		return err_set(err, ERR_DATA, "a list of %zu elements, more than %d", n,
			       LIMIT_PAGE_ITEMS);
	}
	if (list == found) {
		list = ARENA_ARRAY(a, struct text, n);
		memcpy(list, found, n * sizeof(found[0]));
	}
	*ret = list;
	*ret_n = n;
	return true;
}

bool jx_elements_most(struct arena *a, struct text array, size_t most, struct text **ret,
		      size_t *ret_n, struct err *err)
{
	struct cutter c = { .in = array, .at = 1 };
	bool is_first = true;
	struct text one;
	size_t n = 0;

	if (jx_slice_kind(array) != '[') {
		return err_set(err, ERR_DATA, "not a list where a list was expected");
	}
	while (element_next(&c, &is_first, &one)) {
		n++;
	}
	if (c.why != NULL) {
		return place_set(err, &c);
	}
	*ret = ARENA_ARRAY(a, struct text, n < most ? n : most);
	*ret_n = n;
	c = (struct cutter){ .in = array, .at = 1 };
	is_first = true;
	for (size_t i = 0; i < n && i < most && element_next(&c, &is_first, &one); i++) {
		(*ret)[i] = one;
	}
	return true;
}

bool jx_member(struct text object, struct text key, struct text *ret)
{
	struct cutter c = { .in = object, .at = 1 };
	bool is_first = true;

	if (jx_slice_kind(object) != '{') {
		return false;
	}
	while (comma_take(&c, '}', &is_first)) {
		size_t from = c.at;
		struct text name;

		if (c.at >= object.len || object.at[c.at] != '"' || !string_skip(&c)) {
			return false;
		}
		name = text_slice(object, from + 1, c.at - from - 2);
		blanks_skip(&c);
		if (c.at >= object.len || object.at[c.at] != ':') {
			return false;
		}
		c.at++;
		blanks_skip(&c);
		from = c.at;
		if (!inner_value_skip(&c)) {
			return false;
		}
		if (text_eq(name, key)) {
			*ret = text_slice(object, from, c.at - from);
			return true;
		}
	}
	return false;
}
