/* files.h: files of a folder, in order, for tests. */
#ifndef ANSWERD_TESTS_FILES_H
#define ANSWERD_TESTS_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "answerd/text.h"
#include "tests/cm.h"

/* Names in `dir` that end so, sorted; free each and the list. -1: no such folder. */
static inline int files_list(const char *dir, const char *suffix, char ***ret)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort), n_names = 0;

	*ret = NULL;
	if (n < 0) {
		return -1;
	}
	*ret = xcalloc((size_t)n + 1, sizeof(char *));
	for (int i = 0; i < n; i++) {
		if (text_ends(text_of(entries[i]->d_name), text_of(suffix)) &&
		    entries[i]->d_name[0] != '.') {
			(*ret)[n_names++] = xstrdup(entries[i]->d_name);
		}
		free(entries[i]);
	}
	free(entries);
	return n_names;
}

/* The whole file; free(*ret_bytes). Empty when it is not there. */
static inline struct text file_load(const char *dir, const char *name, char **ret_bytes)
{
	char path[1024];
	size_t room = 4u << 20, n;
	FILE *f;

	*ret_bytes = xcalloc(1, room);
	n = (size_t)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = n < sizeof(path) ? fopen(path, "rb") : NULL;
	if (f == NULL) {
		return TEXT_NONE;
	}
	n = fread(*ret_bytes, 1, room, f);
	(void)fclose(f); /* only read */
	return (struct text){ *ret_bytes, n };
}

#endif
