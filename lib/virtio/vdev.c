/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio device that a firmware's table offers: its rings' memory and notify
 * ids, its words in the table, and the driver that claims it. Knows nothing of
 * what is in the rings. Mirrors remoteproc_virtio.c and the vdev part of
 * remoteproc_core.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/bytes.h"
#include "core/internal.h"
#include "virtio/vdev.h"

#define PAGE		4096u
#define STATUS_RESET	0
#define STATUS_ACK	1
#define ID_RPMSG	7
#define ID_RPROC_SERIAL 11

/* ---- words in the table --------------------------------------------------------------------- */

static uint32_t vring_offset(const struct rproc_vdev *vdev, unsigned int index)
{
	return vdev->offset + (uint32_t)sizeof(struct rproc_rsc_vdev) +
	       index * (uint32_t)sizeof(struct rproc_rsc_vdev_vring);
}

static uint32_t config_offset(const struct rproc_vdev *vdev)
{
	return vring_offset(vdev, vdev->num_vrings);
}

static void store_vring(struct rproc_vdev *vdev, unsigned int index, size_t field, uint32_t value)
{
	rproc_table_store(vdev->rproc, vring_offset(vdev, index) + (uint32_t)field, value);
}

/* Bytes of the table as the remote sees it; false if there is none any more. */
static bool table_bytes(const struct rproc_vdev *vdev, uint32_t offset, void *read_to,
			const void *write_from, size_t len)
{
	struct rproc *rproc = vdev->rproc;
	bool there;

	pthread_mutex_lock(&rproc->data_lock);
	there = rproc->table_ptr && range_ok(offset, len, rproc->table_size);
	if (there && read_to)
		rproc_iomem_copy_from(read_to, (char *)rproc->table_ptr + offset, len);
	if (there && write_from)
		rproc_iomem_copy_to((char *)rproc->table_ptr + offset, write_from, len);
	pthread_mutex_unlock(&rproc->data_lock);
	return there;
}

RPROC_API uint8_t rproc_vdev_status(const struct rproc_vdev *vdev)
{
	uint8_t status = STATUS_RESET;

	table_bytes(vdev, vdev->offset + offsetof(struct rproc_rsc_vdev, status), &status, NULL, 1);
	return status;
}

RPROC_API void rproc_vdev_set_status(struct rproc_vdev *vdev, uint8_t status)
{
	table_bytes(vdev, vdev->offset + offsetof(struct rproc_rsc_vdev, status), NULL, &status, 1);
}

RPROC_API void rproc_vdev_set_features(struct rproc_vdev *vdev, uint32_t accepted)
{
	atomic_store(&vdev->accepted, accepted);
	rproc_table_store(vdev->rproc, vdev->offset + offsetof(struct rproc_rsc_vdev, gfeatures),
			  accepted);
}

RPROC_API int rproc_vdev_publish_vring(struct rproc_vdev *vdev, unsigned int index)
{
	if (index >= vdev->num_vrings || !vdev->vrings[index].mem)
		return -ENOENT;
	store_vring(vdev, index, offsetof(struct rproc_rsc_vdev_vring, da),
		    vdev->vrings[index].mem->da);
	return 0;
}

RPROC_API int rproc_vdev_get_config(const struct rproc_vdev *vdev, unsigned int offset, void *buf,
				    unsigned int len)
{
	if (!range_ok(offset, len, vdev->config_len) ||
	    !table_bytes(vdev, config_offset(vdev) + offset, buf, NULL, len)) {
		rproc_context_log(vdev->rproc->context, RPROC_LOG_ERR, vdev->log_name,
				  "rproc_virtio_get: access out of bounds");
		return -EINVAL;
	}
	return 0;
}

RPROC_API int rproc_vdev_set_config(struct rproc_vdev *vdev, unsigned int offset, const void *buf,
				    unsigned int len)
{
	if (!range_ok(offset, len, vdev->config_len) ||
	    !table_bytes(vdev, config_offset(vdev) + offset, NULL, buf, len)) {
		rproc_context_log(vdev->rproc->context, RPROC_LOG_ERR, vdev->log_name,
				  "rproc_virtio_set: access out of bounds");
		return -EINVAL;
	}
	return 0;
}

