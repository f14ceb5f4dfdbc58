/* json_oracle.h: does our reader of JSON (daemon/base/json_node.c) read exactly what jansson reads? */
#ifndef ANSWERD_TESTS_JSON_ORACLE_H
#define ANSWERD_TESTS_JSON_ORACLE_H

#include <jansson.h>
#include <string.h>

#include "answerd/json.h"
#include "answerd/limits.h"
#include "daemon/base/json_cut.h"
#include "daemon/base/json_node.h"

static inline bool oracle_same(struct arena *a, const struct node *v, json_t *want);

static inline bool oracle_same_list(struct arena *a, const struct node *v, json_t *want)
{
	bool is_object = v->kind == NODE_OBJECT;
	size_t n = is_object ? json_object_size(want) : json_array_size(want);

	for (size_t i = 0; i < v->list.n; i++) {
		const struct node *child = &v->list.first[i];
		json_t *other = is_object ? json_object_getn(want, child->name.at, child->name.len)
					  : json_array_get(want, i);

		if (other == NULL || !oracle_same(a, child, other)) {
			return false;
		}
	}
	return v->list.n == n;
}

static inline bool oracle_same(struct arena *a, const struct node *v, json_t *want)
{
	struct text t;

	switch (v->kind) {
	case NODE_NULL: return json_is_null(want);
	case NODE_FALSE: return json_is_false(want);
	case NODE_TRUE: return json_is_true(want);
	case NODE_INTEGER: return json_is_integer(want) && json_integer_value(want) == v->integer;
	case NODE_REAL: return json_is_real(want);
	case NODE_STRING:
		if (!json_is_string(want)) {
			return false;
		}
		t = node_text(a, v);
		return text_is_clean(t) && text_eq(t, (struct text){ json_string_value(want),
								     json_string_length(want) });
	case NODE_ARRAY: return json_is_array(want) && oracle_same_list(a, v, want);
	case NODE_OBJECT: return json_is_object(want) && oracle_same_list(a, v, want);
	}
	return false;
}

static inline bool oracle_agrees(struct text slice)
{
	size_t depth = 0, values = 0;
	bool is_within = json_measure(slice, &depth, &values, NULL) && depth <= LIMIT_JSON_DEPTH &&
			 values <= LIMIT_JSON_VALUES && memchr(slice.at, '\0', slice.len) == NULL;
	json_t *want = !is_within ? NULL
				  : json_loadb(slice.at, slice.len,
					       JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	struct arena *a = arena_create(4 * slice.len + (1u << 22));
	struct json_tree tree;
	bool is_read = json_tree_read(slice, &tree), is_same = is_read == (want != NULL);

	if (is_read) {
		is_same = is_same && oracle_same(a, tree.root, want);
		json_tree_done(&tree);
	}
	json_decref(want);
	arena_destroy(&a);
	return is_same;
}

#endif
