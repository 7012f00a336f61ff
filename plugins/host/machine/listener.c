/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the unix socket in the state directory by which a later program finds a
 * running processor: one monitor a name, one user a monitor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor.h"

#define BACKLOG 16

static int fail(int error, const char *doing, const struct listener *listener, char *text,
		size_t text_len)
{
	snprintf(text, text_len, "%s %s: %s", doing, listener->name, strerror(-error));
	return error;
}

/* Does somebody listen behind the name? */
static bool alive(const struct sockaddr_un *sun)
{
	bool answer;
	int sock;

	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return true;
	answer = !connect(sock, (const struct sockaddr *)sun, sizeof(*sun)) ||
		 (errno != ECONNREFUSED && errno != ENOENT);
	close(sock);
	return answer;
}

/* With the directory locked, so that nobody removes the socket another just made. */
static int bind_name(struct listener *listener, char *text, size_t text_len)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct stat st;

	memcpy(sun.sun_path, listener->name, sizeof(sun.sun_path));
	if (bind(listener->fd, (struct sockaddr *)&sun, sizeof(sun))) {
		if (errno != EADDRINUSE)
			return fail(-errno, "binding", listener, text, text_len);
		if (alive(&sun)) {
			snprintf(text, text_len,
				 "a running processor of this name holds %s in the state directory",
				 listener->name);
			return -EBUSY;
		}
		if (unlinkat(listener->dir, listener->name, 0) && errno != ENOENT)
			return fail(-errno, "removing stale", listener, text, text_len);
		if (bind(listener->fd, (struct sockaddr *)&sun, sizeof(sun)))
			return fail(-errno, "binding", listener, text, text_len);
	}
	if (fstatat(listener->dir, listener->name, &st, AT_SYMLINK_NOFOLLOW))
		return fail(-errno, "finding", listener, text, text_len);
	listener->inode = st.st_ino;
	if (listen(listener->fd, BACKLOG))
		return fail(-errno, "listening on", listener, text, text_len);
	return 0;
}

int listener_open(struct listener *listener, int dir, const char *name, char *text, size_t text_len)
{
	int len, ret;

	memset(listener, 0, sizeof(*listener));
	listener->fd = -1;
	listener->dir = -1;
	len = snprintf(listener->name, sizeof(listener->name), "%s.sock", name);
	if (len < 0 || len >= (int)sizeof(listener->name))
		return fail(-ENAMETOOLONG, "naming", listener, text, text_len);
	/* An own open file: flock of the descriptor we were given would be our client's. */
	listener->dir = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (listener->dir < 0 || fchdir(listener->dir))
		return fail(-errno, "entering the state directory for", listener, text, text_len);
	listener->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return fail(-errno, "making a socket for", listener, text, text_len);
	umask(0177);
	if (flock(listener->dir, LOCK_EX))
		return fail(-errno, "locking the state directory for", listener, text, text_len);
	ret = bind_name(listener, text, text_len);
	flock(listener->dir, LOCK_UN);
	if (ret)
		host_close(&listener->fd);
	/* Do not keep the file system busy for as long as a firmware runs. */
	if (chdir("/"))
		return fail(-errno, "leaving the state directory of", listener, text, text_len);
	return ret;
}

int listener_accept(struct listener *listener)
{
	struct host_message refusal;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int sock;

	sock = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock < 0)
		return -EAGAIN;
	if (!getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) && peer.uid == geteuid())
		return sock;
	host_message_init(&refusal, HOST_MSG_HELLO);
	refusal.error = -EPERM;
	snprintf(refusal.text, sizeof(refusal.text), "the processor belongs to user %u",
		 (unsigned int)geteuid());
	host_send(sock, &refusal, NULL, 0);
	close(sock);
	return -EPERM;
}

void listener_close(struct listener *listener)
{
	struct stat st;

	if (listener->fd >= 0 && !flock(listener->dir, LOCK_EX)) {
		if (!fstatat(listener->dir, listener->name, &st, AT_SYMLINK_NOFOLLOW) &&
		    st.st_ino == listener->inode)
			unlinkat(listener->dir, listener->name, 0);
		flock(listener->dir, LOCK_UN);
	}
	host_close(&listener->fd);
	host_close(&listener->dir);
}
