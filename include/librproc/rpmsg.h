/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages to and from a running processor: channels, endpoints, name service.
 * Mirrors include/linux/rpmsg.h of Linux; names and semantics are the kernel's.
 *
 * A processor whose firmware offers an rpmsg vdev has a bus once it runs. On the
 * bus are *channels*: services that the firmware announced, channels that this
 * side made, and the two fixed ones of the kernel (rpmsg_ctrl; rpmsg_ns where the
 * firmware has a name service). Messages go through *endpoints*, which have an
 * address: open a channel to get its own, or create further ones beside it.
 *
 * A vdev with id 11 (rproc_serial) is a bus with one channel, "rproc-serial", and no
 * addresses: open it, and what is sent and received is a stream of bytes in pieces.
 *
 * When the processor stops, crashes or is removed, its channels are gone and every
 * endpoint is dead: sends answer -EPIPE, `closed` is called, the descriptor is
 * readable for ever. After a recovery the firmware announces anew, and there are
 * new channels with new ids. An endpoint is freed by rproc_rpmsg_destroy_ept() alone.
 *
 * Threads: callbacks run with no lock held, usually on the context's thread,
 * `closed` also on the processor's worker. `receive` of endpoints on one bus is never
 * called by two threads at once. Callbacks must not block: what would wait answers
 * -EDEADLK there.
 */
#ifndef LIBRPROC_RPMSG_H
#define LIBRPROC_RPMSG_H

#include <librproc/rproc.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RPROC_RPMSG_ADDR_ANY	       UINT32_MAX /* RPMSG_ADDR_ANY in Linux */
#define RPROC_RPMSG_NS_ADDR	       53u	  /* of the name service, on both sides */
#define RPROC_RPMSG_RESERVED_ADDRESSES 1024u	  /* addresses that are given out begin here */
#define RPROC_RPMSG_NAME_SIZE	       32	  /* with the terminating NUL */
#define RPROC_RPMSG_HEADER_SIZE	       16u
#define RPROC_RPMSG_CHANNELS_MAX       512u /* on one bus */

/* Feature bits of a vdev with id 7. */
#define RPROC_RPMSG_F_NS    0u /* the firmware has a name service */
#define RPROC_RPMSG_F_BUFSZ 2u /* config space: u32 bytes of a buffer to the firmware, u32 back */

struct rproc_rpmsg_ept;

/* ---- channels --------------------------------------------------------------------------- */

enum rproc_rpmsg_channel_kind {
	RPROC_RPMSG_CHANNEL = 0, /* announced by the firmware or made by this side */
	RPROC_RPMSG_CTRL = 1,	 /* rpmsg_ctrl: every bus has one */
	RPROC_RPMSG_NS = 2,	 /* rpmsg_ns: if the firmware has a name service */
	RPROC_RPMSG_SERIAL = 3	 /* rproc-serial: a vdev with id 11, a bus of its own */
};

struct rproc_rpmsg_channel_info {
	uint64_t id; /* never used again in a context */
	enum rproc_rpmsg_channel_kind kind;
	int rproc;	 /* N of remoteprocN */
	int virtio;	 /* N of virtioN */
	char device[80]; /* "virtio0.rpmsg-raw.-1.1024": made with the channel, never changes */
	char name[RPROC_RPMSG_NAME_SIZE];
	uint32_t src;	 /* RPROC_RPMSG_ADDR_ANY until it is opened */
	uint32_t dst;
	bool announce;	 /* the firmware is told when it is opened */
	bool open;	 /* it has its endpoint */
	bool was_opened; /* it had one at some time */
	int64_t time_ns; /* CLOCK_MONOTONIC when it appeared */
};

/*
 * All channels of a context, in the order they appeared. Memory of their own in
 * *ret_info, to be released with free(). -ENOMEM.
 */
int rproc_rpmsg_get_channels(struct rproc_context *context,
			     struct rproc_rpmsg_channel_info **ret_info, size_t *ret_count);
