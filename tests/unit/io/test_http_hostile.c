/* What this protects: the worker against servers that are slow, wrong or hostile; the network behind us
 * against addresses that lead inside. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "tests/unit/io/rude.h"

/* ---- hostile answers ---- */

static void test_hostile_answers(void **state)
{
	static const struct {
		const char *path;
		enum err_kind kind, kind_once;
		const char *why;
	} cases[] = {
		{ "/honest-giant", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/chunked-giant", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/endless-body", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/bomb", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/double-bomb", ERR_DATA, ERR_UNSURE, "answer over 2 MiB" },
		{ "/bad-gzip", ERR_DATA, ERR_UNSURE, "unpacked" },
		{ "/endless-headers", ERR_DATA, ERR_UNSURE, "headers over" },
		{ "/many-headers", ERR_DATA, ERR_UNSURE, "headers over" },
		{ "/endless-hints", ERR_DATA, ERR_UNSURE, "headers over" },
		{ "/reset-mid-body", ERR_RETRY, ERR_UNSURE, "broke" },
		{ "/cut", ERR_RETRY, ERR_UNSURE, "cut off" },
		{ "/hang-up", ERR_RETRY, ERR_UNSURE, "hung up" },
		{ "/garbage", ERR_RETRY, ERR_UNSURE, "no HTTP" },
		{ "/stall", ERR_RETRY, ERR_UNSURE, "in time" },
		{ "/drip", ERR_RETRY, ERR_UNSURE, "in time" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen *s = get(cases[i].path);

		if (s->kind != cases[i].kind || strstr(s->why, cases[i].why) == NULL) {
			fail_msg("%s: %s %s", cases[i].path, err_kind_name(s->kind), s->why);
		}
		assert_null(strstr(s->why, "/")); /* no paths */
		s = ask(HTTP_POST, cases[i].path, true, "x");
		if (s->kind != cases[i].kind_once) {
			fail_msg("%s once: %s %s", cases[i].path, err_kind_name(s->kind), s->why);
		}
	}
	assert_int_equal(http->body_bytes, 0);
}

static void test_a_giant_can_be_kept_in_part(void **state)
{
	static const char *const paths[] = { "/honest-giant", "/chunked-giant", "/endless-body",
					     "/bomb" };
	struct http_terms t = near;
	char url[200];

	(void)state;
	t.keep_cut = t.read_cut = true;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct seen *s;

		(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s%s", port, paths[i]);
		s = get_url(url, &t);
		assert_int_equal(s->n_calls, 1);
		assert_int_equal(s->kind, ERR_NONE);
		assert_int_equal(s->status, 200);
		assert_true(s->is_cut && s->body_len > LIMIT_BODY_BYTES / 2 &&
			    s->body_len <= LIMIT_BODY_BYTES);
		assert_true(s->has_headers);
	}
	t.read_cut = false; /* told before how large it is: not even begun */
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/honest-giant", port);
	assert_true(get_url(url, &t)->is_cut && seen[0].body_len == 0 && seen[0].status == 200);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/connection", port);
	assert_false(get_url(url, &t)->is_cut);
	assert_int_equal(http->body_bytes, 0);
}

static void test_many_giants_share_one_budget(void **state)
{
	int n_budget = 0, n_cap = 0;
	char url[200];
	struct request r = { .method = HTTP_GET };
	struct http_terms t = near;

	(void)state;
	t.timeout = DUR_S(15);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%s/chunked-giant", port);
	r.url = text_of(url);
	n_seen = 0;
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < 16; i++) {
		(void)begin(&r, &t, &seen[i]);
	}
	run(16);
	for (int i = 0; i < 16; i++) {
		n_budget += strstr(seen[i].why, "at once") != NULL;
		n_cap += strstr(seen[i].why, "over 2 MiB") != NULL;
	}
	assert_int_equal(n_budget + n_cap, 16);
	assert_int_equal(http->body_bytes, 0);
}

/* ---- addresses ---- */

