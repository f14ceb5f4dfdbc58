/* What this protects: an operator who mistypes is told where and what to do, all of it at once, and
 * nothing half-understood is ever put in force. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "daemon/conf/conf_options.h"
#include "tests/unit/conf/problems.h"

/* libconfig 1.5 forgets its buffer when a file ends inside a string; the leak sanitizer asks here. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static char folder[64];

static void write_file(const char *name, const char *text, mode_t mode)
{
	char path[200];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static struct conf *load(const char *text)
{
	char path[200];

	write_file("answerd.conf", text, 0644);
	(void)snprintf(path, sizeof(path), "%s/answerd.conf", folder);
	return conf_load_noting(path);
}

static struct conf *load_fine(const char *text)
{
	struct conf *c = load(text);

	if (c == NULL) {
		for (size_t i = 0; i < n_problems && i < PROBLEMS_ROOM; i++) {
			print_message("%s\n", problems[i].text);
		}
		fail();
	}
	return c;
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/answerd-conf-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "answerd.conf", "more.conf", "token", "hook",
					     "empty" };
	char path[200];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path); /* it may not be there */
	}
	return rmdir(folder);
}

#define DATABASE "database = \"host=/run/postgresql dbname=answerd\";\n"
#define ACCOUNT(more)                                                                              \
	DATABASE "brands = { acme = { accounts = { acme_social = { platform = \"mastodon\"; "      \
		 "server = \"https://social.example\"; token = \"credential:x\"; " more            \
		 " }; }; }; };\n"

/* The example of DESIGN §6, with what else there is. */
static const char full[] = DATABASE
	"desk = { listen = [\"/run/answerd/desk.sock\", \"127.0.0.1:8700\", \"[::1]:8700\"];"
	" hosts = [\"inbox.example\"]; trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]; };\n"
	"brands = { acme = {\n"
	"  timezone = \"Europe/London\"; hours = [\"Mon-Fri 09:00-17:00\", \"Sat 10:00-12:00\"];\n"
	"  businesses = [\"rival\"];\n"
	"  accounts = {\n"
	"    acme_social = { platform = \"mastodon\"; server = \"https://social.example/\";\n"
	"      token = \"credential:acme_social\"; listen = [\"mentions\", \"search:#acme\"];\n"
	"      every = \"90s\"; history = \"2d\"; max_per_host = 4; };\n"
	"    town = { platform = \"mastodon\"; server = \"http://127.0.0.1:8080\";\n"
	"      insecure_loopback = true; listen = [\"search:#acme\"]; };\n"
	"  };\n"
	"}; other = { accounts = { acme_social = { platform = \"mastodon\";\n"
	"      server = \"https://o.example\"; token = \"file:token\"; }; }; }; };\n"
	"policies = ( { name = \"direct\"; kinds = [\"direct\"]; warn = \"45m\"; first = \"1h\";\n"
	"  next = \"2h\"; stop = \"20h\"; clock = \"office\"; notify = [\"care\"];\n"
	"  escalate = [\"owner\"]; natures = [\"complaint\"]; brands = [\"acme\"];\n"
	"  audience = \"to_us\"; } );\n"
	"channels = { care = { type = \"smtp\"; server = \"smtps://mail.example\";\n"
	"    to = [\"care@example\"]; };\n"
	"  owner = { type = \"webhook\"; url = \"credential:hook_url\"; secret = \"file:hook\"; "
	"};\n"
	"  log = { type = \"journal\"; }; };\n"
	"health = { notify = [\"owner\"]; silent_after = \"7h\";\n"
	"  heartbeat = { channel = \"owner\"; every = \"5m\"; }; };\n";

