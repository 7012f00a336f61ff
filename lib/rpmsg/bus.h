/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of lib/rpmsg share: a bus, its channels and endpoints, their locks.
 *
 * Lock order: rpmsg.lock > bus.lock > bus.tx_lock > ept.queue.lock. No callback of an
 * application and no op of a driver runs under any of them.
 *
 * The rings' memory goes away when the vdev stops. Whoever touches it is either an
 * interrupt or the bus's own call on the loop, which the stop waits for, or holds a pin
 * (rpmsg_pin()), which it waits for too, or is a sender: those hold tx_lock, which the stop
 * takes once all is over, or are counted as waiters until then.
 */
#ifndef RPROC_RPMSG_BUS_H
#define RPROC_RPMSG_BUS_H

#include <time.h>
#include <librproc/rpmsg.h>
#include "core/internal.h"
#include "virtio/vring.h"

#define RPMSG_INPUT  0u /* vring from the remote */
#define RPMSG_OUTPUT 1u

/* Lines of the log that the remote can make us print: so many in five seconds. */
struct rpmsg_limit {
	int64_t since_ns;
	unsigned int printed;
};

enum rpmsg_rx_state {
	RPMSG_RX_REMOTE = 0, /* the remote may write it */
	RPMSG_RX_HERE,	     /* it is being delivered */
	RPMSG_RX_HELD	     /* an application keeps it */
};

enum rpmsg_tx_state {
	RPMSG_TX_FREE = 0,
	RPMSG_TX_TAKEN, /* a sender writes it */
	RPMSG_TX_REMOTE /* the remote reads it */
};

struct rpmsg_buffers {
	uint8_t *va; /* in memory that the remote reaches */
	uint64_t pa;
	uint32_t size; /* of one */
	uint32_t num;
	uint8_t *state;
};

/* Waiting awake for an answer that is on its way: pays where it comes at once. */
struct rpmsg_awake {
	uint64_t sends;	   /* rpmsg_bus.sends when it was last considered */
	unsigned int skip; /* opportunities to let pass */
	int64_t credit_ns; /* what may be lost before that */
	bool shared;	   /* the remote answered last when it was given this CPU */
};

struct rpmsg_bus {
	atomic_uint refs;
	struct list link; /* rpmsg.lock */

	/* constant once the remote was told of the rings */
	struct rproc_context *context;
	struct rproc_vdev *vdev; /* this and the next until the vdev has stopped */
	struct rproc *rproc;
	int rproc_index, virtio;
	bool has_ns, is_iomem;
	bool serial;	 /* a stream of bytes (virtio id 11): no headers, one endpoint */
	uint32_t header; /* bytes in front of each payload */
	size_t mtu;
	struct rproc_rpmsg_ept *ns; /* the name service's own endpoint */
	int again_fd;		    /* written to be called on the loop */
	struct rproc_watch *again_watch;
	char log_name[32];

	atomic_bool dead; /* no more messages: stopped, or given up */
	atomic_bool broken;
	char fault[160]; /* by whoever made it broken, before it wakes the loop */
	atomic_uint pins;
	atomic_ullong sends; /* messages handed to the remote */

	pthread_mutex_t lock; /* guards what follows up to the next remark */
	pthread_cond_t idle;  /* a callback has returned */
	struct rproc_vring rx;
	struct rproc_vring_slot *rx_slots;
	struct rpmsg_buffers rx_buf;
	bool receiving, again; /* a thread is at it; it shall look once more */
	bool lent;	       /* and runs no callbacks of an application */
	struct rpmsg_awake awake;
	uint32_t delivering;	       /* the buffer in its hands */
	uint8_t *copy;		       /* the receiving thread's: a message in private memory */
	struct rproc_rpmsg_ept **epts; /* by address */
	size_t num_epts, max_epts;
	size_t num_callers; /* of them: those that deliver to a callback, or end with one */
	struct list channels;
	unsigned int num_channels;
	struct rpmsg_limit no_recipient_lines, malformed_lines, ns_lines;
	struct rproc_rpmsg_counters count; /* rx and interrupts; the others: tx_lock */
	int64_t online_ns;

