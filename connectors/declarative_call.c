/* The words of a description: values, tests, calls; each checked, with its place. */
#include <stdarg.h>
#include <stdio.h>

#include "answerd/limits.h"
#include "answerd/num.h"
#include "declarative_value.h"

#define TESTS_DEPTH 3
#define LONG_WORD   60

const char *const decl_time_words[] = { "rfc3339", "epoch", "epoch_ms", NULL };
const char *const decl_text_words[] = { "plain", "html", "markdown", NULL };
static const char *const by_words[] = { "nothing", "number",  "offset", "cursor",
					"link",    "element", NULL };
static const char *const order_words[] = { "newest first", "oldest first", NULL };

/* ---- what is wrong ---- */

static void place_print(const struct decl_place *p, char *out, size_t room)
{
	size_t n;

	if (p == NULL || room < 2) {
		return;
	}
	place_print(p->up, out, room); /* as deep as the description, which is bounded */
	n = strlen(out);
	if (p->name.len > 0) {
		(void)snprintf(out + n, room - n, "%s%.*s", n > 0 ? "." : "",
			       TEXT_ARG(text_clip(p->name, LONG_WORD)));
	}
}

/* What is quoted of a file stays in its line. */
static void line_keep(char *t)
{
	for (; *t != '\0'; t++) {
		*t = (unsigned char)*t < ' ' || *t == 0x7f ? '?' : *t;
	}
}

bool decl_fault(struct decl_reader *r, const struct decl_place *p, const char *fmt, ...)
{
	char place[120] = "", why[200];
	va_list ap;

	place_print(p, place, sizeof(place));
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	line_keep(place);
	line_keep(why);
	return err_set(r->err, ERR_CONFIG, "%s: %s", place[0] != '\0' ? place : "the description",
		       why);
}

static bool is_listed(const char *names, struct text name)
{
	struct text rest = text_of(names), one;

	while (rest.len > 0) {
		(void)text_cut(rest, ' ', &one, &rest);
		if (text_eq(one, name)) {
			return true;
		}
	}
	return false;
}

bool decl_only(struct decl_reader *r, const struct decl_place *p, struct jx v, const char *names)
{
	if (!jx_is_object(v)) {
		return decl_fault(r, p, "it must be an object: write { … }");
	}
	if (jx_n_members(v) > DECL_MOST_MEMBERS) {
		return decl_fault(r, p, "it has more than %d members: write fewer",
				  DECL_MOST_MEMBERS);
	}
	for (size_t i = 0; names != NULL && i < jx_n_members(v); i++) {
		struct text name = jx_member_name(v, i);

		if (!is_listed(names, name)) {
			return decl_fault(r, p, "'%.*s' is not known here: remove it; there are %s",
					  TEXT_ARG(text_clip(name, LONG_WORD)), names);
		}
	}
	return true;
}

bool decl_read_text(struct decl_reader *r, const struct decl_place *p, struct jx v,
		    struct text *ret)
{
	return (jx_as_text(r->arena, v, ret) && ret->len > 0 && ret->len <= DECL_MOST_TEMPLATE) ||
	       decl_fault(r, p, "it must be text of at most %d bytes", DECL_MOST_TEMPLATE);
}

bool decl_read_word(struct decl_reader *r, const struct decl_place *p, struct jx v,
		    const char *const *words, int *ret)
{
	char all[120] = "";
	struct text word;
	size_t n = 0;

	if (!jx_is_set(v)) {
		return true; /* as it was */
	}
	if (!decl_read_text(r, p, v, &word)) {
		return false;
	}
	for (int i = 0; words[i] != NULL; i++) {
		if (text_eq(text_of(words[i]), word)) {
			*ret = i;
			return true;
		}
		n += (size_t)snprintf(all + n, n < sizeof(all) ? sizeof(all) - n : 0, "%s%s",
				      i > 0 ? ", " : "", words[i]);
		n = n < sizeof(all) ? n : sizeof(all) - 1;
	}
	return decl_fault(r, p, "'%.*s' is no such word: write one of %s",
			  TEXT_ARG(text_clip(word, LONG_WORD)), all);
}

/* ---- values ---- */

