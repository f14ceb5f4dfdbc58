/* Protects what Bluesky has beside its lists: threads deeper than one answer, sessions, conversations. */
#include <stdio.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "tests/cm.h"

#define SESSION                                                                                    \
	"{\"access\":\"a\",\"refresh\":\"r\",\"did\":\"did:plc:us\",\"pds\":\"https://"            \
	"pds.example\"}"

static const struct wall epoch = { INT64_C(1763700000000000) };

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

/* A chain of n posts, 0 the root; the answer for post `at`, so deep and so high. */
static struct text chain_answer(struct arena *a, int n, int at, int down, int up)
{
	struct strbuf b;
	struct text out;
	int first = at - up < 0 ? 0 : at - up, last = at + down >= n ? n - 1 : at + down;

	strbuf_init(&b, LIMIT_BODY_BYTES);
	strbuf_add_str(&b, "{\"thread\":");
	for (int pass = 0; pass < 2; pass++) {
		int from = pass == 0 ? at : at + 1, to = pass == 0 ? first : last;

		for (int i = from; pass == 0 ? i >= to : i <= to; i += pass == 0 ? -1 : 1) {
			strbuf_add_str(&b, pass == 0 ? (i == at ? "" : ",\"parent\":")
						     : ",\"replies\":[");
			strbuf_printf(&b,
				      "{\"post\":{\"uri\":\"at://did:plc:c/app.bsky.feed.post/"
				      "p%d\",\"cid\":"
				      "\"c\",\"author\":{\"did\":\"did:plc:c\"},\"replyCount\":%d,"
				      "\"record\":"
				      "{\"text\":\"x\"%s}}",
				      i, i + 1 < n,
				      i > 0 ? ",\"reply\":{\"parent\":{\"uri\":\"at://did:plc:c/"
					      "app.bsky.feed.post/q\"}}"
					    : "");
		}
		for (int i = first; pass == 0 && i < at; i++) {
			strbuf_add_byte(&b, '}');
		}
	}
	for (int i = at; i < last; i++) {
		strbuf_add_str(&b, "}]");
	}
	strbuf_add_str(&b, "}}");
	out = text_dup(a, strbuf_text(&b));
	strbuf_done(&b);
	return out;
}

static int number_of(struct arena *a, struct text url, const char *name, const char *prefix)
{
	struct text value;
	int64_t n;

	assert_true(url_query_get(a, url, text_of(name), &value));
	assert_true(num_parse_i64(text_slice(value, strlen(prefix), SIZE_MAX), &n));
	return (int)n;
}

static void thread_read(int page_limit, int most_requests)
{
	const struct connector *c = connector_find(TEXT("bluesky"));
	bool is_seen[700] = { false };
	struct text subject = TEXT("at://did:plc:c/app.bsky.feed.post/p350");
	struct strbuf b;
	bool is_more = true;
	int n_requests = 0;

	strbuf_init(&b, LIMIT_STATE_BYTES);
	while (is_more) {
		struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
		struct connector_ctx ctx = context(a);
		struct question q = { .op = OP_THREAD,
				      .state = strbuf_text(&b),
				      .subjects = &subject,
				      .n_subjects = 1,
				      .page_limit = page_limit };
		struct response r = { .status = 200 };
		struct request ask;
		struct outcome o;
		struct err err = { 0 };

		assert_true(c->ask(&ctx, &q, &ask, &err));
		r.body = chain_answer(
			a, 700, number_of(a, ask.url, "uri", "at://did:plc:c/app.bsky.feed.post/p"),
			number_of(a, ask.url, "depth", ""),
			number_of(a, ask.url, "parentHeight", ""));
		assert_true(c->digest(&ctx, &q, &r, &o, &err));
		for (size_t i = 0; i < o.n_messages; i++) {
			int64_t at;

			assert_true(num_parse_i64(
				text_slice(o.messages[i].external_id,
					   sizeof("at://did:plc:c/app.bsky.feed.post/p") - 1, 9),
				&at));
			is_seen[at] = true;
		}
		is_more = o.is_more;
		strbuf_reset(&b);
		strbuf_add(&b, o.state);
		arena_destroy(&a);
		assert_true(++n_requests < most_requests);
	}
	for (int i = 0; i < 700; i++) {
		assert_true(is_seen[i]);
	}
	strbuf_done(&b);
}

static void test_threads_deeper_than_an_answer(void **state)
{
	(void)state;
	thread_read(0, 40);
	thread_read(50, 80); /* after an answer that was larger than we read */
	thread_read(20, 120);
}

