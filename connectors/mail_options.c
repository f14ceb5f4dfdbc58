#include "mail_options.h"

#include <stdio.h>

#include "answerd/num.h"
#include "answerd/url.h"

const struct connector_option mail_options[] = {
	{ "address", "Our mail address: replies come from it, and what is sent to it is to us.",
	  true },
	{ "user", "The login, where it is not the address.", false },
	{ "login",
	  "How we are let in: \"password\", where nothing is said; \"google\" (Gmail) or "
	  "\"microsoft\" "
	  "(Outlook, Microsoft 365): by OAuth, then `token` is CLIENT ID:CLIENT SECRET of an "
	  "application of yours, and `answerd connect` does the rest.",
	  false },
	{ "oauth", "Address that makes sessions by OAuth, where it is not the provider's own.",
	  false },
	{ "tenant",
	  "Of login = \"microsoft\": the directory in which the application is registered, by id "
	  "or "
	  "domain; \"common\" where nothing is said.",
	  false },
	{ "smtp",
	  "The server that takes our replies, as in \"smtps://mail.example\"; without it nothing "
	  "is answered.",
	  false },
	{ "smtp_user",
	  "Its login, where it is another one; \"none\": it wants none. The password is the "
	  "account's token.",
	  false },
	{ "name", "Our name beside the address.", false },
	{ "sent",
	  "The folder of sent mails, where the server does not say it itself; \"none\": there is "
	  "none.",
	  false },
	{ "sent_copy",
	  "\"auto\": what we send is put into the folder of sent mails where the server has not "
	  "done "
	  "so by itself; \"no\": never.",
	  false },
	{ "aliases",
	  "Other addresses of ours, separated by commas; \"@shop.example\" is a whole domain.",
	  false },
	{ "forms",
	  "From addresses of contact forms, separated by commas: the person there is who Reply-To "
	  "names.",
	  false },
	{ "authserv",
	  "Whose Authentication-Results are believed: the name that our mail server writes into "
	  "them.",
	  false },
	{ NULL, NULL, false },
};

static bool check_smtp(struct text value, struct err *err)
{
	bool is_tls = text_starts(value, TEXT("smtps://"));
	struct text https;
	char bytes[300];
	int n;
	struct url url;
	size_t skip = is_tls ? strlen("smtps://") : strlen("smtp://");

	if (text_find(value, TEXT("://"), 0) != SIZE_MAX && !is_tls &&
	    !text_starts(value, TEXT("smtp://"))) {
		return err_set(err, ERR_CONFIG,
			       "this is no server that takes mails: write it as in "
			       "\"smtps://mail.example\"");
	}
	if (text_find(value, TEXT("://"), 0) == SIZE_MAX) {
		return err_set(
			err, ERR_CONFIG,
			"write how it is spoken to, too: \"smtps://%.*s\" (TLS from the first "
			"byte, port 465) or \"smtp://%.*s\" (which becomes TLS, port 587)",
			TEXT_ARG(text_clip(value, 60)), TEXT_ARG(text_clip(value, 60)));
	}
	value = text_slice(value, skip, SIZE_MAX);
	n = snprintf(bytes, sizeof(bytes), "https://%.*s", TEXT_ARG(value));
	https = (struct text){ bytes, n > 0 && (size_t)n < sizeof(bytes) ? (size_t)n : 0 };
	if (!url_parse(https, &url) || url.host.len == 0) {
		return err_set(err, ERR_CONFIG,
			       "this is no address of a mail server: write it as in "
			       "\"smtps://mail.example\" (no login in it: see `smtp_user`)");
	}
	if (url.path.len > 1 || url.query.len > 0 || text_find(value, TEXT("#"), 0) != SIZE_MAX) {
		return err_set(err, ERR_CONFIG,
			       "the server's address ends behind its name or port: remove what "
			       "follows");
	}
	if (text_eq(url.port, TEXT("25"))) {
		return err_set(err, ERR_CONFIG,
			       "mails are handed in at another port than 25; write "
			       "\"smtps://%.*s\" (port 465) or \"smtp://%.*s\" (587)",
			       TEXT_ARG(text_clip(url.host, 60)),
			       TEXT_ARG(text_clip(url.host, 60)));
	}
	return true;
}

static bool check_word(struct text value, const char *const *words, const char *wanted,
		       struct err *err)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (text_eq(value, text_of(words[i]))) {
			return true;
		}
	}
	return err_set(err, ERR_CONFIG, "write one of %s", wanted);
}

static bool check_address(struct text value, struct err *err)
{
	struct text name, domain;

	return (text_cut(value, '@', &name, &domain) && name.len > 0 && domain.len > 0 &&
		text_find(domain, TEXT("@"), 0) == SIZE_MAX &&
		text_find(value, TEXT(" "), 0) == SIZE_MAX &&
		text_find(value, TEXT("<"), 0) == SIZE_MAX) ||
	       err_set(err, ERR_CONFIG,
		       "write one mail address alone, as in \"help@shop.example\" (the name beside "
		       "it "
		       "is `name`)");
}

static bool check_tenant(struct text value, struct err *err)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '.')) {
			return err_set(err, ERR_CONFIG,
				       "write the directory's id or domain, as in "
				       "\"shop.onmicrosoft.com\"");
		}
	}
	return true;
}

bool mail_check_option(struct text name, struct text value, struct err *err)
{
	static const char *const logins[] = { "password", "google", "microsoft", NULL };
	static const char *const copies[] = { "auto", "no", NULL };

	if (text_eq(name, TEXT("smtp"))) {
		return check_smtp(value, err);
	}
	if (text_eq(name, TEXT("address"))) {
		return check_address(value, err);
	}
	if (text_eq(name, TEXT("login"))) {
		return check_word(value, logins, "\"password\", \"google\" and \"microsoft\"", err);
	}
	if (text_eq(name, TEXT("sent_copy"))) {
		return check_word(value, copies, "\"auto\" and \"no\"", err);
	}
	return !text_eq(name, TEXT("tenant")) || check_tenant(value, err);
}
