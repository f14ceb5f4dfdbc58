/* Protects the one door through which foreign JSON comes: hostile pages cost themselves only. */
#include <dirent.h>
#include <stdio.h>

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/log.h"
#include "answerd/strbuf.h"
#include "tests/cm.h"
#include "tests/json_oracle.h"

static bool is_accepted(struct text page, struct err *err)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct text value;
	struct jx_doc *doc = NULL;
	struct jx v;
	bool is_good = jx_scan(page, &value, err) && jx_parse(a, value, &v, &doc, err);

	jx_release(&doc);
	arena_destroy(&a);
	return is_good;
}

static void test_values_one_by_one(void **state)
{
	static const struct {
		const char *in;
		bool is_good;
	} rows[] = {
		{ "{\"a\":[1,2,{\"b\":null}]}", true },
		{ "\xef\xbb\xbf{}", true },
		{ " [ ] \n", true },
		{ "9223372036854775807", true },
		{ "9223372036854775808", false },
		{ "{\"a\":1,\"a\":2}", false },
		{ "[\"\\u0000\"]", false },
		{ "[\"\\ud800\"]", false },
		{ "[\"\xff\"]", false },
		{ "[1e999]", false },
		{ "[NaN]", false },
		{ "[1,]", false },
		{ "{\"a\"}", false },
		{ "[", false },
		{ "[\"", false },
		{ "[\"\\", false },
		{ "{]", false },
		{ "{} x", false },
		{ "", false },
		{ "<html>", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = { 0 };
		bool is_good = is_accepted(text_of(rows[i].in), &err);

		if (is_good != rows[i].is_good) {
			print_error("%s\n", rows[i].in);
		}
		assert_int_equal(is_good, rows[i].is_good);
		assert_true(is_good || (err.kind == ERR_DATA && err.text[0] != '\0'));
	}
}

static void test_error_text_holds_no_content(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_false(is_accepted(TEXT("{\"password\":\"hunter2\", oops}"), &err));
	assert_null(strstr(err.text, "hunter2"));
	assert_null(strstr(err.text, "oops"));
	assert_false(is_accepted(TEXT("[\"hunter2\",\"\\ud800hunter2\"]"), &err));
	assert_null(strstr(err.text, "hunter2"));
}

static void test_poison_costs_one_element(void **state)
{
	struct text page = TEXT(
		"{\"x\":\"]}\\\"\",\"items\":[{\"id\":\"1\"},{\"id\":2e999},{\"id\":\"\\ud800\"},"
		"{\"id\":\"3\"}],\"cursor\":\"\\u00e4b\"}");
	struct arena *a = arena_create(1 << 20);
	struct text value, items, cursor, *list;
	size_t n, n_good = 0;

	(void)state;
	assert_true(jx_scan(page, &value, NULL));
	assert_true(jx_member(value, TEXT("items"), &items));
	assert_true(jx_elements(a, items, &list, &n, NULL));
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		struct jx_doc *doc = NULL;
		struct jx v;
		struct text id;

		if (jx_parse(a, list[i], &v, &doc, NULL)) {
			n_good += jx_text(a, v, "id", &id, NULL);
		}
		jx_release(&doc);
	}
	assert_int_equal(n_good, 2);
	assert_true(jx_member(value, TEXT("cursor"), &cursor));
	assert_true(jx_slice_text(a, cursor, &cursor));
	assert_true(text_eq(cursor, TEXT("äb")));
	assert_false(jx_member(value, TEXT("none"), &cursor));
	arena_destroy(&a);
}

static struct text repeat(struct strbuf *b, const char *open, size_t n, const char *close)
{
	strbuf_init(b, 4u << 20);
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(b, open);
	}
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(b, close);
	}
	return strbuf_text(b);
}

