#include "declarative_value.h"

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/posting.h"
#include "answerd/url.h"

#define PLACES_MOST  16 /* of a template */
#define DEPTH_MOST   12 /* of a path */
#define FILTERS_MOST 4
#define FILLED_MOST  ((size_t)LIMIT_MESSAGE_BYTES * 2)
#define SPENT_MOST   (LIMIT_PAGE_ARENA_BYTES / 2) /* one step more is far below the other half */

/* ---- the places of ours ---- */

static const struct {
	const char *name;
	unsigned scope;
} places[] = {
	{ "own.id", SCOPE_ACCOUNT },   { "own.handle", SCOPE_ACCOUNT },
	{ "server", SCOPE_ACCOUNT },   { "host", SCOPE_ACCOUNT },
	{ "source", SCOPE_SOURCE },    { "subject", SCOPE_SUBJECT },
	{ "since", SCOPE_PAGE },       { "page.size", SCOPE_PAGE },
	{ "page.number", SCOPE_PAGE }, { "page.offset", SCOPE_PAGE },
	{ "page.cursor", SCOPE_PAGE }, { "text", SCOPE_REPLY },
	{ "parent", SCOPE_REPLY },     { "root", SCOPE_REPLY },
	{ "thread", SCOPE_REPLY },     { "author", SCOPE_REPLY },
	{ "handle", SCOPE_REPLY },     { "key", SCOPE_REPLY },
	{ "language", SCOPE_REPLY },   { "token", SCOPE_TOKEN },
};

static struct text host_of(struct text server)
{
	struct url u;

	return url_parse(server, &u) ? u.host : TEXT_NONE;
}

static struct text number_text(struct arena *a, int64_t n)
{
	return n < 0 ? TEXT_NONE : text_printf(a, "%lld", (long long)n);
}

static struct text posting_place(const struct decl_scope *s, struct text name)
{
	const struct posting *p = s->q != NULL ? s->q->posting : NULL;
	struct text raw;

	if (p == NULL) {
		return TEXT_NONE;
	}
	if (text_starts(name, TEXT("raw."))) {
		return p->parent_raw.len > 0 && jx_scan(p->parent_raw, &raw, NULL)
			       ? decl_at(s->ctx->arena, raw, text_slice(name, 4, SIZE_MAX))
			       : TEXT_NONE;
	}
	if (text_eq(name, TEXT("parent"))) {
		return p->parent_id;
	}
	if (text_eq(name, TEXT("root"))) {
		return p->root_id;
	}
	if (text_eq(name, TEXT("thread"))) {
		return p->thread_id;
	}
	if (text_eq(name, TEXT("author"))) {
		return p->author_id;
	}
	if (text_eq(name, TEXT("handle"))) {
		return posting_is_handle(p->author_handle) ? p->author_handle : TEXT_NONE;
	}
	if (text_eq(name, TEXT("key"))) {
		return p->key;
	}
	return text_eq(name, TEXT("language")) ? posting_language(p->language) : TEXT_NONE;
}

static struct text place_of(const struct decl_scope *s, struct text name)
{
	const struct connector_ctx *ctx = s->ctx;

	if (text_eq(name, TEXT("own.id"))) {
		return ctx->own_id;
	}
	if (text_eq(name, TEXT("own.handle"))) {
		return ctx->own_handle;
	}
	if (text_eq(name, TEXT("server"))) {
		return ctx->server;
	}
	if (text_eq(name, TEXT("host"))) {
		return host_of(ctx->server);
	}
	if (text_eq(name, TEXT("token"))) {
		return ctx->token;
	}
	if (text_eq(name, TEXT("text"))) {
		return s->text;
	}
	if (text_eq(name, TEXT("source"))) {
		return s->source;
	}
	if (text_eq(name, TEXT("since"))) {
		return s->since;
	}
	if (text_eq(name, TEXT("subject"))) {
		return s->q != NULL && s->q->n_subjects > 0    ? s->q->subjects[0]
		       : s->q != NULL && s->q->posting != NULL ? s->q->posting->parent_id
							       : TEXT_NONE;
	}
	if (text_eq(name, TEXT("page.size"))) {
		return number_text(ctx->arena, s->size > 0 ? s->size : -1);
	}
	if (text_eq(name, TEXT("page.number"))) {
		return number_text(ctx->arena, s->number);
	}
	if (text_eq(name, TEXT("page.offset"))) {
		return number_text(ctx->arena, s->offset);
	}
	return text_eq(name, TEXT("page.cursor")) ? s->cursor : posting_place(s, name);
}

