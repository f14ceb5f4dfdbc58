/* Protects what Reddit's things become: who is named, when, below what, what is gone, what a tree only names; and that an odd one costs only
 * itself. */
#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "connectors/reddit_thing.h"
#include "tests/cm.h"

struct bench {
	struct arena *arena;
	struct connector_ctx ctx;
	struct outcome out;
	struct reddit_page page;
	struct err err;
};

static int bench_open(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	b->ctx = (struct connector_ctx){ .arena = b->arena,
					 .own_id = TEXT("Shop"),
					 .own_handle = TEXT("Shop") };
	*state = b;
	return 0;
}

static int bench_close(void **state)
{
	struct bench *b = *state;

	arena_destroy(&b->arena);
	free(b);
	return 0;
}

static bool page_reads(struct bench *b, const char *page)
{
	b->out = (struct outcome){ 0 };
	return reddit_page_read(&b->ctx, /* is_watch= */ false, text_of(page), &b->out, &b->page,
				&b->err);
}

/* A listing of one thing. */
static const struct message *thing(struct bench *b, const char *kind, const char *data)
{
	struct text page = text_printf(b->arena,
				       "{\"kind\":\"Listing\",\"data\":{\"children\":[{\"kind\":"
				       "\"%s\",\"data\":{%s}}]}}",
				       kind, data);

	b->out = (struct outcome){ 0 };
	assert_true(
		reddit_page_read(&b->ctx, /* is_watch= */ false, page, &b->out, &b->page, &b->err));
	assert_int_equal(b->out.n_messages + b->out.n_bad + b->out.n_gone, 1);
	return b->out.n_messages == 1 ? b->out.messages : NULL;
}

#define COMMENT(rest)                                                                              \
	"\"name\":\"t1_b\",\"author\":\"ann\",\"parent_id\":\"t1_a\",\"link_id\":\"t3_l\"," rest

