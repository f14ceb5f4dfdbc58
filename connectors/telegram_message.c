#include "telegram_message.h"

#include "answerd/json.h"
#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/page.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "telegram_rich.h"
#include "telegram_text.h"

#define TELEGRAM_ENTITIES_MOST 256 /* Telegram shows a hundred */
#define BUSINESS_BYTES         256

/* ---- ids ---- */

/* Cuts t at the last `sep`. */
static bool cut_last(struct text t, char sep, struct text *head, struct text *rest)
{
	for (size_t i = t.len; i > 0; i--) {
		if (t.at[i - 1] == sep) {
			*head = text_slice(t, 0, i - 1);
			*rest = text_slice(t, i, SIZE_MAX);
			return true;
		}
	}
	return false;
}

bool telegram_place_parse(struct text external_id, struct telegram_place *ret)
{
	struct telegram_place p = { .business = TEXT_NONE };
	struct text chat, message;

	if (!cut_last(external_id, ':', &chat, &message)) {
		return false;
	}
	if (text_starts(chat, TEXT("b:")) &&
	    !cut_last(text_slice(chat, 2, SIZE_MAX), ':', &p.business, &chat)) {
		return false;
	}
	if (!num_parse_i64(chat, &p.chat) || p.chat == 0 ||
	    !num_parse_range(message, 1, INT64_MAX, &p.message)) {
		return false;
	}
	*ret = p;
	return true;
}

/* The exchange, and what stands before the number of each message in it. */
static struct text chat_name(struct arena *a, const struct telegram_place *p)
{
	if (p->business.len > 0) {
		return text_printf(a, "b:%.*s:%lld", TEXT_ARG(p->business), (long long)p->chat);
	}
	return text_printf(a, "%lld", (long long)p->chat);
}

struct text telegram_place_id(struct arena *a, const struct telegram_place *p)
{
	struct text chat = chat_name(a, p);

	return text_printf(a, "%.*s:%lld", TEXT_ARG(chat), (long long)p->message);
}

static struct text number_id(struct arena *a, struct jx object, const char *name)
{
	int64_t n = jx_i64_or(object, name, 0);

	return n != 0 ? text_printf(a, "%lld", (long long)n) : TEXT_NONE;
}

/* ---- who is named ---- */

static void name_add(struct message *m, struct text id)
{
	bool is_known = id.len == 0 || text_eq(id, m->author_id);

	for (size_t i = 0; i < m->n_names && !is_known; i++) {
		is_known = text_eq(m->names[i], id);
	}
	if (!is_known && m->n_names < LIMIT_NAMES) {
		m->names[m->n_names++] = id;
	}
}

static bool is_our_name(const struct connector_ctx *ctx, struct text t)
{
	return ctx->own_handle.len > 0 && t.len == ctx->own_handle.len + 1 && t.at[0] == '@' &&
	       text_eq_nocase(text_slice(t, 1, SIZE_MAX), ctx->own_handle);
}

/* Does one of the entities name us? Fills names. */
static bool names_read(const struct connector_ctx *ctx, struct text t, struct jx entities,
		       struct message *m)
{
	bool is_us = false;

	for (size_t i = 0; i < jx_len(entities) && i < TELEGRAM_ENTITIES_MOST; i++) {
		struct jx e = jx_at(entities, i);
		struct text type = jx_text_or(ctx->arena, e, "type", TEXT_NONE), said;
		size_t from, end, at;

		if (text_eq(type, TEXT("text_mention"))) {
			struct text id = number_id(ctx->arena, jx_get(e, "user"), "id");

			if (page_is_ours(ctx, id)) {
				is_us = true;
			} else {
				name_add(m, id);
			}
			continue;
		}
		if (!telegram_entity_place(t, e, &from, &end)) {
			continue;
		}
		said = text_slice(t, from, end - from);
		at = text_find(said, TEXT("@"), 0); /* a command: "/order@shop_bot" */
		is_us = is_us ||
			((text_eq(type, TEXT("mention")) || text_eq(type, TEXT("bot_command"))) &&
			 at != SIZE_MAX && is_our_name(ctx, text_slice(said, at, SIZE_MAX)));
	}
	return is_us;
}

