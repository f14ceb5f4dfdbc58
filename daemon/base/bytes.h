/* bytes.h: the inner loops over foreign bytes, eight at a time. Inside daemon/base only.
 *
 * A machine word is looked at as eight bytes: the arithmetic sets the top bit of those that are
 * sought. A borrow can set it wrongly too, but only above a right one, so the first is right.
 *
 * Owner:   plain values.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot. */
#ifndef ANSWERD_BASE_BYTES_H
#define ANSWERD_BASE_BYTES_H

#include <endian.h>

#include "answerd/text.h"

#define BYTES_ALL(b) (UINT64_C(0x0101010101010101) * (unsigned char)(b))
#define BYTES_TOP    BYTES_ALL(0x80)

/* The first byte is the lowest, on every machine. */
static inline uint64_t bytes_load(const char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

static inline uint64_t bytes_are(uint64_t v, char b)
{
	uint64_t x = v ^ BYTES_ALL(b);

	return (x - BYTES_ALL(1)) & ~x & BYTES_TOP;
}

/* n up to 128 */
static inline uint64_t bytes_below(uint64_t v, unsigned char n)
{
	return (v - BYTES_ALL(n)) & ~v & BYTES_TOP;
}

static inline size_t bytes_first(uint64_t hits)
{
	return (size_t)__builtin_ctzll(hits) / 8;
}

/* Length of the well-formed code point at the front (RFC 3629, no NUL), or 0. *ret_bad is how many
 * bytes one replacement character stands for then. n is at least 1. */
static inline size_t utf8_length(const unsigned char *s, size_t n, size_t *ret_bad)
{
	size_t len;
	unsigned char low = 0x80, high = 0xbf;

	*ret_bad = 1;
	if (s[0] < 0x80) {
		return s[0] != 0;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4) {
		return 0;
	}
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0) {
		low = 0xa0;
	} else if (s[0] == 0xed) {
		high = 0x9f;
	} else if (s[0] == 0xf0) {
		low = 0x90;
	} else if (s[0] == 0xf4) {
		high = 0x8f;
	}
	for (size_t i = 1; i < len; i++) {
		if (i >= n || s[i] < low || s[i] > high) {
			*ret_bad = i;
			return 0;
		}
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

#endif
