#include "answerd/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"

void strbuf_init(struct strbuf *b, size_t max_bytes)
{
	*b = (struct strbuf){ .max_bytes = max_bytes };
}

void strbuf_done(struct strbuf *b)
{
	free(b->at);
	*b = (struct strbuf){ .max_bytes = b->max_bytes };
}

void strbuf_reset(struct strbuf *b)
{
	b->len = 0;
	b->is_full = false;
	if (b->at != NULL) {
		b->at[0] = '\0';
	}
}

/* Room for n more bytes and a NUL; false, and full from now on, when that is past the cap. */
static inline bool room_make(struct strbuf *b, size_t n)
{
	size_t room;

	if (b->is_full || n > b->max_bytes || b->len > b->max_bytes - n) {
		b->is_full = true;
		return false;
	}
	if (b->at != NULL && b->room > b->len + n) {
		return true;
	}
	room = b->room * 2 > b->len + n + 64 ? b->room * 2 : b->len + n + 64;
	b->at = xrealloc(b->at, room);
	b->room = room;
	return true;
}

void strbuf_add(struct strbuf *b, struct text t)
{
	if (!room_make(b, t.len)) {
		return;
	}
	if (t.len > 0) {
		memcpy(b->at + b->len, t.at, t.len);
	}
	b->len += t.len;
	b->at[b->len] = '\0';
}

void strbuf_add_byte(struct strbuf *b, char c)
{
	if (room_make(b, 1)) {
		b->at[b->len++] = c;
		b->at[b->len] = '\0';
	}
}

void strbuf_add_str(struct strbuf *b, const char *s)
{
	strbuf_add(b, text_of(s));
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !room_make(b, (size_t)n)) {
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(b->at + b->len, (size_t)n + 1, fmt, ap); /* measured just above */
	va_end(ap);
	b->len += (size_t)n;
}

void strbuf_add_json(struct strbuf *b, struct text t)
{
	size_t from = 0;

	strbuf_add_byte(b, '"');
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			continue;
		}
		strbuf_add(b, text_slice(t, from, i - from));
		from = i + 1;
		switch (c) {
		case '"': strbuf_add_str(b, "\\\""); break;
		case '\\': strbuf_add_str(b, "\\\\"); break;
		case '\n': strbuf_add_str(b, "\\n"); break;
		case '\r': strbuf_add_str(b, "\\r"); break;
		case '\t': strbuf_add_str(b, "\\t"); break;
		default: strbuf_printf(b, "\\u%04x", c); break;
		}
	}
	strbuf_add(b, text_slice(t, from, t.len - from));
	strbuf_add_byte(b, '"');
}

static bool is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void strbuf_add_url(struct strbuf *b, struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (is_unreserved(c)) {
			strbuf_add_byte(b, (char)c);
		} else {
			strbuf_printf(b, "%%%02X", c);
		}
	}
}

struct text strbuf_text(const struct strbuf *b)
{
	return (struct text){ b->at, b->len };
}