static void test_everything_is_understood(void **state)
{
	struct conf *c;
	const struct conf_account *a;

	(void)state;
	write_file("token", "s3cret\n", 0600);
	write_file("hook", "h00k\n", 0600);
	c = load_fine(full);
	assert_int_equal(n_problems, 0);
	assert_string_equal(c->database.at, "host=/run/postgresql dbname=answerd");
	assert_int_equal(c->n_listen, 3);
	assert_true(c->listen[0].is_unix);
	assert_int_equal(c->listen[1].port, 8700);
	assert_string_equal(c->listen[1].host.at, "127.0.0.1");
	assert_string_equal(c->listen[2].host.at, "::1");
	assert_true(dur_seconds(c->lease) == 8 * 3600);
	assert_int_equal(c->n_brands, 2);
	assert_string_equal(c->brands[0].name.at, "acme");
	assert_int_equal(c->brands[0].n_hours, 2);
	assert_int_equal(c->brands[1].n_hours, 1);
	assert_string_equal(c->brands[1].hours[0].at, "Mon-Fri 09:00-17:00");
	assert_string_equal(c->brands[1].timezone.at, "UTC");
	a = &c->brands[0].accounts[0];
	assert_string_equal(a->name.at, "acme_social");
	assert_string_equal(a->server.at, "https://social.example");
	assert_string_equal(a->connector->name, "mastodon");
	assert_int_equal(a->n_listen, 2);
	assert_string_equal(a->listen[1].name.at, "search:#acme");
	assert_true(dur_seconds(a->every) == 90);
	assert_true(dur_seconds(a->history) == 2 * 86400);
	assert_true(dur_seconds(a->settle) == 30);
	assert_int_equal(a->max_per_host, 4);
	a = &c->brands[0].accounts[1];
	assert_true(a->insecure_loopback);
	assert_int_equal(a->max_per_host, 2);
	assert_true(dur_seconds(a->every) == 60);
	assert_true(dur_seconds(a->history) == 30 * 86400);
	assert_true(text_is_empty(a->token_reference));
	assert_int_equal(c->n_policies, 1);
	assert_true(dur_seconds(c->policies[0].stop) == 20 * 3600);
	assert_false(c->policies[0].is_calendar);
	assert_int_equal(c->n_channels, 3);
	assert_int_equal(c->channels[0].type, CHANNEL_SMTP);
	assert_int_equal(c->channels[1].type, CHANNEL_WEBHOOK);
	assert_string_equal(c->channels[1].url_reference.at, "credential:hook_url");
	assert_int_equal(c->channels[1].port, 443);
	assert_string_equal(c->channels[1].timezone.at, "UTC");
	assert_int_equal(c->n_health_escalate, c->n_health_notify);
	assert_true(dur_seconds(c->health_repeat) == 3600);
	assert_true(dur_seconds(c->silent_after) == 7 * 3600);
	assert_string_equal(c->heartbeat_channel.at, "owner");
	assert_true(dur_seconds(c->heartbeat_every) == 300);
	conf_destroy(&c);
	assert_null(c);
}

static void test_show_says_all_and_no_secret(void **state)
{
	struct conf *c;
	struct err err = { .kind = ERR_NONE };
	struct strbuf out;

	(void)state;
	write_file("token", "s3cret\n", 0600);
	write_file("hook", "h00k\n", 0600);
	c = load_fine(full);
	(void)setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
	assert_false(conf_read_secrets(c, &err));
	assert_non_null(strstr(err.text, "acme_social"));
	strbuf_init(&out, 100000);
	conf_show(c, &out);
	assert_non_null(strstr(out.at, "brands.acme.timezone = \"Europe/London\";  # "));
	assert_non_null(strstr(out.at, "answerd.conf:4\n"));
	assert_non_null(strstr(out.at, "desk.lease = \"8h\";  # default\n"));
	assert_non_null(strstr(out.at, "brands.acme.accounts.acme_social.max_per_host = 4;"));
	assert_non_null(strstr(out.at, "token = \"credential:acme_social\";"));
	assert_null(strstr(out.at, "s3cret"));
	strbuf_done(&out);
	conf_destroy(&c);
	c = load_fine("database = \"dbname=x password=hunter2\";");
	strbuf_init(&out, 100000);
	conf_show(c, &out);
	assert_null(strstr(out.at, "hunter2"));
	assert_true(has_problem(false, "password"));
	strbuf_done(&out);
	conf_destroy(&c);
}

