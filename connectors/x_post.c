#include "x_post.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"
#include "answerd/strbuf.h"
#include "x_session.h"

#define MOST_VERSIONS 16 /* five edits are allowed */
#define MOST_LINKS    64

struct user {
	struct text id, handle, name;
};

/* A post that came along: what it is called by its first id, and whose it is. */
struct along {
	struct text first, author;
	struct text versions[MOST_VERSIONS];
	size_t n_versions;
};

struct reader {
	const struct connector_ctx *ctx;
	const struct x_reading *how;
	struct user *users;
	size_t n_users;
	struct along *alongs;
	size_t n_alongs;
	struct outcome *out;
	struct x_page *page;
};

/* ---- members under either name ---- */

static struct jx either(struct jx v, const char *one, const char *other)
{
	struct jx found = jx_get(v, one);

	return jx_is_set(found) ? found : jx_get(v, other);
}

static size_t list_of(struct arena *a, struct text page, const char *name, struct text **ret)
{
	struct text list;
	size_t n = 0;

	if (!jx_member(page, text_of(name), &list) || jx_slice_kind(list) != '[' ||
	    !jx_elements(a, list, ret, &n, NULL)) {
		return 0;
	}
	return n;
}

/* ---- versions ---- */

/* All ids of a post, the first one first; false: its own id is none, or not among them. */
static bool versions_read(struct arena *a, struct jx v, struct along *ret, struct text *ret_id)
{
	struct jx list = either(v, "edit_history_tweet_ids", "edit_history_post_ids");
	struct text id = jx_text_or(a, v, "id", TEXT_NONE);
	bool is_among = false;

	*ret_id = id;
	ret->n_versions = 0;
	for (size_t i = 0; i < jx_len(list) && i < MOST_VERSIONS; i++) {
		struct text one;

		if (!jx_as_text(a, jx_at(list, i), &one) || !x_is_number(one)) {
			return false;
		}
		is_among = is_among || text_eq(one, id);
		ret->versions[ret->n_versions++] = one;
	}
	if (ret->n_versions == 0 && !jx_is_set(list)) {
		ret->versions[ret->n_versions++] = id; /* from before posts could be edited */
		is_among = true;
	}
	if (!x_is_number(id) || !is_among) {
		return false;
	}
	ret->first = ret->versions[0];
	return true;
}

static const struct along *along_find(const struct reader *r, struct text id)
{
	for (size_t i = 0; i < r->n_alongs; i++) {
		for (size_t k = 0; k < r->alongs[i].n_versions; k++) {
			if (text_eq(r->alongs[i].versions[k], id)) {
				return &r->alongs[i];
			}
		}
	}
	return NULL;
}

/* ---- who ---- */

static void users_read(struct reader *r, const struct text *slices, size_t n)
{
	struct arena *a = r->ctx->arena;

	r->users = ARENA_ARRAY(a, struct user, n);
	for (size_t i = 0; i < n && i < LIMIT_PAGE_ITEMS; i++) {
		struct user *u = &r->users[r->n_users];
		struct jx_doc *doc = NULL;
		struct jx v;

		if (!jx_parse(a, slices[i], &v, &doc, NULL)) {
			continue; /* then nobody has a handle, and the message stays */
		}
		u->id = page_id_or_none(a, v, "id");
		u->handle = text_clip(jx_text_or(a, v, "username", TEXT_NONE), LIMIT_NAME_BYTES);
		u->name = text_clip(jx_text_or(a, v, "name", TEXT_NONE), LIMIT_NAME_BYTES);
		r->n_users += u->id.len > 0;
		jx_release(&doc);
	}
}

static void author_fill(const struct reader *r, struct text id, struct message *m)
{
	m->author_id = id;
	m->direction = page_is_ours(r->ctx, id) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	for (size_t i = 0; i < r->n_users; i++) {
		if (text_eq(r->users[i].id, id)) {
			m->author_handle = r->users[i].handle;
			m->author_name = r->users[i].name;
		}
	}
	if (m->author_handle.len == 0 && m->direction == MESSAGE_OUTBOUND) {
		m->author_handle = r->ctx->own_handle;
	}
}

/* ---- words ---- */

/* X escapes three characters in its texts, and nothing else. */
static struct text unescaped(struct arena *a, struct text t)
{
	static const struct {
		const char *from;
		char to;
	} marks[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' } };
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_BODY_BYTES };

