/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can be asked of a vdev beside its rings: which it is, snapshots, events.
 * Knows nothing of what its driver does with them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/bytes.h"
#include "virtio/vdev.h"

RPROC_API int rproc_vdev_virtio(const struct rproc_vdev *vdev)
{
	return vdev->virtio;
}

RPROC_API int rproc_vdev_index(const struct rproc_vdev *vdev)
{
	return vdev->index;
}

RPROC_API void rproc_vdev_set_priv(struct rproc_vdev *vdev, void *priv)
{
	vdev->priv = priv;
}

RPROC_API void *rproc_vdev_priv(const struct rproc_vdev *vdev)
{
	return vdev->priv;
}

void rproc_vdev_event(const struct rproc_vdev *vdev, enum rproc_event_type type)
{
	const struct rproc *rproc = vdev->rproc;
	enum rproc_state state = rproc_state(rproc);
	const struct rproc_event event = {
		.type = type,
		.index = rproc->index,
		.old_state = state,
		.new_state = state,
		.value = (uint64_t)vdev->virtio,
	};
	char name[24];

	snprintf(name, sizeof(name), "virtio%d", vdev->virtio);
	rproc_event_post(rproc->context, &event, rproc->name, name);
}

/* ---- snapshots ------------------------------------------------------------------------------ */

/* With the lock. */
static void describe(const struct rproc_vdev *vdev, struct rproc_vdev_info *info)
{
	const struct rproc *rproc = vdev->rproc;
	uint64_t at = vdev->offset + (uint64_t)offsetof(struct rproc_rsc_vdev, status);

	*info = (struct rproc_vdev_info){
		.number = vdev->number,
		.index = vdev->index,
		.id = vdev->id,
		.failed = vdev->failed,
		.virtio = vdev->virtio,
		.features = vdev->accepted,
	};
	if (rproc->table_ptr && range_ok(at, 1, rproc->table_size))
		info->status = ((const volatile uint8_t *)rproc->table_ptr)[at];
}

RPROC_API int rproc_get_vdevs(const struct rproc *rproc, struct rproc_vdev_info **ret_info,
			      size_t *ret_count)
{
	struct rproc *r = (struct rproc *)rproc;
	struct rproc_vdev_info *info;
	struct list *item;
	size_t num = 0, i = 0;

	pthread_mutex_lock(&r->data_lock);
	list_for_each(item, &r->vdevs)
		num++;
	info = calloc(num ? num : 1, sizeof(*info));
	list_for_each(item, &r->vdevs) {
		if (info)
			describe(list_entry(item, struct rproc_vdev, link), &info[i++]);
	}
	pthread_mutex_unlock(&r->data_lock);
	if (!info)
		return -ENOMEM;
	*ret_info = info;
	*ret_count = num;
	return 0;
}

/* ---- whose it is ---------------------------------------------------------------------------- */

/* Is @device called as @rproc, as a part of it ("rproc-virtio.N.auto", "virtioN"), or below one? */
static bool owns(struct rproc *rproc, const char *device)
{
	const size_t len = strcspn(device, "."); /* a channel is "virtioN.SERVICE.SRC.DST" */
	struct list *item;
	char name[40];
	bool found;

	snprintf(name, sizeof(name), "remoteproc%d", rproc->index);
	found = !strcmp(name, device);
	pthread_mutex_lock(&rproc->data_lock);
	list_for_each(item, &rproc->vdevs) {
		const struct rproc_vdev *vdev = list_entry(item, struct rproc_vdev, link);
		const int virtio = rproc_vdev_virtio(vdev);

		snprintf(name, sizeof(name), "rproc-virtio.%d.auto", vdev->number);
		found |= !strcmp(name, device);
		snprintf(name, sizeof(name), "virtio%d", virtio);
		found |= virtio >= 0 && strlen(name) == len && !memcmp(name, device, len);
	}
	pthread_mutex_unlock(&rproc->data_lock);
	return found;
}

RPROC_API struct rproc *rproc_get_by_child(struct rproc_context *context, const char *device)
{
	struct rproc *rproc, *next;

	if (!device)
		return NULL;
	for (rproc = rproc_get_next(context, -1); rproc; rproc = next) {
		if (owns(rproc, device))
			return rproc;
		next = rproc_get_next(context, rproc->index);
		rproc_put(rproc);
	}
	return NULL;
}
