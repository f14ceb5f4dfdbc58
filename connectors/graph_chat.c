#include "graph_chat.h"

#include "answerd/limits.h"
#include "answerd/page.h"
#include "answerd/posting.h"

#define LIST_MOST     10 /* conversations of a page, each with its messages */
#define MESSAGES_MOST 20 /* of a conversation that Graph shows */
#define PAGES_MOST    50 /* of conversations that changed since the last poll */
#define LOOK_BEFORE_S 300
#define FORM_BYTES    ((size_t)8 * LIMIT_MESSAGE_BYTES)
#define MESSAGE_FIELDS                                                                             \
	"id,created_time,from,to,message,attachments{id,mime_type,name},sticker,shares{link,name}"

/* ---- one message ---- */

static void attached_add(struct strbuf *b, const char *kind, struct text name)
{
	strbuf_add_str(b, b->len > 0 ? "\n[" : "[");
	strbuf_add_str(b, kind);
	strbuf_add_str(b, name.len > 0 ? ": " : "");
	strbuf_add(b, text_clip(name, LIMIT_NAME_BYTES));
	strbuf_add_byte(b, ']');
}

static struct text body_of(struct arena *a, struct jx v)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 2 * LIMIT_MESSAGE_BYTES };
	struct jx files = jx_path(v, "attachments.data"), shares = jx_path(v, "shares.data");

	strbuf_add(&b, text_clip(jx_text_or(a, v, "message", TEXT_NONE), LIMIT_MESSAGE_BYTES));
	for (size_t i = 0; i < jx_len(files); i++) {
		struct text type = jx_text_or(a, jx_at(files, i), "mime_type", TEXT_NONE);

		attached_add(&b,
			     text_starts(type, TEXT("image/"))   ? "image"
			     : text_starts(type, TEXT("video/")) ? "video"
			     : text_starts(type, TEXT("audio/")) ? "audio"
								 : "attachment",
			     jx_text_or(a, jx_at(files, i), "name", TEXT_NONE));
	}
	if (jx_is_text(jx_get(v, "sticker"))) {
		attached_add(&b, "sticker", TEXT_NONE);
	}
	for (size_t i = 0; i < jx_len(shares); i++) {
		attached_add(&b, "share", jx_text_or(a, jx_at(shares, i), "name", TEXT_NONE));
	}
	if (jx_is_set(jx_get(v, "story"))) {
		attached_add(&b, "story", TEXT_NONE);
	}
	return text_dup(a, text_clip(strbuf_text(&b), LIMIT_MESSAGE_BYTES));
}

/* Instagram's id of us is not the same in every place: the name is. */
static bool is_ours(const struct connector_ctx *ctx, struct text id, struct text handle)
{
	return page_is_ours(ctx, id) ||
	       (ctx->own_handle.len > 0 && text_eq_nocase(handle, ctx->own_handle));
}

static bool message_read(const struct connector_ctx *ctx, struct jx v, struct text thread,
			 struct text peer, struct message *m, struct err *err)
{
	struct arena *a = ctx->arena;
	struct jx from = jx_get(v, "from");
	struct text id = jx_is_object(v) ? jx_text_or(a, v, "id", TEXT_NONE) : TEXT_NONE;
	struct text to = page_id_or_none(a, jx_at(jx_path(v, "to.data"), 0), "id");

	if (!graph_is_plain(id, LIMIT_ID_BYTES - 3)) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	m->external_id = text_printf(a, "dm:%.*s", TEXT_ARG(id));
	m->author_id = page_id_or_none(a, from, "id");
	m->author_handle = text_clip(jx_text_or(a, from, "username", TEXT_NONE), LIMIT_NAME_BYTES);
	m->author_name = text_clip(jx_text_or(a, from, "name", m->author_handle), LIMIT_NAME_BYTES);
	m->direction =
		is_ours(ctx, m->author_id, m->author_handle) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	if (m->direction == MESSAGE_OUTBOUND && ctx->own_id.len > 0) {
		m->author_id = ctx->own_id;
	}
	if (m->author_id.len == 0) { /* hidden: it is the other one, or unknown */
		m->author_id = peer.len > 0 ? peer : text_printf(a, "unknown:%.*s", TEXT_ARG(id));
	}
	m->kind = MESSAGE_DIRECT;
	m->visibility = MESSAGE_PRIVATE;
	m->is_named = m->direction == MESSAGE_INBOUND;
	m->thread_id = thread;
	if (m->direction == MESSAGE_OUTBOUND) {
		m->peer_id = peer.len > 0 ? peer : to;
	}
	m->posted_at = page_wall_or_none(a, v, "created_time");
	m->body = body_of(a, v);
	return true;
}

