/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices of a class: what Linux's driver core gives each of them. A device here is
 * a file, so it has a name under dev/ and no numbers. Must not know what a device
 * is for.
 */
#include <errno.h>
#include <stdio.h>
#include "rpmsg_fs.h"
#include "tree.h"

static void uevent_show(struct node_open *open, struct node_call *call)
{
	text_printf(&open->text, "DEVNAME=%s\n", open->node->parent->name);
	node_call_done(call, 0);
}

static const struct node_ops uevent_ops = { .flags = NODE_STRICT | NODE_PAGED,
					    .show = uevent_show,
					    .store = uevent_store };

unsigned int class_device_number(const struct node *where, const char *prefix)
{
	unsigned int number = 0;
	char name[40];

	for (;; number++) {
		snprintf(name, sizeof(name), "%s%u", prefix, number);
		if (!node_child(where, name) && !tree_survives(where->tree, name))
			return number;
	}
}

int class_device_fill(struct rprocfs *fs, struct node *dir, const char *class,
		      const struct node *parent, struct node **ret_link)
{
	struct node *classes = fs_dir(tree_root(fs->tree), "class");
	struct node *class_dir = fs_dir(classes, class);

	dir->vanishing = true;
	if (!node_add_file(dir, "uevent", 0644, &uevent_ops, NULL) || device_add_power(dir) ||
	    !fs_link_node(dir, "device", parent) || !fs_link_node(dir, "subsystem", class_dir))
		return -ENOMEM;
	return fs_own_link(class_dir, dir->name, dir, ret_link);
}
