/* list.h: a ring of members that live inside their owners' structs.
 *
 * Owner:   the list owns nothing; whoever holds the struct takes it out before freeing it.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   cannot. A member that is not in a list points to itself, so taking it out twice is fine.
 */
#ifndef ANSWERD_BASE_LIST_H
#define ANSWERD_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *previous;
};

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/* for (struct list *at = l.next, *next = at->next; …) in one word; the current member may be taken
 * out. */
#define list_each(at, head)                                                                        \
	for (struct list *at = (head)->next, *at##_next = at->next; at != (head);                  \
	     at = at##_next, at##_next = at->next)

static inline void list_init(struct list *l)
{
	l->next = l->previous = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_add_last(struct list *head, struct list *member)
{
	member->previous = head->previous;
	member->next = head;
	head->previous->next = member;
	head->previous = member;
}

static inline void list_add_first(struct list *head, struct list *member)
{
	list_add_last(head->next, member);
}

static inline void list_remove(struct list *member)
{
	member->previous->next = member->next;
	member->next->previous = member->previous;
	list_init(member);
}

/* The first member, taken out, or NULL. */
static inline struct list *list_take_first(struct list *head)
{
	struct list *member = head->next;

	if (member == head) {
		return NULL;
	}
	list_remove(member);
	return member;
}

#endif
