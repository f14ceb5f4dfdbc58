/* The listening sockets of httpd: see httpd.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "answerd/log.h"
#include "answerd/num.h"
#include "daemon/io/httpd_inside.h"

#define FIRST_HANDED_FD 3 /* systemd's SD_LISTEN_FDS_START */
#define BACKLOG         128

static struct httpd_listener *listener_add(struct httpd *h, int fd, bool is_unix)
{
	struct httpd_listener *l = &h->listeners[h->n_listeners++];

	l->httpd = h;
	l->fd = fd;
	l->is_unix = is_unix;
	return l;
}

bool httpd_address_of(const struct sockaddr *a, struct in6_addr *ret)
{
	if (a->sa_family == AF_INET6) {
		*ret = ((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
		return true;
	}
	if (a->sa_family == AF_INET) {
		*ret = (struct in6_addr){ 0 };
		ret->s6_addr[10] = ret->s6_addr[11] = 0xff;
		memcpy(&ret->s6_addr[12], &((const struct sockaddr_in *)(const void *)a)->sin_addr,
		       4);
		return true;
	}
	return false;
}

bool httpd_address_parse(struct text t, struct in6_addr *ret)
{
	char name[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (t.len == 0 || t.len >= sizeof(name)) {
		return false;
	}
	memcpy(name, t.at, t.len);
	name[t.len] = '\0';
	if (inet_pton(AF_INET, name, &v4) != 1) {
		return inet_pton(AF_INET6, name, ret) == 1;
	}
	*ret = (struct in6_addr){ 0 };
	ret->s6_addr[10] = ret->s6_addr[11] = 0xff;
	memcpy(&ret->s6_addr[12], &v4, 4);
	return true;
}

bool httpd_is_proxy(const struct httpd *h, const struct in6_addr *a)
{
	for (size_t i = 0; i < h->n_proxies; i++) {
		struct in6_addr proxy;

		if (httpd_address_parse(h->proxies[i], &proxy) &&
		    memcmp(&proxy, a, sizeof(proxy)) == 0) {
			return true;
		}
	}
	return false;
}

/* Directories above a socket, like mkdir -p. What is wrong shows at bind(). */
static void make_parents(const char *path)
{
	char *copy = xstrdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(copy, 0755);
		*slash = '/';
	}
	free(copy);
}

/* A socket's file that nobody listens on is what a killed process left behind. */
static bool is_listened_on(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool is;

	if (fd < 0) {
		return false;
	}
	is = connect(fd, (const struct sockaddr *)(const void *)at, sizeof(*at)) == 0 ||
	     errno == EAGAIN;
	(void)close(fd);
	return is;
}

static bool listen_unix(struct httpd *h, struct text path, struct err *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat st;
	struct httpd_listener *l;
	int fd;

	if (path.len == 0 || path.len >= sizeof(at.sun_path)) {
		return err_set(err, ERR_CONFIG,
			       "the path of the socket is empty or longer than %zu bytes",
			       sizeof(at.sun_path) - 1);
	}
	memcpy(at.sun_path, path.at, path.len);
	make_parents(at.sun_path);
	if (lstat(at.sun_path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode)) {
			return err_set(err, ERR_CONFIG,
				       "%.100s is there and is no socket; remove it or choose "
				       "another path",
				       at.sun_path);
		}
		if (is_listened_on(&at)) {
			return err_set(err, ERR_CONFIG, "another process already listens on %.100s",
				       at.sun_path);
		}
		(void)unlink(at.sun_path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Everybody may knock: the kernel says who it is, and strangers are sent away with a sentence. */
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
	    chmod(at.sun_path, 0666) != 0 || listen(fd, BACKLOG) != 0) {
		(void)err_set(err, ERR_CONFIG, "cannot listen on %.100s: %s", at.sun_path,
			      strerror(errno));
		if (fd >= 0) {
			(void)close(fd);
		}
		return false;
	}
	l = listener_add(h, fd, /* is_unix= */ true);
	l->is_ours = true;
	l->path = xstrdup(at.sun_path);
	(void)snprintf(l->name, sizeof(l->name), "%s", at.sun_path);
	return true;
}

static bool listen_tcp(struct httpd *h, struct text host, int port, struct err *err)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char name[64], service[16];
	int fd, one = 1;

	(void)snprintf(name, sizeof(name), "%.*s", TEXT_ARG(host));
	(void)snprintf(service, sizeof(service), "%d", port);
	/* A literal address only, so that nothing is looked up. */
	if (getaddrinfo(text_eq(host, TEXT("localhost")) ? "127.0.0.1" : name, service, &hints,
			&found) != 0 ||
	    found == NULL) {
		return err_set(err, ERR_CONFIG, "'%.60s' is no address to listen on", name);
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	}
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		(void)err_set(err, ERR_CONFIG, "cannot listen on %.60s port %d: %s", name, port,
			      strerror(errno));
		if (fd >= 0) {
			(void)close(fd);
		}
		freeaddrinfo(found);
		return false;
	}
	(void)snprintf(listener_add(h, fd, /* is_unix= */ false)->name,
		       sizeof(h->listeners[0].name),
		       found->ai_family == AF_INET6 ? "[%.60s]:%d" : "%.60s:%d", name, port);
	freeaddrinfo(found);
	return true;
}

