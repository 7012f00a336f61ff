/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the socket of the control interface and its connections, which live on the
 * context's thread. Knows lines, not commands.
 */
#include "control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "control.h"

#define NAMES_MAX	16
#define CONNECTIONS_MAX 16

struct connection {
	struct control_socket *owner;
	int fd;				 /* -1: the place is free; owner.lock */
	struct rproc_watch *watch;	 /* owner.lock */
	char line[CONTROL_LINE_MAX + 1]; /* this and len: the context's thread only */
	size_t len;
};

struct control_socket {
	struct rproc_context *context;
	control_fn fn;
	void *data;
	int fd;
	struct rproc_watch *watch;
	int dir;	      /* where its name is */
	char name[24];	      /* in that */
	pthread_mutex_t lock; /* guards who is connected */
	bool closing;	      /* the same */
	struct connection connections[CONNECTIONS_MAX];
	/* the context's thread only */
	char reply[CONTROL_ANSWER_MAX];
	char answer[CONTROL_ANSWER_MAX + 64];
};

/* ---- connections --------------------------------------------------------------------- */

/* From the context's thread, or from the one that ends it all: whoever comes first. */
static void connection_close(struct connection *connection)
{
	struct control_socket *sock = connection->owner;
	struct rproc_watch *watch;
	int fd;

	pthread_mutex_lock(&sock->lock);
	watch = connection->watch;
	fd = connection->fd;
	connection->watch = NULL;
	pthread_mutex_unlock(&sock->lock);
	if (!watch)
		return;
	rproc_watch_free(watch);
	close(fd);
	pthread_mutex_lock(&sock->lock);
	connection->fd = -1;
	pthread_mutex_unlock(&sock->lock);
}

/* False: whoever asks does not read the answers. */
static bool answer_line(struct connection *connection, int fd, const char *line)
{
	struct control_socket *sock = connection->owner;
	int error, len;

	sock->reply[0] = 0;
	error = sock->fn(sock->data, line, sock->reply, sizeof(sock->reply));
	if (error)
		len = snprintf(sock->answer, sizeof(sock->answer), "error %s %s\n",
			       strerrorname_np(-error), sock->reply);
	else
		len = snprintf(sock->answer, sizeof(sock->answer), "ok%s%s\n",
			       *sock->reply ? " " : "", sock->reply);
	return send(fd, sock->answer, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) == len;
}

/* Every whole line that came; what is left waits for its end. */
static bool take_lines(struct connection *connection, int fd)
{
	char *newline;
	size_t used;

	while ((newline = memchr(connection->line, '\n', connection->len))) {
		*newline = 0;
		if (!answer_line(connection, fd, connection->line))
			return false;
		used = (size_t)(newline - connection->line) + 1;
		connection->len -= used;
		memmove(connection->line, newline + 1, connection->len);
	}
	return connection->len < sizeof(connection->line);
}

static void on_readable(int fd, void *data)
{
	struct connection *connection = data;
	ssize_t got;

	got = recv(fd, connection->line + connection->len,
		   sizeof(connection->line) - connection->len, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		connection_close(connection);
		return;
	}
	connection->len += (size_t)got;
	if (!take_lines(connection, fd))
		connection_close(connection);
}

/* With the lock. */
static int keep(struct control_socket *sock, int fd)
{
	struct connection *connection = NULL;
	int error;
	size_t i;

	for (i = 0; i < CONNECTIONS_MAX && !connection; i++)
		if (sock->connections[i].fd < 0)
			connection = &sock->connections[i];
	if (!connection || sock->closing)
		return -EBUSY;
	connection->len = 0;
	error = rproc_watch_fd(sock->context, fd, on_readable, connection, &connection->watch);
	if (!error)
		connection->fd = fd;
	return error;
}

static void on_connect(int fd, void *data)
{
	struct control_socket *sock = data;
	int accepted, error;

	accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (accepted < 0)
		return;
	pthread_mutex_lock(&sock->lock);
	error = keep(sock, accepted);
	pthread_mutex_unlock(&sock->lock);
	if (error)
		close(accepted);
}

/* ---- the place ----------------------------------------------------------------------------- */