static bool read_template(struct decl_reader *r, const struct decl_place *p, struct jx v,
			  unsigned scope, struct text *ret)
{
	const char *why;

	if (!decl_read_text(r, p, v, ret)) {
		return false;
	}
	for (size_t i = 0; i < ret->len; i++) {
		r->n_places += ret->at[i] == '{';
	}
	if (r->n_places > DECL_MOST_PLACES) {
		return decl_fault(r, p, "the description has more than %d places: write fewer",
				  DECL_MOST_PLACES);
	}
	return decl_template_check(*ret, scope, &why) || decl_fault(r, p, "%s", why);
}

/* A template, or a list of them. */
static bool read_templates(struct decl_reader *r, const struct decl_place *p, struct jx v,
			   unsigned scope, const struct text **ret, size_t *ret_n)
{
	size_t n = jx_is_array(v) ? jx_len(v) : 1;
	struct text *all;

	if (n == 0 || n > DECL_MOST_MEMBERS) {
		return decl_fault(r, p, "it must be a template or a list of at most %d",
				  DECL_MOST_MEMBERS);
	}
	all = ARENA_ARRAY(r->arena, struct text, n);
	for (size_t i = 0; i < n; i++) {
		if (!read_template(r, p, jx_is_array(v) ? jx_at(v, i) : v, scope, &all[i])) {
			return false;
		}
	}
	*ret = all;
	*ret_n = n;
	return true;
}

static bool read_table(struct decl_reader *r, const struct decl_place *p, struct jx v,
		       struct decl_value *ret)
{
	struct decl_place at = { p, TEXT("map") };
	struct decl_pair *pairs;

	if (!decl_only(r, &at, v, NULL)) {
		return false;
	}
	pairs = ARENA_ARRAY(r->arena, struct decl_pair, jx_n_members(v));
	ret->n_map = jx_n_members(v);
	ret->map = pairs;
	for (size_t i = 0; i < ret->n_map; i++) {
		pairs[i].name = text_dup(r->arena, jx_member_name(v, i));
		if (!decl_read_text(r, &at, jx_member_value(v, i), &pairs[i].value)) {
			return false;
		}
	}
	return ret->n_map > 0 || decl_fault(r, &at, "it has no lines: write \"found\": \"means\"");
}

bool decl_read_value(struct decl_reader *r, const struct decl_place *p, struct jx v, unsigned scope,
		     struct decl_value *ret)
{
	struct decl_place otherwise = { p, TEXT("otherwise") };

	if (!jx_is_set(v)) {
		return true;
	}
	if (!jx_is_object(v)) {
		return read_templates(r, p, v, scope, &ret->tries, &ret->n_tries);
	}
	if (!decl_only(r, p, v, "of map otherwise") ||
	    !read_templates(r, p, jx_get(v, "of"), scope, &ret->tries, &ret->n_tries) ||
	    !read_table(r, p, jx_get(v, "map"), ret)) {
		return false;
	}
	return !jx_is_set(jx_get(v, "otherwise")) ||
	       decl_read_text(r, &otherwise, jx_get(v, "otherwise"), &ret->otherwise);
}

static bool read_tests(struct decl_reader *r, const struct decl_place *p, struct jx v,
		       unsigned scope, int depth, struct decl_tests *ret);

static bool read_test(struct decl_reader *r, const struct decl_place *p, struct jx v,
		      unsigned scope, int depth, struct decl_test *ret)
{
	if (!jx_is_object(v)) {
		ret->kind = TEST_TRUE;
		return read_templates(r, p, v, scope, &ret->value.tries, &ret->value.n_tries);
	}
	if (jx_is_set(jx_get(v, "all"))) {
		ret->kind = TEST_ALL;
		return decl_only(r, p, v, "all") &&
		       read_tests(r, p, jx_get(v, "all"), scope, depth + 1, &ret->all);
	}
	if (jx_is_set(jx_get(v, "says"))) {
		ret->kind = TEST_SAYS;
		return decl_only(r, p, v, "says") &&
		       read_templates(r, p, jx_get(v, "says"), scope, &ret->value.tries,
				      &ret->value.n_tries);
	}
	ret->kind = TEST_IS;
	return decl_only(r, p, v, "value is") &&
	       read_templates(r, p, jx_get(v, "value"), scope, &ret->value.tries,
			      &ret->value.n_tries) &&
	       read_templates(r, p, jx_get(v, "is"), scope, &ret->others, &ret->n_others);
}

