/* Protects the walk through a mailbox, which must neither pass a mail unread nor read for ever; the exact bytes of a reply; and whose
 * words are taken for a person's. */
#include <string.h>

#include "answerd/mime.h"
#include "tests/unit/mailbox.h"

/* What the server says after EXAMINE and `said`; the walk's new state is the next question's. */
static void hear(struct box *b, int next_uid, const char *said)
{
	struct response r = { .status = 200 };

	r.body = text_printf(b->arena,
			     "* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT %d] x\r\nask1 OK "
			     "done\r\n%sask2 OK done\r\n",
			     next_uid, said);
	assert_true(mail()->digest(&b->ctx, &b->q, &r, &b->outcome, &b->err));
	b->q.state = b->outcome.state;
}

static const char *one_mail(struct box *b, int uid)
{
	return text_printf(b->arena,
			   "* 1 FETCH (UID %d INTERNALDATE \"20-Nov-2026 10:00:00 +0000\" "
			   "BODY[]<0> {54}\r\n"
			   "From: ann@home.example\r\nMessage-ID: <a%d@h.example>\r\n\r\n)\r\n",
			   uid, uid)
		.at;
}

#define FETCH " (UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.131072>)"

static void test_a_walk_begins_with_history_and_goes_on_by_numbers(void **state)
{
	struct box *b = *state;

	assert_asked(b, "EXAMINE \"INBOX\"\nUID SEARCH SINCE 19-Nov-2026");
	hear(b, 40, "* SEARCH 31 12 15\r\n");
	assert_true(b->outcome.is_more);
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 12:61" FETCH);
	hear(b, 40, one_mail(b, 12));
	assert_int_equal(b->outcome.n_messages, 1);
	assert_true(b->outcome.is_more);
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 13:62" FETCH);
	hear(b, 40, one_mail(b, 39));
	assert_false(b->outcome.is_more); /* the next number was promised to be 40 */
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 40:89" FETCH);
	b->q.page_limit = 1;
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 40:40" FETCH);
	hear(b, 40, "");
	assert_false(b->outcome.is_more);
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 40:40" FETCH);
}

static void test_an_empty_mailbox_begins_at_the_next_number(void **state)
{
	struct box *b = *state;

	hear(b, 1, "* SEARCH\r\n");
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 1:50" FETCH);
}

static void test_a_server_may_lie_twice(void **state)
{
	struct box *b = *state;

	hear(b, 40, "* SEARCH 39\r\n");
	for (int i = 0; i < 2; i++) {
		hear(b, 40, ""); /* 39 is promised, and does not come */
		assert_false(b->outcome.is_more);
		assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 39:88" FETCH);
	}
	hear(b, 40, "");
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 40:89" FETCH);
}

static void test_gaps_are_leapt_over_and_nothing_in_them_is_lost(void **state)
{
	struct box *b = *state;
	int n = 0;

	hear(b, 2000000, "* SEARCH 12\r\n");
	hear(b, 2000000, one_mail(b, 12));
	hear(b, 2000000, "");
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 13:412 (UID)");
	hear(b, 2000000, "");
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 413:2012 (UID)");
	hear(b, 2000000, "* 2 FETCH (UID 500)\r\n");
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 500:549" FETCH);
	hear(b, 2000000, one_mail(b, 500));
	for (; n < 1000 && b->outcome.is_more; n++) {
		hear(b, 2000000, "");
	}
	assert_in_range(n, 20, 200); /* it ends, and not by going through them all */
	assert_asked(b, "EXAMINE \"INBOX\"\nUID FETCH 501:550" FETCH); /* not believed at once */
}

