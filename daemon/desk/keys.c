/* Keys of all kinds: see keys.h. */
#include "daemon/desk/keys.h"

#include <sodium.h>
#include <stdio.h>

#include "answerd/secret.h"
#include "answerd/sign.h"
#include "daemon/base/base64.h"

#define RAW_BYTES      32
#define TOKEN_PREFIX   "answ_"
#define CHECKSUM_CHARS 6

static void encode(const unsigned char raw[static RAW_BYTES], char out[static KEY_BYTES])
{
	(void)sodium_bin2base64(out, KEY_BYTES, raw, RAW_BYTES,
				sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void key_make(char out[static KEY_BYTES])
{
	unsigned char raw[RAW_BYTES];

	randombytes_buf(raw, sizeof(raw));
	encode(raw, out);
	secret_wipe(raw, sizeof(raw));
}

void key_hash(struct text key, char out[static KEY_HASH_BYTES])
{
	unsigned char raw[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(raw, (const unsigned char *)(key.at != NULL ? key.at : ""),
				 key.len);
	(void)sodium_bin2hex(out, KEY_HASH_BYTES, raw, sizeof(raw));
}

bool key_is_formed(struct text key)
{
	if (key.len != KEY_BYTES - 1) {
		return false;
	}
	for (size_t i = 0; i < key.len; i++) {
		char c = key.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '_') {
			return false;
		}
	}
	return true;
}

static void checksum(struct text words, char out[static CHECKSUM_CHARS + 1])
{
	unsigned char raw[crypto_hash_sha256_BYTES];
	char all[KEY_BYTES];

	(void)crypto_hash_sha256(raw, (const unsigned char *)words.at, words.len);
	encode(raw, all);
	memcpy(out, all, CHECKSUM_CHARS);
	out[CHECKSUM_CHARS] = '\0';
}

void key_make_token(char out[static KEY_TOKEN_BYTES])
{
	char key[KEY_BYTES], sum[CHECKSUM_CHARS + 1];

	key_make(key);
	checksum(text_of(key), sum);
	(void)snprintf(out, KEY_TOKEN_BYTES, TOKEN_PREFIX "%s%s", key, sum);
	secret_wipe(key, sizeof(key));
}

bool key_is_token(struct text token)
{
	struct text key = text_slice(token, sizeof(TOKEN_PREFIX) - 1, KEY_BYTES - 1);
	char sum[CHECKSUM_CHARS + 1];

	if (token.len != KEY_TOKEN_BYTES - 1 || !text_starts(token, TEXT(TOKEN_PREFIX)) ||
	    !key_is_formed(key)) {
		return false;
	}
	checksum(key, sum);
	return text_ends(token, text_of(sum));
}

struct text key_base32(struct arena *a, const unsigned char *bytes, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t n_out = (n * 8 + 4) / 5;
	char *out = arena_alloc(a, n_out + 1);

	for (size_t i = 0; i < n_out; i++) {
		unsigned at = 0;

		for (size_t bit = i * 5; bit < i * 5 + 5; bit++) {
			at = at << 1 | (bit / 8 < n ? bytes[bit / 8] >> (7 - bit % 8) & 1u : 0);
		}
		out[i] = letters[at];
	}
	out[n_out] = '\0';
	return (struct text){ out, n_out };
}

bool key_is_same(struct text a, struct text b)
{
	return a.len == b.len && a.len > 0 && sodium_memcmp(a.at, b.at, a.len) == 0;
}

bool key_of_named_cookie(struct text header, struct text wanted, struct text *ret)
{
	struct text pair, name, value, found = TEXT_NONE;
	bool is_more = !text_is_empty(header);
	int n = 0;

	while (is_more) {
		is_more = text_cut(header, ';', &pair, &header);
		if (text_cut(text_trim(pair), '=', &name, &value) && text_eq(name, wanted)) {
			found = value;
			n++;
		}
	}
	if (n != 1 || !key_is_formed(found)) {
		return false;
	}
	*ret = found;
	return true;
}

bool key_of_cookie(struct text header, struct text *ret)
{
	return key_of_named_cookie(header, TEXT(KEY_COOKIE), ret);
}

void key_csrf(struct text session, char out[static KEY_BYTES])
{
	unsigned char raw[RAW_BYTES];
	static const unsigned char use[] = "answerd desk: said by the page";

	(void)crypto_generichash(raw, sizeof(raw), use, sizeof(use) - 1,
				 (const unsigned char *)session.at, session.len);
	encode(raw, out);
}

/* ---- codes ---- */

#define STEP_S         30
#define CODE_DIGITS    6
#define CODE_MODULUS   1000000u
#define RECOVERY_CHARS 16 /* 80 bits in base32 */

static bool code_at(struct text secret_hex, int64_t step, char out[static CODE_DIGITS + 1])
{
	struct arena *a = arena_create(4096);
	unsigned char secret[64], mac[20];
	char counter[8];
	size_t n = 0, n_mac = 0;
	struct text signature;
	uint32_t word;
	bool is_ok = sodium_hex2bin(secret, sizeof(secret), secret_hex.at, secret_hex.len, NULL, &n,
				    NULL) == 0 &&
		     n > 0;

	for (int i = 0; i < 8; i++) {
		counter[i] = (char)((uint64_t)step >> (56 - 8 * i));
	}
	signature = sign_hmac_sha1(a, (struct text){ (const char *)secret, n },
				   (struct text){ counter, sizeof(counter) });
	is_ok = is_ok && base64_decode(BASE64_PLAIN, signature, mac, sizeof(mac), &n_mac) &&
		n_mac == sizeof(mac);
	if (is_ok) {
		const unsigned char *at = mac + (mac[19] & 0x0f);

		word = ((uint32_t)(at[0] & 0x7f) << 24) | ((uint32_t)at[1] << 16) |
		       ((uint32_t)at[2] << 8) | at[3];
		(void)snprintf(out, CODE_DIGITS + 1, "%06u", word % CODE_MODULUS);
	}
	secret_wipe(secret, sizeof(secret));
	arena_destroy(&a);
	return is_ok;
}

static bool code_of_totp(struct text secret, struct text code, struct wall now, int64_t *ret_step)
{
	int64_t step = now.us / 1000000 / STEP_S, found = 0;
	char want[CODE_DIGITS + 1];

	for (int64_t at = step - 1; at <= step + 1; at++) {
		if (code_at(secret, at, want) && key_is_same(code, text_of(want))) {
			found = at;
		}
	}
	*ret_step = found;
	return found != 0;
}

static bool code_of_recovery(struct text code, char out[static KEY_HASH_BYTES])
{
	char plain[RECOVERY_CHARS];
	size_t n = 0;

	for (size_t i = 0; i < code.len; i++) {
		char c = code.at[i];

		c = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		if (c == '-' || c == ' ') {
			continue;
		}
		if (n == sizeof(plain) || !((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'))) {
			return false;
		}
		plain[n++] = c;
	}
	if (n != sizeof(plain)) {
		return false;
	}
	key_hash((struct text){ plain, n }, out);
	return true;
}

bool code_find(struct text secret, struct text code, struct wall now, int64_t *ret_step,
	       char ret_recovery[static KEY_HASH_BYTES])
{
	*ret_step = 0;
	ret_recovery[0] = '\0';
	return code_of_totp(secret, code, now, ret_step) || code_of_recovery(code, ret_recovery);
}
