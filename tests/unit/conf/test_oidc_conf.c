/* What this protects: a sign-in service that is configured wrongly is refused with what is wrong and what to do, before anybody presses its
 * button; and its secret never stands in the configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answerd/strbuf.h"
#include "tests/unit/conf/problems.h"

#define HEAD                                                                                       \
	"database = \"dbname=x\"; desk = { listen = [\"/run/d.sock\", \"127.0.0.1:8700\"]; hosts " \
	"= "                                                                                       \
	"[\"inbox.example\"]; };\n"
#define GOOD "issuer = \"https://login.example/tenant/\"; client_id = \"us\"; "
#define REST "secret = \"credential:acme\"; page = \"https://inbox.example/\"; "

static struct conf *load(const char *text)
{
	char path[] = "/tmp/answerd-oidc-XXXXXX";
	int fd = mkstemp(path);
	struct conf *c;

	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
	c = conf_load_noting(path);
	assert_int_equal(unlink(path), 0);
	return c;
}

static void test_defaults(void **state)
{
	scoped(strbuf_done) struct strbuf out = { 0 };
	struct conf *c = load(HEAD "oidc = { acme = { " GOOD REST " }; };");
	const struct conf_oidc *o;

	(void)state;
	assert_non_null(c);
	assert_int_equal(c->n_oidc, 1);
	o = &c->oidc[0];
	assert_string_equal(o->label.at, "acme");
	assert_string_equal(o->issuer.at, "https://login.example/tenant/"); /* as it stands */
	assert_string_equal(o->page.at, "https://inbox.example");
	assert_string_equal(o->claim.at, "email");
	assert_string_equal(o->scopes.at, "openid email profile");
	assert_true(text_is_empty(o->unknown_role));
	assert_false(o->is_login || o->trust_email || o->allow_private || o->insecure_loopback);
	strbuf_init(&out, 100000);
	conf_show(c, &out);
	assert_non_null(strstr(out.at, "oidc.acme.secret = \"credential:acme\""));
	conf_destroy(&c);
	c = load(HEAD);
	assert_non_null(c);
	assert_int_equal(c->n_oidc, 0);
	conf_destroy(&c);
	c = load(HEAD
		 "oidc = { a = { " GOOD "secret = \"file:/nowhere\"; page = "
		 "\"http://127.0.0.1:8700\"; unknown = \"agent\"; match = \"login\"; claim = "
		 "\"preferred_username\"; scopes = \"openid  groups\"; label = \"A & B\"; }; };");
	assert_non_null(c);
	assert_string_equal(c->oidc[0].scopes.at, "openid groups");
	assert_string_equal(c->oidc[0].unknown_role.at, "agent");
	assert_true(c->oidc[0].is_login);
	assert_true(has_problem(false, "becomes agent"));
	conf_destroy(&c);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "oidc = { acme = { }; };", "oidc.acme.issuer is missing" },
		{ "oidc = { acme = { }; };", "oidc.acme.client_id is missing" },
		{ "oidc = { acme = { }; };", "oidc.acme.secret is missing" },
		{ "oidc = { acme = { }; };", "oidc.acme.page is missing" },
		{ "oidc = ( );", "oidc is a group" },
		{ "oidc = { acme = { " GOOD REST " isuer = \"x\"; }; };", "did you mean 'issuer'" },
		{ "oidc = { acme = { " GOOD
		  "secret = \"s3cr3t\"; page = \"https://inbox.example\"; "
		  "}; };",
		  "never the secret itself" },
		{ "oidc = { acme = { issuer = \"login.example\"; client_id = \"us\"; " REST "}; };",
		  "is no issuer" },
		{ "oidc = { acme = { issuer = \"http://login.example\"; client_id = \"us\"; " REST
		  "}; };",
		  "not protected" },
		{ "oidc = { acme = { issuer = \"http://127.0.0.1:1\"; client_id = \"us\"; " REST
		  "}; };",
		  "insecure_loopback = true" },
		{ "oidc = { acme = { issuer = \"https://login.example?x\"; client_id = "
		  "\"us\"; " REST "}; };",
		  "before '?'" },
		{ "oidc = { acme = { issuer = "
		  "\"https://login.example/.well-known/openid-configuration\"; client_id = "
		  "\"us\"; " REST "}; };",
		  "ends before /.well-known" },
		{ "oidc = { acme = { issuer = \"https://login.example:9443\"; client_id = "
		  "\"us\"; " REST "}; };",
		  "add port = 9443" },
		{ "oidc = { acme = { " GOOD
		  "secret = \"credential:a\"; page = \"https://other.example\"; }; };",
		  "add it to desk.hosts" },
		{ "oidc = { acme = { " GOOD
		  "secret = \"credential:a\"; page = \"http://inbox.example\"; }; };",
		  "not protected" },
		{ "oidc = { acme = { " GOOD
		  "secret = \"credential:a\"; page = \"https://inbox.example/desk\"; }; };",
		  "scheme and host alone" },
		{ "oidc = { acme = { " GOOD REST "match = \"name\"; }; };", "email, login" },
		{ "oidc = { acme = { " GOOD REST "unknown = \"admin\"; }; };",
		  "refuse, auditor, agent" },
		{ "oidc = { acme = { " GOOD REST "scopes = \"a\\\"b\"; }; };", "no scopes" },
		{ "oidc = { a = { " GOOD REST "}; b = { " GOOD REST "}; };",
		  "oidc.a is the same service" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[2000];

		(void)snprintf(text, sizeof(text), HEAD "%s\n", rows[i].text);
		assert_null(load(text));
		if (!has_problem(true, rows[i].words)) {
			print_message("%s\n%s\n", rows[i].text, problems[0].text);
			fail();
		}
		assert_false(has_problem(true, "s3cr3t"));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
