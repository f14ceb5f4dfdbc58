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

static bool is_host_byte(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
	       c == '.';
}

static bool is_domain(struct text host)
{
	static const char *const ends[] = { ".com",  ".org", ".net", ".edu", ".gov", ".info",
					    ".shop", ".app", ".io",  ".co",  ".uk",  ".de",
					    ".fr",   ".es",  ".it",  ".nl",  ".eu",  ".at",
					    ".ch",   ".us",  ".ca",  ".au",  ".in",  ".jp",
					    ".br",   ".ly",  ".me",  ".tv" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct text end = text_of(ends[i]);

		if (host.len > end.len &&
		    text_eq_nocase(text_slice(host, host.len - end.len, end.len), end)) {
			return host.at[0] != '.' && host.at[0] != '-';
		}
	}
	return false;
}

/* The weight of a piece without links and names of people. */
static int64_t weigh_words(struct text t)
{
	int64_t weight = 0;
	size_t from = 0;

	for (size_t i = 0; i < t.len; i++) {
		size_t end = i;
		struct text host;

		if (!is_host_byte(t.at[i]) || (i > 0 && (unsigned char)t.at[i - 1] > ' ' &&
					       strchr("([\"'", t.at[i - 1]) == NULL)) {
			continue;
		}
		while (end < t.len && is_host_byte(t.at[end])) {
			end++;
		}
		host = text_slice(t, i, end - i);
		while (host.len > 0 && host.at[host.len - 1] == '.') {
			host.len--;
		}
		if (is_domain(host)) {
			end = i + host.len;
			while (end < t.len && t.at[i + host.len] == '/' &&
			       (unsigned char)t.at[end] > ' ') {
				end++;
			}
			weight += weigh_plain(text_slice(t, from, i - from)) + LINK_WEIGHT;
			from = end;
		}
		i = end > i ? end - 1 : i;
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
