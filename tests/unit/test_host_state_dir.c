/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding who listens in a state directory, also one whose path is longer than the
 * address of a socket, with and without /proc to go by.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state_dir.h"

#define LONG_NAME                                                                                  \
	"0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdef" \
	"g"

struct places {
	char near[64], far[192]; /* the second has a path that no socket can have */
	char story[512];
};

static int setup(void **state)
{
	struct places *places = calloc(1, sizeof(*places));

	assert_non_null(places);
	strcpy(places->near, "/tmp/rproc-state.XXXXXX");
	assert_non_null(mkdtemp(places->near));
	snprintf(places->far, sizeof(places->far), "%s/%s", places->near, LONG_NAME);
	assert_int_equal(mkdir(places->far, 0700), 0);
	*state = places;
	return 0;
}

static int teardown(void **state)
{
	struct places *places = *state;

	assert_int_equal(rmdir(places->far), 0);
	assert_int_equal(rmdir(places->near), 0);
	free(places);
	return 0;
}

/* A monitor is in the directory when it binds; so is this. */
static int listen_in(const char *dir)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "dsp.sock" };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(sock >= 0 && here >= 0);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_int_equal(listen(sock, 1), 0);
	return sock;
}

static void assert_nothing_left(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/dsp.sock", dir);
	assert_int_equal(access(path, F_OK), -1);
}

static void whoever_listens_is_found_however_long_the_path_is(void **state)
{
	struct places *places = *state;
	const char *const dirs[] = { places->near, places->far };
	size_t i;

	for (i = 0; i < 2; i++) {
		int sock, listener;

		assert_int_equal(host_state_dir_connect(dirs[i], "dsp", places->story,
							sizeof(places->story)),
				 -ENOENT);
		listener = listen_in(dirs[i]);
		sock = host_state_dir_connect(dirs[i], "dsp", places->story, sizeof(places->story));
		assert_true(sock >= 0);
		close(sock);
		close(listener);
		/* What is left of a dead one is taken away. */
		assert_int_equal(host_state_dir_connect(dirs[i], "dsp", places->story,
							sizeof(places->story)),
				 -ENOENT);
		assert_nothing_left(dirs[i]);
	}
}

/* In a child that has no /proc: 0 if a long path is refused in words, and a short one works. */
static int look_without_proc(struct places *places)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/proc", "tmpfs", 0, NULL))
		return 77;
	if (host_state_dir_connect(places->near, "dsp", places->story, sizeof(places->story)) !=
	    -ENOENT)
		return 1;
	if (host_state_dir_connect(places->far, "dsp", places->story, sizeof(places->story)) !=
	    -ENAMETOOLONG)
		return 2;
	return strstr(places->story, "too long for a socket where /proc is not mounted") ? 0 : 3;
}

static void a_long_path_without_proc_is_refused_and_not_taken_for_empty(void **state)
{
	struct places *places = *state;
	int listener = listen_in(places->far), status;
	char path[256];
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(look_without_proc(places));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(listener);
	snprintf(path, sizeof(path), "%s/dsp.sock", places->far);
	assert_int_equal(unlink(path), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("needs the right to mount\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(whoever_listens_is_found_however_long_the_path_is),
		T(a_long_path_without_proc_is_refused_and_not_taken_for_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
