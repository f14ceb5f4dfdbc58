/* Protects what we ask YouTube, byte for byte: each question costs a unit of a day's budget, and what a hostile state or id says
 * never becomes an address; and what a reply says to whom. */
#include <stdio.h>
#include <string.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "tests/cm.h"

#define API     "https://www.googleapis.com/youtube/v3/"
#define TOP     "UgzAnn0000000000004AaABAg"
#define BOB     "UgzBob0000000000004AaABAg"
#define THREADS API "commentThreads?part=snippet,replies&order=time&textFormat=plainText"
#define LIST    API "comments?part=snippet&textFormat=plainText"

struct desk {
	struct arena *arena;
	struct connector_ctx ctx;
	struct question q;
	struct request request;
	struct err err;
};

static const struct connector *youtube(void)
{
	return connector_find(TEXT("youtube"));
}

static int desk_open(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	d->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	d->ctx = (struct connector_ctx){ .arena = d->arena,
					 .now = { INT64_C(1795248000000000) },
					 .token = TEXT("id:secret"),
					 .session = TEXT(
						 "{\"access\":\"ya29.a\",\"refresh\":\"1//r\"}"),
					 .own_id = TEXT("UCshop"),
					 .own_handle = TEXT("shop") };
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
	if (!youtube()->ask(&d->ctx, &d->q, &d->request, &d->err)) {
		print_error("refused: %s\n", d->err.text);
		fail();
	}
	assert_text(d->request.url, url);
	if (url[0] != '\0') {
		assert_text(d->request.bearer, "ya29.a");
	}
}

static void test_sources_are_asked_for(void **state)
{
	struct desk *d = *state;

	assert_asks(d, OP_IDENTIFY, API "channels?part=snippet&mine=true");
	d->q.source = TEXT("comments");
	assert_asks(d, OP_POLL, THREADS "&allThreadsRelatedToChannelId=UCshop&maxResults=100");
	d->q.page_limit = 25;
	d->q.source = TEXT("held");
	assert_asks(d, OP_POLL,
		    THREADS "&allThreadsRelatedToChannelId=UCshop&maxResults=25"
			    "&moderationStatus=heldForReview");
	d->q.source = TEXT("spam");
	assert_asks(d, OP_SWEEP,
		    THREADS "&allThreadsRelatedToChannelId=UCshop&maxResults=25"
			    "&moderationStatus=likelySpam");
	d->q.source = TEXT("video:a_b-1");
	assert_asks(d, OP_POLL, THREADS "&videoId=a_b-1&maxResults=25");
	d->q.source = TEXT("post:Ugkx1");
	d->q.state = TEXT("{\"walk\":{\"next\":\"a/b&c=\"}}");
	assert_asks(d, OP_POLL, THREADS "&postId=Ugkx1&maxResults=25&pageToken=a%2Fb%26c%3D");
	d->q.source = TEXT("comments");
	d->ctx.own_id = TEXT_NONE;
	assert_false(youtube()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_RETRY);
}

static void test_sources_that_are_none(void **state)
{
	static const char *const strange[] = { "",      "mentions",  "video:",  "video:a b",
					       "post:", "video:a&b", "post:/x", "Comments" };

	(void)state;
	assert_true(youtube()->check_source(TEXT("spam"), NULL));
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		assert_false(youtube()->check_source(text_of(strange[i]), NULL));
	}
}

static void test_replies_that_are_due_are_asked_for(void **state)
{
	struct desk *d = *state;

	d->q.source = TEXT("comments");
	d->q.state = TEXT("{\"walk\":{\"last\":true,\"due\":[{\"id\":\"" TOP
			  "\",\"n\":7}],\"token\":\"R0\"}}");
	assert_asks(d, OP_POLL, LIST "&parentId=" TOP "&maxResults=100&pageToken=R0");
	d->q.source = TEXT("held");
	d->q.state = TEXT("{\"walk\":{\"due\":[{\"id\":\"" TOP
			  "\"},{\"id\":\"../x\"},{\"id\":\"" BOB "\"}]}}");
	assert_asks(d, OP_POLL, LIST "&id=" TOP "," BOB);
}

