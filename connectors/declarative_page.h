/* declarative_page.h: a request made of a call, an answer cut into elements, and a walk from page to page.
 *
 * Owner:   everything lives in ctx->arena.
 * Clock:   ctx->now.
 * Blocks:  never. Calls back: never.
 * Fails:   err's kind says what the listener does next. */
#ifndef ANSWERD_CONNECTORS_DECLARATIVE_PAGE_H
#define ANSWERD_CONNECTORS_DECLARATIVE_PAGE_H

#include "declarative_value.h"

struct decl_item {
	size_t list;
	int64_t key; /* a number, or microseconds */
	bool has_key;
	struct wall at;
};

struct decl_items {
	struct decl_item *at;
	size_t n, n_lists;
	uint64_t mark; /* of the whole page: the same for the same bytes */
};

/* Where a walk is; its state is small JSON. */
struct decl_walk {
	int64_t step; /* of several calls */
	int64_t known, newest;
	bool has_known, has_newest;
	int64_t offset; /* elements that were asked for */
	struct text cursor;
	uint64_t mark; /* of the page before */
	int64_t pages;
};

void decl_walk_load(struct arena *a, struct text state, struct decl_walk *ret);
struct text decl_walk_save(struct arena *a, const struct decl_walk *w);

struct decl_portion {
	const struct decl_paging *paging;
	const struct decl_items *items;
	enum op op;
	struct wall since;
	int64_t asked;      /* elements; 0: the server's own number */
	struct text cursor; /* the answer's own for the next page; empty: it is the last */
	bool is_blind;      /* one element that is too large */
};
/* False when the walk is over: w is then what the next one begins with. */
bool decl_walk_step(struct arena *a, struct decl_walk *w, const struct decl_portion *p,
		    bool *ret_hole);

/* The places of paging in s, as the walk stands. */
void decl_page_scope(struct decl_scope *s, const struct decl_paging *p, const struct decl_walk *w,
		     const struct question *q);
struct text decl_next_cursor(const struct decl_scope *s, const struct decl_paging *p,
			     const struct response *r, struct text page);

/* A GET, or where the call has a body a POST. */
bool decl_request(const struct decl *d, const struct decl_scope *s, const struct decl_call *call,
		  struct request *ret, struct err *err);

/* Is the answer good? Else err, by the description's table, then by the status. */
bool decl_check(const struct decl *d, const struct decl_scope *s, const struct response *r,
		struct outcome *out, struct err *err);
/* What the table says of the answer; ERR_NONE: nothing. *ret_words: the platform's own. */
enum err_kind decl_verdict(const struct decl *d, const struct decl_scope *s,
			   const struct response *r, struct text *ret_words);

/* All elements of the call's lists, into the outcome. */
bool decl_read_page(const struct decl_scope *s, const struct decl_call *call, struct text page,
		    struct outcome *out, struct decl_items *ret, struct err *err);

/* declarative_reply.c */
void decl_measure(const struct decl *d, const struct connector_ctx *ctx, const struct posting *p,
		  int64_t *ret_length, int64_t *ret_most);
bool decl_reply_ask(const struct decl *d, const struct connector_ctx *ctx, const struct question *q,
		    struct request *ret, struct err *err);
bool decl_reply_digest(const struct decl *d, const struct connector_ctx *ctx,
		       const struct question *q, const struct response *r, struct outcome *ret,
		       struct err *err);
/* What was looked through (one page): is ours there? */
bool decl_lookup_judge(const struct connector_ctx *ctx, const struct posting *p,
		       const struct outcome *seen, struct outcome *ret, struct err *err);

/* The first step from `from` on that is for this question; NULL: none. */
const struct decl_call *decl_step(const struct decl_scope *s, const struct decl_steps *steps,
				  int64_t from, int64_t *ret_nth);

#endif
