#include "daemon/base/jws.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "answerd/json.h"
#include "daemon/base/base64.h"

#define RSA_LEAST_BITS 2048
#define RSA_MOST_BYTES 1024 /* 8192 bits: more is a way to keep us busy */
#define P256_BYTES     32
#define KEYS_MOST      64

static bool base64url(struct arena *a, struct text in, struct text *ret)
{
	unsigned char *out = arena_alloc(a, BASE64_ROOM(in.len) + 1);
	size_t n = 0;

	if (in.len == 0 || !base64_decode(BASE64_URL, in, out, BASE64_ROOM(in.len), &n)) {
		return false;
	}
	out[n] = '\0';
	*ret = (struct text){ (const char *)out, n };
	return true;
}

/* ---- reading ---- */

static bool read_header(struct arena *a, struct jx header, struct jws *ret, struct err *err)
{
	struct text alg = jx_text_or(a, header, "alg", TEXT_NONE);

	if (jx_is_set(jx_get(header, "crit"))) {
		return err_set(err, ERR_DATA, "it asks for more than signatures can here ('crit')");
	}
	if (text_eq(alg, TEXT("RS256"))) {
		ret->alg = JWS_RS256;
	} else if (text_eq(alg, TEXT("ES256"))) {
		ret->alg = JWS_ES256;
	} else {
		return err_set(
			err, ERR_DATA, "it is signed by '%.*s': only RS256 and ES256 are taken",
			text_is_clean(alg) && alg.len > 0 && alg.len <= 20 ? (int)alg.len : 7,
			text_is_clean(alg) && alg.len > 0 && alg.len <= 20 ? alg.at : "nothing");
	}
	ret->kid = jx_text_or(a, header, "kid", TEXT_NONE);
	return true;
}

bool jws_read(struct arena *a, struct text token, struct jws *ret, struct err *err)
{
	struct text head, rest, claims, signature, json;
	struct jx_doc *doc = NULL;
	struct jws t = { 0 };
	struct jx header;
	bool is_ok;

	if (token.len > JWS_BYTES || !text_cut(token, '.', &head, &rest) ||
	    !text_cut(rest, '.', &claims, &signature) ||
	    text_find(signature, TEXT("."), 0) != SIZE_MAX || !base64url(a, head, &json) ||
	    !base64url(a, claims, &t.claims)) {
		return err_set(err, ERR_DATA, "it is no signed statement");
	}
	if (!jx_parse(a, json, &header, &doc, NULL)) {
		return err_set(err, ERR_DATA, "its header is no JSON");
	}
	is_ok = jx_is_object(header) ? read_header(a, header, &t, err)
				     : err_set(err, ERR_DATA, "its header is no JSON object");
	jx_release(&doc);
	if (!is_ok) {
		return false;
	}
	if (!base64url(a, signature, &t.signature)) {
		return err_set(err, ERR_DATA, "it has no signature");
	}
	t.signed_part = text_slice(token, 0, head.len + 1 + claims.len);
	*ret = t;
	return true;
}

/* ---- keys ---- */

static EVP_PKEY *pkey_make(const char *type, OSSL_PARAM_BLD *with)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(with);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *made = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, params) != 1) {
		made = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return made;
}

static EVP_PKEY *rsa_make(struct text n, struct text e)
{
	BIGNUM *modulus, *exponent;
	OSSL_PARAM_BLD *b;
	EVP_PKEY *made = NULL;

	if (n.len == 0 || n.len > RSA_MOST_BYTES || e.len == 0 || e.len > 8) {
		return NULL;
	}
	modulus = BN_bin2bn((const unsigned char *)n.at, (int)n.len, NULL);
	exponent = BN_bin2bn((const unsigned char *)e.at, (int)e.len, NULL);
	b = OSSL_PARAM_BLD_new();
	if (modulus != NULL && exponent != NULL && b != NULL &&
	    BN_num_bits(modulus) >= RSA_LEAST_BITS && BN_is_odd(exponent) && !BN_is_one(exponent) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
		made = pkey_make("RSA", b);
	}
	OSSL_PARAM_BLD_free(b);
	BN_free(modulus);
	BN_free(exponent);
	return made;
}

static EVP_PKEY *p256_make(struct text x, struct text y)
{
	unsigned char point[1 + 2 * P256_BYTES] = { POINT_CONVERSION_UNCOMPRESSED };
	OSSL_PARAM_BLD *b;
	EVP_PKEY *made = NULL;

	if (x.len != P256_BYTES || y.len != P256_BYTES) {
		return NULL;
	}
	memcpy(point + 1, x.at, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, y.at, P256_BYTES);
	b = OSSL_PARAM_BLD_new();
	if (b != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) ==
		    1) {
		made = pkey_make("EC", b);
	}
	OSSL_PARAM_BLD_free(b);
	return made;
}

