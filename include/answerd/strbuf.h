/* strbuf.h: text that grows, up to a cap given at its start.
 *
 * Owner:   init/done; or in an arena's scope with strbuf_text() copied out.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   past the cap nothing more is added and is_full stays set; look at it once at the end. */
#ifndef ANSWERD_STRBUF_H
#define ANSWERD_STRBUF_H

#include "answerd/text.h"

struct strbuf {
	char *at; /* always NUL-terminated once something was added */
	size_t len, room, max_bytes;
	bool is_full;
};

void strbuf_init(struct strbuf *b, size_t max_bytes);
void strbuf_done(struct strbuf *b);
void strbuf_reset(struct strbuf *b); /* empty again, memory kept */
void strbuf_add(struct strbuf *b, struct text t);
void strbuf_add_byte(struct strbuf *b, char c);
void strbuf_add_str(struct strbuf *b, const char *s);
void strbuf_printf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; t must be clean text. */
void strbuf_add_json(struct strbuf *b, struct text t);
/* Percent-encoded for a URL's query value or path segment (RFC 3986 unreserved kept). */
void strbuf_add_url(struct strbuf *b, struct text t);
/* Borrowed until the next change. */
struct text strbuf_text(const struct strbuf *b);

#define scoped(done) __attribute__((cleanup(done)))

#endif
