/* base64.h: bytes from base64 (RFC 4648), strictly: no blanks, no second way to write the same bytes.
 *
 * Owner:   the caller's buffer.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   false: it is no base64 of that kind, or longer than the buffer. */
#ifndef ANSWERD_BASE_BASE64_H
#define ANSWERD_BASE_BASE64_H

#include "answerd/text.h"

enum base64_kind {
	BASE64_PLAIN, /* '+', '/', filled up with '=' */
	BASE64_URL,   /* '-', '_', not filled up */
};

/* Enough for what `len` letters can hold. */
#define BASE64_ROOM(len) ((len) / 4 * 3 + 3)

bool base64_decode(enum base64_kind kind, struct text in, unsigned char *out, size_t room,
		   size_t *ret_len);

#endif
