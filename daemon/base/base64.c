#include "daemon/base/base64.h"

#include <sodium.h>

/* The library takes some bytes above 0x7f for letters. */
static bool is_letter(enum base64_kind kind, char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (kind == BASE64_URL ? c == '-' || c == '_' : c == '+' || c == '/' || c == '=');
}

bool base64_decode(enum base64_kind kind, struct text in, unsigned char *out, size_t room,
		   size_t *ret_len)
{
	const char *end = NULL;
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		if (!is_letter(kind, in.at[i])) {
			return false;
		}
	}
	if (sodium_base642bin(out, room, in.at, in.len, /* ignore= */ NULL, &n, &end,
			      kind == BASE64_URL ? sodium_base64_VARIANT_URLSAFE_NO_PADDING
						 : sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    end != in.at + in.len) {
		return false;
	}
	*ret_len = n;
	return true;
}
