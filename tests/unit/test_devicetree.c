/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader of device trees, on good trees and on trees that make no sense. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "devicetree_fixture.h"
#include "dtb_writer.h"

#define NO_DA RPROC_RSC_ADDR_ANY

static int setup_tree(void **state)
{
	*state = devicetree_board("tree");
	return 0;
}

static int setup_broken(void **state)
{
	*state = devicetree_board("broken");
	return 0;
}

static int teardown(void **state)
{
	rproc_board_put(*state);
	return 0;
}

static void assert_device_path(const struct rproc_board *board, const char *node, const char *path)
{
	char *own;

	assert_int_equal(rproc_board_device_path(board, devicetree_node(board, node), &own), 0);
	assert_string_equal(own, path);
	free(own);
}

/* ---- trees that are well formed and make no sense ------------------------------------------ */

static const char *alias_called(const char *alias)
{
	static char found[64];
	struct dtb_writer writer = { 0 };
	struct rproc_board *board;
	const char *name;
	size_t len;
	void *dtb;

	dtb_begin_node(&writer, "");
	dtb_begin_node(&writer, "aliases");
	dtb_property(&writer, alias, "/a", 3);
	dtb_end_node(&writer);
	dtb_begin_node(&writer, "a");
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(devicetree_make(dtb, len, &board), 0);
	name = rproc_board_alias(board, "/a");
	snprintf(found, sizeof(found), "%s", name ? name : "none");
	rproc_board_put(board);
	free(dtb);
	return found;
}

static void aliases_that_cannot_be_files_are_none(void **state)
{
	(void)state;
	assert_string_equal(alias_called(""), "none");
	assert_string_equal(alias_called(".."), "none");
	assert_string_equal(alias_called("a/b"), "none");
	assert_string_equal(alias_called("a b"), "none");
	assert_string_equal(alias_called("rproc0"), "rproc0");
}

static int region_of(const struct rproc_board *board, const char *path, unsigned int index,
		     struct rproc_region *region)
{
	memset(&devicetree_report, 0, sizeof(devicetree_report));
	return rproc_board_memory_region(board, devicetree_node(board, path), index,
					 &devicetree_report, region);
}

static int reg_of(const struct rproc_board *board, const char *path, unsigned int index,
		  struct rproc_region *region)
{
	memset(&devicetree_report, 0, sizeof(devicetree_report));
	return rproc_board_reg(board, devicetree_node(board, path), index, &devicetree_report,
			       region);
}

static void phandles_that_lead_nowhere_are_refused(void **state)
{
	struct rproc_region region;

	assert_int_equal(region_of(*state, "/points-at-itself", 0, &region), -EINVAL);
	devicetree_says("without `reg`");
	assert_int_equal(region_of(*state, "/points-in-a-ring-1", 0, &region), -EINVAL);
	assert_int_equal(region_of(*state, "/points-in-a-ring-2", 0, &region), -EINVAL);
	assert_int_equal(region_of(*state, "/dangling", 0, &region), -EINVAL);
	devicetree_says("memory-region 0 is phandle 0x12345, which no node has");
	assert_int_equal(region_of(*state, "/dangling", 1, &region), -EINVAL);
	assert_int_equal(region_of(*state, "/dangling", 2, &region), -EINVAL);
	assert_int_equal(region_of(*state, "/dangling", 3, &region), -ENOENT);
	assert_int_equal(region_of(*state, "/cut-phandle", 0, &region), -ENOENT);
	assert_int_equal(region_of(*state, "/strings", 0, &region), -ENOENT);
	assert_int_equal(region_of(*state, "/wants-memory", 0, &region), -EINVAL);
	devicetree_says("node no-reg: it is a memory-region without `reg`");
	assert_int_equal(region_of(*state, "/wants-memory", 1, &region), -EINVAL);
	devicetree_says("0 bytes");
	assert_int_equal(rproc_board_find_phandle(*state, 0), -ENOENT);
	assert_int_equal(rproc_board_find_phandle(*state, UINT32_MAX), -ENOENT);
}

static void strings_without_an_end_are_refused(void **state)
{
	int node = devicetree_node(*state, "/strings");
	const char *string = NULL;

	assert_int_equal(rproc_board_string(*state, node, "compatible", 0, &string), -EILSEQ);
	assert_int_equal(rproc_board_string(*state, node, "half", 1, &string), -EILSEQ);
	assert_int_equal(rproc_board_string(*state, node, "nothing", 0, &string), -ENODATA);
	assert_int_equal(rproc_board_string(*state, node, "missing", 0, &string), -ENOENT);
	assert_int_equal(rproc_board_string(*state, node, "firmware-name", 1, &string), -ENODATA);
	assert_null(string);
	assert_int_equal(rproc_board_string(*state, node, "half", 0, &string), 0);
	assert_string_equal(string, "a");
	assert_int_equal(rproc_board_string(*state, node, "firmware-name", 0, &string), 0);
	assert_string_equal(string, "");
	assert_null(rproc_board_alias(*state, "/a"));
	assert_string_equal(rproc_board_alias(*state, "/nobody"), "nobody");
	assert_string_equal(rproc_board_alias(*state, "/no-status"), "twice");
}

