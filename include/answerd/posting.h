/* posting.h: what every connector does with a text that goes out: where its links and names stand,
 * how long people find it, whether a text that we read is the one that we sent, and what a platform
 * says when it refuses one.
 *
 * Owner:   plain values; pieces borrow from the text given.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot, but for posting_check(). */
#ifndef ANSWERD_POSTING_H
#define ANSWERD_POSTING_H

#include "answerd/connector.h"

enum posting_part_kind {
	POSTING_LINK, /* http:// or https://, without the punctuation that ends the sentence */
	POSTING_NAME, /* @name or @name@domain */
};

struct posting_part {
	enum posting_part_kind kind;
	size_t from, len; /* bytes */
	size_t name_len;  /* POSTING_NAME: of the name before its domain, with the '@' */
};

/* The first link or name from *at on; *at is behind it then. In their order, never one inside
 * another. */
bool posting_part_next(struct text t, size_t *at, struct posting_part *ret);

/* Does the text name this handle (without '@'; ASCII case does not matter)? */
bool posting_names(struct text t, struct text handle);

/* Can the handle be written into a text and still name one person only? A hostile one could be a
 * sentence, or name a second person. */
bool posting_is_handle(struct text handle);

/* Code points: what most platforms call characters. */
int64_t posting_characters(struct text t);

/* What a person takes for one character (UAX #29, by libunistring). */
size_t posting_graphemes(struct text t);

/* How long X counts a text: wide scripts and emoji two, a link 23, whatever its own length is (weigh.c). */
int64_t posting_weight(struct text t);

/* Does X make a link of a host without "https://" in it ("shop.example", "Shop.Example/OK")? Better one too many than
 * one too few: X knows every top-level name, and we do not (weigh.c). */
bool posting_has_bare_host(struct text t);

/* Is `found` (plain text, as read from the platform) the text that we sent? Servers cut names to their
 * local part, fold blanks, curl quotation marks and take marks of emphasis away: letters, digits and
 * what is neither ASCII nor general punctuation must be the same. */
bool posting_is_same(struct text sent, struct text found);

/* When the key was made: a TID holds microseconds. Not set for a text that is no TID. */
struct wall posting_key_time(struct text key);

/* A language tag that a platform will take ("en", "pt-BR"), or empty. */
struct text posting_language(struct text language);

/* page_check_reply(), and with the platform's own words where it refuses (`words`, may be empty). A
 * refusal that speaks of a duplicate is evidence of a copy: ERR_UNSURE; so is a 2xx that is no JSON. */
bool posting_check(const struct connector_ctx *ctx, const struct response *r,
		   const struct rate *rate, bool is_429_unsent, struct text words, struct err *err);

/* The state of a look that walks through pages, "PAGES NEXT": how many were read, and where it goes on; 0 and empty at its beginning,
 * and where the state is none of ours or says more than `most`. */
int64_t posting_look_load(struct text state, int64_t most, struct text *ret_next);
struct text posting_look_save(struct arena *a, int64_t n_pages, struct text next);

/* A look has read as far as it may, and there is more that could be ours: nobody knows. Always false. */
bool posting_look_ends(struct err *err);

#endif
