/* One answer for all who ask the same at the same time: see share.h. */
#include "daemon/desk/share.h"

#include <stdlib.h>

#include "answerd/log.h"
#include "answerd/strbuf.h"

struct flight {
	struct list in;
	struct list riders;  /* asked before the leader's statement was sent */
	struct list waiting; /* asked afterwards */
	struct strbuf key;
};

#define KEY_MOST (64u * 1024)

/* What the work asks for, in the request's arena. */
static struct text share_key(struct work *w)
{
	struct text query = httpd_query(w->r);
	/* "mine" is another list for each person, and may be written in other ways. */
	bool is_own = text_find(query, TEXT("mine"), 0) != SIZE_MAX ||
		      text_find(query, TEXT("%"), 0) != SIZE_MAX;

	return text_printf(httpd_arena(w->r), "%lld %.*s", is_own ? (long long)w->actor : 0LL,
			   TEXT_ARG(query));
}

static struct flight *flight_find(const struct list *flights, struct text key)
{
	list_each(at, flights)
	{
		struct flight *f = container_of(at, struct flight, in);

		if (text_eq(strbuf_text(&f->key), key)) {
			return f;
		}
	}
	return NULL;
}

/* True: it leads, and is to be run now. False: it waits; it will be answered with another, or be run. */
static bool share_enter(struct list *flights, struct work *w, struct text key)
{
	struct flight *f = flight_find(flights, key);

	if (f != NULL) {
		list_add_last(&f->waiting, &w->ride);
		return false;
	}
	f = xcalloc(1, sizeof(*f));
	list_init(&f->in);
	list_init(&f->riders);
	list_init(&f->waiting);
	strbuf_init(&f->key, KEY_MOST);
	strbuf_add(&f->key, key);
	list_add_last(flights, &f->in);
	w->flight = f;
	return true;
}

struct work *share_rider(struct work *leader)
{
	struct list *first =
		leader->flight != NULL ? list_take_first(&leader->flight->riders) : NULL;

	return first != NULL ? container_of(first, struct work, ride) : NULL;
}

static void flight_free(struct flight *f)
{
	list_remove(&f->in);
	strbuf_done(&f->key);
	free(f);
}

void share_leave(struct work *w)
{
	struct flight *f = w->flight;
	struct list *first, *one;
	struct work *next;

	list_remove(&w->ride);
	if (f == NULL) {
		return;
	}
	w->flight = NULL;
	while ((one = list_take_first(&f->riders)) != NULL) { /* refused as nobody else may be */
		list_add_last(&f->waiting, one);
	}
	first = list_take_first(&f->waiting);
	if (first == NULL) {
		flight_free(f);
		return;
	}
	next = container_of(first, struct work, ride);
	next->flight = f;
	while ((one = list_take_first(&f->waiting)) != NULL) {
		list_add_last(&f->riders, one);
	}
	queue_serve(next);
}

void share_queue_serve(struct work *w)
{
	if (w->line != LINE_QUEUE || share_enter(desk_flights(w->desk), w, share_key(w))) {
		queue_serve(w);
	}
}

void share_forget(struct list *flights)
{
	list_each(at, flights)
	{
		flight_free(container_of(at, struct flight, in));
	}
}
