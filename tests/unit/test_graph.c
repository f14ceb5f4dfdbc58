/* Protects the Graph core: a limit parks for as long as Graph says, a proof is the one that Graph computes, and a walk in two levels
 * loses no post, ends with any lists, and keeps its state small. */
#include "answerd/limits.h"
#include "answerd/mac.h"
#include "connectors/graph_walk.h"
#include "tests/cm.h"

static const struct wall now = { INT64_C(1795168800000000) };

static struct connector_ctx ctx_make(void)
{
	struct connector_ctx ctx = { .arena = arena_create(LIMIT_PAGE_ARENA_BYTES), .now = now };

	return ctx;
}

static void test_proof_is_hmac_sha256(void **state)
{
	char out[MAC_SHA256_HEX_BYTES];

	(void)state; /* RFC 4231, test cases 2 and 6 */
	mac_sha256_hex(TEXT("Jefe"), TEXT("what do ya want for nothing?"), out);
	assert_string_equal(out,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	mac_sha256_hex(TEXT_NONE, TEXT_NONE, out);
	assert_string_equal(out,
			    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_percent_and_minutes(void **state)
{
	static const struct {
		const char *header, *value;
		int64_t remaining, reset_s;
	} table[] = {
		{ "X-App-Usage", "{\"call_count\":28,\"total_time\":25,\"total_cputime\":3}", 72,
		  60 },
		{ "x-business-use-case-usage",
		  "{\"1\":[{\"type\":\"pages\",\"call_count\":5,\"total_cputime\":91,\"total_"
		  "time\":2,"
		  "\"estimated_time_to_regain_access\":0}]}",
		  9, 60 },
		{ "X-Business-Use-Case-Usage",
		  "{\"1\":[{\"call_count\":100,\"estimated_time_to_regain_access\":12}],"
		  "\"2\":[{\"call_count\":4,\"estimated_time_to_regain_access\":30}]}",
		  0, 1800 },
		{ "X-App-Usage", "{\"call_count\":250}", 0, 60 },
		{ "X-App-Usage", "{\"call_count\":\"\"}", -1, 0 },
		{ "X-App-Usage", "call_count", -1, 0 },
	};
	struct connector_ctx ctx = ctx_make();

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct header h = { text_of(table[i].header), text_of(table[i].value) };
		struct response r = { .status = 200, .headers = &h, .n_headers = 1 };
		struct rate rate = graph_rate(&ctx, &r);

		assert_int_equal(rate.is_known, table[i].remaining >= 0);
		if (rate.is_known) {
			assert_int_equal(rate.remaining, table[i].remaining);
			assert_int_equal(wall_since(now, rate.reset_at).us / 1000000,
					 table[i].reset_s);
		}
	}
	arena_destroy(&ctx.arena);
}

static struct graph_item item_of(struct arena *a, int n, uint32_t sign)
{
	return (struct graph_item){
		.id = text_printf(a, "1000_%d", n), .sign = sign, .at = now, .has_below = true
	};
}

static void test_a_walk_reads_what_changed_and_nothing_else(void **state)
{
	struct connector_ctx ctx = ctx_make();
	struct question q = { .op = OP_POLL, .since = wall_add(now, DUR_S(-86400)) };
	struct graph_walk w;
	bool has_hole = false;

	(void)state;
	graph_walk_load(&ctx, &q, &w);
	for (int i = 0; i < 3; i++) {
		struct graph_item item = item_of(ctx.arena, i, 7);

		graph_walk_item(&q, &w, &item);
	}
	assert_int_equal(w.n_todo, 3);
	assert_true(graph_walk_listed(&ctx, &q, &w, TEXT_NONE, 1, &has_hole));
	for (int i = 0; i < 3; i++) { /* the state goes through the database after each page */
		q.state = graph_walk_save(ctx.arena, &w);
		graph_walk_load(&ctx, &q, &w);
		assert_int_equal(w.n_todo, 3 - i);
		assert_int_equal(graph_walk_read_below(&ctx, &q, &w, TEXT_NONE, 1, &has_hole),
				 i < 2);
	}
	q.state = graph_walk_save(ctx.arena, &w);
	graph_walk_load(&ctx, &q, &w);
	for (int i = 0; i < 4; i++) {
		struct graph_item item = item_of(ctx.arena, i, i == 1 ? 8 : 7);

		graph_walk_item(&q, &w, &item);
	}
	assert_int_equal(w.n_todo, 2); /* the one that changed, and the new one */
	assert_true(text_eq(w.todo[0].id, TEXT("1000_1")) && text_eq(w.todo[1].id, TEXT("1000_3")));
	assert_false(has_hole);
	arena_destroy(&ctx.arena);
}

static void test_one_page_for_ever_is_a_hole_and_read_again(void **state)
{
	struct connector_ctx ctx = ctx_make();
	struct question q = { .op = OP_POLL, .since = now };
	struct graph_item item = item_of(ctx.arena, 1, 7);
	struct graph_walk w;
	bool has_hole = false;

	(void)state;
	graph_walk_load(&ctx, &q, &w);
	graph_walk_item(&q, &w, &item);
	assert_true(graph_walk_listed(&ctx, &q, &w, TEXT_NONE, 1, &has_hole));
	assert_true(graph_walk_read_below(&ctx, &q, &w, TEXT("after=x"), 5, &has_hole));
	assert_false(graph_walk_read_below(&ctx, &q, &w, TEXT("after=x"), 5, &has_hole));
	assert_true(has_hole);
	q.state = graph_walk_save(ctx.arena, &w);
	graph_walk_load(&ctx, &q, &w);
	graph_walk_item(&q, &w, &item);
	assert_int_equal(w.n_todo, 1);
	arena_destroy(&ctx.arena);
}

static void test_the_state_stays_small_and_survives_nonsense(void **state)
{
	static const char *const nonsense[] = {
		"",
		"{}",
		"[]",
		"42",
		"{\"todo\":[{\"i\":\"../x\"}],\"begun\":-1}",
		"{\"seen\":\"zz\",\"begun\":99999999999999,\"todo\":7}"
	};
	struct connector_ctx ctx = ctx_make();
	struct question q = { .op = OP_POLL, .since = wall_add(now, DUR_S(-86400)) };
	char *bytes = arena_alloc(ctx.arena, 1024);
	struct text cursor = { bytes, 1024 };
	struct graph_walk w;
	bool has_hole = false;

	(void)state;
	memset(bytes, 'c', cursor.len);
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		q.state = text_of(nonsense[i]);
		graph_walk_load(&ctx, &q, &w);
		assert_int_equal(w.n_todo, 0);
	}
	q.state = TEXT_NONE;
	graph_walk_load(&ctx, &q, &w);
	for (int i = 0; i < 900; i++) {
		struct graph_item item = item_of(ctx.arena, 100000 + i, (uint32_t)i);

		graph_walk_item(&q, &w, &item);
		if (w.n_todo == GRAPH_TODO_MOST) {
			assert_true(
				graph_walk_listed(&ctx, &q, &w, cursor, (uint64_t)i, &has_hole));
			w.below_next = cursor;
			assert_true(graph_walk_save(ctx.arena, &w).len > 0);
			for (int k = 0; k < GRAPH_TODO_MOST; k++) {
				(void)graph_walk_read_below(&ctx, &q, &w, TEXT_NONE, 1, &has_hole);
			}
			graph_walk_load(
				&ctx,
				&(struct question){ .op = OP_POLL,
						    .since = q.since,
						    .state = graph_walk_save(ctx.arena, &w) },
				&w);
		}
	}
	assert_true(graph_walk_save(ctx.arena, &w).len > 1000);
	arena_destroy(&ctx.arena);
}

static void test_an_answer_hangs_below_whom_it_names(void **state)
{
	struct message m[4] = {
		{ .external_id = TEXT("T"), .author_id = TEXT("ann"), .posted_at = { 1 } },
		{ .external_id = TEXT("b1"),
		  .parent_id = TEXT("T"),
		  .author_id = TEXT("bob"),
		  .posted_at = { 2 } },
		{ .external_id = TEXT("o"),
		  .parent_id = TEXT("T"),
		  .author_id = TEXT("us"),
		  .posted_at = { 3 },
		  .kind = MESSAGE_REPLY,
		  .direction = MESSAGE_OUTBOUND,
		  .names = { TEXT("bob") },
		  .n_names = 1 },
		{ .external_id = TEXT("b2"),
		  .parent_id = TEXT("T"),
		  .author_id = TEXT("bob"),
		  .posted_at = { 4 } },
	};
	struct outcome o = { .messages = m, .n_messages = 4 };

	(void)state;
	graph_walk_aim(&o, 0);
	assert_true(text_eq(m[2].parent_id, TEXT("b1"))); /* not what he said afterwards */
	m[2].parent_id = TEXT("T");
	m[2].names[0] = TEXT("cid");
	graph_walk_aim(&o, 0);
	assert_true(text_eq(m[2].parent_id, TEXT("T")));
}

/* More people write between two polls than a deep walk reads conversations: the list is read on while it brings news, and beyond that told. */
static void test_many_conversations_at_once(void **state)
{
	struct connector_ctx ctx = ctx_make();
	struct question q = { .op = OP_POLL, .since = { INT64_C(1795000000000000) } };
	struct graph_walk w = { 0 };
	bool has_hole = false, is_more = true;
	int64_t n = 0;

	(void)state;
	for (int times = 0; times < 2; times++) {
		for (n = 0, is_more = true; is_more && n < 99; n++) {
			struct graph_item item = { .id = text_printf(ctx.arena, "t_%d_%d", times,
								     (int)n),
						   .sign = 1,
						   .at = now };

			graph_walk_load(&ctx, &q, &w);
			w.most_pages = 50;
			assert_true(graph_walk_note(&ctx, &q, &w, &item));
			is_more = graph_walk_listed(&ctx, &q, &w, TEXT("on"), (uint64_t)n + 1,
						    &has_hole);
			q.state = graph_walk_save(ctx.arena, &w);
		}
		assert_int_equal(n, 50);
		assert_int_equal(has_hole, times == 1); /* at first history is the sweep's */
	}
	arena_destroy(&ctx.arena);
}

/* All comments of a busy post are thousands: only where nobody knows the comment on top they are all read. */
static void test_a_look_reads_below_the_comment(void **state)
{
	static const struct {
		enum message_kind kind;
		const char *raw, *node;
	} table[] = {
		{ MESSAGE_COMMENT, "", "/9_301/comments?" },
		{ MESSAGE_COMMENT, "{\"id\":\"9_301\"}", "/9_301/comments?" },
		{ MESSAGE_REPLY, "{\"id\":\"9_301\",\"parent\":{\"id\":\"9_300\"}}",
		  "/9_300/comments?" },
		{ MESSAGE_REPLY, "", "/1_9/comments?" },
		{ MESSAGE_REPLY, "{\"parent\":{\"id\":7}}", "/1_9/comments?" },
		{ MESSAGE_REPLY, "{\"parent\":{\"id\":\"../x\"}}", "/1_9/comments?" },
		{ MESSAGE_COMMENT, "[", "/9_301/comments?" },
	};
	const struct connector *facebook = connector_find(TEXT("facebook"));
	struct connector_ctx ctx = ctx_make();

	(void)state;
	ctx.server = TEXT("https://graph.facebook.com");
	ctx.token = TEXT("app:secret:token");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct posting p = { .key = TEXT("k"),
				     .text = TEXT("Here."),
				     .parent_id = TEXT("1_9/9_301"),
				     .parent_kind = table[i].kind,
				     .parent_raw = text_of(table[i].raw) };
		struct question q = { .op = OP_LOOKUP, .posting = &p };
		struct request r = { 0 };
		struct err err = { 0 };

		assert_true(facebook->ask(&ctx, &q, &r, &err));
		assert_true(text_find(r.url, text_of(table[i].node), 0) != SIZE_MAX);
	}
	arena_destroy(&ctx.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proof_is_hmac_sha256),
		cmocka_unit_test(test_percent_and_minutes),
		cmocka_unit_test(test_a_walk_reads_what_changed_and_nothing_else),
		cmocka_unit_test(test_one_page_for_ever_is_a_hole_and_read_again),
		cmocka_unit_test(test_the_state_stays_small_and_survives_nonsense),
		cmocka_unit_test(test_an_answer_hangs_below_whom_it_names),
		cmocka_unit_test(test_a_look_reads_below_the_comment),
		cmocka_unit_test(test_many_conversations_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