static void test_secrets(void **state)
{
	static const struct {
		const char *content;
		bool is_fine;
	} cases[] = { { "s3cret\n", true }, { "s3cret", true }, { "s3cret\r\n", true },
		      { "", false },        { "\n", false },    { "two\nlines\n", false } };
	static const char text[] =
		DATABASE "brands = { b = { accounts = { a = { platform = \"mastodon\"; server = "
			 "\"https://s.example\"; token = \"file:token\"; }; }; }; };";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { .kind = ERR_NONE };
		struct conf *c;

		write_file("token", cases[i].content, 0600);
		c = load_fine(text);
		assert_int_equal(conf_read_secrets(c, &err), cases[i].is_fine);
		if (cases[i].is_fine) {
			assert_true(text_eq(secret_reveal(&c->brands[0].accounts[0].token),
					    TEXT("s3cret")));
		} else {
			assert_int_equal(err.kind, ERR_CONFIG);
		}
		conf_destroy(&c);
	}
	{
		struct err err = { .kind = ERR_NONE };
		struct conf *c;

		(void)setenv("CREDENTIALS_DIRECTORY", folder, 1);
		c = load_fine(DATABASE
			      "brands = { b = { accounts = { a = { platform = \"mastodon\"; server "
			      "= \"https://s.example\"; token = \"credential:token\"; }; }; }; };");
		write_file("token", "from systemd\n", 0400);
		assert_true(conf_read_secrets(c, &err));
		assert_true(text_eq(secret_reveal(&c->brands[0].accounts[0].token),
				    TEXT("from systemd")));
		(void)unsetenv("CREDENTIALS_DIRECTORY");
		conf_destroy(&c);
	}
}

static void test_feeds_need_no_token_and_are_asked_less_often(void **state)
{
	struct conf *c = load_fine(
		DATABASE
		"brands = { b = { accounts = {"
		" one = { platform = \"rss\"; listen = [\"feed:https://news.example/rss\"]; };"
		" two = { platform = \"rss\"; server = \"https://blog.example\"; every = \"2m\";"
		" listen = [\"own:/feed/\", \"comments:/comments/feed/\"]; authors = \"Jane\"; };"
		" }; }; };");

	(void)state;
	assert_int_equal(c->brands[0].accounts[0].every.us, DUR_S(900).us);
	assert_int_equal(c->brands[0].accounts[1].every.us, DUR_S(120).us);
	assert_true(text_eq(c->brands[0].accounts[1].options[0].value, TEXT("Jane")));
	conf_destroy(&c);
}

static void test_warnings(void **state)
{
	struct conf *c;

	(void)state;
	write_file("token", "s3cret\n", 0644);
	c = load_fine(DATABASE
		      "brands = { b = { accounts = { a = { platform = \"mastodon\"; server = "
		      "\"https://s.example\"; token = \"file:token\"; }; "
		      "b = { platform = \"mastodon\"; server = \"https://s.example\"; "
		      "token = \"file:nothere\"; }; }; }; };");
	assert_true(has_problem(false, "no heartbeat"));
	assert_true(has_problem(false, "health.notify"));
	assert_true(has_problem(false, "everybody on this machine may read"));
	assert_true(has_problem(false, "there is no file"));
	conf_destroy(&c);
	c = load_fine(DATABASE);
	assert_true(has_problem(false, "no brands"));
	conf_destroy(&c);
	c = load_fine(DATABASE "desk = { listen = [\"0.0.0.0:80\"]; };");
	assert_true(has_problem(false, "without TLS"));
	conf_destroy(&c);
	c = load_fine(DATABASE "policies = []; brands = { }; channels = { };");
	conf_destroy(&c);
}

