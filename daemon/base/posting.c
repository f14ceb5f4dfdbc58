#include "answerd/posting.h"

#include <stdlib.h>
#include <unigbrk.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"

#define TID_BYTES     13
#define LANGUAGE_MOST 35 /* the longest tag of RFC 5646 that anybody meets */
#define WORDS_MOST    160

/* ---- parts ---- */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_foreign(char c)
{
	return (unsigned char)c >= 0x80;
}

static bool is_word(char c)
{
	return is_alnum(c) || c == '_' || is_foreign(c);
}

/* Length of "name" at the front: it begins and ends with a word's byte. */
static size_t name_length(struct text t, bool is_domain)
{
	size_t n = 0, last = 0;

	while (n < t.len) {
		char c = t.at[n++];
		bool is_part = is_domain ? is_word(c) : is_alnum(c) || c == '_';

		if (is_part) {
			last = n;
		} else if (last == 0 || (c != '.' && c != '-')) {
			break;
		}
	}
	return last;
}

static bool name_take(struct text t, size_t at, struct posting_part *ret)
{
	size_t n, domain = 0;

	if (at > 0 && (is_word(t.at[at - 1]) || strchr("@/=", t.at[at - 1]) != NULL)) {
		return false;
	}
	n = name_length(text_slice(t, at + 1, SIZE_MAX), /* is_domain= */ false);
	if (n == 0) {
		return false;
	}
	if (at + 1 + n < t.len && t.at[at + 1 + n] == '@') {
		domain = name_length(text_slice(t, at + 2 + n, SIZE_MAX), /* is_domain= */ true);
	}
	*ret = (struct posting_part){ POSTING_NAME, at, 1 + n + (domain > 0 ? 1 + domain : 0),
				      1 + n };
	return true;
}

static bool is_link_end(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f || strchr("<>\"`", c) != NULL;
}

static bool link_take(struct text t, size_t at, struct posting_part *ret)
{
	struct text rest = text_slice(t, at, SIZE_MAX);
	size_t head = text_starts_nocase(rest, TEXT("https://"))  ? 8
		      : text_starts_nocase(rest, TEXT("http://")) ? 7
								  : 0;
	size_t n = head, n_open = 0, n_closed = 0;

	if (head == 0 || (at > 0 && (is_word(t.at[at - 1]) || t.at[at - 1] == '@'))) {
		return false;
	}
	for (; n < rest.len && !is_link_end(rest.at[n]); n++) {
		n_open += rest.at[n] == '(';
		n_closed += rest.at[n] == ')';
	}
	for (; n > head; n--) {
		char c = rest.at[n - 1];
		bool is_extra = c == ')' && n_closed > n_open;

		if (!is_extra && strchr(".,;:!?'*]}", c) == NULL) {
			break;
		}
		n_closed -= is_extra;
	}
	if (n == head || !is_word(rest.at[head])) {
		return false;
	}
	*ret = (struct posting_part){ POSTING_LINK, at, n, 0 };
	return true;
}

bool posting_part_next(struct text t, size_t *at, struct posting_part *ret)
{
	for (; *at < t.len; (*at)++) {
		char c = t.at[*at];

		if ((c == '@' && name_take(t, *at, ret)) ||
		    ((c | 0x20) == 'h' && link_take(t, *at, ret))) {
			*at += ret->len;
			return true;
		}
	}
	return false;
}

bool posting_names(struct text t, struct text handle)
{
	struct posting_part part;

	for (size_t at = 0; posting_part_next(t, &at, &part);) {
		if (part.kind == POSTING_NAME &&
		    text_eq_nocase(text_slice(t, part.from + 1, part.len - 1), handle)) {
			return true;
		}
	}
	return false;
}

bool posting_is_handle(struct text handle)
{
	struct text name, domain;
	bool has_domain = text_cut(handle, '@', &name, &domain);

	return name.len > 0 && name_length(name, /* is_domain= */ false) == name.len &&
	       (!has_domain ||
		(domain.len > 0 && name_length(domain, /* is_domain= */ true) == domain.len));
}

/* ---- length ---- */

int64_t posting_characters(struct text t)
{
	int64_t n = 0;

	for (size_t i = 0; i < t.len; i++) {
		n += ((unsigned char)t.at[i] & 0xc0) != 0x80;
	}
	return n;
}

size_t posting_graphemes(struct text t)
{
	char *breaks = xcalloc(t.len + 1, 1);
	size_t n = 0;

	u8_grapheme_breaks((const uint8_t *)t.at, t.len, breaks);
	for (size_t i = 0; i < t.len; i++) {
		n += breaks[i] != 0;
	}
	free(breaks);
	return n;
}

/* ---- the same text? ---- */

/* General punctuation (U+2000 to U+207F), no-break space: what servers make of plain marks. */
static size_t mark_length(struct text t, size_t at)
{
	size_t left = t.len - at;

	if (left >= 3 && t.at[at] == '\xe2' && (t.at[at + 1] == '\x80' || t.at[at + 1] == '\x81')) {
		return 3;
	}
	return left >= 2 && t.at[at] == '\xc2' && t.at[at + 1] == '\xa0' ? 2 : 0;
}

