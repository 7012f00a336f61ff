/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A processor of one's own that is supervised: own_processor.c with a watchdog. When
 * the program ends by itself that is a crash, from which it recovers. Runs the
 * program, lets it recover once, and stops it.
 *
 *     run_program PROGRAM
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create() */
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <librproc/driver.h>

struct core {
	int image;
	pid_t pid;
	pthread_t watchdog;
	atomic_bool stopping;
};

/* Whoever sees the process end says so, unless it was told to. */
static void *watchdog(void *rproc)
{
	struct core *core = rproc_priv(rproc);
	siginfo_t info;

	waitid(P_PID, (id_t)core->pid, &info, WEXITED | WNOWAIT);
	if (!atomic_load(&core->stopping))
		rproc_report_crash(rproc, RPROC_CRASH_FATAL_ERROR);
	return NULL;
}

static int core_load(struct rproc *rproc, const struct rproc_firmware *fw)
{
	struct core *core = rproc_priv(rproc);

	core->image = memfd_create(rproc_name(rproc), MFD_CLOEXEC);
	if (write(core->image, fw->data, fw->size) == (ssize_t)fw->size)
		return 0;
	return rproc_story(rproc, -ENOMEM, "load", "no room for %zu bytes", fw->size);
}

static int core_start(struct rproc *rproc)
{
	struct core *core = rproc_priv(rproc);
	char path[32], *const argv[] = { path, NULL };
	int err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", core->image);
	err = posix_spawn(&core->pid, path, NULL, NULL, argv, NULL);
	close(core->image);
	if (err)
		return rproc_story(rproc, -err, "start", "this is no program that runs here");
	atomic_store(&core->stopping, false);
	return -pthread_create(&core->watchdog, NULL, watchdog, rproc);
}

static int core_stop(struct rproc *rproc)
{
	struct core *core = rproc_priv(rproc);

	atomic_store(&core->stopping, true);
	kill(core->pid, SIGKILL);
	pthread_join(core->watchdog, NULL);
	return waitpid(core->pid, NULL, 0) == core->pid ? 0 : -errno;
}

static const struct rproc_ops core_ops = {
	.load = core_load,
	.start = core_start,
	.stop = core_stop,
};

/* ---- that was the processor; this is the program that has it ------------------------- */

/* Print what happens, until the processor runs again after a crash. */
static void wait_for_recovery(struct rproc_context *context)
{
	struct pollfd ready = { .fd = rproc_event_fd(context), .events = POLLIN };
	struct rproc_event event;
	bool crashed = false;

	do {
		while (!rproc_event_read(context, &event))
			poll(&ready, 1, -1);
		if (event.type != RPROC_EVENT_STATE)
			continue;
		crashed |= event.new_state == RPROC_STATE_CRASHED;
		printf("%s: %s -> %s (%s)\n", event.name, rproc_state_name(event.old_state),
		       rproc_state_name(event.new_state), event.reason);
	} while (!crashed || event.new_state != RPROC_STATE_RUNNING);
}

static int run(struct rproc_context *context, struct rproc *rproc, const char *program)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC);
	char story[512];
	int err;

	if (fd < 0)
		return perror(program), -1;
	rproc_set_auto_boot(rproc, false);
	err = rproc_add(rproc);
	if (!err)
		err = rproc_set_firmware_fd(rproc, program, fd);
	if (!err)
		err = rproc_boot(rproc);
	close(fd);
	if (!err) {
		wait_for_recovery(context);
		return rproc_shutdown(rproc);
	}
	rproc_last_error(rproc, story, sizeof(story));
	fprintf(stderr, "%s: %s\n  %s\n", program, strerror(-err), story);
	return err;
}

int main(int argc, char **argv)
{
	struct rproc_device *device = NULL;
	struct rproc_context *context;
	struct rproc *rproc;
	int err = -1;

	if (argc != 2)
		return fprintf(stderr, "usage: %s PROGRAM\n", argv[0]), 2;
	if (rproc_context_new(NULL, &context))
		return 1;
	if (!rproc_device_new(context, "core0", &device)) {
		rproc = rproc_alloc(device, "core0", &core_ops, NULL, sizeof(struct core));
		if (rproc)
			err = run(context, rproc, argv[1]);
		rproc_del(rproc);
		rproc_free(rproc);
	}
	rproc_device_put(device);
	rproc_context_free(context);
	return err ? 1 : 0;
}
