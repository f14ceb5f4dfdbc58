/* mailbox.h: what the tests of mail share: an account, a question, and the bytes that become of it. */
#ifndef ANSWERD_TESTS_UNIT_MAILBOX_H
#define ANSWERD_TESTS_UNIT_MAILBOX_H

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "tests/cm.h"

#define KEY "3n2uuoawvin23"

struct box {
	struct arena *arena;
	struct connector_ctx ctx;
	struct question q;
	struct request request;
	struct outcome outcome;
	struct err err;
	struct posting posting;
};

static const struct option_value options[] = { { "address", { "Help@Shop.example", 17 } },
					       { "smtp", { "smtps://mail.shop.example", 25 } },
					       { "name", { "The \"Shop\"", 10 } } };

static inline int box_open(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	b->arena = arena_create(LIMIT_PAGE_ARENA_BYTES);
	b->ctx = (struct connector_ctx){ .arena = b->arena,
					 .now = { INT64_C(1795248000000000) },
					 .server = TEXT("imaps://mail.shop.example"),
					 .token = TEXT("canary"),
					 .own_id = TEXT("help@shop.example"),
					 .options = options,
					 .n_options = 3 };
	b->q = (struct question){ .op = OP_POLL,
				  .source = TEXT("inbox"),
				  .since = { INT64_C(1795132800000000) } };
	b->posting = (struct posting){ .key = TEXT(KEY),
				       .text = TEXT("It left us."),
				       .parent_id = TEXT("a1@home.example"),
				       .author_id = TEXT("ann@home.example"),
				       .visibility = MESSAGE_PRIVATE };
	*state = b;
	return 0;
}

static inline int box_close(void **state)
{
	struct box *b = *state;

	arena_destroy(&b->arena);
	free(b);
	return 0;
}

static inline const struct connector *mail(void)
{
	return connector_find(TEXT("mail"));
}

static inline struct text asked(struct box *b)
{
	assert_true(mail()->ask(&b->ctx, &b->q, &b->request, &b->err));
	return b->request.body;
}

static inline void assert_asked(struct box *b, const char *want)
{
	struct text got = asked(b);

	if (!text_eq(got, text_of(want))) {
		print_error("want %s\ngot  %.*s\n", want, TEXT_ARG(got));
		fail();
	}
}

#define ON_BOX(test) cmocka_unit_test_setup_teardown(test, box_open, box_close)

#endif
