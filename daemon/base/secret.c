#include "answerd/secret.h"

#include <stdlib.h>
#include <string.h>

#include "answerd/log.h"

void secret_wipe(void *p, size_t n)
{
	if (p != NULL && n > 0) {
		explicit_bzero(p, n);
	}
}

void secret_done(struct secret *s)
{
	secret_wipe(s->bytes, s->len);
	free(s->bytes);
	*s = (struct secret){ 0 };
}

void secret_set(struct secret *s, struct text value)
{
	struct secret fresh = { 0 };

	if (value.len > 0) { /* before done(): value may be our own old bytes */
		fresh.bytes = xcalloc(1, value.len + 1);
		memcpy(fresh.bytes, value.at, value.len);
		fresh.len = value.len;
	}
	secret_done(s);
	*s = fresh;
}

bool secret_is_set(const struct secret *s)
{
	return s->len > 0;
}

struct text secret_reveal(const struct secret *s)
{
	return (struct text){ s->bytes, s->len };
}