static bool message_add(const struct connector_ctx *ctx, struct text thread, struct text peer,
			struct text slice, struct outcome *out)
{
	struct message *m = ARENA_NEW(ctx->arena, struct message);
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;
	bool is_read;

	m->raw = slice;
	is_read = jx_parse(ctx->arena, slice, &v, &doc, &err) &&
		  message_read(ctx, v, thread, peer, m, &err);
	jx_release(&doc);
	if (is_read) {
		*outcome_add_message(ctx->arena, out) = *m;
	} else {
		outcome_add_bad(ctx->arena, out, slice, TEXT_NONE, err.text);
	}
	return is_read;
}

void graph_chat_add(const struct connector_ctx *ctx, struct text thread, struct text peer,
		    struct text slice, struct outcome *out)
{
	(void)message_add(ctx, thread, peer, slice, out); /* else it is in out->bad */
}

bool graph_chat_is_message(struct text slice)
{
	struct text inner;

	return jx_slice_kind(slice) == '{' && jx_member(slice, TEXT("to"), &inner) &&
	       jx_member(slice, TEXT("created_time"), &inner);
}

/* ---- conversations ---- */

bool graph_chat_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
		    const struct question *q, struct request *ret, struct err *err)
{
	struct graph_walk w;
	struct strbuf b;

	graph_walk_load(ctx, q, &w);
	graph_url_start(ctx, c->graph, &b, c->list);
	if (c->platform != NULL) {
		graph_url_add(&b, "platform", text_of(c->platform));
	}
	graph_url_add(
		&b, "fields",
		TEXT("id,updated_time,message_count,participants,messages.limit(20){" MESSAGE_FIELDS
		     "}"));
	graph_url_page(&b, graph_walk_size(q, &w, LIST_MOST), w.next);
	return graph_url_finish(ctx, &b, ret, err);
}

struct conversation {
	struct text id, peer;
	struct wall updated;
	int64_t n_messages;
	uint32_t sign;
};

static bool conversation_read(const struct connector_ctx *ctx, struct text slice,
			      struct conversation *ret)
{
	static const char *const names[] = { "id", "updated_time", "message_count" };
	struct arena *a = ctx->arena;
	struct text part, values[3] = { 0 };
	struct jx_doc *doc = NULL;
	struct jx v, people;

	*ret = (struct conversation){ 0 };
	for (size_t i = 0; i < 3; i++) {
		if (jx_slice_kind(slice) == '{' && jx_member(slice, text_of(names[i]), &part)) {
			values[i] = part;
		}
	}
	if (values[0].len == 0 || !jx_slice_text(a, values[0], &ret->id) ||
	    !graph_is_plain(ret->id, LIMIT_ID_BYTES)) {
		return false;
	}
	ret->sign = (uint32_t)text_hash(text_hash(TEXT_HASH_SEED, values[1]), values[2]);
	if (values[1].len > 0 && jx_slice_text(a, values[1], &part)) {
		(void)wall_parse(part, &ret->updated); /* unreadable: not known */
	}
	if (!jx_member(slice, TEXT("participants"), &part) || !jx_parse(a, part, &v, &doc, NULL)) {
		return true;
	}
	people = jx_get(v, "data");
	for (size_t i = 0; i < jx_len(people); i++) {
		struct text id = page_id_or_none(a, jx_at(people, i), "id");

		struct text handle = jx_text_or(a, jx_at(people, i), "username", TEXT_NONE);

		if (!is_ours(ctx, id, handle) && ret->peer.len == 0) {
			ret->peer = id;
		}
	}
	jx_release(&doc);
	return true;
}

