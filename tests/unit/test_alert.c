/* Protects S16 and S18: signatures that a receiver can check, mails in which nothing can become a second header, line or mail,
 * and envelopes of addresses only; and what the database is told of channels, which holds no address and no secret. */
#include <stdio.h>

#include "daemon/alert/inside.h"
#include "daemon/alert/letter.h"
#include "daemon/alert/sign.h"
#include "daemon/io/http_mail.h"
#include "tests/cm.h"

static void test_signature(void **state)
{
	static const char one[] =
		"t=1763883000,v1="
		"02a1a4815cfeca5cb2aaace0b79c5854ac999d056e257e42d574a228d02b562e";
	static const char other[] =
		",v1=82811ab12720b7eba35d571e11c39e44bde29e7c566cb17214098c30a1ab788d";
	struct wall at = { INT64_C(1763883000) * 1000000 + 999999 };
	struct text body = TEXT("{\"event\":\"waiting\"}");
	struct secret short_key = { 0 }, long_key = { 0 }, none = { 0 };
	char out[SIGN_BYTES], both[SIGN_BYTES], k[100];

	(void)state;
	memset(k, 'k', sizeof(k));
	secret_set(&short_key, TEXT("s3cret"));
	secret_set(&long_key, (struct text){ k, sizeof(k) });
	sign_body(&short_key, &none, at, body, out);
	assert_string_equal(out, one);
	sign_body(&short_key, &long_key, at, body, out);
	(void)snprintf(both, sizeof(both), "%s%s", one, other);
	assert_string_equal(out, both);
	secret_done(&short_key);
	secret_done(&long_key);
}

static bool write_letter(struct text subject, struct text text, struct text to, struct strbuf *out)
{
	struct err err = { 0 };
	struct letter l = { .from = TEXT("answerd@shop.example"),
			    .to = &to,
			    .n_to = 1,
			    .subject = subject,
			    .id = TEXT("17"),
			    .event = TEXT("waiting"),
			    .at = { INT64_C(784111777) * 1000000 },
			    .text = text };
	bool is_ok;

	strbuf_reset(out);
	is_ok = letter_write(&l, out, &err);
	assert_true(is_ok == (err.kind == ERR_NONE));
	return is_ok;
}

/* CRLF at every line's end and nowhere else, only printable ASCII, no line over 998, and header lines by their names. */
static size_t check_letter(const struct strbuf *out)
{
	struct text rest = strbuf_text(out), line;
	size_t n_headers = 0;
	bool is_head = true;

	while (text_cut(rest, '\n', &line, &rest)) {
		assert_true(line.len > 0 && line.at[line.len - 1] == '\r');
		assert_true(line.len <= 998);
		for (size_t i = 0; i + 1 < line.len; i++) {
			assert_in_range((unsigned char)line.at[i], 0x20, 0x7e);
		}
		if (line.len == 1) {
			is_head = false;
		}
		n_headers += is_head && line.at[0] != ' ';
	}
	assert_int_equal(rest.len, 0);
	assert_false(is_head);
	return n_headers;
}

static void test_letter(void **state)
{
	struct strbuf out;

	(void)state;
	strbuf_init(&out, 1u << 20);
	assert_true(write_letter(TEXT("1 customer waits"), TEXT("one\ntwo"),
				 TEXT("care@shop.example"), &out));
	assert_int_equal(check_letter(&out), 11);
	assert_true(text_find(strbuf_text(&out), TEXT("Date: Sun, 06 Nov 1994 08:49:37 +0000\r\n"),
			      0) == 0);
	assert_true(text_find(strbuf_text(&out), TEXT("Message-ID: <answerd.17@shop.example>\r\n"),
			      0) != SIZE_MAX);
	assert_true(text_find(strbuf_text(&out), TEXT("Subject: 1 customer waits\r\n"), 0) !=
		    SIZE_MAX);
	assert_true(text_ends(strbuf_text(&out), TEXT("\r\n\r\nb25lDQp0d28NCg==\r\n")));
	strbuf_done(&out);
}

