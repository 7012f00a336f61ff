/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host processor through the public API: a board, four processors, real
 * firmware processes, and other programs (this one, executed again) that boot,
 * detach, attach, or come too late.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <librproc/driver.h>

#include "channel.h"
#include "host_fixture.h"

extern const struct rproc_plugin rproc_plugin_host;

static char state_dir[64];
static struct rproc_context *context;
static char last_log[4096];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static void keep_log(int level, const char *device, const char *text, void *data)
{
	const size_t room = sizeof(last_log);
	size_t used;

	(void)level;
	(void)data;
	pthread_mutex_lock(&log_lock);
	used = strlen(last_log);
	if (used + strlen(device) + strlen(text) + 4 > room)
		used = 0;
	snprintf(last_log + used, room - used, "%s: %s\n", device, text);
	pthread_mutex_unlock(&log_lock);
}

static bool logged(const char *text)
{
	bool found;

	pthread_mutex_lock(&log_lock);
	found = strstr(last_log, text);
	pthread_mutex_unlock(&log_lock);
	return found;
}

static struct rproc_context *new_context(const char *dir)
{
	const struct rproc_context_options options = {
		.size = sizeof(options),
		.log = keep_log,
		.log_level = RPROC_LOG_DEBUG,
		.firmware_dirs = HOST_TEST_FIRMWARE_DIR,
		.state_dir = dir,
		.plugin_path = "/nonexistent",
	};
	struct rproc_context *new;

	assert_int_equal(rproc_context_new(&options, &new), 0);
	assert_int_equal(rproc_context_add_plugin(new, &rproc_plugin_host), 0);
	return new;
}

static int setup(void **state)
{
	(void)state;
	snprintf(state_dir, sizeof(state_dir), "/tmp/host-test.XXXXXX");
	assert_non_null(mkdtemp(state_dir));
	last_log[0] = '\0';
	context = new_context(state_dir);
	assert_int_equal(rproc_context_add_board_file(context, HOST_TEST_BOARD, false), 4);
	return 0;
}

static int teardown(void **state)
{
	int i;

	(void)state;
	rproc_context_free(context);
	for (i = 0; i < 4; i++) {
		char name[8];

		snprintf(name, sizeof(name), "host%d", i);
		assert_true(host_fixture_await_no_processes(name));
	}
	assert_int_equal(rmdir(state_dir), 0);
	return 0;
}

static struct rproc *get(const char *name)
{
	struct rproc *rproc = rproc_get_by_name(context, name);

	assert_non_null(rproc);
	return rproc;
}

static void boot(struct rproc *rproc, const char *firmware)
{
	char story[1024] = "";
	int ret;

	assert_int_equal(rproc_set_firmware(rproc, firmware), 0);
	ret = rproc_boot(rproc);
	rproc_last_error(rproc, story, sizeof(story));
	if (ret)
		fail_msg("boot of %s: %d: %s", firmware, ret, story);
}

static bool trace_has(struct rproc *rproc, const char *text)
{
	char buf[4096] = "";

	if (rproc_trace_read(rproc, 0, buf, sizeof(buf) - 1, 0) < 0)
		return false;
	return strstr(buf, text);
}

static void await_trace(struct rproc *rproc, const char *text)
{
	const int64_t deadline = host_now_ms() + HOST_TEST_MS;
	struct pollfd never = { .fd = -1 };

	while (!trace_has(rproc, text)) {
		if (host_now_ms() >= deadline)
			fail_msg("no \"%s\" in the trace of %s", text, rproc_name(rproc));
		poll(&never, 1, 1);
	}
}

/* Wait for the event that says @rproc went from one state to another. */
static void await_transition(struct rproc *rproc, enum rproc_state from, enum rproc_state to,
			     const char *reason)
{
	struct rproc_event event;

	for (;;) {
		if (!rproc_event_read(context, &event)) {
			if (!host_fixture_await_fd(rproc_event_fd(context)))
				fail_msg("%s never went from %s to %s", rproc_name(rproc),
					 rproc_state_name(from), rproc_state_name(to));
			continue;
		}
		if (event.type == RPROC_EVENT_STATE && event.index == rproc_index(rproc) &&
		    event.old_state == from && event.new_state == to) {
			assert_string_equal(event.reason, reason);
			return;
		}
	}
}

