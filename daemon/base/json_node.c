/* The reader of one slice: strict where the cutter (json_cut.c) is lenient, without recursion, one
 * pass. It decides alone what is JSON; that it decides as jansson does is what the tests prove. */
#include "daemon/base/json_node.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/base/bytes.h"

#define FIRST_NODES  64
#define FEW_NAMES    64   /* more are sorted to find a double one */
#define FILTER_BITS  1024 /* of names seen */
#define SHORT_NUMBER 64

struct level {
	size_t from; /* its first child in `open` */
	bool is_object;
};

struct reader {
	const char *at, *end;
	struct json_nodes open;  /* containers under way, each followed by its children so far */
	struct json_nodes ready; /* children of closed containers */
	struct level levels[LIMIT_JSON_DEPTH];
	size_t depth, n_values;
	struct text name; /* of the member to come */
	struct arena *names;
	size_t slice_bytes;
};

static void nodes_grow(struct json_nodes *nodes, size_t need)
{
	size_t room = nodes->room > 0 ? nodes->room : FIRST_NODES;

	while (room < need) {
		room *= 2;
	}
	if (room > nodes->room) {
		nodes->at = xrealloc(nodes->at, room * sizeof(nodes->at[0]));
		nodes->room = room;
	}
}

static inline void blanks_skip(struct reader *r)
{
	while (r->at < r->end &&
	       (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')) {
		r->at++;
	}
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- strings ---- */

static bool hex_read(const char *at, const char *end, unsigned *ret)
{
	unsigned code = 0;

	if (end - at < 4) {
		return false;
	}
	for (int i = 0; i < 4; i++) {
		char c = at[i], low = (char)(c | 0x20);

		if (is_digit(c)) {
			code = code << 4 | (unsigned)(c - '0');
		} else if (low >= 'a' && low <= 'f') {
			code = code << 4 | (unsigned)(low - 'a' + 10);
		} else {
			return false;
		}
	}
	*ret = code;
	return true;
}

/* Length of the escape at `at`, which is a backslash; 0: none that may be. No NUL, no half of a
 * surrogate pair. */
static size_t escape_read(const char *at, const char *end, uint32_t *ret)
{
	static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *found;
	unsigned code, low;

	if (end - at < 2 || at[1] == '\0') {
		return 0;
	}
	if (at[1] != 'u') {
		found = strchr(letters, at[1]);
		*ret = found != NULL ? (unsigned char)values[found - letters] : 0;
		return found != NULL ? 2 : 0;
	}
	if (!hex_read(at + 2, end, &code) || code == 0 || (code >= 0xdc00 && code <= 0xdfff)) {
		return 0;
	}
	*ret = code;
	if (code < 0xd800 || code > 0xdfff) {
		return 6;
	}
	if (end - at < 12 || at[6] != '\\' || at[7] != 'u' || !hex_read(at + 8, end, &low) ||
	    low < 0xdc00 || low > 0xdfff) {
		return 0;
	}
	*ret = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	return 12;
}

static size_t code_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* What was checked before; never longer than it is written. */
static struct text text_decode(struct arena *a, struct text raw)
{
	char *out = arena_alloc(a, raw.len + 1);
	const char *at = raw.at, *end = raw.at + raw.len;
	size_t n = 0;

	while (at < end) {
		const char *stop = memchr(at, '\\', (size_t)(end - at));
		size_t run = (size_t)((stop != NULL ? stop : end) - at);
		uint32_t code = 0;

		memcpy(out + n, at, run);
		n += run;
		at += run;
		if (stop != NULL) {
			at += escape_read(at, end, &code);
			n += code_put(out + n, code);
		}
	}
	out[n] = '\0';
	return (struct text){ out, n };
}

struct text node_text(struct arena *a, const struct node *string)
{
	return string->is_escaped ? text_decode(a, string->text) : text_dup(a, string->text);
}

/* From the opening quote to behind the closing one. */
static bool string_take(struct reader *r, struct text *ret, bool *ret_escaped)
{
	const char *from = ++r->at, *at = from, *end = r->end;
	bool is_escaped = false;

	for (;;) {
		size_t n, bad;
		uint32_t code;

		if (end - at >= 8) {
			uint64_t v = bytes_load(at);
			uint64_t hits = bytes_are(v, '"') | bytes_are(v, '\\') |
					bytes_below(v, ' ') | (v & BYTES_TOP);

			if (hits == 0) {
				at += 8;
				continue;
			}
			at += bytes_first(hits);
		} else if (at == end) {
			return false;
		}
		if (*at == '"') {
			break;
		}
		if (*at == '\\') {
			is_escaped = true;
			n = escape_read(at, end, &code);
		} else if ((unsigned char)*at < ' ') {
			return false;
		} else {
			n = utf8_length((const unsigned char *)at, (size_t)(end - at), &bad);
		}
		if (n == 0) {
			return false;
		}
		at += n;
	}
	*ret = (struct text){ from, (size_t)(at - from) };
	*ret_escaped = is_escaped;
	r->at = at + 1;
	return true;
}

/* A member's name and its colon. */
static bool name_take(struct reader *r)
{
	bool is_escaped;

	if (r->at >= r->end || *r->at != '"' || !string_take(r, &r->name, &is_escaped)) {
		return false;
	}
	if (is_escaped) {
		if (r->names == NULL) {
			/* Names are bounded by the slice; what rounding adds, by their number. */
			r->names =
				arena_create(2 * r->slice_bytes + (size_t)32 * LIMIT_JSON_VALUES);
		}
		r->name = text_decode(r->names, r->name);
	}
	blanks_skip(r);
	if (r->at >= r->end || *r->at != ':') {
		return false;
	}
	r->at++;
	blanks_skip(r);
	return true;
}

/* ---- numbers and words ---- */

static bool real_is_finite(const char *from, size_t len)
{
	char few[SHORT_NUMBER], *copy = len < sizeof(few) ? few : xcalloc(1, len + 1);
	bool is_finite;

	memcpy(copy, from, len);
	copy[len] = '\0';
	is_finite = isfinite(strtod(copy, NULL)) != 0; /* no program of ours changes the locale */
	if (copy != few) {
		free(copy);
	}
	return is_finite;
}

static const char *digits_skip(const char *at, const char *end)
{
	while (at < end && is_digit(*at)) {
		at++;
	}
	return at;
}

/* Behind the fraction and the exponent; NULL where they are not well-formed. */
static const char *real_skip(const char *at, const char *end)
{
	if (at < end && *at == '.') {
		if (++at == end || !is_digit(*at)) {
			return NULL;
		}
		at = digits_skip(at, end);
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		at += at < end && (*at == '+' || *at == '-');
		if (at == end || !is_digit(*at)) {
			return NULL;
		}
		at = digits_skip(at, end);
	}
	return at;
}

static bool number_take(struct reader *r, struct node *ret)
{
	const char *from = r->at, *at = from, *digits, *behind;
	bool is_negative = *at == '-', is_too_big = false;
	uint64_t value = 0;

	at += is_negative;
	digits = at;
	if (at == r->end || !is_digit(*at)) {
		return false;
	}
	at = *at == '0' ? at + 1 : digits_skip(at, r->end);
	behind = real_skip(at, r->end);
	if (behind == NULL) {
		return false;
	}
	r->at = behind;
	if (behind != at) {
		ret->kind = NODE_REAL;
		return real_is_finite(from, (size_t)(behind - from));
	}
	for (; digits < at; digits++) {
		is_too_big = __builtin_mul_overflow(value, 10, &value) || is_too_big;
		is_too_big = __builtin_add_overflow(value, (unsigned)(*digits - '0'), &value) ||
			     is_too_big;
	}
	ret->kind = NODE_INTEGER;
	ret->integer = is_negative ? (int64_t)(0 - value) : (int64_t)value;
	return !is_too_big && value <= (uint64_t)INT64_MAX + is_negative;
}

static bool word_take(struct reader *r, struct text word)
{
	if ((size_t)(r->end - r->at) < word.len || memcmp(r->at, word.at, word.len) != 0) {
		return false;
	}
	r->at += word.len;
	return true;
}

static bool scalar_take(struct reader *r, struct node *ret)
{
	switch (*r->at) {
	case '"': ret->kind = NODE_STRING; return string_take(r, &ret->text, &ret->is_escaped);
	case 't': ret->kind = NODE_TRUE; return word_take(r, TEXT("true"));
	case 'f': ret->kind = NODE_FALSE; return word_take(r, TEXT("false"));
	case 'n': ret->kind = NODE_NULL; return word_take(r, TEXT("null"));
	default: return number_take(r, ret);
	}
}

/* ---- containers ---- */

static int name_order(const void *a, const void *b)
{
	const struct node *const *na = a, *const *nb = b;

	return text_compare((*na)->name, (*nb)->name);
}

static bool many_differ(const struct node *members, size_t n)
{
	const struct node **sorted = xcalloc(n, sizeof(*sorted));
	bool do_differ = true;

	for (size_t i = 0; i < n; i++) {
		sorted[i] = &members[i];
	}
	qsort(sorted, n, sizeof(*sorted), name_order);
	for (size_t i = 1; i < n && do_differ; i++) {
		do_differ = !text_eq(sorted[i - 1]->name, sorted[i]->name);
	}
	free(sorted);
	return do_differ;
}

static inline unsigned name_hash(struct text t)
{
	const unsigned char *s = (const unsigned char *)t.at;
	unsigned h = (unsigned)t.len * 7919;

	if (t.len > 0) {
		h += s[0] * 5u + s[t.len / 2] * 33u + s[t.len - 1] * 257u;
	}
	return (h ^ h >> 10) % FILTER_BITS;
}

/* No name comes twice. */
static bool names_differ(const struct node *members, size_t n)
{
	uint64_t seen[FILTER_BITS / 64] = { 0 };

	if (n > FEW_NAMES) {
		return many_differ(members, n);
	}
	for (size_t i = 0; i < n; i++) {
		unsigned h = name_hash(members[i].name);

		for (size_t k = 0; (seen[h / 64] >> h % 64 & 1) != 0 && k < i; k++) {
			if (text_eq(members[k].name, members[i].name)) {
				return false;
			}
		}
		seen[h / 64] |= UINT64_C(1) << h % 64;
	}
	return true;
}

/* Its children leave the stack and stand side by side from now on. */
static bool container_close(struct reader *r)
{
	struct level *l = &r->levels[--r->depth];
	struct node *children = r->open.at + l->from;
	size_t n = r->open.n - l->from;

	r->at++;
	if (l->is_object && n > 1 && !names_differ(children, n)) {
		return false;
	}
	nodes_grow(&r->ready, r->ready.n + n);
	if (n > 0) {
		memcpy(r->ready.at + r->ready.n, children, n * sizeof(children[0]));
	}
	children[-1].list = (struct node_list){ .at = r->ready.n, .n = n };
	r->ready.n += n;
	r->open.n = l->from;
	return true;
}

/* A value's beginning: the whole of a scalar, the bracket of a container. */
static bool value_start(struct reader *r)
{
	struct node *v;

	if (r->at >= r->end || ++r->n_values > LIMIT_JSON_VALUES) {
		return false;
	}
	if (r->open.n == r->open.room) {
		nodes_grow(&r->open, r->open.n + 1);
	}
	v = &r->open.at[r->open.n++];
	*v = (struct node){ .name = r->name };
	if (*r->at != '{' && *r->at != '[') {
		return scalar_take(r, v);
	}
	v->kind = *r->at == '{' ? NODE_OBJECT : NODE_ARRAY;
	if (r->depth == LIMIT_JSON_DEPTH) {
		return false;
	}
	r->levels[r->depth++] = (struct level){ r->open.n, v->kind == NODE_OBJECT };
	r->at++;
	return true;
}

/* Behind a value: closes what ends here, and goes on to the next. *ret_done: that was all. */
static bool value_end(struct reader *r, bool *ret_done)
{
	while (r->depth > 0) {
		const struct level *l = &r->levels[r->depth - 1];

		blanks_skip(r);
		if (r->at >= r->end) {
			return false;
		}
		if (*r->at == ',') {
			r->at++;
			blanks_skip(r);
			return !l->is_object || name_take(r);
		}
		if (*r->at != (l->is_object ? '}' : ']') || !container_close(r)) {
			return false;
		}
	}
	*ret_done = true;
	return true;
}

/* Behind an opening bracket: *ret_empty when it is closed at once. */
static bool container_enter(struct reader *r, bool *ret_empty)
{
	const struct level *l = &r->levels[r->depth - 1];

	r->name = TEXT_NONE;
	blanks_skip(r);
	*ret_empty = r->at < r->end && *r->at == (l->is_object ? '}' : ']');
	return *ret_empty ? container_close(r) : !l->is_object || name_take(r);
}

static bool values_take(struct reader *r)
{
	bool is_done = false;

	while (!is_done) {
		size_t depth = r->depth;
		bool is_whole;

		if (!value_start(r)) {
			return false;
		}
		is_whole = r->depth == depth;
		if (!is_whole && !container_enter(r, &is_whole)) {
			return false;
		}
		if (is_whole && !value_end(r, &is_done)) {
			return false;
		}
	}
	blanks_skip(r);
	return r->at == r->end;
}

static void lists_settle(struct json_nodes *nodes)
{
	for (size_t i = 0; i < nodes->n; i++) {
		struct node *v = &nodes->at[i];

		if (v->kind == NODE_ARRAY || v->kind == NODE_OBJECT) {
			v->list.first = nodes->at + v->list.at;
		}
	}
}

bool json_tree_read(struct text slice, struct json_tree *ret)
{
	struct reader r = { .at = slice.at, .end = slice.at + slice.len, .slice_bytes = slice.len };
	bool is_read;

	blanks_skip(&r);
	is_read = values_take(&r);
	if (is_read) {
		nodes_grow(&r.ready, r.ready.n + 1);
		r.ready.at[r.ready.n++] = r.open.at[0];
		lists_settle(&r.ready);
	}
	free(r.open.at);
	*ret = (struct json_tree){ .nodes = r.ready, .names = r.names };
	if (!is_read) {
		json_tree_done(ret);
		return false;
	}
	ret->root = &r.ready.at[r.ready.n - 1];
	return true;
}

void json_tree_done(struct json_tree *t)
{
	free(t->nodes.at);
	arena_destroy(&t->names);
	*t = (struct json_tree){ 0 };
}
