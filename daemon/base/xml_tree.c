/* One slice as a tree. libxml2 sees a text without a document type, in UTF-8, of bounded tags; it calls
 * back for elements and characters, and the tree is ours. */
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "answerd/strbuf.h"
#include "answerd/xml.h"

#define NAME_BYTES 32 /* the longest name of an entity in HTML has 8 */

/* ---- mending ---- */

struct mender {
	struct text t;
	struct strbuf out;
	bool has_declarations;
	struct err *err;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_legal(uint32_t code)
{
	return code == '\t' || code == '\n' || code == '\r' || (code >= ' ' && code < 0xd800) ||
	       (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff);
}

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : 99;
}

/* "&#38;" "&#x26;": is it one? */
static bool number_parse(struct text t, uint32_t *ret)
{
	size_t i = t.len > 2 && t.at[2] == 'x' ? 3 : 2, from = i;
	int base = i == 3 ? 16 : 10;
	uint32_t code = 0;

	for (; i < t.len && digit(t.at[i]) < base; i++) {
		code = code > 0x10ffff ? code : code * (uint32_t)base + (uint32_t)digit(t.at[i]);
	}
	*ret = code;
	return i > from && i + 1 == t.len;
}

static bool is_predefined(struct text name)
{
	return text_eq(name, TEXT("amp")) || text_eq(name, TEXT("lt")) ||
	       text_eq(name, TEXT("gt")) || text_eq(name, TEXT("quot")) ||
	       text_eq(name, TEXT("apos"));
}

static const htmlEntityDesc *html_name(struct text name)
{
	unsigned char word[NAME_BYTES];

	if (name.len >= sizeof(word)) {
		return NULL;
	}
	memcpy(word, name.at, name.len);
	word[name.len] = 0;
	return htmlEntityLookup(word);
}

/* The reference at `at`, and what is behind it; SIZE_MAX when only unread declarations explain it. */
static size_t mend_reference(struct mender *m, size_t at)
{
	size_t end = at + 1, i;
	const htmlEntityDesc *known;
	struct text name;
	uint32_t code;

	while (end < m->t.len && end < at + NAME_BYTES &&
	       (is_letter(m->t.at[end]) || strchr("#._-:", m->t.at[end]) != NULL)) {
		end++;
	}
	i = end < m->t.len && m->t.at[end] == ';' && end > at + 1 ? end + 1 : 0;
	name = text_slice(m->t, at + 1, end - at - 1);
	if (i > 0 && number_parse(text_slice(m->t, at, end + 1 - at), &code)) {
		strbuf_printf(&m->out, "&#%u;", is_legal(code) ? code : 0xfffd);
		return i;
	}
	if (i > 0 && is_predefined(name)) {
		strbuf_add(&m->out, text_slice(m->t, at, i - at));
		return i;
	}
	known = i > 0 ? html_name(name) : NULL;
	if (known != NULL) {
		strbuf_printf(&m->out, "&#%u;", known->value);
		return i;
	}
	if (i > 0 && m->has_declarations && name.at[0] != '#') {
		(void)err_set(m->err, ERR_DATA,
			      "it uses '&%.*s;', which the page's own document type would have to "
			      "explain; none is read",
			      TEXT_ARG(name));
		return SIZE_MAX;
	}
	strbuf_add_str(&m->out, "&amp;"); /* what stands behind it is copied as it is */
	return at + 1;
}

/* Comments and instructions say nothing to anybody; CDATA is copied as it is. */
static size_t mend_aside(struct mender *m, size_t at)
{
	static const struct {
		struct text open, close;
	} asides[] = { { { "<!--", 4 }, { "-->", 3 } },
		       { { "<?", 2 }, { "?>", 2 } },
		       { { "<![CDATA[", 9 }, { "]]>", 3 } } };

	for (size_t k = 0; k < sizeof(asides) / sizeof(asides[0]); k++) {
		struct text open = asides[k].open;

		if (text_starts(text_slice(m->t, at, open.len), open)) {
			size_t end = text_find(m->t, asides[k].close, at + open.len);

			end = end == SIZE_MAX ? m->t.len : end + asides[k].close.len;
			if (k == 2) {
				strbuf_add(&m->out, text_slice(m->t, at, end - at));
			}
			return end;
		}
	}
	return at;
}