/* The same of a rich message, whose names stand in its tree. */
static bool rich_names_read(const struct connector_ctx *ctx, const struct telegram_rich *rich,
			    struct message *m)
{
	bool is_us = false;

	for (size_t i = 0; i < rich->n_names; i++) {
		const struct telegram_named *n = &rich->names[i];
		struct text id =
			n->id != 0 ? text_printf(ctx->arena, "%lld", (long long)n->id) : TEXT_NONE;

		if (page_is_ours(ctx, id) ||
		    (n->handle.len > 0 && text_eq_nocase(n->handle, ctx->own_handle))) {
			is_us = true;
		} else {
			name_add(m, id);
		}
	}
	return is_us;
}

/* ---- people ---- */

static struct text person_name(struct arena *a, struct jx person)
{
	struct text first = text_trim(jx_text_or(a, person, "first_name", TEXT_NONE));
	struct text last = text_trim(jx_text_or(a, person, "last_name", TEXT_NONE));

	if (first.len == 0 && last.len == 0) {
		return text_clip(text_trim(jx_text_or(a, person, "title", TEXT_NONE)),
				 LIMIT_NAME_BYTES);
	}
	return text_clip(text_trim(text_printf(a, "%.*s %.*s", TEXT_ARG(first), TEXT_ARG(last))),
			 LIMIT_NAME_BYTES);
}

static bool author_read(struct arena *a, struct jx person, struct message *m)
{
	struct text id = number_id(a, person, "id");

	if (id.len == 0) {
		return false;
	}
	m->author_id = id;
	m->author_handle =
		text_clip(jx_text_or(a, person, "username", TEXT_NONE), LIMIT_NAME_BYTES);
	m->author_name = person_name(a, person);
	return true;
}

/* The option `staff`: people and chats that answer for us. */
static bool is_staff(const struct connector_ctx *ctx, struct text id, struct text handle)
{
	struct text rest = connector_option(ctx, "staff"), one;

	while (rest.len > 0) {
		(void)text_cut(rest, ',', &one, &rest);
		one = text_trim(one);
		if (text_starts(one, TEXT("@"))) {
			one = text_slice(one, 1, SIZE_MAX);
		}
		if (one.len > 0 && (text_eq(one, id) || text_eq_nocase(one, handle))) {
			return true;
		}
	}
	return false;
}

/* Whose exchange with our channel it is: the channel's direct messages have a topic for each who writes. */
static struct text channel_customer(struct arena *a, struct jx message)
{
	return jx_bool_or(jx_get(message, "chat"), "is_direct_messages", false)
		       ? number_id(a, jx_path(message, "direct_messages_topic.user"), "id")
		       : TEXT_NONE;
}

/* Is this message one of ours: by the bot, by staff, by our channel, by our business? */
static bool is_by_us(const struct connector_ctx *ctx, struct jx message)
{
	struct text customer = channel_customer(ctx->arena, message);
	struct arena *a = ctx->arena;
	struct jx sender = jx_get(message, "sender_chat"), from = jx_get(message, "from");
	struct text chat = number_id(a, jx_get(message, "chat"), "id");
	struct text type = jx_text_or(a, jx_get(message, "chat"), "type", TEXT_NONE);

	sender = jx_is_object(sender) ? sender : from;
	if (page_is_ours(ctx, number_id(a, from, "id")) || text_eq(type, TEXT("channel")) ||
	    jx_bool_or(message, "is_automatic_forward", false)) {
		return true;
	}
	if (customer.len > 0) {
		return !text_eq(number_id(a, sender, "id"), customer);
	}
	if (text_eq(type, TEXT("private"))) {
		return jx_is_text(jx_get(message, "business_connection_id")) &&
		       !text_eq(number_id(a, from, "id"), chat);
	}
	return is_staff(ctx, number_id(a, sender, "id"),
			jx_text_or(a, sender, "username", TEXT_NONE));
}

/* Written by a program: away and greeting messages, other bots that answer for the business. */
static bool is_by_program(const struct connector_ctx *ctx, struct jx message)
{
	struct text bot = number_id(ctx->arena, jx_get(message, "sender_business_bot"), "id");
	struct jx from = jx_get(message, "from");
	bool is_our_bot = page_is_ours(ctx, number_id(ctx->arena, from, "id"));

	return jx_bool_or(message, "is_from_offline", false) ||
	       (bot.len > 0 && !page_is_ours(ctx, bot)) ||
	       (jx_bool_or(from, "is_bot", false) && !is_our_bot &&
		!jx_is_object(jx_get(message, "sender_chat")));
}

