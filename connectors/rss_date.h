/* rss_date.h: the times of feeds. Private to the connector.
 *
 * RFC 822 in its dialects (no weekday or a wrong one, two-digit years, names of zones, full names of
 * months, no seconds), RFC 3339 and its kin of the W3C. Without a zone: UTC.
 *
 * Owner:   plain values.
 * Clock:   now is passed in.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   not set: unreadable, or only a day that is today (then the time that we see it is better). */
#ifndef ANSWERD_CONNECTORS_RSS_DATE_H
#define ANSWERD_CONNECTORS_RSS_DATE_H

#include "answerd/clock.h"
#include "answerd/text.h"

struct wall rss_date_parse(struct arena *a, struct text in, struct wall now);

#endif
