/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dev/rpmsgN: an endpoint that one client at a time has open. Owns the reads and
 * writes that wait, and the driver rpmsg_chrdev, which makes such a device of a
 * channel. A read that waits holds nothing. Must not know who announced what.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "rpmsg_fs.h"

/* Linux: include/uapi/linux/rpmsg.h */
#define DESTROY_EPT	      _IO(0xb5, 0x2)
#define GET_OUTGOING_FLOWCTRL _IOR(0xb5, 0x5, int)
#define SET_INCOMING_FLOWCTRL _IOR(0xb5, 0x6, int)

/* Calls of one kind that wait, the oldest first. */
struct waiting {
	struct node_call *first, *last;
};

struct ept_device {
	struct rprocfs *fs;
	struct port port;
	struct node *dir, *node, *class_link; /* NULL once it is gone */
	uint64_t channel;		      /* its own, or that of rpmsg_ctrlN */
	bool own_channel;
	char name[RPROC_RPMSG_NAME_SIZE];
	uint32_t src, dst;
	bool open;
	struct waiting reads, writes;
	struct ept_device *next_writing;
};

/* ---- calls that wait -------------------------------------------------------------------- */

static void add_waiting(struct waiting *waiting, struct node_call *call)
{
	call->next_waiting = NULL;
	if (waiting->last)
		waiting->last->next_waiting = call;
	else
		waiting->first = call;
	waiting->last = call;
}

static bool take_waiting(struct waiting *waiting, struct node_call *call)
{
	struct node_call *before = NULL;

	for (struct node_call *c = waiting->first; c; before = c, c = c->next_waiting) {
		if (c != call)
			continue;
		if (before)
			before->next_waiting = c->next_waiting;
		else
			waiting->first = c->next_waiting;
		if (waiting->last == c)
			waiting->last = before;
		return true;
	}
	return false;
}

static void end_waiting(struct waiting *waiting, int error)
{
	struct node_call *call;

	while ((call = waiting->first)) {
		take_waiting(waiting, call);
		node_call_done(call, error);
	}
}

