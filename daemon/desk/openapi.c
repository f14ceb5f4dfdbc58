/* The OpenAPI document of the desk, made from the route table, so that it cannot forget one. */
#include "daemon/desk/inside.h"
#include "desk_answers.h"

/* The members of a parameter's schema. In a body what may be absent may be null, too. */
static void print_type(const struct desk_param *p, struct strbuf *out)
{
	static const struct {
		const char *type, *more;
	} types[] = { [PARAM_TEXT] = { "string", "" },
		      [PARAM_COUNT] = { "integer", ",\"minimum\":0" },
		      [PARAM_BOOL] = { "boolean", "" },
		      [PARAM_TIME] = { "string", ",\"format\":\"date-time\"" },
		      [PARAM_LIST] = { "array", ",\"items\":{\"type\":\"string\"}" } };
	bool is_nullable = p->from == FROM_BODY && !p->is_required;

	strbuf_printf(out, is_nullable ? "\"type\":[\"%s\",\"null\"]%s" : "\"type\":\"%s\"%s",
		      types[p->type].type, types[p->type].more);
}

static void print_parameters(const struct desk_route *r, struct strbuf *out)
{
	const char *comma = "";

	strbuf_printf(out, ",\"parameters\":[");
	for (size_t i = 0; i < DESK_PARAMS && r->params[i].name != NULL; i++) {
		const struct desk_param *p = &r->params[i];

		if (p->from == FROM_PATH || p->from == FROM_QUERY) {
			strbuf_printf(
				out,
				"%s{\"name\":\"%s\",\"in\":\"%s\",\"required\":%s,\"description\":",
				comma, p->name, p->from == FROM_PATH ? "path" : "query",
				p->is_required ? "true" : "false");
			strbuf_add_json(out, text_of(p->about));
			strbuf_add_str(out, ",\"schema\":{");
			print_type(p, out);
			strbuf_add_str(out, "}}");
			comma = ",";
		}
	}
	if (r->line == LINE_ACT && (r->asks & ROUTE_KEYLESS) == 0) {
		strbuf_printf(out,
			      "%s{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":"
			      "false,\"description\":"
			      "\"Repeating a request with its key does it once. Required but on "
			      "the Unix socket.\",\"schema\":"
			      "{\"type\":\"string\",\"maxLength\":%d}}",
			      comma, DESK_KEY_BYTES);
	}
	strbuf_add_byte(out, ']');
}

static void print_body(const struct desk_route *r, struct strbuf *out)
{
	const char *comma = "";
	bool has_body = false;

	for (size_t i = 0; i < DESK_PARAMS && r->params[i].name != NULL; i++) {
		has_body = has_body || r->params[i].from == FROM_BODY;
	}
	if (!has_body) {
		return;
	}
	strbuf_printf(out, ",\"requestBody\":{\"content\":{\"application/"
			   "json\":{\"schema\":{\"type\":\"object\",\"properties\":{");
	for (size_t i = 0; i < DESK_PARAMS && r->params[i].name != NULL; i++) {
		const struct desk_param *p = &r->params[i];

		if (p->from == FROM_BODY) {
			strbuf_printf(out, "%s\"%s\":{\"description\":", comma, p->name);
			strbuf_add_json(out, text_of(p->about));
			strbuf_add_byte(out, ',');
			print_type(p, out);
			strbuf_add_byte(out, '}');
			comma = ",";
		}
	}
	strbuf_add_str(out, "},\"required\":[");
	comma = "";
	for (size_t i = 0; i < DESK_PARAMS && r->params[i].name != NULL; i++) {
		if (r->params[i].from == FROM_BODY && r->params[i].is_required) {
			strbuf_printf(out, "%s\"%s\"", comma, r->params[i].name);
			comma = ",";
		}
	}
	strbuf_add_str(out, "]}}}}");
}

/* What a route answers when all is well: a shape's name, a media type, or NULL when nobody has described it. */
static const char *answer_of(const struct desk_route *r)
{
	for (size_t i = 0; i < n_desk_answers; i++) {
		const struct desk_answer *a = &desk_answers[i];

		if (strcmp(a->method, r->method) == 0 && strcmp(a->path, r->path) == 0) {
			return a->of;
		}
	}
	return NULL;
}

/* Can it be had as a table, too? */
static bool has_format(const struct desk_route *r)
{
	for (size_t i = 0; i < DESK_PARAMS && r->params[i].name != NULL; i++) {
		if (strcmp(r->params[i].name, "format") == 0) {
			return true;
		}
	}
	return false;
}

