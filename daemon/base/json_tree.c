/* Parsing one slice, and reading the tree. What is no JSON is explained by jansson, whose error text
 * quotes the input, that is, customers' words: only the place is told. */
#include "answerd/json.h"

#include <jansson.h>
#include <stdlib.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/base/json_cut.h"
#include "daemon/base/json_node.h"

struct jx_doc {
	struct json_tree tree;
};

/* Why our reader refused the slice. Both are to agree; if ever they do not, the stricter is right. */
static bool refusal_explain(struct text slice, struct err *err)
{
	size_t depth, values;
	json_error_t why;
	json_t *root;

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
	json_decref(root);
	return err_set(err, ERR_DATA, "not JSON in the eyes of our own reader");
}

bool jx_parse(struct arena *a, struct text slice, struct jx *ret, struct jx_doc **ret_doc,
	      struct err *err)
{
	struct json_tree tree;

	(void)a; /* text is copied by the getters */
	if (!json_tree_read(slice, &tree)) {
		return refusal_explain(slice, err);
	}
	*ret_doc = xcalloc(1, sizeof(**ret_doc));
	(*ret_doc)->tree = tree;
	ret->node = tree.root;
	return true;
}

void jx_release(struct jx_doc **doc)
{
	if (doc == NULL || *doc == NULL) {
		return;
	}
	json_tree_done(&(*doc)->tree);
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

static bool is_kind(struct jx v, enum node_kind kind)
{
	const struct node *node = v.node;

	return node != NULL && node->kind == kind;
}

bool jx_is_set(struct jx v)
{
	return v.node != NULL;
}

bool jx_is_object(struct jx v)
{
	return is_kind(v, NODE_OBJECT);
}

bool jx_is_array(struct jx v)
{
	return is_kind(v, NODE_ARRAY);
}

bool jx_is_text(struct jx v)
{
	return is_kind(v, NODE_STRING);
}

bool jx_is_null(struct jx v)
{
	return v.node == NULL || is_kind(v, NODE_NULL);
}

static struct jx member_find(struct jx object, struct text name)
{
	const struct node *node = object.node;

	for (size_t i = 0; is_kind(object, NODE_OBJECT) && i < node->list.n; i++) {
		const struct node *member = &node->list.first[i];

		if (member->name.len == name.len &&
		    memcmp(member->name.at, name.at, name.len) == 0) {
			return (struct jx){ member };
		}
	}
	return (struct jx){ NULL };
}

struct jx jx_get(struct jx object, const char *name)
{
	return member_find(object, text_of(name));
}

struct jx jx_path(struct jx object, const char *path)
{
	struct text rest = text_of(path), part;

	while (rest.len > 0) {
		(void)text_cut(rest, '.', &part, &rest);
		object = member_find(object, part);
	}
	return object;
}

bool jx_as_text(struct arena *a, struct jx v, struct text *ret)
{
	if (!is_kind(v, NODE_STRING)) {
		return false;
	}
	*ret = node_text(a, v.node); /* clean: the reader refuses what is not UTF-8, and NUL */
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
	if (!is_kind(v, NODE_INTEGER)) {
		return err_set(err, ERR_DATA, "its '%s' is not a whole number", name);
	}
	*ret = ((const struct node *)v.node)->integer;
	return true;
}

struct text jx_text_or(struct arena *a, struct jx object, const char *name, struct text otherwise)
{
	struct text t;

	return jx_as_text(a, jx_get(object, name), &t) ? t : otherwise;
}

int64_t jx_i64_or(struct jx object, const char *name, int64_t otherwise)
{
	struct jx v = jx_get(object, name);

	return is_kind(v, NODE_INTEGER) ? ((const struct node *)v.node)->integer : otherwise;
}

bool jx_bool_or(struct jx object, const char *name, bool otherwise)
{
	struct jx v = jx_get(object, name);

	if (is_kind(v, NODE_TRUE)) {
		return true;
	}
	return is_kind(v, NODE_FALSE) ? false : otherwise;
}

size_t jx_len(struct jx array)
{
	return is_kind(array, NODE_ARRAY) ? ((const struct node *)array.node)->list.n : 0;
}

struct jx jx_at(struct jx array, size_t i)
{
	return (struct jx){ i < jx_len(array) ? ((const struct node *)array.node)->list.first + i
					      : NULL };
}

size_t jx_n_members(struct jx object)
{
	return is_kind(object, NODE_OBJECT) ? ((const struct node *)object.node)->list.n : 0;
}

struct jx jx_member_value(struct jx object, size_t i)
{
	return (struct jx){ i < jx_n_members(object)
				    ? ((const struct node *)object.node)->list.first + i
				    : NULL };
}

struct text jx_member_name(struct jx object, size_t i)
{
	const struct node *member = jx_member_value(object, i).node;

	return member != NULL ? member->name : TEXT_NONE;
}

bool jx_as_scalar(struct arena *a, struct jx v, struct text *ret)
{
	const struct node *node = v.node;

	if (is_kind(v, NODE_INTEGER)) {
		*ret = text_printf(a, "%lld", (long long)node->integer);
	} else if (is_kind(v, NODE_TRUE)) {
		*ret = TEXT("true");
	} else if (is_kind(v, NODE_FALSE)) {
		*ret = TEXT("false");
	} else if (is_kind(v, NODE_NULL)) {
		*ret = TEXT("null");
	} else {
		return false;
	}
	return true;
}
