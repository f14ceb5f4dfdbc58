#include "telegram_rich.h"

#include "answerd/url.h"

#define DEPTH_MOST 24
#define NODES_MOST 4096

struct walk {
	struct arena *a;
	struct strbuf *b;
	struct telegram_rich *out;
	int n_nodes;
};

/* What holds words or more blocks, in the order in which it is read. */
static const struct {
	const char *name;
	enum { INLINE, LINES } how;
} members[] = {
	{ "label", INLINE },
	{ "summary", INLINE },
	{ "text", INLINE },
	{ "expression", INLINE },
	{ "alternative_text", INLINE },
	{ "blocks", LINES },
	{ "items", LINES },
	{ "cells", LINES },
	{ "caption", LINES },
	{ "credit", LINES },
};

/* What blocks hold beside words. */
static const struct {
	const char *name, *shown;
} media[] = {
	{ "photo", "[photo]" },
	{ "video", "[video]" },
	{ "animation", "[animation]" },
	{ "audio", "[audio]" },
	{ "voice_note", "[voice message]" },
	{ "location", "[location]" },
};

static void line_start(struct strbuf *b)
{
	if (b->len > 0 && b->at[b->len - 1] != '\n') {
		strbuf_add_byte(b, '\n');
	}
}

static void words_add(struct walk *w, struct text t)
{
	w->out->is_said = w->out->is_said || text_trim(t).len > 0;
	strbuf_add(w->b, t);
}

static void name_note(struct walk *w, struct jx node)
{
	struct text handle = jx_text_or(w->a, node, "username", TEXT_NONE);
	struct text command = jx_text_or(w->a, node, "bot_command", TEXT_NONE), rest;
	int64_t id = jx_i64_or(jx_get(node, "user"), "id", 0);

	if (command.len > 0) { /* "/order@shop_bot" */
		(void)text_cut(command, '@', &rest, &handle);
	} else if (text_starts(handle, TEXT("@"))) {
		handle = text_slice(handle, 1, SIZE_MAX);
	}
	if ((handle.len > 0 || id != 0) && w->out->n_names < TELEGRAM_RICH_NAMES) {
		w->out->names[w->out->n_names++] = (struct telegram_named){ handle, id };
	}
}

static void media_add(struct walk *w, struct jx node)
{
	for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++) {
		struct jx v = jx_get(node, media[i].name);

		if (jx_is_object(v) || jx_is_array(v)) {
			line_start(w->b);
			words_add(w, text_of(media[i].shown));
		}
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by depth and number of nodes */
static void node_add(struct walk *w, struct jx v, int depth)
{
	struct text words, url;
	struct url u;

	if (++w->n_nodes > NODES_MOST || depth > DEPTH_MOST) {
		return;
	}
	if (jx_is_text(v)) {
		if (jx_as_text(w->a, v, &words)) {
			words_add(w, words);
		}
		return;
	}
	for (size_t i = 0; i < jx_len(v); i++) { /* a text in pieces, or a row of a table */
		if (i > 0 && jx_is_set(jx_get(jx_at(v, i), "align"))) {
			strbuf_add_byte(w->b, ' ');
		}
		node_add(w, jx_at(v, i), depth + 1);
	}
	if (!jx_is_object(v)) {
		return;
	}
	name_note(w, v);
	media_add(w, v);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct jx inner = jx_get(v, members[i].name);
		bool is_list = members[i].how == LINES && jx_is_array(inner);

		for (size_t k = 0; k < (is_list ? jx_len(inner) : 0); k++) {
			if (k == 0 && jx_is_text(jx_get(v, "label"))) {
				strbuf_add_byte(w->b, ' '); /* "1. the cup" */
			} else {
				line_start(w->b);
			}
			node_add(w, jx_at(inner, k), depth + 1);
		}
		if (!is_list && jx_is_set(inner)) {
			if (members[i].how == LINES) {
				line_start(w->b);
			}
			node_add(w, inner, depth + 1);
		}
	}
	url = jx_text_or(w->a, v, "url", TEXT_NONE);
	if (url_parse(url, &u) && !text_eq(jx_text_or(w->a, v, "text", TEXT_NONE), url)) {
		strbuf_add_str(w->b, " (");
		strbuf_add(w->b, url);
		strbuf_add_byte(w->b, ')');
	}
}

void telegram_rich_add(struct arena *a, struct jx message, struct strbuf *b,
		       struct telegram_rich *ret)
{
	struct walk w = { .a = a, .b = b, .out = ret };

	*ret = (struct telegram_rich){ 0 };
	node_add(&w, jx_get(message, "rich_message"), 0);
}
