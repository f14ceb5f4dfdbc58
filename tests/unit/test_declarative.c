/* Protects how a described network is walked, whatever way it pages; and that neither a description nor what a server says leads a
 * request elsewhere, round in circles, or past its bounds. */
#include <string.h>

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "daemon/base/network.h"
#include "tests/cm.h"

#define SERVER     "https://board.example"
#define MOST_POSTS 400

static const struct wall now = { INT64_C(1795248000000000) };

struct board {
	struct arena *arena;
	const struct connector *connector;
	struct connector_ctx ctx;
	int n; /* posts 1 … n */
	int at[MOST_POSTS +
	       1];     /* when each was said, in seconds after an instant; 0: one a second */
	int liar;      /* says a key that is none */
	bool is_stuck; /* gives its first page for ever */
	bool is_seen[MOST_POSTS + 1];
	int n_asked;
	struct text state;
};

static const char *const frame =
	"{\"network\":\"board\",\"about\":\"A board: words\",\"needs\":\"a key\","
	"\"auth\":{\"by\":\"bearer\"},\"identify\":{\"get\":\"/me\",\"id\":\"{id}\"},"
	"\"can\":{\"hears\":\"post\",\"history\":\"all\"},"
	"\"elements\":{\"post\":{\"id\":\"{id}\",\"author\":{\"id\":\"{by}\"},\"kind\":\"post\","
	"\"plain\":\"{words}\",\"at\":\"{at}\",\"time\":\"epoch\"}},"
	"\"sources\":{\"all\":{\"always\":true,\"get\":\"/"
	"posts\",\"query\":{%s},\"list\":{\"posts\":\"post\"},"
	"\"paging\":{%s}}},\"recheck\":[{\"get\":\"/posts/"
	"{@subject}\",\"one\":{\"post\":\"post\"}}]}";

static void board_open(struct board *b, const char *query, const char *paging)
{
	struct err err = { 0 };

	*b = (struct board){ .arena = arena_create(LIMIT_PAGE_ARENA_BYTES), .liar = -1 };
	b->connector =
		network_describe(b->arena, text_printf(b->arena, frame, query, paging), &err);
	if (b->connector == NULL) {
		print_error("%s\n", err.text);
	}
	assert_non_null(b->connector);
	b->ctx = (struct connector_ctx){ .arena = b->arena,
					 .now = now,
					 .server = TEXT(SERVER),
					 .token = TEXT("k3y"),
					 .own_id = TEXT("1"),
					 .description = b->connector->description };
}

static void board_close(struct board *b)
{
	arena_destroy(&b->arena);
}

static int64_t second_of(const struct board *b, int id)
{
	return 1795000000 + (b->at[id] != 0 ? b->at[id] : id);
}

static void post_print(const struct board *b, int id, struct strbuf *out)
{
	strbuf_printf(out, "{\"id\":%d,\"by\":2,\"words\":\"hello\",\"at\":%lld,\"key\":%s}", id,
		      (long long)second_of(b, id),
		      id == b->liar ? "9223372036854775807" : text_printf(b->arena, "%d", id).at);
}

static int64_t parameter(struct board *b, struct text url, const char *name, int64_t otherwise)
{
	struct text value;
	int64_t n = otherwise;

	return url_query_get(b->arena, url, text_of(name), &value) && num_parse_i64(value, &n)
		       ? n
		       : otherwise;
}

/* What the board answers: newest first unless `since` is asked for. */
static struct response answer(struct board *b, struct text url)
{
	int size = (int)parameter(b, url, "size", 10), from, shown = 0;
	int64_t page = b->is_stuck ? 0 : parameter(b, url, "page", 0);
	int64_t offset = b->is_stuck ? 0 : parameter(b, url, "offset", page * size);
	int64_t before = b->is_stuck ? INT64_MAX : parameter(b, url, "before", INT64_MAX);
	int64_t since = parameter(b, url, "since", -1);
	struct strbuf out;
	struct response r = { .status = 200, .received_at = now };

