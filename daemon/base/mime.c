/* Mails: see mime.h. gmime takes the parts apart and their transfer encodings off; it gets no more than the connector fetched, so
 * its trees are small. Charsets and encoded words are ours (mime_words.c): nothing that a stranger names is loaded for them. */
#include "answerd/mime.h"

#include <gmime/gmime.h>

#include "answerd/html.h"
#include "answerd/limits.h"
#include "answerd/log.h"
#include "answerd/strbuf.h"

struct walk {
	struct arena *arena;
	struct mime *mime;
	struct strbuf text;
	size_t n_parts;
};

static void part_walk(struct walk *w, GMimeObject *o, int depth);

static struct text lower(struct arena *a, const char *s)
{
	return text_clean(a, text_lower_ascii(a, text_of(s)), NULL);
}

static struct text type_of(struct arena *a, GMimeObject *o)
{
	GMimeContentType *t = g_mime_object_get_content_type(o);

	if (t == NULL) {
		return TEXT("text/plain");
	}
	return text_printf(a, "%.*s/%.*s",
			   TEXT_ARG(lower(a, g_mime_content_type_get_media_type(t))),
			   TEXT_ARG(lower(a, g_mime_content_type_get_media_subtype(t))));
}

static struct text parameter_of(struct arena *a, GMimeObject *o, const char *name)
{
	GMimeContentType *t = g_mime_object_get_content_type(o);

	return lower(a, t != NULL ? g_mime_content_type_get_parameter(t, name) : NULL);
}

static bool is_attached(GMimeObject *o)
{
	GMimeContentDisposition *d = g_mime_object_get_content_disposition(o);

	return d != NULL && g_mime_content_disposition_is_attachment(d);
}

/* A name for people on one line: no control bytes, no path. */
static struct text name_clean(struct arena *a, struct text t)
{
	struct text name = text_dup(a, text_clip(text_clean(a, t, NULL), 200));

	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.at[i] < ' ' || name.at[i] == 0x7f) {
			((char *)(uintptr_t)name.at)[i] = ' ';
		}
	}
	return text_trim(name);
}

static void attachment_add(struct walk *w, GMimeObject *o)
{
	const char *file = GMIME_IS_PART(o) ? g_mime_part_get_filename(GMIME_PART(o)) : NULL;
	struct text name = name_clean(w->arena, text_of(file));

	if (w->mime->n_attachments < MIME_ATTACHMENTS) {
		w->mime->attachments[w->mime->n_attachments] =
			name.len > 0 ? name : name_clean(w->arena, type_of(w->arena, o));
	}
	w->mime->n_attachments++;
}

/* ---- words ---- */

/* The bytes of a part, its transfer encoding taken off. */
static struct text content_of(struct arena *a, GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *stream;
	GByteArray *bytes;
	struct text copy;

	if (content == NULL) {
		return TEXT_NONE;
	}
	stream = g_mime_stream_mem_new();
	/* Never more than came: every transfer encoding makes less of it. */
	(void)g_mime_data_wrapper_write_to_stream(content, stream);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	copy = text_dup(a, (struct text){ (const char *)bytes->data, bytes->len });
	g_object_unref(stream);
	return copy;
}

/* CRLF to LF, other control bytes away. */
static struct text lines_clean(struct arena *a, struct text t)
{
	char *out = arena_alloc(a, t.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c == '\r') {
			if (i + 1 >= t.len || t.at[i + 1] != '\n') {
				out[n++] = '\n';
			}
		} else if (c >= ' ' || c == '\n' || c == '\t') {
			out[n++] = t.at[i];
		}
	}
	return (struct text){ out, n };
}

static size_t quote_depth(struct text line)
{
	size_t n = 0;

	while (n < line.len && line.at[n] == '>') {
		n++;
	}
	return n;
}

/* format=flowed (RFC 3676): a line that ends with a blank goes on in the next one of the same depth. */
static struct text unflow(struct arena *a, struct text t, bool is_delsp)
{
	struct strbuf b = { 0 };
	struct text line, rest = t, out;
	bool is_open = false;
	size_t depth = 0;

	strbuf_init(&b, t.len + 16);
	while (rest.len > 0) {
		size_t d;

		(void)text_cut(rest, '\n', &line, &rest);
		d = quote_depth(line);
		if (is_open && d == depth) {
			line = text_slice(line, d, SIZE_MAX);
			line = text_starts(line, TEXT(" ")) ? text_slice(line, 1, SIZE_MAX) : line;
		} else if (b.len > 0) {
			strbuf_add_byte(&b, '\n');
		}
		is_open = text_ends(line, TEXT(" ")) && !text_ends(line, TEXT("-- "));
		depth = d;
		if (is_open && is_delsp) {
			line.len--;
		}
		strbuf_add(&b, line);
	}
	out = text_dup(a, strbuf_text(&b));
	strbuf_done(&b);
	return out;
}

static struct text words_of(struct walk *w, GMimePart *part, bool is_html)
{
	struct arena *a = w->arena;
	GMimeObject *o = GMIME_OBJECT(part);
	struct text bytes = content_of(a, part);
	struct text t = mime_decode(a, bytes, parameter_of(a, o, "charset"));

