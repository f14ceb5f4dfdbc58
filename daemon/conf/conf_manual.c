/* Prints answerd.conf(5) from the option table; runs while the house is built. */
#include <inttypes.h>
#include <stdio.h>

#include "answerd/connector.h"
#include "answerd/limits.h"
#include "daemon/base/network.h"
#include "daemon/conf/conf_options.h"

static const char head[] =
	".TH ANSWERD.CONF 5 \"\" \"answerd " ANSWERD_VERSION "\" \"answerd\"\n"
	".SH NAME\nanswerd.conf \\- what answerd listens to, promises and tells\n"
	".SH DESCRIPTION\n"
	"The file /etc/answerd/answerd.conf is written in the language of libconfig:\n"
	".nf\n\n"
	"    name = value;   # a comment\n"
	"    text = \"…\";  length_of_time = \"90s\";  list = [ \"…\", \"…\" ];  group = { … };\n"
	"    @include \"more.conf\"\n\n"
	".fi\n"
	"Lengths of time are written with ms, s, m, h, d or w, as in \"90s\" or \"1h30m\".\n"
	"A secret never stands in the file: \"credential:NAME\" is a credential that systemd "
	"hands\n"
	"over (LoadCredential=), \"file:PATH\" a file; a relative path begins at the file's "
	"folder.\n"
	".B answerd check\\-config\nsays what is wrong, all at once, and with\n.B \\-\\-show\n"
	"what is in force and where it came from.\n"
	".SH OPTIONS\n"
	"Where no default is named, the option may be left out and then means nothing.\n";

static const char tail[] =
	".SH POLICIES\n"
	"A policy says how soon whom is answered. Those of the file are tried in their order, then "
	"these, which ship; the first "
	"that matches wins, and\n.B answer explain\nshows which did.\n"
	".nf\n\n"
	"    name      what                                    warn  first  next  stop\n"
	"    thanks    praise and thanks                       -     8h     -     72h\n"
	"    question  question or complaint to us, in public  45m   1h     1h    24h\n"
	"    direct    direct message                          45m   1h     2h    20h\n"
	"    neutral   neutral mention, comment or reply       3h    4h     4h    24h\n"
	"    review    neutral review                          6h    8h     8h    48h\n"
	"    about_us  about us, not to us                     -     8h     -     -\n\n"
	".fi\n"
	"Lengths count in the brand's office hours, unless the policy's clock is the calendar; "
	"stop is always plain time. At warn "
	"who has the conversation is told, or the team; when it is due the team, half as much "
	"later the lead, at stop the owner. "
	"thanks and about_us tell nobody singly: they stand in a daily digest. What was imported "
	"is told nobody. A change of a "
	"policy, of hours or of holidays moves the dates of what waits at once.\n"
	".SH SIGN-IN SERVICES\n"
	"A service that speaks OpenID Connect can say who a member of staff is. Register answerd "
	"there as a confidential web client (authorization code, PKCE) with the redirect URI\n"
	".IR page /oidc ,\n"
	"write down the id and the secret that it gives out, and name the people:\n"
	".BR \"answer staff email\" .\n"
	".nf\n\n"
	"    oidc = { acme = {\n"
	"      label = \"Acme\";  issuer = \"https://login.acme.example\";\n"
	"      client_id = \"answerd\";  secret = \"credential:oidc_acme\";\n"
	"      page = \"https://inbox.acme.example\";\n"
	"    }; };\n\n"
	".fi\n"
	"It must sign with RS256 or ES256, and say the claim in the ID token or in its userinfo. "
	"With\n"
	".B match = login\n"
	"take a claim that people cannot change themselves there. Sessions by a service last as "
	"others do; who is disabled here does not come in, whatever the service says.\n"
	".SH EXAMPLE\n.nf\n"
	"database = \"host=/run/postgresql dbname=answerd\";\n"
	"brands = { acme = {\n"
	"  timezone = \"Europe/London\";\n"
	"  accounts = { acme_social = {\n"
	"    platform = \"mastodon\";  server = \"https://social.example\";\n"
	"    token = \"credential:acme_social\";  listen = [ \"search:#acme\" ];\n"
	"  }; };\n"
	"}; };\n"
	".fi\n.SH SEE ALSO\n.BR answerd (8)\n";

static const char *type_name(enum conf_type type)
{
	switch (type) {
	case IS_TEXT: return "text";
	case IS_TEXTS: return "list of texts";
	case IS_DUR: return "length of time";
	case IS_NUMBER: return "number";
	case IS_BOOL: return "true or false";
	case IS_REFERENCE: return "reference to a secret";
	case IS_GROUP: return "group";
	case IS_GROUPS: return "group of named groups";
	case IS_LIST: return "list of groups";
	}
	return "";
}

/* Days are easier to read than their seconds. */
static void print_seconds(int64_t s)
{
	if (s >= 86400 && s % 86400 == 0) {
		(void)printf("%" PRId64 "d", s / 86400);
	} else {
		(void)printf("%" PRId64 "s", s);
	}
}

static void print_option(const struct conf_option *o)
{
	(void)printf(".TP\n.B %s\n%s\nA %s", o->name, o->about, type_name(o->type));
	if (o->is_required) {
		(void)printf("; it must be there");
	}
	if (o->otherwise != NULL) {
		(void)printf("; default %s", o->otherwise);
	}
	if (o->max > 0) {
		(void)printf("; from ");
		if (o->type == IS_DUR) {
			print_seconds(o->min);
			(void)printf(" to ");
			print_seconds(o->max);
		} else {
			(void)printf("%" PRId64 " to %" PRId64, o->min, o->max);
		}
	}
	(void)printf(".\n");
	if (!o->is_reloadable) {
		(void)printf("A change takes effect at the next start.\n");
	}
}

/* What an account of one platform has beside the options of all. */
static void print_platform(const struct connector *c)
{
	(void)printf(".SS Accounts of %s\n%s.\nIt needs %s.\nSources: %s.\n", c->name, c->about,
		     c->needs, c->sources);
	for (const struct connector_option *o = c->options; o != NULL && o->name != NULL; o++) {
		(void)printf(".TP\n.B %s\n%s%s\n", o->name, o->about,
			     o->is_required ? " It must be there." : "");
	}
	if (c->can.rhythm != NULL) {
		(void)printf(".TP\n.B every\nDefault %s.\n", c->can.rhythm);
	}
}

int main(void)
{
	struct arena *arena = arena_create(LIMIT_PAGE_ARENA_BYTES);

	(void)printf("%s", head);
	for (size_t i = 0; i < n_conf_options; i++) {
		const struct conf_option *o = &conf_options[i];

		if (i > 0 && o->section != conf_options[i - 1].section) {
			(void)printf(".SS %s\n", conf_section_name(o->section));
		}
		print_option(o);
	}
	for (size_t i = 0; i < n_connectors; i++) {
		print_platform(connectors[i]);
	}
	for (size_t i = 0; i < n_networks; i++) {
		print_platform(network_shipped(arena, text_of(networks[i].name), NULL));
	}
	arena_destroy(&arena);
	(void)printf("%s", tail);
	return fflush(stdout) == 0 ? 0 : 1;
}
