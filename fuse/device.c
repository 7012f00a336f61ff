/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel's driver core gives every device: its directory under
 * devices/, the links of its bus, power/, uevent, modalias. Owns the platform
 * devices behind processors and their rproc-virtio children; must not know what
 * a processor's own files are.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg_fs.h"
#include "rprocfs.h"

/* ---- power/ ---------------------------------------------------------------------- */

/*
 * There is no runtime power management here, and the files say so: what can be
 * written is only remembered, as the kernel does for a device without it.
 */
static void show_unsupported(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, "unsupported");
	node_call_done(call, 0);
}

static void show_zero(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, "0");
	node_call_done(call, 0);
}

/* node->index is the word that was written last. */
static void show_word(struct node_open *open, struct node_call *call, const char *const *words)
{
	text_line(&open->text, words[open->node->index]);
	node_call_done(call, 0);
}

static void store_word(struct node_open *open, struct node_call *call, const char *const *words)
{
	int word = input_sysfs_word(call->data, call->data_size, words);

	if (word < 0) {
		node_call_done(call,
			       fs_refuse(call, word, "it takes %s or %s", words[0], words[1]));
		return;
	}
	open->node->index = (unsigned int)word;
	node_call_done(call, (ssize_t)call->size);
}

static const char *const async_words[] = { "disabled", "enabled", NULL };
static const char *const control_words[] = { "auto", "on", NULL };

static void async_show(struct node_open *open, struct node_call *call)
{
	show_word(open, call, async_words);
}

static void async_store(struct node_open *open, struct node_call *call)
{
	store_word(open, call, async_words);
}

static void control_show(struct node_open *open, struct node_call *call)
{
	show_word(open, call, control_words);
}

static void control_store(struct node_open *open, struct node_call *call)
{
	store_word(open, call, control_words);
}

/* "on" forbids to suspend it, and counts as a user. */
static bool forbidden(const struct node_open *open)
{
	return node_child(open->node->parent, "control")->index;
}

static void enabled_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, forbidden(open) ? "disabled & forbidden" : "disabled");
	node_call_done(call, 0);
}

static void usage_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, forbidden(open) ? "1" : "0");
	node_call_done(call, 0);
}

#define SYSFS (NODE_STRICT | NODE_PAGED)
static const struct node_ops async_ops = { .flags = SYSFS,
					   .show = async_show,
					   .store = async_store };
static const struct node_ops control_ops = { .flags = SYSFS,
					     .show = control_show,
					     .store = control_store };
static const struct node_ops enabled_ops = { .flags = SYSFS, .show = enabled_show };
static const struct node_ops usage_ops = { .flags = SYSFS, .show = usage_show };
static const struct node_ops unsupported_ops = { .flags = SYSFS, .show = show_unsupported };
static const struct node_ops zero_ops = { .flags = SYSFS, .show = show_zero };
/* The kernel's answer, too, for a device that does not use it. */
static void autosuspend_store(struct node_open *open, struct node_call *call)
{
	(void)open;
	node_call_done(call, fs_refuse(call, -EIO, "remote processors are never suspended"));
}

static const struct node_ops no_autosuspend_ops = { .flags = SYSFS, .store = autosuspend_store };

int device_add_power(struct node *dir)
{
	static const struct {
		const char *name;
		mode_t mode;
		const struct node_ops *ops;
	} files[] = {
		{ "async", 0644, &async_ops },
		{ "autosuspend_delay_ms", 0644, &no_autosuspend_ops },
		{ "control", 0644, &control_ops },
		{ "runtime_active_kids", 0444, &zero_ops },
		{ "runtime_active_time", 0444, &zero_ops },
		{ "runtime_enabled", 0444, &enabled_ops },
		{ "runtime_status", 0444, &unsupported_ops },
		{ "runtime_suspended_time", 0444, &zero_ops },
		{ "runtime_usage", 0444, &usage_ops },
	};
	struct node *power = fs_dir(dir, "power");

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!node_add_file(power, files[i].name, files[i].mode, files[i].ops, NULL))
			return -ENOMEM;
	return 0;
}

/* ---- uevent and modalias ------------------------------------------------------------ */

