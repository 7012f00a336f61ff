/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a driver reads around its node: phandles with arguments, lists of strings, and
 * addresses from the processor's view to the CPU's and back.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "core/internal.h"
#include "devicetree_fixture.h"
#include "dtb_writer.h"

#define ASKER "/asker"

static struct rproc_context *context;
static struct rproc_board *board;

/* A property of @count cells. */
static void cells(struct dtb_writer *writer, const char *name, size_t count, ...)
{
	uint8_t bytes[4 * 32];
	va_list args;
	size_t i;

	assert_true(count <= sizeof(bytes) / 4);
	va_start(args, count);
	for (i = 0; i < count; i++) {
		uint32_t word = va_arg(args, uint32_t);

		bytes[4 * i] = (uint8_t)(word >> 24);
		bytes[4 * i + 1] = (uint8_t)(word >> 16);
		bytes[4 * i + 2] = (uint8_t)(word >> 8);
		bytes[4 * i + 3] = (uint8_t)word;
	}
	va_end(args);
	dtb_property(writer, name, bytes, 4 * count);
}

static void target(struct dtb_writer *writer, const char *name, uint32_t phandle)
{
	dtb_begin_node(writer, name);
	cells(writer, "phandle", 1, phandle);
}

static void write_tree(struct dtb_writer *writer)
{
	dtb_begin_node(writer, "");
	target(writer, "two", 1);
	cells(writer, "#args", 1, 2u);
	dtb_end_node(writer);
	target(writer, "none", 2);
	cells(writer, "#args", 1, 0u);
	dtb_end_node(writer);
	target(writer, "off", 3);
	cells(writer, "#args", 1, 1u);
	dtb_property(writer, "status", "disabled", 9);
	dtb_end_node(writer);
	target(writer, "greedy", 4);
	cells(writer, "#args", 1, RPROC_PHANDLE_ARGS_MAX + 1u);
	dtb_end_node(writer);
	target(writer, "silent", 5);
	dtb_end_node(writer);
	dtb_begin_node(writer, "asker");
	cells(writer, "good", 6, 1u, 10u, 11u, 2u, 3u, 12u);
	cells(writer, "fixed", 4, 5u, 20u, 21u, 22u);
	cells(writer, "nobody", 2, 99u, 1u);
	cells(writer, "short", 2, 1u, 10u);
	cells(writer, "too-many", 11, 4u, 0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u);
	cells(writer, "unsaid", 2, 5u, 1u);
	dtb_property(writer, "odd", "\0\0\0\1\0", 5);
	dtb_property(writer, "names", "first\0second", 13);
	dtb_property(writer, "endless", "first\0sec", 9);
	dtb_end_node(writer);
	dtb_end_node(writer);
}

static struct rproc_device *device_of(const char *path)
{
	struct rproc_device *device;

	assert_int_equal(
		rproc_board_make_device(context, board, devicetree_node(board, path), &device), 0);
	return device;
}

