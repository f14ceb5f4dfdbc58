/* Checks of single values: see conf_check.h. */
#include "daemon/conf/conf_check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "answerd/num.h"
#include "answerd/url.h"

#define MAX_NAME 64 /* of brands, accounts, channels, policies */
#define ZONES    "/usr/share/zoneinfo"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_made_of(struct text t, const char *signs)
{
	for (size_t i = 0; i < t.len; i++) {
		if (!is_letter(t.at[i]) && !is_digit(t.at[i]) && strchr(signs, t.at[i]) == NULL) {
			return false;
		}
	}
	return t.len > 0;
}

void conf_check_name(struct conf_reader *r, const config_setting_t *at, struct text name,
		     const char *what)
{
	if (!is_made_of(name, "_-") || name.len > MAX_NAME) {
		conf_fault(r, at,
			   "'%.*s' is no name of %s: letters, digits, '_' and '-', at most %d",
			   TEXT_ARG(text_clip(name, 80)), what, MAX_NAME);
	}
}

struct text conf_name_of(struct conf_reader *r, const struct conf_place *p, const char *what)
{
	struct text name = TEXT_NONE;

	if (p->group != NULL) {
		name = text_dup(r->arena, text_of(config_setting_name(p->group)));
		conf_check_name(r, p->group, name, what);
	}
	return name;
}

/* Where `word=` begins a word of a connection string. */
static bool has_keyword(struct text conninfo, const char *word, struct text *value)
{
	size_t len = strlen(word);

	for (size_t at = text_find(conninfo, text_of(word), 0); at != SIZE_MAX;
	     at = text_find(conninfo, text_of(word), at + 1)) {
		struct text rest = text_trim(text_slice(conninfo, at + len, conninfo.len));

		if ((at == 0 || strchr(" \t\n?&", conninfo.at[at - 1]) != NULL) && rest.len > 0 &&
		    rest.at[0] == '=') {
			*value = text_trim(text_slice(rest, 1, rest.len));
			return true;
		}
	}
	return false;
}

/* libpq reads the rest; here only what would be unsafe or would block. */
void conf_check_database(struct conf_reader *r, const config_setting_t *at, struct text conninfo)
{
	struct text value = TEXT_NONE;

	if (text_is_empty(conninfo)) {
		return;
	}
	if (!text_starts(conninfo, TEXT("postgresql://")) &&
	    !text_starts(conninfo, TEXT("postgres://")) &&
	    text_find(conninfo, TEXT("="), 0) == SIZE_MAX) {
		conf_fault(r, at,
			   "database is no connection string: write it as in "
			   "\"host=/run/postgresql dbname=answerd\"");
	}
	if (has_keyword(conninfo, "password", &value)) {
		conf_warning(r, at,
			     "database holds a password: better come by the Unix socket as the "
			     "system's user, or name a passfile");
	}
	if (has_keyword(conninfo, "sslmode", &value) && !text_starts(value, TEXT("verify-full"))) {
		conf_warning(r, at,
			     "database does not verify the server: leave sslmode out, or write "
			     "sslmode=verify-full");
	}
}

void conf_check_zone(struct conf_reader *r, const config_setting_t *at, struct text zone)
{
	char path[400], magic[4] = "";
	int fd;
	bool is_zone;

	if (text_eq(zone, TEXT("UTC"))) {
		return;
	}
	if (!is_made_of(zone, "_+-/") || zone.len > 100 || zone.at[0] == '/') {
		conf_fault(r, at, "'%.*s' is no time zone: write it as in \"Europe/London\"",
			   TEXT_ARG(text_clip(zone, 100)));
		return;
	}
	if (access(ZONES, X_OK) != 0) {
		conf_warning(r, at, "time zones cannot be checked: install tzdata");
		return;
	}
	(void)snprintf(path, sizeof(path), ZONES "/%.*s", TEXT_ARG(zone));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	is_zone = fd >= 0 && read(fd, magic, 4) == 4 && memcmp(magic, "TZif", 4) == 0;
	if (fd >= 0) {
		(void)close(fd); /* it was only read */
	}
	if (!is_zone) {
		conf_fault(r, at, "there is no time zone '%.*s': see `timedatectl list-timezones`",
			   TEXT_ARG(zone));
	}
}

