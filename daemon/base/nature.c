/* Judging a body. The rules stand at the top of nature.words. */
#include "daemon/base/nature.h"

#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/base/nature_lists.h"
#include "daemon/base/nature_words.h"

#define READ_BYTES   4096u
#define PRAISE_WORDS 30
#define SHORT_WORDS  40

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

static const struct language *language_find(const struct nature_rules *r, struct text name)
{
	for (size_t i = 0; i < r->n; i++) {
		if (text_eq_nocase(r->languages[i].name, name)) {
			return &r->languages[i];
		}
	}
	return NULL;
}

/* A blank in a body's words, behind which an entry may begin. */
struct place {
	uint32_t at;
	uint16_t start;
};

struct body {
	struct text words;
	struct place *places;
	size_t n_places, n_words;
};

/* One language's look at a body. What is found is blanked out of `line`; blanks only become fewer. */
struct look {
	const struct language *l;
	const struct body *body;
	unsigned reach; /* the lists (bits) that can hit at all */
};

static void look_init(struct look *k, const struct language *l, const struct body *body)
{
	*k = (struct look){ .l = l, .body = body };
	for (size_t i = 0; i < body->n_places; i++) {
		k->reach |= l->by_start[body->places[i].start];
	}
}

/* Length of the longest entry that stands at the blank line.at[at]; 0: none. */
static size_t entry_find(const struct list *list, struct text line, size_t at)
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

static inline size_t entry_at(const struct look *k, enum key key, struct text line,
			      const struct place *p)
{
	if ((k->l->by_start[p->start] >> key & 1) == 0) {
		return 0;
	}
	return entry_find(&k->l->lists[key], line, p->at);
}

static bool can_hit(const struct look *k, enum key key)
{
	return (k->reach >> key & 1) != 0;
}

static size_t hits_count(const struct look *k, enum key key, struct text line, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; can_hit(k, key) && n < most && i < k->body->n_places; i++) {
		n += entry_at(k, key, line, &k->body->places[i]) > 0;
	}
	return n;
}

static bool list_hits(const struct look *k, enum key key, struct text line)
{
	return hits_count(k, key, line, /* most= */ 1) > 0;
}

/* Overwrites every hit, so that it is not read as anything else; how many there were. */
static size_t list_blank(const struct look *k, enum key key, struct strbuf *line)
{
	size_t n = 0, end = 0;

	for (size_t i = 0; can_hit(k, key) && i < k->body->n_places; i++) {
		const struct place *p = &k->body->places[i];
		size_t len = p->at >= end ? entry_at(k, key, strbuf_text(line), p) : 0;

		if (len == 0) {
			continue;
		}
		end = p->at + len;
		while (line->at[end - 1] != ' ' && end < line->len && line->at[end] != ' ') {
			end++; /* a stem takes the rest of its word with it */
		}
		end -= line->at[end - 1] == ' ';
		memset(line->at + p->at + 1, '|', end - p->at - 1);
		n++;
	}
	return n;
}

/* "| where …": a sentence begins like a question. */
static bool asks_hits(const struct look *k, struct text line)
{
	for (size_t i = 0; can_hit(k, KEY_ASKS) && i < k->body->n_places; i++) {
		const struct place *p = &k->body->places[i];

		if (p->at > 0 && line.at[p->at - 1] == '|' && entry_at(k, KEY_ASKS, line, p) > 0) {
			return true;
		}
	}
	return false;
}

