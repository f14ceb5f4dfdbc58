#include "daemon/base/network.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NETWORK(name) extern const char network_##name[];
#include "network_list.h"
#undef NETWORK

#define NETWORK(name) { #name, network_##name },
const struct network networks[] = {
#include "network_list.h"
	{ NULL, NULL },
};
#undef NETWORK

const size_t n_networks = sizeof(networks) / sizeof(networks[0]) - 1;

bool network_read(struct arena *a, const char *path, struct text *ret, struct err *err)
{
	char *bytes = arena_alloc(a, NETWORK_MOST_BYTES + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t n = 0;
	ssize_t got;

	if (fd < 0) {
		return err_set(err, ERR_CONFIG, "%.100s: %s: put the description there", path,
			       strerror(errno));
	}
	do {
		got = read(fd, bytes + n, NETWORK_MOST_BYTES + 1 - n);
		n += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && n <= NETWORK_MOST_BYTES) || (got < 0 && errno == EINTR));
	(void)close(fd); /* it was only read */
	if (got < 0) {
		return err_set(err, ERR_CONFIG, "%.100s cannot be read: is it a file?", path);
	}
	if (n > NETWORK_MOST_BYTES) {
		return err_set(err, ERR_CONFIG, "%.100s is over %u bytes: write less", path,
			       NETWORK_MOST_BYTES);
	}
	*ret = (struct text){ bytes, n };
	return true;
}

static const struct connector *describer(void)
{
	for (size_t i = 0; i < n_connectors; i++) {
		if (connectors[i]->describe != NULL) {
			return connectors[i];
		}
	}
	return NULL;
}

static struct connector *make(struct arena *a, struct text description, struct err *err)
{
	const struct connector *by = describer();
	struct connector *made = ARENA_NEW(a, struct connector);

	if (by == NULL) {
		(void)err_set(err, ERR_CONFIG, "this build reads no descriptions");
		return NULL;
	}
	*made = *by;
	made->describe = NULL; /* it is described */
	return by->describe(a, description, made, err) ? made : NULL;
}

const struct connector *network_describe(struct arena *a, struct text description, struct err *err)
{
	return make(a, description, err);
}

const struct connector *network_shipped(struct arena *a, struct text name, struct err *err)
{
	struct connector *c = NULL;

	for (size_t i = 0; i < n_networks; i++) {
		if (text_eq(text_of(networks[i].name), name)) {
			c = make(a, text_of(networks[i].bytes), err);
		}
	}
	if (c != NULL) {
		c->options = NULL; /* nobody has to say which file */
	}
	return c;
}

const struct connector *network_find(struct arena *a, struct text name, struct err *err)
{
	const struct connector *c = connector_find(name);
	struct text bytes = TEXT_NONE;

	c = c != NULL ? c : network_shipped(a, name, err);
	if (c != NULL) {
		return c;
	}
	if (!text_ends(name, TEXT(".json")) || !network_read(a, text_cstr(a, name), &bytes, err)) {
		return NULL;
	}
	return network_describe(a, bytes, err);
}
