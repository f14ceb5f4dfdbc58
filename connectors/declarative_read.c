/* A whole description, read once; and what the house wants to know of it. */
#include <stdio.h>

#include "answerd/limits.h"
#include "answerd/num.h"
#include "declarative_value.h"

#define IN_ELEMENT (SCOPE_ELEMENT | SCOPE_ACCOUNT | SCOPE_SOURCE)
#define IN_THREAD  (SCOPE_SUBJECT | SCOPE_ACCOUNT)
#define IN_REPLY   (SCOPE_SUBJECT | SCOPE_ACCOUNT | SCOPE_REPLY)

static const char *const auth_words[] = { "nothing", "bearer", "basic", "header", NULL };
static const char *const unit_words[] = { "characters", "graphemes", "weighted",
					  "utf16",      "bytes",     NULL };
static const char *const time_words[] = { "platform", "author", NULL };
static const char *const error_words[] = { "retry",   "limited", "auth", "gone",
					   "refused", "unsure",  NULL };
static const enum err_kind error_kinds[] = { ERR_RETRY, ERR_LIMITED, ERR_AUTH,
					     ERR_GONE,  ERR_DATA,    ERR_UNSURE };

/* ---- small ones ---- */

static bool read_optional(struct decl_reader *r, const struct decl_place *up, struct jx v,
			  const char *name, struct text *ret)
{
	struct decl_place p = { up, text_of(name) };

	return !jx_is_set(jx_get(v, name)) || decl_read_text(r, &p, jx_get(v, name), ret);
}

static bool read_needed(struct decl_reader *r, const struct decl_place *up, struct jx v,
			const char *name, struct text *ret)
{
	struct decl_place p = { up, text_of(name) };

	if (!jx_is_set(jx_get(v, name))) {
		return decl_fault(r, &p, "it is missing: add it");
	}
	return decl_read_text(r, &p, jx_get(v, name), ret);
}

static bool read_span(struct decl_reader *r, const struct decl_place *up, struct jx v,
		      const char *name, int64_t *ret_s)
{
	struct decl_place p = { up, text_of(name) };
	struct text t = TEXT_NONE;
	struct dur d;

	if (!read_optional(r, up, v, name, &t) || t.len == 0) {
		return !jx_is_set(jx_get(v, name));
	}
	if (!dur_parse(t, &d)) {
		return decl_fault(r, &p, "it is no length of time: write it as in \"15m\"");
	}
	*ret_s = d.us / 1000000;
	return true;
}

/* ---- elements ---- */

static bool read_author(struct decl_reader *r, const struct decl_place *up, struct jx v,
			struct decl_element *ret)
{
	struct decl_place p = { up, TEXT("author") }, id = { &p, TEXT("id") };

	return decl_only(r, &p, v, "id handle name") &&
	       decl_read_value(r, &id, jx_get(v, "id"), IN_ELEMENT, &ret->author) &&
	       decl_read_value(r, &(struct decl_place){ &p, TEXT("handle") }, jx_get(v, "handle"),
			       IN_ELEMENT, &ret->handle) &&
	       decl_read_value(r, &(struct decl_place){ &p, TEXT("name") }, jx_get(v, "name"),
			       IN_ELEMENT, &ret->author_name) &&
	       (ret->author.n_tries > 0 || decl_fault(r, &id, "it is missing: add it"));
}

static bool read_body_text(struct decl_reader *r, const struct decl_place *p, struct jx v,
			   struct decl_element *ret)
{
	int n = 0;

	for (int form = DECL_PLAIN; form <= DECL_MARKDOWN; form++) {
		struct decl_place at = { p, text_of(decl_text_words[form]) };
		struct jx t = jx_get(v, decl_text_words[form]);

		if (jx_is_set(t)) {
			n++;
			ret->form = (enum decl_text)form;
			if (!decl_read_value(r, &at, t, IN_ELEMENT, &ret->text)) {
				return false;
			}
		}
	}
	return n == 1 ||
	       decl_fault(r, p, "it must say in one way what was said: plain, html or markdown");
}

