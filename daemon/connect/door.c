/* The loopback address to which a browser comes back with the code; and what a person pastes instead. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answerd/url.h"
#include "daemon/connect/inside.h"

#define REQUEST_BYTES 16384
#define PATIENCE      DUR_S(15 * 60)
#define CALLER_MS     2000

bool door_open(struct door *d, int port, struct err *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	int yes = 1;

	d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* The one before may have ended a moment ago. */
	if (d->fd < 0 || setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
	    bind(d->fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(d->fd, /* backlog= */ 4) != 0 ||
	    getsockname(d->fd, (struct sockaddr *)&at, &len) != 0) {
		(void)err_set(err, ERR_CONFIG, "127.0.0.1:%d cannot be listened to: %s", port,
			      strerror(errno));
		door_close(d);
		return false;
	}
	d->port = ntohs(at.sin_port);
	(void)snprintf(d->redirect, sizeof(d->redirect), "http://127.0.0.1:%d/", d->port);
	return true;
}

void door_close(struct door *d)
{
	if (d->fd >= 0) {
		(void)close(d->fd);
	}
	d->fd = -1;
}

/* ---- what comes back ---- */

static bool is_state_right(const struct visit *v, struct text state)
{
	struct text want = v->granting.state;

	return state.len == want.len && sodium_memcmp(state.at, want.at, want.len) == 0;
}

/* An address with a query. *ret_is_ours: it has the state that we gave, so that what it says counts. */
static bool read_address(struct visit *v, struct text address, bool *ret_is_ours,
			 struct text *ret_code, struct err *err)
{
	struct text state = TEXT_NONE, code = TEXT_NONE, word = TEXT_NONE, more = TEXT_NONE;

	*ret_is_ours =
		url_query_get(v->arena, address, TEXT("state"), &state) && is_state_right(v, state);
	if (!*ret_is_ours) {
		return err_set(
			err, ERR_AUTH,
			"that is not the answer to the address above (its `state` is another "
			"one): open the address that stands here, and no older one");
	}
	if (url_query_get(v->arena, address, TEXT("error"), &word)) {
		(void)url_query_get(v->arena, address, TEXT("error_description"), &more);
		return err_set(err, ERR_AUTH, "the platform says: %.60s%s%.140s",
			       talk_safe(v->arena, word), text_is_empty(more) ? "" : ": ",
			       talk_safe(v->arena, more));
	}
	if (!url_query_get(v->arena, address, TEXT("code"), &code) || text_is_empty(code)) {
		return err_set(err, ERR_AUTH, "there is no code in that address");
	}
	*ret_code = code;
	return true;
}

bool paste_read(struct visit *v, struct text pasted, struct text *ret_code, struct err *err)
{
	bool is_ours;

	pasted = text_trim(pasted);
	if (text_starts(pasted, TEXT("http://")) || text_starts(pasted, TEXT("https://"))) {
		return read_address(v, pasted, &is_ours, ret_code, err);
	}
	if (text_find(pasted, TEXT("code="), 0) != SIZE_MAX) {
		while (text_starts(pasted, TEXT("?"))) {
			pasted = text_slice(pasted, 1, SIZE_MAX);
		}
		return read_address(
			v, text_printf(v->arena, "http://127.0.0.1/?%.*s", TEXT_ARG(pasted)),
			&is_ours, ret_code, err);
	}
	for (size_t i = 0; i < pasted.len; i++) {
		if (pasted.at[i] <= ' ' || pasted.at[i] == 0x7f) {
			return err_set(err, ERR_AUTH, "a code has no blanks in it");
		}
	}
	*ret_code = pasted; /* it has no state; the verifier guards it */
	return pasted.len > 0 || err_set(err, ERR_AUTH, "nothing was pasted");
}

/* ---- the browser ---- */

static void tell_browser(int fd, const char *status, const char *sentence)
{
	char page[1024];
	int n = snprintf(page, sizeof(page),
			 "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: "
			 "no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: "
			 "default-src 'none'\r\nX-Content-Type-Options: nosniff\r\nConnection: "
			 "close\r\n\r\n<!DOCTYPE html><title>answerd</title><p>%s\n",
			 status, sentence);

	(void)send(fd, page, (size_t)n, MSG_NOSIGNAL); /* whether it is read or not */
}

