/* Protects what items of Hacker News become, in their three shapes: ids, times, kinds, what is gone or hollow, loose matches; and that an
 * odd one costs only itself. */
#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "connectors/hackernews_item.h"
#include "tests/cm.h"

struct bench {
	struct arena *arena;
	struct connector_ctx ctx;
	struct option_value username;
	struct outcome out;
	struct hackernews_page page;
	int64_t last;
	struct err err;
};

static int bench_open(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	b->username = (struct option_value){ "username", TEXT("shop") };
	b->ctx = (struct connector_ctx){ .arena = b->arena,
					 .options = &b->username,
					 .n_options = 1 };
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

static bool page_reads(struct bench *b, const char *words, struct text page)
{
	b->out = (struct outcome){ 0 };
	return hackernews_page_read(&b->ctx, text_of(words), page, &b->out, &b->page, &b->err);
}

/* One hit of a search; NULL: it became no message. */
static const struct message *hit(struct bench *b, const char *members)
{
	assert_true(page_reads(b, "", text_printf(b->arena, "{\"hits\":[{%s}]}", members)));
	return b->out.n_messages == 1 ? b->out.messages : NULL;
}

static void test_an_id_is_a_number_without_ornament(void **state)
{
	static const struct {
		const char *id;
		bool is;
	} table[] = {
		{ "1", true },   { "999999999999", true }, { "9999999999999", false },
		{ "0", false },  { "01", false },          { "-1", false },
		{ "+1", false }, { "1.0", false },         { "1 ", false },
		{ "", false },   { "a", false },           { "1/../2", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (hackernews_is_id(text_of(table[i].id)) != table[i].is) {
			print_error("'%s'\n", table[i].id);
		}
		assert_int_equal(hackernews_is_id(text_of(table[i].id)), table[i].is);
	}
}

#define BY_ANN "\"author\":\"ann\",\"comment_text\":\"hi\",\"parent_id\":5,\"story_id\":5,"

static void test_ids_and_times_in_any_dress(void **state)
{
	static const struct {
		const char *members, *id; /* NULL: bad */
		int64_t s;
	} table[] = {
		{ BY_ANN "\"objectID\":\"7\",\"created_at_i\":1795168770", "7", 1795168770 },
		{ BY_ANN "\"objectID\":7,\"time\":1795168770", "7", 1795168770 },
		{ BY_ANN "\"id\":7,\"created_at_i\":0", "7", 0 },
		{ BY_ANN "\"id\":7,\"created_at_i\":-5", "7", 0 },
		{ BY_ANN "\"id\":7,\"created_at_i\":253402300800", "7", 0 },
		{ BY_ANN "\"id\":7,\"created_at_i\":\"1795168770\"", "7", 0 },
		{ BY_ANN "\"id\":7,\"created_at_i\":1.5", "7", 0 },
		{ BY_ANN "\"objectID\":\"x\",\"id\":7", NULL, 0 }, /* never another's */
		{ BY_ANN "\"objectID\":[7],\"id\":7", NULL, 0 },
		{ BY_ANN "\"id\":-7", NULL, 0 },
		{ BY_ANN "\"id\":7.5", NULL, 0 },
		{ BY_ANN "\"created_at_i\":1795168770", NULL, 0 },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct message *m = hit(b, table[i].members);

		if ((m != NULL) != (table[i].id != NULL)) {
			print_error("%s\n", table[i].members);
		}
		assert_int_equal(m != NULL, table[i].id != NULL);
		assert_int_equal(b->out.n_bad, table[i].id == NULL);
		if (m != NULL) {
			assert_true(text_eq(m->external_id, text_of(table[i].id)));
			assert_int_equal(m->posted_at.us, table[i].s * 1000000);
		}
	}
}

static void test_kinds_go_by_where_it_stands(void **state)
{
	static const struct {
		const char *members;
		int kind; /* -1: bad */
	} table[] = {
		{ "\"id\":7,\"by\":\"ann\",\"title\":\"Ask\"", MESSAGE_POST },
		{ "\"id\":7,\"by\":\"ann\",\"title\":\"Ask\",\"parent_id\":null", MESSAGE_POST },
		{ "\"id\":7,\"by\":\"ann\",\"text\":\"x\",\"parent\":5,\"story_id\":5",
		  MESSAGE_COMMENT },
		{ "\"id\":7,\"by\":\"ann\",\"text\":\"x\",\"parent\":6,\"story_id\":5",
		  MESSAGE_REPLY },
		{ "\"id\":7,\"by\":\"ann\",\"text\":\"x\",\"parent\":6,\"type\":\"pollopt\"",
		  MESSAGE_OTHER },
		{ "\"id\":7,\"by\":\"ann\",\"text\":\"x\",\"parent_id\":\"x\"", -1 },
		{ "\"id\":7,\"by\":\"ann\",\"text\":\"x\",\"parent_id\":0", -1 },
		{ "\"id\":7,\"by\":\"ann\",\"text\":\"x\",\"parent\":{}", -1 },
		{ "\"id\":7,\"by\":\"ann\",\"text\":\"x\",\"_tags\":[\"comment\"]", -1 },
		{ "\"id\":7,\"by\":\"ann\",\"text\":\"x\",\"_tags\":{\"comment\":1}",
		  MESSAGE_POST },
		{ "\"id\":7,\"by\":\"ann\",\"text\":\"\",\"title\":\"\"", -1 },
		{ "\"id\":7,\"by\":\"\",\"text\":\"x\"", -1 },
		{ "\"id\":7,\"by\":{\"ann\":1},\"text\":\"x\"", -1 },
		{ "\"id\":7,\"text\":\"x\"", -1 },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct message *m = hit(b, table[i].members);

		if ((m == NULL ? -1 : (int)m->kind) != table[i].kind) {
			print_error("%s\n", table[i].members);
		}
		assert_int_equal(m == NULL ? -1 : (int)m->kind, table[i].kind);
	}
}

static void test_gone_hollow_and_ours(void **state)
{
	struct bench *b = *state;

	assert_null(hit(b, "\"id\":7,\"deleted\":true"));
	assert_int_equal(b->out.n_gone, 1);
	assert_null(hit(b, BY_ANN "\"id\":7,\"dead\":true"));
	assert_int_equal(b->out.n_gone, 1);
	assert_null(hit(b, "\"deleted\":true")); /* of whom? */
	assert_int_equal(b->out.n_gone, 0);
	assert_int_equal(b->out.n_bad, 1);
	assert_non_null(hit(b, BY_ANN "\"id\":7,\"deleted\":\"true\""));
	/* A hollow place in a tree says nothing; the same without a tree cannot be read. */
	assert_null(hit(b, "\"id\":7,\"author\":null,\"text\":null,\"children\":[]"));
	assert_int_equal(b->out.n_bad + b->out.n_gone, 0);
	assert_null(hit(b, "\"id\":7,\"author\":null,\"text\":null"));
	assert_int_equal(b->out.n_bad, 1);
	assert_int_equal(hit(b, "\"id\":7,\"author\":\"shop\",\"title\":\"x\"")->direction,
			 MESSAGE_OUTBOUND);
	assert_int_equal(hit(b, "\"id\":7,\"author\":\"Shop\",\"title\":\"x\"")->direction,
			 MESSAGE_INBOUND); /* names are told apart by their case there */
}

static void test_loose_matches_are_left_out(void **state)
{
	static const struct {
		const char *words, *title;
		bool is_kept;
	} table[] = {
		{ "", "anything", true },       { "Acme", "about ACME tea", true },
		{ "acme", "acne", false },      { "acme tea", "tea by acme", false },
		{ "acme", "acm\\u0065", true }, { "caf\xc3\xa9", "caf\\u00e9", true },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_true(page_reads(
			b, table[i].words,
			text_printf(b->arena,
				    "{\"hits\":[{\"id\":7,\"author\":\"ann\",\"title\":\"%s\"}]}",
				    table[i].title)));
		if (b->out.n_messages != table[i].is_kept) {
			print_error("%s in %s\n", table[i].words, table[i].title);
		}
		assert_int_equal(b->out.n_messages, table[i].is_kept);
		assert_int_equal(b->out.n_bad, 0);
		assert_int_equal(b->page.n, 1);
	}
}

static void test_a_page_says_how_much_there_is_or_nothing(void **state)
{
	struct bench *b = *state;
	struct strbuf s = { .max_bytes = LIMIT_BODY_BYTES };

	assert_true(page_reads(b, "",
			       TEXT("{\"hits\":[],\"page\":2,\"nbPages\":\"3\",\"nbHits\":-1}")));
	assert_int_equal(b->page.page, 2);
	assert_int_equal(b->page.n_pages, -1);
	assert_int_equal(b->page.n_hits, -1);
	/* Stories are noted once, and thirty of them. */
	strbuf_add_str(&s, "{\"hits\":[7");
	for (int i = 1; i <= 80; i++) {
		strbuf_printf(&s,
			      ",{\"id\":%d,\"author\":\"ann\",\"text\":\"x\",\"parent_id\":9,"
			      "\"story_id\":%d}",
			      1000 + i, 1 + i / 2);
	}
	strbuf_add_str(&s, "]}");
	assert_true(page_reads(b, "", strbuf_text(&s)));
	assert_int_equal(b->out.n_messages, 80);
	assert_int_equal(b->out.n_bad, 1);
	assert_int_equal(b->page.n_stories, 30);
	assert_true(text_eq(b->page.stories[0], TEXT("1")) &&
		    text_eq(b->page.stories[1], TEXT("2")));
	strbuf_done(&s);
}

static bool item_reads(struct bench *b, int64_t after, struct text page)
{
	b->out = (struct outcome){ 0 };
	return hackernews_item_read(&b->ctx, after, page, &b->out, &b->last, &b->err);
}

static void test_a_tree_is_read_level_by_level(void **state)
{
	struct bench *b = *state;

	assert_true(
		item_reads(b, 0,
			   TEXT("{\"id\":1,\"author\":\"shop\",\"title\":\"Show\",\"children\":["
				"{\"id\":2,\"author\":\"ann\",\"text\":\"a\",\"parent_id\":1,"
				"\"story_id\":1,\"children\":["
				"{\"id\":4,\"author\":\"bob\",\"text\":\"b\",\"parent_id\":2,"
				"\"story_id\":1,\"children\":{}}]},"
				"7,[],{\"id\":3,\"author\":\"cid\",\"text\":\"c\",\"parent_id\":1,"
				"\"story_id\":1}]}")));
	assert_int_equal(b->last, 0);
	assert_int_equal(b->out.n_messages, 4);
	assert_true(text_eq(b->out.messages[1].external_id, TEXT("2")));
	assert_true(text_eq(b->out.messages[2].external_id, TEXT("3")));
	assert_true(text_eq(b->out.messages[3].external_id, TEXT("4")));
	assert_int_equal(b->out.n_bad, 2);
	assert_true(text_find(b->out.messages[1].raw, TEXT("bob"), 0) == SIZE_MAX);
	assert_false(page_reads(b, "", TEXT("{\"hits\":{}}")));
	assert_false(page_reads(b, "", TEXT("[]")));
	assert_false(page_reads(b, "", TEXT("null")));
}

/* A story with so many comments, the newest first, every tenth below the one before; their ids are 1000 and up. */
static struct text large_tree(struct bench *b, int n)
{
	scoped(strbuf_done) struct strbuf s = { .max_bytes = LIMIT_BODY_BYTES };

	strbuf_add_str(&s, "{\"id\":7,\"author\":\"shop\",\"title\":\"Show\",\"children\":[");
	for (int i = n - 1; i >= 0; i--) {
		strbuf_printf(&s,
			      "%s{\"id\":%d,\"author\":\"ann\",\"text\":\"a\",\"parent_id\":7,"
			      "\"children\":[",
			      i < n - 1 ? "," : "", 1000 + i);
		if (i % 10 == 0 && i > 0) {
			strbuf_printf(&s,
				      "{\"id\":%d,\"author\":\"bob\",\"text\":\"b\",\"parent_id\":%"
				      "d,\"children\":[]}",
				      1000 + i - 1, 1000 + i);
			i--;
		}
		strbuf_add_str(&s, "]}");
	}
	strbuf_add_str(&s, "]}");
	assert_false(s.is_full);
	return text_dup(b->arena, strbuf_text(&s));
}

/* More than a page of messages may hold: it is read on, and what is said meanwhile moves nothing. */
static void test_a_large_tree_is_read_in_steps(void **state)
{
	struct bench *b = *state;
	int64_t last;

	assert_true(item_reads(b, 0, large_tree(b, 999)));
	assert_int_equal(b->out.n_messages, 1000);
	assert_int_equal(b->last, 0);
	assert_true(item_reads(b, 0, large_tree(b, 1100)));
	assert_int_equal(b->out.n_messages, 1000);
	assert_int_equal(b->last, 1998);
	assert_true(text_eq(b->out.messages[0].external_id, TEXT("7")));
	last = b->last;
	assert_true(item_reads(b, last, large_tree(b, 1150)));
	assert_int_equal(b->out.n_messages, 151);
	assert_int_equal(b->last, 0);
	assert_true(text_eq(b->out.messages[0].external_id, TEXT("1999")));
	assert_true(text_eq(b->out.messages[150].external_id, TEXT("2149")));
	assert_int_equal(b->out.n_bad, 0);
}

static void test_a_tree_without_end_is_told(void **state)
{
	struct bench *b = *state;
	size_t n = 0, n_bad = 0;

	b->last = 0;
	do {
		int64_t after = b->last;

		arena_destroy(&b->arena); /* each answer has one of its own */
		b->ctx.arena = b->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
		assert_true(item_reads(b, after, large_tree(b, 21000)));
		assert_true(b->last == 0 || b->last > after);
		n += b->out.n_messages;
		n_bad += b->out.n_bad;
	} while (b->last > 0);
	assert_int_equal(n, 20000);
	assert_int_equal(n_bad, 1);
}

static struct outcome thread_step(struct bench *b, struct text state, struct text body)
{
	struct header type = { TEXT("Content-Type"), TEXT("application/json") };
	struct response r = { .status = 200, .headers = &type, .n_headers = 1, .body = body };
	const struct connector *c = connector_find(TEXT("hackernews"));
	struct text id = TEXT("7");
	struct question q = { .op = OP_THREAD, .subjects = &id, .n_subjects = 1, .state = state };
	struct request request;
	struct outcome o;

	assert_true(c->ask(&b->ctx, &q, &request, &b->err));
	assert_true(text_find(request.url, TEXT("/api/v1/items/7"), 0) != SIZE_MAX);
	assert_true(c->digest(&b->ctx, &q, &r, &o, &b->err));
	return o;
}

static void test_a_large_thread_is_asked_again(void **state)
{
	struct bench *b = *state;
	struct outcome o = thread_step(b, TEXT_NONE, large_tree(b, 1100));

	assert_true(o.is_more && o.n_messages == 1000);
	o = thread_step(b, o.state, large_tree(b, 1100));
	assert_true(!o.is_more && o.n_messages == 101);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_id_is_a_number_without_ornament),
		ON_BENCH(test_ids_and_times_in_any_dress),
		ON_BENCH(test_kinds_go_by_where_it_stands),
		ON_BENCH(test_gone_hollow_and_ours),
		ON_BENCH(test_loose_matches_are_left_out),
		ON_BENCH(test_a_page_says_how_much_there_is_or_nothing),
		ON_BENCH(test_a_tree_is_read_level_by_level),
		ON_BENCH(test_a_large_tree_is_read_in_steps),
		ON_BENCH(test_a_tree_without_end_is_told),
		ON_BENCH(test_a_large_thread_is_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
