#include "daemon/base/nature.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/base/nature_words.h"

#define FILE_BYTES     (256u * 1024)
#define READ_BYTES     4096u
#define PRAISE_WORDS   30
#define SHORT_WORDS    40
#define MOST_ENTRIES   4000u
#define MOST_LANGUAGES 32u

extern const char nature_words_shipped[]; /* made from nature.words */
extern const size_t nature_words_shipped_bytes;

enum key {
	KEY_COMMON,
	KEY_ASKS,
	KEY_QUESTION,
	KEY_EXCLAIM,
	KEY_COMPLAINT,
	KEY_BUT,
	KEY_NOT,
	KEY_PRAISE,
	KEY_THANKS,
	KEY_GREETING,
	KEY_FILLER,
	KEY_COUNT
};

static const char *const key_names[KEY_COUNT] = {
	[KEY_COMMON] = "common",     [KEY_ASKS] = "asks",           [KEY_QUESTION] = "question",
	[KEY_EXCLAIM] = "exclaim",   [KEY_COMPLAINT] = "complaint", [KEY_BUT] = "but",
	[KEY_NOT] = "not",           [KEY_PRAISE] = "praise",       [KEY_THANKS] = "thanks",
	[KEY_GREETING] = "greeting", [KEY_FILLER] = "filler",
};

struct list {
	struct text *entries; /* " where is ", or " complain" for "complain*" */
	size_t n;
	uint16_t from[257]; /* entries[from[b]] is the first one whose word begins with byte b */
};

struct language {
	struct text name;
	struct list lists[KEY_COUNT];
};

struct nature_rules {
	struct arena *arena;
	struct language languages[MOST_LANGUAGES];
	size_t n;
};

const char *nature_name(enum nature n)
{
	switch (n) {
	case NATURE_QUESTION: return "question";
	case NATURE_COMPLAINT: return "complaint";
	case NATURE_PRAISE: return "praise";
	case NATURE_THANKS: return "thanks";
	case NATURE_NEUTRAL: return "neutral";
	}
	return "question";
}

/* ---- reading the lists ---- */

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

static void lists_sort(struct nature_rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (int k = 0; k < KEY_COUNT; k++) {
			list_sort(&r->languages[i].lists[k]);
		}
	}
}

static const struct language *language_find(const struct nature_rules *r, struct text name)
{
	for (size_t i = 0; i < r->n; i++) {
		if (text_eq_nocase(r->languages[i].name, name)) {
			return &r->languages[i];
		}
	}
	return NULL;
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
	if (r->n >= MOST_LANGUAGES) {
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

/* ---- judging ---- */

/* Length of the longest entry that stands at the blank line.at[at]; 0: none. */
static size_t entry_at(const struct list *list, struct text line, size_t at)
{
	unsigned b;

	if (line.at[at] != ' ' || at + 1 >= line.len) {
		return 0;
	}
	b = (unsigned char)line.at[at + 1];
	for (size_t i = list->from[b]; i < list->from[b + 1]; i++) {
		if (text_starts(text_slice(line, at, SIZE_MAX), list->entries[i])) {
			return list->entries[i].len;
		}
	}
	return 0;
}

static bool list_hits(const struct list *list, struct text line)
{
	for (size_t at = 0; at < line.len; at++) {
		if (entry_at(list, line, at) > 0) {
			return true;
		}
	}
	return false;
}

/* Overwrites every hit, so that it is not read as anything else; how many there were. */
static size_t list_blank(const struct list *list, struct strbuf *line)
{
	size_t n = 0;

	for (size_t at = 0; at < line->len; at++) {
		size_t len = entry_at(list, strbuf_text(line), at), end = at + len;

		if (len == 0) {
			continue;
		}
		while (line->at[end - 1] != ' ' && end < line->len && line->at[end] != ' ') {
			end++; /* a stem takes the rest of its word with it */
		}
		end -= line->at[end - 1] == ' ';
		memset(line->at + at + 1, '|', end - at - 1);
		at = end - 1;
		n++;
	}
	return n;
}

/* "| where …": a sentence begins like a question. */
static bool asks_hits(const struct list *list, struct text line)
{
	for (size_t at = 1; at < line.len; at++) {
		if (line.at[at - 1] == '|' && entry_at(list, line, at) > 0) {
			return true;
		}
	}
	return false;
}

/* "not really good": praise within three words of a `not`. */
static bool is_turned(const struct language *l, struct text line)
{
	size_t words_left = 0;

	for (size_t at = 0; at < line.len; at++) {
		if (line.at[at] != ' ') {
			continue;
		}
		if (words_left > 0 && entry_at(&l->lists[KEY_PRAISE], line, at) > 0) {
			return true;
		}
		words_left -= words_left > 0;
		if (entry_at(&l->lists[KEY_NOT], line, at) > 0) {
			words_left = 3;
		}
	}
	return false;
}

static bool has_words(struct text line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.at[i] != ' ' && line.at[i] != '|') {
			return true;
		}
	}
	return false;
}

