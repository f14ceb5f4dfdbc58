/* Times for people: in the reader's zone, with how long ago. */
#include <stdio.h>
#include <time.h>

#include "daemon/answer/answer.h"

struct wall answer_now(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (struct wall){ (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 };
}

struct wall time_of(struct call *c, struct jx object, const char *name)
{
	struct wall w = { 0 };

	(void)wall_parse(jx_str(c, object, name), &w);
	return w;
}

void add_age(char out[static 24], struct dur d)
{
	long long m = (d.us < 0 ? 0 : d.us) / 60000000;

	if (m < 60) {
		(void)snprintf(out, 24, "%lldm", m);
	} else if (m < 24 * 60) {
		(void)snprintf(out, 24, "%lldh %02lldm", m / 60, m % 60);
	} else {
		(void)snprintf(out, 24, "%lldd %02lldh", m / 1440, m % 1440 / 60);
	}
}

static struct tm local(struct wall w)
{
	time_t s = (time_t)(w.us / 1000000);
	struct tm t = { 0 };

	(void)localtime_r(&s, &t);
	return t;
}

void add_when(char out[static 48], struct wall at, struct wall now)
{
	struct tm t = local(at), n = local(now);

	if (!wall_is_set(at)) {
		(void)snprintf(out, 48, "never");
	} else if (t.tm_year == n.tm_year && t.tm_yday == n.tm_yday) {
		(void)strftime(out, 48, "today %H:%M", &t);
	} else if (t.tm_year == n.tm_year) {
		(void)strftime(out, 48, "%a %d %b %H:%M", &t);
	} else {
		(void)strftime(out, 48, "%d %b %Y %H:%M", &t);
	}
}

void add_ago(char out[static 48], struct wall at, struct wall now)
{
	struct dur d = wall_since(at, now);
	char age[24];

	if (!wall_is_set(at)) {
		(void)snprintf(out, 48, "never");
	} else if (d.us < 0) {
		add_age(age, (struct dur){ -d.us });
		(void)snprintf(out, 48, "in %s", age);
	} else if (d.us < 60000000) {
		(void)snprintf(out, 48, "%llds ago", (long long)(d.us / 1000000));
	} else {
		add_age(age, d);
		(void)snprintf(out, 48, "%s ago", age);
	}
}