static void test_mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "database is missing" },
		{ "database = 5;", "database is text" },
		{ "database = \"  \";", "is empty" },
		{ "database = \"x\";\ndesk = 5;", "answerd.conf:2: desk is a group" },
		{ "database = \"x\"\ndesk = {", "look for a missing" },
		{ DATABASE "databse = \"x\";", "did you mean 'database'?" },
		{ DATABASE "zzzzzzzz = 1;", "zzzzzzzz is unknown" },
		{ DATABASE "desk = { listn = []; };",
		  "desk.listn is unknown: did you mean 'listen'?" },
		{ DATABASE "desk = { lease = 8; };", "write \"90s\"" },
		{ DATABASE "desk = { lease = \"8\"; };", "no length of time" },
		{ DATABASE "desk = { lease = \"1s\"; };", "must be between" },
		{ DATABASE "desk = { listen = \"x\"; };", "is a list" },
		{ DATABASE "desk = { listen = [\"x\"]; };", "no place to listen" },
		{ DATABASE "desk = { listen = [\"1.2.3.4:99999\"]; };", "no place to listen" },
		{ DATABASE "desk = { hosts = [\"a b\"]; };", "no host name" },
		{ DATABASE "desk = { trusted_proxies = [\"localhost\"]; };", "no network address" },
		{ DATABASE "desk = { trusted_proxies = [\"1.2.3.4/33\"]; };",
		  "no network address" },
		{ DATABASE "brands = ( );", "brands is a group of named groups" },
		{ DATABASE "brands = { acme = 5; };", "brands.acme is a group" },
		{ DATABASE "brands = { a = { timezone = \"Europe/Lodnon\"; }; };", "no time zone" },
		{ DATABASE "brands = { a = { timezone = \"../passwd\"; }; };", "no time zone" },
		{ DATABASE "brands = { a = { timezone = \"/etc/passwd\"; }; };", "no time zone" },
		{ DATABASE "brands = { a = { timezone = \"Europe\"; }; };", "no time zone" },
		{ DATABASE "brands = { a = { hours = [\"9-5\"]; }; };", "no hours" },
		{ DATABASE "brands = { a = { hours = [\"Mon-Fry 09:00-17:00\"]; }; };",
		  "no hours" },
		{ DATABASE "brands = { a = { hours = [\"Mon 09:00-09:00\"]; }; };", "no hours" },
		{ DATABASE "brands = { a = { hours = [\"Mon 09:00-24:01\"]; }; };", "no hours" },
		{ DATABASE "brands = { a = { accounts = { x = { }; }; }; };",
		  "platform is missing" },
		{ DATABASE
		  "brands = { a = { accounts = { x = { platform = \"mastodn\"; }; }; }; };",
		  "did you mean 'mastodon'?" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"icq\"; }; }; }; };",
		  "`answerd platforms`" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mastodon\"; token = "
			   "\"credential:x\"; }; }; }; };",
		  "server is missing" },
		{ ACCOUNT("tokn = 1;"), "did you mean 'token'?" },
		{ ACCOUNT("every = \"999ms\";"), "must be between" },
		{ ACCOUNT("max_per_host = 17;"), "must be between 1 and 16" },
		{ ACCOUNT("max_per_host = \"2\";"), "without quotes" },
		{ ACCOUNT("insecure_loopback = 1;"), "true or false" },
		{ ACCOUNT("listen = [\"mentions\", \"mentions\"];"), "listed twice" },
		{ ACCOUNT("listen = [\"nonsense\"];"), "cannot be listened to" },
		{ ACCOUNT("token = \"secret!\";"), "" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"rss\"; }; }; }; };",
		  "listens to nothing" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"rss\"; listen = "
			   "[\"comments:/feed\"]; }; }; }; };",
		  "is a path: give the account its `server`" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"rss\"; listen = "
			   "[\"comments:http://blog.example/feed\"]; }; }; }; };",
		  "https address" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"rss\"; listen = "
			   "[\"posts:https://blog.example/feed\"]; }; }; }; };",
		  "own:ADDRESS" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mastodon\"; server = "
			   "\"http://social.example\"; token = \"credential:x\"; }; }; }; };",
		  "not protected" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mastodon\"; server = "
			   "\"http://localhost:1\"; insecure_loopback = true; token = "
			   "\"credential:x\"; }; }; }; };",
		  "not protected" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mastodon\"; server = "
			   "\"http://127.0.0.1:1\"; token = \"credential:x\"; }; }; }; };",
		  "insecure_loopback = true" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mastodon\"; server = "
			   "\"social.example\"; token = \"credential:x\"; }; }; }; };",
		  "no address of a server" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mail\"; server = "
			   "\"https://mail.example\"; address = \"a@b.example\"; token = "
			   "\"credential:x\"; }; }; }; };",
		  "write it as in \"imaps://mail.example\"" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mail\"; server = "
			   "\"imaps://mail.example/INBOX\"; address = \"a@b.example\"; token = "
			   "\"credential:x\"; }; }; }; };",
		  "no mailbox's server" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mail\"; server = "
			   "\"imaps://mail.example\"; token = \"credential:x\"; }; }; }; };",
		  "address is missing" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mastodon\"; server = "
			   "\"https://s.example\"; }; }; }; };",
		  "has no token" },
		{ DATABASE
		  "brands = { a = { accounts = { x = { platform = \"mastodon\"; server = "
		  "\"https://s.example\"; listen = [\"search:a\", \"mentions\"]; }; }; }; };",
		  "has no token" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mastodon\"; server = "
			   "\"https://s.example\"; token = \"abc123\"; }; }; }; };",
		  "never the secret itself" },
		{ DATABASE "brands = { a = { accounts = { x = { platform = \"mastodon\"; server = "
			   "\"https://s.example\"; token = \"credential:../x\"; }; }; }; };",
		  "never the secret itself" },
		{ DATABASE "policies = { };", "policies is a list of groups" },
		{ DATABASE "policies = 5;", "policies is a list of groups" },
		{ DATABASE "policies = ( 5 );", "policies[0] is a group" },
		{ DATABASE "policies = ( { } );", "policies[0].name is missing" },
		{ DATABASE "policies = ( { name = \"x\"; kinds = [\"dm\"]; } );",
		  "not a kind of message" },
		{ DATABASE "policies = ( { name = \"x\"; natures = [\"angry\"]; } );",
		  "not a nature" },
		{ DATABASE "policies = ( { name = \"x\"; audience = \"all\"; } );",
		  "not an audience" },
		{ DATABASE "policies = ( { name = \"x\"; clock = \"wall\"; } );", "not a clock" },
		{ DATABASE "policies = ( { name = \"x\"; brands = [\"no\"]; } );",
		  "no brand 'no'" },
		{ DATABASE "policies = ( { name = \"x\"; notify = [\"no\"]; } );",
		  "no channel 'no'" },
		{ DATABASE "policies = ( { name = \"x\"; warn = \"2h\"; first = \"1h\"; } );",
		  "warn must come before first" },
		{ DATABASE "policies = ( { name = \"x\"; }, { name = \"x\"; } );",
		  "two policies 'x'" },
		{ DATABASE "channels = { c = { }; };", "type is missing" },
		{ DATABASE "channels = { c = { type = \"pager\"; }; };", "journal, webhook, smtp" },
		{ DATABASE "channels = { c = { type = \"webhook\"; }; };", "url is missing" },
		{ DATABASE
		  "channels = { c = { type = \"webhook\"; url = \"http://x.example\"; }; };",
		  "not protected" },
		{ DATABASE
		  "channels = { c = { type = \"journal\"; url = \"https://x.example\"; }; };",
		  "not for a channel of this type" },
		{ DATABASE
		  "channels = { c = { type = \"smtp\"; server = \"smtps://m.example\"; }; };",
		  "to is missing" },
		{ DATABASE
		  "channels = { c = { type = \"smtp\"; server = \"mail\"; to = [\"a@b\"]; }; };",
		  "no mail server" },
		{ DATABASE
		  "channels = { c = { type = \"smtp\"; server = \"smtps://m.example\"; to = "
		  "[\"a@b\\r\\nBcc: x@y\"]; }; };",
		  "no mail address" },
		{ DATABASE "channels = { c = { type = \"journal\"; port = 99; }; };",
		  "not for a channel of this type" },
		{ DATABASE
		  "channels = { c = { type = \"webhook\"; url = \"https://x.example:9443/\"; }; };",
		  "add port = 9443" },
		{ DATABASE "channels = { c = { type = \"journal\"; quiet = [\"at night\"]; }; };",
		  "are no hours" },
		{ DATABASE "channels = { c = { type = \"journal\"; timezone = \"Mars/Base\"; }; };",
		  "Mars/Base" },
		{ DATABASE "channels = { c = { type = \"webhook\"; url = \"https://x.example/\"; "
			   "other_secret = \"plain\"; }; };",
		  "other_secret" },
		{ DATABASE "health = { escalate = [\"x\"]; };", "no channel 'x'" },
		{ DATABASE "health = { repeat = \"1s\"; };", "repeat" },
		{ DATABASE "health = { notify = [\"x\"]; };", "no channel 'x'" },
		{ DATABASE "health = { heartbeat = { every = \"5m\"; }; };", "channel is missing" },
		{ DATABASE "@include \"more.conf\"\n", "cannot open include file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *c = load(cases[i].text);

		if (c != NULL || !has_problem(true, cases[i].words)) {
			print_message("of: %s\n", cases[i].text);
			for (size_t k = 0; k < n_problems && k < PROBLEMS_ROOM; k++) {
				print_message("  %s\n", problems[k].text);
			}
			fail_msg("missing: %s", cases[i].words);
		}
		for (size_t k = 0; k < n_problems && k < PROBLEMS_ROOM; k++) {
			assert_null(strstr(problems[k].text, "abc123"));
		}
	}
}

