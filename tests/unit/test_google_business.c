/* Protects what we ask Google Business, byte for byte; that all locations and, in full walks, all pages are read; and that
 * nobody's reply is replaced unnoticed. */
#include <stdio.h>
#include <string.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "tests/cm.h"

#define API "https://mybusiness.googleapis.com/v4/accounts/1/locations/"
#define REVIEW                                                                                     \
	"{\"name\":\"accounts/1/locations/2/reviews/"                                              \
	"AbF\",\"starRating\":\"TWO\",\"comment\":\"x\",\"createTime\":\"2026-11-20T07:00:00Z\","  \
	"\"updateTime\":"

struct desk {
	struct arena *arena;
	struct connector_ctx ctx;
	struct option_value options[2];
	struct question q;
	struct request request;
	struct outcome outcome;
	struct err err;
};

static const struct connector *business(void)
{
	return connector_find(TEXT("google-business"));
}

static int desk_open(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	d->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	d->ctx = (struct connector_ctx){
		.arena = d->arena,
		.now = { INT64_C(1795248000000000) }, /* 2026-11-21T08:00:00Z */
		.token = TEXT("id:secret"),
		.session = TEXT("{\"access\":\"ya29.a\",\"refresh\":\"1//r\"}"),
		.facts = TEXT("{\"locations\":[{\"id\":\"2\",\"title\":\"East\"},{\"id\":\"3\"},"
			      "{\"id\":\"4\"}]}"),
		.own_id = TEXT("accounts/1"),
		.options = d->options
	};
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
	if (!business()->ask(&d->ctx, &d->q, &d->request, &d->err)) {
		print_error("refused: %s\n", d->err.text);
		fail();
	}
	assert_text(d->request.url, url);
	if (url[0] != '\0') {
		assert_text(d->request.bearer, "ya29.a");
	}
}

/* The next question of a walk, behind this answer. */
static void assert_goes_on(struct desk *d, int status, const char *body, const char *url)
{
	struct response r = { .status = status, .body = text_of(body) };

	d->q.source = TEXT("reviews");
	d->q.op = OP_POLL;
	assert_true(business()->digest(&d->ctx, &d->q, &r, &d->outcome, &d->err));
	assert_true(d->outcome.is_more == (url != NULL));
	d->q.state = d->outcome.state;
	if (url != NULL) {
		assert_asks(d, OP_POLL, url);
	}
}

static void test_all_locations_are_read(void **state)
{
	struct desk *d = *state;

	d->q.source = TEXT("reviews");
	assert_asks(d, OP_POLL, API "2/reviews?pageSize=50");
	assert_goes_on(d, 200, "{}", API "3/reviews?pageSize=50");
	assert_goes_on(d, 404, "{\"error\":{\"status\":\"NOT_FOUND\"}}",
		       API "4/reviews?pageSize=50");
	assert_goes_on(d, 400, "{\"error\":{\"status\":\"FAILED_PRECONDITION\"}}", NULL);
	d->options[0] = (struct option_value){ "locations", TEXT("4, 9") };
	d->ctx.n_options = 1;
	assert_asks(d, OP_POLL, API "4/reviews?pageSize=50");
	assert_goes_on(d, 200, "{}", NULL);
	d->options[0].value = TEXT("9");
	assert_asks(d, OP_POLL, ""); /* none: nobody is asked, and the walk is over */
	assert_goes_on(d, 204, "", NULL);
	d->ctx.facts = TEXT("{\"locations\":[{\"id\":\"../x\"}]}");
	d->ctx.n_options = 0;
	assert_asks(d, OP_POLL, "");
}

static void test_pages_behind_the_first_are_read_twice_and_then_daily(void **state)
{
	static const char *const page =
		"{\"reviews\":[" REVIEW "\"2026-11-01T07:00:00Z\"}],\"nextPageToken\":\"a/b\"}";
	struct desk *d = *state;

	d->ctx.facts = TEXT("{\"locations\":[{\"id\":\"2\"}]}");
	assert_true(wall_parse(TEXT("2026-10-20T00:00:00Z"), &d->q.since));
	for (int i = 0; i < 2; i++) {
		d->ctx.now = wall_add(d->ctx.now, DUR_S(60));
		assert_goes_on(d, 200, page, API "2/reviews?pageSize=50&pageToken=a%2Fb");
		assert_goes_on(d, 200, "{}", NULL);
	}
	/* The first page alone, as long as it reaches behind the day before. */
	d->ctx.now = wall_add(d->ctx.now, DUR_S(60));
	assert_goes_on(d, 200, page, NULL);
	d->ctx.now = wall_add(d->ctx.now, DUR_S(86400));
	assert_goes_on(d, 200, page, API "2/reviews?pageSize=50&pageToken=a%2Fb");
	assert_goes_on(d, 200, page, NULL); /* the same token again is no way forward */
	assert_true(d->outcome.has_hole);
}

