/* Parsing one slice with jansson, and reading the tree. jansson's error text quotes the input, that
 * is, customers' words: only the place is told. */
#include "answerd/json.h"

#include <jansson.h>
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/base/json_cut.h"

struct jx_doc {
	json_t *root;
};

bool jx_parse(struct arena *a, struct text slice, struct jx *ret, struct jx_doc **ret_doc,
	      struct err *err)
{
	size_t depth, values;
	json_error_t why;
	json_t *root;

	(void)a; /* text is copied by the getters */
	if (!json_measure(slice, &depth, &values, err)) {
		return false;
	}
	if (depth > LIMIT_JSON_DEPTH) {
		return err_set(err, ERR_DATA, "nested %zu deep, more than %d", depth,
			       LIMIT_JSON_DEPTH);
	}
	if (values > LIMIT_JSON_VALUES) {
		return err_set(err, ERR_DATA, "%zu values, more than %d", values,
			       LIMIT_JSON_VALUES);
	}
	if (memchr(slice.at, '\0', slice.len) != NULL) { /* jansson takes it for the end */
		return err_set(err, ERR_DATA, "a NUL byte inside");
	}
	root = json_loadb(slice.at, slice.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (root == NULL) {
		return err_set(err, ERR_DATA, "not JSON at byte %d (line %d, column %d, code %d)",
			       why.position, why.line, why.column, (int)json_error_code(&why));
	}
	*ret_doc = xcalloc(1, sizeof(**ret_doc));
	(*ret_doc)->root = root;
	ret->node = root;
	return true;
}

void jx_release(struct jx_doc **doc)
{
	if (doc == NULL || *doc == NULL) {
		return;
	}
	json_decref((*doc)->root);
	free(*doc);
	*doc = NULL;
}

bool jx_slice_text(struct arena *a, struct text slice, struct text *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v = { NULL };
	bool is_read;

	if (jx_slice_kind(slice) != '"' || !jx_parse(a, slice, &v, &doc, NULL)) {
		return false;
	}
	is_read = jx_as_text(a, v, ret);
	jx_release(&doc);
	return is_read;
}

static const json_t *node_of(struct jx v)
{
	return v.node;
}

bool jx_is_set(struct jx v)
{
	return v.node != NULL;
}

bool jx_is_object(struct jx v)
{
	return json_is_object(node_of(v));
}

bool jx_is_array(struct jx v)
{
	return json_is_array(node_of(v));
}

bool jx_is_text(struct jx v)
{
	return json_is_string(node_of(v));
}

bool jx_is_null(struct jx v)
{
	return v.node == NULL || json_is_null(node_of(v));
}

struct jx jx_get(struct jx object, const char *name)
{
	return (struct jx){ json_object_get(node_of(object), name) };
}

struct jx jx_path(struct jx object, const char *path)
{
	struct text rest = text_of(path), part;
	char name[128];

	while (rest.len > 0) {
		(void)text_cut(rest, '.', &part, &rest);
		if (part.len >= sizeof(name)) {
			not_reached("a path with a name of over 127 bytes");
		}
		memcpy(name, part.at, part.len);
		name[part.len] = '\0';
		object = jx_get(object, name);
	}
	return object;
}

bool jx_as_text(struct arena *a, struct jx v, struct text *ret)
{
	const json_t *node = node_of(v);

	if (!json_is_string(node)) {
		return false;
	}
	*ret = text_dup(a, (struct text){ json_string_value(node), json_string_length(node) });
	*ret = text_clean(a, *ret, NULL);
	return true;
}

bool jx_text(struct arena *a, struct jx object, const char *name, struct text *ret, struct err *err)
{
	struct jx v = jx_get(object, name);

	if (jx_is_null(v)) {
		return err_set(err, ERR_DATA, "it has no '%s'", name);
	}
	if (!jx_as_text(a, v, ret)) {
		return err_set(err, ERR_DATA, "its '%s' is not text", name);
	}
	return true;
}

bool jx_i64(struct jx object, const char *name, int64_t *ret, struct err *err)
{
	struct jx v = jx_get(object, name);

	if (jx_is_null(v)) {
		return err_set(err, ERR_DATA, "it has no '%s'", name);
	}
	if (!json_is_integer(node_of(v))) {
		return err_set(err, ERR_DATA, "its '%s' is not a whole number", name);
	}
	*ret = json_integer_value(node_of(v));
	return true;
}

struct text jx_text_or(struct arena *a, struct jx object, const char *name, struct text otherwise)
{
	struct text t;

	return jx_as_text(a, jx_get(object, name), &t) ? t : otherwise;
}

int64_t jx_i64_or(struct jx object, const char *name, int64_t otherwise)
{
	const json_t *node = node_of(jx_get(object, name));

	return json_is_integer(node) ? json_integer_value(node) : otherwise;
}

bool jx_bool_or(struct jx object, const char *name, bool otherwise)
{
	const json_t *node = node_of(jx_get(object, name));

	return json_is_boolean(node) ? json_is_true(node) : otherwise;
}

size_t jx_len(struct jx array)
{
	return json_array_size(node_of(array));
}

struct jx jx_at(struct jx array, size_t i)
{
	return (struct jx){ json_array_get(node_of(array), i) };
}
