/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Linux calls the platform device of a node, and where it hangs: the address
 * its first `reg` has for the CPU and the node's name; without one, the names up
 * to a node that has. Knows no device, only names.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "board/board.h"

#define ROOT_DIRECTORY "platform"

/* Puts @text before what @buf holds already, @sep between. -ENAMETOOLONG. */
static int prepend(char *buf, size_t size, const char *text, const char *sep)
{
	size_t used = strlen(buf);
	size_t len = strlen(text);
	size_t sep_len = used ? strlen(sep) : 0;

	if (len + sep_len + used >= size)
		return -ENAMETOOLONG;
	memmove(buf + len + sep_len, buf, used + 1);
	memcpy(buf + len, sep, sep_len);
	memcpy(buf, text, len);
	return 0;
}

static int device_name(const struct rproc_board *board, int node, char *buf, size_t size)
{
	char part[RPROC_DEVICE_NAME_MAX + 1];
	uint64_t pa;
	int error, len;

	buf[0] = 0;
	for (; rproc_board_parent(board, node) >= 0; node = rproc_board_parent(board, node)) {
		if (!rproc_board_cpu_address(board, node, &pa)) {
			len = snprintf(part, sizeof(part), "%" PRIx64 ".%s", pa,
				       rproc_board_base_name(board, node));
			if ((size_t)len >= sizeof(part))
				return -ENAMETOOLONG;
			return prepend(buf, size, part, ":");
		}
		error = prepend(buf, size, rproc_board_full_name(board, node), ":");
		if (error)
			return error;
	}
	return 0;
}

int rproc_board_device_path(const struct rproc_board *board, int node, char **ret_path)
{
	size_t size = sizeof(ROOT_DIRECTORY) + RPROC_BOARD_MAX_DEPTH * (RPROC_DEVICE_NAME_MAX + 1);
	char name[RPROC_DEVICE_NAME_MAX + 1];
	char *path;
	int error;

	path = calloc(1, size);
	if (!path)
		return -ENOMEM;
	for (; rproc_board_parent(board, node) >= 0; node = rproc_board_parent(board, node)) {
		error = device_name(board, node, name, sizeof(name));
		if (!error)
			error = prepend(path, size, name, "/");
		if (error)
			goto err_free;
	}
	error = prepend(path, size, ROOT_DIRECTORY, "/");
	if (error)
		goto err_free;
	*ret_path = path;
	return 0;

err_free:
	free(path);
	return error;
}
