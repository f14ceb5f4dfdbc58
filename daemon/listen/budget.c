/* How much we may ask: what the platform's headers say; where they say nothing, the figure of its sheet. A fifth is
 * kept for replies (RELIABILITY I14).
 *
 * Everything that goes to the account's host is counted in one place, replies and looks for them too: listening yields to them. By the
 * sheet: six tenths of a window's requests go as they come, one is spread over a window, and whatever was used one more is. So
 * listening takes at most eight tenths in any stretch of that length, is never deaf, and what replies take slows it down. */
#include <inttypes.h>
#include <string.h>

#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "daemon/listen/inside.h"

#define KEPT_SHARE 5 /* one in five */
/* In tenths of what may be asked in a window: */
#define FREE_SHARE     6 /* as they come; of these */
#define KNOWN_SHARE    3 /* so many also for what is no news: rechecks, threads, sweeps, */
#define KNOWN_SPREAD   2 /* then so many over a window, */
#define KNOWN_MOST     5 /* and half as many when so much is used */
#define SPREAD_SHARE   1 /* spread over a window */
#define LAST_SHARE     1 /* the same, whatever replies took */
#define CAREFUL_NUMBER 3
#define UNKNOWN_RATE   100 /* a second: more than that nobody asked while it was not written down */

void budget_init(struct budget *b)
{
	*b = (struct budget){ 0 };
}

static bool is_told(const struct budget *b, struct wall wall)
{
	return b->rate.is_known && b->rate.limit > 0 && wall_before(wall, b->rate.reset_at);
}

static int64_t span_us(const struct connector_can *can)
{
	return (can->budget_window_s > 0 ? can->budget_window_s : 1) * 1000000 / BUDGET_SPANS;
}

/* used[0] is the span that is under way; the last one has just not left the window. */
static void move_on(struct budget *b, const struct connector_can *can, struct mono now)
{
	int64_t span = now.us / span_us(can), n = span - b->span;

	if (n < 0 || n > BUDGET_SPANS) {
		memset(b->used, 0, sizeof(b->used));
	} else if (n > 0) {
		memmove(b->used + n, b->used, sizeof(b->used[0]) * (size_t)(BUDGET_SPANS + 1 - n));
		memset(b->used, 0, sizeof(b->used[0]) * (size_t)n);
	}
	b->span = span;
}

static int64_t count_used(const int32_t *used)
{
	int64_t n = 0;

	for (int i = 0; i <= BUDGET_SPANS; i++) {
		n += used[i];
	}
	return n;
}

static int64_t tenths(const struct connector_can *can, int n)
{
	return can->budget_requests * n / 10;
}

static struct dur spacing(const struct budget *b, const struct connector_can *can)
{
	int64_t used = count_used(b->used), n;

	if (can->budget_requests <= 0 || used < tenths(can, FREE_SHARE)) {
		return DUR_US(0);
	}
	n = tenths(can, used < tenths(can, FREE_SHARE + SPREAD_SHARE) ? SPREAD_SHARE : LAST_SHARE);
	return DUR_US(span_us(can) * BUDGET_SPANS / (n > 0 ? n : 1));
}

/* A round of rechecks must not use up what news are heard by: once three tenths of a window are gone it is spread, news are not. */
struct mono budget_background_at(struct budget *b, const struct connector_can *can, struct mono now,
				 struct wall wall)
{
	int64_t used, n = tenths(can, KNOWN_SPREAD);

	if (can->budget_requests <= 0 || is_told(b, wall)) {
		return now;
	}
	move_on(b, can, now);
	used = count_used(b->used);
	if (used < tenths(can, KNOWN_SHARE)) {
		return now;
	}
	n = used < tenths(can, KNOWN_MOST) ? n : n / 2;
	return mono_add(b->background_at, DUR_US(span_us(can) * BUDGET_SPANS / (n > 0 ? n : 1)));
}

/* What the next holder of the account must know. */
struct budget_facts budget_tell(struct budget *b, const struct connector_can *can, struct mono now,
				struct wall wall)
{
	struct budget_facts f = { 0 };

	move_on(b, can, now);
	memcpy(f.used, b->used, sizeof(f.used));
	if (is_told(b, wall)) {
		f.limit = b->rate.limit;
		f.left = b->rate.remaining;
		f.reset_us = b->rate.reset_at.us;
	}
	if (mono_before(now, b->not_before)) {
		f.after_us = wall_add(wall, mono_since(now, b->not_before)).us;
	}
	return f;
}

struct text budget_write(const struct budget_facts *f, struct arena *arena)
{
	scoped(strbuf_done) struct strbuf b = { 0 };