static void test_all_mistakes_at_once(void **state)
{
	struct conf *c =
		load("databse = 1;\ndesk = { lease = 5; hosts = 7; };\npolicies = ( 1, 2 );\n");

	(void)state;
	assert_null(c);
	assert_true(n_problems >= 6);
	/* More mistakes than there is room for: counted, not written. */
	{
		char path[200];

		(void)snprintf(path, sizeof(path), "%s/answerd.conf", folder);
		memset(problems, 0, sizeof(problems));
		assert_null(conf_load(path, problems, 2, &n_problems));
		assert_true(n_problems >= 6);
		assert_string_equal(problems[2].text, "");
	}
	memset(problems, 0, sizeof(problems));
	assert_null(conf_load("/nowhere/at.all", problems, PROBLEMS_ROOM, &n_problems));
	assert_true(has_problem(true, "No such file"));
	assert_null(conf_load("/tmp", problems, PROBLEMS_ROOM, &n_problems));
	assert_true(has_problem(true, "it is no file"));
}

static void test_includes_say_their_own_name(void **state)
{
	struct conf *c;

	(void)state;
	write_file("more.conf", "desk = {\n  lease = \"1h\";\n};\n", 0644);
	c = load_fine(DATABASE "@include \"more.conf\"\n");
	assert_true(dur_seconds(c->lease) == 3600);
	conf_destroy(&c);
	write_file("more.conf", "desk = {\n  lease = 5;\n};\n", 0644);
	assert_null(load(DATABASE "@include \"more.conf\"\n"));
	assert_true(has_problem(true, "more.conf:2: desk.lease"));
	write_file("more.conf", "desk = {\n  lease = ;\n};\n", 0644);
	assert_null(load(DATABASE "@include \"more.conf\"\n"));
	assert_true(has_problem(true, "more.conf:2: syntax error"));
}

