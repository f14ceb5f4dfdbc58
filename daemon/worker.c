/* answerd: the worker's main. Creates, wires, runs, stops; and the small commands beside it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "answerd/limits.h"
#include "answerd/log.h"
#include "daemon/alert/alert.h"
#include "daemon/base/nature.h"
#include "daemon/base/output.h"
#include "daemon/base/platforms.h"
#include "daemon/conf/conf.h"
#include "daemon/connect/connect.h"
#include "daemon/io/watch.h"
#include "daemon/listen/listen.h"
#include "daemon/respond/respond.h"
#include "daemon/store/store.h"
#include "daemon/vouch/vouch.h"
#include "daemon/worker_digest.h"

#define EXIT_FINDING 1
#define EXIT_USAGE   2
#define MAX_PROBLEMS 50
#define STATUS_EVERY DUR_S(10)
#define STOP_HARD    DUR_S(25)

static const char usage_text[] =
	"answerd: listens on every network where customers speak, so that nobody is ignored.\n"
	"\n"
	"  answerd [--config FILE]                 the worker, in the foreground\n"
	"  answerd check-config [--show]           checks the configuration; --show prints it as "
	"understood\n"
	"  answerd migrate [--wait]                creates the schema or brings it up to date; "
	"--wait: "
	"until the database is there\n"
	"  answerd platforms [--json|--markdown]   which networks, and what they can do\n"
	"  answerd connect ACCOUNT                 lets answerd in, by a browser or a pasted "
	"token\n"
	"  answerd connect ACCOUNT [--brand NAME] [--credentials FOLDER] [--replace]\n"
	"  answerd connect ACCOUNT [--code CODE] [--port N] [--redirect URL] [--write]\n"
	"  answerd tell TEXT                       tells health.notify, without a database (for "
	"OnFailure= units)\n"
	"  answerd digest PLATFORM OP FILE         what a connector makes of a recorded answer\n"
	"  answerd --version\n"
	"\n"
	"The configuration is /etc/answerd/answerd.conf unless --config says otherwise; see "
	"answerd.conf(5).\n";

struct worker {
	struct loop *loop;
	struct watch *watch;
	struct listen *listen;
	struct alert *alert;
	struct respond *respond;
	struct vouch *vouch;
	int n_stopping;   /* machines that have not ended yet */
	const char *path; /* of the configuration; NULL: the usual one */
	struct conf *conf;
	struct nature_rules *rules;
	ev_timer status, hard;
	bool is_stopping;
};

/* ---- configuration ---- */

/* With the holidays, where office hours matter. */
static struct conf *load_conf(const char *path, bool has_holidays)
{
	struct conf_problem *problems = xcalloc(MAX_PROBLEMS, sizeof(*problems));
	size_t n = 0;
	struct conf *c = conf_load(path, problems, MAX_PROBLEMS, &n);

	if (c != NULL && has_holidays && !conf_read_holidays(c, problems, MAX_PROBLEMS, &n)) {
		conf_destroy(&c);
	}
	for (size_t i = 0; i < n && i < MAX_PROBLEMS; i++) {
		(void)fprintf(stderr, "%s: %s\n", problems[i].is_error ? "error" : "warning",
			      problems[i].text);
	}
	free(problems);
	return c;
}

/* All that a worker needs of the files: configuration, secrets, word lists. ERR_CONFIG: nothing is kept. */
static bool load_rest(struct conf *c, struct nature_rules **ret_rules, struct err *err)
{
	if (!conf_read_secrets(c, err)) {
		return false;
	}
	*ret_rules = nature_load(text_is_empty(c->nature) ? NULL : c->nature.at, err);
	return *ret_rules != NULL;
}

static int cmd_check_config(const char *path, bool is_show)
{
	struct conf *c = load_conf(path, /* has_holidays= */ true);
	scoped(strbuf_done) struct strbuf out = { 0 };

	if (c == NULL) {
		(void)fprintf(stderr, "The configuration has errors; nothing was changed.\n");
		return EXIT_USAGE;
	}
	strbuf_init(&out, 4u * 1024 * 1024);
	if (is_show) {
		conf_show(c, &out);
	} else {
		strbuf_printf(&out, "%.*s is fine.\n", TEXT_ARG(c->path));
	}
	conf_destroy(&c);
	return output_print(strbuf_text(&out)) ? EXIT_SUCCESS : EXIT_FINDING;
}

