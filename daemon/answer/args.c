/* The command line: see answer.h. Options may stand anywhere; what is not known is refused with a hint. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/answer/answer.h"

const char *call_option(const struct call *c, const char *name)
{
	for (int i = 0; i < MAX_OPTIONS && c->command->options[i].name != NULL; i++) {
		if (strcmp(c->command->options[i].name, name) == 0) {
			return c->values[i];
		}
	}
	return NULL;
}

/* ---- help ---- */

static void say_head(struct screen *s, const struct command *k)
{
	screen_say(s, INK_BOLD, "answer %s%s%s%s%s", k->name, k->sub != NULL ? " " : "",
		   k->sub != NULL ? k->sub : "", *k->args != '\0' ? " " : "", k->args);
}

/* "  name             what it is", below each other where the line is too narrow. */
static void say_row(struct screen *s, const char *head, const char *about)
{
	int width = (int)strlen(head);

	if (width <= 22) {
		screen_say(s, INK_PLAIN, "  %-22s ", head);
		screen_hang(s, INK_PLAIN, text_of(about), 25);
	} else if ((size_t)width + 4 + strlen(about) <= (size_t)s->columns) {
		screen_say(s, INK_PLAIN, "  %s  %s\n", head, about);
	} else {
		screen_say(s, INK_PLAIN, "  %s\n", head);
		screen_block(s, INK_PLAIN, text_of(about), 25);
	}
}

void print_overview(struct screen *s)
{
	screen_say(s, INK_PLAIN, "answer: nobody who speaks to us is ignored.\n\n");
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *k = &commands[i];
		char head[64];

		(void)snprintf(head, sizeof(head), "%s%s%s%s%s", k->name, k->sub != NULL ? " " : "",
			       k->sub != NULL ? k->sub : "", *k->args != '\0' ? " " : "", k->args);
		say_row(s, head, k->about);
	}
	screen_say(s, INK_PLAIN,
		   "\n"
		   "  --json           the desk's JSON, unchanged, on one line\n"
		   "  --desk PLACE     its socket or URL; else $ANSWER_DESK, or the "
		   "configuration\n"
		   "  --config FILE    another configuration than /etc/answerd/answerd.conf\n"
		   "  --help           of a command: answer queue --help\n"
		   "\n"
		   "Exit: 0 done, 1 a finding, 2 usage, 3 cannot reach the desk, 4 refused.\n");
}

/* "  add LOGIN        what it is": every command of this name that has a second one. */
static void say_subs(struct screen *s, const char *name)
{
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *k = &commands[i];
		char head[64];

		if (k->sub == NULL || strcmp(k->name, name) != 0) {
			continue;
		}
		(void)snprintf(head, sizeof(head), "%s%s%s", k->sub, *k->args != '\0' ? " " : "",
			       k->args);
		say_row(s, head, k->about);
	}
}