static void test_a_name_is_a_kind_and_small_letters(void **state)
{
	static const struct {
		const char *name;
		char kind;
		bool is;
	} table[] = {
		{ "t1_kx1", 0, true },
		{ "t3_kx1", '3', true },
		{ "t3_kx1", '1', false },
		{ "t2_kx1", 0, false },
		{ "t1_", 0, false },
		{ "t1_KX1", 0, false },
		{ "x1_kx1", 0, false },
		{ "t1-kx1", 0, false },
		{ "t1_kx1/..", 0, false },
		{ "t\0_kx1", 0, false },
		{ "t1_k x", 0, false },
		{ "", 0, false },
		{ "t1_a", '1', true },
		{ "t1_\xc3\xa4", 0, false },
		{ "t1_aaaaaaaaaaaaaaaaaaaaaaaaaaa", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (reddit_is_name(text_of(table[i].name), table[i].kind) != table[i].is) {
			print_error("'%s'\n", table[i].name);
		}
		assert_int_equal(reddit_is_name(text_of(table[i].name), table[i].kind),
				 table[i].is);
	}
}

static void test_who_is_named(void **state)
{
	static const struct {
		const char *words;
		bool is_named;
	} table[] = {
		{ "u/Shop", true },
		{ "ask /u/shop!", true },
		{ "(u/shop)", true },
		{ "**u/SHOP**", true },
		{ "u/shop/u/shop", true },
		{ "u/shopkeeper", false },
		{ "u/my-shop u/shop-2", false },
		{ "menu/shop", false },
		{ "https://www.reddit.com/u/shop", false },
		{ "//u/shop", false },
		{ "example.u/shop", false },
		{ "u/", false },
		{ "u", false },
		{ "u/u/u/", false },
		{ "U/shop", false },
		{ "u/\xc5\xa1hop", false },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct message *m =
			thing(b, "t1",
			      text_printf(b->arena, COMMENT("\"body\":\"%s\""), table[i].words).at);

		assert_non_null(m);
		if (m->is_named != table[i].is_named) {
			print_error("'%s'\n", table[i].words);
		}
		assert_int_equal(m->is_named, table[i].is_named);
	}
}

static void test_a_time_is_a_number_of_this_world(void **state)
{
	static const struct {
		const char *written;
		int64_t s;
	} table[] = {
		{ "1795168770.0", 1795168770 },
		{ "1795168770", 1795168770 },
		{ "1795168770.999", 1795168770 },
		{ "0", 0 },
		{ "-5.0", 0 },
		{ "1.7e9", 0 },
		{ "1795168770.0e1", 0 },
		{ "99999999999999999999.0", 0 },
		{ "\"1795168770\"", 0 },
		{ "null", 0 },
		{ "false", 0 },
		{ "[1795168770]", 0 },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct message *m = thing(
			b, "t1",
			text_printf(b->arena,
				    COMMENT("\"body\":\"hi\",\"created_utc\":%s,\"edited\":%s"),
				    table[i].written, table[i].written)
				.at);

		if (m == NULL || m->posted_at.us != table[i].s * 1000000) {
			print_error("%s\n", table[i].written);
		}
		assert_non_null(m);
		assert_int_equal(m->posted_at.us, table[i].s * 1000000);
		assert_int_equal(m->edited_at.us, table[i].s * 1000000);
	}
}

static void test_what_is_gone_and_what_is_not(void **state)
{
	struct bench *b = *state;

	assert_null(thing(b, "t1",
			  "\"name\":\"t1_b\",\"author\":\"[deleted]\",\"parent_id\":\"t1_a\","
			  "\"body\":\"[deleted]\""));
	assert_int_equal(b->out.n_gone, 1);
	assert_null(thing(b, "t1", COMMENT("\"body\":\"[removed]\"")));
	assert_int_equal(b->out.n_gone, 1);
	/* Its author has left Reddit: the words stand. */
	assert_non_null(thing(b, "t1",
			      "\"name\":\"t1_b\",\"author\":\"[deleted]\",\"parent_id\":\"t1_a\","
			      "\"body\":\"where is it?\""));
	/* Somebody only writes the word. */
	assert_non_null(thing(b, "t1", COMMENT("\"body\":\"[deleted]\"")));
	assert_non_null(thing(b, "t1", COMMENT("\"body\":\" [removed]\"")));
}

static void test_what_cannot_be_told_is_bad(void **state)
{
	static const char *const table[] = {
		"\"author\":\"ann\",\"parent_id\":\"t1_a\",\"body\":\"no name\"",
		"\"name\":\"t3_b\",\"author\":\"ann\",\"parent_id\":\"t1_a\",\"body\":\"another "
		"kind\"",
		"\"name\":\"t1_b\",\"parent_id\":\"t1_a\",\"body\":\"nobody's\"",
		"\"name\":\"t1_b\",\"author\":\"\",\"parent_id\":\"t1_a\",\"body\":\"nobody's\"",
		"\"name\":\"t1_b\",\"author\":[\"ann\"],\"parent_id\":\"t1_a\",\"body\":\"a list\"",
		"\"name\":\"t1_b\",\"author\":\"ann\",\"body\":\"below nothing\"",
		"\"name\":\"t1_b\",\"author\":\"ann\",\"parent_id\":\"t9_a\",\"body\":\"below "
		"what?\"",
		"\"name\":\"t1_b\",\"author\":\"ann\",\"parent_id\":\"t1_a\"",
		"\"name\":\"t1_b\",\"author\":\"ann\",\"parent_id\":\"t1_a\",\"body\":7",
		"\"name\":\"t1_b\",\"author\":\"ann\",\"parent_id\":\"t1_a\",\"body\":\"\\ud800\"",
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_null(thing(b, "t1", table[i]));
		if (b->out.n_bad != 1) {
			print_error("%s\n", table[i]);
		}
		assert_int_equal(b->out.n_bad, 1);
		assert_true(b->out.bad[0].reason[0] != '\0');
	}
	assert_null(thing(b, "t6", COMMENT("\"body\":\"an award\"")));
	assert_int_equal(b->out.n_bad, 1);
	/* A subreddit's mail has no author, and is a machine's. */
	assert_non_null(thing(
		b, "t4",
		"\"name\":\"t4_b\",\"author\":null,\"subreddit\":\"tea\",\"body\":\"welcome\""));
	assert_true(b->out.messages[0].is_automatic);
	assert_true(text_eq(b->out.messages[0].author_id, TEXT("r/tea")));
}

static void test_links_stay_on_reddit(void **state)
{
	struct bench *b = *state;

	assert_true(text_eq(
		thing(b, "t1", COMMENT("\"body\":\"x\",\"permalink\":\"/r/tea/b/\""))->permalink,
		TEXT("https://www.reddit.com/r/tea/b/")));
	assert_int_equal(
		thing(b, "t1", COMMENT("\"body\":\"x\",\"permalink\":\"https://evil.example/\""))
			->permalink.len,
		0);
	assert_int_equal(
		thing(b, "t1", COMMENT("\"body\":\"x\",\"permalink\":\"/r/a b\""))->permalink.len,
		0);
}

/* Comments hang in each other; what is only named is asked for, and what is no id is not. */
static void test_a_tree_is_cut_open(void **state)
{
	struct bench *b = *state;

	assert_true(page_reads(
		b,
		"[{\"kind\":\"Listing\",\"data\":{\"children\":[{\"kind\":\"t3\",\"data\":{"
		"\"name\":\"t3_l\","
		"\"author\":\"shop\",\"title\":\"Bread\",\"selftext\":\"\"}}]}},"
		"{\"kind\":\"Listing\",\"data\":{\"after\":\"../x\",\"children\":["
		"{\"kind\":\"t1\",\"data\":{\"name\":\"t1_a\",\"author\":\"ann\",\"parent_id\":"
		"\"t3_l\",\"link_id\":"
		"\"t3_l\",\"body\":\"a\",\"replies\":{\"kind\":\"Listing\",\"data\":{\"children\":["
		"{\"kind\":\"t1\",\"data\":{\"name\":\"t1_b\",\"author\":\"bob\",\"parent_id\":"
		"\"t1_a\",\"body\":\"b\","
		"\"replies\":\"\"}},{\"kind\":\"more\",\"data\":{\"parent_id\":\"t1_a\","
		"\"children\":[\"c1\",7,"
		"\"C2\",null,\"\",\"c3\",\"../c4\"]}}]}}}},"
		"{\"kind\":\"more\",\"data\":{\"parent_id\":\"t1_z\",\"children\":[]}},"
		"{\"kind\":\"more\",\"data\":{\"parent_id\":\"t3_l\",\"children\":[]}},"
		"{\"kind\":\"more\",\"data\":7},{\"kind\":\"more\"},7,[],"
		"{\"kind\":\"t1\",\"data\":{\"name\":\"t1_e\",\"author\":\"eve\",\"parent_id\":"
		"\"t3_l\",\"body\":\"e\","
		"\"replies\":[{}]}}]}}]"));
	assert_int_equal(b->out.n_messages, 4);
	assert_true(text_eq(b->out.messages[1].external_id, TEXT("t1_a")));
	assert_int_equal(b->out.messages[1].kind, MESSAGE_COMMENT);
	assert_true(text_eq(b->out.messages[2].external_id, TEXT("t1_e")));
	assert_true(text_eq(b->out.messages[3].external_id, TEXT("t1_b")));
	assert_int_equal(b->out.messages[3].kind, MESSAGE_REPLY);
	/* Of the first, those below are elements of their own. */
	assert_true(text_find(b->out.messages[1].raw, TEXT("t1_b"), 0) == SIZE_MAX);
	assert_int_equal(b->page.n_more, 2);
	assert_true(text_eq(b->page.more[0], TEXT("c1")) && text_eq(b->page.more[1], TEXT("c3")));
	assert_int_equal(b->page.n_deep, 1);
	assert_true(text_eq(b->page.deep[0], TEXT("z")));
	assert_true(text_eq(b->page.link, TEXT("t3_l")));
	assert_int_equal(b->page.after.len, 0);
	assert_int_equal(b->out.n_bad, 3); /* "more" without an object, a number, a list */
}

/* What does not fit into one page of messages is asked for by its name; what does not fit there either is told. */
static void test_a_large_tree_is_asked_for_by_name(void **state)
{
	scoped(strbuf_done) struct strbuf s = { .max_bytes = LIMIT_BODY_BYTES };
	struct bench *b = *state;

	for (int n = 1100; n <= 2100; n += 1000) {
		strbuf_done(&s);
		s = (struct strbuf){ .max_bytes = LIMIT_BODY_BYTES };
		strbuf_add_str(
			&s,
			"[{\"kind\":\"Listing\",\"data\":{\"children\":[{\"kind\":\"t1\",\"data\":{"
			"\"name\":\"t1_top\",\"author\":\"ann\",\"parent_id\":\"t3_l\",\"body\":"
			"\"a\","
			"\"replies\":{\"kind\":\"Listing\",\"data\":{\"children\":[");
		for (int i = 0; i < n; i++) {
			strbuf_printf(&s,
				      "%s{\"kind\":\"t1\",\"data\":{\"name\":\"t1_%d\",\"author\":"
				      "\"bob\","
				      "\"parent_id\":\"t1_top\",\"body\":\"b\",\"replies\":\"\"}}",
				      i > 0 ? "," : "", i);
		}
		strbuf_add_str(&s, "]}}}}]}}]");
		strbuf_add_byte(&s, '\0');
		assert_true(page_reads(b, strbuf_text(&s).at));
		assert_int_equal(b->out.n_messages, 1000);
		assert_int_equal(b->page.n_more, n == 1100 ? 101 : 800);
		assert_true(text_eq(b->page.more[0], TEXT("999")));
		assert_true(b->page.is_cut == (n == 2100));
	}
}

static void test_what_is_no_listing_is_refused(void **state)
{
	static const char *const table[] = { "{}",

					     "7",
					     "\"Listing\"",
					     "[[]]",
					     "[{}]",
					     "null",
					     "{\"data\":[]}",
					     "{\"data\":{\"children\":{}}}",
					     "" };
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (page_reads(b, table[i])) {
			print_error("%s\n", table[i]);
		}
		assert_false(page_reads(b, table[i]));
	}
	assert_true(page_reads(b, "{\"kind\":\"Listing\",\"data\":{\"children\":[]}}"));
	assert_true(page_reads(b, "{\"json\":{\"errors\":[],\"data\":{\"things\":[]}}}"));
	assert_true(page_reads(b, "{\"conversations\":{}}"));
	assert_int_equal(b->out.n_bad, 1);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_is_a_kind_and_small_letters),
		ON_BENCH(test_who_is_named),
		ON_BENCH(test_a_time_is_a_number_of_this_world),
		ON_BENCH(test_what_is_gone_and_what_is_not),
		ON_BENCH(test_what_cannot_be_told_is_bad),
		ON_BENCH(test_links_stay_on_reddit),
		ON_BENCH(test_a_tree_is_cut_open),
		ON_BENCH(test_a_large_tree_is_asked_for_by_name),
		ON_BENCH(test_what_is_no_listing_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
