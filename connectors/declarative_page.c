#include "declarative_page.h"

#include "answerd/html.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/posting.h"
#include "answerd/url.h"

#define BODY_MOST ((size_t)16 * LIMIT_MESSAGE_BYTES)

/* ---- asking ---- */

static bool add_query(const struct decl_scope *s, const struct decl_call *call, struct strbuf *b)
{
	const char *sign = "?";

	for (size_t i = 0; i < call->n_query; i++) {
		scoped(strbuf_done) struct strbuf value = { .max_bytes = LIMIT_URL_BYTES };

		if (decl_fill(s, call->query[i].value, /* is_url= */ true, &value)) {
			strbuf_add_str(b, sign);
			strbuf_add_url(b, call->query[i].name);
			strbuf_add_byte(b, '=');
			strbuf_add(b, strbuf_text(&value));
			sign = "&";
		}
	}
	return !b->is_full;
}

/* Nothing that is filled in climbs out of the path. */
static bool is_straight(struct text path)
{
	struct text rest = path, part;

	while (rest.len > 0) {
		(void)text_cut(rest, '/', &part, &rest);
		if (text_eq(part, TEXT(".")) || text_eq(part, TEXT(".."))) {
			return false;
		}
	}
	return true;
}

static bool is_header_value(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if ((unsigned char)t.at[i] < ' ' || t.at[i] == 0x7f) {
			return false;
		}
	}
	return t.len > 0 && t.len < LIMIT_URL_BYTES;
}

static bool add_auth(const struct decl *d, const struct decl_scope *s, struct request *ret,
		     struct err *err)
{
	struct arena *a = s->ctx->arena;

	request_add_header(ret, TEXT("Accept"), TEXT("application/json"));
	if (d->auth == AUTH_BEARER) {
		ret->bearer = s->ctx->token;
	} else if (d->auth == AUTH_BASIC && s->ctx->token.len > 0) {
		request_add_header(ret, TEXT("Authorization"), page_basic(a, s->ctx->token));
	}
	for (size_t i = 0; i < d->n_headers; i++) {
		scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_URL_BYTES };

		if (decl_fill(s, d->headers[i].value, /* is_url= */ false, &b)) {
			if (!is_header_value(strbuf_text(&b))) {
				return err_set(
					err, ERR_CONFIG,
					"the header %.*s would not be one: is the token right?",
					TEXT_ARG(d->headers[i].name));
			}
			request_add_header(ret, d->headers[i].name, text_dup(a, strbuf_text(&b)));
		}
	}
	return true;
}

static void add_node(const struct decl_scope *s, const struct decl_node *n, struct strbuf *b,
		     bool *is_right);

/* True when something was added: an empty text and what is empty inside leave their member out. */
static bool is_there(const struct decl_scope *s, const struct decl_node *n)
{
	return (n->kind != BODY_TEXT && n->kind != BODY_NUMBER) ||
	       decl_value_of(s, &n->value).len > 0;
}

static void add_children(const struct decl_scope *s, const struct decl_node *n, struct strbuf *b,
			 bool *is_right)
{
	bool is_first = true;

	for (size_t i = 0; i < n->n_children; i++) {
		const struct decl_node *child = &n->children[i];

		if (!is_there(s, child)) {
			continue;
		}
		strbuf_add_str(b, is_first ? "" : ",");
		is_first = false;
		if (n->kind == BODY_OBJECT) {
			strbuf_add_json(b, child->name);
			strbuf_add_byte(b, ':');
		}
		add_node(s, child, b, is_right);
	}
}

static void add_node(const struct decl_scope *s, const struct decl_node *n, struct strbuf *b,
		     bool *is_right)
{
	struct text t;
	int64_t number;

	switch (n->kind) {
	case BODY_TEXT: strbuf_add_json(b, decl_value_of(s, &n->value)); return;
	case BODY_NUMBER:
		t = decl_value_of(s, &n->value);
		*is_right = *is_right && num_parse_i64(t, &number);
		strbuf_add(b, t);
		return;
	case BODY_AS_IS: strbuf_add(b, n->as_is); return;
	case BODY_OBJECT:
	case BODY_LIST:
		strbuf_add_byte(b, n->kind == BODY_OBJECT ? '{' : '[');
		add_children(s, n, b, is_right); /* as deep as the description, which is bounded */
		strbuf_add_byte(b, n->kind == BODY_OBJECT ? '}' : ']');
		return;
	}
}

