/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: an endpoint of the library for somebody who must not wait. Owns the
 * messages between the library's threads, which bring them, and the tree's, which
 * takes them; and the list of ports that have news. Must not know who takes them.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg_fs.h"

/* As many as the library itself keeps. Above, they are lost, and the reader is told. */
#define MESSAGES_MAX 4096
#define BYTES_MAX    (MESSAGES_MAX * 2048u)
/* Ports served before others have their turn. */
#define BATCH 64

/* ---- news, from any thread ---------------------------------------------------------- */

void port_wake(struct port *port)
{
	struct rpmsg_fs *rpmsg = port->fs->rpmsg;
	bool first;

	pthread_mutex_lock(&rpmsg->lock);
	first = !port->listed;
	if (first) {
		port->listed = true;
		port->next_woken = rpmsg->woken;
		rpmsg->woken = port;
	}
	pthread_mutex_unlock(&rpmsg->lock);
	if (first)
		port->fs->kick(port->fs->kick_data);
}

static void forget_news(struct port *port)
{
	struct rpmsg_fs *rpmsg = port->fs->rpmsg;
	struct port **p = &rpmsg->woken;

	pthread_mutex_lock(&rpmsg->lock);
	while (*p && *p != port)
		p = &(*p)->next_woken;
	if (*p)
		*p = port->next_woken;
	port->listed = false;
	pthread_mutex_unlock(&rpmsg->lock);
}

static struct port *next_woken(struct rpmsg_fs *rpmsg)
{
	struct port *port;

	pthread_mutex_lock(&rpmsg->lock);
	port = rpmsg->woken;
	if (port) {
		rpmsg->woken = port->next_woken;
		port->listed = false;
	}
	pthread_mutex_unlock(&rpmsg->lock);
	return port;
}

/* One by one: what a port does with its news may close another. */
void ports_woken(struct rprocfs *fs)
{
	struct port *port;

	for (int i = 0; i < BATCH; i++) {
		port = next_woken(fs->rpmsg);
		if (!port)
			return;
		port->news(port);
	}
	/* A remote that never stops talking: others have their turn in between. */
	fs->kick(fs->kick_data);
}

/* ---- what the library calls ------------------------------------------------------------ */

/* With the lock. A firmware chooses how long its messages are; there is room for one. */
static bool has_room(const struct port *port, size_t len)
{
	if (port->lost || port->count >= MESSAGES_MAX)
		return false;
	return !port->count || port->bytes + len <= BYTES_MAX;
}

static void receive(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *from, void *data)
{
	struct message *message = malloc(sizeof(*message) + from->len);
	struct port *port = data;
	bool taken;

	(void)ept;
	if (message) {
		message->next = NULL;
		message->len = from->len;
		memcpy(message->data, from->data, from->len);
	}
	pthread_mutex_lock(&port->lock);
	/* Until the reader knows where the hole is, it only grows. */
	taken = message && has_room(port, from->len);
	if (taken) {
		if (port->last)
			port->last->next = message;
		else
			port->first = message;
		port->last = message;
		port->count++;
		port->bytes += message->len;
	} else {
		port->lost = true;
	}
	pthread_mutex_unlock(&port->lock);
	if (!taken)
		free(message);
	port_wake(port);
}

static void closed(struct rproc_rpmsg_ept *ept, void *data)
{
	struct port *port = data;

	(void)ept;
	pthread_mutex_lock(&port->lock);
	port->dead = true;
	pthread_mutex_unlock(&port->lock);
	port_wake(port);
}

static void writable(struct rproc_rpmsg_ept *ept, void *data)
{
	(void)ept;
	port_wake(data);
}

/* ---- life -------------------------------------------------------------------------------- */

void port_init(struct port *port, struct rprocfs *fs, void (*news)(struct port *port))
{
	memset(port, 0, sizeof(*port));
	port->fs = fs;
	port->news = news;
	pthread_mutex_init(&port->lock, NULL);
}

void port_fini(struct port *port)
{
	port_close(port);
	pthread_mutex_destroy(&port->lock);
}

static struct rproc_rpmsg_ept_options options_for(struct port *port, const char *driver)
{
	return (struct rproc_rpmsg_ept_options){
		.size = sizeof(struct rproc_rpmsg_ept_options),
		.receive = receive,
		.closed = closed,
		.writable = writable,
		.data = port,
		.driver = driver,
		.no_wait = true,
	};
}

int port_open(struct port *port, uint64_t channel, const char *driver)
{
	struct rproc_rpmsg_ept_options options = options_for(port, driver);

	port->dead = false;
	return rproc_rpmsg_open(port->fs->context, channel, &options, &port->ept);
}

int port_create(struct port *port, uint64_t via, const char *name, uint32_t src, uint32_t dst,
		const char *driver)
{
	struct rproc_rpmsg_ept_options options = options_for(port, driver);

	port->dead = false;
	return rproc_rpmsg_create_ept(port->fs->context, via, name, src, dst, &options, &port->ept);
}

void port_drop(struct port *port)
{
	struct message *message, *next;

	pthread_mutex_lock(&port->lock);
	message = port->first;
	port->first = port->last = NULL;
	port->count = 0;
	port->bytes = 0;
	port->lost = false;
	pthread_mutex_unlock(&port->lock);
	for (; message; message = next) {
		next = message->next;
		free(message);
	}
}

void port_close(struct port *port)
{
	/* Without our lock: it waits for callbacks, which take it. */
	rproc_rpmsg_destroy_ept(port->ept);
	port->ept = NULL;
	forget_news(port);
	port_drop(port);
}

/* ---- messages ------------------------------------------------------------------------------- */

int port_take(struct port *port, struct message **ret_message)
{
	struct message *message;
	int err = 0;

	pthread_mutex_lock(&port->lock);
	message = port->first;
	if (port->dead) {
		err = -EPIPE;
	} else if (message) {
		port->first = message->next;
		if (!port->first)
			port->last = NULL;
		port->count--;
		port->bytes -= message->len;
		*ret_message = message;
	} else if (port->lost) {
		port->lost = false;
		err = -ENOBUFS;
	} else {
		err = -EAGAIN;
	}
	pthread_mutex_unlock(&port->lock);
	return err;
}

int port_send(struct port *port, const void *data, size_t len)
{
	int err = port->ept ? rproc_rpmsg_trysend(port->ept, data, len) : -EPIPE;

	return err == -ENOMEM ? -EAGAIN : err;
}

bool port_dead(struct port *port)
{
	bool dead;

	pthread_mutex_lock(&port->lock);
	dead = port->dead;
	pthread_mutex_unlock(&port->lock);
	return dead || !port->ept;
}

unsigned int port_poll(struct port *port)
{
	unsigned int events = 0;
	short room = port->ept ? rproc_rpmsg_poll(port->ept) : POLLERR;

	if (room & POLLERR)
		return POLLERR;
	pthread_mutex_lock(&port->lock);
	if (port->first || port->lost)
		events |= POLLIN | POLLRDNORM;
	if (port->dead)
		events = POLLERR;
	else if (room & POLLOUT)
		events |= POLLOUT | POLLWRNORM;
	pthread_mutex_unlock(&port->lock);
	return events;
}
