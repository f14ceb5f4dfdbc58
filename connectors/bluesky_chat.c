#include "bluesky_chat.h"

#include <inttypes.h>

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "bluesky_post.h"
#include "bluesky_session.h"

#define CONVOS_A_PAGE   16 /* they wait in the state */
#define MESSAGES_A_PAGE 100
#define OVERLAP_S       600
#define CURSOR_BYTES    512
#define PART_BYTES      128 /* of a conversation in the state */
#define MARKS           48

/* How the newest conversations stood, as hashes: one that has not moved is not read again. */
struct marks {
	uint64_t at[MARKS];
	size_t n;
};

struct chat {
	bool was_walked;
	struct wall high;   /* newest message of the last finished walk */
	struct marks known; /* of the last finished walk */
	bool is_walking;
	struct wall next_high;
	struct bluesky_convo convos[CONVOS_A_PAGE]; /* whose messages are due, the first one now */
	size_t n_convos;
	struct text messages_cursor; /* within the first conversation */
	struct text list_cursor;     /* next page of conversations; empty: that was the last */
	struct marks fresh;          /* of this walk */
	int64_t n_pages;
};

/* ---- state ---- */

static struct wall wall_load(struct arena *a, struct jx object, const char *name)
{
	struct wall w = { 0 };

	(void)wall_parse(jx_text_or(a, object, name, TEXT_NONE), &w); /* absent: none */
	return w;
}

static void marks_load(struct arena *a, struct jx list, struct marks *ret)
{
	struct text number;

	for (size_t i = 0; i < jx_len(list) && ret->n < MARKS; i++) {
		if (jx_as_text(a, jx_at(list, i), &number) &&
		    num_parse_u64(number, &ret->at[ret->n])) {
			ret->n++;
		}
	}
}

static void marks_save(struct strbuf *b, const char *name, const struct marks *m)
{
	strbuf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < m->n; i++) {
		strbuf_printf(b, "%s\"%" PRIu64 "\"", i > 0 ? "," : "", m->at[i]);
	}
	strbuf_add_byte(b, ']');
}

static bool marks_have(const struct marks *m, uint64_t mark)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->at[i] == mark) {
			return true;
		}
	}
	return false;
}

static void chat_load(struct arena *a, struct text state, struct chat *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v, walk, list;

	*ret = (struct chat){ 0 };
	if (state.len == 0 || !jx_parse(a, state, &v, &doc, NULL)) {
		return;
	}
	ret->was_walked = jx_bool_or(v, "walked", false);
	ret->high = wall_load(a, v, "high");
	marks_load(a, jx_get(v, "known"), &ret->known);
	walk = jx_get(v, "walk");
	if (jx_is_object(walk)) {
		ret->is_walking = true;
		marks_load(a, jx_get(walk, "fresh"), &ret->fresh);
		ret->next_high = wall_load(a, walk, "high");
		ret->messages_cursor = jx_text_or(a, walk, "messages", TEXT_NONE);
		ret->list_cursor = jx_text_or(a, walk, "list", TEXT_NONE);
		ret->n_pages = jx_i64_or(walk, "pages", 0);
		list = jx_get(walk, "convos");
		for (size_t i = 0; i < jx_len(list) && ret->n_convos < CONVOS_A_PAGE; i++) {
			struct jx one = jx_at(list, i);

			ret->convos[ret->n_convos++] = (struct bluesky_convo){
				jx_text_or(a, one, "id", TEXT_NONE),
				jx_text_or(a, one, "peer", TEXT_NONE),
				jx_text_or(a, one, "handle", TEXT_NONE),
				jx_text_or(a, one, "name", TEXT_NONE),
			};
		}
	}
	jx_release(&doc);
}

static void field_save(struct strbuf *b, const char *name, struct text t)
{
	strbuf_printf(b, "\"%s\":", name);
	strbuf_add_json(b, t);
}

static void wall_save(struct strbuf *b, const char *name, struct wall w)
{
	char when[WALL_TEXT_BYTES];

	if (wall_is_set(w)) {
		(void)wall_format(w, when);
		strbuf_printf(b, ",\"%s\":\"%s\"", name, when);
	}
}

