/* From path, query and body to the parameters of a statement: see inside.h. Everything is judged by the route's table. */
#include <stdio.h>

#include "answerd/clock.h"
#include "answerd/json.h"
#include "answerd/num.h"
#include "daemon/desk/inside.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool desk_decode(struct arena *a, struct text in, bool is_query, struct text *ret)
{
	char *out = arena_alloc(a, in.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.at[i];

		if (c == '%') {
			int high, low;

			if (i + 2 >= in.len) {
				return false;
			}
			high = hex_digit(in.at[i + 1]);
			low = hex_digit(in.at[i + 2]);
			if (high < 0 || low < 0 || (high == 0 && low == 0)) {
				return false;
			}
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && is_query) {
			c = ' ';
		}
		out[n++] = c;
	}
	*ret = (struct text){ out, n };
	return text_is_clean(*ret);
}

/* The segment of the path that stands where the pattern says {name}. */
static bool path_get(struct text pattern, struct text path, struct text name, struct text *ret)
{
	struct text want, got;
	bool is_more = true;

	while (is_more) {
		is_more = text_cut(pattern, '/', &want, &pattern);
		(void)text_cut(path, '/', &got, &path);
		if (want.len == name.len + 2 && want.at[0] == '{' &&
		    text_eq(text_slice(want, 1, name.len), name)) {
			*ret = got;
			return true;
		}
	}
	return false;
}

static bool is_of_query(const struct desk_route *r, struct text name)
{
	for (size_t i = 0; i < DESK_PARAMS && r->params[i].name != NULL; i++) {
		if (r->params[i].from == FROM_QUERY && text_eq(text_of(r->params[i].name), name)) {
			return true;
		}
	}
	return false;
}

/* The value of `name` in the query (ret->at NULL when absent). With an empty name it only judges that all names are known. */
static bool query_get(struct arena *a, const struct desk_route *r, struct text query,
		      struct text name, struct text *ret, struct err *err)
{
	struct text pair, key, value, decoded;
	bool is_more = !text_is_empty(query);

	*ret = TEXT_NONE;
	while (is_more) {
		is_more = text_cut(query, '&', &pair, &query);
		if (text_is_empty(pair)) {
			continue;
		}
		if (!text_cut(pair, '=', &key, &value)) {
			value = TEXT("");
		}
		if (!desk_decode(a, key, true, &key) || !desk_decode(a, value, true, &decoded)) {
			return err_set(err, ERR_DATA,
				       "The query of the address is not well-formed.");
		}
		if (!is_of_query(r, key)) {
			return err_set(err, ERR_DATA, "'%.*s' is no parameter of %s.",
				       TEXT_ARG(text_clip(key, 40)), r->path);
		}
		if (text_eq(key, name)) {
			if (ret->at != NULL) {
				return err_set(err, ERR_DATA, "'%.*s' stands in the query twice.",
					       TEXT_ARG(key));
			}
			*ret = decoded;
		}
	}
	return true;
}

/* The members of a list, one a line. */
static bool body_list(struct arena *a, struct jx list, const char *name, struct text *ret,
		      struct err *err)
{
	scoped(strbuf_done) struct strbuf lines = { 0 };
	struct text item;

	strbuf_init(&lines, DESK_TEXT_BYTES);
	for (size_t i = 0; i < jx_len(list); i++) {
		if (!jx_as_text(a, jx_at(list, i), &item) || item.len > DESK_KEY_BYTES ||
		    text_find(item, TEXT("\n"), 0) != SIZE_MAX || lines.is_full) {
			return err_set(err, ERR_DATA, "'%s' is a list of ids.", name);
		}
		strbuf_printf(&lines, "%s%.*s", i > 0 ? "\n" : "", TEXT_ARG(item));
	}
	if (jx_len(list) == 0) {
		return err_set(err, ERR_DATA, "'%s' is a list of ids, at least one.", name);
	}
	*ret = text_dup(a, strbuf_text(&lines));
	return true;
}

