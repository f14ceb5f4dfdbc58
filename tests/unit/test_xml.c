/* Protects against hostile and ill-formed XML: nothing is expanded, loaded or invented, one bad
 * element costs only itself, and no page costs more than its bytes. */
#include <stdio.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "answerd/limits.h"
#include "answerd/strbuf.h"
#include "answerd/xml.h"
#include "tests/cm.h"

static const struct xml_space spaces[] = { { "http://www.w3.org/2005/Atom", "atom" },
					   { "http://purl.org/dc/elements/1.1/", "dc" },
					   { NULL, NULL } };

struct counts {
	bool is_opened, is_cut;
	size_t n, n_bad;
	struct err err;
	char text[256]; /* of the last good slice's title */
};

static struct counts read_all(struct text bytes, struct text type)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct arena *scratch = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct counts c = { 0 };
	struct text *slices, rest;
	struct xml_page page;

	c.is_opened = xml_open(a, bytes, type, &page, &c.err);
	c.is_cut = c.is_opened && xml_cut(a, &page, "item", &slices, &c.n, &rest, &c.err);
	for (size_t i = 0; i < c.n && c.is_cut; i++) {
		struct xml *root;

		arena_reset(scratch);
		if (xml_parse(scratch, &page, slices[i], spaces, &root, &c.err)) {
			struct text t = xml_text(scratch, xml_child(xml_element(root), "title"));

			assert_true(text_is_clean(t));
			(void)snprintf(c.text, sizeof(c.text), "%.*s", TEXT_ARG(text_clip(t, 200)));
		} else {
			assert_int_equal(c.err.kind, ERR_DATA);
			c.n_bad++;
		}
	}
	arena_destroy(&scratch);
	arena_destroy(&a);
	return c;
}

static struct counts read_text(const char *s)
{
	return read_all(text_of(s), TEXT_NONE);
}

/* ---- what is read ---- */

