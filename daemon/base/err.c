#include "answerd/err.h"

#include <stdarg.h>
#include <stdio.h>

static void fill(struct err *err, enum err_kind kind, struct wall not_before, const char *fmt,
		 va_list ap) __attribute__((format(printf, 4, 0)));

static void fill(struct err *err, enum err_kind kind, struct wall not_before, const char *fmt,
		 va_list ap)
{
	if (err == NULL) {
		return;
	}
	err->kind = kind;
	err->not_before = not_before;
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap); /* a cut sentence is still one */
}

bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, kind, (struct wall){ 0 }, fmt, ap);
	va_end(ap);
	return false;
}

bool err_limited(struct err *err, struct wall not_before, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, ERR_LIMITED, not_before, fmt, ap);
	va_end(ap);
	return false;
}

const char *err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE: return "none";
	case ERR_RETRY: return "retry";
	case ERR_LIMITED: return "limited";
	case ERR_AUTH: return "auth";
	case ERR_GONE: return "gone";
	case ERR_DATA: return "data";
	case ERR_UNSURE: return "unsure";
	case ERR_CONFIG: return "config";
	}
	return "none";
}
