/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Boards brought up by plugins that are compiled in: which node is offered to
 * whom, what a probe can ask, and what is left when one fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "core/internal.h"
#include "dtb_writer.h"
#include "plain_driver.h"

#define TREE BOARD_DIR "/tree.dtb"
#define CORE "platform/soc/soc:fabric/15a000000.core"

/* What the plugins below were asked, one word a call, and how they answer. */
static char calls[1024];
static int host_result, core_result, generic_result;
static bool core_tells;
static void (*inspect)(struct rproc_device *device);

static void record(const char *what, const struct rproc_device *device)
{
	size_t used = strlen(calls);

	snprintf(calls + used, sizeof(calls) - used, "%s:%s ", what, rproc_device_name(device));
}

static void remove_processor(struct rproc_device *device)
{
	record("remove", device);
	plain_remove(device);
}

static int host_probe(struct rproc_device *device)
{
	record("host", device);
	return host_result ? host_result : plain_probe(device);
}

static int core_probe(struct rproc_device *device)
{
	record("core", device);
	if (inspect)
		inspect(device);
	if (core_tells) {
		rproc_device_story(device, core_result, "probe", "clock %d is missing", 7);
		rproc_device_story(device, core_result, "probe", "something went wrong");
	}
	return core_result ? core_result : plain_probe(device);
}

static int generic_probe(struct rproc_device *device)
{
	record("generic", device);
	return generic_result ? generic_result : plain_probe(device);
}

static const char *const host_compatibles[] = { "librproc,host", NULL };
static const char *const core_compatibles[] = { "acme,other", "acme,core", NULL };
static const char *const generic_compatibles[] = { "acme,generic", NULL };

#define PLUGIN(word)                                                                 \
	{                                                                            \
		RPROC_PLUGIN_INIT, .name = #word, .compatibles = word##_compatibles, \
				   .probe = word##_probe, .remove = remove_processor \
	}
static const struct rproc_plugin host = PLUGIN(host);
static const struct rproc_plugin core = PLUGIN(core);
static const struct rproc_plugin generic = PLUGIN(generic);

static char log_lines[4096];

static void keep_line(int level, const char *device, const char *text, void *data)
{
	size_t used = strlen(log_lines);

	(void)data;
	snprintf(log_lines + used, sizeof(log_lines) - used, "%d %s: %s\n", level, device, text);
}

static int setup(void **state)
{
	const struct rproc_context_options options = { .size = sizeof(options),
						       .log = keep_line,
						       .log_level = RPROC_LOG_ERR,
						       .state_dir = "/nonexistent/state",
						       .shutdown_timeout_ms = 77 };
	struct rproc_context *context;

	calls[0] = log_lines[0] = 0;
	host_result = core_result = generic_result = 0;
	core_tells = false;
	inspect = NULL;
	assert_int_equal(rproc_context_new(&options, &context), 0);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	rproc_context_free(*state);
	return 0;
}

static void assert_story(struct rproc_context *context, const char *words)
{
	char story[RPROC_STORY_MAX];

	rproc_context_last_error(context, story, sizeof(story));
	if (!strstr(story, words))
		fail_msg("story \"%s\" does not say \"%s\"", story, words);
}

static void assert_no_story(struct rproc_context *context)
{
	char story[RPROC_STORY_MAX];

	rproc_context_last_error(context, story, sizeof(story));
	assert_string_equal(story, "");
}

static void add_plugins(struct rproc_context *context)
{
	assert_int_equal(rproc_context_add_plugin(context, &host), 0);
	assert_int_equal(rproc_context_add_plugin(context, &core), 0);
	assert_int_equal(rproc_context_add_plugin(context, &generic), 0);
}

/* ---- plugins ---------------------------------------------------------------------------- */

