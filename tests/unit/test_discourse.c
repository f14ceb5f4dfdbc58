/* Protects how a forum is read by ids, where what we may not see makes pages empty, and the exact bytes of
 * what is posted into it: staff write plain text, the forum reads Markdown. */
#include <string.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "tests/cm.h"

struct forum {
	struct arena *arena;
	struct connector_ctx ctx;
	struct request request;
	struct err err;
};

static const struct option_value username = { "username", { "Shop", 4 } };
static const struct wall epoch = { INT64_C(1795248000000000) };

static int forum_open(void **state)
{
	struct forum *f = calloc(1, sizeof(*f));

	f->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	f->ctx = (struct connector_ctx){ .arena = f->arena,
					 .now = epoch,
					 .server = TEXT("https://forum.example"),
					 .token = TEXT("k3y"),
					 .own_id = TEXT("5"),
					 .own_handle = TEXT("Shop"),
					 .options = &username,
					 .n_options = 1 };
	*state = f;
	return 0;
}

static int forum_close(void **state)
{
	struct forum *f = *state;

	arena_destroy(&f->arena);
	free(f);
	return 0;
}

static const struct connector *discourse(void)
{
	return connector_find(TEXT("discourse"));
}

static void assert_text(struct text got, const char *want)
{
	if (!text_eq(got, text_of(want))) {
		print_error("want %s\ngot  %.*s\n", want, TEXT_ARG(got));
		fail();
	}
}

/* ---- the walk ---- */

/* A forum with the posts 1..n, of which we see those of `is_seen`. */
struct server {
	int n;
	bool has_windows;
	bool (*is_seen)(int id);
};

static bool is_any(int id)
{
	return id > 0;
}

static bool is_third(int id)
{
	return id % 3 == 0;
}

/* Nothing between 100 and 400. */
static bool is_outside(int id)
{
	return id <= 100 || id >= 400;
}

static struct text page_of(struct forum *f, const struct server *s, struct text url)
{
	struct strbuf b = { .max_bytes = LIMIT_BODY_BYTES };
	struct text value, out;
	int64_t top = s->n;
	int n = 0;

	if (url_query_get(f->arena, url, TEXT("before"), &value)) {
		assert_true(num_parse_i64(value, &top));
		top = top < s->n ? top : s->n;
	}
	strbuf_add_str(&b, "{\"latest_posts\":[");
	for (int64_t id = top; id > 0 && n < 50 && !(s->has_windows && id <= top - 50); id--) {
		if (s->is_seen((int)id)) {
			strbuf_printf(
				&b,
				"%s{\"id\":%lld,\"topic_id\":%lld,\"post_number\":1,\"user_id\":9,"
				"\"created_at\":\"2026-11-20T07:00:00Z\",\"cooked\":\"x\"}",
				n++ > 0 ? "," : "", (long long)id, (long long)id);
		}
	}
	strbuf_add_str(&b, "]}");
	out = text_dup(f->arena, strbuf_text(&b));
	strbuf_done(&b);
	return out;
}

/* A walk to its end; how many requests it took, and which topics it brought. */
static int walk(struct forum *f, const struct server *s, enum op op, struct text *state,
		bool seen[static 2000])
{
	int n_requests = 0;
	bool is_more = true;

	while (is_more) {
		struct question q = { .op = op, .source = TEXT("posts"), .state = *state };
		struct response r = { .status = 200 };
		struct outcome o;

		assert_true(discourse()->ask(&f->ctx, &q, &f->request, &f->err));
		r.body = page_of(f, s, f->request.url);
		assert_true(discourse()->digest(&f->ctx, &q, &r, &o, &f->err));
		for (size_t i = 0; i < o.n_messages; i++) {
			struct text topic, rest;
			int64_t id;

			assert_true(text_cut(o.messages[i].external_id, '/', &topic, &rest));
			assert_true(num_parse_range(topic, 1, 1999, &id));
			seen[id] = true;
		}
		*state = o.state;
		is_more = o.is_more;
		assert_false(o.has_hole);
		assert_true(++n_requests < 100);
	}
	return n_requests;
}

static void assert_all_found(struct forum *f, const struct server *s, int n_more, int most)
{
	bool seen[2000] = { false };
	struct text state = TEXT_NONE;
	struct server later = *s;

	(void)walk(f, s, OP_POLL, &state, seen);
	later.n += n_more;
	assert_true(walk(f, &later, OP_POLL, &state, seen) <= most);
	for (int id = 1; id <= later.n; id++) {
		if (s->is_seen(id) && !seen[id]) {
			print_error("%d is missing\n", id);
			fail();
		}
	}
}

static void test_every_id_is_found_whatever_a_page_shows(void **state)
{
	struct server s[] = { { 720, false, is_any },     { 720, true, is_any },
			      { 720, false, is_third },   { 720, true, is_third },
			      { 720, false, is_outside }, { 720, true, is_outside } };

	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
		assert_all_found(*state, &s[i], 0, 1);
		assert_all_found(*state, &s[i], 3, 2);
		assert_all_found(*state, &s[i], 170, 5);
	}
}

static void test_a_poll_without_news_asks_once_and_changes_nothing(void **state)
{
	struct server s = { 720, false, is_third };
	bool seen[2000] = { false };
	struct text kept = TEXT_NONE, before;

	(void)walk(*state, &s, OP_POLL, &kept, seen);
	before = kept;
	assert_int_equal(walk(*state, &s, OP_POLL, &kept, seen), 1);
	assert_true(text_eq(kept, before));
}

