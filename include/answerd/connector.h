/* connector.h: the contract of a connector: pure functions between what we want to know and what a
 * platform says.
 *
 * A connector does no I/O, reads no clock and keeps no globals: same bytes, same result, for ever.
 * For every operation there is ask() (question → request) and digest() (question + response →
 * outcome). A walk over several pages is: digest says is_more and gives a new state; ask is called
 * again with that state. A request without an address asks nobody: digest is called at once with
 * status 204 (an operation that needs no question here). The state is committed together with the page's messages, so a walk goes
 * on where it was after any crash.
 *
 * An answer larger than we read (limits.h) is asked for again with half of question.page_limit, down
 * to one element, where can.page_most says so. What is too large even then comes to digest() with
 * response.is_cut: a connector that knows the way past that element (from a header, say) tells it in
 * outcome.bad and gives the state behind it; page_scan() refuses for all others.
 *
 * Owner:   everything lives in ctx->arena, until the page is committed. Secrets in a request are
 *          copied from ctx.
 * Clock:   ctx->now is wall time, passed in.
 * Blocks:  never.
 * Calls back: never.
 * Fails:   err's kind says what the listener does next (err.h). Unknown statuses: ERR_RETRY. One
 *          bad element never fails a page: it goes to outcome.bad. */
#ifndef ANSWERD_CONNECTOR_H
#define ANSWERD_CONNECTOR_H

#include "answerd/err.h"
#include "answerd/message.h"
#include "answerd/request.h"
#include "answerd/secret.h"

enum op {
	OP_IDENTIFY, /* who are we, what may we do; asked first, and to probe a refused account */
	OP_POLL,  /* news of a source from its state on; with an empty state: back to question.since
		   */
	OP_SWEEP, /* re-read a source's window from question.since on, for late, edited, hidden
		     messages */
	OP_THREAD,  /* the ancestors and descendants of subjects[0]; ids that are gone come in
		       outcome.gone */
	OP_RECHECK, /* are subjects[] (up to can.recheck_batch) still there, and as we know them? */
	OP_REPLY,   /* post question.posting: one request, marked `once` */
	OP_LOOKUP, /* did question.posting arrive? A walk through the thread and our own latest posts */
	OP_FILE, /* after a REPLY with outcome.to_file: our own copy of what question.posting said, put where our people
		    look for it. A walk that first looks whether it is there: it may be walked again */
	OP_REFRESH, /* a new session from the credential, or from the session's own refresh token */
	OP_CONNECT, /* a person has let us in: a session from question.granting; a walk */
	OP_COUNT
};

/* A person lets us in with a browser (`answerd connect`). All of it is secret, and ends with the command.
 *
 * Where can.registers_client, and the account has no token yet, the walk of CONNECT is first made with an
 * empty code: its outcome.client becomes the account's token. Then authorize() makes the address that the
 * person opens; then CONNECT is walked with the code that came back, and its outcome is a session. */
struct granting {
	struct text redirect; /* the address that the person is sent back to, as it was asked for */
	struct text state; /* 43 characters of base64url; whoever brings a code must bring it too */
	struct text verifier;  /* PKCE: 43 characters of base64url */
	struct text challenge; /* PKCE, S256: base64url of the verifier's SHA-256 */
	struct text code;      /* decoded; empty: nobody was asked yet */
};

/* What staff want to be posted. Every attempt and every look of one reply carries the same values. */
struct posting {
	struct text
		key; /* ours: 13 of 234567abcdefghijklmnopqrstuvwxyz, in the order of time (a TID), made
			    once before the first attempt; the platform's idempotency key, or the record's
			    own name where we may choose it */
	struct text text; /* what the customer will read, clean; the connector adds whom it names */
	struct wall begun_at;  /* of the first attempt; 0 before it */
	struct text parent_id; /* external id of the message that it answers */
	struct text parent_revision, root_id, root_revision; /* empty: not known */
	struct text
		parent_raw; /* the parent as the platform served it (answerd.message_raw), where it is
				   still kept: some platforms want what only stands there. Else empty */
	struct text thread_id;                /* of a direct exchange; else empty */
	struct text author_id, author_handle; /* of the parent: who is answered */
	enum message_kind parent_kind;
	enum message_visibility visibility; /* of the parent */
	struct text warning, language;      /* of the parent; the reply carries them on */
};

struct question {
	enum op op;
	struct text source; /* POLL, SWEEP: "mentions", "own", "search:#acme" … */
	struct text state;  /* what the last digest of this walk left; empty at its start */
	struct wall since;  /* POLL with empty state: how far back history goes. SWEEP: start of the
			       window */
	bool is_gap; /* SWEEP: of a gap that was told: what a list does not reach may be asked
				  for another, dearer way */
	struct text *subjects; /* THREAD, RECHECK: external ids */
	size_t n_subjects;
	const struct posting *posting;   /* REPLY, LOOKUP, FILE; else NULL */
	const struct granting *granting; /* CONNECT; else NULL */
	int page_limit; /* POLL, SWEEP, THREAD: ask for at most so many elements in one answer; 0: for as
			   many as the connector likes. Smaller each time after an answer that was larger than
			   we read */
};

