/* A conversation and the box beside it: the database's answer, and what only the desk knows: how the platform counts words (the
 * connector's own rule, as reply.c will), and who else is there. */
#include "answerd/limits.h"
#include "daemon/desk/asked.h"
#include "daemon/desk/events.h"
#include "daemon/desk/presence.h"

#define MOST_BYTES (4u * 1024 * 1024)

static const char *const units[] = { [LENGTH_CHARACTERS] = "characters",
				     [LENGTH_GRAPHEMES] = "graphemes",
				     [LENGTH_WEIGHTED] = "weighted",
				     [LENGTH_UTF16] = "utf16",
				     [LENGTH_BYTES] = "bytes" };

static void add_limit(struct strbuf *out, const struct connector *c, int64_t most)
{
	strbuf_printf(out, "\"unit\": \"%s\", \"limit\": ", units[c->can.length_unit]);
	if (most > 0) {
		strbuf_printf(out, "%lld", (long long)most);
	} else {
		strbuf_add_str(out, "null");
	}
}

static void answer(struct work *w, struct strbuf *out)
{
	if (out->is_full) {
		desk_work_refuse(w, 500, TEXT("That is more than the desk can show at once."));
		return;
	}
	desk_work_answer(w, strbuf_text(out));
}

/* ---- show ---- */

#define COL_SHOWN (ASKED_SIGNATURE + 1) /* the conversation, of desk_show.sql */

static void done_show(const struct db_result *r, void *owner)
{
	struct work *w = owner;
	scoped(strbuf_done) struct strbuf out = { 0 };
	const struct connector *c;
	struct arena *scratch;
	struct split s;
	struct text shown;
	int64_t length, most;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	if (r->n_rows != 1 || db_is_null(r, 0, ASKED_DONE)) {
		desk_work_refuse(w, 404, TEXT("There is no such conversation."));
		return;
	}
	shown = text_trim(db_text(r, 0, ASKED_DONE));
	strbuf_init(&out, shown.len + 1024 * 1024);
	strbuf_add(&out, text_slice(shown, 0, shown.len - 1)); /* its last brace comes later */
	strbuf_add_str(&out, ", \"counting\": ");
	c = asked_connector(desk_work_conf(w), r);
	if (c == NULL) {
		strbuf_add_str(&out, "null");
	} else {
		scratch = arena_create(LIMIT_PAGE_ARENA_BYTES);
		s = asked_split(r, c, scratch);
		split_measure(&s, TEXT(""), &length, &most);
		arena_destroy(&scratch);
		strbuf_add_str(&out, "{");
		add_limit(&out, c, most);
		strbuf_printf(&out, ", \"most_parts\": %d}", SPLIT_MOST);
	}
	strbuf_add_str(&out, ", \"others\": ");
	presence_print(desk_presence(w->desk), &out, db_i64(r, 0, COL_SHOWN), w->actor,
		       loop_mono(desk_loop(w->desk)));
	strbuf_add_str(&out, "}");
	answer(w, &out);
}

/* ---- measure ---- */

static void print_measured(struct strbuf *out, struct arena *a, const struct split *s,
			   struct text body)
{
	struct text words[SPLIT_MOST];
	struct err err = { 0 };
	int64_t length, most, each, cost = 0;
	size_t n = 0;
	bool is_fit;

	split_measure(s, split_whole(a, s, body), &length, &most);
	is_fit = most <= 0 || length <= most;
	strbuf_add_str(out, "{");
	add_limit(out, s->connector, most);
	strbuf_printf(out, ", \"length\": %lld, \"fits\": %s, \"parts\": [", (long long)length,
		      is_fit ? "true" : "false");
	if (!text_is_empty(body) && split_words(a, s, body, words, &n, &err)) {
		for (size_t i = 0; i < n; i++) {
			split_measure(s, words[i], &each, &most);
			cost += split_price(s, words[i]);
			strbuf_add_str(out, i > 0 ? ", {\"text\": " : "{\"text\": ");
			strbuf_add_json(out, words[i]);
			strbuf_printf(out, ", \"length\": %lld}", (long long)each);
		}
	}
	strbuf_add_str(out, "], \"why_not\": ");
	if (err.text[0] != '\0') {
		strbuf_add_json(out, text_of(err.text));
	} else {
		strbuf_add_str(out, "null");
	}
	strbuf_add_str(out, ", \"cost_usd\": ");
	if (cost > 0) {
		strbuf_printf(out, "\"%lld.%03lld\"", (long long)(cost / 1000000),
			      (long long)(cost % 1000000 / 1000));
	} else {
		strbuf_add_str(out, "null");
	}
	strbuf_add_str(out, "}");
}

