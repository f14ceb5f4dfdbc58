/* json_node.h: one slice as a flat tree. Inside daemon/base only; others use json.h.
 *
 * Children of one container stand side by side, so that the i-th is found at once. Strings stay in
 * the slice as they are written there, without their quotes; only names are decoded.
 *
 * Owner:   json_nodes_done() frees; the slice must live as long.
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   false and nothing else: what is wrong is jansson's to say (json_tree.c). */
#ifndef ANSWERD_BASE_JSON_NODE_H
#define ANSWERD_BASE_JSON_NODE_H

#include "answerd/text.h"

enum node_kind {
	NODE_NULL,
	NODE_FALSE,
	NODE_TRUE,
	NODE_INTEGER,
	NODE_REAL, /* its value is not kept: nobody asks for it */
	NODE_STRING,
	NODE_ARRAY,
	NODE_OBJECT
};

struct node_list {
	union {
		const struct node *first;
		size_t at; /* while the nodes still move */
	};
	size_t n;
};

struct node {
	struct text name; /* of a member */
	enum node_kind kind;
	bool is_escaped; /* node_text() has to decode */
	union {
		int64_t integer;
		struct text text;
		struct node_list list;
	};
};

struct json_nodes {
	struct node *at;
	size_t n, room;
};

struct json_tree {
	struct json_nodes nodes;
	const struct node *root;
	struct arena *names; /* those that had to be decoded; NULL: none */
};

/* What jansson would read with JSON_REJECT_DUPLICATES and JSON_DECODE_ANY, and within the limits of
 * json.h. */
bool json_tree_read(struct text slice, struct json_tree *ret);
void json_tree_done(struct json_tree *t);

/* A copy of a string's text. */
struct text node_text(struct arena *a, const struct node *string);

#endif
