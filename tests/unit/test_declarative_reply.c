/* Protects what a described network is sent, byte by byte, and what is made of its answers. */
#include <string.h>

#include "answerd/limits.h"
#include "daemon/base/network.h"
#include "tests/cm.h"

#define SERVER "https://board.example"

static const struct wall now = { INT64_C(1795248000000000) };

static const char *const posting_frame =
	"{\"network\":\"board\",\"about\":\"A board: words\",\"needs\":\"a key\","
	"\"auth\":{\"by\":\"%s\",\"headers\":{\"X-App\":\"answerd\",\"X-Key\":\"key {@token}\"}},"
	"\"rate\":{\"limit\":\"X-Most\",\"remaining\":\"X-Left\",\"reset\":\"X-Until\"},"
	"\"errors\":{\"code\":\"{errors.0.code}\",\"words\":\"{errors.0.say}\",\"means\":{\"shut\":"
	"\"refused\",\"slow\":\"limited\"}},"
	"\"identify\":{\"get\":\"/me\",\"id\":\"{id}\"},"
	"\"can\":{\"hears\":\"post\",\"answers\":\"post\",\"history\":\"all\",\"length\":100},"
	"\"elements\":{\"post\":{\"id\":\"{id}\",\"author\":{\"id\":\"{by}\"},\"kind\":\"post\","
	"\"plain\":\"{words}\",\"parent\":\"{on}\"}},"
	"\"sources\":{\"all\":{\"always\":true,\"get\":\"/posts\",\"list\":{\"posts\":\"post\"},"
	"\"paging\":{\"by\":\"nothing\",\"key\":\"{id}\"}}},"
	"\"reply\":{\"write\":\"%s\",\"limit_is_unsent\":true,\"key\":{\"header\":\"Idempotency-"
	"Key\",\"valid\":\"2h\"},"
	"\"calls\":[{\"post\":\"/posts/{@parent}/"
	"answers\",\"json\":%s,\"one\":{\"post\":\"post\"}}]}}";

static bool has_header(const struct request *r, const char *name, const char *value)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		if (text_eq(r->headers[i].name, text_of(name)) &&
		    text_eq(r->headers[i].value, text_of(value))) {
			return true;
		}
	}
	return false;
}

static void assert_text(struct text got, const char *want)
{
	if (!text_eq(got, text_of(want))) {
		print_error("want %s\ngot  %.*s\n", want, TEXT_ARG(got));
		fail();
	}
}

static const struct connector *posting_open(struct arena *a, struct connector_ctx *ctx,
					    const char *auth, const char *write, const char *json)
{
	struct err err = { 0 };
	const struct connector *c =
		network_describe(a, text_printf(a, posting_frame, auth, write, json), &err);

	if (c == NULL) {
		print_error("%s\n", err.text);
	}
	assert_non_null(c);
	*ctx = (struct connector_ctx){ .arena = a,
				       .now = now,
				       .server = TEXT(SERVER),
				       .token = TEXT("me:k3y"),
				       .own_id = TEXT("1"),
				       .description = c->description };
	return c;
}

static const struct posting a_reply = { .key = { "3mabcdefghij2", 13 },
					.text = { "On its *way* \"&\n# 1.", 20 },
					.parent_id = { "12", 2 },
					.author_id = { "7", 1 },
					.author_handle = { "ann", 3 },
					.parent_raw = { "{\"room\":{\"no\":5}}", 17 } };