static bool is_day(struct text t)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

	for (int i = 0; i < 7; i++) {
		if (text_eq_nocase(t, text_of(days[i]))) {
			return true;
		}
	}
	return false;
}

static bool is_clock(struct text t, int64_t *minutes)
{
	int64_t h, m;

	if (t.len != 5 || t.at[2] != ':' || !num_parse_range(text_slice(t, 0, 2), 0, 24, &h) ||
	    !num_parse_range(text_slice(t, 3, 2), 0, 59, &m) || (h == 24 && m != 0)) {
		return false;
	}
	*minutes = h * 60 + m;
	return true;
}

/* A frame may go past midnight ("22:00-06:00"), but not be empty. */
static bool is_frame(struct text t)
{
	struct text from, to;
	int64_t begin, end;

	return text_cut(t, '-', &from, &to) && is_clock(from, &begin) && is_clock(to, &end) &&
	       begin != end && begin < (int64_t)24 * 60;
}

static bool is_day_range(struct text t)
{
	struct text from, to;

	if (!text_cut(t, '-', &from, &to)) {
		return is_day(t);
	}
	return is_day(from) && is_day(to);
}

static bool are_all(struct text list, bool (*is_one)(struct text))
{
	struct text one, rest = list;
	bool is_more;

	do {
		is_more = text_cut(rest, ',', &one, &rest);
		if (!is_one(text_trim(one))) {
			return false;
		}
	} while (is_more);
	return true;
}

void conf_check_hours(struct conf_reader *r, const config_setting_t *at, struct text hours)
{
	struct text days, frames;

	if (!text_cut(text_trim(hours), ' ', &days, &frames) || !are_all(days, is_day_range) ||
	    !are_all(text_trim(frames), is_frame)) {
		conf_fault(r, at,
			   "'%.*s' are no hours: write them as in \"Mon-Fri 09:00-17:00\" or \"Sat "
			   "10:00-12:00,14:00-16:00\"",
			   TEXT_ARG(text_clip(hours, 60)));
	}
}

static bool is_loopback_host(struct text host)
{
	return text_eq(host, TEXT("localhost")) || text_eq(host, TEXT("::1")) ||
	       text_starts(host, TEXT("127."));
}

static bool split_port(struct text address, struct text *host, int64_t *port)
{
	size_t colon = SIZE_MAX;

	for (size_t i = 0; i < address.len; i++) {
		colon = address.at[i] == ':' ? i : colon;
	}
	if (colon == SIZE_MAX ||
	    !num_parse_range(text_slice(address, colon + 1, address.len), 1, 65535, port)) {
		return false;
	}
	*host = text_slice(address, 0, colon);
	if (host->len > 2 && host->at[0] == '[' && host->at[host->len - 1] == ']') {
		*host = text_slice(*host, 1, host->len - 2);
		return is_made_of(*host, ":.");
	}
	return is_made_of(*host, ".-");
}

void conf_check_listener(struct conf_reader *r, const config_setting_t *at, struct text address,
			 struct conf_listener *ret)
{
	int64_t port = 0;

