/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dev/remoteprocN: the character device's words, ioctls and close. It is a
 * regular file here, which its mode shows and nothing else does. Must not know
 * how a request is carried out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include "rprocfs.h"

/* Linux: include/uapi/linux/remoteproc_cdev.h */
#define SET_SHUTDOWN_ON_RELEASE _IOW(0xB7, 1, int32_t)
#define GET_SHUTDOWN_ON_RELEASE _IOR(0xB7, 2, int32_t)

static struct rproc *rproc_of(const struct node_open *open)
{
	return (struct rproc *)(uintptr_t)open->stamp;
}

/* What Linux says to who still has the device of a processor that was removed. */
static int refuse(const struct node_open *open, int word)
{
	struct rproc *rproc = rproc_of(open);

	if (word)
		return -EINVAL;
	rproc_log(rproc, RPROC_LOG_ERR, "can't boot deleting rproc %s", rproc_name(rproc));
	return -ENODEV;
}

static void cdev_store(struct node_open *open, struct node_call *call)
{
	static const char *const words[] = { "start", "stop", "detach", NULL };
	static const enum rproc_request requests[] = { RPROC_REQUEST_BOOT, RPROC_REQUEST_SHUTDOWN,
						       RPROC_REQUEST_DETACH };
	int word = input_cdev_word(call->data, call->data_size, words);

	if (word >= 0 && open->node->removed) {
		node_call_done(call, refuse(open, word));
		return;
	}
	if (word >= 0) {
		processor_request(open->node->priv, call, requests[word], NULL, processor_answer);
		return;
	}
	if (call->data_size && call->data_size <= INPUT_CDEV_MAX)
		rproc_log(rproc_of(open), RPROC_LOG_ERR, "Unrecognized option");
	node_call_done(call, processor_refuse(rproc_of(open), call, -EINVAL, "dev/remoteproc",
					      "start, stop or detach, without a newline"));
}

static void get_flag(struct processor *processor, struct node_call *call)
{
	int32_t value = processor->shutdown_on_release;
	char *buf = call->size >= sizeof(value) ? node_call_buffer(call) : NULL;

	if (!buf) {
		node_call_done(call, -EINVAL);
		return;
	}
	memcpy(buf, &value, sizeof(value));
	node_call_done(call, sizeof(value));
}

/* Works on a descriptor of any access mode, as in Linux. */
static void cdev_ioctl(struct node_open *open, struct node_call *call)
{
	struct processor *processor = open->node->priv;
	int32_t value;

	if (open->node->removed) {
		node_call_done(call, -ENODEV);
		return;
	}
	switch (call->cmd) {
	case SET_SHUTDOWN_ON_RELEASE:
		if (call->data_size < sizeof(value)) {
			node_call_done(call, -EFAULT);
			return;
		}
		memcpy(&value, call->data, sizeof(value));
		processor->shutdown_on_release = value;
		node_call_done(call, 0);
		break;
	case GET_SHUTDOWN_ON_RELEASE:
		get_flag(processor, call);
		break;
	default:
		rproc_log(processor->rproc, RPROC_LOG_ERR, "Unsupported ioctl");
		node_call_done(call, -EINVAL);
	}
}

/* A descriptor keeps the processor: its index is free again when the last one is closed. */
static int cdev_open(struct node_open *open)
{
	const struct processor *processor = open->node->priv;

	open->stamp = (uintptr_t)rproc_get(processor->rproc);
	return 0;
}

static void released(struct rproc *rproc, int result, void *data)
{
	(void)rproc;
	(void)result; /* nobody is left to be told */
	(void)data;
}

static void cdev_release(struct node_open *open)
{
	struct processor *processor = open->node->priv;
	struct rproc *rproc = rproc_of(open);

	if (!open->node->removed && processor->shutdown_on_release)
		rproc_request(rproc, RPROC_REQUEST_RELEASE, NULL, released, NULL);
	rproc_put(rproc);
}

static const struct node_ops cdev_ops = {
	.flags = NODE_STREAM | NODE_HELD,
	.unreadable = -EINVAL,
	.open = cdev_open,
	.release = cdev_release,
	.store = cdev_store,
	.ioctl = cdev_ioctl,
};

int cdev_add(struct processor *processor)
{
	struct rprocfs *fs = processor->fs;

	processor->cdev =
		node_add_file(fs->dev, processor->sysname, fs->cdev_mode, &cdev_ops, processor);
	return processor->cdev ? 0 : -ENOMEM;
}
