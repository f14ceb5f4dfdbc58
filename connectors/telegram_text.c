#include "telegram_text.h"

#include "answerd/limits.h"
#include "answerd/url.h"

/* The byte behind so many units, or SIZE_MAX. */
static size_t byte_of(struct text t, int64_t units)
{
	size_t at = 0;

	while (units > 0 && at < t.len) {
		unsigned char c = (unsigned char)t.at[at];
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

		units -= n == 4 ? 2 : 1;
		at += n;
	}
	return units == 0 && at <= t.len ? at : SIZE_MAX;
}

bool telegram_entity_place(struct text t, struct jx entity, size_t *ret_from, size_t *ret_end)
{
	int64_t from = jx_i64_or(entity, "offset", -1), len = jx_i64_or(entity, "length", -1);

	if (from < 0 || len <= 0 || from > LIMIT_MESSAGE_BYTES || len > LIMIT_MESSAGE_BYTES) {
		return false;
	}
	*ret_from = byte_of(t, from);
	*ret_end = byte_of(t, from + len);
	return *ret_from != SIZE_MAX && *ret_end != SIZE_MAX;
}

/* The text, with the addresses that stand behind words. */
void telegram_text_add(struct arena *a, struct text t, struct jx entities, struct strbuf *b)
{
	size_t done = 0;

	for (size_t i = 0; i < jx_len(entities) && i < TELEGRAM_ENTITIES_MOST; i++) {
		struct jx e = jx_at(entities, i);
		struct text url = jx_text_or(a, e, "url", TEXT_NONE);
		size_t from, end;
		struct url u;

		if (url_parse(url, &u) && telegram_entity_place(t, e, &from, &end) && end >= done &&
		    !text_eq(text_slice(t, from, end - from), url)) {
			strbuf_add(b, text_slice(t, done, end - done));
			strbuf_add_str(b, " (");
			strbuf_add(b, url);
			strbuf_add_byte(b, ')');
			done = end;
		}
	}
	strbuf_add(b, text_slice(t, done, SIZE_MAX));
}

/* What people send beside words; `word` is a member that says something about it. */
static const struct {
	const char *name, *shown, *word;
} media[] = {
	{ "photo", "photo", NULL },
	{ "video", "video", "file_name" },
	{ "animation", "animation", NULL },
	{ "audio", "audio", "title" },
	{ "voice", "voice message", NULL },
	{ "video_note", "video message", NULL },
	{ "document", "document", "file_name" },
	{ "sticker", "sticker", "emoji" },
	{ "venue", "venue", "title" },
	{ "location", "location", NULL },
	{ "contact", "contact", "first_name" },
	{ "poll", "poll", "question" },
	{ "dice", "dice", "emoji" },
	{ "game", "game", "title" },
	{ "story", "story", NULL },
	{ "paid_media", "paid media", NULL },
	{ "checklist", "checklist", "title" },
	{ "invoice", "invoice", "title" },
};

bool telegram_media_add(struct arena *a, struct jx message, struct strbuf *b)
{
	for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++) {
		struct jx v = jx_get(message, media[i].name);
		struct text word;

		if (!jx_is_object(v) && !jx_is_array(v)) {
			continue;
		}
		word = media[i].word != NULL ? jx_text_or(a, v, media[i].word, TEXT_NONE)
					     : TEXT_NONE;
		strbuf_add_str(b, b->len > 0 ? "\n[" : "[");
		strbuf_add_str(b, media[i].shown);
		strbuf_add_str(b, word.len > 0 ? ": " : "");
		strbuf_add(b, text_clip(text_trim(word), LIMIT_NAME_BYTES));
		strbuf_add_byte(b, ']');
		return true; /* a venue is also a location, an animation also a document */
	}
	return false;
}

struct text telegram_event_name(struct jx message)
{
	static const char *const names[] = {
		"new_chat_members",     "left_chat_member",
		"group_chat_created",   "supergroup_chat_created",
		"channel_chat_created", "pinned_message",
		"new_chat_title",       "new_chat_photo",
		"delete_chat_photo",    "migrate_to_chat_id",
		"migrate_from_chat_id", "forum_topic_created",
		"forum_topic_edited",   "forum_topic_closed",
		"forum_topic_reopened", "message_auto_delete_timer_changed",
		"users_shared",         "chat_shared",
		"write_access_allowed", "boost_added",
		"video_chat_started",   "video_chat_ended"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (jx_is_set(jx_get(message, names[i]))) {
			return text_of(names[i]);
		}
	}
	return TEXT("a kind of message that this version does not know");
}
