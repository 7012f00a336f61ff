/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plugin made against a later librproc of the same ABI: its descriptor is
 * longer. The part that this library knows must be used, the rest left alone.
 */
#include <errno.h>
#include <librproc/driver.h>

static const char *const compatibles[] = { "librproc,newer", NULL };

static int probe(struct rproc_device *device)
{
	return rproc_device_story(device, -EIO, "probe", "the newer plugin was asked");
}

static void remove_device(struct rproc_device *device)
{
	(void)device;
}

struct newer_plugin {
	struct rproc_plugin known;
	void *appended[4];
};

__attribute__((visibility("default"))) const struct newer_plugin rproc_plugin = {
	.known = {
		.struct_size = sizeof(struct newer_plugin),
		.abi = RPROC_PLUGIN_ABI,
		.core = &rproc_core,
		.name = "newer",
		.compatibles = compatibles,
		.probe = probe,
		.remove = remove_device,
	},
	.appended = { (void *)1, (void *)2, (void *)3, (void *)4 },
};
