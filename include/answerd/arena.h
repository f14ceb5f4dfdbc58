/* arena.h: memory of one unit of work, freed at once.
 *
 * Owner:   whoever created it; what it hands out lives until arena_destroy() or arena_reset().
 * Clock:   none.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   out of memory, or past max_bytes, ends the process: sizes from outside are checked
 *          before. */
#ifndef ANSWERD_ARENA_H
#define ANSWERD_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_create(size_t max_bytes);
void arena_destroy(struct arena **a);
void arena_reset(struct arena *a);

/* Zeroed, aligned for any type. n may be 0 (a valid unique pointer). */
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
void *arena_array(struct arena *a, size_t n, size_t size)
	__attribute__((returns_nonnull)); /* checks n*size */
#define ARENA_NEW(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_array((a), (n), sizeof(type)))

/* Bytes handed out since creation or the last reset. */
size_t arena_used(const struct arena *a);

#endif
