/* What this protects: time is read once a turn and passed down, nothing is freed under its own
 * callback, and a service manager hears what it must hear. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "answerd/log.h"
#include "daemon/io/loop.h"
#include "daemon/io/watch.h"
#include "tests/cm.h"

static struct loop *loop;
static int n_buried, n_stops, n_reloads;
static bool is_inside, was_second;
static struct wall wall_begin, wall_end;

static int set_up(void **state)
{
	(void)state;
	n_buried = n_stops = n_reloads = 0;
	loop = loop_create();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_destroy(&loop);
	assert_null(loop);
	return 0;
}

static void bury(void *what)
{
	assert_false(is_inside);
	n_buried++;
	free(what);
}

static void bury_more(void *what)
{
	loop_bury(loop, xcalloc(1, 1), bury);
	bury(what);
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
	(void)ev;
	(void)w;
	(void)revents;
	is_inside = true;
	wall_begin = loop_wall(loop);
	(void)usleep(20000);
	wall_end = loop_wall(loop);
	loop_bury(loop, xcalloc(1, 1), bury_more);
	is_inside = false;
}

static void on_end(struct ev_loop *ev, ev_timer *w, int revents)
{
	(void)ev;
	(void)w;
	(void)revents;
	loop_stop(loop);
}

static void test_a_turn_has_one_time_and_a_graveyard(void **state)
{
	ev_timer timer, end;
	struct mono before = loop_mono(loop);

	(void)state;
	ev_init(&timer, on_timer);
	ev_init(&end, on_end);
	loop_arm(loop, &timer, DUR_MS(5));
	loop_arm(loop, &end, DUR_MS(60));
	loop_run(loop);
	assert_int_equal(n_buried, 2);
	assert_int_equal(wall_begin.us, wall_end.us);
	assert_true(dur_seconds(mono_since(before, loop_mono(loop))) >= 0.055);
}

static void test_wall_time_can_be_shifted(void **state)
{
	struct wall before = loop_wall(loop);
	struct mono mono = loop_mono(loop);

	(void)state;
	loop_shift_wall(loop, DUR_S(86400));
	assert_true(dur_seconds(wall_since(before, loop_wall(loop))) > 86399);
	assert_true(dur_seconds(mono_since(mono, loop_mono(loop))) < 5);
	loop_shift_wall(loop, DUR_S(0));
	assert_true(dur_seconds(wall_since(before, loop_wall(loop))) < 5);
}

static void test_the_database_knows_the_time(void **state)
{
	struct wall machine;

	(void)state;
	loop_correct_wall(loop, loop_wall(loop));
	machine = loop_wall_machine(loop);
	/* The machine is two hours behind; then it was put right. */
	loop_correct_wall(loop, wall_add(machine, DUR_S(7200)));
	assert_in_range(wall_since(machine, loop_wall(loop)).us, 7199 * 1000000L, 7230 * 1000000L);
	assert_in_range(wall_since(machine, loop_wall_machine(loop)).us, 7199 * 1000000L,
			7230 * 1000000L);
	loop_shift_wall(loop, DUR_S(86400));
	assert_true(dur_seconds(wall_since(machine, loop_wall(loop))) > 93599);
	assert_true(dur_seconds(wall_since(machine, loop_wall_machine(loop))) < 7230);
	loop_shift_wall(loop, DUR_S(0));
	loop_correct_wall(loop, machine);
	assert_true(dur_seconds(wall_since(machine, loop_wall(loop))) < 30);
	/* An answer that was on its way for a moment moves nothing. */
	machine = loop_wall(loop);
	loop_correct_wall(loop, wall_add(machine, DUR_US(-300000)));
	assert_false(wall_before(loop_wall(loop), machine));
}

static void on_stop(bool is_second, void *owner)
{
	(void)owner;
	n_stops++;
	was_second = is_second;
	if (is_second) {
		loop_stop(loop);
	} else {
		(void)raise(SIGINT);
	}
}