	for (size_t i = 0; i < t.len;) {
		size_t step = 0;

		for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]) && step == 0; k++) {
			if (text_starts(text_slice(t, i, SIZE_MAX), text_of(marks[k].from))) {
				strbuf_add_byte(&b, marks[k].to);
				step = strlen(marks[k].from);
			}
		}
		if (step == 0) {
			strbuf_add_byte(&b, t.at[i]);
			step = 1;
		}
		i += step;
	}
	return text_dup(a, strbuf_text(&b));
}

static struct text replaced(struct arena *a, struct text t, struct text from, struct text to)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = LIMIT_BODY_BYTES };
	size_t at = 0, next;

	while ((next = text_find(t, from, at)) != SIZE_MAX) {
		strbuf_add(&b, text_slice(t, at, next - at));
		strbuf_add(&b, to);
		at = next + from.len;
	}
	strbuf_add(&b, text_slice(t, at, SIZE_MAX));
	return b.is_full ? t : text_dup(a, strbuf_text(&b));
}

static bool is_link(struct text t)
{
	return (text_starts(t, TEXT("https://")) || text_starts(t, TEXT("http://"))) &&
	       t.len <= LIMIT_URL_BYTES && text_find(t, TEXT(" "), 0) == SIZE_MAX;
}

/* The text as people see it: links as they are meant (X shows its own shorter ones). */
static struct text words_of(struct arena *a, struct jx v)
{
	struct jx note = either(v, "note_tweet", "note_post");
	struct jx whole = jx_is_text(jx_get(note, "text")) ? note : v;
	struct jx links = jx_path(whole, "entities.urls");
	struct text t = unescaped(a, jx_text_or(a, whole, "text", TEXT_NONE));

	for (size_t i = 0; i < jx_len(links) && i < MOST_LINKS; i++) {
		struct text from = jx_text_or(a, jx_at(links, i), "url", TEXT_NONE);
		struct text to = jx_text_or(a, jx_at(links, i), "expanded_url", TEXT_NONE);

		if (is_link(from) && is_link(to)) {
			t = replaced(a, t, from, to);
		}
	}
	return text_clip(t, LIMIT_MESSAGE_BYTES);
}

/* "und", "qme", "zxx" …: X cannot tell. */
static struct text language_of(struct arena *a, struct jx v)
{
	struct text t = posting_language(jx_text_or(a, v, "lang", TEXT_NONE));
	bool is_none = text_eq(t, TEXT("und")) || text_eq(t, TEXT("zxx")) ||
		       (t.len == 3 && t.at[0] == 'q');

	return is_none ? TEXT_NONE : t;
}

/* ---- whom and what it is about ---- */

static void names_read(const struct reader *r, struct jx v, struct message *m)
{
	struct jx list = jx_path(v, "entities.mentions");
	struct arena *a = r->ctx->arena;

	for (size_t i = 0; i < jx_len(list); i++) {
		struct text id = page_id_or_none(a, jx_at(list, i), "id");
		struct text handle = jx_text_or(a, jx_at(list, i), "username", TEXT_NONE);
		bool is_us = page_is_ours(r->ctx, id) ||
			     (handle.len > 0 && text_eq_nocase(handle, r->ctx->own_handle));

		if (is_us) {
			m->is_named = true;
		} else if (id.len > 0 && !text_eq(id, m->author_id) && m->n_names < LIMIT_NAMES) {
			m->names[m->n_names++] = id;
		}
	}
}

/* "https://x.com/shop/status/12": whose post it is stands in its address. */
static bool is_our_post(const struct reader *r, struct jx v, struct text id)
{
	const struct along *known = along_find(r, id);
	struct jx links = jx_path(v, "entities.urls");
	struct text mark;

	if (known != NULL) {
		return page_is_ours(r->ctx, known->author);
	}
	if (r->ctx->own_handle.len == 0) {
		return false;
	}
	mark = text_lower_ascii(r->ctx->arena,
				text_printf(r->ctx->arena, ".com/%.*s/status/%.*s",
					    TEXT_ARG(r->ctx->own_handle), TEXT_ARG(id)));
	for (size_t i = 0; i < jx_len(links); i++) {
		struct text at =
			jx_text_or(r->ctx->arena, jx_at(links, i), "expanded_url", TEXT_NONE);

		if (text_find(text_lower_ascii(r->ctx->arena, at), mark, 0) != SIZE_MAX) {
			return true;
		}
	}
	return false;
}