static void descriptors_compiled_in_are_checked(void **state)
{
	struct rproc_plugin plugin;

	assert_int_equal(rproc_context_add_plugin(*state, NULL), -EINVAL);
	assert_int_equal(rproc_context_add_plugin(NULL, &core), -EINVAL);
	plugin = core;
	plugin.abi++;
	assert_int_equal(rproc_context_add_plugin(*state, &plugin), -EINVAL);
	assert_story(*state, "compiled into the program: it was made for plugin ABI 2");
	plugin = core;
	plugin.core = &plugin;
	assert_int_equal(rproc_context_add_plugin(*state, &plugin), -EINVAL);
	plugin = core;
	plugin.struct_size = offsetof(struct rproc_plugin, probe);
	assert_int_equal(rproc_context_add_plugin(*state, &plugin), -EINVAL);
	assert_story(*state, "`probe`");
	/* those were not kept */
	assert_int_equal(rproc_context_add_plugin(*state, &core), 0);
	assert_int_equal(rproc_context_add_plugin(*state, &core), -EEXIST);
	assert_story(*state, "a plugin called core is there already (compiled in)");
}

static void a_static_program_loads_no_plugins(void **state)
{
	assert_int_equal(rproc_context_load_plugin(*state, "any.so"), -ENOTSUP);
	assert_story(*state, "any.so: this program holds a static librproc");
	assert_story(*state, "rproc_context_add_plugin()");
}

/* ---- boards that are none ------------------------------------------------------------------ */

static void bytes_that_are_not_a_tree_are_refused(void **state)
{
	assert_int_equal(rproc_context_add_board(*state, NULL, 0, false), -EINVAL);
	assert_int_equal(rproc_context_add_board(NULL, "x", 1, false), -EINVAL);
	assert_int_equal(rproc_context_add_board(*state, "\xd0\x0d\xfe\xed", 4, false), -EINVAL);
	assert_story(*state, "4 bytes are less than its header");
}

static void files_that_are_not_a_tree_are_refused(void **state)
{
	char dir[] = "/tmp/board-test-XXXXXX";
	char path[64];

	assert_int_equal(rproc_context_add_board_file(*state, NULL, false), -EINVAL);
	assert_int_equal(rproc_context_add_board_file(*state, BOARD_DIR "/no.dtb", false), -ENOENT);
	assert_story(*state, "/no.dtb: cannot be read: No such file");
	assert_int_equal(rproc_context_add_board_file(*state, BOARD_DIR, false), -EINVAL);
	assert_story(*state, "not a file");
	assert_int_equal(rproc_context_add_board_file(*state, "/dev/zero", false), -EINVAL);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(rproc_context_add_board_file(*state, path, false), -EINVAL);
	unlink(path);
	snprintf(path, sizeof(path), "%s/huge", dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(truncate(path, 3 << 20), 0);
	assert_int_equal(rproc_context_add_board_file(*state, path, false), -EINVAL);
	assert_story(*state, "the most one may have is 2097152");
	assert_story(*state, path);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(rproc_context_add_board_file(*state, path, false), -EINVAL);
	assert_story(*state, "is this a .dtb?");
	unlink(path);
	rmdir(dir);
}

/* ---- boards nobody knows ------------------------------------------------------------------- */

static void a_node_that_only_a_processor_would_be_is_named(void **state)
{
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), -ENODEV);
	assert_story(*state,
		     "board " TREE ": board names unknown hardware: no plugin takes node "
		     "/soc/fabric/core@5a000000, compatible \"acme,core\"; this program has "
		     "compiled-in plugins only: none");
	/* a whole machine has memory regions for much else */
	assert_int_equal(rproc_context_add_board_file(*state, TREE, true), -ENODEV);
	assert_story(*state, "no plugin takes node /host0, compatible \"librproc,host\"");
}

static int add_written(struct rproc_context *context, const char *node, const char *compatible,
		       size_t len)
{
	struct dtb_writer writer = { 0 };
	size_t size;
	void *dtb;
	int ret;

	dtb_begin_node(&writer, "");
	dtb_property(&writer, "compatible", "librproc,board", 15);
	dtb_begin_node(&writer, node);
	if (compatible)
		dtb_property(&writer, "compatible", compatible, len);
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &size);
	ret = rproc_context_add_board(context, dtb, size, false);
	free(dtb);
	return ret;
}

