/* Without libFuzzer: every file of the folders named on the command line goes through the target once,
 * whole and cut in half, so that a crash that was found once stays found. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "answerd/log.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>

#define MOST_BYTES (4u << 20)

static void file_run(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *room, *exact;
	size_t n;

	if (f == NULL) {
		return;
	}
	room = xcalloc(1, MOST_BYTES);
	n = fread(room, 1, MOST_BYTES, f);
	(void)fclose(f); /* only read */
	for (size_t part = n; part > 0; part /= 2) {
		exact = xcalloc(1, part); /* its own size, so that ASan sees a byte too far */
		memcpy(exact, room, part);
		(void)LLVMFuzzerTestOneInput(exact, part);
		free(exact);
	}
	free(room);
}

int main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *e;

		while (d != NULL && (e = readdir(d)) != NULL) {
			char path[4096];

			if (e->d_name[0] != '.' && snprintf(path, sizeof(path), "%s/%s", argv[i],
							    e->d_name) < (int)sizeof(path)) {
				file_run(path);
				n++;
			}
		}
		if (d != NULL) {
			(void)closedir(d); /* only read */
		}
	}
	(void)printf("%u files\n", n);
	return n > 0 ? 0 : 77; /* nothing to replay: skipped */
}