static void test_threads_and_known_ones_are_asked_for(void **state)
{
	static const char *const strange[] = {
		"", "video:", "video:a/b", "a.b.c", "a b", "../x?y"
	};
	struct text subjects[] = { TEXT(TOP ".9x1"), TEXT("video:v1"), TEXT("x/y"), TEXT(BOB) };
	struct desk *d = *state;

	d->q.subjects = subjects;
	d->q.n_subjects = 4;
	assert_asks(d, OP_RECHECK, LIST "&id=" TOP ".9x1," BOB);
	assert_asks(d, OP_THREAD,
		    API "commentThreads?part=snippet,replies&textFormat=plainText&id=" TOP);
	d->q.state = TEXT("r v1 R0");
	assert_asks(d, OP_THREAD, LIST "&parentId=" TOP "&maxResults=100&pageToken=R0");
	d->q.state = TEXT("v v1");
	assert_asks(d, OP_THREAD, API "videos?part=snippet&id=v1");
	d->q.state = TEXT("v ../x"); /* a state that cannot be: from the beginning */
	assert_asks(d, OP_THREAD,
		    API "commentThreads?part=snippet,replies&textFormat=plainText&id=" TOP);
	d->q.state = TEXT_NONE;
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		struct text one = text_of(strange[i]);

		d->q.subjects = &one;
		d->q.n_subjects = 1;
		assert_asks(d, OP_RECHECK, "");
		assert_asks(d, OP_THREAD, "");
	}
}

static void test_a_reply_hangs_below_the_thread(void **state)
{
	struct posting p = { .key = TEXT("3m5xkq2yrs22a"),
			     .text = TEXT("It's \"here\" & <3"),
			     .parent_id = TEXT(TOP),
			     .author_handle = TEXT("bob") };
	struct desk *d = *state;
	int64_t length, most;

	d->q.posting = &p;
	assert_asks(d, OP_REPLY, API "comments?part=snippet");
	assert_int_equal(d->request.method, HTTP_POST);
	assert_true(d->request.once);
	assert_text(d->request.body, "{\"snippet\":{\"parentId\":\"" TOP
				     "\",\"textOriginal\":\"It's \\\"here\\\" & <3\"}}");
	assert_asks(d, OP_LOOKUP, LIST "&parentId=" TOP "&maxResults=100");
	/* Below a reply its author is named, and that counts. */
	p.parent_id = TEXT(TOP ".9x1");
	p.text = TEXT("Gr\xc3\xbc\xc3\x9f");
	assert_asks(d, OP_REPLY, API "comments?part=snippet");
	assert_text(d->request.body, "{\"snippet\":{\"parentId\":\"" TOP
				     "\",\"textOriginal\":\"@bob Gr\xc3\xbc\xc3\x9f\"}}");
	youtube()->measure(&d->ctx, &p, &length, &most);
	assert_int_equal(length, 9);
	assert_int_equal(most, 10000);
	p.text = TEXT("Hello @bob!"); /* once is enough */
	assert_asks(d, OP_REPLY, API "comments?part=snippet");
	assert_text(d->request.body,
		    "{\"snippet\":{\"parentId\":\"" TOP "\",\"textOriginal\":\"Hello @bob!\"}}");
	p.author_handle = TEXT("bob @eve"); /* nobody else is named */
	p.text = TEXT("Hello");
	assert_asks(d, OP_REPLY, API "comments?part=snippet");
	assert_text(d->request.body,
		    "{\"snippet\":{\"parentId\":\"" TOP "\",\"textOriginal\":\"Hello\"}}");
}