static bool read_element(struct decl_reader *r, const struct decl_place *p, struct jx v,
			 struct decl_element *ret)
{
	const struct {
		const char *name;
		struct decl_value *value;
	} values[] = {
		{ "id", &ret->id },          { "parent", &ret->parent },
		{ "thread", &ret->thread },  { "peer", &ret->peer },
		{ "title", &ret->warning },  { "language", &ret->language },
		{ "link", &ret->permalink }, { "at", &ret->at },
		{ "edited", &ret->edited },  { "revision", &ret->revision },
		{ "kind", &ret->kind },      { "visibility", &ret->visibility },
	};
	const struct {
		const char *name;
		struct decl_tests *tests;
	} tests[] = { { "deleted", &ret->deleted },
		      { "to_us", &ret->named },
		      { "about_us", &ret->about },
		      { "automatic", &ret->automatic },
		      { "ours", &ret->ours } };
	int time = DECL_RFC3339;

	if (!decl_only(
		    r, p, v,
		    "id parent thread peer title language link at edited revision kind visibility "
		    "time author plain html markdown deleted to_us about_us automatic ours") ||
	    !read_author(r, p, jx_get(v, "author"), ret) || !read_body_text(r, p, v, ret) ||
	    !decl_read_word(r, &(struct decl_place){ p, TEXT("time") }, jx_get(v, "time"),
			    decl_time_words, &time)) {
		return false;
	}
	ret->time = (enum decl_time)time;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct decl_place at = { p, text_of(values[i].name) };

		if (!decl_read_value(r, &at, jx_get(v, values[i].name), IN_ELEMENT,
				     values[i].value)) {
			return false;
		}
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		struct decl_place at = { p, text_of(tests[i].name) };

		if (!decl_read_tests(r, &at, jx_get(v, tests[i].name), IN_ELEMENT,
				     tests[i].tests)) {
			return false;
		}
	}
	if (ret->id.n_tries == 0 || ret->kind.n_tries == 0) {
		return decl_fault(r, p, "its `id` or its `kind` is missing: add it");
	}
	return true;
}

static bool read_elements(struct decl_reader *r, struct jx v)
{
	struct decl_place p = { NULL, TEXT("elements") };
	struct decl_element *all;
	size_t n = jx_n_members(v);

	if (!decl_only(r, &p, v, NULL)) {
		return false;
	}
	all = ARENA_ARRAY(r->arena, struct decl_element, n);
	for (size_t i = 0; i < n; i++) {
		struct decl_place at = { &p, jx_member_name(v, i) };

		all[i].name = text_dup(r->arena, at.name);
		if (!read_element(r, &at, jx_member_value(v, i), &all[i])) {
			return false;
		}
	}
	r->decl->elements = all;
	r->decl->n_elements = n;
	return n > 0 || decl_fault(r, &p, "it is empty: describe what is said there");
}

/* ---- sources ---- */

static bool read_sources(struct decl_reader *r, struct jx v, struct connector *c)
{
	scoped(strbuf_done) struct strbuf words = { .max_bytes = 4096 };
	struct decl_place p = { NULL, TEXT("sources") };
	size_t n = jx_n_members(v), n_always = 0;
	struct decl_source *all;
	const char **always, **listed;

	if (!decl_only(r, &p, v, NULL) || n == 0 || n > DECL_MOST_SOURCES) {
		return decl_fault(r, &p, "it must describe one to %d sources", DECL_MOST_SOURCES);
	}
	all = ARENA_ARRAY(r->arena, struct decl_source, n);
	always = ARENA_ARRAY(r->arena, const char *, n + 1);
	listed = ARENA_ARRAY(r->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct decl_place at = { &p, jx_member_name(v, i) };
		struct jx one = jx_member_value(v, i);
		bool is_always = jx_bool_or(one, "always", false);

		all[i].name = text_dup(r->arena, at.name);
		all[i].is_prefix = text_ends(at.name, TEXT(":"));
		if (at.name.len == 0 || !page_is_id(at.name) || (all[i].is_prefix && is_always)) {
			return decl_fault(r, &at,
					  "a source's name has no blanks; one that ends with ':' "
					  "is not always read");
		}
		if (!decl_read_call(r, &at, one, SCOPE_ACCOUNT | SCOPE_SOURCE, &all[i].call)) {
			return false;
		}
		if (all[i].call.n_lists == 0 || all[i].call.is_one ||
		    all[i].call.paging.key.n_tries == 0) {
			return decl_fault(r, &at, "it must have \"list\" and \"paging\": add them");
		}
		listed[i] = all[i].name.at;
		strbuf_printf(&words, "%s%s%s", i > 0 ? ", " : "", all[i].name.at,
			      is_always          ? " (always read)"
			      : all[i].is_prefix ? "WORDS"
						 : "");
		c->can.search = c->can.search || text_eq(at.name, TEXT("search:"));
		if (is_always) {
			always[n_always++] = all[i].name.at;
		}
	}
	r->decl->sources = all;
	r->decl->n_sources = n;
	c->always = always;
	c->listed = listed;
	c->sources = text_cstr(r->arena, strbuf_text(&words));
	return true;
}

