#include "answerd/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_BYTES 400u
#define LINE_BYTES  4096u

static enum log_level level_now = LEVEL_INFO;

void log_set_level(enum log_level level)
{
	level_now = level;
}

struct line {
	char at[LINE_BYTES];
	size_t len;
};

static void add(struct line *l, const char *s, size_t n)
{
	size_t room = sizeof(l->at) - 1 - l->len; /* one byte is kept for the newline */

	if (n > room) {
		n = room;
	}
	memcpy(l->at + l->len, s, n);
	l->len += n;
}

static bool is_plain(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f) {
			return false;
		}
	}
	return n > 0 && n <= VALUE_BYTES;
}

/* Bytes from 0x80 on are passed where they are no C1 control (as UTF-8 or raw): U+0080..U+009F is
 * 0xC2 0x80..0x9F. */
static void add_value(struct line *l, const char *s)
{
	char escaped[8];
	size_t n = strlen(s);
	bool is_cut = n > VALUE_BYTES;

	if (is_plain(s)) {
		add(l, s, n);
		return;
	}
	if (is_cut) {
		n = VALUE_BYTES;
		while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80) {
			n--;
		}
	}
	add(l, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i],
			      next = i + 1 < n ? (unsigned char)s[i + 1] : 0;

		if (c == '"' || c == '\\') {
			escaped[0] = '\\';
			escaped[1] = (char)c;
			add(l, escaped, 2);
		} else if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next <= 0x9f)) {
			(void)snprintf(escaped, sizeof(escaped), "\\x%02x", c);
			add(l, escaped, 4);
		} else {
			add(l, s + i, 1);
		}
	}
	add(l, is_cut ? "…\"" : "\"", is_cut ? sizeof("…\"") - 1 : 1);
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LEVEL_ERR: return "err";
	case LEVEL_WARN: return "warn";
	case LEVEL_INFO: return "info";
	case LEVEL_DEBUG: return "debug";
	}
	return "info";
}

void log_event(enum log_level level, const char *event, ...)
{
	struct line l = { .len = 0 };
	char prefix[8];
	const char *name;
	va_list ap;

	if (level > level_now) {
		return;
	}
	if (getenv("JOURNAL_STREAM") != NULL) { /* the journal reads the level from here */
		add(&l, prefix, (size_t)snprintf(prefix, sizeof(prefix), "<%d>", (int)level));
	}
	add(&l, "level=", 6);
	add(&l, level_name(level), strlen(level_name(level)));
	add(&l, " event=", 7);
	add_value(&l, event);
	va_start(ap, event);
	while ((name = va_arg(ap, const char *)) != NULL) {
		const char *value = va_arg(ap, const char *);

		add(&l, " ", 1);
		add(&l, name, strlen(name));
		add(&l, "=", 1);
		add_value(&l, value != NULL ? value : "");
	}
	va_end(ap);
	l.at[l.len++] = '\n';
	/* One write, so that lines of several processes do not mix. Losing one must stop nothing.
	 */
	if (write(STDERR_FILENO, l.at, l.len) < 0) {
		return;
	}
}

const char *log_num(int64_t n)
{
	static char ring[8][24];
	static unsigned at;
	char *out = ring[at++ % 8];

	(void)snprintf(out, sizeof(ring[0]), "%" PRId64, n); /* 20 bytes at most */
	return out;
}

_Noreturn void not_reached(const char *why)
{
	log_err("bug", "why", why, NULL);
	abort();
}

static _Noreturn void out_of_memory(size_t n)
{
	log_err("out_of_memory", "bytes", log_num((int64_t)n), NULL);
	abort();
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);

	if (p == NULL) {
		out_of_memory(n * size);
	}
	return p;
}

void *xrealloc(void *p, size_t n)
{
	void *q = realloc(p, n > 0 ? n : 1);

	if (q == NULL) {
		out_of_memory(n);
	}
	return q;
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xcalloc(1, n), s, n);
}
