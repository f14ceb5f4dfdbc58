/* What this protects: customers against a mail that is sent twice or said to be sent when nobody knows; mailboxes against a mail
 * whose words end an answer; the loop against servers that do not answer; TLS that is verified. */
#include <stdio.h>

#include "daemon/io/http_mail.h"
#include "tests/unit/io/rude.h"

static const char *imap_port, *smtp_port;

/* From its beginning to its end; the password is in none of what it says. */
static struct seen *asked(const struct request *r, const struct http_terms *terms)
{
	struct seen *s = &seen[0];

	memset(s, 0, sizeof(*s));
	n_seen = 0;
	(void)begin(r, terms, s);
	run(1);
	assert_int_equal(s->n_calls, 1);
	assert_int_equal(http_active(http), 0);
	assert_null(strstr(s->why, "canary"));
	return s;
}

static struct seen *talk(const char *url, const char *user, const char *body, bool once,
			 const struct http_terms *terms)
{
	struct request r = { .url = text_of(url),
			     .body = text_of(body),
			     .user = text_of(user),
			     .password = TEXT("canary"),
			     .mail_from = TEXT("shop@shop.example"),
			     .mail_to = TEXT("ann@home.example"),
			     .once = once };

	return asked(&r, terms);
}

static const char *url_at(const char *scheme, const char *where)
{
	static char url[100];

	(void)snprintf(url, sizeof(url), "%s://127.0.0.1:%s", scheme, where);
	return url;
}

static struct seen *imap(const char *user, const char *commands)
{
	return talk(url_at("imap", imap_port), user, commands, /* once= */ false, &near);
}

static struct seen *smtp(const char *user, const char *mail)
{
	return talk(url_at("smtp", smtp_port), user, mail, /* once= */ true, &near);
}

static int count(const char *key)
{
	char command[100];
	int n = -1;
	const char *at;

	(void)snprintf(command, sizeof(command), "COUNT %s", key);
	at = strstr(imap("ann", command)->body, "* COUNT ");
	assert_non_null(at);
	n = at[8] - '0';
	return n;
}

static void test_commands_go_one_by_one(void **state)
{
	struct seen *s;

	(void)state;
	s = imap("ann", "EXAMINE \"INBOX\"\nUID FETCH 1:2 (UID)\n");
	assert_int_equal(s->status, 200);
	assert_string_equal(s->body,
			    "* ECHO EXAMINE \"INBOX\"\r\nask1 OK done\r\n* ECHO UID FETCH 1:2 "
			    "(UID)\r\nask2 OK done\r\n");
	assert_false(s->has_headers); /* what was said at the login is nobody's business */
	assert_int_equal(imap("slices", "A")->status, 200);
}

static void test_words_of_a_mail_do_not_end_an_answer(void **state)
{
	struct seen *s;

	(void)state;
	s = imap("tags", "A\nB");
	assert_int_equal(s->status, 200);
	assert_non_null(strstr(s->body, "* 2 FETCH (UID 2)"));
	assert_non_null(strstr(s->body, "ask2 OK done\r\n"));
}

static void test_refusals_are_answers(void **state)
{
	(void)state;
	assert_int_equal(imap("refusing", "A NO")->status, 422);
	assert_int_equal(imap("refusing", "A BAD")->status, 400);
	assert_int_equal(imap("refusing", "A OK\nB NO\nC OK")->status, 422);
	assert_int_equal(imap("wrong", "A")->status, 401);
	assert_int_equal(imap("busy", "A")->kind,
			 ERR_RETRY); /* the server's trouble, not the password's */
}

static void test_connections_that_end(void **state)
{
	(void)state;
	assert_int_equal(imap("bye", "A")->kind, ERR_RETRY);
	assert_int_equal(imap("reset", "A")->kind, ERR_RETRY);
	assert_int_equal(imap("half", "A")->kind, ERR_RETRY);
	assert_int_equal(imap("silent", "A")->kind, ERR_RETRY);
	assert_non_null(strstr(seen[0].why, "in time"));
	assert_int_equal(imap("absurd", "A")->kind, ERR_RETRY);
}

