#include "daemon/base/platforms.h"

#include "answerd/connector.h"
#include "answerd/posting.h"
#include "daemon/base/dead.h"
#include "daemon/base/network.h"
#include "daemon/base/output.h"

#define MOST_SENTENCE  4096
#define INDENT         13 /* of what stands beside a name */
#define LINES_BYTES    ((size_t)1024 * 1024)
#define MOST_DESCRIBED ((size_t)64 * 1024 * 1024)

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

static void print_text_or_null(struct strbuf *out, const char *text)
{
	if (text != NULL) {
		strbuf_add_json(out, text_of(text));
	} else {
		strbuf_add_str(out, "null");
	}
}

static void print_can(const struct connector_can *can, struct strbuf *out)
{
	strbuf_add_str(out, "{\"hears\":");
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
	print_text_or_null(out, can->idempotency);
	strbuf_add_str(out, ",\"why_no_reply\":");
	print_text_or_null(out, can->why_no_reply);
	strbuf_add_str(out, ",\"answers\":");
	print_words(out, can->reply ? can->answers : NULL);
	strbuf_printf(out,
		      ",\"lookup\":%s,\"key_valid_s\":%lld,\"direct_key_valid_s\":%lld,"
		      "\"reply_window_s\":%lld,\"direct_window_s\":%lld,\"max_length\":%lld,"
		      "\"length_unit\":\"%s\"}",
		      truth(can->lookup), (long long)can->key_valid_s,
		      (long long)can->direct_key_valid_s, (long long)can->reply_window_s,
		      (long long)can->direct_window_s, (long long)can->max_length,
		      unit_name(can->length_unit));
}

static void print_json(const struct connector *c, struct strbuf *out)
{
	strbuf_add_str(out, "{\"name\":");
	strbuf_add_json(out, text_of(c->name));
	strbuf_add_str(out, ",\"about\":");
	strbuf_add_json(out, text_of(c->about));
	strbuf_add_str(out, ",\"needs\":");
	strbuf_add_json(out, text_of(c->needs));
	strbuf_add_str(out, ",\"status\":\"live\",\"fate\":null,\"heirs\":[],\"can\":");
	print_can(&c->can, out);
	strbuf_add_byte(out, '}');
}

/* A network that is gone can nothing; the same members. */
static void print_dead_json(const struct dead *d, struct strbuf *out)
{
	static const struct connector_can nothing = { .hears = "", .history = "none" };
	scoped(strbuf_done) struct strbuf sentence = { .max_bytes = MOST_SENTENCE };

	dead_print_sentence(d, &sentence);
	strbuf_add_str(out, "{\"name\":");
	strbuf_add_json(out, text_of(d->name));
	strbuf_add_str(out, ",\"about\":");
	strbuf_add_json(out, text_of(d->about));
	strbuf_add_str(out, ",\"needs\":null,\"status\":\"dead\",\"fate\":");
	strbuf_add_json(out, strbuf_text(&sentence));
	strbuf_add_str(out, ",\"heirs\":");
	dead_print_heirs(d, out);
	strbuf_add_str(out, ",\"can\":");
	print_can(&nothing, out);
	strbuf_add_byte(out, '}');
}

/* One line whose first INDENT columns stay; the others of it stand below one another. */
static void wrap_line(struct text line, int columns, struct strbuf *out)
{
	struct text rest = text_slice(line, INDENT, SIZE_MAX), word;
	int used = INDENT;

	strbuf_add(out, text_slice(line, 0, INDENT));
	for (bool is_first = true; rest.len > 0; is_first = false) {
		int n;

		(void)text_cut(rest, ' ', &word, &rest);
		n = (int)posting_characters(word); /* our own words: none of them is wide */
		if (!is_first && used + 1 + n > columns) {
			strbuf_printf(out, "\n%*s", INDENT, "");
			used = INDENT;
		} else if (!is_first) {
			strbuf_add_byte(out, ' ');
			used++;
		}
		strbuf_add(out, word);
		used += n;
	}
	strbuf_add_byte(out, '\n');
}

static void wrap(struct text all, int columns, struct strbuf *out)
{
	struct text line;

	while (all.len > 0) {
		(void)text_cut(all, '\n', &line, &all);
		wrap_line(line, columns, out);
	}
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

/* ---- README's table ---- */

/* Text of a cell: what would end it or begin markup is written as a character. */
static void cell_add(struct strbuf *out, struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] == '|' || t.at[i] == '<' || t.at[i] == '*' || t.at[i] == '_') {
			strbuf_add_byte(out, '\\');
		}
		strbuf_add_byte(out, t.at[i]);
	}
}

static void cell_open(struct strbuf *out)
{
	strbuf_add_str(out, " | ");
}

/* "mention reply other" as "mentions, replies, others". */
static void kinds_add(struct strbuf *out, const char *words)
{
	struct text rest = text_of(words), head;
	bool is_first = true;

	while (!text_is_empty(rest)) {
		(void)text_cut(rest, ' ', &head, &rest);
		strbuf_add_str(out, is_first ? "" : ", ");
		is_first = false;
		if (text_eq(head, TEXT("direct"))) {
			strbuf_add_str(out, "direct messages");
		} else if (text_ends(head, TEXT("y"))) {
			strbuf_add(out, text_slice(head, 0, head.len - 1));
			strbuf_add_str(out, "ies");
		} else {
			strbuf_add(out, head);
			strbuf_add_byte(out, 's');
		}
	}
}

