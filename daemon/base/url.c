#include "answerd/url.h"

#include "answerd/limits.h"
#include "answerd/num.h"

static bool is_url_byte(unsigned char c)
{
	return c > ' ' && c != 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
}

static bool is_host_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c >= 0x80;
}

static bool is_hex(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* "host", "host:port", "[v6]:port"; no userinfo. */
static bool authority_parse(struct text in, struct url *u)
{
	int64_t port;

	if (in.len > 0 && in.at[0] == '[') {
		size_t end = text_find(in, TEXT("]"), 1);

		if (end == SIZE_MAX || end < 3) {
			return false;
		}
		for (size_t i = 1; i < end; i++) {
			if (!is_hex((unsigned char)in.at[i]) && in.at[i] != ':' &&
			    in.at[i] != '.') {
				return false;
			}
		}
		u->host = text_slice(in, 0, end + 1);
		in = text_slice(in, end + 1, SIZE_MAX);
	} else {
		size_t n = 0;

		while (n < in.len && is_host_byte((unsigned char)in.at[n])) {
			n++;
		}
		u->host = text_slice(in, 0, n);
		in = text_slice(in, n, SIZE_MAX);
	}
	if (u->host.len == 0 || u->host.len > 255) {
		return false;
	}
	if (in.len == 0) {
		return true;
	}
	u->port = text_slice(in, 1, SIZE_MAX);
	return in.at[0] == ':' && num_parse_range(u->port, 1, 65535, &port);
}

bool url_parse(struct text in, struct url *ret)
{
	struct url u = { 0 };
	size_t end;
	struct text rest, authority, fragment;

	if (in.len > LIMIT_URL_BYTES || !text_is_clean(in)) {
		return false;
	}
	for (size_t i = 0; i < in.len; i++) {
		if (!is_url_byte((unsigned char)in.at[i])) {
			return false;
		}
	}
	if (text_starts_nocase(in, TEXT("https://"))) {
		u.scheme = TEXT("https");
		rest = text_slice(in, 8, SIZE_MAX);
	} else if (text_starts_nocase(in, TEXT("http://"))) {
		u.scheme = TEXT("http");
		rest = text_slice(in, 7, SIZE_MAX);
	} else {
		return false;
	}
	for (end = 0; end < rest.len && strchr("/?#", rest.at[end]) == NULL; end++) {
	}
	authority = text_slice(rest, 0, end);
	(void)text_cut(text_slice(rest, end, SIZE_MAX), '#', &rest, &fragment);
	(void)text_cut(rest, '?', &u.path, &u.query);
	if (!authority_parse(authority, &u)) {
		return false;
	}
	*ret = u;
	return true;
}

static struct text port_of(const struct url *u)
{
	if (u->port.len > 0) {
		return u->port;
	}
	return text_eq(u->scheme, TEXT("https")) ? TEXT("443") : TEXT("80");
}

bool url_same_origin(struct text a, struct text b)
{
	struct url ua, ub;

	return url_parse(a, &ua) && url_parse(b, &ub) && text_eq(ua.scheme, ub.scheme) &&
	       text_eq_nocase(ua.host, ub.host) && text_eq(port_of(&ua), port_of(&ub));
}

bool url_is_loopback(struct text url)
{
	struct url u;
	struct text rest, part;

	if (!url_parse(url, &u)) {
		return false;
	}
	if (text_eq(u.host, TEXT("[::1]"))) {
		return true;
	}
	rest = u.host;
	for (int i = 0; i < 4; i++) {
		int64_t n;
		bool is_more = text_cut(rest, '.', &part, &rest);

		if (is_more != (i < 3) || part.len > 3 || !num_parse_range(part, 0, 255, &n) ||
		    (part.len > 1 && part.at[0] == '0') || (i == 0 && n != 127)) {
			return false;
		}
	}
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return (c | 0x20) - 'a' + 10;
}

static struct text percent_decode(struct arena *a, struct text in)
{
	char *out = arena_alloc(a, in.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.at[i];

		if (c == '%' && i + 2 < in.len && is_hex((unsigned char)in.at[i + 1]) &&
		    is_hex((unsigned char)in.at[i + 2])) {
			c = (char)(hex_value(in.at[i + 1]) * 16 + hex_value(in.at[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		out[n++] = c;
	}
	return text_clean(a, (struct text){ out, n }, NULL);
}

bool url_query_get(struct arena *a, struct text url, struct text name, struct text *ret)
{
	struct url u;
	struct text rest, pair, key, value;

	if (!url_parse(url, &u)) {
		return false;
	}
	rest = u.query;
	while (rest.len > 0) {
		(void)text_cut(rest, '&', &pair, &rest);
		(void)text_cut(pair, '=', &key, &value);
		if (text_eq(percent_decode(a, key), name)) {
			*ret = percent_decode(a, value);
			return true;
		}
	}
	return false;
}

/* Takes one `;name=value` or `;name="value"` off *rest; false at the end of the link's parameters.
 */
static bool parameter_take(struct text *rest, struct text *name, struct text *value)
{
	size_t end;

	*rest = text_trim(*rest);
	if (rest->len == 0 || rest->at[0] != ';') {
		return false;
	}
	*rest = text_trim(text_slice(*rest, 1, SIZE_MAX));
	for (end = 0; end < rest->len && strchr("=;,", rest->at[end]) == NULL; end++) {
	}
	*name = text_trim(text_slice(*rest, 0, end));
	*rest = text_slice(*rest, end, SIZE_MAX);
	*value = TEXT_NONE;
	if (rest->len == 0 || rest->at[0] != '=') {
		return true;
	}
	*rest = text_trim(text_slice(*rest, 1, SIZE_MAX));
	if (rest->len > 0 && rest->at[0] == '"') {
		*rest = text_slice(*rest, 1, SIZE_MAX);
		(void)text_cut(*rest, '"', value, rest);
		return true;
	}
	for (end = 0; end < rest->len && strchr(";,", rest->at[end]) == NULL; end++) {
	}
	*value = text_trim(text_slice(*rest, 0, end));
	*rest = text_slice(*rest, end, SIZE_MAX);
	return true;
}

static bool has_word(struct text words, struct text word)
{
	struct text one;

	while (words.len > 0) {
		(void)text_cut(words, ' ', &one, &words);
		if (text_eq_nocase(one, word)) {
			return true;
		}
	}
	return false;
}

bool url_link_rel(struct text link_header, struct text rel, struct text *ret)
{
	struct text rest = link_header, target, name, value;

	for (;;) {
		size_t open = text_find(rest, TEXT("<"), 0);
		size_t close = open != SIZE_MAX ? text_find(rest, TEXT(">"), open) : SIZE_MAX;
		bool is_it = false;

		if (close == SIZE_MAX) {
			return false;
		}
		target = text_slice(rest, open + 1, close - open - 1);
		rest = text_slice(rest, close + 1, SIZE_MAX);
		while (parameter_take(&rest, &name, &value)) {
			is_it = is_it ||
				(text_eq_nocase(name, TEXT("rel")) && has_word(value, rel));
		}
		if (is_it) {
			*ret = target;
			return true;
		}
	}
}
