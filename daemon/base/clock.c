#include "answerd/clock.h"

#include <stdio.h>

#include "answerd/text.h"

#define US_PER_S   INT64_C(1000000)
#define WALL_END_S INT64_C(253402300800) /* of the year 9999 */

static int64_t add_saturating(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum)) {
		return sum;
	}
	return a > 0 ? INT64_MAX : INT64_MIN;
}

static int64_t subtract_saturating(int64_t a, int64_t b)
{
	int64_t difference;

	if (!__builtin_sub_overflow(a, b, &difference)) {
		return difference;
	}
	return a > b ? INT64_MAX : INT64_MIN;
}

struct dur dur_add(struct dur a, struct dur b)
{
	return (struct dur){ add_saturating(a.us, b.us) };
}

bool dur_more(struct dur a, struct dur b)
{
	return a.us > b.us;
}

double dur_seconds(struct dur d)
{
	return (double)d.us / 1e6;
}

struct dur wall_since(struct wall from, struct wall to)
{
	return (struct dur){ subtract_saturating(to.us, from.us) };
}

struct wall wall_add(struct wall w, struct dur d)
{
	return (struct wall){ add_saturating(w.us, d.us) };
}

bool wall_before(struct wall a, struct wall b)
{
	return a.us < b.us;
}

bool wall_is_set(struct wall w)
{
	return w.us != 0;
}

struct wall wall_of_s(int64_t s)
{
	return (struct wall){ s > 0 && s < WALL_END_S ? s * US_PER_S : 0 };
}

struct wall wall_of_us(int64_t us)
{
	return (struct wall){ us > 0 && us < WALL_END_S * US_PER_S ? us : 0 };
}

struct dur mono_since(struct mono from, struct mono to)
{
	return (struct dur){ subtract_saturating(to.us, from.us) };
}

struct mono mono_add(struct mono m, struct dur d)
{
	return (struct mono){ add_saturating(m.us, d.us) };
}

bool mono_before(struct mono a, struct mono b)
{
	return a.us < b.us;
}

/* ---- "1h30m" ---- */

#define DUR_MAX_US (INT64_C(3660) * 86400 * US_PER_S) /* ten years */

static bool unit_take(struct text *t, int64_t *ret_us)
{
	static const struct {
		struct text name;
		int64_t us;
	} units[] = {
		{ { "ms", 2 }, 1000 },
		{ { "s", 1 }, US_PER_S },
		{ { "m", 1 }, 60 * US_PER_S },
		{ { "h", 1 }, 3600 * US_PER_S },
		{ { "d", 1 }, 86400 * US_PER_S },
		{ { "w", 1 }, 7 * 86400 * US_PER_S },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text_starts(*t, units[i].name)) {
			*t = text_slice(*t, units[i].name.len, SIZE_MAX);
			*ret_us = units[i].us;
			return true;
		}
	}
	return false;
}

bool dur_parse(struct text in, struct dur *ret)
{
	int64_t total = 0;

	if (in.len == 0 || in.len > 64) {
		return false;
	}
	while (in.len > 0) {
		int64_t n = 0, unit = 0;
		size_t digits = 0;

		while (digits < in.len && in.at[digits] >= '0' && in.at[digits] <= '9') {
			if (digits >= 12) {
				return false;
			}
			n = n * 10 + (in.at[digits] - '0');
			digits++;
		}
		in = text_slice(in, digits, SIZE_MAX);
		if (digits == 0 || !unit_take(&in, &unit) || n > DUR_MAX_US / unit) {
			return false;
		}
		total += n * unit;
		if (total > DUR_MAX_US) {
			return false;
		}
	}
	ret->us = total;
	return true;
}

/* ---- calendar ---- */

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Hinnant's formula). */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, int64_t *m, int64_t *d)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = yoe + era * 400 + (*m <= 2);
}

static bool is_leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static bool is_date(int64_t y, int64_t m, int64_t d)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (y < 1970 || y > 9999 || m < 1 || m > 12 || d < 1) {
		return false;
	}
	return d <= days[m - 1] + (m == 2 && is_leap(y));
}

/* Exactly n digits from the front of *t. */
static bool digits_take(struct text *t, size_t n, int64_t *ret)
{
	int64_t v = 0;

	if (t->len < n) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (t->at[i] < '0' || t->at[i] > '9') {
			return false;
		}
		v = v * 10 + (t->at[i] - '0');
	}
	*t = text_slice(*t, n, SIZE_MAX);
	*ret = v;
	return true;
}