static bool add_body(const struct decl_scope *s, const struct decl_call *call, struct request *ret,
		     struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = BODY_MOST };
	bool is_right = true;

	if (call->has_json) {
		add_node(s, &call->json, &b, &is_right);
		ret->content_type = TEXT("application/json");
	} else {
		for (size_t i = 0; i < call->n_form; i++) {
			scoped(strbuf_done) struct strbuf value = { .max_bytes = BODY_MOST };

			if (decl_fill(s, call->form[i].value, /* is_url= */ true, &value)) {
				strbuf_add_str(&b, b.len > 0 ? "&" : "");
				strbuf_add_url(&b, call->form[i].name);
				strbuf_add_byte(&b, '=');
				strbuf_add(&b, strbuf_text(&value));
			}
		}
		ret->content_type = TEXT("application/x-www-form-urlencoded");
	}
	ret->method = HTTP_POST;
	ret->body = text_dup(s->ctx->arena, strbuf_text(&b));
	if (b.is_full) {
		return err_set(err, ERR_DATA, "the reply is longer than can be sent");
	}
	return is_right ||
	       err_set(err, ERR_DATA, "the description wants a number where this message has none");
}

bool decl_request(const struct decl *d, const struct decl_scope *s, const struct decl_call *call,
		  struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_URL_BYTES };
	struct text server = s->ctx->server, path;
	struct url url;

	*ret = (struct request){ .method = HTTP_GET };
	strbuf_add(&b, server);
	if (!decl_fill(s, call->path, /* is_url= */ true, &b)) {
		return err_set(err, ERR_DATA,
			       "the path of the description cannot be filled in for this question");
	}
	path = text_slice(strbuf_text(&b), server.len, SIZE_MAX);
	if (!is_straight(path) || !add_query(s, call, &b)) {
		return err_set(err, ERR_DATA, "the address would be none, or longer than %d bytes",
			       LIMIT_URL_BYTES);
	}
	ret->url = text_dup(s->ctx->arena, strbuf_text(&b));
	if (!url_parse(ret->url, &url) || !url_same_origin(ret->url, server)) {
		return err_set(err, ERR_DATA, "the address would not be one of the server");
	}
	if (!add_auth(d, s, ret, err)) {
		return false;
	}
	return (!call->has_json && call->form == NULL) || add_body(s, call, ret, err);
}

/* ---- judging ---- */

enum err_kind decl_verdict(const struct decl *d, const struct decl_scope *s,
			   const struct response *r, struct text *ret_words)
{
	struct decl_scope in = *s;
	struct text code;

	*ret_words = TEXT_NONE;
	if (r->is_cut || page_is_html(r) || !jx_scan(r->body, &in.slice, NULL) ||
	    jx_slice_kind(in.slice) != '{') {
		return ERR_NONE;
	}
	code = decl_value_of(&in, &d->error_code);
	if (r->status >= 300 || code.len > 0) {
		*ret_words = text_clip(decl_value_of(&in, &d->error_words), 160);
	}
	for (size_t i = 0; i < d->n_errors && code.len > 0; i++) {
		if (text_eq(d->errors[i].code, code)) {
			return d->errors[i].kind;
		}
	}
	return ERR_NONE;
}

bool decl_check(const struct decl *d, const struct decl_scope *s, const struct response *r,
		struct outcome *out, struct err *err)
{
	struct text words;
	enum err_kind kind = decl_verdict(d, s, r, &words);

	out->rate = page_rate(r, &d->rate);
	switch (kind) {
	case ERR_LIMITED:
		return err_limited(err, page_not_before(s->ctx, r, &out->rate),
				   "the server says we ask too often (%d)", r->status);
	case ERR_AUTH:
		return err_set(err, ERR_AUTH,
			       "the server refuses the token (%d): make a new one and reload",
			       r->status);
	case ERR_GONE:
		return err_set(err, ERR_GONE, "not there (%d): is `server` right?", r->status);
	case ERR_DATA:
		return err_set(err, ERR_DATA, "the server does not understand the question (%d)",
			       r->status);
	case ERR_RETRY:
	case ERR_UNSURE:
		return err_set(err, ERR_RETRY, "the server says that it cannot answer now (%d)",
			       r->status);
	case ERR_NONE:
	case ERR_CONFIG: break;
	}
	return page_check(s->ctx, r, &out->rate, err);
}

