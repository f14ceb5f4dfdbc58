/* Protects the database from writes when nothing happens: however often a source is asked, an answer
 * that has not changed leaves its state as it was, byte for byte. */
#include <stdio.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "tests/cm.h"

#define MOST_REQUESTS 700

/* 2026-11-20 07:00 */
static const struct wall epoch = { INT64_C(1795158000000000) };

/* Items 1..n, the newest last, a second apart. */
struct server {
	int n;
	bool is_ahead; /* its clock */
};

static struct wall time_of(const struct server *s, int i)
{
	return wall_add(epoch, DUR_S(i + (s->is_ahead ? 100000 : 0)));
}

static struct text time_text(struct arena *a, struct wall at)
{
	char when[WALL_TEXT_BYTES];

	(void)wall_format(at, when);
	return text_printf(a, "%.23sZ", when);
}

/* ---- Bluesky ---- */

static void post_add(struct arena *a, struct strbuf *b, const struct server *s, int i)
{
	struct text at = time_text(a, time_of(s, i));

	strbuf_printf(
		b,
		"{\"uri\":\"at://did:plc:c/app.bsky.feed.post/p%d\",\"cid\":\"c\",\"author\":"
		"{\"did\":\"did:plc:c\"},\"record\":{\"$type\":\"app.bsky.feed.post\",\"text\":"
		"\"x\",\"createdAt\":\"%.*s\"},\"indexedAt\":\"%.*s\"",
		i, TEXT_ARG(at), TEXT_ARG(at));
}

static void sky_item_add(struct arena *a, struct strbuf *b, const struct server *s, struct text url,
			 int i)
{
	struct text at = time_text(a, time_of(s, i));

	if (text_find(url, TEXT("listConvos"), 0) != SIZE_MAX) {
		strbuf_printf(
			b,
			"{\"id\":\"k%d\",\"rev\":\"r%d\",\"members\":[{\"did\":\"did:plc:us\"},"
			"{\"did\":\"did:plc:c%d\"}],\"lastMessage\":{\"id\":\"m%d\",\"text\":"
			"\"x\",\"sender\":{\"did\":\"did:plc:c%d\"},\"sentAt\":\"%.*s\"}}",
			i, i, i, i, i, TEXT_ARG(at));
	} else if (text_find(url, TEXT("getMessages"), 0) != SIZE_MAX) {
		strbuf_printf(b,
			      "{\"id\":\"m%d\",\"text\":\"x\",\"sender\":{\"did\":\"did:plc:c\"},"
			      "\"sentAt\":\"%.*s\"}",
			      i, TEXT_ARG(at));
	} else if (text_find(url, TEXT("getAuthorFeed"), 0) != SIZE_MAX) {
		strbuf_add_str(b, "{\"post\":");
		post_add(a, b, s, i);
		strbuf_add_str(b, "}}");
	} else {
		post_add(a, b, s, i);
		strbuf_add_str(b, text_find(url, TEXT("listNotifications"), 0) != SIZE_MAX
					  ? ",\"reason\":\"mention\"}"
					  : "}");
	}
}

static struct text sky_answer(struct arena *a, const struct server *s, struct text url)
{
	static const char *const lists[][2] = {
		{ "listNotifications", "notifications" },
		{ "getAuthorFeed", "feed" },
		{ "searchPosts", "posts" },
		{ "listConvos", "convos" },
		{ "getMessages", "messages" },
	};
	bool is_place = text_find(url, TEXT("searchPosts"), 0) != SIZE_MAX ||
			text_find(url, TEXT("chat.bsky"), 0) != SIZE_MAX;
	struct wall before = time_of(s, 1000000);
	int64_t below = s->n + 1, limit;
	struct text cursor;
	struct strbuf b;
	int n = 0;

