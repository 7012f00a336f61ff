/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loading plugins, as a program does that links the shared library: only the
 * public headers are used here. Each malformed plugin is a real shared object.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <librproc/driver.h>
#include "fixture_builder.h"

#define BAD(name) PLUGIN_DIR "/bad/" name ".so"

struct log {
	char text[16384]; /* written by one thread at a time: the test waits for each call */
};

static void keep_line(int level, const char *device, const char *text, void *data)
{
	struct log *log = data;
	size_t used = strlen(log->text);

	if (level <= RPROC_LOG_INFO)
		snprintf(log->text + used, sizeof(log->text) - used, "%d %s: %s\n", level, device,
			 text);
}

static struct log log_lines;

static struct rproc_context *context_with_path(const char *plugin_path)
{
	const struct rproc_context_options options = {
		.size = sizeof(options),
		.log = keep_line,
		.log_data = &log_lines,
		.plugin_path = plugin_path,
	};
	struct rproc_context *context;

	memset(&log_lines, 0, sizeof(log_lines));
	assert_int_equal(rproc_context_new(&options, &context), 0);
	return context;
}

static int setup(void **state)
{
	*state = context_with_path(PLUGIN_DIR "/none");
	return 0;
}

static int teardown(void **state)
{
	rproc_context_free(*state);
	return 0;
}

static void assert_story(struct rproc_context *context, const char *words)
{
	char story[2048];

	rproc_context_last_error(context, story, sizeof(story));
	if (!strstr(story, words))
		fail_msg("story \"%s\" does not say \"%s\"", story, words);
}

static void assert_refused(struct rproc_context *context, const char *path, const char *words)
{
	assert_int_equal(rproc_context_load_plugin(context, path), -ENOEXEC);
	assert_story(context, path);
	assert_story(context, words);
}

static void files_that_are_not_plugins_are_refused(void **state)
{
	char text[] = "/tmp/plugin-test-XXXXXX";
	int fd;

	assert_int_equal(rproc_context_load_plugin(*state, NULL), -EINVAL);
	assert_int_equal(rproc_context_load_plugin(*state, ""), -EINVAL);
	assert_int_equal(rproc_context_load_plugin(*state, PLUGIN_DIR "/no.so"), -ENOENT);
	assert_story(*state, "/no.so: cannot be read");
	assert_int_equal(rproc_context_load_plugin(*state, PLUGIN_DIR "/bad/no_name.so/x"),
			 -ENOTDIR);
	assert_refused(*state, PLUGIN_DIR "/bad", "is not a file");
	/* the linker would find this one; a plugin is a file, not a library's name */
	assert_int_equal(rproc_context_load_plugin(*state, "libc.so.6"), -ENOENT);
	fd = mkstemp(text);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
	close(fd);
	assert_refused(*state, text, "a plugin is a shared object");
	assert_int_equal(truncate(text, 0), 0);
	assert_refused(*state, text, "cannot be linked");
	unlink(text);
	assert_refused(*state, BAD("stranger"), "exports no `rproc_plugin`");
	assert_refused(*state, BAD("unresolved"), "rproc_function_of_the_future");
}

static void malformed_descriptors_are_refused(void **state)
{
	assert_refused(*state, BAD("wrong_abi"), "plugin ABI 2, librproc 0.1.0 speaks 1");
	assert_refused(*state, BAD("abi_zero"), "plugin ABI 0");
	assert_refused(*state, BAD("tiny_struct"), "says it has ");
	assert_refused(*state, BAD("huge_struct"), "fill it with RPROC_PLUGIN_INIT");
	assert_refused(*state, BAD("short_struct"), "lacks the mandatory member `probe`");
	assert_refused(*state, BAD("other_core"), "another copy of librproc");
	assert_refused(*state, BAD("no_name"), "member `name`");
	assert_refused(*state, BAD("no_compatibles"), "member `compatibles`");
	assert_refused(*state, BAD("no_probe"), "member `probe`");
	assert_refused(*state, BAD("empty_compatibles"), "names no `compatible`");
	assert_refused(*state, BAD("bad_name"), "\"../up\"");
	assert_refused(*state, BAD("empty_name"), "name \"\"");
}