static void registers_that_make_no_sense_are_refused(void **state)
{
	struct rproc_region region;

	assert_int_equal(reg_of(*state, "/odd-reg@0", 0, &region), -EINVAL);
	devicetree_says("reg has 12 bytes, its bus wants 8 an entry");
	assert_int_equal(reg_of(*state, "/no-bytes-of-reg", 0, &region), -ENOENT);
	assert_int_equal(reg_of(*state, "/strings", 0, &region), -ENOENT);
	assert_int_equal(reg_of(*state, "/", 0, &region), -ENOENT);
	assert_int_equal(reg_of(*state, "/wraps@ffffffff/at-the-end@0", 0, &region), -EINVAL);
	devicetree_says("64 bits");
	assert_int_equal(reg_of(*state, "/no-ranges/lost@10", 0, &region), -EINVAL);
	devicetree_says("no-ranges: the CPU sees no address below it");
	assert_int_equal(reg_of(*state, "/odd-ranges/lost@0", 0, &region), -EINVAL);
	devicetree_says("ranges has 8 bytes");
	assert_int_equal(reg_of(*state, "/wide/too-wide@0", 0, &region), -EINVAL);
	assert_int_equal(reg_of(*state, "/five-cells/lost@0", 0, &region), -EINVAL);
	devicetree_says("#address-cells");
	assert_int_equal(reg_of(*state, "/no-cells/lost", 0, &region), -EINVAL);
	assert_int_equal(reg_of(*state, "/cut-cells/lost@0", 0, &region), -EINVAL);
	assert_int_equal(reg_of(*state, "/wide/fits@10", 0, &region), 0);
	assert_int_equal(region.pa, 0x4000);
	assert_device_path(*state, "/five-cells/lost@0", "platform/five-cells/five-cells:lost@0");
}

static void a_window_holds_a_region_whole_or_not_at_all(void **state)
{
	struct rproc_region region;

	assert_int_equal(reg_of(*state, "/zero-ranges/nowhere@0", 0, &region), -EINVAL);
	devicetree_says("no window of its `ranges` holds 0x0 with 1 bytes");
	assert_int_equal(reg_of(*state, "/zero-ranges/too-long@104", 0, &region), -EINVAL);
	assert_int_equal(reg_of(*state, "/zero-ranges/behind@110", 0, &region), -EINVAL);
	assert_int_equal(reg_of(*state, "/zero-ranges/inside@100", 0, &region), 0);
	assert_int_equal(region.pa, 0x2000);
	assert_int_equal(region.bus, 0x100);
	assert_int_equal(region.da, NO_DA);
}

static void device_addresses_have_32_bits(void **state)
{
	struct rproc_region region;

	assert_int_equal(reg_of(*state, "/high-dma/beyond@0", 0, &region), 0);
	assert_int_equal(region.da, NO_DA);
	assert_int_equal(reg_of(*state, "/high-dma/over-the-top@1000", 0, &region), 0);
	assert_int_equal(region.da, NO_DA);
	assert_int_equal(reg_of(*state, "/high-dma/just-fits@1000", 0, &region), 0);
	assert_int_equal(region.da, 0xfffff000);
}

static void only_whole_words_enable_a_node(void **state)
{
	assert_false(rproc_board_enabled(*state, devicetree_node(*state, "/odd-status")));
	assert_false(rproc_board_enabled(*state, devicetree_node(*state, "/no-status")));
	devicetree_exercise(*state);
}

/* ---- good trees ------------------------------------------------------------------------------ */

static void disabled_nodes_hide_what_is_below(void **state)
{
	assert_true(
		rproc_board_enabled(*state, devicetree_node(*state, "/soc/fabric/core@5a000000")));
	assert_true(rproc_board_enabled(*state, devicetree_node(*state, "/soc/cluster@4c000000")));
	assert_true(rproc_board_enabled(*state, devicetree_node(*state, "/host0")));
	assert_false(rproc_board_enabled(*state, devicetree_node(*state, "/soc/resting")));
	assert_false(rproc_board_enabled(*state, devicetree_node(*state, "/soc/resting/below")));
	assert_false(rproc_board_enabled(*state, devicetree_node(*state, "/soc/spare")));
}