static void put_modalias(struct text *text, const struct processor *processor)
{
	const struct rproc_device *device = rproc_device(processor->rproc);
	const char *compatible;

	if (!*rproc_dt_path(processor->rproc)) {
		text_printf(text, "platform:%s\n", rproc_device_name(device));
		return;
	}
	text_printf(text, "of:N%sT(null)", rproc_device_node_name(device));
	for (unsigned int i = 0;
	     !rproc_device_property_string(device, "compatible", i, &compatible); i++)
		text_printf(text, "C%s", compatible);
	text_bytes(text, "\n", 1);
}

static void modalias_show(struct node_open *open, struct node_call *call)
{
	put_modalias(&open->text, open->node->priv);
	node_call_done(call, 0);
}

static void uevent_show(struct node_open *open, struct node_call *call)
{
	const struct processor *processor = open->node->priv;
	const struct rproc_device *device = rproc_device(processor->rproc);
	const char *plugin = rproc_plugin_name(processor->rproc);
	struct text *text = &open->text;
	const char *compatible;
	unsigned int n = 0;

	if (*plugin)
		text_printf(text, "DRIVER=%s\n", plugin);
	if (*rproc_dt_path(processor->rproc)) {
		text_printf(text, "OF_NAME=%s\nOF_FULLNAME=%s\n", rproc_device_node_name(device),
			    rproc_dt_path(processor->rproc));
		for (; !rproc_device_property_string(device, "compatible", n, &compatible); n++)
			text_printf(text, "OF_COMPATIBLE_%u=%s\n", n, compatible);
		text_printf(text, "OF_COMPATIBLE_N=%u\n", n);
	}
	text_bytes(text, "MODALIAS=", 9);
	put_modalias(text, processor);
	node_call_done(call, 0);
}

static const struct node_ops uevent_ops = { .flags = SYSFS,
					    .show = uevent_show,
					    .store = uevent_store };
static const struct node_ops modalias_ops = { .flags = SYSFS, .show = modalias_show };

/* Several processors may sit in one device; its nodes are the first one's. */
struct device {
	struct node *dir;  /* devices/platform/.../NAME */
	struct node *glue; /* its directory "remoteproc" */
	struct node *bus_link, *driver_link;
	unsigned int users;
};

/*
 * A word that is kept, for a bus on which nobody looks for another driver: by the node,
 * as that of a link keeps where it leads to.
 */
static void override_show(struct node_open *open, struct node_call *call)
{
	const char *word = open->node->target;

	text_line(&open->text, word ? word : "(null)");
	node_call_done(call, 0);
}

static void override_store(struct node_open *open, struct node_call *call)
{
	struct node *node = open->node;
	size_t len = input_text_len(call->data, call->data_size);
	const char *end = memchr(call->data, '\n', len);
	char *word;

	if (call->size >= DEVICE_OVERRIDE_MAX) {
		node_call_done(call, fs_refuse(call, -EINVAL, "it takes fewer than %d bytes",
					       DEVICE_OVERRIDE_MAX));
		return;
	}
	word = strndup(call->data, end ? (size_t)(end - call->data) : len);
	if (!word) {
		node_call_done(call, -ENOMEM);
		return;
	}
	free(node->target);
	node->target = word;
	if (!*word) {
		free(word);
		node->target = NULL;
	}
	node_call_done(call, (ssize_t)call->size);
}

static const struct node_ops override_ops = { .flags = SYSFS,
					      .show = override_show,
					      .store = override_store };

/* ---- the platform device ---------------------------------------------------------------- */

/* devices/PATH, made as far as it is missing. */
static struct node *make_path(struct rprocfs *fs, const char *path)
{
	struct node *dir = fs->devices;
	char name[256];

