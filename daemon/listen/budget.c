/* How much we may ask: what the platform's headers say; where they say nothing, the figure of its sheet. A fifth is
 * kept for replies (RELIABILITY I14). */
#include "daemon/listen/inside.h"

#define KEPT_SHARE 5 /* one in five */

void budget_init(struct budget *b)
{
	*b = (struct budget){ .tokens = -1 };
}

static bool is_told(const struct budget *b, struct wall wall)
{
	return b->rate.is_known && b->rate.limit > 0 && wall_before(wall, b->rate.reset_at);
}

static double room(const struct connector_can *can)
{
	return (double)can->budget_requests * (KEPT_SHARE - 1) / KEPT_SHARE;
}

static double per_second(const struct connector_can *can)
{
	return room(can) / (can->budget_window_s > 0 ? (double)can->budget_window_s : 1);
}

static void refill(struct budget *b, const struct connector_can *can, struct mono now)
{
	if (b->tokens < 0) {
		b->tokens = room(can);
	} else {
		b->tokens += dur_seconds(mono_since(b->filled_at, now)) * per_second(can);
	}
	if (b->tokens > room(can)) {
		b->tokens = room(can);
	}
	b->filled_at = now;
}

bool budget_may_ask(struct budget *b, const struct connector_can *can, struct mono now,
		    struct wall wall, struct mono *ret_at)
{
	refill(b, can, now);
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
	if (can->budget_requests <= 0 || b->tokens >= 1) {
		return true;
	}
	*ret_at = mono_add(now, DUR_US((1 - b->tokens) / per_second(can) * 1e6));
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

void budget_asked(struct budget *b, struct mono now)
{
	b->asked_at = now;
	b->tokens = b->tokens >= 1 ? b->tokens - 1 : 0;
	if (b->rate.is_known && b->rate.remaining > 0) {
		b->rate.remaining--;
	}
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