static void devices_are_named_as_the_kernel_names_them(void **state)
{
	assert_device_path(*state, "/", "platform");
	assert_device_path(*state, "/host0", "platform/host0");
	assert_device_path(*state, "/soc", "platform/soc");
	assert_device_path(*state, "/soc/fabric", "platform/soc/soc:fabric");
	assert_device_path(*state, "/soc/uart@48000000", "platform/soc/148000000.uart");
	assert_device_path(*state, "/soc/fabric/core@5a000000",
			   "platform/soc/soc:fabric/15a000000.core");
	assert_device_path(*state, "/soc/cluster@4c000000/dsp@3",
			   "platform/soc/14c000000.cluster/14c000000.cluster:dsp@3");
	assert_device_path(*state, "/soc/inherits@4d000000/child@10",
			   "platform/soc/14d000000.inherits/14d000010.child");
}

/* 64 buses below each other, each with a window that is found behind 255 others. */
static void deep_translations_end(void **state)
{
	static const uint8_t reg[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };
	static uint8_t windows[256 * 12];
	struct dtb_writer writer = { 0 };
	struct rproc_board *board;
	int i;
	char *path;
	size_t len;
	void *dtb;

	(void)state;
	for (i = 0; i < 255; i++)
		windows[12 * i] = windows[12 * i + 11] = 1;
	windows[255 * 12 + 8] = 1;
	dtb_begin_node(&writer, "");
	for (i = 0; i < RPROC_BOARD_MAX_DEPTH; i++) {
		dtb_begin_node(&writer, "n");
		dtb_property(&writer, "ranges", windows, sizeof(windows));
		dtb_property(&writer, "reg", reg, sizeof(reg));
	}
	for (i = 0; i <= RPROC_BOARD_MAX_DEPTH; i++)
		dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(devicetree_make(dtb, len, &board), 0);
	assert_int_equal(rproc_board_device_path(board, RPROC_BOARD_MAX_DEPTH, &path), 0);
	assert_memory_equal(path, "platform/0.n/0.n/0.n/", 21);
	free(path);
	rproc_board_put(board);
	free(dtb);
}

static void long_device_names_are_refused(void **state)
{
	struct dtb_writer writer = { 0 };
	struct rproc_board *board;
	char name[200] = "";
	size_t len;
	char *path;
	void *dtb;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	dtb_begin_node(&writer, "");
	dtb_begin_node(&writer, name);
	dtb_begin_node(&writer, name);
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(devicetree_make(dtb, len, &board), 0);
	assert_int_equal(rproc_board_device_path(board, 2, &path), -ENAMETOOLONG);
	assert_int_equal(rproc_board_device_path(board, 1, &path), 0);
	free(path);
	rproc_board_put(board);
	free(dtb);
}

static void names_aliases_and_phandles_are_found(void **state)
{
	int node = devicetree_node(*state, "/soc/fabric/core@5a000000");
	uint32_t phandle = rproc_board_phandle(
		*state, devicetree_node(*state, "/reserved-memory/code@15a000000"));

	assert_string_equal(rproc_board_full_name(*state, node), "core@5a000000");
	assert_string_equal(rproc_board_base_name(*state, node), "core");
	assert_string_equal(rproc_board_alias(*state, "/soc/fabric/core@5a000000"), "rproc-main");
	assert_null(rproc_board_alias(*state, "/soc/fabric/core@5a00000"));
	assert_null(rproc_board_alias(*state, "/host0"));
	assert_true(phandle);
	assert_int_equal(rproc_board_find_phandle(*state, phandle),
			 devicetree_node(*state, "/reserved-memory/code@15a000000"));
	assert_int_equal(rproc_board_find_phandle(*state, 0x7777), -ENOENT);
	assert_int_equal(rproc_board_phandle(*state, 0), 0);
}

static void words_and_strings_are_read(void **state)
{
	int node = devicetree_node(*state, "/soc/fabric/core@5a000000");
	const char *string;
	uint32_t word;

	assert_int_equal(rproc_board_u32(*state, node, "words", 1, &word), 0);
	assert_int_equal(word, 0x80000000);
	assert_int_equal(rproc_board_u32(*state, node, "words", 2, &word), 0);
	assert_int_equal(word, 0xffffffff);
	assert_int_equal(rproc_board_u32(*state, node, "words", 3, &word), -EOVERFLOW);
	assert_int_equal(rproc_board_u32(*state, node, "words", UINT32_MAX, &word), -EOVERFLOW);
	assert_int_equal(rproc_board_u32(*state, node, "no-words", 0, &word), -ENOENT);
	assert_int_equal(rproc_board_string(*state, node, "firmware-name", 1, &string), 0);
	assert_string_equal(string, "second.elf");
	assert_int_equal(rproc_board_string(*state, node, "firmware-name", 2, &string), -ENODATA);
}

