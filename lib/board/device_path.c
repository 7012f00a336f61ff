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

/*
 * @name holds what the node above is called, or "" below the root: it begins the
 * name of a node without an address of its own.
 */
static int next_name(const struct rproc_board *board, int node, char *name, size_t size)
{
	size_t used = strlen(name);
	uint64_t pa;
	int len;

	if (!rproc_board_cpu_address(board, node, &pa))
		len = snprintf(name, size, "%" PRIx64 ".%s", pa,
			       rproc_board_base_name(board, node));
	else
		len = snprintf(name + used, size - used, "%s%s", used ? ":" : "",
			       rproc_board_full_name(board, node)) +
		      (int)used;
	return (size_t)len < size ? 0 : -ENAMETOOLONG;
}

int rproc_board_device_path(const struct rproc_board *board, int node, char **ret_path)
{
	int above[RPROC_BOARD_MAX_DEPTH + 1];
	char name[RPROC_DEVICE_NAME_MAX + 1] = "";
	int error, depth = 0;
	size_t used, size;
	char *path;

	for (; rproc_board_parent(board, node) >= 0; node = rproc_board_parent(board, node))
		above[depth++] = node;
	size = sizeof(ROOT_DIRECTORY) + (size_t)depth * sizeof(name);
	path = malloc(size);
	if (!path)
		return -ENOMEM;
	used = (size_t)snprintf(path, size, ROOT_DIRECTORY);
	while (depth--) {
		error = next_name(board, above[depth], name, sizeof(name));
		if (error) {
			free(path);
			return error;
		}
		used += (size_t)snprintf(path + used, size - used, "/%s", name);
	}
	*ret_path = path;
	return 0;
}
