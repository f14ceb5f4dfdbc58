/* Protects what Telegram gives only once: which offset is sent when, for it destroys what is below it; and
 * the exact bytes of what is posted there. */
#include <string.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "tests/cm.h"

#define ASKED                                                                                      \
	"https://api.telegram.org/bot1001:AA-x_y/getUpdates?%slimit=%d&timeout=0&allowed_updates=" \
	"%%5B%%22message%%22%%2C"

struct bot {
	struct arena *arena;
	struct connector_ctx ctx;
	struct question q;
	struct request request;
	struct outcome outcome;
	struct err err;
};

static int bot_open(void **state)
{
	struct bot *b = calloc(1, sizeof(*b));

	b->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	b->ctx = (struct connector_ctx){ .arena = b->arena,
					 .now = { INT64_C(1795248000000000) }, /* hour 498680 */
					 .server = TEXT("https://api.telegram.org"),
					 .token = TEXT("1001:AA-x_y"),
					 .own_id = TEXT("1001"),
					 .own_handle = TEXT("shop_bot") };
	b->q = (struct question){ .op = OP_POLL, .source = TEXT("updates") };
	*state = b;
	return 0;
}

static int bot_close(void **state)
{
	struct bot *b = *state;

	arena_destroy(&b->arena);
	free(b);
	return 0;
}

static const struct connector *telegram(void)
{
	return connector_find(TEXT("telegram"));
}

static void assert_asked(struct bot *b, const char *offset, int limit)
{
	struct text want = text_printf(b->arena, ASKED, offset, limit);

	assert_true(telegram()->ask(&b->ctx, &b->q, &b->request, &b->err));
	if (!text_starts(b->request.url, want)) {
		print_error("want %.*s\ngot  %.*s\n", TEXT_ARG(want), TEXT_ARG(b->request.url));
		fail();
	}
	assert_int_equal(b->request.bearer.len, 0);
}

static bool answer(struct bot *b, int status, struct text body)
{
	struct response r = { .status = status, .body = body, .received_at = b->ctx.now };

	b->err = (struct err){ 0 };
	return telegram()->digest(&b->ctx, &b->q, &r, &b->outcome, &b->err);
}

/* n updates from `first` on, one after the other. */
static struct text page(struct bot *b, int64_t first, int n)
{
	struct strbuf out = { .max_bytes = LIMIT_BODY_BYTES };
	struct text t;

	strbuf_add_str(&out, "{\"ok\":true,\"result\":[");
	for (int i = 0; i < n; i++) {
		strbuf_printf(
			&out,
			"%s{\"update_id\":%lld,\"message\":{\"message_id\":%d,\"date\":1795248000,"
			"\"chat\":{\"id\":7,\"type\":\"private\"},\"from\":{\"id\":7},\"text\":"
			"\"x\"}}",
			i > 0 ? "," : "", (long long)first + i, i + 1);
	}
	strbuf_add_str(&out, "]}");
	t = text_dup(b->arena, strbuf_text(&out));
	strbuf_done(&out);
	return t;
}

static void test_an_offset_follows_only_from_the_state_of_a_page(void **state)
{
	struct bot *b = *state;

	assert_asked(b, "", 100);
	assert_true(answer(b, 200, page(b, 870001, 3)));
	assert_int_equal(b->outcome.n_messages, 3);
	assert_true(b->outcome.is_more);
	/* Until that state is committed and comes back, the same is asked again. */
	assert_asked(b, "", 100);
	b->q.state = b->outcome.state;
	assert_asked(b, "offset=870004&", 100);
	assert_true(answer(b, 200, page(b, 870004, 0)));
	assert_false(b->outcome.is_more);
	b->q.state = b->outcome.state;
	assert_asked(b, "offset=870004&", 100);
	b->q.page_limit = 1;
	assert_asked(b, "offset=870004&", 1);
}

static void test_a_refusal_moves_nothing(void **state)
{
	static const int statuses[] = { 401, 403, 404, 409, 429, 500, 502 };
	struct bot *b = *state;

	b->q.state = TEXT("{\"offset\":5,\"heard\":498680,\"news\":498680}");
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		assert_false(answer(b, statuses[i], TEXT("{\"ok\":false}")));
		assert_int_equal(b->outcome.state.len, 0);
	}
	assert_false(answer(b, 200, TEXT("{\"ok\":false,\"description\":\"x\"}")));
	assert_false(answer(b, 200, TEXT("{\"ok\":true,\"result\":{}}")));
	assert_false(answer(b, 200, TEXT("{\"ok\":true,\"result\":[{\"update_id\":1}")));
}

