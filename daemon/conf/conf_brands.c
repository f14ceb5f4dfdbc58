/* Brands and their accounts: the one section that knows the connectors. */
#include <stdio.h>

#include "answerd/log.h"
#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "daemon/base/dead.h"
#include "daemon/base/network.h"
#include "daemon/conf/conf_check.h"

#define MAX_SENTENCE 400

/* ---- accounts ---- */

/* A network that is gone: said in the words of `answerd platforms`. False: it is none. */
static bool refuse_dead(struct conf_reader *r, const struct conf_place *p, struct text name)
{
	const struct dead *d = dead_find(name);
	scoped(strbuf_done) struct strbuf sentence = { .max_bytes = MAX_SENTENCE };

	if (d != NULL) {
		dead_print_sentence(d, &sentence);
		conf_fault(r, conf_where(p, "platform"), "%.*s", TEXT_ARG(strbuf_text(&sentence)));
	}
	return d != NULL;
}

static const struct connector *get_connector(struct conf_reader *r, const struct conf_place *p)
{
	struct text name = conf_get_text(r, p, "platform");
	const struct connector *c = connector_find(name), *meant = NULL;
	int best = 3;

	c = c != NULL ? c : network_shipped(r->arena, name, NULL);
	if (c != NULL || text_is_empty(name) || refuse_dead(r, p, name)) {
		return c;
	}
	for (size_t i = 0; i < n_connectors; i++) {
		int d = text_distance(name, text_of(connectors[i]->name));

		if (d < best) {
			best = d;
			meant = connectors[i];
		}
	}
	if (meant != NULL) {
		conf_fault(r, conf_where(p, "platform"),
			   "there is no platform '%.*s': did you mean '%s'?",
			   TEXT_ARG(text_clip(name, 60)), meant->name);
		return meant; /* what else is wrong is said as well */
	}
	conf_fault(r, conf_where(p, "platform"),
		   "there is no platform '%.*s': `answerd platforms` lists them",
		   TEXT_ARG(text_clip(name, 60)));
	return NULL;
}

/* The options of all platforms together: for an account of which nobody knows the platform. */
static const struct connector_option *all_options(struct conf_reader *r)
{
	struct connector_option *all;
	size_t n = 0;

	for (size_t i = 0; i < n_connectors; i++) {
		for (const struct connector_option *o = connectors[i]->options;
		     o != NULL && o->name != NULL; o++) {
			n++;
		}
	}
	all = ARENA_ARRAY(r->arena, struct connector_option, n + 1);
	n = 0;
	for (size_t i = 0; i < n_connectors; i++) {
		for (const struct connector_option *o = connectors[i]->options;
		     o != NULL && o->name != NULL; o++) {
			all[n++] = *o;
		}
	}
	return all;
}

/* A network that a file describes: the connector is what stands in there. NULL: it cannot be read, or is wrong. */
static const struct connector *get_described(struct conf_reader *r, const struct conf_place *p,
					     struct conf_account *a)
{
	const config_setting_t *at = conf_where(p, "description");
	const struct connector *c = NULL;
	struct text path, bytes = TEXT_NONE;
	struct err err = { 0 };

	if (!conf_is_given(p, "description")) {
		conf_fault(r, p->group,
			   "%.*s.description is missing: name the file that describes the network",
			   TEXT_ARG(p->path));
		return NULL;
	}
	path = conf_full_path(r, conf_get_foreign(r, p, "description"));
	if (text_is_empty(path)) {
		return NULL; /* said already */
	}
	if (!network_read(r->arena, text_cstr(r->arena, path), &bytes, &err)) {
		conf_fault(r, at, "%s", err.text);
		return NULL;
	}
	c = network_describe(r->arena, bytes, &err);
	if (c == NULL) {
		conf_fault(r, at, "%.*s: %s", TEXT_ARG(text_clip(path, 150)), err.text);
		return NULL;
	}
	a->options = ARENA_NEW(r->arena, struct option_value);
	a->options[0] = (struct option_value){ "description", bytes };
	a->n_options = 1;
	return c;
}

/* Is it one of those that a description has? One that ends with ':' stands for all that begin so. */
static bool is_described(const struct connector *c, struct text name)
{
	for (size_t i = 0; c->listed[i] != NULL; i++) {
		struct text one = text_of(c->listed[i]);

		if (text_ends(one, TEXT(":")) ? text_starts(name, one) && name.len > one.len
					      : text_eq(name, one)) {
			return true;
		}
	}
	return false;
}

/* "comments:/comments/feed/": a path needs a server to be on. */
static bool is_path(struct text source)
{
	struct text role, at;

	return text_cut(source, ':', &role, &at) && text_starts(text_trim(at), TEXT("/"));
}

static bool is_listed(const struct conf_account *a, struct text name)
{
	for (size_t i = 0; i < a->n_listen; i++) {
		if (text_eq(a->listen[i].name, name)) {
			return true;
		}
	}
	return false;
}