static struct text chat_save(struct arena *a, const struct chat *c)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 64 * 1024 };

	strbuf_printf(&b, "{\"walked\":%s", c->was_walked ? "true" : "false");
	wall_save(&b, "high", c->high);
	marks_save(&b, "known", &c->known);
	if (c->is_walking) {
		strbuf_printf(&b, ",\"walk\":{\"pages\":%d,", (int)c->n_pages);
		field_save(&b, "messages", c->messages_cursor);
		strbuf_add_byte(&b, ',');
		field_save(&b, "list", c->list_cursor);
		wall_save(&b, "high", c->next_high);
		marks_save(&b, "fresh", &c->fresh);
		strbuf_add_str(&b, ",\"convos\":[");
		for (size_t i = 0; i < c->n_convos; i++) {
			strbuf_add_str(&b, i > 0 ? ",{" : "{");
			field_save(&b, "id", c->convos[i].id);
			strbuf_add_byte(&b, ',');
			field_save(&b, "peer", c->convos[i].peer);
			strbuf_add_byte(&b, ',');
			field_save(&b, "handle", c->convos[i].handle);
			strbuf_add_byte(&b, ',');
			field_save(&b, "name", c->convos[i].name);
			strbuf_add_byte(&b, '}');
		}
		strbuf_add_str(&b, "]}");
	}
	strbuf_add_byte(&b, '}');
	return text_dup(a, strbuf_text(&b));
}

static struct wall stop_of(const struct chat *c, const struct question *q)
{
	if (q->op == OP_SWEEP || !wall_is_set(c->high)) {
		return q->since;
	}
	return wall_add(c->high, DUR_S(-OVERLAP_S));
}

/* ---- asking ---- */

void bluesky_chat_address(struct request *r)
{
	request_add_header(r, TEXT("atproto-proxy"), TEXT("did:web:api.bsky.chat#bsky_chat"));
}

bool bluesky_chat_ask(const struct connector_ctx *ctx, const struct question *q,
		      struct request *ret, struct err *err)
{
	struct strbuf b;
	struct chat c;
	struct text cursor;

	chat_load(ctx->arena, q->state, &c);
	if (c.n_convos > 0) {
		if (!bluesky_url_start(ctx, &b, "chat.bsky.convo.getMessages", err)) {
			return false;
		}
		strbuf_printf(&b, "?limit=%d&convoId=", page_size(q, MESSAGES_A_PAGE));
		strbuf_add_url(&b, c.convos[0].id);
		cursor = c.messages_cursor;
	} else {
		if (!bluesky_url_start(ctx, &b, "chat.bsky.convo.listConvos", err)) {
			return false;
		}
		strbuf_printf(&b, "?limit=%d", page_size(q, CONVOS_A_PAGE));
		cursor = c.list_cursor;
	}
	if (cursor.len > 0) {
		strbuf_add_str(&b, "&cursor=");
		strbuf_add_url(&b, cursor);
	}
	if (!bluesky_url_finish(ctx, &b, ret, err)) {
		return false;
	}
	bluesky_chat_address(ret);
	return true;
}

/* ---- digesting ---- */

#define CHAT_NO      "no"
#define CHAT_NOWHERE "nowhere"

/* What we know of the chat service: empty, "yes", or why not. */
static struct text chat_fact(const struct connector_ctx *ctx)
{
	struct text fact = TEXT_NONE;
	struct jx_doc *doc = NULL;
	struct jx v;

	if (ctx->facts.len > 0 && jx_parse(ctx->arena, ctx->facts, &v, &doc, NULL)) {
		fact = jx_text_or(ctx->arena, v, "chat", TEXT_NONE);
		jx_release(&doc);
	}
	return fact;
}

static struct text missing_of(struct text fact)
{
	if (text_eq(fact, TEXT(CHAT_NO))) {
		return TEXT("the app password may not read direct messages");
	}
	if (text_eq(fact, TEXT(CHAT_NOWHERE))) {
		return TEXT("the server does not find the service of direct messages");
	}
	return TEXT_NONE;
}

