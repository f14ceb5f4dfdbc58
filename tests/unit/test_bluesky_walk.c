/* Protects Bluesky's walks: equal times across the edge of a page, pages and messages that are larger
 * than we read. The server here is a list of posts and a strict "<". */
#include <stdio.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "tests/cm.h"

#define MOST_ITEMS 3000
#define SESSION                                                                                    \
	"{\"access\":\"a\",\"refresh\":\"r\",\"did\":\"did:plc:us\",\"pds\":\"https://"            \
	"pds.example\"}"

struct server {
	int page, n, n_requests, n_searches, n_holes;
	int limit; /* of the question */
	int giant; /* number of the item that is larger than we read; 0: none */
	int n_told;
	enum { SEARCH_GOOD, SEARCH_BY_TEXT_ONLY, SEARCH_REFUSED } search;
	int64_t second[MOST_ITEMS]; /* of item i, newest last */
	bool is_seen[MOST_ITEMS];
	bool is_cursor_always; /* an empty page carries one as well */
};

static int page_of(struct arena *a, const struct server *s, struct text url)
{
	struct text value;
	int64_t limit;

	assert_true(url_query_get(a, url, TEXT("limit"), &value) &&
		    num_parse_range(value, 1, 100, &limit));
	return limit < s->page ? (int)limit : s->page;
}

static const struct wall epoch = { INT64_C(1763700000000000) };

static struct text time_text(struct arena *a, int64_t second)
{
	char when[WALL_TEXT_BYTES];

	(void)wall_format(wall_add(epoch, DUR_S(second)), when);
	return text_printf(a, "%.23sZ", when);
}

static struct text page_end(struct arena *a, struct strbuf *b, struct text cursor, bool is_cursor)
{
	struct text out;

	strbuf_add_byte(b, ']');
	if (is_cursor) {
		strbuf_printf(b, ",\"cursor\":\"%.*s\"", TEXT_ARG(cursor));
	}
	strbuf_add_byte(b, '}');
	out = text_dup(a, strbuf_text(b));
	strbuf_done(b);
	return out;
}

static void item_add(struct strbuf *b, bool is_first, int i, struct text at)
{
	strbuf_printf(b,
		      "%s{\"uri\":\"at://did:plc:c/app.bsky.feed.post/p%d\",\"cid\":\"c\","
		      "\"author\":{\"did\":\"did:plc:c\"},\"reason\":\"mention\",\"record\":"
		      "{\"$type\":\"app.bsky.feed.post\",\"text\":\"x\",\"createdAt\":\"%.*s\"},"
		      "\"indexedAt\":\"%.*s\"}",
		      is_first ? "" : ",", i, TEXT_ARG(at), TEXT_ARG(at));
}

/* Newest first, a bare time as cursor, a strict "<": what shares the last time of a page is lost. */
static struct text notifications_answer(struct arena *a, struct server *s, struct text url,
					bool *ret_is_cut)
{
	struct wall before = wall_add(epoch, DUR_S(100000000));
	struct text cursor;
	struct strbuf b;
	int n = 0, page = page_of(a, s, url);

	if (url_query_get(a, url, TEXT("cursor"), &cursor)) {
		assert_true(wall_parse(cursor, &before));
	}
	strbuf_init(&b, LIMIT_BODY_BYTES);
	strbuf_add_str(&b, "{\"notifications\":[");
	cursor = TEXT_NONE;
	for (int i = s->n - 1; i >= 0 && n < page; i--) {
		if (wall_before(wall_add(epoch, DUR_S(s->second[i])), before)) {
			cursor = time_text(a, s->second[i]);
			item_add(&b, n++ == 0, i, cursor);
			*ret_is_cut = *ret_is_cut || (s->giant > 0 && i == s->giant);
		}
	}
	return page_end(a, &b, cursor, cursor.len > 0 || s->is_cursor_always);
}