static struct ept_device *device_of(const struct node_open *open)
{
	return open->node->priv;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* One message a read; what does not fit is lost. */
static ssize_t try_read(struct ept_device *device, struct node_call *call)
{
	char *buf = node_call_buffer(call);
	struct message *message;
	size_t len;
	int err;

	if (!buf)
		return -ENOMEM;
	err = port_take(&device->port, &message);
	if (err)
		return err;
	len = message->len < call->size ? message->len : call->size;
	memcpy(buf, message->data, len);
	free(message);
	return (ssize_t)len;
}

static void cancel_read(struct node_call *call)
{
	struct ept_device *device = call->priv;

	if (take_waiting(&device->reads, call))
		node_call_done(call, -EINTR);
}

static void ept_read(struct node_open *open, struct node_call *call)
{
	struct ept_device *device = device_of(open);
	ssize_t n = device->reads.first ? -EAGAIN : try_read(device, call);

	if (n != -EAGAIN || call->nonblock) {
		node_call_done(call, n);
		return;
	}
	call->priv = device;
	call->cancel = cancel_read;
	add_waiting(&device->reads, call);
}

static void serve_reads(struct ept_device *device)
{
	struct node_call *call;
	ssize_t n;

	while ((call = device->reads.first)) {
		n = try_read(device, call);
		if (n == -EAGAIN)
			return;
		take_waiting(&device->reads, call);
		node_call_done(call, n);
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

static void forget_writing(struct ept_device *device)
{
	struct ept_device **p = &device->fs->rpmsg->writing;

	if (device->writes.first)
		return;
	while (*p && *p != device)
		p = &(*p)->next_writing;
	if (*p)
		*p = device->next_writing;
}

static void cancel_write(struct node_call *call)
{
	struct ept_device *device = call->priv;

	if (!take_waiting(&device->writes, call))
		return;
	forget_writing(device);
	node_call_done(call, -EINTR);
}

/* Wait for a buffer. The call's number is when that has lasted too long. */
static void defer_write(struct ept_device *device, struct node_call *call)
{
	if (!node_call_keep(call)) {
		node_call_done(call, -ENOMEM);
		return;
	}
	if (!device->writes.first) {
		device->next_writing = device->fs->rpmsg->writing;
		device->fs->rpmsg->writing = device;
	}
	call->priv = device;
	call->request = fs_now_ms() + device->fs->options.send_timeout_ms;
	call->cancel = cancel_write;
	add_waiting(&device->writes, call);
}

static void ept_store(struct node_open *open, struct node_call *call)
{
	struct ept_device *device = device_of(open);
	int err = -EAGAIN;

	if (!device->writes.first)
		err = port_send(&device->port, call->data, call->data_size);
	if (err == -EAGAIN && !call->nonblock)
		defer_write(device, call);
	else
		node_call_done(call, err ? err : (ssize_t)call->size);
}

static void serve_writes(struct ept_device *device)
{
	struct node_call *call;
	int err;

	while ((call = device->writes.first)) {
		err = port_send(&device->port, call->kept, call->data_size);
		if (err == -EAGAIN)
			return;
		take_waiting(&device->writes, call);
		forget_writing(device);
		node_call_done(call, err ? err : (ssize_t)call->size);
	}
}

int64_t ept_device_next_tick(const struct rprocfs *fs)
{
	const struct ept_device *device = fs->rpmsg->writing;
	int64_t next = -1;

	for (; device; device = device->next_writing)
		if (next < 0 || device->writes.first->request < next)
			next = device->writes.first->request;
	return next;
}

/* The processor whose story tells of it; NULL: it is gone. */
static struct rproc *rproc_behind(const struct ept_device *device,
				  struct rproc_rpmsg_channel_info *ret_info)
{
	const struct processor *processor;

	if (rproc_rpmsg_get_channel(device->fs->context, device->channel, ret_info))
		return NULL;
	processor = fs_processor(device->fs, ret_info->rproc);
	return processor ? processor->rproc : NULL;
}

static void give_up(struct ept_device *device, struct node_call *call)
{
	const char *driver = device->own_channel ? "rpmsg_chrdev" : "rpmsg_ctrl";
	struct rproc_rpmsg_channel_info info;
	struct rproc *rproc = rproc_behind(device, &info);
	char name[96];

	if (rproc) {
		snprintf(name, sizeof(name), "%s %s", driver, info.device);
		fs_say(device->fs, RPROC_LOG_ERR, name, "timeout waiting for a tx buffer");
		rproc_story_aside(rproc, -ETIMEDOUT, "rpmsg",
				  "dev/%s: no buffer was free for %u ms: the remote takes no "
				  "messages; rpmsg_findings tells what it does",
				  device->dir->name, device->fs->options.send_timeout_ms);
	}
	take_waiting(&device->writes, call);
	forget_writing(device);
	node_call_done(call, -ETIMEDOUT);
}

void ept_device_tick(struct rprocfs *fs, int64_t now_ms)
{
	struct ept_device *device, *next;

	for (device = fs->rpmsg->writing; device; device = next) {
		next = device->next_writing;
		while (device->writes.first && device->writes.first->request <= now_ms)
			give_up(device, device->writes.first);
	}
}

/* ---- open, close, poll --------------------------------------------------------------------- */

static void free_device(struct ept_device *device)
{
	port_fini(&device->port);
	free(device);
}

/* On the tree's thread: the endpoint has something for somebody. */
static void news(struct port *port)
{
	struct ept_device *device =
		(struct ept_device *)((char *)port - offsetof(struct ept_device, port));

	serve_reads(device);
	serve_writes(device);
	if (device->node)
		node_notify(device->node);
}

/* It was there when the client looked its name up. */
static int refuse_open(struct ept_device *device, int error)
{
	char name[64];

	if (error == -ENODEV)
		return -ENETRESET;
	snprintf(name, sizeof(name), "rpmsg %s", device->dir->name);
	fs_say(device->fs, RPROC_LOG_ERR, name, "failed to open %s", device->name);
	return error == -ENOMEM ? error : -EINVAL;
}

static int ept_open(struct node_open *open)
{
	struct ept_device *device = device_of(open);
	int err = 0;

	if (device->open)
		return -EBUSY;
	if (device->own_channel && port_dead(&device->port))
		return -ENETRESET;
	if (!device->own_channel)
		err = port_create(&device->port, device->channel, device->name, device->src,
				  device->dst, "rpmsg_ctrl");
	if (err)
		return refuse_open(device, err);
	device->open = true;
	return 0;
}

static void ept_release(struct node_open *open)
{
	struct ept_device *device = device_of(open);

	device->open = false;
	if (device->own_channel)
		port_drop(&device->port);
	else
		port_close(&device->port);
	if (!device->node)
		free_device(device);
}

static unsigned int ept_poll(struct node_open *open)
{
	return port_poll(&device_of(open)->port);
}

/* ---- ioctl --------------------------------------------------------------------------------- */

/* The firmware has no way to say that it wants no more: it never does. */
static void get_flow(struct node_call *call)
{
	int32_t restricted = 0;
	char *buf = call->size >= sizeof(restricted) ? node_call_buffer(call) : NULL;

	if (buf)
		memcpy(buf, &restricted, sizeof(restricted));
	node_call_done(call, buf ? (ssize_t)sizeof(restricted) : -EFAULT);
}

static void ept_ioctl(struct node_open *open, struct node_call *call)
{
	struct ept_device *device = device_of(open);

	switch (call->cmd) {
	case DESTROY_EPT:
		/* A channel's own goes with the channel. */
		if (!device->own_channel)
			node_remove(device->dir);
		node_call_done(call, device->own_channel ? -EINVAL : 0);
		break;
	case GET_OUTGOING_FLOWCTRL:
		get_flow(call);
		break;
	case SET_INCOMING_FLOWCTRL:
		node_call_done(call, call->arg > 1 ? -EINVAL : -EOPNOTSUPP);
		break;
	default:
		node_call_done(call, -EINVAL);
	}
}

static const struct node_ops ept_ops = {
	.flags = NODE_STREAM,
	.gone = -EPIPE,
	.gone_poll = POLLERR,
	.open = ept_open,
	.release = ept_release,
	.read = ept_read,
	.store = ept_store,
	.ioctl = ept_ioctl,
	.poll = ept_poll,
};

/* ---- its directory ------------------------------------------------------------------------- */

static void name_show(struct node_open *open, struct node_call *call)
{
	text_line(&open->text, device_of(open)->name);
	node_call_done(call, 0);
}

static void src_show(struct node_open *open, struct node_call *call)
{
	text_printf(&open->text, "%d\n", (int32_t)device_of(open)->src);
	node_call_done(call, 0);
}

static void dst_show(struct node_open *open, struct node_call *call)
{
	text_printf(&open->text, "%d\n", (int32_t)device_of(open)->dst);
	node_call_done(call, 0);
}

#define SYSFS (NODE_STRICT | NODE_PAGED)
static const struct node_ops name_ops = { .flags = SYSFS, .show = name_show };
static const struct node_ops src_ops = { .flags = SYSFS, .show = src_show };
static const struct node_ops dst_ops = { .flags = SYSFS, .show = dst_show };

/* The device is gone: with its endpoint, its channel, or the whole processor. */
static void removed(struct node *dir)
{
	struct ept_device *device = dir->priv;
	struct node *node = device->node;

	node_remove(device->class_link);
	end_waiting(&device->reads, -EPIPE);
	end_waiting(&device->writes, -EPIPE);
	forget_writing(device);
	port_close(&device->port);
	device->node = NULL;
	node_remove(node);
	if (!device->open)
		free_device(device);
}

static const struct node_ops dir_ops = { .removed = removed };

static int fill(struct ept_device *device, const struct node *parent)
{
	struct rprocfs *fs = device->fs;
	struct node *dir = device->dir;

	if (class_device_fill(fs, dir, "rpmsg", parent, &device->class_link) ||
	    !node_add_file(dir, "name", 0444, &name_ops, device) ||
	    !node_add_file(dir, "src", 0444, &src_ops, device) ||
	    !node_add_file(dir, "dst", 0444, &dst_ops, device))
		return -ENOMEM;
	device->node = node_add_file(fs->dev, dir->name, fs->cdev_mode, &ept_ops, device);
	if (!device->node)
		return -ENOMEM;
	device->node->vanishing = true;
	return 0;
}

/* A directory below @glue, whose device's parent is @parent; takes @device. */
static int show(struct ept_device *device, struct node *glue, const struct node *parent)
{
	char name[24];

	snprintf(name, sizeof(name), "rpmsg%u", class_device_number(device->fs->dev, "rpmsg"));
	device->dir = node_add_dir(glue, name, 0755, &dir_ops, device);
	if (!device->dir) {
		free_device(device);
		return -ENOMEM;
	}
	if (fill(device, parent)) {
		node_remove(device->dir);
		return -ENOMEM;
	}
	return 0;
}

static struct ept_device *new_device(const struct rpmsg_device *device, const char *name,
				     uint32_t src, uint32_t dst)
{
	struct ept_device *ept = calloc(1, sizeof(*ept));

	if (!ept)
		return NULL;
	ept->fs = device->fs;
	ept->channel = device->info.id;
	ept->src = src;
	ept->dst = dst;
	snprintf(ept->name, sizeof(ept->name), "%s", name);
	port_init(&ept->port, device->fs, news);
	return ept;
}

int ept_device_add(struct rpmsg_device *device, struct node *ctrl, const char *name, uint32_t src,
		   uint32_t dst)
{
	struct ept_device *ept = new_device(device, name, src, dst);

	return ept ? show(ept, ctrl, ctrl) : -ENOMEM;
}

/* ---- the driver: a channel that is such a device ------------------------------------------- */

static int probe(struct rpmsg_device *device)
{
	struct ept_device *ept = new_device(device, device->info.name, 0, device->info.dst);
	struct node *glue = fs_dir(device->dir, "rpmsg");
	int err = -ENOMEM;

	if (!ept)
		return -ENOMEM;
	ept->own_channel = true;
	if (glue)
		err = port_open(&ept->port, device->info.id, "rpmsg_chrdev");
	if (err) {
		free_device(ept);
		return err;
	}
	ept->src = rproc_rpmsg_ept_addr(ept->port.ept);
	return show(ept, glue, device->dir);
}

static void remove_glue(struct rpmsg_device *device)
{
	node_remove(node_child(device->dir, "rpmsg"));
}

const struct rpmsg_driver rpmsg_chrdev_driver = { .name = "rpmsg_chrdev",
						  .module = "rpmsg_char",
						  .ids = { "rpmsg-raw", "rpmsg_chrdev" },
						  .probe = probe,
						  .remove = remove_glue };