/* ---- what a driver of the device asks ------------------------------------------------------ */

RPROC_API struct rproc *rproc_vdev_rproc(const struct rproc_vdev *vdev)
{
	return vdev->rproc;
}

RPROC_API uint32_t rproc_vdev_id(const struct rproc_vdev *vdev)
{
	return vdev->id;
}

RPROC_API unsigned int rproc_vdev_num_vrings(const struct rproc_vdev *vdev)
{
	return vdev->num_vrings;
}

RPROC_API uint32_t rproc_vdev_features(const struct rproc_vdev *vdev)
{
	return vdev->features;
}

RPROC_API int rproc_vdev_vring(const struct rproc_vdev *vdev, unsigned int index,
			       struct rproc_vring_info *ret_info)
{
	const struct vring *vring;

	if (index >= vdev->num_vrings || !vdev->vrings[index].mem)
		return -ENOENT;
	vring = &vdev->vrings[index];
	*ret_info = (struct rproc_vring_info){
		.va = vring->mem->va,
		.pa = vring->mem->pa,
		.da = vring->mem->da,
		.len = vring->mem->len,
		.num = vring->num,
		.align = vring->align,
		.notifyid = vring->notifyid,
	};
	return 0;
}

RPROC_API int rproc_vdev_set_callback(struct rproc_vdev *vdev, unsigned int index,
				      rproc_vq_fn callback, void *data)
{
	struct rproc *rproc = vdev->rproc;
	struct vring *vring;

	if (index >= vdev->num_vrings)
		return -ENOENT;
	vring = &vdev->vrings[index];
	pthread_mutex_lock(&rproc->data_lock);
	vring->callback = callback;
	vring->data = data;
	while (!callback && vring->calls)
		pthread_cond_wait(&rproc->vq_idle, &rproc->data_lock);
	pthread_mutex_unlock(&rproc->data_lock);
	return 0;
}

struct vring *rproc_find_vring(struct rproc *rproc, int notifyid, struct rproc_vdev **ret_vdev)
{
	struct list *item;
	unsigned int i;

	list_for_each(item, &rproc->vdevs) {
		struct rproc_vdev *vdev = list_entry(item, struct rproc_vdev, link);

		for (i = 0; i < vdev->num_vrings; i++) {
			if (vdev->vrings[i].notifyid != notifyid)
				continue;
			*ret_vdev = vdev;
			return &vdev->vrings[i];
		}
	}
	return NULL;
}

/* The ring of that notify id if somebody waits on it, held so that it stays. With the lock. */
static struct vring *hold_vring(struct rproc *rproc, int notifyid, struct rproc_vdev **ret_vdev)
{
	struct vring *vring = rproc_find_vring(rproc, notifyid, ret_vdev);

	if (!vring || !vring->callback)
		return NULL;
	vring->calls++;
	return vring;
}

RPROC_API int rproc_vq_interrupt(struct rproc *rproc, int notifyid)
{
	struct rproc_vdev *vdev;
	struct vring *vring;
	rproc_vq_fn callback;
	void *data;

	if (notifyid < 0)
		return 0;
	atomic_fetch_add(&rproc->notifications, 1);
	rproc_debug(rproc, NOTIFIED, notifyid);
	pthread_mutex_lock(&rproc->data_lock);
	vring = hold_vring(rproc, notifyid, &vdev);
	if (vring) {
		callback = vring->callback;
		data = vring->data;
	}
	pthread_mutex_unlock(&rproc->data_lock);
	if (!vring)
		return 0;
	callback(vdev, (unsigned int)(vring - vdev->vrings), data);
	pthread_mutex_lock(&rproc->data_lock);
	if (!--vring->calls)
		pthread_cond_broadcast(&rproc->vq_idle);
	pthread_mutex_unlock(&rproc->data_lock);
	return 1;
}

/* ---- the processor's life ------------------------------------------------------------------ */