/* ---- messages ---- */

static struct text permalink_of(struct arena *a, struct jx chat, int64_t message)
{
	struct text name = jx_text_or(a, chat, "username", TEXT_NONE), link;
	struct url u;

	link = text_printf(a, "https://t.me/%.*s/%lld", TEXT_ARG(name), (long long)message);
	return name.len > 0 && url_parse(link, &u) ? link : TEXT_NONE;
}

/* Who can read it, and whose exchange it is in: a private chat, or somebody's with our channel. */
static void exchange_read(struct arena *a, struct jx message, const struct telegram_place *place,
			  struct message *m)
{
	struct jx chat = jx_get(message, "chat");
	int64_t topic = jx_i64_or(jx_get(message, "direct_messages_topic"), "topic_id", 0);
	struct text public_name = jx_text_or(a, chat, "username", TEXT_NONE);
	struct text customer = channel_customer(a, message);

	if (text_eq(jx_text_or(a, chat, "type", TEXT_NONE), TEXT("private"))) {
		m->thread_id = chat_name(a, place);
		customer = number_id(a, chat, "id");
	} else if (customer.len > 0 && topic != 0) {
		m->thread_id =
			text_printf(a, "%lld/%lld", (long long)place->chat, (long long)topic);
	} else {
		m->visibility = public_name.len > 0 ? MESSAGE_PUBLIC : MESSAGE_FOLLOWERS;
		m->permalink = permalink_of(a, chat, place->message);
		return;
	}
	m->visibility = MESSAGE_PRIVATE;
	m->peer_id = m->direction == MESSAGE_OUTBOUND ? customer : TEXT_NONE;
}

/* What it answers in the same chat. A message in a topic "answers" the one that opened the topic. */
static struct jx answered(struct jx message)
{
	struct jx parent = jx_get(message, "reply_to_message");

	if (jx_is_set(jx_get(parent, "forum_topic_created"))) {
		return (struct jx){ NULL };
	}
	return parent;
}

static bool place_read(struct arena *a, struct jx message, struct telegram_place *ret,
		       struct err *err)
{
	struct text business = jx_text_or(a, message, "business_connection_id", TEXT_NONE);

	*ret = (struct telegram_place){
		.business = business,
		.chat = jx_i64_or(jx_get(message, "chat"), "id", 0),
		.message = jx_i64_or(message, "message_id", 0),
	};
	if (ret->chat == 0 || ret->message <= 0 || business.len > BUSINESS_BYTES ||
	    (business.len > 0 && !page_is_id(business))) {
		return err_set(err, ERR_DATA, "it has no id that can be stored");
	}
	return true;
}

/* A press of the Start button is sent as "/start": nobody said anything. */
static bool is_start(struct text t)
{
	return text_eq(t, TEXT("/start")) || text_starts(t, TEXT("/start "));
}

static bool body_read(struct arena *a, struct jx message, struct text words, struct jx entities,
		      struct telegram_rich *rich, struct message *m)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = (size_t)8 * LIMIT_MESSAGE_BYTES };
	bool is_said = words.len > 0;

	telegram_text_add(a, words, entities, &b);
	telegram_rich_add(a, message, &b, rich);
	is_said = is_said || rich->is_said;
	is_said = telegram_media_add(a, message, &b) || is_said;
	if (!is_said) {
		strbuf_add(&b, telegram_event_name(message));
	}
	m->body = text_dup(a, text_clip(strbuf_text(&b), LIMIT_MESSAGE_BYTES));
	return is_said;
}

static void kind_read(const struct connector_ctx *ctx, struct jx message, bool is_naming_us,
		      struct message *m)
{
	struct jx parent = answered(message);
	bool is_inbound = m->direction == MESSAGE_INBOUND;
	bool is_answering_us = jx_is_object(parent) && is_by_us(ctx, parent);

