/* Text for a terminal: see term.h. */
#include "daemon/answer/term.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "daemon/base/output.h"

#define SCREEN_BYTES (64u * 1024 * 1024)
#define MARKS        4 /* combining marks on one letter; more are a prank */

/* ---- one character ---- */

size_t term_read(struct text t, uint32_t *ret)
{
	unsigned char c = (unsigned char)t.at[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t code = n == 1 ? c : (uint32_t)(c & (0x7f >> n));

	if (n > t.len) {
		*ret = 0xfffd;
		return t.len;
	}
	for (size_t i = 1; i < n; i++) {
		code = code << 6 | ((unsigned char)t.at[i] & 0x3f);
	}
	*ret = code;
	return n;
}

bool term_is_hostile(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },       { 0xad, 0xad },        { 0x34f, 0x34f },
		{ 0x61c, 0x61c },   { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },    { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },    { 0x3164, 0x3164 },
		{ 0xfe00, 0xfe0e }, { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },    { 0xfff0, 0xfffb },
		{ 0xe000, 0xf8ff }, { 0x1d173, 0x1d17a }, { 0xe0000, 0x10ffff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (c >= ranges[i].from && c <= ranges[i].to) {
			return true;
		}
	}
	return false;
}

static void add_utf8(struct strbuf *out, uint32_t c)
{
	if (c < 0x80) {
		strbuf_add_byte(out, (char)c);
	} else if (c < 0x800) {
		strbuf_add_byte(out, (char)(0xc0 | c >> 6));
		strbuf_add_byte(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		strbuf_add_byte(out, (char)(0xe0 | c >> 12));
		strbuf_add_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_add_byte(out, (char)(0x80 | (c & 0x3f)));
	} else {
		strbuf_add_byte(out, (char)(0xf0 | c >> 18));
		strbuf_add_byte(out, (char)(0x80 | (c >> 12 & 0x3f)));
		strbuf_add_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_add_byte(out, (char)(0x80 | (c & 0x3f)));
	}
}

int term_add_safe(struct strbuf *out, uint32_t c)
{
	char text[16];
	int width, n;

	if (c == 0xfe0f) {
		return 0; /* "as a picture, please": invisible, harmless, and behind every second emoji */
	}
	width = term_is_hostile(c) ? -1 : wcwidth((wchar_t)c);
	if (width >= 0) {
		if (out != NULL) {
			add_utf8(out, c);
		}
		return width;
	}
	n = snprintf(text, sizeof(text),
		     c < 0x100     ? "\\x%02x"
		     : c < 0x10000 ? "\\u%04x"
				   : "\\U%06x",
		     c);
	if (out != NULL) {
		strbuf_add_str(out, text);
	}
	return n;
}

/* ---- screens ---- */

void screen_init(struct screen *s)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	/* For wcwidth(); what we write is UTF-8 whatever the locale says. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
		(void)setlocale(LC_CTYPE, "");
	}
	strbuf_init(&s->out, SCREEN_BYTES);
	s->is_terminal = isatty(STDOUT_FILENO) == 1;
	s->has_color = s->is_terminal && (no_color == NULL || *no_color == '\0') &&
		       (term == NULL || strcmp(term, "dumb") != 0);
	s->columns = output_columns();
}

void screen_done(struct screen *s)
{
	strbuf_done(&s->out);
}

void screen_raw(struct screen *s, struct text t)
{
	int failure = output_write(STDOUT_FILENO, t);

	s->failure = s->failure != 0 ? s->failure : failure;
}

/* True when the pager has shown it. */
static bool show_paged(const struct screen *s)
{
	const char *pager = getenv("PAGER");
	int pipe_fd[2], status = 0;
	pid_t child;

	if (pager != NULL && (*pager == '\0' || strcmp(pager, "cat") == 0)) {
		return false;
	}
	if (pipe(pipe_fd) != 0) {
		return false;
	}
	child = fork();
	if (child == 0) {
		(void)dup2(pipe_fd[0], STDIN_FILENO);
		(void)close(pipe_fd[0]);
		(void)close(pipe_fd[1]);
		/* F: short output stays; R: our colours only, what is foreign was escaped; X: it stays on the screen. */
		(void)setenv("LESS", "FRX", 0);
		(void)setenv("LESSSECURE", "1", 0);
		(void)setenv("LESSCHARSET", "utf-8", 0);
		(void)execl("/bin/sh", "sh", "-c", pager != NULL ? pager : "less", (char *)NULL);
		_exit(127);
	}
	(void)close(pipe_fd[0]);
	if (child > 0) {
		(void)output_write(pipe_fd[1], strbuf_text(&s->out)); /* a pager may be left */
	}
	(void)close(pipe_fd[1]);
	return child > 0 && waitpid(child, &status, 0) == child &&
	       !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

void screen_show(struct screen *s)
{
	struct winsize size;
	int lines = 0;

	if (s->out.len == 0) {
		return;
	}
	for (size_t i = 0; i < s->out.len; i++) {
		lines += s->out.at[i] == '\n';
	}
	if (s->is_terminal && isatty(STDIN_FILENO) == 1 &&
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    lines >= size.ws_row && show_paged(s)) {
		return;
	}
	screen_raw(s, strbuf_text(&s->out));
}

static void ink_on(struct screen *s, enum ink ink)
{
	static const char *const codes[] = { "",         "\033[1m",  "\033[2m", "\033[32m",
					     "\033[33m", "\033[31m", "\033[36m" };

	if (s->has_color) {
		strbuf_add_str(&s->out, codes[ink]);
	}
}

static void ink_off(struct screen *s, enum ink ink)
{
	if (s->has_color && ink != INK_PLAIN) {
		strbuf_add_str(&s->out, "\033[0m");
	}
}

void screen_say(struct screen *s, enum ink ink, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ink_on(s, ink);
	strbuf_add_str(&s->out, text);
	ink_off(s, ink);
}

static bool is_blank(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xa0 || c == 0x3000 ||
	       (c >= 0x2000 && c <= 0x200a);
}

int term_width(struct text t, int limit)
{
	int width = 0;
	uint32_t c;

	for (size_t i = 0; i < t.len && width <= limit;) {
		i += term_read(text_slice(t, i, t.len), &c);
		width += is_blank(c) ? 1 : term_add_safe(NULL, c);
	}
	return width;
}

int screen_text(struct screen *s, enum ink ink, struct text t, int columns)
{
	bool is_cut = columns > 0 && term_width(t, columns) > columns;
	int room = columns <= 0 ? INT32_MAX : is_cut ? columns - 1 : columns, used = 0, marks = 0;
	bool was_blank = false;
	uint32_t c;

	ink_on(s, ink);
	for (size_t i = 0; i < t.len;) {
		int width;

		i += term_read(text_slice(t, i, t.len), &c);
		if (is_blank(c) && was_blank) {
			continue;
		}
		was_blank = is_blank(c);
		c = was_blank ? ' ' : c;
		width = term_add_safe(NULL, c);
		if (used + width > room) {
			break;
		}
		marks = width == 0 ? marks + 1 : 0;
		if (marks <= MARKS) {
			used += term_add_safe(&s->out, c);
		}
	}
	if (is_cut) {
		strbuf_add_str(&s->out, "…");
		used++;
	}
	ink_off(s, ink);
	return used;
}

void screen_cell(struct screen *s, enum ink ink, struct text t, int columns)
{
	for (int used = screen_text(s, ink, t, columns); used < columns; used++) {
		strbuf_add_byte(&s->out, ' ');
	}
}

/* ---- blocks ---- */

struct block {
	struct screen *s;
	enum ink ink;
	int indent, used, room;
};

static void block_line(struct block *b)
{
	for (int i = 0; i < b->indent; i++) {
		strbuf_add_byte(&b->s->out, ' ');
	}
	ink_on(b->s, b->ink);
	b->used = 0;
}

static void block_break(struct block *b)
{
	ink_off(b->s, b->ink);
	strbuf_add_byte(&b->s->out, '\n');
	block_line(b);
}

static void block_word(struct block *b, struct text word)
{
	int width = term_width(word, b->room), marks = 0;
	uint32_t c;

	if (b->used > 0 && b->used + 1 + width > b->room) {
		block_break(b);
	} else if (b->used > 0) {
		strbuf_add_byte(&b->s->out, ' ');
		b->used++;
	}
	for (size_t i = 0; i < word.len;) {
		int columns;

		i += term_read(text_slice(word, i, word.len), &c);
		columns = term_add_safe(NULL, c);
		if (b->used > 0 && b->used + columns > b->room) {
			block_break(b);
		}
		marks = columns == 0 ? marks + 1 : 0;
		if (marks <= MARKS) {
			b->used += term_add_safe(&b->s->out, c);
		}
	}
}

static void block_paragraph(struct block *b, struct text line)
{
	size_t from = 0;
	uint32_t c;

	for (size_t i = 0; i <= line.len;) {
		size_t n = i < line.len ? term_read(text_slice(line, i, line.len), &c) : 1;

		if (i == line.len || is_blank(c)) {
			if (i > from) {
				block_word(b, text_slice(line, from, i - from));
			}
			from = i + n;
		}
		i += n;
	}
}

void screen_block(struct screen *s, enum ink ink, struct text t, int indent)
{
	for (int i = 0; i < indent; i++) {
		strbuf_add_byte(&s->out, ' ');
	}
	screen_hang(s, ink, t, indent);
}

void screen_hang(struct screen *s, enum ink ink, struct text t, int indent)
{
	struct block b = { .s = s, .ink = ink, .indent = indent, .room = s->columns - indent };
	struct text line, rest = t;
	bool is_more = true;

	ink_on(s, ink);
	while (is_more) {
		is_more = text_cut(rest, '\n', &line, &rest);
		if (text_ends(line, TEXT("\r"))) {
			line.len--;
		}
		block_paragraph(&b, line);
		if (is_more) {
			block_break(&b);
		}
	}
	ink_off(s, ink);
	strbuf_add_byte(&s->out, '\n');
}

void screen_notice(struct screen *s, enum ink ink, struct text t)
{
	screen_say(s, INK_RED, "! ");
	if (s->is_terminal) {
		screen_hang(s, ink, t, 2);
	} else {
		(void)screen_text(s, ink, t, 0); /* programs look for whole sentences */
		screen_say(s, INK_PLAIN, "\n");
	}
}
