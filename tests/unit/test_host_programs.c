/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Host processors and several programs (this one, executed again): one boots and
 * detaches or dies, another attaches, or comes while somebody is there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "host_board_fixture.h"
#include "host_fixture.h"

/* Run this program again in the role @role on host0; returns its exit status. */
static int run_role(const char *role)
{
	char *argv[] = { "/proc/self/exe", (char *)role, board_state_dir, board_tag, NULL };
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
	rproc_context_free(board_context);
	board_context = board_new_context(board_state_dir);
	return board_add(board_context);
}

static void a_detached_firmware_survives_its_program(void **state)
{
	struct rproc *rproc;

	(void)state;
	assert_int_equal(run_role("boot-detach"), 0);
	assert_int_equal(host_fixture_count_processes(board_named("host0")), 2);
	assert_int_equal(start_over(), 4);
	rproc = board_get("host0");
	assert_int_equal(rproc_state(rproc), RPROC_STATE_DETACHED);
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_ATTACHED);
	board_await_trace(rproc, "boot 1");
	/* It crashes under its new host: recovery boots the file. */
	rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	board_await_transition(rproc, RPROC_STATE_CRASHED, RPROC_STATE_OFFLINE, "recovery");
	board_await_transition(rproc, RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery");
	board_await_trace(rproc, "boot 2");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void firmware_left_attached_ends_with_its_program(void **state)
{
	struct rproc *rproc;

	(void)state;
	assert_int_equal(run_role("boot-die"), 128 + SIGKILL);
	assert_true(host_fixture_await_no_processes(board_named("host0")));
	/* The socket is gone or stale: the board comes up as if nothing had been. */
	assert_int_equal(start_over(), 4);
	rproc = board_get("host0");
	board_boot(rproc, "hello.elf");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_crash_while_detached_is_learnt_at_attach(void **state)
{
	struct rproc *rproc;

	(void)state;
	assert_int_equal(run_role("boot-detach-hang"), 0);
	assert_int_equal(start_over(), 4);
	rproc = board_get("host0");
	rproc_set_recovery(rproc, false);
	assert_int_equal(rproc_boot(rproc), 0);
	board_await_transition(rproc, RPROC_STATE_ATTACHED, RPROC_STATE_CRASHED, "crash: watchdog");
	board_expect_story(rproc, "did not feed the watchdog for 100 ms");
	board_await_trace(rproc, "hang: hanging");
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void a_second_program_does_not_steal(void **state)
{
	struct rproc *const rproc = board_get("host0");

	(void)state;
	board_boot(rproc, "hello.elf");
	board_await_trace(rproc, "hello");
	assert_int_equal(run_role("expect-busy"), 0);
	assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
	assert_int_equal(host_fixture_count_processes(board_named("host0")), 2);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

static void who_was_there_first_keeps_the_name(void **state)
{
	struct rproc *rproc;

	(void)state;
	/* This program knows host0 as offline; the other one boots it meanwhile. */
	assert_int_equal(run_role("boot-detach"), 0);
	rproc = board_get("host0");
	assert_int_equal(rproc_boot(rproc), -EBUSY);
	board_expect_story(rproc, "a running processor of this name holds");
	rproc_put(rproc);
	assert_int_equal(start_over(), 4);
	rproc = board_get("host0");
	assert_int_equal(rproc_boot(rproc), 0);
	assert_int_equal(rproc_shutdown(rproc), 0);
	rproc_put(rproc);
}

/* ---- the other programs --------------------------------------------------------------------- */

static int role_boot(const char *firmware, bool detach)
{
	struct rproc *rproc = rproc_get_by_name(board_context, board_named("host0"));

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
	const struct host_identity identity = { .name = board_named("host0"),
						.state_dir = board_state_dir,
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

	board_context = board_new_context(board_state_dir);
	ret = board_add(board_context);
	if (!strcmp(role, "expect-busy")) {
		rproc_context_last_error(board_context, story, sizeof(story));
		if (ret != 3 || !strstr(story, "another program controls processor"))
			return 20;
		rproc_context_free(board_context);
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
	rproc_context_free(board_context);
	if (!ret && !strcmp(role, "boot-detach-hang"))
		ret = role_await_bite();
	return ret;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, board_setup, board_teardown)
		T(a_detached_firmware_survives_its_program),
		T(firmware_left_attached_ends_with_its_program),
		T(a_crash_while_detached_is_learnt_at_attach),
		T(a_second_program_does_not_steal),
		T(who_was_there_first_keeps_the_name),
	};

	if (argc == 4) {
		snprintf(board_tag, sizeof(board_tag), "%s", argv[3]);
		snprintf(board_state_dir, sizeof(board_state_dir), "%s", argv[2]);
		return run_as(argv[1]);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
