/* Values out of the file: see conf_reader.h. */
#include "daemon/conf/conf_reader.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "answerd/limits.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"

#define DEFAULT_PATH "/etc/answerd/answerd.conf"
#define MAX_GUESS    2 /* letters between what was written and what was meant */

/* ---- problems ---- */

static void note_at(struct conf_reader *r, const char *file, unsigned line, bool is_error,
		    const char *fmt, va_list ap)
{
	struct conf_problem *p;
	size_t n;

	r->has_error = r->has_error || is_error;
	r->n_problems++;
	if (r->n_problems > r->room) {
		return;
	}
	p = &r->problems[r->n_problems - 1];
	p->is_error = is_error;
	if (line > 0) {
		(void)snprintf(p->text, sizeof(p->text), "%s:%u: ", file != NULL ? file : r->file,
			       line);
	} else {
		(void)snprintf(p->text, sizeof(p->text), "%s: ", r->file);
	}
	n = strlen(p->text);
	(void)vsnprintf(p->text + n, sizeof(p->text) - n, fmt, ap);
}

static void note(struct conf_reader *r, const config_setting_t *at, bool is_error, const char *fmt,
		 va_list ap)
{
	const char *file = at != NULL ? config_setting_source_file(at) : NULL;

	note_at(r, file, at != NULL ? (unsigned)config_setting_source_line(at) : 0, is_error, fmt,
		ap);
}

void conf_fault_at(struct conf_reader *r, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_at(r, file, (unsigned)line, /* is_error= */ true, fmt, ap);
	va_end(ap);
}

void conf_warning_at(struct conf_reader *r, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_at(r, file, (unsigned)line, /* is_error= */ false, fmt, ap);
	va_end(ap);
}

void conf_fault(struct conf_reader *r, const config_setting_t *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(r, at, /* is_error= */ true, fmt, ap);
	va_end(ap);
}

void conf_warning(struct conf_reader *r, const config_setting_t *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(r, at, /* is_error= */ false, fmt, ap);
	va_end(ap);
}

/* ---- where ---- */

static config_setting_t *member(const struct conf_place *p, const char *name)
{
	return p->group != NULL ? config_setting_get_member(p->group, name) : NULL;
}

const config_setting_t *conf_where(const struct conf_place *p, const char *name)
{
	const config_setting_t *s = member(p, name);

	return s != NULL ? s : p->group;
}

bool conf_is_given(const struct conf_place *p, const char *name)
{
	return member(p, name) != NULL;
}

static struct text path_of(struct conf_reader *r, const struct conf_place *p, const char *name)
{
	if (text_is_empty(p->path)) {
		return text_dup(r->arena, text_of(name));
	}
	return text_printf(r->arena, "%.*s.%s", TEXT_ARG(p->path), name);
}

static const struct conf_option *option(const struct conf_place *p, const char *name,
					enum conf_type type)
{
	const struct conf_option *o = conf_option_find(p->section, text_of(name));

	assert(o != NULL && o->type == type);
	return o;
}

static void show(struct conf_reader *r, const struct conf_place *p, const char *name,
		 const config_setting_t *s, struct text value)
{
	struct conf_shown *shown = ARENA_NEW(r->arena, struct conf_shown);

	shown->path = path_of(r, p, name);
	shown->value = value;
	if (s == NULL) {
		shown->origin = TEXT("default");
	} else {
		const char *file = config_setting_source_file(s);

		shown->origin = text_printf(r->arena, "%s:%u", file != NULL ? file : r->file,
					    (unsigned)config_setting_source_line(s));
	}
	*r->last = shown;
	r->last = &shown->next;
}

/* Finds the setting; notes it when it must be there and is not. */
static const config_setting_t *look(struct conf_reader *r, const struct conf_place *p,
				    const struct conf_option *o)
{
	const config_setting_t *s = member(p, o->name);

	if (s == NULL && o->is_required) {
		conf_fault(r, p->group, "%.*s is missing: %s", TEXT_ARG(path_of(r, p, o->name)),
			   o->about);
	}
	return s;
}

/* ---- one value ---- */

static struct text quoted(struct conf_reader *r, struct text t)
{
	scoped(strbuf_done) struct strbuf b = { 0 };

	strbuf_init(&b, LIMIT_MESSAGE_BYTES);
	strbuf_add_json(&b, t);
	return text_dup(r->arena, strbuf_text(&b));
}

