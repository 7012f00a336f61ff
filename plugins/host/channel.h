/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages with descriptors on a SOCK_SEQPACKET socket. Used by both ends. */
#ifndef RPROC_HOST_CHANNEL_H
#define RPROC_HOST_CHANNEL_H

#include "protocol.h"

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t host_now_ms(void);

/* A message with magic, version and @type set, the rest zero. */
void host_message_init(struct host_message *message, uint32_t type);

/* Send @message and @count descriptors. Never blocks, never raises SIGPIPE. 0 or -errno. */
int host_send(int sock, const struct host_message *message, const int *fds, unsigned int count);

/*
 * Receive one message. *@count: room in @fds before, descriptors got (close-on-exec)
 * after; surplus ones are closed. @timeout_ms < 0: for ever.
 * 0, -ENOTCONN at the end of the connection, -ETIMEDOUT, -EPROTO for bytes that are
 * not a message, -EPROTONOSUPPORT for another version, which is all that is set then.
 */
int host_recv(int sock, struct host_message *ret_message, int *fds, unsigned int *count,
	      int timeout_ms);

/* Wait until @fd is readable. @timeout_ms < 0: for ever. 0, -ETIMEDOUT or -errno. */
int host_await(int fd, int timeout_ms);

/* Close *@fd if it is one, and set it to -1. */
void host_close(int *fd);
/* Close every descriptor from @first on. */
void host_close_from(int first);

#endif
