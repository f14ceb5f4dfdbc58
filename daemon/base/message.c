#include "answerd/message.h"

#include "answerd/limits.h"

_Static_assert(sizeof(((struct message *)0)->names) / sizeof(struct text) == LIMIT_NAMES,
	       "message.h spells LIMIT_NAMES as a number");

const char *message_kind_name(enum message_kind k)
{
	switch (k) {
	case MESSAGE_MENTION: return "mention";
	case MESSAGE_COMMENT: return "comment";
	case MESSAGE_REPLY: return "reply";
	case MESSAGE_DIRECT: return "direct";
	case MESSAGE_REVIEW: return "review";
	case MESSAGE_POST: return "post";
	case MESSAGE_OTHER: return "other";
	}
	return "other";
}

const char *message_direction_name(enum message_direction d)
{
	return d == MESSAGE_OUTBOUND ? "outbound" : "inbound";
}

const char *message_visibility_name(enum message_visibility v)
{
	switch (v) {
	case MESSAGE_PUBLIC: return "public";
	case MESSAGE_UNLISTED: return "unlisted";
	case MESSAGE_FOLLOWERS: return "followers";
	case MESSAGE_PRIVATE: return "private";
	}
	return "private";
}

static uint64_t hash_field(uint64_t seed, struct text t)
{
	/* A byte that no clean text holds keeps "ab"+"c" and "a"+"bc" apart. */
	return text_hash(text_hash(seed, t), (struct text){ "", 1 });
}

enum message_kind message_kind_of(struct text name)
{
	for (int i = MESSAGE_MENTION; i <= MESSAGE_OTHER; i++) {
		if (text_eq(name, text_of(message_kind_name((enum message_kind)i)))) {
			return (enum message_kind)i;
		}
	}
	return MESSAGE_OTHER;
}

enum message_visibility message_visibility_of(struct text name)
{
	for (int i = MESSAGE_PUBLIC; i <= MESSAGE_PRIVATE; i++) {
		if (text_eq(name, text_of(message_visibility_name((enum message_visibility)i)))) {
			return (enum message_visibility)i;
		}
	}
	return MESSAGE_PRIVATE;
}

uint64_t message_hash(const struct message *m)
{
	/* Only what the author can change. Names change without anybody editing anything; kind,
	 * mentions and the parent depend on which answer of the server told of the message (and a
	 * parent vanishes when it is deleted). */
	return hash_field(hash_field(hash_field(TEXT_HASH_SEED, m->body), m->warning), m->revision);
}

static void print_text(struct strbuf *out, const char *name, struct text t)
{
	strbuf_printf(out, ",\"%s\":", name);
	if (t.len == 0) {
		strbuf_add_str(out, "null");
	} else {
		strbuf_add_json(out, t);
	}
}

static void print_bool(struct strbuf *out, const char *name, bool is_so)
{
	strbuf_printf(out, ",\"%s\":%s", name, is_so ? "true" : "false");
}

static void print_wall(struct strbuf *out, const char *name, struct wall w)
{
	char buf[WALL_TEXT_BYTES];

	print_text(out, name,
		   wall_is_set(w) ? (struct text){ buf, wall_format(w, buf) } : TEXT_NONE);
}

static void print_names(struct strbuf *out, const struct message *m)
{
	strbuf_add_str(out, ",\"names\":[");
	for (size_t i = 0; i < m->n_names; i++) {
		if (i > 0) {
			strbuf_add_byte(out, ',');
		}
		strbuf_add_json(out, m->names[i]);
	}
	strbuf_add_byte(out, ']');
}

void message_print(const struct message *m, struct strbuf *out)
{
	strbuf_add_str(out, "{\"author_handle\":");
	if (m->author_handle.len == 0) {
		strbuf_add_str(out, "null");
	} else {
		strbuf_add_json(out, m->author_handle);
	}
	print_text(out, "author_id", m->author_id);
	print_text(out, "author_name", m->author_name);
	strbuf_add_str(out, ",\"body\":"); /* an empty body is a text, not absence */
	strbuf_add_json(out, m->body);
	print_text(out, "direction", text_of(message_direction_name(m->direction)));
	print_wall(out, "edited_at", m->edited_at);
	print_text(out, "external_id", m->external_id);
	print_bool(out, "is_about", m->is_about);
	print_bool(out, "is_automatic", m->is_automatic);
	print_bool(out, "is_named", m->is_named);
	print_text(out, "kind", text_of(message_kind_name(m->kind)));
	print_text(out, "language", m->language);
	print_names(out, m);
	print_text(out, "parent_id", m->parent_id);
	print_text(out, "peer_id", m->peer_id);
	print_text(out, "permalink", m->permalink);
	print_wall(out, "posted_at", m->posted_at);
	strbuf_printf(out, ",\"raw_bytes\":%zu", m->raw.len);
	print_text(out, "revision", m->revision);
	print_text(out, "thread_id", m->thread_id);
	print_text(out, "visibility", text_of(message_visibility_name(m->visibility)));
	print_text(out, "warning", m->warning);
	strbuf_add_str(out, "}\n");
}

void quarantined_print(const struct quarantined *q, struct strbuf *out)
{
	strbuf_add_str(out, "{\"external_id\":");
	if (q->external_id.len == 0) {
		strbuf_add_str(out, "null");
	} else {
		strbuf_add_json(out, q->external_id);
	}
	print_text(out, "quarantined", text_of(q->reason));
	strbuf_printf(out, ",\"raw_bytes\":%zu}\n", q->raw.len);
}
