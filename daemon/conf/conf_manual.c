/* Prints answerd.conf(5) from the option table; runs while the house is built. */
#include <inttypes.h>
#include <stdio.h>

#include "answerd/connector.h"
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
	if (c->can.rhythm_s > 0) {
		(void)printf(".TP\n.B every\nDefault ");
		print_seconds(c->can.rhythm_s);
		(void)printf(".\n");
	}
}

int main(void)
{
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
	(void)printf("%s", tail);
	return fflush(stdout) == 0 ? 0 : 1;
}
