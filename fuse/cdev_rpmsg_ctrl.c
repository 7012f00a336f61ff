/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dev/rpmsg_ctrlN: the control device of a bus, whose ioctls make endpoints and
 * channels. Must not know how either works.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "rpmsg_fs.h"

/* Linux: include/uapi/linux/rpmsg.h */
struct endpoint_info {
	char name[32];
	uint32_t src, dst;
};

#define CREATE_EPT  _IOW(0xb5, 0x1, struct endpoint_info)
#define CREATE_DEV  _IOW(0xb5, 0x3, struct endpoint_info)
#define RELEASE_DEV _IOW(0xb5, 0x4, struct endpoint_info)

struct ctrl {
	struct rpmsg_device *device; /* the bus's rpmsg_ctrl */
	struct node *dir, *node, *class_link;
	char log_name[40];
};

/* ---- the ioctls ------------------------------------------------------------------------- */

static int create_channel(struct ctrl *ctrl, const struct endpoint_info *info)
{
	struct rprocfs *fs = ctrl->device->fs;
	uint64_t channel;
	int err = rproc_rpmsg_create_channel(fs->context, ctrl->device->info.id, info->name,
					     info->src, info->dst, &channel);

	if (!err)
		return 0;
	fs_say(fs, RPROC_LOG_ERR, ctrl->log_name, "failed to create %s channel", info->name);
	return -ENXIO;
}

static int release_channel(struct ctrl *ctrl, const struct endpoint_info *info)
{
	struct rprocfs *fs = ctrl->device->fs;
	int err = rproc_rpmsg_release_channel(fs->context, ctrl->device->info.id, info->name,
					      info->src, info->dst);

	if (err)
		fs_say(fs, RPROC_LOG_ERR, ctrl->log_name, "failed to release %s channel (%d)",
		       info->name, err);
	return err;
}

/* The argument is read before the command is looked at, as in Linux. */
static void ctrl_ioctl(struct node_open *open, struct node_call *call)
{
	struct ctrl *ctrl = open->node->priv;
	struct endpoint_info info;
	int err;

	if (call->data_size < sizeof(info)) {
		node_call_done(call, call->arg ? -EINVAL : -EFAULT);
		return;
	}
	memcpy(&info, call->data, sizeof(info));
	info.name[sizeof(info.name) - 1] = '\0';
	switch (call->cmd) {
	case CREATE_EPT:
		err = ept_device_add(ctrl->device, ctrl->dir, info.name, info.src, info.dst);
		break;
	case CREATE_DEV:
		err = create_channel(ctrl, &info);
		break;
	case RELEASE_DEV:
		err = release_channel(ctrl, &info);
		break;
	default:
		err = -EINVAL;
	}
	node_call_done(call, err);
}

static void ctrl_store(struct node_open *open, struct node_call *call)
{
	(void)open;
	node_call_done(call, fs_refuse(call, -EINVAL, "it has ioctls only; messages go to rpmsgN"));
}

static const struct node_ops ctrl_ops = {
	.flags = NODE_STREAM,
	.unreadable = -EINVAL,
	.store = ctrl_store,
	.ioctl = ctrl_ioctl,
};

/* ---- the driver ---------------------------------------------------------------------------- */

static void removed(struct node *dir)
{
	struct ctrl *ctrl = dir->priv;

	node_remove(ctrl->class_link);
	node_remove(ctrl->node);
	free(ctrl);
}

static const struct node_ops dir_ops = { .removed = removed };

static int fill(struct ctrl *ctrl)
{
	struct rprocfs *fs = ctrl->device->fs;
	struct node *dir = ctrl->dir;

	if (class_device_fill(fs, dir, "rpmsg", ctrl->device->dir, &ctrl->class_link))
		return -ENOMEM;
	ctrl->node = node_add_file(fs->dev, dir->name, fs->cdev_mode, &ctrl_ops, ctrl);
	if (!ctrl->node)
		return -ENOMEM;
	ctrl->node->vanishing = true;
	return 0;
}

static int probe(struct rpmsg_device *device)
{
	struct ctrl *ctrl = calloc(1, sizeof(*ctrl));
	char name[32];

	if (!ctrl)
		return -ENOMEM;
	ctrl->device = device;
	snprintf(name, sizeof(name), "rpmsg_ctrl%u",
		 class_device_number(device->fs->dev, "rpmsg_ctrl"));
	snprintf(ctrl->log_name, sizeof(ctrl->log_name), "rpmsg %s", name);
	ctrl->dir = node_add_dir(fs_dir(device->dir, "rpmsg"), name, 0755, &dir_ops, ctrl);
	if (!ctrl->dir) {
		free(ctrl);
		return -ENOMEM;
	}
	if (fill(ctrl)) {
		node_remove(ctrl->dir);
		return -ENOMEM;
	}
	return 0;
}

/* The endpoints that it made go with it. */
static void remove_glue(struct rpmsg_device *device)
{
	node_remove(node_child(device->dir, "rpmsg"));
}

const struct rpmsg_driver rpmsg_ctrl_driver = {
	.name = "rpmsg_ctrl", .module = "rpmsg_ctrl", .probe = probe, .remove = remove_glue
};