/* One of them. -ENODEV: it is gone. */
int rproc_rpmsg_get_channel(struct rproc_context *context, uint64_t channel,
			    struct rproc_rpmsg_channel_info *ret_info);
/*
 * Wait until the processor has a channel of that name which nobody has open.
 * -ETIMEDOUT; -EDEADLK from a callback.
 * @timeout_ms: 0: only look, negative: for ever
 */
int rproc_rpmsg_wait_channel(struct rproc *rproc, const char *name, int timeout_ms,
			     struct rproc_rpmsg_channel_info *ret_info);
/*
 * Make a channel on the bus that @via is on ("RPMSG_CREATE_DEV_IOCTL"). With @src other
 * than any it will be announced when it is opened. -EEXIST: there is one like it;
 * -ENOSPC: too many; -ENODEV: @via is gone; -EINVAL: @name is NULL, or a serial line.
 */
int rproc_rpmsg_create_channel(struct rproc_context *context, uint64_t via, const char *name,
			       uint32_t src, uint32_t dst, uint64_t *ret_channel);
/*
 * Take a channel away ("RPMSG_RELEASE_DEV_IOCTL"); its endpoint dies. Any address
 * matches RPROC_RPMSG_ADDR_ANY. -EINVAL: there is none.
 */
int rproc_rpmsg_release_channel(struct rproc_context *context, uint64_t via, const char *name,
				uint32_t src, uint32_t dst);
/*
 * The file `driver_override`: a note of who shall have the channel. NULL or "" takes it
 * away. -EINVAL at 4095 bytes, -ENODEV, -ENOMEM.
 */
int rproc_rpmsg_set_driver_override(struct rproc_context *context, uint64_t channel,
				    const char *driver);
/* Copies at most @len bytes with the terminating NUL; the length, 0 if unset, or -ENODEV. */
ssize_t rproc_rpmsg_driver_override(struct rproc_context *context, uint64_t channel, char *buf,
				    size_t len);

/* ---- endpoints ------------------------------------------------------------------------------ */

struct rproc_rpmsg_message {
	const void *data; /* valid during the call, or until released if it is held */
	size_t len;
	uint32_t src; /* who sent it */
	uint32_t dst; /* the endpoint's address */
};

/* Zero it, set @size to sizeof, fill what you want. */
struct rproc_rpmsg_ept_options {
	size_t size;
	/* Called for each message, in order. NULL: they are queued for rproc_rpmsg_recv(). */
	void (*receive)(struct rproc_rpmsg_ept *ept, const struct rproc_rpmsg_message *message,
			void *data);
	/*
	 * The endpoint is dead; the last call but for one that destroys it. When it returns
	 * nothing that was held or got from rproc_rpmsg_get_tx_buffer() may be touched any
	 * more: the memory goes. It may wait for other threads to let go of it.
	 */
	void (*closed)(struct rproc_rpmsg_ept *ept, void *data);
	/* A buffer is free after rproc_rpmsg_poll() or a try* had found none. */
	void (*writable)(struct rproc_rpmsg_ept *ept, void *data);
	void *data;
	/*
	 * Give @receive the shared buffer itself instead of a private copy. It may be held;
	 * and the remote may change it at any time: read each byte once.
	 */
	bool in_place;
	/*
	 * Messages queued for rproc_rpmsg_recv(); default 4096. Above, or above 2048 bytes for
	 * each of so many, they are lost and told.
	 */
	unsigned int queue_len;
	/* In whose name the log speaks, as a driver's; default "rpmsg". Copied. */
	const char *driver;
	/* To tell the firmware of the channel, opened or closed, does not wait for a buffer. */
	bool no_wait;
};

