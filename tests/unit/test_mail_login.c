/* Protects who we are to mail servers, by password and by OAuth, which must never be mixed up; and the copy of a reply, which is put among
 * the sent mails as it was sent, once. */
#include <string.h>

#include "tests/unit/mailbox.h"

static void test_a_copy_is_looked_for_and_then_put(void **state)
{
	static const struct option_value no[] = { { "address", { "Help@Shop.example", 17 } },
						  { "smtp", { "smtps://mail.shop.example", 25 } },
						  { "sent_copy", { "no", 2 } } };
	struct response found = { .status = 200,
				  .body = TEXT("ask1 OK\r\n* SEARCH\r\nask2 OK\r\n") };
	struct response taken = { .status = 250, .body = TEXT("250 ok") };
	struct box *b = *state;
	struct text sent;

	/* Only where there is a folder, and nobody said no. */
	b->q = (struct question){ .op = OP_REPLY, .posting = &b->posting };
	assert_true(mail()->digest(&b->ctx, &b->q, &taken, &b->outcome, &b->err));
	assert_false(b->outcome.to_file);
	sent = asked(b);
	b->ctx.facts = TEXT("{\"sent\":\"Sent\"}");
	assert_true(mail()->digest(&b->ctx, &b->q, &taken, &b->outcome, &b->err));
	assert_true(b->outcome.to_file);

	b->q = (struct question){ .op = OP_FILE, .posting = &b->posting };
	assert_asked(b, "EXAMINE \"Sent\"\nUID SEARCH HEADER Message-ID \"" KEY
			".answerd@shop.example\"");
	assert_true(mail()->digest(&b->ctx, &b->q, &found, &b->outcome, &b->err));
	assert_true(b->outcome.is_more);
	b->q.state = b->outcome.state;
	assert_asked(b, "APPEND \"Sent\" (\\Seen)");
	assert_true(text_eq(b->request.append, sent)); /* as it was sent, to the byte */
	assert_true(b->request.once);
	found.body = TEXT("+ go\r\nask1 OK [APPENDUID 7 8] done\r\n");
	assert_true(mail()->digest(&b->ctx, &b->q, &found, &b->outcome, &b->err));
	assert_false(b->outcome.is_more);

	b->q.state = TEXT_NONE;
	found.body = TEXT("ask1 OK\r\n* SEARCH 9\r\nask2 OK\r\n");
	assert_true(mail()->digest(&b->ctx, &b->q, &found, &b->outcome, &b->err));
	assert_false(b->outcome.is_more);

	b->ctx.options = no;
	assert_true(mail()->ask(&b->ctx, &b->q, &b->request, &b->err));
	assert_int_equal(b->request.url.len, 0); /* not wanted any more: nobody is asked */
	b->q.op = OP_REPLY;
	assert_true(mail()->digest(&b->ctx, &b->q, &taken, &b->outcome, &b->err));
	assert_false(b->outcome.to_file);
}

static const struct option_value by_google[] = { { "address", { "help@shop.example", 17 } },
						 { "smtp", { "smtps://smtp.gmail.com", 22 } },
						 { "login", { "google", 6 } } };
static const struct option_value by_microsoft[] = { { "address", { "help@shop.example", 17 } },
						    { "login", { "microsoft", 9 } },
						    { "tenant", { "shop.example", 12 } } };

static void test_a_session_logs_in_where_a_password_would(void **state)
{
	struct response refused = { .status = 401 };
	struct box *b = *state;

	assert_false(connector_under(b->arena, mail(), options, 3)->can.needs_session);
	b->q = (struct question){ .op = OP_IDENTIFY };
	(void)asked(b);
	assert_true(text_eq(b->request.password, TEXT("canary")) && b->request.bearer.len == 0);
	assert_false(mail()->digest(&b->ctx, &b->q, &refused, &b->outcome, &b->err));
	assert_false(b->outcome.needs_refresh);

	assert_true(connector_under(b->arena, mail(), by_google, 3)->can.needs_session);
	b->ctx.options = by_google;
	b->ctx.token = TEXT("id:secret");
	b->ctx.session = TEXT("{\"access\":\"ya29.x\",\"refresh\":\"1//r\"}");
	(void)asked(b);
	assert_true(text_eq(b->request.bearer, TEXT("ya29.x")) && b->request.password.len == 0);
	assert_true(text_eq(b->request.user, TEXT("help@shop.example")));
	assert_false(mail()->digest(&b->ctx, &b->q, &refused, &b->outcome, &b->err));
	assert_true(b->outcome.needs_refresh && b->err.kind == ERR_AUTH);
	b->q = (struct question){ .op = OP_REPLY, .posting = &b->posting };
	(void)asked(b);
	assert_true(text_eq(b->request.bearer, TEXT("ya29.x")) && b->request.password.len == 0);
	refused.status = 535;
	assert_false(mail()->digest(&b->ctx, &b->q, &refused, &b->outcome, &b->err));
	assert_true(b->outcome.needs_refresh && b->err.kind == ERR_AUTH);
	b->q = (struct question){ .op = OP_REFRESH };
	assert_true(
		text_starts(asked(b), TEXT("grant_type=refresh_token&client_id=id&client_secret="
					   "secret&refresh_token=1%2F%2Fr")));
	assert_true(text_eq(b->request.url, TEXT("https://oauth2.googleapis.com/token")));
}

static void test_microsoft_is_asked_in_its_own_words(void **state)
{
	struct granting g = { .redirect = TEXT("http://127.0.0.1:8710/"),
			      .state = TEXT("s"),
			      .challenge = TEXT("c") };
	struct response given = {
		.status = 200,
		.body = TEXT(
			"{\"access_token\":\"eyJ0\",\"refresh_token\":\"M.C\",\"expires_in\":3600,"
			"\"scope\":\"https://outlook.office.com/IMAP.AccessAsUser.All "
			"https://outlook.office.com/SMTP.Send\"}")
	};
	struct box *b = *state;
	const struct connector *c = connector_under(b->arena, mail(), by_microsoft, 3);
	struct text address;

	b->ctx.options = by_microsoft;
	b->ctx.token = TEXT("id:"); /* a client for the desktop has no secret */
	assert_true(c->authorize(&b->ctx, &g, &address, &b->err));
	assert_true(text_starts(
		address, TEXT("https://login.microsoftonline.com/shop.example/oauth2/v2.0/authorize"
			      "?response_type=code&client_id=id&")));
	assert_int_not_equal(text_find(address, TEXT("offline_access"), 0), SIZE_MAX);
	g.code = TEXT("0.A");
	b->q = (struct question){ .op = OP_CONNECT, .granting = &g };
	(void)asked(b);
	assert_int_equal(text_find(b->request.body, TEXT("client_secret"), 0), SIZE_MAX);
	assert_true(
		text_eq(b->request.url,
			TEXT("https://login.microsoftonline.com/shop.example/oauth2/v2.0/token")));
	assert_true(c->digest(&b->ctx, &b->q, &given, &b->outcome, &b->err));
	assert_true(b->outcome.session.len > 0 && b->outcome.missing.len == 0);
	given.body = TEXT("{\"access_token\":\"eyJ0\",\"expires_in\":3600}");
	assert_false(c->digest(&b->ctx, &b->q, &given, &b->outcome, &b->err));
	assert_int_equal(b->err.kind, ERR_AUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOX(test_a_session_logs_in_where_a_password_would),
		ON_BOX(test_microsoft_is_asked_in_its_own_words),
		ON_BOX(test_a_copy_is_looked_for_and_then_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
