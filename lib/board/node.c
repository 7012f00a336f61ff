/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From one node to others: phandles with arguments, and what a node that no driver
 * has is as a device. Knows how references are written, not what they are for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/bytes.h"
#include "board/board.h"
#include "core/internal.h"

int rproc_board_make_device(struct rproc_context *context, struct rproc_board *board, int node,
			    struct rproc_device **ret_device)
{
	struct rproc_device *device;
	char *path, *dt_path;
	int error;

	error = rproc_board_device_path(board, node, &path);
	if (error)
		return error;
	error = rproc_device_create(context, path, &device);
	free(path);
	if (error)
		return error;
	dt_path = rproc_board_path(board, node);
	if (!dt_path) {
		rproc_device_put(device);
		return -ENOMEM;
	}
	free(device->dt_path);
	device->dt_path = dt_path;
	device->board = rproc_board_get(board);
	device->node = node;
	*ret_device = device;
	return 0;
}

/* How many arguments follow the phandle of @target. */
static int count_args(const struct rproc_board *board, int target, const char *cells,
		      unsigned int count, uint32_t *ret_count)
{
	*ret_count = count;
	if (cells && rproc_board_u32(board, target, cells, 0, ret_count))
		return -EINVAL;
	return *ret_count > RPROC_PHANDLE_ARGS_MAX ? -EINVAL : 0;
}

/* Entry @index: its node and where its arguments are. @at counts words. */
static int find_entry(const struct rproc_board *board, const uint8_t *bytes, size_t words,
		      const char *cells, unsigned int count, unsigned int index, int *ret_target,
		      size_t *ret_at, uint32_t *ret_count)
{
	size_t at = 0;
	uint32_t args;
	int target;

	while (at < words) {
		target = rproc_board_find_phandle(board, load_be32(bytes + 4 * at++));
		if (target < 0 || count_args(board, target, cells, count, &args) ||
		    args > words - at)
			return -EINVAL;
		if (!index--) {
			*ret_target = target;
			*ret_at = at;
			*ret_count = args;
			return 0;
		}
		at += args;
	}
	return -ENOENT;
}

RPROC_API int rproc_device_parse_phandle(const struct rproc_device *device, const char *property,
					 const char *cells, unsigned int count, unsigned int index,
					 struct rproc_phandle_args *ret_args)
{
	struct rproc_phandle_args args = { 0 };
	const uint8_t *bytes;
	size_t len, at, i;
	int error, target;

	bytes = device->board ? rproc_board_property(device->board, device->node, property, &len)
			      : NULL;
	if (!bytes)
		return -ENOENT;
	if (len % 4)
		return -EINVAL;
	error = find_entry(device->board, bytes, len / 4, cells, count, index, &target, &at,
			   &args.count);
	if (error)
		return error;
	if (!rproc_board_enabled(device->board, target))
		return -ENODEV;
	for (i = 0; i < args.count; i++)
		args.args[i] = load_be32(bytes + 4 * (at + i));
	error = rproc_board_make_device(device->context, device->board, target, &args.node);
	if (error)
		return error;
	*ret_args = args;
	return 0;
}

RPROC_API int rproc_device_match_string(const struct rproc_device *device, const char *property,
					const char *string)
{
	const char *entry;
	int error, i;

	for (i = 0; i < 64; i++) {
		error = rproc_device_property_string(device, property, (unsigned int)i, &entry);
		if (error)
			return error;
		if (!strcmp(entry, string))
			return i;
	}
	return -ENODATA;
}

RPROC_API bool rproc_device_is_compatible(const struct rproc_device *device, const char *compatible)
{
	return rproc_device_match_string(device, "compatible", compatible) >= 0;
}

RPROC_API int rproc_device_pa_to_da(const struct rproc_device *device, uint64_t pa, uint64_t len,
				    uint32_t *ret_da)
{
	if (!device->board)
		return -ENOENT;
	return rproc_board_pa_to_da(device->board, device->node, pa, len, ret_da);
}

RPROC_API int rproc_device_da_to_pa(const struct rproc_device *device, uint32_t da, uint64_t len,
				    uint64_t *ret_pa)
{
	if (!device->board)
		return -ENOENT;
	return rproc_board_da_to_pa(device->board, device->node, da, len, ret_pa);
}
