/* Protects how X is asked (each question costs money), how its walks end, how requests are signed, and how it counts
 * a text. */
#include <string.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/posting.h"
#include "answerd/sign.h"
#include "answerd/url.h"
#include "tests/cm.h"

struct bird {
	struct arena *arena;
	struct connector_ctx ctx;
	struct question q;
	struct request request;
	struct outcome outcome;
	struct err err;
};

static int bird_open(void **state)
{
	struct bird *b = calloc(1, sizeof(*b));

	b->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	b->ctx =
		(struct connector_ctx){ .arena = b->arena,
					.now = { INT64_C(1795165200000000) }, /* 2026-11-20T09:00 */
					.server = TEXT("https://api.x.com"),
					.token = TEXT("id:secret:rt"),
					.session = TEXT("{\"access\":\"at\",\"refresh\":\"rt\"}"),
					.own_id = TEXT("44"),
					.own_handle = TEXT("shop") };
	b->q = (struct question){ .op = OP_POLL,
				  .source = TEXT("mentions"),
				  .since = { INT64_C(1792573200000000) } };
	*state = b;
	return 0;
}

static int bird_close(void **state)
{
	struct bird *b = *state;

	arena_destroy(&b->arena);
	free(b);
	return 0;
}

static const struct connector *x(void)
{
	return connector_find(TEXT("x"));
}

static void ask(struct bird *b)
{
	if (!x()->ask(&b->ctx, &b->q, &b->request, &b->err)) {
		print_error("%s\n", b->err.text);
		fail();
	}
}

static bool digest(struct bird *b, int status, const char *body)
{
	struct header type = { TEXT("Content-Type"), TEXT("application/json") };
	struct response r = { .status = status,
			      .headers = &type,
			      .n_headers = 1,
			      .body = text_of(body),
			      .received_at = b->ctx.now };

	return x()->digest(&b->ctx, &b->q, &r, &b->outcome, &b->err);
}

static struct text asked(struct bird *b, const char *name)
{
	struct text value = TEXT_NONE;

	(void)url_query_get(b->arena, b->request.url, text_of(name), &value); /* empty: not asked */
	return value;
}

static void assert_text(struct text got, const char *want)
{
	if (!text_eq(got, text_of(want))) {
		print_error("want %s\ngot  %.*s\n", want, TEXT_ARG(got));
		fail();
	}
}

/* 2123702889477046272 is an id of now. */
#define ID_NOW    "2123702889477046272"
#define ID_BEFORE "2123702637818806272" /* a minute earlier */
#define PAGE(next)                                                                                 \
	"{\"data\":[{\"id\":\"" ID_NOW "\",\"text\":\"@shop a\",\"author_id\":\"77\","             \
	"\"edit_history_tweet_ids\":[\"" ID_NOW "\"]}],\"meta\":{\"result_count\":1" next "}}"

static void test_a_walk_keeps_its_since_id_to_the_last_page(void **state)
{
	struct bird *b = *state;

	ask(b);
	assert_true(text_starts(b->request.url, TEXT("https://api.x.com/2/users/44/mentions?")));
	assert_text(asked(b, "max_results"), "100");
	assert_text(asked(b, "start_time"), "2026-10-21T09:00:00Z");
	assert_text(asked(b, "since_id"), "");
	assert_text(asked(b, "expansions"), "author_id,referenced_tweets.id");
	assert_true(text_starts(asked(b, "tweet.fields"), TEXT("author_id,conversation_id")));
	assert_text(b->request.bearer, "at");
	assert_true(digest(b, 200, PAGE(",\"next_token\":\"t1\"")));
	assert_true(b->outcome.is_more);
	assert_int_equal(b->outcome.read_price, 1000);
	b->q.state = b->outcome.state;
	ask(b);
	assert_text(asked(b, "pagination_token"), "t1");
	assert_true(digest(b, 200, "{\"meta\":{\"result_count\":0}}"));
	assert_false(b->outcome.is_more);
	/* The first page's newest is the next beginning, a minute below it. */
	b->q.state = b->outcome.state;
	ask(b);
	assert_text(asked(b, "since_id"), ID_BEFORE);
	assert_text(asked(b, "start_time"), "");
	assert_true(digest(b, 200, PAGE(",\"next_token\":\"t2\"")));
	b->q.state = b->outcome.state;
	ask(b);
	assert_text(asked(b, "since_id"), ID_BEFORE);
	assert_text(asked(b, "pagination_token"), "t2");
	assert_true(digest(b, 200, PAGE(",\"next_token\":\"t2\"")));
	assert_true(b->outcome.has_hole && !b->outcome.is_more);
}

