/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses in a tree: `reg`, `ranges`, `dma-ranges` and `memory-region`, from a
 * bus to the CPU and from the CPU to a device. Rules are those of the Devicetree
 * specification 2.3 with Linux's answers where it is silent: cell counts are
 * inherited and 1 by default, a bus without dma-ranges passes addresses through.
 * Mapping what lies at an address is somebody else's business.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/bytes.h"
#include "base/report.h"
#include "board/board.h"

#define CELLS_MAX  4   /* what Linux takes for an address */
#define RANGES_MAX 256 /* windows of one bus: real ones have some dozens */

/* How the children of a bus write their addresses. */
struct cells {
	unsigned int address, size;
};

/* One line of `ranges` or `dma-ranges`: child space, parent space, length. */
struct window {
	uint64_t child, parent, len;
};

/* `ranges` or `dma-ranges` of one bus, as bytes. */
struct windows {
	const uint8_t *bytes;
	unsigned int count; /* 0: addresses pass through as they are */
	struct cells child, parent;
	size_t stride;
};

static int refuse(const struct rproc_board *board, int node, struct rproc_report *report,
		  const char *what)
{
	return report_add(report, -EINVAL, RPROC_LOG_ERR, "", "device tree node %s: %s",
			  rproc_board_full_name(board, node), what);
}

static int count_cells(const struct rproc_board *board, int bus, const char *name,
		       uint32_t *ret_count)
{
	uint32_t count = 1;
	int error;

	for (; bus >= 0; bus = rproc_board_parent(board, bus)) {
		error = rproc_board_u32(board, bus, name, 0, &count);
		if (error == -ENOENT)
			continue;
		if (error || count > CELLS_MAX)
			return -EINVAL;
		break;
	}
	*ret_count = count;
	return 0;
}

static int bus_cells(const struct rproc_board *board, int bus, struct rproc_report *report,
		     struct cells *ret_cells)
{
	uint32_t address, size;

	if (count_cells(board, bus, "#address-cells", &address) || !address)
		return refuse(board, bus, report, "#address-cells is not 1, 2, 3 or 4");
	if (count_cells(board, bus, "#size-cells", &size))
		return refuse(board, bus, report, "#size-cells is not 0, 1, 2, 3 or 4");
	ret_cells->address = address;
	ret_cells->size = size;
	return 0;
}

/* -ERANGE if the number needs more than 64 bits. */
static int read_cells(const uint8_t *bytes, unsigned int count, uint64_t *ret_value)
{
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (value >> 32)
			return -ERANGE;
		value = value << 32 | load_be32(bytes + 4 * (size_t)i);
	}
	*ret_value = value;
	return 0;
}

/* 1: @name has windows; 0: it passes addresses through; -ENOENT: there is no @name. */
static int read_windows(const struct rproc_board *board, int bus, const char *name,
			struct rproc_report *report, struct windows *ret_windows)
{
	struct windows windows = { 0 };
	size_t len;
	int error;

	windows.bytes = rproc_board_property(board, bus, name, &len);
	if (!windows.bytes)
		return -ENOENT;
	if (!len)
		return 0;
	error = bus_cells(board, bus, report, &windows.child);
	if (!error)
		error = bus_cells(board, rproc_board_parent(board, bus), report, &windows.parent);
	if (error)
		return error;
	windows.stride =
		4 * (size_t)(windows.child.address + windows.parent.address + windows.child.size);
	if (len % windows.stride || len / windows.stride > RANGES_MAX)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
				  "device tree node %s: %s has %zu bytes: not 1..%d windows of %zu",
				  rproc_board_full_name(board, bus), name, len, RANGES_MAX,
				  windows.stride);
	windows.count = (unsigned int)(len / windows.stride);
	*ret_windows = windows;
	return 1;
}

/* False for a window that cannot hold anything: no length, or numbers beyond 64 bits. */
static bool get_window(const struct windows *windows, unsigned int index, struct window *ret_window)
{
	const uint8_t *at = windows->bytes + index * windows->stride;
	struct window window;

	if (read_cells(at, windows->child.address, &window.child))
		return false;
	at += 4 * (size_t)windows->child.address;
	if (read_cells(at, windows->parent.address, &window.parent))
		return false;
	at += 4 * (size_t)windows->parent.address;
	if (read_cells(at, windows->child.size, &window.len) || !window.len)
		return false;
	/* the last byte of either side must have an address */
	if (window.child > UINT64_MAX - (window.len - 1) ||
	    window.parent > UINT64_MAX - (window.len - 1))
		return false;
	*ret_window = window;
	return true;
}

