#include "answerd/mac.h"

#include <sodium.h>

void mac_sha256_hex(struct text key, struct text message, char out[static MAC_SHA256_HEX_BYTES])
{
	static const struct text nothing = { "", 0 };
	unsigned char code[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;

	key = key.len > 0 ? key : nothing;
	message = message.len > 0 ? message : nothing;
	(void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.at, key.len);
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)message.at, message.len);
	(void)crypto_auth_hmacsha256_final(&state, code); /* they cannot fail */
	(void)sodium_bin2hex(out, MAC_SHA256_HEX_BYTES, code, sizeof(code));
	sodium_memzero(&state, sizeof(state));
}
