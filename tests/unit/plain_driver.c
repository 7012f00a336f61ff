/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest driver that a device tree can have. Knows no test. */
#include "plain_driver.h"

#include <errno.h>

static int do_nothing(struct rproc *rproc)
{
	(void)rproc;
	return 0;
}

int plain_probe(struct rproc_device *device)
{
	static const struct rproc_ops ops = { .start = do_nothing, .stop = do_nothing };
	const char *firmware = NULL;
	struct rproc *rproc;
	int error = rproc_of_parse_firmware(device, 0, &firmware);

	if (error && error != -ENOENT)
		return error;
	rproc = rproc_alloc(device, rproc_device_node_name(device), &ops, firmware, 8);
	if (!rproc)
		return -ENOMEM;
	rproc_set_auto_boot(rproc, false);
	error = rproc_add(rproc);
	if (error) {
		rproc_free(rproc);
		return error;
	}
	rproc_device_set_priv(device, rproc);
	return 0;
}

void plain_remove(struct rproc_device *device)
{
	struct rproc *rproc = rproc_device_priv(device);

	rproc_del(rproc);
	rproc_free(rproc);
}