/* ---- how it is asked ---- */

/* What HTTP itself needs stays out of a description's hands. */
static bool is_free_header(struct text name)
{
	static const char *const taken[] = { "host",
					     "content-length",
					     "content-type",
					     "connection",
					     "transfer-encoding",
					     "te",
					     "upgrade",
					     "cookie",
					     "expect",
					     "range",
					     "accept-encoding",
					     "user-agent" };

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (text_eq_nocase(text_of(taken[i]), name)) {
			return false;
		}
	}
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-')) {
			return false;
		}
	}
	return name.len > 0 && !text_starts_nocase(name, TEXT("proxy-")) && name.len < 64;
}

static bool read_auth(struct decl_reader *r, struct jx v)
{
	struct decl_place p = { NULL, TEXT("auth") }, headers = { &p, TEXT("headers") };
	struct jx list = jx_get(v, "headers");
	const char *why;
	int by = AUTH_NONE;

	if (!jx_is_set(v)) {
		return true;
	}
	if (!decl_only(r, &p, v, "by headers") ||
	    !decl_read_word(r, &(struct decl_place){ &p, TEXT("by") }, jx_get(v, "by"), auth_words,
			    &by) ||
	    (jx_is_set(list) && !decl_only(r, &headers, list, NULL))) {
		return false;
	}
	r->decl->auth = (enum decl_auth)by;
	if (jx_n_members(list) > 4 || (by == AUTH_HEADER && jx_n_members(list) == 0)) {
		return decl_fault(r, &headers, "write one to four headers");
	}
	for (size_t i = 0; i < jx_n_members(list); i++) {
		struct decl_pair *h = &r->decl->headers[r->decl->n_headers++];
		struct decl_place at = { &headers, jx_member_name(list, i) };

		h->name = text_dup(r->arena, at.name);
		if (!is_free_header(at.name)) {
			return decl_fault(r, &at, "this header cannot be set: choose another");
		}
		if (!decl_read_text(r, &at, jx_member_value(list, i), &h->value) ||
		    (!decl_template_check(h->value, SCOPE_TOKEN, &why) &&
		     !decl_fault(r, &at, "%s", why))) {
			return false;
		}
	}
	return true;
}

static bool read_rate(struct decl_reader *r, struct jx v)
{
	struct decl_place p = { NULL, TEXT("rate") };
	struct page_rate_names *names = &r->decl->rate;

	return !jx_is_set(v) || (decl_only(r, &p, v, "limit remaining reset") &&
				 read_optional(r, &p, v, "limit", &names->limit) &&
				 read_optional(r, &p, v, "remaining", &names->remaining) &&
				 read_optional(r, &p, v, "reset", &names->reset));
}