static const struct rproc_vdev_binding *find_binding(const struct rproc_vdev *vdev)
{
	struct rproc_context *context = vdev->rproc->context;
	const struct rproc_vdev_binding *found = NULL;
	struct list *item;

	pthread_mutex_lock(&context->lock);
	list_for_each(item, &context->vdev_drivers) {
		found = list_entry(item, struct rproc_vdev_binding, link);
		if (found->driver->id == vdev->id)
			break;
		found = NULL;
	}
	pthread_mutex_unlock(&context->lock);
	return found ? found : rproc_builtin_vdev_driver(vdev->id);
}

static int take_number(struct rproc_context *context, struct ids *ids)
{
	int number;

	pthread_mutex_lock(&context->lock);
	number = ids_get(ids);
	pthread_mutex_unlock(&context->lock);
	return number;
}

static void give_number(struct rproc_context *context, struct ids *ids, int number)
{
	pthread_mutex_lock(&context->lock);
	ids_put(ids, number);
	pthread_mutex_unlock(&context->lock);
}

/* When this returns no callback runs, and none will. */
static void silence(struct rproc_vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < vdev->num_vrings; i++)
		rproc_vdev_set_callback(vdev, i, NULL, NULL);
}

static int take_virtio(struct rproc_vdev *vdev)
{
	struct rproc_context *context = vdev->rproc->context;
	int number = take_number(context, &context->virtio_numbers);

	if (number < 0)
		return number;
	atomic_store(&vdev->virtio, number);
	rproc_vdev_event(vdev, RPROC_EVENT_VIRTIO_ADDED);
	return 0;
}

static void give_virtio(struct rproc_vdev *vdev)
{
	struct rproc_context *context = vdev->rproc->context;

	if (vdev->virtio < 0)
		return;
	rproc_vdev_event(vdev, RPROC_EVENT_VIRTIO_REMOVED);
	give_number(context, &context->virtio_numbers, atomic_exchange(&vdev->virtio, -1));
	atomic_store(&vdev->accepted, 0);
}

static int start_vdev(void *priv)
{
	struct rproc_vdev *vdev = priv;
	struct rproc *rproc = vdev->rproc;
	int ret;

	if (!rproc->ops.kick) {
		rproc_context_log(rproc->context, RPROC_LOG_ERR, vdev->log_name,
				  ".kick method not defined for %s", rproc->name);
		return rproc_story(rproc, -EINVAL, "start",
				   "vdev %d needs a driver that can kick, and that of %s cannot",
				   vdev->index, rproc->name);
	}
	ret = rproc_vdev_assign_memory(vdev);
	if (!ret)
		ret = take_virtio(vdev);
	if (ret) {
		rproc_vdev_release_memory(vdev);
		return ret;
	}
	rproc_forget_failed_kicks(vdev);
	rproc_vdev_set_status(vdev, STATUS_RESET);
	rproc_vdev_set_status(vdev, STATUS_ACK);
	vdev->binding = find_binding(vdev);
	if (vdev->binding && vdev->binding->driver->start)
		ret = vdev->binding->driver->start(vdev, vdev->binding->data);
	if (ret) {
		silence(vdev);
		vdev->binding = NULL;
		give_virtio(vdev);
		rproc_vdev_release_memory(vdev);
		rproc_context_log(rproc->context, RPROC_LOG_ERR, vdev->log_name,
				  "failed to register vdev: %d", ret);
		return rproc_story(rproc, ret, "start", "the driver of vdev %d (id %u) refused it",
				   vdev->index, vdev->id);
	}
	rproc_context_log(rproc->context, RPROC_LOG_INFO, vdev->log_name,
			  "registered virtio%d (type %u)", vdev->virtio, vdev->id);
	return 0;
}

static void stop_vdev(void *priv, bool crashed)
{
	struct rproc_vdev *vdev = priv;

	if (vdev->binding && vdev->binding->driver->stop)
		vdev->binding->driver->stop(vdev, crashed, vdev->binding->data);
	vdev->binding = NULL;
	silence(vdev);
	give_virtio(vdev);
	rproc_vdev_set_status(vdev, STATUS_RESET);
	rproc_vdev_set_status(vdev, STATUS_ACK);
	rproc_vdev_release_memory(vdev);
}