	pthread_mutex_t tx_lock;   /* guards what follows */
	pthread_cond_t tx_changed; /* a buffer may be free, a sender has left, or all is over */
	struct rproc_vring tx;
	struct rproc_vring_slot *tx_slots;
	struct rpmsg_buffers tx_buf;
	uint32_t *tx_free; /* a stack of buffers that were never sent or were given back */
	uint32_t tx_num_free;
	unsigned int waiters;
	bool want_writable;
	struct rproc_rpmsg_counters tx_count;
	int64_t tx_progress_ns; /* when the remote last took one, or was given the first */
};

struct rpmsg_channel {
	struct list link; /* bus.lock, as everything here but what is constant */
	uint64_t id;	  /* constant, like the next */
	enum rproc_rpmsg_channel_kind kind;
	char name[RPROC_RPMSG_NAME_SIZE];
	char device[80];
	bool announce;
	int64_t time_ns;
	uint32_t src, dst;
	bool was_opened;
	char *driver_override;
	struct rproc_rpmsg_ept *ept; /* borrowed: taken out before it is freed */
};

struct rpmsg_queued {
	struct list link;
	size_t len;
	uint32_t src;
	uint8_t data[];
};

struct rpmsg_queue {
	pthread_mutex_t lock; /* guards everything here */
	pthread_cond_t changed;
	struct list messages;
	unsigned int len, max;
	size_t bytes; /* of all of them */
	bool lost;    /* messages at its end */
	unsigned int readers;
	int fd; /* -1: nobody asked for it */
	bool fd_set;
};

struct rproc_rpmsg_ept {
	atomic_uint refs;
	/* constant */
	struct rpmsg_bus *bus; /* counted */
	uint32_t addr, dst;
	char name[RPROC_RPMSG_NAME_SIZE];
	char log_name[112];
	struct rproc_rpmsg_ept_options options;
	char driver[32];

	atomic_bool dead;
	uint64_t channel;     /* bus.lock: the one it opened, or 0 */
	bool destroyed;	      /* bus.lock: `closed` is not wanted */
	unsigned int calls;   /* bus.lock: callbacks that run */
	bool want_writable;   /* bus.tx_lock */
	unsigned int senders; /* bus.tx_lock: threads that wait for a buffer */
	struct rpmsg_queue queue;
};

/* A callback that runs on this thread. */
struct rpmsg_frame {
	struct rproc_rpmsg_ept *ept;
	struct rpmsg_frame *outer;
	const void *data; /* of the message it was called with, if that can be held */
};

/* bus.c */
void rpmsg_bus_get(struct rpmsg_bus *bus);
void rpmsg_bus_put(struct rpmsg_bus *bus);
/* The memory behind the rings stays until rpmsg_unpin(). false: it is gone. */
bool rpmsg_pin(struct rpmsg_bus *bus);
void rpmsg_unpin(struct rpmsg_bus *bus);
/* The ring lies: nobody uses it any more, the loop clears up. Any thread, any lock. */
void rpmsg_bus_break(struct rpmsg_bus *bus, unsigned int ring);
void rpmsg_log(const struct rpmsg_bus *bus, int level, const char *fmt, ...) RPROC_PRINTF(3, 4);
/* May one more line be printed? */
bool rpmsg_limit(struct rpmsg_limit *limit, unsigned int burst);
int64_t rpmsg_now_ns(void); /* CLOCK_MONOTONIC, as of the last tick */

/* registry.c */
/* A channel with its bus locked and counted, or NULL. */
struct rpmsg_channel *rpmsg_find_channel(struct rproc_context *context, uint64_t id,
					 struct rpmsg_bus **ret_bus);
/* Undo it. */
void rpmsg_bus_unlock_put(struct rpmsg_bus *bus);
void rpmsg_bus_register(struct rpmsg_bus *bus);
void rpmsg_bus_unregister(struct rpmsg_bus *bus);
uint64_t rpmsg_new_channel_id(struct rproc_context *context);
/* A channel can be opened that could not: whoever waits for one looks again. */
void rpmsg_channels_changed(struct rproc_context *context);

/* channel.c */
/* -EEXIST, -ENOSPC, -ENOMEM, -ENODEV (dead); logged as the kernel does if @print. */
int rpmsg_add_channel(struct rpmsg_bus *bus, enum rproc_rpmsg_channel_kind kind, const char *name,
		      uint32_t src, uint32_t dst, bool print, uint64_t *ret_id);