static void test_too_much(void **state)
{
	struct http_terms cut = near;

	(void)state;
	assert_int_equal(imap("giant", "A")->kind, ERR_DATA);
	assert_int_equal(imap("endless", "A")->kind, ERR_RETRY); /* one line of 64 KiB is no IMAP */
	cut.keep_cut = true;
	(void)talk(url_at("imap", imap_port), "giant", "A", /* once= */ false, &cut);
	assert_int_equal(seen[0].status, 200);
	assert_true(seen[0].is_cut);
	assert_in_range(seen[0].body_len, 1000000, 2 * 1024 * 1024);
}

static void test_commands_cannot_be_smuggled(void **state)
{
	static const char *const bad[] = { "", "A\r\nB", "A {5}", "A\x80", "A\n\nB" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(imap("ann", bad[i])->kind, ERR_DATA);
	}
}

static struct seen *append(const char *user, const char *commands, const char *mail)
{
	struct request r = { .url = text_of(url_at("imap", imap_port)),
			     .body = text_of(commands),
			     .append = text_of(mail),
			     .user = text_of(user),
			     .password = TEXT("canary"),
			     .once = true };

	return asked(&r, &near);
}

static void test_a_mail_is_handed_to_a_mailbox(void **state)
{
	static const char mail[] = "Subject: x\r\n\r\nask2 OK {5}\r\n+ go\r\n.\r\n";
	static const char *const whom[] = { "kept-reset", "kept-silent", "kept-bye" };
	struct seen *s;

	(void)state;
	s = append("ann", "EXAMINE \"Sent\"\nAPPEND \"Sent\" (\\Seen)", mail);
	assert_int_equal(s->status, 200);
	assert_non_null(strstr(
		s->body,
		"* GOT 'Subject: x\\r\\n\\r\\nask2 OK {5}\\r\\n+ go\\r\\n.\\r\\n'\r\nask2 OK"));
	assert_int_equal(count("append ann"), 1);
	/* Refused: a whole answer says so. */
	assert_int_equal(append("full", "APPEND \"Sent\"", mail)->status, 422);
	assert_int_equal(count("append full"), 0);
	assert_int_equal(append("kept-no", "APPEND \"Sent\"", mail)->status, 422);
	for (size_t i = 0; i < sizeof(whom) / sizeof(whom[0]); i++) {
		char key[100];

		assert_int_equal(append(whom[i], "APPEND \"Sent\"", mail)->kind, ERR_UNSURE);
		(void)snprintf(key, sizeof(key), "append %s", whom[i]);
		assert_int_equal(count(key), 1);
	}
	assert_int_equal(append("bye", "APPEND \"Sent\"", mail)->kind, ERR_RETRY);
	assert_int_equal(append("ann", "APPEND \"Sent\"", "no end")->kind, ERR_DATA);
}

static void test_what_is_taken_before_it_was_said_was_not_said(void **state)
{
	static char much[12 * 1024 * 1024];

	(void)state;
	/* Answers to what was not asked: the connection is gone before the mail was. */
	assert_int_equal(smtp("rushes", "a\r\n")->kind, ERR_RETRY);
	assert_int_equal(count("rushes"), 0);
	/* "Queued", and most of it is still here. */
	memset(much, 'x', sizeof(much));
	memcpy(much + sizeof(much) - 3, "\r\n", 3);
	assert_int_equal(smtp("hasty", much)->kind, ERR_UNSURE);
}

static void test_a_mail_is_taken(void **state)
{
	struct seen *s;

	(void)state;
	s = smtp("ann", "Subject: x\r\n\r\nhello\r\n");
	assert_int_equal(s->status, 250);
	assert_string_equal(s->body, "250-2.0.0\r\n250 queued\r\n");
	assert_int_equal(count("ann"), 1);
	/* A dot of its own on a line neither ends the mail nor is lost. */
	s = smtp("dots", "a\r\n.\r\n..b\r\nMAIL FROM:<x>\r\n");
	assert_string_equal(s->body, "250 ..|...b\r\n");
	assert_int_equal(count("dots"), 1);
}