static void assert_region(const struct rproc_region *region, const char *name, uint64_t bus,
			  uint64_t pa, uint64_t len, uint32_t da, bool no_map)
{
	assert_string_equal(region->name, name);
	assert_int_equal(region->bus, bus);
	assert_int_equal(region->pa, pa);
	assert_int_equal(region->len, len);
	assert_int_equal(region->da, da);
	assert_int_equal(region->no_map, no_map);
}

static void registers_are_translated_both_ways(void **state)
{
	static const char core[] = "/soc/fabric/core@5a000000";
	struct rproc_region region;

	assert_int_equal(reg_of(*state, core, 3, &region), -ENOENT);
	assert_int_equal(reg_of(*state, core, UINT32_MAX, &region), -ENOENT);
	assert_int_equal(reg_of(*state, core, 0, &region), 0);
	assert_region(&region, "code", 0x5a000000, 0x15a000000, 0x10000, 0, false);
	assert_int_equal(reg_of(*state, core, 1, &region), 0);
	assert_region(&region, "regs", 0x4b000000, 0x14b000000, 0x2000, NO_DA, false);
	assert_int_equal(reg_of(*state, core, 2, &region), 0);
	assert_region(&region, "", 0x5b000000, 0x15b000000, 0x10000, 0x10000000, false);
	assert_int_equal(reg_of(*state, "/soc/inherits@4d000000/child@10", 0, &region), 0);
	assert_region(&region, "", 0x10, 0x14d000010, 0x20, 0x4d000010, false);
	assert_int_equal(reg_of(*state, "/soc/cluster@4c000000/dsp@3", 0, &region), -EINVAL);
	devicetree_says("#size-cells 0");
}

static void memory_regions_are_found_and_translated(void **state)
{
	static const char core[] = "/soc/fabric/core@5a000000";
	struct rproc_region region;

	assert_int_equal(region_of(*state, core, 4, &region), -EINVAL);
	devicetree_says("disabled");
	assert_int_equal(region_of(*state, core, 5, &region), -ENOENT);
	assert_int_equal(region_of(*state, "/host0", 0, &region), -ENOENT);
	assert_int_equal(region_of(*state, core, 0, &region), 0);
	assert_region(&region, "code", 0x15a000000, 0x15a000000, 0x10000, 0, true);
	assert_int_equal(region_of(*state, core, 1, &region), 0);
	assert_region(&region, "ring", 0x15b000000, 0x15b000000, 0x1000, 0x10000000, false);
	assert_int_equal(region_of(*state, core, 2, &region), 0);
	assert_region(&region, "outside", 0x20000000, 0x20000000, 0x1000, NO_DA, false);
	assert_int_equal(region_of(*state, core, 3, &region), 0);
	assert_region(&region, "a-name-of-more-than-thirty-one-", 0x15b00f000, 0x15b00f000, 0x2000,
		      NO_DA, false);
}

static void a_board_is_a_counted_copy(void **state)
{
	struct rproc_board *board = devicetree_board("tree");

	(void)state;
	assert_ptr_equal(rproc_board_get(board), board);
	rproc_board_put(board);
	devicetree_exercise(board);
	rproc_board_put(board);
	rproc_board_put(NULL);
}

int main(void)
{
	const struct CMUnitTest made[] = {
		cmocka_unit_test(aliases_that_cannot_be_files_are_none),
		cmocka_unit_test(deep_translations_end),
		cmocka_unit_test(long_device_names_are_refused),
		cmocka_unit_test(a_board_is_a_counted_copy),
	};
	const struct CMUnitTest broken[] = {
		cmocka_unit_test(phandles_that_lead_nowhere_are_refused),
		cmocka_unit_test(strings_without_an_end_are_refused),
		cmocka_unit_test(registers_that_make_no_sense_are_refused),
		cmocka_unit_test(a_window_holds_a_region_whole_or_not_at_all),
		cmocka_unit_test(device_addresses_have_32_bits),
		cmocka_unit_test(only_whole_words_enable_a_node),
	};
	const struct CMUnitTest good[] = {
		cmocka_unit_test(disabled_nodes_hide_what_is_below),
		cmocka_unit_test(devices_are_named_as_the_kernel_names_them),
		cmocka_unit_test(names_aliases_and_phandles_are_found),
		cmocka_unit_test(words_and_strings_are_read),
		cmocka_unit_test(registers_are_translated_both_ways),
		cmocka_unit_test(memory_regions_are_found_and_translated),
	};

	return cmocka_run_group_tests_name("made here", made, NULL, NULL) |
	       cmocka_run_group_tests_name("broken tree", broken, setup_broken, teardown) |
	       cmocka_run_group_tests_name("good tree", good, setup_tree, teardown);
}
