/* Secrets: opened once, by the worker alone, and wiped on the way (RELIABILITY S1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answerd/limits.h"
#include "daemon/conf/conf.h"

#define MAX_SECRET_BYTES LIMIT_FACTS_BYTES
#define CREDENTIALS      "/etc/answerd/credentials" /* what the unit hands to the worker */

/* The whole file, its last newline cut off. */
static bool read_file(const char *path, const char *where, struct secret *ret, struct err *err)
{
	static const char *const too_long = "is longer than a secret can be";
	char bytes[MAX_SECRET_BYTES + 1];
	size_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	const char *why = NULL;

	if (fd < 0) {
		return err_set(err, ERR_CONFIG,
			       "%s: the secret %s cannot be read: %s; put it there, for the user "
			       "of the worker to read",
			       where, path, strerror(errno));
	}
	while (n < sizeof(bytes)) {
		ssize_t got = read(fd, bytes + n, sizeof(bytes) - n);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			why = strerror(errno);
		}
		if (got <= 0) {
			break;
		}
		n += (size_t)got;
	}
	(void)close(fd); /* it was only read */
	if (n > MAX_SECRET_BYTES) {
		why = too_long;
	}
	if (why == NULL && n > 0 && bytes[n - 1] == '\n') {
		n -= n > 1 && bytes[n - 2] == '\r' ? 2 : 1;
	}
	if (why == NULL && n == 0) {
		why = "is empty";
	}
	if (why == NULL && (memchr(bytes, '\0', n) != NULL || memchr(bytes, '\n', n) != NULL)) {
		why = "has more than one line";
	}
	if (why == NULL) {
		secret_set(ret, (struct text){ bytes, n });
	}
	secret_wipe(bytes, sizeof(bytes));
	return why == NULL ||
	       err_set(err, ERR_CONFIG, "%s: the secret %s %s: write it there, in one line", where,
		       path, why);
}

bool conf_token_path(const struct conf_account *a, const char *folder, char *ret, size_t room,
		     struct err *err)
{
	struct text reference = a->token_reference;
	int n;

	if (text_starts(reference, TEXT("file:"))) {
		reference = text_slice(reference, strlen("file:"), SIZE_MAX);
		n = snprintf(ret, room, "%.*s", TEXT_ARG(reference));
	} else {
		reference = text_slice(reference, strlen("credential:"), SIZE_MAX);
		n = snprintf(ret, room, "%s/%.*s", folder != NULL ? folder : CREDENTIALS,
			     TEXT_ARG(reference));
	}
	return (n > 0 && (size_t)n < room) ||
	       err_set(err, ERR_CONFIG, "the path of `token` is too long");
}

bool conf_token_read(const char *path, struct secret *ret, struct err *err)
{
	struct stat at = { 0 };

	if (stat(path, &at) != 0 && errno == ENOENT) {
		return true; /* there is none yet */
	}
	return (S_ISREG(at.st_mode) && at.st_size == 0) || read_file(path, "token", ret, err);
}

/* Of the option `option` of the group "PARENT.NAME". */
struct whose {
	const struct conf *conf;
	struct text parent, group, name;
	const char *option;
};

static bool read_reference(struct text reference, const struct whose *whose, struct secret *ret,
			   struct err *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char option[400], where[400], path[4096];

	if (text_is_empty(reference)) {
		return true;
	}
	(void)snprintf(option, sizeof(option), "%.*s%s%.*s.%.*s.%s", TEXT_ARG(whose->parent),
		       text_is_empty(whose->parent) ? "" : ".", TEXT_ARG(whose->group),
		       TEXT_ARG(text_clip(whose->name, 100)), whose->option);
	(void)snprintf(where, sizeof(where), "%.*s: %s",
		       TEXT_ARG(text_clip(conf_origin(whose->conf, text_of(option)), 250)), option);
	if (text_starts(reference, TEXT("file:"))) {
		struct text rest = text_slice(reference, strlen("file:"), reference.len);

		(void)snprintf(path, sizeof(path), "%.*s", TEXT_ARG(rest));
		return read_file(path, where, ret, err);
	}
	if (folder == NULL || folder[0] == '\0') {
		return err_set(err, ERR_CONFIG,
			       "%s: %.*s needs LoadCredential= in the unit: add it, or write "
			       "\"file:PATH\"",
			       where, TEXT_ARG(text_clip(reference, 100)));
	}
	reference = text_slice(reference, strlen("credential:"), reference.len);
	(void)snprintf(path, sizeof(path), "%s/%.*s", folder, TEXT_ARG(reference));
	if (access(path, F_OK) != 0) { /* from LoadCredential=answerd:FOLDER */
		(void)snprintf(path, sizeof(path), "%s/answerd_%.*s", folder, TEXT_ARG(reference));
	}
	return read_file(path, where, ret, err);
}

static bool read_accounts(const struct conf *c, struct conf_brand *b, struct err *err)
{
	char parent[200];

	(void)snprintf(parent, sizeof(parent), "brands.%.*s", TEXT_ARG(text_clip(b->name, 100)));
	for (size_t k = 0; k < b->n_accounts; k++) {
		struct conf_account *a = &b->accounts[k];
		struct whose whose = { c, text_of(parent), TEXT("accounts"), a->name, "token" };

		if (!read_reference(a->token_reference, &whose, &a->token, err)) {
			return false;
		}
	}
	return true;
}

bool conf_read_secrets(struct conf *c, struct err *err)
{
	for (size_t i = 0; i < c->n_brands; i++) {
		if (!read_accounts(c, &c->brands[i], err)) {
			return false;
		}
	}
	for (size_t i = 0; i < c->n_channels; i++) {
		struct conf_channel *ch = &c->channels[i];
		struct whose url = { c, TEXT_NONE, TEXT("channels"), ch->name, "url" };
		struct whose secret = { c, TEXT_NONE, TEXT("channels"), ch->name, "secret" };
		struct whose other = { c, TEXT_NONE, TEXT("channels"), ch->name, "other_secret" };
		struct whose password = { c, TEXT_NONE, TEXT("channels"), ch->name, "password" };

		if (!read_reference(ch->url_reference, &url, &ch->url_secret, err) ||
		    !read_reference(ch->secret_reference, &secret, &ch->secret, err) ||
		    !read_reference(ch->other_secret_reference, &other, &ch->other_secret, err) ||
		    !read_reference(ch->password_reference, &password, &ch->password, err)) {
			return false;
		}
	}
	for (size_t i = 0; i < c->n_oidc; i++) {
		struct conf_oidc *o = &c->oidc[i];
		struct whose secret = { c, TEXT_NONE, TEXT("oidc"), o->name, "secret" };

		if (!read_reference(o->secret_reference, &secret, &o->secret, err)) {
			return false;
		}
	}
	return true;
}
