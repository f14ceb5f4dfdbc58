/* How long X counts a text (twitter-text, its third configuration): a character of the Latin, Greek, Cyrillic
 * and a few more scripts is one, every other two, an emoji two with all that belongs to it, a link 23 whatever
 * its own length is. A name of a host without "https://" is a link where its last part is a domain that people
 * write without it; what is only nearly one is counted as text, and X counts it so too. */
#include <stdlib.h>
#include <unictype.h>
#include <unigbrk.h>
#include <uninorm.h>
#include <unistr.h>

#include "answerd/log.h"
#include "answerd/posting.h"

#define LINK_WEIGHT 23

static bool is_light(ucs4_t c)
{
	return c <= 0x10ff || (c >= 0x2000 && c <= 0x200d) || (c >= 0x2010 && c <= 0x201f) ||
	       (c >= 0x2032 && c <= 0x2037);
}

/* Is this cluster of more than one character, or this character, an emoji? */
static bool is_emoji(const uint8_t *at, size_t n)
{
	ucs4_t c, first = 0;
	bool is_one = false;

	for (size_t i = 0; i < n;) {
		int step = u8_mbtouc(&c, at + i, n - i);

		first = i == 0 ? c : first;
		is_one = is_one || c == 0xfe0f || c == 0x20e3 || (c >= 0x1f1e6 && c <= 0x1f1ff) ||
			 (c > 0x7f && uc_is_property_emoji_presentation(c));
		i += (size_t)step;
	}
	return is_one &&
	       (uc_is_property_emoji(first) || uc_is_property_extended_pictographic(first));
}

static int64_t weigh_cluster(const uint8_t *at, size_t n)
{
	int64_t weight = 0;
	ucs4_t c;

	if (is_emoji(at, n)) {
		return 2;
	}
	for (size_t i = 0; i < n;) {
		i += (size_t)u8_mbtouc(&c, at + i, n - i);
		weight += is_light(c) ? 1 : 2;
	}
	return weight;
}

static int64_t weigh_plain(struct text t)
{
	char *breaks = xcalloc(t.len + 1, 1);
	const uint8_t *at = (const uint8_t *)t.at;
	int64_t weight = 0;
	size_t from = 0;

	u8_grapheme_breaks(at, t.len, breaks);
	for (size_t i = 1; i <= t.len && t.len > 0; i++) {
		if (i == t.len || breaks[i] != 0) {
			weight += weigh_cluster(at + from, i - from);
			from = i;
		}
	}
	free(breaks);
	return weight;
}

/* ---- hosts that are links without "https://" ---- */

/* "shop.com/orders", "SHOP.example": where it stands, and how sure it is that X makes a link of it. */
struct host {
	size_t from, len; /* with its path */
	bool is_known;    /* its end is a domain that people write without "https://" */
	bool is_likely; /* known, or what nobody writes who only forgot the blank behind a full stop */
};

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_host_byte(char c)
{
	return (c >= '0' && c <= '9') || is_lower(c) || is_upper(c) || c == '-' || c == '.';
}

/* What stands before a word that is no host, but the rest of a name, an address of mail or a path. */
static bool is_joint(char c)
{
	return c != '\0' && strchr("@$#_/&=%+~", c) != NULL;
}

static bool is_known_end(struct text end)
{
	static const char *const ends[] = { "com", "org", "net", "edu", "gov", "info", "shop",
					    "app", "io",  "co",  "uk",  "de",  "fr",   "es",
					    "it",  "nl",  "eu",  "at",  "ch",  "us",   "ca",
					    "au",  "in",  "jp",  "br",  "ly",  "me",   "tv" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (text_eq_nocase(end, text_of(ends[i]))) {
			return true;
		}
	}
	return false;
}

/* Bytes of the port, path and query that follow, without the marks that end the sentence. */
static size_t tail_length(struct text t)
{
	bool is_port = t.len > 1 && t.at[0] == ':' && t.at[1] >= '0' && t.at[1] <= '9';
	size_t n = 0;

	while ((is_port || (t.len > 0 && strchr("/?", t.at[0]) != NULL)) && n < t.len &&
	       (unsigned char)t.at[n] > ' ') {
		n++;
	}
	while (n > 0 && strchr(".,;:!?'\")]}", t.at[n - 1]) != NULL) {
		n--;
	}
	return n;
}

/* "tomorrow.Thanks" is no host: an end that begins a sentence counts only where X knows it or a path follows. */
static bool host_read(struct text word, struct text rest, struct host *ret)
{
	size_t n_upper = 0, n_end_lower = 0, n_letters = 0, dot;
	struct text end;

	for (dot = word.len; dot > 0 && word.at[dot - 1] != '.'; dot--) {
		n_end_lower += is_lower(word.at[dot - 1]);
		n_letters += is_lower(word.at[dot - 1]) || is_upper(word.at[dot - 1]);
	}
	end = text_slice(word, dot, SIZE_MAX);
	if (dot < 2 || end.len < 2 || n_letters != end.len || word.at[0] == '.' ||
	    word.at[0] == '-' || (rest.len > 0 && rest.at[0] == '@')) {
		return false;
	}
	for (size_t i = 0; i < word.len; i++) {
		n_upper += !is_lower(word.at[i]);
	}
	ret->len = word.len + tail_length(rest);
	ret->is_known = is_known_end(end);
	ret->is_likely = ret->is_known || n_end_lower == end.len || n_upper == word.len ||
			 (rest.len > 0 && rest.at[0] == '/');
	return true;
}

/* The first host from *at on; *at is behind it then. */
static bool host_next(struct text t, size_t *at, struct host *ret)
{
	while (*at < t.len) {
		size_t from = *at, end = from;
		struct text word;

		while (end < t.len && is_host_byte(t.at[end])) {
			end++;
		}
		*at = end > from ? end : from + 1;
		if (end == from || (from > 0 && is_joint(t.at[from - 1]))) {
			continue;
		}
		word = text_slice(t, from, end - from);
		while (word.len > 0 && word.at[word.len - 1] == '.') {
			word.len--;
		}
		ret->from = from;
		if (host_read(word, text_slice(t, from + word.len, SIZE_MAX), ret)) {
			*at = from + ret->len;
			return true;
		}
	}
	return false;
}

bool posting_has_bare_host(struct text t)
{
	struct host h;

	for (size_t at = 0; host_next(t, &at, &h);) {
		if (h.is_likely) {
			return true;
		}
	}
	return false;
}

/* The weight of a piece without links and names of people. */
static int64_t weigh_words(struct text t)
{
	int64_t weight = 0;
	size_t from = 0;
	struct host h;

	for (size_t at = 0; host_next(t, &at, &h);) {
		if (h.is_known) {
			weight += weigh_plain(text_slice(t, from, h.from - from)) + LINK_WEIGHT;
			from = at;
		}
	}
	return weight + weigh_plain(text_slice(t, from, SIZE_MAX));
}

int64_t posting_weight(struct text t)
{
	size_t n = 0, from = 0;
	uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)(t.len > 0 ? t.at : ""), t.len,
				       NULL, &n);
	struct text whole = normal != NULL ? (struct text){ (const char *)normal, n } : t;
	struct posting_part part;
	int64_t weight = 0;

	for (size_t at = 0; posting_part_next(whole, &at, &part);) {
		if (part.kind == POSTING_LINK) {
			weight += weigh_words(text_slice(whole, from, part.from - from)) +
				  LINK_WEIGHT;
			from = at;
		}
	}
	weight += weigh_words(text_slice(whole, from, SIZE_MAX));
	free(normal);
	return weight;
}
