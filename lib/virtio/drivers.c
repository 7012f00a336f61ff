/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The drivers of virtio devices that come with the library, for whoever has not
 * registered another. Knows their names only.
 */
#include "core/internal.h"

static const struct rproc_vdev_binding builtin[] = {
	{ .driver = &rproc_rpmsg_driver },
	{ .driver = &rproc_serial_driver },
};

const struct rproc_vdev_binding *rproc_builtin_vdev_driver(uint32_t id)
{
	size_t i;

	for (i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++) {
		if (builtin[i].driver->id == id)
			return &builtin[i];
	}
	return NULL;
}
