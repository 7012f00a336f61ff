/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starts and stops the file systems that the benchmarks compare.
 */
#include "mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define START_NS    UINT64_C(30000000000)
#define STOP_MS	    20000
#define MAX_ARGS    16
#define MOUNTS_FILE "/proc/self/mountinfo"

/* The last processor: the first one often has the interrupts. Failing is no harm, only noise. */
void mounted_steady(void)
{
	const struct sched_param param = { 0 };
	cpu_set_t allowed, one;
	int last = -1;

	if (!sched_getaffinity(0, sizeof(allowed), &allowed))
		for (int i = 0; i < CPU_SETSIZE; i++)
			if (CPU_ISSET(i, &allowed))
				last = i;
	if (last >= 0) {
		CPU_ZERO(&one);
		CPU_SET(last, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setscheduler(0, SCHED_BATCH, &param);
}

bool mounted_possible(struct bench *bench, const char *name)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		bench_skip(bench, name, "/dev/fuse cannot be opened: %s", strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

static bool is_mounted(const char *dir)
{
	struct statfs fs;

	return !statfs(dir, &fs) && (unsigned long)fs.f_type == FUSE_SUPER_MAGIC;
}

/* The list of mounts says when it changes; the process says when it ends. */
static int wait_for_mount(const struct mounted *mounted, int mounts)
{
	uint64_t deadline = bench_now() + START_NS;
	struct pollfd fds[] = { { .fd = mounts, .events = POLLPRI },
				{ .fd = mounted->pidfd, .events = POLLIN } };

	while (!is_mounted(mounted->dir)) {
		uint64_t now = bench_now();

		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(fds, 2, (int)((deadline - now) / 1000000 + 1)) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return -ECHILD;
	}
	return 0;
}

/* What it has to say is kept until it is known whether anybody wants to hear it. */
static void show_output(const struct mounted *mounted)
{
	char buf[512];
	ssize_t n;

	if (mounted->output < 0 || lseek(mounted->output, 0, SEEK_SET))
		return;
	while ((n = read(mounted->output, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stderr);
}

static int spawn(struct mounted *mounted, char *const argv[])
{
	posix_spawn_file_actions_t actions;
	char *args[MAX_ARGS + 1];
	extern char **environ;
	int n = 0, err;

	for (; argv[n] && n < MAX_ARGS; n++)
		args[n] = strcmp(argv[n], MOUNTED_DIR) ? argv[n] : mounted->dir;
	args[n] = NULL;
	mounted->output = memfd_create("output", MFD_CLOEXEC);
	if (mounted->output < 0 || posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	posix_spawn_file_actions_adddup2(&actions, mounted->output, 1);
	posix_spawn_file_actions_adddup2(&actions, mounted->output, 2);
	err = posix_spawn(&mounted->pid, args[0], &actions, NULL, args, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err) {
		mounted->pid = 0;
		return -err;
	}
	mounted->pidfd = pidfd_open(mounted->pid, 0);
	return mounted->pidfd < 0 ? -errno : 0;
}

int mounted_start(struct mounted *mounted, char *const argv[])
{
	int mounts, err;

	*mounted = (struct mounted){ .pidfd = -1, .output = -1 };
	err = bench_dir(mounted->dir);
	if (err) {
		mounted->dir[0] = '\0';
		return err;
	}
	/* Opened first: a change from here on cannot be missed. */
	mounts = open(MOUNTS_FILE, O_RDONLY | O_CLOEXEC);
	err = mounts < 0 ? -errno : spawn(mounted, argv);
	if (!err)
		err = wait_for_mount(mounted, mounts);
	if (mounts >= 0)
		close(mounts);
	if (err)
		mounted_stop(mounted);
	return err;
}

static void end(struct mounted *mounted)
{
	struct pollfd ended = { .fd = mounted->pidfd, .events = POLLIN };
	int status = 0;

	kill(mounted->pid, SIGTERM);
	if (mounted->pidfd < 0 || poll(&ended, 1, STOP_MS) <= 0)
		kill(mounted->pid, SIGKILL);
	if (waitpid(mounted->pid, &status, 0) == mounted->pid && status) {
		fprintf(stderr, "%s: its server ended with status 0x%x\n", mounted->dir, status);
		show_output(mounted);
	}
}

void mounted_stop(struct mounted *mounted)
{
	if (mounted->pid > 0)
		end(mounted);
	if (mounted->pidfd >= 0)
		close(mounted->pidfd);
	if (mounted->output >= 0)
		close(mounted->output);
	if (mounted->dir[0]) {
		umount2(mounted->dir, MNT_DETACH | UMOUNT_NOFOLLOW); /* if it died */
		rmdir(mounted->dir);
	}
	*mounted = (struct mounted){ .pidfd = -1, .output = -1 };
}
