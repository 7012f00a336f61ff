/* SPDX-License-Identifier: BSD-3-Clause */
/* A process that answers each turn it is given, until it is killed with its parent. */
#include "pingpong.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void answer(const struct pingpong *pingpong, pid_t parent)
{
	eventfd_t turns;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before it was asked to tell. */
	if (getppid() != parent)
		_exit(0);
	while (!eventfd_read(pingpong->there, &turns))
		if (eventfd_write(pingpong->back, 1))
			break;
	_exit(0);
}

int pingpong_start(struct pingpong *pingpong)
{
	pid_t parent = getpid();
	int err;

	pingpong->there = eventfd(0, EFD_CLOEXEC);
	pingpong->back = eventfd(0, EFD_CLOEXEC);
	if (pingpong->there < 0 || pingpong->back < 0)
		return -EMFILE;
	pingpong->pid = fork();
	if (pingpong->pid < 0) {
		err = -errno;
		close(pingpong->there);
		close(pingpong->back);
		return err;
	}
	if (!pingpong->pid)
		answer(pingpong, parent);
	return 0;
}

int pingpong_turn(void *arg)
{
	struct pingpong *pingpong = arg;
	eventfd_t turns;

	if (eventfd_write(pingpong->there, 1) || eventfd_read(pingpong->back, &turns))
		return -errno;
	return 0;
}

void pingpong_stop(struct pingpong *pingpong)
{
	kill(pingpong->pid, SIGKILL);
	waitpid(pingpong->pid, NULL, 0);
	close(pingpong->there);
	close(pingpong->back);
}