static void answers_add(struct strbuf *out, const struct connector_can *can)
{
	if (!can->reply) {
		struct text why = text_of(can->why_no_reply != NULL ? can->why_no_reply : "no");

		strbuf_add_str(out, text_eq(why, TEXT("no")) ? "" : "no. ");
		cell_add(out, text_ends(why, TEXT(".")) ? text_slice(why, 0, why.len - 1) : why);
		return;
	}
	kinds_add(out, can->answers != NULL ? can->answers : can->hears);
}

static void whether_add(struct strbuf *out, bool is_so, const char *words)
{
	if (words != NULL) {
		cell_add(out, text_of(words));
	} else {
		strbuf_add_str(out, is_so ? "yes" : "no");
	}
}

/* 300: "5 minutes". */
static void span_add(struct strbuf *out, int64_t seconds)
{
	static const struct {
		int64_t s;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds % units[i].s == 0) {
			int64_t n = seconds / units[i].s;

			strbuf_printf(out, "%lld %s%s", (long long)n, units[i].name,
				      n == 1 ? "" : "s");
			return;
		}
	}
}

static void limits_add(struct strbuf *out, const struct connector_can *can)
{
	static const char *const units[] = {
		[LENGTH_CHARACTERS] = "characters",
		[LENGTH_GRAPHEMES] = "characters as people count",
		[LENGTH_WEIGHTED] = "weighted characters",
		[LENGTH_UTF16] = "UTF-16 units",
		[LENGTH_BYTES] = "bytes",
	};

	if (can->reply && can->max_length > 0) {
		strbuf_printf(out, "a reply has at most %lld %s; ", (long long)can->max_length,
			      units[can->length_unit]);
	}
	if (can->reply && can->reply_window_s > 0) {
		strbuf_add_str(out, "it is taken within ");
		span_add(out, can->reply_window_s);
		strbuf_add_str(out, "; ");
	}
	if (can->reply && can->direct_window_s > 0) {
		strbuf_add_str(out, "a direct one is taken within ");
		span_add(out, can->direct_window_s);
		strbuf_add_str(out, "; ");
	}
	if (can->limits != NULL) {
		cell_add(out, text_of(can->limits));
	} else {
		strbuf_printf(out, "we ask at most %lld times in ",
			      (long long)can->budget_requests);
		span_add(out, can->budget_window_s);
	}
}

/* `about` is "Network: what is heard there". */
static void print_row(const struct connector *c, struct strbuf *out)
{
	const struct connector_can *can = &c->can;
	struct text network, hears;

	if (!text_cut(text_of(c->about), ':', &network, &hears)) {
		hears = TEXT_NONE;
	}
	strbuf_printf(out, "| `%s`: ", c->name);
	cell_add(out, network);
	cell_open(out);
	if (text_is_empty(hears)) {
		kinds_add(out, can->hears);
	} else {
		cell_add(out, text_trim(hears));
	}
	cell_open(out);
	answers_add(out, can);
	cell_open(out);
	whether_add(out, can->edits, can->edits_words);
	cell_open(out);
	whether_add(out, can->deletions, can->deletions_words);
	cell_open(out);
	whether_add(out, can->direct, NULL);
	cell_open(out);
	cell_add(out, text_of(can->history));
	cell_open(out);
	limits_add(out, can);
	cell_open(out);
	cell_add(out, text_of(c->needs));
	strbuf_add_str(out, " |\n");
}

/* Ours, then those that come with us described. */
static const struct connector *nth(struct arena *a, size_t i)
{
	return i < n_connectors
		       ? connectors[i]
		       : network_shipped(a, text_of(networks[i - n_connectors].name), NULL);
}

static void print_markdown(struct arena *a, struct strbuf *out)
{
	strbuf_add_str(out, "| network | hears | answers | edits | deletions | direct | history | "
			    "limits | what you need |\n|---|---|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < n_connectors + n_networks; i++) {
		if (nth(a, i) != NULL) {
			print_row(nth(a, i), out);
		}
	}
	strbuf_add_str(out, "\nGone, and refused in a configuration:\n\n");
	for (size_t i = 0; i < n_deads; i++) {
		strbuf_printf(out, "- `%s`: ", deads[i].name);
		dead_print_sentence(&deads[i], out);
		strbuf_add_byte(out, '\n');
	}
}

static void print_deads(bool is_json, struct strbuf *out)
{
	for (size_t i = 0; i < n_deads; i++) {
		if (is_json) {
			strbuf_add_byte(out, ',');
			print_dead_json(&deads[i], out);
		} else {
			strbuf_printf(out, "%-12s is gone. ", deads[i].name);
			dead_print_sentence(&deads[i], out);
			strbuf_add_byte(out, '\n');
		}
	}
}

void platforms_print(enum platforms_form form, struct strbuf *out)
{
	scoped(strbuf_done) struct strbuf lines = { .max_bytes = LINES_BYTES };
	struct arena *a = arena_create(MOST_DESCRIBED);
	bool is_json = form == PLATFORMS_JSON;

	if (form == PLATFORMS_MARKDOWN) {
		print_markdown(a, out);
		arena_destroy(&a);
		return;
	}
	strbuf_add_str(out, is_json ? "[" : "");
	for (size_t i = 0; i < n_connectors + n_networks; i++) {
		const struct connector *c = nth(a, i);

		if (is_json && c != NULL) {
			strbuf_add_str(out, i > 0 ? "," : "");
			print_json(c, out);
		} else if (c != NULL) {
			print_person(c, &lines);
		}
	}
	print_deads(is_json, is_json ? out : &lines);
	wrap(strbuf_text(&lines), output_columns(), out);
	strbuf_add_str(out, is_json ? "]\n" : "");
	arena_destroy(&a);
}