	strbuf_init(&b, 1024);
	for (int i = 0; i <= BUDGET_SPANS; i++) {
		strbuf_printf(&b, "%s%" PRId32, i > 0 ? "," : "", f->used[i]);
	}
	return text_dup(arena, strbuf_text(&b));
}

void budget_read(struct text t, struct budget_facts *f)
{
	for (int i = 0; i <= BUDGET_SPANS; i++) {
		struct text head;
		int64_t n = 0;

		(void)text_cut(t, ',', &head, &t);
		if (num_parse_range(head, 0, INT32_MAX, &n)) {
			f->used[i] = (int32_t)n;
		}
	}
}

/* Taken from one who could not say what it asked in its last seconds: a few questions, then thinly. What the platform says itself
 * corrects the rest with its first answer. */
void budget_restore(struct budget *b, const struct connector_can *can, const struct budget_facts *f,
		    bool is_exact, struct mono now, struct wall wall)
{
	int64_t gone = f->age_us > 0 ? f->age_us / span_us(can) : 0;
	int64_t most = tenths(can, FREE_SHARE) - CAREFUL_NUMBER, unknown;

	budget_init(b);
	b->span = now.us / span_us(can);
	for (int64_t i = gone; i <= BUDGET_SPANS; i++) {
		b->used[i] = f->used[i - gone];
	}
	unknown = most - count_used(b->used);
	unknown = unknown > CAREFUL_NUMBER ? unknown : CAREFUL_NUMBER;
	if (!is_exact) {
		int64_t could = f->age_us > 0 ? f->age_us / (1000000 / UNKNOWN_RATE) : 0;

		b->used[0] += (int32_t)(unknown < could ? unknown : could);
	}
	if (f->limit > 0) {
		b->rate = (struct rate){ .is_known = true,
					 .limit = f->limit,
					 .remaining = f->left,
					 .reset_at = { f->reset_us } };
	}
	if (f->after_us > wall.us) {
		budget_limited(b, (struct wall){ f->after_us }, wall, now);
	}
}

bool budget_may_ask(struct budget *b, const struct connector_can *can, struct mono now,
		    struct wall wall, struct mono *ret_at)
{
	struct mono at;

	if (mono_before(now, b->not_before)) {
		*ret_at = b->not_before;
		return false;
	}
	if (is_told(b, wall)) {
		if (b->rate.remaining > b->rate.limit / KEPT_SHARE) {
			return true;
		}
		*ret_at = mono_add(now, wall_since(wall, b->rate.reset_at));
		return false;
	}
	if (b->rate.is_known &&
	    b->rate.limit > 0) { /* its window is over: the next answer says more */
		b->rate.is_known = false;
		b->asked_at = (struct mono){ 0 };
	}
	move_on(b, can, now);
	at = mono_add(b->asked_at, spacing(b, can));
	if (b->asked_at.us == 0 || !mono_before(now, at)) {
		return true;
	}
	*ret_at = at;
	return false;
}

/* A quarter of what may be used goes as it comes; the rest is spread over the time until the reset, so that we are slower near the
 * end of a window and never deaf. */
struct mono budget_paced_until(const struct budget *b, struct mono now, struct wall wall)
{
	int64_t usable, left_us;

	if (!is_told(b, wall)) {
		return now;
	}
	usable = b->rate.remaining - b->rate.limit / KEPT_SHARE;
	left_us = wall_since(wall, b->rate.reset_at).us;
	if (usable <= 0 || usable > (b->rate.limit - b->rate.limit / KEPT_SHARE) * 3 / 4) {
		return now;
	}
	return mono_add(b->asked_at, DUR_US(left_us / usable));
}

void budget_spent(struct budget *b, const struct connector_can *can, int64_t n, struct mono now)
{
	move_on(b, can, now);
	b->used[0] = b->used[0] < INT32_MAX - n ? (int32_t)(b->used[0] + n) : INT32_MAX;
	if (b->rate.is_known) {
		b->rate.remaining = b->rate.remaining > n ? b->rate.remaining - n : 0;
	}
}

void budget_asked(struct budget *b, const struct connector_can *can, struct mono now)
{
	budget_spent(b, can, 1, now);
	b->asked_at = now;
}

void budget_told(struct budget *b, const struct rate *r)
{
	if (r->is_known) {
		b->rate = *r;
	}
}

void budget_limited(struct budget *b, struct wall until, struct wall wall, struct mono now)
{
	struct dur wait = wall_since(wall, until);

	if (wait.us < DUR_S(1).us) {
		wait = DUR_S(1);
	}
	if (dur_more(wait, DUR_S(3600))) {
		wait = DUR_S(3600);
	}
	b->not_before = mono_add(now, wait);
}