	strbuf_init(&out, LIMIT_BODY_BYTES);
	strbuf_add_str(&out, "{\"posts\":[");
	for (int id = since >= 0 ? 1 : b->n; id >= 1 && id <= b->n && shown < size;
	     id += since >= 0 ? 1 : -1) {
		from = b->n - id;
		if (from < offset || id >= before || (since >= 0 && second_of(b, id) <= since)) {
			continue;
		}
		strbuf_add_str(&out, shown++ > 0 ? "," : "");
		post_print(b, id, &out);
	}
	strbuf_add_str(&out, "]");
	if (offset + shown < b->n) {
		strbuf_printf(&out, ",\"next\":\"%lld\"", (long long)(page + 1));
	}
	strbuf_add_str(&out, "}");
	r.body = text_dup(b->arena, strbuf_text(&out));
	strbuf_done(&out);
	r.headers = ARENA_ARRAY(b->arena, struct header, 2);
	r.headers[0] = (struct header){ TEXT("Content-Type"), TEXT("application/json") };
	r.headers[1] =
		(struct header){ TEXT("Link"),
				 text_printf(b->arena,
					     "<https://elsewhere.example/steal?page=%lld&t=x>; "
					     "rel=\"next\"",
					     (long long)(page + 1)) };
	r.n_headers = offset + shown < b->n ? 2 : 1;
	return r;
}

/* One whole poll, or sweep. */
static void poll(struct board *b, enum op op, struct wall since, int page_limit, bool *ret_hole)
{
	bool is_more = true;

	*ret_hole = false;
	for (int i = 0; is_more; i++) {
		struct question q = { .op = op,
				      .source = TEXT("all"),
				      .state = b->state,
				      .since = since,
				      .page_limit = page_limit };
		struct request ask;
		struct response r;
		struct outcome o;
		struct err err = { 0 };

		assert_true(i < 1000);
		assert_true(b->connector->ask(&b->ctx, &q, &ask, &err));
		assert_true(text_starts(ask.url, TEXT(SERVER "/posts?")));
		r = answer(b, ask.url);
		b->n_asked++;
		if (!b->connector->digest(&b->ctx, &q, &r, &o, &err)) {
			print_error("%s\n", err.text);
			fail();
		}
		for (size_t k = 0; k < o.n_messages; k++) {
			int64_t id = 0;

			assert_true(num_parse_range(o.messages[k].external_id, 1, MOST_POSTS, &id));
			b->is_seen[id] = true;
		}
		assert_true(o.state.len < 500);
		b->state = o.state;
		is_more = o.is_more;
		*ret_hole = *ret_hole || o.has_hole;
	}
}

static void assert_all_seen(const struct board *b)
{
	for (int id = 1; id <= b->n; id++) {
		if (!b->is_seen[id]) {
			print_error("%d of %d was not read\n", id, b->n);
			fail();
		}
	}
}

static const struct {
	const char *query, *paging;
} ways[] = {
	{ "\"page\":\"{@page.number}\",\"size\":\"{@page.size}\"",
	  "\"by\":\"number\",\"first\":0,\"most\":30,\"key\":\"{key}\"" },
	{ "\"offset\":\"{@page.offset}\",\"size\":\"{@page.size}\"",
	  "\"by\":\"offset\",\"most\":30,\"key\":\"{key}\"" },
	{ "\"page\":\"{@page.cursor}\",\"size\":\"{@page.size}\"",
	  "\"by\":\"cursor\",\"where\":\"next\",\"most\":30,\"key\":\"{key}\"" },
	{ "\"page\":\"{@page.cursor}\",\"size\":\"30\"",
	  "\"by\":\"link\",\"where\":\"page\",\"key\":\"{key}\"" },
	{ "\"before\":\"{@page.cursor}\",\"size\":\"{@page.size}\"",
	  "\"by\":\"element\",\"most\":30,\"key\":\"{key}\"" },
	{ "\"since\":\"{@page.cursor}\",\"size\":\"{@page.size}\",\"from\":\"{@since}\"",
	  "\"by\":\"element\",\"most\":30,\"key\":\"{at}\",\"time\":\"epoch\",\"order\":\"oldest "
	  "first\"" },
};
#define N_WAYS (sizeof(ways) / sizeof(ways[0]))

static void test_every_way_of_paging_reads_everything(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_WAYS; i++) {
		/* Oldest first begins at what history asks for. */
		struct wall since = { INT64_C(1794999999) * 1000000 };
		struct board b;
		bool has_hole;

		board_open(&b, ways[i].query, ways[i].paging);
		b.n = 170;
		poll(&b, OP_POLL, since, 0, &has_hole);
		assert_all_seen(&b);
		assert_false(has_hole);
		/* Nothing new: a page or two. */
		b.n_asked = 0;
		poll(&b, OP_POLL, since, 0, &has_hole);
		assert_in_range(b.n_asked, 1, 2);
		assert_false(has_hole);
		/* More than a page of news. */
		b.n = 250;
		poll(&b, OP_POLL, since, 0, &has_hole);
		assert_all_seen(&b);
		assert_false(has_hole);
		/* The same one by one, as after an answer that was too large. */
		if (strstr(ways[i].query, "page.size") != NULL) {
			b.n = 260;
			poll(&b, OP_POLL, since, 1, &has_hole);
			assert_all_seen(&b);
			b.n = 290;
			poll(&b, OP_POLL, since, 0, &has_hole);
			assert_all_seen(&b);
		}
		board_close(&b);
	}
}