static void done_measure(const struct db_result *r, void *owner)
{
	struct work *w = owner;
	scoped(strbuf_done) struct strbuf out = { 0 };
	const struct connector *c;
	struct arena *scratch;
	struct split s;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	c = r->n_rows == 1 ? asked_connector(desk_work_conf(w), r) : NULL;
	if (c == NULL) {
		desk_work_refuse(w, 409,
				 TEXT("Nobody knows how this platform counts: it is not configured "
				      "any more."));
		return;
	}
	scratch = arena_create(LIMIT_PAGE_ARENA_BYTES);
	s = asked_split(r, c, scratch);
	s.is_parts = true; /* how many it would take is said in any case */
	strbuf_init(&out, MOST_BYTES);
	print_measured(&out, httpd_arena(w->r), &s, text_trim(db_text(r, 0, ASKED_BODY)));
	arena_destroy(&scratch);
	answer(w, &out);
}

/* ---- presence ---- */

/* Columns of desk_presence.sql. */
enum { COL_CONVERSATION, COL_LOGIN, COL_NAME, COL_IS_TYPING, COL_IS_GONE };

/* Every page hears it; the ones that show that conversation say it. */
static void tell_presence(struct work *w, const struct presence_note *n)
{
	scoped(strbuf_done) struct strbuf out = { 0 };

	strbuf_init(&out, MOST_BYTES);
	strbuf_printf(&out, "{\"conversation\": \"%lld\", \"login\": ", (long long)n->conversation);
	strbuf_add_json(&out, n->login);
	strbuf_add_str(&out, ", \"name\": ");
	strbuf_add_json(&out, n->name);
	strbuf_printf(&out, ", \"is_typing\": %s, \"is_gone\": %s}",
		      n->is_typing ? "true" : "false", n->is_gone ? "true" : "false");
	events_tell(desk_work_events(w), "presence", strbuf_text(&out), /* is_kept= */ false);
}

static void done_presence(const struct db_result *r, void *owner)
{
	struct work *w = owner;
	struct loop *loop = desk_loop(w->desk);
	scoped(strbuf_done) struct strbuf out = { 0 };
	struct presence_note note;

	if (!r->is_ok) {
		desk_work_fail(w, w->route->name, r);
		return;
	}
	if (r->n_rows != 1) {
		desk_work_refuse(w, 404, TEXT("There is no such conversation."));
		return;
	}
	note = (struct presence_note){ .conversation = db_i64(r, 0, COL_CONVERSATION),
				       .staff = w->actor,
				       .login = db_text(r, 0, COL_LOGIN),
				       .name = db_text(r, 0, COL_NAME),
				       .is_typing = db_bool(r, 0, COL_IS_TYPING),
				       .is_gone = db_bool(r, 0, COL_IS_GONE),
				       .now = loop_mono(loop),
				       .at = loop_wall(loop) };
	if (presence_take(desk_presence(w->desk), &note)) {
		tell_presence(w, &note);
	}
	strbuf_init(&out, MOST_BYTES);
	strbuf_add_str(&out, "{\"others\": ");
	presence_print(desk_presence(w->desk), &out, note.conversation, note.staff, note.now);
	strbuf_add_str(&out, "}");
	answer(w, &out);
}

static void ask(struct work *w, db_done *done)
{
	struct db_params *p = desk_work_params(w);

	if (p != NULL) {
		desk_work_ask(w, &p, done);
	}
}

void box_show_serve(struct work *w)
{
	ask(w, done_show);
}

void box_measure_serve(struct work *w)
{
	ask(w, done_measure);
}

void box_presence_serve(struct work *w)
{
	ask(w, done_presence);
}
