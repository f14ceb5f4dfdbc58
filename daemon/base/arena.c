#include "answerd/arena.h"

#include <stdint.h>
#include <stdlib.h>

#include "answerd/log.h"

#define ARENA_ALIGN       16u
#define ARENA_FIRST_BYTES 4096u
#define ARENA_CHUNK_BYTES (256u * 1024)

struct chunk {
	struct chunk *next;
	size_t room, used;
	_Alignas(ARENA_ALIGN) unsigned char bytes[];
};

struct arena {
	struct chunk *newest;
	size_t max_bytes, used, next_room;
};

struct arena *arena_create(size_t max_bytes)
{
	struct arena *a = xcalloc(1, sizeof(*a));

	a->max_bytes = max_bytes;
	a->next_room = ARENA_FIRST_BYTES;
	return a;
}

void arena_reset(struct arena *a)
{
	while (a->newest != NULL) {
		struct chunk *c = a->newest;

		a->newest = c->next;
		free(c);
	}
	a->used = 0;
	a->next_room = ARENA_FIRST_BYTES;
}

void arena_destroy(struct arena **a)
{
	if (a == NULL || *a == NULL) {
		return;
	}
	arena_reset(*a);
	free(*a);
	*a = NULL;
}

static struct chunk *chunk_for(struct arena *a, size_t need)
{
	struct chunk *c = a->newest;

	if (c != NULL && c->room - c->used >= need) {
		return c;
	}
	if (need > a->next_room) { /* a big one of its own, behind the one in use */
		c = xcalloc(1, sizeof(*c) + need);
		c->room = need;
	} else {
		c = xcalloc(1, sizeof(*c) + a->next_room);
		c->room = a->next_room;
		a->next_room =
			a->next_room * 4 < ARENA_CHUNK_BYTES ? a->next_room * 4 : ARENA_CHUNK_BYTES;
	}
	c->next = a->newest;
	a->newest = c;
	return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct chunk *c;
	size_t need = n == 0 ? ARENA_ALIGN : n;
	void *p;

	if (need > a->max_bytes || a->used > a->max_bytes - need) {
		not_reached("an arena outgrew its limit: a size was not checked before");
	}
	need = (need + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	c = chunk_for(a, need);
	p = c->bytes + c->used;
	c->used += need;
	a->used += need;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		not_reached("an array larger than memory");
	}
	return arena_alloc(a, bytes);
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
