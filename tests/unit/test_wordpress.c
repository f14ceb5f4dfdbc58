/* Protects what we ask a WordPress site, byte for byte, and the promise of its walks: whatever comes, goes
 * or is hidden while we read a list, every comment that stays is read, and every walk ends. */
#include <stdio.h>
#include <string.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "tests/cm.h"

#define EDITOR TEXT("{\"moderator\":true,\"plain\":false}")
#define API    "https://blog.example/wp-json/wp/v2"
#define MOST   1200

struct desk {
	struct arena *arena;
	struct connector_ctx ctx;
	struct posting posting;
	struct question q;
	struct request request;
	struct err err;
};

static const struct connector *wordpress(void)
{
	return connector_find(TEXT("wordpress"));
}

static int desk_open(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	d->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	d->ctx = (struct connector_ctx){ .arena = d->arena,
					 .now = { INT64_C(1795248000000000) },
					 .server = TEXT("https://blog.example"),
					 .token = TEXT("baker:abcd EFGH 1234"),
					 .facts = EDITOR,
					 .own_id = TEXT("1"),
					 .own_handle = TEXT("baker") };
	d->posting = (struct posting){ .key = TEXT("3m5xkq2yrs22a"),
				       .text = TEXT("On its way!"),
				       .parent_id = TEXT("60"),
				       .parent_revision = TEXT("49.0123456789abcdef"),
				       .parent_kind = MESSAGE_COMMENT };
	d->q = (struct question){ .posting = &d->posting };
	*state = d;
	return 0;
}

static int desk_close(void **state)
{
	struct desk *d = *state;

	arena_destroy(&d->arena);
	free(d);
	return 0;
}

static void assert_text(struct text got, const char *want)
{
	if (!text_eq(got, text_of(want))) {
		print_error("want %s\ngot  %.*s\n", want, TEXT_ARG(got));
		fail();
	}
}

static void assert_asks(struct desk *d, enum op op, const char *url)
{
	d->q.op = op;
	if (!wordpress()->ask(&d->ctx, &d->q, &d->request, &d->err)) {
		print_error("refused: %s\n", d->err.text);
		fail();
	}
	assert_text(d->request.url, url);
	if (url[0] != '\0') {
		assert_int_equal(d->request.n_headers, 1);
		assert_text(d->request.headers[0].name, "Authorization");
		assert_text(d->request.headers[0].value, "Basic YmFrZXI6YWJjZCBFRkdIIDEyMzQ=");
		assert_int_equal(d->request.bearer.len, 0);
	}
}

static void test_lists_are_asked_for(void **state)
{
	struct desk *d = *state;

	assert_asks(d, OP_IDENTIFY, API "/users/me?context=edit");
	d->q.state = TEXT("plain");
	assert_asks(d, OP_IDENTIFY,
		    "https://blog.example/?rest_route=/wp/v2/users/me&context=edit");
	d->q.state = TEXT_NONE;
	d->q.source = TEXT("comments");
	assert_true(wall_parse(TEXT("2026-11-20T10:00:00Z"), &d->q.since));
	assert_asks(d, OP_POLL,
		    API "/comments?orderby=id&order=desc&per_page=100&status=all&type=all"
			"&after=2026-11-19T08%3A00%3A00Z");
	d->q.state = TEXT("{\"floor\":40}");
	assert_asks(d, OP_POLL,
		    API "/comments?orderby=id&order=desc&per_page=100&status=all&type=all");
	assert_asks(d, OP_SWEEP,
		    API "/comments?orderby=id&order=desc&per_page=100&status=all&type=all"
			"&after=2026-11-19T08%3A00%3A00Z");
	d->q.state = TEXT("{\"floor\":40,\"walk\":{\"low\":70,\"offset\":95,\"pages\":1}}");
	d->q.page_limit = 25;
	assert_asks(d, OP_POLL,
		    API "/comments?orderby=id&order=desc&per_page=25&status=all&type=all"
			"&offset=95");
	d->q = (struct question){ .source = TEXT("posts") };
	d->ctx.facts = TEXT("{\"moderator\":false,\"plain\":true}");
	assert_asks(d, OP_POLL,
		    "https://blog.example/?rest_route=/wp/v2/posts&orderby=id&order=desc"
		    "&per_page=20");
	d->q.source = TEXT("comments");
	assert_asks(d, OP_POLL,
		    "https://blog.example/?rest_route=/wp/v2/comments&orderby=id&order=desc"
		    "&per_page=100");
}