static void a_board_without_processors_has_none(void **state)
{
	add_plugins(*state);
	assert_int_equal(add_written(*state, "memory", NULL, 0), 0);
	assert_story(*state, "none of its 2 nodes is a processor that a plugin knows");
	assert_story(*state, "host, core, generic");
	assert_int_equal(add_written(*state, "serial", "acme,uart", 10), 0);
	assert_int_equal(add_written(*state, "empty", "", 0), 0);
	assert_int_equal(add_written(*state, "gpu", "acme,rproc-gpu", 15), -ENODEV);
	assert_int_equal(add_written(*state, "remoteproc0", "acme,r5", 8), -ENODEV);
	assert_int_equal(add_written(*state, "endless", "acme,uart", 9), -EINVAL);
	assert_story(*state, "node endless: `compatible` is not a list of strings");
	assert_string_equal(calls, "");
}

static void a_list_of_a_million_strings_is_read_once(void **state)
{
	size_t len = 1 << 20;
	char *list = calloc(1, len);

	add_plugins(*state);
	assert_non_null(list);
	/* each names nothing; looking each up from the start would take days */
	assert_int_equal(add_written(*state, "patient", list, len), 0);
	memcpy(list + len - 14, "librproc,host", 14);
	assert_int_equal(add_written(*state, "patient", list, len), 1);
	free(list);
}

/* ---- probing ------------------------------------------------------------------------------- */

static void every_known_node_is_probed_and_removed_in_reverse(void **state)
{
	struct rproc *rproc;

	add_plugins(*state);
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), 2);
	assert_no_story(*state);
	assert_string_equal(calls, "core:15a000000.core host:host0 ");
	rproc = rproc_get_by_name(*state, "core");
	assert_non_null(rproc);
	assert_string_equal(rproc_device_path(rproc), CORE);
	assert_string_equal(rproc_dt_path(rproc), "/soc/fabric/core@5a000000");
	assert_string_equal(rproc_dt_alias(rproc), "rproc-main");
	assert_string_equal(rproc_plugin_name(rproc), "core");
	rproc_put(rproc);
	calls[0] = 0;
	rproc_boards_fini(*state);
	assert_string_equal(calls, "remove:host0 remove:15a000000.core ");
	assert_null(rproc_get_next(*state, -1));
	/* and the same board again, on the same context, needs its plugins again */
	add_plugins(*state);
	assert_int_equal(rproc_context_add_board_file(*state, TREE, true), 2);
}

static void a_board_is_added_once(void **state)
{
	add_plugins(*state);
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), 2);
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), -EEXIST);
	assert_story(*state, "a device " CORE " is there already");
	assert_string_equal(calls, "core:15a000000.core host:host0 ");
}

static void a_failed_probe_is_told_and_others_come_up(void **state)
{
	add_plugins(*state);
	core_result = -EIO;
	core_tells = true;
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), 1);
	assert_story(*state, "15a000000.core: probe: clock 7 is missing");
	assert_string_equal(calls, "core:15a000000.core host:host0 ");
	assert_string_equal(log_lines, "3 core 15a000000.core: probe with driver core failed with "
				       "error -5\n");
	/* nothing is left of it: it can be tried again */
	core_result = 0;
	core_tells = false;
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), 1);
	assert_non_null(strstr(calls, "core:15a000000.core host:host0 core:15a000000.core "));
}

static void the_first_error_is_the_boards(void **state)
{
	add_plugins(*state);
	core_result = -EIO;
	host_result = -EPERM;
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), -EIO);
	assert_story(*state, "plugin core refuses device tree node /soc/fabric/core@5a000000: "
			     "Input/output error");
}

static void a_node_that_is_not_its_own_goes_to_the_next_plugin(void **state)
{
	add_plugins(*state);
	core_result = -ENODEV;
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), 2);
	assert_no_story(*state);
	assert_string_equal(calls, "core:15a000000.core generic:15a000000.core host:host0 ");
	assert_string_equal(log_lines, "");
}

