/* SPDX-License-Identifier: BSD-3-Clause */
/* Hostile firmware of a host processor: what it may reach, and what its lies do to others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "death.h"
#include "host_fixture.h"

/* What jail.elf knows to try. */
#if defined(__x86_64__)
#define JAIL_CALLS 20
#else
#define JAIL_CALLS 18
#endif

static struct host_fixture fixture;

/* The firmware dies of its attempt, or lives to ring. */
static bool got_out(unsigned int attempt)
{
	struct pollfd pfd[] = { { .fd = fixture.client.event, .events = POLLIN },
				{ .fd = fixture.client.doorbell, .events = POLLIN } };

	assert_true(poll(pfd, 2, HOST_TEST_MS) > 0);
	if (pfd[1].revents)
		print_message("attempt %u lived to tell\n", attempt);
	return pfd[1].revents;
}

static void no_system_call_leads_out(void **state)
{
	struct host_death death;
	unsigned int i;

	(void)state;
	for (i = 0; i < JAIL_CALLS; i++) {
		host_fixture_boot(&fixture, "jail");
		host_fixture_await_trace(&fixture, "jail: in");
		host_client_kick(&fixture.client, i);
		/* One that succeeds rings; the wait for a death must not be all we learn. */
		assert_false(got_out(i));
		host_fixture_await_death(&fixture, &death);
		assert_int_equal(death.cause, HOST_DEATH_SIGNAL);
		assert_int_equal(death.signal, SIGSYS);
	}
}

static long status_field(const char *name)
{
	char path[64], line[256];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", fixture.client.firmware_pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name)))
			value = strtol(line + strlen(name), NULL, 16);
	}
	fclose(file);
	return value;
}

static void the_firmware_process_has_given_up_everything(void **state)
{
	char path[64], target[128];
	const struct dirent *entry;
	int count = 0;
	ssize_t len;
	DIR *dir;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	assert_int_equal(status_field("NoNewPrivs:"), 1);
	assert_int_equal(status_field("Seccomp:"), 2);
	assert_int_equal(status_field("CapPrm:"), 0);
	assert_int_equal(status_field("CapEff:"), 0);
	if (!geteuid())
		assert_int_equal(status_field("CapBnd:"), 0);
	snprintf(path, sizeof(path), "/proc/%d/fd", fixture.client.firmware_pid);
	dir = opendir(path);
	/* A process that leaves no core shows its descriptors to root only. */
	if (!dir && geteuid())
		skip();
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		assert_string_equal(target, "anon_inode:[eventfd]");
		count++;
	}
	closedir(dir);
	assert_int_equal(count, 2);
}

/* Queued signals are counted per user, so what firmware may have others may lack. */
static void firmware_cannot_use_up_its_users_signals(void **state)
{
	struct rlimit queue = { 1, 1 };

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	assert_int_equal(prlimit(fixture.client.firmware_pid, RLIMIT_SIGPENDING, NULL, &queue), 0);
	assert_int_equal(queue.rlim_cur, 0);
	assert_int_equal(queue.rlim_max, 0);
}

/*
 * A limit does not keep a kernel from handing a core to a program; a process that
 * may not be dumped does, and is known by what it refuses to its own user.
 */
static void a_dying_firmware_leaves_no_core(void **state)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	char path[64];
	int status;
	pid_t pid;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	snprintf(path, sizeof(path), "/proc/%d/mem", fixture.client.firmware_pid);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (syscall(SYS_capset, &header, none))
			_exit(2);
		_exit(open(path, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* All bits set, in every field that firmware can write. */
static void a_lying_control_page_deceives_nobody(void **state)
{
	struct rproc_host_control *page;
	struct host_stop_result result;
	struct host_death death;
	char story[512];

	(void)state;
	host_fixture_boot(&fixture, "stubborn");
	host_fixture_await_trace(&fixture, "I stay");
	page = fixture.client.page;
	memset(&page->vector, 0xff, sizeof(*page) - offsetof(struct rproc_host_control, vector));
	assert_int_equal(host_fixture_notified(&fixture), UINT64_MAX);
	/* The vector points nowhere: the next kick is the end, at that address. */
	host_client_kick(&fixture.client, 0);
	host_fixture_await_death(&fixture, &death);
	assert_int_equal(death.signal, SIGSEGV);
	host_death_story(&death, story, sizeof(story));
	assert_true(strlen(story) < sizeof(story) - 1);
	print_message("%s\n", story);
	/* A period of 2^32 - 1 and an acknowledgement of what nobody asked. */
	host_fixture_boot(&fixture, "stubborn");
	host_fixture_await_trace(&fixture, "I stay");
	page->watchdog_period_ms = UINT32_MAX;
	page->shutdown_ack = 7;
	host_client_stop(&fixture.client, 50, &result);
	assert_int_equal(result.how, HOST_STOP_FORCED);
}

static void a_short_watchdog_period_bites_soon(void **state)
{
	struct host_death death;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	/* As if the firmware had written it; the monitor reads it when its present period ends. */
	__atomic_store_n(&fixture.client.page->watchdog_period_ms, 1, __ATOMIC_RELEASE);
	host_fixture_await_death(&fixture, &death);
	assert_int_equal(death.cause, HOST_DEATH_WATCHDOG);
	assert_int_equal(death.period, 1);
}

/* Without the service, which would ring: the word on the page alone arms it. */
static void a_period_that_is_only_written_arms_the_watchdog(void **state)
{
	struct host_death death;

	(void)state;
	host_fixture_boot(&fixture, "stubborn");
	host_fixture_await_trace(&fixture, "I stay");
	__atomic_store_n(&fixture.client.page->watchdog_period_ms, 20, __ATOMIC_RELEASE);
	host_fixture_await_death(&fixture, &death);
	assert_int_equal(death.cause, HOST_DEATH_WATCHDOG);
	assert_int_equal(death.period, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name)                                                                                   \
	cmocka_unit_test_prestate_setup_teardown(name, host_fixture_setup, host_fixture_teardown, \
						 &fixture)
		T(no_system_call_leads_out),
		T(the_firmware_process_has_given_up_everything),
		T(firmware_cannot_use_up_its_users_signals),
		T(a_dying_firmware_leaves_no_core),
		T(a_lying_control_page_deceives_nobody),
		T(a_short_watchdog_period_bites_soon),
		T(a_period_that_is_only_written_arms_the_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