static bool read_errors(struct decl_reader *r, struct jx v)
{
	struct decl_place p = { NULL, TEXT("errors") }, means = { &p, TEXT("means") };
	struct jx list = jx_get(v, "means");

	if (!jx_is_set(v)) {
		return true;
	}
	if (!decl_only(r, &p, v, "code words means") ||
	    !decl_read_value(r, &(struct decl_place){ &p, TEXT("code") }, jx_get(v, "code"),
			     SCOPE_ELEMENT, &r->decl->error_code) ||
	    !decl_read_value(r, &(struct decl_place){ &p, TEXT("words") }, jx_get(v, "words"),
			     SCOPE_ELEMENT, &r->decl->error_words) ||
	    (jx_is_set(list) && !decl_only(r, &means, list, NULL))) {
		return false;
	}
	r->decl->errors = ARENA_ARRAY(r->arena, struct decl_error, jx_n_members(list));
	for (size_t i = 0; i < jx_n_members(list); i++) {
		struct decl_place at = { &means, jx_member_name(list, i) };
		int kind = 0;

		r->decl->errors[i].code = text_dup(r->arena, at.name);
		if (!decl_read_word(r, &at, jx_member_value(list, i), error_words, &kind)) {
			return false;
		}
		r->decl->errors[i].kind = error_kinds[kind];
	}
	r->decl->n_errors = jx_n_members(list);
	return true;
}

static bool read_identify(struct decl_reader *r, struct jx v)
{
	struct decl_place p = { NULL, TEXT("identify") };

	if (!jx_is_set(v)) {
		return r->decl->auth == AUTH_NONE ||
		       decl_fault(r, &p, "it is missing: write the call that says who we are");
	}
	if (!decl_read_call(r, &p, v, SCOPE_ACCOUNT, &r->decl->identify) ||
	    !decl_read_value(r, &(struct decl_place){ &p, TEXT("id") }, jx_get(v, "id"),
			     SCOPE_ELEMENT, &r->decl->own_id) ||
	    !decl_read_value(r, &(struct decl_place){ &p, TEXT("handle") }, jx_get(v, "handle"),
			     SCOPE_ELEMENT, &r->decl->own_handle) ||
	    !decl_read_value(r, &(struct decl_place){ &p, TEXT("name") }, jx_get(v, "name"),
			     SCOPE_ELEMENT, &r->decl->own_name)) {
		return false;
	}
	return r->decl->own_id.n_tries > 0 || decl_fault(r, &p, "its `id` is missing: add it");
}

/* ---- what it can ---- */

static bool read_kinds(struct decl_reader *r, const struct decl_place *up, struct jx v,
		       const char *name, const char **ret)
{
	struct decl_place p = { up, text_of(name) };
	struct text words = TEXT_NONE, rest, one;

	if (!read_optional(r, up, v, name, &words)) {
		return false;
	}
	for (rest = words; rest.len > 0;) {
		(void)text_cut(rest, ' ', &one, &rest);
		if (!text_eq(one, text_of(message_kind_name(message_kind_of(one))))) {
			return decl_fault(r, &p,
					  "'%.*s' is no kind: mention comment reply direct review "
					  "post other",
					  TEXT_ARG(text_clip(one, 40)));
		}
	}
	*ret = words.len > 0 ? text_cstr(r->arena, words) : NULL;
	return true;
}

