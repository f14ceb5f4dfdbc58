#include "mail_words.h"

#include "answerd/limits.h"
#include "answerd/strbuf.h"

#define LINES_MOST     20000
#define SIGNATURE_MOST 15 /* lines; a longer one is no signature */
#define HEAD_LOOK      5  /* lines in which a quoted mail's headers must show */

struct lines {
	struct text *at;
	size_t n;
};

static struct lines lines_cut(struct arena *a, struct text t)
{
	struct text rest = t;
	struct lines l = { 0 };
	size_t n = 2;

	for (size_t i = 0; i < t.len && n < LINES_MOST; i++) {
		n += t.at[i] == '\n';
	}
	l.at = ARENA_ARRAY(a, struct text, n + 1);
	while (rest.len > 0 && l.n < n) {
		(void)text_cut(rest, '\n', &l.at[l.n++], &rest);
	}
	if (rest.len > 0) {
		l.at[l.n++] = rest;
	}
	return l;
}

static bool is_blank(struct text line)
{
	return text_trim(line).len == 0;
}

static bool is_quoted(struct text line)
{
	return text_starts(text_trim(line), TEXT(">"));
}

static bool starts_with_one(struct text line, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text_starts_nocase(line, text_of(words[i]))) {
			return true;
		}
	}
	return false;
}

#define IS_ONE(line, words) starts_with_one((line), (words), sizeof(words) / sizeof((words)[0]))

/* "On Monday, Ann wrote:" in the languages of those who write to us; it may be folded over two lines. */
static bool is_attribution(struct text line)
{
	static const char *const ends[] = { "wrote:",
					    "writes:",
					    "schrieb:",
					    "geschrieben:",
					    "a \xc3\xa9"
					    "crit :",
					    "a \xc3\xa9"
					    "crit:",
					    "a \xc3\xa9"
					    "crit\xc2\xa0:",
					    "escribi\xc3\xb3:",
					    "ha scritto:",
					    "schreef:",
					    "escreveu:",
					    "napisa\xc5\x82:" };

	line = text_trim(line);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (text_ends(line, text_of(ends[i])) && line.len < 300) {
			return true;
		}
	}
	return text_ends(line, TEXT(":")) && line.len < 300 &&
	       text_find(line, TEXT(" schrieb "), 0) != SIZE_MAX;
}

/* "-----Original Message-----" */
static bool is_divider(struct text line)
{
	static const char *const names[] = {
		"original message",         "original-nachricht", "urspr\xc3\xbcngliche nachricht",
		"message d'origine",        "mensaje original",   "messaggio originale",
		"oorspronkelijk bericht",   "mensagem original",  "forwarded message",
		"weitergeleitete nachricht"
	};
	size_t n = 0;

	line = text_trim(line);
	while (n < line.len && line.at[n] == '-') {
		n++;
	}
	return n >= 2 && n < 20 && IS_ONE(text_trim(text_slice(line, n, SIZE_MAX)), names);
}

/* "From: …" with "Sent: …" and its like close below: a mail as Outlook quotes it. */
static bool is_head(const struct lines *l, size_t i)
{
	static const char *const from[] = { "from:", "von:",    "de:",   "da:",
					    "van:",  "*from:*", "*von:*" };
	static const char *const more[] = {
		"sent:",    "date:",      "gesendet:", "datum:",  "envoy\xc3\xa9", "enviado",
		"inviato:", "verzonden:", "*sent:*",   "*date:*", "*gesendet:*"
	};

	if (!IS_ONE(text_trim(l->at[i]), from)) {
		return false;
	}
	for (size_t k = i + 1; k < l->n && k < i + HEAD_LOOK; k++) {
		if (IS_ONE(text_trim(l->at[k]), more)) {
			return true;
		}
	}
	return false;
}

/* Are all lines from i on quoted or blank, and one of them quoted? */
static bool is_quote_to_end(const struct lines *l, size_t i)
{
	bool is_any = false;

	for (; i < l->n; i++) {
		if (is_quoted(l->at[i])) {
			is_any = true;
		} else if (!is_blank(l->at[i])) {
			return false;
		}
	}
	return is_any;
}

static bool has_quoted(const struct lines *l, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (is_quoted(l->at[i])) {
			return true;
		}
	}
	return false;
}

static size_t next_said(const struct lines *l, size_t i)
{
	while (i < l->n && is_blank(l->at[i])) {
		i++;
	}
	return i;
}

