#include "answerd/num.h"

bool num_parse_u64(struct text in, uint64_t *ret)
{
	uint64_t v = 0;

	if (in.len == 0) {
		return false;
	}
	for (size_t i = 0; i < in.len; i++) {
		if (in.at[i] < '0' || in.at[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(in.at[i] - '0'), &v)) {
			return false;
		}
	}
	*ret = v;
	return true;
}

bool num_parse_i64(struct text in, int64_t *ret)
{
	bool is_negative = in.len > 0 && in.at[0] == '-';
	uint64_t v, most = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);

	if (!num_parse_u64(text_slice(in, is_negative, SIZE_MAX), &v) || v > most) {
		return false;
	}
	*ret = is_negative ? (v == most ? INT64_MIN : -(int64_t)v) : (int64_t)v;
	return true;
}

bool num_parse_range(struct text in, int64_t min, int64_t max, int64_t *ret)
{
	int64_t v;

	if (!num_parse_i64(in, &v) || v < min || v > max) {
		return false;
	}
	*ret = v;
	return true;
}