/* A tag with its attributes; libxml2 compares each of them with each, so they are counted first. */
static size_t mend_tag(struct mender *m, size_t at)
{
	size_t n = 0, i = at;
	char quote = 0;

	while (i < m->t.len) {
		char c = m->t.at[i];

		if (c == '&') {
			i = mend_reference(m, i);
			if (i == SIZE_MAX) {
				return SIZE_MAX;
			}
			continue;
		}
		quote = quote != 0 ? (c == quote ? 0 : quote) : c == '"' || c == '\'' ? c : 0;
		n += quote == 0 && c == '=';
		strbuf_add_byte(&m->out, c);
		i++;
		if (quote == 0 && c == '>') {
			break;
		}
	}
	if (n > LIMIT_XML_ATTRIBUTES) {
		(void)err_set(m->err, ERR_DATA, "a tag has more than %d attributes",
			      LIMIT_XML_ATTRIBUTES);
		return SIZE_MAX;
	}
	return i;
}

/* A '<' that opens no tag stays one. */
static size_t mend_markup(struct mender *m, size_t at)
{
	char next = at + 1 < m->t.len ? m->t.at[at + 1] : ' ';

	if ((is_letter(next) && (next < '0' || next > '9')) || strchr("/!_:", next) != NULL ||
	    (unsigned char)next >= 0x80) {
		return mend_tag(m, at);
	}
	strbuf_add_str(&m->out, "&lt;");
	return at + 1;
}

static bool mend(struct mender *m)
{
	size_t at = 0;

	while (at < m->t.len) {
		size_t from = at;

		while (at < m->t.len && m->t.at[at] != '<' && m->t.at[at] != '&') {
			at++;
		}
		strbuf_add(&m->out, text_slice(m->t, from, at - from));
		if (at >= m->t.len) {
			break;
		}
		if (m->t.at[at] == '&') {
			at = mend_reference(m, at);
		} else {
			from = at;
			at = mend_aside(m, at);
			at = at == from ? mend_markup(m, at) : at;
		}
		if (at == SIZE_MAX) {
			return false;
		}
	}
	return true;
}

/* ---- building ---- */

struct builder {
	struct arena *arena;
	const struct xml_space *spaces;
	xmlParserCtxtPtr ctxt;
	struct xml *open[LIMIT_XML_DEPTH], *last[LIMIT_XML_DEPTH]; /* and its last child */
	size_t depth, n_nodes, n_spaces;
	struct xml *root;
	struct strbuf text;
	struct err *err;
	bool is_bad;
};

static void refuse(struct builder *b, const char *why)
{
	if (!b->is_bad) {
		b->is_bad = true;
		(void)err_set(b->err, ERR_DATA, "%s", why);
		xmlStopParser(b->ctxt);
	}
}

static struct xml *node_add(struct builder *b)
{
	struct xml *x;

	if (++b->n_nodes > LIMIT_XML_NODES) {
		refuse(b, "it has more parts than an element may have");
		return NULL;
	}
	x = ARENA_NEW(b->arena, struct xml);
	if (b->depth > 0) {
		if (b->last[b->depth - 1] == NULL) {
			b->open[b->depth - 1]->first = x;
		} else {
			b->last[b->depth - 1]->next = x;
		}
		b->last[b->depth - 1] = x;
	}
	return x;
}

static void text_flush(struct builder *b)
{
	struct xml *x;

	if (b->text.len > 0 && b->depth > 0) {
		x = node_add(b);
		if (x != NULL) {
			x->text = text_dup(b->arena, strbuf_text(&b->text));
		}
	}
	strbuf_reset(&b->text);
}

/* A name space by its address; a prefix that nobody declared by itself. */
static struct text name_of(struct builder *b, const xmlChar *local, const xmlChar *prefix,
			   const xmlChar *uri)
{
	const char *name = uri == NULL ? (const char *)prefix : "?";

	for (size_t i = 0; uri != NULL && b->spaces[i].uri != NULL; i++) {
		if (strcmp(b->spaces[i].uri, (const char *)uri) == 0) {
			name = b->spaces[i].prefix;
			break;
		}
	}
	if (name == NULL || name[0] == '\0') {
		return text_dup(b->arena, text_of((const char *)local));
	}
	return text_printf(b->arena, "%s:%s", name, (const char *)local);
}