/* A text that says something; false when it does not, with the fault noted. */
static bool read_text(struct conf_reader *r, const config_setting_t *s, struct text path,
		      struct text *ret)
{
	struct text t;

	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		conf_fault(r, s, "%.*s is text: write it between quotes", TEXT_ARG(path));
		return false;
	}
	t = text_of(config_setting_get_string(s));
	if (!text_is_clean(t)) {
		conf_fault(r, s, "%.*s is not UTF-8: save the file as UTF-8", TEXT_ARG(path));
		return false;
	}
	if (text_is_empty(text_trim(t))) {
		conf_fault(r, s, "%.*s is empty: give it a value or leave it out", TEXT_ARG(path));
		return false;
	}
	*ret = text_dup(r->arena, t);
	return true;
}

static bool is_reference(struct text t)
{
	struct text name;

	if (text_starts(t, TEXT("file:"))) {
		return t.len > strlen("file:");
	}
	if (!text_starts(t, TEXT("credential:"))) {
		return false;
	}
	name = text_slice(t, strlen("credential:"), t.len);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    strchr("_-.", c) == NULL) {
			return false;
		}
	}
	return name.len > 0 && name.at[0] != '.';
}

struct text conf_get_text(struct conf_reader *r, const struct conf_place *p, const char *name)
{
	const struct conf_option *o = conf_option_find(p->section, text_of(name));
	const config_setting_t *s;
	struct text t;

	assert(o != NULL && (o->type == IS_TEXT || o->type == IS_REFERENCE));
	s = look(r, p, o);
	t = text_dup(r->arena, text_of(o->otherwise));
	if (s != NULL && read_text(r, s, path_of(r, p, name), &t) && o->type == IS_REFERENCE &&
	    !is_reference(t)) {
		/* It is not shown: somebody may have written the secret itself. */
		conf_fault(r, s,
			   "%.*s is a secret: write \"credential:NAME\" or \"file:PATH\", never "
			   "the secret itself",
			   TEXT_ARG(path_of(r, p, name)));
		t = TEXT_NONE;
	}
	show(r, p, name, s, text_is_empty(t) ? TEXT("(none)") : quoted(r, t));
	return t;
}

struct dur conf_get_dur(struct conf_reader *r, const struct conf_place *p, const char *name)
{
	return conf_get_dur_or(r, p, name, NULL);
}

struct dur conf_get_dur_or(struct conf_reader *r, const struct conf_place *p, const char *name,
			   const char *otherwise)
{
	const struct conf_option *o = option(p, name, IS_DUR);
	const config_setting_t *s = look(r, p, o);
	struct text t = text_of(otherwise != NULL ? otherwise : o->otherwise),
		    path = path_of(r, p, name);
	struct dur d = { 0 };
	bool is_read = s == NULL;

	if (s != NULL && config_setting_type(s) != CONFIG_TYPE_STRING) {
		conf_fault(r, s,
			   "%.*s is a length of time: write \"90s\", \"15m\", \"8h\" or \"30d\"",
			   TEXT_ARG(path));
	} else if (s != NULL) {
		is_read = read_text(r, s, path, &t);
	}
	if (is_read && !text_is_empty(t) && !dur_parse(t, &d)) {
		conf_fault(r, s,
			   "%.*s is \"%.*s\", which is no length of time: write \"90s\", \"15m\", "
			   "\"8h\" or \"30d\"",
			   TEXT_ARG(path), TEXT_ARG(text_clip(t, 60)));
	} else if (is_read && s != NULL && o->max > 0 &&
		   (dur_more(DUR_S(o->min), d) || dur_more(d, DUR_S(o->max)))) {
		conf_fault(r, s,
			   "%.*s is \"%.*s\": it must be between %" PRId64 "s and %" PRId64 "s",
			   TEXT_ARG(path), TEXT_ARG(text_clip(t, 60)), o->min, o->max);
	}
	show(r, p, name, s, text_is_empty(t) ? TEXT("(none)") : quoted(r, t));
	return d;
}

int conf_get_number(struct conf_reader *r, const struct conf_place *p, const char *name)
{
	const struct conf_option *o = option(p, name, IS_NUMBER);
	const config_setting_t *s = look(r, p, o);
	int64_t n = 0;

	if (o->otherwise != NULL) {
		(void)num_parse_i64(text_of(o->otherwise), &n); /* a test checks the table */
	}
	if (s != NULL) {
		int type = config_setting_type(s);

		if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
			conf_fault(r, s, "%.*s is a number: write it without quotes",
				   TEXT_ARG(path_of(r, p, name)));
		} else if (config_setting_get_int64(s) < o->min ||
			   config_setting_get_int64(s) > o->max) {
			conf_fault(r, s,
				   "%.*s is %lld: it must be between %" PRId64 " and %" PRId64,
				   TEXT_ARG(path_of(r, p, name)),
				   (long long)config_setting_get_int64(s), o->min, o->max);
		} else {
			n = config_setting_get_int64(s);
		}
	}
	show(r, p, name, s, text_printf(r->arena, "%" PRId64, n));
	return (int)n;
}

