/* xml.h: XML from hostile servers, cut first, parsed one element at a time.
 *
 * A page is never parsed whole: it becomes UTF-8 whatever it says it is, one scan cuts it into
 * slices, and each slice is parsed alone by libxml2, so one bad element costs only itself. A document
 * type is stepped over and never read: nothing is declared, expanded or loaded. What is mended first
 * loses and invents nothing: a bare '&' stays one, HTML's names (&nbsp;) become their characters, a
 * character that XML forbids becomes U+FFFD. A name that only the unread declarations could explain
 * fails its element.
 *
 * Owner:   everything lives in the arena given; slices borrow from the page.
 * Clock:   none.
 * Blocks:  never: no file and no address is ever opened.
 * Calls back: never.
 * Fails:   ERR_DATA with what is wrong and the line, never the content. */
#ifndef ANSWERD_XML_H
#define ANSWERD_XML_H

#include "answerd/err.h"
#include "answerd/text.h"

struct xml_page {
	struct text root;      /* local name of the root element: "rss" */
	struct text head;      /* its start tag, which declares the name spaces */
	struct text tail;      /* its end tag */
	struct text body;      /* between them; clean UTF-8 */
	bool has_declarations; /* there was a document type with declarations of its own */
};

/* How name spaces are called in the tree; a list ends with a NULL uri. "" stands for none. */
struct xml_space {
	const char *uri, *prefix;
};

struct xml_attribute {
	struct text name, value; /* "href", "xml:lang" */
};

struct xml {
	struct text name; /* "item", "dc:creator", "?:x" in an unknown space; empty: text */
	struct text text;
	const struct xml_attribute *attributes;
	size_t n_attributes;
	struct xml *first, *next;
};

/* Decodes, steps over the prolog, finds the root element and its end. content_type: the header's,
 * or empty. */
bool xml_open(struct arena *a, struct text bytes, struct text content_type, struct xml_page *ret,
	      struct err *err);

/* The elements with this local name, as slices in their order; *ret_rest is the page without them.
 * An element that begins before the one before it has ended cuts that one off. */
bool xml_cut(struct arena *a, const struct xml_page *page, const char *name, struct text **ret,
	     size_t *ret_n, struct text *ret_rest, struct err *err);

/* The tree of a slice (or of the rest), below the page's root element, which is returned. */
bool xml_parse(struct arena *a, const struct xml_page *page, struct text slice,
	       const struct xml_space *spaces, struct xml **ret, struct err *err);

bool xml_is(const struct xml *x, const char *name);
/* The first child element, or the first with that name; NULL when there is none. */
const struct xml *xml_element(const struct xml *x);
const struct xml *xml_child(const struct xml *x, const char *name);
/* The next element beside it with the same name; NULL when there is none. */
const struct xml *xml_again(const struct xml *x);
/* Trimmed; empty when it is not there. */
struct text xml_attribute_of(const struct xml *x, const char *name);
/* All text below x, trimmed; empty for NULL. */
struct text xml_text(struct arena *a, const struct xml *x);
/* The same with its markup, as HTML. */
struct text xml_markup(struct arena *a, const struct xml *x);

#endif
