/* What the worker computes for pages of a Mastodon timeline, without network and database: for valgrind and perf.
 *
 * page_cost digest|all FILE…: `digest` is the connector alone, `all` also what the listener makes of each message (nature, hash,
 * fingerprint). Prints how many messages there were; the costs are the tool's to print. See README.md beside this file. */
#include <stdio.h>
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/base/digest.h"
#include "daemon/base/nature.h"

static unsigned natures[5];
static uint64_t hashes;

static size_t page_run(const struct nature_rules *rules, struct text file, bool is_all)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct recording rec;
	struct outcome o = { 0 };
	struct err err = { 0 };
	size_t n;

	if (!recording_parse(a, file, OP_POLL, &rec, &err)) {
		not_reached("a page that is no recording");
	}
	rec.question.source = TEXT("search:#x");
	if (!connector_find(TEXT("mastodon"))
		     ->digest(&rec.ctx, &rec.question, &rec.response, &o, &err)) {
		(void)fprintf(stderr, "%s\n", err.text);
	}
	for (size_t i = 0; is_all && i < o.n_messages; i++) {
		natures[nature_of(rules, o.messages[i].body, o.messages[i].language)]++;
		hashes += message_hash(&o.messages[i]);
		hashes += text_hash(message_hash(&o.messages[i]), o.messages[i].external_id);
	}
	n = o.n_messages;
	arena_destroy(&a);
	return n;
}

int main(int argc, char **argv)
{
	struct nature_rules *rules = nature_load(NULL, NULL);
	bool is_all = argc > 1 && strcmp(argv[1], "all") == 0;
	char *bytes = xcalloc(1, LIMIT_BODY_BYTES);
	size_t n = 0;

	for (int i = 2; i < argc; i++) {
		FILE *f = fopen(argv[i], "rbe");
		size_t n_bytes = f != NULL ? fread(bytes, 1, LIMIT_BODY_BYTES, f) : 0;

		n += page_run(rules, (struct text){ bytes, n_bytes }, is_all);
		if (f != NULL) {
			(void)fclose(f); /* only read */
		}
	}
	(void)printf("%zu messages; %u questions, %u complaints, %u praise, %u thanks, %u neutral; "
		     "%016llx\n",
		     n, natures[NATURE_QUESTION], natures[NATURE_COMPLAINT], natures[NATURE_PRAISE],
		     natures[NATURE_THANKS], natures[NATURE_NEUTRAL], (unsigned long long)hashes);
	nature_destroy(&rules);
	free(bytes);
	return n > 0 ? 0 : 1;
}