struct text bluesky_chat_missing(const struct connector_ctx *ctx)
{
	return missing_of(chat_fact(ctx));
}

/* Why there are no direct messages while the session is fine; empty: the answer says nothing of that
 * kind. No error: a source that always fails would make the listener doubt all the others. */
static struct text refusal_of(const struct connector_ctx *ctx, const struct response *r)
{
	struct text name = bluesky_error_name(ctx, r);
	struct text said = bluesky_error_message(ctx, r);
	bool is_refusal = r->status == 400 || r->status == 401 || r->status == 403;

	if (is_refusal && text_find(said, TEXT("Bad token"), 0) != SIZE_MAX) {
		return TEXT(CHAT_NO);
	}
	if (is_refusal && text_find(said, TEXT("could not resolve proxy did"), 0) != SIZE_MAX) {
		return TEXT(CHAT_NOWHERE);
	}
	if (text_eq(name, TEXT("ExpiredToken")) || text_eq(name, TEXT("InvalidToken"))) {
		return TEXT_NONE;
	}
	return r->status == 401 || r->status == 403 || r->status == 501 ? TEXT(CHAT_NO) : TEXT_NONE;
}

struct text bluesky_chat_refused(const struct connector_ctx *ctx, const struct response *r)
{
	return missing_of(refusal_of(ctx, r));
}

static void walk_end(struct chat *c)
{
	for (size_t i = 0; i < c->known.n && c->fresh.n < MARKS; i++) {
		if (!marks_have(&c->fresh, c->known.at[i])) {
			c->fresh.at[c->fresh.n++] = c->known.at[i];
		}
	}
	*c = (struct chat){ .was_walked = true, .high = c->next_high, .known = c->fresh };
}

static void after_convos(struct chat *c)
{
	c->messages_cursor = TEXT_NONE;
	if (c->n_convos == 0 &&
	    (c->list_cursor.len == 0 || ++c->n_pages > (int64_t)100 * LIMIT_WALK_PAGES)) {
		walk_end(c);
	}
}

/* Changes with whatever happens in a conversation. */
static uint64_t convo_mark(struct arena *a, struct text slice)
{
	uint64_t mark = text_hash(TEXT_HASH_SEED, bluesky_slice_text(a, slice, TEXT("id")));
	struct text last;

	mark = text_hash(mark, bluesky_slice_text(a, slice, TEXT("rev")));
	if (jx_member(slice, TEXT("lastMessage"), &last)) {
		mark = text_hash(mark, last);
	}
	return mark;
}

/* One conversation of the list: its last message is told, and all of it is due, unless it stands as
 * it did. True when nothing behind it can have moved: it did not, or is older than where we stop. */
static bool convo_take(const struct connector_ctx *ctx, struct chat *c, struct text slice,
		       struct wall stop, struct outcome *out)
{
	uint64_t mark = convo_mark(ctx->arena, slice);
	struct bluesky_convo one;
	struct bluesky_item item;
	struct wall last_at;
	bool is_dated;

	is_dated = bluesky_convo_read(ctx, slice, &one, &last_at);
	if (is_dated && wall_is_set(stop) && wall_before(last_at, stop)) {
		return true;
	}
	c->next_high = bluesky_later(c->next_high, last_at, ctx->now);
	if (c->fresh.n < MARKS) {
		c->fresh.at[c->fresh.n++] = mark;
	}
	if (marks_have(&c->known, mark)) {
		return true;
	}
	bluesky_element_add(ctx, /* is_search= */ false, NULL, slice, out, &item);
	one.name = text_clip(one.name, PART_BYTES / 2);
	one.handle = text_clip(one.handle, PART_BYTES / 2);
	if (is_dated && one.id.len <= PART_BYTES && one.peer.len <= PART_BYTES) {
		c->convos[c->n_convos++] = one;
	}
	return false;
}

static bool list_digest(const struct connector_ctx *ctx, struct chat *c, struct text page,
			struct wall stop, struct outcome *ret, struct err *err)
{
	struct text list, *slices, cursor;
	bool is_past = false;
	size_t n;