static void a_node_that_nobody_wants_gives_way_to_a_real_failure(void **state)
{
	add_plugins(*state);
	core_result = generic_result = -ENODEV;
	host_result = -EACCES;
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), -EACCES);
	assert_story(*state, "plugin host refuses");
	host_result = -ENODEV;
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), -ENODEV);
	assert_story(*state, "plugin core refuses");
}

/* ---- what a driver can ask ------------------------------------------------------------------- */

static void ask_everything(struct rproc_device *device)
{
	struct rproc_region region;
	const void *bytes;
	const char *string;
	uint32_t word;
	size_t len;

	assert_string_equal(rproc_device_name(device), "15a000000.core");
	assert_string_equal(rproc_device_node_name(device), "core");
	assert_string_equal(rproc_device_state_dir(device), "/nonexistent/state");
	assert_int_equal(rproc_device_shutdown_timeout_ms(device), 77);
	assert_true(rproc_device_property_bool(device, "words"));
	assert_false(rproc_device_property_bool(device, "auto-boot"));
	assert_int_equal(rproc_device_property_u32(device, "words", 0, &word), 0);
	assert_int_equal(word, 1);
	assert_int_equal(rproc_device_property_u32(device, "words", 3, &word), -EOVERFLOW);
	assert_int_equal(rproc_of_parse_firmware(device, 0, &string), 0);
	assert_string_equal(string, "first.elf");
	assert_int_equal(rproc_of_parse_firmware(device, 2, &string), -ENODATA);
	assert_int_equal(rproc_device_property_string(device, "no", 0, &string), -ENOENT);
	assert_int_equal(rproc_device_property(device, "words", &bytes, &len), 0);
	assert_int_equal(len, 12);
	assert_memory_equal(bytes, "\0\0\0\1\x80\0\0\0\xff\xff\xff\xff", 12);
	assert_int_equal(rproc_device_property(device, "no", &bytes, &len), -ENOENT);
	assert_int_equal(rproc_device_reg(device, 2, &region), 0);
	assert_int_equal(region.da, 0x10000000);
	assert_int_equal(rproc_device_reg(device, 3, &region), -ENOENT);
	assert_int_equal(rproc_device_memory_region(device, 1, &region), 0);
	assert_string_equal(region.name, "ring");
	assert_int_equal(rproc_device_memory_region(device, 4, &region), -EINVAL);
}

static void a_probe_can_read_its_node(void **state)
{
	inspect = ask_everything;
	add_plugins(*state);
	core_result = -EINVAL;
	core_tells = true;
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), 1);
	/* what the tree's reader said first stays */
	assert_story(
		*state,
		"15a000000.core: device tree node switched-off@30000000: it is a memory-region, "
		"but disabled");
}

static void processors_are_found_by_phandle(void **state)
{
	struct dtb_writer writer = { 0 };
	struct rproc *rproc;
	size_t len;
	void *dtb;

	add_plugins(*state);
	dtb_begin_node(&writer, "");
	dtb_begin_node(&writer, "a");
	dtb_property(&writer, "compatible", "librproc,host", 14);
	dtb_end_node(&writer);
	dtb_begin_node(&writer, "b");
	dtb_property(&writer, "compatible", "librproc,host", 14);
	dtb_property(&writer, "phandle", "\0\0\0\x2a", 4);
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb = dtb_finish(&writer, &len);
	assert_int_equal(rproc_context_add_board(*state, dtb, len, false), 2);
	free(dtb);
	assert_null(rproc_get_by_phandle(*state, 0));
	assert_null(rproc_get_by_phandle(*state, 43));
	rproc = rproc_get_by_phandle(*state, 42);
	assert_non_null(rproc);
	assert_string_equal(rproc_name(rproc), "b");
	rproc_put(rproc);
}

static struct rproc *teller;

static int load_nothing(struct rproc *rproc, const struct rproc_firmware *fw)
{
	(void)rproc;
	(void)fw;
	return 0;
}