static void judge_source(struct conf_reader *r, const struct conf_place *p,
			 const struct conf_account *a, struct text name)
{
	const struct connector *c = a->connector;
	struct err err = { .kind = ERR_NONE };

	if (c->listed != NULL) {
		if (!is_described(c, name)) {
			conf_fault(r, conf_where(p, "listen"),
				   "'%.*s' cannot be listened to: there are %s",
				   TEXT_ARG(text_clip(name, 80)), c->sources);
		}
	} else if (!c->check_source(name, &err)) {
		conf_fault(r, conf_where(p, "listen"), "'%.*s' cannot be listened to: %s",
			   TEXT_ARG(text_clip(name, 80)), err.text);
	}
	if (c->can.is_open && text_is_empty(a->server) && is_path(name)) {
		conf_fault(r, conf_where(p, "listen"),
			   "'%.*s' is a path: give the account its `server`, or write the whole "
			   "address",
			   TEXT_ARG(text_clip(name, 80)));
	}
}

/* Does it have what it takes to listen to anything, and to these? */
static void judge_token(struct conf_reader *r, const struct conf_place *p,
			const struct conf_account *a)
{
	const struct connector *c = a->connector;
	bool is_search_only = a->n_listen > 0;

	for (size_t i = 0; i < a->n_listen; i++) {
		is_search_only = is_search_only && text_starts(a->listen[i].name, TEXT("search:"));
	}
	if (c->can.is_open) {
		if (a->n_listen == 0) {
			conf_fault(r, p->group, "%.*s listens to nothing: %s", TEXT_ARG(p->path),
				   c->sources);
		}
	} else if (!text_is_empty(a->token_reference)) {
		return;
	} else if (!c->can.anonymous_search) {
		conf_fault(r, p->group, "%.*s has no token: %s needs one (%s)", TEXT_ARG(p->path),
			   c->name, c->needs);
	} else if (!is_search_only) {
		conf_fault(
			r, p->group,
			"%.*s has no token: without one only \"search:\" sources can be listened "
			"to; give it a token or list searches alone",
			TEXT_ARG(p->path));
	}
}

static void get_sources(struct conf_reader *r, const struct conf_place *p, struct conf_account *a)
{
	struct text *names;
	size_t n;

	conf_get_texts(r, p, "listen", &names, &n);
	a->listen = ARENA_ARRAY(r->arena, struct conf_source, n);
	for (size_t i = 0; i < n; i++) {
		if (is_listed(a, names[i])) {
			conf_fault(r, conf_where(p, "listen"),
				   "'%.*s' is listed twice: remove one of them",
				   TEXT_ARG(text_clip(names[i], 80)));
			continue;
		}
		if (a->connector != NULL) {
			judge_source(r, p, a, names[i]);
		}
		a->listen[a->n_listen++].name = names[i];
	}
	if (a->connector != NULL) {
		judge_token(r, p, a);
	}
}

/* Is there an option of the connector's own with this name, and does it have to be there? */
static bool is_optional_there(const struct connector *c, const char *name)
{
	for (const struct connector_option *o = c->options; o != NULL && o->name != NULL; o++) {
		if (strcmp(o->name, name) == 0) {
			return !o->is_required;
		}
	}
	return false;
}

static void judge_option(struct conf_reader *r, const struct conf_place *p,
			 const struct connector *c, const struct option_value *v)
{
	struct err err = { 0 };

	if (c->check_option != NULL && !text_is_empty(v->value) &&
	    !c->check_option(text_of(v->name), v->value, &err)) {
		conf_fault(r, conf_where(p, v->name), "'%.*s' cannot be %s: %s",
			   TEXT_ARG(text_clip(v->value, 100)), v->name, err.text);
	}
}

static void get_own_options(struct conf_reader *r, const struct conf_place *p,
			    struct conf_account *a)
{
	const struct connector_option *o;
	size_t n = 0;

	if (a->connector->description != NULL) {
		return; /* read before all else */
	}
	for (o = a->connector->options; o != NULL && o->name != NULL; o++) {
		n++;
	}
	a->options = ARENA_ARRAY(r->arena, struct option_value, n);
	for (o = a->connector->options; o != NULL && o->name != NULL; o++) {
		if (conf_option_find(IN_ACCOUNT, text_of(o->name)) != NULL) {
			continue; /* one of every platform, about which it says more */
		}
		if (!conf_is_given(p, o->name)) {
			if (o->is_required) {
				conf_fault(r, p->group, "%.*s.%s is missing: %s", TEXT_ARG(p->path),
					   o->name, o->about);
			}
			continue;
		}
		a->options[a->n_options].name = o->name;
		a->options[a->n_options].value = conf_get_foreign(r, p, o->name);
		judge_option(r, p, a->connector, &a->options[a->n_options]);
		a->n_options++;
	}
	a->connector = connector_under(r->arena, a->connector, a->options, a->n_options);
}

