/* Any description, and any answer to it: what is accepted asks nobody but the account's server, gives no token away but in a header, ends,
 * and stays within its bounds. The input is a description, a line "====", and an answer as recorded. */
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/url.h"
#include "daemon/base/digest.h"
#include "daemon/base/network.h"
#include "tests/fuzz/target.h"

#define TOKEN "tok3n-which-is-nowhere-else"
#define PAGES 40

static void request_check(const struct connector_ctx *ctx, const struct request *r)
{
	if (r->url.len == 0) {
		return;
	}
	if (!url_same_origin(r->url, ctx->server) || !text_starts(r->url, ctx->server) ||
	    text_find(r->url, TEXT(TOKEN), 0) != SIZE_MAX ||
	    text_find(r->url, TEXT("/../"), 0) != SIZE_MAX ||
	    text_find(r->body, TEXT(TOKEN), 0) != SIZE_MAX) {
		abort();
	}
	for (size_t i = 0; i < r->n_headers; i++) {
		struct text value = r->headers[i].value;

		if (memchr(value.at, '\n', value.len) != NULL ||
		    memchr(value.at, '\r', value.len) != NULL ||
		    text_eq_nocase(r->headers[i].name, TEXT("Host"))) {
			abort();
		}
	}
}

/* A walk in which every answer is the same. */
static void walk(const struct connector *c, enum op op, struct text source, struct text answer)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct recording rec;
	struct err err = { 0 };
	struct posting posting = { .key = TEXT("3mabcdefghij2"),
				   .text = TEXT("On its way."),
				   .parent_id = TEXT("12/34"),
				   .author_id = TEXT("7"),
				   .author_handle = TEXT("ann"),
				   .thread_id = TEXT("message/7") };
	struct text subject = TEXT("12/34");
	bool is_more = recording_parse(a, answer, op, &rec, &err);

	rec.ctx.server = TEXT("https://board.example/sub");
	rec.ctx.token = TEXT(TOKEN);
	rec.ctx.description = c->description;
	rec.question.source = source;
	rec.question.subjects = &subject;
	rec.question.n_subjects = 1;
	rec.question.posting = op == OP_REPLY || op == OP_LOOKUP || op == OP_FILE ? &posting : NULL;
	for (int i = 0; is_more && i < PAGES; i++) {
		struct outcome o = { 0 };
		struct request ask = { 0 };

		err.kind = ERR_NONE;
		is_more = c->ask(&rec.ctx, &rec.question, &ask, &err);
		if (!is_more) {
			break;
		}
		request_check(&rec.ctx, &ask);
		is_more = false;
		if (!c->digest(&rec.ctx, &rec.question, &rec.response, &o, &err)) {
			if (err.kind == ERR_NONE) {
				abort();
			}
			break;
		}
		if (o.state.len > LIMIT_STATE_BYTES ||
		    o.n_messages + o.n_bad + o.n_gone > (size_t)4 * LIMIT_JSON_VALUES) {
			abort();
		}
		rec.question.state = o.state;
		is_more = o.is_more;
	}
	if (is_more && op != OP_THREAD && op != OP_LOOKUP) {
		abort(); /* the same page for ever is no walk */
	}
	arena_destroy(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text file = { (const char *)data, size }, description, answer;
	size_t cut = text_find(file, TEXT("\n====\n"), 0);
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	const struct connector *c;
	struct err err = { 0 };

	description = text_slice(file, 0, cut);
	answer = cut == SIZE_MAX ? TEXT_NONE : text_slice(file, cut + 6, SIZE_MAX);
	c = network_describe(a, description, &err);
	if (c == NULL && (err.kind != ERR_CONFIG || err.text[0] == '\0')) {
		abort();
	}
	for (int op = 0; c != NULL && op < OP_COUNT; op++) {
		for (size_t i = 0;
		     c->listed[i] != NULL && (op == OP_POLL || op == OP_SWEEP || i == 0); i++) {
			walk(c, (enum op)op, text_printf(a, "%sx", c->listed[i]), answer);
			walk(c, (enum op)op, text_of(c->listed[i]), answer);
		}
	}
	arena_destroy(&a);
	return 0;
}