static void test_loopback_has_many_names(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "127.1",        "127.0.1", "2130706433",         "0x7f000001",
		"0x7f.1",    "017700000001", "[::1]",   "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"0",         "0.0.0.0",      "[::]",    "localhost",          "127.255.255.254",
	};
	static const struct http_terms far = { .timeout = { 2000000 }, .allow_private = true };
	char before[4000], url[200];

	(void)state;
	(void)snprintf(before, sizeof(before), "%s", get("/counts/connections")->body);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct http_terms t = far;
		struct seen *s;

		t.allow_port = atoi(port);
		(void)snprintf(url, sizeof(url), "https://%s:%s/", hosts[i], port);
		s = get_url(url, &t);
		if (s->kind != ERR_CONFIG) {
			fail_msg("%s: %s %s", url, err_kind_name(s->kind), s->why);
		}
		(void)snprintf(url, sizeof(url), "http://%s:%s/", hosts[i], port);
		assert_int_equal(get_url(url, &t)->kind, ERR_CONFIG);
		/* Where loopback is allowed, only its literal forms are. */
		if (i != 0 && i != 7 && i != 14) {
			t.allow_loopback = true;
			assert_int_equal(get_url(url, &t)->kind, ERR_CONFIG);
			(void)snprintf(url, sizeof(url), "https://%s:%s/", hosts[i], port);
			assert_int_equal(get_url(url, &t)->kind, ERR_CONFIG);
		}
	}
	assert_string_equal(get("/counts/connections")->body, before);
}

static void test_addresses_with_tricks(void **state)
{
	static const char *const urls[] = {
		"ftp://127.0.0.1/",
		"file:///etc/passwd",
		"https://user@127.0.0.1/",
		"https://u:p@example.com/",
		"https://a\\@127.0.0.1/",
		"http://example.com/",
		"gopher://127.0.0.1/",
		"https://",
		"https://127.0.0.1:99999/",
		"https://127.0.0.1:1/\r\nX",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(get_url(urls[i], &near)->kind, ERR_CONFIG);
	}
}

static enum address_kind judge(const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
		return address_judge((struct sockaddr *)&in);
	}
	assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
	return address_judge((struct sockaddr *)&in6);
}

static void test_address_kinds(void **state)
{
	static const struct {
		const char *address;
		enum address_kind kind;
	} cases[] = {
		{ "1.1.1.1", ADDRESS_PUBLIC },
		{ "9.255.255.255", ADDRESS_PUBLIC },
		{ "11.0.0.0", ADDRESS_PUBLIC },
		{ "172.15.255.255", ADDRESS_PUBLIC },
		{ "172.32.0.0", ADDRESS_PUBLIC },
		{ "100.63.255.255", ADDRESS_PUBLIC },
		{ "223.255.255.255", ADDRESS_PUBLIC },
		{ "10.0.0.1", ADDRESS_PRIVATE },
		{ "172.16.0.1", ADDRESS_PRIVATE },
		{ "172.31.255.255", ADDRESS_PRIVATE },
		{ "192.168.1.1", ADDRESS_PRIVATE },
		{ "100.64.0.1", ADDRESS_PRIVATE },
		{ "127.0.0.1", ADDRESS_LOOPBACK },
		{ "127.255.0.1", ADDRESS_LOOPBACK },
		{ "0.0.0.0", ADDRESS_REFUSED },
		{ "0.1.2.3", ADDRESS_REFUSED },
		{ "169.254.169.254", ADDRESS_REFUSED },
		{ "192.0.2.1", ADDRESS_REFUSED },
		{ "198.19.255.255", ADDRESS_REFUSED },
		{ "224.0.0.1", ADDRESS_REFUSED },
		{ "255.255.255.255", ADDRESS_REFUSED },
		{ "::1", ADDRESS_LOOPBACK },
		{ "::", ADDRESS_REFUSED },
		{ "::ffff:8.8.8.8", ADDRESS_REFUSED },
		{ "::7f00:1", ADDRESS_REFUSED },
		{ "64:ff9b::7f00:1", ADDRESS_REFUSED },
		{ "fe80::1", ADDRESS_REFUSED },
		{ "fec0::1", ADDRESS_REFUSED },
		{ "fc00::1", ADDRESS_PRIVATE },
		{ "fdff::1", ADDRESS_PRIVATE },
		{ "ff02::1", ADDRESS_REFUSED },
		{ "2002:7f00:1::", ADDRESS_REFUSED },
		{ "2001::1", ADDRESS_REFUSED },
		{ "2001:db8::1", ADDRESS_REFUSED },
		{ "2001:200::1", ADDRESS_PUBLIC },
		{ "2606:4700::1", ADDRESS_PUBLIC },
		{ "4000::1", ADDRESS_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (judge(cases[i].address) != cases[i].kind) {
			fail_msg("%s is %d", cases[i].address, (int)judge(cases[i].address));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_hostile_answers),
		T(test_a_giant_can_be_kept_in_part),
		T(test_many_giants_share_one_budget),
		T(test_loopback_has_many_names),
		T(test_addresses_with_tricks),
		T(test_address_kinds),
	};

	return rude_find() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