struct option_value {
	const char *name;
	struct text value;
};

/* What a connector may know about the account it works for. */
struct connector_ctx {
	struct arena *arena;
	struct wall now;
	struct text server;  /* "https://social.example", no slash at its end */
	struct text token;   /* secret of the account; empty where none is configured */
	struct text session; /* secret JSON of the connector's own, from REFRESH; empty: none yet */
	struct text facts; /* the connector's own JSON about the account, from IDENTIFY; empty: none
			      yet */
	struct text own_id, own_handle;     /* from IDENTIFY; empty before, and without a token */
	const struct option_value *options; /* the connector's own options as configured */
	size_t n_options;
	const void *description; /* of the account's connector, where it was described in a file */
};

/* What the platform said about our budget; zeros where it said nothing. */
struct rate {
	bool is_known;
	int64_t limit, remaining;
	struct wall reset_at;
};

struct outcome {
	struct message *messages; /* as served, oldest or newest first as it came */
	size_t n_messages;
	struct quarantined *bad;
	size_t n_bad;
	struct text *gone; /* ids that the platform says do not exist any more */
	size_t n_gone;
	struct text state; /* POLL, SWEEP, RECHECK, THREAD: to be stored with the page; empty: the
			       walk leaves none */
	bool is_more;      /* ask again at once with the new state */
	bool has_hole; /* POLL: this page shows that something before it cannot be reached and may be
			  lost (a server without paging, more equal times than a page holds) */
	bool is_adrift; /* POLL: nothing of what was known before is there any more: taken back, or older than the
			   platform still shows. A hole if we had not asked for long */
	bool is_jumbled; /* SWEEP: this walk does not go from new to old; only its end says that all since
			    question.since was read */
	bool needs_refresh; /* with ERR_AUTH: the session ended, REFRESH and ask again */
	struct rate rate;   /* also filled when digest fails */
	struct wall
		next_at; /* POLL: this source is not to be asked again before, however often others are;
				with ERR_LIMITED: only this source waits. 0: as configured */
	/* LOOKUP, where can.reading_costs: what was read beside that, for `read_price` each */
	struct text *read_ids;
	size_t n_read_ids;
	int64_t read_price; /* of each message and quarantined element of this answer, in millionths of a US
			       dollar; counted where can.reading_costs */
	/* IDENTIFY */
	struct text own_id, own_handle, own_name;
	struct text facts; /* new facts to store; empty: unchanged. Any op may learn some */
	struct wall
		token_until; /* IDENTIFY, REFRESH, CONNECT: when a person must let us in again or
				    make a new token, where that can be known; 0: unknown */
	struct text missing; /* scopes or rights that are missing, in plain words; empty: none.
				CONNECT too */
	/* REPLY: the id that the platform gave it. LOOKUP: that of the post that is ours, or empty: not in
	 * what was read. */
	struct text sent_id, sent_permalink;
	bool to_file; /* REPLY: posted, and that is all the customer waits for; FILE is to be asked later, too */
	/* REFRESH, CONNECT. It is stored, sealed, before it is used: so it must hold all that the next REFRESH
	 * needs, a refresh token that was not renewed included. */
	struct text session;
	struct wall session_until; /* refresh before this; 0: unknown */
	/* CONNECT with an empty code: the client that was registered for us, to be the account's token
	 * ("ID:SECRET") */
	struct text client;
};

/* One option of an account that only this platform knows (those of every platform are in
 * daemon/conf). */
struct connector_option {
	const char *name;
	const char *about; /* one sentence */
	bool is_required;
};

enum length_unit {
	LENGTH_CHARACTERS,
	LENGTH_GRAPHEMES,
	LENGTH_WEIGHTED,
	LENGTH_UTF16,
	LENGTH_BYTES
};

