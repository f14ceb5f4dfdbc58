/* Protects the small things under everything: text, numbers, times, addresses, buffers. */
#include <stdio.h>

#include "answerd/connector.h"
#include "answerd/log.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "daemon/base/backoff.h"
#include "daemon/base/list.h"
#include "tests/cm.h"

#define assert_text(t, want)                                                                       \
	do {                                                                                       \
		struct text seen_ = (t), want_ = text_of(want);                                    \
		if (!text_eq(seen_, want_)) {                                                      \
			print_error("got '%.*s'\n", TEXT_ARG(seen_));                              \
		}                                                                                  \
		assert_true(text_eq(seen_, want_));                                                \
	} while (0)

static void test_text_pieces(void **state)
{
	struct text head, rest;

	(void)state;
	assert_true(text_starts(TEXT("abc"), TEXT("ab")));
	assert_false(text_starts(TEXT("a"), TEXT("ab")));
	assert_true(text_ends(TEXT("abc"), TEXT("bc")));
	assert_true(text_eq_nocase(TEXT("Link"), TEXT("lINK")));
	assert_text(text_trim(TEXT(" \t a b\n")), "a b");
	assert_text(text_slice(TEXT("abcdef"), 2, 3), "cde");
	assert_text(text_slice(TEXT("abc"), 7, 3), "");
	assert_int_equal(text_find(TEXT("abcabc"), TEXT("ca"), 0), 2);
	assert_true(text_find(TEXT("abc"), TEXT("x"), 0) == SIZE_MAX);
	assert_true(text_cut(TEXT("a=b=c"), '=', &head, &rest));
	assert_text(head, "a");
	assert_text(rest, "b=c");
	assert_false(text_cut(TEXT("abc"), '=', &head, &rest));
	assert_text(rest, "");
	assert_true(text_compare(TEXT("a"), TEXT("ab")) < 0);
	assert_text(text_clip(TEXT("aä"), 2), "a");
	assert_true(text_is_empty(text_trim(TEXT_NONE)));
}

static void test_text_is_made_clean(void **state)
{
	/* What comes from a platform must never make the database refuse a page. */
	static const struct {
		struct text in;
		const char *want;
		size_t n;
	} rows[] = {
		{ { "plain", 5 }, "plain", 0 },
		{ { "a\0b", 3 },
		  "a\xef\xbf\xbd"
		  "b",
		  1 },
		{ { "\xff", 1 }, "\xef\xbf\xbd", 1 },
		{ { "\xc0\xaf", 2 }, "\xef\xbf\xbd\xef\xbf\xbd", 2 },
		{ { "\xed\xa0\x80x", 4 }, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx", 3 },
		{ { "\xe2\x82", 2 }, "\xef\xbf\xbd", 1 },
		{ { "\xf0\x9f\x98\x80", 4 }, "\xf0\x9f\x98\x80", 0 },
		{ { "\xf4\x90\x80\x80", 4 },
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		  4 },
	};
	struct arena *a = arena_create(1 << 16);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n;
		struct text out = text_clean(a, rows[i].in, &n);

		assert_text(out, rows[i].want);
		assert_int_equal(n, rows[i].n);
		assert_true(text_is_clean(out));
	}
	arena_destroy(&a);
	assert_null(a);
}

static void test_numbers_whole_or_not_at_all(void **state)
{
	static const char *const bad[] = { "",
					   " 1",
					   "1 ",
					   "+1",
					   "1.0",
					   "-",
					   "--1",
					   "0x1",
					   "1e3",
					   "9223372036854775808",
					   "-9223372036854775809",
					   "99999999999999999999999" };
	int64_t v = 7;
	uint64_t u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(num_parse_i64(text_of(bad[i]), &v));
		assert_int_equal(v, 7);
	}
	assert_true(num_parse_i64(TEXT("-9223372036854775808"), &v) && v == INT64_MIN);
	assert_true(num_parse_i64(TEXT("9223372036854775807"), &v) && v == INT64_MAX);
	assert_true(num_parse_u64(TEXT("18446744073709551615"), &u) && u == UINT64_MAX);
	assert_false(num_parse_u64(TEXT("18446744073709551616"), &u));
	assert_false(num_parse_range(TEXT("11"), 1, 10, &v));
}

