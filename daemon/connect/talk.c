/* Words on a terminal, and what is typed there. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/connect/inside.h"

#define LINE_BYTES 8192

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
	(void)number;
	is_over = 1;
}

void talk_begin(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction end = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)sigaction(ends[i], &end, NULL); /* cannot fail for these */
	}
	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* A line without echo must not be left half typed. */
	(void)sigaction(SIGTSTP, &ignore, NULL);
}

bool talk_is_over(void)
{
	return is_over != 0;
}

void talk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)fflush(stdout);
}

void talk_refuse(const char *fmt, ...)
{
	va_list ap;

	(void)fflush(stdout);
	(void)fputs("error: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

/* Controls of both sets, and what turns the direction of writing. */
static bool is_hostile(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

const char *talk_safe(struct arena *a, struct text foreign)
{
	struct text t = text_clip(text_clean(a, foreign, NULL), 400);
	char *out = text_cstr(a, t);
	size_t at = 0;

	while (at < t.len) {
		unsigned char c = (unsigned char)t.at[at];
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		uint32_t code = n == 1 ? c : c & (0xffu >> (n + 1));

		for (size_t i = 1; i < n && at + i < t.len; i++) {
			code = code << 6 | ((unsigned char)t.at[at + i] & 0x3fu);
		}
		for (size_t i = 0; i < n && at + i < t.len && is_hostile(code); i++) {
			out[at + i] = '?';
		}
		at += n;
	}
	return out;
}

static size_t read_line(char *bytes, size_t room)
{
	size_t n = 0;

	while (n < room && !talk_is_over()) {
		ssize_t got = read(STDIN_FILENO, bytes + n, 1);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0 || bytes[n] == '\n') {
			break;
		}
		n++;
	}
	return n;
}

struct text talk_line(struct arena *a, const char *prompt, bool is_secret)
{
	struct termios before, quiet;
	bool is_quiet = false;
	char bytes[LINE_BYTES];
	struct text line;
	size_t n;

	if (isatty(STDIN_FILENO)) {
		talk("%s", prompt);
		if (is_secret && tcgetattr(STDIN_FILENO, &before) == 0) {
			quiet = before;
			quiet.c_lflag &= ~(tcflag_t)ECHO;
			is_quiet = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
		}
	}
	n = read_line(bytes, sizeof(bytes));
	if (is_quiet) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* as it was */
		talk("\n");
	}
	line = talk_is_over() ? TEXT_NONE : text_dup(a, text_trim((struct text){ bytes, n }));
	secret_wipe(bytes, sizeof(bytes));
	return line;
}
