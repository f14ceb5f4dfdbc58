/* problems.h: what conf_load() found in the last file of a test. */
#ifndef ANSWERD_TESTS_PROBLEMS_H
#define ANSWERD_TESTS_PROBLEMS_H

#include "daemon/conf/conf.h"
#include "tests/cm.h"

#define PROBLEMS_ROOM 40

static struct conf_problem problems[PROBLEMS_ROOM];
static size_t n_problems;

static struct conf *conf_load_noting(const char *path)
{
	memset(problems, 0, sizeof(problems));
	return conf_load(path, problems, PROBLEMS_ROOM, &n_problems);
}

static bool has_problem(bool is_error, const char *words)
{
	for (size_t i = 0; i < n_problems && i < PROBLEMS_ROOM; i++) {
		if (problems[i].is_error == is_error && strstr(problems[i].text, words) != NULL) {
			return true;
		}
	}
	return false;
}

#endif
