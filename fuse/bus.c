/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The directory of a bus: its devices and drivers, and the files by which Linux is
 * asked to look for the driver of a device. Must not know what is on the bus.
 */
#include <errno.h>
#include <stdio.h>
#include "rprocfs.h"
#include "tree.h"

#define SYSFS (NODE_STRICT | NODE_PAGED)

static void autoprobe_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, "1");
	node_call_done(call, 0);
}

/* Here nothing keeps a device and its driver apart. */
static void autoprobe_store(struct node_open *open, struct node_call *call)
{
	(void)open;
	node_call_done(call, *call->data != '0'
				     ? (ssize_t)call->size
				     : fs_refuse(call, -EPERM,
						 "new devices always get their drivers here; "
						 "unbind those that should have none"));
}

/*
 * A device that has a driver stays as it is. node->priv is the fs of a bus whose devices
 * can be there without one.
 */
static void probe_store(struct node_open *open, struct node_call *call)
{
	struct node *devices = node_child(open->node->parent, "devices");
	size_t len = input_text_len(call->data, call->data_size);
	char name[256];

	if (len && call->data[len - 1] == '\n')
		len--;
	snprintf(name, sizeof(name), "%.*s", (int)len, call->data);
	tree_refresh(devices);
	if (!node_child(devices, name)) {
		node_call_done(call,
			       fs_refuse(call, -ENODEV, "it takes the name of one of ../devices"));
		return;
	}
	if (open->node->priv)
		rpmsg_driver_probe(open->node->priv, name);
	node_call_done(call, (ssize_t)call->size);
}

static const struct node_ops autoprobe_ops = { .flags = SYSFS,
					       .show = autoprobe_show,
					       .store = autoprobe_store };
static const struct node_ops probe_ops = { .flags = SYSFS, .store = probe_store };

struct node *bus_add(struct node *root, const char *name, const struct node_ops *devices,
		     struct rprocfs *fs, bool probes)
{
	struct node *bus = fs_dir(fs_dir(root, "bus"), name);

	if (!node_add_dir(bus, "devices", 0755, devices, fs) || !fs_dir(bus, "drivers") ||
	    !node_add_file(bus, "drivers_autoprobe", 0644, &autoprobe_ops, NULL) ||
	    !node_add_file(bus, "drivers_probe", 0200, &probe_ops, probes ? fs : NULL) ||
	    !node_add_file(bus, "uevent", 0200, &uevent_mute_ops, NULL))
		return NULL;
	return bus;
}