static void a_plugin_is_loaded_once(void **state)
{
	assert_int_equal(rproc_context_load_plugin(*state, TEMPLATE_PLUGIN), 0);
	assert_int_equal(rproc_context_load_plugin(*state, TEMPLATE_PLUGIN), -EEXIST);
	assert_story(*state, "a plugin called template is there already");
}

static void add_whole_file(struct rproc_context *context, const char *path, int result)
{
	assert_int_equal(rproc_context_add_board_file(context, path, false), result);
}

static void a_longer_descriptor_is_used_as_far_as_it_is_known(void **state)
{
	assert_int_equal(rproc_context_load_plugin(*state, PLUGIN_DIR "/good/newer.so"), 0);
	add_whole_file(*state, BOARD_DIR "/newer.dtb", -EIO);
	assert_story(*state, "newer0: probe: the newer plugin was asked");
	assert_non_null(strstr(log_lines.text,
			       "3 newer newer0: probe with driver newer failed with "
			       "error -5\n"));
}

static void the_path_is_searched_and_refusals_are_told(void **state)
{
	struct rproc_context *context;
	struct rproc *rproc;

	(void)state;
	context = context_with_path(PLUGIN_DIR "/none::" PLUGIN_DIR "/bad:" TEMPLATE_DIR);
	add_whole_file(context, TEMPLATE_BOARD, 2);
	assert_story(context, "");
	assert_non_null(strstr(log_lines.text, "4 librproc: plugin " BAD("wrong_abi") ": "));
	rproc = rproc_get_by_name(context, "worker");
	assert_non_null(rproc);
	assert_string_equal(rproc_plugin_name(rproc), "template");
	assert_string_equal(rproc_device_path(rproc), "platform/20000000.worker");
	assert_string_equal(rproc_dt_path(rproc), "/worker@20000000");
	assert_string_equal(rproc_dt_alias(rproc), "first");
	rproc_put(rproc);
	rproc = rproc_get_by_name(context, "rproc-at-start");
	assert_non_null(rproc);
	assert_string_equal(rproc_dt_alias(rproc), "");
	rproc_put(rproc);
	/* the same places again: the board is there already */
	add_whole_file(context, TEMPLATE_BOARD, -EEXIST);
	assert_story(context, "a device platform/20000000.worker is there already");
	rproc_context_free(context);
}

static void unknown_hardware_is_named_with_what_was_looked_for(void **state)
{
	struct rproc_context *context;

	(void)state;
	context = context_with_path(PLUGIN_DIR "/bad");
	add_whole_file(context, TEMPLATE_BOARD, -ENODEV);
	assert_story(context, "board names unknown hardware: no plugin takes node "
			      "/worker@20000000, compatible \"librproc,template\"");
	assert_story(context, PLUGIN_DIR "/bad");
	assert_story(context, "refused " BAD("abi_zero"));
	assert_null(rproc_get_by_index(context, 0));
	rproc_context_free(context);
}

static struct fixture_image worker_firmware(uint32_t da)
{
	struct fixture_table *table = fixture_table_new(false);
	struct fixture *elf;

	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x2000, 0, "extra");
	fixture_table_vdev(table, 7, 0, 0);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 16, 0);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 16, 1);
	elf = fixture_new(1, false, 0);
	fixture_load(elf, da, 5, NULL, 0x1000, 0x2000);
	fixture_add_table(elf, da, table);
	return fixture_build(elf);
}

/* The carveout of that name must lie in the upper half of the window and on a page. */
static void assert_provided(const struct rproc_carveout_info *info, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(info[i].name, name))
			continue;
		assert_in_range(info[i].da, 0x20020000, 0x2003f000);
		assert_int_equal(info[i].da % 4096, 0);
		return;
	}
	fail_msg("no carveout %s", name);
}