static const struct rproc_subdev_ops vdev_subdev_ops = {
	.start = start_vdev,
	.stop = stop_vdev,
};

/* ---- made from a table entry --------------------------------------------------------------- */

static int parse_vring(struct rproc_vdev *vdev, unsigned int index, const char *entry)
{
	struct vring *vring = &vdev->vrings[index];

	vring->num = load_le32(entry + offsetof(struct rproc_rsc_vdev_vring, num));
	vring->align = load_le32(entry + offsetof(struct rproc_rsc_vdev_vring, align));
	if (vring->num && vring->align)
		return 0;
	rproc_log(vdev->rproc, RPROC_LOG_ERR, "invalid qsz (%d) or alignment (%d)", (int)vring->num,
		  (int)vring->align);
	return rproc_story(
		vdev->rproc, -EINVAL, "resources",
		"vdev %d: vring[%u] has %u buffers and alignment %u; both must be powers of "
		"two",
		vdev->index, index, vring->num, vring->align);
}

/* The carveout of a ring: the board's own of that name, or one made for it. */
static int find_memory(struct rproc_vdev *vdev, unsigned int index, uint32_t da)
{
	struct rproc *rproc = vdev->rproc;
	struct vring *vring = &vdev->vrings[index];
	uint64_t len = rproc_vring_size(vring->num, vring->align);
	char name[32];

	len = (len + PAGE - 1) / PAGE * PAGE;
	snprintf(name, sizeof(name), "vdev%dvring%u", vdev->index, index);
	if (len > UINT32_MAX)
		return rproc_story(rproc, -ENOMEM, "resources", "%s: %u buffers need %llu bytes",
				   name, vring->num, (unsigned long long)len);
	vring->mem = rproc_find_carveout_by_name(rproc, name);
	if (vring->mem)
		return rproc_check_carveout(rproc, vring->mem, da, (uint32_t)len);
	vring->mem = rproc_mem_entry_new(rproc->dev, "%s", name);
	if (!vring->mem) {
		rproc_log(rproc, RPROC_LOG_ERR, "Can't allocate memory entry structure");
		return -ENOMEM;
	}
	vring->mem->len = (size_t)len;
	vring->mem->da = da;
	vring->mem->alloc = rproc_mem_default_alloc;
	vring->mem->release = rproc_mem_default_release;
	rproc_add_carveout(rproc, vring->mem);
	return 0;
}

static int alloc_vring(struct rproc_vdev *vdev, unsigned int index, const char *entry)
{
	struct vring *vring = &vdev->vrings[index];
	int ret = find_memory(vdev, index,
			      load_le32(entry + offsetof(struct rproc_rsc_vdev_vring, da)));

	if (ret)
		return ret;
	vring->notifyid = ids_get(&vdev->rproc->notify_ids);
	if (vring->notifyid < 0)
		return vring->notifyid;
	store_vring(vdev, index, offsetof(struct rproc_rsc_vdev_vring, notifyid),
		    (uint32_t)vring->notifyid);
	return 0;
}

static void free_vrings(struct rproc_vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < vdev->num_vrings; i++) {
		struct vring *vring = &vdev->vrings[i];

		if (vring->notifyid < 0)
			continue;
		ids_put(&vdev->rproc->notify_ids, vring->notifyid);
		vring->notifyid = -1;
		store_vring(vdev, i, offsetof(struct rproc_rsc_vdev_vring, da), 0);
		store_vring(vdev, i, offsetof(struct rproc_rsc_vdev_vring, notifyid), UINT32_MAX);
	}
}