static void test_known_ones_are_asked_for(void **state)
{
	struct text subjects[] = { TEXT("60"), TEXT("post:49"), TEXT("held:3"), TEXT("61") };
	struct text strange[] = { TEXT("../users"), TEXT("60?x=1"), TEXT("post:") };
	struct desk *d = *state;

	d->q.subjects = subjects;
	d->q.n_subjects = 4;
	assert_asks(d, OP_RECHECK,
		    API "/comments?include=60%2C61&per_page=100&status=any&type=all");
	d->q.state = TEXT("61,62");
	assert_asks(d, OP_RECHECK, API "/comments/61");
	d->q.state = TEXT_NONE;
	assert_asks(d, OP_THREAD, API "/comments/60");
	d->q.state = TEXT("3 post:49");
	assert_asks(d, OP_THREAD, API "/posts/49");
	d->q.state = TEXT("4 page:49");
	assert_asks(d, OP_THREAD, API "/pages/49");
	d->q.state = TEXT_NONE;
	for (size_t i = 0; i < 3; i++) {
		d->q.subjects = &strange[i];
		d->q.n_subjects = 1;
		assert_asks(d, OP_RECHECK, "");
		assert_asks(d, OP_THREAD, "");
	}
	d->ctx.token = TEXT("abcd EFGH 1234");
	d->q.op = OP_IDENTIFY;
	assert_false(wordpress()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_AUTH);
	assert_null(strstr(d->err.text, "abcd"));
}

/* ---- replies ---- */

static void assert_posts(struct desk *d, const char *body)
{
	assert_asks(d, OP_REPLY, API "/comments");
	assert_text(d->request.body, body);
	assert_text(d->request.content_type, "application/json");
	assert_int_equal(d->request.method, HTTP_POST);
	assert_true(d->request.once);
}

static void test_a_reply_is_these_bytes(void **state)
{
	struct desk *d = *state;

	assert_posts(d, "{\"post\":49,\"parent\":60,\"content\":\"On its way!\"}");
	d->posting.text = TEXT("a < b & \"c\"\n\nhttps://x.example/?a=1&b=2 <b>");
	assert_posts(d, "{\"post\":49,\"parent\":60,\"content\":\"a &lt; b &amp; \\\"c\\\"\\n\\n"
			"https://x.example/?a=1&amp;b=2 &lt;b&gt;\"}");
	d->posting.text = TEXT("x");
	d->posting.parent_raw = TEXT("{\"id\":60,\"post\":50}");
	assert_posts(d, "{\"post\":50,\"parent\":60,\"content\":\"x\"}");
	d->posting.parent_raw = d->posting.parent_revision = TEXT_NONE;
	d->posting.root_id = TEXT("post:51");
	assert_posts(d, "{\"post\":51,\"parent\":60,\"content\":\"x\"}");
}

static void test_what_cannot_be_a_reply_is_refused(void **state)
{
	static const char *const parents[] = { "", "post:49", "held:60", "60,61", "0", "-1" };
	static const char *const revisions[] = { "", ".0123", "x.1", "0.1", "49,50.1" };
	struct desk *d = *state;

	d->q.op = OP_REPLY;
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		d->posting.parent_id = text_of(parents[i]);
		assert_false(wordpress()->ask(&d->ctx, &d->q, &d->request, &d->err));
		assert_int_equal(d->err.kind, ERR_DATA);
	}
	d->posting.parent_id = TEXT("60");
	for (size_t i = 0; i < sizeof(revisions) / sizeof(revisions[0]); i++) {
		d->posting.parent_revision = text_of(revisions[i]);
		assert_false(wordpress()->ask(&d->ctx, &d->q, &d->request, &d->err));
		assert_int_equal(d->err.kind, ERR_DATA);
		assert_non_null(strstr(d->err.text, "which post"));
	}
	d->posting.parent_revision = TEXT("49.1");
	d->posting.warning = TEXT("awaiting moderation");
	assert_false(wordpress()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_DATA);
	assert_non_null(strstr(d->err.text, "approve it"));
}

static void test_a_reply_is_measured_as_html(void **state)
{
	struct desk *d = *state;
	int64_t length = 0, most = 0;

	d->posting.text = TEXT("a<b \xf0\x9f\x99\x82");
	wordpress()->measure(&d->ctx, &d->posting, &length, &most);
	assert_int_equal(length, 1 + 4 + 2 + 4);
	assert_int_equal(most, 65525);
}