/*
 * Open a channel: its own endpoint, which sends to the channel's destination. If the
 * channel is to be announced the firmware is told. @options may be NULL.
 * -ENODEV: the channel is gone; -EBUSY: it is open; -EINVAL: it is a fixed one;
 * -EADDRINUSE: its address is; -ENOMEM, also for a buffer if it must not wait for one.
 */
int rproc_rpmsg_open(struct rproc_context *context, uint64_t channel,
		     const struct rproc_rpmsg_ept_options *options,
		     struct rproc_rpmsg_ept **ret_ept);
/*
 * A further endpoint on the bus that @via is on ("rpmsg_create_ept").
 * @src: its address; RPROC_RPMSG_ADDR_ANY: the lowest free one from 1024
 * @dst: where rproc_rpmsg_send() sends to, or RPROC_RPMSG_ADDR_ANY for nowhere
 * -EINVAL: @src is above 0x7fffffff, or @via a serial line; others as above.
 */
int rproc_rpmsg_create_ept(struct rproc_context *context, uint64_t via, const char *name,
			   uint32_t src, uint32_t dst,
			   const struct rproc_rpmsg_ept_options *options,
			   struct rproc_rpmsg_ept **ret_ept);
/*
 * Free an endpoint, dead or alive. When it returns none of its callbacks runs or will run;
 * from one of them it returns at once. Whoever waits in a send or receive of it gets
 * -EPIPE. NULL is fine.
 */
void rproc_rpmsg_destroy_ept(struct rproc_rpmsg_ept *ept);

uint32_t rproc_rpmsg_ept_addr(const struct rproc_rpmsg_ept *ept);
uint32_t rproc_rpmsg_ept_dst(const struct rproc_rpmsg_ept *ept);
const char *rproc_rpmsg_ept_name(const struct rproc_rpmsg_ept *ept); /* lives as the endpoint */
bool rproc_rpmsg_ept_alive(const struct rproc_rpmsg_ept *ept);
/* Bytes that one message can have ("rpmsg_get_mtu"): 496 unless the firmware says otherwise. */
size_t rproc_rpmsg_get_mtu(const struct rproc_rpmsg_ept *ept);

/* ---- sending -------------------------------------------------------------------------------- */

/*
 * Send one message to the endpoint's destination, or to @dst. Sleeps until a buffer is
 * free, at most the context's send_timeout_ms. -EINVAL: no destination, nothing for a serial
 * line; -EMSGSIZE: longer than the MTU, nothing is sent; -EPIPE: the endpoint is dead;
 * -ETIMEDOUT; -EDEADLK: it would have to wait in a callback. A ring that lies makes its
 * endpoints dead: -EPIPE, never -EPROTO.
 */
int rproc_rpmsg_send(struct rproc_rpmsg_ept *ept, const void *data, size_t len);
int rproc_rpmsg_sendto(struct rproc_rpmsg_ept *ept, const void *data, size_t len, uint32_t dst);
/* The same without waiting: -ENOMEM if there is no buffer, as in the kernel. */
int rproc_rpmsg_trysend(struct rproc_rpmsg_ept *ept, const void *data, size_t len);
int rproc_rpmsg_trysendto(struct rproc_rpmsg_ept *ept, const void *data, size_t len, uint32_t dst);

/*
 * A transmit buffer to write a message into, to be sent or released. Errors as for a
 * send; *ret_len is its size, the MTU. Not to be touched once `closed` has returned.
 */
int rproc_rpmsg_get_tx_buffer(struct rproc_rpmsg_ept *ept, bool wait, void **ret_buf,
			      size_t *ret_len);
/* Send the first @len bytes of it. On failure it is still yours; -EINVAL: it is not yours. */
int rproc_rpmsg_send_nocopy(struct rproc_rpmsg_ept *ept, void *buf, size_t len);
int rproc_rpmsg_sendto_nocopy(struct rproc_rpmsg_ept *ept, void *buf, size_t len, uint32_t dst);
void rproc_rpmsg_release_tx_buffer(struct rproc_rpmsg_ept *ept, void *buf);