static size_t read_head(int fd, char *bytes, size_t room)
{
	struct timeval patience = { .tv_sec = CALLER_MS / 1000 };
	size_t n = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (n < room) {
		ssize_t got = recv(fd, bytes + n, room - n, 0);

		if (got <= 0) {
			break;
		}
		n += (size_t)got;
		if (text_find((struct text){ bytes, n }, TEXT("\r\n\r\n"), 0) != SIZE_MAX) {
			return n;
		}
	}
	return 0;
}

/* "GET /?code=… HTTP/1.1": its target; others are none of ours. */
static bool read_target(struct text head, struct text *ret)
{
	struct text line, method, rest, version;

	(void)text_cut(head, '\r', &line, &rest);
	return text_cut(line, ' ', &method, &rest) && text_cut(rest, ' ', ret, &version) &&
	       text_eq(method, TEXT("GET")) &&
	       (text_starts(*ret, TEXT("/?")) || text_eq(*ret, TEXT("/")));
}

/* One caller. True: it brought the code, or the platform's refusal (*err). */
static bool serve(struct visit *v, int fd, struct text *ret_code, struct err *err)
{
	char bytes[REQUEST_BYTES];
	struct text head = { bytes, read_head(fd, bytes, sizeof(bytes)) }, target;
	struct err why = { 0 };
	bool is_ours = false;

	if (head.len == 0 || !read_target(head, &target)) {
		tell_browser(fd, "404 Not Found", "answerd waits here for an account only.");
	} else if (read_address(v, text_printf(v->arena, "http://127.0.0.1%.*s", TEXT_ARG(target)),
				&is_ours, ret_code, &why)) {
		tell_browser(fd, "200 OK",
			     "answerd has what it needs. You can close this window and go back to "
			     "the terminal.");
	} else if (is_ours) {
		*err = why;
		tell_browser(fd, "200 OK", "answerd was not let in. The terminal says why.");
	} else {
		talk("Somebody came to the address without the right state: left alone.\n");
		tell_browser(fd, "400 Bad Request",
			     "This is not the answer to the address that the terminal shows.");
	}
	secret_wipe(bytes, sizeof(bytes));
	return is_ours && (err->kind != ERR_NONE || !text_is_empty(*ret_code));
}

static bool take_caller(struct door *d, struct visit *v, struct text *ret_code, struct err *err)
{
	int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC);
	bool is_done = fd >= 0 && serve(v, fd, ret_code, err);

	if (fd >= 0) {
		(void)close(fd);
	}
	return is_done;
}

/* What is pasted wrong on a terminal may be pasted again. */
static bool take_paste(struct visit *v, bool *ret_is_open, struct text *ret_code, struct err *err)
{
	struct text line = talk_line(v->arena, "", /* is_secret= */ false);
	struct err why = { 0 };

	if (text_is_empty(line)) {
		*ret_is_open = isatty(STDIN_FILENO) != 0 && !talk_is_over();
		return false;
	}
	if (paste_read(v, line, ret_code, &why)) {
		return true;
	}
	if (isatty(STDIN_FILENO)) {
		talk("%s\n", why.text);
		return false;
	}
	*err = why;
	return true;
}

struct text door_wait(struct door *d, struct visit *v, struct err *err)
{
	struct mono until = mono_add(loop_mono_now(v->loop), PATIENCE);
	struct text code = TEXT_NONE;
	bool is_input_open = true;

	while (!talk_is_over()) {
		struct pollfd fds[2] = { { .fd = d->fd, .events = POLLIN },
					 { .fd = is_input_open ? STDIN_FILENO : -1,
					   .events = POLLIN } };

		if (!is_input_open && d->fd < 0) {
			(void)err_set(err, ERR_AUTH,
				      "no code came: open the address, and paste what you are sent "
				      "back to");
			break;
		}
		if (mono_before(until, loop_mono_now(v->loop))) {
			(void)err_set(err, ERR_AUTH, "nobody came back within 15 minutes");
			break;
		}
		if (poll(fds, 2, /* ms= */ 1000) <= 0) {
			continue; /* a signal, or time to look at the clock */
		}
		if ((fds[0].revents != 0 && take_caller(d, v, &code, err)) ||
		    (fds[1].revents != 0 && take_paste(v, &is_input_open, &code, err))) {
			break;
		}
	}
	return code;
}