static void test_replies_that_are_refused_before_they_leave(void **state)
{
	struct posting p = { .text = TEXT("x"), .parent_id = TEXT("video:v1") };
	struct desk *d = *state;

	d->q = (struct question){ .op = OP_REPLY, .posting = &p };
	assert_false(youtube()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_DATA);
	p.parent_id = TEXT(TOP);
	p.warning = TEXT("awaiting moderation"); /* an answer would be read by everybody */
	assert_false(youtube()->ask(&d->ctx, &d->q, &d->request, &d->err));
	assert_int_equal(d->err.kind, ERR_DATA);
}

/* What the next question of a walk is, after this answer. */
static struct text walk(struct desk *d, const char *source, struct text state_, int status,
			const char *body, struct outcome *o)
{
	struct response r = { .status = status, .body = text_of(body) };

	d->q = (struct question){ .op = OP_POLL, .source = text_of(source), .state = state_ };
	assert_true(youtube()->digest(&d->ctx, &d->q, &r, o, &d->err));
	d->q.state = o->state;
	assert_true(youtube()->ask(&d->ctx, &d->q, &d->request, &d->err));
	return d->request.url;
}

#define COMMENT(id, at)                                                                            \
	"{\"id\":\"" id "\",\"snippet\":{\"textDisplay\":\"x\",\"authorChannelId\":{\"value\":"    \
	"\"UCann\"},\"publishedAt\":\"" at "\"}}"
#define A_THREAD(id, at, total)                                                                    \
	"{\"kind\":\"youtube#commentThread\",\"snippet\":{\"topLevelComment\":" COMMENT(           \
		id, at) ",\"totalReplyCount\":" total "}}"

static void test_replies_are_read_when_their_number_changes(void **state)
{
	static const char *const page =
		"{\"items\":[" A_THREAD(TOP, "2026-11-20T09:00:00Z", "7") "]}";
	struct desk *d = *state;
	struct outcome o;
	struct text kept;

	assert_text(walk(d, "comments", TEXT_NONE, 200, page, &o),
		    LIST "&parentId=" TOP "&maxResults=100");
	assert_true(o.is_more);
	assert_text(
		walk(d, "comments", o.state, 200, "{\"items\":[],\"nextPageToken\":\"R1\"}", &o),
		LIST "&parentId=" TOP "&maxResults=100&pageToken=R1");
	(void)walk(d, "comments", o.state, 200, "{\"items\":[]}", &o);
	assert_false(o.is_more);
	kept = o.state;
	(void)walk(d, "comments", kept, 200, page, &o); /* the same number: nobody is asked */
	assert_false(o.is_more);
	assert_text(walk(d, "comments", kept, 200,
			 "{\"items\":[" A_THREAD(TOP, "2026-11-20T09:00:00Z", "8") "]}", &o),
		    LIST "&parentId=" TOP "&maxResults=100");
	/* What is below a comment that is gone meanwhile, or switched off, stops nothing. */
	(void)walk(d, "comments", o.state, 403,
		   "{\"error\":{\"errors\":[{\"reason\":\"commentsDisabled\"}]}}", &o);
	assert_false(o.is_more);
}

static void test_a_look_has_an_end(void **state)
{
	struct posting p = { .parent_id = TEXT(TOP), .text = TEXT("hello") };
	struct desk *d = *state;
	char page[4096];
	struct response r = { .status = 200,
			      .body = TEXT("{\"items\":[],\"nextPageToken\":\"N\"}") };
	struct outcome o;
	int n = 1;

	d->q = (struct question){ .op = OP_LOOKUP, .posting = &p };
	for (; n < 100 && youtube()->digest(&d->ctx, &d->q, &r, &o, &d->err); n++) {
		assert_true(o.is_more);
		d->q.state = o.state;
		(void)snprintf(page, sizeof(page), "{\"items\":[],\"nextPageToken\":\"%c\"}",
			       n % 2 == 0 ? 'N' : 'M');
		r.body = text_of(page);
	}
	assert_int_equal(n, 20);
	assert_int_equal(d->err.kind, ERR_DATA);
	d->q.state = TEXT_NONE;
	(void)snprintf(page, sizeof(page), "{\"items\":[],\"nextPageToken\":\"%03000d\"}", 7);
	assert_false(youtube()->digest(&d->ctx, &d->q, &r, &o, &d->err));
}