static bool read_can(struct decl_reader *r, struct jx v, struct connector_can *can)
{
	struct decl_place p = { NULL, TEXT("can") };
	struct text history = TEXT_NONE, rhythm = TEXT_NONE, limits = TEXT_NONE;
	int unit = LENGTH_CHARACTERS, time = 0;
	struct dur d;

	if (!decl_only(
		    r, &p, v,
		    "hears answers edits deletions direct history rhythm limits length unit settle "
		    "window time requests in") ||
	    !read_kinds(r, &p, v, "hears", &can->hears) ||
	    !read_kinds(r, &p, v, "answers", &can->answers) ||
	    !read_needed(r, &p, v, "history", &history) ||
	    !read_optional(r, &p, v, "rhythm", &rhythm) ||
	    !read_optional(r, &p, v, "limits", &limits) ||
	    !read_span(r, &p, v, "settle", &can->settle_s) ||
	    !read_span(r, &p, v, "window", &can->reply_window_s) ||
	    !read_span(r, &p, v, "in", &can->budget_window_s) ||
	    !decl_read_word(r, &(struct decl_place){ &p, TEXT("unit") }, jx_get(v, "unit"),
			    unit_words, &unit) ||
	    !decl_read_word(r, &(struct decl_place){ &p, TEXT("time") }, jx_get(v, "time"),
			    time_words, &time)) {
		return false;
	}
	if (can->hears == NULL || (rhythm.len > 0 && !dur_parse(rhythm, &d))) {
		return decl_fault(r, &p,
				  "`hears` must name kinds; `rhythm` is written as in \"60s\"");
	}
	can->edits = jx_bool_or(v, "edits", false);
	can->deletions = jx_bool_or(v, "deletions", false);
	can->direct = jx_bool_or(v, "direct", false);
	can->history = text_cstr(r->arena, history);
	can->rhythm = rhythm.len > 0 ? text_cstr(r->arena, rhythm) : NULL;
	can->limits = limits.len > 0 ? text_cstr(r->arena, limits) : NULL;
	can->max_length = jx_i64_or(v, "length", 0);
	can->length_unit = (enum length_unit)unit;
	can->is_time_authors = time == 1;
	can->budget_requests = jx_i64_or(v, "requests", 60);
	can->budget_window_s = can->budget_window_s > 0 ? can->budget_window_s : 60;
	return (can->budget_requests > 0 && can->budget_requests <= 1000000 &&
		can->max_length >= 0) ||
	       decl_fault(r, &p, "`requests` and `length` must be whole numbers above 0");
}

static bool read_reply(struct decl_reader *r, struct jx v, struct connector_can *can)
{
	struct decl_place p = { NULL, TEXT("reply") }, key_at = { &p, TEXT("key") };
	struct jx key = jx_get(v, "key");
	int write = DECL_PLAIN;

	if (!jx_is_set(v)) {
		can->answers = NULL;
		can->why_no_reply =
			"Its description has no way to reply: answer on the site itself; "
			"the answer is seen here.";
		return true;
	}
	if (!decl_only(r, &p, v, "write calls key limit_is_unsent") ||
	    !decl_read_word(r, &(struct decl_place){ &p, TEXT("write") }, jx_get(v, "write"),
			    decl_text_words, &write) ||
	    !decl_read_steps(r, &(struct decl_place){ &p, TEXT("calls") }, jx_get(v, "calls"),
			     IN_REPLY, &r->decl->reply)) {
		return false;
	}
	r->decl->write = (enum decl_text)write;
	r->decl->is_429_unsent = jx_bool_or(v, "limit_is_unsent", false);
	for (size_t i = 0; i < r->decl->reply.n; i++) {
		const struct decl_call *c = &r->decl->reply.at[i];

		if ((!c->has_json && c->form == NULL) || !c->is_one) {
			return decl_fault(
				r, &p,
				"each call needs \"post\", a body, and \"one\": where the "
				"new message stands in the answer");
		}
	}
	if (jx_is_set(key)) {
		if (!decl_only(r, &key_at, key, "header valid") ||
		    !read_needed(r, &key_at, key, "header", &r->decl->key_header) ||
		    !read_span(r, &key_at, key, "valid", &can->key_valid_s)) {
			return false;
		}
		if (!is_free_header(r->decl->key_header) || can->key_valid_s <= 0) {
			return decl_fault(r, &key_at,
					  "write a header's name, and how long it is kept");
		}
		can->direct_key_valid_s = can->key_valid_s;
		can->idempotency = text_cstr(r->arena, r->decl->key_header);
	}
	can->reply = r->decl->reply.n > 0;
	if (!can->reply || can->answers == NULL || can->max_length == 0) {
		return decl_fault(r, &p,
				  "a network that takes replies needs `calls`, and `answers` and "
				  "`length` in \"can\"");
	}
	return true;
}

