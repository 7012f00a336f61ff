/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtioN: the devices of bus/virtio below their rproc-virtio device, and the
 * attributes that Linux has for each. Must not know what a driver does with one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg_fs.h"

#define SYSFS (NODE_STRICT | NODE_PAGED)

#define STATUS_DRIVER 2u
#define STATUS_FAILED 0x80u
/* Digits of `features`: a firmware can only offer the first 32. */
#define FEATURE_BITS 128

struct virtio_device {
	struct processor *processor;
	int number; /* of the rproc-virtio device */
	int virtio;
	uint32_t id;
	struct node *bus_link;
	struct node *back_link; /* while a driver has it: the driver's link to it */
};

/* ---- attributes ------------------------------------------------------------------------ */

/* As it is now; 0 or -ENODEV. */
static int look_up(const struct virtio_device *device, struct rproc_vdev_info *ret_info)
{
	struct rproc_vdev_info *info;
	int err = -ENODEV;
	size_t count;

	if (rproc_get_vdevs(device->processor->rproc, &info, &count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (info[i].number != device->number || info[i].virtio != device->virtio)
			continue;
		*ret_info = info[i];
		err = 0;
	}
	free(info);
	return err;
}

static void device_show(struct node_open *open, struct node_call *call)
{
	const struct virtio_device *device = open->node->priv;

	text_printf(&open->text, "0x%04x\n", device->id);
	node_call_done(call, 0);
}

static void vendor_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, "0x0000"); /* a vdev of a resource table has none */
	node_call_done(call, 0);
}

static void status_show(struct node_open *open, struct node_call *call)
{
	struct rproc_vdev_info info;
	int err = look_up(open->node->priv, &info);

	if (!err)
		text_printf(&open->text, "0x%08x\n", info.status);
	node_call_done(call, err);
}

static void features_show(struct node_open *open, struct node_call *call)
{
	struct rproc_vdev_info info;
	char digits[FEATURE_BITS + 1];
	int err = look_up(open->node->priv, &info);

	for (unsigned int i = 0; !err && i < FEATURE_BITS; i++)
		digits[i] = i < 32 && info.features >> i & 1 ? '1' : '0';
	digits[FEATURE_BITS] = '\0';
	if (!err)
		text_line(&open->text, digits);
	node_call_done(call, err);
}

static void put_modalias(struct text *text, const struct virtio_device *device)
{
	text_printf(text, "virtio:d%08Xv%08X\n", device->id, 0);
}

static void modalias_show(struct node_open *open, struct node_call *call)
{
	put_modalias(&open->text, open->node->priv);
	node_call_done(call, 0);
}

static const char *driver_name(const struct virtio_device *device)
{
	switch (device->id) {
	case 7:
		return "virtio_rpmsg_bus";
	case 11:
		return "virtio_rproc_serial";
	}
	return NULL; /* a program's own */
}

static void uevent_show(struct node_open *open, struct node_call *call)
{
	const struct virtio_device *device = open->node->priv;

	if (device->back_link)
		text_printf(&open->text, "DRIVER=%s\n", driver_name(device));
	text_bytes(&open->text, "MODALIAS=", 9);
	put_modalias(&open->text, device);
	node_call_done(call, 0);
}

static const struct node_ops device_ops = { .flags = SYSFS, .show = device_show };
static const struct node_ops vendor_ops = { .flags = SYSFS, .show = vendor_show };
static const struct node_ops status_ops = { .flags = SYSFS, .show = status_show };
static const struct node_ops features_ops = { .flags = SYSFS, .show = features_show };
static const struct node_ops modalias_ops = { .flags = SYSFS, .show = modalias_show };
static const struct node_ops uevent_ops = { .flags = SYSFS,
					    .show = uevent_show,
					    .store = uevent_store };

/* ---- the directory ------------------------------------------------------------------------ */

static void unbind(struct virtio_device *device)
{
	node_remove(device->back_link);
	device->back_link = NULL;
}

static void removed(struct node *dir)
{
	struct virtio_device *device = dir->priv;

	unbind(device);
	node_remove(device->bus_link);
	free(device);
}

static const struct node_ops dir_ops = { .removed = removed };

static int fill(struct virtio_device *device, struct node *dir)
{
	static const struct {
		const char *name;
		mode_t mode;
		const struct node_ops *ops;
	} files[] = {
		{ "device", 0444, &device_ops },     { "features", 0444, &features_ops },
		{ "modalias", 0444, &modalias_ops }, { "status", 0444, &status_ops },
		{ "uevent", 0644, &uevent_ops },     { "vendor", 0444, &vendor_ops },
	};
	struct rpmsg_fs *rpmsg = device->processor->fs->rpmsg;

	dir->vanishing = true;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!node_add_file(dir, files[i].name, files[i].mode, files[i].ops, device))
			return -ENOMEM;
	if (device_add_power(dir) || !fs_link_node(dir, "subsystem", rpmsg->virtio_devices->parent))
		return -ENOMEM;
	return fs_own_link(rpmsg->virtio_devices, dir->name, dir, &device->bus_link);
}

static struct node *add(struct processor *processor, struct node *parent,
			const struct rproc_vdev_info *info, const char *name)
{
	struct virtio_device *device = calloc(1, sizeof(*device));
	struct node *dir;

	if (!device)
		return NULL;
	device->processor = processor;
	device->number = info->number;
	device->virtio = info->virtio;
	device->id = info->id;
	dir = node_add_dir(parent, name, 0755, &dir_ops, device);
	if (!dir) {
		free(device);
		return NULL;
	}
	if (fill(device, dir)) {
		node_remove(dir);
		return NULL;
	}
	return dir;
}

/* A driver may give a device up while it is there. */
static void refresh_driver(struct node *dir, uint8_t status)
{
	struct virtio_device *device = dir->priv;
	struct node *drivers = device->processor->fs->rpmsg->virtio_drivers;
	const char *name = driver_name(device);
	bool bound = name && status & STATUS_DRIVER && !(status & STATUS_FAILED);
	struct node *driver;

	if (bound == !!device->back_link)
		return;
	unbind(device);
	node_remove(node_child(dir, "driver"));
	if (!bound)
		return;
	driver = driver_add(device->processor->fs, drivers, name, name, &driver_fixed_ops,
			    &driver_fixed_ops);
	if (!fs_own_link(driver, dir->name, dir, &device->back_link))
		fs_link_node(dir, "driver", driver);
}

static struct node *find(struct node *parent)
{
	for (struct node *node = parent->first; node; node = node->next)
		if (node->ops == &dir_ops)
			return node;
	return NULL;
}

void virtio_device_refresh(struct processor *processor, struct node *parent,
			   const struct rproc_vdev_info *info)
{
	struct node *dir = parent ? find(parent) : NULL;
	char name[24];

	if (!parent)
		return;
	snprintf(name, sizeof(name), "virtio%d", info->virtio);
	if (dir && strcmp(dir->name, name)) {
		node_remove(dir);
		dir = NULL;
	}
	if (info->virtio < 0)
		return;
	if (!dir)
		dir = add(processor, parent, info, name);
	if (dir)
		refresh_driver(dir, info->status);
}

struct node *virtio_device_dir(const struct processor *processor, int number)
{
	char name[24];

	snprintf(name, sizeof(name), "virtio%d", number);
	for (struct node *vdev = processor->sysfs->first; vdev; vdev = vdev->next) {
		struct node *dir = vdev->type == NODE_DIR ? find(vdev) : NULL;

		if (dir && !strcmp(dir->name, name))
			return dir;
	}
	return NULL;
}
