/* Protects the window of a feed: every entry is read once, whatever the feed's order, ids and pages are
 * like; what can no longer be read is told; every walk ends. The server here is a list of numbers. */
#include <stdio.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "tests/cm.h"

#define MOST_ITEMS 1000
#define SOURCE     TEXT("comments:https://blog.example/comments/feed/")

struct feed {
	const char *name;
	int window;
	bool is_paged, is_oldest_first, is_shuffled, has_new_ids, has_no_ids, is_circle,
		is_same_time;
	/* items 1..n, the newest last */
	int n, n_answers, n_conditional;
	int times_seen[MOST_ITEMS + 1];
};

static void item_add(struct strbuf *b, const struct feed *f, int i)
{
	strbuf_printf(b,
		      "<item><title>t%d</title><dc:creator>p%d</dc:creator><pubDate>%d Nov 2026 "
		      "%02d:%02d:00 "
		      "GMT</pubDate>",
		      i, i % 7, f->is_same_time ? 1 : 1 + i / 60 % 28,
		      f->is_same_time ? 1 : i / 60 % 24, f->is_same_time ? 1 : i % 60);
	if (!f->has_no_ids) {
		strbuf_printf(b, "<guid>https://blog.example/%d%s%d</guid>", i,
			      f->has_new_ids ? "?v=" : "#", f->has_new_ids ? f->n_answers : 0);
	}
	strbuf_printf(b, "<description>number %d</description></item>", i);
}

static struct text feed_answer(struct arena *a, struct feed *f, struct text url)
{
	struct strbuf b;
	struct text value, t;
	int64_t page = 1;
	int high, low;

	f->n_answers++;
	if (url_query_get(a, url, TEXT("paged"), &value)) {
		assert_true(num_parse_range(value, 1, 100000, &page));
	}
	if (f->is_circle && page > 3) {
		page = 2;
	}
	high = f->n - (int)(page - 1) * f->window;
	low = high - f->window < 0 ? 0 : high - f->window;
	strbuf_init(&b, LIMIT_BODY_BYTES);
	strbuf_add_str(&b, "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' "
			   "xmlns:atom='http://www.w3.org/2005/Atom'><channel><title>x</title>");
	if (f->is_paged && (low > 0 || f->is_circle)) {
		strbuf_printf(&b, "<atom:link rel='next' href='/comments/feed/?paged=%d'/>",
			      (int)page + 1);
	}
	for (int i = 0; i < high - low; i++) {
		int at = f->is_shuffled ? (i * 7 + f->n_answers) % (high - low) : i;

		item_add(&b, f, f->is_oldest_first ? low + 1 + at : high - at);
	}
	strbuf_add_str(&b, "</channel></rss>");
	t = text_dup(a, strbuf_text(&b));
	strbuf_done(&b);
	return t;
}

/* A poll to its end; returns its holes. */
static int poll(struct feed *f, char *state, size_t state_bytes)
{
	int n_holes = 0, n_pages = 0;
	bool is_more = true;

	while (is_more) {
		struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
		struct connector_ctx ctx = { .arena = a, .now = { INT64_C(1796000000000000) } };
		struct question q = { .op = OP_POLL, .source = SOURCE, .state = text_of(state) };
		struct header etag = { TEXT("ETag"), text_printf(a, "\"%d\"", f->n) };
		struct response r = { .status = 200, .headers = &etag, .n_headers = 1 };
		struct request ask;
		struct outcome o = { 0 };
		struct err err = { 0 };

		assert_true(connector_find(TEXT("rss"))->ask(&ctx, &q, &ask, &err));
		for (size_t i = 0; i < ask.n_headers; i++) {
			f->n_conditional += text_eq(ask.headers[i].name, TEXT("If-None-Match"));
		}
		r.body = feed_answer(a, f, ask.url);
		assert_true(connector_find(TEXT("rss"))->digest(&ctx, &q, &r, &o, &err));
		assert_int_equal(o.n_bad, 0);
		for (size_t i = 0; i < o.n_messages; i++) {
			int64_t n;

			assert_true(num_parse_range(text_slice(o.messages[i].body, 7, SIZE_MAX), 1,
						    MOST_ITEMS, &n));
			f->times_seen[n]++;
		}
		n_holes += o.has_hole;
		is_more = o.is_more;
		assert_true(o.state.len > 0 && o.state.len < state_bytes &&
			    o.state.len <= LIMIT_STATE_BYTES);
		memcpy(state, o.state.at, o.state.len);
		state[o.state.len] = '\0';
		assert_true(++n_pages < 2100);
		arena_destroy(&a);
	}
	return n_holes;
}

static int n_unseen(const struct feed *f)
{
	int n = 0;

	for (int i = 1; i <= f->n; i++) {
		n += f->times_seen[i] == 0;
	}
	return n;
}