static bool is_place(struct text name, unsigned scope)
{
	if (text_starts(name, TEXT("raw."))) {
		return (scope & SCOPE_REPLY) != 0 && name.len > 4;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (text_eq(text_of(places[i].name), name)) {
			return (places[i].scope & scope) != 0;
		}
	}
	return false;
}

/* ---- paths ---- */

bool decl_is_spent(struct arena *a)
{
	return arena_used(a) > SPENT_MOST;
}

/* A step of a path: a member, or the n-th of a list. */
static bool step_find(struct arena *a, struct text slice, struct text name, struct text *ret)
{
	struct text *elements;
	int64_t nth;
	size_t n;

	if (jx_slice_kind(slice) == '{') {
		return jx_member(slice, name, ret);
	}
	if (jx_slice_kind(slice) != '[' || !num_parse_range(name, 0, LIMIT_PAGE_ITEMS, &nth) ||
	    !jx_elements(a, slice, &elements, &n, NULL) || (size_t)nth >= n) {
		return false;
	}
	*ret = elements[nth];
	return true;
}

bool decl_find(struct arena *a, struct text slice, struct text path, struct text *ret)
{
	struct text part;

	for (int depth = 0; path.len > 0; depth++) {
		(void)text_cut(path, '.', &part, &path);
		if (depth >= DEPTH_MOST || !step_find(a, slice, part, &slice)) {
			return false;
		}
	}
	*ret = slice;
	return slice.len > 0;
}

struct text decl_at(struct arena *a, struct text slice, struct text path)
{
	struct text found, t;
	int64_t n;

	if (slice.len == 0 || decl_is_spent(a) || !decl_find(a, slice, path, &found)) {
		return TEXT_NONE;
	}
	switch (jx_slice_kind(found)) {
	case '"': return jx_slice_text(a, found, &t) ? t : TEXT_NONE;
	case 'n': return num_parse_i64(found, &n) ? found : TEXT_NONE;
	case 't': return text_eq(found, TEXT("true")) ? found : TEXT_NONE;
	case 'f': return text_eq(found, TEXT("false")) ? found : TEXT_NONE;
	default: return TEXT_NONE;
	}
}

/* ---- filters ---- */

static struct text part_of(struct text t, char separator, int64_t nth)
{
	struct text rest = t, head = TEXT_NONE;
	int64_t n = 1;

	for (size_t i = 0; i < t.len; i++) {
		n += t.at[i] == separator;
	}
	nth = nth < 0 ? n + nth : nth;
	if (nth < 0 || nth >= n) {
		return TEXT_NONE;
	}
	for (int64_t i = 0; i <= nth; i++) {
		(void)text_cut(rest, separator, &head, &rest);
	}
	return head;
}

/* "part / -2" cut into its words. */
static bool filter_cut(struct text filter, struct text *ret_name, struct text *ret_first,
		       struct text *ret_second)
{
	struct text rest;

	*ret_first = *ret_second = TEXT_NONE;
	if (text_cut(text_trim(filter), ' ', ret_name, &rest) &&
	    text_cut(rest, ' ', ret_first, ret_second)) {
		return text_find(*ret_second, TEXT(" "), 0) == SIZE_MAX;
	}
	return true;
}

static bool filter_check(struct text filter, unsigned scope)
{
	struct text name, first, second;
	int64_t nth;

	if (!filter_cut(filter, &name, &first, &second)) {
		return false;
	}
	if (text_eq(name, TEXT("part"))) {
		return first.len == 1 && num_parse_range(second, -9, 9, &nth);
	}
	if (text_eq(name, TEXT("not"))) {
		return first.len > 0 && second.len == 0 &&
		       (first.at[0] != '@' ||
			is_place(text_slice(first, 1, SIZE_MAX), scope | SCOPE_ACCOUNT));
	}
	return (text_eq(name, TEXT("lower")) || text_eq(name, TEXT("number"))) && first.len == 0;
}