bool conf_get_bool(struct conf_reader *r, const struct conf_place *p, const char *name)
{
	const struct conf_option *o = option(p, name, IS_BOOL);
	const config_setting_t *s = look(r, p, o);
	bool is_on = o->otherwise != NULL && strcmp(o->otherwise, "true") == 0;

	if (s != NULL && config_setting_type(s) != CONFIG_TYPE_BOOL) {
		conf_fault(r, s, "%.*s is true or false, without quotes",
			   TEXT_ARG(path_of(r, p, name)));
	} else if (s != NULL) {
		is_on = config_setting_get_bool(s) != 0;
	}
	show(r, p, name, s, is_on ? TEXT("true") : TEXT("false"));
	return is_on;
}

/* Defaults of lists have one element: `[ "x" ]`. */
static struct text only_element(const char *list)
{
	struct text t = text_of(list), head, rest, inner = TEXT_NONE;

	if (text_cut(t, '"', &head, &rest)) {
		(void)text_cut(rest, '"', &inner, &rest);
	}
	return inner;
}

void conf_get_texts(struct conf_reader *r, const struct conf_place *p, const char *name,
		    struct text **ret, size_t *ret_n)
{
	const struct conf_option *o = option(p, name, IS_TEXTS);
	const config_setting_t *s = look(r, p, o);
	struct text path = path_of(r, p, name);
	scoped(strbuf_done) struct strbuf b = { 0 };
	int n = s != NULL ? config_setting_length(s) : o->otherwise != NULL ? 1 : 0;

	if (s != NULL && !config_setting_is_array(s) && !config_setting_is_list(s)) {
		conf_fault(r, s, "%.*s is a list: write [ \"…\", \"…\" ]", TEXT_ARG(path));
		n = 0;
	}
	*ret = ARENA_ARRAY(r->arena, struct text, (size_t)n);
	*ret_n = 0;
	strbuf_init(&b, LIMIT_MESSAGE_BYTES);
	strbuf_add_str(&b, "[");
	for (int i = 0; i < n; i++) {
		struct text t = TEXT_NONE;

		if (s == NULL) {
			t = text_dup(r->arena, only_element(o->otherwise));
		} else if (!read_text(r, config_setting_get_elem(s, (unsigned)i), path, &t)) {
			continue;
		}
		(*ret)[(*ret_n)++] = t;
		strbuf_add_str(&b, *ret_n > 1 ? ", " : " ");
		strbuf_add_json(&b, t);
	}
	strbuf_add_str(&b, *ret_n > 0 ? " ]" : "]");
	show(r, p, name, s, text_dup(r->arena, strbuf_text(&b)));
}

struct text conf_get_foreign(struct conf_reader *r, const struct conf_place *p, const char *name)
{
	const config_setting_t *s = member(p, name);
	struct text t = TEXT_NONE;

	assert(s != NULL);
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		t = text_printf(r->arena, "%lld", (long long)config_setting_get_int64(s));
		break;
	case CONFIG_TYPE_BOOL:
		t = text_dup(r->arena,
			     config_setting_get_bool(s) != 0 ? TEXT("true") : TEXT("false"));
		break;
	default:
		(void)read_text(r, s, path_of(r, p, name), &t); /* notes what is wrong */
		break;
	}
	show(r, p, name, s, quoted(r, t));
	return t;
}

/* ---- groups ---- */

struct conf_place conf_get_group(struct conf_reader *r, const struct conf_place *p,
				 const char *name, enum conf_section section)
{
	const struct conf_option *o = option(p, name, IS_GROUP);
	struct conf_place in = { .section = section, .path = path_of(r, p, name) };

	(void)look(r, p, o);
	in.group = member(p, name);
	if (in.group != NULL && !config_setting_is_group(in.group)) {
		conf_fault(r, in.group, "%.*s is a group: write { … }", TEXT_ARG(in.path));
		in.group = NULL;
	}
	if (in.group != NULL) {
		conf_refuse_unknown(r, &in, NULL);
	}
	return in;
}