static void test_a_look_goes_three_ways(void **state)
{
	struct desk *d = *state;

	assert_asks(d, OP_LOOKUP,
		    API "/comments?parent=60&orderby=id&order=desc&per_page=100&author=1"
			"&status=any&context=edit");
	d->q.state = TEXT("0 100");
	assert_asks(d, OP_LOOKUP,
		    API "/comments?parent=60&orderby=id&order=desc&per_page=100&author=1"
			"&status=any&context=edit&offset=100");
	d->q.state = TEXT("1 0");
	assert_asks(d, OP_LOOKUP, API "/comments/60");
	d->q.state = TEXT("2 0");
	assert_asks(d, OP_LOOKUP,
		    API "/comments?post=49&orderby=id&order=desc&per_page=100&author=1"
			"&status=any&context=edit");
	d->q.state = TEXT_NONE;
	d->ctx.facts = TEXT_NONE;
	assert_asks(d, OP_LOOKUP, API "/comments?parent=60&orderby=id&order=desc&per_page=100");
	d->ctx.own_id = TEXT_NONE;
	d->q.op = OP_LOOKUP;
	assert_false(wordpress()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_RETRY);
}

/* ---- walks ---- */

struct site {
	const char *name;
	bool has_no_total, is_again;
	int hidden_every; /* left out of lists, after they were cut */
	int dies_a_page,
		comes_a_page; /* deleted from the newest down, and new ones, between portions */
	int limit;
	/* comments 1..n, the newest last */
	int n, n_at_first;
	bool is_dead[MOST + 1], is_seen[MOST + 1];
	int n_requests, n_holes;
};

static bool is_hidden(const struct site *s, int i)
{
	return s->hidden_every > 0 && i % s->hidden_every == 0;
}

static int64_t number_in(struct arena *a, struct text url, const char *name, int64_t otherwise)
{
	struct text value;
	int64_t n = otherwise;

	if (url_query_get(a, url, text_of(name), &value)) {
		assert_true(num_parse_range(value, 0, 100000, &n));
	}
	return n;
}

static struct response site_answer(struct arena *a, struct site *s, struct text url)
{
	int64_t size = number_in(a, url, "per_page", 10), offset = number_in(a, url, "offset", 0);
	struct response r = { .status = 200 };
	struct strbuf b;
	int64_t at = 0;
	int total = 0;

	offset = s->is_again ? 0 : offset;
	strbuf_init(&b, LIMIT_BODY_BYTES);
	strbuf_add_byte(&b, '[');
	for (int i = s->n; i >= 1; i--) {
		total += !s->is_dead[i];
		if (s->is_dead[i] || at++ < offset || at > offset + size || is_hidden(s, i)) {
			continue;
		}
		strbuf_printf(&b, "%s{\"id\":%d,\"post\":1,\"author_name\":\"x\"}",
			      b.len == 1 ? "" : ",", i);
	}
	strbuf_add_byte(&b, ']');
	r.body = text_dup(a, strbuf_text(&b));
	strbuf_done(&b);
	r.headers = ARENA_NEW(a, struct header);
	r.headers[0] = (struct header){ TEXT("X-WP-Total"), text_printf(a, "%d", total) };
	r.n_headers = !s->has_no_total;
	s->n_requests++;
	return r;
}

static void site_changes(struct site *s)
{
	int dies = s->dies_a_page;

	for (int i = s->n_at_first; i >= 1 && dies > 0; i--) {
		if (!s->is_dead[i]) {
			s->is_dead[i] = true;
			dies--;
		}
	}
	s->n = s->n + s->comes_a_page > MOST ? s->n : s->n + s->comes_a_page;
}

static struct text walk(struct site *s, enum op op, struct text state, char *kept, size_t room)
{
	struct outcome o = { .is_more = true };

	s->n_requests = 0;
	while (o.is_more) {
		struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
		struct connector_ctx ctx = { .arena = a,
					     .server = TEXT("https://s.example"),
					     .token = TEXT("u:p"),
					     .facts = EDITOR,
					     .own_id = TEXT("1") };
		struct question q = {
			.op = op, .source = TEXT("comments"), .state = state, .page_limit = s->limit
		};
		struct request ask;
		struct response r;
		struct err err = { 0 };

		assert_true(wordpress()->ask(&ctx, &q, &ask, &err));
		r = site_answer(a, s, ask.url);
		o = (struct outcome){ 0 };
		assert_true(wordpress()->digest(&ctx, &q, &r, &o, &err));
		for (size_t i = 0; i < o.n_messages; i++) {
			int64_t n;

			assert_true(num_parse_range(o.messages[i].external_id, 1, MOST, &n));
			s->is_seen[n] = true;
		}
		s->n_holes += o.has_hole;
		assert_true(o.state.len < room);
		memcpy(kept, o.state.at != NULL ? o.state.at : "", o.state.len);
		state = (struct text){ kept, o.state.len };
		arena_destroy(&a);
		assert_true(s->n_requests < 2000);
		if (o.is_more) {
			site_changes(s);
		}
	}
	return state;
}