static void test_a_search_never_asks_beyond_its_week(void **state)
{
	struct bird *b = *state;

	b->q.source = TEXT("search:acme OR \"acme shop\"");
	b->q.page_limit = 3;
	ask(b);
	assert_text(asked(b, "start_time"), "");
	assert_text(asked(b, "query"), "acme OR \"acme shop\"");
	assert_text(asked(b, "max_results"), "10");
	b->q.state = TEXT("{\"since\":\"2120000000000000000\"}"); /* ten days ago */
	ask(b);
	assert_text(asked(b, "since_id"), "");
	assert_true(digest(b, 200, PAGE("")));
	assert_true(b->outcome.has_hole);
	assert_int_equal(b->outcome.read_price, 5000);
}

static void test_a_list_that_ends_before_what_we_knew_is_a_hole(void **state)
{
	struct bird *b = *state;

	b->q.state = TEXT("{\"since\":\"2123000000000000000\",\"walk\":{\"broken\":0,\"met\":false,"
			  "\"newest\":\"" ID_NOW
			  "\",\"pages\":7,\"read\":799,\"next\":\"t\",\"turtle\":\"s\"}}");
	assert_true(digest(b, 200, PAGE("")));
	assert_true(b->outcome.has_hole);
}

/* What the list of mentions does not reach any more is searched for by our name, down to where the gap begins. */
static void test_a_gap_behind_the_list_is_searched_through(void **state)
{
	struct bird *b = *state;

	b->q.op = OP_SWEEP;
	b->q.since = (struct wall){ b->ctx.now.us - INT64_C(86400) * 1000000 };
	b->q.state = TEXT("{\"since\":\"\",\"walk\":{\"broken\":0,\"met\":false,"
			  "\"newest\":\"" ID_NOW
			  "\",\"pages\":7,\"read\":799,\"next\":\"t\",\"turtle\":\"s\"}}");
	assert_true(digest(b, 200, PAGE("")));
	assert_false(b->outcome.is_more); /* an ordinary sweep pays for no search */
	b->q.is_gap = true;
	assert_true(digest(b, 200, PAGE("")));
	assert_true(b->outcome.is_more && !b->outcome.has_hole && !b->outcome.is_jumbled);
	assert_int_equal(b->outcome.read_price, 1000);
	b->q.state = b->outcome.state;
	ask(b);
	assert_true(text_starts(b->request.url, TEXT("https://api.x.com/2/tweets/search/recent?")));
	assert_text(asked(b, "query"), "@shop");
	assert_text(asked(b, "until_id"), ID_NOW);
	assert_true(asked(b, "start_time").len > 0);
	assert_true(digest(b, 200, PAGE(",\"next_token\":\"n1\"")));
	assert_int_equal(b->outcome.read_price, 5000);
	b->q.state = b->outcome.state;
	ask(b);
	assert_text(asked(b, "next_token"), "n1");
	assert_text(asked(b, "until_id"), ID_NOW);
	assert_true(digest(b, 200, "{\"meta\":{\"result_count\":0}}"));
	assert_true(b->outcome.is_jumbled && !b->outcome.is_more); /* all since then was read */
	b->q.since.us -= INT64_C(8) * 86400 * 1000000;
	assert_true(digest(b, 200, "{\"meta\":{\"result_count\":0}}"));
	assert_false(b->outcome.is_jumbled || b->outcome.is_more); /* a search ends after a week */
	assert_true(digest(b, 403, "{\"title\":\"Client Forbidden\",\"status\":403}"));
	assert_true(b->outcome.has_hole && !b->outcome.is_more); /* may not search: the gap stays */
}

/* Direct messages have their own small budget; the others do not wait for it. */
static void test_direct_messages_are_asked_at_their_own_pace(void **state)
{
	struct bird *b = *state;
	struct header headers[] = { { TEXT("x-rate-limit-limit"), TEXT("15") },
				    { TEXT("x-rate-limit-remaining"), TEXT("8") },
				    { TEXT("x-rate-limit-reset"), TEXT("1795165700") } };
	struct response r = { .status = 200,
			      .headers = headers,
			      .n_headers = 3,
			      .body = TEXT("{\"meta\":{\"result_count\":0}}"),
			      .received_at = b->ctx.now };

	b->q.source = TEXT("directs");
	ask(b);
	assert_text(asked(b, "event_types"), "MessageCreate");
	assert_true(x()->digest(&b->ctx, &b->q, &r, &b->outcome, &b->err));
	assert_false(b->outcome.rate.is_known);
	assert_int_equal(b->outcome.next_at.us - b->ctx.now.us, 100000000);
	r.status = 429;
	headers[1].value = TEXT("0");
	assert_false(x()->digest(&b->ctx, &b->q, &r, &b->outcome, &b->err));
	assert_int_equal(b->err.kind, ERR_LIMITED);
	assert_int_equal(b->outcome.next_at.us, INT64_C(1795165700000000));
}