static void test_quiet_polls_leave_the_state_as_it_was_for_an_hour(void **state)
{
	struct bot *b = *state;
	struct text before;

	assert_true(answer(b, 200, page(b, 1, 0)));
	before = b->q.state = b->outcome.state;
	b->ctx.now = wall_add(b->ctx.now, DUR_S(3599));
	assert_true(answer(b, 200, page(b, 1, 0)));
	assert_true(text_eq(b->outcome.state, before));
	b->ctx.now = wall_add(b->ctx.now, DUR_S(1));
	assert_true(answer(b, 200, page(b, 1, 0)));
	assert_false(text_eq(b->outcome.state, before));
}

static void test_after_a_quiet_week_any_number_is_news(void **state)
{
	struct bot *b = *state;

	b->q.state = TEXT("{\"offset\":870004,\"heard\":498680,\"news\":498537}"); /* 143 hours */
	assert_asked(b, "offset=870004&", 100);
	b->q.state = TEXT("{\"offset\":870004,\"heard\":498680,\"news\":498536}");
	assert_asked(b, "", 100);
	assert_true(answer(b, 200, page(b, 12, 2)));
	b->q.state = b->outcome.state;
	assert_asked(b, "offset=14&", 100);
}

static void test_a_long_silence_is_a_gap_once(void **state)
{
	struct option_value keeps = { "keeps", TEXT("48") };
	struct bot *b = *state;

	b->q.state = TEXT("{\"offset\":5,\"heard\":498656,\"news\":498656}"); /* 24 hours */
	assert_true(answer(b, 200, page(b, 5, 0)));
	assert_false(b->outcome.has_hole);
	b->q.state = TEXT("{\"offset\":5,\"heard\":498655,\"news\":498655}");
	assert_true(answer(b, 200, page(b, 5, 0)));
	assert_true(b->outcome.has_hole);
	b->ctx.options = &keeps;
	b->ctx.n_options = 1;
	assert_true(answer(b, 200, page(b, 5, 0)));
	assert_false(b->outcome.has_hole);
	b->ctx.n_options = 0;
	b->q.state = b->outcome.state;
	assert_true(answer(b, 200, page(b, 5, 0)));
	assert_false(b->outcome.has_hole);
}

static void test_a_server_that_never_forgets_ends_the_walk(void **state)
{
	struct bot *b = *state;

	assert_true(answer(b, 200, page(b, 5, 3)));
	b->q.state = b->outcome.state;
	assert_true(answer(b, 200, page(b, 5, 3)));
	assert_int_equal(b->outcome.n_messages, 3);
	assert_false(b->outcome.is_more);
}

static void test_a_number_that_cannot_be_read_is_stepped_over(void **state)
{
	struct bot *b = *state;

	b->q.state = TEXT("{\"offset\":40,\"heard\":498680,\"news\":498680}");
	assert_true(answer(b, 200, TEXT("{\"ok\":true,\"result\":[{\"update_id\":1e99}]}")));
	assert_int_equal(b->outcome.n_bad, 1);
	b->q.state = b->outcome.state;
	assert_asked(b, "offset=41&", 100);
}

static void test_a_state_that_cannot_be_read_forgets_nothing(void **state)
{
	static const char *const states[] = { "", "{", "{\"offset\":-7}", "{\"offset\":\"9\"}",
					      "[1]" };
	struct bot *b = *state;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		b->q.state = text_of(states[i]);
		assert_asked(b, "", 100);
	}
}

static void test_what_a_bot_is_not_shown_is_not_asked(void **state)
{
	static const enum op ops[] = { OP_SWEEP, OP_THREAD, OP_RECHECK };
	struct bot *b = *state;

	for (size_t i = 0; i < 3; i++) {
		b->q.op = ops[i];
		assert_true(telegram()->ask(&b->ctx, &b->q, &b->request, &b->err));
		assert_int_equal(b->request.url.len, 0);
		assert_true(answer(b, 204, TEXT_NONE));
	}
	b->q.op = OP_LOOKUP;
	assert_false(telegram()->ask(&b->ctx, &b->q, &b->request, &b->err));
	assert_false(telegram()->can.lookup);
}

static void test_only_a_bots_token_becomes_an_address(void **state)
{
	static const char *const tokens[] = { "",       "x",      "12:",  ":AA",
					      "12:a/b", "12:a?b", "a2:b", "12:a b" };
	struct bot *b = *state;

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		b->ctx.token = text_of(tokens[i]);
		assert_false(telegram()->ask(&b->ctx, &b->q, &b->request, &b->err));
		assert_int_equal(b->err.kind, ERR_AUTH);
	}
}

/* ---- posting ---- */