static void test_every_entry_is_read_or_told_as_lost(void **state)
{
	static const struct feed feeds[] = {
		{ "plain", .window = 10 },
		{ "oldest first", .window = 10, .is_oldest_first = true },
		{ "in any order", .window = 10, .is_shuffled = true },
		{ "equal times", .window = 10, .is_same_time = true },
		{ "without ids", .window = 10, .has_no_ids = true },
		{ "new ids at every reading", .window = 10, .has_new_ids = true },
		{ "a wide window", .window = 400 },
		{ "a wide window, oldest first", .window = 400, .is_oldest_first = true },
		{ "pages", .window = 10, .is_paged = true },
		{ "pages in any order", .window = 10, .is_paged = true, .is_shuffled = true },
		{ "pages in a circle", .window = 10, .is_paged = true, .is_circle = true },
	};
	static const int grow[] = { 5, 0, 1, 4, 9, 0, 3, 25, 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(feeds) / sizeof(feeds[0]); i++) {
		static char kept[LIMIT_STATE_BYTES + 1];
		struct feed f = feeds[i];
		int n_holes = 0, n_polls = (int)(sizeof(grow) / sizeof(grow[0]));

		kept[0] = '\0';
		for (int k = 0; k < n_polls; k++) {
			f.n += grow[k];
			n_holes += poll(&f, kept, sizeof(kept));
			if ((n_unseen(&f) > 0) != (n_holes > 0)) {
				print_error("%s: poll %d, %d unseen, %d holes\n", f.name, k,
					    n_unseen(&f), n_holes);
			}
			assert_int_equal(n_unseen(&f) > 0, n_holes > 0);
		}
		assert_true(n_holes <= 1);
		assert_true(f.n_conditional >= n_polls - 1);
		for (int k = 1; k <= f.n && f.has_new_ids; k++) {
			assert_true(f.times_seen[k] <= 1);
		}
	}
}

static void test_what_the_house_says_of_ids_and_links(void **state)
{
	/* A foreign feed cannot speak in the place of a comment of ours. */
	static const char page[] =
		"<rss><item><guid>https://blog.example/?p=1#comment-2</guid><link>javascript:x"
		"</link><title>x</title></item></rss>";
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct connector_ctx ctx = { .arena = a };
	struct question q = { .op = OP_POLL, .source = TEXT("feed:https://evil.example/feed") };
	struct response r = { .status = 200, .body = text_of(page) };
	struct outcome o;
	struct err err = { 0 };

	(void)state;
	assert_true(connector_find(TEXT("rss"))->digest(&ctx, &q, &r, &o, &err));
	assert_int_equal(o.n_messages, 1);
	assert_true(text_eq(o.messages[0].external_id,
			    TEXT("evil.example:https://blog.example/?p=1#comment-2")));
	assert_int_equal(o.messages[0].permalink.len, 0);
	assert_true(o.messages[0].is_about && !o.messages[0].is_named);
	arena_destroy(&a);
}

static void test_deleted_entries_of_atom_are_gone(void **state)
{
	static const char page[] =
		"<feed xmlns='http://www.w3.org/2005/Atom' "
		"xmlns:at='http://purl.org/atompub/tombstones/1.0'>"
		"<at:deleted-entry ref='tag:blog.example,2026:1'/><at:deleted-entry "
		"ref='tag:blog.example,2026:2'/></feed>";
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct connector_ctx ctx = { .arena = a };
	struct question q = { .op = OP_POLL, .source = SOURCE };
	struct response r = { .status = 200, .body = text_of(page) };
	struct outcome o;
	struct err err = { 0 };

	(void)state;
	assert_true(connector_find(TEXT("rss"))->digest(&ctx, &q, &r, &o, &err));
	assert_int_equal(o.n_gone, 2);
	assert_true(text_eq(o.gone[1], TEXT("tag:blog.example,2026:2")));
	arena_destroy(&a);
}

static void test_secrets_go_to_their_own_server_only(void **state)
{
	static const struct {
		struct text source, url;
		bool has_secret;
	} table[] = {
		{ { "comments:/comments/feed/", 24 },
		  { "https://blog.example/comments/feed/", 35 },
		  true },
		{ { "own:https://blog.example/feed/", 30 },
		  { "https://blog.example/feed/", 26 },
		  true },
		{ { "feed:https://news.example/rss", 29 },
		  { "https://news.example/rss", 24 },
		  false },
		{ { "feed:https://blog.example:8443/x", 32 },
		  { "https://blog.example:8443/x", 27 },
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
		struct connector_ctx ctx = { .arena = a,
					     .server = TEXT("https://blog.example"),
					     .token = TEXT("ann:s\xc3\xa9"
							   "same") };
		struct question q = { .op = OP_POLL, .source = table[i].source };
		struct request ask;
		bool has_secret = false;

		assert_true(connector_find(TEXT("rss"))->ask(&ctx, &q, &ask, NULL));
		assert_true(text_eq(ask.url, table[i].url));
		for (size_t k = 0; k < ask.n_headers; k++) {
			if (text_eq(ask.headers[k].name, TEXT("Authorization"))) {
				has_secret = true;
				assert_true(text_eq(ask.headers[k].value,
						    TEXT("Basic YW5uOnPDqXNhbWU=")));
			}
		}
		assert_int_equal(has_secret, table[i].has_secret);
		arena_destroy(&a);
	}
}

static void test_sources_that_cannot_be(void **state)
{
	static const char *const bad[] = { "mentions",
					   "own",
					   "own:",
					   "feed:ftp://x.example/",
					   "feed:http://x.example/",
					   "feed:https://user:pw@x.example/",
					   "comments://x.example/y",
					   "posts:https://x.example/" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = { 0 };

		assert_false(connector_find(TEXT("rss"))->check_source(text_of(bad[i]), &err));
		assert_int_equal(err.kind, ERR_CONFIG);
	}
	assert_true(connector_find(TEXT("rss"))
			    ->check_source(TEXT("feed:http://127.0.0.1:8000/rss"), NULL));
	assert_true(
		connector_find(TEXT("rss"))->check_source(TEXT("comments:/comments/feed/"), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_entry_is_read_or_told_as_lost),
		cmocka_unit_test(test_what_the_house_says_of_ids_and_links),
		cmocka_unit_test(test_deleted_entries_of_atom_are_gone),
		cmocka_unit_test(test_secrets_go_to_their_own_server_only),
		cmocka_unit_test(test_sources_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