static void references_read(const struct reader *r, struct jx v, struct message *m)
{
	struct jx list = either(v, "referenced_tweets", "referenced_posts");
	struct arena *a = r->ctx->arena;
	bool is_repeat = false;

	for (size_t i = 0; i < jx_len(list); i++) {
		struct text type = jx_text_or(a, jx_at(list, i), "type", TEXT_NONE);
		struct text id = jx_text_or(a, jx_at(list, i), "id", TEXT_NONE);
		const struct along *known = along_find(r, id);
		bool is_answered = text_eq(type, TEXT("replied_to"));

		if (!x_is_number(id)) {
			continue;
		}
		is_repeat = is_repeat || text_eq(type, TEXT("retweeted"));
		if (is_answered || (m->parent_id.len == 0 && text_eq(type, TEXT("retweeted")))) {
			m->parent_id = known != NULL ? known->first : id;
		}
		if (text_eq(type, TEXT("quoted")) && m->direction == MESSAGE_INBOUND) {
			m->is_named = m->is_named || is_our_post(r, v, id);
		}
	}
	m->kind = is_repeat              ? MESSAGE_OTHER
		  : m->parent_id.len > 0 ? MESSAGE_REPLY
		  : m->is_named          ? MESSAGE_MENTION
					 : MESSAGE_POST;
}

static struct text permalink_of(struct arena *a, const struct message *m, struct text id)
{
	return posting_is_handle(m->author_handle)
		       ? text_printf(a, "https://x.com/%.*s/status/%.*s",
				     TEXT_ARG(m->author_handle), TEXT_ARG(id))
		       : text_printf(a, "https://x.com/i/status/%.*s", TEXT_ARG(id));
}

/* created_at is the version's; the first id says when all of it began. */
static void times_read(struct arena *a, struct jx v, const struct along *known, struct message *m)
{
	struct wall said = page_wall_or_none(a, v, "created_at");
	struct wall begun = x_id_time(known->first);

	m->posted_at = wall_is_set(said) ? said : begun;
	if (known->n_versions > 1 && !text_eq(m->revision, known->first)) {
		m->edited_at = wall_is_set(said) ? said : x_id_time(m->revision);
		m->posted_at = wall_is_set(begun) ? begun : m->posted_at;
	}
}

/* ---- elements ---- */

/* The newest version of what stands on the page twice comes last: it is the one that is stored. */
static void message_add(struct reader *r, const struct message *m)
{
	struct message *last;

	for (size_t i = 0; i < r->out->n_messages; i++) {
		struct message *other = &r->out->messages[i];

		if (text_eq(other->external_id, m->external_id) &&
		    wall_before(m->edited_at, other->edited_at)) {
			struct message newer = *other;

			*other = *m;
			*outcome_add_message(r->ctx->arena, r->out) = newer;
			return;
		}
	}
	last = outcome_add_message(r->ctx->arena, r->out);
	*last = *m;
}

static bool post_fill(struct reader *r, struct jx v, struct text slice, struct message *m,
		      struct along *known, struct err *err)
{
	struct arena *a = r->ctx->arena;
	struct text id, author;

	if (!versions_read(a, v, known, &id)) {
		return err_set(err, ERR_DATA, "its id is none, or is not in its own history");
	}
	author = page_id_or_none(a, v, "author_id");
	if (author.len == 0) {
		return err_set(err, ERR_DATA, "it does not say whose it is: no 'author_id'");
	}
	if (!jx_is_text(jx_get(v, "text"))) {
		return err_set(err, ERR_DATA, "'text' is no text");
	}
	m->external_id = known->first;
	m->revision = known->n_versions > 1 ? id : TEXT_NONE;
	author_fill(r, author, m);
	m->visibility = MESSAGE_PUBLIC;
	names_read(r, v, m);
	references_read(r, v, m);
	m->is_named = m->is_named && m->direction == MESSAGE_INBOUND;
	m->body = words_of(a, v);
	m->language = language_of(a, v);
	m->permalink = permalink_of(a, m, id);
	times_read(a, v, known, m);
	m->raw = slice;
	return true;
}

static struct text other_of(const struct connector_ctx *ctx, struct text conversation)
{
	struct text one, two;

	if (!text_cut(conversation, '-', &one, &two)) {
		return TEXT_NONE; /* a group */
	}
	return text_eq(one, ctx->own_id) ? two : text_eq(two, ctx->own_id) ? one : TEXT_NONE;
}