static void test_durations(void **state)
{
	static const struct {
		const char *in;
		int64_t us; /* -1: refused */
	} rows[] = {
		{ "90s", 90000000 },
		{ "15m", 900000000 },
		{ "1h30m", 5400000000 },
		{ "2d", 172800000000 },
		{ "250ms", 250000 },
		{ "1w", 604800000000 },
		{ "0s", 0 },
		{ "", -1 },
		{ "5", -1 },
		{ "-1s", -1 },
		{ "1 s", -1 },
		{ "1x", -1 },
		{ "100w100w", 120960000000000 },
		{ "99999d", -1 },
		{ "999999999999999999999s", -1 },
	};
	struct dur d;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_good = dur_parse(text_of(rows[i].in), &d);

		assert_int_equal(is_good, rows[i].us >= 0);
		assert_true(!is_good || d.us == rows[i].us);
	}
	assert_true(wall_add((struct wall){ INT64_MAX }, DUR_S(1)).us == INT64_MAX);
	assert_true(wall_since((struct wall){ INT64_MAX }, (struct wall){ INT64_MIN }).us ==
		    INT64_MIN);
}

static void test_times_as_platforms_write_them(void **state)
{
	static const struct {
		const char *in, *want; /* NULL: refused */
	} rows[] = {
		{ "2026-11-20T07:49:02.064Z", "2026-11-20T07:49:02.064000Z" },
		{ "2026-11-20t07:49:02z", "2026-11-20T07:49:02.000000Z" },
		{ "2026-11-20 07:49:02+01:00", "2026-11-20T06:49:02.000000Z" },
		{ "2026-11-20T07:49:02-0130", "2026-11-20T09:19:02.000000Z" },
		{ "2026-11-20T07:49:02.123456789Z", "2026-11-20T07:49:02.123456Z" },
		{ "2024-02-29T23:59:60Z", "2024-02-29T23:59:59.000000Z" },
		{ "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z" },
		{ "2023-02-29T00:00:00Z", NULL },
		{ "2026-11-20T07:49:02", NULL },
		{ "2026-13-20T07:49:02Z", NULL },
		{ "1969-12-31T23:59:59Z", NULL },
		{ "2026-11-20T24:00:00Z", NULL },
		{ "2026-11-20T07:49:02.Z", NULL },
		{ "2026-11-20T07:49:02.1234567890Z", NULL },
		{ "2026-11-20T07:49:02Zx", NULL },
		{ "", NULL },
	};
	char out[WALL_TEXT_BYTES];
	struct wall w;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_good = wall_parse(text_of(rows[i].in), &w);

		assert_int_equal(is_good, rows[i].want != NULL);
		if (is_good) {
			assert_int_equal(wall_format(w, out), 27);
			assert_string_equal(out, rows[i].want);
		}
	}
	assert_true(wall_parse_http(TEXT("Sun, 06 Nov 1994 08:49:37 GMT"), &w));
	assert_true(w.us == INT64_C(784111777000000));
	assert_false(wall_parse_http(TEXT("Sunday, 06-Nov-94 08:49:37 GMT"), &w));
	assert_false(wall_parse_http(TEXT("Sun, 06 Nov 1994 08:49:37 UTC"), &w));
}

static void test_times_as_numbers(void **state)
{
	static const int64_t none[] = { 0, -1, INT64_MIN, INT64_C(253402300800000000), INT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(wall_is_set(wall_of_s(none[i])) || wall_is_set(wall_of_us(none[i])));
	}
	assert_false(wall_is_set(wall_of_s(INT64_C(253402300800))));
	assert_true(wall_of_s(1).us == 1000000 && wall_of_us(1).us == 1);
	assert_true(wall_of_s(INT64_C(253402300799)).us == INT64_C(253402300799000000));
	assert_true(wall_is_set(wall_of_us(INT64_C(253402300799999999))));
}

static void test_addresses(void **state)
{
	static const char *const good[] = { "https://a.example/x?y#z", "http://127.0.0.1:8080",
					    "https://[::1]:443/", "https://tuer.example:65535/?a=b",
					    "HTTPS://A.example" };
	static const char *const bad[] = {
		"",
		"ftp://a/",
		"javascript:alert(1)",
		"https://",
		"https://u@h/",
		"https://u:p@h/",
		"https://h\\@evil/",
		"https://h:0/",
		"https://h:65536/",
		"https://h:80x/",
		"https://h/a b",
		"https://h/\n",
		"//h/",
		"https://[::1",
		"https://h/\x80",
	};
	struct arena *a = arena_create(1 << 16);
	struct url u;
	struct text t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(url_parse(text_of(good[i]), &u));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(url_parse(text_of(bad[i]), &u));
	}
	assert_true(url_same_origin(TEXT("https://A.example/1"), TEXT("https://a.example:443/2")));
	assert_false(url_same_origin(TEXT("https://a.example"), TEXT("http://a.example")));
	assert_false(url_same_origin(TEXT("https://a.example"), TEXT("https://a.example.evil")));
	assert_true(url_is_loopback(TEXT("http://127.0.0.1:80/")));
	assert_true(url_is_loopback(TEXT("http://[::1]/")));
	assert_false(url_is_loopback(TEXT("http://localhost/")));
	assert_false(url_is_loopback(TEXT("http://127.1/")));
	assert_false(url_is_loopback(TEXT("http://127.0.0.01/")));
	assert_false(url_is_loopback(TEXT("http://127.0.0.1.evil.example/")));
	assert_false(url_is_loopback(TEXT("http://2130706433/")));
	assert_true(url_query_get(a, TEXT("https://h/?a=1&max_id=%41b+c"), TEXT("max_id"), &t));
	assert_text(t, "Ab c");
	assert_false(url_query_get(a, TEXT("https://h/?a=1"), TEXT("b"), &t));
	arena_destroy(&a);
}