/* Ours alone to write, or anybody could put a socket there. */
static int open_directory(const char *path)
{
	struct stat st;
	int dir, error;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	error = fstat(dir, &st) ? -errno : 0;
	if (!error && (st.st_uid != geteuid() || st.st_mode & 022))
		error = -EPERM;
	if (error) {
		close(dir);
		return error;
	}
	return dir;
}

static bool is_in_use(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool used;

	if (fd < 0)
		return true;
	used = !connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN;
	close(fd);
	return used;
}

/* The address of a name in the directory, by way of /proc where its path is too long for one. */
static int make_address(struct sockaddr_un *address, const char *path, int dir, const char *name)
{
	const size_t room = sizeof(address->sun_path);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if ((size_t)snprintf(address->sun_path, room, "%s/%s", path, name) < room)
		return 0;
	snprintf(address->sun_path, room, "/proc/self/fd/%d", dir);
	if (access(address->sun_path, F_OK))
		return -ENAMETOOLONG;
	snprintf(address->sun_path, room, "/proc/self/fd/%d/%s", dir, name);
	return 0;
}

static int bind_name(struct control_socket *sock, const char *state_dir, unsigned int number)
{
	struct sockaddr_un address;
	int error;

	if (number)
		snprintf(sock->name, sizeof(sock->name), "virtual-%u.sock", number);
	else
		snprintf(sock->name, sizeof(sock->name), "virtual.sock");
	error = make_address(&address, state_dir, sock->dir, sock->name);
	if (error)
		return error;
	if (!bind(sock->fd, (const struct sockaddr *)&address, sizeof(address)))
		return 0;
	if (errno != EADDRINUSE || is_in_use(&address))
		return -errno;
	/* left behind by a program that died */
	unlinkat(sock->dir, sock->name, 0);
	return bind(sock->fd, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

static int open_socket(struct control_socket *sock, const char *state_dir)
{
	unsigned int number;
	int error = -EADDRINUSE;

	sock->dir = open_directory(state_dir);
	if (sock->dir < 0)
		return sock->dir;
	sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* from looking whether a name is used to using it nobody else may do the same */
	if (sock->fd < 0 || flock(sock->dir, LOCK_EX))
		return -errno;
	for (number = 0; error == -EADDRINUSE && number < NAMES_MAX; number++)
		error = bind_name(sock, state_dir, number);
	if (!error && listen(sock->fd, CONNECTIONS_MAX))
		error = -errno;
	flock(sock->dir, LOCK_UN);
	return error;
}

int control_socket_new(struct rproc_context *context, const char *state_dir, control_fn fn,
		       void *data, struct control_socket **ret_socket)
{
	struct control_socket *sock = calloc(1, sizeof(*sock));
	size_t i;
	int error;

	if (!sock)
		return -ENOMEM;
	sock->context = context;
	sock->fn = fn;
	sock->data = data;
	sock->fd = -1;
	sock->dir = -1;
	pthread_mutex_init(&sock->lock, NULL);
	for (i = 0; i < CONNECTIONS_MAX; i++) {
		sock->connections[i].owner = sock;
		sock->connections[i].fd = -1;
	}
	error = open_socket(sock, state_dir);
	if (error)
		goto err_close;
	error = rproc_watch_fd(context, sock->fd, on_connect, sock, &sock->watch);
	if (error) {
		unlinkat(sock->dir, sock->name, 0);
		goto err_close;
	}
	*ret_socket = sock;
	return 0;

err_close:
	if (sock->fd >= 0)
		close(sock->fd);
	if (sock->dir >= 0)
		close(sock->dir);
	pthread_mutex_destroy(&sock->lock);
	free(sock);
	return error;
}

void control_socket_free(struct control_socket *sock)
{
	size_t i;

	if (!sock)
		return;
	pthread_mutex_lock(&sock->lock);
	sock->closing = true;
	pthread_mutex_unlock(&sock->lock);
	for (i = 0; i < CONNECTIONS_MAX; i++)
		connection_close(&sock->connections[i]);
	/* also waits for a callback that was closing a connection itself */
	rproc_watch_free(sock->watch);
	/* before another may take the name for one that was left behind */
	unlinkat(sock->dir, sock->name, 0);
	close(sock->fd);
	close(sock->dir);
	pthread_mutex_destroy(&sock->lock);
	free(sock);
}
