/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may command a host processor and what outlives whom: ends of connections,
 * deaths of programs, other users, second hosts, leaks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <librproc/rproc.h>

#include "channel.h"
#include "death.h"
#include "host_fixture.h"
#include "state_dir.h"

static struct host_fixture fixture;

static void make_socket_path(char *path, size_t len)
{
	snprintf(path, len, "%s/%s.sock", fixture.state_dir, fixture.name);
}

/* ---- ends ------------------------------------------------------------------------ */

static void end_of_the_connection_ends_firmware_and_monitor(void **state)
{
	char path[128];

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	host_close(&fixture.client.control);
	assert_true(host_fixture_await_fd(fixture.client.firmware));
	assert_true(host_fixture_await_fd(fixture.client.monitor));
	make_socket_path(path, sizeof(path));
	assert_int_equal(access(path, F_OK), -1);
}

/* Boot in a child that is then killed: nothing may stay behind. */
static void end_of_the_program_ends_firmware_and_monitor(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		host_fixture_boot(&fixture, "spin");
		host_fixture_await_trace(&fixture, "spin");
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(host_fixture_await_no_processes(fixture.name));
}

static void end_of_the_monitor_ends_the_firmware(void **state)
{
	struct host_death death;
	int ret;

	(void)state;
	host_fixture_boot(&fixture, "spin");
	host_fixture_await_trace(&fixture, "spin");
	kill(fixture.client.monitor_pid, SIGKILL);
	assert_true(host_fixture_await_fd(fixture.client.event));
	ret = host_client_read_death(&fixture.client, &death);
	assert_int_equal(ret, -ENOTCONN);
	assert_int_equal(death.cause, HOST_DEATH_MONITOR);
	assert_int_equal(host_death_type(&death), RPROC_CRASH_FATAL_ERROR);
	assert_true(host_fixture_await_fd(fixture.client.firmware));
	/* The socket it left is stale; a new monitor takes memory and name over. */
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "boot 2");
}

/* Process 1 of a container, or a subreaper: whatever loses its parent is our child. */
static void where_orphans_are_ours_they_are_buried(void **state)
{
	struct host_stop_result result;
	pid_t child;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	kill(fixture.client.monitor_pid, SIGKILL);
	assert_true(host_fixture_await_fd(fixture.client.event));
	host_client_stop(&fixture.client, 0, &result);
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "boot 2");
	host_client_stop(&fixture.client, HOST_TEST_MS, &result);
	host_client_power_off(&fixture.client, true);
	child = waitpid(-1, NULL, WNOHANG);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	assert_int_equal(child, -1);
	assert_int_equal(errno, ECHILD);
}

static void a_frozen_monitor_is_reset_with_its_firmware(void **state)
{
	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	kill(fixture.client.monitor_pid, SIGSTOP);
	host_client_power_off(&fixture.client, true);
	assert_true(host_fixture_await_no_processes(fixture.name));
}

/* ---- detach and attach -------------------------------------------------------------- */

static void detach(void)
{
	assert_int_equal(host_client_detach(&fixture.client), 0);
	host_client_power_off(&fixture.client, false);
	assert_int_equal(host_fixture_count_processes(fixture.name), 2);
}

static void a_detached_processor_is_claimed_with_all_it_had(void **state)
{
	struct host_layout layout;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	layout = fixture.layout;
	detach();
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), 0);
	assert_memory_equal(&fixture.client.layout, &layout, sizeof(layout));
	assert_int_equal(fixture.client.power, HOST_POWER_RUNNING);
	assert_int_equal(fixture.client.window_len, HOST_TEST_WINDOW);
	assert_int_equal(host_client_attach(&fixture.client), 0);
	host_fixture_await_trace(&fixture, "hello");
	host_client_kick(&fixture.client, 3);
	assert_true(host_fixture_await_fd(fixture.client.doorbell));
	assert_int_equal(host_fixture_notified(&fixture), 1 << 3);
}

static void a_claim_without_attach_leaves_it_running(void **state)
{
	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	detach();
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), 0);
	host_client_power_off(&fixture.client, false);
	assert_int_equal(host_fixture_count_processes(fixture.name), 2);
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), 0);
	assert_int_equal(host_client_attach(&fixture.client), 0);
}

