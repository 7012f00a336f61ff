/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver rpmsg_tty: a channel of the service "rpmsg-tty" is a terminal, and so is a
 * serial line (rproc_serial), which is a channel without addresses. Owns the message
 * that is half in it. Must not know how a terminal is made.
 */
#include <errno.h>
#include <stdlib.h>
#include "rpmsg_fs.h"
#include "tty.h"

/* Messages before others have their turn. */
#define BATCH 64

struct rpmsg_tty {
	struct port port;
	struct tty *tty;
	struct message *message; /* on its way in */
	size_t at;
};

/* As much as one message holds. */
static ssize_t send(void *data, const char *bytes, size_t len)
{
	struct rpmsg_tty *tty = data;
	size_t mtu = rproc_rpmsg_get_mtu(tty->port.ept);
	int err;

	if (len > mtu)
		len = mtu;
	err = port_send(&tty->port, bytes, len);
	return err ? err : (ssize_t)len;
}

/* The message that is on its way in; NULL: there is none. */
static struct message *current(struct rpmsg_tty *tty)
{
	int err;

	if (tty->message)
		return tty->message;
	tty->at = 0;
	/* A hole in the text is all that a terminal can show of a loss. */
	do
		err = port_take(&tty->port, &tty->message);
	while (err == -ENOBUFS);
	return err ? NULL : tty->message;
}

/* Messages into the terminal, until it is full or there are none. */
static void pass_in(struct rpmsg_tty *tty)
{
	struct message *message;

	for (int i = 0; i < BATCH; i++) {
		message = current(tty);
		if (!message)
			return;
		tty->at += tty_receive(tty->tty, message->data + tty->at, message->len - tty->at);
		if (tty->at < message->len)
			return;
		tty->message = NULL;
		free(message);
	}
	port_wake(&tty->port);
}

static void room(void *data)
{
	pass_in(data);
}

static const struct tty_carrier carrier = { .send = send, .room = room };

static void news(struct port *port)
{
	struct rpmsg_tty *tty =
		(struct rpmsg_tty *)((char *)port - offsetof(struct rpmsg_tty, port));

	pass_in(tty);
	tty_can_send(tty->tty);
}

static int probe(struct rpmsg_device *device)
{
	struct rpmsg_tty *tty = calloc(1, sizeof(*tty));
	int err;

	if (!tty)
		return -ENOMEM;
	port_init(&tty->port, device->fs, news);
	err = port_open(&tty->port, device->info.id, "rpmsg_tty");
	if (err)
		goto free_tty;
	err = tty_new(device->fs, device->dir, &carrier, tty, &tty->tty);
	if (err)
		goto free_tty;
	device->bound = tty;
	return 0;
free_tty:
	port_fini(&tty->port);
	free(tty);
	return err;
}

static void remove_tty(struct rpmsg_device *device)
{
	struct rpmsg_tty *tty = device->bound;

	device->bound = NULL;
	port_fini(&tty->port);
	tty_free(tty->tty);
	free(tty->message);
	free(tty);
}

const struct rpmsg_driver rpmsg_tty_driver = { .name = "rpmsg_tty",
					       .module = "rpmsg_tty",
					       .ids = { "rpmsg-tty" },
					       .probe = probe,
					       .remove = remove_tty };