static bool has_subs(const char *name)
{
	for (size_t i = 0; i < n_commands; i++) {
		if (commands[i].sub != NULL && strcmp(commands[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

void print_family(struct screen *s, const char *name)
{
	screen_say(s, INK_BOLD, "answer %s", name);
	screen_say(s, INK_PLAIN, " needs one of these; each has a --help:\n\n");
	say_subs(s, name);
}

void print_help(struct screen *s, const struct command *k)
{
	say_head(s, k);
	screen_say(s, INK_PLAIN, "\n");
	screen_block(s, INK_PLAIN, text_of(k->about), 2);
	if (k->more != NULL) {
		screen_say(s, INK_PLAIN, "\n");
		screen_block(s, INK_PLAIN, text_of(k->more), 2);
	}
	for (int i = 0; i < MAX_OPTIONS && k->options[i].name != NULL; i++) {
		const struct option_spec *o = &k->options[i];
		char head[64];

		(void)snprintf(head, sizeof(head), "%s%.1s%s%s%s%s", o->letter != 0 ? "-" : "",
			       o->letter != 0 ? &o->letter : "", o->letter != 0 ? ", " : "",
			       o->name, o->value != NULL ? " " : "",
			       o->value != NULL ? o->value : "");
		if (i == 0) {
			screen_say(s, INK_PLAIN, "\n");
		}
		say_row(s, head, o->about);
	}
	if (k->sub == NULL && has_subs(k->name)) {
		screen_say(s, INK_PLAIN, "\n");
		say_subs(s, k->name);
	}
}

/* ---- parsing ---- */

static bool complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static bool complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return false;
}

/* How many letters of the two differ at their ends; a small number is a slip of the finger. */
static bool is_near(const char *typed, const char *known)
{
	size_t n = strlen(typed), m = strlen(known), same = 0, same_end = 0;

	while (same < n && same < m && typed[same] == known[same]) {
		same++;
	}
	while (same_end + same < n && same_end + same < m &&
	       typed[n - 1 - same_end] == known[m - 1 - same_end]) {
		same_end++;
	}
	return (n > m ? n : m) - same - same_end <= 2 && same + same_end >= 2;
}

static bool unknown_command(const char *typed)
{
	for (size_t i = 0; i < n_commands; i++) {
		if (is_near(typed, commands[i].name)) {
			(void)fprintf(stderr,
				      "answer has no command '%.40s'. Did you mean '%s'? answer "
				      "--help lists them.\n",
				      typed, commands[i].name);
			return false;
		}
	}
	return complain("answer has no command '%.40s'. answer --help lists them.", typed);
}

static bool needs_sub(const char *name)
{
	const char *comma = "";

	(void)fprintf(stderr, "answer %s needs one of ", name);
	for (size_t i = 0; i < n_commands; i++) {
		if (commands[i].sub != NULL && strcmp(commands[i].name, name) == 0) {
			(void)fprintf(stderr, "%s%s", comma, commands[i].sub);
			comma = ", ";
		}
	}
	return complain(". answer %s --help says what they do.", name);
}

static bool unknown_option(const struct call *c, const char *typed)
{
	const struct command *k = c->command;

	for (int i = 0; i < MAX_OPTIONS && k->options[i].name != NULL; i++) {
		if (is_near(typed, k->options[i].name)) {
			(void)fprintf(stderr,
				      "answer %s does not know '%.40s'. Did you mean '%s'?\n",
				      k->name, typed, k->options[i].name);
			return false;
		}
	}
	(void)fprintf(stderr,
		      "answer %s does not know '%.40s'. answer %s%s%s --help says what it knows.\n",
		      k->name, typed, k->name, k->sub != NULL ? " " : "",
		      k->sub != NULL ? k->sub : "");
	return false;
}

/* The command that the words say; *ret_used is how many words that took. */
static const struct command *command_find(const char **words, int n, int *ret_used)
{
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *k = &commands[i];

		if (strcmp(words[0], k->name) == 0 &&
		    (k->sub == NULL || (n > 1 && strcmp(words[1], k->sub) == 0))) {
			*ret_used = k->sub != NULL ? 2 : 1;
			return k;
		}
	}
	return NULL;
}

struct parser {
	int argc, at;
	char **argv;
	struct globals *g;
	struct call *c;
	int n_names;  /* words of the command's name that were read */
	bool is_over; /* "--" was read: only arguments follow */
};

/* "--name VALUE" and "--name=VALUE". */
static bool takes(struct parser *p, const char *name, char letter, const char **ret)
{
	const char *word = p->argv[p->at];
	size_t n = strlen(name);

	if (strncmp(word, name, n) == 0 && word[n] == '=') {
		*ret = word + n + 1;
		return true;
	}
	if (letter != 0 && word[0] == '-' && word[1] == letter && word[2] != '\0') {
		*ret = word + 2;
		return true;
	}
	if (strcmp(word, name) != 0 && !(letter != 0 && word[0] == '-' && word[1] == letter)) {
		return false;
	}
	*ret = p->at + 1 < p->argc ? p->argv[++p->at] : NULL;
	return true;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* 1: it was one, 0: it was none, -1: it was one and is wrong. */
static int global_option(struct parser *p)
{
	const char *word = p->argv[p->at], *value = "";

	if (strcmp(word, "--json") == 0) {
		p->g->is_json = true;
	} else if (is_help(word)) {
		p->g->is_help = true;
	} else if (strcmp(word, "--version") == 0 && p->c->command == NULL) {
		p->g->is_version = true;
	} else if (takes(p, "--desk", 0, &value)) {
		p->g->desk = value;
	} else if (takes(p, "--config", 0, &value)) {
		p->g->config = value;
	} else {
		return 0;
	}
	if (value == NULL) {
		(void)fprintf(stderr, "%.40s needs a value.\n", word);
		return -1;
	}
	return 1;
}

static int own_option(struct parser *p)
{
	const char *word = p->argv[p->at], *value = NULL;
	const struct command *k = p->c->command;

	for (int i = 0; i < MAX_OPTIONS && k->options[i].name != NULL; i++) {
		const struct option_spec *o = &k->options[i];

		if (o->value == NULL) {
			if (strcmp(word, o->name) != 0 &&
			    !(o->letter != 0 && word[1] == o->letter && word[2] == '\0')) {
				continue;
			}
			p->c->values[i] = "";
			return 1;
		}
		if (takes(p, o->name, o->letter, &value)) {
			if (value == NULL) {
				(void)fprintf(stderr, "%s needs a value: %s %s.\n", o->name,
					      o->name, o->value);
				return -1;
			}
			p->c->values[i] = value;
			return 1;
		}
	}
	return 0;
}

/* The first pass finds the command among the words, so that options may stand before it. */
static bool find_command(struct parser *p)
{
	const char *first = NULL;

	for (int i = 1; i < p->argc && p->c->command == NULL; i++) {
		const char *words[2] = { p->argv[i], i + 1 < p->argc ? p->argv[i + 1] : NULL };
		int used;

		if (words[0] == NULL) {
			break;
		}
		if (words[0][0] == '-') {
			i += (strcmp(words[0], "--desk") == 0 || strcmp(words[0], "--config") == 0);
			continue;
		}
		first = first == NULL ? words[0] : first;
		p->c->command = command_find(words, words[1] != NULL ? 2 : 1, &used);
	}
	if (first == NULL || p->c->command != NULL) {
		return true;
	}
	if (!has_subs(first)) {
		return unknown_command(first);
	}
	p->c->family = first;
	return true;
}

static bool check_args(const struct call *c)
{
	const struct command *k = c->command;
	char head[64];

	(void)snprintf(head, sizeof(head), "answer %s%s%s%s%s", k->name, k->sub != NULL ? " " : "",
		       k->sub != NULL ? k->sub : "", *k->args != '\0' ? " " : "", k->args);
	if (c->n_args < k->min_args) {
		return complain("Something is missing. The command is: %s", head);
	}
	for (size_t i = 0; c->n_args > k->max_args && i < n_commands; i++) {
		if (k->sub == NULL && commands[i].sub != NULL &&
		    strcmp(commands[i].name, k->name) == 0 && c->n_args == 1) {
			return complain("That is too much. The command is: %s, or: answer %s %s",
					head, k->name, commands[i].sub);
		}
	}
	if (c->n_args > k->max_args) {
		return complain("That is too much. The command is: %s", head);
	}
	return true;
}

/* A word that is no option: of the command's name, or an argument. */
static bool plain_word(struct parser *p, const char *word)
{
	struct call *c = p->c;
	int n_names = c->command == NULL ? 0 : c->command->sub != NULL ? 2 : 1;

	if (p->n_names < n_names) {
		if (strcmp(word, p->n_names == 0 ? c->command->name : c->command->sub) != 0) {
			return has_subs(word) ? needs_sub(word) : unknown_command(word);
		}
		p->n_names++;
		return true;
	}
	if (c->n_args == MAX_ARGS) {
		return complain("That is too much: '%.40s'.", word);
	}
	c->args[c->n_args++] = word;
	return true;
}

static bool next_word(struct parser *p)
{
	const char *word = p->argv[p->at];
	struct call *c = p->c;
	int was = 0;

	if (p->is_over || word[0] != '-' || word[1] == '\0') {
		return plain_word(p, word);
	}
	if (strcmp(word, "--") == 0) {
		p->is_over = true;
		return true;
	}
	if (c->command != NULL) {
		was = own_option(p);
	}
	if (was == 0) {
		was = global_option(p);
	}
	if (was != 0) {
		return was > 0;
	}
	if (c->command != NULL && c->command->takes_dashes && word[1] != '-') {
		return plain_word(p, word);
	}
	return c->command != NULL ? unknown_option(c, word)
				  : complain("answer does not know '%.40s'. answer --help", word);
}

bool call_parse(int argc, char **argv, struct globals *g, struct call *ret)
{
	struct parser p = { .argc = argc, .at = 1, .argv = argv, .g = g, .c = ret };

	if (!find_command(&p)) {
		return false;
	}
	if (ret->family != NULL) {
		for (int i = 1; i < argc; i++) {
			g->is_help = g->is_help || is_help(argv[i]);
		}
		return g->is_help || needs_sub(ret->family);
	}
	for (; p.at < argc; p.at++) {
		if (!next_word(&p)) {
			return false;
		}
	}
	return ret->command == NULL || g->is_help || check_args(ret);
}
