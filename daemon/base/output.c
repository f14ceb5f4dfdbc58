#include "daemon/base/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "answerd/num.h"

int output_columns(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int64_t n;

	if (columns != NULL && num_parse_range(text_of(columns), 40, 400, &n)) {
		return (int)n;
	}
	if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col >= 40) {
		return size.ws_col > 120 ? 120 : size.ws_col;
	}
	return 80;
}

int output_write(int fd, struct text t)
{
	while (t.len > 0) {
		ssize_t n = write(fd, t.at, t.len);

		if (n < 0 && errno != EINTR) {
			return errno == EPIPE ? 0 : errno;
		}
		t = text_slice(t, n > 0 ? (size_t)n : 0, SIZE_MAX);
	}
	return 0;
}

bool output_print(struct text t)
{
	int failure = output_write(STDOUT_FILENO, t);

	if (failure != 0) {
		(void)fprintf(stderr, "error: it could not be written out: %s\n",
			      strerror(failure));
	}
	return failure == 0;
}