static bool read_tests(struct decl_reader *r, const struct decl_place *p, struct jx v,
		       unsigned scope, int depth, struct decl_tests *ret)
{
	struct decl_test *all;

	if (depth > TESTS_DEPTH || !jx_is_array(v) || jx_len(v) == 0 ||
	    jx_len(v) > DECL_MOST_MEMBERS) {
		return decl_fault(r, p, "it must be a list of tests, at most %d deep", TESTS_DEPTH);
	}
	all = ARENA_ARRAY(r->arena, struct decl_test, jx_len(v));
	for (size_t i = 0; i < jx_len(v); i++) {
		if (!read_test(r, p, jx_at(v, i), scope, depth, &all[i])) {
			return false;
		}
	}
	*ret = (struct decl_tests){ all, jx_len(v) };
	return true;
}

bool decl_read_tests(struct decl_reader *r, const struct decl_place *p, struct jx v, unsigned scope,
		     struct decl_tests *ret)
{
	return !jx_is_set(v) || read_tests(r, p, v, scope, 0, ret);
}

/* ---- calls ---- */

static bool read_pairs(struct decl_reader *r, const struct decl_place *p, struct jx v,
		       unsigned scope, const struct decl_pair **ret, size_t *ret_n)
{
	struct decl_pair *pairs;

	if (!jx_is_set(v)) {
		return true;
	}
	if (!decl_only(r, p, v, NULL)) {
		return false;
	}
	pairs = ARENA_ARRAY(r->arena, struct decl_pair, jx_n_members(v));
	for (size_t i = 0; i < jx_n_members(v); i++) {
		struct decl_place at = { p, jx_member_name(v, i) };

		pairs[i].name = text_dup(r->arena, at.name);
		if (!read_template(r, &at, jx_member_value(v, i), scope, &pairs[i].value)) {
			return false;
		}
	}
	*ret = pairs;
	*ret_n = jx_n_members(v);
	return true;
}

/* Starts with one slash, and nothing in it leads elsewhere: what is filled in is encoded. */
static bool read_path(struct decl_reader *r, const struct decl_place *p, struct jx v,
		      unsigned scope, struct text *ret)
{
	if (!read_template(r, p, v, scope, ret)) {
		return false;
	}
	if (ret->at[0] != '/' || text_starts(*ret, TEXT("//")) ||
	    text_find(*ret, TEXT(".."), 0) != SIZE_MAX) {
		return decl_fault(r, p,
				  "it must be a path on the account's server: begin with one "
				  "'/', and write no '..'");
	}
	for (size_t i = 0; i < ret->len; i++) {
		if ((unsigned char)ret->at[i] <= ' ' || strchr("\\?#\"<>", ret->at[i]) != NULL) {
			/* Places have blanks in their filters. */
			size_t open = text_find(*ret, TEXT("{"), 0);

			if (open == SIZE_MAX || i < open) {
				return decl_fault(r, p,
						  "a path has no blanks, '?' or '#': write "
						  "what follows '?' into \"query\"");
			}
		}
	}
	return true;
}

static const struct decl_element *element_find(const struct decl *d, struct text name)
{
	for (size_t i = 0; i < d->n_elements; i++) {
		if (text_eq(d->elements[i].name, name)) {
			return &d->elements[i];
		}
	}
	return NULL;
}

/* "list": { "path": "element", … } or "one": the same of one element. */
static bool read_lists(struct decl_reader *r, const struct decl_place *p, struct jx v,
		       struct decl_call *ret)
{
	struct decl_place at = { p, ret->is_one ? TEXT("one") : TEXT("list") };
	struct text name;

