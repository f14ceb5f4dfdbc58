#include <sodium.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/base/base64.h"
#include "daemon/base/seal.h"

#define VERSION "1." /* what it is made of; another scheme gets another number */
#define NONCE   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG     crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY     crypto_aead_xchacha20poly1305_ietf_KEYBYTES

static void derive(struct text material, unsigned char key[KEY])
{
	static const unsigned char purpose[] = "answerd: sealed session, version 1";

	if (sodium_init() < 0 ||
	    crypto_generichash(key, KEY, (const unsigned char *)material.at, material.len, purpose,
			       sizeof(purpose) - 1) != 0) {
		not_reached("libsodium does not start");
	}
}

struct text seal_close(struct arena *a, struct text key_material, struct text place,
		       struct text plain)
{
	size_t bytes = NONCE + plain.len + TAG,
	       room = sodium_base64_ENCODED_LEN(bytes, sodium_base64_VARIANT_ORIGINAL);
	unsigned char key[KEY], *box = arena_alloc(a, bytes);
	char *out = arena_alloc(a, sizeof(VERSION) - 1 + room);

	derive(key_material, key);
	randombytes_buf(box, NONCE);
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(
		    box + NONCE, NULL, (const unsigned char *)plain.at, plain.len,
		    (const unsigned char *)place.at, place.len, NULL, box, key) != 0) {
		not_reached("sealing cannot fail");
	}
	secret_wipe(key, sizeof(key));
	memcpy(out, VERSION, sizeof(VERSION) - 1);
	(void)sodium_bin2base64(out + sizeof(VERSION) - 1, room, box, bytes,
				sodium_base64_VARIANT_ORIGINAL);
	return text_of(out);
}

struct text seal_place_of_session(struct arena *a, int64_t account_id, int64_t brand_id)
{
	return text_printf(a, "session of account %lld of brand %lld", (long long)account_id,
			   (long long)brand_id);
}

bool seal_open(struct text key_material, struct text place, struct text sealed, struct secret *ret)
{
	unsigned char key[KEY], *box, *plain;
	size_t bytes = 0;
	bool is_open = false;

	if (!text_starts(sealed, TEXT(VERSION))) {
		return false;
	}
	sealed = text_slice(sealed, sizeof(VERSION) - 1, SIZE_MAX);
	box = xcalloc(1, sealed.len + 1);
	plain = xcalloc(1, sealed.len + 1);
	if (base64_decode(BASE64_PLAIN, sealed, box, sealed.len, &bytes) && bytes > NONCE + TAG) {
		derive(key_material, key);
		is_open = crypto_aead_xchacha20poly1305_ietf_decrypt(
				  plain, NULL, NULL, box + NONCE, bytes - NONCE,
				  (const unsigned char *)place.at, place.len, box, key) == 0;
		secret_wipe(key, sizeof(key));
	}
	if (is_open) {
		secret_set(ret, (struct text){ (const char *)plain, bytes - NONCE - TAG });
	}
	secret_wipe(plain, sealed.len);
	free(plain);
	free(box);
	return is_open;
}
