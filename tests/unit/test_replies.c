/* Protects what leaves the house when a person answers: the exact bytes of every request that posts, and
 * that none is made which would name nobody, name somebody else, or show in public what was said in private
 * (RELIABILITY I3). */
#include <string.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "tests/cm.h"

#define KEY      "3m5xkq2yrs22a"
#define KEY_TIME "2025-11-19T05:51:30.811648Z"
#define PARENT   "at://did:plc:ann/app.bsky.feed.post/3n2tvjemetk2g"
#define ROOT     "at://did:plc:us/app.bsky.feed.post/3n2aaa"
#define SESSION  "{\"access\":\"a\",\"refresh\":\"r\",\"did\":\"did:plc:us\",\"pds\":\"\"}"

struct desk {
	struct arena *arena;
	struct connector_ctx ctx;
	struct posting posting;
	struct request request;
	struct err err;
};

static int desk_open(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	d->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	d->ctx = (struct connector_ctx){ .arena = d->arena,
					 .now = { INT64_C(1795248000000000) },
					 .server = TEXT("https://social.example"),
					 .token = TEXT("t"),
					 .session = TEXT(SESSION),
					 .own_id = TEXT("did:plc:us"),
					 .own_handle = TEXT("us.test") };
	d->posting = (struct posting){ .key = TEXT(KEY),
				       .text = TEXT("On its way!"),
				       .parent_id = TEXT("103"),
				       .author_id = TEXT("7"),
				       .author_handle = TEXT("ann@other.example"),
				       .parent_kind = MESSAGE_MENTION,
				       .visibility = MESSAGE_PUBLIC };
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

static bool ask(struct desk *d, const char *platform, enum op op)
{
	struct question q = { .op = op, .posting = &d->posting };
	const struct connector *c = connector_find(text_of(platform));

	assert_non_null(c);
	d->err = (struct err){ 0 };
	d->request = (struct request){ 0 };
	return c->ask(&d->ctx, &q, &d->request, &d->err);
}

static void assert_text(struct text got, const char *want)
{
	if (!text_eq(got, text_of(want))) {
		print_error("want %s\ngot  %.*s\n", want, TEXT_ARG(got));
		fail();
	}
}

static struct text header_of(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		if (text_eq(r->headers[i].name, text_of(name))) {
			return r->headers[i].value;
		}
	}
	return TEXT_NONE;
}

static void assert_posted(struct desk *d, const char *platform, const char *url, const char *body)
{
	if (!ask(d, platform, OP_REPLY)) {
		print_error("refused: %s\n", d->err.text);
		fail();
	}
	assert_text(d->request.url, url);
	assert_text(d->request.body, body);
	assert_text(d->request.content_type, "application/json");
	assert_int_equal(d->request.method, HTTP_POST);
	assert_true(d->request.once);
}

static void assert_refused(struct desk *d, const char *platform, const char *part)
{
	assert_false(ask(d, platform, OP_REPLY));
	assert_int_equal(d->err.kind, ERR_DATA);
	if (strstr(d->err.text, part) == NULL) {
		print_error("want '%s' in '%s'\n", part, d->err.text);
		fail();
	}
}

/* ---- Mastodon ---- */

#define STATUSES "https://social.example/api/v1/statuses"

static void test_mastodon_posts_these_bytes(void **state)
{
	struct desk *d = *state;

	d->ctx.session = TEXT_NONE;
	assert_posted(d, "mastodon", STATUSES,
		      "{\"status\":\"@ann@other.example On its way!\",\"in_reply_to_id\":\"103\","
		      "\"visibility\":\"public\"}");
	assert_text(d->request.bearer, "t");
	assert_text(header_of(&d->request, "Idempotency-Key"), KEY);
	d->posting.visibility = MESSAGE_PRIVATE;
	d->posting.warning = TEXT("a \"parcel\"");
	d->posting.language = TEXT("pt-BR");
	d->posting.text = TEXT("Hello\n@ANN@other.example, \\o/");
	assert_posted(
		d, "mastodon", STATUSES,
		"{\"status\":\"Hello\\n@ANN@other.example, \\\\o/\",\"in_reply_to_id\":\"103\","
		"\"visibility\":\"direct\",\"spoiler_text\":\"a "
		"\\\"parcel\\\"\",\"language\":\"pt-BR\"}");
}

