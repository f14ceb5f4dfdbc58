/* Where the database is: a conninfo taken apart, so that each attempt names one host (libpq's own
 * walk over hosts ignores connect_timeout when it is not blocking, LIBS §3.1). */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "answerd/log.h"
#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "daemon/io/db_inside.h"

#define MAX_KEYWORDS 64
#define MAX_HOSTS    16

/* The authorities that every program on this machine trusts; libpq 15 has no word for them. */
#define SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

static const char our_settings[] =
	"-c search_path=answerd,pg_catalog,pg_temp -c lock_timeout=10000"
	" -c idle_in_transaction_session_timeout=60000 -c TimeZone=UTC -c jit=off";

struct place {
	char *host, *hostaddr, *port; /* "" where conninfo says nothing */
};

struct db_target {
	PQconninfoOption *given;
	char *options, *purpose;
	struct place places[MAX_HOSTS];
	int n_places;
	struct dur statement_timeout;
};

/* Keywords for one attempt; room for all that libpq knows and our own. */
struct keywords {
	const char *names[MAX_KEYWORDS + 1], *values[MAX_KEYWORDS + 1];
	int n;
};

static const char *given(const struct db_target *t, const char *name)
{
	for (const PQconninfoOption *o = t->given; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, name) == 0) {
			return o->val != NULL && o->val[0] != '\0' ? o->val : NULL;
		}
	}
	return NULL;
}

/* The i-th piece of a comma-separated list; a single one stands for all. */
static char *piece(const char *list, int i, bool is_shared)
{
	struct text rest = text_of(list), head = TEXT_NONE;
	char *copy;

	if (is_shared && strchr(list, ',') == NULL) {
		return xstrdup(list);
	}
	for (int k = 0; k <= i; k++) {
		bool is_cut = text_cut(rest, ',', &head, &rest);

		if (!is_cut && k < i) {
			head = TEXT_NONE;
			break;
		}
	}
	copy = xcalloc(1, head.len + 1);
	if (head.len > 0) {
		memcpy(copy, head.at, head.len);
	}
	return copy;
}

static int pieces(const char *list)
{
	int n = 1;

	for (; *list != '\0'; list++) {
		n += *list == ',';
	}
	return n;
}

static bool split_places(struct db_target *t, struct err *err)
{
	const char *host = given(t, "host"), *addr = given(t, "hostaddr"), *port = given(t, "port");
	int n = pieces(host != NULL ? host : addr != NULL ? addr : "");

	if (n > MAX_HOSTS) {
		return err_set(err, ERR_CONFIG, "the database string names more than %d hosts",
			       MAX_HOSTS);
	}
	if (host != NULL && addr != NULL && pieces(addr) != n) {
		return err_set(err, ERR_CONFIG,
			       "the database string has not as many hosts as host addresses");
	}
	if (port != NULL && pieces(port) != 1 && pieces(port) != n) {
		return err_set(err, ERR_CONFIG,
			       "the database string has not as many hosts as ports");
	}
	for (int i = 0; i < n; i++) {
		t->places[i].host = piece(host != NULL ? host : "", i, /* is_shared= */ false);
		t->places[i].hostaddr = piece(addr != NULL ? addr : "", i, /* is_shared= */ false);
		t->places[i].port = piece(port != NULL ? port : "", i, /* is_shared= */ true);
	}
	t->n_places = n;
	return true;
}

/* The last word about statement_timeout wins in PostgreSQL, so here too. */
static struct dur find_statement_timeout(struct text options)
{
	struct text name = TEXT("statement_timeout=");
	struct dur found = { 0 };

	for (size_t at = text_find(options, name, 0); at != SIZE_MAX;
	     at = text_find(options, name, at + 1)) {
		struct text value = text_slice(options, at + name.len, options.len);
		struct text head = TEXT_NONE, rest = TEXT_NONE;
		int64_t ms = 0;

		(void)text_cut(value, ' ', &head, &rest); /* the last one has nothing behind it */
		if (num_parse_range(head, 0, INT32_MAX, &ms)) {
			found = DUR_MS(ms);
		}
	}
	return found;
}

static void build_options(struct db_target *t, const struct db_options *o, bool is_patient)
{
	scoped(strbuf_done) struct strbuf b = { 0 };

	strbuf_init(&b, 8192);
	strbuf_add_str(&b, our_settings);
	strbuf_add_str(&b, is_patient ? " -c statement_timeout=0" : " -c statement_timeout=60000");
	if (given(t, "options") != NULL) {
		strbuf_printf(&b, " %s", given(t, "options"));
	}
	if (o->settings != NULL) {
		strbuf_printf(&b, " %s", o->settings);
	}
	/* Only who comes as somebody named needs it; else the system's user names the role. */
	if (o->role != NULL && given(t, "user") != NULL) {
		strbuf_printf(&b, " -c role=%s", o->role);
	}
	assert(!b.is_full);
	t->options = xstrdup(b.at);
	t->statement_timeout = find_statement_timeout(strbuf_text(&b));
}

