/* Headers of mails: unfolding, encoded words (RFC 2047), addresses (RFC 5322, and what people write instead), charsets. */
#include "answerd/mime.h"

#include <iconv.h>

#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "daemon/base/xml_decode.h"

#define VALUE_BYTES ((size_t)16 * 1024)

/* ---- charsets ---- */

/* Beyond the tables of xml_decode.h: what mails of whole countries are written in. Nothing else is ever given to iconv. */
static const char *const foreign[] = { "gb2312", "gbk",         "gb18030",
				       "big5",   "euc-kr",      "ks_c_5601-1987",
				       "euc-jp", "iso-2022-jp", "shift_jis" };

static struct text iconv_decode(struct arena *a, struct text bytes, const char *charset)
{
	static const char odd[] = { '\xef', '\xbf',
				    '\xbd' }; /* for a byte that is none of its letters */
	iconv_t cd = iconv_open("UTF-8", charset);
	size_t room = bytes.len * 4 + 16, left = bytes.len, free_bytes = room;
	char *out = arena_alloc(a, room), *to = out;
	char *from = (char *)(uintptr_t)bytes.at;

	if (cd == (iconv_t)-1) {
		return bytes;
	}
	while (left > 0 && iconv(cd, &from, &left, &to, &free_bytes) == (size_t)-1 && left > 0 &&
	       free_bytes >= 3) {
		memcpy(to, odd, sizeof(odd));
		to += 3;
		free_bytes -= 3;
		from++;
		left--;
	}
	(void)iconv_close(cd);
	return (struct text){ out, (size_t)(to - out) };
}

struct text mime_decode(struct arena *a, struct text bytes, struct text charset)
{
	struct text decoded, type;

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		if (text_eq_nocase(charset, text_of(foreign[i]))) {
			return text_clean(a, iconv_decode(a, bytes, i == 5 ? "euc-kr" : foreign[i]),
					  NULL);
		}
	}
	if (charset.len > 40 || charset.len == 0) {
		charset = TEXT("utf-8");
	}
	type = text_printf(a, "text/plain; charset=%.*s", TEXT_ARG(charset));
	if (!xml_decode(a, bytes, type, &decoded, NULL)) {
		decoded = bytes;
	}
	return text_clean(a, decoded, NULL);
}

/* ---- headers ---- */

/* One header from *at on, its folded lines with it; false: that was the last. */
static bool line_next(struct text head, size_t *at, struct text *name, struct text *value)
{
	while (*at < head.len) {
		size_t from = *at, end = text_find(head, TEXT("\n"), from);
		struct text whole;

		while (end != SIZE_MAX && end + 1 < head.len &&
		       (head.at[end + 1] == ' ' || head.at[end + 1] == '\t')) {
			end = text_find(head, TEXT("\n"), end + 1);
		}
		end = end == SIZE_MAX ? head.len : end + 1;
		*at = end;
		whole = text_slice(head, from, end - from);
		if (text_cut(whole, ':', name, value)) {
			*name = text_trim(*name);
			return true;
		}
	}
	return false;
}

/* On one line, without control bytes. */
static struct text unfold(struct arena *a, struct text raw)
{
	struct text t = text_dup(a, text_clip(raw, VALUE_BYTES));
	char *out = (char *)(uintptr_t)t.at;
	size_t n = 0;

	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c == '\r' || c == '\n') {
			continue; /* the blank behind it is the value's own */
		}
		out[n++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
	}
	return text_trim((struct text){ out, n });
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'                     ? c - '0'
	       : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
							: -1;
}

static struct text q_decode(struct arena *a, struct text t)
{
	char *out = arena_alloc(a, t.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < t.len; i++) {
		int high = i + 2 < t.len && t.at[i] == '=' ? hex_value(t.at[i + 1]) : -1;
		int low = high >= 0 ? hex_value(t.at[i + 2]) : -1;

		if (low >= 0) {
			out[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = t.at[i] == '_' ? ' ' : t.at[i];
		}
	}
	return (struct text){ out, n };
}

static int b_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static struct text b_decode(struct arena *a, struct text t)
{
	char *out = arena_alloc(a, t.len + 1);
	unsigned bits = 0;
	size_t n = 0;
	int n_bits = 0;

	for (size_t i = 0; i < t.len; i++) {
		int v = b_value(t.at[i]);

		if (v < 0) {
			continue;
		}
		bits = (bits << 6 | (unsigned)v) & 0xffff;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (char)(bits >> n_bits & 0xff);
		}
	}
	return (struct text){ out, n };
}

