/* Protects the promise of a walk: whatever a server's paging is like, every item is read, and every
 * walk ends. The server here is a list of ids and a set of bad habits. */
#include <stdio.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "tests/cm.h"

#define MOST_ITEMS 2000

struct server {
	const char *name;
	bool is_min_ignored, is_max_ignored, is_inclusive, has_link, has_letters,
		is_first_link_only;
	int page;
	/* What it says is larger than we read when a page weighs more: a heavy item 30, others 1. */
	int heavy_every, giant_every, weight_most;
	int limit, n_fitting; /* as the listener would ask */
	/* items 1..n, the newest last */
	int n;
	bool is_seen[MOST_ITEMS + 1];
	int n_requests, n_holes;
};

static struct text id_of(struct arena *a, const struct server *s, int i)
{
	return s->has_letters ? text_printf(a, "%08xz%c", (unsigned)i * 2654435761u, 'a' + i % 26)
			      : text_printf(a, "%d", 99000 + i);
}

static int index_of(struct arena *a, const struct server *s, struct text id)
{
	for (int i = 1; i <= s->n; i++) {
		if (text_eq(id_of(a, s, i), id)) {
			return i;
		}
	}
	return 0;
}

/* Items newest first: [*from down to *to]. */
static void page_choose(struct arena *a, const struct server *s, struct text url, int *from,
			int *to)
{
	struct text id;
	int slack = s->is_inclusive ? 1 : 0, page = s->page;
	int64_t limit;

	assert_true(url_query_get(a, url, TEXT("limit"), &id) &&
		    num_parse_range(id, 1, 80, &limit));
	page = limit < page ? (int)limit : page;

	*from = s->n;
	if (!s->is_max_ignored && url_query_get(a, url, TEXT("max_id"), &id)) {
		*from = index_of(a, s, id) - 1 + slack;
	}
	*to = *from - page + 1;
	if (!s->is_min_ignored && url_query_get(a, url, TEXT("min_id"), &id)) {
		*to = index_of(a, s, id) + 1 - slack;
		*from = *to + page - 1;
	}
	*from = *from > s->n ? s->n : *from;
	*to = *to < 1 ? 1 : *to;
}

static int weight_of(const struct server *s, int i)
{
	if (s->giant_every > 0 && i % s->giant_every == 0) {
		return s->weight_most + 1;
	}
	return s->heavy_every > 0 && i % s->heavy_every == 0 ? 30 : 1;
}

static struct response server_answer(struct arena *a, struct server *s, struct text url)
{
	struct response r = { .status = 200 };
	struct strbuf b;
	int from, to, weight = 0;

	s->n_requests++;
	strbuf_init(&b, LIMIT_BODY_BYTES);
	page_choose(a, s, url, &from, &to);
	strbuf_add_byte(&b, '[');
	for (int i = from; i >= to; i--) {
		struct text id = id_of(a, s, i);

		weight += weight_of(s, i);
		strbuf_printf(
			&b,
			"%s{\"id\":\"%.*s\",\"type\":\"mention\",\"created_at\":"
			"\"2026-11-20T07:49:02Z\",\"account\":{\"id\":\"7\"},\"status\":{\"id\":"
			"\"s%.*s\",\"content\":\"x\",\"account\":{\"id\":\"7\"}}}",
			i == from ? "" : ",", TEXT_ARG(id), TEXT_ARG(id));
	}
	strbuf_add_byte(&b, ']');
	r.body = text_dup(a, strbuf_text(&b));
	strbuf_done(&b);
	r.is_cut = s->weight_most > 0 && weight > s->weight_most;
	if (r.is_cut) {
		r.body.len /= 2;
	}
	r.headers = ARENA_NEW(a, struct header);
	if (s->has_link && from >= to) {
		r.headers[0].name = TEXT("Link");
		r.headers[0].value =
			text_printf(a,
				    "<https://s.example/n?max_id=%.*s>; rel=\"next\", "
				    "<https://s.example/n?min_id=%.*s>; rel=\"prev\"",
				    TEXT_ARG(id_of(a, s, to)), TEXT_ARG(id_of(a, s, from)));
		r.n_headers = 1;
	}
	return r;
}