static void the_template_boots_firmware(void **state)
{
	struct fixture_image image = worker_firmware(0x20001000);
	struct rproc_carveout_info *info;
	struct rproc *rproc;
	unsigned int round;
	size_t count;

	assert_int_equal(rproc_context_load_plugin(*state, TEMPLATE_PLUGIN), 0);
	add_whole_file(*state, TEMPLATE_BOARD, 2);
	rproc = rproc_get_by_name(*state, "worker");
	assert_int_equal(rproc_set_firmware_buffer(rproc, "test.elf", image.data, image.size), 0);
	for (round = 0; round < 40; round++) { /* more than a window that is not given back holds */
		assert_int_equal(rproc_boot(rproc), 0);
		assert_int_equal(rproc_state(rproc), RPROC_STATE_RUNNING);
		assert_int_equal(rproc_get_carveouts(rproc, &info, &count), 0);
		assert_string_equal(info[0].name, "ram");
		assert_int_equal(info[0].da, 0x20000000);
		assert_int_equal(((const uint8_t *)info[0].va)[0x1fff],
				 fixture_pattern(0x20001000, 0xfff));
		assert_provided(info, count, "extra");
		assert_provided(info, count, "vdev0vring0");
		assert_provided(info, count, "vdev0vring1");
		free(info);
		assert_int_equal(rproc_shutdown(rproc), 0);
		assert_int_equal(rproc_state(rproc), RPROC_STATE_OFFLINE);
	}
	assert_non_null(strstr(log_lines.text, "6 template 20000000.worker: core released at "
					       "0x20001000\n"));
	assert_non_null(strstr(log_lines.text, "6 template 20000000.worker: core held\n"));
	rproc_put(rproc);
	fixture_image_free(&image);
}

static void the_template_refuses_firmware_it_has_no_memory_for(void **state)
{
	struct fixture_image image = worker_firmware(0x2001f000);
	struct fixture_image good = worker_firmware(0x20000000);
	struct rproc *rproc;
	char story[1024];

	assert_int_equal(rproc_context_load_plugin(*state, TEMPLATE_PLUGIN), 0);
	add_whole_file(*state, TEMPLATE_BOARD, 2);
	rproc = rproc_get_by_name(*state, "worker");
	assert_int_equal(rproc_set_firmware_buffer(rproc, "over.elf", image.data, image.size), 0);
	assert_int_equal(rproc_boot(rproc), -EINVAL);
	assert_true(rproc_last_error(rproc, story, sizeof(story)) > 0);
	assert_int_equal(rproc_set_firmware_buffer(rproc, "good.elf", good.data, good.size), 0);
	assert_int_equal(rproc_boot(rproc), 0);
	/* freed while it runs: remove stops it */
	rproc_put(rproc);
	fixture_image_free(&image);
	fixture_image_free(&good);
}

static void contexts_have_plugins_of_their_own(void **state)
{
	struct rproc_context *other = context_with_path(PLUGIN_DIR "/none");
	struct rproc *rproc;

	assert_int_equal(rproc_context_load_plugin(*state, TEMPLATE_PLUGIN), 0);
	add_whole_file(other, TEMPLATE_BOARD, -ENODEV);
	assert_int_equal(rproc_context_load_plugin(other, TEMPLATE_PLUGIN), 0);
	add_whole_file(other, TEMPLATE_BOARD, 2);
	add_whole_file(*state, TEMPLATE_BOARD, 2);
	rproc_context_free(other);
	/* the plugin's code is still there for the one that is left */
	rproc = rproc_get_by_name(*state, "worker");
	assert_non_null(rproc);
	assert_int_equal(rproc_boot(rproc), -ENOENT);
	rproc_put(rproc);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_that_are_not_plugins_are_refused),
		TEST(malformed_descriptors_are_refused),
		TEST(a_plugin_is_loaded_once),
		TEST(a_longer_descriptor_is_used_as_far_as_it_is_known),
		TEST(the_path_is_searched_and_refusals_are_told),
		TEST(unknown_hardware_is_named_with_what_was_looked_for),
		TEST(the_template_boots_firmware),
		TEST(the_template_refuses_firmware_it_has_no_memory_for),
		TEST(contexts_have_plugins_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