static void test_other_numbers_mean_reading_again(void **state)
{
	struct box *b = *state;
	struct response r = { .status = 200 };

	hear(b, 40, "* SEARCH 39\r\n");
	hear(b, 40, one_mail(b, 39));
	r.body = TEXT("* OK [UIDVALIDITY 8] x\r\n* OK [UIDNEXT 3] x\r\nask1 OK\r\nask2 OK\r\n");
	assert_true(mail()->digest(&b->ctx, &b->q, &r, &b->outcome, &b->err));
	assert_true(b->outcome.is_more);
	assert_false(b->outcome.is_adrift);
	b->q.state = b->outcome.state;
	assert_asked(b, "EXAMINE \"INBOX\"\nUID SEARCH SINCE 19-Nov-2026");
	/* The mail that was known is there under another number: nothing is lost. */
	hear(b, 3, "* SEARCH 2\r\n");
	hear(b, 3,
	     text_printf(b->arena, "* 1 FETCH (UID 2 BODY[]<0> {54}\r\nFrom: "
				   "ann@home.example\r\nMessage-ID: <a39@h.example>"
				   "\r\n\r\n)\r\n")
		     .at);
	assert_false(b->outcome.is_more);
	assert_false(b->outcome.is_adrift);
	/* It is not: that is told. */
	b->q.state = TEXT("{\"validity\":7,\"next\":3,\"wanted\":\"5\"}");
	hear(b, 3, "");
	assert_true(b->outcome.is_adrift);
	hear(b, 3, "");
	assert_false(b->outcome.is_adrift);
}

static void test_mails_that_came_and_went_are_told(void **state)
{
	struct box *b = *state;

	hear(b, 40, "* SEARCH 12\r\n");
	hear(b, 40, one_mail(b, 12));
	hear(b, 40, one_mail(b, 39)); /* what is missing in history was filed long ago */
	assert_false(b->outcome.is_more || b->outcome.is_adrift);
	hear(b, 41, one_mail(b, 40));
	assert_false(b->outcome.is_adrift);
	hear(b, 44, one_mail(b, 43)); /* 41 and 42 were never heard */
	assert_true(b->outcome.is_adrift);
	for (int i = 0; i < 3; i++) {
		hear(b, 46, "");
		assert_int_equal(b->outcome.is_adrift, i == 2);
	}
	hear(b, 46, "");
	assert_false(b->outcome.is_adrift);
}

static void test_states_that_are_none_cost_a_fresh_start(void **state)
{
	static const char *const bad[] = { "{",
					   "[]",
					   "{\"validity\":-1,\"next\":5}",
					   "{\"validity\":7,\"next\":0}",
					   "{\"validity\":7,\"next\":99999999999}",
					   "{\"validity\":7,\"next\":5,\"leap\":99999999}" };
	struct box *b = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		b->q.state = text_of(bad[i]);
		assert_asked(b, "EXAMINE \"INBOX\"\nUID SEARCH SINCE 19-Nov-2026");
	}
}

static void test_folders_cannot_become_commands(void **state)
{
	struct box *b = *state;

	assert_true(mail()->check_source(TEXT("folder:Old \"x\\y\""), &b->err));
	assert_false(mail()->check_source(TEXT("folder:"), &b->err));
	assert_false(mail()->check_source(TEXT("folder:a\r\nb"), &b->err));
	assert_false(mail()->check_source(TEXT("folder:\xc3\xa4"), &b->err));
	assert_false(mail()->check_source(TEXT("mentions"), &b->err));
	b->q.source = TEXT("folder:Old \"x\\y\"");
	assert_asked(b, "EXAMINE \"Old \\\"x\\\\y\\\"\"\nUID SEARCH SINCE 19-Nov-2026");
	b->q.source = TEXT("own");
	b->ctx.facts = TEXT("{\"sent\":\"Sent Items\"}");
	assert_asked(b, "EXAMINE \"Sent Items\"\nUID SEARCH SINCE 19-Nov-2026");
	b->ctx.facts = TEXT("{\"sent\":\"\"}");
	asked(b);
	assert_int_equal(b->request.url.len, 0); /* nobody to be asked */
	b->ctx.facts = TEXT("{\"sent\":\"a\\r\\nb\"}");
	assert_false(mail()->ask(&b->ctx, &b->q, &b->request, &b->err));
}

