/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A descriptor for messages: dev/rpmsgN of a channel, made through rpmsg_ctrlN where
 * the channel has none. Knows the kernel's ioctls, and nothing of what messages say.
 */
#ifndef RPROC_TOOL_RPMSG_FILE_H
#define RPROC_TOOL_RPMSG_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "rpmsg_list.h"

/* No transport has longer messages. */
#define RPMSG_FILE_MAX 65536

struct rpmsg_file {
	int fd;		 /* blocking; read and written in whole messages */
	bool made;	 /* by us, so it goes when we do */
	char device[64]; /* dev/rpmsgN, for people */
	char label[128]; /* the channel */
};

/*
 * Open @channel for messages. @src: the address wanted, or RPMSG_ANY; with one an endpoint
 * is made even if the channel has a device. Tells what went wrong itself. From here
 * on a signal to end only interrupts (stop_signal.h). TOOL_OK or TOOL_REFUSED.
 */
int rpmsg_file_open(const struct mount *mount, const struct channel *channel, uint32_t src,
		    struct rpmsg_file *ret_file);
void rpmsg_file_close(struct rpmsg_file *file);

/* One message out. 0 or a negative errno; -EINTR: asked to end. */
int rpmsg_file_send(const struct rpmsg_file *file, const void *data, size_t len);
/*
 * One message in, at most @timeout_ms from now (negative: for ever). Its length, or a negative
 * errno: -ETIMEDOUT, -EPIPE: the channel is gone, -EINTR: asked to end.
 */
ssize_t rpmsg_file_receive(const struct rpmsg_file *file, void *buf, size_t len, int timeout_ms);

/* Say that @verb failed with @error (positive), and what to do. Returns the exit code. */
int rpmsg_file_failed(const struct rpmsg_file *file, const char *verb, int error);

#endif
