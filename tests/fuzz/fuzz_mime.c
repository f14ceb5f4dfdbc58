/* The reader of mails: any bytes become clean text of bounded length, and addresses that end no header. */
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/mime.h"
#include "tests/fuzz/target.h"

static void check(bool is_good)
{
	if (!is_good) {
		abort();
	}
}

static void addresses_check(struct arena *a, struct text head, const char *header)
{
	struct text raw = mime_header_raw(a, head, header), address, name;

	for (size_t at = 0; mime_address_next(a, raw, &at, &address, &name);) {
		check(text_is_clean(name) && text_is_clean(address));
		for (size_t i = 0; i < address.len; i++) {
			check((unsigned char)address.at[i] > ' ' &&
			      (unsigned char)address.at[i] < 0x7f && address.at[i] != '<' &&
			      address.at[i] != '>' && address.at[i] != ',');
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const headers[] = { "From", "To", "Reply-To", "Subject", "References" };
	struct arena *a = arena_create(LIMIT_PAGE_ARENA_BYTES);
	struct mime m;

	/* More than the connector ever asks for. */
	mime_parse(a, (struct text){ (const char *)data, size < 262144 ? size : 262144 }, &m);
	check(text_is_clean(m.text) && text_is_clean(m.head));
	for (size_t i = 0; i < m.n_attachments && i < MIME_ATTACHMENTS; i++) {
		check(text_is_clean(m.attachments[i]) && m.attachments[i].len <= 200);
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct text value = mime_header(a, m.head, headers[i]);

		check(text_is_clean(value));
		for (size_t k = 0; k < value.len; k++) {
			check((unsigned char)value.at[k] >= ' ');
		}
		addresses_check(a, m.head, headers[i]);
	}
	arena_destroy(&a);
	return 0;
}