static void test_a_reply_is_the_same_bytes_every_time(void **state)
{
	struct box *b = *state;

	b->q = (struct question){ .op = OP_REPLY, .posting = &b->posting };
	b->posting.parent_raw = TEXT(
		"Subject: Re: News\r\nReferences: <n1@shop.example>\r\n <n2@shop.example>\r\n");
	b->posting.text = TEXT("It left us \xe2\x80\x94 really = now. \n.\nFrom us\n");
	assert_asked(b, "From: \"The \\\"Shop\\\"\" <help@shop.example>\r\nTo: "
			"ann@home.example\r\nSubject: Re: News\r\n"
			"Date: 22 Nov 2026 05:22:05 +0000\r\nMessage-ID: <" KEY
			".answerd@shop.example>\r\n"
			"In-Reply-To: <a1@home.example>\r\nReferences: <n1@shop.example>\r\n "
			"<n2@shop.example>\r\n <a1@home.example>\r\n"
			"MIME-Version: 1.0\r\nContent-Type: text/plain; "
			"charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
			"It left us =E2=80=94 really =3D now.=20\r\n=2E\r\n=46rom us\r\n");
	assert_true(b->request.once);
	assert_true(text_eq(b->request.url, TEXT("smtps://mail.shop.example")));
	assert_true(text_eq(b->request.mail_from, TEXT("help@shop.example")));
	assert_true(text_eq(b->request.mail_to, TEXT("ann@home.example")));
	assert_true(text_eq(b->request.user, TEXT("help@shop.example")));
}

static void test_no_line_of_a_reply_is_long_and_no_header_is_brought_in(void **state)
{
	static const char *const subjects[] = { "a\r\nBcc: evil@evil.example",
						"=?utf-8?Q?=0D=0ABcc:_x?=",
						"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
						"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2"
						"\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2"
						"\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
						"", "x\x01\x7f\x1b[2Jx" };
	struct box *b = *state;
	char long_words[3000];

	memset(long_words, 'w', sizeof(long_words));
	memcpy(long_words, "F\r\n.\r\n", 6);
	b->q = (struct question){ .op = OP_REPLY, .posting = &b->posting };
	b->posting.text = (struct text){ long_words, sizeof(long_words) };
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		struct text line, rest;

		b->posting.warning = text_of(subjects[i]);
		rest = asked(b);
		assert_int_equal(text_find(rest, TEXT("\nBcc"), 0), SIZE_MAX);
		while (rest.len > 0) {
			(void)text_cut(rest, '\n', &line, &rest);
			assert_true(line.len <= 78 && line.len > 0 &&
				    line.at[line.len - 1] == '\r');
			assert_false(text_eq(line, TEXT(".\r")));
			assert_ptr_equal(memchr(line.at, '\r', line.len - 1), NULL);
		}
	}
}

static void test_a_reply_goes_to_an_address_or_nowhere(void **state)
{
	static const char *const bad[] = { "",
					   "unknown@invalid",
					   "a b@c.example",
					   "a@b.example,c@d.example",
					   "<a@b.example>",
					   "a@b.example\r\nRCPT TO:<c@d.example>",
					   "\xc3\xa4@b.example",
					   "A@b.example",
					   "-x@b.example" };
	struct box *b = *state;

	b->q = (struct question){ .op = OP_REPLY, .posting = &b->posting };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		b->posting.author_id = text_of(bad[i]);
		assert_false(mail()->ask(&b->ctx, &b->q, &b->request, &b->err));
		assert_int_equal(b->err.kind, ERR_DATA);
	}
	b->posting.author_id = TEXT("ann@home.example");
	b->posting.key = TEXT("no key");
	assert_false(mail()->ask(&b->ctx, &b->q, &b->request, &b->err));
	b->posting.key = TEXT(KEY);
	b->ctx.n_options = 1;
	assert_false(mail()->ask(&b->ctx, &b->q, &b->request, &b->err));
	assert_int_equal(b->err.kind, ERR_DATA);
}