static void test_mastodon_copies_visibility(void **state)
{
	static const char *const names[] = {
		[MESSAGE_PUBLIC] = "\"public\"",
		[MESSAGE_UNLISTED] = "\"unlisted\"",
		[MESSAGE_FOLLOWERS] = "\"private\"",
		[MESSAGE_PRIVATE] = "\"direct\"",
	};
	struct desk *d = *state;

	for (int v = MESSAGE_PUBLIC; v <= MESSAGE_PRIVATE; v++) {
		d->posting.visibility = (enum message_visibility)v;
		assert_true(ask(d, "mastodon", OP_REPLY));
		assert_true(text_find(d->request.body, text_of(names[v]), 0) != SIZE_MAX);
	}
}

static void test_mastodon_names_the_customer_and_nobody_else(void **state)
{
	static const char *const hostile[] = {
		"",        "ann @everyone",      "ann\n@boss", "@ann", "ann@",
		"ann@a@b", "ann@other.example.", "ann,bob",    "\"}"
	};
	/* A text that only seems to name her. */
	static const char *const others[] = { "@annabel hi", "x@ann hi", "@ann@else.example hi",
					      "https://a.example/@ann hi", "@ann.b hi" };
	struct desk *d = *state;

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		d->posting.author_handle = text_of(hostile[i]);
		assert_refused(d, "mastodon", "be named");
	}
	d->posting.author_handle = TEXT("ann");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct text want = text_printf(d->arena, "{\"status\":\"@ann %s\"", others[i]);

		d->posting.text = text_of(others[i]);
		assert_true(ask(d, "mastodon", OP_REPLY));
		assert_true(text_starts(d->request.body, want));
	}
	d->posting.text = TEXT("Hi @Ann. How are you?");
	assert_true(ask(d, "mastodon", OP_REPLY));
	assert_true(text_starts(d->request.body, TEXT("{\"status\":\"Hi @Ann. How")));
	d->posting.author_handle = TEXT("ann.b-c_d@b\xc3\xbc"
					"cher.example");
	assert_true(ask(d, "mastodon", OP_REPLY));
	d->posting.language = TEXT("en\",\"visibility\":\"public");
	assert_true(ask(d, "mastodon", OP_REPLY));
	assert_true(text_find(d->request.body, TEXT("language"), 0) == SIZE_MAX);
}

static void measured(struct desk *d, const char *platform, const char *words, int64_t length,
		     int64_t most)
{
	int64_t got_length = -1, got_most = -1;

	d->posting.text = text_of(words);
	connector_find(text_of(platform))->measure(&d->ctx, &d->posting, &got_length, &got_most);
	if (got_length != length) {
		print_error("%s: '%s'\n", platform, words);
	}
	assert_int_equal(got_length, length);
	assert_int_equal(got_most, most);
}

#define FAMILY "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"
#define FLAGS  "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab\xf0\x9f\x87\xb7"

static void test_mastodon_measures_as_it_counts(void **state)
{
	struct desk *d = *state;

	measured(d, "mastodon", "hello", 10, 500); /* "@ann " before it */
	measured(d, "mastodon", "@ann@other.example hello", 10, 500);
	measured(d, "mastodon",
		 "see https://a.example/"
		 "x?y=1.",
		 5 + 4 + 23 + 1, 500);
	measured(d, "mastodon", "(http://a.example/b_(c)) " FAMILY FLAGS "e\xcc\x81",
		 5 + 1 + 23 + 2 + 4, 500);
	d->posting.warning = TEXT("parcel");
	d->ctx.facts = TEXT("{\"max_characters\":5000}");
	measured(d, "mastodon", "hello", 16, 5000);
}

/* ---- Bluesky ---- */

#define PUT "https://social.example/xrpc/com.atproto.repo.putRecord"
#define RECORD(facets, root, words)                                                                \
	"{\"collection\":\"app.bsky.feed.post\",\"record\":{\"$type\":\"app.bsky.feed.post\","     \
	"\"createdAt\":\"" KEY_TIME "\"" facets ",\"reply\":{\"parent\":{\"cid\":\"bafyparent\","  \
	"\"uri\":\"" PARENT "\"},\"root\":" root "},\"text\":\"" words "\"},"                      \
	"\"repo\":\"did:plc:us\",\"rkey\":\"" KEY "\",\"swapRecord\":null}"
#define PARENT_REF "{\"cid\":\"bafyparent\",\"uri\":\"" PARENT "\"}"
#define ROOT_REF   "{\"cid\":\"bafyroot\",\"uri\":\"" ROOT "\"}"

static void at_bluesky(struct desk *d)
{
	d->posting.parent_id = TEXT(PARENT);
	d->posting.parent_revision = TEXT("bafyparent");
	d->posting.author_id = TEXT("did:plc:ann");
	d->posting.author_handle = TEXT("ann.test");
}

