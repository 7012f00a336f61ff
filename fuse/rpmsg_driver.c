/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bus/rpmsg/drivers: which driver takes which channel, by itself when the channel
 * appears, or because somebody writes to bind and unbind. Must not know what a driver
 * makes of a channel.
 */
#include <errno.h>
#include <string.h>
#include "rpmsg_fs.h"

#define SYSFS (NODE_STRICT | NODE_PAGED)

/* ---- a driver of none: the library is the name service itself ---------------------------- */

static int ns_probe(struct rpmsg_device *device)
{
	(void)device;
	return 0;
}

static void ns_remove(struct rpmsg_device *device)
{
	(void)device;
}

/* As rpmsg_ctrl it matches no name: whom it is for says so by an override. */
static const struct rpmsg_driver ns_driver = {
	.name = "rpmsg_ns", .module = "rpmsg_ns", .probe = ns_probe, .remove = ns_remove
};

static const struct rpmsg_driver *const drivers[] = { &rpmsg_chrdev_driver, &rpmsg_ctrl_driver,
						      &ns_driver, &rpmsg_tty_driver };

/* ---- matching ------------------------------------------------------------------------------ */

/* An override is the only thing that counts, if there is one. */
static bool wants(const struct rpmsg_driver *driver, const struct rpmsg_device *device)
{
	char override[64];
	ssize_t len = rproc_rpmsg_driver_override(device->fs->context, device->info.id, override,
						  sizeof(override));

	if (len > 0)
		return !strcmp(override, driver->name);
	for (size_t i = 0; i < sizeof(driver->ids) / sizeof(driver->ids[0]); i++)
		if (driver->ids[i] && !strcmp(driver->ids[i], device->info.name))
			return true;
	return false;
}

static int add_links(struct rpmsg_device *device)
{
	struct node *dir = node_child(device->fs->rpmsg->bus_drivers, device->driver->name);

	if (device->info.kind == RPROC_RPMSG_SERIAL)
		return 0;
	if (fs_own_link(dir, device->dir->name, device->dir, &device->back_link))
		return -ENOMEM;
	return fs_link_node(device->dir, "driver", dir) ? 0 : -ENOMEM;
}

static void remove_links(struct rpmsg_device *device)
{
	/* If the directory is on its way out, this link is gone already. */
	node_remove(node_child(device->dir, "driver"));
	node_remove(device->back_link);
	device->back_link = NULL;
}

static void complain(const struct rpmsg_device *device, int error)
{
	const char *name = device->driver->name;
	struct text prefix = { 0 };

	text_printf(&prefix, "%s ", name);
	text_escaped(&prefix, device->info.device);
	text_bytes(&prefix, "", 1);
	if (!prefix.failed)
		fs_say(device->fs, RPROC_LOG_ERR, prefix.data,
		       "probe with driver %s failed with error %d", name, error);
	text_fini(&prefix);
}

static int bind(struct rpmsg_device *device, const struct rpmsg_driver *driver)
{
	int err;

	if (device->driver)
		return -EBUSY;
	device->driver = driver;
	err = add_links(device);
	if (!err)
		err = driver->probe(device);
	if (!err)
		return 0;
	/* Gone meanwhile is no failure of anybody's. */
	if (err != -ENODEV)
		complain(device, err);
	remove_links(device);
	device->driver = NULL;
	return err;
}

void rpmsg_driver_match(struct rpmsg_device *device)
{
	/* A serial line is on no bus, and is a terminal whatever else there is. */
	if (device->info.kind == RPROC_RPMSG_SERIAL) {
		bind(device, &rpmsg_tty_driver);
		return;
	}
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (wants(drivers[i], device) && !bind(device, drivers[i]))
			return;
}

void rpmsg_driver_probe(struct rprocfs *fs, const char *name)
{
	struct rpmsg_device *device = rpmsg_device_find(fs, name);

	if (device && !device->driver)
		rpmsg_driver_match(device);
}

void rpmsg_driver_unbind(struct rpmsg_device *device)
{
	if (!device->driver)
		return;
	device->driver->remove(device);
	remove_links(device);
	device->driver = NULL;
}

#define NO_DEVICE "there is no such device; those there are, are in bus/rpmsg/devices"

/* ---- bind, unbind ---------------------------------------------------------------------------- */

static const struct rpmsg_driver *driver_of(const struct node_open *open)
{
	return drivers[open->node->index];
}

/* The device that was written, a line; NULL if there is none. */
static struct rpmsg_device *written(const struct node_open *open, const struct node_call *call)
{
	struct rprocfs *fs = open->node->priv;
	size_t len = input_text_len(call->data, call->data_size);
	char name[128];

	if (len && call->data[len - 1] == '\n')
		len--;
	if (len >= sizeof(name))
		return NULL;
	memcpy(name, call->data, len);
	name[len] = '\0';
	fs_settle(fs);
	return rpmsg_device_find(fs, name);
}

static void bind_store(struct node_open *open, struct node_call *call)
{
	const struct rpmsg_driver *driver = driver_of(open);
	struct rpmsg_device *device = written(open, call);
	int err = 0;

	if (!device)
		err = fs_refuse(call, -ENODEV, NO_DEVICE);
	else if (!wants(driver, device))
		err = fs_refuse(call, -ENODEV,
				"%s is not for that service; write %s to the device's "
				"driver_override first",
				driver->name, driver->name);
	else if (device->driver)
		err = fs_refuse(call, -EBUSY, "it has the driver %s; unbind that first",
				device->driver->name);
	else
		err = bind(device, driver);
	node_call_done(call, err ? err : (ssize_t)call->size);
}

static void unbind_store(struct node_open *open, struct node_call *call)
{
	struct rpmsg_device *device = written(open, call);
	bool bound = device && device->driver == driver_of(open);

	if (bound)
		rpmsg_driver_unbind(device);
	if (bound)
		node_call_done(call, (ssize_t)call->size);
	else if (!device)
		node_call_done(call, fs_refuse(call, -ENODEV, NO_DEVICE));
	else
		node_call_done(call, fs_refuse(call, -ENODEV, "its driver is %s",
					       device->driver ? device->driver->name : "none"));
}

static const struct node_ops bind_ops = { .flags = SYSFS, .store = bind_store };
static const struct node_ops unbind_ops = { .flags = SYSFS, .store = unbind_store };

int rpmsg_driver_add_skeleton(struct rprocfs *fs)
{
	for (unsigned int i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		struct node *dir = driver_add(fs, fs->rpmsg->bus_drivers, drivers[i]->name,
					      drivers[i]->module, &bind_ops, &unbind_ops);

		if (!dir)
			return -ENOMEM;
		node_child(dir, "bind")->index = node_child(dir, "unbind")->index = i;
	}
	return 0;
}
