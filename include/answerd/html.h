/* html.h: what a person would read in a piece of HTML.
 *
 * Owner:   the result lives in the arena.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   cannot: ill-formed markup is read as browsers read it; past HTML_MAX_BYTES the rest
 *          is cut off. */
#ifndef ANSWERD_HTML_H
#define ANSWERD_HTML_H

#include "answerd/text.h"

/* Plain text: paragraphs become blank lines, br a newline, list items "- ", links keep their
 * visible text and, where that differs from the address, " (https://…)"; elements of class
 * "invisible" (Mastodon's cut URLs) are part of the link's address and are shown; script, style and
 * head vanish; entities are resolved. Clean UTF-8. Never loads anything. */
struct text html_to_text(struct arena *a, struct text html);

#endif