static void test_bluesky_puts_these_bytes(void **state)
{
	struct desk *d = *state;

	at_bluesky(d);
	assert_posted(d, "bluesky", PUT, RECORD("", PARENT_REF, "On its way!"));
	assert_text(d->request.bearer, "a");
	assert_int_equal(d->request.n_headers, 0);
	d->posting.text = TEXT("\xc3\xbc @ann.test, see https://a.example/b.");
	d->posting.language = TEXT("en");
	assert_posted(
		d, "bluesky", PUT,
		RECORD(",\"facets\":[{\"features\":[{\"$type\":\"app.bsky.richtext.facet#mention\","
		       "\"did\":\"did:plc:ann\"}],\"index\":{\"byteEnd\":12,\"byteStart\":3}},"
		       "{\"features\":[{\"$type\":\"app.bsky.richtext.facet#link\","
		       "\"uri\":\"https://a.example/"
		       "b\"}],\"index\":{\"byteEnd\":37,\"byteStart\":18}}],"
		       "\"langs\":[\"en\"]",
		       PARENT_REF, "\xc3\xbc @ann.test, see https://a.example/b."));
}

static void test_bluesky_knows_where_the_thread_begins(void **state)
{
	struct desk *d = *state;

	at_bluesky(d);
	d->posting.parent_kind = MESSAGE_REPLY;
	assert_refused(d, "bluesky", "where its thread begins");
	d->posting.root_id = TEXT(ROOT);
	assert_refused(d, "bluesky", "where its thread begins");
	d->posting.root_revision = TEXT("bafyroot");
	assert_posted(d, "bluesky", PUT, RECORD("", ROOT_REF, "On its way!"));
	/* The parent's own record knows better. */
	d->posting.parent_raw =
		TEXT("{\"uri\":\"x\",\"record\":{\"reply\":{\"root\":{\"uri\":\"at://did:plc:b/"
		     "app.bsky.feed.post/3n2bbb\",\"cid\":\"bafyb\"}}}}");
	assert_posted(
		d, "bluesky", PUT,
		RECORD("",
		       "{\"cid\":\"bafyb\",\"uri\":\"at://did:plc:b/app.bsky.feed.post/3n2bbb\"}",
		       "On its way!"));
	d->posting.parent_raw =
		TEXT("{\"post\":{\"cid\":\"bafyparent\",\"record\":{\"text\":\"hi\"}}}");
	d->posting.parent_revision = TEXT_NONE;
	assert_posted(d, "bluesky", PUT, RECORD("", PARENT_REF, "On its way!"));
	d->posting.parent_raw = TEXT("{\"post\":{\"record\":{\"reply\":{}}}");
	assert_refused(d, "bluesky", "version");
	d->posting.parent_revision = TEXT("bafyparent");
	d->posting.root_id = TEXT_NONE;
	assert_refused(d, "bluesky", "where its thread begins");
	d->posting.key = TEXT("not-a-tid-at-all");
	assert_refused(d, "bluesky", "TID");
}

static void test_bluesky_answers_a_direct_message_in_its_conversation(void **state)
{
	struct desk *d = *state;

	at_bluesky(d);
	d->posting.visibility = MESSAGE_PRIVATE;
	assert_refused(d, "bluesky", "conversation");
	assert_false(ask(d, "bluesky", OP_LOOKUP));
	d->posting.thread_id = TEXT("convo:3abc");
	assert_posted(d, "bluesky", "https://social.example/xrpc/chat.bsky.convo.sendMessage",
		      "{\"convoId\":\"3abc\",\"message\":{\"text\":\"On its way!\"}}");
	assert_text(header_of(&d->request, "atproto-proxy"), "did:web:api.bsky.chat#bsky_chat");
	assert_int_equal(connector_find(TEXT("bluesky"))->can.direct_key_valid_s, 0);
	assert_true(ask(d, "bluesky", OP_LOOKUP));
	assert_text(
		d->request.url,
		"https://social.example/xrpc/chat.bsky.convo.getMessages?limit=100&convoId=3abc");
	assert_text(header_of(&d->request, "atproto-proxy"), "did:web:api.bsky.chat#bsky_chat");
	assert_false(d->request.once);
}

/* "e" with its accent apart is two characters to them, a family five. */
static void test_most_measure_code_points(void **state)
{
	static const char words[] = "caf\xc3\xa9 e\xcc\x81 " FAMILY;
	struct desk *d = *state;

	measured(d, "facebook", words, 13, 8000);
	measured(d, "reddit", words, 13, 10000);
	measured(d, "discourse", words, 13, 32000);
	measured(d, "instagram", words, 32, 2200); /* "@ann@other.example " before it */
	d->posting.visibility = MESSAGE_PRIVATE;
	measured(d, "instagram", words, (int64_t)strlen(words), 1000); /* bytes there */
}

