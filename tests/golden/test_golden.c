/* Protects what a connector makes of an answer, for ever: NN-name.http is a recorded answer (its
 * header X-Answerd-Op names the operation, else poll), NN-name.want the lines it becomes. Then the
 * same answers cut and with every number replaced: nothing crashes, nothing is lost in silence.
 * GOLDEN_WRITE=1 writes the .want files anew; read the difference before you commit it. */
#include "answerd/json.h"
#include "answerd/strbuf.h"
#include "daemon/base/digest.h"
#include "daemon/base/network.h"
#include "tests/golden/files.h"

#define SEEDED_CUTS 500

static const struct connector *connector;
static char dir[256];

static enum op op_of(struct text file)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct recording rec;
	struct text name;
	enum op op = OP_POLL;

	assert_true(recording_parse(a, file, OP_POLL, &rec, NULL));
	name = response_header(&rec.response, TEXT("X-Answerd-Op"));
	assert_true(name.len == 0 || op_parse(name, &op));
	arena_destroy(&a);
	return op;
}

static void want_write(const char *name, struct text lines)
{
	char path[1024];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(lines.at, 1, lines.len, f), lines.len);
	assert_int_equal(fclose(f), 0);
}

static void test_fixtures_become_their_lines(void **state)
{
	char **names = NULL;
	int n = files_list(dir, ".http", &names), n_wrong = 0;

	(void)state;
	assert_true(n >= 10);
	for (int i = 0; i < n; i++) {
		struct strbuf out;
		struct err err = { 0 };
		char *file_bytes, *want_bytes, want_name[256];
		struct text file = file_load(dir, names[i], &file_bytes), want;

		strbuf_init(&out, 8u << 20);
		assert_true(digest_print(connector, op_of(file), file, &out, &err));
		(void)snprintf(want_name, sizeof(want_name), "%.*s.want", (int)strlen(names[i]) - 5,
			       names[i]);
		if (getenv("GOLDEN_WRITE") != NULL) {
			want_write(want_name, strbuf_text(&out));
		}
		want = file_load(dir, want_name, &want_bytes);
		if (!text_eq(want, strbuf_text(&out))) {
			print_error("%s/%s: want\n%.*s\ngot\n%.*s\n", dir, names[i], TEXT_ARG(want),
				    TEXT_ARG(strbuf_text(&out)));
			n_wrong++;
		}
		strbuf_done(&out);
		free(want_bytes);
		free(file_bytes);
		free(names[i]);
	}
	free(names);
	assert_int_equal(n_wrong, 0);
}

struct yield {
	bool is_good;
	size_t n; /* messages and quarantined elements */
};

/* The file is copied to its exact length, so that ASan sees a byte read too far. */
static struct yield yield_of(enum op op, struct text file)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	char *copy = xcalloc(1, file.len);
	struct recording rec;
	struct outcome o = { 0 };
	struct err err = { 0 };
	struct yield y = { false, 0 };

	memcpy(copy, file.at, file.len);
	if (recording_parse(a, (struct text){ copy, file.len }, op, &rec, &err)) {
		rec.ctx.description = connector->description;
		y.is_good = connector->digest(&rec.ctx, &rec.question, &rec.response, &o, &err);
	}
	if (y.is_good) {
		/* A reply that is called sent has its id; a look either found it or goes on. */
		y.n = o.n_messages + o.n_bad + o.n_gone + (o.sent_id.len > 0) +
		      ((op == OP_LOOKUP || op == OP_FILE) && o.is_more);
		assert_true(op != OP_REPLY || o.sent_id.len > 0);
		assert_true(o.sent_id.len <= LIMIT_ID_BYTES);
	} else {
		assert_int_not_equal(err.kind, ERR_NONE);
		assert_true(err.text[0] != '\0');
	}
	assert_true(text_is_clean(text_of(err.text)));
	for (size_t i = 0; i < o.n_messages && y.is_good; i++) {
		const struct message *m = &o.messages[i];

		assert_true(m->external_id.len > 0 && m->external_id.len <= LIMIT_ID_BYTES);
		assert_true(m->author_id.len > 0 && m->author_id.len <= LIMIT_ID_BYTES);
		assert_true(m->body.len <= LIMIT_MESSAGE_BYTES && text_is_clean(m->body));
	}
	assert_true(o.state.len <= LIMIT_STATE_BYTES && o.facts.len <= LIMIT_FACTS_BYTES);
	free(copy);
	arena_destroy(&a);
	return y;
}

static size_t body_from(struct text file)
{
	size_t crlf = text_find(file, TEXT("\r\n\r\n"), 0);
	size_t lf = text_find(file, TEXT("\n\n"), 0);

	if (crlf != SIZE_MAX && (lf == SIZE_MAX || crlf < lf)) {
		return crlf + 4;
	}
	return lf != SIZE_MAX ? lf + 2 : 0;
}