static void test_link_header(void **state)
{
	struct text link = TEXT("<https://h/a?x=1,2&max_id=5>; rel=\"next\", "
				"<https://h/a?min_id=9>; title=\"a, <b>\"; rel=prev");
	struct text t;

	(void)state;
	assert_true(url_link_rel(link, TEXT("next"), &t));
	assert_text(t, "https://h/a?x=1,2&max_id=5");
	assert_true(url_link_rel(link, TEXT("prev"), &t));
	assert_text(t, "https://h/a?min_id=9");
	assert_false(url_link_rel(link, TEXT("last"), &t));
	assert_false(url_link_rel(TEXT("garbage"), TEXT("next"), &t));
	assert_false(url_link_rel(TEXT("<no end"), TEXT("next"), &t));
	assert_false(url_link_rel(TEXT_NONE, TEXT("next"), &t));
	assert_true(url_link_rel(TEXT("<x>; rel=\"prev next\""), TEXT("next"), &t));
}

static void test_buffers_have_a_cap(void **state)
{
	struct strbuf b;

	(void)state;
	strbuf_init(&b, 10);
	strbuf_add_str(&b, "12345");
	strbuf_printf(&b, "%s", "678901");
	assert_true(b.is_full);
	assert_text(strbuf_text(&b), "12345");
	strbuf_reset(&b);
	strbuf_add_json(&b, TEXT("\"\n\x01"));
	assert_false(b.len > 10);
	strbuf_done(&b);
	strbuf_init(&b, 100);
	strbuf_add_json(&b, TEXT("a\"b\\\n\x01\x7f"));
	assert_text(strbuf_text(&b), "\"a\\\"b\\\\\\n\\u0001\\u007f\"");
	strbuf_reset(&b);
	strbuf_add_url(&b, TEXT("#a b/ä~"));
	assert_text(strbuf_text(&b), "%23a%20b%2F%C3%A4~");
	strbuf_done(&b);
}

static void test_arena_is_zeroed_and_aligned(void **state)
{
	struct arena *a = arena_create(1 << 20);

	(void)state;
	for (size_t n = 0; n < 3000; n += 7) {
		unsigned char *p = arena_alloc(a, n);

		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(p[i], 0);
			p[i] = 0xaa;
		}
	}
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	assert_int_equal(*(unsigned char *)arena_alloc(a, 1), 0);
	arena_destroy(&a);
	arena_destroy(&a);
}

struct item {
	int n;
	struct list in;
};

static void test_list(void **state)
{
	struct list l;
	struct item items[3] = { { .n = 1 }, { .n = 2 }, { .n = 3 } };
	int sum = 0;

	(void)state;
	list_init(&l);
	assert_null(list_take_first(&l));
	list_add_last(&l, &items[1].in);
	list_add_last(&l, &items[2].in);
	list_add_first(&l, &items[0].in);
	list_each(at, &l)
	{
		sum = sum * 10 + container_of(at, struct item, in)->n;
		list_remove(at);
	}
	assert_int_equal(sum, 123);
	assert_true(list_is_empty(&l));
	list_remove(&items[0].in);
}

static void test_backoff_stays_in_its_span(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 80; n++) {
		struct dur most = backoff_after(n, DUR_S(1), DUR_S(60), UINT64_MAX);

		assert_true(most.us >= 0 && most.us <= DUR_S(60).us);
		assert_true(backoff_after(n, DUR_S(1), DUR_S(60), 0).us == 0);
	}
	assert_true(backoff_after(0, DUR_S(1), DUR_S(60), 1000000).us == 1000000);
	assert_true(backoff_after(63, DUR_S(1), DUR_S(60), 59000000).us == 59000000);
}

static void test_secret_is_copied_and_wiped(void **state)
{
	struct secret s = { 0 };

	(void)state;
	secret_set(&s, TEXT("token"));
	assert_text(secret_reveal(&s), "token");
	secret_set(&s, secret_reveal(&s));
	assert_text(secret_reveal(&s), "token");
	secret_set(&s, TEXT_NONE);
	assert_false(secret_is_set(&s));
	secret_done(&s);
}

