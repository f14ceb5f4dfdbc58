/* answer.h: what the files of the answer command share.
 *
 * Owner:   main owns everything. Clock: times come from the desk, with its "now"; answer_now() is for lists without one.
 * Blocks:  yes, it is a command. Calls back: never.
 * Fails:   by its exit code: 0 done, 1 a finding, 2 usage, 3 cannot reach the desk, 4 refused. */
#ifndef ANSWERD_ANSWER_ANSWER_H
#define ANSWERD_ANSWER_ANSWER_H

#include "answerd/json.h"
#include "daemon/answer/client.h"
#include "daemon/answer/term.h"

enum exit_code { EXIT_DONE, EXIT_FINDING, EXIT_USAGE, EXIT_UNREACHED, EXIT_REFUSED };

#define MAX_ARGS    4
#define MAX_OPTIONS 8

/* An option of a command; value NULL: it is a switch. */
struct option_spec {
	const char *name; /* "--reason" */
	char letter;      /* 'm', or 0 */
	const char *value;
	const char *about;
};

struct call;

struct command {
	const char *name, *sub; /* sub: "add" of "staff add", or NULL */
	const char *args;       /* "C [WHO]", as shown */
	int min_args, max_args;
	bool takes_dashes; /* an argument may begin with '-' (tags) */
	const char *about;
	const char *more; /* a paragraph for --help, or NULL */
	struct option_spec options[MAX_OPTIONS];
	enum exit_code (*run)(struct call *c);
};

extern const struct command commands[];
extern const size_t n_commands;

struct call {
	const struct command *command; /* NULL: none was named */
	const char *family;            /* "staff" alone: its help was asked for; else NULL */
	const char *args[MAX_ARGS];
	int n_args;
	const char *values[MAX_OPTIONS]; /* as in command->options; "" for a switch that is there */
	bool is_json;
	struct client *client;
	struct arena *arena;
	struct screen screen;
	struct jx
		office; /* of the list at hand: id of a conversation → seconds by the office's clock */
};

/* args.c */
const char *call_option(const struct call *c, const char *name); /* NULL: not given */
void print_overview(struct screen *s);
void print_family(struct screen *s, const char *name); /* the commands below "staff" */
void print_help(struct screen *s, const struct command *command);
/* Reads argv behind the program's name; false: the sentence is on stderr. Global options go to *ret_…. */
struct globals {
	const char *desk, *config;
	bool is_json, is_help, is_version;
};
bool call_parse(int argc, char **argv, struct globals *g, struct call *ret);

/* ask.c: a request; on success the parsed answer (and with --json it was printed). */
struct reply {
	struct desk_answer answer;
	struct jx_doc *doc;
	struct jx root;
};
enum exit_code call_get(struct call *c, const char *path, struct reply *ret);
enum exit_code call_post(struct call *c, const char *path, struct strbuf *body, struct reply *ret);
/* "list/ID", and "/act" unless that is NULL. */
void path_of(struct strbuf *path, const char *list, const char *id, const char *act);
/* POST list/{the first argument}/act. */
enum exit_code call_act(struct call *c, const char *list, const char *act, struct strbuf *body,
			struct reply *ret);
/* A table of comma-separated values, to standard output as it is. */
enum exit_code call_table(struct call *c, const char *path);
void reply_done(struct reply *r);
/* A JSON object, member by member: body_start(b); body_add(b, "reason", text); … body_end(b). */
void body_start(struct strbuf *b);
void body_add(struct strbuf *b, const char *name, const char *value);
void body_add_number(struct strbuf *b, const char *name, const char *value);
void body_end(struct strbuf *b);
void add_query(struct strbuf *path, const char *name,
	       const char *value); /* "?name=value"; nothing when NULL */
struct text jx_str(struct call *c, struct jx object,
		   const char *path); /* empty when absent or null */

/* times.c */
struct wall answer_now(void);
struct wall time_of(struct call *c, struct jx object, const char *name); /* not set when null */
void add_age(char out[static 24], struct dur d);                         /* "2h 14m" */
/* "today 14:02", "Fri 20 Nov 14:02", "20 Nov 2025 14:02" in the reader's zone. */
void add_when(char out[static 48], struct wall at, struct wall now);
void add_ago(char out[static 48], struct wall at, struct wall now); /* "2h 14m ago", "in 3h" */

/* what is printed */
void print_listening(struct call *c, struct jx root);
void print_entry(struct call *c, struct jx entry);
struct text who(struct call *c, struct jx person); /* "Carl Cole @carl" */
void print_promise(struct call *c, struct jx promise);
struct text due_text(struct call *c, struct jx entry);
enum exit_code run_queue(struct call *c);
enum exit_code run_thanks(struct call *c);
enum exit_code run_show(struct call *c);
enum exit_code run_explain(struct call *c);
enum exit_code run_customer(struct call *c);
enum exit_code run_take(struct call *c);
enum exit_code run_give(struct call *c);
enum exit_code run_snooze(struct call *c);
enum exit_code run_dismiss(struct call *c);
enum exit_code run_note(struct call *c);
enum exit_code run_tag(struct call *c);
enum exit_code run_nature(struct call *c);
enum exit_code run_merge(struct call *c);
void print_reply(struct call *c, struct jx reply, struct wall now, int indent);
enum exit_code run_reply(struct call *c);
enum exit_code run_send(struct call *c);
enum exit_code run_replies(struct call *c);
enum exit_code run_retry(struct call *c);
enum exit_code run_replied(struct call *c);
enum exit_code run_not_there(struct call *c);
enum exit_code run_approve(struct call *c);
enum exit_code run_drop(struct call *c);
enum exit_code run_undo(struct call *c);
enum exit_code run_panic(struct call *c);
enum exit_code run_snippet_list(struct call *c);
enum exit_code run_snippet_add(struct call *c);
enum exit_code run_snippet_remove(struct call *c);
enum exit_code run_sources(struct call *c);
enum exit_code run_quarantine(struct call *c);
enum exit_code run_gaps(struct call *c);
enum exit_code run_alerts(struct call *c);
enum exit_code run_alerts_test(struct call *c);
enum exit_code run_ack(struct call *c);
enum exit_code run_silence_add(struct call *c);
enum exit_code run_silence_list(struct call *c);
enum exit_code run_silence_end(struct call *c);
enum exit_code run_webhooks(struct call *c);
enum exit_code run_replay(struct call *c);
enum exit_code run_empty(struct call *c); /* lists that this version keeps empty */
enum exit_code run_ledger(struct call *c);
enum exit_code run_report(struct call *c);
enum exit_code run_verify(struct call *c);
enum exit_code run_staff_list(struct call *c);
enum exit_code run_staff_add(struct call *c);
enum exit_code run_staff_link(struct call *c);
enum exit_code run_staff_role(struct call *c);
enum exit_code run_staff_email(struct call *c);
enum exit_code run_staff_disable(struct call *c);
enum exit_code run_token_new(struct call *c);
enum exit_code run_token_list(struct call *c);
enum exit_code run_token_revoke(struct call *c);

#endif