	strbuf_init(&b, LIMIT_BODY_BYTES);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (text_find(url, text_of(lists[i][0]), 0) != SIZE_MAX) {
			strbuf_printf(&b, "{\"%s\":[", lists[i][1]);
		}
	}
	if (url_query_get(a, url, TEXT("cursor"), &cursor)) {
		assert_true(is_place ? num_parse_i64(cursor, &below) : wall_parse(cursor, &before));
	}
	assert_true(url_query_get(a, url, TEXT("limit"), &cursor) && num_parse_i64(cursor, &limit));
	if (text_find(url, TEXT("getMessages"), 0) != SIZE_MAX && below > 2) {
		below = 2; /* each conversation has one */
	}
	for (int i = (int)below - 1; i >= 1 && n < limit; i--) {
		if (wall_before(time_of(s, i), before)) {
			strbuf_add_str(&b, n++ > 0 ? "," : "");
			sky_item_add(a, &b, s, url, i);
			below = i;
		}
	}
	cursor = is_place ? text_printf(a, "%d", (int)below) : time_text(a, time_of(s, (int)below));
	strbuf_add_byte(&b, ']');
	if (n > 0) {
		strbuf_printf(&b, ",\"cursor\":\"%.*s\"", TEXT_ARG(cursor));
	}
	strbuf_add_byte(&b, '}');
	cursor = text_dup(a, strbuf_text(&b));
	strbuf_done(&b);
	return cursor;
}

/* ---- Mastodon ---- */

static void status_add(struct strbuf *b, int i, struct text at)
{
	strbuf_printf(
		b,
		"{\"id\":\"%d\",\"content\":\"x\",\"created_at\":\"%.*s\",\"account\":{\"id\":"
		"\"7\"}}",
		5000 + i, TEXT_ARG(at));
}

static struct text social_answer(struct arena *a, const struct server *s, struct text url)
{
	bool is_search = text_find(url, TEXT("/api/v2/search"), 0) != SIZE_MAX;
	int from = s->n, to = 1, n = 0;
	struct text value;
	struct strbuf b;
	int64_t number;

	if (url_query_get(a, url, TEXT("max_id"), &value) && num_parse_i64(value, &number)) {
		from = (int)number - 5000 - 1;
	}
	if (url_query_get(a, url, TEXT("offset"), &value) && num_parse_i64(value, &number)) {
		from = s->n - (int)number;
	}
	assert_true(url_query_get(a, url, TEXT("limit"), &value) && num_parse_i64(value, &number));
	to = from - (int)number + 1 > 1 ? from - (int)number + 1 : 1;
	if (url_query_get(a, url, TEXT("min_id"), &value)) {
		int64_t min;

		assert_true(num_parse_i64(value, &min));
		to = (int)min - 5000 + 1;
		from = to + (int)number - 1 < s->n ? to + (int)number - 1 : s->n;
	}
	strbuf_init(&b, LIMIT_BODY_BYTES);
	strbuf_add_str(&b, is_search ? "{\"statuses\":[" : "[");
	for (int i = from; i >= to; i--) {
		struct text at = time_text(a, time_of(s, i));

		strbuf_add_str(&b, n++ > 0 ? "," : "");
		if (text_find(url, TEXT("/notifications"), 0) != SIZE_MAX) {
			strbuf_printf(&b,
				      "{\"id\":\"%d\",\"type\":\"mention\",\"created_at\":\"%.*s\","
				      "\"account\":{\"id\":\"7\"},\"status\":",
				      5000 + i, TEXT_ARG(at));
			status_add(&b, i, at);
			strbuf_add_byte(&b, '}');
		} else if (text_find(url, TEXT("/conversations"), 0) != SIZE_MAX) {
			strbuf_printf(&b,
				      "{\"id\":\"%d\",\"accounts\":[],\"last_status\":", 5000 + i);
			status_add(&b, i, at);
			strbuf_add_byte(&b, '}');
		} else {
			status_add(&b, i, at);
		}
	}
	strbuf_add_str(&b, is_search ? "]}" : "]");
	value = text_dup(a, strbuf_text(&b));
	strbuf_done(&b);
	return value;
}

/* ---- polls ---- */

/* One whole walk; how many requests it took. */
static int poll(const struct connector *c, const struct server *s, const char *source,
		struct strbuf *state, size_t *ret_n_messages)
{
	bool is_sky = strcmp(c->name, "bluesky") == 0, is_more = true;
	int n = 0;