static void test_a_reply_names_the_mail_as_its_author_did(void **state)
{
	struct box *b = *state;

	b->q = (struct question){ .op = OP_REPLY, .posting = &b->posting };
	b->posting.parent_id = TEXT("again:12ab:a1@home.example");
	assert_int_not_equal(text_find(asked(b), TEXT("\r\nIn-Reply-To: <a1@home.example>\r\n"), 0),
			     SIZE_MAX);
	b->posting.parent_id = TEXT("hash:4a069510c23a46a8c6ae998cadb8bac2");
	assert_int_equal(text_find(asked(b), TEXT("In-Reply-To"), 0), SIZE_MAX);
}

static void test_an_answer_is_looked_for_by_its_id(void **state)
{
	struct box *b = *state;

	b->q = (struct question){ .op = OP_LOOKUP, .posting = &b->posting };
	assert_false(mail()->ask(&b->ctx, &b->q, &b->request, &b->err)); /* where? */
	b->ctx.facts = TEXT("{\"sent\":\"Sent\"}");
	assert_asked(b, "EXAMINE \"Sent\"\nUID SEARCH HEADER Message-ID \"" KEY
			".answerd@shop.example\"");
}

static void test_addresses_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *raw, *address, *name;
	} rows[] = {
		{ "Ann <Ann@Home.example>", "ann@home.example", "Ann" },
		{ "\"Lee, Ann\" <ann@home.example>, b@c.example", "ann@home.example", "Lee, Ann" },
		{ "ann@home.example (Ann)", "ann@home.example", "Ann" },
		{ "=?utf-8?Q?J=C3=B6?= <j@home.example>", "j@home.example", "J\xc3\xb6" },
		{ "\"a@b.example\" <c@d.example>", "c@d.example", "a@b.example" },
		{ "\"<a@b.example>\" <c@d.example>", "c@d.example", "<a@b.example>" },
		{ "Friends: a@b.example, c@d.example;", "a@b.example", "" },
		{ "<a@b.example\r>", "a@b.example", "" },
		{ "a@b@c.example", "", "" },
		{ "<>", "", "" },
	};
	struct box *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text address, name;
		size_t at = 0;
		struct text head = text_printf(b->arena, "From: %s\r\n", rows[i].raw);

		assert_true(mime_address_next(b->arena, mime_header_raw(b->arena, head, "From"),
					      &at, &address, &name));
		if (!text_eq(address, text_of(rows[i].address)) ||
		    !text_eq(name, text_of(rows[i].name))) {
			print_error("%s: '%.*s' '%.*s'\n", rows[i].raw, TEXT_ARG(address),
				    TEXT_ARG(name));
			fail();
		}
	}
}

static void test_charsets(void **state)
{
	static const struct {
		const char *bytes, *charset, *want;
	} rows[] = {
		{ "caf\xe9", "iso-8859-1", "caf\xc3\xa9" },
		{ "\xa4", "ISO-8859-15", "\xe2\x82\xac" },
		{ "\x80", "windows-1252", "\xe2\x82\xac" },
		{ "caf\xc3\xa9", "us-ascii", "caf\xc3\xa9" },
		{ "\xc4\xe3", "GB2312", "\xe4\xbd\xa0" },
		{ "\x1b$B$3\x1b(B", "iso-2022-jp", "\xe3\x81\x93" },
		{ "\xc4\xff", "big5", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "x\xff", "../../evil", "x\xef\xbf\xbd" },
	};
	struct box *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text got =
			mime_decode(b->arena, text_of(rows[i].bytes), text_of(rows[i].charset));

		assert_true(text_is_clean(got));
		if (!text_eq(got, text_of(rows[i].want)) && i < 6) {
			print_error("%s: '%.*s'\n", rows[i].charset, TEXT_ARG(got));
			fail();
		}
	}
}

