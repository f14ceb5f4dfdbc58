/* What ids are called: see names.h. A few hundred names in one array in the order of (kind, id). */
#include "daemon/desk/names.h"

#include <stdlib.h>

#include "answerd/log.h"

#define NAMES_BYTES (64u * 1024 * 1024)

struct name {
	enum name_kind kind;
	int64_t id;
	struct text text;
};

struct names {
	struct arena *arena; /* of the texts; NULL before the first reading */
	struct name *all;
	size_t n;
};

struct names *names_create(void)
{
	return xcalloc(1, sizeof(struct names));
}

static void names_forget(struct names *n)
{
	free(n->all);
	n->all = NULL;
	n->n = 0;
	arena_destroy(&n->arena);
}

void names_destroy(struct names **at)
{
	struct names *n = *at;

	if (n == NULL) {
		return;
	}
	*at = NULL;
	names_forget(n);
	free(n);
}

static int name_order(const void *x, const void *y)
{
	const struct name *a = x, *b = y;

	if (a->kind != b->kind) {
		return a->kind < b->kind ? -1 : 1;
	}
	return a->id < b->id ? -1 : a->id > b->id;
}

static enum name_kind kind_of(struct text letter)
{
	if (text_eq(letter, TEXT("b"))) {
		return NAME_BRAND;
	}
	return text_eq(letter, TEXT("a")) ? NAME_ACCOUNT : NAME_STAFF;
}

void names_read(struct names *n, const struct db_result *rows)
{
	names_forget(n);
	n->arena = arena_create(NAMES_BYTES);
	n->all = xcalloc((size_t)rows->n_rows + 1, sizeof(*n->all));
	for (int i = 0; i < rows->n_rows; i++) {
		n->all[n->n++] = (struct name){ .kind = kind_of(db_text(rows, i, 0)),
						.id = db_i64(rows, i, 1),
						.text = text_dup(n->arena, db_text(rows, i, 2)) };
	}
	qsort(n->all, n->n, sizeof(*n->all), name_order);
}

bool names_find(const struct names *n, enum name_kind kind, int64_t id, struct text *ret)
{
	struct name key = { .kind = kind, .id = id };
	const struct name *found =
		n->n == 0 ? NULL : bsearch(&key, n->all, n->n, sizeof(*n->all), name_order);

	if (found == NULL) {
		return false;
	}
	*ret = found->text;
	return true;
}

bool names_find_id(const struct names *n, enum name_kind kind, struct text name, int64_t *ret)
{
	for (size_t i = 0; i < n->n; i++) {
		if (n->all[i].kind == kind && text_eq(n->all[i].text, name)) {
			*ret = n->all[i].id;
			return true;
		}
	}
	return false;
}

struct text names_list(const struct names *n, enum name_kind kind, struct arena *a)
{
	struct text list = TEXT("");

	for (size_t i = 0; i < n->n; i++) {
		if (n->all[i].kind == kind) {
			list = text_printf(a, "%.*s%s%.*s", TEXT_ARG(list),
					   text_is_empty(list) ? "" : ", ",
					   TEXT_ARG(n->all[i].text));
		}
	}
	return list;
}
