/* A reader of markup, not a browser: one pass over the bytes, no tree, no recursion, nothing that
 * could be loaded. Only the names of entities come from libxml2. */
#include "answerd/html.h"

#include <libxml/HTMLparser.h>

#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"

#define HTML_MAX_BYTES (256u * 1024)

struct reader {
	struct arena *arena;
	struct text in;
	size_t at;
	struct strbuf out;
	unsigned newlines; /* due before the next visible byte, at most 2 */
	bool is_space_due;
	unsigned pre; /* white space counts inside <pre> */
	struct text href;
	bool is_in_link, is_name_link;
	size_t link_from; /* of the visible text in out */
};

struct tag {
	struct text name; /* lower case */
	bool is_closing;
	struct text href, class, alt;
};

/* ---- what becomes visible ---- */

static void gap_close(struct reader *r)
{
	bool is_first = r->out.len == 0;

	if (!is_first && r->newlines > 0) {
		strbuf_add_str(&r->out, r->newlines > 1 ? "\n\n" : "\n");
	} else if (!is_first && r->is_space_due) {
		strbuf_add_byte(&r->out, ' ');
	}
	r->newlines = 0;
	r->is_space_due = false;
}

static void show(struct reader *r, struct text t)
{
	if (t.len > 0) {
		gap_close(r);
		strbuf_add(&r->out, t);
	}
}

static void newlines_want(struct reader *r, unsigned n)
{
	if (r->newlines < n) {
		r->newlines = n;
	}
}

static bool is_html_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* ---- entities ---- */

static void code_add(struct strbuf *b, uint32_t code)
{
	/* Windows-1252 in numeric references, as browsers read it. */
	static const uint16_t low[32] = { 0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020,
					  0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,
					  0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d,
					  0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
					  0x0153, 0x9d,   0x017e, 0x0178 };
	char out[4];
	size_t n;

	if (code >= 0x80 && code < 0xa0) {
		code = low[code - 0x80];
	}
	if (code == 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
		code = 0xfffd;
	}
	if (code < 0x80) {
		out[0] = (char)code;
		n = 1;
	} else if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		n = 2;
	} else if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		n = 3;
	} else {
		out[0] = (char)(0xf0 | code >> 18);
		out[1] = (char)(0x80 | (code >> 12 & 0x3f));
		out[2] = (char)(0x80 | (code >> 6 & 0x3f));
		out[3] = (char)(0x80 | (code & 0x3f));
		n = 4;
	}
	strbuf_add(b, (struct text){ out, n });
}

static int digit_value(char c, int base)
{
	int v = c >= '0' && c <= '9'                     ? c - '0'
		: (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
							 : 99;

	return v < base ? v : -1;
}

/* "&#123;" "&#x7b;" at t; 0 when it is none, else its length. */
static size_t number_entity(struct text t, uint32_t *ret)
{
	int base = t.len > 2 && (t.at[2] | 0x20) == 'x' ? 16 : 10;
	size_t i = base == 16 ? 3 : 2, from = i;
	uint32_t code = 0;

	while (i < t.len && digit_value(t.at[i], base) >= 0) {
		code = code > 0x10ffff
			       ? code
			       : code * (uint32_t)base + (uint32_t)digit_value(t.at[i], base);
		i++;
	}
	if (i == from) {
		return 0;
	}
	*ret = code;
	return i < t.len && t.at[i] == ';' ? i + 1 : i;
}

static size_t named_entity(struct text t, uint32_t *ret)
{
	const htmlEntityDesc *found;
	unsigned char name[16];
	size_t n = 0;

	while (n + 1 < t.len && n < sizeof(name) - 1 &&
	       (((t.at[n + 1] | 0x20) >= 'a' && (t.at[n + 1] | 0x20) <= 'z') ||
		(t.at[n + 1] >= '0' && t.at[n + 1] <= '9'))) {
		name[n] = (unsigned char)t.at[n + 1];
		n++;
	}
	name[n] = '\0';
	found = n > 0 ? htmlEntityLookup(name) : NULL;
	if (found == NULL) {
		return 0;
	}
	*ret = found->value;
	n++;
	if (n < t.len && t.at[n] == ';') {
		return n + 1;
	}
	return found->value < 256 ? n : 0; /* the old ones may lack their semicolon */
}

/* Length of the entity at the front of t, which starts with '&'; 0: a plain ampersand. */
static size_t entity_read(struct text t, uint32_t *ret)
{
	if (t.len > 2 && t.at[1] == '#') {
		return number_entity(t, ret);
	}
	return named_entity(t, ret);
}

static struct text attribute_decode(struct arena *a, struct text in)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = HTML_MAX_BYTES };

	for (size_t i = 0; i < in.len;) {
		uint32_t code;
		size_t n = in.at[i] == '&' ? entity_read(text_slice(in, i, SIZE_MAX), &code) : 0;

		if (n > 0) {
			code_add(&b, code);
			i += n;
		} else {
			strbuf_add_byte(&b, in.at[i]);
			i++;
		}
	}
	return text_dup(a, strbuf_text(&b));
}