	*ret = (struct conf_listener){ .address = address };
	if (address.len > 0 && address.at[0] == '/') {
		ret->is_unix = true;
		if (address.len >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
			conf_fault(r, at, "'%.*s' is too long for a socket: at most %zu bytes",
				   TEXT_ARG(text_clip(address, 120)),
				   sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
		}
		return;
	}
	if (!split_port(address, &ret->host, &port)) {
		conf_fault(r, at,
			   "'%.*s' is no place to listen at: write \"/path/of.sock\", "
			   "\"127.0.0.1:8700\" or \"[::1]:8700\"",
			   TEXT_ARG(text_clip(address, 120)));
		return;
	}
	ret->host = text_dup(r->arena, ret->host);
	ret->port = (int)port;
	if (!is_loopback_host(ret->host)) {
		conf_warning(
			r, at,
			"'%.*s' can be reached from the network without TLS: listen at 127.0.0.1 "
			"behind a proxy that speaks https",
			TEXT_ARG(text_clip(address, 120)));
	}
}

void conf_check_host(struct conf_reader *r, const config_setting_t *at, struct text host)
{
	if (!is_made_of(host, ".-:[]") || host.len > 255) {
		conf_fault(r, at, "'%.*s' is no host name: write it as in \"inbox.example\"",
			   TEXT_ARG(text_clip(host, 100)));
	}
}

void conf_check_proxy(struct conf_reader *r, const config_setting_t *at, struct text address)
{
	unsigned char bytes[16];
	char text[64];
	struct text host = address, bits = TEXT_NONE;
	bool has_bits = text_cut(address, '/', &host, &bits);
	int64_t n = 0, most;

	(void)snprintf(text, sizeof(text), "%.*s", TEXT_ARG(host));
	most = inet_pton(AF_INET, text, bytes) == 1    ? 32
	       : inet_pton(AF_INET6, text, bytes) == 1 ? 128
						       : -1;
	if (host.len >= sizeof(text) || most < 0 ||
	    (has_bits && !num_parse_range(bits, 0, most, &n))) {
		conf_fault(r, at, "'%.*s' is no network address: write it as in \"127.0.0.1\"",
			   TEXT_ARG(text_clip(address, 100)));
	}
}

struct text conf_check_server(struct conf_reader *r, const config_setting_t *at, struct text url,
			      bool is_insecure)
{
	struct text shown = text_clip(url, 120);
	struct url u;

	while (url.len > 0 && url.at[url.len - 1] == '/') {
		url.len--;
	}
	url = text_dup(r->arena, url);
	if (!url_parse(url, &u)) {
		conf_fault(r, at,
			   "'%.*s' is no address of a server: write it as in "
			   "\"https://social.example\"",
			   TEXT_ARG(shown));
	} else if (!text_is_empty(u.query) || text_find(url, TEXT("#"), 0) != SIZE_MAX) {
		conf_fault(r, at,
			   "the server's address ends before '?' and '#': remove what follows");
	} else if (text_eq(u.scheme, TEXT("http")) && !url_is_loopback(url)) {
		conf_fault(r, at, "'%.*s' is not protected: write https://", TEXT_ARG(shown));
	} else if (text_eq(u.scheme, TEXT("http")) && !is_insecure) {
		conf_fault(
			r, at,
			"'%.*s' is not protected: write https://, or, for a test on this machine, "
			"insecure_loopback = true",
			TEXT_ARG(shown));
	} else if (is_insecure && !url_is_loopback(url)) {
		conf_warning(
			r, at,
			"insecure_loopback has no effect: '%.*s' is no literal loopback address",
			TEXT_ARG(shown));
	}
	return url;
}

struct text conf_check_mailbox(struct conf_reader *r, const config_setting_t *at, struct text url,
			       bool is_insecure, const char *form)
{
	struct text shown = text_clip(url, 120), host = TEXT_NONE, as_web;
	struct url u;

	while (url.len > 0 && url.at[url.len - 1] == '/') {
		url.len--;
	}
	url = text_dup(r->arena, url);
	if (text_starts(url, TEXT("imaps://"))) {
		host = text_slice(url, strlen("imaps://"), url.len);
	} else if (text_starts(url, TEXT("imap://"))) {
		host = text_slice(url, strlen("imap://"), url.len);
	}
	as_web = text_printf(r->arena, "https://%.*s", TEXT_ARG(host));
	if (text_is_empty(host) || !url_parse(as_web, &u) || u.path.len > 1 || u.query.len > 0 ||
	    text_find(url, TEXT("#"), 0) != SIZE_MAX) {
		conf_fault(r, at,
			   "'%.*s' is no mailbox's server: write it as in \"%s\", or \"imap://\" "
			   "where it "
			   "becomes TLS by STARTTLS",
			   TEXT_ARG(shown), form);
	} else if (is_insecure && !url_is_loopback(as_web)) {
		conf_warning(
			r, at,
			"insecure_loopback has no effect: '%.*s' is no literal loopback address",
			TEXT_ARG(shown));
	}
	return url;
}

void conf_check_mail_server(struct conf_reader *r, const config_setting_t *at, struct text url)
{
	struct text host = TEXT_NONE, as_web;
	struct url u;

	if (text_starts(url, TEXT("smtps://"))) {
		host = text_slice(url, strlen("smtps://"), url.len);
	} else if (text_starts(url, TEXT("smtp://"))) {
		host = text_slice(url, strlen("smtp://"), url.len);
	}
	as_web = text_printf(r->arena, "https://%.*s", TEXT_ARG(host));
	if (text_is_empty(host) || !url_parse(as_web, &u) || u.path.len > 1 || u.query.len > 0) {
		conf_fault(r, at,
			   "'%.*s' is no mail server: write it as in \"smtps://mail.example\" or "
			   "\"smtp://mail.example:587\"",
			   TEXT_ARG(text_clip(url, 120)));
	}
}

void conf_check_mail_address(struct conf_reader *r, const config_setting_t *at, struct text address)
{
	struct text local, domain;

	if (address.len > 254 || !text_cut(address, '@', &local, &domain) ||
	    !is_made_of(local, ".!#$%&'*+-/=?^_`{|}~") || !is_made_of(domain, ".-")) {
		conf_fault(r, at, "'%.*s' is no mail address: write it as in \"care@shop.example\"",
			   TEXT_ARG(text_clip(address, 100)));
	}
}

void conf_check_word(struct conf_reader *r, const config_setting_t *at, struct text word,
		     const char *const *words, const char *what)
{
	char all[200] = "";

	for (int i = 0; words[i] != NULL; i++) {
		size_t n = strlen(all);

		if (text_eq(word, text_of(words[i]))) {
			return;
		}
		(void)snprintf(all + n, sizeof(all) - n, "%s%s", n > 0 ? ", " : "", words[i]);
	}
	conf_fault(r, at, "'%.*s' is not %s: there are %s", TEXT_ARG(text_clip(word, 60)), what,
		   all);
}

/* ---- files ---- */

struct text conf_full_path(struct conf_reader *r, struct text path)
{
	if (text_is_empty(path) || path.at[0] == '/' || text_is_empty(r->folder)) {
		return path;
	}
	return text_printf(r->arena, "%.*s/%.*s", TEXT_ARG(r->folder), TEXT_ARG(path));
}

void conf_check_file(struct conf_reader *r, const config_setting_t *at, struct text path)
{
	struct stat st;

	/* Somebody else's program may be allowed to read it: only what is certain is said. */
	if (!text_is_empty(path) && stat(path.at, &st) != 0 && errno == ENOENT) {
		conf_warning(r, at, "there is no file %.*s", TEXT_ARG(path));
	}
}

struct text conf_check_reference(struct conf_reader *r, const config_setting_t *at,
				 struct text reference)
{
	struct text path;
	struct stat st;

	if (!text_starts(reference, TEXT("file:"))) {
		return reference;
	}
	path = conf_full_path(r, text_slice(reference, strlen("file:"), reference.len));
	path = text_dup(r->arena, path);
	conf_check_file(r, at, path);
	if (stat(path.at, &st) == 0 && (st.st_mode & (S_IROTH | S_IWOTH)) != 0) {
		conf_warning(r, at, "everybody on this machine may read %.*s: chmod o-rwx it",
			     TEXT_ARG(path));
	}
	return text_printf(r->arena, "file:%.*s", TEXT_ARG(path));
}
