#include "rss_date.h"

#include "answerd/num.h"

#define NEAR DUR_S(48 * 3600)

static bool number_in(struct text t, int64_t min, int64_t max, int64_t *ret)
{
	return t.len > 0 && t.len <= 4 && num_parse_range(t, min, max, ret);
}

/* The next word; '-' parts words before the time as well ("02-Oct-2002"). */
static struct text word_take(struct text *rest, bool is_dashed)
{
	size_t at = 0, end;

	while (at < rest->len &&
	       strchr(is_dashed ? " \t\r\n,-." : " \t\r\n,", rest->at[at]) != NULL) {
		at++;
	}
	end = at;
	while (end < rest->len &&
	       strchr(is_dashed ? " \t\r\n,-." : " \t\r\n,", rest->at[end]) == NULL) {
		end++;
	}
	*rest = (struct text){ rest->at + at, rest->len - at };
	end -= at;
	struct text word = { rest->at, end };
	*rest = (struct text){ rest->at + end, rest->len - end };
	return word;
}

static bool month_parse(struct text word, int64_t *ret)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; i < 12 && word.len >= 3; i++) {
		if (text_starts_nocase(word, (struct text){ names + (size_t)i * 3, 3 })) {
			*ret = i + 1;
			return true;
		}
	}
	return false;
}

static bool clock_parse(struct text word, int64_t *h, int64_t *m, int64_t *s)
{
	struct text hour, minute, second, rest;

	*s = 0;
	if (!text_cut(word, ':', &hour, &rest)) {
		return false;
	}
	(void)text_cut(rest, ':', &minute, &second);
	(void)text_cut(second, '.', &second, &rest);
	return number_in(hour, 0, 23, h) && number_in(minute, 0, 59, m) &&
	       (second.len == 0 || number_in(second, 0, 60, s));
}

/* Minutes east of UTC; what is not known is UTC. */
static int64_t zone_parse(struct text word)
{
	static const struct {
		const char *name;
		int64_t minutes;
	} zones[] = { { "EST", -300 }, { "EDT", -240 }, { "CST", -360 }, { "CDT", -300 },
		      { "MST", -420 }, { "MDT", -360 }, { "PST", -480 }, { "PDT", -420 },
		      { "BST", 60 },   { "CET", 60 },   { "CEST", 120 }, { "EET", 120 },
		      { "EEST", 180 }, { "MSK", 180 },  { "JST", 540 },  { "AEST", 600 } };
	int64_t h, m = 0;
	struct text digits = text_slice(word, 1, SIZE_MAX);

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		if (text_eq_nocase(word, text_of(zones[i].name))) {
			return zones[i].minutes;
		}
	}
	if (word.len < 3 || (word.at[0] != '+' && word.at[0] != '-')) {
		return 0;
	}
	if (!number_in(text_slice(digits, 0, 2), 0, 14, &h)) {
		return 0;
	}
	digits = text_slice(digits, 2, SIZE_MAX);
	digits = text_starts(digits, TEXT(":")) ? text_slice(digits, 1, SIZE_MAX) : digits;
	if (digits.len > 0 && !number_in(digits, 0, 59, &m)) {
		return 0;
	}
	return (word.at[0] == '-' ? -1 : 1) * (h * 60 + m);
}

static bool mail_parse(struct arena *a, struct text in, struct wall *ret)
{
	int64_t day, month, year, h, m, s;
	struct text word = word_take(&in, /* is_dashed= */ true);

	if (!number_in(word, 1, 31, &day)) { /* a day of the week, in whatever tongue */
		word = word_take(&in, /* is_dashed= */ true);
	}
	if (!number_in(word, 1, 31, &day) ||
	    !month_parse(word_take(&in, /* is_dashed= */ true), &month)) {
		return false;
	}
	word = word_take(&in, /* is_dashed= */ true);
	if (!number_in(word, 0, 9999, &year)) {
		return false;
	}
	year += word.len > 2 ? 0 : year < 70 ? 2000 : 1900;
	if (!clock_parse(word_take(&in, /* is_dashed= */ false), &h, &m, &s) ||
	    !wall_parse(text_printf(a, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month,
				    (int)day, (int)h, (int)m, (int)s),
			ret)) {
		return false;
	}
	*ret = wall_add(*ret, DUR_S(-60 * zone_parse(word_take(&in, /* is_dashed= */ false))));
	return true;
}

struct wall rss_date_parse(struct arena *a, struct text in, struct wall now)
{
	struct wall w = { 0 };

	in = text_trim(in);
	if (in.len == 0 || in.len > 64 || wall_parse(in, &w) || mail_parse(a, in, &w)) {
		return w;
	}
	/* Without a zone, without seconds, only a day. */
	if (wall_parse(text_printf(a, "%.*sZ", TEXT_ARG(in)), &w) ||
	    (in.len == 16 && wall_parse(text_printf(a, "%.*s:00Z", TEXT_ARG(in)), &w))) {
		return w;
	}
	if (in.len > 16 && in.at[16] != ':' &&
	    wall_parse(text_printf(a, "%.*s:00%.*s", 16, in.at, (int)(in.len - 16), in.at + 16),
		       &w)) {
		return w;
	}
	if (in.len == 10 && wall_parse(text_printf(a, "%.*sT00:00:00Z", TEXT_ARG(in)), &w) &&
	    dur_more(NEAR, wall_since(w, now))) {
		return (struct wall){ 0 };
	}
	return w;
}
