/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processors of a device tree in the mount: several in one node share what is
 * made for the node, and come and go in any order.
 */
#include <stdio.h>
#include "fs.h"
#include "fuse_front.h"
#include <librproc/driver.h>

#define PROCESSORS 2

static struct rproc *rprocs[PROCESSORS];

static int do_nothing(struct rproc *rproc)
{
	(void)rproc;
	return 0;
}

static const struct rproc_ops ops = { .start = do_nothing, .stop = do_nothing };

static int probe(struct rproc_device *device)
{
	static const char *const names[] = { "first", "second" };

	for (int i = 0; i < PROCESSORS; i++) {
		rprocs[i] = rproc_alloc(device, names[i], &ops, NULL, 0);
		assert_non_null(rprocs[i]);
		assert_int_equal(rproc_add(rprocs[i]), 0);
	}
	return 0;
}

static void delete (int index)
{
	if (!rprocs[index])
		return;
	rproc_del(rprocs[index]);
	rproc_free(rprocs[index]);
	rprocs[index] = NULL;
}

static void remove_all(struct rproc_device *device)
{
	(void)device;
	for (int i = 0; i < PROCESSORS; i++)
		delete (i);
}

static const char *const compatibles[] = { "acme,core", NULL };
static const struct rproc_plugin plugin = { RPROC_PLUGIN_INIT, .name = "core",
					    .compatibles = compatibles, .probe = probe,
					    .remove = remove_all };

static void kick(void *data)
{
	(void)data;
}

#define assert_names(path, wanted) assert_string_equal(front_list(&front, path), wanted)
#define assert_text(path, wanted)  assert_string_equal(front_text(&front, path), wanted)

/* Delete one, then the other. */
static void check(int index)
{
	static const char *const names[] = { "first", "second" };
	const struct fs_options fs_options = { 0 };
	struct rproc_context_options options = { .size = sizeof(options), .log = fs_log };
	struct rproc_context *context;
	struct front front = { 0 };
	struct rprocfs *fs;
	char path[64];

	assert_int_equal(fs_new(&fs_options, kick, NULL, &fs), 0);
	options.log_data = fs;
	assert_int_equal(rproc_context_new(&options, &context), 0);
	assert_int_equal(rproc_context_add_plugin(context, &plugin), 0);
	assert_int_equal(rproc_context_add_board_file(context, BOARD_DIR "/tree.dtb", false),
			 PROCESSORS);
	assert_int_equal(fs_attach(fs, context), 0);
	front_init(&front, fs_tree(fs));
	assert_names("class/remoteproc", "remoteproc0 remoteproc1");
	assert_names("librproc/by-path", "soc!fabric!core@5a000000");
	assert_text("librproc/by-path/soc!fabric!core@5a000000/remoteproc/name", "first\n");
	assert_names("librproc/by-alias", "rproc-main");
	delete (index);
	fs_settle(fs);
	/* The links lead to who is left. */
	snprintf(path, sizeof(path), "%s\n", names[!index]);
	assert_text("librproc/by-path/soc!fabric!core@5a000000/remoteproc/name", path);
	assert_text("librproc/by-alias/rproc-main/remoteproc/name", path);
	delete (!index);
	fs_settle(fs);
	assert_names("librproc/by-path", "");
	assert_names("librproc/by-alias", "");
	assert_names("class/remoteproc", "");
	fs_detach(fs);
	rproc_context_free(context);
	fs_free(fs);
	front_fini(&front);
}

static void two_in_one_node_share_its_links(void **state)
{
	(void)state;
	check(0);
	check(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(two_in_one_node_share_its_links) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
