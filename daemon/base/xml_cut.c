/* Where elements begin and end. No tree, no recursion; a document type is stepped over and never read. */
#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "answerd/xml.h"
#include "daemon/base/xml_decode.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static struct text name_at(struct text t, size_t at)
{
	size_t end = at;

	while (end < t.len && !is_blank(t.at[end]) && t.at[end] != '>' && t.at[end] != '/') {
		end++;
	}
	return text_slice(t, at, end - at);
}

static struct text local_of(struct text name)
{
	struct text prefix, local;

	return text_cut(name, ':', &prefix, &local) ? local : name;
}

static bool starts_at(struct text t, size_t at, struct text word)
{
	return text_starts(text_slice(t, at, word.len), word);
}

/* Behind the tag that begins at `at`, quoted '>' stepped over; SIZE_MAX when it does not end. */
static size_t tag_end(struct text t, size_t at)
{
	char quote = 0;

	for (size_t i = at; i < t.len; i++) {
		char c = t.at[i];

		if (quote != 0) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '>') {
			return i + 1;
		}
	}
	return SIZE_MAX;
}

static size_t behind(struct text t, size_t from, struct text word)
{
	size_t at = text_find(t, word, from);

	return at == SIZE_MAX ? SIZE_MAX : at + word.len;
}

/* Behind the comment, CDATA section or instruction at `at`; `at` itself when there is none. */
static size_t aside_end(struct text t, size_t at)
{
	if (starts_at(t, at, TEXT("<!--"))) {
		return behind(t, at + 4, TEXT("-->"));
	}
	if (starts_at(t, at, TEXT("<![CDATA["))) {
		return behind(t, at + 9, TEXT("]]>"));
	}
	if (starts_at(t, at, TEXT("<?"))) {
		return behind(t, at + 2, TEXT("?>"));
	}
	return at;
}

/* ---- the page ---- */

/* Behind "<!DOCTYPE … [ … ]>". */
static size_t doctype_end(struct text t, size_t at, bool *ret_has_declarations)
{
	int depth = 0;
	char quote = 0;

	for (size_t i = at; i < t.len; i++) {
		char c = t.at[i];

		if (quote != 0) {
			quote = c == quote ? 0 : quote;
		} else if (depth > 0 &&
			   (starts_at(t, i, TEXT("<!--")) || starts_at(t, i, TEXT("<?")))) {
			i = aside_end(t, i);
			if (i == SIZE_MAX) {
				return SIZE_MAX;
			}
			i--;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '[') {
			depth++;
			*ret_has_declarations = true;
		} else if (c == ']') {
			depth--;
		} else if (c == '>' && depth <= 0) {
			return i + 1;
		}
	}
	return SIZE_MAX;
}

/* Behind everything that comes before the root element. */
static size_t prolog_end(struct text t, bool *ret_has_declarations)
{
	size_t at = 0, end;

	for (;;) {
		while (at < t.len && is_blank(t.at[at])) {
			at++;
		}
		if (starts_at(t, at, TEXT("<!DOCTYPE")) || starts_at(t, at, TEXT("<!doctype"))) {
			end = doctype_end(t, at, ret_has_declarations);
		} else {
			end = starts_at(t, at, TEXT("<![")) ? at : aside_end(t, at);
		}
		if (end == SIZE_MAX || end == at) {
			return end;
		}
		at = end;
	}
}

/* The last end tag of that name. */
static bool tail_find(struct text t, size_t from, struct text name, struct text *ret,
		      size_t *ret_at)
{
	bool is_found = false;

	for (size_t at = text_find(t, TEXT("</"), from); at != SIZE_MAX;
	     at = text_find(t, TEXT("</"), at + 2)) {
		if (text_eq(name_at(t, at + 2), name)) {
			size_t end = text_find(t, TEXT(">"), at);

			if (end != SIZE_MAX &&
			    text_trim(text_slice(t, at + 2 + name.len, end - at - 2 - name.len))
					    .len == 0) {
				*ret = text_slice(t, at, end + 1 - at);
				*ret_at = at;
				is_found = true;
			}
		}
	}
	return is_found;
}

bool xml_open(struct arena *a, struct text bytes, struct text content_type, struct xml_page *ret,
	      struct err *err)
{
	struct xml_page p = { 0 };
	struct text t, name;
	size_t at, end, tail;