/* What the kernel does when its rproc-virtio driver meets the device. */
static int probe(struct rproc_vdev *vdev, const char *payload)
{
	const char *entries = payload + sizeof(struct rproc_rsc_vdev);
	unsigned int i;
	int ret = 0;

	if (vdev->num_vrings < 2 && (vdev->id == ID_RPMSG || vdev->id == ID_RPROC_SERIAL))
		return rproc_story(vdev->rproc, -EINVAL, "resources",
				   "vdev %d: virtio id %u needs two vrings, the table has %u",
				   vdev->index, vdev->id, vdev->num_vrings);
	for (i = 0; !ret && i < vdev->num_vrings; i++)
		ret = parse_vring(vdev, i, entries + i * sizeof(struct rproc_rsc_vdev_vring));
	for (i = 0; !ret && i < vdev->num_vrings; i++)
		ret = alloc_vring(vdev, i, entries + i * sizeof(struct rproc_rsc_vdev_vring));
	if (!ret)
		ret = rproc_add_subdev(vdev->rproc, &vdev_subdev_ops, vdev, &vdev->subdev);
	if (ret)
		free_vrings(vdev);
	return ret;
}

static struct rproc_vdev *new_vdev(struct rproc *rproc, const struct rproc_rsc *rsc)
{
	struct rproc_vdev *vdev = calloc(1, sizeof(*vdev));
	const char *payload = rsc->payload;
	unsigned int i;

	if (!vdev)
		return NULL;
	vdev->rproc = rproc;
	atomic_init(&vdev->virtio, -1);
	vdev->id = load_le32(payload + offsetof(struct rproc_rsc_vdev, id));
	vdev->features = load_le32(payload + offsetof(struct rproc_rsc_vdev, dfeatures));
	vdev->config_len = load_le32(payload + offsetof(struct rproc_rsc_vdev, config_len));
	vdev->num_vrings = (uint8_t)payload[offsetof(struct rproc_rsc_vdev, num_of_vrings)];
	vdev->offset = rsc->offset + (uint32_t)sizeof(struct rproc_rsc_hdr);
	for (i = 0; i < RPROC_VDEV_MAX_VRINGS; i++)
		vdev->vrings[i].notifyid = -1;
	vdev->number = take_number(rproc->context, &rproc->context->vdev_numbers);
	if (vdev->number < 0) {
		free(vdev);
		return NULL;
	}
	vdev->index = rproc->num_vdevs++;
	snprintf(vdev->log_name, sizeof(vdev->log_name), "rproc-virtio rproc-virtio.%d.auto",
		 vdev->number);
	return vdev;
}

int rproc_add_vdev(struct rproc *rproc, const struct rproc_rsc *rsc)
{
	struct rproc_vdev *vdev;
	int ret;

	if (rproc->num_vdevs == RPROC_VDEVS_MAX)
		return rproc_story(rproc, -EINVAL, "resources",
				   "rsc[%u] vdev: the table has more than %d", rsc->index,
				   RPROC_VDEVS_MAX);
	vdev = new_vdev(rproc, rsc);
	if (!vdev) {
		rproc_log(rproc, RPROC_LOG_ERR, "failed to create rproc-virtio device");
		return -ENOMEM;
	}
	rproc_debug(rproc, VDEV, vdev->index, vdev->id, vdev->features, vdev->num_vrings);
	ret = probe(vdev, rsc->payload);
	if (ret) {
		/* A probe that fails is not a boot that fails: the device stays without a driver.
		 */
		vdev->failed = true;
		rproc_context_log(rproc->context, RPROC_LOG_ERR, vdev->log_name,
				  "probe with driver rproc-virtio failed with error %d", ret);
	}
	pthread_mutex_lock(&rproc->data_lock);
	list_add_tail(&rproc->vdevs, &vdev->link);
	pthread_mutex_unlock(&rproc->data_lock);
	return 0;
}

void rproc_remove_vdevs(struct rproc *rproc)
{
	struct rproc_context *context = rproc->context;

	while (!list_empty(&rproc->vdevs)) {
		struct rproc_vdev *vdev = list_entry(rproc->vdevs.next, struct rproc_vdev, link);

		pthread_mutex_lock(&rproc->data_lock);
		list_del(&vdev->link);
		pthread_mutex_unlock(&rproc->data_lock);
		if (vdev->subdev)
			rproc_remove_subdev(rproc, vdev->subdev);
		free_vrings(vdev);
		rproc_vdev_free_buffers(vdev);
		give_number(context, &context->vdev_numbers, vdev->number);
		free(vdev);
	}
}
