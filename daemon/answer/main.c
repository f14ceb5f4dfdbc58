/* answer: the staff's tool, a client of the desk. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answerd/url.h"
#include "daemon/answer/answer.h"
#include "daemon/conf/conf.h"

#define DEFAULT_CONFIG "/etc/answerd/answerd.conf"
#define DEFAULT_SOCKET "/run/answerd/desk.sock"
#define ARENA_BYTES    (512u * 1024 * 1024)

/* The first socket that the configuration names, else its first address; NULL: it says nothing that we can read. */
static const char *place_of_config(struct arena *a, const char *path, bool is_loud)
{
	struct conf_listener *listen = NULL;
	struct conf_problem why;
	size_t n = 0;

	if (!is_loud && access(path != NULL ? path : DEFAULT_CONFIG, R_OK) != 0) {
		return NULL;
	}
	if (!conf_find_desk(a, path, &listen, &n, &why) && is_loud) {
		(void)fprintf(stderr, "%s\n", why.text);
	}
	for (size_t i = 0; i < n; i++) {
		if (listen[i].is_unix) {
			return text_cstr(a, listen[i].address);
		}
	}
	return n == 0 ? NULL
		      : text_printf(a, "http://%.*s:%d", TEXT_ARG(listen[0].host), listen[0].port)
				.at;
}

/* --desk, $ANSWER_DESK, the configuration, the usual place. NULL: --config named a file that cannot be used. */
static const char *find_desk(struct arena *a, const struct globals *g)
{
	const char *env = getenv("ANSWER_DESK"), *place;

	if (g->desk != NULL) {
		return g->desk;
	}
	if (g->config == NULL && env != NULL && *env != '\0') {
		return env;
	}
	place = place_of_config(a, g->config, /* is_loud= */ g->config != NULL);
	return place != NULL || g->config != NULL ? place : DEFAULT_SOCKET;
}

/* Plain http only to a literal loopback address, or to localhost: a token must not be read on its way. */
static bool is_private(const char *place)
{
	struct url u;

	return strncmp(place, "http://", 7) != 0 || url_is_loopback(text_of(place)) ||
	       (url_parse(text_of(place), &u) && text_eq(u.host, TEXT("localhost")));
}

static enum exit_code run(struct call *c, const struct globals *g)
{
	const char *place = find_desk(c->arena, g);
	enum exit_code code;

	if (place == NULL) {
		return EXIT_USAGE;
	}
	if (!is_private(place)) {
		(void)fprintf(
			stderr,
			"What staff say goes over https, or over http on this machine: %.80s is "
			"neither.\n",
			place);
		return EXIT_USAGE;
	}
	c->is_json = g->is_json;
	c->client = client_create(place, getenv("ANSWER_TOKEN"));
	code = c->command->run(c);
	client_destroy(&c->client);
	return code;
}

int main(int argc, char **argv)
{
	struct globals g = { 0 };
	struct call c = { 0 };
	enum exit_code code = EXIT_DONE;

	(void)signal(SIGPIPE, SIG_IGN);
	c.arena = arena_create(ARENA_BYTES);
	screen_init(&c.screen);
	if (!call_parse(argc, argv, &g, &c)) {
		code = EXIT_USAGE;
	} else if (g.is_version) {
		screen_say(&c.screen, INK_PLAIN, "answer " ANSWERD_VERSION "\n");
	} else if (c.family != NULL) {
		print_family(&c.screen, c.family);
	} else if (c.command == NULL) {
		print_overview(&c.screen);
		code = g.is_help ? EXIT_DONE : EXIT_USAGE;
	} else if (g.is_help) {
		print_help(&c.screen, c.command);
	} else {
		code = run(&c, &g);
	}
	screen_show(&c.screen);
	if (c.screen.failure != 0) {
		(void)fprintf(stderr, "The answer could not be written out: %s.\n",
			      strerror(c.screen.failure));
		code = code == EXIT_DONE ? EXIT_FINDING : code;
	}
	screen_done(&c.screen);
	arena_destroy(&c.arena);
	return (int)code;
}
