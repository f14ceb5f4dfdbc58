#include "daemon/base/platforms.h"
#include "answerd/connector.h"

static const char *unit_name(enum length_unit u)
{
	switch (u) {
	case LENGTH_CHARACTERS: return "characters";
	case LENGTH_GRAPHEMES: return "graphemes";
	case LENGTH_WEIGHTED: return "weighted";
	case LENGTH_UTF16: return "utf16";
	case LENGTH_BYTES: return "bytes";
	}
	return "characters";
}

static const char *truth(bool b)
{
	return b ? "true" : "false";
}

/* "mention reply direct" as a JSON array. */
static void print_words(struct strbuf *out, const char *words)
{
	struct text rest = text_of(words), head;
	bool is_first = true;

	strbuf_add_byte(out, '[');
	while (!text_is_empty(rest)) {
		(void)text_cut(rest, ' ', &head, &rest);
		strbuf_add_str(out, is_first ? "" : ",");
		strbuf_add_json(out, head);
		is_first = false;
	}
	strbuf_add_byte(out, ']');
}

static void print_json(const struct connector *c, struct strbuf *out)
{
	const struct connector_can *can = &c->can;

	strbuf_add_str(out, "{\"name\":");
	strbuf_add_json(out, text_of(c->name));
	strbuf_add_str(out, ",\"about\":");
	strbuf_add_json(out, text_of(c->about));
	strbuf_add_str(out, ",\"needs\":");
	strbuf_add_json(out, text_of(c->needs));
	strbuf_add_str(out, ",\"status\":\"live\",\"heirs\":[],\"can\":{\"hears\":");
	print_words(out, can->hears);
	strbuf_printf(out,
		      ",\"reply\":%s,\"edits\":%s,\"deletions\":%s,\"direct\":%s,\"search\":%s,"
		      "\"anonymous_search\":%s",
		      truth(can->reply), truth(can->edits), truth(can->deletions),
		      truth(can->direct), truth(can->search), truth(can->anonymous_search));
	strbuf_printf(
		out, ",\"time\":\"%s\",\"history\":", can->is_time_authors ? "author" : "platform");
	strbuf_add_json(out, text_of(can->history));
	strbuf_add_str(out, ",\"idempotency\":");
	if (can->idempotency != NULL) {
		strbuf_add_json(out, text_of(can->idempotency));
	} else {
		strbuf_add_str(out, "null");
	}
	strbuf_add_str(out, ",\"why_no_reply\":");
	if (can->why_no_reply != NULL) {
		strbuf_add_json(out, text_of(can->why_no_reply));
	} else {
		strbuf_add_str(out, "null");
	}
	strbuf_add_str(out, ",\"answers\":");
	print_words(out, can->reply ? can->answers : NULL);
	strbuf_printf(out,
		      ",\"lookup\":%s,\"key_valid_s\":%lld,\"direct_key_valid_s\":%lld,"
		      "\"reply_window_s\":%lld,\"max_length\":%lld,\"length_unit\":\"%s\"}}",
		      truth(can->lookup), (long long)can->key_valid_s,
		      (long long)can->direct_key_valid_s, (long long)can->reply_window_s,
		      (long long)can->max_length, unit_name(can->length_unit));
}

static void print_person(const struct connector *c, struct strbuf *out)
{
	strbuf_printf(out, "%-12s %s\n", c->name, c->about);
	strbuf_printf(out, "             hears %s; history: %s\n", c->can.hears, c->can.history);
	if (c->can.reply) {
		strbuf_printf(out, "             answers %s, up to %lld %s\n",
			      c->can.answers != NULL ? c->can.answers : c->can.hears,
			      (long long)c->can.max_length, unit_name(c->can.length_unit));
	}
	strbuf_printf(out, "             sees %s%s%s; needs %s\n",
		      c->can.edits ? "edits" : "no edits", c->can.deletions ? ", deletions" : "",
		      c->can.direct ? ", direct messages" : "", c->needs);
	strbuf_printf(out, "             listen: %s\n", c->sources);
	if (c->can.why_no_reply != NULL) {
		strbuf_printf(out, "             %s\n", c->can.why_no_reply);
	}
}

void platforms_print(bool is_json, struct strbuf *out)
{
	if (is_json) {
		strbuf_add_byte(out, '[');
	}
	for (size_t i = 0; i < n_connectors; i++) {
		if (is_json) {
			strbuf_add_str(out, i > 0 ? "," : "");
			print_json(connectors[i], out);
		} else {
			print_person(connectors[i], out);
		}
	}
	strbuf_add_str(out, is_json ? "]\n" : "");
}