	while (dir && *path) {
		size_t len = strcspn(path, "/");

		if (!len || len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		dir = fs_dir(dir, name);
		path += len + (path[len] == '/');
	}
	return dir;
}

static int add_bus_links(struct processor *processor, struct device *device, unsigned int depth)
{
	struct rprocfs *fs = processor->fs;
	const char *name = device->dir->name;
	const char *path = rproc_device_path(processor->rproc);
	const char *plugin = rproc_plugin_name(processor->rproc);
	struct node *driver;

	if (!fs_link(device->dir, "subsystem", depth, "bus/platform"))
		return -ENOMEM;
	device->bus_link = fs_link(fs->platform_devices, name, 3, "devices/%s", path);
	if (!device->bus_link)
		return -ENOMEM;
	if (!*plugin)
		return 0;
	driver = driver_of_plugin(fs, plugin);
	if (!driver)
		return -ENOMEM;
	device->driver_link = fs_link(driver, name, 4, "devices/%s", path);
	if (!device->driver_link ||
	    !fs_link(device->dir, "driver", depth, "bus/platform/drivers/%s", plugin))
		return -ENOMEM;
	return 0;
}

static int fill_device(struct processor *processor, struct device *device)
{
	int err;

	device->glue = fs_dir(device->dir, "remoteproc");
	if (!device->glue)
		return -ENOMEM;
	device->glue->priv = device;
	if (!node_add_file(device->dir, "uevent", 0644, &uevent_ops, processor) ||
	    !node_add_file(device->dir, "modalias", 0444, &modalias_ops, processor) ||
	    !node_add_file(device->dir, "driver_override", 0644, &override_ops, NULL))
		return -ENOMEM;
	/* devices/ and the path; the path has two components less than the processor's. */
	err = add_bus_links(processor, device, processor->depth - 1);
	return err ? err : device_add_power(device->dir);
}

int device_add(struct processor *processor, struct node **ret_glue)
{
	struct node *dir = make_path(processor->fs, rproc_device_path(processor->rproc));
	struct node *glue = dir ? node_child(dir, "remoteproc") : NULL;
	struct device *device;
	int err = 0;

	if (!dir)
		return -ENOMEM;
	if (glue) {
		device = glue->priv;
	} else {
		device = calloc(1, sizeof(*device));
		if (!device)
			return -ENOMEM;
		device->dir = dir;
		err = fill_device(processor, device);
	}
	device->users++;
	processor->device = device;
	*ret_glue = device->glue;
	return err;
}

/* The nodes that one processor left behind for the others must not name it any more. */
static void hand_over(struct processor *processor, struct node *node)
{
	struct node *other;

	if (!node || node->priv != processor)
		return;
	other = processor->device->glue->first;
	if (other)
		node->priv = other->priv;
}

void device_remove(struct processor *processor)
{
	static const char *const own[] = { "remoteproc", "power",  "uevent",   "driver_override",
					   "modalias",	 "driver", "subsystem" };
	struct device *device = processor->device;
	struct node *dir, *parent;

	if (!device)
		return;
	if (--device->users) {
		hand_over(processor, node_child(device->dir, "uevent"));
		hand_over(processor, node_child(device->dir, "modalias"));
		return;
	}
	node_remove(device->bus_link);
	node_remove(device->driver_link);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		node_remove(node_child(device->dir, own[i]));
	/* Up to devices/platform, whatever holds no device any more. */
	for (dir = device->dir; !dir->first && dir->parent != processor->fs->devices;
	     dir = parent) {
		parent = dir->parent;
		node_remove(dir);
	}
	free(device);
}

/* ---- rproc-virtio.N.auto ------------------------------------------------------------------ */

static void vdev_uevent_show(struct node_open *open, struct node_call *call)
{
	if (!open->node->index) /* else its rings were refused: no driver */
		text_line(&open->text, "DRIVER=rproc-virtio");
	text_line(&open->text, "MODALIAS=platform:rproc-virtio");
	node_call_done(call, 0);
}

static void vdev_modalias_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, "platform:rproc-virtio");
	node_call_done(call, 0);
}

static const struct node_ops vdev_uevent_ops = { .flags = SYSFS,
						 .show = vdev_uevent_show,
						 .store = uevent_store };
static const struct node_ops vdev_modalias_ops = { .flags = SYSFS, .show = vdev_modalias_show };

/* Numbers are given out again: the link of @dir's name may be its successor's by now. */
static void drop_link(struct node *links, const struct node *dir)
{
	struct node *link = node_child(links, dir->name);

	if (link && link->priv == dir)
		node_remove(link);
}

static struct node *take_link(struct node *links, struct processor *processor, unsigned int depth,
			      struct node *dir)
{
	struct node *link;

	node_remove(node_child(links, dir->name));
	link = fs_link(links, dir->name, depth, "devices/%s/%s", processor->path, dir->name);
	if (!link)
		return NULL;
	link->vanishing = true;
	link->priv = dir;
	return link;
}