static void test_a_mail_is_refused(void **state)
{
	(void)state;
	assert_int_equal(smtp("wrong", "a\r\n")->status, 401);
	assert_int_equal(smtp("busy", "a\r\n")->kind, ERR_RETRY);
	assert_int_equal(smtp("from", "a\r\n")->status, 550);
	assert_int_equal(smtp("to", "a\r\n")->status, 550);
	assert_non_null(strstr(seen[0].body, "nobody of that name"));
	assert_int_equal(smtp("later", "a\r\n")->status, 451);
	assert_int_equal(smtp("refuses", "a\r\n")->status, 554);
	assert_int_equal(smtp("full", "a\r\n")->status, 452);
	assert_int_equal(count("refuses"), 1); /* never again by itself */
}

/* ---- OAuth ---- */

static struct seen *by_token(const char *url, const char *user, const char *token, const char *body)
{
	struct request r = { .url = text_of(url),
			     .body = text_of(body),
			     .user = text_of(user),
			     .password = TEXT("canary"),
			     .bearer = text_of(token),
			     .mail_from = TEXT("shop@shop.example"),
			     .mail_to = TEXT("ann@home.example"),
			     .once = true };
	struct seen *s = asked(&r, &near);

	assert_null(strstr(s->why, token));
	return s;
}

/* "NAME HEX", as the server heard it. */
static void assert_sasl(const char *mechanism, const char *bytes, size_t n)
{
	char want[600];
	size_t at = (size_t)snprintf(want, sizeof(want), "* SASL %s ", mechanism);

	for (size_t i = 0; i < n; i++) {
		at += (size_t)snprintf(want + at, sizeof(want) - at, "%02x",
				       (unsigned char)bytes[i]);
	}
	(void)snprintf(want + at, sizeof(want) - at, "\r\n");
	if (strstr(imap("ann", "SASL")->body, want) == NULL) {
		print_error("want %s got %s\n", want, seen[0].body);
		fail();
	}
}

static void test_a_login_by_oauth(void **state)
{
	static const char x[] = "user=ann@shop.example\1auth=Bearer ya29.to-ken_~+/=\1\1";
	static const char expired[] = "user=expired\1auth=Bearer old\1\1";
	const char *bearer = getenv("ANSWERD_TEST_IMAP_BEARER_PORT");
	const char *plain = getenv("ANSWERD_TEST_IMAP_PLAIN_PORT");
	char b[200];
	int n;

	(void)state;
	assert_int_equal(
		by_token(url_at("imap", imap_port), "ann@shop.example", "ya29.to-ken_~+/=", "A")
			->status,
		200);
	assert_sasl("XOAUTH2", x, sizeof(x) - 1);
	assert_int_equal(
		by_token(url_at("smtp", smtp_port), "ann@shop.example", "ya29.to-ken_~+/=", "a\r\n")
			->status,
		250);
	assert_sasl("XOAUTH2", x, sizeof(x) - 1);
	assert_int_equal(
		by_token(url_at("imap", bearer), "ann@shop.example", "ya29.x", "A")->status, 200);
	n = snprintf(b, sizeof(b),
		     "n,a=ann@shop.example,\1host=127.0.0.1\1port=%s\1auth=Bearer ya29.x\1\1",
		     bearer);
	assert_sasl("OAUTHBEARER", b, (size_t)n);
	/* A token that has ended is a login that is refused, and neither is tried another way. */
	assert_int_equal(by_token(url_at("imap", imap_port), "expired", "old", "A")->status, 401);
	assert_sasl("XOAUTH2", expired, sizeof(expired) - 1);
	assert_int_equal(by_token(url_at("imap", bearer), "expired", "old", "A")->status, 401);
	assert_int_equal(by_token(url_at("smtp", smtp_port), "expired", "old", "a\r\n")->status,
			 401);
	assert_int_equal(count("expired"), 0);
	assert_true(by_token(url_at("imap", plain), "ann", "ya29.y", "A")->status != 200);
	assert_int_equal(by_token(url_at("imap", imap_port), "ann", "a\1auth=x", "A")->kind,
			 ERR_CONFIG);
	assert_int_equal(by_token(url_at("imap", imap_port), "", "x", "A")->kind, ERR_CONFIG);
}