static void test_a_walk_ends_behind_what_is_known(void **state)
{
	struct desk *d = *state;
	char page[4096];
	struct outcome o;
	struct text kept;

	(void)walk(d, "comments", TEXT_NONE, 200,
		   "{\"items\":[" A_THREAD(TOP, "2026-11-20T07:00:00Z", "0") "]}", &o);
	kept = o.state;
	/* A page that reaches less than two hours behind the newest: there may be more. */
	(void)walk(d, "comments", kept, 200,
		   "{\"nextPageToken\":\"N1\",\"items\":[" A_THREAD(BOB, "2026-11-20T05:30:00Z",
								    "0") "]}",
		   &o);
	assert_true(o.is_more);
	assert_text(d->request.url,
		    THREADS "&allThreadsRelatedToChannelId=UCshop&maxResults=100&pageToken=N1");
	(void)walk(d, "comments", o.state, 200,
		   "{\"nextPageToken\":\"N2\",\"items\":[" A_THREAD(BOB, "2026-11-20T04:30:00Z",
								    "0") "]}",
		   &o);
	assert_false(o.is_more);
	/* The same token again is no way forward, and that is told. */
	(void)walk(d, "comments", TEXT_NONE, 200,
		   "{\"nextPageToken\":\"N1\",\"items\":[" A_THREAD(BOB, "2026-11-20T05:30:00Z",
								    "0") "]}",
		   &o);
	(void)walk(d, "comments", o.state, 200,
		   "{\"nextPageToken\":\"N1\",\"items\":[" A_THREAD(BOB, "2026-11-20T05:30:00Z",
								    "0") "]}",
		   &o);
	assert_false(o.is_more);
	assert_true(o.has_hole);
	/* Nor is one that is too long to be kept. */
	(void)snprintf(page, sizeof(page),
		       "{\"nextPageToken\":\"%03000d\",\"items\":[" A_THREAD(
			       BOB, "2026-11-20T05:30:00Z", "0") "]}",
		       7);
	(void)walk(d, "comments", TEXT_NONE, 200, page, &o);
	assert_false(o.is_more);
	assert_true(o.has_hole);
}

static void test_what_is_held_back_no_more_is_asked_for(void **state)
{
	struct desk *d = *state;
	struct outcome o;

	(void)walk(d, "held", TEXT_NONE, 200,
		   "{\"items\":[" A_THREAD(TOP, "2026-11-20T07:00:00Z",
					   "0") "," A_THREAD(BOB, "2026-11-20T06:00:00Z", "0") "]}",
		   &o);
	assert_false(o.is_more);
	assert_text(o.messages[0].warning, "awaiting moderation");
	assert_text(walk(d, "held", o.state, 200,
			 "{\"items\":[" A_THREAD(BOB, "2026-11-20T06:00:00Z", "0") "]}", &o),
		    LIST "&id=" TOP);
	(void)walk(d, "held", o.state, 200,
		   "{\"items\":[" COMMENT(TOP, "2026-11-20T07:00:00Z") "]}", &o);
	assert_false(o.is_more);
	assert_int_equal(o.n_messages, 1);
	assert_int_equal(o.messages[0].warning.len, 0);
	assert_int_equal(o.n_gone, 0);
}

#define DESK_TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(test_sources_are_asked_for),
		DESK_TEST(test_sources_that_are_none),
		DESK_TEST(test_replies_that_are_due_are_asked_for),
		DESK_TEST(test_threads_and_known_ones_are_asked_for),
		DESK_TEST(test_a_reply_hangs_below_the_thread),
		DESK_TEST(test_replies_that_are_refused_before_they_leave),
		DESK_TEST(test_replies_are_read_when_their_number_changes),
		DESK_TEST(test_a_look_has_an_end),
		DESK_TEST(test_a_walk_ends_behind_what_is_known),
		DESK_TEST(test_what_is_held_back_no_more_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
