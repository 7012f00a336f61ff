/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host processor's machinery without the core: client, monitor and real
 * firmware processes. What runs, what it is told, how it stops and dies.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <librproc/rproc.h>

#include "channel.h"
#include "death.h"
#include "host_fixture.h"

static struct host_fixture fixture;

static void firmware_runs_and_writes_its_trace(void **state)
{
	const struct rproc_host_control *page;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello from the host processor, boot 1\n");
	page = fixture.client.page;
	assert_int_equal(page->table_da, 0x10001000);
	assert_int_equal(page->window_len, HOST_TEST_WINDOW);
	assert_int_equal(host_fixture_count_processes(fixture.name), 2);
}

static void a_kick_is_answered_with_a_notification(void **state)
{
	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	host_client_kick(&fixture.client, 5);
	assert_true(host_fixture_await_fd(fixture.client.doorbell));
	assert_int_equal(host_fixture_notified(&fixture), 1 << 5);
	host_fixture_await_trace(&fixture, "kick 5: 1 so far\n");
}

static void the_firmware_of_the_readme_works(void **state)
{
	struct host_stop_result result;

	(void)state;
	host_fixture_boot(&fixture, "readme");
	host_client_kick(&fixture.client, 7);
	assert_true(host_fixture_await_fd(fixture.client.doorbell));
	assert_int_equal(host_fixture_notified(&fixture), 1 << 7);
	host_client_stop(&fixture.client, HOST_TEST_MS, &result);
	assert_int_equal(result.how, HOST_STOP_ACKED);
}

static void a_kick_before_the_vector_is_set_is_not_lost(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		host_fixture_boot(&fixture, "hello");
		/* Right behind the jump: the firmware has no vector yet, or just so. */
		host_client_kick(&fixture.client, 0);
		assert_true(host_fixture_await_fd(fixture.client.doorbell));
		assert_int_equal(host_fixture_notified(&fixture), 1);
		host_client_stop(&fixture.client, 0, &(struct host_stop_result){ 0 });
	}
}

static int compare_ns(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void a_kick_interrupts_firmware_that_spins(void **state)
{
	enum { KICKS = 2000 };
	static int64_t late[KICKS];
	struct rproc_host_control *page;
	int64_t began;
	int i;

	(void)state;
	host_fixture_boot(&fixture, "spin");
	host_fixture_await_trace(&fixture, "spin: spinning");
	page = fixture.client.page;
	for (i = 0; i < KICKS; i++) {
		began = host_fixture_now_ns();
		host_client_kick(&fixture.client, 0);
		while (__atomic_load_n(&page->notifies[0], __ATOMIC_ACQUIRE) != (uint64_t)i + 1) {
			if (host_fixture_now_ns() - began > HOST_TEST_MS * INT64_C(1000000))
				fail_msg("kick %d was not seen", i);
			sched_yield(); /* there may be one CPU for both */
		}
		late[i] = (int64_t)page->notifies[1] - began;
	}
	qsort(late, KICKS, sizeof(late[0]), compare_ns);
	print_message("kick to vector while spinning: median %.1f us, 99%% %.1f us, max %.1f us\n",
		      (double)late[KICKS / 2] / 1e3, (double)late[KICKS * 99 / 100] / 1e3,
		      (double)late[KICKS - 1] / 1e3);
}

/* In a child with process numbers of its own; 77: there are none to be had. */
static int kick_from_another_namespace(unsigned int vqid)
{
	pid_t child;
	int status;

	if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return 77;
	child = fork();
	if (!child)
		_exit(-host_client_kick(&fixture.client, vqid));
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void a_kick_that_cannot_reach_the_firmware_says_so(void **state)
{
	int status;
	pid_t child;

	(void)state;
	host_fixture_boot(&fixture, "spin");
	host_fixture_await_trace(&fixture, "spin: spinning");
	assert_int_equal(host_client_kick(&fixture.client, 0), 0);
	assert_int_equal(host_client_kick(&fixture.client, RPROC_HOST_VQS), -ECHRNG);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(kick_from_another_namespace(0));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), EINVAL);
	/* Of one that has died the monitor tells. */
	assert_int_equal(kill(fixture.client.firmware_pid, SIGKILL), 0);
	host_fixture_await_death(&fixture, &(struct host_death){ 0 });
	assert_int_equal(host_client_kick(&fixture.client, 0), 0);
}

enum { THREADS = 4, KICKS_EACH = 250000 };

/* Each thread rings an id of its own, and one that all share. */
static void *kick_a_lot(void *arg)
{
	const unsigned int id = (unsigned int)(uintptr_t)arg;
	int i;

	for (i = 0; i < KICKS_EACH; i++)
		host_client_kick(&fixture.client, i % 2 ? id : THREADS);
	return NULL;
}

