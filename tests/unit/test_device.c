/* SPDX-License-Identifier: BSD-3-Clause */
/* A device that a program makes: its name, its life, and all that it has no tree for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "core/internal.h"

static struct rproc_context *context;
static char log_line[256]; /* the last */

static void keep_line(int level, const char *device, const char *text, void *data)
{
	(void)data;
	snprintf(log_line, sizeof(log_line), "%d %s: %s", level, device, text);
}

static int setup(void **state)
{
	const struct rproc_context_options options = { .size = sizeof(options), .log = keep_line };

	(void)state;
	return rproc_context_new(&options, &context);
}

static int teardown(void **state)
{
	(void)state;
	rproc_context_free(context);
	return 0;
}

static void a_device_without_a_tree_has_a_name_only(void **state)
{
	static const char *const wrong[] = { "", ".", "..", "a/b", "a\nb", "\x7f", NULL };
	struct rproc_device *device = NULL;
	struct rproc_region region;
	const void *bytes;
	char name[257], story[64];
	uint32_t word;
	size_t len, i;

	(void)state;
	for (i = 0; wrong[i]; i++)
		assert_int_equal(rproc_device_new(context, wrong[i], &device), -EINVAL);
	assert_int_equal(rproc_device_new(context, NULL, &device), -EINVAL);
	assert_int_equal(rproc_device_new(NULL, "x", &device), -EINVAL);
	memset(name, 'n', sizeof(name));
	name[256] = 0;
	assert_int_equal(rproc_device_new(context, name, &device), -EINVAL);
	assert_null(device);
	name[255] = 0;
	assert_int_equal(rproc_device_new(context, name, &device), 0);
	assert_string_equal(rproc_device_name(device), name);
	rproc_device_put(device);
	assert_int_equal(rproc_device_new(context, "mine", &device), 0);
	assert_ptr_equal(rproc_device_context(device), context);
	assert_string_equal(rproc_device_node_name(device), "");
	assert_int_equal(rproc_device_phandle(device), 0);
	assert_false(rproc_device_property_bool(device, "reg"));
	assert_int_equal(rproc_device_property_u32(device, "reg", 0, &word), -ENOENT);
	assert_int_equal(rproc_device_property(device, "reg", &bytes, &len), -ENOENT);
	assert_int_equal(rproc_device_reg(device, 0, &region), -ENOENT);
	assert_int_equal(rproc_device_memory_region(device, 0, &region), -ENOENT);
	assert_int_equal(rproc_device_story(device, -EIO, "probe", "one"), -EIO);
	assert_int_equal(rproc_device_story(device, -EIO, "probe", "two"), -EIO);
	rproc_context_last_error(context, story, sizeof(story));
	assert_string_equal(story, "mine: probe: two");
	rproc_device_log(device, RPROC_LOG_ERR, "number %d", 5);
	assert_string_equal(log_line, "3 platform mine: number 5");
	rproc_device_put(device);
	rproc_device_put(NULL);
}

static void a_device_lives_as_long_as_somebody_holds_it(void **state)
{
	int word;
	const struct rproc_memory_provider provider = { .priv = &word };
	struct rproc_device *device;

	(void)state;
	assert_int_equal(rproc_device_new(context, "mine", &device), 0);
	assert_ptr_equal(rproc_device_get(device), device);
	rproc_device_put(device);
	rproc_device_set_priv(device, &word);
	assert_ptr_equal(rproc_device_priv(device), &word);
	rproc_device_set_memory_provider(device, &provider);
	assert_true(device->has_provider);
	assert_ptr_equal(device->provider.priv, &word);
	rproc_device_set_memory_provider(device, NULL);
	assert_false(device->has_provider);
	rproc_device_put(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_without_a_tree_has_a_name_only),
		cmocka_unit_test(a_device_lives_as_long_as_somebody_holds_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