/* ---- receiving ------------------------------------------------------------------------------ */

/*
 * The next message of an endpoint without `receive`. What does not fit into @len is dropped.
 * Returns the message's whole length (perhaps 0), -EAGAIN: none and @timeout_ms is 0;
 * -ETIMEDOUT; -EPIPE: the endpoint is dead and everything was read; -ENOBUFS, once: the
 * queue was full and messages were lost at this place; -EINVAL: it has `receive`.
 * @timeout_ms: negative: for ever
 * @ret_src: may be NULL
 */
ssize_t rproc_rpmsg_recv(struct rproc_rpmsg_ept *ept, void *buf, size_t len, int timeout_ms,
			 uint32_t *ret_src);
/*
 * Readable (POLLIN) while rproc_rpmsg_recv() would not answer -EAGAIN. Made by the first
 * call, closed with the endpoint: only poll it. -EMFILE, -EINVAL: it has `receive`.
 */
int rproc_rpmsg_ept_fd(struct rproc_rpmsg_ept *ept);
/*
 * What poll(2) on /dev/rpmsgN says: POLLIN, POLLOUT (a buffer is free), or POLLERR alone once
 * it is dead. Without POLLOUT `writable` will be called.
 */
short rproc_rpmsg_poll(struct rproc_rpmsg_ept *ept);

/* From `receive` of an in_place endpoint: keep the message's buffer. -EINVAL: not now. */
int rproc_rpmsg_hold_rx_buffer(struct rproc_rpmsg_ept *ept, const void *data);
/* Give it back to the remote. Any thread. Nothing happens if it is not held. */
void rproc_rpmsg_release_rx_buffer(struct rproc_rpmsg_ept *ept, const void *data);

/*
 * The endpoint as a descriptor, for a program that can be given nothing else: one end of a
 * SOCK_SEQPACKET socket, on which each packet is a message to or from the destination.
 * The caller's to close or pass on; hung up when the endpoint dies. The endpoint is spent:
 * the library destroys it when the other end is closed. Longer packets than the MTU are
 * dropped with a line in the log. -EINVAL: it has callbacks or no destination; -EMFILE,
 * -ENOMEM, -EPIPE: it stays as it was.
 */
int rproc_rpmsg_ept_to_socket(struct rproc_rpmsg_ept *ept, int *ret_fd);

/* ---- what goes on --------------------------------------------------------------------------- */

struct rproc_rpmsg_counters {
	uint64_t tx_messages, tx_bytes;
	uint64_t rx_messages, rx_bytes;
	uint64_t kicks;		  /* sent */
	uint64_t kicks_saved;	  /* that the remote did not want */
	uint64_t interrupts;	  /* from the remote */
	uint64_t waits;		  /* sends that had to sleep */
	uint64_t timeouts;	  /* that slept too long */
	uint64_t no_recipient;	  /* messages dropped: nobody has the address */
	uint64_t malformed;	  /* messages dropped: lengths that contradict each other */
	uint64_t lost;		  /* messages dropped: an endpoint's queue was full */
	unsigned int tx_buffers, tx_free; /* and how many the remote and senders do not have */
	unsigned int rx_buffers, rx_held;
	size_t tx_buffer_size, rx_buffer_size;
};
/* Of the bus that @channel is on. -ENODEV: it is gone. */
int rproc_rpmsg_get_counters(struct rproc_context *context, uint64_t channel,
			     struct rproc_rpmsg_counters *ret_counters);

/*
 * What is odd about the processor's messages, a sentence a line: a ring that was given up,
 * kicks that failed, a remote that never touched its rings, a used index that stopped, a service
 * that nobody has opened. "" if nothing is. Copies at most @len bytes with the terminating NUL;
 * returns the text's length.
 */
size_t rproc_rpmsg_diagnosis(struct rproc *rproc, char *buf, size_t len);

#ifdef __cplusplus
}
#endif
#endif