/* Translates @len bytes through the first window that holds all of them. */
static bool through_windows(const struct windows *windows, bool up, uint64_t len, uint64_t *address)
{
	struct window window;
	unsigned int i;
	uint64_t from;

	for (i = 0; i < windows->count; i++) {
		if (!get_window(windows, i, &window))
			continue;
		from = up ? window.child : window.parent;
		if (*address < from || !range_ok(*address - from, len, window.len))
			continue;
		if (*address - from >= window.len) /* nothing at its very end is not in it */
			continue;
		*address = *address - from + (up ? window.parent : window.child);
		return true;
	}
	return false;
}

/* From the space of @bus's children to the CPU's. */
static int to_cpu(const struct rproc_board *board, int bus, uint64_t len,
		  struct rproc_report *report, uint64_t *address)
{
	struct windows windows;
	int has;

	for (; rproc_board_parent(board, bus) >= 0; bus = rproc_board_parent(board, bus)) {
		has = read_windows(board, bus, "ranges", report, &windows);
		if (has == -ENOENT)
			return refuse(board, bus, report,
				      "the CPU sees no address below it: it has no `ranges`");
		if (has < 0)
			return has;
		if (has && !through_windows(&windows, true, len, address))
			return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
					  "device tree node %s: no window of its `ranges` holds "
					  "0x%" PRIx64 " with %" PRIu64 " bytes",
					  rproc_board_full_name(board, bus), *address, len);
	}
	return 0;
}

/*
 * From the CPU's space to that of a device on @bus, the way its accesses come
 * out: the buses from the root down. -ENOENT if the device does not reach it all.
 */
static int to_device(const struct rproc_board *board, int bus, uint64_t len,
		     struct rproc_report *report, uint64_t *address)
{
	int path[RPROC_BOARD_MAX_DEPTH + 1];
	struct windows windows;
	int has, depth = 0;
	size_t unused;

	if (!rproc_board_property(board, bus, "dma-ranges", &unused))
		return -ENOENT;
	for (; rproc_board_parent(board, bus) >= 0; bus = rproc_board_parent(board, bus))
		path[depth++] = bus;
	while (depth--) {
		has = read_windows(board, path[depth], "dma-ranges", report, &windows);
		if (has < 0 && has != -ENOENT)
			return has;
		if (has == 1 && !through_windows(&windows, false, len, address))
			return -ENOENT;
	}
	return 0;
}

/* Entry @index of `reg`, untranslated. */
static int read_reg(const struct rproc_board *board, int node, unsigned int index,
		    struct rproc_report *report, uint64_t *ret_address, uint64_t *ret_len)
{
	uint64_t address, reg_len;
	const uint8_t *bytes;
	struct cells cells;
	size_t len, stride;
	int error;

	bytes = rproc_board_property(board, node, "reg", &len);
	if (!bytes || rproc_board_parent(board, node) < 0)
		return -ENOENT;
	error = bus_cells(board, rproc_board_parent(board, node), report, &cells);
	if (error)
		return error;
	stride = 4 * (size_t)(cells.address + cells.size);
	if (len % stride)
		return report_add(
			report, -EINVAL, RPROC_LOG_ERR, "",
			"device tree node %s: reg has %zu bytes, its bus wants %zu an entry",
			rproc_board_full_name(board, node), len, stride);
	if (index >= len / stride)
		return -ENOENT;
	bytes += index * stride;
	if (read_cells(bytes, cells.address, &address) ||
	    read_cells(bytes + 4 * (size_t)cells.address, cells.size, &reg_len) ||
	    (reg_len && address > UINT64_MAX - (reg_len - 1)))
		return refuse(board, node, report, "reg does not end within 64 bits");
	if (!cells.size)
		return refuse(board, node, report,
			      "its bus has #size-cells 0: reg is a number, not memory");
	*ret_address = address;
	*ret_len = reg_len;
	return 0;
}

int rproc_board_cpu_address(const struct rproc_board *board, int node, uint64_t *ret_pa)
{
	uint64_t address, len;
	int error;

	error = read_reg(board, node, 0, NULL, &address, &len);
	if (!error)
		error = to_cpu(board, rproc_board_parent(board, node), 0, NULL, &address);
	if (error)
		return error;
	*ret_pa = address;
	return 0;
}

