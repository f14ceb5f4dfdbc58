/* Markdown and HTML, as far as a description needs them. */
#include "answerd/limits.h"
#include "answerd/posting.h"
#include "declarative_value.h"

#define LINK_MOST    2048 /* bytes, words and address */
#define WRITTEN_MOST ((size_t)16 * LIMIT_MESSAGE_BYTES)

static bool is_punctuation(char c)
{
	return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
	       (c >= '{' && c <= '~');
}

/* "[words](https://…)" at `at`: both pieces. */
static bool link_at(struct text t, size_t at, struct text *ret_words, struct text *ret_address,
		    size_t *ret_end)
{
	struct text words, address;
	size_t close, end;

	t = text_slice(t, 0, at + LINK_MOST);
	close = text_find(t, TEXT("]("), at);
	if (close == SIZE_MAX || (end = text_find(t, TEXT(")"), close)) == SIZE_MAX) {
		return false;
	}
	words = text_slice(t, at + 1, close - at - 1);
	address = text_slice(t, close + 2, end - close - 2);
	if (text_find(words, TEXT("["), 0) != SIZE_MAX ||
	    text_find(words, TEXT("\n"), 0) != SIZE_MAX ||
	    text_find(address, TEXT(" "), 0) != SIZE_MAX ||
	    text_find(address, TEXT("\n"), 0) != SIZE_MAX ||
	    (!text_starts(address, TEXT("https://")) && !text_starts(address, TEXT("http://")))) {
		return false;
	}
	*ret_words = words;
	*ret_address = address;
	*ret_end = end + 1;
	return true;
}

struct text decl_markdown_read(struct arena *a, struct text t)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = (size_t)2 * LIMIT_MESSAGE_BYTES };
	struct text words, address;
	size_t end, n_links = 0;

	t = text_clip(t, LIMIT_MESSAGE_BYTES);
	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] == '\\' && i + 1 < t.len && is_punctuation(t.at[i + 1])) {
			strbuf_add_byte(&b, t.at[++i]);
		} else if (t.at[i] == '[' && n_links < LIMIT_NAMES &&
			   link_at(t, i, &words, &address, &end)) {
			n_links++;
			strbuf_add(&b, words);
			if (!text_eq(words, address)) {
				strbuf_printf(&b, " (%.*s)", TEXT_ARG(address));
			}
			i = end - 1;
		} else {
			strbuf_add_byte(&b, t.at[i]);
		}
	}
	return text_clip(text_dup(a, strbuf_text(&b)), LIMIT_MESSAGE_BYTES);
}

static void markdown_add(struct strbuf *b, struct text t, bool *is_line_start)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];
		bool is_mark = c != '\0' && strchr("\\`*_[]<&|~^", c) != NULL;

		if (is_mark || (*is_line_start && c != '\0' && strchr("#>=+-:", c) != NULL)) {
			strbuf_add_byte(b, '\\');
		}
		strbuf_add_byte(b, c);
		*is_line_start = c == '\n' || (*is_line_start && c == ' ');
	}
}

/* Links and names stay as they are. */
static void markdown_write(struct strbuf *b, struct text t)
{
	struct posting_part part;
	bool is_line_start = true;
	size_t from = 0;

	for (size_t at = 0; posting_part_next(t, &at, &part);) {
		markdown_add(b, text_slice(t, from, part.from - from), &is_line_start);
		strbuf_add(b, text_slice(t, part.from, part.len));
		is_line_start = false;
		from = at;
	}
	markdown_add(b, text_slice(t, from, SIZE_MAX), &is_line_start);
}

static void html_write(struct strbuf *b, struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		switch (t.at[i]) {
		case '&': strbuf_add_str(b, "&amp;"); break;
		case '<': strbuf_add_str(b, "&lt;"); break;
		case '>': strbuf_add_str(b, "&gt;"); break;
		case '\n': strbuf_add_str(b, "<br>"); break;
		default: strbuf_add_byte(b, t.at[i]);
		}
	}
}

struct text decl_write(struct arena *a, struct text t, enum decl_text form)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = WRITTEN_MOST };

	switch (form) {
	case DECL_PLAIN: return t;
	case DECL_HTML: html_write(&b, t); break;
	case DECL_MARKDOWN: markdown_write(&b, t); break;
	}
	return text_dup(a, strbuf_text(&b));
}
