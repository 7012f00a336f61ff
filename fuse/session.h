/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The FUSE session: a tree in front of the kernel. Together with main.c the
 * only part that knows libfuse.
 */
#ifndef RPROCFS_SESSION_H
#define RPROCFS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include "tree.h"

struct session;

/* What else the loop waits for. All called on the loop's thread. */
struct session_hooks {
	const int *fds; /* readable: ready() */
	size_t num_fds;
	void (*ready)(int fd, void *data);
	/* session_kick() was called, by any thread. */
	void (*woken)(void *data);
	/*
	 * Before any answer to a deferred call, and to a poll after session_ring(): what
	 * happened meanwhile must show.
	 */
	void (*settle)(void *data);
	/* Milliseconds until tick() wants to run; -1: never. */
	int (*timeout)(void *data);
	void (*tick)(void *data);
	/* A line for the log, of FUSE itself or (level 7) of each store. */
	void (*log)(int level, const char *text, void *data);
	bool log_stores;
	void *data;
};

/*
 * A session for @tree, not mounted yet. @debug: libfuse prints each request.
 * -ENOMEM, -EMFILE.
 */
int session_new(struct tree *tree, const struct session_hooks *hooks, bool debug,
		struct session **ret_session);
/* Mount. @mountpoint may also be /dev/fd/N of a descriptor that is mounted already. -EIO. */
int session_mount(struct session *session, const char *mountpoint);
/* Serve until session_exit() or an unmount. 0 or a negative errno. */
int session_run(struct session *session);
/* Only from the loop's thread. */
void session_exit(struct session *session);
/* Any thread, never blocks: have woken() run. */
void session_kick(struct session *session);
/*
 * Any thread, never blocks: wake who polls a node with that bell. What has changed is to be
 * had by settle() already.
 */
void session_ring(struct session *session, unsigned int bell);
/* Answer whoever waits with EINTR, unmount, free. NULL is fine. */
void session_free(struct session *session);

#endif
