/* SPDX-License-Identifier: BSD-3-Clause */
/* Run a program that we carry in memory. The only place that makes processes. */
#ifndef RPROC_HOST_SPAWN_H
#define RPROC_HOST_SPAWN_H

#include <stddef.h>

/* A program ready to be executed. */
struct host_exec {
	int fd;		    /* of its file; -1: none */
	char path[128];	    /* how posix_spawn names it */
	char temporary[96]; /* to be removed after the spawn; "" if in memory */
};

/*
 * Put @len bytes where they can be executed: a sealed memfd, or where that is
 * forbidden (@memory_allowed false, or the kernel says so) a temporary file in
 * @state_dir, /tmp or /var/tmp. 0 or -errno with @story filled.
 */
int host_exec_open(struct host_exec *exec, const void *bytes, size_t len, const char *state_dir,
		   int memory_allowed, char *story, size_t story_len);
/* Removes the temporary file's name. The descriptor stays usable until then only. */
void host_exec_close(struct host_exec *exec);

/*
 * Start @exec in a session of its own, with @fds as descriptors 3, 4, ... and an
 * empty environment. The program is expected to leave a child behind and exit at
 * once: that is waited for, so that the caller's program gets no child of ours.
 * 0, -ECHILD if it did not exit with 0, or -errno.
 */
int host_spawn(const struct host_exec *exec, char *const argv[], const int *fds,
	       unsigned int count);

#endif
