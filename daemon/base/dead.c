#include "daemon/base/dead.h"

#include "answerd/connector.h"

const struct dead deads[] = {
	{ "delicious",
	  NULL,
	  "Delicious: bookmarks and the notes on them",
	  "Delicious was bought by Pinboard in 2017, could only be read from then on, and is gone",
	  "what people publish about you",
	  { "rss", NULL } },
	{ "digg",
	  NULL,
	  "Digg: stories and the comments below them",
	  "the API of Digg ended when the site was sold in 2012; the Digg that came back later has "
	  "no public one",
	  "those customers",
	  { "reddit", "hackernews", "rss", NULL } },
	{ "google+",
	  "googleplus",
	  "Google+: posts and comments",
	  "Google+ was closed on 2 April 2019, and its API on 7 March 2019",
	  "those customers",
	  { "google-business", "youtube", "rss", NULL } },
	{ "stumbleupon",
	  NULL,
	  "StumbleUpon: pages that people recommended, and their reviews",
	  "StumbleUpon was closed on 30 June 2018; Mix, to which it moved, has no public API",
	  "what people publish about you",
	  { "reddit", "rss", NULL } },
};

const size_t n_deads = sizeof(deads) / sizeof(deads[0]);

const struct dead *dead_find(struct text name)
{
	for (size_t i = 0; i < n_deads; i++) {
		if (text_eq_nocase(text_of(deads[i].name), name) ||
		    (deads[i].other_name != NULL &&
		     text_eq_nocase(text_of(deads[i].other_name), name))) {
			return &deads[i];
		}
	}
	return NULL;
}

/* The heirs that are here; returns how many. */
static size_t heirs_here(const struct dead *d, const char *ret[5])
{
	size_t n = 0;

	for (size_t i = 0; d->heirs[i] != NULL; i++) {
		if (connector_find(text_of(d->heirs[i])) != NULL) {
			ret[n++] = d->heirs[i];
		}
	}
	return n;
}

void dead_print_heirs(const struct dead *d, struct strbuf *out)
{
	const char *heirs[5];
	size_t n = heirs_here(d, heirs);

	strbuf_add_byte(out, '[');
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(out, i > 0 ? "," : "");
		strbuf_add_json(out, text_of(heirs[i]));
	}
	strbuf_add_byte(out, ']');
}

void dead_print_sentence(const struct dead *d, struct strbuf *out)
{
	const char *heirs[5];
	size_t n = heirs_here(d, heirs);

	strbuf_add_str(out, d->fate);
	if (n > 0) {
		strbuf_printf(out, ": hear %s today with platform = ", d->talk);
	}
	for (size_t i = 0; i < n; i++) {
		strbuf_printf(out, "%s\"%s\"", i == 0 ? "" : i + 1 < n ? ", " : " or ", heirs[i]);
	}
}
