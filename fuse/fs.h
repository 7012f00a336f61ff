/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contents of the mount, as main.c sees them: make them, feed them the log,
 * keep them right. Knows nothing of libfuse.
 */
#ifndef RPROCFS_FS_H
#define RPROCFS_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct rproc_context;
struct rprocfs;
struct tree;

/* The bell of the node that shows the state of a processor. */
static inline unsigned int fs_state_bell(int index)
{
	return (unsigned int)index + 1;
}

struct fs_options {
	uid_t uid;
	gid_t gid;
	bool have_gid; /* was given: the group may write */
	mode_t mode;   /* of attributes that may be written; 0: 0644, or 0664 with have_gid */
	bool mainline; /* nothing that Linux does not have among the mirrored files */
	/* Told of each line of the log, whoever says it; any thread. NULL: nobody. */
	void (*echo)(int level, const char *device, const char *text);
	/*
	 * Load the drivers of the board: >= 0 or a negative errno. On a thread of its own. If it
	 * is there, so is librproc/control.
	 */
	int (*setup)(void *data);
	void *setup_data;
	unsigned int send_timeout_ms; /* a write waits for a message buffer; default 15000 */
};

/*
 * @kick: has fs_woken() run on the tree's thread; called from any thread.
 * The log may be fed at once, the tree exists after fs_attach(). -ENOMEM.
 */
int fs_new(const struct fs_options *options, void (*kick)(void *data), void *data,
	   struct rprocfs **ret_fs);
/* A line of the log (rproc_log_fn). Any thread. */
void fs_log(int level, const char *device, const char *text, void *fs);
/* Build the tree for a context and the processors it has. -ENOMEM, -EMFILE. */
int fs_attach(struct rprocfs *fs, struct rproc_context *context);
struct tree *fs_tree(struct rprocfs *fs);

/* Readable (POLLIN): have fs_ready() run. -1 before fs_attach(). */
int fs_poll_fd(const struct rprocfs *fs);

/* The tree's thread: */
void fs_ready(struct rprocfs *fs);
void fs_settle(struct rprocfs *fs); /* bring the tree up to the last event */
void fs_woken(struct rprocfs *fs);  /* serve waiting readers of the streams */
int fs_timeout(struct rprocfs *fs); /* ms until fs_tick(), or -1 */
void fs_tick(struct rprocfs *fs);

/* Remove all nodes and give back all processors: before rproc_context_free(). */
void fs_detach(struct rprocfs *fs);
/* After rproc_context_free(). NULL is fine. */
void fs_free(struct rprocfs *fs);

#endif
