/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how a message crosses the socket: whole, checked, with its descriptors.
 * Knows nothing of what messages mean.
 */
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int64_t host_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void host_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void host_close_from(int first)
{
	int fd, end;

	if (!syscall(SYS_close_range, first, ~0u, 0))
		return;
	/* Linux before 5.9. */
	end = (int)sysconf(_SC_OPEN_MAX);
	for (fd = first; fd < end; fd++)
		close(fd);
}

void host_message_init(struct host_message *message, uint32_t type)
{
	memset(message, 0, sizeof(*message));
	message->magic = HOST_PROTOCOL_MAGIC;
	message->version = HOST_PROTOCOL_VERSION;
	message->type = type;
}

int host_send(int sock, const struct host_message *message, const int *fds, unsigned int count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(HELLO_FD_COUNT * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)message, .iov_len = sizeof(*message) };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t sent;

	if (count > HELLO_FD_COUNT)
		return -EINVAL;
	if (count) {
		memset(&control, 0, sizeof(control));
		hdr.msg_control = control.bytes;
		hdr.msg_controllen = CMSG_SPACE(count * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
	}
	do {
		sent = sendmsg(sock, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno == EPIPE || errno == ECONNRESET ? -ENOTCONN : -errno;
	return 0;
}

int host_await(int fd, int timeout_ms)
{
	const int64_t deadline = host_now_ms() + timeout_ms;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t left = timeout_ms;
	int ready;

	for (;;) {
		ready = poll(&pfd, 1, (int)left);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (timeout_ms < 0)
			continue;
		left = deadline - host_now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
	}
}

/* Keep what fits into @fds, close the rest. */
static unsigned int take_fds(struct msghdr *hdr, int *fds, unsigned int room)
{
	unsigned int taken = 0;
	struct cmsghdr *cmsg;
	size_t i, count;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(hdr); cmsg; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			if (taken < room)
				fds[taken++] = fd;
			else
				close(fd);
		}
	}
	return taken;
}

/* What both ends take as it lies in memory: whoever changes it makes another version. */
_Static_assert(HOST_PROTOCOL_VERSION == 2 && sizeof(struct host_message) == 952 &&
		       sizeof(struct host_death) == 192 &&
		       sizeof(struct rproc_host_control) == 1352 &&
		       offsetof(struct rproc_host_control, irq_mode) == 48 &&
		       offsetof(struct rproc_host_control, bell) == 116,
	       "version 2 of the protocol");

static int check_message(const struct host_message *message, ssize_t len, int flags)
{
	/* Magic and version stand first in every version, whatever its length. */
	if (len < (ssize_t)(2 * sizeof(uint32_t)) || message->magic != HOST_PROTOCOL_MAGIC)
		return -EPROTO;
	if (message->version != HOST_PROTOCOL_VERSION)
		return -EPROTONOSUPPORT;
	if (len != sizeof(*message) || flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EPROTO;
	return 0;
}

int host_recv(int sock, struct host_message *ret_message, int *fds, unsigned int *count,
	      int timeout_ms)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(HELLO_FD_COUNT * sizeof(int))];
	} control;
	struct host_message message;
	struct iovec iov = { .iov_base = &message, .iov_len = sizeof(message) };
	struct msghdr hdr = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	const unsigned int room = count ? *count : 0;
	unsigned int taken;
	ssize_t len;
	int ret;

	if (count)
		*count = 0;
	ret = host_await(sock, timeout_ms);
	if (ret)
		return ret;
	memset(&message, 0, sizeof(message));
	len = recvmsg(sock, &hdr, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (len < 0)
		return errno == ECONNRESET ? -ENOTCONN : -errno;
	if (!len)
		return -ENOTCONN;
	taken = take_fds(&hdr, fds, room);
	ret = check_message(&message, len, hdr.msg_flags);
	if (ret == -EPROTONOSUPPORT)
		ret_message->version = message.version;
	if (ret) {
		while (taken)
			close(fds[--taken]);
		return ret;
	}
	if (count)
		*count = taken;
	message.text[sizeof(message.text) - 1] = '\0';
	message.death.message[sizeof(message.death.message) - 1] = '\0';
	*ret_message = message;
	return 0;
}
