/* How much we may ask: what the platform's headers say; where they say nothing, the figure of its sheet. A fifth is
 * kept for replies (RELIABILITY I14). */
#include "daemon/listen/inside.h"

#define KEPT_SHARE     5 /* one in five */
#define CAREFUL_TOKENS 3 /* far below what is kept */

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

/* What the next holder of the account must know. */
struct budget_facts budget_tell(struct budget *b, const struct connector_can *can, struct mono now,
				struct wall wall)
{
	struct budget_facts f = { 0 };

	refill(b, can, now);
	f.tokens = (int64_t)b->tokens;
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

/* Taken from one who could not say what it asked in its last seconds: a few questions, then as fast as tokens come. What the
 * platform says itself corrects the rest with its first answer. */
void budget_restore(struct budget *b, const struct budget_facts *f, bool is_exact, struct mono now,
		    struct wall wall)
{
	int64_t age = f->age_us < now.us ? f->age_us : now.us;

	budget_init(b);
	b->tokens = (double)f->tokens;
	b->filled_at = mono_add(now, DUR_US(-age));
	if (!is_exact) {
		b->tokens = b->tokens < CAREFUL_TOKENS ? b->tokens : CAREFUL_TOKENS;
		b->filled_at = now;
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