/* ---- one element ---- */

static struct text clipped(const struct decl_scope *s, const struct decl_value *v, size_t most)
{
	return text_clip(decl_value_of(s, v), most);
}

static struct text id_or_none(const struct decl_scope *s, const struct decl_value *v)
{
	struct text id = decl_value_of(s, v);

	return page_is_id(id) ? id : TEXT_NONE;
}

static struct text body_of(const struct decl_scope *s, const struct decl_element *e)
{
	struct text t = decl_value_of(s, &e->text);

	switch (e->form) {
	case DECL_HTML: t = html_to_text(s->ctx->arena, t); break;
	case DECL_MARKDOWN: t = decl_markdown_read(s->ctx->arena, t); break;
	case DECL_PLAIN: break;
	}
	return text_clip(t, LIMIT_MESSAGE_BYTES);
}

static void read_names(const struct decl_scope *s, const struct decl_element *e, struct message *m)
{
	struct url u;

	m->author_handle = clipped(s, &e->handle, LIMIT_NAME_BYTES);
	m->author_name = clipped(s, &e->author_name, LIMIT_NAME_BYTES);
	m->warning = clipped(s, &e->warning, LIMIT_NAME_BYTES);
	m->language = posting_language(decl_value_of(s, &e->language));
	m->permalink = decl_value_of(s, &e->permalink);
	if (m->permalink.len > LIMIT_URL_BYTES || !url_parse(m->permalink, &u)) {
		m->permalink = TEXT_NONE;
	}
}

/* What it is, to whom, and whose. */
static void read_bearing(struct decl_scope *s, const struct decl_element *e, struct message *m)
{
	struct text kind = decl_value_of(s, &e->kind);
	struct text visibility = decl_value_of(s, &e->visibility);

	m->kind = message_kind_of(kind);
	m->visibility = visibility.len > 0          ? message_visibility_of(visibility)
			: m->kind == MESSAGE_DIRECT ? MESSAGE_PRIVATE
						    : MESSAGE_PUBLIC;
	m->direction = page_is_ours(s->ctx, m->author_id) || decl_is(s, &e->ours) ? MESSAGE_OUTBOUND
										  : MESSAGE_INBOUND;
	m->is_automatic = decl_is(s, &e->automatic);
	s->text = m->body;
	if (m->direction == MESSAGE_INBOUND && m->kind != MESSAGE_OTHER) {
		m->is_named = m->kind == MESSAGE_DIRECT || decl_is(s, &e->named);
		m->is_about = decl_is(s, &e->about);
	}
}

static bool element_read(struct decl_scope *s, const struct decl_element *e, struct message *m,
			 struct err *err)
{
	struct arena *a = s->ctx->arena;

	if (jx_slice_kind(s->slice) != '{') {
		return err_set(err, ERR_DATA, "it is no object");
	}
	if (m->external_id.len == 0) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	m->author_id = id_or_none(s, &e->author);
	if (m->author_id.len == 0) {
		return err_set(err, ERR_DATA, "it has no author that can be stored");
	}
	m->parent_id = id_or_none(s, &e->parent);
	if (text_eq(m->parent_id, m->external_id)) {
		m->parent_id = TEXT_NONE; /* nobody answers himself */
	}
	m->body = body_of(s, e);
	m->thread_id = id_or_none(s, &e->thread);
	read_names(s, e, m);
	read_bearing(s, e, m);
	if (m->direction == MESSAGE_OUTBOUND && m->thread_id.len > 0) {
		m->peer_id = id_or_none(s, &e->peer);
	}
	m->posted_at = decl_time_of(a, decl_value_of(s, &e->at), e->time);
	m->edited_at = decl_time_of(a, decl_value_of(s, &e->edited), e->time);
	m->revision = clipped(s, &e->revision, LIMIT_ID_BYTES);
	return true;
}