/* Whatever is said, it is one mail with the same eleven headers, or none. */
static void test_hostile_letters(void **state)
{
	static const char *const texts[] = {
		"\r\n.\r\nMAIL FROM:<evil@x.example>\r\n",
		".",
		"\n.\n.\n",
		"..",
		"\r",
		"\r\r\n\n",
		"\xff\xfe",
		"\x1b]0;x\x07",
		"=?utf-8?q?x?=",
		"",
	};
	static const char *const refused[] = { "a\rb", "a\nBcc: x@y.example", "a\r\nb", "a\x01" };
	struct strbuf out;
	char nul[] = "a\0b", all[600];

	(void)state;
	strbuf_init(&out, 1u << 20);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(write_letter(TEXT("x"), text_of(texts[i]), TEXT("a@b"), &out));
		assert_int_equal(check_letter(&out), 11);
	}
	assert_true(write_letter(TEXT("x"), (struct text){ nul, 3 }, TEXT("a@b"), &out));
	assert_int_equal(check_letter(&out), 11);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_false(write_letter(text_of(refused[i]), TEXT("t"), TEXT("a@b"), &out));
		assert_false(write_letter(TEXT("x"), TEXT("t"), text_of(refused[i]), &out));
	}
	assert_false(write_letter((struct text){ nul, 3 }, TEXT("t"), TEXT("a@b"), &out));
	/* Long subjects, of any length and of several bytes a character. */
	for (size_t n = 0; n < sizeof(all); n++) {
		all[n] = "\xe2\x82\xac"[n % 3];
		assert_true(
			write_letter((struct text){ all, n + 1 }, TEXT("t"), TEXT("a@b"), &out));
		assert_int_equal(check_letter(&out), 11);
	}
	strbuf_done(&out);
}

static void test_addresses(void **state)
{
	static const char *const fine[] = { "a@b", "care+x@shop.example", "o'neil@x.example" };
	static const char *const bad[] = { "",      "a",       "@b",     "a@",
					   "a@b@c", "a b@c",   "a@b>",   "<a@b",
					   "a@b\r", "a@b\n",   "a@b\0x", "-x@b",
					   "a,b@c", "\"a\"@b", "a@b;c",  "\xc3\xa4@b" };

	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		assert_true(http_mail_is_address(text_of(fine[i])));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bool is_fine = http_mail_is_address(text_of(bad[i]));

		assert_true(!is_fine || strcmp(bad[i], "a@b") == 0);
	}
	assert_false(http_mail_is_address((struct text){ "a@b\0x", 5 }));
}

static void test_declaration(void **state)
{
	struct text to = TEXT("care@shop.example"), quiet = TEXT("Mon-Sun 22:00-07:00");
	struct text notify = TEXT("care \"x\"");
	struct conf_channel ch = { .name = TEXT("care \"x\""),
				   .type = CHANNEL_SMTP,
				   .server = TEXT("smtps://user.example"),
				   .to = &to,
				   .n_to = 1,
				   .timezone = TEXT("UTC"),
				   .quiet = &quiet,
				   .n_quiet = 1,
				   .group_interval = DUR_S(30) };
	struct conf c = { .channels = &ch,
			  .n_channels = 1,
			  .health_notify = &notify,
			  .n_health_notify = 1,
			  .health_repeat = DUR_S(3600) };
	struct strbuf out;

	(void)state;
	secret_set(&ch.password, TEXT("hunter2"));
	strbuf_init(&out, 1u << 20);
	declare_write(&c, &out);
	assert_string_equal(out.at,
			    "{\"channels\":[{\"name\":\"care "
			    "\\\"x\\\"\",\"type\":\"smtp\",\"group_us\":30000000,"
			    "\"timezone\":\"UTC\",\"events\":[],\"quiet\":[\"Mon-Sun "
			    "22:00-07:00\"]}],\"health\":{\"notify\":["
			    "\"care \\\"x\\\"\"],\"escalate\":[],\"repeat_us\":3600000000}}");
	secret_done(&ch.password);
	strbuf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature),       cmocka_unit_test(test_letter),
		cmocka_unit_test(test_hostile_letters), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_declaration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
