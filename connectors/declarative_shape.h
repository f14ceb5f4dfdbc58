/* declarative_shape.h: a description, read once: what its words mean, with every size bounded.
 *
 * A template is text with places to fill in, {comment.id} from an element, {@own.id} from us, each with filters behind '|'
 * (declarative_value.h). A value is a template, several (the first that is filled counts), or one mapped by a table.
 *
 * Owner:   everything lives in the arena that it was read into.
 * Clock:   none.
 * Blocks:  never. Calls back: never.
 * Fails:   ERR_CONFIG with the place in the file and what to do. */
#ifndef ANSWERD_CONNECTORS_DECLARATIVE_SHAPE_H
#define ANSWERD_CONNECTORS_DECLARATIVE_SHAPE_H

#include "answerd/connector.h"
#include "answerd/json.h"
#include "answerd/page.h"

#define DECL_MOST_BYTES    (64u * 1024) /* of a description */
#define DECL_MOST_TEMPLATE 1024
#define DECL_MOST_PLACES   500 /* to fill in, in all: each is looked for in each element */
#define DECL_MOST_MEMBERS  64  /* of one table, list or object */
#define DECL_MOST_SOURCES  16
#define DECL_MOST_STEPS    8
#define DECL_MOST_LISTS    4 /* in one answer */
#define DECL_MOST_DEPTH    8 /* of a body that is posted */

struct decl_pair {
	struct text name, value;
};

struct decl_value {
	const struct text *tries; /* templates */
	size_t n_tries;           /* 0: not described */
	const struct decl_pair *map;
	size_t n_map;
	struct text otherwise; /* where the table has no line for it */
};

enum decl_test_kind {
	TEST_TRUE, /* is filled, and neither false, 0 nor null */
	TEST_IS,   /* is one of `others` */
	TEST_SAYS, /* the message's text names it */
	TEST_ALL,  /* all of `all` are so */
};

struct decl_test;
/* Any of them. */
struct decl_tests {
	const struct decl_test *at;
	size_t n;
};
struct decl_test {
	enum decl_test_kind kind;
	struct decl_value value;
	const struct text *others;
	size_t n_others;
	struct decl_tests all;
};

enum decl_text { DECL_PLAIN, DECL_HTML, DECL_MARKDOWN };
enum decl_time { DECL_RFC3339, DECL_EPOCH, DECL_EPOCH_MS };

struct decl_element {
	struct text name;
	struct decl_value id, parent, thread, peer, author, handle, author_name, text, warning,
		language, permalink, at, edited, revision, kind, visibility;
	enum decl_text form;
	enum decl_time time;
	struct decl_tests deleted, named, about, automatic, ours;
};

/* Where elements stand in an answer, and what they are. */
struct decl_list {
	struct text path; /* empty: the answer itself */
	const struct decl_element *element;
};

enum decl_by {
	BY_NOTHING,
	BY_NUMBER,  /* {@page.number} */
	BY_OFFSET,  /* {@page.offset} */
	BY_CURSOR,  /* {@page.cursor}, found at `where` in the answer */
	BY_LINK,    /* {@page.cursor} is the parameter `where` of the Link header's next address */
	BY_ELEMENT, /* {@page.cursor} is the key of the page's last element */
};

struct decl_paging {
	enum decl_by by;
	struct text where;
	int64_t first;         /* page number */
	int most;              /* elements in a page; 0: the server's own */
	struct decl_value key; /* what the list is ordered by: a number or a time */
	bool is_key_time;
	enum decl_time key_time;
	bool is_oldest_first;
};

enum decl_body { BODY_TEXT, BODY_NUMBER, BODY_AS_IS, BODY_OBJECT, BODY_LIST };

struct decl_node {
	enum decl_body kind;
	struct text name; /* of a member */
	struct decl_value value;
	struct text as_is;
	const struct decl_node *children;
	size_t n_children;
};

struct decl_call {
	struct decl_tests when; /* none: always */
	struct text path;       /* a template; "/…" on the account's server */
	const struct decl_pair *query;
	size_t n_query;
	bool is_one; /* the list's path leads to one element */
	struct decl_list lists[DECL_MOST_LISTS];
	size_t n_lists;
	struct decl_paging paging;
	/* of a reply */
	bool has_json;
	struct decl_node json;
	const struct decl_pair *form;
	size_t n_form;
};

struct decl_source {
	struct text name;
	bool is_prefix; /* "search:": anything may follow, {@source} is that */
	struct decl_call call;
};

struct decl_steps {
	const struct decl_call *at;
	size_t n;
};

struct decl_error {
	struct text code;
	enum err_kind kind;
};

enum decl_auth { AUTH_NONE, AUTH_BEARER, AUTH_BASIC, AUTH_HEADER };

struct decl {
	struct text network, about, needs;
	const struct decl_element *elements;
	size_t n_elements;
	const struct decl_source *sources;
	size_t n_sources;
	struct decl_call identify;
	struct decl_value own_id, own_handle, own_name;
	struct decl_steps thread, recheck, lookup, reply;
	enum decl_text write; /* how a reply is written */
	bool is_429_unsent;
	struct text key_header;
	enum decl_auth auth;
	struct decl_pair headers[4]; /* with auth's own */
	size_t n_headers;
	struct page_rate_names rate;
	struct decl_value error_code, error_words;
	struct decl_error *errors;
	size_t n_errors;
	int64_t max_length;
	enum length_unit length_unit;
};

/* Reads and checks; also fills what `answerd platforms` and conf want to know into *ret_connector, a copy of the
 * declarative connector. */
bool declarative_read(struct arena *a, struct text bytes, struct connector *ret_connector,
		      const struct decl **ret, struct err *err);

/* declarative_call.c: the calls of a description, read. */
struct decl_reader {
	struct arena *arena;
	struct decl *decl;
	struct err *err;
	size_t n_places;
};
struct decl_place { /* where in the file */
	const struct decl_place *up;
	struct text name;
};
bool decl_fault(struct decl_reader *r, const struct decl_place *p, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* An object with no other members than `names`, between blanks. */
bool decl_only(struct decl_reader *r, const struct decl_place *p, struct jx v, const char *names);
bool decl_read_text(struct decl_reader *r, const struct decl_place *p, struct jx v,
		    struct text *ret);
bool decl_read_word(struct decl_reader *r, const struct decl_place *p, struct jx v,
		    const char *const *words, int *ret);
bool decl_read_value(struct decl_reader *r, const struct decl_place *p, struct jx v, unsigned scope,
		     struct decl_value *ret);
bool decl_read_tests(struct decl_reader *r, const struct decl_place *p, struct jx v, unsigned scope,
		     struct decl_tests *ret);
bool decl_read_call(struct decl_reader *r, const struct decl_place *p, struct jx v, unsigned scope,
		    struct decl_call *ret);
bool decl_read_steps(struct decl_reader *r, const struct decl_place *p, struct jx v, unsigned scope,
		     struct decl_steps *ret);

extern const char *const decl_time_words[], *const decl_text_words[];

#endif