static void test_money_is_for_a_person(void **state)
{
	struct bird *b = *state;

	assert_false(digest(b, 429,
			    "{\"title\":\"UsageCapExceeded\",\"type\":"
			    "\"https://api.twitter.com/2/problems/usage-capped\"}"));
	assert_int_equal(b->err.kind, ERR_AUTH);
	assert_int_equal(b->err.not_before.us - b->ctx.now.us, INT64_C(6) * 3600 * 1000000);
	assert_false(b->outcome.needs_refresh);
}

/* The words of X change: the other ones are tried once, and what is refused by name may be turned again. */
static void test_the_other_words_are_tried(void **state)
{
	struct bird *b = *state;

	assert_true(
		digest(b, 400, "{\"errors\":[{\"message\":\"[tweet.fields] is not one of\"}]}"));
	assert_true(b->outcome.is_more);
	b->ctx.facts = b->outcome.facts;
	b->q.state = b->outcome.state;
	ask(b);
	assert_text(asked(b, "expansions"), "author_id,referenced_posts");
	assert_true(asked(b, "post.fields").len > 0 && asked(b, "tweet.fields").len == 0);
	assert_false(
		digest(b, 400, "{\"errors\":[{\"message\":\"[post.fields] is not one of\"}]}"));
}

/* ---- posting ---- */

static struct posting posting_of(const char *words)
{
	return (struct posting){ .key = TEXT("3m5xkq2yrs22a"),
				 .text = text_of(words),
				 .begun_at = { INT64_C(1795165200000000) },
				 .parent_id = TEXT("1900000000000000001"),
				 .author_id = TEXT("77"),
				 .author_handle = TEXT("ann"),
				 .visibility = MESSAGE_PUBLIC };
}

static void test_a_reply_answers_the_version_that_is_read(void **state)
{
	struct bird *b = *state;
	struct posting p = posting_of("On its way \"now\".");

	b->q = (struct question){ .op = OP_REPLY, .posting = &p };
	ask(b);
	assert_text(b->request.url, "https://api.x.com/2/tweets");
	assert_text(b->request.body,
		    "{\"reply\":{\"in_reply_to_tweet_id\":\"1900000000000000001\"},"
		    "\"text\":\"On its way \\\"now\\\".\"}");
	assert_true(b->request.once && b->request.method == HTTP_POST);
	p.parent_revision = TEXT("1900000000000000009");
	ask(b);
	assert_true(text_find(b->request.body, TEXT("1900000000000000009"), 0) != SIZE_MAX);
	p.text = TEXT("$ACME and $FOO are shares");
	assert_false(x()->ask(&b->ctx, &b->q, &b->request, &b->err));
	assert_int_equal(b->err.kind, ERR_DATA);
}

static void test_a_direct_message_stays_in_its_conversation(void **state)
{
	struct bird *b = *state;
	struct posting p = posting_of("here");

	p.parent_id = TEXT("dm:5");
	p.visibility = MESSAGE_PRIVATE;
	b->q = (struct question){ .op = OP_REPLY, .posting = &p };
	assert_false(x()->ask(&b->ctx, &b->q, &b->request, &b->err));
	p.thread_id = TEXT("44-77");
	ask(b);
	assert_text(b->request.url, "https://api.x.com/2/dm_conversations/44-77/messages");
	assert_text(b->request.body, "{\"text\":\"here\"}");
}

/* RFC 2202's second case, and the example of Twitter's own page on signing. */
static void test_signatures(void **state)
{
	struct bird *b = *state;

	assert_text(sign_hmac_sha1(b->arena, TEXT("Jefe"), TEXT("what do ya want for nothing?")),
		    "7/zfauXrL6LSdBbV8YTfnCWafHk=");
	b->ctx.token = TEXT("ck:cs:tk:ts");
	b->ctx.session = TEXT("{\"access\":\"signed\"}");
	ask(b);
	assert_int_equal(b->request.bearer.len, 0);
	assert_int_equal(b->request.n_headers, 1);
	assert_text(b->request.headers[0].name, "Authorization");
	assert_true(text_starts(b->request.headers[0].value,
				TEXT("OAuth oauth_consumer_key=\"ck\", ")));
	assert_true(text_find(b->request.headers[0].value, TEXT("oauth_timestamp=\"1795165200\""),
			      0) != SIZE_MAX);
	/* The keys have no end: nobody is asked for a session. */
	b->q.op = OP_REFRESH;
	ask(b);
	assert_int_equal(b->request.url.len, 0);
}