/* libxml2 leaves "&#38;" for each '&' of an attribute, and only there. */
static struct text value_of(struct arena *a, const xmlChar *at, const xmlChar *end)
{
	static const struct text mark = { "&#38;", 5 };
	struct text t = text_dup(a, (struct text){ (const char *)at, (size_t)(end - at) });
	char *out;
	size_t n = 0;

	if (text_find(t, mark, 0) == SIZE_MAX) {
		return t;
	}
	out = arena_alloc(a, t.len);
	for (size_t i = 0; i < t.len; i++) {
		out[n++] = t.at[i];
		i += text_starts(text_slice(t, i, mark.len), mark) ? mark.len - 1 : 0;
	}
	return (struct text){ out, n };
}

static void on_start(void *owner, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri,
		     int n_spaces, const xmlChar **spaces, int n, int n_defaulted,
		     const xmlChar **attributes)
{
	struct builder *b = owner;
	struct xml_attribute *list;
	struct xml *x;

	(void)spaces;
	(void)n_defaulted;
	text_flush(b);
	b->n_spaces += (size_t)n_spaces;
	b->n_nodes += (size_t)n; /* attributes cost as much */
	if (b->depth >= LIMIT_XML_DEPTH) {
		refuse(b, "it is nested too deep");
	} else if (b->n_spaces > LIMIT_XML_SPACES) {
		refuse(b, "it declares too many name spaces");
	}
	x = b->is_bad ? NULL : node_add(b);
	if (x == NULL) {
		return;
	}
	x->name = name_of(b, local, prefix, uri);
	list = ARENA_ARRAY(b->arena, struct xml_attribute, (size_t)n);
	for (int i = 0; i < n; i++) {
		const xmlChar **at = attributes + (size_t)i * 5;

		list[i].name = name_of(b, at[0], at[1], at[2]);
		list[i].value = value_of(b->arena, at[3], at[4]);
	}
	x->attributes = list;
	x->n_attributes = (size_t)n;
	b->root = b->depth == 0 ? x : b->root;
	b->open[b->depth] = x;
	b->last[b->depth++] = NULL;
}

static void on_end(void *owner, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
	struct builder *b = owner;

	(void)local;
	(void)prefix;
	(void)uri;
	text_flush(b);
	b->depth -= !b->is_bad && b->depth > 0;
}

static void on_characters(void *owner, const xmlChar *at, int len)
{
	struct builder *b = owner;

	strbuf_add(&b->text, (struct text){ (const char *)at, (size_t)len });
}

static void on_error(void *owner, xmlErrorPtr e)
{
	struct builder *b = owner;

	/* Undeclared prefixes and the like are no reason to lose what somebody said. */
	if (b->is_bad || e->level < XML_ERR_ERROR || e->domain == XML_FROM_NAMESPACE) {
		return;
	}
	b->is_bad = true;
	(void)err_set(b->err, ERR_DATA,
		      "it is no well-formed XML (libxml2's error %d in its line %d)", e->code,
		      e->line);
}

/* Nothing is declared, so libxml2 must never ask; and nothing may be loaded. */
static xmlEntityPtr on_entity(void *owner, const xmlChar *name)
{
	(void)owner;
	return xmlGetPredefinedEntity(name);
}

static void build(struct builder *b, struct text t)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_characters,
		.ignorableWhitespace = on_characters,
		.cdataBlock = on_characters,
		.getEntity = on_entity,
		.serror = on_error,
	};
	xmlParserCtxtPtr ctxt = xmlCreateMemoryParserCtxt(t.at, (int)t.len);

	if (ctxt == NULL || ctxt->sax == NULL) {
		not_reached("no memory for a parser");
	}
	*ctxt->sax = sax;
	(void)xmlCtxtUseOptions(ctxt, XML_PARSE_NONET); /* what it does not know it gives back */
	ctxt->userData = b;
	b->ctxt = ctxt;
	(void)xmlParseDocument(ctxt); /* what went wrong, on_error has heard */
	if (!b->is_bad && (!ctxt->wellFormed || b->depth != 0 || b->root == NULL)) {
		b->is_bad = true;
		(void)err_set(b->err, ERR_DATA, "it is no well-formed XML");
	}
	xmlFreeDoc(ctxt->myDoc);
	xmlFreeParserCtxt(ctxt);
}

