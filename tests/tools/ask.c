/* ask PLATFORM OP FILE: the request that a connector makes, as one line of JSON, for tests that send it
 * themselves. The file is a recording (daemon/base/digest.h); only its X-Answerd headers are read.
 * `connect` without a code shows "address", too: what a person would open. */
#include <stdio.h>
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "daemon/base/digest.h"
#include "daemon/base/network.h"

static struct text file_read(struct arena *a, const char *path)
{
	static const size_t most = LIMIT_BODY_BYTES;
	char *bytes = arena_alloc(a, most);
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(2);
	}
	n = fread(bytes, 1, most, f);
	(void)fclose(f); /* only read */
	return (struct text){ bytes, n };
}

static void member(struct strbuf *b, const char *name, struct text value)
{
	strbuf_printf(b, "%c\"%s\":", b->len == 0 ? '{' : ',', name);
	strbuf_add_json(b, value);
}

static struct text method_name(enum http_method m)
{
	switch (m) {
	case HTTP_GET: return TEXT("GET");
	case HTTP_POST: return TEXT("POST");
	case HTTP_PUT: return TEXT("PUT");
	case HTTP_DELETE: return TEXT("DELETE");
	}
	return TEXT_NONE;
}

static void request_print(const struct request *r, struct strbuf *b)
{
	member(b, "method", method_name(r->method));
	member(b, "url", r->url);
	member(b, "bearer", r->bearer);
	member(b, "content_type", r->content_type);
	member(b, "body", r->body);
	strbuf_printf(b, ",\"once\":%s,\"headers\":{", r->once ? "true" : "false");
	for (size_t i = 0; i < r->n_headers; i++) {
		strbuf_add_str(b, i > 0 ? "," : "");
		strbuf_add_json(b, r->headers[i].name);
		strbuf_add_byte(b, ':');
		strbuf_add_json(b, r->headers[i].value);
	}
	strbuf_add_byte(b, '}');
}

int main(int n_args, char **args)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct strbuf out = { .max_bytes = LIMIT_BODY_BYTES };
	struct recording rec;
	struct request request = { 0 };
	struct err err = { 0 };
	const struct connector *c = n_args == 4 ? network_find(a, text_of(args[1]), &err) : NULL;
	enum op op;

	if (c == NULL || !op_parse(text_of(args[2]), &op) ||
	    !recording_parse(a, file_read(a, args[3]), op, &rec, &err)) {
		(void)fprintf(stderr, "usage: ask PLATFORM OP FILE %s\n", err.text);
		return 2;
	}
	if (op == OP_CONNECT && c->authorize != NULL && rec.question.granting->code.len == 0) {
		struct text address = TEXT_NONE;

		member(&out, "address",
		       c->authorize(&rec.ctx, rec.question.granting, &address, &err)
			       ? address
			       : text_of(err.text));
	}
	rec.ctx.description = c->description;
	if (c->ask(&rec.ctx, &rec.question, &request, &err)) {
		request_print(&request, &out);
	} else {
		member(&out, "error", text_of(err.text));
		member(&out, "kind", text_of(err_kind_name(err.kind)));
	}
	strbuf_add_byte(&out, '}');
	(void)puts(out.at);
	strbuf_done(&out);
	arena_destroy(&a);
	return 0;
}