/* A child that is about to execute something else has copies of all descriptors. */
static void who_lets_go_of_it_has_let_go_of_every_copy(void **state)
{
	int copy;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	copy = fcntl(fixture.client.control, F_DUPFD_CLOEXEC, 0);
	assert_true(copy >= 0);
	detach();
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), 0);
	assert_int_equal(host_client_attach(&fixture.client), 0);
	close(copy);
}

static void the_watchdog_works_while_detached(void **state)
{
	struct host_message status = { .power = HOST_POWER_RUNNING };
	int64_t deadline;

	(void)state;
	host_fixture_boot(&fixture, "hang");
	detach();
	deadline = host_now_ms() + HOST_TEST_MS;
	while (status.power == HOST_POWER_RUNNING && host_now_ms() < deadline)
		assert_int_equal(host_client_query(&fixture.client, &fixture.identity, &status), 0);
	assert_int_equal(status.power, HOST_POWER_DEAD);
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), 0);
	assert_int_equal(fixture.client.power, HOST_POWER_DEAD);
	assert_int_equal(fixture.client.death.cause, HOST_DEATH_WATCHDOG);
	host_fixture_await_trace(&fixture, "hang: hanging");
	assert_int_equal(host_client_attach(&fixture.client), 0);
}

static void halted_it_cannot_be_detached(void **state)
{
	(void)state;
	assert_int_equal(host_client_power_on(&fixture.client, &fixture.identity), 0);
	assert_int_equal(host_client_detach(&fixture.client), -EINVAL);
}

/* ---- who may ------------------------------------------------------------------------- */

static void nothing_is_found_where_nothing_runs(void **state)
{
	struct host_message status;

	(void)state;
	assert_int_equal(host_client_query(&fixture.client, &fixture.identity, &status), -ENOENT);
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), -ENOENT);
}

static void a_second_host_is_refused_and_harms_nothing(void **state)
{
	struct host_message status;
	struct host_client second;

	(void)state;
	host_client_init(&second);
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	assert_int_equal(host_client_claim(&second, &fixture.identity), -EBUSY);
	assert_non_null(strstr(second.story, "another program controls it"));
	assert_int_equal(host_client_power_on(&second, &fixture.identity), -EBUSY);
	assert_non_null(strstr(second.story, "a running processor of this name"));
	assert_int_equal(host_client_query(&second, &fixture.identity, &status), 0);
	assert_int_equal(status.controlled, 1);
	assert_int_equal(status.power, HOST_POWER_RUNNING);
	host_client_fini(&second);
	host_client_kick(&fixture.client, 1);
	assert_true(host_fixture_await_fd(fixture.client.doorbell));
	/* The monitor that found the name taken is on its way out. */
	assert_true(host_fixture_await_processes(fixture.name, 2));
}

static void expect_no_answer(int sock)
{
	struct host_message status;

	assert_int_equal(host_recv(sock, &status, NULL, NULL, HOST_TEST_MS), -ENOTCONN);
	close(sock);
}

/* A program that was killed is started again before the monitor comes to notice. */
static void who_calls_after_the_end_of_the_host_is_not_told_of_it(void **state)
{
	struct host_message query;
	struct host_client second;
	int early, late;
	pid_t monitor;

	(void)state;
	host_client_init(&second);
	host_fixture_boot(&fixture, "hello");
	monitor = fixture.client.monitor_pid;
	early = host_state_dir_connect(fixture.state_dir, fixture.name, second.story,
				       sizeof(second.story));
	assert_true(early >= 0);
	/* Answered after the first was accepted. */
	assert_int_equal(host_client_query(&second, &fixture.identity, &query), 0);
	assert_int_equal(kill(monitor, SIGSTOP), 0);
	host_close(&fixture.client.control);
	late = host_state_dir_connect(fixture.state_dir, fixture.name, second.story,
				      sizeof(second.story));
	assert_true(late >= 0);
	host_message_init(&query, HOST_MSG_QUERY);
	assert_int_equal(host_send(early, &query, NULL, 0), 0);
	assert_int_equal(host_send(late, &query, NULL, 0), 0);
	assert_int_equal(kill(monitor, SIGCONT), 0);
	expect_no_answer(early);
	expect_no_answer(late);
	assert_int_equal(host_client_query(&second, &fixture.identity, &query), -ENOENT);
	host_client_fini(&second);
}