/* The search: its cursor is a place. One that knows no filters looks for the words alone. */
static struct text search_answer(struct arena *a, struct server *s, struct text url)
{
	struct wall since = { 0 }, until = wall_add(epoch, DUR_S(100000000));
	int64_t below = s->n;
	struct text value;
	struct strbuf b;
	int n = 0, page = page_of(a, s, url);

	assert_true(url_query_get(a, url, TEXT("q"), &value));
	if (s->search == SEARCH_GOOD) {
		assert_true(text_eq(value, TEXT("*")));
		assert_true(url_query_get(a, url, TEXT("since"), &value) &&
			    wall_parse(value, &since));
		assert_true(url_query_get(a, url, TEXT("until"), &value) &&
			    wall_parse(value, &until));
		assert_true(url_query_get(a, url, TEXT("mentions"), &value) &&
			    text_eq(value, TEXT("did:plc:us")));
	} else if (text_eq(value, TEXT("*"))) {
		below = 0; /* nobody said "*" */
	}
	if (url_query_get(a, url, TEXT("cursor"), &value)) {
		assert_true(num_parse_i64(value, &below));
	}
	strbuf_init(&b, LIMIT_BODY_BYTES);
	strbuf_add_str(&b, "{\"posts\":[");
	for (int i = (int)below - 1; i >= 0 && n < page; i--) {
		struct wall at = wall_add(epoch, DUR_S(s->second[i]));

		if (!wall_before(at, since) && wall_before(at, until)) {
			item_add(&b, n++ == 0, i, time_text(a, s->second[i]));
			below = i;
		}
	}
	return page_end(a, &b, text_printf(a, "%d", (int)below), n > 0);
}

static struct response server_answer(struct arena *a, struct server *s, struct text url)
{
	struct response r = { .status = 200 };

	s->n_requests++;
	if (text_find(url, TEXT("searchPosts"), 0) == SIZE_MAX) {
		r.body = notifications_answer(a, s, url, &r.is_cut);
		return r;
	}
	s->n_searches++;
	if (s->search == SEARCH_REFUSED) {
		r.status = 403;
		r.body = TEXT("<html><body>403 Forbidden</body></html>");
		return r;
	}
	r.body = search_answer(a, s, url);
	return r;
}

static struct connector_ctx context(struct arena *a)
{
	return (struct connector_ctx){ .arena = a,
				       .now = wall_add(epoch, DUR_S(50000000)),
				       .server = TEXT("https://bsky.example"),
				       .token = TEXT("t"),
				       .session = TEXT(SESSION),
				       .own_id = TEXT("did:plc:us"),
				       .own_handle = TEXT("us.test") };
}

static void walk(struct server *s, enum op op, struct strbuf *state)
{
	const struct connector *c = connector_find(TEXT("bluesky"));

	for (int n = 0;; n++) {
		struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
		struct connector_ctx ctx = context(a);
		struct question q = { .op = op,
				      .source = TEXT("mentions"),
				      .state = strbuf_text(state),
				      .page_limit = s->limit };
		struct response r;
		struct request ask;
		struct outcome o;
		bool is_more;

		assert_true(n < MOST_ITEMS);
		assert_true(c->ask(&ctx, &q, &ask, NULL));
		assert_true(text_starts(ask.url, TEXT("https://pds.example/xrpc/")));
		r = server_answer(a, s, ask.url);
		if (r.is_cut && s->limit != 1) {
			s->limit = 1; /* at once, not by halves */
			arena_destroy(&a);
			continue;
		}
		assert_true(c->digest(&ctx, &q, &r, &o, NULL));
		s->n_holes += o.has_hole;
		s->n_told += (int)o.n_bad;
		for (size_t i = 0; i < o.n_messages; i++) {
			struct text id = o.messages[i].external_id;
			int64_t at;

			assert_true(num_parse_i64(
				text_slice(id, sizeof("at://did:plc:c/app.bsky.feed.post/p") - 1,
					   9),
				&at));
			s->is_seen[at] = true;
		}
		is_more = o.is_more;
		assert_true(o.state.len <= LIMIT_STATE_BYTES);
		strbuf_reset(state);
		strbuf_add(state, o.state);
		arena_destroy(&a);
		if (!is_more) {
			return;
		}
	}
}