static bool direct_fill(struct reader *r, struct jx v, struct text slice, struct message *m,
			struct along *known, struct err *err)
{
	struct arena *a = r->ctx->arena;
	struct text id = jx_text_or(a, v, "id", TEXT_NONE);
	struct text sender = page_id_or_none(a, v, "sender_id");
	bool is_message = text_eq(jx_text_or(a, v, "event_type", TEXT_NONE), TEXT("MessageCreate"));

	known->n_versions = 0;
	if (!x_is_number(id)) {
		return err_set(err, ERR_DATA, "the direct message has no id");
	}
	m->thread_id = page_id_or_none(a, v, "dm_conversation_id");
	if (sender.len == 0 || m->thread_id.len == 0) {
		return err_set(err, ERR_DATA, "a direct message without sender or conversation");
	}
	m->external_id = text_printf(a, "%.*s%.*s", TEXT_ARG(X_DIRECT), TEXT_ARG(id));
	author_fill(r, sender, m);
	m->kind = is_message ? MESSAGE_DIRECT : MESSAGE_OTHER;
	m->visibility = MESSAGE_PRIVATE;
	m->is_named = m->direction == MESSAGE_INBOUND;
	if (m->direction == MESSAGE_OUTBOUND) {
		m->peer_id = other_of(r->ctx, m->thread_id);
	}
	m->body = words_of(a, v);
	m->posted_at = page_wall_or_none(a, v, "created_at");
	if (!wall_is_set(m->posted_at)) {
		m->posted_at = x_id_time(id);
	}
	m->raw = slice;
	return true;
}

/* The lowest and the highest id of the page: what walks go by. */
static void place_note(struct x_page *page, struct text id, const struct message *m)
{
	if (!x_is_number(id)) {
		return;
	}
	if (page->newest.len == 0 || page->newest.len < id.len ||
	    (page->newest.len == id.len && text_compare(page->newest, id) < 0)) {
		page->newest = id;
	}
	if (page->last.len == 0 || id.len < page->last.len ||
	    (page->last.len == id.len && text_compare(id, page->last) < 0)) {
		page->last = id;
	}
	page->oldest = m->posted_at;
}

static void stale_note(struct reader *r, struct text id)
{
	if (r->page->n_stale < LIMIT_PAGE_ITEMS) {
		r->page->stale[r->page->n_stale++] = id;
	}
}

static void element_add(struct reader *r, struct text slice, bool is_along)
{
	struct arena *a = r->ctx->arena;
	struct along known = { 0 };
	struct message m = { 0 };
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct text id;
	bool is_good, is_direct;
	struct jx v;

	if (jx_slice_kind(slice) != '{' || !jx_parse(a, slice, &v, &doc, &err)) {
		outcome_add_bad(a, r->out, slice, TEXT_NONE,
				err.text[0] != '\0' ? err.text : "the element is no object");
		r->page->n += !is_along;
		return;
	}
	is_direct =
		jx_is_set(jx_get(v, "event_type")) || jx_is_set(jx_get(v, "dm_conversation_id"));
	is_good = is_direct ? direct_fill(r, v, slice, &m, &known, &err)
			    : post_fill(r, v, slice, &m, &known, &err);
	id = jx_text_or(a, v, "id", TEXT_NONE);
	if (!is_along) {
		r->page->n++;
		r->page->n_bare += !is_direct && known.n_versions > 0 && x_is_number(id) &&
				   jx_is_null(jx_get(v, "author_id"));
		place_note(r->page, id, &m);
		if (r->page->n == 1) {
			r->page->conversation = jx_text_or(a, v, "conversation_id", TEXT_NONE);
		}
	}
	if (!is_good) {
		struct text name = known.n_versions > 0 ? known.versions[0] : id;

		outcome_add_bad(a, r->out, slice, page_is_id(name) ? name : TEXT_NONE, err.text);
	} else if (!is_along && !r->how->keeps_stale && known.n_versions > 1 &&
		   !text_eq(id, known.versions[known.n_versions - 1])) {
		stale_note(r, known.versions[known.n_versions - 1]);
	} else {
		m.is_about = r->how->is_search && !is_along && !m.is_named &&
			     m.direction == MESSAGE_INBOUND;
		message_add(r, &m);
	}
	jx_release(&doc);
}

