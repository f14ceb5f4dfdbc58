/* The desk. Needs no connector: `answer` finds the desk without all that the accounts are checked by. */
#include "daemon/conf/conf_check.h"

#define PROBLEMS 8

static void get_listen(struct conf_reader *r, const struct conf_place *p,
		       struct conf_listener **ret, size_t *ret_n)
{
	struct text *addresses;

	conf_get_texts(r, p, "listen", &addresses, ret_n);
	*ret = ARENA_ARRAY(r->arena, struct conf_listener, *ret_n);
	for (size_t i = 0; i < *ret_n; i++) {
		conf_check_listener(r, conf_where(p, "listen"), addresses[i], &(*ret)[i]);
	}
}

void conf_get_desk(struct conf_reader *r, const struct conf_place *top, struct conf *c)
{
	struct conf_place p = conf_get_group(r, top, "desk", IN_DESK);
	static const char *const roles[] = { "auditor", "agent", "lead", "admin", NULL };

	get_listen(r, &p, &c->listen, &c->n_listen);
	conf_get_texts(r, &p, "hosts", &c->hosts, &c->n_hosts);
	for (size_t i = 0; i < c->n_hosts; i++) {
		conf_check_host(r, conf_where(&p, "hosts"), c->hosts[i]);
	}
	conf_get_texts(r, &p, "trusted_proxies", &c->trusted_proxies, &c->n_trusted_proxies);
	for (size_t i = 0; i < c->n_trusted_proxies; i++) {
		conf_check_proxy(r, conf_where(&p, "trusted_proxies"), c->trusted_proxies[i]);
	}
	conf_get_texts(r, &p, "require_totp", &c->require_totp, &c->n_require_totp);
	for (size_t i = 0; i < c->n_require_totp; i++) {
		conf_check_word(r, conf_where(&p, "require_totp"), c->require_totp[i], roles,
				"a role");
	}
	c->lease = conf_get_dur(r, &p, "lease");
	c->undo = conf_get_dur(r, &p, "undo");
	c->has_staff_reports = conf_get_bool(r, &p, "staff_reports");
}

bool conf_find_desk(struct arena *a, const char *path, struct conf_listener **ret, size_t *ret_n,
		    struct conf_problem *why)
{
	struct conf_problem problems[PROBLEMS] = { 0 };
	struct conf_reader r = { .arena = a, .problems = problems, .room = PROBLEMS };
	struct conf_listener *listen = NULL;
	size_t n = 0;
	config_t file;

	if (conf_reader_open(&r, path, &file)) {
		struct conf_place top = { .section = IN_TOP, .group = config_root_setting(&file) };
		struct conf_place desk = conf_get_group(&r, &top, "desk", IN_DESK);

		get_listen(&r, &desk, &listen, &n);
	}
	config_destroy(&file);
	if (r.has_error) {
		size_t i = 0;

		while (i + 1 < PROBLEMS && !problems[i].is_error) {
			i++;
		}
		*why = problems[i];
		return false;
	}
	*ret = listen;
	*ret_n = n;
	return true;
}