struct db_target *db_target_create(const struct db_options *o, bool is_patient, struct err *err)
{
	struct db_target *t = xcalloc(1, sizeof(*t));
	char *why = NULL;

	assert(o->role == NULL ||
	       strspn(o->role, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(o->role));
	t->given = PQconninfoParse(o->conninfo, &why);
	PQfreemem(why); /* quotes the string, which may hold a password */
	if (t->given == NULL) {
		(void)err_set(err, ERR_CONFIG,
			      "the database string cannot be read; it looks like"
			      " \"host=/run/postgresql dbname=answerd\"");
		db_target_destroy(&t);
		return NULL;
	}
	if (!split_places(t, err)) {
		db_target_destroy(&t);
		return NULL;
	}
	t->purpose = xstrdup(o->purpose != NULL ? o->purpose : "answerd");
	build_options(t, o, is_patient);
	return t;
}

void db_target_destroy(struct db_target **t)
{
	struct db_target *gone = *t;

	if (gone == NULL) {
		return;
	}
	for (int i = 0; i < gone->n_places; i++) {
		free(gone->places[i].host);
		free(gone->places[i].hostaddr);
		free(gone->places[i].port);
	}
	if (gone->given != NULL) {
		PQconninfoFree(gone->given);
	}
	free(gone->options);
	free(gone->purpose);
	free(gone);
	*t = NULL;
}

int db_target_hosts(const struct db_target *t)
{
	return t->n_places;
}

struct dur db_target_statement_timeout(const struct db_target *t)
{
	return t->statement_timeout;
}

static void add(struct keywords *k, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0') {
		return;
	}
	assert(k->n < MAX_KEYWORDS);
	k->names[k->n] = name;
	k->values[k->n] = value;
	k->n++;
}

/* What conninfo says, else our default. */
static void add_default(const struct db_target *t, struct keywords *k, const char *name,
			const char *value)
{
	if (given(t, name) == NULL) {
		add(k, name, value);
	}
}

static bool is_ours(const char *name)
{
	static const char *const ours[] = { "host",
					    "hostaddr",
					    "port",
					    "connect_timeout",
					    "options",
					    "application_name",
					    "client_encoding",
					    NULL };

	for (int i = 0; ours[i] != NULL; i++) {
		if (strcmp(ours[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* Does the connection leave this machine? Then it is encrypted and the server proves its name,
 * unless conninfo says otherwise (RELIABILITY S3). */
static bool is_far(const struct place *p)
{
	const char *where = p->hostaddr[0] != '\0' ? p->hostaddr : p->host;

	return where[0] != '\0' && where[0] != '/' && where[0] != '@' &&
	       strcmp(where, "localhost") != 0 && strcmp(where, "::1") != 0 &&
	       strncmp(where, "127.", 4) != 0;
}

static void fill(const struct db_target *t, int i, struct keywords *k)
{
	const struct place *p = &t->places[i];

	for (const PQconninfoOption *o = t->given; o->keyword != NULL; o++) {
		if (!is_ours(o->keyword)) {
			add(k, o->keyword, o->val);
		}
	}
	add(k, "host", p->host);
	add(k, "hostaddr", p->hostaddr);
	add(k, "port", p->port);
	add(k, "options", t->options);
	add(k, "application_name", t->purpose);
	add(k, "client_encoding", "UTF8");
	/* Only the primary decides (RELIABILITY I7). */
	add_default(t, k, "target_session_attrs", "read-write");
	add_default(t, k, "keepalives_idle", "10");
	add_default(t, k, "keepalives_interval", "5");
	add_default(t, k, "keepalives_count", "3");
	add_default(t, k, "tcp_user_timeout", "15000");
	add_default(t, k, "gssencmode", "disable"); /* it would read Kerberos files, waiting */
	if (is_far(p)) {
		add_default(t, k, "sslmode", "verify-full");
		if (given(t, "sslmode") == NULL && access(SYSTEM_AUTHORITIES, R_OK) == 0) {
			add_default(t, k, "sslrootcert", SYSTEM_AUTHORITIES);
		}
	}
	k->names[k->n] = NULL;
	k->values[k->n] = NULL;
}

PGconn *db_target_start(const struct db_target *t, int i)
{
	struct keywords k = { .n = 0 };

	assert(i >= 0 && i < t->n_places);
	fill(t, i, &k);
	return PQconnectStartParams(k.names, k.values, /* expand_dbname= */ 0);
}

bool db_names_user(const char *conninfo)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &why);
	bool is_named = false;

	PQfreemem(why);
	if (options == NULL) {
		return false;
	}
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, "user") == 0 && o->val != NULL && o->val[0] != '\0') {
			is_named = true;
		}
	}
	PQconninfoFree(options);
	return is_named;
}
