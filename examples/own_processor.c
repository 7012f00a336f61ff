/* SPDX-License-Identifier: BSD-3-Clause */
/* A processor of one's own: no plugin, no device tree. Its core is a process, its firmware any
 * program of this machine. usage: own_processor PROGRAM (Enter stops it) */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create() */
#endif
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <librproc/driver.h>

static pid_t core;
static char image[] = "/proc/self/fd/xxxxxxxxxx";

static int load(struct rproc *rproc, const struct rproc_firmware *fw)
{
	int fd = memfd_create(rproc_name(rproc), MFD_CLOEXEC); /* stays open: start runs it */

	snprintf(image, sizeof(image), "/proc/self/fd/%d", fd);
	return write(fd, fw->data, fw->size) == (ssize_t)fw->size ? 0 : -1;
}

static int start(struct rproc *rproc)
{
	int err = posix_spawn(&core, image, NULL, NULL, (char *[]){ image, NULL }, NULL);

	return err ? rproc_story(rproc, -err, "start", "no program that runs here") : 0;
}

static int stop(struct rproc *rproc)
{
	(void)rproc;
	return kill(core, SIGKILL) || waitpid(core, NULL, 0) != core ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct rproc_context_options options = { .size = sizeof(options), .firmware_dirs = "/" };
	struct rproc_ops ops = { .load = load, .start = start, .stop = stop };
	struct rproc_context *context;
	struct rproc_device *device;
	struct rproc *rproc;
	char why[512];
	int err;

	if (argc != 2)
		return fprintf(stderr, "usage: %s PROGRAM\n", argv[0]), 2;
	if (rproc_context_new(&options, &context) || rproc_device_new(context, "core0", &device))
		return 1;
	rproc = rproc_alloc(device, "core0", &ops, argv[1], 0);
	rproc_set_auto_boot(rproc, false);
	err = rproc_add(rproc);
	if (!err)
		err = rproc_boot(rproc);
	rproc_last_error(rproc, why, sizeof(why));
	printf("%s is %s %s\n", rproc_name(rproc), rproc_state_name(rproc_state(rproc)), why);
	if (!err)
		getchar();
	rproc_del(rproc); /* stops it first */
	rproc_free(rproc);
	rproc_device_put(device);
	rproc_context_free(context);
	return err ? 1 : 0;
}
