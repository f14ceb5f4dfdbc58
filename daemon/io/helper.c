/* A process beside ours: see helper.h. */
#include "daemon/io/helper.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answerd/log.h"
#include "answerd/secret.h"

#define PATIENCE DUR_S(20)
#define OLD_FDS  4096

struct piece {
	struct list in;
	size_t n;
	char bytes[HELPER_BYTES];
	helper_done *done;
	void *owner;
};

struct helper {
	struct loop *loop;
	helper_work *work;
	int max_queued, n_queued;
	struct list queue; /* the first of them is with the helper when it is busy */
	bool is_busy;
	pid_t pid;
	int fd; /* -1: absent */
	ev_io readable;
	ev_timer late;
};

/* ---- the other process ---- */

static _Noreturn void serve(helper_work *work, int fd, pid_t parent)
{
	static char piece[HELPER_BYTES], answer[HELPER_BYTES];
	sigset_t none;
	ssize_t n;

	for (int s = 1; s < NSIG; s++) {
		(void)signal(s, SIG_DFL);
	}
	/* Ctrl-C goes to both of us: the helper ends with its desk, not before it. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "answerd-helper");
	if (getppid() != parent || dup2(fd, STDIN_FILENO) < 0) {
		_exit(1);
	}
	if (close_range(3, ~0U, 0) != 0) { /* a filter of system calls that does not know it */
		for (int other = 3; other < OLD_FDS; other++) {
			(void)close(other);
		}
	}
	while ((n = recv(STDIN_FILENO, piece, sizeof(piece), 0)) > 0) {
		size_t n_answer = work(piece, (size_t)n, answer);

		secret_wipe(piece, sizeof(piece));
		if (send(STDIN_FILENO, answer, n_answer, MSG_NOSIGNAL) != (ssize_t)n_answer) {
			break;
		}
	}
	_exit(0);
}

/* ---- ours ---- */

static void stop(struct helper *h)
{
	if (h->fd < 0) {
		return;
	}
	ev_io_stop(loop_ev(h->loop), &h->readable);
	loop_disarm(h->loop, &h->late);
	(void)close(h->fd);
	h->fd = -1;
	(void)kill(h->pid, SIGKILL);
	(void)waitpid(h->pid, NULL, 0); /* it dies at once */
}

void helper_start(struct helper *h)
{
	int pair[2];
	pid_t parent = getpid();

	if (h->fd >= 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		return;
	}
	h->pid = fork();
	if (h->pid == 0) {
		serve(h->work, pair[1], parent);
	}
	(void)close(pair[1]);
	if (h->pid < 0) {
		(void)close(pair[0]);
		return;
	}
	h->fd = pair[0];
	ev_io_set(&h->readable, h->fd, EV_READ);
	ev_io_start(loop_ev(h->loop), &h->readable);
}

/* Who asked is told now; the piece goes at the end of this turn. */
static void finish(struct helper *h, const void *answer, size_t n)
{
	struct list *first = list_take_first(&h->queue);
	struct piece *p;

	if (first == NULL) {
		not_reached("a helper that is busy with nothing");
	}
	p = container_of(first, struct piece, in);
	h->is_busy = false;
	h->n_queued--;
	loop_bury(h->loop, p, free);
	p->done(answer, n, p->owner);
}

static void next(struct helper *h)
{
	struct piece *p;
	bool is_sent;

	if (h->is_busy || list_is_empty(&h->queue)) {
		return;
	}
	helper_start(h);
	p = container_of(h->queue.next, struct piece, in);
	h->is_busy = true;
	/* When it cannot be sent the helper is dead, or could not be started: the timer says so, never this call. */
	is_sent = h->fd >= 0 &&
		  send(h->fd, p->bytes, p->n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)p->n;
	secret_wipe(p->bytes, p->n);
	loop_arm(h->loop, &h->late, is_sent ? PATIENCE : DUR_MS(0));
}

static void fail(struct helper *h)
{
	stop(h);
	if (h->is_busy) {
		finish(h, "", 0);
	}
	next(h);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct helper *h = container_of(w, struct helper, readable);
	char answer[HELPER_BYTES];
	ssize_t n = recv(h->fd, answer, sizeof(answer), MSG_DONTWAIT);

	(void)loop;
	(void)revents;
	if (n <= 0 || !h->is_busy) {
		fail(h);
		return;
	}
	loop_disarm(h->loop, &h->late);
	finish(h, answer, (size_t)n);
	secret_wipe(answer, sizeof(answer));
	next(h);
}

static void on_late(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	fail(container_of(w, struct helper, late));
}

struct helper *helper_create(struct loop *l, helper_work *work, int max_queued)
{
	struct helper *h = xcalloc(1, sizeof(*h));

	h->loop = l;
	h->work = work;
	h->max_queued = max_queued;
	h->fd = -1;
	list_init(&h->queue);
	ev_init(&h->readable, on_readable);
	ev_init(&h->late, on_late);
	return h;
}

bool helper_ask(struct helper *h, const void *piece, size_t n, helper_done *done, void *owner)
{
	struct piece *p;

	if (h->n_queued >= h->max_queued || n > HELPER_BYTES) {
		return false;
	}
	p = xcalloc(1, sizeof(*p));
	memcpy(p->bytes, piece, n);
	p->n = n;
	p->done = done;
	p->owner = owner;
	list_init(&p->in);
	list_add_last(&h->queue, &p->in);
	h->n_queued++;
	next(h);
	return true;
}

void helper_destroy(struct helper **at)
{
	struct helper *h = *at;

	if (h == NULL) {
		return;
	}
	*at = NULL;
	stop(h);
	loop_disarm(h->loop, &h->late);
	list_each(in, &h->queue)
	{
		struct piece *p = container_of(in, struct piece, in);

		secret_wipe(p->bytes, p->n);
		free(p);
	}
	free(h);
}