static void test_depth_and_size_are_bounded(void **state)
{
	struct strbuf b;
	struct text value;
	struct err err = { 0 };

	(void)state;
	assert_false(is_accepted(repeat(&b, "[", 100000, "]"), &err));
	assert_non_null(strstr(err.text, "deep"));
	strbuf_done(&b);
	assert_true(jx_scan(repeat(&b, "[", LIMIT_JSON_SCAN_DEPTH, "]"), &value, NULL));
	assert_false(is_accepted(strbuf_text(&b), &err));
	strbuf_done(&b);
	assert_true(is_accepted(repeat(&b, "[", LIMIT_JSON_DEPTH, "]"), &err));
	strbuf_done(&b);
	assert_false(is_accepted(repeat(&b, "[", LIMIT_JSON_DEPTH + 1, "]"), &err));
	strbuf_done(&b);
	(void)repeat(&b, "[],", LIMIT_JSON_VALUES, "");
	b.at[b.len - 1] = ' ';
	assert_false(jx_scan(strbuf_text(&b), &value, NULL));
	strbuf_done(&b);
	strbuf_init(&b, 4u << 20);
	strbuf_add_byte(&b, '[');
	for (size_t i = 0; i < LIMIT_JSON_VALUES; i++) {
		strbuf_add_str(&b, "[],");
	}
	strbuf_add_str(&b, "0]");
	assert_false(is_accepted(strbuf_text(&b), &err));
	strbuf_done(&b);
}

static void test_getters_accept_what_is_missing(void **state)
{
	struct text page =
		TEXT("{\"a\":{\"b\":{\"c\":\"x\"}},\"n\":5,\"t\":true,\"z\":null,\"s\":\"q\"}");
	struct arena *a = arena_create(1 << 20);
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct text t;
	struct jx v, none = { 0 };
	int64_t n;

	(void)state;
	assert_true(jx_parse(a, page, &v, &doc, NULL));
	assert_true(jx_as_text(a, jx_path(v, "a.b.c"), &t) && text_eq(t, TEXT("x")));
	assert_false(jx_is_set(jx_path(v, "a.x.c")));
	assert_true(jx_i64(v, "n", &n, &err) && n == 5);
	assert_false(jx_i64(v, "s", &n, &err));
	assert_false(jx_text(a, v, "z", &t, &err));
	assert_string_equal(err.text, "it has no 'z'");
	assert_false(jx_text(a, v, "n", &t, &err));
	assert_true(jx_bool_or(v, "t", false));
	assert_true(jx_bool_or(v, "s", true));
	assert_int_equal(jx_i64_or(v, "q", 9), 9);
	assert_true(text_eq(jx_text_or(a, v, "n", TEXT("d")), TEXT("d")));
	assert_true(jx_is_null(jx_get(v, "z")) && jx_is_null(none));
	assert_int_equal(jx_len(none), 0);
	assert_false(jx_is_set(jx_at(none, 3)));
	assert_false(jx_is_set(jx_get(none, "a")));
	jx_release(&doc);
	jx_release(&doc);
	arena_destroy(&a);
}

/* Every byte of these is replaced by each of those that mean something: our reader and jansson must agree. */
static void test_our_reader_reads_what_jansson_reads(void **state)
{
	static const char *const pages[] = {
		"{\"a\":[1,-2.5e3,true,false,null,\"x\\u00e9\\ud83d\\ude00\\n\"],\"b\":{\"c\":{}}}",
		" [ {\"\\u0061\" : 0 , \"b\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"} , [ ] , {} "
		"] ",
		"{\"a\":1,\"aa\":2,\"aaa\":3,\"ab\":4,\"b\":5,\"\":6,\"abcdefghijklmnopq\":7}",
		"[9223372036854775807,-9223372036854775808,-0,0.0,1e308,1E-999,"
		"12345678901234567890]",
		"\"plain ascii that is longer than eight bytes, \\\"quoted\\\" and \\/ "
		"\\b\\f\\r\\t\"",
	};
	static const char with[] = "{}[],:\"\\ \n\t0189.-+eEtfnuadD8\x01\x7f\x80\xc3\xed\xf0\xff";

	(void)state;
	for (size_t p = 0; p < sizeof(pages) / sizeof(pages[0]); p++) {
		size_t len = strlen(pages[p]);
		char *page = xcalloc(1, len);

		for (size_t i = 0; i < len; i++) {
			for (size_t w = 0; w < sizeof(with); w++) { /* NUL is one of them */
				memcpy(page, pages[p], len);
				page[i] = with[w];
				assert_true(oracle_agrees((struct text){ page, len }));
			}
			memcpy(page, pages[p], len);
			assert_true(oracle_agrees((struct text){ page, i }));
			assert_true(oracle_agrees((struct text){ page + i, len - i }));
		}
		free(page);
	}
}

