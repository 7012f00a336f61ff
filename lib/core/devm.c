/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a driver leaves to its device to undo, when a probe fails or the driver is
 * taken away: the device-managed resources of Linux. Only the driver's own thread
 * (probe, remove) touches the list, so it needs no lock.
 */
#include <errno.h>
#include <stdlib.h>
#include "core/internal.h"

struct managed {
	struct list link; /* rproc_device.managed */
	void (*action)(void *data);
	void *data;
	max_align_t memory[]; /* of rproc_devm_zalloc() */
};

static struct managed *manage(struct rproc_device *device, void (*action)(void *data), void *data,
			      size_t len)
{
	struct managed *managed;

	if (len > SIZE_MAX - sizeof(*managed))
		return NULL;
	managed = calloc(1, sizeof(*managed) + len);
	if (!managed)
		return NULL;
	managed->action = action;
	managed->data = data;
	list_add_tail(&device->managed, &managed->link);
	return managed;
}

RPROC_API int rproc_devm_add_action(struct rproc_device *device, void (*action)(void *data),
				    void *data)
{
	if (manage(device, action, data, 0))
		return 0;
	action(data);
	return -ENOMEM;
}

RPROC_API void *rproc_devm_zalloc(struct rproc_device *device, size_t len)
{
	struct managed *managed = manage(device, NULL, NULL, len);

	return managed ? managed->memory : NULL;
}

static void free_rproc(void *data)
{
	rproc_free(data);
}

RPROC_API struct rproc *rproc_devm_alloc_sized(struct rproc_device *device, const char *name,
					       const struct rproc_ops *ops, size_t ops_size,
					       const char *firmware, size_t len)
{
	struct rproc *rproc = rproc_alloc_sized(device, name, ops, ops_size, firmware, len);

	if (!rproc || rproc_devm_add_action(device, free_rproc, rproc))
		return NULL;
	rproc->free_managed = true;
	return rproc;
}

static void del_rproc(void *data)
{
	rproc_del(data);
}

RPROC_API int rproc_devm_add(struct rproc_device *device, struct rproc *rproc)
{
	int ret = rproc_add(rproc);

	if (!ret)
		ret = rproc_devm_add_action(device, del_rproc, rproc);
	if (!ret)
		rproc->del_managed = true;
	return ret;
}

RPROC_API void rproc_device_release(struct rproc_device *device)
{
	while (!list_empty(&device->managed)) {
		struct managed *managed = list_entry(device->managed.prev, struct managed, link);

		list_del(&managed->link);
		if (managed->action)
			managed->action(managed->data);
		free(managed);
	}
}