	*ret_n_messages = 0;
	while (is_more) {
		struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
		struct connector_ctx ctx = {
			.arena = a,
			.now = wall_add(epoch, DUR_S(50000 + n)),
			.server = TEXT("https://social.example"),
			.token = TEXT("t"),
			.own_id = TEXT("did:plc:us"),
			.own_handle = TEXT("us.test"),
			.session =
				TEXT("{\"access\":\"a\",\"refresh\":\"r\",\"did\":\"did:plc:us\"}"),
		};
		struct question q = { .op = OP_POLL,
				      .source = text_of(source),
				      .state = strbuf_text(state),
				      .since = wall_add(epoch, DUR_S(-86400)) };
		struct response r = { .status = 200 };
		struct err err = { 0 };
		struct request ask;
		struct outcome o;

		assert_true(n++ < MOST_REQUESTS);
		assert_true(c->ask(&ctx, &q, &ask, &err));
		r.body = is_sky ? sky_answer(a, s, ask.url) : social_answer(a, s, ask.url);
		if (!c->digest(&ctx, &q, &r, &o, &err)) {
			fail_msg("%s %s: %s", c->name, source, err.text);
		}
		assert_int_equal(o.n_bad, 0);
		*ret_n_messages += o.n_messages;
		is_more = o.is_more;
		strbuf_reset(state);
		strbuf_add(state, o.state);
		arena_destroy(&a);
	}
	return n;
}

static void source_check(const char *platform, const char *source, const struct server *s)
{
	const struct connector *c = connector_find(text_of(platform));
	struct strbuf state, before;
	size_t n_messages;

	strbuf_init(&state, LIMIT_STATE_BYTES);
	strbuf_init(&before, LIMIT_STATE_BYTES);
	(void)poll(c, s, source, &state, &n_messages);
	assert_true(n_messages > 0 || s->n == 0);
	for (int round = 0; round < 5; round++) {
		strbuf_reset(&before);
		strbuf_add(&before, strbuf_text(&state));
		(void)poll(c, s, source, &state, &n_messages);
		if (!text_eq(strbuf_text(&before), strbuf_text(&state))) {
			fail_msg("%s %s, %d items%s, round %d:\n%.*s\n%.*s", platform, source, s->n,
				 s->is_ahead ? " of a clock that runs ahead" : "", round,
				 TEXT_ARG(strbuf_text(&before)), TEXT_ARG(strbuf_text(&state)));
		}
	}
	strbuf_done(&state);
	strbuf_done(&before);
}

static void test_a_quiet_poll_leaves_the_state_as_it_was(void **state)
{
	static const struct {
		const char *platform, *sources[6];
	} all[] = {
		{ "bluesky", { "mentions", "own", "directs", "search:cups" } },
		{ "mastodon", { "mentions", "own", "directs", "search:#cups", "search:cups" } },
	};
	static const int sizes[] = {
		0, 1, 2, 7, 19, 20, 21, 39, 40, 41, 79, 80, 81, 100, 101, 250
	};

	(void)state;
	for (size_t p = 0; p < sizeof(all) / sizeof(all[0]); p++) {
		for (size_t i = 0; all[p].sources[i] != NULL; i++) {
			for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
				struct server s = { .n = sizes[k] };

				source_check(all[p].platform, all[p].sources[i], &s);
				s.is_ahead = true;
				source_check(all[p].platform, all[p].sources[i], &s);
			}
		}
	}
}

static void test_conversations_that_stand_still_cost_one_request(void **state)
{
	const struct connector *c = connector_find(TEXT("bluesky"));
	struct server s = { .n = 12 };
	struct strbuf b;
	size_t n_messages;

	(void)state;
	strbuf_init(&b, LIMIT_STATE_BYTES);
	assert_true(poll(c, &s, "directs", &b, &n_messages) > s.n);
	assert_int_equal(poll(c, &s, "directs", &b, &n_messages), 1);
	assert_int_equal(n_messages, 0);
	s.n++; /* somebody new: the list, his messages, and whether there are more */
	assert_true(poll(c, &s, "directs", &b, &n_messages) <= 3);
	assert_true(n_messages > 0);
	assert_int_equal(poll(c, &s, "directs", &b, &n_messages), 1);
	strbuf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_quiet_poll_leaves_the_state_as_it_was),
		cmocka_unit_test(test_conversations_that_stand_still_cost_one_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
