/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `rproc exec`: a program, or a container, that gets one channel as a descriptor and
 * nothing else. Waits for it, because an endpoint that was made is to be taken away.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "message_options.h"
#include "rpmsg_file.h"
#include "stop_signal.h"
#include "trouble.h"

/* The first descriptor that sd_listen_fds(3) looks for. */
#define HANDED_FD 3

/* Neither ours nor what we were given: a container gets this and nothing else. */
static void close_others(void)
{
	long fd, end;

	if (!syscall(SYS_close_range, HANDED_FD + 1, UINT_MAX, 0))
		return;
	/* Linux before 5.9. */
	end = sysconf(_SC_OPEN_MAX);
	for (fd = HANDED_FD + 1; fd < end; fd++)
		close((int)fd);
}

static int run_child(const struct rpmsg_file *file, char **argv)
{
	char pid[24], fd[12];

	/* Its parent takes the endpoint away when it ends, so they end together. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	/* dup2() to itself would leave it to be closed at the exec. */
	if (file->fd == HANDED_FD ? fcntl(HANDED_FD, F_SETFD, 0) < 0
				  : dup2(file->fd, HANDED_FD) < 0)
		return -errno;
	close_others();
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	snprintf(fd, sizeof(fd), "%d", HANDED_FD);
	setenv("RPROC_ENDPOINT_FD", fd, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDNAMES", "rpmsg", 1);
	execvp(argv[0], argv);
	return -errno;
}

/* Its exit code, or 128 and the signal, as a shell says it. */
static int wait_child(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return TOOL_REFUSED;
		if (stop_signal_came())
			kill(child, SIGTERM);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const struct rpmsg_file *file, char **argv)
{
	pid_t child;
	int err;

	child = fork();
	if (child < 0) {
		trouble_report(argv[0], errno, "", "");
		return TOOL_REFUSED;
	}
	if (child)
		return wait_child(child);
	err = run_child(file, argv);
	trouble_report(argv[0], -err, "", "");
	fflush(stderr);
	_exit(err == -ENOENT ? 127 : 126);
}

int cmd_exec(const struct invocation *invocation)
{
	struct message_options options;
	struct channel channel;
	struct rpmsg_file file;
	struct mount mount;
	int code = message_options_parse(invocation, OPTION_SRC | OPTION_PROGRAM, &options);

	if (code)
		return code;
	if (!options.num_words)
		return tool_usage(invocation, "which program?");
	code = mount_open(invocation->mount, &mount);
	if (code)
		return code;
	code = rpmsg_resolve(&mount, options.channel, &channel);
	if (code == TOOL_OK)
		code = rpmsg_file_open(&mount, &channel, options.src, &file);
	if (code)
		goto out_close;
	code = run(&file, options.words);
	rpmsg_file_close(&file);
out_close:
	mount_close(&mount);
	return code;
}