static void test_bluesky_measures_graphemes_and_bytes(void **state)
{
	struct desk *d = *state;
	struct strbuf b;

	measured(d, "bluesky", "hello", 5, 300);
	measured(d, "bluesky", FLAGS "e\xcc\x81", 3, 300);
	strbuf_init(&b, 10000);
	for (int i = 0; i < 170; i++) {
		strbuf_add_str(&b, FAMILY);
	}
	measured(d, "bluesky", b.at, 306, 300); /* 170 graphemes, but 3060 bytes */
	d->posting.visibility = MESSAGE_PRIVATE;
	measured(d, "bluesky", b.at, 306, 1000);
	strbuf_done(&b);
}

/* ---- looking ---- */

static void test_lookups_ask_for_this(void **state)
{
	struct desk *d = *state;

	d->ctx.own_id = TEXT("14715");
	assert_true(ask(d, "mastodon", OP_LOOKUP));
	assert_text(d->request.url, STATUSES "/103/context");
	assert_int_equal(d->request.method, HTTP_GET);
	assert_false(d->request.once);
	d->ctx.own_id = TEXT("did:plc:us");
	at_bluesky(d);
	assert_true(ask(d, "bluesky", OP_LOOKUP));
	assert_text(d->request.url,
		    "https://social.example/xrpc/com.atproto.repo.getRecord?collection="
		    "app.bsky.feed.post&repo=did%3Aplc%3Aus&rkey=" KEY);
	d->ctx.session = TEXT_NONE;
	assert_false(ask(d, "bluesky", OP_LOOKUP));
	assert_int_equal(d->err.kind, ERR_AUTH);
}

static void test_the_same_text_whatever_a_server_makes_of_it(void **state)
{
	static const struct {
		const char *sent, *found;
		bool is_same;
	} cases[] = {
		{ "It's here", "It\xe2\x80\x99s here", true },
		{ "@ann@other.example yes", "@ann yes", true },
		{ "**Really** sorry...", "Really sorry\xe2\x80\xa6", true },
		{ "one\n\ntwo", "one two", true },
		{ "yes", "@ann yes", false },
		{ "Order 17", "Order 71", false },
		{ "Yes", "No", false },
		{ "\xf0\x9f\x91\x8d", "\xf0\x9f\x91\x8e", false },
		{ ":-)", ":-)", true },
		{ ":-)", ":-(", false },
		{ "", "", true },
		{ "", "hello", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (posting_is_same(text_of(cases[i].sent), text_of(cases[i].found)) !=
		    cases[i].is_same) {
			print_error("'%s' and '%s'\n", cases[i].sent, cases[i].found);
			fail();
		}
	}
}

static void test_links_and_names_of_hostile_texts(void **state)
{
	/* Every text is walked to its end, and no part reaches outside it or into the next. */
	static const char *const texts[] = { "@",
					     "@@@@",
					     "@a@",
					     "@a@.",
					     "http://",
					     "https://)",
					     "hhhh",
					     "http://a.example/((((",
					     "@\xc3\xbc",
					     "a@b.example",
					     "https://a.example/@ann",
					     "HTTPS://A.EXAMPLE/!?." };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct text t = text_of(texts[i]);
		struct posting_part part;
		size_t behind = 0;

		for (size_t at = 0; posting_part_next(t, &at, &part);) {
			assert_true(part.from >= behind && part.len > 1);
			assert_true(part.from + part.len <= t.len && at == part.from + part.len);
			behind = at;
		}
	}
	assert_false(wall_is_set(posting_key_time(TEXT("3m5xkq2yrs22A"))));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define REPLY_TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)
		REPLY_TEST(test_mastodon_posts_these_bytes),
		REPLY_TEST(test_mastodon_copies_visibility),
		REPLY_TEST(test_mastodon_names_the_customer_and_nobody_else),
		REPLY_TEST(test_mastodon_measures_as_it_counts),
		REPLY_TEST(test_bluesky_puts_these_bytes),
		REPLY_TEST(test_bluesky_knows_where_the_thread_begins),
		REPLY_TEST(test_bluesky_answers_a_direct_message_in_its_conversation),
		REPLY_TEST(test_most_measure_code_points),
		REPLY_TEST(test_bluesky_measures_graphemes_and_bytes),
		REPLY_TEST(test_lookups_ask_for_this),
		cmocka_unit_test(test_the_same_text_whatever_a_server_makes_of_it),
		cmocka_unit_test(test_links_and_names_of_hostile_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