static void test_what_is_mended_loses_and_invents_nothing(void **state)
{
	static const struct {
		const char *page, *title;
	} table[] = {
		{ "<rss><item><title>a &amp; b</title></item></rss>", "a & b" },
		{ "<rss><item><title>AT&T & co</title></item></rss>", "AT&T & co" },
		{ "<rss><item><title>a&nbsp;b &eacute;&hellip;</title></item></rss>",
		  "a\xc2\xa0"
		  "b \xc3\xa9\xe2\x80\xa6" },
		{ "<rss><item><title>&unknown; &;&#; &#x;</title></item></rss>",
		  "&unknown; &;&#; &#x;" },
		{ "<rss><item><title>&#0;&#xD800;&#1114112;&#65;</title></item></rss>",
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		  "A" },
		{ "<rss><item><title>1 < 2 <3</title></item></rss>", "1 < 2 <3" },
		{ "<rss><item><title><![CDATA[a & b &amp; <b>]]></title></item></rss>",
		  "a & b &amp; <b>" },
		{ "<rss><item><title>a<!-- -- - --><?x y?>b</title></item></rss>", "ab" },
		{ "\n <!-- x --><?xml version='1.0'?><rss><item><title>t</title></item></rss> <p>",
		  "t" },
		{ "<!DOCTYPE rss PUBLIC '-//x' 'http://127.0.0.1/x.dtd'><rss><item><title>&euro;"
		  "</title></item></rss>",
		  "\xe2\x82\xac" },
		{ "<rss><item><title>\x01\x02</title></item></rss>", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "<a:rss xmlns:a='x'><a:item><title>prefixed</title></a:item></a:rss>",
		  "prefixed" },
		{ "<rss><item><q:x/><title>nobody declared q</title></item></rss>",
		  "nobody declared q" },
		{ "<rss><channel><broken><item><title>broken round it</title></item></rss>",
		  "broken round it" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct counts c = read_text(table[i].page);

		assert_true(c.is_cut);
		assert_int_equal(c.n, 1);
		if (c.n_bad != 0) {
			print_error("%s: %s\n", table[i].page, c.err.text);
		}
		assert_int_equal(c.n_bad, 0);
		assert_string_equal(c.text, table[i].title);
	}
}

static void test_encodings_are_what_they_are_not_what_they_say(void **state)
{
	const struct {
		struct text bytes, type;
		const char *title;
	} table[] = {
#define PAGE(declared, title)                                                                      \
	TEXT("<?xml version=\"1.0\" encoding=\"" declared "\"?><rss><item><title>" title           \
	     "</title></item></rss>")
		{ PAGE("ISO-8859-1", "caf\xe9"), { "", 0 }, "caf\xc3\xa9" },
		{ PAGE("ISO-8859-1", "caf\xc3\xa9"), { "", 0 }, "caf\xc3\xa9" },
		{ PAGE("UTF-8", "caf\xe9 \x80"), { "", 0 }, "caf\xc3\xa9 \xe2\x82\xac" },
		{ PAGE("UTF-8", "\xc3\xa9\xc3\xa9 cut\xc3"),
		  { "", 0 },
		  "\xc3\xa9\xc3\xa9 cut\xef\xbf\xbd" },
		{ PAGE("windows-1251", "\xef\xf0\xe8\xe2\xe5\xf2"),
		  { "", 0 },
		  "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82" },
		{ PAGE("UTF-8", "\xef\xf0"),
		  { "text/xml; Charset=\"windows-1251\"", 33 },
		  "\xd0\xbf\xd1\x80" },
		{ PAGE("UTF-8", "\xa4"),
		  { "text/xml;charset=iso-8859-15;x=y", 32 },
		  "\xe2\x82\xac" },
		{ TEXT("\xef\xbb\xbf<rss><item><title>bom</title></item></rss>"),
		  { "", 0 },
		  "bom" },
		{ TEXT("\xff\xfe<\0r\0>\0<\0i\0t\0"
		       "e\0m\0>\0<\0t\0i\0t\0l\0"
		       "e\0>\0=\xd8\x00\xde\x00\xd8<\0/\0t\0i\0t\0l\0"
		       "e\0>\0<\0/\0i\0t\0"
		       "e\0m\0>\0<\0/\0r\0>\0"),
		  { "", 0 },
		  "\xf0\x9f\x98\x80\xef\xbf\xbd" },
		{ TEXT("\0<\0r\0>\0<\0i\0t\0e\0m\0>\0<\0t\0i\0t\0l\0e\0>\0x\0<\0/\0t\0i\0t\0l\0e"
		       "\0>\0<\0/\0i\0t\0e\0m\0>\0<\0/\0r\0>"),
		  { "", 0 },
		  "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct counts c = read_all(table[i].bytes, table[i].type);

		assert_true(c.is_cut);
		assert_int_equal(c.n_bad, 0);
		assert_string_equal(c.text, table[i].title);
	}
	assert_false(read_all(PAGE("Shift_JIS", "\x83\x65"), TEXT_NONE).is_opened);
	assert_non_null(
		strstr(read_all(PAGE("Shift_JIS", "\x83\x65"), TEXT_NONE).err.text, "Shift_JIS"));
#undef PAGE
}

/* ---- what is refused ---- */

static void test_one_bad_element_costs_only_itself(void **state)
{
	static const char *const bad[] = {
		"<b><i></b>", "<a x='1' x='2'/>",    "<a x=1/>",         "<a b></a>",
		"]]>",        "<a xmlns:p=''><p:/>", "<!ELEMENT a ANY>", "<1a/ </q>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char page[512];
		struct counts c;

		(void)snprintf(
			page, sizeof(page),
			"<rss><item><title>one</title></item><item>%s</item><item><title>three"
			"</title></item></rss>",
			bad[i]);
		c = read_text(page);
		assert_true(c.is_cut);
		assert_int_equal(c.n, 3);
		if (c.n_bad != 1) {
			print_error("%s\n", bad[i]);
		}
		assert_int_equal(c.n_bad, 1);
		assert_string_equal(c.text, "three");
	}
	/* One that never ends takes nobody with it. */
	assert_int_equal(read_text("<rss><item><b>one<item><title>two</title></item></rss>").n_bad,
			 1);
}

static void test_a_page_that_was_cut_off_is_an_error(void **state)
{
	static const char page[] =
		"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'b'>]><rss a='>'>"
		"<item><title><![CDATA[</rss>]]></title></item><!-- </rss> --><item/>"
		"</rss>";

	(void)state;
	assert_int_equal(read_text(page).n, 2);
	for (size_t i = 0; i + 1 < sizeof(page) - 1; i++) {
		struct counts c = read_all(text_slice(text_of(page), 0, i), TEXT_NONE);

		assert_false(c.is_cut);
		assert_int_equal(c.err.kind, ERR_DATA);
		assert_true(c.err.text[0] != '\0');
	}
}

/* Builds "<rss>BEFORE" + n × "PART" + "AFTER</rss>". */
static char *repeated(const char *before, const char *part, size_t n, const char *after,
		      size_t *ret_len)
{
	struct strbuf b;
	char *out;

	strbuf_init(&b, (size_t)16 * 1024 * 1024);
	strbuf_add_str(&b, before);
	for (size_t i = 0; i < n; i++) {
		strbuf_add_str(&b, part);
	}
	strbuf_add_str(&b, after);
	*ret_len = b.len;
	out = b.at;
	return out; /* freed by the caller */
}

static double cpu_seconds(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_bombs_cost_no_more_than_their_bytes(void **state)
{
	static const struct {
		const char *name, *before, *part;
		size_t n;
		const char *after;
		bool is_opened, is_cut;
		size_t n_bad;
	} table[] = {
		{ "billion laughs",
		  "<!DOCTYPE rss [<!ENTITY a \"ha\"><!ENTITY b "
		  "\"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c "
		  "\"&b;&b;&b;&b;&b;&b;&b;&b;\">]><rss>",
		  "<item>&c;</item>", 900, "</rss>", true, true, 900 },
		{ "quadratic blowup",
		  "<!DOCTYPE rss [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaaaa\">]><rss><item>", "&a;",
		  500000, "</item></rss>", true, true, 1 },
		{ "a file", "<!DOCTYPE rss [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><rss><item>",
		  "&f;", 1, "</item></rss>", true, true, 1 },
		{ "an address",
		  "<!DOCTYPE rss SYSTEM \"http://127.0.0.1:9/x.dtd\" [<!ENTITY % p SYSTEM "
		  "\"http://127.0.0.1:9/p\">%p;]><rss><item>",
		  "&f;", 1, "</item></rss>", true, true, 1 },
		{ "inclusion", "<rss xmlns:xi='http://www.w3.org/2001/XInclude'><item>",
		  "<xi:include href='file:///etc/passwd' parse='text'/>", 1, "</item></rss>", true,
		  true, 0 },
		{ "a stylesheet", "<?xml-stylesheet href='http://127.0.0.1:9/x.xsl'?><rss><item>",
		  "x", 1, "</item></rss>", true, true, 0 },
		{ "deep", "<rss><item>", "<x>", 600000, "</item></rss>", true, true, 1 },
		{ "many parts", "<rss><item>", "<x/>", 500000, "</item></rss>", true, true, 1 },
		{ "many attributes", "<rss><item ", " a=''", 300000, "/></rss>", true, true, 1 },
		{ "a long head", "<rss ", " a='1'", 100000, "></rss>", false, false, 0 },
		{ "many items", "<rss>", "<item/>", 1001, "</rss>", true, false, 0 },
		{ "references", "<rss><item>", "&", 2000000, "</item></rss>", true, true, 0 },
		{ "open tags", "<rss><item>", "<", 2000000, "</item></rss>", true, true, 0 },
		{ "comments", "<rss><item>", "<!--", 500000, "</item></rss>", true, false, 0 },
		{ "declarations", "<!DOCTYPE rss [", "<!ENTITY x 'y'>", 130000, "]><rss/>", true,
		  true, 0 },
		{ "too big", "<rss>", "xxxxxxxxxxxxxxxx", 140000, "</rss>", false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t len;
		double begun = cpu_seconds();
		char *page =
			repeated(table[i].before, table[i].part, table[i].n, table[i].after, &len);
		struct counts c = read_all((struct text){ page, len }, TEXT_NONE);

		if (c.is_opened != table[i].is_opened || c.is_cut != table[i].is_cut ||
		    c.n_bad != table[i].n_bad || cpu_seconds() - begun > 5) {
			print_error("%s: opened %d, cut %d, bad %zu, %.1f s, %s\n", table[i].name,
				    c.is_opened, c.is_cut, c.n_bad, cpu_seconds() - begun,
				    c.err.text);
		}
		assert_int_equal(c.is_opened, table[i].is_opened);
		assert_int_equal(c.is_cut, table[i].is_cut);
		assert_int_equal(c.n_bad, table[i].n_bad);
		assert_true(cpu_seconds() - begun < 5); /* 0.1 s in truth; sanitizers are slow */
		free(page);
	}
}

/* ---- and nothing is opened: the kernel ends the process that tries ---- */

static bool forbid_opening(void)
{
#define FORBID(nr)                                                                                 \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1),                                           \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_open
		FORBID(SYS_open),
#endif
		FORBID(SYS_openat),
		FORBID(SYS_socket),
		FORBID(SYS_connect),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
#undef FORBID
	struct sock_fprog program = { sizeof(rules) / sizeof(rules[0]), rules };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* How a child ends that does this behind the fence: 0 well, -1 killed, 77 no fence here. */
static int behind_fence(void (*act)(void))
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit none = { 0, 0 };

		(void)setrlimit(RLIMIT_CORE, &none); /* the death is wanted */
		if (!forbid_opening()) {
			_exit(77);
		}
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? -1 : WEXITSTATUS(status);
}

static void act_open(void)
{
	(void)open("/dev/null", O_RDONLY | O_CLOEXEC); /* must not be survived */
}

static void act_socket(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0); /* must not be survived */
}

static void act_read(void)
{
	static const char *const pages[] = {
		"<!DOCTYPE rss SYSTEM \"file:///etc/passwd\"><rss><item>&a;</item></rss>",
		"<!DOCTYPE rss PUBLIC \"-//Netscape//DTD RSS 0.91//EN\" "
		"\"http://127.0.0.1:9/rss-0.91.dtd\"><rss><item>&copy;&a;</item></rss>",
		"<!DOCTYPE r [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><r><item>&f;</item></r>",
		"<!DOCTYPE r [<!ENTITY f SYSTEM \"http://127.0.0.1:9/f\">]><r><item a='&f;'/></r>",
		"<!DOCTYPE r [<!ENTITY % p SYSTEM "
		"\"file:///etc/passwd\">%p;]><r><item>&f;</item></r>",
		"<!DOCTYPE r [<!ENTITY % p SYSTEM \"ftp://127.0.0.1:9/p\"> %p; <!ENTITY % q "
		"'%p;'>]><r><item/></r>",
		"<r xmlns:xi='http://www.w3.org/2001/XInclude'><item><xi:include "
		"href='/etc/passwd'/></item></r>",
		"<r xmlns:x='http://www.w3.org/2001/XMLSchema-instance' "
		"x:schemaLocation='a http://127.0.0.1:9/a.xsd'><item/></r>",
		"<?xml version='1.0' encoding='../../../etc/passwd'?><r><item>\xff</item></r>",
		"<?xml version='1.0' encoding='ISO-2022-CN-EXT'?><r><item>\xff</item></r>",
		"<?xml version='1.0' encoding='koi8-r'?><r><item>\xff</item></r>",
		"<r><item><!DOCTYPE r SYSTEM 'file:///etc/passwd'></item><item "
		"xml:base='file:///etc/'/></r>",
	};

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		(void)read_text(pages[i]);
	}
}

static void test_no_file_and_no_socket_is_opened(void **state)
{
	int fence = behind_fence(act_open);

	(void)state;
	if (fence == 77) {
		print_message("skipped: the kernel gives no seccomp filters here\n");
		skip();
	}
	assert_int_equal(fence, -1);
	assert_int_equal(behind_fence(act_socket), -1);
	assert_int_equal(behind_fence(act_read), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_mended_loses_and_invents_nothing),
		cmocka_unit_test(test_encodings_are_what_they_are_not_what_they_say),
		cmocka_unit_test(test_one_bad_element_costs_only_itself),
		cmocka_unit_test(test_a_page_that_was_cut_off_is_an_error),
		cmocka_unit_test(test_bombs_cost_no_more_than_their_bytes),
		cmocka_unit_test(test_no_file_and_no_socket_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
