/* cm.h: cmocka with what it wants before it (LIBS §7), and where shared test data lies. */
#ifndef ANSWERD_TESTS_CM_H
#define ANSWERD_TESTS_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

/* The folder of data that is not part of the repository; tests that need it skip without it. */
static inline const char *shared_dir(void)
{
	const char *at = getenv("ANSWERD_SHARED");

	return at != NULL ? at : "../shared";
}

#endif
