#include "daemon/base/backoff.h"

struct dur backoff_after(unsigned n_failed, struct dur first, struct dur most, uint64_t random)
{
	int64_t span = first.us > 0 ? first.us : 1;

	while (n_failed-- > 0 && span < most.us) {
		if (__builtin_mul_overflow(span, 2, &span)) {
			span = INT64_MAX;
			break;
		}
	}
	if (span > most.us) {
		span = most.us > 0 ? most.us : 0;
	}
	/* The remainder's bias is below one in a million for every span we use. */
	return (struct dur){ (int64_t)(random % ((uint64_t)span + 1)) };
}
