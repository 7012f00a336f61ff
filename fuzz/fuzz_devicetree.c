/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: a flattened device tree from anybody. Properties: a tree that is
 * taken can be asked everything of every node; parents come before their
 * children and are enabled if these are; names are fit for file names; every
 * translated range ends within its space; what is refused has a story.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "board/board.h"

static void check_name(const char *name)
{
	FUZZ_ASSERT(*name && strcmp(name, ".") && strcmp(name, ".."));
	for (; *name; name++)
		FUZZ_ASSERT(*name > ' ' && *name <= '~' && *name != '/');
}

static void check_report(const struct rproc_report *report, int ret)
{
	/* -ENOENT is an answer, not a defect; -ENOMEM has nothing to say */
	if (ret == -EINVAL)
		FUZZ_ASSERT(report->count && report->finding[report->count - 1].error == ret);
	if (!ret)
		FUZZ_ASSERT(!report->count);
	for (unsigned int i = 0; i < report->count; i++)
		FUZZ_ASSERT(report->finding[i].story[0]);
}

static void check_region(int ret, const struct rproc_region *region,
			 const struct rproc_report *report)
{
	FUZZ_ASSERT(ret == 0 || ret == -ENOENT || ret == -EINVAL);
	check_report(report, ret);
	if (ret)
		return;
	FUZZ_ASSERT(memchr(region->name, 0, sizeof(region->name)));
	if (region->len) {
		FUZZ_ASSERT(region->pa <= UINT64_MAX - (region->len - 1));
		FUZZ_ASSERT(region->bus <= UINT64_MAX - (region->len - 1));
	}
	if (region->da != RPROC_RSC_ADDR_ANY)
		FUZZ_ASSERT(region->da + (region->len ? region->len - 1 : 0) <= UINT32_MAX);
}

static void check_regions(const struct rproc_board *board, int node)
{
	struct rproc_region region;
	int ret;

	for (unsigned int i = 0; i < 4; i++) {
		struct rproc_report report = { 0 };

		ret = rproc_board_reg(board, node, i, &report, &region);
		check_region(ret, &region, &report);
		report = (struct rproc_report){ 0 };
		ret = rproc_board_memory_region(board, node, i, &report, &region);
		check_region(ret, &region, &report);
	}
	FUZZ_ASSERT(rproc_board_reg(board, node, UINT32_MAX, NULL, &region));
	FUZZ_ASSERT(rproc_board_memory_region(board, node, UINT32_MAX, NULL, &region));
}

static void check_values(const struct rproc_board *board, int node)
{
	static const char *const names[] = { "compatible",    "reg",	   "status",
					     "firmware-name", "reg-names", "#address-cells",
					     "phandle",	      "x" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const uint8_t *bytes;
		const char *string;
		uint32_t word;
		size_t len;
		int ret;

		bytes = rproc_board_property(board, node, names[i], &len);
		ret = rproc_board_u32(board, node, names[i], 0, &word);
		FUZZ_ASSERT(ret == (!bytes ? -ENOENT : len < 4 ? -EOVERFLOW : 0));
		for (unsigned int at = 0; at < 3; at++) {
			ret = rproc_board_string(board, node, names[i], at, &string);
			FUZZ_ASSERT(bytes || ret == -ENOENT);
			if (!ret)
				FUZZ_ASSERT(string >= (const char *)bytes &&
					    string + strlen(string) < (const char *)bytes + len);
		}
	}
}

static void check_paths(const struct rproc_board *board, int node)
{
	char *path = rproc_board_path(board, node);
	char *device = NULL;
	const char *alias;
	int ret;

	FUZZ_ASSERT(path && path[0] == '/');
	alias = rproc_board_alias(board, path);
	if (alias)
		check_name(alias);
	free(path);
	ret = rproc_board_device_path(board, node, &device);
	FUZZ_ASSERT(ret == 0 || ret == -ENAMETOOLONG);
	FUZZ_ASSERT((ret == 0) == (device != NULL));
	if (!ret)
		FUZZ_ASSERT(!strncmp(device, "platform", 8));
	free(device);
}

static void check_node(const struct rproc_board *board, int node)
{
	int parent = rproc_board_parent(board, node);
	uint32_t phandle = rproc_board_phandle(board, node);
	int found;

	FUZZ_ASSERT(parent < node && (parent >= 0) == (node > 0));
	if (parent >= 0) {
		FUZZ_ASSERT(!rproc_board_enabled(board, node) ||
			    rproc_board_enabled(board, parent));
		check_name(rproc_board_full_name(board, node));
		check_name(rproc_board_base_name(board, node));
	}
	if (phandle) {
		found = rproc_board_find_phandle(board, phandle);
		FUZZ_ASSERT(found >= 0 && found <= node);
		FUZZ_ASSERT(rproc_board_phandle(board, found) == phandle);
	}
	check_values(board, node);
	check_regions(board, node);
	check_paths(board, node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rproc_report report = { 0 };
	struct rproc_board *board = NULL;
	int ret;

	ret = rproc_board_new(data, size, &report, &board);
	FUZZ_ASSERT(ret == 0 || ret == -EINVAL || ret == -ENOMEM);
	FUZZ_ASSERT((ret == 0) == (board != NULL));
	check_report(&report, ret);
	if (ret)
		return 0;
	FUZZ_ASSERT(rproc_board_num_nodes(board) > 0);
	for (int node = 0; node < rproc_board_num_nodes(board); node++)
		check_node(board, node);
	rproc_board_put(board);
	return 0;
}