/* ---- mail of alerts (http_mail.h) ---- */

static struct seen *alert(const char *user, size_t n_to, bool allow_some)
{
	static const struct text to[] = { { "ann@home.example", 16 }, { "bob@home.example", 16 } };
	struct mail m = { .server = text_of(url_at("smtp", smtp_port)),
			  .user = text_of(user),
			  .password = TEXT("canary"),
			  .from = TEXT("answerd@shop.example"),
			  .to = to,
			  .n_to = n_to,
			  .message = TEXT("Subject: x\r\n\r\nhello\r\n"),
			  .is_plain = true,
			  .allow_some = allow_some };
	struct seen *s = &seen[0];

	memset(s, 0, sizeof(*s));
	n_seen = 0;
	(void)http_mail(http, &m, &near, done, s);
	run(1);
	return s;
}

/* libcurl's SMTP waits for the answer to QUIT, and the whole loop with it: these servers never answer one. */
static void test_mail_of_alerts_waits_for_no_goodbye(void **state)
{
	struct mono begun = loop_mono_now(loop);

	(void)state;
	assert_int_equal(alert("ann2", 2, false)->status, 250);
	assert_int_equal(count("ann2"), 1);
	assert_int_equal(alert("from", 1, false)->kind, ERR_RETRY);
	assert_int_equal(alert("refuses", 1, false)->kind, ERR_RETRY);
	assert_int_equal(alert("wrong", 1, false)->kind, ERR_RETRY);
	assert_true(dur_more(DUR_S(4), mono_since(begun, loop_mono_now(loop))));
}

static void test_mail_of_alerts_goes_to_whom_it_can(void **state)
{
	(void)state;
	assert_int_equal(alert("one", 2, true)->status, 250); /* the second of them is unknown */
	assert_int_equal(count("one"), 1);
	assert_int_equal(alert("one", 2, false)->kind, ERR_RETRY);
	assert_int_equal(alert("to", 2, true)->kind, ERR_RETRY);
	assert_int_equal(count("one"), 1);
	assert_int_equal(count("to"), 0);
	assert_int_equal(alert("applied-reset", 1, true)->kind, ERR_RETRY); /* twice is better */
}

static void test_nothing_was_sent(void **state)
{
	(void)state;
	assert_int_equal(smtp("hangs", "a\r\n")->kind, ERR_RETRY);
	assert_int_equal(talk("smtp://127.0.0.1:1", "ann", "a\r\n", /* once= */ true, &near)->kind,
			 ERR_RETRY);
}

static void test_nobody_knows(void **state)
{
	static const char *const whom[] = { "applied-reset", "applied-silent",
					    "applied-half",  "applied-long",
					    "odd",           "garbage",
					    "middle" };

	(void)state;
	for (size_t i = 0; i < sizeof(whom) / sizeof(whom[0]); i++) {
		assert_int_equal(smtp(whom[i], "a\r\n")->kind, ERR_UNSURE);
		assert_int_equal(count(whom[i]), strcmp(whom[i], "middle") == 0 ? 0 : 1);
	}
}

static void test_a_mail_that_is_not_whole(void **state)
{
	static const char *const bad[] = { "", "a", "a\n", "a\r\n.\nMAIL\r\n", "a\rb\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(smtp("bad", bad[i])->kind, ERR_DATA);
	}
	assert_int_equal(count("bad"), 0);
}