static void on_reload(void *owner)
{
	(void)owner;
	n_reloads++;
	(void)raise(SIGTERM);
}

static int64_t jumped_us; /* what the machine's wall clock is wrong by */

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = __real_clock_gettime(id, t);

	if (id == CLOCK_REALTIME) {
		t->tv_sec += jumped_us / 1000000;
	}
	return rc;
}

static void jump(int64_t s)
{
	jumped_us = s * 1000000;
	loop_shift_wall(loop, DUR_S(0)); /* reads the clocks, as a turn does */
}

/* A telling that is signed between a jump and the next word of the database bears the true time. */
static void test_a_jump_is_passed_over(void **state)
{
	static const int64_t jumps[] = { 7200, -86400, 0, 315360000, -1700000000, 2, 0 };
	struct wall truth;

	(void)state;
	truth = loop_wall_machine(loop);
	jump(7200); /* nobody has said anything else: believed */
	assert_in_range(wall_since(truth, loop_wall_machine(loop)).us, 7199 * 1000000L,
			7230 * 1000000L);
	loop_correct_wall(loop, truth);
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		jump(jumps[i]);
		assert_true(dur_seconds(wall_since(truth, loop_wall_machine(loop))) < 30);
		assert_true(dur_seconds(wall_since(truth, loop_wall_machine(loop))) > -1.5);
		if (i % 2 == 1) {
			loop_correct_wall(loop, truth);
			assert_true(dur_seconds(wall_since(truth, loop_wall(loop))) < 30);
		}
	}
	jumped_us = 0;
}

static void test_signals_and_the_manager(void **state)
{
	static const struct watch_events events = { on_stop, on_reload };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char said[2000] = "", path[80];
	struct watch *w;

	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/answerd-test-notify.%d", (int)getpid());
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	(void)setenv("NOTIFY_SOCKET", path, 1);
	(void)setenv("WATCHDOG_USEC", "30000", 1);
	(void)unsetenv("WATCHDOG_PID");
	w = watch_create(loop, &events, NULL);
	watch_ready(w);
	watch_status(w, "7 accounts, 2 late");
	watch_reloading(w);
	watch_stopping(w);
	(void)raise(SIGPIPE); /* ignored */
	(void)raise(SIGHUP);
	loop_run(loop);
	assert_int_equal(n_reloads, 1);
	assert_int_equal(n_stops, 2);
	assert_true(was_second);
	for (;;) {
		char one[300];
		ssize_t n = recv(fd, one, sizeof(one) - 1, MSG_DONTWAIT);

		if (n < 0) {
			break;
		}
		one[n] = '\0';
		(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", one);
	}
	assert_non_null(strstr(said, "READY=1"));
	assert_non_null(strstr(said, "STATUS=7 accounts, 2 late"));
	assert_non_null(strstr(said, "RELOADING=1\nMONOTONIC_USEC="));
	assert_non_null(strstr(said, "STOPPING=1"));
	assert_non_null(strstr(said, "WATCHDOG=1"));
	watch_destroy(&w);
	(void)close(fd);
	(void)unlink(path);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
}

/* A reload that was asked for while the configuration was read. */
static void test_a_wish_before_the_loop_is_kept(void **state)
{
	static const struct watch_events events = { on_stop, on_reload };
	struct watch *w;

	(void)state;
	watch_early();
	(void)raise(SIGHUP);
	w = watch_create(loop, &events, NULL);
	assert_int_equal(n_reloads, 0); /* never from inside */
	loop_run(loop);
	assert_int_equal(n_reloads, 1);
	assert_int_equal(n_stops, 2);
	watch_destroy(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_a_turn_has_one_time_and_a_graveyard),
		T(test_wall_time_can_be_shifted),
		T(test_a_jump_is_passed_over),
		T(test_the_database_knows_the_time),
		T(test_signals_and_the_manager),
		T(test_a_wish_before_the_loop_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