/* `is_patient`: a database that is away is waited for, as at the start of a machine. */
static int cmd_migrate(const char *path, bool is_patient)
{
	struct conf *c = load_conf(path, /* has_holidays= */ false);
	struct err err = { 0 };
	int n_ran = 0;
	bool has_rules = false, is_ok;

	if (c == NULL) {
		return EXIT_USAGE;
	}
	while (!(is_ok = store_migrate(c->database.at, &n_ran, &has_rules, &err)) && is_patient &&
	       err.kind == ERR_RETRY) {
		(void)poll(NULL, 0, /* ms= */ 1000);
	}
	conf_destroy(&c);
	if (!is_ok) {
		(void)fprintf(stderr, "error: %s\n", err.text);
		return EXIT_FINDING;
	}
	(void)printf("%d migration%s run, rules %s.\n", n_ran, n_ran == 1 ? "" : "s",
		     has_rules ? "loaded" : "up to date");
	return EXIT_SUCCESS;
}

/* ---- platforms ---- */

static int cmd_platforms(enum platforms_form form)
{
	scoped(strbuf_done) struct strbuf out = { 0 };

	strbuf_init(&out, 1024u * 1024);
	platforms_print(form, &out);
	return output_print(strbuf_text(&out)) ? EXIT_SUCCESS : EXIT_FINDING;
}

/* ---- connect ---- */

static int cmd_connect(const char *path, const struct connect_options *o)
{
	struct conf *c = load_conf(path, /* has_holidays= */ false);
	int code = EXIT_USAGE;

	watch_leave_no_core();
	if (c != NULL) {
		code = connect_run(c, o);
	}
	conf_destroy(&c);
	return code;
}

/* ---- tell ---- */

/* Under OnFailure= nobody reads an exit code; what was not told stands in the journal at least. */
static int cmd_tell(const char *path, const char *words)
{
	struct conf *c = load_conf(path, /* has_holidays= */ false);
	struct arena *arena = arena_create(1024u * 1024);
	struct err err = { 0 };
	int told = 0, of = 0;
	bool is_ok = false;

	if (c != NULL && conf_read_secrets(c, &err)) {
		(void)signal(SIGPIPE, SIG_IGN); /* no watch does it here */
		is_ok = alert_tell(c, text_clip(text_clean(arena, text_of(words), NULL), 10000),
				   &told, &of);
	}
	if (err.kind != ERR_NONE) {
		(void)fprintf(stderr, "error: %s\n", err.text);
	} else if (c != NULL && of == 0) {
		(void)fprintf(stderr, "health.notify names nobody: %s\n", words);
	} else if (!is_ok) {
		(void)fprintf(stderr, "%d of %d channels were told: %s\n", told, of, words);
	}
	conf_destroy(&c);
	arena_destroy(&arena);
	return is_ok && of > 0 ? EXIT_SUCCESS : EXIT_FINDING;
}

/* ---- the worker ---- */

static void on_status(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct worker *k = container_of(w, struct worker, status);
	int held, listening, configured;
	char line[96];

	(void)loop;
	(void)revents;
	listen_count(k->listen, &held, &listening, &configured);
	(void)snprintf(line, sizeof(line), "%d of %d accounts, %d listening", held, configured,
		       listening);
	watch_status(k->watch, line);
	loop_arm(k->loop, &k->status, STATUS_EVERY);
}

static void done_stopped(void *owner)
{
	struct worker *k = owner;

	if (--k->n_stopping == 0) {
		loop_stop(k->loop);
	}
}

static void on_hard(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	loop_stop(container_of(w, struct worker, hard)->loop);
}

static void on_stop(bool is_second, void *owner)
{
	struct worker *k = owner;

	if (is_second) {
		loop_stop(k->loop);
		return;
	}
	k->is_stopping = true;
	watch_stopping(k->watch);
	log_info("stopping", NULL);
	loop_arm(k->loop, &k->hard, STOP_HARD);
	k->n_stopping = 4;
	listen_stop(k->listen, done_stopped, k);
	alert_stop(k->alert, done_stopped, k);
	respond_stop(k->respond, done_stopped, k);
	vouch_stop(k->vouch, done_stopped, k);
}

