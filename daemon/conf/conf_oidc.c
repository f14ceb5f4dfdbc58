/* Sign-in services (OpenID Connect): who says who a member of staff is. */
#include <stdio.h>

#include "answerd/strbuf.h"
#include "answerd/url.h"
#include "daemon/conf/conf_check.h"

#define SCOPES_BYTES 500

/* As it stands: the service's own spelling is compared with it, a slash at its end included. */
static void get_issuer(struct conf_reader *r, const struct conf_place *p, struct conf_oidc *o)
{
	const config_setting_t *at = conf_where(p, "issuer");
	char listed[8];
	struct url u;

	o->issuer = conf_get_text(r, p, "issuer");
	(void)snprintf(listed, sizeof(listed), "%d", o->port);
	if (text_is_empty(o->issuer)) {
		return; /* said already */
	}
	if (!url_parse(o->issuer, &u)) {
		conf_fault(r, at,
			   "'%.*s' is no issuer: write it as the service's own pages have it, as "
			   "in \"https://login.example\"",
			   TEXT_ARG(text_clip(o->issuer, 120)));
	} else if (text_find(o->issuer, TEXT("?"), 0) != SIZE_MAX ||
		   text_find(o->issuer, TEXT("#"), 0) != SIZE_MAX) {
		conf_fault(r, at, "an issuer ends before '?' and '#': remove what follows");
	} else if (text_ends(o->issuer, TEXT("/.well-known/openid-configuration"))) {
		conf_fault(r, at,
			   "the issuer ends before /.well-known/openid-configuration: remove that");
	} else if (text_eq(u.scheme, TEXT("http")) &&
		   !(o->insecure_loopback && url_is_loopback(o->issuer))) {
		conf_fault(r, at,
			   "'%.*s' is not protected: write https://, or, for a test on this "
			   "machine, insecure_loopback = true",
			   TEXT_ARG(text_clip(o->issuer, 120)));
	} else if (text_eq(u.scheme, TEXT("https")) && !o->insecure_loopback &&
		   !text_is_empty(u.port) && !text_eq(u.port, TEXT("443")) &&
		   !text_eq(u.port, TEXT("8443")) && !text_eq(u.port, text_of(listed))) {
		conf_fault(r, at, "the issuer names port %.*s: if it is meant, add port = %.*s",
			   TEXT_ARG(u.port), TEXT_ARG(u.port));
	}
}

/* Under which a browser may call the desk: else it would say 421 to who comes back. */
static bool is_host(const struct conf *c, struct text host)
{
	bool is_there = text_eq_nocase(host, TEXT("localhost"));

	for (size_t i = 0; i < c->n_hosts; i++) {
		is_there = is_there || text_eq_nocase(host, c->hosts[i]);
	}
	for (size_t i = 0; i < c->n_listen; i++) {
		is_there = is_there || (!c->listen[i].is_unix && text_eq(host, c->listen[i].host));
	}
	return is_there;
}

static void get_page(struct conf_reader *r, const struct conf_place *p, const struct conf *c,
		     struct conf_oidc *o)
{
	const config_setting_t *at = conf_where(p, "page");
	struct text page = conf_get_text(r, p, "page");
	struct url u;

	if (text_is_empty(page)) {
		return; /* said already */
	}
	if (text_ends(page, TEXT("/"))) {
		page.len--;
	}
	o->page = text_dup(r->arena, page);
	if (!url_parse(page, &u) || !text_is_empty(u.query) ||
	    !(text_is_empty(u.path) || text_eq(u.path, TEXT("/"))) ||
	    text_find(page, TEXT("#"), 0) != SIZE_MAX) {
		conf_fault(r, at,
			   "'%.*s' is not where a desk is: write scheme and host alone, as in "
			   "\"https://inbox.example\"",
			   TEXT_ARG(text_clip(page, 120)));
	} else if (text_eq(u.scheme, TEXT("http")) && !url_is_loopback(page) &&
		   !text_eq_nocase(u.host, TEXT("localhost"))) {
		conf_fault(r, at, "'%.*s' is not protected: write https://",
			   TEXT_ARG(text_clip(page, 120)));
	} else if (!is_host(c, u.host)) {
		conf_fault(r, at,
			   "the desk does not answer to '%.*s': add it to desk.hosts, or write a "
			   "name that stands there",
			   TEXT_ARG(text_clip(u.host, 100)));
	}
}