static void a_million_kicks_are_counted_and_none_is_lost(void **state)
{
	struct rproc_host_control *page;
	pthread_t thread[THREADS];
	uintptr_t i;
	int64_t began;

	(void)state;
	host_fixture_boot(&fixture, "kicks");
	host_fixture_await_trace(&fixture, "kicks: counting");
	page = fixture.client.page;
	began = host_fixture_now_ns();
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, kick_a_lot, (void *)i), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i <= THREADS; i++) {
		const uint64_t want = i == THREADS ? THREADS * KICKS_EACH / 2 : KICKS_EACH / 2;

		assert_true(host_fixture_await_word(&page->notifies[i], want));
		assert_int_equal(page->notifies[i], want);
		assert_int_equal(page->kicks[i], want);
	}
	print_message("%d kicks in %.0f ms, %llu interrupts\n", THREADS * KICKS_EACH,
		      (double)(host_fixture_now_ns() - began) / 1e6,
		      (unsigned long long)page->notifies[RPROC_HOST_VQS - 1]);
}

static void kicks_may_come_while_it_stops_and_starts(void **state)
{
	struct host_stop_result result;
	pthread_t thread;
	int i;

	(void)state;
	host_fixture_boot(&fixture, "kicks");
	assert_int_equal(pthread_create(&thread, NULL, kick_a_lot, NULL), 0);
	for (i = 0; i < 10; i++) {
		host_client_stop(&fixture.client, i % 2 ? HOST_TEST_MS : 0, &result);
		host_client_power_off(&fixture.client, true);
		host_fixture_boot(&fixture, "kicks");
	}
	pthread_join(thread, NULL);
}

/* ---- death ------------------------------------------------------------------------ */

static void expect_crash(const char *name, int signal, unsigned int type, const char *words)
{
	struct host_death death;
	char story[512];

	host_fixture_boot(&fixture, name);
	if (!strstr(name, "on_start")) {
		host_fixture_await_trace(&fixture, "crash: waiting");
		host_client_kick(&fixture.client, 0);
	}
	host_fixture_await_death(&fixture, &death);
	host_death_story(&death, story, sizeof(story));
	print_message("%s: %s\n", name, story);
	assert_int_equal(death.signal, signal);
	assert_int_equal(host_death_type(&death), type);
	assert_non_null(strstr(story, words));
	if (signal) {
		assert_int_equal(death.fault.valid, 1);
		assert_in_range(death.fault.pc, 0x10000000, 0x10000fff);
	}
	/* The memory is the host's still. */
	host_fixture_await_trace(&fixture, "crash: ");
}

static void each_crash_has_its_class_address_and_pc(void **state)
{
	(void)state;
	expect_crash("crash_segv", SIGSEGV, RPROC_CRASH_MMUFAULT, "address 0xbadc0de0, pc 0x1000");
	expect_crash("crash_ill", SIGILL, RPROC_CRASH_FATAL_ERROR, "SIGILL");
	expect_crash("crash_fpe", HOST_TEST_FPE_SIGNAL, RPROC_CRASH_FATAL_ERROR,
		     HOST_TEST_FPE_WORDS);
	expect_crash("crash_sys", SIGSYS, RPROC_CRASH_FATAL_ERROR, "SIGSYS");
	expect_crash("crash_exit", 0, RPROC_CRASH_FATAL_ERROR,
		     "status 42; its last words: giving up: out of coffee");
}

static void a_crash_at_the_first_instruction_is_a_crash(void **state)
{
	(void)state;
	expect_crash("crash_segv_on_start", SIGSEGV, RPROC_CRASH_MMUFAULT, "pc 0x1000");
	expect_crash("crash_ill_on_start", SIGILL, RPROC_CRASH_FATAL_ERROR, "SIGILL");
	expect_crash("crash_exit_on_start", 0, RPROC_CRASH_FATAL_ERROR, "status 42");
}

static void firmware_that_hangs_is_bitten(void **state)
{
	struct host_death death;
	char story[512];

	(void)state;
	host_fixture_boot(&fixture, "hang");
	host_fixture_await_death(&fixture, &death);
	assert_int_equal(host_death_type(&death), RPROC_CRASH_WATCHDOG);
	assert_int_equal(death.period, 100);
	host_death_story(&death, story, sizeof(story));
	print_message("%s\n", story);
	assert_non_null(strstr(story, "did not feed the watchdog for 100 ms; it was at pc 0x1000"));
	host_fixture_await_trace(&fixture, "hang: hanging");
}