static void expect_story(struct rproc *rproc, const char *text)
{
	char story[1024];

	rproc_last_error(rproc, story, sizeof(story));
	if (!strstr(story, text))
		fail_msg("no \"%s\" in the story \"%s\"", text, story);
}

/* ---- one program --------------------------------------------------------------------- */

static void a_processor_boots_speaks_and_stops(void **state)
{
	struct rproc *const rproc = get("host0");
	void *table;
	size_t size;

	(void)state;
	assert_string_equal(rproc_device_path(rproc), "platform/host0");
	assert_string_equal(rproc_plugin_name(rproc), "host");
	boot(rproc, "hello.elf");
	assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
	assert_int_equal(rproc_bootaddr(rproc), 0x10000000);
	await_trace(rproc, "hello from the host processor, boot 1\n");
	assert_int_equal(rproc_get_table(rproc, &table, &size), 0);
	assert_int_equal(size, 68);
	free(table);
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_OFFLINE);
	assert_true(logged("host0 acknowledged the shutdown after"));
	assert_true(host_fixture_await_no_processes("host0"));
	rproc_put(rproc);
}

static void four_processors_run_at_once(void **state)
{
	struct rproc *rproc[4];
	char name[8];
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "host%d", i);
		rproc[i] = get(name);
		boot(rproc[i], "hello.elf");
	}
	for (i = 0; i < 4; i++)
		await_trace(rproc[i], "hello");
	for (i = 0; i < 4; i++) {
		assert_int_equal(rproc_shutdown(rproc[i]), 0);
		rproc_put(rproc[i]);
	}
}

static void a_crash_is_told_and_recovered_from(void **state)
{
	static const struct {
		const char *firmware, *reason, *story;
	} crashes[] = {
		{ "crash_segv_on_start.elf", "crash: mmufault", "address 0xbadc0de0, pc 0x1000" },
		{ "crash_ill_on_start.elf", "crash: fatal error", "SIGILL" },
		{ "crash_fpe_on_start.elf", "crash: fatal error", "SIGFPE" },
		{ "crash_sys_on_start.elf", "crash: fatal error", "SIGSYS" },
		{ "crash_exit_on_start.elf", "crash: fatal error", "out of coffee" },
		{ "hang.elf", "crash: watchdog", "did not feed the watchdog for 100 ms" },
	};
	struct rproc *const rproc = get("host1");
	unsigned int i;

	(void)state;
	rproc_set_recovery(rproc, false);
	for (i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		boot(rproc, crashes[i].firmware);
		await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED,
				 crashes[i].reason);
		expect_story(rproc, crashes[i].story);
		/* The trace can be read after the crash. */
		if (strncmp(crashes[i].firmware, "crash", 5) == 0)
			await_trace(rproc, "crash: now");
		assert_int_equal(rproc_shutdown(rproc), 0);
	}
	rproc_put(rproc);
}

