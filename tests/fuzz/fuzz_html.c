/* The reader of markup: any bytes become clean text of bounded length. */
#include <stdlib.h>

#include "answerd/html.h"
#include "answerd/limits.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct text out = html_to_text(a, (struct text){ (const char *)data, size });

	if (!text_is_clean(out)) {
		abort();
	}
	arena_destroy(&a);
	return 0;
}
