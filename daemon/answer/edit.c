#include "daemon/answer/edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answerd/strbuf.h"

#define MOST_BYTES (64u * 1024)
#define CUT_LINE   "# ------ >8 ------ what stands below this line is not sent\n"

static bool read_all(struct arena *a, FILE *f, struct text *ret)
{
	scoped(strbuf_done) struct strbuf b = { 0 };
	char buffer[4096];
	size_t n;

	strbuf_init(&b, MOST_BYTES);
	while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0) {
		strbuf_add(&b, (struct text){ buffer, n });
	}
	if (b.is_full) {
		(void)fprintf(stderr, "That is over %u KiB.\n", MOST_BYTES / 1024);
		return false;
	}
	*ret = text_clean(a, text_dup(a, strbuf_text(&b)), NULL);
	return true;
}

bool edit_read_input(struct arena *a, struct text *ret)
{
	return read_all(a, stdin, ret);
}

static const char *editor_name(void)
{
	const char *name = getenv("VISUAL");

	if (name == NULL || *name == '\0') {
		name = getenv("EDITOR");
	}
	return name != NULL && *name != '\0' ? name : "editor";
}

/* Through the shell: $EDITOR may have options of its own. The path is its argument, never part of the command. */
static bool run_editor(const char *path)
{
	char command[512];
	pid_t child;
	int status = 0;

	(void)snprintf(command, sizeof(command), "exec %s \"$1\"", editor_name());
	child = fork();
	if (child == 0) {
		(void)execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		(void)fprintf(stderr,
			      "The editor (%.100s) failed; nothing was sent. Set $EDITOR, or write "
			      "it with -m.\n",
			      editor_name());
		return false;
	}
	return true;
}

static bool write_all(int fd, struct text t)
{
	while (t.len > 0) {
		ssize_t n = write(fd, t.at, t.len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return false;
		}
		t = text_slice(t, (size_t)n, t.len);
	}
	return true;
}

static bool edit_file(struct arena *a, const char *path, struct text *ret)
{
	FILE *f;
	struct text all = TEXT_NONE;
	size_t at;
	bool is_ok;

	if (!run_editor(path)) {
		return false;
	}
	f = fopen(path, "rbe");
	is_ok = f != NULL && read_all(a, f, &all);
	if (f != NULL) {
		(void)fclose(f);
	}
	at = text_find(all, TEXT("# ------ >8 ------"), 0);
	*ret = text_trim(at == SIZE_MAX ? all : text_slice(all, 0, at));
	if (is_ok && text_is_empty(*ret)) {
		(void)fprintf(stderr, "Nothing was written, so nothing is sent.\n");
		return false;
	}
	return is_ok;
}

bool edit_words(struct arena *a, struct text start, struct text context, struct text *ret)
{
	const char *folder = getenv("TMPDIR");
	char path[512];
	bool is_ok;
	int fd;

	(void)snprintf(path, sizeof(path), "%.400s/answer-XXXXXX",
		       folder != NULL && *folder == '/' ? folder : "/tmp");
	fd = mkstemp(path); /* 0600: what a customer wrote is nobody else's */
	if (fd < 0) {
		(void)fprintf(stderr, "No file could be made in %.400s.\n", path);
		return false;
	}
	is_ok = write_all(fd, start) && write_all(fd, TEXT("\n\n" CUT_LINE)) &&
		write_all(fd, context);
	(void)close(fd);
	is_ok = is_ok && edit_file(a, path, ret);
	(void)unlink(path);
	return is_ok;
}
