/* Every connector on any answer, for every operation: no crash, and a state that can be asked with. */
#include <stdlib.h>

#include "answerd/limits.h"
#include "daemon/base/digest.h"
#include "daemon/base/network.h"
#include "tests/fuzz/target.h"

enum { MOST_CONNECTORS = 64 };

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
	static struct arena *kept; /* the descriptions of networks, read once */
	static const struct connector *all[MOST_CONNECTORS];
	struct text file = { (const char *)data, size };
	size_t n = n_connectors + n_networks;

	if (n > MOST_CONNECTORS) {
		abort();
	}
	if (kept == NULL) {
		kept = arena_create(LIMIT_PAGE_ARENA_BYTES);
		for (size_t i = 0; i < n; i++) {
			all[i] = i < n_connectors
					 ? connectors[i]
					 : network_shipped(kept,
							   text_of(networks[i - n_connectors].name),
							   NULL);
		}
	}
	for (size_t i = 0; i < n; i++) {
		for (int op = 0; op < OP_COUNT; op++) {
			digest_run(all[i], (enum op)op, file);
		}
	}
	return 0;
}