static void assert_all_seen(const struct site *s, int n)
{
	for (int i = 1; i <= n; i++) {
		if (!s->is_seen[i] && !s->is_dead[i] && !is_hidden(s, i)) {
			print_error("%s: comment %d of %d is lost\n", s->name, i, n);
			fail();
		}
	}
}

static void test_walks_lose_nothing_and_end(void **state)
{
	static const struct site sites[] = {
		{ .name = "plain" },
		{ .name = "no total", .has_no_total = true },
		{ .name = "short portions", .hidden_every = 3 },
		{ .name = "short portions, no total", .hidden_every = 7, .has_no_total = true },
		{ .name = "a deletion a page", .dies_a_page = 1 },
		{ .name = "more deletions than overlap", .dies_a_page = 12 },
		{ .name = "a portion dies", .dies_a_page = 100 },
		{ .name = "new ones a page", .comes_a_page = 30 },
		{ .name = "come and go", .comes_a_page = 4, .dies_a_page = 9, .hidden_every = 5 },
		{ .name = "small portions", .limit = 12, .dies_a_page = 2 },
		{ .name = "tiny portions", .limit = 2 },
		{ .name = "one by one", .limit = 1 },
		{ .name = "one by one, no total", .limit = 1, .has_no_total = true },
	};
	static const int sizes[] = { 0, 1, 99, 100, 101, 195, 196, 450 };
	char kept[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]) * 8; i++) {
		struct site s = sites[i / 8];
		struct text at;

		s.n = s.n_at_first = sizes[i % 8];
		at = walk(&s, OP_POLL, TEXT_NONE, kept, sizeof(kept));
		assert_all_seen(&s, s.n_at_first);
		s.n_at_first = s.n = s.n + 130;
		at = walk(&s, OP_POLL, at, kept, sizeof(kept));
		assert_all_seen(&s, s.n_at_first);
		assert_int_equal(s.n_holes, 0);
		s.dies_a_page = s.comes_a_page = 0;
		at = walk(&s, OP_POLL, at, kept, sizeof(kept));
		(void)walk(&s, OP_POLL, at, kept, sizeof(kept));
		if (s.limit == 0 && s.hidden_every == 0) {
			assert_int_equal(s.n_requests, 1); /* nothing new costs one request */
		}
		memset(s.is_seen, 0, sizeof(s.is_seen));
		(void)walk(&s, OP_SWEEP, TEXT_NONE, kept, sizeof(kept));
		assert_all_seen(&s, s.n);
	}
}

static void test_a_list_that_never_ends_is_a_hole(void **state)
{
	struct site s = { .name = "again", .n = 450, .n_at_first = 450 };
	char kept[1024];
	struct text at;

	(void)state;
	at = walk(&s, OP_POLL, TEXT_NONE, kept, sizeof(kept));
	s.n += 150;
	s.is_again = true;
	(void)walk(&s, OP_POLL, at, kept, sizeof(kept));
	assert_int_equal(s.n_holes, 1);
	assert_true(s.n_requests < 30);
}

static void test_states_of_nonsense_are_fresh_starts(void **state)
{
	static const char *const states[] = { "x",
					      "{}",
					      "[]",
					      "{\"floor\":-5}",
					      "{\"floor\":9223372036854775807}",
					      "{\"floor\":1,\"walk\":{\"offset\":-9,\"low\":-1}}",
					      "{\"floor\":1,\"walk\":{\"offset\":4000000000}}" };
	struct desk *d = *state;

	d->q.source = TEXT("comments");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		d->q.state = text_of(states[i]);
		assert_asks(d, OP_POLL,
			    API "/comments?orderby=id&order=desc&per_page=100&status=all&type=all");
	}
}

#define DESK_TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(test_lists_are_asked_for),
		DESK_TEST(test_known_ones_are_asked_for),
		DESK_TEST(test_a_reply_is_these_bytes),
		DESK_TEST(test_what_cannot_be_a_reply_is_refused),
		DESK_TEST(test_a_reply_is_measured_as_html),
		DESK_TEST(test_a_look_goes_three_ways),
		cmocka_unit_test(test_walks_lose_nothing_and_end),
		cmocka_unit_test(test_a_list_that_never_ends_is_a_hole),
		DESK_TEST(test_states_of_nonsense_are_fresh_starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