int conf_count(struct conf_reader *r, const struct conf_place *p, const char *name)
{
	const struct conf_option *o = conf_option_find(p->section, text_of(name));
	const config_setting_t *s;

	assert(o != NULL && (o->type == IS_GROUPS || o->type == IS_LIST));
	s = look(r, p, o);
	if (s == NULL) {
		return 0;
	}
	if (o->type == IS_GROUPS && !config_setting_is_group(s)) {
		conf_fault(r, s, "%.*s is a group of named groups: write { name = { … }; … }",
			   TEXT_ARG(path_of(r, p, name)));
		return 0;
	}
	/* `[]` is how an empty list is written by some. */
	if (o->type == IS_LIST && !config_setting_is_list(s) &&
	    (!config_setting_is_array(s) || config_setting_length(s) > 0)) {
		conf_fault(r, s, "%.*s is a list of groups: write ( { … }, … )",
			   TEXT_ARG(path_of(r, p, name)));
		return 0;
	}
	return config_setting_length(s);
}

struct conf_place conf_get_nth(struct conf_reader *r, const struct conf_place *p, const char *name,
			       int i, enum conf_section section)
{
	struct conf_place in = { .section = section };
	const char *own;

	in.group = config_setting_get_elem(member(p, name), (unsigned)i);
	own = config_setting_name(in.group);
	if (own != NULL) {
		in.path = text_printf(r->arena, "%.*s.%s", TEXT_ARG(path_of(r, p, name)), own);
	} else {
		in.path = text_printf(r->arena, "%.*s[%d]", TEXT_ARG(path_of(r, p, name)), i);
	}
	if (!config_setting_is_group(in.group)) {
		conf_fault(r, in.group, "%.*s is a group: write { … }", TEXT_ARG(in.path));
		in.group = NULL;
	}
	return in;
}

static const char *guess(const struct conf_place *p, const struct connector_option *more,
			 struct text name)
{
	const char *best = NULL;
	int best_distance = MAX_GUESS + 1;

	for (size_t i = 0; i < n_conf_options; i++) {
		int d = text_distance(name, text_of(conf_options[i].name));

		if (conf_options[i].section == p->section && d < best_distance) {
			best = conf_options[i].name;
			best_distance = d;
		}
	}
	for (; more != NULL && more->name != NULL; more++) {
		int d = text_distance(name, text_of(more->name));

		if (d < best_distance) {
			best = more->name;
			best_distance = d;
		}
	}
	return best;
}

void conf_refuse_unknown(struct conf_reader *r, const struct conf_place *p,
			 const struct connector_option *more)
{
	int n = p->group != NULL ? config_setting_length(p->group) : 0;

	for (int i = 0; i < n; i++) {
		const config_setting_t *s = config_setting_get_elem(p->group, (unsigned)i);
		const char *name = config_setting_name(s), *meant;
		bool is_known = conf_option_find(p->section, text_of(name)) != NULL;

		for (const struct connector_option *o = more; o != NULL && o->name != NULL; o++) {
			is_known = is_known || strcmp(o->name, name) == 0;
		}
		if (is_known) {
			continue;
		}
		meant = guess(p, more, text_of(name));
		if (meant != NULL) {
			conf_fault(r, s, "%.*s is unknown: did you mean '%s'?",
				   TEXT_ARG(path_of(r, p, name)), meant);
		} else {
			conf_fault(r, s, "%.*s is unknown: remove it, or see answerd.conf(5)",
				   TEXT_ARG(path_of(r, p, name)));
		}
	}
}

/* ---- the file ---- */

static struct text folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL) {
		return TEXT(".");
	}
	return text_dup(a, (struct text){ path, slash == path ? 1 : (size_t)(slash - path) });
}

bool conf_reader_open(struct conf_reader *r, const char *path, config_t *file)
{
	struct stat st;

	r->last = &r->first;
	r->file = text_cstr(r->arena, text_of(path != NULL ? path : DEFAULT_PATH));
	r->folder = folder_of(r->arena, r->file);
	config_init(file);
	if (stat(r->file, &st) == 0 && !S_ISREG(st.st_mode)) {
		conf_fault(r, NULL, "it is no file"); /* the scanner would end the process */
		return false;
	}
	errno = 0;
	config_set_include_dir(file, r->folder.at);
	if (config_read_file(file, r->file) == CONFIG_TRUE) {
		return true;
	}
	if (config_error_type(file) == CONFIG_ERR_FILE_IO) {
		conf_fault(r, NULL, "it cannot be read: %s",
			   errno != 0 ? strerror(errno) : "is it a file?");
		return false;
	}
	conf_fault_at(r, config_error_file(file), config_error_line(file),
		      "%s: look for a missing quote, bracket, ';' or ',' there or just above",
		      config_error_text(file));
	return false;
}