	if (!jx_member(page, TEXT("convos"), &list) || jx_slice_kind(list) != '[') {
		return err_set(err, ERR_DATA, "the answer is no list of conversations");
	}
	if (!jx_elements(ctx->arena, list, &slices, &n, err)) {
		return false;
	}
	if (!c->is_walking) {
		c->is_walking = true;
		c->next_high = c->high;
	}
	for (size_t i = 0; i < n && c->n_convos < CONVOS_A_PAGE; i++) {
		is_past = convo_take(ctx, c, slices[i], stop, ret);
	}
	cursor = bluesky_slice_text(ctx->arena, page, TEXT("cursor"));
	if (is_past || cursor.len > CURSOR_BYTES || text_eq(cursor, c->list_cursor)) {
		cursor = TEXT_NONE;
	}
	c->list_cursor = cursor;
	after_convos(c);
	return true;
}

static bool messages_digest(const struct connector_ctx *ctx, struct chat *c, struct text page,
			    struct wall stop, struct outcome *ret, struct err *err)
{
	struct bluesky_item *items;
	struct text cursor;
	bool is_done;
	size_t n;

	if (!bluesky_list_read(ctx, /* is_search= */ false, &c->convos[0], page, ret, &items, &n,
			       err)) {
		return false;
	}
	cursor = bluesky_slice_text(ctx->arena, page, TEXT("cursor"));
	is_done = n == 0 || cursor.len == 0 || cursor.len > CURSOR_BYTES ||
		  text_eq(cursor, c->messages_cursor) ||
		  (wall_is_set(stop) && wall_is_set(items[n - 1].at) &&
		   wall_before(items[n - 1].at, stop));
	c->messages_cursor = cursor;
	if (is_done) {
		c->n_convos--;
		memmove(c->convos, c->convos + 1, c->n_convos * sizeof(c->convos[0]));
		after_convos(c);
	}
	return true;
}

bool bluesky_chat_digest(const struct connector_ctx *ctx, const struct question *q,
			 const struct response *r, struct outcome *ret, struct err *err)
{
	struct text page, chat;
	struct wall stop;
	struct chat c;
	bool is_good;

	chat_load(ctx->arena, q->state, &c);
	stop = stop_of(&c, q);
	chat = refusal_of(ctx, r);
	if (chat.len > 0) {
		if (!text_eq(chat, chat_fact(ctx))) { /* told once, not at every poll */
			ret->missing = missing_of(chat);
			ret->facts = text_printf(ctx->arena, "{\"chat\":\"%.*s\"}", TEXT_ARG(chat));
		}
		ret->state = q->op == OP_POLL ? q->state : TEXT_NONE;
		return true;
	}
	if (!bluesky_check(ctx, r, &ret->rate, &ret->needs_refresh, err)) {
		if (c.n_convos == 0 || r->status != 400 || ret->needs_refresh) {
			return false;
		}
		/* A conversation that we left meanwhile: step over it. */
		c.n_convos--;
		memmove(c.convos, c.convos + 1, c.n_convos * sizeof(c.convos[0]));
		after_convos(&c);
	} else if (r->is_cut && q->page_limit == 1 && c.n_convos > 0) {
		outcome_add_bad(
			ctx->arena, ret,
			text_printf(ctx->arena, "conversation %.*s", TEXT_ARG(c.convos[0].id)),
			TEXT_NONE,
			"a direct message over 2 MiB: it and what is before it in this "
			"conversation is not read");
		c.n_convos--;
		memmove(c.convos, c.convos + 1, c.n_convos * sizeof(c.convos[0]));
		after_convos(&c);
	} else {
		is_good = page_scan(r, &page, err) &&
			  (c.n_convos > 0 ? messages_digest(ctx, &c, page, stop, ret, err)
					  : list_digest(ctx, &c, page, stop, ret, err));
		if (!is_good) {
			return false;
		}
		if (bluesky_chat_missing(ctx).len > 0) {
			ret->facts = TEXT("{\"chat\":\"yes\"}");
		}
	}
	ret->is_more = c.is_walking;
	ret->state = c.is_walking || q->op == OP_POLL ? chat_save(ctx->arena, &c) : TEXT_NONE;
	return true;
}
