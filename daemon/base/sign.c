/* libcrypto comes with libpq and libcurl; libsodium has no SHA-1, and is right. */
#include "answerd/sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "answerd/log.h"

struct text sign_hmac_sha1(struct arena *a, struct text key, struct text words)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int mac_bytes = 0;
	char *out = arena_alloc(a, EVP_MAX_MD_SIZE * 2);
	int n;

	if (HMAC(EVP_sha1(), key.at != NULL ? key.at : "", (int)key.len,
		 (const unsigned char *)words.at, words.len, mac, &mac_bytes) == NULL) {
		not_reached("HMAC-SHA1 of text in memory failed");
	}
	n = EVP_EncodeBlock((unsigned char *)out, mac, (int)mac_bytes);
	return (struct text){ out, (size_t)n };
}