/* The exact bytes, for each way of writing and of being let in. */
static void test_what_is_posted(void **state)
{
	static const char *const json =
		"{\"text\":\"{@text}\",\"on\":{\"number\":\"{@parent}\"},\"room\":{\"number\":\"{@"
		"raw.room.no}\"},\"root\":\"{@root}\","
		"\"notify\":true,\"tags\":[\"a\",\"{@language}\",\"for {@handle}\"],\"none\":null}";
	static const struct {
		const char *write, *text;
	} writings[] = { { "plain", "On its *way* \\\"&\\n# 1." },
			 { "html", "On its *way* \\\"&amp;<br># 1." },
			 { "markdown", "On its \\\\*way\\\\* \\\"\\\\&\\n\\\\# 1." } };
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct question q = { .op = OP_REPLY, .posting = &a_reply };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct connector_ctx ctx;
		const struct connector *c = posting_open(a, &ctx,
							 i == 0   ? "basic"
							 : i == 1 ? "bearer"
								  : "header",
							 writings[i].write, json);
		struct request r;
		struct err err = { 0 };
		int64_t length, most;

		assert_true(c->ask(&ctx, &q, &r, &err));
		assert_text(r.url, SERVER "/posts/12/answers");
		assert_text(r.body, text_printf(a,
						"{\"text\":\"%s\",\"on\":12,\"room\":5,\"notify\":"
						"true,\"tags\":[\"a\",\"for ann\"],"
						"\"none\":null}",
						writings[i].text)
					    .at);
		assert_true(r.once && r.method == HTTP_POST);
		assert_true(has_header(&r, "Idempotency-Key", "3mabcdefghij2") &&
			    has_header(&r, "X-App", "answerd"));
		assert_true(has_header(&r, "X-Key", "key me:k3y"));
		assert_int_equal(has_header(&r, "Authorization", "Basic bWU6azN5"), i == 0);
		assert_int_equal(text_eq(r.bearer, TEXT("me:k3y")), i == 1);
		assert_int_equal(c->can.key_valid_s, 7200);
		c->measure(&ctx, &a_reply, &length, &most);
		assert_int_equal(most, 100);
		assert_int_equal(length, i == 0 ? 20 : i == 1 ? 27 : 24);
	}
	arena_destroy(&a);
}

static struct response answer_of(struct arena *a, int status, const char *body)
{
	struct response r = { .status = status, .body = text_of(body), .received_at = now };

	r.headers = ARENA_ARRAY(a, struct header, 4);
	r.headers[0] = (struct header){ TEXT("Content-Type"), TEXT("application/json") };
	r.headers[1] = (struct header){ TEXT("X-Most"), TEXT("100") };
	r.headers[2] = (struct header){ TEXT("X-Left"), TEXT("7") };
	r.headers[3] = (struct header){ TEXT("X-Until"), TEXT("30") };
	r.n_headers = 4;
	return r;
}

static void test_what_became_of_it(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum err_kind kind;
	} answers[] = {
		{ 201, "{\"post\":{\"id\":40,\"by\":1,\"words\":\"x\",\"on\":12}}", ERR_NONE },
		{ 201, "{\"post\":{\"id\":40,\"by\":2,\"words\":\"x\",\"on\":12}}", ERR_UNSURE },
		{ 201, "{\"post\":{\"id\":40,\"by\":1,\"words\":\"x\",\"on\":13}}", ERR_UNSURE },
		{ 200, "{\"errors\":[{\"code\":\"shut\",\"say\":\"this room is shut\"}]}",
		  ERR_DATA },
		{ 400, "{\"errors\":[{\"code\":\"slow\"}]}", ERR_LIMITED },
		{ 429, "{}", ERR_LIMITED },
		{ 500, "{\"errors\":[{\"code\":\"other\"}]}", ERR_UNSURE },
		{ 400, "{\"errors\":[{\"code\":\"shut\",\"say\":\"a duplicate\"}]}", ERR_UNSURE },
	};
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct question q = { .op = OP_REPLY, .posting = &a_reply };
	struct connector_ctx ctx;
	const struct connector *c = posting_open(a, &ctx, "bearer", "plain", "{\"t\":\"{@text}\"}");

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct response r = answer_of(a, answers[i].status, answers[i].body);
		struct outcome o;
		struct err err = { 0 };
		bool is_good = c->digest(&ctx, &q, &r, &o, &err);

		if (err.kind != answers[i].kind || is_good != (err.kind == ERR_NONE)) {
			print_error("%zu: %s %s\n", i, err_kind_name(err.kind), err.text);
			fail();
		}
		assert_true(o.rate.is_known && o.rate.limit == 100 && o.rate.remaining == 7);
		assert_int_equal(o.rate.reset_at.us, now.us + 30000000);
		assert_true(err.kind != ERR_DATA || strstr(err.text, "this room is shut") != NULL);
		assert_true(!is_good || text_eq(o.sent_id, TEXT("40")));
	}
	arena_destroy(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_posted),
		cmocka_unit_test(test_what_became_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
