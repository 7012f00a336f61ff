/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Typed values of properties: words and strings, and what a driver may ask of
 * its node. Knows how values are written, not what any property means.
 */
#include <errno.h>
#include <string.h>
#include "base/bytes.h"
#include "board/board.h"
#include "core/internal.h"

int rproc_board_u32(const struct rproc_board *board, int node, const char *name, unsigned int index,
		    uint32_t *ret_value)
{
	const uint8_t *bytes;
	size_t len;

	bytes = rproc_board_property(board, node, name, &len);
	if (!bytes)
		return -ENOENT;
	if (!range_ok(4 * (uint64_t)index, 4, len))
		return -EOVERFLOW;
	*ret_value = load_be32(bytes + 4 * (size_t)index);
	return 0;
}

int rproc_board_next_string(const char *list, size_t len, const char *last, const char **ret_string)
{
	const char *string = last ? last + strlen(last) + 1 : list;
	size_t left = len - (size_t)(string - list);

	if (!left)
		return -ENODATA;
	if (!memchr(string, 0, left))
		return -EILSEQ;
	*ret_string = string;
	return 0;
}

int rproc_board_string(const struct rproc_board *board, int node, const char *name,
		       unsigned int index, const char **ret_value)
{
	const char *list, *string = NULL;
	size_t len;
	int error;

	list = rproc_board_property(board, node, name, &len);
	if (!list)
		return -ENOENT;
	do {
		error = rproc_board_next_string(list, len, string, &string);
		if (error)
			return error;
	} while (index--);
	*ret_value = string;
	return 0;
}

RPROC_API const char *rproc_device_node_name(const struct rproc_device *device)
{
	return device->board ? rproc_board_base_name(device->board, device->node) : "";
}

RPROC_API uint32_t rproc_device_phandle(const struct rproc_device *device)
{
	return device->board ? rproc_board_phandle(device->board, device->node) : 0;
}

RPROC_API bool rproc_device_property_bool(const struct rproc_device *device, const char *name)
{
	size_t len;

	return device->board && rproc_board_property(device->board, device->node, name, &len);
}

RPROC_API int rproc_device_property_u32(const struct rproc_device *device, const char *name,
					unsigned int index, uint32_t *ret_value)
{
	if (!device->board)
		return -ENOENT;
	return rproc_board_u32(device->board, device->node, name, index, ret_value);
}

RPROC_API int rproc_device_property_string(const struct rproc_device *device, const char *name,
					   unsigned int index, const char **ret_value)
{
	if (!device->board)
		return -ENOENT;
	return rproc_board_string(device->board, device->node, name, index, ret_value);
}

RPROC_API int rproc_device_property(const struct rproc_device *device, const char *name,
				    const void **ret_value, size_t *ret_len)
{
	const void *value;
	size_t len;

	if (!device->board)
		return -ENOENT;
	value = rproc_board_property(device->board, device->node, name, &len);
	if (!value)
		return -ENOENT;
	*ret_value = value;
	*ret_len = len;
	return 0;
}

RPROC_API int rproc_of_parse_firmware(const struct rproc_device *device, unsigned int index,
				      const char **ret_name)
{
	return rproc_device_property_string(device, "firmware-name", index, ret_name);
}

/* What a check of the tree found is the story of whatever asked. */
static int tell(const struct rproc_device *device, int error, const struct rproc_report *report)
{
	if (!error || !report->count)
		return error;
	return rproc_device_tell(device, error, "%s", report->finding[0].story);
}

RPROC_API int rproc_device_reg(const struct rproc_device *device, unsigned int index,
			       struct rproc_region *ret_region)
{
	struct rproc_report report = { 0 };

	if (!device->board)
		return -ENOENT;
	return tell(device,
		    rproc_board_reg(device->board, device->node, index, &report, ret_region),
		    &report);
}

RPROC_API int rproc_device_memory_region(const struct rproc_device *device, unsigned int index,
					 struct rproc_region *ret_region)
{
	struct rproc_report report = { 0 };

	if (!device->board)
		return -ENOENT;
	return tell(
		device,
		rproc_board_memory_region(device->board, device->node, index, &report, ret_region),
		&report);
}
