/* `answerd digest`: what a connector makes of a recorded answer. */
#include "daemon/worker_digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "daemon/base/digest.h"
#include "daemon/base/network.h"
#include "daemon/base/output.h"

#define EXIT_FINDING 1
#define EXIT_USAGE   2

static bool read_file(const char *path, struct strbuf *out)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	char buffer[16384];
	bool is_read;
	size_t n;

	if (f == NULL) {
		(void)fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
		return false;
	}
	while (!out->is_full && (n = fread(buffer, 1, sizeof(buffer), f)) > 0) {
		strbuf_add(out, (struct text){ buffer, n });
	}
	is_read = ferror(f) == 0;
	if (!is_read) {
		(void)fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
	} else if (out->is_full) {
		(void)fprintf(stderr, "error: %s is over %zu bytes\n", path, out->max_bytes);
	}
	if (f != stdin) {
		(void)fclose(f);
	}
	return is_read && !out->is_full;
}

static int digest_by(const struct connector *c, char **args)
{
	enum op op;
	struct err err = { 0 };
	scoped(strbuf_done) struct strbuf in = { 0 };
	scoped(strbuf_done) struct strbuf out = { 0 };

	if (!op_parse(text_of(args[1]), &op)) {
		(void)fprintf(stderr, "error: '%s' is no operation; one of", args[1]);
		for (int i = 0; i < OP_COUNT; i++) {
			(void)fprintf(stderr, " %s", op_name((enum op)i));
		}
		(void)fprintf(stderr, "\n");
		return EXIT_USAGE;
	}
	strbuf_init(&in, LIMIT_BODY_BYTES + LIMIT_HEADER_BYTES);
	strbuf_init(&out, 64u * 1024 * 1024);
	if (!read_file(args[2], &in)) {
		return EXIT_USAGE;
	}
	if (!digest_print(c, op, strbuf_text(&in), &out, &err)) {
		(void)fprintf(stderr, "error: %s\n", err.text);
		return EXIT_FINDING;
	}
	return output_print(strbuf_text(&out)) ? EXIT_SUCCESS : EXIT_FINDING;
}

int worker_digest(char **args, int n)
{
	struct arena *arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	const struct connector *c;
	struct err err = { 0 };
	int code = EXIT_USAGE;

	c = n == 3 ? network_find(arena, text_of(args[0]), &err) : NULL;
	if (n != 3) {
		(void)fprintf(stderr, "usage: answerd digest PLATFORM OP FILE\n");
	} else if (c == NULL) {
		(void)fprintf(stderr, "error: %s%s%s\n",
			      err.kind != ERR_NONE ? err.text : "no platform is called '",
			      err.kind != ERR_NONE ? "" : args[0],
			      err.kind != ERR_NONE ? "" : "'; answerd platforms lists them");
	} else {
		code = digest_by(c, args);
	}
	arena_destroy(&arena);
	return code;
}