/* One loud line a problem, each with file, line and remedy; and the first of them as an alert. */
static void say_refused(struct worker *k, const struct conf_problem *problems, size_t n)
{
	char text[600] = "";

	for (size_t i = 0; i < n && i < MAX_PROBLEMS; i++) {
		if (problems[i].is_error) {
			log_err("reload_failed", "why", problems[i].text, NULL);
		}
		if (problems[i].is_error && text[0] == '\0') {
			(void)snprintf(text, sizeof(text),
				       "The changed configuration was refused, the old one is in "
				       "force: %s",
				       problems[i].text);
		}
	}
	if (text[0] != '\0') {
		alert_about_reload(k->alert, text);
	}
}

/* The whole new file is checked, its holidays, secrets and word lists read, before anything changes (RELIABILITY I11). */
static struct conf *load_changed(struct worker *k, struct nature_rules **ret_rules)
{
	struct conf_problem *problems = xcalloc(MAX_PROBLEMS, sizeof(*problems));
	struct err err = { 0 };
	size_t n = 0;
	struct conf *c = conf_load(k->path, problems, MAX_PROBLEMS, &n);

	if (c != NULL && !conf_read_holidays(c, problems, MAX_PROBLEMS, &n)) {
		conf_destroy(&c);
	}
	if (c != NULL && !load_rest(c, ret_rules, &err)) {
		conf_destroy(&c);
		n = 1;
		problems[0].is_error = true;
		(void)snprintf(problems[0].text, sizeof(problems[0].text), "%s", err.text);
	}
	if (c == NULL) {
		say_refused(k, problems, n);
	}
	free(problems);
	return c;
}

/* The machines take it; then the old one is given back, and lives on as long as one of their transfers needs it. */
static void take_changed(struct worker *k, struct conf *c, struct nature_rules *rules)
{
	struct conf *old = k->conf;
	struct nature_rules *old_rules = k->rules;
	int held, listening, configured;

	if (!text_eq(c->database, old->database)) {
		log_warn("reload_partial", "why",
			 "another database is taken at the next start only: restart answerd", NULL);
	}
	k->conf = c;
	k->rules = rules;
	listen_reload(k->listen, c, rules);
	alert_reload(k->alert, c);
	respond_reload(k->respond, c);
	vouch_reload(k->vouch, c);
	alert_about_reload(k->alert, NULL);
	nature_destroy(&old_rules);
	conf_destroy(&old);
	listen_count(k->listen, &held, &listening, &configured);
	log_info("reloaded", "accounts", log_num(configured), NULL);
}

static void on_reload(void *owner)
{
	struct worker *k = owner;
	struct nature_rules *rules = NULL;
	struct conf *c;

	if (k->is_stopping) {
		return;
	}
	watch_reloading(k->watch);
	c = load_changed(k, &rules);
	if (c != NULL) {
		take_changed(k, c, rules);
	}
	watch_ready(k->watch);
}

static void holder_name(char *out, size_t room)
{
	char host[64] = "unknown";
	uint32_t random = 0;

	(void)gethostname(host, sizeof(host) - 1);
	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		random = (uint32_t)getppid();
	}
	(void)snprintf(out, room, "%s-%d-%08x", host, (int)getpid(), random);
}

static void on_declared(void *owner)
{
	respond_declare(((struct worker *)owner)->respond);
}

/* The database may come later than we do (a machine that starts): wait for it, in words, for as long as it takes. */
static bool wait_for_schema(const struct conf *c, struct err *err)
{
	while (!store_check(c->database.at, "answerd_worker", err)) {
		if (err->kind != ERR_RETRY && err->kind != ERR_UNSURE) {
			return false;
		}
		log_warn("database_down", "why", err->text, NULL);
		watch_status(NULL, "waiting for the database");
		(void)poll(NULL, 0, /* ms= */ 1000);
	}
	return true;
}

