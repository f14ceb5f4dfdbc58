/* The reader of XML: any bytes become an error, or trees of clean text of bounded size. */
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/xml.h"
#include "tests/fuzz/target.h"

static const struct xml_space spaces[] = { { "http://www.w3.org/2005/Atom", "atom" },
					   { "http://purl.org/rss/1.0/", "" },
					   { NULL, NULL } };

static void slice_run(const struct xml_page *page, struct text slice)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct err err = { 0 };
	struct xml *root;

	if (xml_parse(a, page, slice, spaces, &root, &err)) {
		if (!text_is_clean(xml_text(a, root)) || !text_is_clean(xml_markup(a, root)) ||
		    root->name.len == 0) {
			abort();
		}
	} else if (err.kind != ERR_DATA || err.text[0] == '\0') {
		abort();
	}
	arena_destroy(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct text bytes = { (const char *)data, size };
	struct err err = { 0 };
	struct text *slices, rest;
	struct xml_page page;
	size_t n, total = 0;

	if (!xml_open(a, bytes, TEXT_NONE, &page, &err)) {
		if (err.kind != ERR_DATA) {
			abort();
		}
	} else if (xml_cut(a, &page, "item", &slices, &n, &rest, &err)) {
		for (size_t i = 0; i < n; i++) {
			total += slices[i].len;
			slice_run(&page, slices[i]);
		}
		if (total + rest.len != page.body.len) { /* nothing falls between two slices */
			abort();
		}
		slice_run(&page, rest);
	}
	arena_destroy(&a);
	return 0;
}
