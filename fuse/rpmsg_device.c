/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Channels as devices: bus/rpmsg/devices, a directory each with its attributes. Owns
 * which of them are in the tree, by what the library has. Must not know what drivers
 * do with them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg_fs.h"
#include "tree.h"

#define SYSFS (NODE_STRICT | NODE_PAGED)

static struct rpmsg_device *device_of(const struct node_open *open)
{
	return open->node->priv;
}

/* ---- attributes ---------------------------------------------------------------------- */

static void name_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, device_of(open)->info.name);
	node_call_done(call, 0);
}

/* The address changes when somebody opens the channel: asked each time. */
static void src_show(struct node_open *open, struct node_call *call)
{
	struct rpmsg_device *device = device_of(open);
	struct rproc_rpmsg_channel_info info;
	int err = rproc_rpmsg_get_channel(device->fs->context, device->info.id, &info);

	if (!err)
		text_printf(&open->text, "0x%x\n", info.src);
	node_call_done(call, err);
}

static void dst_show(struct node_open *open, struct node_call *call)
{
	text_printf(&open->text, "0x%x\n", device_of(open)->info.dst);
	node_call_done(call, 0);
}

static void announce_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, device_of(open)->info.announce ? "true" : "false");
	node_call_done(call, 0);
}

static void modalias_show(struct node_open *open, struct node_call *call)
{
	text_printf(&open->text, "rpmsg:%s\n", device_of(open)->info.name);
	node_call_done(call, 0);
}

static void uevent_show(struct node_open *open, struct node_call *call)
{
	const struct rpmsg_device *device = device_of(open);

	if (device->driver)
		text_printf(&open->text, "DRIVER=%s\n", device->driver->name);
	text_printf(&open->text, "MODALIAS=rpmsg:%s\n", device->info.name);
	node_call_done(call, 0);
}

static void override_show(struct node_open *open, struct node_call *call)
{
	const struct rpmsg_device *device = device_of(open);
	char name[NODE_PAGE];
	ssize_t len = rproc_rpmsg_driver_override(device->fs->context, device->info.id, name,
						  sizeof(name));

	if (len >= 0)
		text_line(&open->text, len ? name : "(null)");
	node_call_done(call, len < 0 ? len : 0);
}

static void override_store(struct node_open *open, struct node_call *call)
{
	const struct rpmsg_device *device = device_of(open);
	char name[DEVICE_OVERRIDE_MAX + 1];
	size_t len = input_text_len(call->data, call->data_size);
	int err;

	if (call->size >= DEVICE_OVERRIDE_MAX) {
		node_call_done(call, fs_refuse(call, -EINVAL, "it takes fewer than %d bytes",
					       DEVICE_OVERRIDE_MAX));
		return;
	}
	memcpy(name, call->data, len);
	name[len] = '\0';
	name[strcspn(name, "\n")] = '\0';
	err = rproc_rpmsg_set_driver_override(device->fs->context, device->info.id, name);
	node_call_done(call, err ? err : (ssize_t)call->size);
}

static const struct node_ops name_ops = { .flags = SYSFS, .show = name_show };
static const struct node_ops src_ops = { .flags = SYSFS, .show = src_show };
static const struct node_ops dst_ops = { .flags = SYSFS, .show = dst_show };
static const struct node_ops announce_ops = { .flags = SYSFS, .show = announce_show };
static const struct node_ops modalias_ops = { .flags = SYSFS, .show = modalias_show };
static const struct node_ops uevent_ops = { .flags = SYSFS,
					    .show = uevent_show,
					    .store = uevent_store };
static const struct node_ops override_ops = { .flags = SYSFS,
					      .show = override_show,
					      .store = override_store };

/* ---- a device ------------------------------------------------------------------------- */

/* Its directory leaves the tree, perhaps with the whole processor. */
static void removed(struct node *dir)
{
	struct rpmsg_device *device = dir->priv;
	struct rpmsg_device **p = &device->fs->rpmsg->devices;

	rpmsg_driver_unbind(device);
	node_remove(device->bus_link);
	while (*p != device)
		p = &(*p)->next;
	*p = device->next;
	free(device);
}

static const struct node_ops dir_ops = { .removed = removed };

static int fill(struct rpmsg_device *device)
{
	static const struct {
		const char *name;
		mode_t mode;
		const struct node_ops *ops;
	} files[] = {
		{ "announce", 0444, &announce_ops }, { "driver_override", 0644, &override_ops },
		{ "dst", 0444, &dst_ops },	     { "modalias", 0444, &modalias_ops },
		{ "name", 0444, &name_ops },	     { "src", 0444, &src_ops },
		{ "uevent", 0644, &uevent_ops },
	};
	struct rpmsg_fs *rpmsg = device->fs->rpmsg;

	if (device->info.kind == RPROC_RPMSG_SERIAL)
		return 0; /* on no bus: only what its driver makes of it is seen */
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!node_add_file(device->dir, files[i].name, files[i].mode, files[i].ops, device))
			return -ENOMEM;
	if (device_add_power(device->dir) ||
	    !fs_link_node(device->dir, "subsystem", rpmsg->bus_devices->parent))
		return -ENOMEM;
	return fs_own_link(rpmsg->bus_devices, device->dir->name, device->dir, &device->bus_link);
}

