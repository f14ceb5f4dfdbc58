#include "daemon/desk/split.h"

#include "answerd/limits.h"
#include "answerd/posting.h"

#define FIT_BYTES  (4u * 1024 * 1024)
#define BYTES_EACH 32 /* of one character, at most where it is worth looking */

/* ---- how long it is ---- */

static int64_t count_points(struct text t, int64_t above)
{
	int64_t n = 0;

	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		n += (c & 0xc0) != 0x80;
		n += above > 0 && c >= 0xf0; /* outside of the first plane: two units of UTF-16 */
	}
	return n;
}

static int64_t count(enum length_unit unit, struct text t)
{
	switch (unit) {
	case LENGTH_CHARACTERS: return count_points(t, 0);
	case LENGTH_GRAPHEMES: return (int64_t)posting_graphemes(t);
	case LENGTH_WEIGHTED: return posting_weight(t);
	case LENGTH_UTF16: return count_points(t, 1);
	case LENGTH_BYTES: return (int64_t)t.len;
	}
	return (int64_t)t.len;
}

static const char *unit_words(enum length_unit unit)
{
	switch (unit) {
	case LENGTH_UTF16: return "UTF-16 units";
	case LENGTH_BYTES: return "bytes";
	case LENGTH_CHARACTERS:
	case LENGTH_GRAPHEMES:
	case LENGTH_WEIGHTED: break;
	}
	return "characters";
}

void split_measure(const struct split *s, struct text words, int64_t *ret_length, int64_t *ret_most)
{
	struct posting p = s->posting;

	p.text = words;
	if (s->connector->measure != NULL) {
		s->connector->measure(&s->ctx, &p, ret_length, ret_most);
		return;
	}
	*ret_length = count(s->connector->can.length_unit, words);
	*ret_most = s->connector->can.max_length;
}

int64_t split_price(const struct split *s, struct text words)
{
	struct posting p = s->posting;

	p.text = words;
	return s->connector->post_price != NULL ? s->connector->post_price(&s->ctx, &p) : 0;
}

/* ---- what the customer reads ---- */

static bool is_signed(struct text body, struct text name)
{
	struct text t = text_trim(body);

	while (t.len > 0 &&
	       (t.at[t.len - 1] == '.' || t.at[t.len - 1] == '!' || t.at[t.len - 1] == ',')) {
		t.len--;
	}
	return t.len >= name.len && text_eq_nocase(text_slice(t, t.len - name.len, name.len), name);
}

static struct text compose(struct arena *a, const struct split *s, struct text piece, size_t nth,
			   size_t of)
{
	bool is_last = nth == of;
	struct text words = of > 1 ? text_printf(a, "%.*s (%zu/%zu)", TEXT_ARG(piece), nth, of)
				   : text_dup(a, piece);

	if (!is_last || text_is_empty(s->signature) || is_signed(piece, s->signature)) {
		return words;
	}
	return text_printf(a, "%.*s\n\xe2\x80\x94 %.*s", TEXT_ARG(words), TEXT_ARG(s->signature));
}

static bool fits(const struct split *s, struct text piece, size_t nth, size_t of)
{
	struct arena *scratch = arena_create(FIT_BYTES);
	struct split measured = *s;
	int64_t length, most;

	measured.ctx.arena = scratch;
	split_measure(&measured, compose(scratch, s, piece, nth, of), &length, &most);
	arena_destroy(&scratch);
	return most <= 0 || length <= most;
}

/* The longest beginning that fits, in bytes. */
static size_t longest(const struct split *s, struct text rest, size_t nth, size_t of, size_t high)
{
	size_t low = 0;

	high = high < rest.len ? high : rest.len;

	while (low < high) {
		size_t mid = low + (high - low + 1) / 2;
		struct text piece = text_clip(rest, mid);

		if (fits(s, piece, nth, of)) {
			low = mid;
		} else {
			high = mid - 1;
		}
	}
	return text_clip(rest, low).len;
}

/* Where to cut at or before `most`: behind a paragraph, a sentence, a word; not before two thirds of it but for a word. */
static size_t cut_at(struct text rest, size_t most)
{
	static const char *const ends[] = { "\n\n", "\n", ". ", "! ", "? " };

	for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
		size_t n = strlen(ends[e]);

		for (size_t i = most; i > most * 2 / 3 && i >= n; i--) {
			if (memcmp(rest.at + i - n, ends[e], n) == 0) {
				return i;
			}
		}
	}
	for (size_t i = most; i > 0; i--) {
		if (rest.at[i - 1] == ' ' || rest.at[i - 1] == '\n') {
			return i;
		}
	}
	return most;
}

static bool cut_into(struct arena *a, const struct split *s, struct text body, struct text *ret,
		     size_t of, size_t most_bytes)
{
	struct text rest = body;

	for (size_t i = 1; i <= of; i++) {
		struct text piece = text_trim(rest);
		size_t most;

		if (i == of) {
			ret[i - 1] = compose(a, s, piece, i, of);
			return !text_is_empty(piece) && fits(s, piece, i, of);
		}
		most = longest(s, rest, i, of, /* high= */ most_bytes);
		if (most == 0) {
			return false;
		}
		if (most == rest.len) {
			most = rest.len -
			       rest.len / 3; /* it is the signature for which it is too long */
		}
		most = cut_at(rest, most);
		ret[i - 1] = compose(a, s, text_trim(text_slice(rest, 0, most)), i, of);
		rest = text_trim(text_slice(rest, most, rest.len));
	}
	return false;
}

struct text split_whole(struct arena *a, const struct split *s, struct text body)
{
	return compose(a, s, text_trim(body), 1, 1);
}

bool split_words(struct arena *a, const struct split *s, struct text body, struct text *ret,
		 size_t *ret_n, struct err *err)
{
	struct text t = text_trim(body);
	int64_t length, most;

	ret[0] = compose(a, s, t, 1, 1);
	split_measure(s, ret[0], &length, &most);
	if (most <= 0 || length <= most) {
		*ret_n = 1;
		return true;
	}
	for (size_t n = (size_t)(length / most) + 1; s->is_parts && n <= SPLIT_MOST; n++) {
		if (cut_into(a, s, t, ret, n, (size_t)most * BYTES_EACH)) {
			*ret_n = n;
			return true;
		}
	}
	if (s->is_parts) {
		return err_set(err, ERR_DATA,
			       "That is too long: it does not fit into %d parts of %lld %s.",
			       SPLIT_MOST, (long long)most,
			       unit_words(s->connector->can.length_unit));
	}
	return err_set(err, ERR_DATA,
		       "That is too long: %lld %s as %s counts, and it takes %lld. Shorten it, or "
		       "send it in "
		       "numbered parts: --parts.",
		       (long long)length, unit_words(s->connector->can.length_unit),
		       s->connector->name, (long long)most);
}
