/* xml_decode.h: a page's bytes as clean UTF-8, whatever it is written in and says it is.
 *
 * What reads as UTF-8 is UTF-8, whatever is declared; then the header's word, then the page's own. What
 * says UTF-8 and is not: windows-1252, or, where most of it is good, with U+FFFD for the rest.
 *
 * Owner:   the result lives in the arena, or is the input itself.
 * Clock:   none.
 * Blocks:  never: no tables are loaded.
 * Calls back: never.
 * Fails:   ERR_DATA for encodings that are not known here. */
#ifndef ANSWERD_BASE_XML_DECODE_H
#define ANSWERD_BASE_XML_DECODE_H

#include "answerd/err.h"
#include "answerd/text.h"

bool xml_decode(struct arena *a, struct text bytes, struct text content_type, struct text *ret,
		struct err *err);

#endif