static EVP_PKEY *key_make(struct arena *a, struct jx key, enum jws_alg alg)
{
	struct text one, other;
	bool is_rsa = alg == JWS_RS256;

	if (!base64url(a, jx_text_or(a, key, is_rsa ? "n" : "x", TEXT_NONE), &one) ||
	    !base64url(a, jx_text_or(a, key, is_rsa ? "e" : "y", TEXT_NONE), &other)) {
		return NULL;
	}
	return is_rsa ? rsa_make(one, other) : p256_make(one, other);
}

/* A key says what it is for; one that is for something else is not taken. */
static bool fits(struct arena *a, struct jx key, const struct jws *t)
{
	const char *alg = t->alg == JWS_RS256 ? "RS256" : "ES256";

	return jx_is_object(key) &&
	       text_eq(jx_text_or(a, key, "kty", TEXT_NONE),
		       t->alg == JWS_RS256 ? TEXT("RSA") : TEXT("EC")) &&
	       (t->alg == JWS_RS256 ||
		text_eq(jx_text_or(a, key, "crv", TEXT_NONE), TEXT("P-256"))) &&
	       text_eq(jx_text_or(a, key, "use", TEXT("sig")), TEXT("sig")) &&
	       text_eq(jx_text_or(a, key, "alg", text_of(alg)), text_of(alg)) &&
	       (text_is_empty(t->kid) || text_eq(jx_text_or(a, key, "kid", TEXT_NONE), t->kid));
}

/* The one key that fits; more than one without a name to choose by is none. */
static EVP_PKEY *key_find(struct arena *a, const struct jws *t, struct text keys, struct err *err)
{
	struct text whole, list, *each;
	EVP_PKEY *found = NULL;
	int n_found = 0;
	size_t n = 0;

	if (!jx_scan(keys, &whole, NULL) || !jx_member(whole, TEXT("keys"), &list) ||
	    !jx_elements(a, list, &each, &n, NULL)) {
		(void)err_set(err, ERR_DATA, "the service's keys are no set of keys");
		return NULL;
	}
	for (size_t i = 0; i < n && i < KEYS_MOST; i++) {
		struct jx_doc *doc = NULL;
		struct jx key;

		if (!jx_parse(a, each[i], &key, &doc, NULL)) {
			continue; /* one that nobody can read costs only itself */
		}
		if (fits(a, key, t)) {
			EVP_PKEY *made = key_make(a, key, t->alg);

			n_found += made != NULL;
			if (n_found == 1 && made != NULL) {
				found = made;
			} else {
				EVP_PKEY_free(made);
			}
		}
		jx_release(&doc);
	}
	if (n_found == 1) {
		return found;
	}
	EVP_PKEY_free(found);
	(void)err_set(err, ERR_DATA,
		      n_found == 0 ? "none of the service's keys is the one that it was signed with"
				   : "it does not say which of several keys it was signed with");
	return NULL;
}

/* ---- judging ---- */

/* Two numbers beside each other, as the library wants them. */
static unsigned char *der_of(struct text raw, int *ret_len)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	const unsigned char *at = (const unsigned char *)raw.at;
	BIGNUM *r = BN_bin2bn(at, P256_BYTES, NULL),
	       *s = BN_bin2bn(at + P256_BYTES, P256_BYTES, NULL);
	unsigned char *der = NULL;

	*ret_len = 0;
	if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL; /* they are its own now */
		*ret_len = i2d_ECDSA_SIG(sig, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return der;
}

static bool is_signed(EVP_PKEY *key, const struct jws *t)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const unsigned char *signature = (const unsigned char *)t->signature.at;
	size_t n = t->signature.len;
	unsigned char *der = NULL;
	bool is_good = md != NULL;
	int n_der = 0;

	if (t->alg == JWS_ES256) {
		is_good = is_good && n == 2u * P256_BYTES;
		der = is_good ? der_of(t->signature, &n_der) : NULL;
		is_good = is_good && n_der > 0;
		signature = der;
		n = (size_t)(n_der > 0 ? n_der : 0);
	}
	is_good = is_good && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestVerify(md, signature, n, (const unsigned char *)t->signed_part.at,
				   t->signed_part.len) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(md);
	return is_good;
}

enum jws_said jws_verify(struct arena *a, const struct jws *t, struct text keys, struct err *err)
{
	enum jws_said said = JWS_NO_KEY;
	EVP_PKEY *key;

	/* The library's own configuration file is none of our business. */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL); /* else the next call fails */
	key = key_find(a, t, keys, err);
	if (key != NULL) {
		said = is_signed(key, t) ? JWS_GOOD : JWS_BAD;
	}
	EVP_PKEY_free(key);
	ERR_clear_error(); /* libcurl reads the same queue */
	if (said == JWS_BAD) {
		(void)err_set(err, ERR_DATA, "its signature is not the service's");
	}
	return said;
}