	if (!decl_only(r, &at, v, NULL)) {
		return false;
	}
	ret->n_lists = jx_n_members(v);
	if (ret->n_lists == 0 || ret->n_lists > DECL_MOST_LISTS) {
		return decl_fault(r, &at,
				  "it must name one to %d paths: write \"path\": \"element\"",
				  DECL_MOST_LISTS);
	}
	for (size_t i = 0; i < ret->n_lists; i++) {
		struct decl_place in = { &at, jx_member_name(v, i) };

		ret->lists[i].path = text_dup(r->arena, in.name);
		if (!decl_read_text(r, &in, jx_member_value(v, i), &name)) {
			return false;
		}
		ret->lists[i].element = element_find(r->decl, name);
		if (ret->lists[i].element == NULL) {
			return decl_fault(r, &in,
					  "there is no element '%.*s': add it to "
					  "\"elements\"",
					  TEXT_ARG(text_clip(name, LONG_WORD)));
		}
	}
	return true;
}

static bool read_paging(struct decl_reader *r, const struct decl_place *up, struct jx v,
			struct decl_paging *ret)
{
	struct decl_place p = { up, TEXT("paging") }, at = { &p, TEXT("key") };
	int by = BY_NOTHING, order = 0, key_time = -1;
	int64_t most = jx_i64_or(v, "most", 0);

	if (!jx_is_set(v)) {
		return true;
	}
	if (!decl_only(r, &p, v, "by where first most key time order") ||
	    !decl_read_word(r, &(struct decl_place){ &p, TEXT("by") }, jx_get(v, "by"), by_words,
			    &by) ||
	    !decl_read_word(r, &(struct decl_place){ &p, TEXT("order") }, jx_get(v, "order"),
			    order_words, &order) ||
	    !decl_read_word(r, &(struct decl_place){ &p, TEXT("time") }, jx_get(v, "time"),
			    decl_time_words, &key_time) ||
	    !decl_read_value(r, &at, jx_get(v, "key"), SCOPE_ELEMENT, &ret->key)) {
		return false;
	}
	ret->by = (enum decl_by)by;
	ret->is_oldest_first = order == 1;
	ret->is_key_time = key_time >= 0;
	ret->key_time = key_time >= 0 ? (enum decl_time)key_time : DECL_RFC3339;
	ret->first = jx_i64_or(v, "first", 1);
	if (most < 0 || most > LIMIT_PAGE_ITEMS || ret->first < 0 || ret->first > 1) {
		return decl_fault(r, &p, "`first` must be 0 or 1, `most` at most %d",
				  LIMIT_PAGE_ITEMS);
	}
	ret->most = (int)most;
	if (ret->key.n_tries == 0) {
		return decl_fault(
			r, &at,
			"it is missing: write what the list is ordered by: a number, or a "
			"time and its `time`");
	}
	if (ret->is_oldest_first && ret->by != BY_ELEMENT && ret->by != BY_NOTHING) {
		return decl_fault(r, &p,
				  "a list with its oldest first is walked by \"element\" only");
	}
	if ((ret->by == BY_NUMBER || ret->by == BY_OFFSET) && ret->most == 0) {
		return decl_fault(r, &p,
				  "`most` is missing: write how many elements a full page has");
	}
	if (ret->by == BY_CURSOR || ret->by == BY_LINK) {
		return decl_read_text(r, &(struct decl_place){ &p, TEXT("where") },
				      jx_get(v, "where"), &ret->where);
	}
	return true;
}

/* A body: text is a template; { "number": template } a number; all else stands as it is. */
static bool read_node(struct decl_reader *r, const struct decl_place *p, struct jx v,
		      unsigned scope, int depth, struct decl_node *ret)
{
	struct decl_node *children;
	size_t n = jx_is_object(v) ? jx_n_members(v) : jx_len(v);

	if (depth > DECL_MOST_DEPTH || n > DECL_MOST_MEMBERS) {
		return decl_fault(r, p, "it is larger than a body can be");
	}
	if (jx_is_text(v)) {
		ret->kind = BODY_TEXT;
		return decl_read_value(r, p, v, scope, &ret->value);
	}
	if (jx_is_object(v) && n == 1 && text_eq(jx_member_name(v, 0), TEXT("number"))) {
		ret->kind = BODY_NUMBER;
		return decl_read_value(r, p, jx_member_value(v, 0), scope, &ret->value);
	}
	if (!jx_is_object(v) && !jx_is_array(v)) {
		ret->kind = BODY_AS_IS;
		return jx_as_scalar(r->arena, v, &ret->as_is) ||
		       decl_fault(r, p, "it is no text, whole number or truth");
	}
	ret->kind = jx_is_object(v) ? BODY_OBJECT : BODY_LIST;
	children = ARENA_ARRAY(r->arena, struct decl_node, n);
	for (size_t i = 0; i < n; i++) {
		struct decl_place at = { p, TEXT_NONE };

		if (jx_is_object(v)) {
			at.name = jx_member_name(v, i);
			children[i].name = text_dup(r->arena, at.name);
		}
		/* As deep as a body may be. */
		if (!read_node(r, &at, jx_is_object(v) ? jx_member_value(v, i) : jx_at(v, i), scope,
			       depth + 1, &children[i])) {
			return false;
		}
	}
	ret->children = children;
	ret->n_children = n;
	return true;
}

