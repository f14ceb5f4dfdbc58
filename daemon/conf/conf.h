/* conf.h: /etc/answerd/answerd.conf as checked values (libconfig syntax; DESIGN §6 is the
 * reference).
 *
 * One option table (conf_options.c: name, type, unit, min, max, default, reloadable, sentence)
 * makes the parser, `answerd check-config --show`, the man page and the tests. Unknown or doubtful
 * values are errors with file and line.
 *
 * Owner:   conf_load() allocates everything in one arena; the last holder's conf_destroy() frees it,
 *          secrets wiped.
 * Clock:   none.
 * Blocks:  reads files (the configuration, its includes, secrets). Calls back: never.
 * Fails:   ERR_CONFIG "FILE:LINE: what is wrong; what to do". Warnings come beside (conf_problem).
 */
#ifndef ANSWERD_CONF_CONF_H
#define ANSWERD_CONF_CONF_H

#include "answerd/connector.h"

struct conf_source {
	struct text name; /* "mentions", "search:#acme" */
};

struct conf_account {
	struct text name;
	const struct connector *connector; /* never NULL after a successful load */
	struct text server;                /* without slash at its end */
	struct text token_reference;       /* "credential:NAME", "file:PATH" or empty */
	struct secret token;        /* read by conf_read_secrets(); the desk never calls it */
	struct conf_source *listen; /* as configured, beside connector->always */
	size_t n_listen;
	struct dur every;   /* default 60s, at least 1s */
	struct dur history; /* default 30d */
	struct dur settle;  /* default 30s, or longer where the platform needs it */
	int max_per_host;   /* default 2, at most 16 */
	int monthly_reads;  /* where reading costs money; 0: no limit */
	int monthly_usd;    /* the same for reading and posting, in money */
	bool insecure_loopback;
	struct option_value *options; /* the connector's own, as configured */
	size_t n_options;
};

/* What one holiday closes: "2026-12-25" and the like on the wall's calendar and clock, or UTC with 'Z'. */
struct conf_closed {
	struct text begins, ends, name;
};

struct conf_brand {
	struct text name;
	struct text timezone; /* IANA name, default "UTC"; checked against the system's zoneinfo */
	struct text *hours;   /* "Mon-Fri 09:00-17:00"; default that */
	size_t n_hours;
	struct text holidays;      /* path of an iCal file or empty */
	const char *holidays_file; /* where that stands */
	int holidays_line;
	struct conf_closed *closed; /* filled by conf_read_holidays() */
	size_t n_closed;
	struct text *businesses; /* handles or ids of other businesses: their words in our threads
				    are context */
	size_t n_businesses;
	bool sign;        /* replies carry the first name of who wrote them */
	bool approval;    /* a second person looks at every reply */
	int repeat_limit; /* the same words to more other customers are refused; 0: off */
	struct conf_account *accounts;
	size_t n_accounts;
};

/* A promise: what it is for, and how soon an answer is due. Tried in the order of the file (rules/07_promises.sql). */
struct conf_policy {
	struct text name;
	struct text *kinds, *natures, *brands, *notify, *escalate;
	size_t n_kinds, n_natures, n_brands, n_notify, n_escalate;
	struct text audience;               /* to_us, about_us or empty */
	struct dur warn, first, next, stop; /* 0: none */
	bool is_calendar;
};

enum channel_type { CHANNEL_JOURNAL, CHANNEL_WEBHOOK, CHANNEL_SMTP };

struct conf_channel {
	struct text name;
	enum channel_type type;
	struct text url, server, from, user;
	struct text url_reference, secret_reference, other_secret_reference, password_reference;
	struct secret url_secret, secret, other_secret, password; /* read by conf_read_secrets() */
	struct text *to;
	size_t n_to;
	int port; /* of a webhook, beside 443 and 8443 */
	bool insecure_loopback, allow_private;
	struct text *quiet; /* as hours of a brand; tellings wait until their end */
	size_t n_quiet;
	struct text timezone;      /* of the quiet hours */
	struct dur group_interval; /* default 30s: at most one telling of a group in it */
	struct text *events;       /* families that a webhook is told instead of alerts */
	size_t n_events;
};