static bool byte_take(struct text *t, const char *any_of)
{
	if (t->len == 0 || t->at[0] == '\0' || strchr(any_of, t->at[0]) == NULL) {
		return false;
	}
	*t = text_slice(*t, 1, SIZE_MAX);
	return true;
}

static bool fraction_take(struct text *t, int64_t *ret_us)
{
	int64_t us = 0, scale = 100000;
	size_t n = 0;

	*ret_us = 0;
	if (!byte_take(t, ".,")) {
		return true;
	}
	while (t->len > 0 && t->at[0] >= '0' && t->at[0] <= '9') {
		us += (t->at[0] - '0') * scale; /* past six digits the scale is 0 */
		scale /= 10;
		n++;
		*t = text_slice(*t, 1, SIZE_MAX);
	}
	*ret_us = us;
	return n >= 1 && n <= 9;
}

static bool zone_take(struct text *t, int64_t *ret_s)
{
	int64_t h = 0, m = 0;
	bool is_west;

	if (byte_take(t, "Zz")) {
		*ret_s = 0;
		return true;
	}
	is_west = t->len > 0 && t->at[0] == '-';
	if (!byte_take(t, "+-") || !digits_take(t, 2, &h)) {
		return false;
	}
	(void)byte_take(t, ":"); /* "+0100" is as good as "+01:00" */
	if (!digits_take(t, 2, &m) || h > 23 || m > 59) {
		return false;
	}
	*ret_s = (h * 3600 + m * 60) * (is_west ? -1 : 1);
	return true;
}

static bool clock_take(struct text *t, int64_t *ret_s)
{
	int64_t h, m, s;

	if (!digits_take(t, 2, &h) || !byte_take(t, ":") || !digits_take(t, 2, &m) ||
	    !byte_take(t, ":") || !digits_take(t, 2, &s)) {
		return false;
	}
	if (h > 23 || m > 59 || s > 60) {
		return false;
	}
	*ret_s = h * 3600 + m * 60 + (s == 60 ? 59 : s); /* a leap second is its predecessor */
	return true;
}

bool wall_parse(struct text in, struct wall *ret)
{
	int64_t y, mo, d, s, us, zone;

	if (!digits_take(&in, 4, &y) || !byte_take(&in, "-") || !digits_take(&in, 2, &mo) ||
	    !byte_take(&in, "-") || !digits_take(&in, 2, &d) || !byte_take(&in, "Tt ") ||
	    !clock_take(&in, &s) || !fraction_take(&in, &us)) {
		return false;
	}
	if (!zone_take(&in, &zone) || in.len != 0 || !is_date(y, mo, d)) {
		return false;
	}
	ret->us = (days_from_civil(y, mo, d) * 86400 + s - zone) * US_PER_S + us;
	return true;
}

bool wall_parse_http(struct text in, struct wall *ret)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t d, y, s;
	int m = 0;

	in = text_trim(in);
	if (in.len != 29 || in.at[3] != ',' || in.at[4] != ' ') {
		return false;
	}
	in = text_slice(in, 5, SIZE_MAX);
	if (!digits_take(&in, 2, &d) || !byte_take(&in, " ")) {
		return false;
	}
	while (m < 12 && memcmp(in.at, months + m * 3, 3) != 0) {
		m++;
	}
	in = text_slice(in, 3, SIZE_MAX);
	if (m == 12 || !byte_take(&in, " ") || !digits_take(&in, 4, &y) || !byte_take(&in, " ") ||
	    !clock_take(&in, &s) || !text_eq(in, TEXT(" GMT")) || !is_date(y, m + 1, d)) {
		return false;
	}
	ret->us = (days_from_civil(y, m + 1, d) * 86400 + s) * US_PER_S;
	return true;
}

size_t wall_format(struct wall w, char out[static WALL_TEXT_BYTES])
{
	int64_t us = w.us % US_PER_S, s = w.us / US_PER_S, day, y, m, d;
	int n;

	if (us < 0) {
		us += US_PER_S;
		s -= 1;
	}
	day = s / 86400;
	s %= 86400;
	if (s < 0) {
		s += 86400;
		day -= 1;
	}
	civil_from_days(day, &y, &m, &d);
	if (y < 0 || y > 9999) { /* cannot be parsed in, only computed */
		y = y < 0 ? 0 : 9999;
	}
	n = snprintf(out, WALL_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (int)y & 0x3fff,
		     (int)m & 0xf, (int)d & 0x1f, (int)(s / 3600) & 0x1f, (int)(s / 60 % 60) & 0x3f,
		     (int)(s % 60) & 0x3f, (int)us & 0xfffff);
	return (size_t)n;
}
