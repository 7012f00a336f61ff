/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control interface as a socket: STATE_DIR/virtual.sock (virtual-1.sock, ... while
 * others use that). Lines in, a line "ok ..." or "error ERRNO text" out for each.
 */
#ifndef RPROC_VIRTUAL_CONTROL_SOCKET_H
#define RPROC_VIRTUAL_CONTROL_SOCKET_H

#include <librproc/driver.h>

struct control_socket;

/* Carry out @line, answer in @reply; on the context's thread. 0 or a negative errno. */
typedef int (*control_fn)(void *data, const char *line, char *reply, size_t len);

int control_socket_new(struct rproc_context *context, const char *state_dir, control_fn fn,
		       void *data, struct control_socket **ret_socket);
/* Closes every connection and removes the file. NULL is fine. */
void control_socket_free(struct control_socket *sock);

#endif