static void test_many_names_differ(void **state)
{
	(void)state;
	for (int n = 2; n < 300; n += 7) {
		struct strbuf b;

		strbuf_init(&b, 1u << 20);
		for (int i = 0; i < n; i++) {
			strbuf_printf(&b, "%c\"n%d\":%d", i == 0 ? '{' : ',', i, i);
		}
		strbuf_add_byte(&b, '}');
		assert_true(oracle_agrees(strbuf_text(&b)));
		assert_true(is_accepted(strbuf_text(&b), NULL));
		b.len--;
		strbuf_printf(&b, ",\"n%d\":0}", n / 2);
		assert_false(is_accepted(strbuf_text(&b), NULL));
		strbuf_done(&b);
	}
}

static struct text file_read(const char *dir, const char *name, char **ret_bytes)
{
	char path[1024];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name); /* a cut path does not open */
	f = fopen(path, "rb");
	assert_non_null(f);
	*ret_bytes = xcalloc(1, LIMIT_BODY_BYTES);
	n = fread(*ret_bytes, 1, LIMIT_BODY_BYTES, f);
	(void)fclose(f); /* only read */
	return (struct text){ *ret_bytes, n };
}

/* Legal, and refused on purpose (json.h): two members of one name, and NUL in a text. */
static bool is_our_choice(const char *name)
{
	return strstr(name, "duplicated_key") != NULL || strstr(name, "null_escape") != NULL ||
	       strstr(name, "escaped_null") != NULL;
}

static void test_json_suite(void **state)
{
	char dir[512];
	DIR *d;
	struct dirent *e;
	unsigned n = 0, n_wrong = 0;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s/data/json_suite/test_parsing", shared_dir());
	d = opendir(dir);
	if (d == NULL) {
		print_message("skipped: no %s\n", dir);
		skip();
	}
	while ((e = readdir(d)) != NULL) {
		char *bytes;
		struct text page;
		struct err err = { 0 };
		bool is_good;

		if (e->d_name[0] == '.') {
			continue;
		}
		page = file_read(dir, e->d_name, &bytes);
		is_good = is_accepted(page, &err);
		assert_true(oracle_agrees(page));
		if ((e->d_name[0] == 'y' && !is_good && !is_our_choice(e->d_name)) ||
		    (e->d_name[0] == 'n' && is_good)) {
			print_error("%s: %s %s\n", e->d_name, is_good ? "accepted" : "refused",
				    err.text);
			n_wrong++;
		}
		free(bytes);
		n++;
	}
	(void)closedir(d); /* only read */
	assert_true(n > 300);
	assert_int_equal(n_wrong, 0);
}

static void test_naughty_strings_come_back_as_they_were(void **state)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct text page, value, *slices, seen, back;
	size_t n, n_read = 0;
	char dir[512], *bytes;
	DIR *d;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s/data/naughty_strings", shared_dir());
	d = opendir(dir);
	if (d == NULL) {
		arena_destroy(&a);
		print_message("skipped: no %s\n", dir);
		skip();
	}
	(void)closedir(d); /* only looked */
	page = file_read(dir, "blns.json", &bytes);
	assert_true(jx_scan(page, &value, NULL) && jx_elements(a, value, &slices, &n, NULL));
	for (size_t i = 0; i < n; i++) {
		struct strbuf b;

		strbuf_init(&b, 1 << 20);
		if (jx_slice_text(a, slices[i], &seen)) {
			assert_true(text_is_clean(seen));
			strbuf_add_json(&b, seen);
			assert_true(jx_slice_text(a, strbuf_text(&b), &back) &&
				    text_eq(seen, back));
			n_read++;
		}
		strbuf_done(&b);
	}
	assert_true(n > 400 && n_read + 5 > n);
	free(bytes);
	arena_destroy(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_one_by_one),
		cmocka_unit_test(test_error_text_holds_no_content),
		cmocka_unit_test(test_poison_costs_one_element),
		cmocka_unit_test(test_depth_and_size_are_bounded),
		cmocka_unit_test(test_our_reader_reads_what_jansson_reads),
		cmocka_unit_test(test_many_names_differ),
		cmocka_unit_test(test_getters_accept_what_is_missing),
		cmocka_unit_test(test_json_suite),
		cmocka_unit_test(test_naughty_strings_come_back_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
