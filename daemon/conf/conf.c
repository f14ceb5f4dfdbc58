/* The configuration as a whole: see conf.h. Each section has one function that fills its struct. */
#include "daemon/conf/conf.h"

#include <stdlib.h>

#include "answerd/log.h"
#include "answerd/strbuf.h"
#include "daemon/conf/conf_check.h"

#define MAX_CONF_SIZE ((size_t)64 * 1024 * 1024)

/* What conf_load() gives out, and what belongs to it. */
struct whole {
	struct conf conf; /* first: conf.h knows only this */
	struct arena *arena;
	struct conf_shown *shown;
	int n_holders;
};

static void get_all(struct conf_reader *r, config_t *file, struct conf *c)
{
	struct conf_place top = { .section = IN_TOP, .group = config_root_setting(file) };

	conf_refuse_unknown(r, &top, NULL);
	c->database = conf_get_text(r, &top, "database");
	conf_check_database(r, conf_where(&top, "database"), c->database);
	c->nature = conf_full_path(r, conf_get_text(r, &top, "nature"));
	conf_check_file(r, conf_where(&top, "nature"), c->nature);
	conf_get_desk(r, &top, c);
	conf_get_brands(r, &top, c);
	conf_get_channels(r, &top, c);
	conf_get_policies(r, &top, c);
	conf_get_health(r, &top, c);
	conf_get_oidc(r, &top, c);
}

struct conf *conf_load(const char *path, struct conf_problem *problems, size_t room,
		       size_t *n_problems)
{
	struct arena *arena = arena_create(MAX_CONF_SIZE);
	struct whole *w = xcalloc(1, sizeof(*w));
	struct conf_reader r = { .arena = arena, .problems = problems, .room = room };
	struct conf *c = &w->conf;
	config_t file;

	w->arena = arena;
	w->n_holders = 1;
	c->arena = arena;
	if (conf_reader_open(&r, path, &file)) {
		get_all(&r, &file, c);
	}
	c->path = text_of(r.file);
	config_destroy(&file);
	w->shown = r.first;
	*n_problems = r.n_problems;
	if (r.has_error) {
		conf_destroy(&c);
	}
	return c;
}

struct conf *conf_hold(struct conf *c)
{
	((struct whole *)(void *)c)->n_holders++;
	return c;
}

void conf_destroy(struct conf **c)
{
	struct conf *gone = *c;
	struct whole *w = (struct whole *)(void *)gone;

	*c = NULL;
	if (gone == NULL || --w->n_holders > 0) {
		return;
	}
	for (size_t i = 0; i < gone->n_brands; i++) {
		for (size_t k = 0; k < gone->brands[i].n_accounts; k++) {
			secret_done(&gone->brands[i].accounts[k].token);
		}
	}
	for (size_t i = 0; i < gone->n_channels; i++) {
		secret_done(&gone->channels[i].url_secret);
		secret_done(&gone->channels[i].secret);
		secret_done(&gone->channels[i].other_secret);
		secret_done(&gone->channels[i].password);
	}
	for (size_t i = 0; i < gone->n_oidc; i++) {
		secret_done(&gone->oidc[i].secret);
	}
	arena_destroy(&w->arena);
	free(w);
}

struct text conf_origin(const struct conf *c, struct text path)
{
	const struct whole *w = (const struct whole *)(const void *)c;

	for (const struct conf_shown *s = w->shown; s != NULL; s = s->next) {
		if (text_eq(s->path, path)) {
			return s->origin;
		}
	}
	return c->path;
}

void conf_show(const struct conf *c, struct strbuf *out)
{
	const struct whole *w = (const struct whole *)(const void *)c;

	for (const struct conf_shown *s = w->shown; s != NULL; s = s->next) {
		strbuf_add(out, s->path);
		strbuf_add_str(out, " = ");
		if (text_eq(s->path, TEXT("database")) &&
		    text_find(s->value, TEXT("password"), 0) != SIZE_MAX) {
			strbuf_add_str(out, "(holds a password)");
		} else {
			strbuf_add(out, s->value);
		}
		strbuf_printf(out, ";  # %.*s\n", TEXT_ARG(s->origin));
	}
}
