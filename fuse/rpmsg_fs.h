/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to the files that show messages: virtio devices, channels as devices of
 * a bus, the drivers that Linux would bind to them, and what those make. Knows the
 * library through its public API only. Everything on the tree's thread but what
 * says otherwise.
 */
#ifndef RPROCFS_RPMSG_FS_H
#define RPROCFS_RPMSG_FS_H

#include <librproc/rpmsg.h>
#include <pthread.h>
#include "rprocfs.h"

struct rpmsg_device;
struct ept_device;

/* ---- what a mount has of it ------------------------------------------------------- */

struct rpmsg_fs {
	struct node *bus_devices, *bus_drivers; /* bus/rpmsg/... */
	struct node *virtio_devices, *virtio_drivers;
	struct rpmsg_device *devices;
	struct ept_device *writing; /* with stores that wait for a buffer */
	pthread_mutex_t lock;
	struct port *woken; /* under lock */
};

/* ---- ports: an endpoint, and the messages that wait at it -------------------------- */

struct message {
	struct message *next;
	size_t len;
	char data[];
};

struct port {
	struct rprocfs *fs;
	/* Something came, can be sent again, or it is all over. On the tree's thread. */
	void (*news)(struct port *port);
	struct rproc_rpmsg_ept *ept; /* NULL: not open */
	bool listed;		     /* in rpmsg_fs.woken; with its lock, as the next one */
	struct port *next_woken;
	pthread_mutex_t lock;
	/* under lock: */
	struct message *first, *last;
	unsigned int count;
	size_t bytes;
	bool lost, dead;
};

void port_init(struct port *port, struct rprocfs *fs, void (*news)(struct port *port));
void port_fini(struct port *port);
/* The channel's own endpoint. What rproc_rpmsg_open() answers. */
int port_open(struct port *port, uint64_t channel, const char *driver);
/* One beside it. What rproc_rpmsg_create_ept() answers. */
int port_create(struct port *port, uint64_t via, const char *name, uint32_t src, uint32_t dst,
		const char *driver);
/* Destroy the endpoint, drop what waits. Fine if it is not open. */
void port_close(struct port *port);
/* Drop what waits. */
void port_drop(struct port *port);
/*
 * The next message, to be freed. -EAGAIN; -EPIPE: the endpoint is gone, whatever waits;
 * -ENOBUFS, once: here messages were lost.
 */
int port_take(struct port *port, struct message **ret_message);
/* 0; -EAGAIN: no buffer, there will be news; or what rproc_rpmsg_trysend() answers. */
int port_send(struct port *port, const void *data, size_t len);
bool port_dead(struct port *port);
/* What poll says, as Linux does for an endpoint. */
unsigned int port_poll(struct port *port);
/* Any thread: there is news. */
void port_wake(struct port *port);

/* ---- the bus ------------------------------------------------------------------------- */

/* What Linux would bind; one of each for the whole program. */
struct rpmsg_driver {
	const char *name;
	const char *module;
	const char *ids[3]; /* channels it takes by their names */
	/* 0, or an errno, and nothing is left. */
	int (*probe)(struct rpmsg_device *device);
	void (*remove)(struct rpmsg_device *device);
};

/* A channel in the tree. */
struct rpmsg_device {
	struct rprocfs *fs;
	struct rproc_rpmsg_channel_info info; /* as it appeared */
	struct node *dir, *bus_link;	      /* devices/.../virtio0.NAME...; a serial line
						 has no bus_link */
	const struct rpmsg_driver *driver;    /* bound */
	struct node *back_link;		      /* while it is: the driver's link to it */
	void *bound;			      /* the driver's own */
	struct rpmsg_device *next;
};

/* rpmsg_device.c: the channel that looks so on the bus, or NULL. */
struct rpmsg_device *rpmsg_device_find(struct rprocfs *fs, const char *name);
/* rpmsg_driver.c */
int rpmsg_driver_add_skeleton(struct rprocfs *fs);
/* A new channel: bind the driver that wants it. */
void rpmsg_driver_match(struct rpmsg_device *device);
void rpmsg_driver_unbind(struct rpmsg_device *device);

extern const struct rpmsg_driver rpmsg_ctrl_driver;   /* cdev_rpmsg_ctrl.c */
extern const struct rpmsg_driver rpmsg_chrdev_driver; /* cdev_rpmsg.c */
extern const struct rpmsg_driver rpmsg_tty_driver;    /* rpmsg_tty.c */

/* ---- what drivers make ------------------------------------------------------------------ */

/* cdev_rpmsg.c: one more endpoint, as a device below that of rpmsg_ctrlN. 0 or -ENOMEM. */
int ept_device_add(struct rpmsg_device *device, struct node *ctrl, const char *name, uint32_t src,
		   uint32_t dst);
/* Stores that have waited too long. */
void ept_device_tick(struct rprocfs *fs, int64_t now_ms);
/* When the next one has; -1: nobody waits. */
int64_t ept_device_next_tick(const struct rprocfs *fs);

/*
 * class_device.c: the lowest N for which @where has no "%sN". As in Linux a device that is
 * gone keeps its number until its last descriptor is closed.
 */
unsigned int class_device_number(const struct node *where, const char *prefix);
/*
 * What every device of a class has: uevent, power, links to the class and to @parent, a link
 * in the class. @dir is its directory. 0 or -ENOMEM.
 */
int class_device_fill(struct rprocfs *fs, struct node *dir, const char *class,
		      const struct node *parent, struct node **ret_link);

/* virtio_device.c: virtioN below @dir, if it runs. */
void virtio_device_refresh(struct processor *processor, struct node *dir,
			   const struct rproc_vdev_info *info);
/* Its directory; NULL: there is none. */
struct node *virtio_device_dir(const struct processor *processor, int number);

#endif
