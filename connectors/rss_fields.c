#include "rss_fields.h"

#include "answerd/html.h"
#include "answerd/limits.h"
#include "answerd/strbuf.h"

const struct xml_space rss_spaces[] = {
	{ "http://purl.org/rss/1.0/", "" },
	{ "http://my.netscape.com/rdf/simple/0.9/", "" },
	{ "http://channel.netscape.com/rdf/simple/0.9/", "" },
	{ "http://backend.userland.com/rss2", "" },
	{ "http://blogs.law.harvard.edu/tech/rss", "" },
	{ "http://www.w3.org/2005/Atom", "atom" },
	{ "http://purl.org/atom/ns#", "atom" },
	{ "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf" },
	{ "http://purl.org/dc/elements/1.1/", "dc" },
	{ "http://purl.org/rss/1.0/modules/content/", "content" },
	{ "http://wellformedweb.org/CommentAPI/", "wfw" },
	{ "http://purl.org/syndication/thread/1.0", "thr" },
	{ "http://purl.org/atompub/tombstones/1.0", "at" },
	{ "http://www.w3.org/XML/1998/namespace", "xml" },
	{ NULL, NULL },
};

/* ---- text ---- */

/* A child by its name; feeds that forget their name space are Atom all the same. */
const struct xml *rss_child(const struct xml *x, const char *name)
{
	const struct xml *found = xml_child(x, name);

	return found == NULL && strncmp(name, "atom:", 5) == 0 ? xml_child(x, name + 5) : found;
}

struct text rss_words(struct arena *a, const struct xml *x, const char *name)
{
	return xml_text(a, rss_child(x, name));
}

struct text rss_first_of(struct arena *a, const struct xml *x, const char *const *names)
{
	struct text t = TEXT_NONE;

	for (; *names != NULL && t.len == 0; names++) {
		t = rss_words(a, x, *names);
	}
	return t;
}

/* HTML, whether it stands there escaped or as elements. */
static struct text markup_of(struct arena *a, const struct xml *x)
{
	return xml_element(x) != NULL ? xml_markup(a, x) : xml_text(a, x);
}

/* A text of Atom as HTML; what is neither text nor HTML (pictures in base64) is left out. */
static struct text atom_markup(struct arena *a, const struct xml *x)
{
	struct text type = xml_attribute_of(x, "type"), t;
	struct strbuf b;

	if (x == NULL || xml_element(x) != NULL || text_eq_nocase(type, TEXT("html")) ||
	    text_eq_nocase(type, TEXT("text/html"))) {
		return x != NULL ? markup_of(a, x) : TEXT_NONE;
	}
	if (type.len > 0 && !text_eq_nocase(type, TEXT("text")) &&
	    !text_starts_nocase(type, TEXT("text/")) && !text_eq_nocase(type, TEXT("xhtml"))) {
		return TEXT_NONE;
	}
	t = xml_text(a, x);
	strbuf_init(&b, LIMIT_BODY_BYTES * 4);
	for (size_t i = 0; i < t.len; i++) {
		strbuf_add_str(&b, t.at[i] == '&'    ? "&amp;"
				   : t.at[i] == '<'  ? "&lt;"
				   : t.at[i] == '\n' ? "<br>"
						     : "");
		if (strchr("&<\n", t.at[i]) == NULL) {
			strbuf_add_byte(&b, t.at[i]);
		}
	}
	t = text_dup(a, strbuf_text(&b));
	strbuf_done(&b);
	return t;
}

/* ---- the two dialects ---- */

/* "ann@shop.example (Ann)" */
static void author_split(struct rss_fields *r, struct text t)
{
	size_t open = text_find(t, TEXT("("), 0);

	if (text_find(t, TEXT("@"), 0) == SIZE_MAX) {
		r->author = t;
	} else if (open != SIZE_MAX && text_ends(t, TEXT(")"))) {
		r->mail = text_trim(text_slice(t, 0, open));
		r->author = text_trim(text_slice(t, open + 1, t.len - open - 2));
	} else {
		struct text domain;

		r->mail = t;
		(void)text_cut(t, '@', &r->author, &domain);
	}
}

void rss_fields_rss(struct arena *a, const struct xml *x, struct rss_fields *r)
{
	static const char *const dates[] = { "pubDate", "dc:date", "atom:published", "atom:updated",
					     NULL };
	const struct xml *guid = xml_child(x, "guid");

	r->id = xml_text(a, guid);
	r->id = r->id.len > 0 ? r->id : xml_attribute_of(x, "rdf:about");
	r->link = rss_words(a, x, "link");
	if (r->link.len == 0 &&
	    !text_eq_nocase(xml_attribute_of(guid, "isPermaLink"), TEXT("false"))) {
		r->link = r->id;
	}
	r->title = html_to_text(a, markup_of(a, xml_child(x, "title")));
	r->body = markup_of(a, xml_child(x, "content:encoded"));
	if (r->body.len == 0) {
		r->body = markup_of(a, xml_child(x, "description"));
	}
	r->date = rss_first_of(a, x, dates);
	r->author = rss_words(a, x, "dc:creator");
	if (r->author.len == 0) {
		author_split(r, rss_words(a, x, "author"));
	}
}

const struct xml *rss_atom_link(const struct xml *x, const char *rel)
{
	const struct xml *link = rss_child(x, "atom:link");

	for (; link != NULL; link = xml_again(link)) {
		struct text t = xml_attribute_of(link, "rel");

		if (text_eq_nocase(t.len > 0 ? t : TEXT("alternate"), text_of(rel))) {
			return link;
		}
	}
	return NULL;
}

void rss_fields_atom(struct arena *a, const struct xml *x, struct text feed_author,
		     struct rss_fields *r)
{
	static const char *const published[] = { "atom:published", "atom:issued", "atom:created",
						 NULL };
	static const char *const updated[] = { "atom:updated", "atom:modified", NULL };
	const struct xml *author = rss_child(x, "atom:author");

	r->id = rss_words(a, x, "atom:id");
	r->link = xml_attribute_of(rss_atom_link(x, "alternate"), "href");
	r->title = html_to_text(a, atom_markup(a, rss_child(x, "atom:title")));
	r->body = atom_markup(a, rss_child(x, "atom:content"));
	if (r->body.len == 0) {
		r->body = atom_markup(a, rss_child(x, "atom:summary"));
	}
	r->date = rss_first_of(a, x, published);
	r->updated = rss_first_of(a, x, updated);
	r->author = rss_words(a, author, "atom:name");
	r->uri = rss_first_of(a, author, (const char *const[]){ "atom:uri", "atom:url", NULL });
	r->mail = rss_words(a, author, "atom:email");
	if (r->author.len == 0) {
		r->author = rss_words(a, x, "dc:creator");
	}
	if (r->author.len == 0) {
		r->author = feed_author;
	}
}