static void key_read(const struct decl_scope *s, const struct decl_paging *p, struct decl_item *ret)
{
	struct text t = p->key.n_tries > 0 ? decl_value_of(s, &p->key) : TEXT_NONE;

	if (p->is_key_time) {
		ret->key = decl_time_of(s->ctx->arena, t, p->key_time).us;
		ret->has_key = ret->key != 0;
	} else {
		ret->has_key = num_parse_i64(t, &ret->key);
	}
}

static void element_add(const struct decl_scope *base, const struct decl_element *e,
			const struct decl_paging *paging, struct text slice, struct outcome *out,
			struct decl_item *ret)
{
	struct decl_scope s = *base;
	struct message m = { .raw = slice };
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	bool is_read;
	struct jx v;

	s.slice = slice;
	m.external_id = id_or_none(&s, &e->id);
	key_read(&s, paging, ret);
	/* Parsed once as a whole, so that nothing is read of what is not JSON; the places are cut out of it. */
	is_read = jx_parse(s.ctx->arena, slice, &v, &doc, &err) && element_read(&s, e, &m, &err);
	if (is_read && decl_is_spent(s.ctx->arena)) {
		is_read = err_set(&err, ERR_DATA, "the description makes too much of this answer");
	}
	if (!is_read) {
		outcome_add_bad(s.ctx->arena, out, slice, m.external_id, err.text);
	} else if (decl_is(&s, &e->deleted)) {
		outcome_add_gone(s.ctx->arena, out, m.external_id);
	} else {
		ret->at = m.posted_at;
		*outcome_add_message(s.ctx->arena, out) = m;
	}
	jx_release(&doc);
}

/* ---- a page ---- */

static bool list_read(const struct decl_scope *s, const struct decl_call *call, size_t nth,
		      struct text page, struct text **ret, size_t *ret_n, struct err *err)
{
	struct text found = TEXT_NONE;
	const struct decl_list *list = &call->lists[nth];

	*ret_n = 0;
	if (!decl_find(s->ctx->arena, page, list->path, &found)) {
		return err_set(err, ERR_DATA, "the answer has no '%.*s' where it was expected",
			       TEXT_ARG(text_clip(list->path, 60)));
	}
	if (call->is_one) {
		*ret = ARENA_NEW(s->ctx->arena, struct text);
		**ret = found;
		*ret_n = 1;
		return jx_slice_kind(found) == '{' ||
		       err_set(err, ERR_DATA, "the answer's '%.*s' is no element",
			       TEXT_ARG(text_clip(list->path, 60)));
	}
	if (text_eq(found, TEXT("null"))) {
		return true; /* an empty list, in some languages */
	}
	if (jx_slice_kind(found) != '[') {
		return err_set(err, ERR_DATA, "the answer's '%.*s' is no list",
			       TEXT_ARG(text_clip(list->path, 60)));
	}
	return jx_elements(s->ctx->arena, found, ret, ret_n, err);
}

bool decl_read_page(const struct decl_scope *s, const struct decl_call *call, struct text page,
		    struct outcome *out, struct decl_items *ret, struct err *err)
{
	struct text *slices[DECL_MOST_LISTS];
	size_t n[DECL_MOST_LISTS], total = 0, k = 0;

	for (size_t i = 0; i < call->n_lists; i++) {
		if (!list_read(s, call, i, page, &slices[i], &n[i], err)) {
			return false;
		}
		total += n[i];
	}
	*ret = (struct decl_items){ .at = ARENA_ARRAY(s->ctx->arena, struct decl_item, total),
				    .n = total,
				    .n_lists = call->n_lists,
				    .mark = TEXT_HASH_SEED };
	for (size_t i = 0; i < call->n_lists; i++) {
		for (size_t j = 0; j < n[i]; j++) {
			ret->at[k].list = i;
			ret->mark = text_hash(ret->mark, slices[i][j]);
			element_add(s, call->lists[i].element, &call->paging, slices[i][j], out,
				    &ret->at[k++]);
		}
	}
	return true;
}

const struct decl_call *decl_step(const struct decl_scope *s, const struct decl_steps *steps,
				  int64_t from, int64_t *ret_nth)
{
	for (int64_t i = from; i >= 0 && i < (int64_t)steps->n; i++) {
		if (steps->at[i].when.n == 0 || decl_is(s, &steps->at[i].when)) {
			*ret_nth = i;
			return &steps->at[i];
		}
	}
	return NULL;
}