/* All messages that it shows are newer than what we had heard, and it holds more: some in between are lost. */
static bool is_torn(struct wall heard, const struct graph_page *inner, const struct outcome *o,
		    size_t from)
{
	if (!wall_is_set(heard) || inner->n < MESSAGES_MOST || inner->next.len == 0) {
		return false;
	}
	for (size_t i = from; i < o->n_messages; i++) {
		if (wall_is_set(o->messages[i].posted_at) &&
		    !wall_before(heard, o->messages[i].posted_at)) {
			return false;
		}
	}
	return o->n_messages > from;
}

static void conversation_add(const struct connector_ctx *ctx, const struct question *q,
			     struct graph_walk *w, struct text slice, struct outcome *ret,
			     uint64_t *print)
{
	struct graph_item item = { 0 };
	struct graph_page inner = { 0 };
	struct conversation c;
	struct text messages;
	size_t from = ret->n_messages;

	if (!conversation_read(ctx, slice, &c)) {
		outcome_add_bad(ctx->arena, ret, slice, TEXT_NONE,
				"a conversation without an id that can be stored");
		return;
	}
	*print = graph_walk_print(*print, c.id);
	if (jx_member(slice, TEXT("messages"), &messages) &&
	    !graph_page_read(ctx->arena, messages, &inner, NULL)) {
		outcome_add_bad(ctx->arena, ret, slice, TEXT_NONE,
				"a conversation whose messages are no list");
		return;
	}
	for (size_t i = 0; i < inner.n; i++) {
		graph_chat_add(ctx, c.id, c.peer, inner.slices[i], ret);
	}
	item = (struct graph_item){ .id = c.id, .sign = c.sign, .at = c.updated };
	if (graph_walk_note(ctx, q, w, &item) &&
	    is_torn(graph_walk_heard(q, w), &inner, ret, from)) {
		ret->has_hole = true;
	}
}

bool graph_chat_digest(const struct connector_ctx *ctx, const struct graph_chat *c,
		       const struct question *q, const struct response *r, struct outcome *ret,
		       struct err *err)
{
	struct graph_said said;
	struct graph_page list;
	struct graph_walk w;
	struct text page;
	uint64_t print = 0;
	bool has_hole = false, is_more;

	graph_walk_load(ctx, q, &w);
	w.most_pages = PAGES_MOST;
	if (!graph_check(ctx, c->graph, r, &said, ret, err)) {
		if (said.fault == GRAPH_RIGHT) {
			ret->missing = TEXT("the right to read direct messages");
			ret->state = q->op == OP_POLL ? q->state : TEXT_NONE;
			return true;
		}
		if (said.fault == GRAPH_LESS && graph_walk_less(&w, LIST_MOST)) {
			graph_walk_tell(ctx, q, &w, /* is_more= */ true, ret);
			return true;
		}
		return false;
	}
	if (!page_scan(r, &page, err) || !graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	for (size_t i = 0; i < list.n; i++) {
		conversation_add(ctx, q, &w, list.slices[i], ret, &print);
	}
	is_more = graph_walk_listed(ctx, q, &w, list.next, print, &has_hole);
	ret->has_hole = ret->has_hole || has_hole;
	graph_walk_tell(ctx, q, &w, is_more, ret);
	return true;
}

/* ---- answering ---- */

/* Later than a day after what it answers: Meta takes it only as a person's answer, where that was granted. */
static bool is_late(const struct connector_ctx *ctx, const struct posting *p)
{
	struct text inner, at;
	struct wall said;

	return jx_slice_kind(p->parent_raw) == '{' &&
	       jx_member(p->parent_raw, TEXT("created_time"), &inner) &&
	       jx_slice_text(ctx->arena, inner, &at) && wall_parse(at, &said) &&
	       wall_is_set(p->begun_at) &&
	       wall_before(wall_add(said, DUR_S(GRAPH_CHAT_WINDOW_S)), p->begun_at);
}

static bool message_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
			const struct posting *p, struct text recipient, const char *type,
			struct request *ret, struct err *err)
{
	scoped(strbuf_done) struct strbuf value = { .max_bytes = FORM_BYTES };
	struct strbuf b, form;