/* What the platform can do; data, shown by `answerd platforms` and the desk. */
struct connector_can {
	const char *hears; /* "mention reply direct", kinds by name */
	bool reply, edits, deletions, direct, search;
	bool is_time_authors;    /* posted_at is written by the author's own client */
	const char *history;     /* how deep, in words */
	const char *answers;     /* kinds that can be answered, by name; NULL: none */
	const char *idempotency; /* of a reply, in words; NULL: none */
	int64_t key_valid_s; /* how long the platform keeps a reply's key: INT64_MAX for ever, 0 it
				    has none */
	int64_t direct_key_valid_s; /* the same where posting.visibility is MESSAGE_PRIVATE */
	int64_t reply_window_s; /* after the customer's last message, then it takes no answer; 0: none */
	int64_t direct_window_s; /* of direct messages, where they have one of their own; 0: reply_window_s */
	int64_t agent_window_s; /* the same where the option `human_agent` is "yes"; 0: no matter */
	int64_t settle_s;       /* until what was posted can be read back; 0: as configured */
	bool lookup;            /* what we posted can be read back */
	bool reading_costs; /* money, for each message: outcome.read_price, `monthly_reads`, `monthly_usd` */
	const char *named_only; /* only what names us (message.is_named) takes a reply: why, half a
				   sentence; NULL: everything does */
	const char
		*named_only_lifted_by; /* an option of the account; set to "yes", that is not so */
	int64_t max_length;            /* of a reply, where facts say nothing */
	enum length_unit length_unit;
	int recheck_batch; /* ids in one RECHECK */
	int page_most;     /* elements in the fullest page that it asks for; 0: it cannot ask for
				    less */
	int64_t budget_requests; /* from the sheet, when headers say nothing */
	int64_t budget_window_s;
	int64_t reply_requests; /* what a REPLY counts as in it; 0: one request */
	bool anonymous_search;  /* `search:` sources work without a token */
	bool needs_session;     /* REFRESH comes before everything else */
	bool registers_client;  /* CONNECT with an empty code makes us a client of the server */
	bool is_redirect_exact; /* the redirect must be registered beforehand, its port included */
	bool are_ids_global;    /* a person has the same id on every server of the platform */
	bool is_open;           /* everything can be read without a token */
	/* README's table is made of all this; where yes or no says too little, in a few words: */
	const char *edits_words, *deletions_words; /* "while in the feed"; NULL: yes or no */
	const char *limits; /* instead of the budget; NULL: the budget in words */
	const char *
		why_no_reply; /* why it never takes a reply, one sentence; NULL: it does, or will */
	const char *rhythm;   /* `every` where the configuration says nothing; NULL: 60s */
};

/* A right that authorize() asks for. */
struct connector_right {
	const char *scope; /* as the platform calls it */
	const char *why;   /* what we do with it, half a sentence: "to hear who mentions you" */
};

struct connector {
	const char *name;    /* as in `platform = "…"` */
	const char *about;   /* one line: "Network: what is heard there" */
	const char *needs;   /* what a person must have, one line */
	const char *sources; /* what may stand in `listen`, one sentence */
	const char *const
		*always; /* sources that are read on every account with a token, NULL-ended */
	const struct connector_option *options; /* ended by a NULL name */
	const char *
		server_form; /* how `server` is written where it is a mailbox, "imaps://mail.example"; NULL: https */
	const struct connector_right *rights; /* ended by a NULL scope; NULL where authorize is */
	struct connector_can can;

	/* The address on which a person lets us in: with g's redirect, state and challenge, and all `rights`;
	 * g->code is empty. No request of ours. NULL: this platform's token is pasted. */
	bool (*authorize)(const struct connector_ctx *ctx, const struct granting *g,
			  struct text *ret_address, struct err *err);
	/* How long `posting` is as the platform counts what would be posted, and how long it may be by the
	 * account's facts. NULL: posting->text in can.length_unit, can.max_length. Needs no token. */
	void (*measure)(const struct connector_ctx *ctx, const struct posting *posting,
			int64_t *ret_length, int64_t *ret_most);
	/* What the platform charges for `posting`, in millionths of a US dollar, by its sheet. NULL: nothing. Needs no token. */
	int64_t (*post_price)(const struct connector_ctx *ctx, const struct posting *posting);
	/* A network that is described in a file, which the option `description` names (conf reads it; its
	 * value is what stands in there): fills *ret, a copy of this connector, with what the bytes say. NULL: it is no such connector. What it understood goes back to it as ctx->description. */
	bool (*describe)(struct arena *a, struct text description, struct connector *ret,
			 struct err *err);
	const void *description;
	const char *const
		*listed; /* instead of check_source: names, NULL-ended; one that ends with ':'
				      stands for all that begin so */
	/* Can an option of its own have this value (never empty)? Says what to write instead. NULL: any. */
	bool (*check_option)(struct text name, struct text value, struct err *err);
	/* Where there are several ways to be let in (mail: by password or by OAuth): *c, a copy of this connector, becomes the one for an
	 * account with these options. NULL: it is always this one. */
	void (*under)(const struct option_value *options, size_t n_options, struct connector *c);
	/* Is `name` a source that can be listed in `listen`? Says why not. */
	bool (*check_source)(struct text name, struct err *err);
	bool (*ask)(const struct connector_ctx *ctx, const struct question *q, struct request *ret,
		    struct err *err);
	bool (*digest)(const struct connector_ctx *ctx, const struct question *q,
		       const struct response *r, struct outcome *ret, struct err *err);
};

/* daemon/base/registry.c, made from connectors/meson.build. */
extern const struct connector *const connectors[];
extern const size_t n_connectors;
const struct connector *connector_find(struct text name); /* NULL: unknown */
/* The one for an account with these options: c itself, or one of the same name in the arena. */
const struct connector *connector_under(struct arena *a, const struct connector *c,
					const struct option_value *options, size_t n_options);

const char *op_name(enum op op); /* "identify" … */
bool op_parse(struct text name, enum op *ret);

/* Value of an option as configured, or empty. */
struct text connector_option(const struct connector_ctx *ctx, const char *name);

#endif