static void remove_bus_entries(struct node *dir)
{
	struct rprocfs *fs = dir->priv;
	struct node *driver = node_child(fs->platform_drivers, "rproc-virtio");

	drop_link(fs->platform_devices, dir);
	if (driver)
		drop_link(driver, dir);
}

static const struct node_ops vdev_dir_ops = { .removed = remove_bus_entries };

static int add_vdev(struct processor *processor, const struct rproc_vdev_info *info,
		    const char *name)
{
	struct rprocfs *fs = processor->fs;
	struct node *driver = node_child(fs->platform_drivers, "rproc-virtio");
	unsigned int depth = processor->depth + 2;
	struct node *dir, *uevent, *link;

	dir = node_add_dir(processor->sysfs, name, 0755, &vdev_dir_ops, fs);
	if (!dir)
		return -ENOMEM;
	dir->vanishing = true;
	dir->index = (unsigned int)processor_incarnation(processor);
	link = take_link(fs->platform_devices, processor, 3, dir);
	uevent = node_add_file(dir, "uevent", 0644, &vdev_uevent_ops, NULL);
	if (!link || !uevent || !fs_link(dir, "subsystem", depth, "bus/platform") ||
	    !node_add_file(dir, "modalias", 0444, &vdev_modalias_ops, NULL) ||
	    !node_add_file(dir, "driver_override", 0644, &override_ops, NULL))
		return -ENOMEM;
	uevent->index = info->failed;
	if (device_add_power(dir))
		return -ENOMEM;
	if (info->failed)
		return 0;
	if (!take_link(driver, processor, 4, dir) ||
	    !fs_link(dir, "driver", depth, "bus/platform/drivers/rproc-virtio"))
		return -ENOMEM;
	return 0;
}

/* Is the directory that of a vdev there is? One of an earlier boot may have had its number. */
static bool is_there(const struct processor *processor, const struct rproc_vdev_info *info,
		     size_t count, const struct node *dir)
{
	char name[40];

	if (dir->index != (unsigned int)processor_incarnation(processor))
		return false;
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "rproc-virtio.%d.auto", info[i].number);
		if (!strcmp(name, dir->name))
			return true;
	}
	return false;
}

void device_refresh_vdevs(struct processor *processor)
{
	struct rproc_vdev_info *info;
	struct node *next;
	char name[40];
	size_t count;

	if (rproc_get_vdevs(processor->rproc, &info, &count))
		return;
	for (struct node *node = processor->sysfs->first; node; node = next) {
		next = node->next;
		if (node->ops == &vdev_dir_ops && !is_there(processor, info, count, node))
			node_remove(node);
	}
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "rproc-virtio.%d.auto", info[i].number);
		if (!node_child(processor->sysfs, name) && add_vdev(processor, &info[i], name))
			node_remove(node_child(processor->sysfs, name));
		virtio_device_refresh(processor, node_child(processor->sysfs, name), &info[i]);
	}
	free(info);
}

/* Resources go without an event: who looks for the vdevs of all processors finds those left. */
static void refresh_all_vdevs(struct node *dir, const char *name)
{
	struct rprocfs *fs = dir->priv;

	if (name && strncmp(name, "rproc-virtio.", 13))
		return;
	for (int i = 0; i < fs->num_processors; i++)
		if (fs->processors[i])
			device_refresh_vdevs(fs->processors[i]);
}

static const struct node_ops vdev_links_ops = { .refresh = refresh_all_vdevs };

int device_add_skeleton(struct rprocfs *fs, struct node *root)
{
	struct node *platform = bus_add(root, "platform", &vdev_links_ops, fs, false);
	struct node *drivers = platform ? node_child(platform, "drivers") : NULL;

	fs->modules = fs_dir(root, "module");
	fs->platform_drivers = drivers;
	if (!platform)
		return -ENOMEM;
	fs->platform_devices = node_child(platform, "devices");
	if (!fs_dir(fs->devices, "platform") ||
	    !node_add_dir(drivers, "rproc-virtio", 0755, &vdev_links_ops, fs) ||
	    !driver_add(fs, drivers, "rproc-virtio", "remoteproc", &driver_fixed_ops,
			&driver_fixed_ops))
		return -ENOMEM;
	return 0;
}