static void test_equal_times_are_not_lost(void **state)
{
	static const int pages[] = { 2, 3, 7, 100 };

	(void)state;
	for (size_t k = 0; k < sizeof(pages) / sizeof(pages[0]); k++) {
		struct server *s = calloc(1, sizeof(*s));
		struct strbuf b;
		int64_t second = 0;

		assert_non_null(s);
		s->page = pages[k];
		strbuf_init(&b, LIMIT_STATE_BYTES);
		for (int round = 0; round < 12; round++) {
			int n_news = (round * 7) % 23;

			for (int i = 0; i < n_news; i++) { /* up to page - 1 share a time */
				second += i % (s->page < 4 ? s->page - 1 : 3) == 0 ? 700 : 0;
				s->second[s->n++] = second;
			}
			walk(s, OP_POLL, &b);
			for (int i = 0; i < s->n; i++) {
				assert_true(s->is_seen[i]);
			}
		}
		s->n_requests = 0;
		s->page = 100;
		walk(s, OP_POLL, &b);
		assert_true(s->n_requests <= 2);
		memset(s->is_seen, 0, sizeof(s->is_seen));
		s->page = pages[k];
		strbuf_reset(&b);
		walk(s, OP_SWEEP, &b);
		for (int i = 0; i < s->n; i++) {
			assert_true(s->is_seen[i]);
		}
		assert_int_equal(b.len, 0);
		strbuf_done(&b);
		free(s);
	}
}

/* Below, in and above one millisecond: newest last. */
static struct server *crowd_create(int page, int n_before, int n_at_once, int n_after)
{
	struct server *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->page = page;
	for (int i = 0; i < n_before + n_at_once + n_after; i++) {
		s->second[s->n++] = i < n_before ? i : i < n_before + n_at_once ? 5000 : 5000 + i;
	}
	return s;
}

static int unseen_count(const struct server *s)
{
	int n = 0;

	for (int i = 0; i < s->n; i++) {
		n += !s->is_seen[i];
	}
	return n;
}

static void test_more_equal_times_than_a_page_are_found_by_search(void **state)
{
	static const int crowds[][4] = {
		/* page, before, at once, after */
		{ 100, 150, 250, 0 }, { 100, 150, 250, 70 }, { 100, 0, 250, 0 },
		{ 100, 3, 101, 99 },  { 100, 30, 199, 1 },   { 50, 120, 1000, 10 },
		{ 25, 60, 30, 7 },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(crowds) / sizeof(crowds[0]); k++) {
		for (int habit = 0; habit < 4; habit++) {
			struct server *s = crowd_create(crowds[k][0], crowds[k][1], crowds[k][2],
							crowds[k][3]);
			struct strbuf b;

			s->is_cursor_always = habit % 2 != 0;
			s->search = habit < 2 ? SEARCH_GOOD : SEARCH_BY_TEXT_ONLY;
			strbuf_init(&b, LIMIT_STATE_BYTES);
			walk(s, OP_POLL, &b);
			assert_int_equal(unseen_count(s), 0);
			assert_true(s->n_searches > 0);
			memset(s->is_seen, 0, sizeof(s->is_seen));
			strbuf_reset(&b);
			walk(s, OP_SWEEP, &b);
			assert_int_equal(unseen_count(s), 0);
			assert_int_equal(b.len, 0);
			strbuf_done(&b);
			free(s);
		}
	}
}