static bool read_body(struct decl_reader *r, const struct decl_place *p, struct jx v,
		      unsigned scope, struct decl_call *ret)
{
	struct decl_place json = { p, TEXT("json") }, form = { p, TEXT("form") };

	ret->has_json = jx_is_set(jx_get(v, "json"));
	if (ret->has_json == jx_is_set(jx_get(v, "form"))) {
		return decl_fault(r, p, "what is posted must stand in \"json\" or in \"form\"");
	}
	return ret->has_json
		       ? read_node(r, &json, jx_get(v, "json"), scope, 0, &ret->json)
		       : read_pairs(r, &form, jx_get(v, "form"), scope, &ret->form, &ret->n_form);
}

bool decl_read_call(struct decl_reader *r, const struct decl_place *p, struct jx v, unsigned scope,
		    struct decl_call *ret)
{
	bool is_post = (scope & SCOPE_REPLY) != 0 && jx_is_set(jx_get(v, "post"));
	const char *verb = is_post ? "post" : "get";
	struct decl_place path = { p, text_of(verb) }, query = { p, TEXT("query") },
			  when = { p, TEXT("when") };

	ret->is_one = jx_is_set(jx_get(v, "one"));
	if (ret->is_one && jx_is_set(jx_get(v, "list"))) {
		return decl_fault(r, p, "\"list\" and \"one\" cannot both be there: remove one");
	}
	return decl_only(r, p, v,
			 is_post ? "when post query json form one"
				 : "when get query list one paging always id handle name") &&
	       decl_read_tests(r, &when, jx_get(v, "when"), scope, &ret->when) &&
	       read_path(r, &path, jx_get(v, verb), scope, &ret->path) &&
	       read_pairs(r, &query, jx_get(v, "query"), scope | SCOPE_PAGE, &ret->query,
			  &ret->n_query) &&
	       (!is_post || read_body(r, p, v, scope, ret)) &&
	       read_paging(r, p, jx_get(v, "paging"), &ret->paging) &&
	       ((!ret->is_one && !jx_is_set(jx_get(v, "list"))) ||
		read_lists(r, p, jx_get(v, ret->is_one ? "one" : "list"), ret));
}

bool decl_read_steps(struct decl_reader *r, const struct decl_place *p, struct jx v, unsigned scope,
		     struct decl_steps *ret)
{
	struct decl_call *steps;
	size_t n = jx_len(v);

	if (!jx_is_set(v)) {
		return true;
	}
	if (!jx_is_array(v) || n == 0 || n > DECL_MOST_STEPS) {
		return decl_fault(r, p, "it must be a list of one to %d steps", DECL_MOST_STEPS);
	}
	steps = ARENA_ARRAY(r->arena, struct decl_call, n);
	for (size_t i = 0; i < n; i++) {
		struct decl_place at = { p, text_printf(r->arena, "%zu", i) };

		if (!decl_read_call(r, &at, jx_at(v, i), scope, &steps[i])) {
			return false;
		}
		if (steps[i].n_lists == 0) {
			return decl_fault(r, &at,
					  "it does not say where the elements are: add "
					  "\"list\" or \"one\"");
		}
	}
	*ret = (struct decl_steps){ steps, n };
	return true;
}