	strbuf_init(&form, FORM_BYTES);
	strbuf_add_str(&form, "recipient=");
	strbuf_add_url(&form, recipient);
	strbuf_add_str(&form, type);
	strbuf_add_str(&value, "{\"text\":");
	strbuf_add_json(&value, p->text);
	strbuf_add_byte(&value, '}');
	strbuf_add_str(&form, "&message=");
	strbuf_add_url(&form, strbuf_text(&value));
	graph_url_start(ctx, c->graph, &b, "/me/messages");
	return graph_post_finish(ctx, &b, &form, ret, err);
}

bool graph_chat_reply_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
			  const struct posting *p, struct request *ret, struct err *err)
{
	bool is_agent = text_eq(connector_option(ctx, "human_agent"), TEXT("yes"));

	if (!graph_is_plain(p->author_id, LIMIT_ID_BYTES) ||
	    text_starts(p->author_id, TEXT("unknown:")) || p->thread_id.len == 0) {
		return err_set(err, ERR_DATA,
			       "it is not known to whom: answer in %s itself, it is seen here",
			       c->graph->name);
	}
	return message_ask(
		ctx, c, p, text_printf(ctx->arena, "{\"id\":\"%.*s\"}", TEXT_ARG(p->author_id)),
		is_agent && is_late(ctx, p) ? "&messaging_type=MESSAGE_TAG&tag=HUMAN_AGENT"
					    : "&messaging_type=RESPONSE",
		ret, err);
}

bool graph_chat_is_private(const struct connector_ctx *ctx)
{
	return text_eq(connector_option(ctx, "comments"), TEXT("private"));
}

bool graph_chat_private_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
			    const struct posting *p, struct text comment, struct request *ret,
			    struct err *err)
{
	return message_ask(ctx, c, p,
			   text_printf(ctx->arena, "{\"comment_id\":\"%.*s\"}", TEXT_ARG(comment)),
			   "", ret, err);
}

bool graph_chat_reply_digest(const struct connector_ctx *ctx, const struct graph_chat *c,
			     const struct posting *p, const struct response *r, struct outcome *ret,
			     struct err *err)
{
	struct text page, to = TEXT_NONE, id = TEXT_NONE;
	struct jx_doc *doc = NULL;
	bool is_theirs;
	struct jx v;

	if (!graph_check_reply(ctx, c->graph, r, ret, err)) {
		return false;
	}
	if (page_scan(r, &page, NULL) && jx_parse(ctx->arena, page, &v, &doc, NULL)) {
		to = jx_text_or(ctx->arena, v, "recipient_id", TEXT_NONE);
		id = jx_text_or(ctx->arena, v, "message_id", TEXT_NONE);
		jx_release(&doc);
	}
	/* A comment's author may have another id in Messenger. */
	is_theirs = text_eq(to, p->author_id) ||
		    (p->visibility != MESSAGE_PRIVATE && graph_is_plain(to, LIMIT_ID_BYTES));
	if (!graph_is_plain(id, LIMIT_ID_BYTES - 3) || !is_theirs) {
		return err_set(err, ERR_UNSURE,
			       "%s answers %d without the message: it may have been sent",
			       c->graph->name, r->status);
	}
	ret->sent_id = text_printf(ctx->arena, "dm:%.*s", TEXT_ARG(id));
	return true;
}

bool graph_chat_lookup_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
			   const struct posting *p, struct request *ret, struct err *err)
{
	struct strbuf b;

	if (!graph_is_plain(p->thread_id, LIMIT_ID_BYTES)) {
		return err_set(err, ERR_DATA, "it is not known in which conversation it would be");
	}
	graph_url_start(ctx, c->graph, &b, "/");
	strbuf_add_url(&b, p->thread_id);
	strbuf_add_str(&b, "/messages");
	graph_url_add(&b, "fields", TEXT(MESSAGE_FIELDS));
	graph_url_page(&b, MESSAGES_MOST, TEXT_NONE);
	return graph_url_finish(ctx, &b, ret, err);
}

