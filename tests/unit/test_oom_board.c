/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that runs out while a plugin is added and a board is brought up: every
 * allocation of the process fails in turn, and the board comes up afterwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "dtb_writer.h"
#include "plain_driver.h"
#include "oom_scenario.h"

static void *tree;
static size_t tree_len;

/* A bus with one processor, its memory, an alias and a phandle. */
static void make_tree(void)
{
	struct dtb_writer writer = { 0 };

	dtb_begin_node(&writer, "");
	dtb_property(&writer, "#address-cells", "\0\0\0\1", 4);
	dtb_property(&writer, "#size-cells", "\0\0\0\1", 4);
	dtb_begin_node(&writer, "aliases");
	dtb_property(&writer, "rproc0", "/bus/dsp@1000", 14);
	dtb_end_node(&writer);
	dtb_begin_node(&writer, "bus");
	dtb_property(&writer, "#address-cells", "\0\0\0\1", 4);
	dtb_property(&writer, "#size-cells", "\0\0\0\1", 4);
	dtb_property(&writer, "ranges", "", 0);
	dtb_begin_node(&writer, "dsp@1000");
	dtb_property(&writer, "compatible", "test,dsp", 9);
	dtb_property(&writer, "reg", "\0\0\x10\0\0\0\1\0", 8);
	dtb_property(&writer, "phandle", "\0\0\0\x2a", 4);
	dtb_property(&writer, "firmware-name", "fw.elf", 7);
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	tree = dtb_finish(&writer, &tree_len);
}

static const char *const compatibles[] = { "test,dsp", NULL };
static const struct rproc_plugin plugin = { RPROC_PLUGIN_INIT, .name = "test",
					    .compatibles = compatibles, .probe = plain_probe,
					    .remove = plain_remove };

static struct recorder *setup(void)
{
	const struct recorder_options options = { .more = { .plugin_path = "/no/plugins" } };

	return recorder_new(&options);
}

static int bring_up(struct recorder *rec)
{
	int ret = rproc_context_add_plugin(rec->context, &plugin);

	if (ret && ret != -EEXIST)
		return ret;
	ret = rproc_context_add_board(rec->context, tree, tree_len, false);
	assert_int_not_equal(ret, 0);
	return ret < 0 ? ret : 0;
}

static void check(struct recorder *rec, int result)
{
	struct rproc *rproc = rproc_get_by_phandle(rec->context, 42);

	if (result) {
		assert_null(rproc);
		assert_int_equal(bring_up(rec), 0);
		rproc = rproc_get_by_phandle(rec->context, 42);
	}
	assert_non_null(rproc);
	assert_string_equal(rproc_name(rproc), "dsp");
	assert_string_equal(rproc_device_path(rproc), "platform/bus/1000.dsp");
	assert_string_equal(rproc_dt_path(rproc), "/bus/dsp@1000");
	assert_string_equal(rproc_dt_alias(rproc), "rproc0");
	rproc_put(rproc);
}

static void a_board_survives_it(void **state)
{
	static const struct oom_scenario board = { "plugin and board", setup, bring_up, check };

	(void)state;
	make_tree();
	oom_run(&board);
	free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_board_survives_it) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
