/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether the kernel drives a node: asked of a directory laid out as sysfs is. */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "board/board.h"

static char sysfs[] = "/tmp/live-test-XXXXXX";

static void make_dir(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", sysfs, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_link(const char *name, const char *target)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", sysfs, name);
	assert_int_equal(symlink(target, path), 0);
}

static void make_device(const char *name, const char *node, const char *driver)
{
	char path[256];

	snprintf(path, sizeof(path), "bus/platform/devices/%s", name);
	make_dir(path);
	snprintf(path, sizeof(path), "bus/platform/devices/%s/of_node", name);
	if (node)
		make_link(path, node);
	snprintf(path, sizeof(path), "bus/platform/devices/%s/driver", name);
	if (driver)
		make_link(path, driver);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(sysfs));
	return 0;
}

static int forget(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(sysfs, forget, 8, FTW_DEPTH | FTW_PHYS);
}

static void without_sysfs_nothing_can_be_said(void **state)
{
	struct rproc_live_driver driver;

	(void)state;
	assert_int_equal(rproc_live_find_driver(sysfs, "/soc/m4@1", &driver), -ENOTSUP);
}

static void a_bound_node_is_found_and_no_other(void **state)
{
	struct rproc_live_driver driver = { "unset", "unset" };

	(void)state;
	make_dir("bus");
	make_dir("bus/platform");
	make_dir("bus/platform/devices");
	assert_int_equal(rproc_live_find_driver(sysfs, "/soc/m4@1", &driver), -ENOENT);
	make_device("acpi", NULL, "../../../bus/platform/drivers/acpi-thing");
	make_device("10.m4", "../../../firmware/devicetree/base/soc/m4@10", "drivers/wrong");
	make_device("1.m40", "../../../firmware/devicetree/base/soc/m4@1/m4@0", "drivers/wrong");
	make_device("2.m4", "../../../firmware/devicetree/base/soc/m4@2", NULL);
	make_device("1.m4", "../../../firmware/devicetree/base/soc/m4@1",
		    "../../../../bus/platform/drivers/stm32-rproc");
	assert_int_equal(rproc_live_find_driver(sysfs, "/soc/m4@2", &driver), -ENOENT);
	assert_int_equal(rproc_live_find_driver(sysfs, "/soc/m4@3", &driver), -ENOENT);
	assert_int_equal(rproc_live_find_driver(sysfs, "/m4@1", &driver), -ENOENT);
	assert_string_equal(driver.driver, "unset");
	assert_int_equal(rproc_live_find_driver(sysfs, "/soc/m4@1", &driver), 0);
	assert_string_equal(driver.device, "1.m4");
	assert_string_equal(driver.driver, "stm32-rproc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_sysfs_nothing_can_be_said),
		cmocka_unit_test(a_bound_node_is_found_and_no_other),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
