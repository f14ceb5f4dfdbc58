/* answerd-desk: the staff side's main. Creates, wires, runs, stops. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answerd/log.h"
#include "daemon/conf/conf.h"
#include "daemon/desk/desk.h"
#include "daemon/io/watch.h"

#define EXIT_USAGE   2
#define MAX_PROBLEMS 50

static const char usage_text[] =
	"answerd-desk: the staff side of answerd: the API behind the answer command, over HTTP.\n"
	"\n"
	"  answerd-desk [--config FILE]    in the foreground\n"
	"  answerd-desk --version\n"
	"\n"
	"The configuration is /etc/answerd/answerd.conf unless --config says otherwise; "
	"desk.listen says where it is reached.\n";

struct process {
	struct loop *loop;
	struct watch *watch;
	struct desk *desk;
	const char *path; /* of the configuration; NULL: the usual one */
	struct conf *conf;
	bool is_ready, is_refused, is_stopping;
};

static void done_stopped(void *owner)
{
	struct process *p = owner;

	loop_stop(p->loop);
}

static void on_stop(bool is_second, void *owner)
{
	struct process *p = owner;

	if (is_second || p->desk == NULL) {
		loop_stop(p->loop);
	} else if (!p->is_stopping) {
		p->is_stopping = true;
		log_info("stopping", NULL);
		watch_stopping(p->watch);
		desk_stop(p->desk, done_stopped, p);
	}
}

static bool is_same_listen(const struct conf *a, const struct conf *b)
{
	if (a->n_listen != b->n_listen) {
		return false;
	}
	for (size_t i = 0; i < a->n_listen; i++) {
		if (!text_eq(a->listen[i].address, b->listen[i].address)) {
			return false;
		}
	}
	return true;
}

static void take_changed(struct process *p, struct conf *c)
{
	struct conf *old = p->conf;
	size_t n = 0;

	if (!text_eq(c->database, old->database) || !is_same_listen(c, old)) {
		log_warn("reload_partial", "why",
			 "another database or desk.listen is taken at the next start only: restart "
			 "answerd-desk",
			 NULL);
	}
	p->conf = c;
	desk_reload(p->desk, c);
	conf_destroy(&old);
	for (size_t i = 0; i < c->n_brands; i++) {
		n += c->brands[i].n_accounts;
	}
	log_info("reloaded", "accounts", log_num((int64_t)n), NULL);
}

/* The whole new file is checked before anything changes (RELIABILITY I11). */
static void on_reload(void *owner)
{
	struct process *p = owner;
	struct conf_problem *problems;
	struct conf *c;
	size_t n = 0;

	if (p->is_stopping || p->desk == NULL) {
		return;
	}
	if (p->is_ready) {
		watch_reloading(p->watch);
	}
	problems = xcalloc(MAX_PROBLEMS, sizeof(*problems));
	c = conf_load(p->path, problems, MAX_PROBLEMS, &n);
	for (size_t i = 0; c == NULL && i < n && i < MAX_PROBLEMS; i++) {
		if (problems[i].is_error) {
			log_err("reload_failed", "why", problems[i].text, NULL);
		}
	}
	free(problems);
	if (c != NULL) {
		take_changed(p, c);
	}
	if (p->is_ready) { /* else the database says when */
		watch_ready(p->watch);
	}
}

static void on_ready(void *owner)
{
	struct process *p = owner;

	p->is_ready = true;
	watch_ready(p->watch);
	watch_status(p->watch, "serving");
}

static void on_refused(const char *why, void *owner)
{
	struct process *p = owner;

	log_err("cannot_start", "why", why, NULL);
	p->is_refused = true;
	loop_stop(p->loop);
}

static struct conf *load_conf(const char *path)
{
	struct conf_problem *problems = xcalloc(MAX_PROBLEMS, sizeof(*problems));
	size_t n = 0;
	struct conf *c = conf_load(path, problems, MAX_PROBLEMS, &n);

	for (size_t i = 0; i < n && i < MAX_PROBLEMS; i++) {
		if (problems[i].is_error) {
			(void)fprintf(stderr, "error: %s\n", problems[i].text);
		}
	}
	free(problems);
	return c;
}

static void say_started(const struct desk *d)
{
	struct arena *a = arena_create(64u * 1024);

	log_info("started", "version", ANSWERD_VERSION, "listens",
		 text_cstr(a, desk_addresses(d, a)), NULL);
	arena_destroy(&a);
}

/* Takes the configuration: it may be another one at the end. */
static int run(const char *path, struct conf **c)
{
	static const struct watch_events events = { .on_stop = on_stop, .on_reload = on_reload };
	struct process p = { .path = path, .conf = *c };
	struct err err = { 0 };

	p.loop = loop_create();
	p.watch = watch_create(p.loop, &events, &p);
	p.desk = desk_create(&(struct desk_options){ .loop = p.loop,
						     .conf = p.conf,
						     .on_ready = on_ready,
						     .on_refused = on_refused,
						     .owner = &p },
			     &err);
	if (p.desk == NULL) {
		log_err("cannot_start", "why", err.text, NULL);
		p.is_refused = true;
	} else {
		say_started(p.desk);
		watch_status(p.watch, "waiting for the database");
		desk_start(p.desk);
		loop_run(p.loop);
	}
	desk_destroy(&p.desk);
	watch_destroy(&p.watch);
	loop_destroy(&p.loop);
	*c = p.conf;
	if (!p.is_refused) {
		log_info("stopped", NULL);
	}
	return p.is_refused ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *config = NULL;
	struct conf *c;
	int code;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			config = argv[++i];
		} else if (strncmp(argv[i], "--config=", 9) == 0) {
			config = argv[i] + 9;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			(void)fputs(usage_text, stdout);
			return EXIT_SUCCESS;
		} else if (strcmp(argv[i], "--version") == 0) {
			(void)puts("answerd-desk " ANSWERD_VERSION);
			return EXIT_SUCCESS;
		} else {
			(void)fprintf(stderr,
				      "answerd-desk does not know '%s'. answerd-desk --help\n",
				      argv[i]);
			return EXIT_USAGE;
		}
	}
	watch_early();
	watch_leave_no_core();
	watch_open_many();
	c = load_conf(config);
	if (c == NULL) {
		(void)fprintf(stderr,
			      "The configuration has errors; answerd-desk does not start.\n");
		return EXIT_USAGE;
	}
	code = run(config, &c);
	conf_destroy(&c);
	return code;
}
