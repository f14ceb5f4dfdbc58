/* Reading nature.words, and arranging it for being looked up. */
#include "daemon/base/nature_lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/base/nature_words.h"

#define FILE_BYTES   (256u * 1024)
#define MOST_ENTRIES 4000u
#define START_BYTES  3u

extern const char nature_words_shipped[]; /* made from nature.words */
extern const size_t nature_words_shipped_bytes;

static const char *const key_names[KEY_COUNT] = {
	[KEY_COMMON] = "common",     [KEY_ASKS] = "asks",           [KEY_QUESTION] = "question",
	[KEY_EXCLAIM] = "exclaim",   [KEY_COMPLAINT] = "complaint", [KEY_BUT] = "but",
	[KEY_NOT] = "not",           [KEY_PRAISE] = "praise",       [KEY_THANKS] = "thanks",
	[KEY_GREETING] = "greeting", [KEY_FILLER] = "filler",
};

uint16_t nature_start(struct text line, size_t at, bool *ret_cut)
{
	uint32_t bytes = 0;

	*ret_cut = false;
	for (size_t i = 1; i <= START_BYTES; i++) {
		if (at + i >= line.len) {
			*ret_cut = true;
			break;
		}
		bytes = bytes << 8 | (unsigned char)line.at[at + i];
		if (line.at[at + i] == ' ') {
			break;
		}
	}
	return (uint16_t)((bytes * UINT32_C(2654435761) >> 16) % NATURE_STARTS);
}

/* An entry in the form in which a body is searched: blanks around its words. */
static struct text entry_make(struct arena *a, struct text in)
{
	scoped(strbuf_done) struct strbuf out = { .max_bytes = 1024 };
	struct words w = { 0 };
	bool is_stem = text_ends(in, TEXT("*"));

	strbuf_init(&w.line, 1024);
	words_of(text_slice(in, 0, in.len - is_stem), &w);
	strbuf_add_byte(&out, ' ');
	strbuf_add(&out, text_slice(strbuf_text(&w.line), 3, SIZE_MAX)); /* without " | " */
	strbuf_done(&w.line);
	if (w.n == 0) {
		return TEXT_NONE;
	}
	return text_dup(a, text_slice(strbuf_text(&out), 0, out.len - is_stem));
}

static bool entries_add(struct nature_rules *r, struct list *list, struct text in)
{
	struct text *bigger;
	struct text one;
	size_t n = 1;

	for (size_t i = 0; i < in.len; i++) {
		n += in.at[i] == ',';
	}
	if (list->n + n > MOST_ENTRIES) {
		return false;
	}
	bigger = ARENA_ARRAY(r->arena, struct text, list->n + n);
	if (list->n > 0) {
		memcpy(bigger, list->entries, list->n * sizeof(bigger[0]));
	}
	list->entries = bigger;
	while (in.len > 0) {
		(void)text_cut(in, ',', &one, &in);
		one = entry_make(r->arena, text_trim(one));
		if (one.len > 0) {
			list->entries[list->n++] = one;
		}
	}
	return true;
}

static unsigned char first_byte(struct text entry)
{
	return (unsigned char)entry.at[1]; /* behind its blank */
}

/* By first byte, then longest first: "thank you" is found before "thank". */
static int entry_order(const void *a, const void *b)
{
	const struct text *ta = a, *tb = b;

	if (first_byte(*ta) != first_byte(*tb)) {
		return first_byte(*ta) < first_byte(*tb) ? -1 : 1;
	}
	return (ta->len < tb->len) - (ta->len > tb->len);
}

static void list_sort(struct list *l)
{
	size_t at = 0;

	if (l->n > 0) {
		qsort(l->entries, l->n, sizeof(l->entries[0]), entry_order);
	}
	for (unsigned b = 0; b < 256; b++) {
		l->from[b] = (uint16_t)at;
		while (at < l->n && first_byte(l->entries[at]) == b) {
			at++;
		}
	}
	l->from[256] = (uint16_t)l->n;
}