/* "=?charset?B?words?=" at the front of t: its length, or 0. The charset may carry a language (RFC 2231). */
static size_t word_read(struct arena *a, struct text t, struct text *ret_bytes,
			struct text *ret_charset)
{
	struct text charset, coding, words, rest = text_slice(t, 2, SIZE_MAX), language;
	size_t end;

	if (!text_starts(t, TEXT("=?")) || !text_cut(rest, '?', &charset, &rest) ||
	    !text_cut(rest, '?', &coding, &rest) || coding.len != 1) {
		return 0;
	}
	end = text_find(rest, TEXT("?="), 0);
	if (end == SIZE_MAX || charset.len == 0 || charset.len > 60) {
		return 0;
	}
	words = text_slice(rest, 0, end);
	if ((coding.at[0] | 0x20) == 'q') {
		*ret_bytes = q_decode(a, words);
	} else if ((coding.at[0] | 0x20) == 'b') {
		*ret_bytes = b_decode(a, words);
	} else {
		return 0;
	}
	(void)text_cut(charset, '*', ret_charset, &language);
	return (size_t)(rest.at - t.at) + end + 2;
}

/* Words of one charset that follow each other are one text: letters may be cut between them. */
static struct text words_decode(struct arena *a, struct text t)
{
	struct strbuf out = { 0 }, run = { 0 };
	struct text charset = TEXT_NONE, mine, result;
	size_t from = 0;

	strbuf_init(&out, VALUE_BYTES * 4);
	strbuf_init(&run, VALUE_BYTES * 4);
	for (size_t i = 0; i <= t.len;) {
		size_t n = i < t.len && t.at[i] == '='
				   ? word_read(a, text_slice(t, i, SIZE_MAX), &mine, &charset)
				   : 0;

		if (n == 0 && i < t.len) {
			i++;
			continue;
		}
		strbuf_add(&out, text_slice(t, from, i - from));
		if (n == 0) {
			break;
		}
		strbuf_reset(&run);
		strbuf_add(&run, mine);
		i += n;
		for (;;) {
			struct text next = text_slice(t, i, SIZE_MAX), other;
			size_t blanks = 0, more;

			while (blanks < next.len && next.at[blanks] == ' ') {
				blanks++;
			}
			more = word_read(a, text_slice(next, blanks, SIZE_MAX), &mine, &other);
			if (more == 0) {
				break;
			}
			if (!text_eq_nocase(other, charset)) {
				strbuf_add(&out,
					   mime_decode(a, text_dup(a, strbuf_text(&run)), charset));
				strbuf_reset(&run);
				charset = other;
			}
			strbuf_add(&run, mine);
			i += blanks + more;
		}
		strbuf_add(&out, mime_decode(a, text_dup(a, strbuf_text(&run)), charset));
		from = i;
	}
	result = text_dup(a, strbuf_text(&out));
	strbuf_done(&out);
	strbuf_done(&run);
	return result;
}

static struct text value_decode(struct arena *a, struct text raw)
{
	struct text t = words_decode(a, unfold(a, raw));

	return unfold(a, text_clean(a, t, NULL)); /* an encoded word may hold line ends */
}

bool mime_header_next(struct arena *a, struct text head, const char *name, size_t *at,
		      struct text *ret)
{
	struct text found, value;

	while (line_next(head, at, &found, &value)) {
		if (text_eq_nocase(found, text_of(name))) {
			*ret = value_decode(a, value);
			return true;
		}
	}
	return false;
}

struct text mime_header(struct arena *a, struct text head, const char *name)
{
	struct text value = TEXT_NONE;
	size_t at = 0;

	return mime_header_next(a, head, name, &at, &value) ? value : TEXT_NONE;
}