static void firmware_killed_from_outside_is_a_fatal_error(void **state)
{
	struct host_death death;
	char story[512];

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	kill(fixture.client.firmware_pid, SIGKILL);
	host_fixture_await_death(&fixture, &death);
	assert_int_equal(host_death_type(&death), RPROC_CRASH_FATAL_ERROR);
	host_death_story(&death, story, sizeof(story));
	assert_non_null(strstr(story, "signal 9"));
	assert_non_null(strstr(story, "no registers"));
}

static void a_signal_sent_from_outside_kills_like_a_fault(void **state)
{
	struct host_death death;

	(void)state;
	host_fixture_boot(&fixture, "spin");
	host_fixture_await_trace(&fixture, "spin");
	kill(fixture.client.firmware_pid, SIGSEGV);
	host_fixture_await_death(&fixture, &death);
	assert_int_equal(death.signal, SIGSEGV);
	assert_int_equal(death.fault.valid, 1);
}

static void after_a_crash_the_same_memory_boots_again(void **state)
{
	struct host_death death;
	uint8_t *far;

	(void)state;
	host_fixture_boot(&fixture, "crash_segv_on_start");
	host_fixture_await_death(&fixture, &death);
	far = (uint8_t *)host_client_window(&fixture.client) + HOST_TEST_WINDOW - 1;
	*far = 0x5a;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "boot 2");
	assert_int_equal(*far, 0x5a);
}

/* ---- stopping ----------------------------------------------------------------------- */

static void a_shutdown_is_acknowledged(void **state)
{
	struct host_stop_result result;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	host_client_stop(&fixture.client, HOST_TEST_MS, &result);
	assert_int_equal(result.how, HOST_STOP_ACKED);
	assert_true(result.elapsed_us < HOST_TEST_MS * 1000u);
	print_message("acknowledged after %llu us\n", (unsigned long long)result.elapsed_us);
	host_fixture_await_trace(&fixture, "good bye");
	assert_int_equal(host_fixture_count_processes(fixture.name), 1);
}

static void spinning_firmware_hears_the_shutdown(void **state)
{
	struct host_stop_result result;

	(void)state;
	host_fixture_boot(&fixture, "spin");
	host_fixture_await_trace(&fixture, "spin");
	host_client_stop(&fixture.client, HOST_TEST_MS, &result);
	assert_int_equal(result.how, HOST_STOP_ACKED);
}

static void stubborn_firmware_is_reset_in_time(void **state)
{
	struct host_stop_result result;
	int64_t began;

	(void)state;
	host_fixture_boot(&fixture, "stubborn");
	host_fixture_await_trace(&fixture, "I stay");
	began = host_now_ms();
	host_client_stop(&fixture.client, 100, &result);
	assert_int_equal(result.how, HOST_STOP_FORCED);
	assert_true(host_now_ms() - began >= 100);
	assert_true(result.elapsed_us >= 99000);
	host_fixture_await_trace(&fixture, "stubborn: no");
	assert_int_equal(host_fixture_count_processes(fixture.name), 1);
}

static void *kill_after_a_while(void *arg)
{
	struct pollfd never = { .fd = -1 };

	poll(&never, 1, 300);
	kill(*(const pid_t *)arg, SIGKILL);
	return NULL;
}

static void patience_without_end_is_patience(void **state)
{
	struct host_stop_result result;
	pthread_t thread;
	pid_t firmware;

	(void)state;
	host_fixture_boot(&fixture, "stubborn");
	host_fixture_await_trace(&fixture, "I stay");
	firmware = fixture.client.firmware_pid;
	assert_int_equal(pthread_create(&thread, NULL, kill_after_a_while, &firmware), 0);
	/* As an int, and with the time an answer may take added, this is 50 ms. */
	host_client_stop(&fixture.client, (unsigned int)(50 - 15000), &result);
	pthread_join(thread, NULL);
	assert_int_equal(result.how, HOST_STOP_EXITED);
}

static void firmware_that_dies_of_the_request_has_stopped(void **state)
{
	struct host_stop_result result;
	struct host_death death;

	(void)state;
	host_fixture_boot(&fixture, "crash_exit_on_start");
	host_fixture_await_death(&fixture, &death);
	host_client_stop(&fixture.client, HOST_TEST_MS, &result);
	assert_int_equal(result.how, HOST_STOP_IDLE);
}

static void two_starts_at_once_are_refused(void **state)
{
	(void)state;
	host_fixture_boot(&fixture, "spin");
	assert_int_equal(host_client_start(&fixture.client, &fixture.identity, &fixture.layout),
			 -EBUSY);
	assert_non_null(strstr(fixture.client.story, "runs already"));
}