/* Is it among these messages of one conversation? */
static bool look_through(const struct connector_ctx *ctx, const struct graph_chat *c,
			 const struct posting *p, const struct graph_page *list,
			 struct outcome *ret, struct err *err)
{
	struct wall least = wall_add(p->begun_at, DUR_S(-LOOK_BEFORE_S)), latest = { 0 };
	bool is_behind = false;
	size_t n_doubtful = 0;
	struct outcome o = { 0 };

	for (size_t i = 0; i < list->n; i++) {
		graph_chat_add(ctx, p->thread_id, p->author_id, list->slices[i], &o);
	}
	if (o.n_bad > 0) {
		return err_set(
			err, ERR_DATA,
			"a message of this conversation cannot be read: it may be this reply");
	}
	for (size_t i = 0; i < o.n_messages; i++) {
		const struct message *m = &o.messages[i];
		bool is_old = wall_is_set(m->posted_at) && wall_before(m->posted_at, least);

		is_behind = is_behind || is_old;
		if (is_old || !posting_is_same(p->text, m->body)) {
			continue;
		}
		if (m->direction != MESSAGE_OUTBOUND) {
			n_doubtful++;
		} else if (ret->sent_id.len == 0 || wall_before(latest, m->posted_at)) {
			ret->sent_id = m->external_id;
			latest = m->posted_at;
		}
	}
	if (ret->sent_id.len == 0 && n_doubtful > 0) {
		return err_set(err, ERR_DATA,
			       "a message with these words is not shown as ours: it may be this "
			       "reply");
	}
	if (ret->sent_id.len == 0 && !is_behind && list->next.len > 0) {
		return err_set(err, ERR_DATA,
			       "%s shows only the newest messages of a conversation: the reply may "
			       "be among the older ones",
			       c->graph->name);
	}
	return true;
}

bool graph_chat_lookup_digest(const struct connector_ctx *ctx, const struct graph_chat *c,
			      const struct posting *p, const struct response *r,
			      struct outcome *ret, struct err *err)
{
	struct graph_page list;
	struct text page;

	return graph_check(ctx, c->graph, r, NULL, ret, err) && page_scan(r, &page, err) &&
	       graph_page_read(ctx->arena, page, &list, err) &&
	       look_through(ctx, c, p, &list, ret, err);
}

bool graph_chat_private_lookup_ask(const struct connector_ctx *ctx, const struct graph_chat *c,
				   const struct posting *p, struct request *ret, struct err *err)
{
	struct strbuf b;

	if (!graph_is_plain(p->author_id, LIMIT_ID_BYTES) ||
	    text_starts(p->author_id, TEXT("unknown:"))) {
		return err_set(err, ERR_DATA,
			       "it is not known with whom the conversation would be");
	}
	graph_url_start(ctx, c->graph, &b, c->list);
	if (c->platform != NULL) {
		graph_url_add(&b, "platform", text_of(c->platform));
	}
	graph_url_add(&b, "user_id", p->author_id);
	graph_url_add(&b, "fields", TEXT("id,messages.limit(20){" MESSAGE_FIELDS "}"));
	return graph_url_finish(ctx, &b, ret, err);
}

bool graph_chat_private_lookup_digest(const struct connector_ctx *ctx, const struct graph_chat *c,
				      const struct posting *p, const struct response *r,
				      struct outcome *ret, struct err *err)
{
	struct graph_page list, inner;
	struct text page, messages;

	if (!graph_check(ctx, c->graph, r, NULL, ret, err) || !page_scan(r, &page, err) ||
	    !graph_page_read(ctx->arena, page, &list, err)) {
		return false;
	}
	for (size_t i = 0; i < list.n && ret->sent_id.len == 0; i++) {
		if (jx_slice_kind(list.slices[i]) != '{' ||
		    !jx_member(list.slices[i], TEXT("messages"), &messages)) {
			return err_set(err, ERR_DATA,
				       "the conversation cannot be read: the reply may be in it");
		}
		if (!graph_page_read(ctx->arena, messages, &inner, err) ||
		    !look_through(ctx, c, p, &inner, ret, err)) {
			return false;
		}
	}
	return true;
}
