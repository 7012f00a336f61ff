/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the mount goes: the directory, the lock that keeps a second daemon
 * away, what a dead one left behind. Knows nothing of FUSE's protocol.
 */
#ifndef RPROCFS_MOUNTPOINT_H
#define RPROCFS_MOUNTPOINT_H

#include <stdbool.h>

struct mountpoint {
	char *path;	 /* absolute */
	char *state_dir; /* where the lock is; private to us */
	char *lock_path;
	int lock_fd;
	bool passed; /* /dev/fd/N: somebody else mounted it and will unmount it */
};

/*
 * Lock @path and make it ready to be mounted on. @state_dir: NULL to find one.
 * Says itself what is wrong. 0 or a negative errno (-EBUSY: it is being served).
 */
int mountpoint_prepare(struct mountpoint *mountpoint, const char *path, const char *state_dir);
/* Write this process's id into the lock, for people and for the next refusal. */
void mountpoint_sign(const struct mountpoint *mountpoint);
/*
 * Does a mount of ours answer at @path? Not to be called by the process that
 * serves it. 0 or a negative errno.
 */
int mountpoint_check(const char *path);
/*
 * The session is closed: take away what it left mounted. It takes its own mount
 * away, but for one whose connection was aborted.
 */
void mountpoint_leave(const struct mountpoint *mountpoint);
/* Unlock. The mount itself is the session's. */
void mountpoint_fini(struct mountpoint *mountpoint);

/* A mount that was refused: say why as far as can be seen, and what to try. */
void mountpoint_explain(const struct mountpoint *mountpoint);

#endif
