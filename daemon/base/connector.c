#include "answerd/connector.h"

const struct connector *connector_find(struct text name)
{
	for (size_t i = 0; i < n_connectors; i++) {
		if (text_eq(text_of(connectors[i]->name), name)) {
			return connectors[i];
		}
	}
	return NULL;
}

const struct connector *connector_under(struct arena *a, const struct connector *c,
					const struct option_value *options, size_t n_options)
{
	struct connector *own;

	if (c->under == NULL) {
		return c;
	}
	own = ARENA_NEW(a, struct connector);
	*own = *c;
	c->under(options, n_options, own);
	return own;
}

static const char *const op_names[OP_COUNT] = {
	[OP_IDENTIFY] = "identify", [OP_POLL] = "poll",       [OP_SWEEP] = "sweep",
	[OP_THREAD] = "thread",     [OP_RECHECK] = "recheck", [OP_REPLY] = "reply",
	[OP_LOOKUP] = "lookup",     [OP_FILE] = "file",       [OP_REFRESH] = "refresh",
	[OP_CONNECT] = "connect",
};

const char *op_name(enum op op)
{
	return (unsigned)op < OP_COUNT ? op_names[op] : "unknown";
}

bool op_parse(struct text name, enum op *ret)
{
	for (int i = 0; i < OP_COUNT; i++) {
		if (text_eq(text_of(op_names[i]), name)) {
			*ret = (enum op)i;
			return true;
		}
	}
	return false;
}

struct text connector_option(const struct connector_ctx *ctx, const char *name)
{
	for (size_t i = 0; i < ctx->n_options; i++) {
		if (strcmp(ctx->options[i].name, name) == 0) {
			return ctx->options[i].value;
		}
	}
	return TEXT_NONE;
}