static void test_an_empty_forum_is_asked_once(void **state)
{
	struct server s = { 0, false, is_any };
	bool seen[2000] = { false };
	struct text kept = TEXT_NONE;

	assert_int_equal(walk(*state, &s, OP_POLL, &kept, seen), 1);
	assert_int_equal(walk(*state, &s, OP_SWEEP, &kept, seen), 1);
}

/* ---- who asks ---- */

static struct text header_of(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		if (text_eq(r->headers[i].name, text_of(name))) {
			return r->headers[i].value;
		}
	}
	return TEXT_NONE;
}

static void test_the_key_stands_in_headers_only(void **state)
{
	struct option_value options[] = { username, { "key", TEXT("user") } };
	struct forum *f = *state;
	struct question q = { .op = OP_IDENTIFY };

	assert_true(discourse()->ask(&f->ctx, &q, &f->request, &f->err));
	assert_text(f->request.url, "https://forum.example/u/shop.json");
	assert_text(header_of(&f->request, "Api-Key"), "k3y");
	assert_text(header_of(&f->request, "Api-Username"), "Shop");
	assert_text(header_of(&f->request, "Accept"), "application/json");
	assert_int_equal(f->request.bearer.len, 0);
	f->ctx.options = options;
	f->ctx.n_options = 2;
	assert_true(discourse()->ask(&f->ctx, &q, &f->request, &f->err));
	assert_text(header_of(&f->request, "User-Api-Key"), "k3y");
	assert_int_equal(header_of(&f->request, "Api-Key").len, 0);
}

/* ---- posting ---- */

static void assert_posted(struct forum *f, const char *parent, const char *text, const char *body)
{
	struct posting p = { .text = text_of(text), .parent_id = text_of(parent) };
	struct question q = { .op = OP_REPLY, .posting = &p };

	assert_true(discourse()->ask(&f->ctx, &q, &f->request, &f->err));
	assert_text(f->request.url, "https://forum.example/posts.json");
	assert_text(f->request.body, body);
	assert_text(f->request.content_type, "application/json");
	assert_int_equal(f->request.method, HTTP_POST);
	assert_true(f->request.once);
}

static void test_a_reply_is_plain_text_to_markdown(void **state)
{
	assert_posted(*state, "77/5", "On its way!",
		      "{\"topic_id\":77,\"reply_to_post_number\":5,\"raw\":\"On its way!\"}");
	assert_posted(*state, "77/1", "ok", "{\"topic_id\":77,\"raw\":\"ok\"}");
	assert_posted(*state, "pm:80/2", "ok",
		      "{\"topic_id\":80,\"reply_to_post_number\":2,\"raw\":\"ok\"}");
	assert_posted(
		*state, "77/1", "# 1\n> a *b* _c_ `d` [e] <b> & ~f~ # > \\",
		"{\"topic_id\":77,\"raw\":\"\\\\# 1\\n\\\\> a \\\\*b\\\\* \\\\_c\\\\_ \\\\`d\\\\` "
		"\\\\[e\\\\] \\\\<b> \\\\& \\\\~f\\\\~ # > \\\\\\\\\"}");
	assert_posted(
		*state, "77/1", "@ann_a see https://shop.example/a_b?c=1&d=*",
		"{\"topic_id\":77,\"raw\":\"@ann_a see https://shop.example/a_b?c=1&d=\\\\*\"}");
}

static void test_what_names_no_post_is_not_answered(void **state)
{
	static const char *const ids[] = { "",    "77",  "77/0", "0/5",   "/5",
					   "77/", "x/5", "pm:x", "77/5/6" };
	struct forum *f = *state;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct posting p = { .text = TEXT("ok"), .parent_id = text_of(ids[i]) };
		struct question q = { .op = OP_REPLY, .posting = &p };

		assert_false(discourse()->ask(&f->ctx, &q, &f->request, &f->err));
		assert_int_equal(f->err.kind, ERR_DATA);
	}
}

static void test_length_counts_what_is_posted(void **state)
{
	struct posting p = { .text = TEXT("a*\xc3\xa4 \xf0\x9f\x8d\x9e"),
			     .parent_id = TEXT("77/1") };
	struct forum *f = *state;
	int64_t length, most;

	discourse()->measure(&f->ctx, &p, &length, &most);
	assert_int_equal(length, 6);
	assert_int_equal(most, 32000);
}

static void test_a_topic_is_looked_through_in_chunks(void **state)
{
	struct posting p = { .text = TEXT("ok"), .parent_id = TEXT("77/5") };
	struct question q = { .op = OP_LOOKUP, .posting = &p };
	struct forum *f = *state;

	assert_true(discourse()->ask(&f->ctx, &q, &f->request, &f->err));
	assert_text(f->request.url, "https://forum.example/t/77.json?include_raw=true");
	q.state = TEXT("[8,9]");
	assert_true(discourse()->ask(&f->ctx, &q, &f->request, &f->err));
	assert_text(f->request.url, "https://forum.example/t/77/posts.json?include_raw=true"
				    "&post_ids[]=8&post_ids[]=9");
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, forum_open, forum_close)
	const struct CMUnitTest tests[] = {
		TEST(test_every_id_is_found_whatever_a_page_shows),
		TEST(test_a_poll_without_news_asks_once_and_changes_nothing),
		TEST(test_an_empty_forum_is_asked_once),
		TEST(test_the_key_stands_in_headers_only),
		TEST(test_a_reply_is_plain_text_to_markdown),
		TEST(test_what_names_no_post_is_not_answered),
		TEST(test_length_counts_what_is_posted),
		TEST(test_a_topic_is_looked_through_in_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
