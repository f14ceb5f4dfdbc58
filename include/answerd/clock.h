/* clock.h: three kinds of time that the compiler keeps apart.
 *
 * wall  a fact on the calendar, microseconds since 1970-01-01 UTC; 0 means "not known"
 * mono  a deadline, microseconds of a clock that never jumps
 * dur   a length, microseconds, may be negative
 *
 * Owner:   plain values.
 * Clock:   nobody here asks what time it is; `now` is read once a loop turn in daemon/io and
 *          passed down.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   parsers return false and leave the output alone. Arithmetic saturates instead of
 *          overflowing. */
#ifndef ANSWERD_CLOCK_H
#define ANSWERD_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

struct wall {
	int64_t us;
};
struct mono {
	int64_t us;
};
struct dur {
	int64_t us;
};

#define DUR_US(n) ((struct dur){ (int64_t)(n) })
#define DUR_MS(n) ((struct dur){ (int64_t)(n)*1000 })
#define DUR_S(n)  ((struct dur){ (int64_t)(n)*1000000 })

struct dur dur_add(struct dur a, struct dur b);
bool dur_more(struct dur a, struct dur b); /* a > b */
double dur_seconds(struct dur d);

struct dur wall_since(struct wall from, struct wall to); /* to - from */
struct wall wall_add(struct wall w, struct dur d);
bool wall_before(struct wall a, struct wall b); /* a < b */
bool wall_is_set(struct wall w);
/* Numbers of others: not set outside of the years 1970..9999. */
struct wall wall_of_s(int64_t s);
struct wall wall_of_us(int64_t us);

struct dur mono_since(struct mono from, struct mono to);
struct mono mono_add(struct mono m, struct dur d);
bool mono_before(struct mono a, struct mono b);

/* "90s", "15m", "1h30m", "2d", "250ms"; units ms s m h d w. At most ten years. No sign, no blanks.
 */
bool dur_parse(struct text in, struct dur *ret);

/* RFC 3339 as platforms really write it: "2026-11-20T07:49:02.064Z", "+01:00", "+0000", no fraction
 * or up to 9 digits, 'T' or blank, lower case too. Without a zone: refused. Years 1970..9999. */
bool wall_parse(struct text in, struct wall *ret);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate), as in HTTP Date and Retry-After. */
bool wall_parse_http(struct text in, struct wall *ret);

/* "2026-11-20T07:49:02.064000Z"; needs WALL_TEXT_BYTES. Returns the length without NUL. */
#define WALL_TEXT_BYTES 32
size_t wall_format(struct wall w, char out[static WALL_TEXT_BYTES]);

#endif