static struct text filter_apply(const struct decl_scope *s, struct text filter, struct text t)
{
	struct text name, first, second;
	int64_t nth = 0;

	if (!filter_cut(filter, &name, &first, &second)) {
		return TEXT_NONE;
	}
	if (text_eq(name, TEXT("part"))) {
		return first.len == 1 && num_parse_range(second, -9, 9, &nth)
			       ? part_of(t, first.at[0], nth)
			       : TEXT_NONE;
	}
	if (text_eq(name, TEXT("not"))) {
		if (text_starts(first, TEXT("@"))) {
			first = place_of(s, text_slice(first, 1, SIZE_MAX));
		}
		return text_eq(t, first) ? TEXT_NONE : t;
	}
	if (text_eq(name, TEXT("number"))) {
		return num_parse_i64(t, &nth) ? t : TEXT_NONE;
	}
	return text_lower_ascii(s->ctx->arena, t);
}

/* ---- templates ---- */

/* The next place from *at on: what stands before it, and what is inside of its braces. False: no more, *ret_before is the rest. */
static bool place_next(struct text t, size_t *at, struct text *ret_before, struct text *ret_inside)
{
	size_t open = text_find(t, TEXT("{"), *at), close;

	if (open == SIZE_MAX || (close = text_find(t, TEXT("}"), open)) == SIZE_MAX) {
		*ret_before = text_slice(t, *at, SIZE_MAX);
		*at = t.len;
		return false;
	}
	*ret_before = text_slice(t, *at, open - *at);
	*ret_inside = text_slice(t, open + 1, close - open - 1);
	*at = close + 1;
	return true;
}

static bool is_path(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("_-.$:@", c) != NULL))) {
			return false;
		}
	}
	return t.len > 0 && t.at[0] != '.' && t.at[t.len - 1] != '.';
}

bool decl_template_check(struct text template, unsigned scope, const char **ret_why)
{
	struct text before, inside, name, filters, filter;
	size_t n = 0, at = 0;
	int n_filters;

	*ret_why = "it has no '}' for a '{', or the other way round: write each place as {path}";
	while (place_next(template, &at, &before, &inside)) {
		if (text_find(before, TEXT("}"), 0) != SIZE_MAX ||
		    text_find(inside, TEXT("{"), 0) != SIZE_MAX) {
			return false;
		}
		if (++n > PLACES_MOST) {
			*ret_why = "it has more than 16 places: write fewer";
			return false;
		}
		(void)text_cut(inside, '|', &name, &filters);
		if (text_starts(name, TEXT("@")) ? !is_place(text_slice(name, 1, SIZE_MAX), scope)
						 : (scope & SCOPE_ELEMENT) == 0 || !is_path(name)) {
			*ret_why =
				"it has a place that is not known here: connectors/DECLARATIVE.md "
				"lists them";
			return false;
		}
		for (n_filters = 0; filters.len > 0; n_filters++) {
			(void)text_cut(filters, '|', &filter, &filters);
			if (n_filters >= FILTERS_MOST || !filter_check(filter, scope)) {
				*ret_why =
					"it has a filter that is none: write part SIGN NUMBER, not "
					"VALUE, lower or number";
				return false;
			}
		}
	}
	return text_find(before, TEXT("{"), 0) == SIZE_MAX &&
	       text_find(before, TEXT("}"), 0) == SIZE_MAX;
}

static struct text inside_fill(const struct decl_scope *s, struct text inside)
{
	struct text name, filters, filter, t;

	(void)text_cut(inside, '|', &name, &filters);
	t = text_starts(name, TEXT("@")) ? place_of(s, text_slice(name, 1, SIZE_MAX))
					 : decl_at(s->ctx->arena, s->slice, name);
	while (filters.len > 0 && t.len > 0) {
		(void)text_cut(filters, '|', &filter, &filters);
		t = filter_apply(s, filter, t);
	}
	return t;
}

bool decl_fill(const struct decl_scope *s, struct text template, bool is_url, struct strbuf *out)
{
	struct text before, inside = TEXT_NONE, t;
	bool is_whole = true;
	size_t at = 0;

	while (place_next(template, &at, &before, &inside)) {
		strbuf_add(out, before);
		t = inside_fill(s, inside);
		is_whole = is_whole && t.len > 0;
		if (is_url) {
			strbuf_add_url(out, t);
		} else {
			strbuf_add(out, t);
		}
	}
	strbuf_add(out, before);
	return is_whole && !out->is_full;
}