/* Posts that came along, and those of the list itself: who is called how. */
static void alongs_note(struct reader *r, const struct text *slices, size_t n)
{
	struct arena *a = r->ctx->arena;

	for (size_t i = 0; i < n; i++) {
		struct along *known = &r->alongs[r->n_alongs];
		struct jx_doc *doc = NULL;
		struct text id;
		struct jx v;

		if (jx_slice_kind(slices[i]) == '{' && jx_parse(a, slices[i], &v, &doc, NULL)) {
			known->author = page_id_or_none(a, v, "author_id");
			r->n_alongs += versions_read(a, v, known, &id);
			jx_release(&doc);
		}
	}
}

static bool data_cut(struct arena *a, struct text page, struct text **ret, size_t *ret_n,
		     struct err *err)
{
	struct text data = TEXT_NONE, inner;
	bool has_data;

	*ret_n = 0;
	if (jx_slice_kind(page) == '[') {
		return jx_elements(a, page, ret, ret_n,
				   err); /* a recording of what came before v2 */
	}
	if (jx_slice_kind(page) != '{') {
		return err_set(err, ERR_DATA, "the answer is no list of messages");
	}
	has_data = jx_member(page, TEXT("data"), &data);
	if (has_data && jx_slice_kind(data) == '[') {
		return jx_elements(a, data, ret, ret_n, err);
	}
	if (!has_data || jx_slice_kind(data) != '{') {
		data = page;
		/* No data: nothing was found, which "meta" or "errors" says. */
		if (jx_member(page, TEXT("meta"), &inner) ||
		    jx_member(page, TEXT("errors"), &inner)) {
			return true;
		}
		if (!jx_member(page, TEXT("id"), &inner)) {
			return err_set(err, ERR_DATA, "the answer is no list of messages");
		}
	}
	*ret = ARENA_ARRAY(a, struct text, 1);
	(*ret)[0] = data;
	*ret_n = 1;
	return true;
}

static void meta_read(struct arena *a, struct text page, struct x_page *ret)
{
	struct text meta, inner;

	if (jx_slice_kind(page) == '{' && jx_member(page, TEXT("meta"), &meta) &&
	    jx_slice_kind(meta) == '{' && jx_member(meta, TEXT("next_token"), &inner) &&
	    jx_slice_kind(inner) == '"' && !jx_slice_text(a, inner, &ret->next)) {
		ret->next = TEXT_NONE;
	}
}

bool x_page_read(const struct connector_ctx *ctx, const struct x_reading *how, struct text page,
		 struct outcome *out, struct x_page *ret, struct err *err)
{
	struct reader r = { .ctx = ctx, .how = how, .out = out, .page = ret };
	struct text *data = NULL, *users = NULL, *more[2] = { NULL, NULL }, includes;
	size_t n, n_more[2] = { 0, 0 };

	*ret = (struct x_page){ 0 };
	if (!data_cut(ctx->arena, page, &data, &n, err)) {
		return false;
	}
	if (jx_slice_kind(page) == '{') {
		ret->n_errors = list_of(ctx->arena, page, "errors", &ret->errors);
		if (jx_member(page, TEXT("includes"), &includes) &&
		    jx_slice_kind(includes) == '{') {
			size_t n_users = list_of(ctx->arena, includes, "users", &users);

			users_read(&r, users, n_users);
			n_more[0] = list_of(ctx->arena, includes, "tweets", &more[0]);
			n_more[1] = list_of(ctx->arena, includes, "posts", &more[1]);
		}
	}
	if (n + n_more[0] + n_more[1] > LIMIT_PAGE_ITEMS) {
		return err_set(err, ERR_DATA, "more than %d elements in one answer",
			       LIMIT_PAGE_ITEMS);
	}
	r.alongs = ARENA_ARRAY(ctx->arena, struct along, n + n_more[0] + n_more[1] + 1);
	ret->stale = ARENA_ARRAY(ctx->arena, struct text, n);
	alongs_note(&r, data, n);
	for (size_t k = 0; k < 2; k++) {
		alongs_note(&r, more[k], n_more[k]);
	}
	for (size_t i = 0; i < n; i++) {
		element_add(&r, data[i], /* is_along= */ false);
	}
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < n_more[k]; i++) {
			element_add(&r, more[k][i], /* is_along= */ true);
		}
	}
	meta_read(ctx->arena, page, ret);
	return true;
}