struct text mime_header_raw(struct arena *a, struct text head, const char *name)
{
	struct text found, value;
	size_t at = 0;

	while (line_next(head, &at, &found, &value)) {
		if (text_eq_nocase(found, text_of(name))) {
			return unfold(a, value);
		}
	}
	return TEXT_NONE;
}

/* ---- addresses ---- */

static bool is_address(struct text t)
{
	size_t n_at = 0;

	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c <= ' ' || c >= 0x7f || strchr("<>()[]\\,;:\"", c) != NULL) {
			return false;
		}
		n_at += c == '@';
	}
	return n_at == 1 && t.len > 2 && t.len <= 254 && t.at[0] != '@' && t.at[0] != '-' &&
	       t.at[t.len - 1] != '@';
}

/* Up to a comma or semicolon that stands in neither quotes, comment nor angle brackets. */
static struct text one_take(struct text raw, size_t *at)
{
	size_t from = *at;
	bool is_quoted = false, is_angle = false;
	int depth = 0;

	for (; *at < raw.len; (*at)++) {
		char c = raw.at[*at];

		if (c == '\\' && (is_quoted || depth > 0)) {
			(*at)++;
		} else if (c == '"' && depth == 0) {
			is_quoted = !is_quoted;
		} else if (is_quoted) {
			continue;
		} else if (c == '(') {
			depth++;
		} else if (c == ')' && depth > 0) {
			depth--;
		} else if (depth == 0 && (c == '<' || c == '>')) {
			is_angle = c == '<';
		} else if (depth == 0 && !is_angle && (c == ',' || c == ';')) {
			break;
		}
	}
	if (*at > raw.len) {
		*at = raw.len;
	}
	from = from < *at ? from : *at;
	return text_slice(raw, from, *at - from);
}

/* A phrase without its quotes and backslashes. */
static struct text phrase_of(struct arena *a, struct text t)
{
	char *out = arena_alloc(a, t.len + 1);
	size_t n = 0;

	t = text_trim(t);
	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] == '\\' && i + 1 < t.len) {
			out[n++] = t.at[++i];
		} else if (t.at[i] != '"') {
			out[n++] = t.at[i];
		}
	}
	return text_trim(value_decode(a, (struct text){ out, n }));
}

static void one_read(struct arena *a, struct text one, struct text *ret_address,
		     struct text *ret_name)
{
	struct text address = text_trim(one), name = TEXT_NONE, before, behind;
	size_t open = SIZE_MAX;
	bool is_quoted = false;

	for (size_t i = 0; i < one.len && open == SIZE_MAX; i++) {
		if (one.at[i] == '\\') {
			i++;
		} else if (one.at[i] == '"') {
			is_quoted = !is_quoted;
		} else if (one.at[i] == '<' && !is_quoted) {
			open = i;
		}
	}
	if (open != SIZE_MAX) {
		name = phrase_of(a, text_slice(one, 0, open));
		(void)text_cut(text_slice(one, open + 1, SIZE_MAX), '>', &address, &behind);
		address = text_trim(address);
	} else if (text_cut(address, '(', &before, &behind)) {
		address = text_trim(before);
		if (text_ends(behind, TEXT(")"))) {
			behind.len--;
		}
		name = phrase_of(a, behind);
	}
	address = text_lower_ascii(a, address);
	*ret_address = is_address(address) ? address : TEXT_NONE;
	*ret_name = text_clip(name, LIMIT_NAME_BYTES);
}

bool mime_address_next(struct arena *a, struct text raw, size_t *at, struct text *ret_address,
		       struct text *ret_name)
{
	while (*at < raw.len) {
		struct text one = one_take(raw, at);
		struct text group, members;

		(*at)++;
		/* "undisclosed-recipients:;" */
		if (text_cut(one, ':', &group, &members) &&
		    text_find(group, TEXT("<"), 0) == SIZE_MAX &&
		    text_find(group, TEXT("\""), 0) == SIZE_MAX) {
			one = members;
		}
		if (text_trim(one).len > 0) {
			one_read(a, one, ret_address, ret_name);
			return true;
		}
	}
	return false;
}
