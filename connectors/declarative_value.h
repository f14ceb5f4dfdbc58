/* declarative_value.h: templates filled in, tests judged. The language is small on purpose: no loops, no arithmetic; the time it takes is
 * that of its own length.
 *
 *   {comment.creator.id}   from the element (or the answer); numbers count places of lists: {errors.0.message}
 *   {@own.id} {@own.handle} {@server} {@host} {@source}              from the account
 *   {@subject} {@since}                                              what is asked about, RFC 3339
 *   {@page.size} {@page.number} {@page.offset} {@page.cursor}        paging
 *   {@text} {@parent} {@root} {@thread} {@author} {@handle} {@key} {@language} {@raw.PATH}    of a reply, and of what it answers
 *   {@token}                                                         only in a header of `auth`
 *   {x|part / -2}    the part between slashes, from 0, or from the end      {x|not 0} {x|not @own.id}    empty where it is that
 *   {x|lower}        in small letters                                       {x|number}                   empty where it is none
 *
 * Owner:   results live in ctx->arena.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   a place that is empty makes the whole template empty. */
#ifndef ANSWERD_CONNECTORS_DECLARATIVE_VALUE_H
#define ANSWERD_CONNECTORS_DECLARATIVE_VALUE_H

#include "answerd/strbuf.h"
#include "declarative_shape.h"

/* Which places a template may have. */
enum {
	SCOPE_ELEMENT = 1, /* paths */
	SCOPE_ACCOUNT = 2, /* @own, @server, @host */
	SCOPE_PAGE = 4,
	SCOPE_SUBJECT = 8,
	SCOPE_REPLY = 16,
	SCOPE_TOKEN = 32,
	SCOPE_SOURCE = 64,
};

struct decl_scope {
	const struct connector_ctx *ctx;
	const struct question *q;
	struct text slice;  /* the element, as it came */
	struct text source; /* what follows a source's prefix */
	int64_t size, number, offset;
	struct text cursor, since;
	struct text text; /* of a reply, as it is written there; or of the message, for TEST_SAYS */
};

/* Is it a template of these places? Why not. */
bool decl_template_check(struct text template, unsigned scope, const char **ret_why);

/* Has this page cost more memory than a description may? Then places are empty, and whatever is being read is refused. */
bool decl_is_spent(struct arena *a);

/* What stands at a path of a slice: text, number or truth as text; empty: nothing of that kind. */
struct text decl_at(struct arena *a, struct text slice, struct text path);
/* The slice itself; false: not there. An empty path is the slice. */
bool decl_find(struct arena *a, struct text slice, struct text path, struct text *ret);

bool decl_fill(const struct decl_scope *s, struct text template, bool is_url, struct strbuf *out);
struct text decl_value_of(const struct decl_scope *s, const struct decl_value *v);
bool decl_is(const struct decl_scope *s, const struct decl_tests *t);

struct wall decl_time_of(struct arena *a, struct text t, enum decl_time form);
struct text decl_time_text(struct arena *a, struct wall w, enum decl_time form);

/* Markdown as a person reads it, and plain text as Markdown or HTML that shows just that. */
struct text decl_markdown_read(struct arena *a, struct text t);
struct text decl_write(struct arena *a, struct text t, enum decl_text form);

#endif