/* A name that the firmware chose, as a name of a directory. */
static void file_name(const struct rproc_rpmsg_channel_info *info, char *name, size_t size)
{
	snprintf(name, size, "%s", info->kind == RPROC_RPMSG_SERIAL ? info->name : info->device);
	for (; *name; name++)
		if (*name == '/')
			*name = '!';
}

static void add_device(struct rprocfs *fs, const struct rproc_rpmsg_channel_info *info)
{
	struct processor *processor = fs_processor(fs, info->rproc);
	struct node *parent = processor ? virtio_device_dir(processor, info->virtio) : NULL;
	struct rpmsg_device *device;
	char name[sizeof(info->device)];

	file_name(info, name, sizeof(name));
	/* Linux has no second one of a name either, and complains. */
	if (!parent || node_child(parent, name))
		return;
	device = calloc(1, sizeof(*device));
	if (!device)
		return;
	device->fs = fs;
	device->info = *info;
	device->dir = node_add_dir(parent, name, 0755, &dir_ops, device);
	if (!device->dir) {
		free(device);
		return;
	}
	device->dir->vanishing = true;
	device->next = fs->rpmsg->devices;
	fs->rpmsg->devices = device;
	if (fill(device)) {
		node_remove(device->dir);
		return;
	}
	rpmsg_driver_match(device);
}

struct rpmsg_device *rpmsg_device_find(struct rprocfs *fs, const char *name)
{
	for (struct rpmsg_device *device = fs->rpmsg->devices; device; device = device->next)
		if (device->bus_link && !strcmp(device->dir->name, name))
			return device;
	return NULL;
}

/* ---- all of them ------------------------------------------------------------------------- */

/* Where an id is among them, which are in the order of their ids; @count: nowhere. */
static size_t find_id(const struct rproc_rpmsg_channel_info *info, size_t count, uint64_t id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (info[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && info[low].id == id ? low : count;
}

/* Remove what is gone, note what is there. */
static void remove_old(struct rprocfs *fs, const struct rproc_rpmsg_channel_info *info,
		       size_t count, bool *shown)
{
	struct rpmsg_device *next;

	for (struct rpmsg_device *device = fs->rpmsg->devices; device; device = next) {
		size_t at = find_id(info, count, device->info.id);

		next = device->next;
		if (at < count)
			shown[at] = true;
		else
			node_remove(device->dir);
	}
}

void rpmsg_refresh(struct rprocfs *fs)
{
	struct rproc_rpmsg_channel_info *info;
	size_t count;
	bool *shown;

	if (rproc_rpmsg_get_channels(fs->context, &info, &count))
		return;
	shown = calloc(count + 1, sizeof(*shown));
	if (shown) {
		remove_old(fs, info, count, shown);
		for (size_t i = 0; i < count; i++)
			if (!shown[i])
				add_device(fs, &info[i]);
	}
	free(shown);
	free(info);
}

static void refresh_dir(struct node *dir, const char *name)
{
	(void)name;
	/* What the library has already said is seen, whoever looks. */
	fs_settle(dir->priv);
}

static const struct node_ops list_ops = { .refresh = refresh_dir };

/* A directory whose entries come and go with messages from the firmware. */
static struct node *list_dir(struct rprocfs *fs, struct node *parent, const char *name)
{
	return node_add_dir(parent, name, 0755, &list_ops, fs);
}

static int add_skeleton(struct rprocfs *fs)
{
	struct node *root = tree_root(fs->tree);
	struct node *class = fs_dir(root, "class");
	struct node *rpmsg = bus_add(root, "rpmsg", &list_ops, fs, true);
	struct node *virtio = bus_add(root, "virtio", &list_ops, fs, false);

	if (!rpmsg || !virtio || !list_dir(fs, class, "rpmsg") || !list_dir(fs, class, "tty"))
		return -ENOMEM;
	fs->rpmsg->bus_devices = node_child(rpmsg, "devices");
	fs->rpmsg->bus_drivers = node_child(rpmsg, "drivers");
	fs->rpmsg->virtio_devices = node_child(virtio, "devices");
	fs->rpmsg->virtio_drivers = node_child(virtio, "drivers");
	return rpmsg_driver_add_skeleton(fs);
}

int rpmsg_fs_new(struct rprocfs *fs)
{
	struct rpmsg_fs *rpmsg = calloc(1, sizeof(*rpmsg));

	if (!rpmsg)
		return -ENOMEM;
	pthread_mutex_init(&rpmsg->lock, NULL);
	fs->rpmsg = rpmsg;
	fs->dev->ops = &list_ops;
	fs->dev->priv = fs;
	return add_skeleton(fs);
}

void rpmsg_fs_free(struct rprocfs *fs)
{
	if (!fs->rpmsg)
		return;
	pthread_mutex_destroy(&fs->rpmsg->lock);
	free(fs->rpmsg);
	fs->rpmsg = NULL;
}