static void test_a_session_is_made_kept_and_renewed(void **state)
{
	/* exp 2000000000 */
	struct response good = {
		.status = 200,
		.body = TEXT(
			"{\"accessJwt\":\"e30.eyJleHAiOjIwMDAwMDAwMDB9.x\",\"refreshJwt\":"
			"\"opaque\","
			"\"did\":\"did:plc:us\",\"handle\":\"h\",\"didDoc\":{\"service\":[{\"id\":"
			"\"#atproto_pds\",\"serviceEndpoint\":\"http://"
			"10.0.0.1\"},{\"id\":\"#atproto_pds\","
			"\"serviceEndpoint\":\"https://pds.example/\"}]}}"),
	};
	struct response ended = { .status = 400,
				  .body = TEXT("{\"error\":\"ExpiredToken\",\"message\":\"x\"}") };
	struct option_value option = { "identifier", { "shop.test", 9 } };
	const struct connector *c = connector_find(TEXT("bluesky"));
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct connector_ctx ctx = context(a);
	struct question q = { .op = OP_REFRESH };
	struct request ask;
	struct outcome o;

	(void)state;
	ctx.session = TEXT_NONE;
	assert_false(c->ask(&ctx, &q, &ask, NULL)); /* no identifier */
	ctx.options = &option;
	ctx.n_options = 1;
	assert_true(c->ask(&ctx, &q, &ask, NULL));
	assert_true(text_eq(ask.url,
			    TEXT("https://bsky.example/xrpc/com.atproto.server.createSession")));
	assert_true(text_eq(ask.body, TEXT("{\"identifier\":\"shop.test\",\"password\":\"t\"}")));
	assert_true(c->digest(&ctx, &q, &good, &o, NULL));
	assert_true(o.session_until.us == INT64_C(2000000000000000));
	assert_true(text_find(o.session, TEXT("\"pds\":\"https://pds.example\""), 0) != SIZE_MAX);
	ctx.session = o.session;
	assert_true(c->ask(&ctx, &q, &ask, NULL));
	assert_true(text_ends(ask.url, TEXT("refreshSession")) &&
		    text_eq(ask.bearer, TEXT("opaque")));
	assert_true(c->digest(&ctx, &q, &ended, &o, NULL) && o.is_more);
	q.state = o.state;
	assert_true(c->ask(&ctx, &q, &ask, NULL) && text_ends(ask.url, TEXT("createSession")));
	q = (struct question){ .op = OP_POLL, .source = TEXT("own") };
	assert_true(c->ask(&ctx, &q, &ask, NULL));
	assert_true(
		text_starts(ask.url, TEXT("https://pds.example/xrpc/app.bsky.feed.getAuthorFeed")));
	assert_false(c->digest(&ctx, &q, &ended, &o, NULL));
	assert_true(o.needs_refresh);
	arena_destroy(&a);
}

static void test_conversations_that_moved_are_read(void **state)
{
	const struct connector *c = connector_find(TEXT("bluesky"));
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct connector_ctx ctx = context(a);
	struct question q = { .op = OP_POLL, .source = TEXT("directs") };
	struct response list = {
		.status = 200,
		.body = TEXT("{\"convos\":[{\"id\":\"k1\",\"members\":[{\"did\":\"did:plc:us\"},"
			     "{\"did\":\"did:plc:c\",\"handle\":\"c.test\"}],\"lastMessage\":"
			     "{\"id\":\"m2\",\"text\":\"b\",\"sender\":{\"did\":\"did:plc:c\"},"
			     "\"sentAt\":\"2025-11-21T04:40:00.000Z\"}}],\"cursor\":\"z\"}")
	};
	struct response end = { .status = 200, .body = TEXT("{\"convos\":[]}") };
	struct response messages = {
		.status = 200,
		.body = TEXT("{\"messages\":[{\"id\":\"m1\",\"text\":\"a\",\"sender\":"
			     "{\"did\":\"did:plc:us\"},\"sentAt\":"
			     "\"2025-11-21T04:39:00.000Z\"}]}")
	};
	struct response refused = { .status = 403, .body = TEXT("{}") };
	struct response nowhere = { .status = 400,
				    .body = TEXT("{\"error\":\"InvalidRequest\",\"message\":"
						 "\"could not resolve proxy did\"}") };
	struct request ask;
	struct outcome o;

	(void)state;
	assert_true(c->ask(&ctx, &q, &ask, NULL));
	assert_true(text_find(ask.url, TEXT("listConvos"), 0) != SIZE_MAX);
	assert_true(text_eq(ask.headers[0].name, TEXT("atproto-proxy")));
	assert_true(c->digest(&ctx, &q, &list, &o, NULL) && o.is_more);
	q.state = o.state;
	assert_true(c->ask(&ctx, &q, &ask, NULL));
	assert_true(text_find(ask.url, TEXT("getMessages?limit=100&convoId=k1"), 0) != SIZE_MAX);
	assert_true(c->digest(&ctx, &q, &messages, &o, NULL) && o.is_more);
	assert_true(text_eq(o.messages[0].peer_id, TEXT("did:plc:c")));
	q.state = o.state;
	assert_true(c->ask(&ctx, &q, &ask, NULL));
	assert_true(text_find(ask.url, TEXT("cursor=z"), 0) != SIZE_MAX);
	assert_true(c->digest(&ctx, &q, &end, &o, NULL) && !o.is_more);
	q.state = o.state;
	assert_true(c->digest(&ctx, &q, &refused, &o, NULL) && !o.is_more && o.missing.len > 0);
	assert_true(text_eq(o.state, q.state));
	assert_true(c->digest(&ctx, &q, &nowhere, &o, NULL) && !o.is_more && o.missing.len > 0);
	arena_destroy(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_deeper_than_an_answer),
		cmocka_unit_test(test_a_session_is_made_kept_and_renewed),
		cmocka_unit_test(test_conversations_that_moved_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