static void test_weights(void **state)
{
	static const struct {
		const char *text;
		int64_t weight;
	} cases[] = {
		{ "", 0 },
		{ "hello", 5 },
		{ "caf\xc3\xa9", 4 },
		{ "cafe\xcc\x81", 4 },             /* joined to one character */
		{ "\xe6\x97\xa5\xe6\x9c\xac", 4 }, /* two of a wide script */
		{ "\xf0\x9f\x98\x80", 2 },         /* an emoji */
		{ "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", 2 },
		{ "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa", 2 }, /* a flag */
		{ "1\xef\xb8\x8f\xe2\x83\xa3", 2 },        /* a key cap */
		{ "1", 1 },
		{ "\xe2\x80\x93 \xe2\x80\xa6", 3 + 1 }, /* dash, blank; an ellipsis is heavy */
		{ "see https://shop.example/a/very/long/path?with=more ok", 4 + 23 + 3 },
		{ "http://a.b", 23 },
		{ "shop.com", 23 },
		{ "at shop.com/orders, now", 3 + 23 + 5 },
		{ "(SHOP.com:8080/a.b?c=d).", 1 + 23 + 2 },
		{ "shop.com?", 23 + 1 },
		{ "ann@shop.com, ann.lee@shop.com", 30 },
		{ "e.g. this", 9 },
		{ "@ann hi", 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got = posting_weight(text_of(cases[i].text));

		if (got != cases[i].weight) {
			print_error("'%s': %d, wanted %d\n", cases[i].text, (int)got,
				    (int)cases[i].weight);
		}
		assert_int_equal(got, cases[i].weight);
	}
}

static void test_a_link_makes_a_post_dear(void **state)
{
	static const struct {
		const char *text;
		int64_t price;
	} cases[] = {
		{ "We found it.", 10000 },
		{ "It costs 3.50 at 10.30h, e.g. tomorrow.Thanks", 10000 },
		{ "@ann.bsky see you...", 10000 },
		{ "", 10000 },
		{ ". .. .de a.", 10000 },
		{ "See https://shop.example/42.", 200000 },
		{ "see shop.example", 200000 },
		{ "see shop.example/a_B?c, please", 200000 },
		{ "shop-1.co.uk!", 200000 },
		{ "Shop.Example/OK", 200000 },
		{ "SHOP.EXAMPLE", 200000 },
		{ "Look (shop.example).", 200000 },
		{ "shop.Com: ours", 200000 },
		{ "Write to ann.lee@shop.example, or @shop.example. Until tomorrow.", 10000 },
		{ "I am there until tomorrow.Thanks for #shop.example and its www_shop.example",
		  10000 },
	};
	struct bird *b = *state;
	struct posting p = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p.text = text_of(cases[i].text);
		if (x()->post_price(&b->ctx, &p) != cases[i].price) {
			print_error("'%s'\n", cases[i].text);
		}
		assert_int_equal(x()->post_price(&b->ctx, &p), cases[i].price);
	}
	p.visibility = MESSAGE_PRIVATE;
	assert_int_equal(x()->post_price(&b->ctx, &p), 15000);
}

static void test_what_a_look_reads_is_told(void **state)
{
	struct bird *b = *state;
	struct posting p = { .text = TEXT("Here."), .parent_id = TEXT("12"), .key = TEXT("k") };

	b->q = (struct question){ .op = OP_LOOKUP, .posting = &p };
	assert_true(digest(b, 200, PAGE("")));
	assert_int_equal(b->outcome.read_price, 5000);
	assert_int_equal(b->outcome.n_read_ids, 1);
	assert_text(b->outcome.read_ids[0], ID_NOW);
	assert_int_equal(b->outcome.n_messages, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_link_makes_a_post_dear, bird_open,
						bird_close),
		cmocka_unit_test_setup_teardown(test_what_a_look_reads_is_told, bird_open,
						bird_close),
		cmocka_unit_test_setup_teardown(test_a_walk_keeps_its_since_id_to_the_last_page,
						bird_open, bird_close),
		cmocka_unit_test_setup_teardown(test_a_search_never_asks_beyond_its_week, bird_open,
						bird_close),
		cmocka_unit_test_setup_teardown(test_a_list_that_ends_before_what_we_knew_is_a_hole,
						bird_open, bird_close),
		cmocka_unit_test_setup_teardown(test_a_gap_behind_the_list_is_searched_through,
						bird_open, bird_close),
		cmocka_unit_test_setup_teardown(test_direct_messages_are_asked_at_their_own_pace,
						bird_open, bird_close),
		cmocka_unit_test_setup_teardown(test_money_is_for_a_person, bird_open, bird_close),
		cmocka_unit_test_setup_teardown(test_the_other_words_are_tried, bird_open,
						bird_close),
		cmocka_unit_test_setup_teardown(test_a_reply_answers_the_version_that_is_read,
						bird_open, bird_close),
		cmocka_unit_test_setup_teardown(test_a_direct_message_stays_in_its_conversation,
						bird_open, bird_close),
		cmocka_unit_test_setup_teardown(test_signatures, bird_open, bird_close),
		cmocka_unit_test(test_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
