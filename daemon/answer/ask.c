/* Requests of the answer command, and what their failures mean: see answer.h. */
#include <stdio.h>

#include "daemon/answer/answer.h"

/* A sentence on stderr, with hostile characters made visible. */
static void say_error(struct text detail)
{
	struct screen s;

	screen_init(&s);
	s.has_color = false;
	screen_text(&s, INK_PLAIN, detail, 0);
	(void)fprintf(stderr, "%.*s\n", TEXT_ARG(strbuf_text(&s.out)));
	screen_done(&s);
}

static enum exit_code code_of(int status)
{
	switch (status) {
	case 400:
	case 413:
	case 415: return EXIT_USAGE;
	case 502:
	case 503:
	case 504: return EXIT_UNREACHED;
	default: return EXIT_REFUSED;
	}
}

static enum exit_code ask(struct call *c, const char *path, const char *body, struct reply *ret)
{
	struct err err = { 0 };
	struct text slice, detail;

	*ret = (struct reply){ 0 };
	if (!client_ask(c->client, path, body, &ret->answer, &err)) {
		say_error(text_of(err.text));
		return EXIT_UNREACHED;
	}
	if (ret->answer.status == 200 && c->is_json) {
		return EXIT_DONE;
	}
	if (!jx_scan(strbuf_text(&ret->answer.body), &slice, &err) ||
	    !jx_parse(c->arena, slice, &ret->root, &ret->doc, &err)) {
		(void)fprintf(stderr,
			      "The desk answered %d and what it said could not be read%s%s.\n",
			      ret->answer.status, ret->answer.status == 200 ? ": " : "",
			      ret->answer.status == 200 ? err.text : "");
		return ret->answer.status == 200 ? EXIT_REFUSED : code_of(ret->answer.status);
	}
	if (ret->answer.status == 200) {
		return EXIT_DONE;
	}
	detail = jx_str(c, ret->root, "detail");
	say_error(text_is_empty(detail)
			  ? text_printf(c->arena, "The desk answered %d.", ret->answer.status)
			  : detail);
	return code_of(ret->answer.status);
}

/* The desk's JSON on one line, unchanged; but to a terminal what it would obey goes as \u202e, which means the same. */
static void print_json(struct call *c, struct text json)
{
	scoped(strbuf_done) struct strbuf safe = { 0 };
	uint32_t code;

	if (!c->screen.is_terminal) {
		screen_raw(&c->screen, json);
		screen_raw(&c->screen, TEXT("\n"));
		return;
	}
	strbuf_init(&safe, 512u * 1024 * 1024);
	json = text_clean(c->arena, json, NULL);
	for (size_t i = 0, n = 0; i < json.len; i += n) {
		n = term_read(text_slice(json, i, json.len), &code);
		if (!term_is_hostile(code) && code != 0xfe0f) {
			strbuf_add(&safe, text_slice(json, i, n));
		} else if (code < 0x10000) {
			strbuf_printf(&safe, "\\u%04x", code);
		} else {
			strbuf_printf(&safe, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
				      0xdc00 + ((code - 0x10000) & 0x3ff));
		}
	}
	strbuf_add_byte(&safe, '\n');
	screen_raw(&c->screen, strbuf_text(&safe));
}

/* With --json everything is said as soon as the desk has answered: a refusal too, beside the sentence on stderr. */
static enum exit_code ask_and_print(struct call *c, const char *path, const char *body,
				    struct reply *ret)
{
	enum exit_code code = ask(c, path, body, ret);

	if (c->is_json && ret->answer.status != 0) {
		print_json(c, text_trim(strbuf_text(&ret->answer.body)));
	}
	return code;
}

enum exit_code call_get(struct call *c, const char *path, struct reply *ret)
{
	return ask_and_print(c, path, NULL, ret);
}

enum exit_code call_post(struct call *c, const char *path, struct strbuf *body, struct reply *ret)
{
	return ask_and_print(c, path, body != NULL && body->len > 0 ? body->at : "{}", ret);
}

void path_of(struct strbuf *path, const char *list, const char *id, const char *act)
{
	strbuf_init(path, 4096);
	strbuf_printf(path, "%s/", list);
	strbuf_add_url(path, text_clip(text_of(id), 200));
	if (act != NULL) {
		strbuf_printf(path, "/%s", act);
	}
}

enum exit_code call_act(struct call *c, const char *list, const char *act, struct strbuf *body,
			struct reply *ret)
{
	scoped(strbuf_done) struct strbuf path = { 0 };

	path_of(&path, list, c->args[0], act);
	return call_post(c, path.at, body, ret);
}

enum exit_code call_table(struct call *c, const char *path)
{
	scoped(reply_done) struct reply r = { 0 };
	struct text rest, line;
	enum exit_code code;

	c->is_json = true; /* it is not parsed */
	code = ask(c, path, NULL, &r);
	rest = strbuf_text(&r.answer.body);
	if (code != EXIT_DONE) {
		return code;
	}
	if (!c->screen.is_terminal) {
		screen_raw(&c->screen, rest);
		return EXIT_DONE;
	}
	rest = text_clean(c->arena, rest, NULL);
	while (!text_is_empty(rest)) {
		(void)text_cut(rest, '\n', &line, &rest);
		screen_text(&c->screen, INK_PLAIN, line, 0);
		screen_say(&c->screen, INK_PLAIN, "\n");
	}
	return EXIT_DONE;
}

void reply_done(struct reply *r)
{
	jx_release(&r->doc);
	desk_answer_done(&r->answer);
	*r = (struct reply){ 0 };
}

void body_start(struct strbuf *b)
{
	strbuf_init(b, 1024u * 1024);
	strbuf_add_byte(b, '{');
}

static void body_name(struct strbuf *b, const char *name)
{
	strbuf_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", name);
}

void body_add(struct strbuf *b, const char *name, const char *value)
{
	struct arena *a;

	if (value == NULL) {
		return;
	}
	a = arena_create(4u * 1024 * 1024);
	body_name(b, name);
	strbuf_add_json(b, text_clean(a, text_clip(text_of(value), 512u * 1024), NULL));
	arena_destroy(&a);
}

void body_add_number(struct strbuf *b, const char *name, const char *value)
{
	if (value == NULL) {
		return;
	}
	body_name(b, name);
	/* What is no number goes as text, and the desk says what is wrong with it. */
	if (*value != '\0' && strspn(value, "0123456789") == strlen(value) && strlen(value) < 12 &&
	    (value[0] != '0' || value[1] == '\0')) {
		strbuf_add_str(b, value);
	} else {
		strbuf_add_json(b, TEXT("?"));
	}
}

void body_end(struct strbuf *b)
{
	strbuf_add_byte(b, '}');
}

struct text jx_str(struct call *c, struct jx object, const char *path)
{
	struct jx v = jx_path(object, path);
	struct text t = TEXT_NONE;

	(void)jx_as_text(c->arena, v, &t);
	return t;
}
