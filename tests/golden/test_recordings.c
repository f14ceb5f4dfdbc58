/* Protects against made-up fixtures: real answers, recorded by others, give one line an element. */
#include "answerd/json.h"
#include "answerd/strbuf.h"
#include "daemon/base/digest.h"
#include "tests/golden/files.h"

/* Members that are lists of elements, in the answers of those platforms that we speak. */
static const char *const lists[] = { "ancestors", "descendants", "statuses",      "accounts",
				     "hashtags",  "posts",       "notifications", "feed",
				     "actors",    "convos",      "messages",      "logs",
				     "data",      "hits",        "items" };

/* X gives the posts that others answer or quote beside the list. */
static size_t alongs_count(struct arena *a, struct text value)
{
	struct text includes, list, *slices;
	size_t n = 0;

	if (jx_slice_kind(value) == '{' && jx_member(value, TEXT("includes"), &includes) &&
	    jx_member(includes, TEXT("tweets"), &list)) {
		assert_true(jx_elements(a, list, &slices, &n, NULL));
	}
	return n;
}

/* Trees: comments of Hacker News with those below them, and Reddit's listings in listings. 0: it is none. */
static size_t tree_count(struct jx v)
{
	struct jx children = jx_get(v, "children"), listed = jx_path(v, "data.children");
	size_t n = 0;

	if (jx_is_array(v) && jx_is_object(jx_path(jx_at(v, 0), "data"))) {
		for (size_t i = 0; i < jx_len(v); i++) {
			n += tree_count(jx_at(v, i));
		}
	} else if (jx_is_array(listed)) {
		for (size_t i = 0; i < jx_len(listed); i++) {
			n += 1 + tree_count(jx_path(jx_at(listed, i), "data.replies"));
		}
	} else if (jx_is_array(children)) {
		n = 1;
		for (size_t i = 0; i < jx_len(children); i++) {
			n += tree_count(jx_at(children, i));
		}
	}
	return n;
}

static bool is_tree(struct jx v)
{
	return jx_is_array(jx_get(v, "children")) || jx_is_array(jx_path(v, "data.children")) ||
	       (jx_is_array(v) && jx_is_array(jx_path(jx_at(v, 0), "data.children")));
}

static size_t elements_count(struct arena *a, struct text body)
{
	struct jx_doc *doc = NULL;
	struct jx tree;
	struct text value, list, *slices;
	size_t n = 0, total = 0;
	bool is_any = false;

	assert_true(jx_scan(body, &value, NULL));
	if (jx_parse(a, value, &tree, &doc, NULL)) {
		total = is_tree(tree) ? tree_count(tree) : SIZE_MAX;
		jx_release(&doc);
		if (total != SIZE_MAX) {
			return total;
		}
	}
	total = alongs_count(a, value);
	if (jx_elements(a, value, &slices, &n, NULL)) {
		return n;
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (!jx_member(value, TEXT("id"), &list) &&
		    jx_member(value, text_of(lists[i]), &list) &&
		    jx_elements(a, list, &slices, &n, NULL)) {
			is_any = true;
			total += n;
		}
	}
	return is_any ? total : 1;
}

static size_t lines_count(struct text lines)
{
	size_t n = 0;

	for (size_t i = 0; i < lines.len; i++) {
		n += lines.at[i] == '\n';
		n -= text_starts(text_slice(lines, i, SIZE_MAX),
				 TEXT("{\"missing\":")); /* no element */
	}
	return n;
}

static size_t folder_check(const struct connector *c, const char *dir)
{
	char **names = NULL;
	int n = files_list(dir, ".json", &names);
	size_t n_files = 0;

	for (int i = 0; i < n; i++) {
		struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
		char *bytes;
		struct text file = file_load(dir, names[i], &bytes);
		struct strbuf out;

		strbuf_init(&out, 8u << 20);
		if (strcmp(names[i], "meta.json") != 0) {
			assert_true(digest_print(c, OP_POLL, file, &out, NULL));
			if (lines_count(strbuf_text(&out)) != elements_count(a, file)) {
				print_error("%s/%s: %zu elements\n%.*s\n", dir, names[i],
					    elements_count(a, file), TEXT_ARG(strbuf_text(&out)));
			}
			assert_int_equal(lines_count(strbuf_text(&out)), elements_count(a, file));
			assert_null(strstr(out.at != NULL ? out.at : "", "\"error\""));
			n_files++;
		}
		strbuf_done(&out);
		free(bytes);
		free(names[i]);
		arena_destroy(&a);
	}
	if (n >= 0) {
		free(names);
	}
	return n_files;
}

static void test_recordings_give_a_line_an_element(void **state)
{
	size_t n_files = 0;

	(void)state;
	for (size_t i = 0; i < n_connectors; i++) {
		char dir[512], path[2048], **names = NULL;
		int n;

		(void)snprintf(dir, sizeof(dir), "%s/data/recordings/%s", shared_dir(),
			       connectors[i]->name);
		n = files_list(dir, "", &names);
		for (int k = 0; k < n; k++) {
			(void)snprintf(path, sizeof(path), "%s/%s", dir, names[k]);
			n_files += folder_check(connectors[i], path);
			free(names[k]);
		}
		if (n >= 0) {
			free(names);
		}
	}
	if (n_files == 0) {
		print_message("skipped: no recordings in %s/data\n", shared_dir());
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recordings_give_a_line_an_element),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