static void test_a_token_that_is_too_long_is_a_hole(void **state)
{
	char page[4096];
	struct desk *d = *state;

	d->ctx.facts = TEXT("{\"locations\":[{\"id\":\"2\"}]}");
	(void)snprintf(page, sizeof(page),
		       "{\"reviews\":[" REVIEW
		       "\"2026-11-01T07:00:00Z\"}],\"nextPageToken\":\"%03000d\"}",
		       7);
	assert_goes_on(d, 200, page, NULL);
	assert_int_equal(d->outcome.n_messages, 1);
	assert_true(d->outcome.has_hole);
	/* No hole where the page reaches back to what is known. */
	d->q.state = TEXT(
		"{\"full\":1795200000000000,\"known\":1795200000000000,\"n_full\":9,\"since\":0}");
	assert_goes_on(d, 200, page, NULL);
	assert_false(d->outcome.has_hole);
}

static void test_a_token_that_has_ended_costs_one_location_its_way(void **state)
{
	struct desk *d = *state;

	d->q.source = TEXT("reviews");
	d->q.state = TEXT("{\"walk\":{\"at\":1,\"started\":1795248000000000,\"next\":\"x\"}}");
	assert_asks(d, OP_POLL, API "3/reviews?pageSize=50&pageToken=x");
	assert_goes_on(d, 400, "{\"error\":{\"status\":\"INVALID_ARGUMENT\"}}",
		       API "3/reviews?pageSize=50");
}

static void test_one_review_is_asked_for(void **state)
{
	static const char *const strange[] = {
		"",          "2",           "2/",     "x/AbF",     "2/a.b",
		"2/AbF/x.1", "2/AbF/reply", "2/../x", "2/AbF?x=1", "2/AbF/reply.x",
		"-2/AbF"
	};
	struct text subjects[] = { TEXT("x"), TEXT("2/AbF/reply.17"), TEXT("3/_-b") };
	struct desk *d = *state;

	d->q.subjects = subjects;
	d->q.n_subjects = 3;
	assert_asks(d, OP_RECHECK, API "2/reviews/AbF");
	d->q.state = TEXT("2");
	assert_asks(d, OP_RECHECK, API "3/reviews/_-b");
	d->q.state = TEXT_NONE;
	d->q.subjects = &subjects[1];
	assert_asks(d, OP_THREAD, API "2/reviews/AbF");
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		struct text one = text_of(strange[i]);

		d->q.subjects = &one;
		d->q.n_subjects = 1;
		assert_asks(d, OP_RECHECK, "");
		assert_asks(d, OP_THREAD, "");
	}
}

static void test_who_we_are_is_asked_in_two_places(void **state)
{
	struct response r = { .status = 200,
			      .body = TEXT("{\"accounts\":[{\"name\":\"accounts/1\"}]}") };
	struct desk *d = *state;

	assert_asks(d, OP_IDENTIFY,
		    "https://mybusinessaccountmanagement.googleapis.com/v1/accounts?pageSize=20");
	assert_true(business()->digest(&d->ctx, &d->q, &r, &d->outcome, &d->err));
	d->q.state = d->outcome.state;
	assert_asks(d, OP_IDENTIFY,
		    "https://mybusinessbusinessinformation.googleapis.com/v1/accounts/1/"
		    "locations?readMask=name,title,metadata&pageSize=100");
	r.body = TEXT("{\"locations\":[{\"name\":\"locations/2\",\"title\":\"East\"}],"
		      "\"nextPageToken\":\"t\"}");
	assert_true(business()->digest(&d->ctx, &d->q, &r, &d->outcome, &d->err));
	assert_true(d->outcome.is_more);
	d->q.state = d->outcome.state;
	assert_asks(d, OP_IDENTIFY,
		    "https://mybusinessbusinessinformation.googleapis.com/v1/accounts/1/"
		    "locations?readMask=name,title,metadata&pageSize=100&pageToken=t");
	r.body = TEXT("{\"locations\":[{\"name\":\"locations/3\",\"title\":\"West\"}]}");
	assert_true(business()->digest(&d->ctx, &d->q, &r, &d->outcome, &d->err));
	assert_false(d->outcome.is_more);
	assert_text(d->outcome.facts, "{\"locations\":[{\"id\":\"2\",\"title\":\"East\"},{\"id\":"
				      "\"3\",\"title\":\"West\"}]}");
}

