/* Secrets: opened once, by the worker alone, and wiped on the way (RELIABILITY S1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "answerd/limits.h"
#include "daemon/conf/conf.h"

#define MAX_SECRET_BYTES LIMIT_FACTS_BYTES

/* The whole file, its last newline cut off. */
static bool read_file(const char *path, const char *whose, struct secret *ret, struct err *err)
{
	static const char *const too_long = "is longer than a secret can be";
	char bytes[MAX_SECRET_BYTES + 1];
	size_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	const char *why = NULL;

	if (fd < 0) {
		return err_set(err, ERR_CONFIG, "the secret of %s: %s: %s", whose, path,
			       strerror(errno));
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
	return why == NULL || err_set(err, ERR_CONFIG, "the secret of %s: %s %s", whose, path, why);
}

static bool read_reference(struct text reference, struct text whose, struct secret *ret,
			   struct err *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[4096], name[200];

	if (text_is_empty(reference)) {
		return true;
	}
	(void)snprintf(name, sizeof(name), "%.*s", TEXT_ARG(text_clip(whose, 199)));
	if (text_starts(reference, TEXT("file:"))) {
		struct text rest = text_slice(reference, strlen("file:"), reference.len);

		(void)snprintf(path, sizeof(path), "%.*s", TEXT_ARG(rest));
		return read_file(path, name, ret, err);
	}
	if (folder == NULL || folder[0] == '\0') {
		return err_set(err, ERR_CONFIG,
			       "the secret of %s: %.*s needs LoadCredential= in the unit, or write "
			       "\"file:PATH\"",
			       name, TEXT_ARG(text_clip(reference, 100)));
	}
	reference = text_slice(reference, strlen("credential:"), reference.len);
	(void)snprintf(path, sizeof(path), "%s/%.*s", folder, TEXT_ARG(reference));
	if (access(path, F_OK) != 0) { /* from LoadCredential=answerd:FOLDER */
		(void)snprintf(path, sizeof(path), "%s/answerd_%.*s", folder, TEXT_ARG(reference));
	}
	return read_file(path, name, ret, err);
}

bool conf_read_secrets(struct conf *c, struct err *err)
{
	for (size_t i = 0; i < c->n_brands; i++) {
		for (size_t k = 0; k < c->brands[i].n_accounts; k++) {
			struct conf_account *a = &c->brands[i].accounts[k];

			if (!read_reference(a->token_reference, a->name, &a->token, err)) {
				return false;
			}
		}
	}
	for (size_t i = 0; i < c->n_channels; i++) {
		struct conf_channel *ch = &c->channels[i];

		if (!read_reference(ch->url_reference, ch->name, &ch->url_secret, err) ||
		    !read_reference(ch->secret_reference, ch->name, &ch->secret, err) ||
		    !read_reference(ch->other_secret_reference, ch->name, &ch->other_secret, err) ||
		    !read_reference(ch->password_reference, ch->name, &ch->password, err)) {
			return false;
		}
	}
	return true;
}