/* @owner: the device whose view is wanted; @node: whose `reg` it is. */
static int read_region(const struct rproc_board *board, int owner, int node, unsigned int index,
		       struct rproc_report *report, struct rproc_region *ret_region)
{
	struct rproc_region region = { 0 };
	uint64_t device;
	int error;

	error = read_reg(board, node, index, report, &region.bus, &region.len);
	if (error)
		return error;
	region.pa = region.bus;
	error = to_cpu(board, rproc_board_parent(board, node), region.len, report, &region.pa);
	if (error)
		return error;
	device = region.pa;
	error = to_device(board, rproc_board_parent(board, owner), region.len, report, &device);
	if (error && error != -ENOENT)
		return error;
	region.da = RPROC_RSC_ADDR_ANY;
	if (!error && device < RPROC_RSC_ADDR_ANY && region.len <= (1ull << 32) - device)
		region.da = (uint32_t)device;
	*ret_region = region;
	return 0;
}

int rproc_board_reg(const struct rproc_board *board, int node, unsigned int index,
		    struct rproc_report *report, struct rproc_region *ret_region)
{
	struct rproc_region region;
	const char *name;
	int error;

	error = read_region(board, node, node, index, report, &region);
	if (error)
		return error;
	if (rproc_board_string(board, node, "reg-names", index, &name))
		name = "";
	snprintf(region.name, sizeof(region.name), "%s", name);
	*ret_region = region;
	return 0;
}

int rproc_board_memory_region(const struct rproc_board *board, int node, unsigned int index,
			      struct rproc_report *report, struct rproc_region *ret_region)
{
	struct rproc_region region;
	uint32_t phandle;
	size_t unused;
	int error, target;

	error = rproc_board_u32(board, node, "memory-region", index, &phandle);
	if (error)
		return -ENOENT; /* also past the end */
	target = rproc_board_find_phandle(board, phandle);
	if (target < 0 || rproc_board_parent(board, node) < 0)
		return report_add(report, -EINVAL, RPROC_LOG_ERR, "",
				  "device tree node %s: memory-region %u is phandle 0x%x, which no "
				  "node has",
				  rproc_board_full_name(board, node), index, phandle);
	if (!rproc_board_enabled(board, target))
		return refuse(board, target, report, "it is a memory-region, but disabled");
	error = read_region(board, node, target, 0, report, &region);
	if (error == -ENOENT)
		return refuse(board, target, report,
			      "it is a memory-region without `reg`: give it a fixed place");
	if (error)
		return error;
	if (!region.len)
		return refuse(board, target, report, "it is a memory-region of 0 bytes");
	region.no_map = rproc_board_property(board, target, "no-map", &unused);
	snprintf(region.name, sizeof(region.name), "%s", rproc_board_base_name(board, target));
	*ret_region = region;
	return 0;
}

/* ---- one address, either way ---------------------------------------------------------------- */

static bool has_dma_ranges(const struct rproc_board *board, int bus)
{
	size_t unused;

	return bus >= 0 && rproc_board_property(board, bus, "dma-ranges", &unused);
}

int rproc_board_pa_to_da(const struct rproc_board *board, int node, uint64_t pa, uint64_t len,
			 uint32_t *ret_da)
{
	int bus = rproc_board_parent(board, node);
	uint64_t address = pa;

	if (!has_dma_ranges(board, bus))
		return -ENOENT;
	if (to_device(board, bus, len, NULL, &address) || address >= RPROC_RSC_ADDR_ANY ||
	    len > (1ull << 32) - address)
		return -EINVAL;
	*ret_da = (uint32_t)address;
	return 0;
}

int rproc_board_da_to_pa(const struct rproc_board *board, int node, uint32_t da, uint64_t len,
			 uint64_t *ret_pa)
{
	int bus = rproc_board_parent(board, node);
	struct windows windows;
	uint64_t address = da;
	int has;

	if (!has_dma_ranges(board, bus))
		return -ENOENT;
	for (; rproc_board_parent(board, bus) >= 0; bus = rproc_board_parent(board, bus)) {
		has = read_windows(board, bus, "dma-ranges", NULL, &windows);
		if (has < 0 && has != -ENOENT)
			return has;
		if (has == 1 && !through_windows(&windows, true, len, &address))
			return -EINVAL;
	}
	*ret_pa = address;
	return 0;
}