static void test_message_hash_sees_edits_only(void **state)
{
	struct message m = { .body = TEXT("ab"), .warning = TEXT("c") };
	uint64_t first = message_hash(&m);

	(void)state;
	m.author_name = TEXT("renamed");
	assert_true(message_hash(&m) == first);
	m.body = TEXT("a");
	m.warning = TEXT("bc");
	assert_true(message_hash(&m) != first);
}

static void test_refusals_say_what_is_next(void **state)
{
	static const struct {
		int status;
		const char *name, *value; /* one header */
		enum err_kind kind;
		int64_t wait_s; /* with ERR_LIMITED */
	} rows[] = {
		{ 200, "", "", ERR_NONE, 0 },
		{ 301, "Location", "https://new.example/x", ERR_RETRY, 0 },
		{ 302, "Location", "javascript:x", ERR_RETRY, 0 },
		{ 400, "", "", ERR_DATA, 0 },
		{ 401, "", "", ERR_AUTH, 0 },
		{ 403, "", "", ERR_AUTH, 0 },
		{ 403, "Content-Type", "text/html; charset=x", ERR_RETRY, 0 },
		{ 404, "", "", ERR_GONE, 0 },
		{ 410, "", "", ERR_GONE, 0 },
		{ 422, "", "", ERR_DATA, 0 },
		{ 418, "", "", ERR_RETRY, 0 },
		{ 500, "", "", ERR_RETRY, 0 },
		{ 429, "", "", ERR_LIMITED, 300 },
		{ 429, "Retry-After", "17", ERR_LIMITED, 17 },
		{ 429, "retry-after", "0", ERR_LIMITED, 300 },
		{ 429, "Retry-After", "-5", ERR_LIMITED, 300 },
		{ 429, "Retry-After", "1.5", ERR_LIMITED, 300 },
		{ 429, "Retry-After", "99999999999999999999", ERR_LIMITED, 300 },
		{ 429, "Retry-After", "999999999", ERR_LIMITED, 3600 },
		{ 429, "Retry-After", "Fri, 20 Nov 2026 08:01:00 GMT", ERR_LIMITED, 60 },
		{ 429, "Retry-After", "Fri, 20 Nov 2020 08:01:00 GMT", ERR_LIMITED, 1 },
		{ 429, "Reset", "2026-11-20T08:02:00Z", ERR_LIMITED, 120 },
		{ 429, "Reset", "1795161720", ERR_LIMITED, 120 },
		{ 429, "Reset", "120.0", ERR_LIMITED, 120 },
		{ 429, "Reset", "1999-01-01T00:00:00Z", ERR_LIMITED, 1 },
		{ 429, "Reset", "soon", ERR_LIMITED, 300 },
	};
	static const struct page_rate_names names = { { "Limit", 5 },
						      { "Left", 4 },
						      { "Reset", 5 } };
	struct arena *a = arena_create(1 << 16);
	struct connector_ctx ctx = { .arena = a, .token = TEXT("t") };

	(void)state;
	assert_true(wall_parse(TEXT("2026-11-20T08:00:00Z"), &ctx.now));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header header = { text_of(rows[i].name), text_of(rows[i].value) };
		struct response r = { .status = rows[i].status,
				      .headers = &header,
				      .n_headers = 1,
				      .received_at = ctx.now };
		struct rate rate = page_rate(&r, &names);
		struct err err = { 0 };

		assert_int_equal(page_check(&ctx, &r, &rate, &err), rows[i].kind == ERR_NONE);
		assert_int_equal(err.kind, rows[i].kind);
		if (err.kind == ERR_LIMITED) {
			assert_int_equal(wall_since(ctx.now, err.not_before).us / 1000000,
					 rows[i].wait_s);
		}
	}
	arena_destroy(&a);
}

static void test_operations_have_names(void **state)
{
	enum op op;

	(void)state;
	for (int i = 0; i < OP_COUNT; i++) {
		assert_true(op_parse(text_of(op_name((enum op)i)), &op) && op == (enum op)i);
	}
	assert_false(op_parse(TEXT("nonsense"), &op));
	assert_null(connector_find(TEXT("nonsense")));
	for (size_t i = 0; i < n_connectors; i++) {
		assert_ptr_equal(connector_find(text_of(connectors[i]->name)), connectors[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_pieces),
		cmocka_unit_test(test_text_is_made_clean),
		cmocka_unit_test(test_numbers_whole_or_not_at_all),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_times_as_platforms_write_them),
		cmocka_unit_test(test_times_as_numbers),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_link_header),
		cmocka_unit_test(test_buffers_have_a_cap),
		cmocka_unit_test(test_arena_is_zeroed_and_aligned),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_backoff_stays_in_its_span),
		cmocka_unit_test(test_secret_is_copied_and_wiped),
		cmocka_unit_test(test_message_hash_sees_edits_only),
		cmocka_unit_test(test_refusals_say_what_is_next),
		cmocka_unit_test(test_operations_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