/* -EINVAL: there is none. */
int rpmsg_remove_channel(struct rpmsg_bus *bus, const char *name, uint32_t src, uint32_t dst);
void rpmsg_remove_channels(struct rpmsg_bus *bus);
/* One of the kernel's own, which nobody opens. */
bool rpmsg_is_fixed(const struct rpmsg_channel *channel);
/* With bus.lock. */
struct rpmsg_channel *rpmsg_channel_by_id(struct rpmsg_bus *bus, uint64_t id);

/* endpoint.c */
/* With bus.lock: who has the address? */
struct rproc_rpmsg_ept *rpmsg_ept_by_addr(const struct rpmsg_bus *bus, uint32_t addr);
/* An endpoint in the bus's table, with bus.lock. @src as in rproc_rpmsg_create_ept(). */
int rpmsg_ept_add(struct rpmsg_bus *bus, struct rproc_rpmsg_ept *ept, uint32_t src);
int rpmsg_ept_new(const char *name, const struct rproc_rpmsg_ept_options *options,
		  struct rproc_rpmsg_ept **ret_ept);
void rpmsg_ept_put(struct rproc_rpmsg_ept *ept);
/* It is dead from now on and its owner is told. Any number of times. No lock held. */
void rpmsg_ept_close(struct rproc_rpmsg_ept *ept);
void rpmsg_close_epts(struct rpmsg_bus *bus);
/* Around a callback: with bus.lock. The endpoint stays in between. */
void rpmsg_enter(struct rpmsg_frame *frame, struct rproc_rpmsg_ept *ept);
void rpmsg_leave(struct rpmsg_frame *frame);
/* With bus.lock, which is let go of meanwhile: until its callbacks run on this thread only. */
void rpmsg_await_callbacks(struct rproc_rpmsg_ept *ept);
/* Would this thread wait for itself? In any callback, or on the loop. */
bool rpmsg_must_not_wait(const struct rproc_context *context);
/* The innermost callback of @ept on this thread, or NULL. */
struct rpmsg_frame *rpmsg_frame_of(const struct rproc_rpmsg_ept *ept);

/* queue.c */
int rpmsg_queue_init(struct rpmsg_queue *queue, unsigned int max);
void rpmsg_queue_fini(struct rpmsg_queue *queue);
/* Copies @len bytes from @data. false: there was no room. */
bool rpmsg_queue_put(struct rpmsg_queue *queue, const void *data, size_t len, bool is_iomem,
		     uint32_t src);
/* Is there anything to learn? */
bool rpmsg_queue_ready(struct rpmsg_queue *queue);
/* The endpoint died: wake whoever waits, and wait until none is left if @leave. */
void rpmsg_queue_end(struct rpmsg_queue *queue, bool leave);

/* receive.c */
/* Deliver what the remote has sent. On any thread. */
void rpmsg_receive(struct rpmsg_bus *bus);
/*
 * For a thread that is about to sleep until @ept has a message: deliver what comes soon on
 * this thread, which saves it being woken. Not where callbacks of an application would run on it.
 */
void rpmsg_receive_for(struct rproc_rpmsg_ept *ept);
/* With bus.lock: give a receive buffer to the remote. */
void rpmsg_post(struct rpmsg_bus *bus, uint32_t index);

/* awake.c */
/*
 * With bus.lock, which is let go of meanwhile, by whoever receives: wait for the answer to
 * what was sent since the last time, if that is likely to be short. true: something has come.
 */
bool rpmsg_stay_awake(struct rpmsg_bus *bus);

/* send.c */
void rpmsg_copy_to(const struct rpmsg_bus *bus, void *to, const void *from, size_t len);
/* The remote has used transmit buffers. On any thread. */
void rpmsg_sent(struct rpmsg_bus *bus);
/* Send from any address. @wait: see rproc_rpmsg_sendto(). */
int rpmsg_send_from(struct rproc_rpmsg_ept *ept, uint32_t src, uint32_t dst, const void *data,
		    size_t len, bool wait);

/* name_service.c */
int rpmsg_ns_start(struct rpmsg_bus *bus);
/* Tell the remote of a service at @ept. */
int rpmsg_announce(struct rproc_rpmsg_ept *ept, bool create);

#endif
