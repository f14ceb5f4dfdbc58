/* Signatures of webhooks: see sign.h. */
#include "daemon/alert/sign.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "answerd/log.h"

static void sign(const struct secret *secret, struct text stamp, struct text body,
		 char hex[static 2 * crypto_auth_hmacsha256_BYTES + 1])
{
	crypto_auth_hmacsha256_state state;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	struct text key = secret_reveal(secret);

	(void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.at, key.len);
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)stamp.at, stamp.len);
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.at, body.len);
	(void)crypto_auth_hmacsha256_final(&state, mac);
	(void)sodium_bin2hex(hex, 2 * sizeof(mac) + 1, mac, sizeof(mac));
	secret_wipe(&state, sizeof(state));
}

void sign_body(const struct secret *secret, const struct secret *other, struct wall at,
	       struct text body, char out[static SIGN_BYTES])
{
	char stamp[24], hex[2 * crypto_auth_hmacsha256_BYTES + 1];
	int n;

	if (sodium_init() < 0) {
		not_reached("libsodium does not start");
	}
	(void)snprintf(stamp, sizeof(stamp), "%" PRId64, at.us / 1000000);
	sign(secret, text_of(stamp), body, hex);
	n = snprintf(out, SIGN_BYTES, "t=%s,v1=%s", stamp, hex);
	if (secret_is_set(other)) {
		sign(other, text_of(stamp), body, hex);
		(void)snprintf(out + n, SIGN_BYTES - (size_t)n, ",v1=%s", hex);
	}
}
