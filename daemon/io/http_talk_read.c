/* What a mailbox's server said, in pieces as they come (RFC 3501, RFC 5321). A literal says before how many bytes it has: a mail
 * whose words look like the end of an answer is only counted. */
#include "answerd/num.h"
#include "daemon/io/http_inside.h"

#define LINE_MOST    ((size_t)64 * 1024) /* without a literal no honest line is near it */
#define LITERAL_MOST INT64_C(1000000000)

/* "{123}" at the end of a line; -1: there is none; -2: it cannot be meant. */
static int64_t literal_of(struct text line)
{
	size_t open = line.len;
	struct text number;
	int64_t n;

	if (line.len < 3 || line.at[line.len - 1] != '}') {
		return -1;
	}
	while (open > 0 && line.at[open - 1] != '{') {
		open--;
	}
	number = text_slice(line, open, line.len - 1 - open);
	if (open == 0 || number.len == 0) {
		return -1;
	}
	for (size_t i = 0; i < number.len; i++) {
		if (number.at[i] < '0' || number.at[i] > '9') {
			return -1;
		}
	}
	return num_parse_range(number, 0, LITERAL_MOST, &n) ? n : -2;
}

static bool word_is(struct text line, struct text word)
{
	return text_starts_nocase(line, word) && (line.len == word.len || line.at[word.len] == ' ');
}

static enum talk_said line_judge(struct text line, struct text tag)
{
	struct text rest;

	if (text_starts_nocase(line, TEXT("* BYE"))) {
		return TALK_BYE;
	}
	if (text_starts(line, TEXT("+"))) {
		return TALK_GO;
	}
	if (!text_starts(line, tag) || line.len <= tag.len || line.at[tag.len] != ' ') {
		return TALK_MORE;
	}
	rest = text_slice(line, tag.len + 1, SIZE_MAX);
	return word_is(rest, TEXT("OK")) ? TALK_OK : word_is(rest, TEXT("NO")) ? TALK_NO : TALK_BAD;
}

/* The next whole line, without its end; false: it has not come yet. */
static bool line_take(struct talk_reader *r, struct text all, struct text *ret)
{
	const char *end = r->at < all.len ? memchr(all.at + r->at, '\n', all.len - r->at) : NULL;

	if (end == NULL) {
		return false;
	}
	*ret = text_slice(all, r->at, (size_t)(end - all.at) - r->at);
	if (text_ends(*ret, TEXT("\r"))) {
		ret->len--;
	}
	r->at = (size_t)(end - all.at) + 1;
	return true;
}

enum talk_said talk_imap_next(struct talk_reader *r, struct text all, struct text tag)
{
	for (;;) {
		size_t left = all.len - r->at;
		struct text line = TEXT_NONE;
		enum talk_said said;
		bool was_inside = r->is_inside;
		int64_t n;

		if (r->literal_left > 0) {
			size_t take = r->literal_left < left ? r->literal_left : left;

			r->at += take;
			r->literal_left -= take;
			if (r->literal_left > 0) {
				return TALK_MORE;
			}
		}
		if (!line_take(r, all, &line)) {
			return all.len - r->at > LINE_MOST ? TALK_BROKEN : TALK_MORE;
		}
		n = literal_of(line);
		if (n == -2 || line.len > LINE_MOST) {
			return TALK_BROKEN;
		}
		r->is_inside = n >= 0;
		if (n >= 0) {
			r->literal_left = (size_t)n;
			continue;
		}
		said = was_inside ? TALK_MORE : line_judge(line, tag);
		if (said != TALK_MORE) {
			return said;
		}
	}
}

int talk_smtp_next(struct talk_reader *r, struct text all)
{
	struct text line = TEXT_NONE;
	int64_t code;

	while (line_take(r, all, &line)) {
		if (line.len < 3 || line.len > LINE_MOST ||
		    !num_parse_range(text_slice(line, 0, 3), 200, 599, &code)) {
			return -1;
		}
		if (line.len == 3 || line.at[3] == ' ') {
			return (int)code;
		}
		if (line.at[3] != '-') {
			return -1;
		}
	}
	return all.len - r->at > LINE_MOST ? -1 : 0;
}