static void assert_posted(struct bot *b, const struct posting *p, const char *body)
{
	b->q = (struct question){ .op = OP_REPLY, .posting = p };
	assert_true(telegram()->ask(&b->ctx, &b->q, &b->request, &b->err));
	assert_true(text_eq(b->request.url,
			    TEXT("https://api.telegram.org/bot1001:AA-x_y/sendMessage")));
	if (!text_eq(b->request.body, text_of(body))) {
		print_error("want %s\ngot  %.*s\n", body, TEXT_ARG(b->request.body));
		fail();
	}
	assert_int_equal(b->request.method, HTTP_POST);
	assert_true(b->request.once);
	assert_int_equal(b->request.n_headers, 0);
}

static void test_a_reply_stands_in_the_chat_that_was_asked_in(void **state)
{
	struct bot *b = *state;
	struct posting p = { .key = TEXT("3m5xkq2yrs22a"),
			     .text = TEXT("<b>1 & 2_3 \xf0\x9f\x8d\x9e\n\"ok\""),
			     .parent_id = TEXT("7:15"),
			     .visibility = MESSAGE_PRIVATE };

	assert_posted(
		b, &p,
		"{\"chat_id\":7,\"text\":\"<b>1 & 2_3 \xf0\x9f\x8d\x9e\\n\\\"ok\\\"\","
		"\"reply_parameters\":{\"message_id\":15,\"allow_sending_without_reply\":true}}");
	p.text = TEXT("ok");
	p.parent_id = TEXT("b:bc:1:7:31");
	assert_posted(
		b, &p,
		"{\"business_connection_id\":\"bc:1\",\"chat_id\":7,\"text\":\"ok\","
		"\"reply_parameters\":{\"message_id\":31,\"allow_sending_without_reply\":true}}");
	p.parent_id = TEXT("-100200:80");
	p.visibility = MESSAGE_PUBLIC;
	p.parent_raw =
		TEXT("{\"update_id\":1,\"message\":{\"message_id\":80,\"is_topic_message\":true,"
		     "\"message_thread_id\":33}}");
	assert_posted(
		b, &p,
		"{\"chat_id\":-100200,\"message_thread_id\":33,\"text\":\"ok\","
		"\"reply_parameters\":{\"message_id\":80,\"allow_sending_without_reply\":false}}");
}

static void test_a_reply_for_a_channel_names_whose_exchange_it_is(void **state)
{
	struct bot *b = *state;
	struct posting p = { .key = TEXT("3m5xkq2yrs22a"),
			     .text = TEXT("ok"),
			     .parent_id = TEXT("-1009:61"),
			     .visibility = MESSAGE_PRIVATE };

	p.parent_raw = TEXT("{\"update_id\":1,\"message\":{\"message_id\":61,"
			    "\"direct_messages_topic\":{\"topic_id\":8}}}");
	assert_posted(
		b, &p,
		"{\"chat_id\":-1009,\"direct_messages_topic_id\":8,\"text\":\"ok\","
		"\"reply_parameters\":{\"message_id\":61,\"allow_sending_without_reply\":true}}");
	p.parent_raw = TEXT_NONE; /* it could reach somebody else */
	b->q = (struct question){ .op = OP_REPLY, .posting = &p };
	assert_false(telegram()->ask(&b->ctx, &b->q, &b->request, &b->err));
	assert_int_equal(b->err.kind, ERR_DATA);
}

static void test_what_names_no_message_is_not_answered(void **state)
{
	static const char *const ids[] = { "",    "7",     "update:5", "7:0", "7:-1",
					   "0:5", "b:7:5", "7:x",      "x:7" };
	struct bot *b = *state;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct posting p = { .text = TEXT("ok"), .parent_id = text_of(ids[i]) };

		b->q = (struct question){ .op = OP_REPLY, .posting = &p };
		assert_false(telegram()->ask(&b->ctx, &b->q, &b->request, &b->err));
		assert_int_equal(b->err.kind, ERR_DATA);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, bot_open, bot_close)
	const struct CMUnitTest tests[] = {
		TEST(test_an_offset_follows_only_from_the_state_of_a_page),
		TEST(test_a_refusal_moves_nothing),
		TEST(test_quiet_polls_leave_the_state_as_it_was_for_an_hour),
		TEST(test_after_a_quiet_week_any_number_is_news),
		TEST(test_a_long_silence_is_a_gap_once),
		TEST(test_a_server_that_never_forgets_ends_the_walk),
		TEST(test_a_number_that_cannot_be_read_is_stepped_over),
		TEST(test_a_state_that_cannot_be_read_forgets_nothing),
		TEST(test_what_a_bot_is_not_shown_is_not_asked),
		TEST(test_only_a_bots_token_becomes_an_address),
		TEST(test_a_reply_stands_in_the_chat_that_was_asked_in),
		TEST(test_a_reply_for_a_channel_names_whose_exchange_it_is),
		TEST(test_what_names_no_message_is_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
