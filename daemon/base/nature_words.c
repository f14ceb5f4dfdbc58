#include "daemon/base/nature_words.h"

/* ---- code points ---- */

/* The code point at the front of clean text, and its length. */
static uint32_t code_at(struct text t, size_t at, size_t *ret_len)
{
	const unsigned char *s = (const unsigned char *)t.at + at;

	if (s[0] < 0x80) {
		*ret_len = 1;
		return s[0];
	}
	if (s[0] < 0xe0) {
		*ret_len = 2;
		return (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
	}
	if (s[0] < 0xf0) {
		*ret_len = 3;
		return (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
	}
	*ret_len = 4;
	return (s[0] & 0x07u) << 18 | (s[1] & 0x3fu) << 12 | (s[2] & 0x3fu) << 6 | (s[3] & 0x3fu);
}

/* Lower case of Latin, Greek and Cyrillic capitals, which all stay within two bytes. */
static uint32_t code_lower(uint32_t c)
{
	if (c >= 'A' && c <= 'Z') {
		return c + 32;
	}
	if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) ||
	    (c >= 0x410 && c <= 0x42f)) {
		return c + 32;
	}
	if (c >= 0x400 && c <= 0x40f) {
		return c + 80;
	}
	if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177)) {
		return c | 1;
	}
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) {
		return c + (c & 1);
	}
	return c;
}

static void code_add(struct strbuf *b, uint32_t c, struct text as_it_was)
{
	if (c < 0x80) {
		strbuf_add_byte(b, (char)c);
	} else if (c < 0x800) {
		strbuf_add_byte(b, (char)(0xc0 | c >> 6));
		strbuf_add_byte(b, (char)(0x80 | (c & 0x3f)));
	} else {
		strbuf_add(b, as_it_was);
	}
}

static bool is_letter(uint32_t c)
{
	if (c < 0x80) {
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	}
	if (c < 0xc0) { /* Latin-1 signs, but ª µ º */
		return c == 0xaa || c == 0xb5 || c == 0xba;
	}
	/* × ÷ · punctuation, arrows, symbols, dingbats · CJK signs · variation selectors, wide forms
	 * · private use · emoji and everything behind them */
	return c != 0xd7 && c != 0xf7 && !(c >= 0x2000 && c <= 0x2bff) &&
	       !(c >= 0x3000 && c <= 0x303f) && !(c >= 0xe000 && c <= 0xf8ff) &&
	       !(c >= 0xfe00 && c <= 0xfe6f) && !(c >= 0xff00 && c <= 0xff0f) &&
	       !(c >= 0xff1a && c <= 0xff20) && !(c >= 0x1f000 && c <= 0x1faff) && c < 0xe0000 &&
	       c != 0xfffd;
}

static bool is_apostrophe(uint32_t c)
{
	return c == '\'' || c == 0x2019 || c == 0x2bc || c == 0xb4 || c == '`';
}

static bool is_question_mark(uint32_t c)
{
	return c == '?' || c == 0xbf || c == 0x61f || c == 0xff1f || c == 0x37e || c == 0x2047 ||
	       c == 0x2048 || c == 0x2049 || c == 0x203d || c == 0x2753 || c == 0x2754;
}

static bool is_space(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0xa0 || c == 0x200d || c == '"' || c == '*' ||
	       c == '_' || c == '#' || c == '-' || c == 0x201c || c == 0x201e || c == 0x201d ||
	       c == '/' || (c >= 0xfe00 && c <= 0xfe0f);
}

/* ---- pieces ---- */

/* Bytes up to the next white space. */
static size_t run_length(struct text in, size_t at)
{
	size_t n = 0;

	while (at + n < in.len && strchr(" \t\r\n)", in.at[at + n]) == NULL) {
		n++;
	}
	return n;
}

/* An address or a name (@shop@host) at `at`, to be stepped over; 0: none. */
static size_t skip_length(struct text in, size_t at)
{
	struct text rest = text_slice(in, at, SIZE_MAX);
	size_t n;

	if (rest.at[0] != '@' && (rest.at[0] | 0x20) != 'h' && (rest.at[0] | 0x20) != 'w') {
		return 0;
	}
	if (text_starts_nocase(rest, TEXT("http://")) ||
	    text_starts_nocase(rest, TEXT("https://")) || text_starts_nocase(rest, TEXT("www."))) {
		return run_length(in, at);
	}
	if (rest.at[0] != '@' || rest.len < 2) {
		return 0;
	}
	for (n = 1; n < rest.len; n++) {
		char c = rest.at[n];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '@' || (unsigned char)c >= 0x80 ||
		      ((c == '.' || c == '-') && n + 1 < rest.len && rest.at[n + 1] > ' ' &&
		       strchr(".-,!?", rest.at[n + 1]) == NULL))) {
			break;
		}
	}
	return n > 1 ? n : 0;
}

static void bar_add(struct words *w)
{
	if (!text_ends(strbuf_text(&w->line), TEXT(" | "))) {
		strbuf_add_str(&w->line, w->line.len == 0 ? " | " : "| ");
	}
}

/* Plain letters and digits at `at`, added in lower case; how many. */
static size_t plain_take(struct text in, size_t at, struct words *w)
{
	struct strbuf *b = &w->line;
	size_t n = 0, from = b->len;

	while (at + n < in.len && (unsigned char)in.at[at + n] < 0x80 &&
	       is_letter((unsigned char)in.at[at + n])) {
		n++;
	}
	if (n == 0) {
		return 0;
	}
	strbuf_add(b, text_slice(in, at, n));
	for (; from < b->len; from++) {
		b->at[from] = (char)(b->at[from] >= 'A' && b->at[from] <= 'Z' ? b->at[from] + 32
									      : b->at[from]);
	}
	return n;
}

/* One word at `at`; its length. */
static size_t word_take(struct text in, size_t at, struct words *w)
{
	size_t from = at;

	while (at < in.len) {
		size_t len, next_len, n_plain = plain_take(in, at, w);
		uint32_t c;
		bool is_joint;

		if (n_plain > 0) {
			at += n_plain;
			continue;
		}
		c = code_at(in, at, &len);
		is_joint = is_apostrophe(c) || c == '-';

		if (is_joint && at > from && at + len < in.len &&
		    is_letter(code_at(in, at + len, &next_len))) {
			strbuf_add_byte(&w->line, c == '-' ? '-' : '\'');
		} else if (is_letter(c)) {
			code_add(&w->line, code_lower(c), text_slice(in, at, len));
		} else {
			break;
		}
		at += len;
	}
	strbuf_add_byte(&w->line, ' ');
	w->n++;
	return at - from;
}

void words_of(struct text in, struct words *ret)
{
	size_t at = 0;

	bar_add(ret);
	while (at < in.len) {
		size_t len, skip = skip_length(in, at);
		uint32_t c = code_at(in, at, &len);

		if (skip > 0) {
			at += skip;
		} else if (is_letter(c)) {
			at += word_take(in, at, ret);
		} else {
			ret->is_asked = ret->is_asked || is_question_mark(c);
			if (!is_space(c) && !is_apostrophe(c)) {
				bar_add(ret);
			}
			at += len;
		}
	}
}