/* In the child: 0 if firmware of a program with this niceness and policy has @expected and no more. */
static int priority_of_firmware(int niceness, int policy, int expected)
{
	const struct sched_param param = { .sched_priority = policy == SCHED_FIFO };
	pid_t firmware;
	int got;

	if (setpriority(PRIO_PROCESS, 0, niceness) || sched_setscheduler(0, policy, &param))
		return 77;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	firmware = fixture.client.firmware_pid;
	got = sched_getscheduler(firmware) != (policy == SCHED_FIFO ? SCHED_OTHER : policy) ||
	      getpriority(PRIO_PROCESS, (id_t)firmware) != expected ||
	      sched_getscheduler(fixture.client.monitor_pid) != policy;
	host_client_power_off(&fixture.client, true);
	return got;
}

static void firmware_is_never_favoured_over_other_processes(void **state)
{
	static const struct {
		int niceness, policy, expected;
	} rows[] = {
		{ 7, SCHED_OTHER, 7 },
		{ 3, SCHED_BATCH, 3 },
		{ -5, SCHED_OTHER, 0 },
		{ -5, SCHED_FIFO, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (!pid)
			_exit(priority_of_firmware(rows[i].niceness, rows[i].policy,
						   rows[i].expected));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		/*
		 * The last two take a privilege, which root of a container may lack; all do for
		 * who is humbler himself.
		 */
		if (WEXITSTATUS(status) != 77)
			assert_int_equal(WEXITSTATUS(status), 0);
		else
			assert_true(i >= 2 || getpriority(PRIO_PROCESS, 0) > rows[i].niceness);
	}
}

/* ---- terminals ------------------------------------------------------------------------- */

/* Field @n (from 1) of a process's stat, behind its name. */
static long stat_field(int pid, int n)
{
	char path[64], buf[512], *at;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	assert_true(len > 0);
	buf[len] = '\0';
	at = strrchr(buf, ')');
	assert_non_null(at);
	for (n -= 2; n > 0; n--) {
		at = strchr(at + 1, ' ');
		assert_non_null(at);
	}
	return strtol(at, NULL, 10);
}

/* In a session of its own on a terminal: boot, detach, tell, and wait for the end. */
static _Noreturn void detach_in_a_terminal(int master, int ready)
{
	const char *const terminal = ptsname(master);

	signal(SIGHUP, SIG_DFL);
	if (!terminal || setsid() < 0 || open(terminal, O_RDWR) < 0)
		_exit(1);
	close(master);
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	if (host_client_detach(&fixture.client) || write(ready, "", 1) != 1)
		_exit(2);
	for (;;)
		pause();
}

static void the_end_of_a_terminal_passes_a_detached_processor_by(void **state)
{
	const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int ready[2], status, firmware;
	char comm[24], byte;
	pid_t child;

	(void)state;
	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		detach_in_a_terminal(master, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	snprintf(comm, sizeof(comm), "fw:%s", fixture.name);
	firmware = host_fixture_find_process(comm);
	assert_true(firmware > 0);
	assert_int_equal(stat_field(firmware, 6), child);     /* one session */
	assert_int_not_equal(stat_field(firmware, 5), child); /* not one group */
	assert_int_equal(stat_field(firmware, 7), 0);	      /* no terminal */
	close(master);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), 0);
	assert_int_equal(fixture.client.power, HOST_POWER_RUNNING);
	assert_int_equal(host_client_attach(&fixture.client), 0);
	host_client_kick(&fixture.client, 3);
	assert_true(host_fixture_await_fd(fixture.client.doorbell));
	assert_int_equal(host_client_take_notified(&fixture.client), 1 << 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name)                                                                                   \
	cmocka_unit_test_prestate_setup_teardown(name, host_fixture_setup, host_fixture_teardown, \
						 &fixture)
		T(firmware_runs_and_writes_its_trace),
		T(a_kick_is_answered_with_a_notification),
		T(the_firmware_of_the_readme_works),
		T(a_kick_before_the_vector_is_set_is_not_lost),
		T(a_kick_interrupts_firmware_that_spins),
		T(a_kick_that_cannot_reach_the_firmware_says_so),
		T(a_million_kicks_are_counted_and_none_is_lost),
		T(kicks_may_come_while_it_stops_and_starts),
		T(each_crash_has_its_class_address_and_pc),
		T(a_crash_at_the_first_instruction_is_a_crash),
		T(firmware_that_hangs_is_bitten),
		T(firmware_killed_from_outside_is_a_fatal_error),
		T(a_signal_sent_from_outside_kills_like_a_fault),
		T(after_a_crash_the_same_memory_boots_again),
		T(a_shutdown_is_acknowledged),
		T(spinning_firmware_hears_the_shutdown),
		T(stubborn_firmware_is_reset_in_time),
		T(patience_without_end_is_patience),
		T(firmware_that_dies_of_the_request_has_stopped),
		T(two_starts_at_once_are_refused),
		T(firmware_is_never_favoured_over_other_processes),
		T(the_end_of_a_terminal_passes_a_detached_processor_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
