/* SPDX-License-Identifier: BSD-3-Clause */
/* How the monitor's program comes to be a process, and what is left where it cannot. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host_fixture.h"
#include "host_spawn.h"

#define SCRIPT(words) "#!/bin/sh\n" words "\n"

static char dir[32];
static char story[256];
static int open_before;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/host-test.XXXXXX");
	story[0] = '\0';
	open_before = host_fixture_count_fds();
	return mkdtemp(dir) ? 0 : -1;
}

/* Nothing is left in the directory, and no descriptor. */
static int teardown(void **state)
{
	(void)state;
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(host_fixture_count_fds(), open_before);
	return 0;
}

/* Run @text from a file; a script that lies in memory would be closed before it is read. */
static int run(const char *text, const int *fds, unsigned int count)
{
	char *argv[] = { "script", NULL };
	struct host_exec exec;
	int ret;

	assert_int_equal(host_exec_open(&exec, text, strlen(text), dir, 0, story, sizeof(story)),
			 0);
	ret = host_spawn(&exec, argv, fds, count);
	host_exec_close(&exec);
	host_exec_close(&exec); /* twice is harmless */
	return ret;
}

static void bytes_that_are_no_program_are_refused(void **state)
{
	(void)state;
	assert_int_equal(run("no program", NULL, 0), -ENOEXEC);
}

static void a_program_that_fails_at_once_is_told(void **state)
{
	(void)state;
	assert_int_equal(run(SCRIPT("exit 3"), NULL, 0), -ECHILD);
	assert_int_equal(run(SCRIPT("kill -9 $$"), NULL, 0), -ECHILD);
	assert_int_equal(run(SCRIPT("exit 0"), NULL, 0), 0);
}

static void a_descriptor_that_is_none_is_refused(void **state)
{
	int fds[17] = { 0, 0, -1 };

	(void)state;
	assert_int_equal(run(SCRIPT("exit 0"), fds, 3), -EBADF);
	assert_int_equal(run(SCRIPT("exit 0"), fds, 17), -EINVAL);
}

/* On 3, 4, ... in their order, though some of them are there already, and nothing else. */
static void it_has_the_descriptors_that_it_is_given(void **state)
{
	int ends[2], fds[3], low;
	char heard[16];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	low = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_true(low >= 0);
	fds[0] = low;
	fds[1] = ends[1];
	fds[2] = ends[1];
	assert_int_equal(run(SCRIPT("echo one >&3; echo two >&4; echo three >&5; "
				    "{ echo four >&6; } 2>/dev/null; exit 0"),
			     fds, 3),
			 0);
	close(low);
	close(ends[1]);
	assert_int_equal(read(ends[0], heard, sizeof(heard)), 10);
	assert_memory_equal(heard, "two\nthree\n", 10);
	close(ends[0]);
}

/* In a child: of a process that may write no file, none of the places is one. */
static void where_no_place_will_do_all_are_told(void **state)
{
	const struct rlimit none = { 0, 0 };
	struct host_exec exec;
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &none))
			_exit(2);
		if (host_exec_open(&exec, "bytes", 5, dir, 1, story, sizeof(story)) != -EFBIG)
			_exit(3);
		if (exec.fd >= 0 || !strstr(story, dir) ||
		    !strstr(story, "nowhere to execute the processor's monitor: in memory: "))
			_exit(4);
		host_exec_close(&exec);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(bytes_that_are_no_program_are_refused),
		T(a_program_that_fails_at_once_is_told),
		T(a_descriptor_that_is_none_is_refused),
		T(it_has_the_descriptors_that_it_is_given),
		T(where_no_place_will_do_all_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
