/* Addresses, Link headers, times, durations and numbers from anybody. */
#include "answerd/clock.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/url.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct text in = { (const char *)data, size < 65536 ? size : 65536 }, out;
	struct wall w;
	struct dur d;
	struct url u;
	int64_t n;

	(void)url_parse(in, &u);
	(void)url_is_loopback(in);
	(void)url_same_origin(in, TEXT("https://a.example"));
	(void)url_query_get(a, in, TEXT("max_id"), &out);
	(void)url_link_rel(in, TEXT("next"), &out);
	(void)wall_parse(in, &w);
	(void)wall_parse_http(in, &w);
	(void)dur_parse(in, &d);
	(void)num_parse_i64(in, &n);
	arena_destroy(&a);
	return 0;
}
