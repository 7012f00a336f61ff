/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how a process of ours comes to be: the bytes become an executable file
 * without a name, and posix_spawn starts it (a program with threads must not run
 * code between fork and exec). Knows nothing of monitors and firmware.
 */
#include "host_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD 3
#define MAX_FDS	 16
/* Another thread may have forked while the temporary file was open for writing. */
#define BUSY_TRIES 50

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

static int write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;
	ssize_t written;

	while (len) {
		written = write(fd, p, len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		p += written;
		len -= (size_t)written;
	}
	return 0;
}

static int open_memory(struct host_exec *exec, const void *bytes, size_t len)
{
	int low, fd, ret;

	low = memfd_create("rproc-machine", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (low < 0 && errno == EINVAL)
		low = memfd_create("rproc-machine", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (low < 0)
		return -errno;
	/* Its path names a descriptor that must survive the placing of the others. */
	fd = fcntl(low, F_DUPFD_CLOEXEC, FIRST_FD + MAX_FDS);
	ret = -errno;
	close(low);
	if (fd < 0)
		return ret;
	ret = write_all(fd, bytes, len);
	if (!ret &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		ret = -errno;
	snprintf(exec->path, sizeof(exec->path), "/proc/self/fd/%d", fd);
	/* No /proc, or no right to execute what has no name: better known now than later. */
	if (!ret && access(exec->path, X_OK))
		ret = -errno;
	if (ret) {
		close(fd);
		return ret;
	}
	exec->fd = fd;
	exec->temporary[0] = '\0';
	return 0;
}

static int open_file(struct host_exec *exec, const void *bytes, size_t len, const char *dir)
{
	int fd, ret, used;

	used = snprintf(exec->temporary, sizeof(exec->temporary), "%s/rproc-machine.XXXXXX", dir);
	if (used < 0 || used >= (int)sizeof(exec->temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(exec->temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, bytes, len);
	if (!ret && fchmod(fd, 0700))
		ret = -errno;
	close(fd);
	if (!ret && access(exec->temporary, X_OK))
		ret = -errno;
	if (ret)
		goto remove;
	exec->fd = open(exec->temporary, O_RDONLY | O_CLOEXEC);
	if (exec->fd < 0) {
		ret = -errno;
		goto remove;
	}
	snprintf(exec->path, sizeof(exec->path), "%s", exec->temporary);
	return 0;

remove:
	unlink(exec->temporary);
	return ret;
}

int host_exec_open(struct host_exec *exec, const void *bytes, size_t len, const char *state_dir,
		   int memory_allowed, char *story, size_t story_len)
{
	const char *const dirs[] = { state_dir, "/tmp", "/var/tmp" };
	int memory = -EPERM, ret = -ENOENT;
	unsigned int i;

	exec->fd = -1;
	if (memory_allowed)
		memory = open_memory(exec, bytes, len);
	if (!memory)
		return 0;
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		ret = open_file(exec, bytes, len, dirs[i]);
		if (!ret)
			return 0;
	}
	exec->temporary[0] = '\0';
	snprintf(story, story_len,
		 "nowhere to execute the processor's monitor: in memory: %s; in %s, /tmp and "
		 "/var/tmp (last): %s. One of them must allow programs (no noexec)",
		 strerror(-memory), state_dir, strerror(-ret));
	return ret;
}

void host_exec_close(struct host_exec *exec)
{
	if (exec->temporary[0])
		unlink(exec->temporary);
	exec->temporary[0] = '\0';
	if (exec->fd >= 0)
		close(exec->fd);
	exec->fd = -1;
}

static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int ret;

	sigemptyset(&none);
	sigfillset(&all);
	ret = posix_spawnattr_setsigmask(attr, &none);
	if (!ret)
		ret = posix_spawnattr_setsigdefault(attr, &all);
	if (!ret)
		ret = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
							     POSIX_SPAWN_SETSIGDEF |
							     POSIX_SPAWN_SETPGROUP);
	return -ret;
}

static int spawn_program(const struct host_exec *exec, char *const argv[], const int *high,
			 unsigned int count, pid_t *ret_pid)
{
	static char *const no_environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	unsigned int i, tries;
	int ret;

	ret = -posix_spawn_file_actions_init(&actions);
	if (ret)
		return ret;
	ret = -posix_spawnattr_init(&attr);
	if (ret)
		goto destroy_actions;
	for (i = 0; i < count && !ret; i++)
		ret = -posix_spawn_file_actions_adddup2(&actions, high[i], FIRST_FD + (int)i);
	if (!ret)
		ret = set_attributes(&attr);
	if (ret)
		goto destroy_attr;
	for (tries = 0; tries < BUSY_TRIES; tries++) {
		ret = -posix_spawn(ret_pid, exec->path, &actions, &attr, argv, no_environment);
		if (ret != -ETXTBSY)
			break;
		sched_yield();
	}
destroy_attr:
	posix_spawnattr_destroy(&attr);
destroy_actions:
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

/* A program that ignores SIGCHLD, or waits for everything, may have reaped it: fine as well. */
static int wait_for_parent(pid_t pid)
{
	int status;
	pid_t got;

	do {
		got = waitpid(pid, &status, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECHILD ? 0 : -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

int host_spawn(const struct host_exec *exec, char *const argv[], const int *fds, unsigned int count)
{
	int high[MAX_FDS];
	unsigned int i;
	pid_t pid;
	int ret = 0;

	if (count > MAX_FDS)
		return -EINVAL;
	/* Out of the way of 3, 4, ...: dup2 must not tread on a source that is still needed. */
	for (i = 0; i < count; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FD + MAX_FDS);
		if (high[i] < 0) {
			ret = -errno;
			goto close_high;
		}
	}
	ret = spawn_program(exec, argv, high, count, &pid);
	if (!ret)
		ret = wait_for_parent(pid);
close_high:
	while (i--)
		close(high[i]);
	return ret;
}