static void cut_check(enum op op, struct text file, size_t at, struct yield whole)
{
	struct yield y = yield_of(op, text_slice(file, 0, at));
	struct text lost = text_trim(text_slice(file, at, SIZE_MAX));

	if (at > body_from(file) && lost.len > 0 && whole.is_good && y.is_good) {
		assert_true(y.n >= whole.n);
	}
}

static void test_cut_answers_lose_nothing_in_silence(void **state)
{
	char **names = NULL;
	int n = files_list(dir, ".http", &names);

	(void)state;
	for (int i = 0; i < n; i++) {
		char *bytes;
		struct text file = file_load(dir, names[i], &bytes);
		enum op op = op_of(file);
		struct yield whole = yield_of(op, file);
		uint64_t seed = 20261121;

		for (size_t at = 0; at < file.len && file.len <= 4096; at++) {
			cut_check(op, file, at, whole);
		}
		for (int k = 0; k < SEEDED_CUTS && file.len > 4096; k++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			cut_check(op, file, (size_t)(seed >> 33) % file.len, whole);
		}
		for (size_t at = body_from(file); at < file.len && file.len > 4096; at++) {
			if (strchr("}]>", file.at[at]) != NULL) { /* element boundaries */
				cut_check(op, file, at + 1, whole);
			}
		}
		free(bytes);
		free(names[i]);
	}
	free(names);
}

static bool is_number_byte(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Where the next number of the body is: a bare one, or the inside of a text of digits only. */
static bool number_find(struct text file, size_t from, size_t *ret_at, size_t *ret_len)
{
	for (size_t i = from; i < file.len; i++) {
		size_t n = 0;

		if (file.at[i] == '"') {
			size_t end = i + 1;

			while (end < file.len && file.at[end] != '"') {
				end += file.at[end] == '\\' ? 2 : 1;
			}
			while (i + 1 + n < end && file.at[i + 1 + n] >= '0' &&
			       file.at[i + 1 + n] <= '9') {
				n++;
			}
			if (n > 0 && i + 1 + n == end) {
				*ret_at = i + 1;
				*ret_len = n;
				return true;
			}
			i = end;
			continue;
		}
		while (i + n < file.len && is_number_byte(file.at[i + n])) {
			n++;
		}
		if (n > 0 && (file.at[i] == '-' || (file.at[i] >= '0' && file.at[i] <= '9'))) {
			*ret_at = i;
			*ret_len = n;
			return true;
		}
		i += n > 0 ? n - 1 : 0;
	}
	return false;
}

static void nonsense_check(enum op op, struct text file, size_t at, size_t n, struct yield whole)
{
	static const char *const nonsense[] = { "0",
						"-1",
						"9223372036854775808",
						"",
						"1e999",
						"null",
						"99999999999999999999999999999999",
						"0x10",
						"\\u0000",
						"\\ud800" };
	char *mad = xcalloc(1, file.len + 128);

	for (size_t k = 0; k < sizeof(nonsense) / sizeof(nonsense[0]); k++) {
		size_t m = strlen(nonsense[k]);
		struct yield y;

		memcpy(mad, file.at, at);
		memcpy(mad + at, nonsense[k], m);
		memcpy(mad + at + m, file.at + at + n, file.len - at - n);
		y = yield_of(op, (struct text){ mad, file.len - n + m });
		if (whole.is_good && y.is_good && y.n < whole.n) {
			print_error("'%.*s' at byte %zu replaced by '%s': %zu of %zu\n", (int)n,
				    file.at + at, at, nonsense[k], y.n, whole.n);
			assert_true(y.n >= whole.n);
		}
	}
	free(mad);
}

static void test_nonsense_numbers_lose_nothing_in_silence(void **state)
{
	char **names = NULL;
	int n = files_list(dir, ".http", &names);

	(void)state;
	for (int i = 0; i < n; i++) {
		char *bytes;
		struct text file = file_load(dir, names[i], &bytes);
		enum op op = op_of(file);
		struct yield whole = yield_of(op, file);
		size_t at = body_from(file), len = 0;

		while (number_find(file, at, &at, &len)) {
			nonsense_check(op, file, at, len, whole);
			at += len + (at > 0 && file.at[at - 1] == '"');
		}
		free(bytes);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixtures_become_their_lines),
		cmocka_unit_test(test_cut_answers_lose_nothing_in_silence),
		cmocka_unit_test(test_nonsense_numbers_lose_nothing_in_silence),
	};
	struct arena *arena;
	struct err err = { 0 };
	int n_failed;

	arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	connector = argc == 2 ? network_find(arena, text_of(argv[1]), &err) : NULL;
	if (connector == NULL) {
		(void)fprintf(stderr, "usage: test_golden CONNECTOR %s\n", err.text);
		arena_destroy(&arena);
		return 2;
	}
	(void)snprintf(dir, sizeof(dir), "tests/fixtures/%s", connector->name);
	n_failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_destroy(&arena);
	return n_failed;
}
