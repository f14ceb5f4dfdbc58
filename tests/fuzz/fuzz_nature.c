/* Natures of any text, by the shipped lists and by the input as lists. */
#include "daemon/base/nature.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nature_rules *rules;

	if (rules == NULL) {
		rules = nature_load(NULL, NULL);
	}
	(void)nature_of(rules, (struct text){ (const char *)data, size }, TEXT("de"));
	(void)nature_of(rules, (struct text){ (const char *)data, size }, TEXT_NONE);
	return 0;
}