bool xml_parse(struct arena *a, const struct xml_page *page, struct text slice,
	       const struct xml_space *spaces, struct xml **ret, struct err *err)
{
	struct mender m = { .has_declarations = page->has_declarations, .err = err };
	struct builder b = { .arena = a, .spaces = spaces, .err = err };
	struct text parts[] = { page->head, slice, page->tail };
	size_t most = (size_t)8 * (page->head.len + slice.len + page->tail.len) + 64;
	bool is_mended = true;

	strbuf_init(&m.out, most);
	strbuf_init(&b.text, most);
	for (size_t i = 0; i < 3 && is_mended; i++) {
		m.t = parts[i];
		is_mended = mend(&m);
	}
	if (is_mended) {
		build(&b, strbuf_text(&m.out));
	}
	strbuf_done(&m.out);
	strbuf_done(&b.text);
	if (!is_mended || b.is_bad) {
		return false;
	}
	*ret = b.root;
	return true;
}

/* ---- looking ---- */

bool xml_is(const struct xml *x, const char *name)
{
	return x != NULL && x->name.len > 0 && text_eq(x->name, text_of(name));
}

const struct xml *xml_element(const struct xml *x)
{
	x = x != NULL ? x->first : NULL;
	while (x != NULL && x->name.len == 0) {
		x = x->next;
	}
	return x;
}

const struct xml *xml_child(const struct xml *x, const char *name)
{
	x = x != NULL ? x->first : NULL;
	while (x != NULL && !xml_is(x, name)) {
		x = x->next;
	}
	return x;
}

const struct xml *xml_again(const struct xml *x)
{
	const struct xml *next = x->next;

	while (next != NULL && (next->name.len == 0 || !text_eq(next->name, x->name))) {
		next = next->next;
	}
	return next;
}

struct text xml_attribute_of(const struct xml *x, const char *name)
{
	for (size_t i = 0; x != NULL && i < x->n_attributes; i++) {
		if (text_eq(x->attributes[i].name, text_of(name))) {
			return text_trim(x->attributes[i].value);
		}
	}
	return TEXT_NONE;
}

/* Depth is bounded by LIMIT_XML_DEPTH. */
static void text_add(struct strbuf *b, const struct xml *x)
{
	for (x = x->first; x != NULL; x = x->next) {
		if (x->name.len == 0) {
			strbuf_add(b, x->text);
		} else {
			text_add(b, x);
		}
	}
}

struct text xml_text(struct arena *a, const struct xml *x)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_BODY_BYTES * 4 };

	if (x == NULL) {
		return TEXT_NONE;
	}
	if (x->first != NULL && x->first->next == NULL && x->first->name.len == 0) {
		return text_trim(x->first->text);
	}
	text_add(&b, x);
	return text_trim(text_dup(a, strbuf_text(&b)));
}

static void escaped_add(struct strbuf *b, struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		switch (t.at[i]) {
		case '&': strbuf_add_str(b, "&amp;"); break;
		case '<': strbuf_add_str(b, "&lt;"); break;
		case '>': strbuf_add_str(b, "&gt;"); break;
		case '"': strbuf_add_str(b, "&quot;"); break;
		default: strbuf_add_byte(b, t.at[i]);
		}
	}
}

static struct text local_of(struct text name)
{
	struct text prefix, local;

	return text_cut(name, ':', &prefix, &local) ? local : name;
}

static void markup_add(struct strbuf *b, const struct xml *x)
{
	for (x = x->first; x != NULL; x = x->next) {
		if (x->name.len == 0) {
			escaped_add(b, x->text);
			continue;
		}
		strbuf_add_byte(b, '<');
		strbuf_add(b, local_of(x->name));
		for (size_t i = 0; i < x->n_attributes; i++) {
			strbuf_add_byte(b, ' ');
			strbuf_add(b, local_of(x->attributes[i].name));
			strbuf_add_str(b, "=\"");
			escaped_add(b, x->attributes[i].value);
			strbuf_add_byte(b, '"');
		}
		strbuf_add_byte(b, '>');
		if (x->first != NULL) {
			markup_add(b, x);
			strbuf_add_str(b, "</");
			strbuf_add(b, local_of(x->name));
			strbuf_add_byte(b, '>');
		}
	}
}

struct text xml_markup(struct arena *a, const struct xml *x)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_BODY_BYTES * 8 };

	if (x == NULL) {
		return TEXT_NONE;
	}
	markup_add(&b, x);
	return text_trim(text_dup(a, strbuf_text(&b)));
}