static void test_small_portions_lose_nothing(void **state)
{
	static const int limits[] = { 1, 2, 3, 6, 12, 25, 50 };

	(void)state;
	for (size_t k = 0; k < sizeof(limits) / sizeof(limits[0]); k++) {
		/* Whether the portion is that small from the start, or in the middle of a walk. */
		for (int n_first = 0; n_first < 2; n_first++) {
			struct server *s = crowd_create(100, 150, 60, 70);
			struct strbuf b;

			strbuf_init(&b, LIMIT_STATE_BYTES);
			if (n_first > 0) {
				walk(s, OP_POLL, &b);
				for (int i = 0; i < 30; i++) {
					s->second[s->n] = 90000 + i / 7;
					s->n++;
				}
			}
			s->limit = limits[k];
			walk(s, OP_POLL, &b);
			assert_int_equal(unseen_count(s), 0);
			assert_int_equal(s->n_holes, 0);
			strbuf_done(&b);
			free(s);
		}
	}
}

static void test_a_giant_is_leapt_over(void **state)
{
	/* In the middle, the newest, the oldest. */
	static const int giants[] = { 40, 79, 1 };

	(void)state;
	for (size_t k = 0; k < sizeof(giants) / sizeof(giants[0]); k++) {
		struct server *s = crowd_create(100, 80, 0, 0);
		struct strbuf b;

		for (int i = 0; i < s->n; i++) {
			s->second[i] = 600 * i;
		}
		s->giant = giants[k];
		strbuf_init(&b, LIMIT_STATE_BYTES);
		walk(s, OP_POLL, &b);
		for (int i = 0; i < s->n; i++) { /* what is lost is told, and near it */
			assert_true(s->is_seen[i] || i == s->giant ||
				    (s->giant == 79 ? i < 79 : i == s->giant - 1));
		}
		assert_int_equal(s->n_told, 1);
		assert_int_equal(s->n_holes, 1);
		s->second[s->n] = 600 * s->n; /* and what comes later is heard */
		s->n++;
		walk(s, OP_POLL, &b);
		assert_true(s->is_seen[s->n - 1]);
		strbuf_done(&b);
		free(s);
	}
}

static void test_a_search_that_is_refused_leaves_a_hole_and_the_walk_goes_on(void **state)
{
	struct server *s = crowd_create(100, 150, 250, 10);
	struct strbuf b;

	(void)state;
	s->search = SEARCH_REFUSED;
	strbuf_init(&b, LIMIT_STATE_BYTES);
	walk(s, OP_POLL, &b);
	for (int i = 0; i < s->n; i++) {
		assert_true(s->is_seen[i] || (i >= 150 && i < 400));
	}
	assert_true(unseen_count(s) > 0);
	assert_int_equal(s->n_holes, 1);
	assert_int_equal(s->n_searches, 1);
	strbuf_done(&b);
	free(s);
}

static void test_few_equal_times_need_no_search(void **state)
{
	static const int crowds[][3] = { { 150, 30, 90 }, { 0, 19, 0 }, { 0, 2, 0 }, { 1, 2, 3 } };

	(void)state;
	for (size_t k = 0; k < sizeof(crowds) / sizeof(crowds[0]); k++) {
		struct server *s = crowd_create(100, crowds[k][0], crowds[k][1], crowds[k][2]);
		struct strbuf b;

		strbuf_init(&b, LIMIT_STATE_BYTES);
		walk(s, OP_POLL, &b);
		assert_int_equal(unseen_count(s), 0);
		assert_int_equal(s->n_searches, 0);
		assert_int_equal(s->n_holes, 0);
		strbuf_done(&b);
		free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_times_are_not_lost),
		cmocka_unit_test(test_more_equal_times_than_a_page_are_found_by_search),
		cmocka_unit_test(test_small_portions_lose_nothing),
		cmocka_unit_test(test_a_giant_is_leapt_over),
		cmocka_unit_test(test_a_search_that_is_refused_leaves_a_hole_and_the_walk_goes_on),
		cmocka_unit_test(test_few_equal_times_need_no_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