static void another_user_is_refused(void **state)
{
	char path[128], story[256] = "";
	struct host_message hello;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int status, sock, pipefd[2];
	int32_t got = 0;
	ssize_t len;
	pid_t pid;

	(void)state;
	if (geteuid()) {
		print_message("needs root to become another user\n");
		skip();
	}
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	detach();
	/* Even if the file system lets him in. */
	make_socket_path(path, sizeof(path));
	assert_int_equal(chmod(fixture.state_dir, 0711), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(77);
		sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		memcpy(sun.sun_path, path, strlen(path) + 1);
		if (connect(sock, (struct sockaddr *)&sun, sizeof(sun)))
			_exit(2);
		got = host_recv(sock, &hello, NULL, NULL, HOST_TEST_MS) ? 0 : hello.error;
		if (write(pipefd[1], &got, sizeof(got)) != sizeof(got))
			_exit(3);
		/* The client does not trust another user's monitor either. */
		sock = host_state_dir_connect(fixture.state_dir, fixture.name, story,
					      sizeof(story));
		_exit(sock == -EPERM || sock == -EACCES ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pipefd[1]);
	len = read(pipefd[0], &got, sizeof(got));
	close(pipefd[0]);
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), 0);
	assert_int_equal(host_client_attach(&fixture.client), 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("there is no other user in this user namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
	assert_int_equal(len, sizeof(got));
	assert_int_equal(got, -EPERM);
}

static void a_state_directory_open_to_others_is_refused(void **state)
{
	(void)state;
	assert_int_equal(chmod(fixture.state_dir, 0777), 0);
	assert_int_equal(host_client_power_on(&fixture.client, &fixture.identity), -EPERM);
	assert_non_null(strstr(fixture.client.story, "writable by nobody else"));
	assert_int_equal(chmod(fixture.state_dir, 0700), 0);
}

/* Wrong length, wrong magic, wrong version, silence: the monitor goes on. */
static void babble_on_the_socket_is_survived(void **state)
{
	struct host_message message;
	unsigned int i;
	char story[256];
	int sock[12];

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	detach();
	for (i = 0; i < 12; i++) {
		sock[i] = host_state_dir_connect(fixture.state_dir, fixture.name, story,
						 sizeof(story));
		assert_true(sock[i] >= 0);
	}
	for (i = 0; i < 6; i++) {
		host_message_init(&message, i == 0 ? HOST_MSG_STOP : HOST_MSG_CLAIM);
		message.magic += i == 1;
		message.version += i == 2;
		send(sock[i], &message, i == 3 ? 3 : i == 4 ? 100 : sizeof(message), MSG_NOSIGNAL);
	}
	for (i = 0; i < 12; i++)
		close(sock[i]);
	assert_int_equal(host_client_claim(&fixture.client, &fixture.identity), 0);
	assert_int_equal(host_client_attach(&fixture.client), 0);
}

static void *close_after_a_while(void *arg)
{
	struct pollfd never = { .fd = -1 };

	poll(&never, 1, 100);
	close(*(int *)arg);
	return NULL;
}

/* A queue is no absence: who asks while others hold every place is answered later. */
static void callers_wait_their_turn(void **state)
{
	struct host_message status;
	unsigned int i;
	char story[256];
	pthread_t thread;
	int sock[8], ret;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	for (i = 0; i < 8; i++) {
		sock[i] = host_state_dir_connect(fixture.state_dir, fixture.name, story,
						 sizeof(story));
		assert_true(sock[i] >= 0);
	}
	assert_int_equal(pthread_create(&thread, NULL, close_after_a_while, &sock[0]), 0);
	ret = host_client_query(&fixture.client, &fixture.identity, &status);
	pthread_join(thread, NULL);
	for (i = 1; i < 8; i++)
		close(sock[i]);
	assert_int_equal(ret, 0);
	assert_int_equal(status.power, HOST_POWER_RUNNING);
}

/* ---- places ------------------------------------------------------------------------------ */

static void without_executable_memory_it_runs_from_a_file(void **state)
{
	const struct dirent *entry;
	int files = 0;
	DIR *dir;

	(void)state;
	fixture.identity.no_memory_exec = true;
	host_fixture_boot(&fixture, "hello");
	host_fixture_await_trace(&fixture, "hello");
	/* And the file has no name any more. */
	dir = opendir(fixture.state_dir);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		files += entry->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(files, 1);
}

/* In a child, because a limit once lowered does not rise again. */
static void few_descriptors_are_enough(void **state)
{
	const struct rlimit few = { 40, 40 };
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (setrlimit(RLIMIT_NOFILE, &few))
			_exit(2);
		host_fixture_boot(&fixture, "hello");
		host_fixture_await_trace(&fixture, "hello");
		host_client_power_off(&fixture.client, true);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_large_window_costs_what_is_used(void **state)
{
	struct host_client large;
	struct host_identity identity = fixture.identity;
	struct stat st;

	(void)state;
	host_client_init(&large);
	identity.window_len = 128u << 20;
	assert_int_equal(host_client_power_on(&large, &identity), 0);
	assert_int_equal(fstat(large.memory, &st), 0);
	assert_int_equal(st.st_size, (128 << 20) + RPROC_HOST_CONTROL_SIZE);
	assert_true(st.st_blocks * 512 < 1 << 20);
	host_client_fini(&large);
}

static void two_hundred_boots_leave_nothing_behind(void **state)
{
	struct host_stop_result result;
	int64_t began, boot_ns = 0;
	int before, i;

	(void)state;
	before = host_fixture_count_fds();
	for (i = 0; i < 200; i++) {
		began = host_fixture_now_ns();
		host_fixture_boot(&fixture, "hello");
		boot_ns += host_fixture_now_ns() - began;
		host_client_stop(&fixture.client, i % 2 ? HOST_TEST_MS : 0, &result);
		host_client_power_off(&fixture.client, true);
	}
	assert_int_equal(host_fixture_count_fds(), before);
	assert_int_equal(host_fixture_count_processes(fixture.name), 0);
	print_message("power on, load and start: %.2f ms on average\n",
		      (double)boot_ns / 200 / 1e6);
}

static void two_hundred_restarts_under_one_monitor_leave_nothing_behind(void **state)
{
	struct host_stop_result result;
	int before, i;

	(void)state;
	host_fixture_boot(&fixture, "hello");
	before = host_fixture_count_fds();
	for (i = 0; i < 200; i++) {
		host_client_stop(&fixture.client, 0, &result);
		host_fixture_boot(&fixture, "hello");
	}
	assert_int_equal(host_fixture_count_fds(), before);
	assert_int_equal(host_fixture_count_processes(fixture.name), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name)                                                                                   \
	cmocka_unit_test_prestate_setup_teardown(name, host_fixture_setup, host_fixture_teardown, \
						 &fixture)
		T(end_of_the_connection_ends_firmware_and_monitor),
		T(end_of_the_program_ends_firmware_and_monitor),
		T(end_of_the_monitor_ends_the_firmware),
		T(where_orphans_are_ours_they_are_buried),
		T(a_frozen_monitor_is_reset_with_its_firmware),
		T(a_detached_processor_is_claimed_with_all_it_had),
		T(a_claim_without_attach_leaves_it_running),
		T(who_lets_go_of_it_has_let_go_of_every_copy),
		T(the_watchdog_works_while_detached),
		T(halted_it_cannot_be_detached),
		T(nothing_is_found_where_nothing_runs),
		T(a_second_host_is_refused_and_harms_nothing),
		T(who_calls_after_the_end_of_the_host_is_not_told_of_it),
		T(another_user_is_refused),
		T(a_state_directory_open_to_others_is_refused),
		T(babble_on_the_socket_is_survived),
		T(callers_wait_their_turn),
		T(without_executable_memory_it_runs_from_a_file),
		T(few_descriptors_are_enough),
		T(a_large_window_costs_what_is_used),
		T(two_hundred_boots_leave_nothing_behind),
		T(two_hundred_restarts_under_one_monitor_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
