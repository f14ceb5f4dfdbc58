/* The cutter and the parser: whatever is accepted can be cut and read without a byte too far; and
 * our reader reads what jansson reads, nothing else. */
#include <stdlib.h>

#include "answerd/json.h"
#include "answerd/limits.h"
#include "tests/fuzz/target.h"
#include "tests/json_oracle.h"

static void value_read(struct arena *a, struct text value)
{
	struct text *slices, inner;
	struct jx_doc *doc = NULL;
	struct jx v;
	size_t n;

	if (jx_elements(a, value, &slices, &n, NULL)) {
		for (size_t i = 0; i < n; i++) {
			if (jx_parse(a, slices[i], &v, &doc, NULL)) {
				(void)jx_text_or(a, v, "id", TEXT_NONE);
				(void)jx_i64_or(v, "n", 0);
				(void)jx_path(v, "a.b.c");
				jx_release(&doc);
			}
			(void)jx_slice_text(a, slices[i], &inner);
		}
	}
	if (jx_member(value, TEXT("id"), &inner)) {
		(void)jx_slice_text(a, inner, &inner);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct text value;

	if (!oracle_agrees((struct text){ (const char *)data, size })) {
		abort();
	}
	if (jx_scan((struct text){ (const char *)data, size }, &value, NULL)) {
		value_read(a, value);
	}
	arena_destroy(&a);
	return 0;
}