/* ---- tags ---- */

static void blanks_skip(struct reader *r)
{
	while (r->at < r->in.len && is_html_blank(r->in.at[r->at])) {
		r->at++;
	}
}

/* Up to the first byte of `ends`, or white space when that ends too. */
static struct text run_take(struct reader *r, const char *ends, bool is_blank_end)
{
	size_t from = r->at;

	while (r->at < r->in.len && strchr(ends, r->in.at[r->at]) == NULL &&
	       !(is_blank_end && is_html_blank(r->in.at[r->at]))) {
		r->at++;
	}
	return text_slice(r->in, from, r->at - from);
}

static struct text attribute_value(struct reader *r)
{
	char quote;
	struct text v;

	blanks_skip(r);
	quote = r->at < r->in.len ? r->in.at[r->at] : '\0';
	if (quote != '"' && quote != '\'') {
		return run_take(r, ">", /* is_blank_end= */ true);
	}
	r->at++;
	v = run_take(r, quote == '"' ? "\"" : "'", /* is_blank_end= */ false);
	r->at += r->at < r->in.len;
	return v;
}

/* False when the input ends first: half a tag is nothing. */
static bool attributes_take(struct reader *r, struct tag *t)
{
	for (;;) {
		struct text name, value = TEXT_NONE;

		while (r->at < r->in.len &&
		       (is_html_blank(r->in.at[r->at]) || r->in.at[r->at] == '/')) {
			r->at++;
		}
		if (r->at >= r->in.len) {
			return false;
		}
		if (r->in.at[r->at] == '>') {
			r->at++;
			return true;
		}
		name = run_take(r, "=>/", /* is_blank_end= */ true);
		blanks_skip(r);
		if (r->at < r->in.len && r->in.at[r->at] == '=') {
			r->at++;
			value = attribute_value(r);
		}
		if (text_eq_nocase(name, TEXT("href"))) {
			t->href = attribute_decode(r->arena, value);
		} else if (text_eq_nocase(name, TEXT("class"))) {
			t->class = value;
		} else if (text_eq_nocase(name, TEXT("alt"))) {
			t->alt = attribute_decode(r->arena, value);
		}
	}
}

static bool name_is_one_of(struct text name, const char *words)
{
	while (*words != '\0') {
		size_t n = 0;

		while (words[n] != '\0' && words[n] != ' ') {
			n++;
		}
		if (n == name.len && memcmp(words, name.at, n) == 0) {
			return true;
		}
		words += words[n] == ' ' ? n + 1 : n;
	}
	return false;
}

/* Behind the closing tag of an element whose inside nobody reads; to the end when there is none. */
static void element_drop(struct reader *r, struct text name)
{
	for (size_t i = r->at; i < r->in.len; i++) {
		const char *open = memchr(r->in.at + i, '<', r->in.len - i);
		struct text rest;

		if (open == NULL) {
			break;
		}
		i = (size_t)(open - r->in.at);
		rest = text_slice(r->in, i, SIZE_MAX);
		if (rest.len > 1 && rest.at[1] == '/' &&
		    text_starts_nocase(text_slice(rest, 2, SIZE_MAX), name)) {
			r->at = i + 2 + name.len;
			(void)run_take(r, ">", /* is_blank_end= */ false);
			r->at += r->at < r->in.len;
			return;
		}
	}
	r->at = r->in.len;
}

static struct text address_core(struct text t)
{
	t = text_trim(t);
	if (text_starts_nocase(t, TEXT("https://"))) {
		t = text_slice(t, 8, SIZE_MAX);
	} else if (text_starts_nocase(t, TEXT("http://"))) {
		t = text_slice(t, 7, SIZE_MAX);
	}
	if (text_starts_nocase(t, TEXT("www."))) {
		t = text_slice(t, 4, SIZE_MAX);
	}
	while (t.len > 0 && t.at[t.len - 1] == '/') {
		t.len--;
	}
	return t;
}

static void link_close(struct reader *r)
{
	struct text seen;
	struct url u;

	if (!r->is_in_link) {
		return;
	}
	r->is_in_link = false;
	seen = text_trim(text_slice(strbuf_text(&r->out), r->link_from, SIZE_MAX));
	if (r->is_name_link || !url_parse(r->href, &u) || text_starts(seen, TEXT("@")) ||
	    text_starts(seen, TEXT("#")) || text_eq(address_core(seen), address_core(r->href))) {
		return;
	}
	if (seen.len == 0) {
		show(r, r->href);
		return;
	}
	strbuf_add_str(&r->out, " (");
	strbuf_add(&r->out, r->href);
	strbuf_add_byte(&r->out, ')');
}