static void starts_mark(struct language *l, int key)
{
	uint16_t bit = (uint16_t)(1u << key);

	for (size_t i = 0; i < l->lists[key].n; i++) {
		bool is_cut;
		uint16_t start = nature_start(l->lists[key].entries[i], 0, &is_cut);

		for (size_t k = 0; is_cut && k < NATURE_STARTS;
		     k++) { /* a stem that is too short */
			l->by_start[k] |= bit;
		}
		l->by_start[start] |= bit;
	}
}

static void lists_sort(struct nature_rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (int k = 0; k < KEY_COUNT; k++) {
			list_sort(&r->languages[i].lists[k]);
			starts_mark(&r->languages[i], k);
		}
	}
}

static bool section_start(struct nature_rules *r, struct text line, struct language **ret)
{
	struct text name = text_slice(line, 1, line.len - 2);

	if (!text_ends(line, TEXT("]")) || line.len < 4 || line.len > 10) {
		return false;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (text_eq_nocase(r->languages[i].name, name)) {
			*ret = &r->languages[i];
			return true;
		}
	}
	if (r->n >= NATURE_LANGUAGES) {
		return false;
	}
	*ret = &r->languages[r->n++];
	(*ret)->name = text_lower_ascii(r->arena, name);
	return true;
}

static const char *line_read(struct nature_rules *r, struct text line, struct language **now)
{
	struct text key, entries;

	if (line.len == 0) {
		return NULL;
	}
	if (line.at[0] == '[') {
		return section_start(r, line, now) ? NULL
						   : "a section is a language in brackets, as [en]";
	}
	if (*now == NULL) {
		return "a list stands before the first section";
	}
	if (!text_cut(line, ':', &key, &entries)) {
		return "a list is `key: entry, entry, …`";
	}
	for (int i = 0; i < KEY_COUNT; i++) {
		if (text_eq(text_trim(key), text_of(key_names[i]))) {
			return entries_add(r, &(*now)->lists[i], entries) ? NULL
									  : "the list is too long";
		}
	}
	return "unknown key; known are common, asks, question, exclaim, complaint, but, not, "
	       "praise, "
	       "thanks, "
	       "greeting and filler";
}

static struct nature_rules *rules_read(const char *path, struct text in, struct err *err)
{
	struct nature_rules *r = xcalloc(1, sizeof(*r));
	struct language *now = NULL;
	struct text line, comment;

	r->arena = arena_create((size_t)64 * FILE_BYTES);
	in = text_clean(r->arena, in, NULL);
	for (int n = 1; in.len > 0; n++) {
		const char *why;

		(void)text_cut(in, '\n', &line, &in);
		(void)text_cut(line, '#', &line, &comment);
		why = line_read(r, text_trim(line), &now);
		if (why != NULL) {
			(void)err_set(err, ERR_CONFIG, "%s:%d: %s", path, n, why);
			nature_destroy(&r);
			return NULL;
		}
	}
	lists_sort(r);
	return r;
}

struct nature_rules *nature_load(const char *path, struct err *err)
{
	struct nature_rules *r;
	char *bytes;
	size_t n;
	FILE *f;

	if (path == NULL) {
		return rules_read("nature.words",
				  (struct text){ nature_words_shipped, nature_words_shipped_bytes },
				  err);
	}
	f = fopen(path, "rbe");
	if (f == NULL) {
		(void)err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
		return NULL;
	}
	bytes = xcalloc(1, FILE_BYTES);
	n = fread(bytes, 1, FILE_BYTES, f);
	if (ferror(f) != 0 || n == FILE_BYTES) {
		(void)err_set(err, ERR_CONFIG, "%s: cannot be read, or is longer than %u bytes",
			      path, FILE_BYTES);
		r = NULL;
	} else {
		r = rules_read(path, (struct text){ bytes, n }, err);
	}
	(void)fclose(f); /* only read */
	free(bytes);
	return r;
}

void nature_destroy(struct nature_rules **r)
{
	if (r == NULL || *r == NULL) {
		return;
	}
	arena_destroy(&(*r)->arena);
	free(*r);
	*r = NULL;
}