/* "openid" always comes first. */
static void get_scopes(struct conf_reader *r, const struct conf_place *p, struct conf_oidc *o)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = SCOPES_BYTES };
	struct text rest = conf_get_text(r, p, "scopes"), word;
	bool is_more = true, is_wrong = false;

	strbuf_add_str(&b, "openid");
	while (is_more) {
		is_more = text_cut(rest, ' ', &word, &rest);
		for (size_t i = 0; i < word.len; i++) {
			is_wrong = is_wrong || word.at[i] <= ' ' || word.at[i] > '~' ||
				   word.at[i] == '"' || word.at[i] == '\\';
		}
		if (!text_is_empty(word) && !text_eq(word, TEXT("openid"))) {
			strbuf_add_byte(&b, ' ');
			strbuf_add(&b, word);
		}
	}
	if (is_wrong || b.is_full) {
		conf_fault(r, conf_where(p, "scopes"),
			   "these are no scopes: write single words with blanks between, as in "
			   "\"email profile\"");
	}
	o->scopes = text_dup(r->arena, strbuf_text(&b));
}

static void get_one(struct conf_reader *r, const struct conf_place *p, const struct conf *c,
		    struct conf_oidc *o)
{
	static const char *const matches[] = { "email", "login", NULL };
	static const char *const unknowns[] = { "refuse", "auditor", "agent", NULL };
	struct text match, unknown;

	o->name = conf_name_of(r, p, "a sign-in service");
	if (p->group == NULL) {
		return;
	}
	conf_refuse_unknown(r, p, NULL);
	o->insecure_loopback = conf_get_bool(r, p, "insecure_loopback");
	o->allow_private = conf_get_bool(r, p, "allow_private");
	o->port = conf_get_number(r, p, "port");
	o->label = conf_get_text(r, p, "label");
	o->label = text_is_empty(o->label) ? o->name : o->label;
	get_issuer(r, p, o);
	o->client_id = conf_get_text(r, p, "client_id");
	o->secret_reference =
		conf_check_reference(r, conf_where(p, "secret"), conf_get_text(r, p, "secret"));
	get_page(r, p, c, o);
	o->claim = conf_get_text(r, p, "claim");
	match = conf_get_text(r, p, "match");
	conf_check_word(r, conf_where(p, "match"), match, matches, "what a claim can be");
	o->is_login = text_eq(match, TEXT("login"));
	o->trust_email = conf_get_bool(r, p, "trust_email");
	unknown = conf_get_text(r, p, "unknown");
	conf_check_word(r, conf_where(p, "unknown"), unknown, unknowns,
			"what can become of strangers");
	if (!text_eq(unknown, TEXT("refuse"))) {
		o->unknown_role = unknown;
		conf_warning(r, conf_where(p, "unknown"),
			     "whomever %.*s knows can sign in and becomes %.*s",
			     TEXT_ARG(text_clip(o->name, 60)), TEXT_ARG(unknown));
	}
	get_scopes(r, p, o);
}

void conf_get_oidc(struct conf_reader *r, const struct conf_place *top, struct conf *c)
{
	c->n_oidc = (size_t)conf_count(r, top, "oidc");
	c->oidc = ARENA_ARRAY(r->arena, struct conf_oidc, c->n_oidc);
	for (size_t i = 0; i < c->n_oidc; i++) {
		struct conf_place in = conf_get_nth(r, top, "oidc", (int)i, IN_OIDC);

		get_one(r, &in, c, &c->oidc[i]);
		for (size_t k = 0; k < i; k++) {
			if (!text_is_empty(c->oidc[i].issuer) &&
			    text_eq(c->oidc[i].issuer, c->oidc[k].issuer) &&
			    text_eq(c->oidc[i].client_id, c->oidc[k].client_id)) {
				conf_fault(r, conf_where(&in, "issuer"),
					   "oidc.%.*s is the same service: remove one of them",
					   TEXT_ARG(c->oidc[k].name));
			}
		}
	}
}