/* A sign-in service: it says who a member of staff is. */
struct conf_oidc {
	struct text name, label, issuer, client_id, page, claim;
	struct text scopes; /* as they are asked for: "openid email profile" */
	struct text secret_reference;
	struct secret secret;     /* read by conf_read_secrets() */
	struct text unknown_role; /* of who is no member of staff; empty: they are refused */
	bool is_login;            /* the claim is a login, not an address */
	bool trust_email, allow_private, insecure_loopback;
	int port;
};

struct conf_listener {
	struct text address;
	bool is_unix;
	struct text host;
	int port;
};

struct conf {
	struct text path;
	struct text database;         /* conninfo */
	struct conf_listener *listen; /* default /run/answerd/desk.sock */
	size_t n_listen;
	struct text *hosts, *trusted_proxies;
	size_t n_hosts, n_trusted_proxies;
	struct text *require_totp; /* roles that need a second factor */
	size_t n_require_totp;
	struct text nature;     /* path of the word lists; empty: the shipped one */
	struct dur lease;       /* of an assignment, default 8h */
	struct dur undo;        /* how long a reply of the page can be taken back, default 10s */
	bool has_staff_reports; /* may answers be told apart by who gave them? default no */
	struct conf_brand *brands;
	size_t n_brands;
	struct conf_policy *policies;
	size_t n_policies;
	struct conf_channel *channels;
	size_t n_channels;
	struct conf_oidc *oidc;
	size_t n_oidc;
	struct text *health_notify, *health_escalate;
	size_t n_health_notify, n_health_escalate; /* absent escalate: notify */
	struct dur health_repeat;
	struct dur silent_after;       /* default 6h */
	struct text heartbeat_channel; /* empty: none */
	struct dur heartbeat_every;
	struct arena *arena; /* all of it lives there */
};

struct conf_problem {
	bool is_error;
	char text[512];
};

/* Everything that is wrong is reported, not only the first: up to `room` problems, *n_problems
 * counts. NULL when there is an error among them. `path` NULL: /etc/answerd/answerd.conf. */
struct conf *conf_load(const char *path, struct conf_problem *problems, size_t room,
		       size_t *n_problems);
/* Where the desk of that file listens, for who only wants to call it: nothing else of the file is judged, and no connector is linked. False: *why. */
bool conf_find_desk(struct arena *a, const char *path, struct conf_listener **ret, size_t *ret_n,
		    struct conf_problem *why);
/* A snapshot may have several holders (a transfer under way finishes under the one that it began with): each holds it, each
 * gives it back with conf_destroy(), and the last one frees it. */
struct conf *conf_hold(struct conf *c);
void conf_destroy(struct conf **c);

/* Reads the holidays of all brands, repetitions written out from 2004 to 2069; problems are added to those of conf_load().
 * The desk and the command never call it: they need neither the files nor libical. */
bool conf_read_holidays(struct conf *c, struct conf_problem *problems, size_t room,
			size_t *n_problems);

/* Opens the references: "credential:NAME" below $CREDENTIALS_DIRECTORY, "file:PATH". A last newline
 * is cut off. */
bool conf_read_secrets(struct conf *c, struct err *err);

/* For a person who connects an account, outside of the unit. The file of its token; of "credential:NAME" it is NAME in `folder`
 * (NULL: /etc/answerd/credentials). Reading leaves *ret empty where there is no file, or an empty one. */
bool conf_token_path(const struct conf_account *a, const char *folder, char *ret, size_t room,
		     struct err *err);
bool conf_token_read(const char *path, struct secret *ret, struct err *err);

/* Where the option of that path ("brands.acme.timezone") stands: "FILE:LINE", or "default". */
struct text conf_origin(const struct conf *c, struct text path);

/* `answerd check-config --show`: every option with its value and where it came from; secrets only
 * by reference. */
void conf_show(const struct conf *c, struct strbuf *out);

#endif
