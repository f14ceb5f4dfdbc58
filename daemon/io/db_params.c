/* Parameters of a statement: one growing block of bytes, and where each value stands in it. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "answerd/log.h"
#include "daemon/io/db_inside.h"

/* Past this PostgreSQL itself refuses a value. */
#define MAX_PARAM_BYTES ((size_t)512 * 1024 * 1024)
#define MAX_PARAMS      64

/* Types of PostgreSQL, from its catalogue; they never change. */
enum type_oid { OID_BOOL = 16, OID_INT8 = 20, OID_INT4 = 23, OID_TEXT = 25 };

enum format { FORMAT_TEXT = 0, FORMAT_BINARY = 1 };

struct db_params {
	char *bytes;
	size_t len, room;
	int n;
	size_t at[MAX_PARAMS]; /* SIZE_MAX: null */
	int lengths[MAX_PARAMS], formats[MAX_PARAMS];
	const char *values[MAX_PARAMS]; /* filled when they are looked at */
};

struct db_params *db_params_create(void)
{
	return xcalloc(1, sizeof(struct db_params));
}

void db_params_destroy(struct db_params **p)
{
	if (*p == NULL) {
		return;
	}
	free((*p)->bytes);
	free(*p);
	*p = NULL;
}

static char *grow(struct db_params *p, size_t n)
{
	size_t at = p->len;

	assert(n < MAX_PARAM_BYTES && p->len < MAX_PARAM_BYTES);
	if (p->room - p->len < n) {
		size_t room = p->room < 256 ? 256 : p->room;

		while (room - p->len < n) {
			room *= 2;
		}
		p->bytes = xrealloc(p->bytes, room);
		p->room = room;
	}
	p->len += n;
	return p->bytes + at;
}

static void put(struct db_params *p, const void *bytes, size_t n)
{
	if (n > 0) {
		assert(bytes != NULL);
		memcpy(grow(p, n), bytes, n);
	}
}

static void put_i32(struct db_params *p, int32_t v)
{
	uint32_t u = (uint32_t)v;
	unsigned char b[4] = { (unsigned char)(u >> 24), (unsigned char)(u >> 16),
			       (unsigned char)(u >> 8), (unsigned char)u };

	put(p, b, sizeof(b));
}

static void put_i64(struct db_params *p, int64_t v)
{
	put_i32(p, (int32_t)(uint32_t)((uint64_t)v >> 32));
	put_i32(p, (int32_t)(uint32_t)(uint64_t)v);
}

static void begin(struct db_params *p, enum format format)
{
	assert(p->n < MAX_PARAMS);
	p->at[p->n] = p->len;
	p->formats[p->n] = format;
}

static void end(struct db_params *p)
{
	p->lengths[p->n] = (int)(p->len - p->at[p->n]);
	p->n++;
}

void db_add_null(struct db_params *p)
{
	begin(p, FORMAT_TEXT);
	p->at[p->n] = SIZE_MAX;
	p->lengths[p->n] = 0;
	p->n++;
}

void db_add_text(struct db_params *p, struct text t)
{
	begin(p, FORMAT_TEXT);
	put(p, t.at, t.len);
	put(p, "", 1); /* libpq reads text up to the NUL */
	end(p);
}

void db_add_i64(struct db_params *p, int64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRId64, n);

	db_add_text(p, (struct text){ digits, (size_t)len });
}

void db_add_text_or_null(struct db_params *p, struct text t)
{
	if (text_is_empty(t)) {
		db_add_null(p);
	} else {
		db_add_text(p, t);
	}
}

void db_add_i64_or_null(struct db_params *p, int64_t n)
{
	if (n == 0) {
		db_add_null(p);
	} else {
		db_add_i64(p, n);
	}
}

void db_add_bool(struct db_params *p, bool b)
{
	db_add_text(p, b ? TEXT("t") : TEXT("f"));
}

void db_add_wall(struct db_params *p, struct wall w)
{
	if (!wall_is_set(w)) {
		db_add_null(p);
		return;
	}
	db_add_i64(p, w.us);
}

/* The head of an array in PostgreSQL's binary form: dimensions, has nulls, element type, and for
 * its one dimension length and first index. An empty array has no dimension. */
static void put_array_head(struct db_params *p, size_t n, bool has_nulls, enum type_oid type)
{
	assert(n < (size_t)INT32_MAX);
	put_i32(p, n > 0 ? 1 : 0);
	put_i32(p, has_nulls ? 1 : 0);
	put_i32(p, type);
	if (n > 0) {
		put_i32(p, (int32_t)n);
		put_i32(p, 1);
	}
}

void db_add_text_array(struct db_params *p, const struct text *t, size_t n)
{
	bool has_nulls = false;

	for (size_t i = 0; i < n; i++) {
		has_nulls = has_nulls || t[i].at == NULL;
	}
	begin(p, FORMAT_BINARY);
	put_array_head(p, n, has_nulls, OID_TEXT);
	for (size_t i = 0; i < n; i++) {
		assert(t[i].len < MAX_PARAM_BYTES);
		put_i32(p, t[i].at != NULL ? (int32_t)t[i].len : -1);
		put(p, t[i].at, t[i].len);
	}
	end(p);
}

void db_add_i64_array(struct db_params *p, const int64_t *v, size_t n)
{
	begin(p, FORMAT_BINARY);
	put_array_head(p, n, /* has_nulls= */ false, OID_INT8);
	for (size_t i = 0; i < n; i++) {
		put_i32(p, 8);
		put_i64(p, v[i]);
	}
	end(p);
}

void db_add_i32_array(struct db_params *p, const int32_t *v, size_t n)
{
	begin(p, FORMAT_BINARY);
	put_array_head(p, n, /* has_nulls= */ false, OID_INT4);
	for (size_t i = 0; i < n; i++) {
		put_i32(p, 4);
		put_i32(p, v[i]);
	}
	end(p);
}

void db_add_bool_array(struct db_params *p, const bool *v, size_t n)
{
	begin(p, FORMAT_BINARY);
	put_array_head(p, n, /* has_nulls= */ false, OID_BOOL);
	for (size_t i = 0; i < n; i++) {
		put_i32(p, 1);
		put(p, v[i] ? "\1" : "\0", 1);
	}
	end(p);
}

struct db_param_view db_params_view(struct db_params *p)
{
	for (int i = 0; i < p->n; i++) {
		p->values[i] = p->at[i] == SIZE_MAX ? NULL : p->bytes + p->at[i];
	}
	return (struct db_param_view){ p->n, p->values, p->lengths, p->formats };
}
