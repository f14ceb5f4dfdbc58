/* What a page is written in, whatever it says: bytes become clean UTF-8. The tables of one-byte encodings
 * are made while the house is built (codepages.py): no module of iconv is loaded, no file opened. */
#include "daemon/base/xml_decode.h"

#include "answerd/strbuf.h"
#include "codepages.h"

static const struct {
	const char *name;
	const uint16_t *table;
} encodings[] = {
	{ "windows-1252", windows_1252 }, { "cp1252", windows_1252 },
	{ "iso-8859-1", windows_1252 }, /* as browsers read it */
	{ "iso8859-1", windows_1252 },    { "latin1", windows_1252 },
	{ "us-ascii", windows_1252 },     { "ascii", windows_1252 },
	{ "iso-8859-15", latin_9 },       { "iso-8859-2", latin_2 },
	{ "windows-1250", windows_1250 }, { "windows-1251", windows_1251 },
	{ "cp1251", windows_1251 },       { "koi8-r", koi8_r },
};

static size_t code_put(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* ---- UTF-16 ---- */

static uint32_t unit_at(struct text t, size_t i, bool is_little)
{
	uint32_t one = (unsigned char)t.at[i], two = (unsigned char)t.at[i + 1];

	return is_little ? two << 8 | one : one << 8 | two;
}

static struct text utf16_decode(struct arena *a, struct text t, bool is_little)
{
	char *out = arena_alloc(a, t.len / 2 * 3 + 8);
	size_t n = 0, i = 0;

	while (i + 1 < t.len) {
		uint32_t code = unit_at(t, i, is_little), low;

		i += 2;
		if (code >= 0xd800 && code < 0xdc00 && i + 1 < t.len) {
			low = unit_at(t, i, is_little);
			if (low >= 0xdc00 && low < 0xe000) {
				code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		n += code_put(out + n, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
	}
	if (i < t.len) {
		n += code_put(out + n, 0xfffd);
	}
	return (struct text){ out, n };
}

/* ---- one byte a character ---- */

static struct text table_decode(struct arena *a, struct text t, const uint16_t *table)
{
	char *out = arena_alloc(a, t.len * 3 + 1);
	size_t n = 0;

	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		n += code_put(out + n, c < 0x80 ? c : table[c - 0x80]);
	}
	return (struct text){ out, n };
}

static struct text unquote(struct text t)
{
	size_t end;

	t = text_trim(t);
	if (t.len > 0 && (t.at[0] == '"' || t.at[0] == '\'')) {
		end = text_find(t, text_slice(t, 0, 1), 1);
		return end == SIZE_MAX ? TEXT_NONE : text_slice(t, 1, end - 1);
	}
	for (end = 0; end < t.len && strchr("; \t\r\n?", t.at[end]) == NULL; end++) {
	}
	return text_slice(t, 0, end);
}

/* What the header says, else the page's own declaration. */
static struct text named_encoding(struct text bytes, struct text content_type)
{
	static const char word[] = "charset";
	size_t end, at;

	for (size_t i = 0; i + sizeof(word) <= content_type.len; i++) {
		struct text t = text_slice(content_type, i, SIZE_MAX);

		if (text_starts_nocase(t, text_of(word))) {
			t = text_trim(text_slice(t, sizeof(word) - 1, SIZE_MAX));
			if (text_starts(t, TEXT("="))) {
				return unquote(text_slice(t, 1, SIZE_MAX));
			}
		}
	}
	bytes = text_trim(text_slice(bytes, 0, 1024));
	end = text_find(bytes, TEXT("?>"), 0);
	at = text_find(bytes, TEXT("encoding"), 0);
	if (!text_starts(bytes, TEXT("<?xml")) || end == SIZE_MAX || at == SIZE_MAX || at > end) {
		return TEXT_NONE;
	}
	bytes = text_trim(text_slice(bytes, at + 8, end - at - 8));
	return text_starts(bytes, TEXT("=")) ? unquote(text_slice(bytes, 1, SIZE_MAX)) : TEXT_NONE;
}

/* Says UTF-8 and is not. Text that was cut in the middle of a character has more good characters
 * than bad bytes; text that is really windows-1252 has hardly a good one. */
static bool is_mostly_utf8(struct text t)
{
	size_t n_good = 0, n_bad = 0;

	for (size_t i = 0; i < t.len;) {
		unsigned char c = (unsigned char)t.at[i];
		size_t n = c < 0x80   ? 1
			   : c < 0xc2 ? 0
			   : c < 0xe0 ? 2
			   : c < 0xf0 ? 3
			   : c < 0xf5 ? 4
				      : 0;

		if (n > 0 && i + n <= t.len && (n == 1 || text_is_clean(text_slice(t, i, n)))) {
			n_good += n > 1;
			i += n;
		} else {
			n_bad++;
			i++;
		}
	}
	return n_good >= n_bad;
}

static bool bytes_decode(struct arena *a, struct text bytes, struct text content_type,
			 struct text *ret, struct err *err)
{
	struct text name;

	/* Hardly anything that is not UTF-8 reads as UTF-8: that outweighs any declaration. */
	if (text_is_clean(bytes)) {
		*ret = bytes;
		return true;
	}
	name = named_encoding(bytes, content_type);
	if (name.len == 0 || text_eq_nocase(name, TEXT("utf-8")) ||
	    text_eq_nocase(name, TEXT("utf8"))) {
		*ret = is_mostly_utf8(bytes) ? text_clean(a, bytes, NULL)
					     : table_decode(a, bytes, windows_1252);
		return true;
	}
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		if (text_eq_nocase(name, text_of(encodings[i].name))) {
			*ret = table_decode(a, bytes, encodings[i].table);
			return true;
		}
	}
	return err_set(err, ERR_DATA,
		       "the page is written in '%.*s', which is not read here: UTF-8, UTF-16, "
		       "ISO-8859-1, -2, -15, windows-1250, -1251, -1252 and KOI8-R are",
		       TEXT_ARG(text_clip(text_clean(a, name, NULL), 40)));
}

/* ---- characters that XML forbids ---- */

static bool is_forbidden(struct text t, size_t i)
{
	unsigned char c = (unsigned char)t.at[i];

	if (c < ' ') {
		return c != '\t' && c != '\n' && c != '\r';
	}
	return c == 0xef && i + 2 < t.len && (unsigned char)t.at[i + 1] == 0xbf &&
	       (unsigned char)t.at[i + 2] >= 0xbe;
}

static struct text forbidden_replace(struct arena *a, struct text t)
{
	size_t n_forbidden = 0, n = 0;
	char *out;

	for (size_t i = 0; i < t.len; i++) {
		n_forbidden += is_forbidden(t, i);
	}
	if (n_forbidden == 0) {
		return t;
	}
	out = arena_alloc(a, t.len + n_forbidden * 2);
	for (size_t i = 0; i < t.len; i++) {
		if (is_forbidden(t, i)) {
			i += (unsigned char)t.at[i] < ' ' ? 0 : 2;
			n += code_put(out + n, 0xfffd);
		} else {
			out[n++] = t.at[i];
		}
	}
	return (struct text){ out, n };
}

bool xml_decode(struct arena *a, struct text bytes, struct text content_type, struct text *ret,
		struct err *err)
{
	struct text t = bytes;

	if (text_starts(t, TEXT("\xff\xfe")) || text_starts(t, TEXT("\xfe\xff"))) {
		t = utf16_decode(a, text_slice(t, 2, SIZE_MAX), t.at[0] == '\xff');
	} else if (text_starts(t, TEXT("<\0")) || text_starts(t, TEXT("\0<"))) {
		t = utf16_decode(a, t, t.at[0] == '<');
	} else {
		if (text_starts(t, TEXT("\xef\xbb\xbf"))) {
			t = text_slice(t, 3, SIZE_MAX);
		}
		if (!bytes_decode(a, t, content_type, &t, err)) {
			return false;
		}
	}
	*ret = forbidden_replace(a, t);
	return true;
}
