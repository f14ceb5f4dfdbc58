/* Every connector on any answer, for every operation: no crash, and a state that can be asked with. */
#include <stdlib.h>

#include "answerd/limits.h"
#include "daemon/base/digest.h"
#include "daemon/base/network.h"
#include "tests/fuzz/target.h"

static void digest_run(const struct connector *c, enum op op, struct text file)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct recording rec;
	struct outcome o = { 0 };
	struct err err = { 0 };
	struct request ask;

	if (recording_parse(a, file, op, &rec, &err)) {
		rec.ctx.description = c->description;
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

	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);

	for (size_t i = 0; i < n_connectors + n_networks; i++) {
		const struct connector *c =
			i < n_connectors
				? connectors[i]
				: network_shipped(a, text_of(networks[i - n_connectors].name),
						  NULL);

		for (int op = 0; op < OP_COUNT; op++) {
			digest_run(c, (enum op)op, file);
		}
	}
	arena_destroy(&a);
	return 0;
}