static void bare_add(struct strbuf *b, struct text t)
{
	for (size_t i = 0; i < t.len;) {
		size_t skip = mark_length(t, i);

		if (skip == 0 && (is_alnum(t.at[i]) || is_foreign(t.at[i]))) {
			strbuf_add_byte(b, t.at[i]);
		}
		i += skip > 0 ? skip : 1;
	}
}

/* What must be the same: names by their local part, and no marks. */
static void bare_of(struct text t, struct strbuf *ret)
{
	struct posting_part part;
	size_t from = 0;

	for (size_t at = 0; posting_part_next(t, &at, &part);) {
		if (part.kind == POSTING_NAME) {
			bare_add(ret, text_slice(t, from, part.from + part.name_len - from));
			from = at;
		}
	}
	bare_add(ret, text_slice(t, from, SIZE_MAX));
}

/* For a text of nothing but marks: blanks apart. */
static void unblank(struct text t, struct strbuf *ret)
{
	for (size_t i = 0; i < t.len; i++) {
		if ((unsigned char)t.at[i] > ' ') {
			strbuf_add_byte(ret, t.at[i]);
		}
	}
}

bool posting_is_same(struct text sent, struct text found)
{
	scoped(strbuf_done) struct strbuf ours = { .max_bytes = LIMIT_BODY_BYTES };
	scoped(strbuf_done) struct strbuf theirs = { .max_bytes = LIMIT_BODY_BYTES };

	bare_of(sent, &ours);
	if (ours.len == 0) {
		unblank(sent, &ours);
		unblank(found, &theirs);
	} else {
		bare_of(found, &theirs);
	}
	return text_eq(strbuf_text(&ours), strbuf_text(&theirs));
}

/* ---- key, language ---- */

struct wall posting_key_time(struct text key)
{
	static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";
	uint64_t n = 0;

	if (key.len != TID_BYTES) {
		return (struct wall){ 0 };
	}
	for (size_t i = 0; i < key.len; i++) {
		const char *digit = key.at[i] != '\0' ? strchr(digits, key.at[i]) : NULL;

		if (digit == NULL) {
			return (struct wall){ 0 };
		}
		n = n << 5 | (uint64_t)(digit - digits);
	}
	return (struct wall){ (int64_t)(n >> 10 & ((UINT64_C(1) << 53) - 1)) };
}

struct text posting_language(struct text language)
{
	bool is_good = language.len >= 2 && language.len <= LANGUAGE_MOST;

	for (size_t i = 0; i < language.len && is_good; i++) {
		is_good = is_alnum(language.at[i]) ||
			  (language.at[i] == '-' && i >= 2 && i + 1 < language.len);
	}
	return is_good ? language : TEXT_NONE;
}

/* ---- refusals ---- */

static bool is_of_a_copy(const struct response *r, struct text words)
{
	static const char *const signs[] = { "duplicate", "already posted", "already been posted",
					     "already said", "already exists" };

	if (r->status == 409) {
		return true;
	}
	for (size_t at = 0; at < words.len; at++) {
		for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
			if (text_starts_nocase(text_slice(words, at, SIZE_MAX),
					       text_of(signs[i]))) {
				return true;
			}
		}
	}
	return false;
}

int64_t posting_look_load(struct text state, int64_t most, struct text *ret_next)
{
	struct text pages;
	int64_t n = 0;

	if (!text_cut(state, ' ', &pages, ret_next) || !num_parse_range(pages, 1, most, &n)) {
		*ret_next = TEXT_NONE;
		return 0;
	}
	return n;
}

struct text posting_look_save(struct arena *a, int64_t n_pages, struct text next)
{
	return text_printf(a, "%lld %.*s", (long long)n_pages, TEXT_ARG(next));
}

bool posting_look_ends(struct err *err)
{
	return err_set(err, ERR_DATA,
		       "since then we have said more than one look reads: look there yourself");
}

bool posting_check(const struct connector_ctx *ctx, const struct response *r,
		   const struct rate *rate, bool is_429_unsent, struct text words, struct err *err)
{
	struct err why = { 0 };

	if (page_check_reply(ctx, r, rate, is_429_unsent, &why)) {
		struct text type = response_header(r, TEXT("Content-Type"));

		(void)text_cut(type, ';', &type, &(struct text){ 0 });
		type = text_lower_ascii(ctx->arena, text_trim(type));
		return text_ends(type, TEXT("/json")) || text_ends(type, TEXT("+json")) ||
		       err_set(err, ERR_UNSURE,
			       "the platform answers %d, but with no JSON: it may have been posted",
			       r->status);
	}
	if (why.kind == ERR_DATA && is_of_a_copy(r, words)) {
		return err_set(err, ERR_UNSURE,
			       "the platform speaks of a duplicate (%d): a copy may be there",
			       r->status);
	}
	if (why.kind == ERR_DATA && words.len > 0) {
		char line[WORDS_MOST + 1];
		struct text clip = text_clip(text_clean(ctx->arena, words, NULL), WORDS_MOST);

		for (size_t i = 0; i < clip.len; i++) {
			bool is_blank = (unsigned char)clip.at[i] < ' ' || clip.at[i] == 0x7f;

			line[i] = is_blank ? ' ' : clip.at[i];
		}
		return err_set(err, ERR_DATA, "the platform refuses the reply (%d): %.*s",
			       r->status, (int)clip.len, line);
	}
	if (err != NULL) {
		*err = why;
	}
	return false;
}