/* The first line of what is quoted to the end; l->n: nothing is. */
static size_t quote_find(const struct lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		size_t below;

		if (is_divider(l->at[i]) || is_head(l, i)) {
			/* Outlook draws a line above. */
			return i > 0 && text_starts(text_trim(l->at[i - 1]), TEXT("____")) ? i - 1
											   : i;
		}
		if (is_quoted(l->at[i]) && is_quote_to_end(l, i)) {
			return i;
		}
		below = next_said(l, i + 1);
		if (is_attribution(l->at[i])) {
			if (is_quote_to_end(l, below) || !has_quoted(l, i + 1, l->n)) {
				return i;
			}
		} else if (i + 1 < l->n && is_attribution(l->at[i + 1]) && !is_blank(l->at[i]) &&
			   (text_starts_nocase(text_trim(l->at[i]), TEXT("On ")) ||
			    text_starts_nocase(text_trim(l->at[i]), TEXT("Am "))) &&
			   is_quote_to_end(l, next_said(l, i + 2))) {
			return i;
		}
	}
	return l->n;
}

/* Where the signature of lines [0, end) begins; end: there is none. */
static size_t signature_find(const struct lines *l, size_t end)
{
	for (size_t i = end; i > 0 && end - i < SIGNATURE_MOST; i--) {
		if (text_eq(l->at[i - 1], TEXT("-- ")) || text_eq(l->at[i - 1], TEXT("--"))) {
			return i - 1;
		}
	}
	return end;
}

static void lines_add(struct strbuf *b, const struct lines *l, size_t from, size_t to,
		      bool are_quoted_left_out)
{
	for (size_t i = from; i < to; i++) {
		if (!are_quoted_left_out || !is_quoted(l->at[i])) {
			strbuf_add(b, l->at[i]);
			strbuf_add_byte(b, '\n');
		}
	}
}

static bool has_words(const struct lines *l, size_t from, size_t to)
{
	return next_said(l, from) < to;
}

/* Quoted lines at the top, then words and no further quoted line: the end of the quoted part, else 0. */
static size_t top_quote_end(const struct lines *l)
{
	size_t i = next_said(l, 0), end;

	if (i < l->n && is_attribution(l->at[i])) {
		i = next_said(l, i + 1);
	}
	if (i >= l->n || !is_quoted(l->at[i])) {
		return 0;
	}
	while (i < l->n && (is_quoted(l->at[i]) || is_blank(l->at[i]))) {
		i++;
	}
	end = i;
	return has_words(l, end, l->n) && !has_quoted(l, end, l->n) ? end : 0;
}

static struct text taken(struct arena *a, struct strbuf *b)
{
	struct text t = text_dup(a, strbuf_text(b));

	strbuf_reset(b);
	while (t.len > 0 && (t.at[t.len - 1] == '\n' || t.at[t.len - 1] == ' ')) {
		t.len--;
	}
	while (t.len > 0 && t.at[0] == '\n') {
		t = text_slice(t, 1, SIZE_MAX);
	}
	return t;
}

struct mail_words mail_words_part(struct arena *a, struct text text)
{
	struct lines l = lines_cut(a, text);
	size_t quote = quote_find(&l), top = top_quote_end(&l), end = quote, sign;
	struct mail_words w = { 0 };
	struct strbuf b = { 0 };

	strbuf_init(&b, text.len * 2 + LIMIT_ID_BYTES);
	if (top > 0 || !has_words(&l, 0, quote)) {
		end = l.n; /* nothing above the quote, or all of the words below it */
	}
	sign = signature_find(&l, end);
	if (!has_words(&l, top, sign)) {
		sign = end;
	}
	lines_add(&b, &l, top, sign, /* are_quoted_left_out= */ true);
	w.own = taken(a, &b);
	lines_add(&b, &l, top, end, /* are_quoted_left_out= */ false);
	w.whole = taken(a, &b);
	lines_add(&b, &l, top > 0 ? 0 : end, top > 0 ? top : l.n, /* are_quoted_left_out= */ false);
	text = taken(a, &b);
	if (text.len > 0) {
		strbuf_add(&b, w.whole);
		strbuf_add_str(&b, "\n\n" MAIL_QUOTED "\n");
		strbuf_add(&b, text);
		w.whole = taken(a, &b);
	}
	strbuf_done(&b);
	if (w.own.len == 0) {
		w.own = w.whole;
	}
	return w;
}