static void link_open(struct reader *r, const struct tag *t)
{
	link_close(r);
	r->is_in_link = true;
	r->href = text_trim(t->href);
	r->is_name_link = text_find(t->class, TEXT("mention"), 0) != SIZE_MAX ||
			  text_find(t->class, TEXT("hashtag"), 0) != SIZE_MAX;
	r->link_from = r->out.len;
}

static void tag_apply(struct reader *r, const struct tag *t)
{
	if (text_eq(t->name, TEXT("a"))) {
		if (t->is_closing) {
			link_close(r);
		} else {
			link_open(r, t);
		}
	} else if (text_eq(t->name, TEXT("br"))) {
		r->newlines += r->newlines < 2;
	} else if (name_is_one_of(t->name, "p blockquote h1 h2 h3 h4 h5 h6 hr table")) {
		newlines_want(r, 2);
	} else if (text_eq(t->name, TEXT("pre"))) {
		newlines_want(r, 2);
		r->pre = t->is_closing ? 0 : 1;
	} else if (text_eq(t->name, TEXT("li"))) {
		newlines_want(r, 1);
		if (!t->is_closing) {
			show(r, TEXT("- "));
		}
	} else if (name_is_one_of(t->name, "div ul ol dl dt dd tr section article header footer "
					   "aside figure figcaption details summary form body")) {
		newlines_want(r, 1);
	} else if (name_is_one_of(t->name, "td th")) {
		r->is_space_due = true;
	} else if (text_eq(t->name, TEXT("img"))) {
		show(r, text_trim(t->alt));
	}
}

static void tag_read(struct reader *r)
{
	struct tag t = { 0 };
	struct text name;

	r->at++;
	if (r->in.at[r->at] == '/') {
		t.is_closing = true;
		r->at++;
	}
	name = run_take(r, "/>", /* is_blank_end= */ true);
	t.name = text_lower_ascii(r->arena, text_slice(name, 0, 16));
	if (!attributes_take(r, &t)) {
		return;
	}
	if (!t.is_closing && name_is_one_of(t.name, "script style title iframe noembed noframes")) {
		element_drop(r, t.name);
	} else {
		tag_apply(r, &t);
	}
}

/* "<!-- … -->", "<!DOCTYPE …>", "<?…>" */
static void remark_skip(struct reader *r)
{
	struct text rest = text_slice(r->in, r->at, SIZE_MAX);
	bool is_comment = text_starts(rest, TEXT("<!--"));
	size_t end = is_comment ? text_find(rest, TEXT("-->"), 2) : text_find(rest, TEXT(">"), 0);

	r->at += end == SIZE_MAX ? rest.len : end + (is_comment ? 3 : 1);
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static void markup_read(struct reader *r)
{
	char next = r->at + 1 < r->in.len ? r->in.at[r->at + 1] : '\0';
	char third = r->at + 2 < r->in.len ? r->in.at[r->at + 2] : '\0';

	if (is_letter(next) || (next == '/' && is_letter(third))) {
		tag_read(r);
	} else if (next == '!' || next == '?' || next == '/') {
		remark_skip(r);
	} else {
		show(r, TEXT("<"));
		r->at++;
	}
}

static void blank_read(struct reader *r)
{
	char c = r->in.at[r->at++];

	if (r->pre == 0) {
		r->is_space_due = true;
	} else if (r->newlines == 0) { /* the first line break of <pre> is not shown */
		strbuf_add_byte(&r->out, c);
	}
}

static void entity_show(struct reader *r)
{
	uint32_t code;
	size_t n = entity_read(text_slice(r->in, r->at, SIZE_MAX), &code);

	if (n == 0) {
		show(r, TEXT("&"));
		r->at++;
		return;
	}
	r->at += n;
	if (code == 0xa0 || (code < 0x80 && is_html_blank((char)code))) {
		r->is_space_due = true;
		return;
	}
	gap_close(r);
	code_add(&r->out, code);
}

struct text html_to_text(struct arena *a, struct text html)
{
	struct text in = text_clean(a, text_clip(html, HTML_MAX_BYTES), NULL);
	struct reader r = { .arena = a, .in = in };
	struct text out;

	strbuf_init(&r.out, (size_t)2 * HTML_MAX_BYTES);
	while (r.at < r.in.len) {
		char c = r.in.at[r.at];

		if (c == '<') {
			markup_read(&r);
		} else if (c == '&') {
			entity_show(&r);
		} else if (is_html_blank(c)) {
			blank_read(&r);
		} else {
			size_t from = r.at;

			while (r.at < r.in.len && r.in.at[r.at] != '<' && r.in.at[r.at] != '&' &&
			       !is_html_blank(r.in.at[r.at])) {
				r.at++;
			}
			show(&r, text_slice(r.in, from, r.at - from));
		}
	}
	link_close(&r);
	out = text_dup(a, text_trim(strbuf_text(&r.out)));
	strbuf_done(&r.out);
	return out;
}