static struct text template_of(const struct decl_scope *s, struct text template)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = FILLED_MOST };
	struct text before, inside;
	size_t at = 0;

	/* One place and nothing round it: no copy, and no bound but the answer's. */
	if (place_next(template, &at, &before, &inside) && before.len == 0 && at == template.len) {
		return inside_fill(s, inside);
	}
	return decl_fill(s, template, /* is_url= */ false, &b) && !decl_is_spent(s->ctx->arena)
		       ? text_dup(s->ctx->arena, strbuf_text(&b))
		       : TEXT_NONE;
}

struct text decl_value_of(const struct decl_scope *s, const struct decl_value *v)
{
	struct text t = TEXT_NONE;

	for (size_t i = 0; i < v->n_tries && t.len == 0; i++) {
		t = template_of(s, v->tries[i]);
	}
	if (v->n_map == 0) {
		return t;
	}
	for (size_t i = 0; i < v->n_map; i++) {
		if (text_eq(v->map[i].name, t)) {
			return v->map[i].value;
		}
	}
	return v->otherwise;
}

/* ---- tests ---- */

static bool is_true(struct text t)
{
	return t.len > 0 && !text_eq(t, TEXT("false")) && !text_eq(t, TEXT("0"));
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

/* Whole words only, ASCII case does not matter. */
static bool says(struct text t, struct text words)
{
	if (words.len < 2 || words.len > LIMIT_NAME_BYTES) {
		return false;
	}
	for (size_t at = 0; at + words.len <= t.len; at++) {
		if (text_eq_nocase(text_slice(t, at, words.len), words) &&
		    (at == 0 || !is_word(t.at[at - 1])) &&
		    (at + words.len == t.len || !is_word(t.at[at + words.len]))) {
			return true;
		}
	}
	return false;
}

static bool is_one(const struct decl_scope *s, const struct decl_test *t)
{
	struct text value;

	switch (t->kind) {
	case TEST_TRUE: return is_true(decl_value_of(s, &t->value));
	case TEST_SAYS: return says(s->text, decl_value_of(s, &t->value));
	case TEST_ALL:
		for (size_t i = 0; i < t->all.n; i++) {
			if (!is_one(s,
				    &t->all.at
					     [i])) { /* as deep as the description, which is bounded */
				return false;
			}
		}
		return true;
	case TEST_IS:
		value = decl_value_of(s, &t->value);
		for (size_t i = 0; i < t->n_others && value.len > 0; i++) {
			if (text_eq(template_of(s, t->others[i]), value)) {
				return true;
			}
		}
		return false;
	}
	return false;
}

bool decl_is(const struct decl_scope *s, const struct decl_tests *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (is_one(s, &t->at[i])) {
			return true;
		}
	}
	return false;
}

/* ---- times ---- */

struct wall decl_time_of(struct arena *a, struct text t, enum decl_time form)
{
	struct wall w = { 0 };
	int64_t n;

	if (form != DECL_RFC3339) {
		int64_t each = form == DECL_EPOCH ? 1000000 : 1000;

		return num_parse_range(t, 1, INT64_MAX / each, &n) ? wall_of_us(n * each) : w;
	}
	if (!wall_parse(t, &w) && t.len > 0 && t.len < WALL_TEXT_BYTES) {
		(void)wall_parse(text_printf(a, "%.*sZ", TEXT_ARG(t)),
				 &w); /* UTC that does not say so */
	}
	return w;
}

struct text decl_time_text(struct arena *a, struct wall w, enum decl_time form)
{
	char text[WALL_TEXT_BYTES];

	if (!wall_is_set(w)) {
		return TEXT_NONE;
	}
	switch (form) {
	case DECL_EPOCH: return text_printf(a, "%lld", (long long)(w.us / 1000000));
	case DECL_EPOCH_MS: return text_printf(a, "%lld", (long long)(w.us / 1000));
	case DECL_RFC3339: break;
	}
	return text_dup(a, (struct text){ text, wall_format(w, text) });
}