static void seen_mark(struct arena *a, struct server *s, const struct outcome *o)
{
	for (size_t i = 0; i < o->n_messages; i++) {
		int at = index_of(a, s, text_slice(o->messages[i].external_id, 1, SIZE_MAX));

		assert_true(at > 0);
		s->is_seen[at] = true;
	}
	for (size_t i = 0; i < o->n_bad; i++) {
		struct text id = o->bad[i].external_id;
		int at;

		assert_true(text_starts(id, TEXT("notification:")));
		at = index_of(a, s, text_slice(id, sizeof("notification:") - 1, SIZE_MAX));
		assert_true(at > 0 && weight_of(s, at) > s->weight_most);
		s->is_seen[at] = true;
	}
}

/* As the listener does it: half as much after an answer that was too large, slowly back to more. */
static bool limit_halve(struct server *s)
{
	if (s->limit == 1) {
		return false;
	}
	s->limit = s->limit == 0 ? 40 : s->limit / 2;
	return true;
}

static void limit_grow(struct server *s)
{
	if (s->limit > 0 && ++s->n_fitting % 4 == 0) {
		s->limit = s->limit >= 40 ? 0 : s->limit * 2;
	}
}

/* One whole walk; the state goes on from *state. */
static void walk(struct server *s, enum op op, struct strbuf *state)
{
	const struct connector *c = connector_find(TEXT("mastodon"));
	int n = 0;

	for (;;) {
		struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
		struct connector_ctx ctx = { .arena = a,
					     .server = TEXT("https://s.example"),
					     .token = TEXT("t"),
					     .own_id = TEXT("1") };
		struct question q = { .op = op,
				      .source = TEXT("mentions"),
				      .state = strbuf_text(state),
				      .page_limit = s->limit };
		struct request ask;
		struct response r;
		struct outcome o;
		struct err err = { 0 };
		bool is_more;

		assert_true(++n < 4 * MOST_ITEMS);
		assert_true(c->ask(&ctx, &q, &ask, &err));
		r = server_answer(a, s, ask.url);
		if (r.is_cut && limit_halve(s)) {
			arena_destroy(&a);
			continue;
		}
		assert_true(c->digest(&ctx, &q, &r, &o, &err));
		limit_grow(s);
		seen_mark(a, s, &o);
		is_more = o.is_more;
		s->n_holes += o.has_hole;
		strbuf_reset(state);
		strbuf_add(state, o.state);
		arena_destroy(&a);
		if (!is_more) {
			return;
		}
	}
}

static int unseen_count(const struct server *s)
{
	int n = 0;

	for (int i = 1; i <= s->n; i++) {
		n += !s->is_seen[i];
	}
	return n;
}

static void test_every_item_is_read_and_every_walk_ends(void **state)
{
	static const struct server habits[] = {
		{ .name = "Mastodon", .has_link = true, .page = 80 },
		{ .name = "small pages", .has_link = true, .page = 3 },
		{ .name = "no Link", .page = 5 },
		{ .name = "counts the cursor's item in", .is_inclusive = true, .page = 5 },
		{ .name = "ignores min_id", .is_min_ignored = true, .page = 5 },
		{ .name = "ignores min_id, letters",
		  .is_min_ignored = true,
		  .has_letters = true,
		  .page = 4 },
		{ .name = "ignores min_id, Link",
		  .is_min_ignored = true,
		  .has_link = true,
		  .page = 5 },
		{ .name = "letters", .has_letters = true, .page = 5, .has_link = true },
	};
	static const int arrivals[] = { 0, 23, 0, 1, 0, 2, 7, 0, 100, 4, 5, 6, 81, 0, 3 };

	(void)state;
	for (size_t h = 0; h < sizeof(habits) / sizeof(habits[0]); h++) {
		struct server s = habits[h];
		struct strbuf b;

		strbuf_init(&b, LIMIT_STATE_BYTES);
		for (size_t k = 0; k < sizeof(arrivals) / sizeof(arrivals[0]); k++) {
			s.n += arrivals[k];
			walk(&s, OP_POLL, &b);
			if (unseen_count(&s) > 0) {
				print_error("%s: %d of %d not read in round %zu\n", s.name,
					    unseen_count(&s), s.n, k);
			}
			assert_int_equal(unseen_count(&s), 0);
		}
		assert_int_equal(s.n_holes, 0);
		s.n_requests = 0;
		walk(&s, OP_POLL, &b);
		assert_true(s.n_requests <= 2); /* quiet times are cheap */
		memset(s.is_seen, 0, sizeof(s.is_seen));
		strbuf_reset(&b);
		walk(&s, OP_SWEEP, &b);
		assert_int_equal(unseen_count(&s), 0);
		assert_int_equal(b.len, 0);
		strbuf_done(&b);
	}
}