static void print_answer(const struct desk_route *r, struct strbuf *out)
{
	const char *of = answer_of(r);

	strbuf_printf(out, "\"200\":{\"description\":\"Done.\"");
	if (of != NULL && strchr(of, '/') != NULL) {
		strbuf_printf(out, ",\"content\":{\"%s\":{}}", of);
	} else if (of != NULL) {
		strbuf_printf(out,
			      ",\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
			      "\"#/components/schemas/%s\"}}%s}",
			      of, has_format(r) ? ",\"text/csv\":{}" : "");
	}
	strbuf_add_byte(out, '}');
}

/* Who may, for programs and for the matrix of roles: the least role, and what else the route asks. */
static void print_who(const struct desk_route *r, struct strbuf *out)
{
	static const struct {
		unsigned bit;
		const char *name;
	} asks[] = { { ROUTE_OPEN, "open" },        { ROUTE_KEYLESS, "keyless" },
		     { ROUTE_HALFWAY, "halfway" },  { ROUTE_FRESH, "fresh" },
		     { ROUTE_PERSON, "person" },    { ROUTE_SESSION, "session" },
		     { ROUTE_NO_AGENT, "no_agent" } };
	const char *comma = "";

	strbuf_printf(out, ",\"x-role\":\"%s\",\"x-asks\":[", caller_role_name(r->least));
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		if ((r->asks & asks[i].bit) != 0) {
			strbuf_printf(out, "%s\"%s\"", comma, asks[i].name);
			comma = ",";
		}
	}
	strbuf_add_byte(out, ']');
}

static void print_operation(const struct desk_route *r, struct strbuf *out)
{
	strbuf_printf(out, "\"%s\":{\"summary\":",
		      text_eq(text_of(r->method), TEXT("GET")) ? "get" : "post");
	strbuf_add_json(out, text_of(r->about));
	print_who(r, out);
	print_parameters(r, out);
	print_body(r, out);
	strbuf_printf(out, ",\"responses\":{");
	print_answer(r, out);
	strbuf_printf(out, ",\"default\":{\"$ref\":\"#/components/responses/Problem\"}}}");
}

static bool is_first_of_path(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(desk_route_nth(i)->path, desk_route_nth(n)->path) == 0) {
			return false;
		}
	}
	return true;
}

/* A path with all of its methods. */
static void print_path(size_t first, struct strbuf *out)
{
	const char *path = desk_route_nth(first)->path, *between = "";
	const struct desk_route *r;

	strbuf_add_byte(out, '{');
	for (size_t i = first; (r = desk_route_nth(i)) != NULL; i++) {
		if (strcmp(r->path, path) == 0) {
			strbuf_add_str(out, between);
			print_operation(r, out);
			between = ",";
		}
	}
	strbuf_add_byte(out, '}');
}

void desk_openapi_print(struct strbuf *out)
{
	const struct desk_route *r;
	const char *comma = "";

	strbuf_printf(out,
		      "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"answerd "
		      "desk\",\"version\":\"%s\"},\"servers\":[{\"url\":"
		      "\"/api/v1\"}],\"paths\":{",
		      ANSWERD_VERSION);
	for (size_t i = 0; (r = desk_route_nth(i)) != NULL; i++) {
		if (!is_first_of_path(i)) {
			continue;
		}
		strbuf_printf(out, "%s\"/%s\":", comma, r->path);
		print_path(i, out);
		comma = ",";
	}
	strbuf_printf(
		out,
		"},\"components\":{\"responses\":{\"Problem\":{"
		"\"description\":\"Why not: an RFC 9457 problem document.\","
		"\"content\":{\"application/problem+json\":{"
		"\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}},"
		"\"schemas\":{\"Problem\":{\"type\":\"object\",\"properties\":{"
		"\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
		"\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\","
		"\"description\":\"A sentence for people: what is wrong, and what to do.\"},"
		"\"needs\":{\"type\":\"string\","
		"\"description\":\"What to bring: totp, again, csrf, password or totp_setup.\"},"
		"\"code\":{\"type\":\"string\",\"description\":\"The sentence's name; it never "
		"changes.\"},"
		"\"with\":{\"type\":\"array\",\"items\":{\"type\":[\"string\",\"null\"]},"
		"\"description\":\"The values in the sentence, in order.\"}},"
		"\"required\":[\"type\",\"title\",\"status\",\"detail\"]},");
	strbuf_add_str(out, desk_shapes);
	strbuf_printf(out, "}}}");
}