static void recovery_boots_it_again(void **state)
{
	struct rproc *const rproc = get("host2");
	struct rproc_counters counters;

	(void)state;
	boot(rproc, "hang.elf");
	await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED, "crash: watchdog");
	await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "start");
	await_trace(rproc, "hang: feeding");
	rproc_counters(rproc, &counters);
	assert_true(counters.crashes >= 1);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_crash_leaves_a_dump_of_segments_only(void **state)
{
	struct rproc *const rproc = get("host0");
	struct rproc_coredump_info info;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;

	(void)state;
	assert_int_equal(rproc_set_coredump_mode(rproc, RPROC_COREDUMP_ENABLED), 0);
	boot(rproc, "hello.elf");
	await_trace(rproc, "hello");
	rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "start");
	assert_int_equal(rproc_coredump_next(context, 0, &info), 0);
	assert_true(info.size < 1 << 20);
	assert_int_equal(rproc_coredump_read(context, info.number, &ehdr, sizeof(ehdr), 0),
			 sizeof(ehdr));
	assert_int_equal(ehdr.e_ident[EI_CLASS], ELFCLASS64);
	assert_int_equal(ehdr.e_phnum, 2);
	rproc_coredump_read(context, info.number, &phdr, sizeof(phdr), ehdr.e_phoff);
	assert_int_equal(phdr.p_paddr, 0x10000000);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_dead_monitor_is_a_crash_and_is_replaced(void **state)
{
	struct rproc *const rproc = get("host3");
	FILE *pids;
	long pid = 0;

	(void)state;
	boot(rproc, "hello.elf");
	await_trace(rproc, "boot 1");
	pids = popen("ps -eo pid=,comm= | awk '$2 == \"rproc:host3\" { print $1 }'", "r");
	assert_non_null(pids);
	assert_int_equal(fscanf(pids, "%ld", &pid), 1);
	pclose(pids);
	assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
	await_transition(rproc, RPROC_STATE_RUNNING, RPROC_STATE_CRASHED, "crash: fatal error");
	await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "start");
	await_trace(rproc, "boot 2");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void an_image_for_elsewhere_is_refused_in_words(void **state)
{
	struct rproc *const rproc = get("host0");

	(void)state;
	/* A program of this machine, linked for nowhere in particular. */
	assert_int_equal(rproc_set_firmware_fd(rproc, "true", -1), -EBADF);
	boot(rproc, "hello.elf");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void stubborn_firmware_is_reset_and_it_is_said(void **state)
{
	struct rproc *const rproc = get("host0");

	(void)state;
	boot(rproc, "stubborn.elf");
	await_trace(rproc, "I stay");
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_true(
		logged("host0 did not acknowledge the shutdown within 500 ms, reset (1 so far)"));
	rproc_put(rproc);
}

static void detach_and_attach_in_one_program(void **state)
{
	struct rproc *const rproc = get("host0");
	char name[64];

	(void)state;
	boot(rproc, "hello.elf");
	await_trace(rproc, "boot 1");
	assert_int_equal(rproc_detach(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_DETACHED);
	assert_int_equal(host_fixture_count_processes("host0"), 2);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_ATTACHED);
	await_trace(rproc, "boot 1");
	rproc_firmware_name(rproc, name, sizeof(name));
	assert_int_equal(rproc_shutdown(rproc), 0);
	assert_true(host_fixture_await_no_processes("host0"));
	rproc_put(rproc);
}

/* ---- several programs -------------------------------------------------------------------- */

/* Run this program again in the role @role on host0; returns its exit status. */
static int run_role(const char *role)
{
	char *argv[] = { "/proc/self/exe", (char *)role, state_dir, NULL };
	extern char **environ;
	int status;
	pid_t pid;

	assert_int_equal(posix_spawn(&pid, argv[0], NULL, NULL, argv, environ), 0);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The context of setup() has host0 to 3; start over once the other program has acted. */
static int start_over(void)
{
	rproc_context_free(context);
	context = new_context(state_dir);
	return rproc_context_add_board_file(context, HOST_TEST_BOARD, false);
}

static void a_detached_firmware_survives_its_program(void **state)
{
	struct rproc *rproc;

	(void)state;
	assert_int_equal(run_role("boot-detach"), 0);
	assert_int_equal(host_fixture_count_processes("host0"), 2);
	assert_int_equal(start_over(), 4);
	rproc = get("host0");
	assert_int_equal(rproc_state(rproc), RPROC_STATE_DETACHED);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_ATTACHED);
	await_trace(rproc, "boot 1");
	/* It crashes under its new host: recovery boots the file. */
	rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "start");
	await_trace(rproc, "boot 2");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void firmware_left_attached_ends_with_its_program(void **state)
{
	(void)state;
	assert_int_equal(run_role("boot-die"), 128 + SIGKILL);
	assert_true(host_fixture_await_no_processes("host0"));
	/* The socket is gone or stale: the board comes up as if nothing had been. */
	assert_int_equal(start_over(), 4);
	boot(get("host0"), "hello.elf");
	rproc_put(get("host0"));
	rproc_put(get("host0"));
}

static void a_crash_while_detached_is_learnt_at_attach(void **state)
{
	struct rproc *rproc;

	(void)state;
	assert_int_equal(run_role("boot-detach-hang"), 0);
	assert_int_equal(start_over(), 4);
	rproc = get("host0");
	rproc_set_recovery(rproc, false);
	assert_int_equal(rproc_boot(rproc), 0);
	await_transition(rproc, RPROC_STATE_ATTACHED, RPROC_STATE_CRASHED, "crash: watchdog");
	expect_story(rproc, "did not feed the watchdog for 100 ms");
	await_trace(rproc, "hang: hanging");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_second_program_does_not_steal(void **state)
{
	struct rproc *const rproc = get("host0");

	(void)state;
	boot(rproc, "hello.elf");
	await_trace(rproc, "hello");
	assert_int_equal(run_role("expect-busy"), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
	assert_int_equal(host_fixture_count_processes("host0"), 2);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void who_was_there_first_keeps_the_name(void **state)
{
	struct rproc *rproc;

	(void)state;
	/* This program knows host0 as offline; the other one boots it meanwhile. */
	assert_int_equal(run_role("boot-detach"), 0);
	rproc = get("host0");
	assert_int_equal(rproc_boot(rproc), -EBUSY);
	expect_story(rproc, "a running processor of this name holds host0.sock");
	rproc_put(rproc);
	assert_int_equal(start_over(), 4);
	rproc = get("host0");
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

/* ---- the other programs --------------------------------------------------------------------- */

static int role_boot(const char *firmware, bool detach)
{
	struct rproc *rproc = rproc_get_by_name(context, "host0");

	if (!rproc || rproc_set_firmware(rproc, firmware) || rproc_boot(rproc))
		return 10;
	if (detach && rproc_detach(rproc))
		return 11;
	rproc_put(rproc);
	return 0;
}

/* The hang must have been bitten before we let go of this program: its monitor says so. */
static int role_await_bite(void)
{
	const struct host_identity identity = { .name = "host0",
						.state_dir = state_dir,
						.window_len = HOST_TEST_WINDOW };
	const int64_t deadline = host_now_ms() + HOST_TEST_MS;
	struct pollfd never = { .fd = -1 };
	struct host_message status;
	struct host_client client;

	host_client_init(&client);
	do {
		poll(&never, 1, 5);
		if (host_client_query(&client, &identity, &status))
			return 12;
	} while (status.power == HOST_POWER_RUNNING && host_now_ms() < deadline);
	return status.power == HOST_POWER_DEAD ? 0 : 13;
}

static int run_as(const char *role)
{
	char story[1024];
	int ret;

	context = new_context(state_dir);
	ret = rproc_context_add_board_file(context, HOST_TEST_BOARD, false);
	if (!strcmp(role, "expect-busy")) {
		rproc_context_last_error(context, story, sizeof(story));
		if (ret != 3 || !strstr(story, "another program controls processor host0"))
			return 20;
		rproc_context_free(context);
		return 0;
	}
	if (ret != 4)
		return 21;
	if (!strcmp(role, "boot-die")) {
		ret = role_boot("hello.elf", false);
		if (!ret)
			raise(SIGKILL);
		return ret;
	}
	if (!strcmp(role, "boot-detach"))
		ret = role_boot("hello.elf", true);
	else if (!strcmp(role, "boot-detach-hang"))
		ret = role_boot("hang.elf", true);
	else
		ret = 22;
	rproc_context_free(context);
	if (!ret && !strcmp(role, "boot-detach-hang"))
		ret = role_await_bite();
	return ret;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_processor_boots_speaks_and_stops),
		T(four_processors_run_at_once),
		T(a_crash_is_told_and_recovered_from),
		T(recovery_boots_it_again),
		T(a_crash_leaves_a_dump_of_segments_only),
		T(a_dead_monitor_is_a_crash_and_is_replaced),
		T(an_image_for_elsewhere_is_refused_in_words),
		T(stubborn_firmware_is_reset_and_it_is_said),
		T(detach_and_attach_in_one_program),
		T(a_detached_firmware_survives_its_program),
		T(firmware_left_attached_ends_with_its_program),
		T(a_crash_while_detached_is_learnt_at_attach),
		T(a_second_program_does_not_steal),
		T(who_was_there_first_keeps_the_name),
	};

	if (argc == 3) {
		snprintf(state_dir, sizeof(state_dir), "%s", argv[2]);
		return run_as(argv[1]);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