static void test_whatever_is_too_large_is_read_in_parts_or_told(void **state)
{
	static const struct server habits[] = {
		{ .name = "heavy", .has_link = true, .page = 80, .heavy_every = 2 },
		{ .name = "heavy, no Link", .page = 80, .heavy_every = 3 },
		{ .name = "giants", .has_link = true, .page = 80, .giant_every = 17 },
		{ .name = "giants, letters",
		  .has_link = true,
		  .has_letters = true,
		  .page = 40,
		  .heavy_every = 5,
		  .giant_every = 7 },
		{ .name = "heavy, ignores min_id",
		  .is_min_ignored = true,
		  .has_link = true,
		  .page = 40,
		  .heavy_every = 2 },
		{ .name = "all heavy, ignores min_id, letters",
		  .is_min_ignored = true,
		  .has_letters = true,
		  .page = 40,
		  .heavy_every = 1 },
		{ .name = "one at a time",
		  .has_link = true,
		  .page = 40,
		  .heavy_every = 1,
		  .weight_most = 40 },
		{ .name = "one at a time, ignores min_id",
		  .is_min_ignored = true,
		  .has_link = true,
		  .page = 40,
		  .heavy_every = 1,
		  .weight_most = 40 },
		{ .name = "giants, counts the cursor's item in",
		  .has_link = true,
		  .is_inclusive = true,
		  .page = 40,
		  .heavy_every = 2 },
	};
	static const int arrivals[] = { 0, 90, 0, 1, 0, 2, 7, 0, 100, 4, 5, 6, 81, 0, 3 };

	(void)state;
	for (size_t h = 0; h < sizeof(habits) / sizeof(habits[0]); h++) {
		struct server s = habits[h];
		struct strbuf b;

		s.weight_most = s.weight_most > 0 ? s.weight_most : 100;
		strbuf_init(&b, LIMIT_STATE_BYTES);
		for (size_t k = 0; k < sizeof(arrivals) / sizeof(arrivals[0]); k++) {
			s.n += arrivals[k];
			walk(&s, OP_POLL, &b);
			if (unseen_count(&s) > 0) {
				print_error("%s: %d of %d neither read nor told in round %zu\n",
					    s.name, unseen_count(&s), s.n, k);
			}
			assert_int_equal(unseen_count(&s), 0);
		}
		assert_int_equal(s.n_holes, 0);
		memset(s.is_seen, 0, sizeof(s.is_seen));
		strbuf_reset(&b);
		walk(&s, OP_SWEEP, &b);
		assert_int_equal(unseen_count(&s), 0);
		strbuf_done(&b);
	}
}

static void test_a_server_that_ignores_all_paging_ends(void **state)
{
	/* snac: the same page for ever. What fits into it is read. */
	struct server s = { .is_min_ignored = true,
			    .is_max_ignored = true,
			    .page = 20,
			    .n = 50,
			    .has_letters = true };
	struct strbuf b;

	(void)state;
	strbuf_init(&b, LIMIT_STATE_BYTES);
	walk(&s, OP_POLL, &b);
	assert_true(s.n_requests <= 3);
	for (int i = 0; i < 20; i++) {
		s.n += i;
		walk(&s, OP_POLL, &b);
		for (int k = s.n; k > s.n - 20; k--) {
			assert_true(s.is_seen[k]);
		}
	}
	assert_int_equal(s.n_holes, 0);
	s.n += 21; /* one more than a page: that is told */
	walk(&s, OP_POLL, &b);
	assert_int_equal(s.n_holes, 1);
	strbuf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_item_is_read_and_every_walk_ends),
		cmocka_unit_test(test_whatever_is_too_large_is_read_in_parts_or_told),
		cmocka_unit_test(test_a_server_that_ignores_all_paging_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
