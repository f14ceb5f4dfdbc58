/* graph_walk.h: a walk in two levels. Graph has no list of all comments: posts are listed, and what stands below those that have
 * changed is read, page by page. Which have changed is known by a sign of each (its count, its time), kept in the state.
 *
 * Nothing is ordered that Graph calls ordered (comments may be ranked), so a pass below a post is read to its end. A walk ends at
 * the list's end, or behind pages without news; every quarter of an hour it goes deep, for what was said below old posts.
 *
 * Owner:   texts live in the arena given.
 * Clock:   ctx->now, passed in.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   a state that cannot be read is a fresh start, which costs duplicates only. */
#ifndef CONNECTORS_GRAPH_WALK_H
#define CONNECTORS_GRAPH_WALK_H

#include "graph.h"

#define GRAPH_TODO_MOST 50 /* posts of one page of the list */
#define GRAPH_DEEP_S    900

/* An element of the list. */
struct graph_item {
	struct text id; /* a node; else it is passed over */
	uint32_t sign;  /* differs when something below it may have changed */
	struct wall at; /* the latest time that the list tells of it; not set: unknown */
	bool has_below; /* something may stand below it */
	bool is_short;  /* so little that it is always read whole */
};

struct graph_todo {
	struct text id;
	struct text top; /* of what is below another one: that one's id; else empty */
	uint32_t sign;
	bool is_short;
	char edge; /* 'c' comments, 'r' replies to a comment, … the connector's own */
};

struct graph_walk {
	/* of finished walks */
	struct wall known_at,
		deep_at;  /* when the last one that found something began, and the last deep one */
	struct text seen; /* 16 hexadecimal digits each: hash of id, sign; latest first */
	/* of this one */
	struct wall begun_at; /* 0: not begun */
	bool is_deep, is_changed, has_news;
	struct text next; /* the list's next page, as graph_page_read() gave it */
	bool is_listed;   /* a page of the list was read; `next` says whether there is more */
	int64_t n_pages;
	uint64_t print; /* of the last page of the list */
	struct graph_todo todo[GRAPH_TODO_MOST];
	size_t n_todo;
	struct text below_next;
	uint64_t below_print;
	int64_t n_below;
	int64_t most_pages; /* set by the caller where the list goes by what changed last: so many while each brings news, and what
				is behind them is a hole; 0: as many as a deep walk. Not of the state */
	int64_t size; /* Graph asked for less data: elements of a page; 0: as many as we like */
};

void graph_walk_load(const struct connector_ctx *ctx, const struct question *q,
		     struct graph_walk *ret);
struct text graph_walk_save(struct arena *a, const struct graph_walk *w);

/* What is newer than this was not heard before, or is what a sweep shall read: what is cut off behind it is a hole. */
struct wall graph_walk_heard(const struct question *q, const struct graph_walk *w);

/* Comments have two levels, so what answers a reply hangs below the comment on top. A reply of ours that names one person is put below
 * what that person said last there, among the messages from `from` on: else the one on top would seem answered. */
void graph_walk_aim(struct outcome *o, size_t from);

/* What below is older is not asked for, unless it is short: `since` of the request. */
struct wall graph_walk_floor(const struct question *q, const struct graph_walk *w);

/* How many elements to ask for. */
int graph_walk_size(const struct question *q, const struct graph_walk *w, int most);

/* An element of the list was read: is it to be looked below? */
void graph_walk_item(const struct question *q, struct graph_walk *w, const struct graph_item *item);
/* The same for one whose list shows all that stands below it: true where it has changed. */
bool graph_walk_note(const struct connector_ctx *ctx, const struct question *q,
		     struct graph_walk *w, const struct graph_item *item);
/* Below todo[0] something has more below itself than it showed: it is read next (edge 'r'). */
void graph_walk_below(struct graph_walk *w, struct text id);

/* The hash of a page's ids, whatever their order. */
uint64_t graph_walk_print(uint64_t print, struct text id);

/* A page of the list was read. False: the walk is over (its state is that of the next one). */
bool graph_walk_listed(const struct connector_ctx *ctx, const struct question *q,
		       struct graph_walk *w, struct text next, uint64_t print, bool *ret_hole);
/* A page below todo[0] was read. */
bool graph_walk_read_below(const struct connector_ctx *ctx, const struct question *q,
			   struct graph_walk *w, struct text next, uint64_t print, bool *ret_hole);
/* What is below todo[0] is not for us, or is gone. */
bool graph_walk_pass(const struct connector_ctx *ctx, const struct question *q,
		     struct graph_walk *w);
/* Graph cannot make a page as large. False: there is no smaller one. */
bool graph_walk_less(struct graph_walk *w, int most);

/* Puts state and is_more into the outcome. */
void graph_walk_tell(const struct connector_ctx *ctx, const struct question *q,
		     const struct graph_walk *w, bool is_more, struct outcome *ret);

#endif