static void test_a_reply_is_written_over_nobodys(void **state)
{
	struct posting p = { .text = TEXT("It's \"here\""), .parent_id = TEXT("2/AbF") };
	struct desk *d = *state;

	d->q.posting = &p;
	assert_asks(d, OP_REPLY, API "2/reviews/AbF/reply");
	assert_int_equal(d->request.method, HTTP_PUT);
	assert_true(d->request.once);
	assert_text(d->request.body, "{\"comment\":\"It's \\\"here\\\"\"}");
	assert_asks(d, OP_LOOKUP, API "2/reviews/AbF");
	p.parent_raw =
		TEXT(REVIEW "\"2026-11-20T07:00:00Z\",\"reviewReply\":{\"comment\":\"Sorry\","
			    "\"updateTime\":\"2026-11-20T08:00:00Z\"}}");
	d->q.op = OP_REPLY;
	assert_false(business()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_DATA);
	assert_non_null(strstr(d->err.text, "has a reply already"));
	p.text = TEXT("Sorry"); /* the same again changes nothing */
	assert_asks(d, OP_REPLY, API "2/reviews/AbF/reply");
	/* Who answers what was changed after our reply means to replace it. */
	p.text = TEXT("It is here.");
	p.parent_id = TEXT("2/AbF/edit.1795176000000000");
	assert_asks(d, OP_REPLY, API "2/reviews/AbF/reply");
	p.parent_id = TEXT("2/AbF/reply.1795176000000000");
	d->q.op = OP_REPLY;
	assert_false(business()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_DATA);
}

/* A review, its edits and our replies are one thing there. */
static void test_a_recheck_asks_for_a_review_once(void **state)
{
	static const char *const words[] = { "2/AbF/edit.1795176000000000", "2/AbF", "2/AbG",
					     "2/AbF/reply.1795176000000000", "2/AbG/reply.1" };
	struct response r = { .status = 200, .body = TEXT(REVIEW "\"2026-11-20T07:00:00Z\"}") };
	struct desk *d = *state;
	struct text ids[5];

	for (size_t i = 0; i < 5; i++) {
		ids[i] = text_of(words[i]);
	}
	d->q.subjects = ids;
	d->q.n_subjects = 5;
	assert_asks(d, OP_RECHECK, API "2/reviews/AbF");
	assert_true(business()->digest(&d->ctx, &d->q, &r, &d->outcome, &d->err));
	assert_true(d->outcome.is_more);
	assert_int_equal(d->outcome.n_gone, 1); /* our reply is not there any more */
	d->q.state = d->outcome.state;
	assert_asks(d, OP_RECHECK, API "2/reviews/AbG");
	r.status = 404;
	r.body = TEXT("{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\"}}");
	assert_true(business()->digest(&d->ctx, &d->q, &r, &d->outcome, &d->err));
	assert_false(d->outcome.is_more);
	assert_int_equal(d->outcome.n_gone, 2);
}

#define DESK_TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(test_all_locations_are_read),
		DESK_TEST(test_pages_behind_the_first_are_read_twice_and_then_daily),
		DESK_TEST(test_a_token_that_is_too_long_is_a_hole),
		DESK_TEST(test_a_token_that_has_ended_costs_one_location_its_way),
		DESK_TEST(test_one_review_is_asked_for),
		DESK_TEST(test_a_recheck_asks_for_a_review_once),
		DESK_TEST(test_who_we_are_is_asked_in_two_places),
		DESK_TEST(test_a_reply_is_written_over_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