static void test_where_it_may_go(void **state)
{
	static const struct http_terms strict = { .timeout = { 2000000 } };

	(void)state;
	assert_int_equal(talk(url_at("imap", imap_port), "ann", "A", false, &strict)->kind,
			 ERR_CONFIG);
	assert_int_equal(talk("imap://localhost:1143", "ann", "A", false, &near)->kind, ERR_CONFIG);
	assert_int_equal(talk("imap://a:b@127.0.0.1/", "ann", "A", false, &near)->kind, ERR_CONFIG);
	assert_int_equal(talk("imaps://127.0.0.1/INBOX", "ann", "A", false, &near)->kind,
			 ERR_CONFIG);
	assert_int_equal(talk("smtp://127.0.0.1:25", "ann", "a\r\n", true, &near)->kind,
			 ERR_CONFIG);
}

static void test_tls_is_verified(void **state)
{
	const char *bad = getenv("ANSWERD_TEST_IMAPS_UNTRUSTED_PORT");
	const char *bad_start = getenv("ANSWERD_TEST_STARTTLS_UNTRUSTED_PORT");
	const char *good = getenv("ANSWERD_TEST_IMAPS_PORT");
	const char *good_start = getenv("ANSWERD_TEST_STARTTLS_PORT");

	(void)state;
	if (bad == NULL) {
		skip();
	}
	assert_int_equal(talk(url_at("imaps", bad), "ann", "A", false, &near)->kind, ERR_RETRY);
	assert_non_null(strstr(seen[0].why, "not trusted"));
	assert_int_equal(talk(url_at("imap", bad_start), "ann", "A", false, &near)->kind,
			 ERR_RETRY);
	assert_non_null(strstr(seen[0].why, "not trusted"));
	assert_int_equal(talk(url_at("imaps", imap_port), "ann", "A", false, &near)->kind,
			 ERR_RETRY);
	if (good != NULL) {
		assert_int_equal(talk(url_at("imaps", good), "ann", "A", false, &near)->status,
				 200);
		assert_int_equal(talk(url_at("imap", good_start), "ann", "A", false, &near)->status,
				 200);
		assert_true(talk(url_at("imaps", good), "giant", "A", false, &near)->kind ==
			    ERR_DATA);
	}
}

static void test_many_at_once_and_cancelled(void **state)
{
	struct request r = { .body = TEXT("A"), .user = TEXT("silent"), .password = TEXT("x") };
	struct http_transfer *t[8];
	struct http_terms terms = near;

	(void)state;
	r.url = text_of(url_at("imap", imap_port));
	terms.timeout = DUR_MS(300);
	memset(seen, 0, sizeof(seen));
	n_seen = 0;
	for (size_t i = 0; i < 8; i++) {
		t[i] = begin(&r, &terms, &seen[i]);
	}
	http_cancel(&t[0]);
	run(7);
	assert_int_equal(seen[0].n_calls, 0);
	assert_int_equal(seen[7].kind, ERR_RETRY);
	terms.max_per_host = 2;
	for (size_t i = 0; i < 2; i++) {
		t[i] = begin(&r, &terms, &seen[i]);
	}
	assert_false(http_has_room(http, r.url, &terms));
	http_cancel(&t[0]);
	assert_true(http_has_room(http, r.url, &terms));
	n_seen = 0;
	run(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_commands_go_one_by_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_words_of_a_mail_do_not_end_an_answer, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_refusals_are_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_connections_that_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_much, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_commands_cannot_be_smuggled, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_mail_is_handed_to_a_mailbox, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_taken_before_it_was_said_was_not_said,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_mail_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_mail_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_was_sent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_knows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_mail_that_is_not_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_where_it_may_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tls_is_verified, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_at_once_and_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_login_by_oauth, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mail_of_alerts_waits_for_no_goodbye, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_mail_of_alerts_goes_to_whom_it_can, set_up,
						tear_down),
	};

	imap_port = getenv("ANSWERD_TEST_IMAP_PORT");
	smtp_port = getenv("ANSWERD_TEST_SMTP_PORT");
	if (imap_port == NULL || smtp_port == NULL) {
		return 77; /* there are no mail servers beside us */
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