/* Fewer elements can be asked for where every list says so. */
static int page_most_of(const struct decl *d)
{
	int most = 0;

	for (size_t i = 0; i < d->n_sources; i++) {
		if (d->sources[i].call.paging.most == 0) {
			return 0;
		}
		most = d->sources[i].call.paging.most > most ? d->sources[i].call.paging.most
							     : most;
	}
	return most;
}

static bool read_name(struct decl_reader *r, struct jx v)
{
	struct decl_place p = { NULL, TEXT("network") };
	struct text name;

	if (!read_needed(r, NULL, v, "network", &r->decl->network)) {
		return false;
	}
	name = r->decl->network;
	for (size_t i = 0; i < name.len; i++) {
		if (!((name.at[i] >= 'a' && name.at[i] <= 'z') || name.at[i] == '_' ||
		      (i > 0 && name.at[i] >= '0' && name.at[i] <= '9')) ||
		    name.len > 32) {
			return decl_fault(r, &p,
					  "it must be small letters, digits and '_', at most 32");
		}
	}
	for (size_t i = 0; i < n_connectors; i++) {
		if (text_eq(text_of(connectors[i]->name), name)) {
			return decl_fault(r, &p,
					  "'%.*s' is a network of our own: choose another name",
					  TEXT_ARG(name));
		}
	}
	return true;
}

static bool read_all(struct decl_reader *r, struct jx v, struct connector *c)
{
	struct decl *d = r->decl;

	if (!decl_only(r, NULL, v,
		       "network about needs auth rate errors can identify elements sources thread "
		       "recheck reply lookup") ||
	    !read_name(r, v) || !read_needed(r, NULL, v, "about", &d->about) ||
	    !read_needed(r, NULL, v, "needs", &d->needs) || !read_auth(r, jx_get(v, "auth")) ||
	    !read_rate(r, jx_get(v, "rate")) || !read_errors(r, jx_get(v, "errors")) ||
	    !read_can(r, jx_get(v, "can"), &c->can) || !read_identify(r, jx_get(v, "identify")) ||
	    !read_elements(r, jx_get(v, "elements")) || !read_sources(r, jx_get(v, "sources"), c) ||
	    !decl_read_steps(r, &(struct decl_place){ NULL, TEXT("thread") }, jx_get(v, "thread"),
			     IN_THREAD, &d->thread) ||
	    !decl_read_steps(r, &(struct decl_place){ NULL, TEXT("recheck") }, jx_get(v, "recheck"),
			     IN_THREAD, &d->recheck) ||
	    !read_reply(r, jx_get(v, "reply"), &c->can) ||
	    !decl_read_steps(r, &(struct decl_place){ NULL, TEXT("lookup") }, jx_get(v, "lookup"),
			     IN_REPLY, &d->lookup)) {
		return false;
	}
	c->name = text_cstr(r->arena, d->network);
	c->about = text_cstr(r->arena, d->about);
	c->needs = text_cstr(r->arena, d->needs);
	d->max_length = c->can.max_length;
	d->length_unit = c->can.length_unit;
	c->can.lookup = d->lookup.n > 0;
	c->can.recheck_batch = d->recheck.n > 0 ? 1 : 0;
	c->can.page_most = page_most_of(d);
	c->can.is_open = d->auth == AUTH_NONE;
	return true;
}

bool declarative_read(struct arena *a, struct text bytes, struct connector *ret_connector,
		      const struct decl **ret, struct err *err)
{
	struct decl_reader r = { .arena = a, .decl = ARENA_NEW(a, struct decl), .err = err };
	struct jx_doc *doc = NULL;
	struct err why = { 0 };
	struct text slice;
	struct jx v;
	bool is_read;

	if (bytes.len > DECL_MOST_BYTES) {
		return err_set(err, ERR_CONFIG, "a description has at most %u bytes: write less",
			       DECL_MOST_BYTES);
	}
	if (!jx_scan(bytes, &slice, &why) || !jx_parse(a, slice, &v, &doc, &why)) {
		return err_set(err, ERR_CONFIG, "%s: mend it there", why.text);
	}
	is_read = read_all(&r, v, ret_connector);
	jx_release(&doc);
	*ret = r.decl;
	return is_read;
}
