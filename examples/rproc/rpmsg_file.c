/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dev/rpmsgN, opened, made and taken away again. The ioctl that makes one does not say
 * which number it got: the endpoint has a name that no other has, and is found by that.
 */
#include "rpmsg_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "stop_signal.h"
#include "tool.h"
#include "trouble.h"

/* The kernel's: include/uapi/linux/rpmsg.h. */
struct endpoint_info {
	char name[32];
	uint32_t src, dst;
};

#define CREATE_ENDPOINT	 _IOW(0xb5, 1, struct endpoint_info)
#define DESTROY_ENDPOINT _IO(0xb5, 2)

/* Device nodes are below the mount, but a kernel's are not below /sys. */
static int open_device(const struct mount *mount, const char *name, int flags, char path[64])
{
	int fd;

	snprintf(path, 64, "%sdev/%s", mount->own ? "" : "/", name);
	fd = openat(mount->fd, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* ---- making an endpoint -------------------------------------------------------------- */

static int create_endpoint(const struct mount *mount, const struct channel *channel, uint32_t src,
			   const char *name)
{
	struct endpoint_info info = { .src = src, .dst = channel->dst };
	char path[64];
	int err = 0, fd;

	fd = open_device(mount, channel->ctrl, O_RDWR, path);
	if (fd < 0)
		return fd;
	snprintf(info.name, sizeof(info.name), "%s", name);
	if (ioctl(fd, CREATE_ENDPOINT, &info))
		err = -errno;
	close(fd);
	return err;
}

/* Which rpmsgN has that name? */
static int find_endpoint(const struct mount *mount, const char *name, char *ret_endpoint,
			 size_t len)
{
	struct channel *channels;
	int err = rpmsg_list(mount, true, &channels, &(size_t){ 0 });

	if (err)
		return err;
	err = -ENOENT;
	for (struct channel *c = channels; channel_label(c)[0]; c++) {
		if (c->device[0] || strcmp(c->name, name))
			continue;
		snprintf(ret_endpoint, len, "%s", c->endpoint);
		err = 0;
		break;
	}
	free(channels);
	return err;
}

/* How an endpoint for the channel can be had at all. */
static const char *ctrl_remedy(const struct channel *channel)
{
	return channel->serial ? "a serial line has bytes and no messages: rproc console"
			       : "load the module rpmsg_ctrl";
}

static const char *open_remedy(int err)
{
	switch (err) {
	case -EBUSY:
		return "somebody has it open, and one at a time may: end that program, or use an "
		       "endpoint of your own with --src ADDRESS";
	case -EACCES:
	case -EPERM:
		return "run as root, or have the mount made for your group: rprocfs --gid GROUP";
	case -EADDRINUSE:
	case -EINVAL:
		return "is the address of --src taken, or above 0x7fffffff? rproc channels -a";
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
	case -EPIPE:
		return "the processor has stopped or crashed: rproc list, rproc channels";
	default:
		return "";
	}
}

/*
 * An endpoint whose address is taken can be made, but not opened, and what was never opened
 * cannot be taken away before the processor stops.
 */
static int check_address(const struct mount *mount, const struct channel *channel, uint32_t src)
{
	struct channel *channels;
	int err;

	if (src == RPMSG_ANY)
		return 0;
	err = rpmsg_list(mount, true, &channels, &(size_t){ 0 });
	if (err)
		return err;
	for (struct channel *c = channels; !err && channel_label(c)[0]; c++)
		if (c->src == src && !strcmp(c->ctrl, channel->ctrl) &&
		    strcmp(c->name, "rpmsg_ctrl"))
			err = -EADDRINUSE;
	free(channels);
	return err;
}

/* Make an endpoint that sends where the channel does; its device is then to be opened. */
static int make_endpoint(const struct mount *mount, const struct channel *channel, uint32_t src,
			 char *ret_endpoint, size_t len)
{
	char name[32], what[256];
	int err = channel->ctrl[0] ? check_address(mount, channel, src) : -ENODEV;

	snprintf(name, sizeof(name), "rproc-%ld", (long)getpid());
	if (!err)
		err = create_endpoint(mount, channel, src, name);
	if (!err)
		err = find_endpoint(mount, name, ret_endpoint, len);
	if (!err)
		return TOOL_OK;
	snprintf(what, sizeof(what), "making an endpoint for %s", channel_label(channel));
	trouble_report(what, -err, channel->ctrl[0] ? "" : "its bus has no rpmsg_ctrl device",
		       channel->ctrl[0] ? open_remedy(err) : ctrl_remedy(channel));
	return TOOL_REFUSED;
}

int rpmsg_file_open(const struct mount *mount, const struct channel *channel, uint32_t src,
		    struct rpmsg_file *ret_file)
{
	struct rpmsg_file file = { .made = !channel->endpoint[0] || src != RPMSG_ANY };
	char endpoint[24], what[256];
	int code;

	snprintf(file.label, sizeof(file.label), "%s", channel_label(channel));
	snprintf(endpoint, sizeof(endpoint), "%s", channel->endpoint);
	/* An endpoint that was made is to be taken away, also when we are told to end. */
	stop_signal_catch();
	if (file.made) {
		code = make_endpoint(mount, channel, src, endpoint, sizeof(endpoint));
		if (code)
			return code;
	}
	file.fd = open_device(mount, endpoint, O_RDWR, file.device);
	if (file.fd >= 0) {
		*ret_file = file;
		return TOOL_OK;
	}
	snprintf(what, sizeof(what), "opening %s for %s", file.device, file.label);
	trouble_report(what, -file.fd, "", open_remedy(file.fd));
	return TOOL_REFUSED;
}

void rpmsg_file_close(struct rpmsg_file *file)
{
	if (file->made)
		ioctl(file->fd, DESTROY_ENDPOINT);
	close(file->fd);
}

/* ---- messages --------------------------------------------------------------------------- */

int rpmsg_file_send(const struct rpmsg_file *file, const void *data, size_t len)
{
	ssize_t sent;

	if (stop_signal_came())
		return -EINTR;
	sent = write(file->fd, data, len);
	if (sent < 0)
		return -errno;
	return (size_t)sent == len ? 0 : -EIO;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

ssize_t rpmsg_file_receive(const struct rpmsg_file *file, void *buf, size_t len, int timeout_ms)
{
	struct pollfd polls[] = { { .fd = file->fd, .events = POLLIN },
				  { .fd = stop_signal_fd(), .events = POLLIN } };
	int64_t end = now_ms() + timeout_ms;
	ssize_t got;
	int ready;

	while (!stop_signal_came()) {
		int64_t left = timeout_ms < 0 ? -1 : end - now_ms();

		ready = poll(polls, 2, timeout_ms < 0 ? -1 : (int)(left > 0 ? left : 0));
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (!ready)
			return -ETIMEDOUT;
		if (ready < 0 || !polls[0].revents)
			continue;
		/* What came before the channel went can still be read. */
		got = read(file->fd, buf, len);
		if (got >= 0 || errno != EAGAIN)
			return got < 0 ? -errno : got;
	}
	return -EINTR;
}

int rpmsg_file_failed(const struct rpmsg_file *file, const char *verb, int error)
{
	char what[256];
	const char *remedy = "";

	if (error == EINTR)
		return stop_signal_came() ? TOOL_OK : TOOL_REFUSED;
	snprintf(what, sizeof(what), "%s: %s through %s", verb, file->label, file->device);
	if (error == EMSGSIZE)
		remedy = "send less at once: a message has 496 bytes unless the firmware says "
			 "otherwise";
	else if (error == EPIPE)
		remedy = "the processor has stopped or crashed, or broken the protocol: rproc "
			 "status; its channels come back under new numbers: rproc channels";
	else if (error == ETIMEDOUT)
		remedy = "is the service one that answers? rproc status says if the remote has "
			 "stopped taking messages; --timeout SECONDS waits longer";
	else if (error == 512 || error == EAGAIN)
		remedy = "the remote takes no more messages: rproc status";
	trouble_report(what, error, "", remedy);
	return error == ETIMEDOUT ? TOOL_TIMEOUT : TOOL_REFUSED;
}