/* A file that was cut while it was written, at any byte, and one with a byte that is another. */
static void test_cut_and_broken_files(void **state)
{
	char text[sizeof(full)];
	size_t step = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(full); i += step) {
		struct conf *c;

		memcpy(text, full, sizeof(full));
		text[i] = '\0';
		c = load(text);
		conf_destroy(&c);
		memcpy(text, full, sizeof(full));
		text[i] = "\"{}();=\x80"[i % 8];
		c = load(text);
		conf_destroy(&c);
	}
}

/* A promise of the table: every default is itself a value that the parser would take. */
static void test_the_table_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_conf_options; i++) {
		const struct conf_option *o = &conf_options[i];
		struct dur d;
		int64_t n;

		assert_true(strlen(o->about) > 10 || o->section == IN_HEARTBEAT);
		assert_int_equal(o->about[strlen(o->about) - 1], '.');
		for (size_t k = i + 1; k < n_conf_options; k++) {
			assert_false(o->section == conf_options[k].section &&
				     strcmp(o->name, conf_options[k].name) == 0);
		}
		if (o->type == IS_DUR) {
			assert_true(o->max > 0);
		}
		if (o->type == IS_DUR && o->otherwise != NULL) {
			assert_true(dur_parse(text_of(o->otherwise), &d));
			assert_true(dur_seconds(d) >= (double)o->min &&
				    dur_seconds(d) <= (double)o->max);
		}
		if (o->type == IS_NUMBER) {
			assert_true(num_parse_range(text_of(o->otherwise), o->min, o->max, &n));
		}
		if (o->type == IS_BOOL) {
			assert_true(strcmp(o->otherwise, "true") == 0 ||
				    strcmp(o->otherwise, "false") == 0);
		}
		if (o->type == IS_TEXTS && o->otherwise != NULL) {
			assert_true(o->otherwise[0] == '[' && strchr(o->otherwise, ',') == NULL);
		}
	}
	assert_int_equal(text_distance(TEXT("listen"), TEXT("listn")), 1);
	assert_int_equal(text_distance(TEXT("kitten"), TEXT("sitting")), 3);
	assert_int_equal(text_distance(TEXT(""), TEXT("abc")), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_everything_is_understood),
		T(test_show_says_all_and_no_secret),
		T(test_secrets),
		T(test_feeds_need_no_token_and_are_asked_less_often),
		T(test_warnings),
		T(test_mistakes_are_named),
		T(test_all_mistakes_at_once),
		T(test_includes_say_their_own_name),
		T(test_cut_and_broken_files),
		T(test_the_table_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
