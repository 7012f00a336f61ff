/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The directory of a driver on a bus: bind, unbind, uevent and the module it comes
 * from; and what bind and unbind do on the platform bus, where the drivers are the
 * plugins. Must not know what is behind a device.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "rprocfs.h"

#define SYSFS (NODE_STRICT | NODE_PAGED)

/* ---- any driver ------------------------------------------------------------------------ */

/* module/MODULE/drivers/BUS:NAME, and the link from the driver to its module. */
static int add_module(struct rprocfs *fs, struct node *dir, const char *module)
{
	const char *bus = dir->parent->parent->name;
	struct node *home = fs_dir(fs->modules, module);
	struct node *drivers = fs_dir(home, "drivers");
	char name[128];

	snprintf(name, sizeof(name), "%s:%s", bus, dir->name);
	return fs_link_node(drivers, name, dir) && fs_link_node(dir, "module", home) ? 0 : -ENOMEM;
}

struct node *driver_add(struct rprocfs *fs, struct node *drivers, const char *name,
			const char *module, const struct node_ops *bind,
			const struct node_ops *unbind)
{
	struct node *dir = fs_dir(drivers, name);

	if (!node_add_file(dir, "bind", 0200, bind, fs) ||
	    !node_add_file(dir, "unbind", 0200, unbind, fs) ||
	    !node_add_file(dir, "uevent", 0200, &uevent_mute_ops, NULL) ||
	    add_module(fs, dir, module))
		return NULL;
	return dir;
}

/* ---- drivers that devices are bound to for good ------------------------------------------ */

/* The name of a device as it was written: a line. */
static const char *written(const struct node_call *call, char *buf, size_t size)
{
	size_t len = input_text_len(call->data, call->data_size);

	if (len && call->data[len - 1] == '\n')
		len--;
	snprintf(buf, size, "%.*s", (int)len, call->data);
	return buf;
}

/* A vdev and its driver come and go with the boot: neither can be had without the other. */
static void refuse_store(struct node_open *open, struct node_call *call)
{
	struct node *driver = open->node->parent;
	char name[256];
	struct node *device = node_child(driver, written(call, name, sizeof(name)));

	if (device && device->type == NODE_LINK && strcmp(name, "module"))
		node_call_done(call, fs_refuse(call, -EPERM,
					       "a vdev and its driver come and go with the boot: "
					       "stop the processor to be without them"));
	else
		node_call_done(call, fs_refuse(call, -ENODEV,
					       "it takes the name of a device of this driver, and "
					       "those in this directory are bound to it for good"));
}

const struct node_ops driver_fixed_ops = { .flags = SYSFS, .store = refuse_store };

/* ---- the platform bus --------------------------------------------------------------------- */

/* Both on the thread of errands. */
static int run_bind(struct rprocfs *fs, const char *driver, const char *device)
{
	return rproc_context_bind(fs->context, device, driver);
}

static int run_unbind(struct rprocfs *fs, const char *driver, const char *device)
{
	return rproc_context_unbind(fs->context, device, driver);
}

static void bind_store(struct node_open *open, struct node_call *call)
{
	errand_add(open->node->priv, call, run_bind, open->node->parent->name);
}

static void unbind_store(struct node_open *open, struct node_call *call)
{
	errand_add(open->node->priv, call, run_unbind, open->node->parent->name);
}

static const struct node_ops bind_ops = { .flags = SYSFS, .store = bind_store };
static const struct node_ops unbind_ops = { .flags = SYSFS, .store = unbind_store };

struct node *driver_of_plugin(struct rprocfs *fs, const char *plugin)
{
	struct node *dir = node_child(fs->platform_drivers, plugin);
	char module[64];
	char *c;

	if (dir)
		return dir;
	snprintf(module, sizeof(module), "%s", plugin);
	while ((c = strchr(module, '-')))
		*c = '_';
	dir = driver_add(fs, fs->platform_drivers, plugin, module, &bind_ops, &unbind_ops);
	/* Unloaded it is gone at once. */
	if (dir)
		dir->vanishing = node_child(fs->modules, module)->vanishing = true;
	return dir;
}

static bool has_devices(const struct node *dir)
{
	for (const struct node *node = dir->first; node; node = node->next)
		if (node->type == NODE_LINK && strcmp(node->name, "module"))
			return true;
	return false;
}

void driver_unload_all(struct rprocfs *fs)
{
	struct node *dir, *next, *module;

	for (dir = fs->platform_drivers->first; dir; dir = next) {
		next = dir->next;
		module = node_child(dir, "bind");
		if (!module || module->ops != &bind_ops || has_devices(dir))
			continue;
		module = node_child(fs->modules, basename(node_child(dir, "module")->target));
		node_remove(module);
		node_remove(dir);
	}
}