/* The number in an environment variable, or 0. */
static int64_t number_of(const char *variable)
{
	const char *value = getenv(variable);
	int64_t n = 0;

	return value != NULL && num_parse_i64(text_of(value), &n) ? n : 0;
}

static void name_handed(struct httpd_listener *l, const struct sockaddr_any *at)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (at->as.any.sa_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &at->as.v6.sin6_addr, host, sizeof(host));
		(void)snprintf(l->name, sizeof(l->name), "[%s]:%d", host,
			       ntohs(at->as.v6.sin6_port));
	} else if (at->as.any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &at->as.v4.sin_addr, host, sizeof(host));
		(void)snprintf(l->name, sizeof(l->name), "%s:%d", host, ntohs(at->as.v4.sin_port));
	} else {
		(void)snprintf(l->name, sizeof(l->name), "a socket of systemd's");
	}
}

static bool take_handed(struct httpd *h, int n, struct err *err)
{
	for (int fd = FIRST_HANDED_FD; fd < FIRST_HANDED_FD + n; fd++) {
		struct sockaddr_any at = { .len = sizeof(at.as) };

		if (h->n_listeners == HTTPD_LISTENERS) {
			return err_set(err, ERR_CONFIG, "systemd hands over more than %d sockets",
				       HTTPD_LISTENERS);
		}
		if (getsockname(fd, &at.as.any, &at.len) != 0) {
			return err_set(err, ERR_CONFIG,
				       "what systemd hands over as number %d is no socket", fd);
		}
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		name_handed(listener_add(h, fd, at.as.any.sa_family == AF_UNIX), &at);
	}
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_PID");
	return true;
}

bool httpd_listen_all(struct httpd *h, const struct httpd_options *o, struct err *err)
{
	int64_t n_handed = number_of("LISTEN_PID") == getpid() ? number_of("LISTEN_FDS") : 0;

	if (n_handed > 0) {
		return take_handed(
			h, n_handed > HTTPD_LISTENERS ? HTTPD_LISTENERS + 1 : (int)n_handed, err);
	}
	for (size_t i = 0; i < o->n_listen; i++) {
		const struct httpd_address *a = &o->listen[i];

		if (h->n_listeners == HTTPD_LISTENERS) {
			return err_set(err, ERR_CONFIG, "desk.listen has more than %d addresses",
				       HTTPD_LISTENERS);
		}
		if (!(a->is_unix ? listen_unix(h, a->path, err)
				 : listen_tcp(h, a->host, a->port, err))) {
			return false;
		}
	}
	return h->n_listeners > 0 ||
	       err_set(err, ERR_CONFIG, "desk.listen is empty; nobody could reach the desk");
}

void httpd_listen_close(struct httpd_listener *l)
{
	if (l->fd >= 0) {
		(void)close(l->fd);
		l->fd = -1;
	}
	if (l->is_ours && l->path != NULL) {
		(void)unlink(l->path);
	}
	free(l->path);
	l->path = NULL;
}