	if (is_html) {
		return html_to_text(a, t);
	}
	t = lines_clean(a, t);
	if (text_eq(parameter_of(a, o, "format"), TEXT("flowed"))) {
		t = unflow(a, t, text_eq(parameter_of(a, o, "delsp"), TEXT("yes")));
	}
	return t;
}

static void words_add(struct walk *w, struct text t)
{
	if (text_trim(t).len == 0) {
		return;
	}
	if (w->text.len > 0) {
		strbuf_add_byte(&w->text, '\n');
	}
	strbuf_add(&w->text, t);
}

/* ---- parts ---- */

static bool is_type(struct walk *w, GMimeObject *o, const char *type)
{
	return GMIME_IS_PART(o) && !is_attached(o) && text_eq(type_of(w->arena, o), text_of(type));
}

/* Plain words where there are some; else what else says the same. */
static void alternative_walk(struct walk *w, GMimeMultipart *all, int depth)
{
	int n = g_mime_multipart_get_count(all);
	size_t before = w->text.len;

	for (int i = 0; i < n && i < MIME_PARTS; i++) {
		GMimeObject *o = g_mime_multipart_get_part(all, i);

		if (is_type(w, o, "text/plain")) {
			words_add(w, words_of(w, GMIME_PART(o), /* is_html= */ false));
		}
		if (w->text.len > before) {
			break;
		}
	}
	for (int i = 0; i < n && i < MIME_PARTS; i++) {
		GMimeObject *o = g_mime_multipart_get_part(all, i);

		if (w->text.len > before &&
		    (is_type(w, o, "text/plain") || is_type(w, o, "text/html"))) {
			continue;
		}
		if (w->text.len == before || GMIME_IS_MULTIPART(o)) {
			/* Behind chosen words only what hangs on the other ways to say them. */
			struct strbuf kept = w->text;
			bool is_said = w->text.len > before;

			if (is_said) {
				strbuf_init(&w->text, 1);
			}
			part_walk(w, o, depth + 1);
			if (is_said) {
				strbuf_done(&w->text);
				w->text = kept;
			}
		}
	}
}

static void multipart_walk(struct walk *w, GMimeMultipart *all, int depth)
{
	int n = g_mime_multipart_get_count(all);

	if (text_eq(type_of(w->arena, GMIME_OBJECT(all)), TEXT("multipart/alternative"))) {
		alternative_walk(w, all, depth);
		return;
	}
	for (int i = 0; i < n; i++) {
		part_walk(w, g_mime_multipart_get_part(all, i), depth + 1);
	}
}

static void part_walk(struct walk *w, GMimeObject *o, int depth)
{
	if (o == NULL || depth > MIME_DEPTH || ++w->n_parts > MIME_PARTS) {
		w->mime->is_partial = true;
		return;
	}
	if (GMIME_IS_MULTIPART(o)) {
		multipart_walk(w, GMIME_MULTIPART(o), depth);
	} else if (is_type(w, o, "text/plain")) {
		words_add(w, words_of(w, GMIME_PART(o), /* is_html= */ false));
	} else if (is_type(w, o, "text/html")) {
		words_add(w, words_of(w, GMIME_PART(o), /* is_html= */ true));
	} else {
		attachment_add(w, o);
	}
}

/* Up to the empty line. */
static struct text head_cut(struct text bytes)
{
	size_t crlf = text_find(bytes, TEXT("\r\n\r\n"), 0), lf = text_find(bytes, TEXT("\n\n"), 0);
	size_t end = crlf < lf ? crlf + 2 : lf != SIZE_MAX ? lf + 1 : bytes.len;

	if (text_starts(bytes, TEXT("\r\n")) || text_starts(bytes, TEXT("\n"))) {
		return TEXT_NONE;
	}
	return text_slice(bytes, 0, end < MIME_HEAD_BYTES ? end : MIME_HEAD_BYTES);
}

static GMimeObject *tree_parse(struct text bytes)
{
	static bool is_ready;
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeObject *top;

	if (!is_ready) {
		g_mime_init();
		is_ready = true;
	}
	stream = g_mime_stream_mem_new_with_buffer(bytes.at, bytes.len);
	parser = g_mime_parser_new_with_stream(stream);
	/* As a part, not as a message: its addresses are not looked into. */
	top = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return top;
}

void mime_parse(struct arena *a, struct text bytes, struct mime *ret)
{
	struct walk w = { .arena = a, .mime = ret };
	GMimeObject *top;

	*ret = (struct mime){ .head = text_clean(a, head_cut(bytes), NULL),
			      .type = TEXT("text/plain") };
	if (bytes.len == 0) {
		return;
	}
	strbuf_init(&w.text, LIMIT_BODY_BYTES);
	top = tree_parse(bytes);
	if (top != NULL) {
		ret->type = type_of(a, top);
		ret->report_type = parameter_of(a, top, "report-type");
		part_walk(&w, top, 0);
		g_object_unref(top);
	}
	ret->text = text_clean(a, text_dup(a, strbuf_text(&w.text)), NULL);
	strbuf_done(&w.text);
}
