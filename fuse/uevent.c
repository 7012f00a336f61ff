/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is written to a uevent file: Linux sends that event once more. There is no
 * udev behind the mount, so nobody hears it; but what is no event is refused, with
 * the lines that Linux logs. The same for devices, drivers and buses.
 */
#include <errno.h>
#include <string.h>
#include "rprocfs.h"

/* The driver of a device, or else what it belongs to; NULL: it is no device. */
static const char *driver_string(const struct node *dir)
{
	const struct node *link = node_child(dir, "driver");

	if (!link)
		link = node_child(dir, "subsystem");
	return link && link->type == NODE_LINK ? strrchr(link->target, '/') + 1 : NULL;
}

static void complain(const struct node *dir, const char *what)
{
	struct rprocfs *fs = fs_of(dir);
	const char *driver = driver_string(dir);
	struct text path = { 0 }, device = { 0 };

	text_bytes(&path, "/", 1);
	fs_put_path(&path, NULL, dir);
	text_bytes(&path, "", 1);
	if (!path.failed)
		fs_say(fs, RPROC_LOG_WARNING, "synth uevent", "%s: %s", path.data, what);
	text_fini(&path);
	if (!driver)
		return;
	text_printf(&device, "%s %s", driver, dir->name);
	text_bytes(&device, "", 1);
	if (!device.failed)
		fs_say(fs, RPROC_LOG_ERR, device.data,
		       "uevent: failed to send synthetic uevent: %d", -EINVAL);
	text_fini(&device);
}

void uevent_store(struct node_open *open, struct node_call *call)
{
	const char *wrong = input_uevent_wrong(call->data, call->data_size);

	if (wrong)
		complain(open->node->parent, wrong);
	node_call_done(call, wrong ? -EINVAL : (ssize_t)call->size);
}

static void show_empty(struct node_open *open, struct node_call *call)
{
	(void)open;
	node_call_done(call, 0);
}

const struct node_ops uevent_empty_ops = { .flags = NODE_STRICT | NODE_PAGED,
					   .show = show_empty,
					   .store = uevent_store };
/* Of what is no device: only to be written. */
const struct node_ops uevent_mute_ops = { .flags = NODE_STRICT | NODE_PAGED,
					  .store = uevent_store };
