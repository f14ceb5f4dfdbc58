/* Passwords: see password.h. */
#include "daemon/desk/password.h"

#include <sodium.h>
#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include "answerd/log.h"

/* RELIABILITY S10. */
#define HASH_OPS   3
#define HASH_BYTES (64u * 1024 * 1024)

/* What nobody's password is compared with, made with the same costs, so that it takes as long. */
#define NOBODY                                                                                     \
	"$argon2id$v=19$m=65536,t=3,p=1$c2FsdC1vZi1ub2JvZHktMQ$"                                   \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct question {
	bool is_new;
	char hash[crypto_pwhash_STRBYTES];
	size_t n;
	char password[PASSWORD_BYTES];
};

struct answer {
	bool is_done, is_right;
	char hash[crypto_pwhash_STRBYTES];
};

_Static_assert(sizeof(struct question) <= HELPER_BYTES, "a question is one piece");

/* In the helper. */
static size_t work(const void *piece, size_t n, void *answer)
{
	struct question q = { 0 };
	struct answer a = { 0 };

	if (n == sizeof(q) && sodium_init() >= 0) {
		memcpy(&q, piece, sizeof(q));
		q.hash[sizeof(q.hash) - 1] = '\0';
		if (q.is_new && q.n <= sizeof(q.password)) {
			a.is_done =
				crypto_pwhash_str_alg(a.hash, q.password, q.n, HASH_OPS, HASH_BYTES,
						      crypto_pwhash_ALG_ARGON2ID13) == 0;
		} else if (q.n <= sizeof(q.password)) {
			a.is_right = crypto_pwhash_str_verify(q.hash, q.password, q.n) == 0;
			a.is_done = true;
		}
	}
	secret_wipe(&q, sizeof(q));
	memcpy(answer, &a, sizeof(a));
	return sizeof(a);
}

struct helper *password_helper_create(struct loop *l)
{
	struct helper *h = helper_create(l, work, PASSWORD_QUEUED);

	helper_start(h);
	return h;
}

bool password_normalise(struct text given, struct secret *ret)
{
	size_t n = 0;
	uint8_t *made;
	bool is_one;

	if (given.len == 0 || given.len > PASSWORD_BYTES || !text_is_clean(given)) {
		return false;
	}
	made = u8_normalize(UNINORM_NFKC, (const uint8_t *)given.at, given.len, NULL, &n);
	is_one = made != NULL && n > 0 && n <= PASSWORD_BYTES;
	if (is_one) {
		secret_set(ret, (struct text){ (const char *)made, n });
	}
	secret_wipe(made, n);
	free(made);
	return is_one;
}

bool password_judge(struct text password, struct text login, struct err *err)
{
	int differs = 1;

	if (u8_mbsnlen((const uint8_t *)password.at, password.len) < PASSWORD_LETTERS) {
		return err_set(err, ERR_DATA,
			       "A password has at least %d characters. A few words that do not "
			       "belong together are a good one.",
			       PASSWORD_LETTERS);
	}
	if (u8_casecmp((const uint8_t *)password.at, password.len, (const uint8_t *)login.at,
		       login.len, NULL, UNINORM_NFKC, &differs) != 0 ||
	    differs == 0) {
		return err_set(err, ERR_DATA, "A password is not the login.");
	}
	return true;
}

struct asked {
	password_done *done;
	void *owner;
};

static void done_piece(const void *answer, size_t n, void *owner)
{
	struct asked asked = *(struct asked *)owner;
	struct answer a = { 0 };

	free(owner);
	if (n == sizeof(a)) {
		memcpy(&a, answer, sizeof(a));
	}
	a.hash[sizeof(a.hash) - 1] = '\0';
	if (!a.is_done) {
		log_warn("password_unjudged", NULL);
	}
	asked.done(!a.is_done                        ? PASSWORD_BUSY
		   : a.is_right || a.hash[0] != '\0' ? PASSWORD_RIGHT
						     : PASSWORD_WRONG,
		   text_of(a.hash), asked.owner);
	secret_wipe(&a, sizeof(a));
}

static bool ask(struct helper *h, struct question *q, struct text password, password_done *done,
		void *owner)
{
	struct asked *asked = xcalloc(1, sizeof(*asked));
	bool is_taken;

	*asked = (struct asked){ done, owner };
	q->n = password.len < sizeof(q->password) ? password.len : sizeof(q->password);
	memcpy(q->password, password.at, q->n);
	is_taken = helper_ask(h, q, sizeof(*q), done_piece, asked);
	secret_wipe(q, sizeof(*q));
	if (!is_taken) {
		free(asked);
	}
	return is_taken;
}

bool password_verify(struct helper *h, struct text password, struct text hash, password_done *done,
		     void *owner)
{
	struct question q = { 0 };

	if (text_is_empty(hash) || hash.len >= sizeof(q.hash)) {
		hash = TEXT(NOBODY);
	}
	memcpy(q.hash, hash.at, hash.len);
	return ask(h, &q, password, done, owner);
}

bool password_hash(struct helper *h, struct text password, password_done *done, void *owner)
{
	struct question q = { .is_new = true };

	return ask(h, &q, password, done, owner);
}