/* Takes the configuration and the rules: they may be other ones at the end. */
static int run(const char *path, struct conf **c, struct nature_rules **rules)
{
	static const struct watch_events events = { .on_stop = on_stop, .on_reload = on_reload };
	struct worker k = { .path = path, .conf = *c, .rules = *rules };
	struct err err = { 0 };
	char holder[128];

	holder_name(holder, sizeof(holder));
	if (!wait_for_schema(k.conf, &err)) {
		log_err("cannot_start", "why", err.text, NULL);
		return EXIT_FINDING;
	}
	k.loop = loop_create();
	k.watch = watch_create(k.loop, &events, &k);
	ev_init(&k.status, on_status);
	ev_init(&k.hard, on_hard);
	k.listen = listen_create(&(struct listen_options){ .loop = k.loop,
							   .conf = k.conf,
							   .rules = k.rules,
							   .holder = holder,
							   .declared = on_declared,
							   .owner = &k });
	k.alert = alert_create(
		&(struct alert_options){ .loop = k.loop, .conf = k.conf, .holder = holder });
	k.respond = respond_create(
		&(struct respond_options){ .loop = k.loop, .conf = k.conf, .holder = holder });
	k.vouch = vouch_create(k.loop, k.conf);
	respond_tell(k.respond, listen_looked, listen_asked, k.listen);
	listen_start(k.listen);
	alert_start(k.alert);
	respond_start(k.respond);
	vouch_start(k.vouch);
	watch_ready(k.watch);
	log_info("started", "version", ANSWERD_VERSION, "holder", holder, NULL);
	loop_arm(k.loop, &k.status, DUR_S(1));
	loop_run(k.loop);
	loop_disarm(k.loop, &k.status);
	loop_disarm(k.loop, &k.hard);
	vouch_destroy(&k.vouch);
	respond_destroy(&k.respond);
	alert_destroy(&k.alert);
	listen_destroy(&k.listen);
	watch_destroy(&k.watch);
	loop_destroy(&k.loop);
	*c = k.conf;
	*rules = k.rules;
	log_info("stopped", NULL);
	return EXIT_SUCCESS;
}

static int cmd_run(const char *path)
{
	struct conf *c;
	struct nature_rules *rules = NULL;
	struct err err = { 0 };
	int code = EXIT_USAGE;

	watch_early();
	watch_leave_no_core();
	c = load_conf(path, /* has_holidays= */ true);
	if (c == NULL) {
		(void)fprintf(stderr, "The configuration has errors; answerd does not start.\n");
		return EXIT_USAGE;
	}
	if (!load_rest(c, &rules, &err)) {
		(void)fprintf(stderr, "error: %s\n", err.text);
	} else {
		code = run(path, &c, &rules);
	}
	nature_destroy(&rules);
	conf_destroy(&c);
	return code;
}

int main(int argc, char **argv)
{
	const char *config = NULL;
	char *args[8];
	int n = 0;
	struct connect_options connect = { 0 };
	bool is_show = false, is_patient = false;
	enum platforms_form form = PLATFORMS_PERSON;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			config = argv[++i];
		} else if (strncmp(argv[i], "--config=", 9) == 0) {
			config = argv[i] + 9;
		} else if (strcmp(argv[i], "--show") == 0) {
			is_show = true;
		} else if (strcmp(argv[i], "--json") == 0) {
			form = PLATFORMS_JSON;
		} else if (strcmp(argv[i], "--markdown") == 0) {
			form = PLATFORMS_MARKDOWN;
		} else if (strcmp(argv[i], "--wait") == 0) {
			is_patient = true;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			(void)fputs(usage_text, stdout);
			return EXIT_SUCCESS;
		} else if (strcmp(argv[i], "--version") == 0) {
			(void)puts("answerd " ANSWERD_VERSION);
			return EXIT_SUCCESS;
		} else if (n > 0 && strcmp(args[0], "connect") == 0 &&
			   connect_take_option(&connect, argv, argc, &i)) {
			continue;
		} else if ((argv[i][0] == '-' && argv[i][1] != '\0') || n == 8) {
			(void)fprintf(stderr, "answerd does not know '%s'. answerd --help\n",
				      argv[i]);
			return EXIT_USAGE;
		} else {
			args[n++] = argv[i];
		}
	}
	if (n == 0) {
		return cmd_run(config);
	}
	if (strcmp(args[0], "check-config") == 0 && n == 1) {
		return cmd_check_config(config, is_show);
	}
	if (strcmp(args[0], "migrate") == 0 && n == 1) {
		return cmd_migrate(config, is_patient);
	}
	if (strcmp(args[0], "platforms") == 0 && n == 1) {
		return cmd_platforms(form);
	}
	if (strcmp(args[0], "connect") == 0 && n == 2) {
		connect.account = args[1];
		return cmd_connect(config, &connect);
	}
	if (strcmp(args[0], "tell") == 0 && n == 2) {
		return cmd_tell(config, args[1]);
	}
	if (strcmp(args[0], "digest") == 0) {
		return worker_digest(args + 1, n - 1);
	}
	(void)fprintf(stderr, "answerd has no command '%s'. answerd --help\n", args[0]);
	return EXIT_USAGE;
}