static void get_server(struct conf_reader *r, const struct conf_place *p, struct conf_account *a)
{
	struct text server = conf_get_text(r, p, "server");
	const char *form = a->connector != NULL ? a->connector->server_form
			   : text_starts(server, TEXT("imap"))
				   ? "imaps://mail.example" /* of a platform that nobody knows */
				   : NULL;

	if (!text_is_empty(server)) {
		a->server = form != NULL ? conf_check_mailbox(r, conf_where(p, "server"), server,
							      a->insecure_loopback, form)
					 : conf_check_server(r, conf_where(p, "server"), server,
							     a->insecure_loopback);
	} else if (!conf_is_given(p, "server") && a->connector != NULL &&
		   !is_optional_there(a->connector, "server")) {
		conf_fault(r, p->group, "%.*s.server is missing: The server's address, https.",
			   TEXT_ARG(p->path));
	}
}

static void get_account(struct conf_reader *r, const struct conf_place *p, struct conf_account *a)
{
	a->name = conf_name_of(r, p, "an account");
	if (p->group == NULL) {
		return;
	}
	a->connector = get_connector(r, p);
	conf_refuse_unknown(r, p, a->connector != NULL ? a->connector->options : all_options(r));
	if (a->connector != NULL && a->connector->describe != NULL) {
		a->connector = get_described(r, p, a);
	}
	a->insecure_loopback = conf_get_bool(r, p, "insecure_loopback");
	get_server(r, p, a);
	a->token_reference =
		conf_check_reference(r, conf_where(p, "token"), conf_get_text(r, p, "token"));
	get_sources(r, p, a);
	a->every = conf_get_dur_or(r, p, "every",
				   a->connector != NULL ? a->connector->can.rhythm : NULL);
	a->history = conf_get_dur(r, p, "history");
	a->settle = conf_get_dur(r, p, "settle");
	if (a->connector != NULL && !conf_is_given(p, "settle") &&
	    dur_more(DUR_S(a->connector->can.settle_s), a->settle)) {
		a->settle = DUR_S(a->connector->can.settle_s);
	}
	a->max_per_host = conf_get_number(r, p, "max_per_host");
	a->monthly_reads = conf_get_number(r, p, "monthly_reads");
	a->monthly_usd = conf_get_number(r, p, "monthly_usd");
	if (a->connector != NULL) {
		get_own_options(r, p, a);
	}
}

/* ---- brands ---- */

static void get_place_of_holidays(struct conf_reader *r, const struct conf_place *p,
				  struct conf_brand *b)
{
	const config_setting_t *at = conf_where(p, "holidays");
	const char *file = config_setting_source_file(at);

	b->holidays = text_dup(r->arena, b->holidays);
	b->holidays_file = text_cstr(r->arena, text_of(file != NULL ? file : r->file));
	b->holidays_line = (int)config_setting_source_line(at);
}

static void get_brand(struct conf_reader *r, const struct conf_place *p, struct conf_brand *b)
{
	b->name = conf_name_of(r, p, "a brand");
	if (p->group == NULL) {
		return;
	}
	conf_refuse_unknown(r, p, NULL);
	b->timezone = conf_get_text(r, p, "timezone");
	conf_check_zone(r, conf_where(p, "timezone"), b->timezone);
	conf_get_texts(r, p, "hours", &b->hours, &b->n_hours);
	for (size_t i = 0; i < b->n_hours; i++) {
		conf_check_hours(r, conf_where(p, "hours"), b->hours[i]);
	}
	b->holidays = conf_full_path(r, conf_get_text(r, p, "holidays"));
	get_place_of_holidays(r, p, b);
	conf_get_texts(r, p, "businesses", &b->businesses, &b->n_businesses);
	b->sign = conf_get_bool(r, p, "sign");
	b->approval = conf_get_bool(r, p, "approval");
	b->repeat_limit = conf_get_number(r, p, "repeat_limit");
	b->n_accounts = (size_t)conf_count(r, p, "accounts");
	b->accounts = ARENA_ARRAY(r->arena, struct conf_account, b->n_accounts);
	for (size_t i = 0; i < b->n_accounts; i++) {
		struct conf_place in = conf_get_nth(r, p, "accounts", (int)i, IN_ACCOUNT);

		get_account(r, &in, &b->accounts[i]);
	}
	if (b->n_accounts == 0) {
		conf_warning(r, p->group, "%.*s has no accounts: nothing is heard for it",
			     TEXT_ARG(p->path));
	}
}

void conf_get_brands(struct conf_reader *r, const struct conf_place *top, struct conf *c)
{
	c->n_brands = (size_t)conf_count(r, top, "brands");
	c->brands = ARENA_ARRAY(r->arena, struct conf_brand, c->n_brands);
	for (size_t i = 0; i < c->n_brands; i++) {
		struct conf_place in = conf_get_nth(r, top, "brands", (int)i, IN_BRAND);

		get_brand(r, &in, &c->brands[i]);
	}
	if (c->n_brands == 0) {
		conf_warning(r, NULL, "there are no brands: nothing is listened to");
	}
}