static size_t words_count(struct text words)
{
	size_t n = 0;

	for (size_t i = 1; i < words.len; i++) {
		n += words.at[i] == ' ' && words.at[i - 1] != ' ' && words.at[i - 1] != '|';
	}
	return n;
}

/* Nothing but thanks, greetings and what may stand beside them. */
static bool is_only_thanks(const struct language *l, struct text words)
{
	scoped(strbuf_done) struct strbuf line = { .max_bytes = (size_t)16 * READ_BYTES };

	strbuf_add(&line, words);
	if (list_blank(&l->lists[KEY_THANKS], &line) == 0) {
		return false;
	}
	(void)list_blank(&l->lists[KEY_GREETING], &line);
	(void)list_blank(&l->lists[KEY_FILLER], &line);
	return !has_words(strbuf_text(&line));
}

/* What one language's lists make of the words; false: they say nothing. */
static bool language_judge(const struct language *l, struct text words, enum nature *ret)
{
	scoped(strbuf_done) struct strbuf line = { .max_bytes = (size_t)16 * READ_BYTES };
	bool is_greeting, is_exclaimed;

	*ret = NATURE_THANKS;
	if (is_only_thanks(l, words)) { /* before "help" asks for some */
		return true;
	}
	strbuf_add(&line, words);
	is_greeting = list_blank(&l->lists[KEY_GREETING], &line) > 0;
	is_exclaimed = list_blank(&l->lists[KEY_EXCLAIM], &line) > 0;
	*ret = NATURE_QUESTION;
	if (list_hits(&l->lists[KEY_QUESTION], strbuf_text(&line)) ||
	    asks_hits(&l->lists[KEY_ASKS], strbuf_text(&line))) {
		return true;
	}
	*ret = NATURE_COMPLAINT;
	if (list_hits(&l->lists[KEY_COMPLAINT], strbuf_text(&line)) ||
	    is_turned(l, strbuf_text(&line))) {
		return true;
	}
	if (is_exclaimed || list_hits(&l->lists[KEY_PRAISE], strbuf_text(&line))) {
		bool is_mere = words_count(words) <= PRAISE_WORDS &&
			       !list_hits(&l->lists[KEY_BUT], words) &&
			       !list_hits(&l->lists[KEY_NOT], words);

		*ret = is_mere ? NATURE_PRAISE : NATURE_QUESTION;
		return true;
	}
	*ret = NATURE_NEUTRAL;
	(void)list_blank(&l->lists[KEY_FILLER], &line);
	return is_greeting && !has_words(strbuf_text(&line));
}

static const struct language *language_guess(const struct nature_rules *r, struct text words)
{
	const struct language *best = NULL;
	size_t n_best = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct list *common = &r->languages[i].lists[KEY_COMMON];
		size_t n = 0;

		for (size_t at = 0; at < words.len; at++) {
			n += entry_at(common, words, at) > 0;
		}
		if (n > n_best) {
			n_best = n;
			best = &r->languages[i];
		}
	}
	return best;
}

static enum nature words_judge(const struct nature_rules *r, struct text words, size_t n_words,
			       struct text language)
{
	struct text primary, rest;
	const struct language *l;
	enum nature nature;

	(void)text_cut(language, '-', &primary, &rest);
	l = language_find(r, primary);
	if (l != NULL && language_judge(l, words, &nature)) {
		return nature;
	}
	/* People write in one language and have their app in another. */
	l = language_guess(r, words);
	if (l != NULL && language_judge(l, words, &nature)) {
		return nature;
	}
	/* A short word of thanks in yet another one. Praise would be too good to be true here. */
	for (size_t i = 0; i < r->n && n_words <= SHORT_WORDS; i++) {
		if (language_judge(&r->languages[i], words, &nature) && nature != NATURE_PRAISE) {
			return nature;
		}
	}
	return NATURE_QUESTION;
}

enum nature nature_of(const struct nature_rules *r, struct text body, struct text language)
{
	struct words w = { 0 };
	enum nature nature;

	body = text_clip(body, READ_BYTES);
	if (!text_is_clean(body)) {
		return NATURE_QUESTION; /* who calls us made it clean; a person may look */
	}
	strbuf_init(&w.line, (size_t)16 * READ_BYTES);
	words_of(body, &w);
	if (w.is_asked) {
		nature = NATURE_QUESTION;
	} else if (w.n == 0) {
		nature = NATURE_NEUTRAL;
	} else {
		nature = words_judge(r, strbuf_text(&w.line), w.n, language);
	}
	strbuf_done(&w.line);
	return nature;
}