/* "not really good": praise within three words of a `not`. */
static bool is_turned(const struct look *k, struct text line)
{
	size_t words_left = 0;

	for (size_t i = 0; can_hit(k, KEY_NOT) && can_hit(k, KEY_PRAISE) && i < k->body->n_places;
	     i++) {
		const struct place *p = &k->body->places[i];

		if (line.at[p->at] != ' ') {
			continue;
		}
		if (words_left > 0 && entry_at(k, KEY_PRAISE, line, p) > 0) {
			return true;
		}
		words_left -= words_left > 0;
		if (entry_at(k, KEY_NOT, line, p) > 0) {
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
static bool is_only_thanks(const struct look *k)
{
	scoped(strbuf_done) struct strbuf line = { .max_bytes = (size_t)16 * READ_BYTES };

	if (!can_hit(k, KEY_THANKS)) {
		return false;
	}
	strbuf_add(&line, k->body->words);
	if (list_blank(k, KEY_THANKS, &line) == 0) {
		return false;
	}
	(void)list_blank(k, KEY_GREETING, &line);
	(void)list_blank(k, KEY_FILLER, &line);
	return !has_words(strbuf_text(&line));
}

/* What one language's lists make of the words; false: they say nothing. */
static bool language_judge(const struct language *l, const struct body *body, enum nature *ret)
{
	scoped(strbuf_done) struct strbuf line = { .max_bytes = (size_t)16 * READ_BYTES };
	bool is_greeting, is_exclaimed;
	struct look k;

	look_init(&k, l, body);
	*ret = NATURE_THANKS;
	if (is_only_thanks(&k)) { /* before "help" asks for some */
		return true;
	}
	strbuf_add(&line, body->words);
	is_greeting = list_blank(&k, KEY_GREETING, &line) > 0;
	is_exclaimed = list_blank(&k, KEY_EXCLAIM, &line) > 0;
	*ret = NATURE_QUESTION;
	if (list_hits(&k, KEY_QUESTION, strbuf_text(&line)) || asks_hits(&k, strbuf_text(&line))) {
		return true;
	}
	*ret = NATURE_COMPLAINT;
	if (list_hits(&k, KEY_COMPLAINT, strbuf_text(&line)) || is_turned(&k, strbuf_text(&line))) {
		return true;
	}
	if (is_exclaimed || list_hits(&k, KEY_PRAISE, strbuf_text(&line))) {
		bool is_mere = words_count(body->words) <= PRAISE_WORDS &&
			       !list_hits(&k, KEY_BUT, body->words) &&
			       !list_hits(&k, KEY_NOT, body->words);

		*ret = is_mere ? NATURE_PRAISE : NATURE_QUESTION;
		return true;
	}
	*ret = NATURE_NEUTRAL;
	(void)list_blank(&k, KEY_FILLER, &line);
	return is_greeting && !has_words(strbuf_text(&line));
}

static const struct language *language_guess(const struct nature_rules *r, const struct body *body)
{
	const struct language *best = NULL;
	size_t n_best = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct look k = { .l = &r->languages[i], .body = body, .reach = 1u << KEY_COMMON };
		size_t n = hits_count(&k, KEY_COMMON, body->words, /* most= */ SIZE_MAX);

		if (n > n_best) {
			n_best = n;
			best = &r->languages[i];
		}
	}
	return best;
}

static enum nature body_judge(const struct nature_rules *r, const struct body *body,
			      struct text language)
{
	struct text primary, rest;
	const struct language *named, *guessed;
	enum nature nature;

	(void)text_cut(language, '-', &primary, &rest);
	named = language_find(r, primary);
	if (named != NULL && language_judge(named, body, &nature)) {
		return nature;
	}
	/* People write in one language and have their app in another. */
	guessed = language_guess(r, body);
	if (guessed != NULL && guessed != named && language_judge(guessed, body, &nature)) {
		return nature;
	}
	/* A short word of thanks in yet another one. Praise would be too good to be true here. */
	for (size_t i = 0; i < r->n && body->n_words <= SHORT_WORDS; i++) {
		if (&r->languages[i] != named && &r->languages[i] != guessed &&
		    language_judge(&r->languages[i], body, &nature) && nature != NATURE_PRAISE) {
			return nature;
		}
	}
	return NATURE_QUESTION;
}

static enum nature words_judge(const struct nature_rules *r, const struct words *w,
			       struct text language)
{
	struct body body = { .words = strbuf_text(&w->line), .n_words = w->n };
	enum nature nature;
	bool is_cut;

	body.places = xcalloc(body.words.len, sizeof(body.places[0]));
	for (size_t at = 0; at < body.words.len; at++) {
		if (body.words.at[at] == ' ') {
			body.places[body.n_places++] =
				(struct place){ (uint32_t)at,
						nature_start(body.words, at, &is_cut) };
		}
	}
	nature = body_judge(r, &body, language);
	free(body.places);
	return nature;
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
		nature = words_judge(r, &w, language);
	}
	strbuf_done(&w.line);
	return nature;
}