	if (m->thread_id.len > 0) {
		m->kind = MESSAGE_DIRECT;
		m->is_named = is_inbound;
	} else if (m->parent_id.len > 0) {
		m->kind = jx_bool_or(parent, "is_automatic_forward", false) ? MESSAGE_COMMENT
									    : MESSAGE_REPLY;
		m->is_named = is_inbound && (is_naming_us || is_answering_us);
	} else {
		m->kind = is_inbound && is_naming_us ? MESSAGE_MENTION : MESSAGE_POST;
		m->is_named = m->kind == MESSAGE_MENTION;
	}
}

static bool message_read(const struct connector_ctx *ctx, struct jx message, struct message *m,
			 struct err *err)
{
	struct arena *a = ctx->arena;
	struct jx chat = jx_get(message, "chat"), sender = jx_get(message, "sender_chat");
	struct text words = jx_text_or(a, message, "text", TEXT_NONE);
	struct jx entities = jx_get(message, "entities");
	struct telegram_rich rich;
	struct telegram_place place;
	bool is_naming_us, is_said;
	int64_t parent;

	if (!jx_is_object(message)) {
		return err_set(err, ERR_DATA, "it is no object");
	}
	if (!place_read(a, message, &place, err)) {
		return false;
	}
	if (!author_read(a, sender, m) && !author_read(a, jx_get(message, "from"), m) &&
	    !author_read(a, chat, m)) {
		return err_set(err, ERR_DATA, "nobody is named as its author");
	}
	m->external_id = telegram_place_id(a, &place);
	m->direction = is_by_us(ctx, message) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
	m->is_automatic = m->direction == MESSAGE_OUTBOUND && is_by_program(ctx, message);
	m->posted_at = page_s_or_none(message, "date");
	m->edited_at = page_s_or_none(message, "edit_date");
	exchange_read(a, message, &place, m);
	parent = jx_i64_or(answered(message), "message_id", 0);
	if (parent > 0 && parent != place.message) {
		place.message = parent;
		m->parent_id = telegram_place_id(a, &place);
	}
	if (words.len == 0) {
		words = jx_text_or(a, message, "caption", TEXT_NONE);
		entities = jx_get(message, "caption_entities");
	}
	is_naming_us = names_read(ctx, words, entities, m);
	is_said = body_read(a, message, words, entities, &rich, m);
	is_naming_us = rich_names_read(ctx, &rich, m) || is_naming_us;
	if (is_said &&
	    !(m->thread_id.len > 0 && m->direction == MESSAGE_INBOUND && is_start(words))) {
		kind_read(ctx, message, is_naming_us, m);
	} else {
		m->kind = MESSAGE_OTHER;
	}
	return true;
}

bool telegram_message_read(const struct connector_ctx *ctx, struct text slice, struct message *ret)
{
	struct jx_doc *doc = NULL;
	struct jx v;
	bool is_read = jx_parse(ctx->arena, slice, &v, &doc, NULL);

	*ret = (struct message){ .raw = slice };
	is_read = is_read && message_read(ctx, v, ret, NULL);
	jx_release(&doc);
	return is_read;
}

/* ---- updates ---- */

/* Members of an update that are messages. */
static const char *const message_names[] = { "message",          "edited_message",
					     "channel_post",     "edited_channel_post",
					     "business_message", "edited_business_message" };
/* And some that are not. */
static const char *const event_names[] = { "my_chat_member",     "chat_member", "message_reaction",
					   "callback_query",     "poll_answer", "chat_join_request",
					   "business_connection" };

static bool deleted_read(const struct connector_ctx *ctx, struct jx deleted, struct text slice,
			 struct outcome *out)
{
	struct text inner, list, *ids;
	size_t n;
	struct telegram_place place = {
		.business = jx_text_or(ctx->arena, deleted, "business_connection_id", TEXT_NONE),
		.chat = jx_i64_or(jx_get(deleted, "chat"), "id", 0),
	};

	if (place.chat == 0 || !page_is_id(place.business) || place.business.len > BUSINESS_BYTES ||
	    !jx_member(slice, TEXT("deleted_business_messages"), &inner) ||
	    !jx_member(inner, TEXT("message_ids"), &list) ||
	    !jx_elements(ctx->arena, list, &ids, &n, NULL) || n == 0) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (num_parse_range(ids[i], 1, INT64_MAX, &place.message)) {
			outcome_add_gone(ctx->arena, out, telegram_place_id(ctx->arena, &place));
		} else {
			outcome_add_bad(ctx->arena, out, slice, TEXT_NONE,
					"it names no message that was deleted");
		}
	}
	return true;
}