static void test_a_sweep_goes_back_to_its_window_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_WAYS; i++) {
		struct board b;
		bool has_hole;

		board_open(&b, ways[i].query, ways[i].paging);
		b.n = 300;
		poll(&b, OP_SWEEP, (struct wall){ INT64_C(1795000250) * 1000000 }, 0, &has_hole);
		for (int id = 251; id <= 300; id++) {
			assert_true(b.is_seen[id]);
		}
		assert_in_range(b.n_asked, 2, 5);
		assert_false(b.is_seen[100]);
		board_close(&b);
	}
}

static void test_one_key_that_is_a_lie_hides_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < N_WAYS; i++) { /* those that go by a number */
		struct board b;
		bool has_hole;

		board_open(&b, ways[i].query, ways[i].paging);
		b.n = b.liar = 100;
		poll(&b, OP_POLL, (struct wall){ 0 }, 0, &has_hole);
		assert_all_seen(&b);
		b.n = 200;
		poll(&b, OP_POLL, (struct wall){ 0 }, 0, &has_hole);
		assert_all_seen(&b);
		board_close(&b);
	}
}

static void test_a_server_that_repeats_itself_is_left(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < N_WAYS; i++) {
		struct board b;
		bool has_hole;

		board_open(&b, ways[i].query, ways[i].paging);
		b.n = 100;
		poll(&b, OP_POLL, (struct wall){ 0 }, 0, &has_hole);
		b.n = 300;
		b.is_stuck = true;
		b.n_asked = 0;
		poll(&b, OP_POLL, (struct wall){ 0 }, 0, &has_hole);
		assert_in_range(b.n_asked, 1, 3);
		/* What lies between is not to be had: that is told, where a full page can be known. */
		assert_true(has_hole || strstr(ways[i].paging, "most") == NULL);
		board_close(&b);
	}
}

static void test_equal_times_across_an_edge(void **state)
{
	struct board b;
	bool has_hole;

	(void)state;
	board_open(&b, ways[5].query, ways[5].paging);
	b.n = 100;
	for (int id = 20; id <= 45; id++) {
		b.at[id] = 20; /* nearly a page of one second */
	}
	poll(&b, OP_POLL, (struct wall){ INT64_C(1794999999) * 1000000 }, 0, &has_hole);
	assert_all_seen(&b);
	assert_false(has_hole);
	board_close(&b);
	board_open(&b, ways[5].query, ways[5].paging);
	b.n = 100;
	for (int id = 20; id <= 80; id++) {
		b.at[id] = 20; /* two pages: nobody can read them, and that is told */
	}
	poll(&b, OP_POLL, (struct wall){ INT64_C(1794999999) * 1000000 }, 0, &has_hole);
	assert_true(has_hole);
	board_close(&b);
}

/* ---- what leads astray ---- */

static void test_what_is_filled_in_stays_in_its_place(void **state)
{
	static const char *const hostile[] = { "../../admin",   "a?x=1&y=2#z", "//evil.example/x",
					       "@evil.example", "a b\\c",      "%2e%2e/x",
					       "x;y",           "\xc3\xa9" };
	struct board b;
	struct err err = { 0 };

	(void)state;
	board_open(&b, ways[0].query, ways[0].paging);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct text subject = text_of(hostile[i]);
		struct question q = { .op = OP_RECHECK, .subjects = &subject, .n_subjects = 1 };
		struct request r;
		struct url u;

		assert_true(b.connector->ask(&b.ctx, &q, &r, &err));
		assert_true(url_parse(r.url, &u) && text_eq(u.host, TEXT("board.example")));
		assert_true(text_starts(u.path, TEXT("/posts/")) && u.query.len == 0);
		assert_int_equal(text_find(text_slice(u.path, 7, SIZE_MAX), TEXT("/"), 0),
				 SIZE_MAX);
		assert_true(text_eq(r.bearer, TEXT("k3y")));
		assert_int_equal(text_find(r.url, TEXT("k3y"), 0), SIZE_MAX);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const dots[] = { ".", "..", "" };
		struct text subject = text_of(dots[i]);
		struct question q = { .op = OP_RECHECK, .subjects = &subject, .n_subjects = 1 };
		struct request r;

		assert_false(b.connector->ask(&b.ctx, &q, &r, &err));
		assert_int_equal(err.kind, ERR_DATA);
	}
	board_close(&b);
}