static int setup(void **state)
{
	struct dtb_writer writer = { 0 };
	size_t len;
	void *dtb;

	assert_int_equal(rproc_context_new(NULL, &context), 0);
	write_tree(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(devicetree_make(dtb, len, &board), 0);
	free(dtb);
	*state = device_of(ASKER);
	return 0;
}

static int teardown(void **state)
{
	rproc_device_put(*state);
	rproc_board_put(board);
	rproc_context_free(context);
	return 0;
}

/* ---- phandles ------------------------------------------------------------------------------ */

static void lists_of_phandles_that_make_no_sense_are_refused(void **state)
{
	struct rproc_phandle_args args = { .count = 77 };

	assert_int_equal(rproc_device_parse_phandle(*state, "no", "#args", 0, 0, &args), -ENOENT);
	assert_int_equal(rproc_device_parse_phandle(*state, "odd", "#args", 0, 0, &args), -EINVAL);
	assert_int_equal(rproc_device_parse_phandle(*state, "nobody", "#args", 0, 0, &args),
			 -EINVAL);
	assert_int_equal(rproc_device_parse_phandle(*state, "short", "#args", 0, 0, &args),
			 -EINVAL);
	assert_int_equal(rproc_device_parse_phandle(*state, "too-many", "#args", 0, 0, &args),
			 -EINVAL);
	assert_int_equal(rproc_device_parse_phandle(*state, "fixed", NULL, 4, 0, &args), -EINVAL);
	assert_int_equal(rproc_device_parse_phandle(*state, "fixed", NULL, UINT32_MAX, 0, &args),
			 -EINVAL);
	/* One that does not say how many follow it. */
	assert_int_equal(rproc_device_parse_phandle(*state, "unsaid", "#args", 0, 0, &args),
			 -EINVAL);
	/* What is wrong behind the entry that is asked for is not looked at. */
	assert_int_equal(rproc_device_parse_phandle(*state, "good", "#args", 0, 3, &args), -ENOENT);
	assert_int_equal(rproc_device_parse_phandle(*state, "good", "#args", 0, 2, &args), -ENODEV);
	assert_int_equal(args.count, 77);
}

static void each_entry_has_its_node_and_its_arguments(void **state)
{
	struct rproc_phandle_args args;

	assert_int_equal(rproc_device_parse_phandle(*state, "good", "#args", 0, 0, &args), 0);
	assert_string_equal(rproc_device_node_name(args.node), "two");
	assert_int_equal(args.count, 2);
	assert_int_equal(args.args[0], 10);
	assert_int_equal(args.args[1], 11);
	rproc_device_put(args.node);
	assert_int_equal(rproc_device_parse_phandle(*state, "good", "#args", 0, 1, &args), 0);
	assert_string_equal(rproc_device_node_name(args.node), "none");
	assert_int_equal(args.count, 0);
	rproc_device_put(args.node);
	assert_int_equal(rproc_device_parse_phandle(*state, "fixed", NULL, 3, 0, &args), 0);
	assert_int_equal(args.count, 3);
	assert_int_equal(args.args[2], 22);
	rproc_device_put(args.node);
}

static void strings_are_found_by_what_they_say(void **state)
{
	assert_int_equal(rproc_device_match_string(*state, "names", "second"), 1);
	assert_int_equal(rproc_device_match_string(*state, "names", "sec"), -ENODATA);
	assert_int_equal(rproc_device_match_string(*state, "endless", "first"), 0);
	assert_int_equal(rproc_device_match_string(*state, "endless", "sec"), -EILSEQ);
	assert_int_equal(rproc_device_match_string(*state, "no", "first"), -ENOENT);
	assert_false(rproc_device_is_compatible(*state, "first"));
}

static void a_device_without_a_tree_has_no_surroundings(void **state)
{
	struct rproc_phandle_args args;
	struct rproc_device *device;
	uint64_t pa;
	uint32_t da;

	(void)state;
	assert_int_equal(rproc_device_new(context, "mine", &device), 0);
	assert_int_equal(rproc_device_parse_phandle(device, "good", NULL, 0, 0, &args), -ENOENT);
	assert_int_equal(rproc_device_match_string(device, "names", "first"), -ENOENT);
	assert_int_equal(rproc_device_pa_to_da(device, 0, 1, &da), -ENOENT);
	assert_int_equal(rproc_device_da_to_pa(device, 0, 1, &pa), -ENOENT);
	rproc_device_put(device);
}

/* ---- addresses ------------------------------------------------------------------------------ */

/* boards/tree.dts: two windows of 64 KiB in the core's bus, one of 512 MiB above it. */
static int setup_tree(void **state)
{
	assert_int_equal(rproc_context_new(NULL, &context), 0);
	board = devicetree_board("tree");
	*state = device_of("/soc/fabric/core@5a000000");
	return 0;
}

static void addresses_beyond_the_windows_are_refused(void **state)
{
	struct rproc_device *host = device_of("/host0");
	uint32_t da = 77;
	uint64_t pa = 77;

	assert_int_equal(rproc_device_pa_to_da(*state, 0x15a00fff0, 17, &da), -EINVAL);
	assert_int_equal(rproc_device_pa_to_da(*state, 0x159ffffff, 1, &da), -EINVAL);
	assert_int_equal(rproc_device_pa_to_da(*state, 0x5a000000, 1, &da), -EINVAL);
	assert_int_equal(rproc_device_pa_to_da(*state, UINT64_MAX, UINT64_MAX, &da), -EINVAL);
	assert_int_equal(rproc_device_da_to_pa(*state, 0x10000, 1, &pa), -EINVAL);
	assert_int_equal(rproc_device_da_to_pa(*state, 0xfff0, 17, &pa), -EINVAL);
	assert_int_equal(rproc_device_da_to_pa(*state, 0, UINT64_MAX, &pa), -EINVAL);
	/* A bus that says nothing of addresses. */
	assert_int_equal(rproc_device_pa_to_da(host, 0, 1, &da), -ENOENT);
	assert_int_equal(rproc_device_da_to_pa(host, 0, 1, &pa), -ENOENT);
	assert_int_equal(da, 77);
	assert_int_equal(pa, 77);
	rproc_device_put(host);
}

static void addresses_go_there_and_back(void **state)
{
	static const struct {
		uint64_t pa;
		uint32_t da;
		uint64_t len;
	} pairs[] = {
		{ 0x15a000000, 0, 0x10000 },
		{ 0x15a00ffff, 0xffff, 1 },
		{ 0x15b000000, 0x10000000, 0x10000 },
		{ 0x15b001234, 0x10001234, 0x10000 - 0x1234 },
	};
	uint64_t pa;
	uint32_t da;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(rproc_device_pa_to_da(*state, pairs[i].pa, pairs[i].len, &da), 0);
		assert_int_equal(da, pairs[i].da);
		assert_int_equal(rproc_device_da_to_pa(*state, pairs[i].da, pairs[i].len, &pa), 0);
		assert_int_equal(pa, pairs[i].pa);
	}
}

int main(void)
{
	const struct CMUnitTest nodes[] = {
		cmocka_unit_test(lists_of_phandles_that_make_no_sense_are_refused),
		cmocka_unit_test(each_entry_has_its_node_and_its_arguments),
		cmocka_unit_test(strings_are_found_by_what_they_say),
		cmocka_unit_test(a_device_without_a_tree_has_no_surroundings),
	};
	const struct CMUnitTest addresses[] = {
		cmocka_unit_test(addresses_beyond_the_windows_are_refused),
		cmocka_unit_test(addresses_go_there_and_back),
	};

	return cmocka_run_group_tests_name("nodes", nodes, setup, teardown) |
	       cmocka_run_group_tests_name("addresses", addresses, setup_tree, teardown);
}
