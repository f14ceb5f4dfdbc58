/* Protects what staff read: markup becomes the text a person would have seen, whatever it is. */
#include "answerd/html.h"
#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "tests/cm.h"

static void test_markup_becomes_text(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "plain", "plain" },
		{ "<p>one</p><p>two<br>three<br />four</p>", "one\n\ntwo\nthree\nfour" },
		{ "<p><span class=\"h-card\"><a href=\"https://s.example/@shop\" class=\"u-url "
		  "mention\">"
		  "@<span>shop</span></a></span> late!</p>",
		  "@shop late!" },
		{ "<a href=\"https://x.example/abcdef\"><span class=\"invisible\">https://</span>"
		  "<span class=\"ellipsis\">x.example/ab</span><span "
		  "class=\"invisible\">cdef</span></a>",
		  "https://x.example/abcdef" },
		{ "see <a href=\"https://x.example/a?b=1&amp;c=2\">here</a> now",
		  "see here (https://x.example/a?b=1&c=2) now" },
		{ "<a href=\"javascript:alert(1)\">click</a>", "click" },
		{ "<a href='https://x.example/'>x.example</a>", "x.example" },
		{ "<a href=https://x.example/i><img src=x alt=\"a picture\"></a>",
		  "a picture (https://x.example/i)" },
		{ "a <script>alert('<b>')</script>b<style>p{}</style>", "a b" },
		{ "<head><title>no</title></head><body>yes</body>", "yes" },
		{ "<ul><li>one</li><li>two</li></ul>", "- one\n- two" },
		{ "a &lt;b&gt; &amp; &eacute; &#8364; &#x1F600; &nope; &copy 5 &",
		  "a <b> & é € 😀 &nope; © 5 &" },
		{ "&#0;&#xd800;&#99999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "&#150;", "–" },
		{ "a\n  b\t c", "a b c" },
		{ "<pre>a\n  b</pre>c", "a\n  b\n\nc" },
		{ "1 < 2 <3", "1 < 2 <3" },
		{ "x<!-- hidden <p> -->y<!DOCTYPE html>z<?php ?>", "xyz" },
		{ "<p>cut <a href=\"https://x.exa", "cut" },
		{ "<p><b><i>deep", "deep" },
		{ "<scr<script>ipt>x</script>y", "ipt>xy" },
		{ "</p></a></li>", "" },
		{ "a&nbsp;&nbsp;b", "a b" },
		{ "", "" },
	};
	struct arena *a = arena_create(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text out = html_to_text(a, text_of(rows[i].in));

		if (!text_eq(out, text_of(rows[i].want))) {
			print_error("%s\n -> '%.*s'\n", rows[i].in, TEXT_ARG(out));
		}
		assert_true(text_eq(out, text_of(rows[i].want)));
	}
	arena_destroy(&a);
}

static void test_hostile_markup_is_bounded(void **state)
{
	/* Each of these once made some reader quadratic or deep. */
	static const char *const pieces[] = { "<p>",
					      "<a href=\"https://x.example/\">",
					      "&#",
					      "<!--",
					      "<script",
					      "<head>",
					      "</",
					      "<li>",
					      "<a b=\"",
					      "\xff",
					      "&amp",
					      "<pre>\n",
					      "<a href=https://x.example/a>b" };

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
		struct strbuf b;
		struct text out;

		strbuf_init(&b, LIMIT_BODY_BYTES);
		while (!b.is_full) {
			strbuf_add_str(&b, pieces[i]);
		}
		out = html_to_text(a, strbuf_text(&b));
		assert_true(text_is_clean(out));
		strbuf_done(&b);
		arena_destroy(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup_becomes_text),
		cmocka_unit_test(test_hostile_markup_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