static void test_words_are_told_from_quotes_and_never_lost(void **state)
{
	static const struct {
		const char *text, *own, *body;
	} rows[] = {
		{ "Thanks!\n\nOn Monday, the shop wrote:\n> Is it broken?\n", "Thanks!",
		  "Thanks!\n\n[quoted:]\nOn Monday, the shop wrote:\n> Is it broken?" },
		{ "Thanks!\n\nOn Monday 19 Nov the shop\n<help@shop.example> wrote:\n\n> Broken?\n",
		  "Thanks!",
		  "Thanks!\n\n[quoted:]\nOn Monday 19 Nov the shop\n<help@shop.example> "
		  "wrote:\n\n> Broken?" },
		{ "> One?\nYes.\n> Two?\nNo.\n", "Yes.\nNo.", "> One?\nYes.\n> Two?\nNo." },
		{ "> One?\n\nYes.\n", "Yes.", "Yes.\n\n[quoted:]\n> One?" },
		{ "> only quoted\n", "> only quoted", "> only quoted" },
		{ "Hi\n\n-----Original Message-----\nFrom: shop\nold words\n", "Hi",
		  "Hi\n\n[quoted:]\n-----Original Message-----\nFrom: shop\nold words" },
		{ "From: me to you\nwith love\n", "From: me to you\nwith love",
		  "From: me to you\nwith love" },
		{ "Yours\n-- \nAnn\nHome\n", "Yours", "Yours\n-- \nAnn\nHome" },
		{ "-- \nAnn\n", "-- \nAnn", "-- \nAnn" },
		{ "He wrote:\nI will come.\n> really?\nYes.\n", "He wrote:\nI will come.\nYes.",
		  "He wrote:\nI will come.\n> really?\nYes." },
	};
	struct box *b = *state;

	b->q.state = TEXT("{\"validity\":7,\"next\":12}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen("From: a@b.example\n\n") + strlen(rows[i].text);

		hear(b, 13,
		     text_printf(
			     b->arena,
			     "* 1 FETCH (UID 12 BODY[]<0> {%zu}\r\nFrom: a@b.example\n\n%s)\r\n", n,
			     rows[i].text)
			     .at);
		assert_int_equal(b->outcome.n_messages, 1);
		if (!text_eq(b->outcome.messages[0].body, text_of(rows[i].body)) ||
		    !text_eq(b->outcome.messages[0].words, text_of(rows[i].own))) {
			print_error("%s\n--- body\n%.*s\n--- own\n%.*s\n", rows[i].text,
				    TEXT_ARG(b->outcome.messages[0].body),
				    TEXT_ARG(b->outcome.messages[0].words));
			fail();
		}
		b->q.state = TEXT("{\"validity\":7,\"next\":12}");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOX(test_a_walk_begins_with_history_and_goes_on_by_numbers),
		ON_BOX(test_an_empty_mailbox_begins_at_the_next_number),
		ON_BOX(test_a_server_may_lie_twice),
		ON_BOX(test_gaps_are_leapt_over_and_nothing_in_them_is_lost),
		ON_BOX(test_other_numbers_mean_reading_again),
		ON_BOX(test_mails_that_came_and_went_are_told),
		ON_BOX(test_states_that_are_none_cost_a_fresh_start),
		ON_BOX(test_folders_cannot_become_commands),
		ON_BOX(test_a_reply_is_the_same_bytes_every_time),
		ON_BOX(test_no_line_of_a_reply_is_long_and_no_header_is_brought_in),
		ON_BOX(test_a_reply_goes_to_an_address_or_nowhere),
		ON_BOX(test_a_reply_names_the_mail_as_its_author_did),
		ON_BOX(test_an_answer_is_looked_for_by_its_id),
		ON_BOX(test_addresses_are_read_as_people_write_them),
		ON_BOX(test_charsets),
		ON_BOX(test_words_are_told_from_quotes_and_never_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