/* A description that makes a hundred times as much of each element, and a page as large as pages may be. */
static void test_memory_stays_bounded(void **state)
{
	static const char *const heavy =
		"{\"network\":\"heavy\",\"about\":\"x: "
		"y\",\"needs\":\"z\",\"can\":{\"hears\":\"post\","
		"\"history\":\"all\"},\"elements\":{\"post\":{\"id\":\"{id}\",\"author\":{\"id\":"
		"\"1\"},"
		"\"kind\":\"post\",\"plain\":[%s],\"title\":[%s],\"revision\":[%s]}},\"sources\":{"
		"\"all\":{"
		"\"get\":\"/"
		"p\",\"list\":{\"\":\"post\"},\"paging\":{\"by\":\"nothing\",\"key\":\"{id}\"}}}}";
	static const char *const many =
		"\"{w}{w}{w}{w}{w}{w}{w}{w}{none}\",\"{w}{w}{w}{w}{w}{w}{w}{w}\"";
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES),
		     *page = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct question q = { .op = OP_POLL, .source = TEXT("all") };
	struct connector_ctx ctx = { .arena = page, .now = now, .server = TEXT(SERVER) };
	struct response r = { .status = 200, .received_at = now };
	struct outcome o;
	struct strbuf body;
	struct err err = { 0 };
	const struct connector *c =
		network_describe(a, text_printf(a, heavy, many, many, many), &err);

	(void)state;
	if (c == NULL) {
		print_error("%s\n", err.text);
	}
	assert_non_null(c);
	ctx.description = c->description;
	strbuf_init(&body, LIMIT_BODY_BYTES);
	for (int i = 0; i < 150; i++) {
		strbuf_printf(&body, "%s{\"id\":%d,\"w\":\"%012000d\"}", i == 0 ? "[" : ",", i + 1,
			      7);
	}
	strbuf_add_byte(&body, ']');
	assert_false(body.is_full);
	r.body = strbuf_text(&body);
	assert_true(c->digest(&ctx, &q, &r, &o, &err));
	assert_int_equal(o.n_messages + o.n_bad, 150);
	assert_true(o.n_messages > 10 && o.n_bad > 10); /* what was too much is told */
	strbuf_done(&body);
	arena_destroy(&page);
	arena_destroy(&a);
}

static void test_states_that_are_none_cost_only_duplicates(void **state)
{
	static const char *const states[] = {
		"7",
		"[]",
		"{",
		"{\"pages\":-1,\"offset\":-5}",
		"{\"offset\":9223372036854775807,\"pages\":1}",
		"{\"known\":\"x\",\"step\":99,\"cursor\":[1]}",
		"{\"mark\":\"none\",\"newest\":null}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]) * N_WAYS; i++) {
		struct board b;
		bool has_hole;

		board_open(&b, ways[i % N_WAYS].query, ways[i % N_WAYS].paging);
		b.n = 100;
		b.state = text_of(states[i / N_WAYS]);
		poll(&b, OP_POLL, (struct wall){ INT64_C(1794999999) * 1000000 }, 0, &has_hole);
		assert_all_seen(&b);
		board_close(&b);
	}
}

static void test_those_that_come_with_us_are_right(void **state)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);

	(void)state;
	for (size_t i = 0; i < n_networks; i++) {
		struct err err = { 0 };
		const struct connector *c = network_shipped(a, text_of(networks[i].name), &err);

		assert_non_null(c);
		assert_string_equal(c->name, networks[i].name);
		assert_null(connector_find(text_of(networks[i].name)));
		assert_non_null(strchr(c->about, ':'));
	}
	arena_destroy(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_way_of_paging_reads_everything),
		cmocka_unit_test(test_a_sweep_goes_back_to_its_window_only),
		cmocka_unit_test(test_one_key_that_is_a_lie_hides_nothing),
		cmocka_unit_test(test_a_server_that_repeats_itself_is_left),
		cmocka_unit_test(test_equal_times_across_an_edge),
		cmocka_unit_test(test_what_is_filled_in_stays_in_its_place),
		cmocka_unit_test(test_memory_stays_bounded),
		cmocka_unit_test(test_states_that_are_none_cost_only_duplicates),
		cmocka_unit_test(test_those_that_come_with_us_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