static int tell_and_start(struct rproc *rproc)
{
	rproc_device_story(rproc_device(rproc), 0, "start", "the clock is slow");
	return 0;
}

/* A processor that boots at once: its worker tells while its driver's probe still runs. */
static void add_teller(struct rproc_device *device)
{
	static const struct rproc_ops ops = { .load = load_nothing,
					      .start = tell_and_start,
					      .stop = tell_and_start };

	teller = rproc_alloc(device, "teller", &ops, NULL, 0);
	assert_non_null(teller);
	assert_int_equal(rproc_set_firmware_buffer(teller, "nothing", "x", 1), 0);
	assert_int_equal(rproc_add(teller), 0);
}

static void a_worker_may_tell_while_the_probe_runs(void **state)
{
	inspect = add_teller;
	add_plugins(*state);
	assert_int_equal(rproc_context_add_board_file(*state, TREE, false), 3);
	/* Behind the boot that rproc_add() asked for. */
	assert_int_equal(rproc_boot(teller), 0);
	assert_int_equal(rproc_state(teller), RPROC_STATE_RUNNING);
	assert_int_equal(rproc_del(teller), 0);
	assert_story(*state, "15a000000.core: start: the clock is slow");
	rproc_free(teller);
}

/* ---- too much of it -------------------------------------------------------------------------- */

static void *finish_board(struct dtb_writer *writer, size_t *ret_len)
{
	dtb_end_node(writer);
	return dtb_finish(writer, ret_len);
}

static void a_device_whose_name_is_too_long_is_told(void **state)
{
	struct dtb_writer writer = { 0 };
	char name[200] = "";
	size_t len;
	void *dtb;

	memset(name, 'n', sizeof(name) - 1);
	add_plugins(*state);
	dtb_begin_node(&writer, "");
	dtb_begin_node(&writer, name);
	dtb_begin_node(&writer, name);
	dtb_property(&writer, "compatible", "acme,core", 10);
	dtb_end_node(&writer);
	dtb_end_node(&writer);
	dtb = finish_board(&writer, &len);
	assert_int_equal(rproc_context_add_board(*state, dtb, len, false), -ENAMETOOLONG);
	assert_story(*state, "nnn: its device's name would have more than 255 bytes");
	assert_string_equal(calls, "");
	free(dtb);
}

/* The drivers' probe answers that the device is theirs; that makes no processor yet. */
static void a_board_has_an_end(void **state)
{
	struct dtb_writer writer = { 0 };
	char name[16];
	size_t len;
	void *dtb;
	int i;

	core_result = 1;
	add_plugins(*state);
	dtb_begin_node(&writer, "");
	for (i = 0; i <= 4096; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		dtb_begin_node(&writer, name);
		dtb_property(&writer, "compatible", "acme,core", 10);
		dtb_end_node(&writer);
	}
	dtb = finish_board(&writer, &len);
	assert_int_equal(rproc_context_add_board(*state, dtb, len, false), -ENOSPC);
	assert_story(*state, "node n4096: the board has 4096 devices before it");
	free(dtb);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(descriptors_compiled_in_are_checked),
		TEST(a_static_program_loads_no_plugins),
		TEST(bytes_that_are_not_a_tree_are_refused),
		TEST(files_that_are_not_a_tree_are_refused),
		TEST(a_node_that_only_a_processor_would_be_is_named),
		TEST(a_board_without_processors_has_none),
		TEST(a_list_of_a_million_strings_is_read_once),
		TEST(every_known_node_is_probed_and_removed_in_reverse),
		TEST(a_board_is_added_once),
		TEST(a_failed_probe_is_told_and_others_come_up),
		TEST(the_first_error_is_the_boards),
		TEST(a_node_that_is_not_its_own_goes_to_the_next_plugin),
		TEST(a_node_that_nobody_wants_gives_way_to_a_real_failure),
		TEST(a_probe_can_read_its_node),
		TEST(processors_are_found_by_phandle),
		TEST(a_device_whose_name_is_too_long_is_told),
		TEST(a_board_has_an_end),
		TEST(a_worker_may_tell_while_the_probe_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
