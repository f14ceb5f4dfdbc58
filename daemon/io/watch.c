/* Signals and the service manager: see watch.h. */
#include "daemon/io/watch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "answerd/log.h"

struct watch {
	struct loop *loop;
	struct watch_events events;
	void *owner;
	ev_signal term, interrupt, hangup;
	ev_timer ping;
	int n_stops;
};

static volatile sig_atomic_t is_reload_wanted;

static void on_early_stop(int number)
{
	(void)number;
	_exit(EXIT_SUCCESS);
}

static void on_early_reload(int number)
{
	(void)number;
	is_reload_wanted = 1;
}

void watch_early(void)
{
	struct sigaction stop = { .sa_handler = on_early_stop },
			 reload = { .sa_handler = on_early_reload, .sa_flags = SA_RESTART };

	(void)sigaction(SIGTERM, &stop, NULL); /* cannot fail for these */
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGHUP, &reload, NULL);
}

static void stop(struct watch *w)
{
	w->n_stops++;
	if (w->events.on_stop != NULL) {
		w->events.on_stop(w->n_stops > 1, w->owner);
	}
}

static void on_term(struct ev_loop *ev, ev_signal *s, int revents)
{
	(void)ev;
	(void)revents;
	stop(container_of(s, struct watch, term));
}

static void on_interrupt(struct ev_loop *ev, ev_signal *s, int revents)
{
	(void)ev;
	(void)revents;
	stop(container_of(s, struct watch, interrupt));
}

static void on_hangup(struct ev_loop *ev, ev_signal *s, int revents)
{
	struct watch *w = container_of(s, struct watch, hangup);

	(void)ev;
	(void)revents;
	if (w->events.on_reload != NULL) {
		w->events.on_reload(w->owner);
	}
}

static void on_ping(struct ev_loop *ev, ev_timer *t, int revents)
{
	(void)ev;
	(void)t;
	(void)revents;
	(void)sd_notify(/* unset_environment= */ 0, "WATCHDOG=1");
}

static void watch_signal(struct watch *w, ev_signal *s,
			 void (*on)(struct ev_loop *, ev_signal *, int), int number)
{
	ev_signal_init(s, on, number);
	ev_signal_start(loop_ev(w->loop), s);
}

struct watch *watch_create(struct loop *l, const struct watch_events *e, void *owner)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	uint64_t us = 0;

	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for this signal */
	w->loop = l;
	w->events = *e;
	w->owner = owner;
	watch_signal(w, &w->term, on_term, SIGTERM);
	watch_signal(w, &w->interrupt, on_interrupt, SIGINT);
	watch_signal(w, &w->hangup, on_hangup, SIGHUP);
	if (is_reload_wanted) {
		is_reload_wanted = 0;
		ev_feed_event(loop_ev(l), &w->hangup, EV_SIGNAL);
	}
	ev_init(&w->ping, on_ping);
	if (sd_watchdog_enabled(/* unset_environment= */ 0, &us) > 0) {
		double third = (double)us / 3e6;

		ev_timer_set(&w->ping, 0., third);
		ev_set_priority(&w->ping, EV_MINPRI);
		ev_timer_start(loop_ev(l), &w->ping);
	}
	return w;
}

void watch_destroy(struct watch **w)
{
	struct watch *gone = *w;

	if (gone == NULL) {
		return;
	}
	*w = NULL;
	ev_signal_stop(loop_ev(gone->loop), &gone->term);
	ev_signal_stop(loop_ev(gone->loop), &gone->interrupt);
	ev_signal_stop(loop_ev(gone->loop), &gone->hangup);
	ev_timer_stop(loop_ev(gone->loop), &gone->ping);
	loop_bury(gone->loop, gone, free);
}

void watch_leave_no_core(void)
{
	/* Cannot fail for this. RLIMIT_CORE would not hold where cores go to a program. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void watch_open_many(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 8192) {
		limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* else fewer pages are open at once */
	}
}

void watch_ready(struct watch *w)
{
	(void)w;
	(void)sd_notify(/* unset_environment= */ 0, "READY=1");
}

void watch_reloading(struct watch *w)
{
	struct timespec now = { 0 };

	(void)w;
	/* systemd compares this with its own CLOCK_MONOTONIC, which is not our mono. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(/* unset_environment= */ 0, "RELOADING=1\nMONOTONIC_USEC=%lld",
			 (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void watch_stopping(struct watch *w)
{
	(void)w;
	(void)sd_notify(/* unset_environment= */ 0, "STOPPING=1");
}

void watch_status(struct watch *w, const char *status)
{
	(void)w;
	(void)sd_notifyf(/* unset_environment= */ 0, "STATUS=%s", status);
}