static bool body_get(struct arena *a, struct jx body, const struct desk_param *p, struct text *ret,
		     struct err *err)
{
	struct jx v = jx_get(body, p->name);
	int64_t n;

	*ret = TEXT_NONE;
	if (jx_is_null(v)) {
		return true;
	}
	if (p->type == PARAM_LIST) {
		return body_list(a, v, p->name, ret, err);
	}
	if (p->type == PARAM_COUNT) {
		if (!jx_i64(body, p->name, &n, NULL)) {
			return err_set(err, ERR_DATA, "'%s' is not a whole number.", p->name);
		}
		*ret = text_printf(a, "%lld", (long long)n);
		return true;
	}
	if (p->type == PARAM_BOOL && !jx_as_text(a, v, ret)) {
		bool is_true = jx_bool_or(body, p->name, false);

		if (!is_true && jx_bool_or(body, p->name, true)) {
			return err_set(err, ERR_DATA, "'%s' is true or false.", p->name);
		}
		*ret = is_true ? TEXT("true") : TEXT("false");
		return true;
	}
	if (!jx_as_text(a, v, ret)) {
		return err_set(err, ERR_DATA, "'%s' is not text.", p->name);
	}
	return true;
}

static bool read_count(const char *name, struct text value, int64_t *ret, struct err *err)
{
	if (!num_parse_range(value, 0, INT32_MAX, ret)) {
		return err_set(err, ERR_DATA, "'%s' is a whole number from 0 to %d.", name,
			       INT32_MAX);
	}
	return true;
}

static bool read_bool(const char *name, struct text value, bool *ret, struct err *err)
{
	*ret = text_eq(value, TEXT("1")) || text_eq(value, TEXT("true")) || text_is_empty(value);
	if (!*ret && !text_eq(value, TEXT("0")) && !text_eq(value, TEXT("false"))) {
		return err_set(err, ERR_DATA, "'%s' is true or false.", name);
	}
	return true;
}

static bool add_count(const struct desk_param *p, struct text value, struct db_params *out,
		      struct err *err)
{
	int64_t n;

	if (!read_count(p->name, value, &n, err)) {
		return false;
	}
	db_add_i64(out, n);
	return true;
}

static bool add_bool(const struct desk_param *p, struct text value, struct db_params *out,
		     struct err *err)
{
	bool is_true;

	if (!read_bool(p->name, value, &is_true, err)) {
		return false;
	}
	db_add_bool(out, is_true);
	return true;
}

static bool add_time(struct arena *a, const struct desk_param *p, struct text value,
		     struct db_params *out, struct err *err)
{
	struct wall w;
	char text[WALL_TEXT_BYTES];

	if (!wall_parse(value, &w) &&
	    !wall_parse(text_printf(a, "%.*sT00:00:00Z", TEXT_ARG(value)), &w)) {
		return err_set(err, ERR_DATA,
			       "'%s' is a date (2026-11-20) or a time with its zone "
			       "(2026-11-20T07:49:02Z).",
			       p->name);
	}
	(void)wall_format(w, text);
	db_add_text(out, text_dup(a, text_of(text)));
	return true;
}

static bool add_value(struct arena *a, const struct desk_param *p, struct text value,
		      struct db_params *out, struct err *err)
{
	if (value.at == NULL) {
		if (p->is_required) {
			return err_set(err, ERR_DATA, "'%s' is missing. %s", p->name, p->about);
		}
		db_add_null(out);
		return true;
	}
	if (value.len > DESK_TEXT_BYTES) {
		return err_set(err, ERR_DATA, "'%s' is longer than 64 KiB.", p->name);
	}
	switch (p->type) {
	case PARAM_LIST:
	case PARAM_TEXT: db_add_text(out, value); return true;
	case PARAM_COUNT: return add_count(p, value, out, err);
	case PARAM_BOOL: return add_bool(p, value, out, err);
	case PARAM_TIME: return add_time(a, p, value, out, err);
	}
	return err_set(err, ERR_DATA, "no type");
}

