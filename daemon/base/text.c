#include "answerd/text.h"

#include <stdarg.h>
#include <stdio.h>

#include "daemon/base/bytes.h"

bool text_eq(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool text_eq_nocase(struct text a, struct text b)
{
	return a.len == b.len && text_starts_nocase(a, b);
}

bool text_starts(struct text t, struct text prefix)
{
	return t.len >= prefix.len && (prefix.len == 0 || memcmp(t.at, prefix.at, prefix.len) == 0);
}

bool text_starts_nocase(struct text t, struct text prefix)
{
	if (t.len < prefix.len) {
		return false;
	}
	for (size_t i = 0; i < prefix.len; i++) {
		if (lower(t.at[i]) != lower(prefix.at[i])) {
			return false;
		}
	}
	return true;
}

bool text_ends(struct text t, struct text suffix)
{
	return t.len >= suffix.len &&
	       text_eq(text_slice(t, t.len - suffix.len, suffix.len), suffix);
}

int text_compare(struct text a, struct text b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n == 0 ? 0 : memcmp(a.at, b.at, n);

	if (order != 0) {
		return order < 0 ? -1 : 1;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct text text_trim(struct text t)
{
	while (t.len > 0 && is_blank(t.at[0])) {
		t.at++;
		t.len--;
	}
	while (t.len > 0 && is_blank(t.at[t.len - 1])) {
		t.len--;
	}
	return t;
}

struct text text_slice(struct text t, size_t from, size_t len)
{
	if (from >= t.len) {
		return (struct text){ t.at != NULL ? t.at + t.len : NULL, 0 };
	}
	if (len > t.len - from) {
		len = t.len - from;
	}
	return (struct text){ t.at + from, len };
}

size_t text_find(struct text t, struct text needle, size_t from)
{
	const char *hit;

	if (from > t.len || needle.len > t.len - from) {
		return SIZE_MAX;
	}
	if (needle.len == 0) {
		return from;
	}
	hit = memmem(t.at + from, t.len - from, needle.at, needle.len);
	return hit != NULL ? (size_t)(hit - t.at) : SIZE_MAX;
}

bool text_cut(struct text t, char sep, struct text *head, struct text *rest)
{
	const char *hit = t.len > 0 ? memchr(t.at, sep, t.len) : NULL;

	if (hit == NULL) {
		*head = t;
		*rest = text_slice(t, t.len, 0);
		return false;
	}
	*head = text_slice(t, 0, (size_t)(hit - t.at));
	*rest = text_slice(t, (size_t)(hit - t.at) + 1, SIZE_MAX);
	return true;
}

char *text_cstr(struct arena *a, struct text t)
{
	char *copy = arena_alloc(a, t.len + 1);

	if (t.len > 0) {
		memcpy(copy, t.at, t.len);
	}
	copy[t.len] = '\0';
	return copy;
}

struct text text_dup(struct arena *a, struct text t)
{
	return (struct text){ text_cstr(a, t), t.len };
}

struct text text_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *out;
	int n;

	if (fmt == NULL) { /* gcc's sanitizer build thinks it could be */
		return TEXT_NONE;
	}
	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		return TEXT_NONE;
	}
	out = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(out, (size_t)n + 1, fmt, ap); /* measured just above */
	va_end(ap);
	return (struct text){ out, (size_t)n };
}

struct text text_lower_ascii(struct arena *a, struct text t)
{
	char *out = text_cstr(a, t);

	for (size_t i = 0; i < t.len; i++) {
		out[i] = (char)lower(out[i]);
	}
	return (struct text){ out, t.len };
}

/* Bytes at the front of t that are clean. */
static size_t clean_length(struct text t)
{
	const unsigned char *s = (const unsigned char *)t.at;
	size_t i = 0, bad;

	while (i < t.len) {
		size_t n;

		if (t.len - i >= 8) { /* nearly all of it is plain ASCII */
			uint64_t v = bytes_load(t.at + i);

			if (((v & BYTES_TOP) | bytes_are(v, '\0')) == 0) {
				i += 8;
				continue;
			}
		}
		n = utf8_length(s + i, t.len - i, &bad);
		if (n == 0) {
			break;
		}
		i += n;
	}
	return i;
}

bool text_is_clean(struct text t)
{
	return clean_length(t) == t.len;
}

struct text text_clean(struct arena *a, struct text t, size_t *ret_replaced)
{
	static const char replacement[3] = { '\xef', '\xbf', '\xbd' };
	const unsigned char *s = (const unsigned char *)t.at;
	size_t i = clean_length(t), n_out = 0, n_replaced = 0;
	char *out;

	if (ret_replaced != NULL) {
		*ret_replaced = 0;
	}
	if (i == t.len) {
		return t;
	}
	out = arena_alloc(a, i + (t.len - i) * 3 + 1);
	memcpy(out, t.at, i);
	n_out = i;
	while (i < t.len) {
		size_t bad, n = utf8_length(s + i, t.len - i, &bad);

		if (n > 0) {
			memcpy(out + n_out, s + i, n);
			n_out += n;
			i += n;
			continue;
		}
		memcpy(out + n_out, replacement, sizeof(replacement));
		n_out += sizeof(replacement);
		i += bad;
		n_replaced++;
	}
	if (ret_replaced != NULL) {
		*ret_replaced = n_replaced;
	}
	return (struct text){ out, n_out };
}

struct text text_clip(struct text t, size_t max_bytes)
{
	if (t.len <= max_bytes) {
		return t;
	}
	t.len = max_bytes;
	while (t.len > 0 && ((unsigned char)t.at[t.len] & 0xc0) == 0x80) {
		t.len--;
	}
	return t;
}

uint64_t text_hash(uint64_t seed, struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		seed = (seed ^ (unsigned char)t.at[i]) * UINT64_C(1099511628211);
	}
	return seed;
}
