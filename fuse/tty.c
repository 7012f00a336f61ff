/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pseudo terminals: their pairs of descriptors, their settings and permissions, and
 * what waits on its way out. Must not know what a firmware is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "rpmsg_fs.h"
#include "tty.h"

#define TTYS_MAX 32 /* as Linux */
#define CHUNK	 4096

struct tty {
	struct rprocfs *fs;
	const struct tty_carrier *carrier;
	void *data;
	int master;
	/* Ours: while nobody else has it open, what is written to the other end is kept. */
	int slave;
	char path[64];
	struct node *dir, *link, *class_link;
	bool blocked; /* the carrier waits for room */
	uint32_t events;
	size_t at, len; /* of what was read and not sent */
	char out[CHUNK];
};

/* ---- the pair ----------------------------------------------------------------------------- */

/* As the kernel's own driver of these: bytes go through, but for signals and newlines. */
static int set_up_line(int slave)
{
	struct termios line;

	if (tcgetattr(slave, &line))
		return -errno;
	line.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	line.c_oflag &= ~(tcflag_t)(OPOST | ONLCR);
	return tcsetattr(slave, TCSANOW, &line) ? -errno : 0;
}

/* The owner and group of the mount may use it, as the other files under dev/. */
static void set_permissions(const struct tty *tty)
{
	const struct rprocfs *fs = tty->fs;

	if (fchown(tty->slave, fs->options.uid, fs->options.gid) ||
	    fchmod(tty->slave, fs->cdev_mode))
		fs_say(tty->fs, RPROC_LOG_WARNING, tty->dir->name,
		       "cannot be given to the mount's owner: %s", strerror(errno));
}

static int open_pair(struct tty *tty)
{
	int err;

	tty->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (tty->master < 0)
		return -errno;
	if (grantpt(tty->master) || unlockpt(tty->master))
		return -errno;
	err = ptsname_r(tty->master, tty->path, sizeof(tty->path));
	if (err)
		return -err;
	tty->slave = open(tty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty->slave < 0)
		return -errno;
	return set_up_line(tty->slave);
}

/* Ask to be told of what matters now. */
static void watch(struct tty *tty)
{
	struct epoll_event event = { .data.ptr = tty };
	int how = EPOLL_CTL_MOD;

	if (tty->at == tty->len)
		event.events |= EPOLLIN;
	if (tty->blocked)
		event.events |= EPOLLOUT;
	if (event.events == tty->events)
		return;
	if (!tty->events)
		how = EPOLL_CTL_ADD;
	else if (!event.events)
		how = EPOLL_CTL_DEL;
	if (!epoll_ctl(tty->fs->poll_fd, how, tty->master, &event))
		tty->events = event.events;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* All of it is on its way: true. Else the carrier will call. */
static bool flush(struct tty *tty)
{
	while (tty->at < tty->len) {
		ssize_t n = tty->carrier->send(tty->data, tty->out + tty->at, tty->len - tty->at);

		if (n == -EAGAIN)
			return false;
		tty->at = n > 0 ? tty->at + (size_t)n : tty->len;
	}
	return true;
}

/* One chunk a turn, so that a client who never stops writing lets others in. */
static void read_some(struct tty *tty)
{
	ssize_t n;

	if (!flush(tty))
		return;
	n = read(tty->master, tty->out, sizeof(tty->out));
	if (n <= 0)
		return;
	tty->at = 0;
	tty->len = (size_t)n;
	flush(tty);
}

size_t tty_receive(struct tty *tty, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(tty->master, bytes + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	tty->blocked = done < len;
	watch(tty);
	return done;
}

void tty_can_send(struct tty *tty)
{
	flush(tty);
	watch(tty);
}

static void ready(struct tty *tty, uint32_t events)
{
	if (events & EPOLLOUT && tty->blocked) {
		tty->blocked = false;
		tty->carrier->room(tty->data);
	}
	if (events & EPOLLIN)
		read_some(tty);
	watch(tty);
}

void ttys_ready(struct rprocfs *fs)
{
	struct epoll_event events[16];
	int n = epoll_wait(fs->poll_fd, events, 16, 0);

	/* None of them can end another. Without a tty: the library's events. */
	for (int i = 0; i < n; i++)
		if (events[i].data.ptr)
			ready(events[i].data.ptr, events[i].events);
}

/* ---- life ---------------------------------------------------------------------------------- */

/* Its directory leaves the tree: alone, or with all above it, and then it goes first. */
static void removed(struct node *dir)
{
	struct tty *tty = dir->priv;

	node_remove(tty->class_link);
	tty->class_link = NULL;
	tty->dir = NULL;
}

static const struct node_ops dir_ops = { .removed = removed };

static int show(struct tty *tty, struct node *parent)
{
	struct rprocfs *fs = tty->fs;
	unsigned int number = class_device_number(fs->dev, "ttyRPMSG");
	char name[24];

	if (number >= TTYS_MAX)
		return -ENOSPC;
	snprintf(name, sizeof(name), "ttyRPMSG%u", number);
	tty->dir = node_add_dir(fs_dir(parent, "tty"), name, 0755, &dir_ops, tty);
	if (!tty->dir || class_device_fill(fs, tty->dir, "tty", parent, &tty->class_link))
		return -ENOMEM;
	tty->link = node_add_link(fs->dev, name, "%s", tty->path);
	if (!tty->link)
		return -ENOMEM;
	tty->link->vanishing = true;
	return 0;
}

int tty_new(struct rprocfs *fs, struct node *parent, const struct tty_carrier *carrier, void *data,
	    struct tty **ret_tty)
{
	struct tty *tty = calloc(1, sizeof(*tty));
	int err;

	if (!tty)
		return -ENOMEM;
	tty->fs = fs;
	tty->carrier = carrier;
	tty->data = data;
	tty->master = tty->slave = -1;
	err = open_pair(tty);
	if (!err)
		err = show(tty, parent);
	if (err) {
		tty_free(tty);
		return err;
	}
	set_permissions(tty);
	watch(tty);
	*ret_tty = tty;
	return 0;
}

void tty_free(struct tty *tty)
{
	node_remove(tty->link);
	if (tty->dir)
		node_remove(tty->dir->parent);
	/*
	 * Closing does it only if that was the last descriptor: while a program is started that
	 * has copies, as those of monitors, until they are closed there.
	 */
	if (tty->events)
		epoll_ctl(tty->fs->poll_fd, EPOLL_CTL_DEL, tty->master, NULL);
	if (tty->slave >= 0)
		close(tty->slave);
	if (tty->master >= 0)
		close(tty->master);
	free(tty);
}
