/* Every connector on any answer, for every operation: no crash, and a state that can be asked with. */
#include <stdlib.h>

#include "answerd/limits.h"
#include "daemon/base/digest.h"
#include "tests/fuzz/target.h"

static void digest_run(const struct connector *c, enum op op, struct text file)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct recording rec;
	struct outcome o = { 0 };
	struct err err = { 0 };
	struct request ask;

	if (recording_parse(a, file, op, &rec, &err)) {
		if (c->digest(&rec.ctx, &rec.question, &rec.response, &o, &err)) {
			if (o.state.len > LIMIT_STATE_BYTES || o.facts.len > LIMIT_FACTS_BYTES) {
				abort();
			}
			rec.question.state = o.state;
			(void)c->ask(&rec.ctx, &rec.question, &ask, &err);
		} else if (err.kind == ERR_NONE) {
			abort();
		}
	}
	arena_destroy(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text file = { (const char *)data, size };

	for (size_t i = 0; i < n_connectors; i++) {
		for (int op = 0; op < OP_COUNT; op++) {
			digest_run(connectors[i], (enum op)op, file);
		}
	}
	return 0;
}