	if (bytes.len > LIMIT_BODY_BYTES) {
		return err_set(err, ERR_DATA, "the page has more than %u bytes", LIMIT_BODY_BYTES);
	}
	if (!xml_decode(a, bytes, content_type, &t, err)) {
		return false;
	}
	at = prolog_end(t, &p.has_declarations);
	if (at == SIZE_MAX) {
		return err_set(err, ERR_DATA, "the page ends before its first element");
	}
	if (at + 1 >= t.len || t.at[at] != '<' || !is_name_start(t.at[at + 1])) {
		return err_set(err, ERR_DATA, "the page is no XML");
	}
	name = name_at(t, at + 1);
	end = tag_end(t, at);
	if (end == SIZE_MAX || end - at > LIMIT_XML_HEAD_BYTES) {
		return err_set(err, ERR_DATA,
			       "the first tag of the page has no end within %u bytes",
			       LIMIT_XML_HEAD_BYTES);
	}
	p.root = local_of(name);
	p.head = text_slice(t, at, end - at);
	if (t.at[end - 2] == '/') {
		p.head = text_printf(a, "%.*s>", (int)(p.head.len - 2), p.head.at);
		p.tail = text_printf(a, "</%.*s>", TEXT_ARG(name));
	} else if (tail_find(t, end, name, &p.tail, &tail)) {
		p.body = text_slice(t, end, tail - end);
	} else {
		return err_set(err, ERR_DATA,
			       "the page was cut off: its first element does not end");
	}
	*ret = p;
	return true;
}

/* ---- slices ---- */

struct cutter {
	struct text t;
	const char *name;
	struct arena *arena;
	struct text *slices;
	size_t n, from; /* from: of the open slice, SIZE_MAX when none is */
	size_t kept_to;
	struct strbuf rest;
};

static void slice_end(struct cutter *c, size_t at)
{
	if (c->n < LIMIT_PAGE_ITEMS) {
		c->slices[c->n] = text_slice(c->t, c->from, at - c->from);
	}
	c->n++;
	c->from = SIZE_MAX;
	c->kept_to = at;
}

static void slice_begin(struct cutter *c, size_t at)
{
	if (c->from != SIZE_MAX) {
		slice_end(c, at); /* the one before never ended */
	}
	strbuf_add(&c->rest, text_slice(c->t, c->kept_to, at - c->kept_to));
	c->from = at;
}

/* One tag; returns what is behind it. */
static size_t tag_step(struct cutter *c, size_t at)
{
	bool is_end = starts_at(c->t, at, TEXT("</"));
	size_t name_from = at + (is_end ? 2 : 1), end;
	bool is_wanted;

	if (name_from >= c->t.len || !is_name_start(c->t.at[name_from])) {
		return at + 1;
	}
	is_wanted = text_eq(local_of(name_at(c->t, name_from)), text_of(c->name));
	end = is_end ? behind(c->t, at, TEXT(">")) : tag_end(c->t, at);
	if (end == SIZE_MAX || !is_wanted) {
		return end;
	}
	if (!is_end) {
		slice_begin(c, at);
	}
	if (c->from != SIZE_MAX && (is_end || c->t.at[end - 2] == '/')) {
		slice_end(c, end);
	}
	return end;
}

static bool cut_all(struct cutter *c, struct err *err)
{
	size_t at = 0;

	for (;;) {
		const char *found = at < c->t.len ? memchr(c->t.at + at, '<', c->t.len - at) : NULL;
		size_t end;

		if (found == NULL) {
			break;
		}
		at = (size_t)(found - c->t.at);
		end = aside_end(c->t, at);
		at = end == at ? tag_step(c, at) : end;
		if (at == SIZE_MAX) {
			return err_set(err, ERR_DATA,
				       "the page was cut off in the middle of a tag");
		}
	}
	if (c->from != SIZE_MAX) {
		return err_set(err, ERR_DATA, "the page was cut off: its last '%s' does not end",
			       c->name);
	}
	if (c->n > LIMIT_PAGE_ITEMS) {
		return err_set(err, ERR_DATA, "the page has more than %d elements",
			       LIMIT_PAGE_ITEMS);
	}
	strbuf_add(&c->rest, text_slice(c->t, c->kept_to, SIZE_MAX));
	return true;
}

bool xml_cut(struct arena *a, const struct xml_page *page, const char *name, struct text **ret,
	     size_t *ret_n, struct text *ret_rest, struct err *err)
{
	struct cutter c = { .t = page->body, .name = name, .from = SIZE_MAX };
	bool is_cut;

	strbuf_init(&c.rest, page->body.len + 1);
	c.slices = ARENA_ARRAY(a, struct text, LIMIT_PAGE_ITEMS);
	is_cut = cut_all(&c, err);
	if (is_cut) {
		*ret = c.slices;
		*ret_n = c.n;
		*ret_rest = text_dup(a, strbuf_text(&c.rest));
	}
	strbuf_done(&c.rest);
	return is_cut;
}