/* Joined, blocked, reacted and whatever will be invented: kept, nobody waits. */
static void event_read(const struct connector_ctx *ctx, struct jx update, int64_t id,
		       struct message *m)
{
	struct arena *a = ctx->arena;

	m->external_id = text_printf(a, "update:%lld", (long long)id);
	m->kind = MESSAGE_OTHER;
	m->visibility = MESSAGE_PRIVATE;
	m->body = TEXT("a kind of update that this version does not know");
	m->author_id = TEXT("telegram");
	for (size_t i = 0; i < sizeof(event_names) / sizeof(event_names[0]); i++) {
		struct jx event = jx_get(update, event_names[i]);

		if (jx_is_object(event)) {
			m->body = text_of(event_names[i]);
			m->posted_at = page_s_or_none(event, "date");
			(void)(author_read(a, jx_get(event, "from"), m) ||
			       author_read(a, jx_get(event, "user"), m) ||
			       author_read(a, jx_get(event, "chat"), m));
		}
	}
	m->direction = page_is_ours(ctx, m->author_id) ? MESSAGE_OUTBOUND : MESSAGE_INBOUND;
}

static bool update_read(const struct connector_ctx *ctx, struct jx update, int64_t id,
			struct text slice, struct outcome *out, struct err *err)
{
	struct message m = { .raw = slice };
	struct jx deleted = jx_get(update, "deleted_business_messages");

	if (!jx_is_object(update)) {
		return err_set(err, ERR_DATA, "it is no object");
	}
	if (jx_is_object(deleted)) {
		return deleted_read(ctx, deleted, slice, out) ||
		       err_set(err, ERR_DATA, "it does not say what was deleted");
	}
	for (size_t i = 0; i < sizeof(message_names) / sizeof(message_names[0]); i++) {
		struct jx message = jx_get(update, message_names[i]);

		if (jx_is_object(message)) {
			if (!message_read(ctx, message, &m, err)) {
				return false;
			}
			*outcome_add_message(ctx->arena, out) = m;
			return true;
		}
	}
	if (id < 0) {
		return err_set(err, ERR_DATA, "it is no update: it has no number");
	}
	event_read(ctx, update, id, &m);
	*outcome_add_message(ctx->arena, out) = m;
	return true;
}

/* The number of an update that does not parse, or was cut. */
static int64_t id_salvage(struct text slice)
{
	struct text mark = TEXT("\"update_id\":");
	size_t at = text_find(slice, mark, 0), n = 0;
	int64_t id;

	slice = at == SIZE_MAX ? TEXT_NONE : text_trim(text_slice(slice, at + mark.len, 64));
	while (n < slice.len && slice.at[n] >= '0' && slice.at[n] <= '9') {
		n++;
	}
	return num_parse_range(text_slice(slice, 0, n), 0, INT64_MAX - 1, &id) ? id : -1;
}

void telegram_blind_add(const struct connector_ctx *ctx, struct text start, struct outcome *out,
			int64_t *ret_id)
{
	*ret_id = id_salvage(start);
	outcome_add_bad(ctx->arena, out, start, TEXT_NONE,
			"an update over 2 MiB, which is not read: see it in Telegram");
}

void telegram_update_add(const struct connector_ctx *ctx, struct text slice, struct outcome *out,
			 int64_t *ret_id)
{
	struct jx_doc *doc = NULL;
	struct err err = { 0 };
	struct jx v;

	if (!jx_parse(ctx->arena, slice, &v, &doc, &err)) {
		*ret_id = id_salvage(slice);
		outcome_add_bad(ctx->arena, out, slice, TEXT_NONE, err.text);
		return;
	}
	*ret_id = jx_i64_or(v, "update_id", -1);
	*ret_id = *ret_id >= 0 && *ret_id < INT64_MAX ? *ret_id : -1;
	if (!update_read(ctx, v, *ret_id, slice, out, &err)) {
		outcome_add_bad(ctx->arena, out, slice, TEXT_NONE, err.text);
	}
	jx_release(&doc);
}
