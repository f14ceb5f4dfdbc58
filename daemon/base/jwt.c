#include "answerd/jwt.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "answerd/limits.h"
#include "answerd/strbuf.h"

#define KEY_BITS_LEAST 2048

static void base64url_add(struct strbuf *b, const unsigned char *at, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t three = (uint32_t)at[i] << 16;

		three |= i + 1 < n ? (uint32_t)at[i + 1] << 8 : 0;
		three |= i + 2 < n ? (uint32_t)at[i + 2] : 0;
		strbuf_add_byte(b, digits[three >> 18]);
		strbuf_add_byte(b, digits[three >> 12 & 63]);
		if (i + 1 < n) {
			strbuf_add_byte(b, digits[three >> 6 & 63]);
		}
		if (i + 2 < n) {
			strbuf_add_byte(b, digits[three & 63]);
		}
	}
}

/* A key that is encrypted is no key: the library would ask at the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *u)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)u;
	return -1;
}

static EVP_PKEY *key_load(struct text key)
{
	BIO *bio = BIO_new_mem_buf(key.at, (int)key.len);
	EVP_PKEY *pkey = NULL;

	if (bio != NULL) {
		pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
		BIO_free(bio);
	}
	if (pkey != NULL && (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA ||
			     EVP_PKEY_get_bits(pkey) < KEY_BITS_LEAST)) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return pkey;
}

/* PKCS #1 v1.5 over SHA-256. False: the library refuses. */
static bool sign(struct arena *a, EVP_PKEY *pkey, struct text what, unsigned char **ret,
		 size_t *ret_n)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const unsigned char *in = (const unsigned char *)what.at;
	bool is_done = false;
	size_t n = 0;

	if (md != NULL && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pkey) == 1 &&
	    EVP_DigestSign(md, NULL, &n, in, what.len) == 1) {
		*ret = arena_alloc(a, n);
		is_done = EVP_DigestSign(md, *ret, &n, in, what.len) == 1;
		*ret_n = n;
	}
	EVP_MD_CTX_free(md);
	return is_done;
}

bool jwt_sign(struct arena *a, struct text header, struct text claims, struct text key,
	      struct text *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_STATE_BYTES };
	unsigned char *signature = NULL;
	EVP_PKEY *pkey = NULL;
	bool is_done = false;
	size_t n = 0;

	/* The library's own configuration file is none of our business. */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL); /* else the next call fails */
	base64url_add(&b, (const unsigned char *)header.at, header.len);
	strbuf_add_byte(&b, '.');
	base64url_add(&b, (const unsigned char *)claims.at, claims.len);
	if (key.len > 0 && key.len <= LIMIT_STATE_BYTES && !b.is_full) {
		pkey = key_load(key);
	}
	if (pkey != NULL && sign(a, pkey, strbuf_text(&b), &signature, &n)) {
		strbuf_add_byte(&b, '.');
		base64url_add(&b, signature, n);
		is_done = !b.is_full;
	}
	EVP_PKEY_free(pkey);
	ERR_clear_error(); /* libcurl reads the same queue */
	if (!is_done) {
		return err_set(err, ERR_AUTH,
			       "the private key is no RSA key in PEM of %d bits or more, without a "
			       "passphrase",
			       KEY_BITS_LEAST);
	}
	*ret = text_dup(a, strbuf_text(&b));
	return true;
}