static bool add_param(struct arena *a, const struct desk_route *r, const struct desk_param *p,
		      const struct desk_given *g, struct jx body, struct db_params *out,
		      struct err *err)
{
	struct text value = TEXT_NONE;

	switch (p->from) {
	case FROM_DESK:
		value = text_of(p->name);
		if (p->type == PARAM_BOOL) {
			db_add_bool(out, g->has_staff_reports);
		} else {
			db_add_i64(out, (text_eq(value, TEXT("undo_s")) ? g->undo : g->lease).us /
						1000000);
		}
		return true;
	case FROM_PATH:
		if (!path_get(text_of(r->path), g->path, text_of(p->name), &value) ||
		    !desk_decode(a, value, false, &value)) {
			return err_set(err, ERR_DATA,
				       "The address of the request is not well-formed.");
		}
		break;
	case FROM_QUERY:
		if (!query_get(a, r, g->query, text_of(p->name), &value, err)) {
			return false;
		}
		break;
	case FROM_BODY:
		if (!body_get(a, body, p, &value, err)) {
			return false;
		}
		break;
	}
	return add_value(a, p, value, out, err);
}

bool desk_body_open(struct arena *a, struct text body, struct jx *ret, struct jx_doc **ret_doc,
		    struct err *err)
{
	struct text slice;

	if (!jx_scan(body, &slice, NULL) || !jx_parse(a, slice, ret, ret_doc, NULL) ||
	    !jx_is_object(*ret)) {
		return err_set(err, ERR_DATA, "The body is not a JSON object.");
	}
	return true;
}

bool desk_params_read(struct arena *a, const struct desk_route *r, const struct desk_given *g,
		      struct db_params *out, struct err *err)
{
	struct jx body = { 0 };
	struct jx_doc *doc = NULL;
	struct text unused;
	bool is_ok = query_get(a, r, g->query, TEXT(""), &unused, err) &&
		     (text_is_empty(g->body) || desk_body_open(a, g->body, &body, &doc, err));

	for (size_t i = 0; is_ok && i < DESK_PARAMS && r->params[i].name != NULL; i++) {
		is_ok = add_param(a, r, &r->params[i], g, body, out, err);
	}
	jx_release(&doc);
	return is_ok;
}

bool desk_query_is_known(const struct desk_asked *q, struct err *err)
{
	struct text unused;

	return query_get(q->arena, q->route, q->query, TEXT(""), &unused, err);
}

bool desk_query_text(const struct desk_asked *q, const char *name, struct text *ret,
		     struct err *err)
{
	if (!query_get(q->arena, q->route, q->query, text_of(name), ret, err)) {
		return false;
	}
	if (ret->len > DESK_TEXT_BYTES) {
		return err_set(err, ERR_DATA, "'%s' is longer than 64 KiB.", name);
	}
	return true;
}

bool desk_query_bool(const struct desk_asked *q, const char *name, bool *ret, struct err *err)
{
	struct text value;

	*ret = false;
	return desk_query_text(q, name, &value, err) &&
	       (value.at == NULL || read_bool(name, value, ret, err));
}

bool desk_query_count(const struct desk_asked *q, const char *name, int64_t otherwise, int64_t *ret,
		      struct err *err)
{
	struct text value;

	*ret = otherwise;
	return desk_query_text(q, name, &value, err) &&
	       (value.at == NULL || read_count(name, value, ret, err));
}

bool desk_is_long(struct text query)
{
	size_t at = text_find(query, TEXT("limit="), 0);
	struct text value = at == SIZE_MAX ? TEXT_NONE : text_slice(query, at + 6, query.len), rest;
	int64_t n;

	(void)text_cut(value, '&', &value, &rest);
	return num_parse_range(value, 0, INT32_MAX, &n) && (n == 0 || n > 500);
}
